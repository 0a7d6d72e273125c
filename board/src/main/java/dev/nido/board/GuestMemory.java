package dev.nido.board;

/**
 * Guest RAM as a device sees it, by guest physical address. This is the board's only way to guest
 * memory; who owns which page is decided behind it.
 *
 * <p>Every method throws {@link Fault} unless all bytes named are RAM that devices may touch.
 */
public interface GuestMemory {

    /** A device was told to use memory that is not there, or not its to use. */
    final class Fault extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public Fault(long pa, long length) {
            super(
                    "no memory for devices at 0x%x, length %d".formatted(pa, length),
                    null,
                    false,
                    false);
        }
    }

    /** Whether a device may use all {@code length} bytes at {@code pa}. */
    boolean contains(long pa, long length);

    void read(long pa, byte[] target, int at, int length);

    void write(long pa, byte[] source, int at, int length);

    int get16(long pa);

    int get32(long pa);

    long get64(long pa);

    void put16(long pa, int value);

    void put32(long pa, int value);
}
