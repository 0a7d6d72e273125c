/**
 * Virtio devices behind the memory-mapped transport, version 2 (virtio 1.2), with split rings.
 *
 * <p>A device implements {@link dev.nido.board.virtio.VirtioDevice} and takes buffers from a {@link
 * dev.nido.board.virtio.VirtQueue}; {@link dev.nido.board.virtio.VirtioMmio} carries it. A request
 * is done when the store that announced it returns: no thread of the host has a say in when
 * something happens to the guest.
 *
 * <pre>{@code
 * VirtioDevice disk = new VirtioBlock(FileChannel.open(image), true, "serial");
 * bus.map("virtio0", 0x0a00_0000L, 0x200, new VirtioMmio(disk, memory, level -> gic.setSpi(48, level)));
 * }</pre>
 */
package dev.nido.board.virtio;
