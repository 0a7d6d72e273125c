package dev.nido.board.load;

import dev.nido.board.load.ImageException.Kind;

/**
 * Where kernel, initrd and device tree go. Linux wants all of them inside RAM, the device tree
 * within 2 MiB at a multiple of 8 bytes; the initrd goes behind the kernel, at most half of RAM or
 * 128 MiB up, as QEMU places it.
 *
 * @param initrd first address of the initrd, 0 if there is none
 * @param initrdSize bytes
 * @param deviceTree first address of the device tree
 */
public record Layout(KernelImage kernel, long initrd, long initrdSize, long deviceTree) {

    private static final long MEGABYTE = 1L << 20;
    private static final long BLOCK = 2 * MEGABYTE;
    private static final long INITRD_PREFERRED = 128 * MEGABYTE;
    private static final long PAGE = 4096;

    /**
     * Places everything.
     *
     * @param ramBase start of RAM
     * @param ramSize its size in bytes
     * @param initrdSize bytes, 0 for none
     * @param deviceTreeRoom bytes that the device tree may take
     * @throws ImageException if something does not fit
     */
    public static Layout of(
            KernelImage kernel, long ramBase, long ramSize, long initrdSize, long deviceTreeRoom)
            throws ImageException {
        long ramEnd = ramBase + ramSize;
        for (KernelImage.Segment segment : kernel.segments()) {
            if (segment.pa() < ramBase || segment.end() > ramEnd || segment.end() < segment.pa()) {
                throw new ImageException(
                        Kind.TOO_LARGE,
                        "the kernel needs memory from 0x%x to 0x%x, but RAM is 0x%x to 0x%x; %s"
                                .formatted(
                                        segment.pa(),
                                        segment.end(),
                                        ramBase,
                                        ramEnd,
                                        segment.pa() < ramBase
                                                ? "link it for this board"
                                                : "raise --memory"));
            }
        }
        long initrd = 0;
        long free = up(kernel.end(), BLOCK);
        if (initrdSize > 0) {
            initrd = Math.max(free, ramBase + Math.min(ramSize / 2, INITRD_PREFERRED));
            if (initrd > ramEnd - initrdSize) {
                initrd = (ramEnd - initrdSize) & -PAGE;
            }
            if (initrd < up(kernel.end(), PAGE)) {
                throw new ImageException(
                        Kind.TOO_LARGE,
                        "the initrd (%d MiB) does not fit into %d MiB of memory behind the kernel; raise --memory"
                                .formatted(
                                        up(initrdSize, MEGABYTE) / MEGABYTE, ramSize / MEGABYTE));
            }
            free = up(initrd + initrdSize, BLOCK);
        }
        long tree = ramBase;
        if (kernel.start() < ramBase + deviceTreeRoom) {
            tree = free;
            if (tree > ramEnd - deviceTreeRoom) {
                throw new ImageException(
                        Kind.TOO_LARGE,
                        "there is no room for the device tree behind kernel and initrd; raise --memory");
            }
        }
        return new Layout(kernel, initrd, initrdSize, tree);
    }

    private static long up(long value, long alignment) {
        return value + alignment - 1 & -alignment;
    }
}
