package dev.nido.machine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** {@link RawAccess} by the public foreign-memory API. */
final class SegmentRawAccess extends RawAccess {

    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final ValueLayout.OfShort SHORT_LE =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT_LE =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG_LE =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    @Override
    void probe() {}

    @Override
    byte get8(long address) {
        return ALL.get(ValueLayout.JAVA_BYTE, address);
    }

    @Override
    short get16(long address) {
        return ALL.get(SHORT_LE, address);
    }

    @Override
    int get32(long address) {
        return ALL.get(INT_LE, address);
    }

    @Override
    long get64(long address) {
        return ALL.get(LONG_LE, address);
    }

    @Override
    void put8(long address, byte value) {
        ALL.set(ValueLayout.JAVA_BYTE, address, value);
    }

    @Override
    void put16(long address, short value) {
        ALL.set(SHORT_LE, address, value);
    }

    @Override
    void put32(long address, int value) {
        ALL.set(INT_LE, address, value);
    }

    @Override
    void put64(long address, long value) {
        ALL.set(LONG_LE, address, value);
    }

    @Override
    long element(long[] array, int index) {
        return array[index];
    }

    @Override
    void setElement(long[] array, int index, long value) {
        array[index] = value;
    }
}
