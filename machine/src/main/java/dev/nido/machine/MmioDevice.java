package dev.nido.machine;

/**
 * A device on the {@link Bus}. Accesses are naturally aligned, of 1, 2, 4 or 8 bytes, and may come
 * from any PE's thread: a device does its own locking.
 */
public interface MmioDevice {

    /**
     * Reads {@code size} bytes (1, 2, 4, 8) at {@code offset} from the device's base, zero
     * extended.
     */
    long read(long offset, int size);

    /** Writes the low {@code size} bytes (1, 2, 4, 8) of {@code value} at {@code offset}. */
    void write(long offset, int size, long value);
}
