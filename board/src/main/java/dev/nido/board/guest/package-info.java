/**
 * The guest catalogue: Debian guests, fetched once with the distribution's package tool and packed
 * here, and guests that come with Nido as source text.
 *
 * <pre>{@code
 * GuestCatalogue catalogue = new GuestCatalogue(GuestCatalogue.defaultCache(), null, Progress.SILENT);
 * Guest debian = catalogue.fetch("debian");
 * byte[] command = GuestCatalogue.execOverlay("uname -a");
 * }</pre>
 *
 * A Debian guest is the distribution's kernel, unmodified, with an initial file system of busybox,
 * the modules of the board's devices and an init of ours ({@code init.sh}). The init runs {@code
 * /nido/run} if the host put one there, and writes its status to the board's exit device; else it
 * gives a shell. The demo's L1 is the same guest with one more archive: QEMU with just the
 * libraries that it needs, and a {@code /nido/run} that starts L2.
 */
package dev.nido.board.guest;
