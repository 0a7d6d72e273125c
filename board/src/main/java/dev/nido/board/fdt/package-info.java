/**
 * Flattened device trees (Devicetree Specification 0.4): build, read, write, print.
 *
 * <pre>{@code
 * DeviceTree tree = new DeviceTree();
 * tree.root().child("memory@40000000").strings("device_type", "memory").longs("reg", 0x4000_0000L, 1L << 30);
 * byte[] blob = tree.toBlob();
 * String source = DeviceTree.parse("it", blob).toSource();
 * }</pre>
 */
package dev.nido.board.fdt;
