package dev.nido.machine;

/**
 * Single accesses to host memory by address. {@link #INSTANCE} is the fastest implementation that
 * this JVM lets us use: the JDK's internal one where {@code --add-exports
 * java.base/jdk.internal.misc=dev.nido.machine} is given, else the public API. Both are
 * little-endian and accept any alignment.
 */
abstract class RawAccess {

    static final RawAccess INSTANCE = choose();

    private static RawAccess choose() {
        if (java.nio.ByteOrder.nativeOrder() == java.nio.ByteOrder.LITTLE_ENDIAN) {
            try {
                RawAccess fast = new InternalRawAccess();
                fast.probe();
                return fast;
            } catch (IllegalAccessError e) {
                // The package is not exported to us: the public API does the same.
                return new SegmentRawAccess();
            }
        }
        return new SegmentRawAccess();
    }

    /** Touches the implementation, so that a missing permission shows here. */
    abstract void probe();

    abstract byte get8(long address);

    abstract short get16(long address);

    abstract int get32(long address);

    abstract long get64(long address);

    abstract void put8(long address, byte value);

    abstract void put16(long address, short value);

    abstract void put32(long address, int value);

    abstract void put64(long address, long value);

    /** Element {@code index}, which the caller knows to exist, of an array. */
    abstract long element(long[] array, int index);

    /** Sets element {@code index}, which the caller knows to exist, of an array. */
    abstract void setElement(long[] array, int index, long value);
}
