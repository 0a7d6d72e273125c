package dev.nido.board.device;

import dev.nido.machine.MmioDevice;

/**
 * A device whose registers are 32 bits wide. Narrower accesses use their byte lanes of a register,
 * the other lanes being zero; an access of 64 bits is two.
 */
abstract class WordDevice implements MmioDevice {

    private static final long WORD = 0xffff_ffffL;

    /** Reads the register at {@code offset}, a multiple of 4. */
    abstract int readWord(int offset);

    /** Writes the register at {@code offset}, a multiple of 4. */
    abstract void writeWord(int offset, int value);

    @Override
    public final synchronized long read(long offset, int size) {
        int at = (int) offset & ~3;
        if (size == 8) {
            long low = readWord(at) & WORD;
            return low | (long) readWord(at + 4) << 32;
        }
        long value = (readWord(at) & WORD) >>> 8 * (offset & 3);
        return value & WORD >>> 32 - 8 * size;
    }

    @Override
    public final synchronized void write(long offset, int size, long value) {
        int at = (int) offset & ~3;
        if (size == 8) {
            writeWord(at, (int) value);
            writeWord(at + 4, (int) (value >>> 32));
        } else {
            writeWord(at, (int) ((value & WORD >>> 32 - 8 * size) << 8 * (offset & 3)));
        }
    }
}
