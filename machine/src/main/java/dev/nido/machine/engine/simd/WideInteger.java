package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/**
 * Advanced SIMD integer operations whose result is wider or narrower than their operands (Arm ARM
 * C4.1.96, "three different" and the long forms of the other groups).
 */
final class WideInteger {

    private WideInteger() {}

    /** Long and wide operations on two registers, vector and scalar. */
    static void threeDifferent(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int part = word >>> 30 & 1;
        int b = word >>> 16 & 31;
        if ((word & 1 << 28) != 0) {
            scalar(pe, row, word, v[2 * b]);
            return;
        }
        vector(pe, row, word, size, v[2 * b + part]);
    }

    /** The same operations with an element of Vm as second operand. */
    static void byElement(Pe pe, A64 row, int word) {
        int size = word >>> 22 & 3;
        long b = VectorInteger.indexed(pe.v, word, size);
        if ((word & 1 << 28) != 0) {
            scalar(pe, row, word, b);
            return;
        }
        vector(pe, row, word, size, Lanes.replicate(b, size));
    }

    private static void scalar(Pe pe, A64 row, int word, long b) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int n = 8 << (word >>> 22 & 3);
        long acc = Lanes.signExtend(v[2 * d], 2 * n);
        long r = element(pe, row, n, Lanes.signExtend(v[2 * a], n), Lanes.signExtend(b, n), acc);
        v[2 * d] = r & Lanes.mask(2 * n);
        v[2 * d + 1] = 0;
    }

    private static void vector(Pe pe, A64 row, int word, int size, long b) {
        long[] v = pe.v;
        int d = word & 31;
        int n = 8 << size;
        int m = 2 * n;
        int perHalf = 64 / m;
        long a = v[2 * (word >>> 5 & 31) + (word >>> 30 & 1)];
        boolean unsigned = (word & 1 << 29) != 0;
        for (int half = 0; half < 2; half++) {
            long acc = v[2 * d + half];
            long result = 0;
            for (int i = 0; i < perHalf; i++) {
                int from = (half * perHalf + i) * n;
                long x = a >>> from;
                long y = b >>> from;
                if (unsigned) {
                    x &= Lanes.mask(n);
                    y &= Lanes.mask(n);
                } else {
                    x = Lanes.signExtend(x, n);
                    y = Lanes.signExtend(y, n);
                }
                long z = Lanes.signExtend(acc >>> i * m, m);
                result |= (element(pe, row, n, x, y, z) & Lanes.mask(m)) << i * m;
            }
            v[2 * d + half] = result;
        }
    }

    /** One element: operands extended to 64 bits, accumulator {@code z} of twice the width. */
    private static long element(Pe pe, A64 row, int n, long x, long y, long z) {
        return switch (row) {
            case SADDL, UADDL -> x + y;
            case SSUBL, USUBL -> x - y;
            case SABDL, UABDL -> Math.abs(x - y);
            case SABAL, UABAL -> z + Math.abs(x - y);
            case SMULL_V, UMULL_V, SMULL_ELEM, UMULL_ELEM -> x * y;
            case SMLAL_V, UMLAL_V, SMLAL_ELEM, UMLAL_ELEM -> z + x * y;
            case SMLSL_V, UMLSL_V, SMLSL_ELEM, UMLSL_ELEM -> z - x * y;
            case SQDMULL_S, SQDMULL_V, SQDMULL_ELEM_S, SQDMULL_ELEM_V -> doubled(pe, n, x, y);
            case SQDMLAL_S, SQDMLAL_V, SQDMLAL_ELEM_S, SQDMLAL_ELEM_V ->
                    saturatingSum(pe, n, z, doubled(pe, n, x, y));
            case SQDMLSL_S, SQDMLSL_V, SQDMLSL_ELEM_S, SQDMLSL_ELEM_V ->
                    saturatingDifference(pe, n, z, doubled(pe, n, x, y));
            default -> throw new IllegalArgumentException(row.name());
        };
    }

    private static long doubled(Pe pe, int n, long x, long y) {
        long product = x * y;
        // Only the square of the most negative value does not fit when doubled.
        if (product == 1L << (2 * n - 2)) {
            pe.fpsr |= SoftFloat.QC;
            return Lanes.mask(2 * n) >>> 1;
        }
        return product << 1;
    }

    private static long saturatingSum(Pe pe, int n, long z, long p) {
        long r = z + p;
        if (n == 32) {
            if (((z ^ r) & (p ^ r)) < 0) {
                pe.fpsr |= SoftFloat.QC;
                return z < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
            }
            return r;
        }
        return VectorInteger.limit(pe, 2 * n, r);
    }

    private static long saturatingDifference(Pe pe, int n, long z, long p) {
        long r = z - p;
        if (n == 32) {
            if (((z ^ p) & (z ^ r)) < 0) {
                pe.fpsr |= SoftFloat.QC;
                return z < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
            }
            return r;
        }
        return VectorInteger.limit(pe, 2 * n, r);
    }

    /** SADDW, SSUBW, UADDW, USUBW: a wide first operand. */
    static void wide(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int size = word >>> 22 & 3;
        boolean unsigned = (word & 1 << 29) != 0;
        boolean subtract = row == A64.SSUBW || row == A64.USUBW;
        long b = v[2 * (word >>> 16 & 31) + (word >>> 30 & 1)];
        for (int half = 0; half < 2; half++) {
            long y = lengthen(b >>> 32 * half, size, !unsigned);
            long x = v[2 * a + half];
            v[2 * d + half] = subtract ? Lanes.sub(x, y, size + 1) : Lanes.add(x, y, size + 1);
        }
    }

    /** The elements in the low 32 bits of {@code a}, extended to twice their width. */
    static long lengthen(long a, int size, boolean signed) {
        long r = Lanes.expandEven(a, size);
        if (signed) {
            long sign = Lanes.low(size + 1) << ((8 << size) - 1);
            r = Lanes.sub(r ^ sign, sign, size + 1);
        }
        return r;
    }

    /** ADDHN, SUBHN, RADDHN, RSUBHN: the high half of each sum. */
    static void highNarrow(Pe pe, A64 row, int word) {
        int size = word >>> 22 & 3;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        long round =
                row == A64.RADDHN || row == A64.RSUBHN
                        ? Lanes.low(size + 1) << ((8 << size) - 1)
                        : 0;
        boolean subtract = row == A64.SUBHN || row == A64.RSUBHN;
        long low = highNarrow(pe.v[2 * a], pe.v[2 * b], subtract, round, size);
        long high = highNarrow(pe.v[2 * a + 1], pe.v[2 * b + 1], subtract, round, size);
        writePart(pe.v, word, low | high << 32);
    }

    private static long highNarrow(long x, long y, boolean subtract, long round, int size) {
        long sum = subtract ? Lanes.sub(x, y, size + 1) : Lanes.add(x, y, size + 1);
        return Lanes.compressOdd(Lanes.add(sum, round, size + 1), size);
    }

    /**
     * A narrow result: the low half with zeros above, or (Q) the high half with the low one kept.
     */
    static void writePart(long[] v, int word, long value) {
        int d = word & 31;
        if ((word & 1 << 30) != 0) {
            v[2 * d + 1] = value;
        } else {
            v[2 * d] = value;
            v[2 * d + 1] = 0;
        }
    }

    /** XTN, SQXTN, SQXTUN, UQXTN. */
    static void extractNarrow(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int size = word >>> 22 & 3;
        int a = word >>> 5 & 31;
        if (row == A64.XTN) {
            writePart(
                    v,
                    word,
                    Lanes.compressEven(v[2 * a], size)
                            | Lanes.compressEven(v[2 * a + 1], size) << 32);
            return;
        }
        int n = 8 << size;
        if ((word & 1 << 28) != 0) {
            v[2 * (word & 31)] = narrow(pe, row, n, v[2 * a]);
            v[2 * (word & 31) + 1] = 0;
            return;
        }
        long r = 0;
        for (int i = 0; i < 64 / n; i++) {
            r |= narrow(pe, row, n, Lanes.get(v, a, 2 * n, i)) << i * n;
        }
        writePart(v, word, r);
    }

    private static long narrow(Pe pe, A64 row, int n, long x) {
        return switch (row) {
            case SQXTN_S, SQXTN_V -> toSigned(pe, n, Lanes.signExtend(x, 2 * n));
            case SQXTUN_S, SQXTUN_V -> toUnsigned(pe, n, Lanes.signExtend(x, 2 * n));
            default -> unsignedToUnsigned(pe, n, x & Lanes.mask(2 * n));
        };
    }

    static long toSigned(Pe pe, int n, long x) {
        return VectorInteger.limit(pe, n, x) & Lanes.mask(n);
    }

    static long toUnsigned(Pe pe, int n, long x) {
        if (x < 0) {
            pe.fpsr |= SoftFloat.QC;
            return 0;
        }
        return unsignedToUnsigned(pe, n, x);
    }

    static long unsignedToUnsigned(Pe pe, int n, long x) {
        if ((x & ~Lanes.mask(n)) != 0) {
            pe.fpsr |= SoftFloat.QC;
            return Lanes.mask(n);
        }
        return x;
    }

    /** SADDLP, UADDLP, SADALP, UADALP: sums of neighbours. */
    static void pairwiseLong(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int size = word >>> 22 & 3;
        boolean signed = row == A64.SADDLP || row == A64.SADALP;
        boolean accumulate = row == A64.SADALP || row == A64.UADALP;
        int halves = (word & 1 << 30) != 0 ? 2 : 1;
        int n = 8 << size;
        long sign = signed ? Lanes.low(size + 1) << (n - 1) : 0;
        for (int half = 0; half < halves; half++) {
            long x = v[2 * a + half];
            long even = (x & Lanes.even(size)) ^ sign;
            long odd = (x >>> n & Lanes.even(size)) ^ sign;
            long sum =
                    Lanes.add(
                            Lanes.sub(even, sign, size + 1),
                            Lanes.sub(odd, sign, size + 1),
                            size + 1);
            v[2 * d + half] = accumulate ? Lanes.add(v[2 * d + half], sum, size + 1) : sum;
        }
        if (halves == 1) {
            v[2 * d + 1] = 0;
        }
    }

    /** SHLL: lengthened and shifted by the element's width. */
    static void shiftLongByWidth(Pe pe, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int size = word >>> 22 & 3;
        long a = v[2 * (word >>> 5 & 31) + (word >>> 30 & 1)];
        v[2 * d] = Lanes.expandEven(a, size) << (8 << size);
        v[2 * d + 1] = Lanes.expandEven(a >>> 32, size) << (8 << size);
    }

    /** PMULL: 8 × 8 → 16 bits in each lane, or 64 × 64 → 128 bits. */
    static void polynomialLong(Pe pe, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int part = word >>> 30 & 1;
        long a = v[2 * (word >>> 5 & 31) + part];
        long b = v[2 * (word >>> 16 & 31) + part];
        long low = 0;
        long high = 0;
        if ((word >>> 22 & 3) == 3) {
            low = (b & 1) != 0 ? a : 0;
            for (int i = 1; i < 64; i++) {
                long take = -(b >>> i & 1);
                low ^= a << i & take;
                high ^= a >>> -i & take;
            }
        } else {
            long x0 = Lanes.expandEven(a, 0);
            long x1 = Lanes.expandEven(a >>> 32, 0);
            long y0 = Lanes.expandEven(b, 0);
            long y1 = Lanes.expandEven(b >>> 32, 0);
            for (int i = 0; i < 8; i++) {
                low ^= (y0 >>> i & Lanes.low(1)) * 0xffff & x0 << i;
                high ^= (y1 >>> i & Lanes.low(1)) * 0xffff & x1 << i;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    /** SDOT and UDOT, vector and by element. */
    static void dot(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        boolean unsigned = row == A64.UDOT_V || row == A64.UDOT_ELEM;
        boolean element = row == A64.SDOT_ELEM || row == A64.UDOT_ELEM;
        long fixed = element ? Lanes.replicate(VectorInteger.indexed(v, word, 2), 2) : 0;
        int halves = (word & 1 << 30) != 0 ? 2 : 1;
        for (int half = 0; half < halves; half++) {
            // Vm may be Vd: its half is read before Vd's is written, and never again.
            long y = element ? fixed : v[2 * b + half];
            long x = v[2 * a + half];
            long acc = v[2 * d + half];
            long low = dot((int) x, (int) y, unsigned) + acc & 0xffff_ffffL;
            long high = dot((int) (x >>> 32), (int) (y >>> 32), unsigned) + (acc >>> 32);
            v[2 * d + half] = low | high << 32;
        }
        if (halves == 1) {
            v[2 * d + 1] = 0;
        }
    }

    private static long dot(int x, int y, boolean unsigned) {
        int sum = 0;
        for (int i = 0; i < 32; i += 8) {
            sum +=
                    unsigned
                            ? (x >>> i & 0xff) * (y >>> i & 0xff)
                            : (byte) (x >>> i) * (byte) (y >>> i);
        }
        return sum;
    }
}
