package dev.nido.machine;

import jdk.internal.misc.Unsafe;

/** {@link RawAccess} by the JDK's internal intrinsics: one machine instruction each, no checks. */
final class InternalRawAccess extends RawAccess {

    private static final Unsafe UNSAFE = Unsafe.getUnsafe();

    @Override
    void probe() {
        UNSAFE.pageSize();
    }

    @Override
    byte get8(long address) {
        return UNSAFE.getByte(address);
    }

    @Override
    short get16(long address) {
        return UNSAFE.getShort(address);
    }

    @Override
    int get32(long address) {
        return UNSAFE.getInt(address);
    }

    @Override
    long get64(long address) {
        return UNSAFE.getLong(address);
    }

    @Override
    void put8(long address, byte value) {
        UNSAFE.putByte(address, value);
    }

    @Override
    void put16(long address, short value) {
        UNSAFE.putShort(address, value);
    }

    @Override
    void put32(long address, int value) {
        UNSAFE.putInt(address, value);
    }

    @Override
    void put64(long address, long value) {
        UNSAFE.putLong(address, value);
    }

    @Override
    long element(long[] array, int index) {
        return UNSAFE.getLong(array, Unsafe.ARRAY_LONG_BASE_OFFSET + ((long) index << 3));
    }

    @Override
    void setElement(long[] array, int index, long value) {
        UNSAFE.putLong(array, Unsafe.ARRAY_LONG_BASE_OFFSET + ((long) index << 3), value);
    }
}
