/**
 * Kernel images: recognised by content, checked, and placed in memory.
 *
 * <pre>{@code
 * KernelImage kernel = KernelLoader.load(Path.of("vmlinuz"), VirtMap.RAM);
 * Layout layout = Layout.of(kernel, VirtMap.RAM, 1L << 30, initrdSize, 1 << 16);
 * }</pre>
 *
 * What can't be used throws {@link dev.nido.board.load.ImageException}, whose message names the
 * file, what is wrong with it and what to do.
 */
package dev.nido.board.load;
