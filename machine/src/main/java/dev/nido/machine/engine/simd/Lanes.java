package dev.nido.machine.engine.simd;

/**
 * Vectors in a pair of 64-bit halves: element access, and arithmetic on all elements of a half at
 * once. {@code size} is the log2 of the element's bytes, 0 to 3; {@code n} its width in bits.
 */
final class Lanes {

    /** The highest bit of every element, by size. */
    private static final long[] HIGH = {
        0x8080_8080_8080_8080L, 0x8000_8000_8000_8000L, 0x8000_0000_8000_0000L, 1L << 63
    };

    /** The lowest bit of every element, by size. */
    private static final long[] LOW = {
        0x0101_0101_0101_0101L, 0x0001_0001_0001_0001L, 0x0000_0001_0000_0001L, 1
    };

    /** The elements with an even index, by size. */
    private static final long[] EVEN = {
        0x00ff_00ff_00ff_00ffL, 0x0000_ffff_0000_ffffL, 0x0000_0000_ffff_ffffL
    };

    private Lanes() {}

    static long high(int size) {
        return HIGH[size];
    }

    static long low(int size) {
        return LOW[size];
    }

    static long even(int size) {
        return EVEN[size];
    }

    /** An element's mask in the low bits. */
    static long mask(int n) {
        return -1L >>> (64 - n);
    }

    static long signExtend(long value, int n) {
        return value << (64 - n) >> (64 - n);
    }

    /** Element {@code i} of register {@code r}, zero extended. */
    static long get(long[] v, int r, int n, int i) {
        int bit = i * n;
        return v[2 * r + (bit >>> 6)] >>> bit & mask(n);
    }

    static void put(long[] v, int r, int n, int i, long value) {
        int bit = i * n;
        int at = 2 * r + (bit >>> 6);
        v[at] = v[at] & ~(mask(n) << bit) | (value & mask(n)) << bit;
    }

    /** A value in every element of a half. */
    static long replicate(long value, int size) {
        return (value & mask(8 << size)) * LOW[size];
    }

    static long add(long a, long b, int size) {
        long h = HIGH[size];
        return (a & ~h) + (b & ~h) ^ (a ^ b) & h;
    }

    static long sub(long a, long b, int size) {
        long h = HIGH[size];
        return (a | h) - (b & ~h) ^ (a ^ ~b) & h;
    }

    /** All ones in the elements whose highest bit is set in {@code z}. */
    static long spread(long z, int size) {
        z &= HIGH[size];
        return z - (z >>> ((8 << size) - 1)) | z;
    }

    static long equal(long a, long b, int size) {
        return ~nonZero(a ^ b, size);
    }

    /** All ones in the elements that are not zero. */
    static long nonZero(long x, int size) {
        long h = HIGH[size];
        return spread((x & ~h) + ~h | x, size);
    }

    /** All ones where {@code a >= b}, unsigned. */
    static long unsignedGreaterOrEqual(long a, long b, int size) {
        long h = HIGH[size];
        long t = (a | h) - (b & ~h);
        return spread(a & ~b | ~(a ^ b) & t, size);
    }

    /** All ones where {@code a >= b}, signed. */
    static long signedGreaterOrEqual(long a, long b, int size) {
        long h = HIGH[size];
        return unsignedGreaterOrEqual(a ^ h, b ^ h, size);
    }

    static long select(long mask, long a, long b) {
        return a & mask | b & ~mask;
    }

    static long shiftLeft(long a, int shift, int size) {
        int n = 8 << size;
        return shift >= n ? 0 : a << shift & replicate(mask(n) << shift, size);
    }

    static long shiftRightUnsigned(long a, int shift, int size) {
        int n = 8 << size;
        return shift >= n ? 0 : a >>> shift & replicate(mask(n) >>> shift, size);
    }

    static long shiftRightSigned(long a, int shift, int size) {
        int s = Math.min(shift, (8 << size) - 1);
        long sign = HIGH[size] >>> s;
        return sub(shiftRightUnsigned(a, s, size) ^ sign, sign, size);
    }

    /** The elements with an even index, of {@code size}, in the low 32 bits. */
    static long compressEven(long a, int size) {
        return size == 2 ? a & EVEN[2] : Long.compress(a, EVEN[size]);
    }

    /** The elements with an odd index, of {@code size}, in the low 32 bits. */
    static long compressOdd(long a, int size) {
        return size == 2 ? a >>> 32 : Long.compress(a, ~EVEN[size]);
    }

    /** The elements of {@code size} in the low 32 bits, spread out to even indices. */
    static long expandEven(long a, int size) {
        return size == 2 ? a & EVEN[2] : Long.expand(a, EVEN[size]);
    }
}
