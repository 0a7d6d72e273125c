package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/**
 * Advanced SIMD floating-point operations on two or three vectors: arithmetic, comparisons, by
 * element, pairwise, across lanes, complex numbers, FMLAL (Arm ARM C4.1.96).
 */
final class VectorFloat {

    private VectorFloat() {}

    /** Width of an element: the half-precision encodings of this group have bit 21 clear. */
    private static int width(int word) {
        return (word & 1 << 21) == 0 ? 16 : (word & 1 << 22) != 0 ? 64 : 32;
    }

    /** Elements of {@code n} bits that the instruction works on: one if it is scalar. */
    static int count(int word, int n) {
        return (word & 1 << 28) != 0 ? 1 : ((word & 1 << 30) != 0 ? 128 : 64) / n;
    }

    /** Three registers of one format. */
    static void binary(Pe pe, A64 row, int word) {
        int n = width(word);
        int count = count(word, n);
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        long low = 0;
        long high = 0;
        for (int i = 0; i < count; i++) {
            long r =
                    element(
                            pe,
                            row,
                            n,
                            Lanes.get(v, d, n, i),
                            Lanes.get(v, a, n, i),
                            Lanes.get(v, b, n, i));
            int bit = i * n;
            if (bit < 64) {
                low |= r << bit;
            } else {
                high |= r << bit;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    /** FMLA, FMLS, FMUL, FMULX by element. */
    static void byElement(Pe pe, A64 row, int word) {
        int n = (word & 1 << 23) == 0 ? 16 : (word & 1 << 22) != 0 ? 64 : 32;
        int count = count(word, n);
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        long y = VectorInteger.indexed(v, word, n == 16 ? 1 : n == 32 ? 2 : 3);
        long low = 0;
        long high = 0;
        for (int i = 0; i < count; i++) {
            long r = element(pe, row, n, Lanes.get(v, d, n, i), Lanes.get(v, a, n, i), y);
            int bit = i * n;
            if (bit < 64) {
                low |= r << bit;
            } else {
                high |= r << bit;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    private static long truth(boolean value, int n) {
        return value ? Lanes.mask(n) : 0;
    }

    /** One element of the result, zero extended. */
    private static long element(Pe pe, A64 row, int n, long d, long a, long b) {
        return switch (row) {
            case FADD_V_H -> FastFloat.add(n, a, b, pe);
            case FSUB_V_H -> FastFloat.sub(n, a, b, pe);
            case FMUL_V_H, FMUL_ELEM_S, FMUL_ELEM_S_H, FMUL_ELEM_V, FMUL_ELEM_V_H ->
                    FastFloat.mul(n, a, b, pe);
            case FDIV_V, FDIV_V_H -> FastFloat.div(n, a, b, pe);
            case FMLA_V_H, FMLA_ELEM_S, FMLA_ELEM_S_H, FMLA_ELEM_V, FMLA_ELEM_V_H ->
                    FastFloat.mulAdd(n, d, a, b, pe);
            case FMLS_V, FMLS_V_H, FMLS_ELEM_S, FMLS_ELEM_S_H, FMLS_ELEM_V, FMLS_ELEM_V_H ->
                    FastFloat.mulAdd(n, d, SoftFloat.negate(n, a), b, pe);
            case FMAX_V, FMAX_V_H -> SoftFloat.extremum(n, a, b, true, pe.fpcr, pe);
            case FMIN_V, FMIN_V_H -> SoftFloat.extremum(n, a, b, false, pe.fpcr, pe);
            case FMAXNM_V, FMAXNM_V_H -> SoftFloat.extremumNumber(n, a, b, true, pe.fpcr, pe);
            case FMINNM_V, FMINNM_V_H -> SoftFloat.extremumNumber(n, a, b, false, pe.fpcr, pe);
            case FABD_S, FABD_S_H, FABD_V, FABD_V_H ->
                    SoftFloat.magnitude(n, FastFloat.sub(n, a, b, pe));
            default -> other(pe, row, n, a, b);
        };
    }

    private static long other(Pe pe, A64 row, int n, long a, long b) {
        return switch (row) {
            case FMULX_S,
                    FMULX_S_H,
                    FMULX_V,
                    FMULX_V_H,
                    FMULX_ELEM_S,
                    FMULX_ELEM_S_H,
                    FMULX_ELEM_V,
                    FMULX_ELEM_V_H ->
                    SoftFloat.mulx(n, a, b, pe.fpcr, pe);
            case FRECPS_S, FRECPS_S_H, FRECPS_V, FRECPS_V_H ->
                    SoftFloat.reciprocalStep(n, a, b, pe.fpcr, pe);
            case FRSQRTS_S, FRSQRTS_S_H, FRSQRTS_V, FRSQRTS_V_H ->
                    SoftFloat.reciprocalSqrtStep(n, a, b, pe.fpcr, pe);
            case FCMEQ_S, FCMEQ_S_H, FCMEQ_V, FCMEQ_V_H -> truth(equal(pe, n, a, b), n);
            case FCMGE_S, FCMGE_S_H, FCMGE_V, FCMGE_V_H -> truth(greaterOrEqual(pe, n, a, b), n);
            case FCMGT_S, FCMGT_S_H, FCMGT_V, FCMGT_V_H -> truth(greater(pe, n, a, b), n);
            case FACGE_S, FACGE_S_H, FACGE_V, FACGE_V_H ->
                    truth(
                            greaterOrEqual(
                                    pe, n, SoftFloat.magnitude(n, a), SoftFloat.magnitude(n, b)),
                            n);
            case FACGT_S, FACGT_S_H, FACGT_V, FACGT_V_H ->
                    truth(greater(pe, n, SoftFloat.magnitude(n, a), SoftFloat.magnitude(n, b)), n);
            default -> throw new IllegalArgumentException(row.name());
        };
    }

    static boolean equal(Pe pe, int n, long a, long b) {
        return FastFloat.compare(n, a, b, false, pe) == 0x6000_0000;
    }

    static boolean greaterOrEqual(Pe pe, int n, long a, long b) {
        int nzcv = FastFloat.compare(n, a, b, true, pe);
        return nzcv == 0x6000_0000 || nzcv == 0x2000_0000;
    }

    static boolean greater(Pe pe, int n, long a, long b) {
        return FastFloat.compare(n, a, b, true, pe) == 0x2000_0000;
    }

    // ------------------------------------------------------------------ neighbours and reductions

    /** Pairwise operations on the concatenation of two vectors. */
    static void pairwise(Pe pe, A64 row, int word) {
        int n = width(word);
        int count = count(word, n);
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        long low = 0;
        long high = 0;
        for (int i = 0; i < count; i++) {
            int from = i < count / 2 ? a : b;
            int at = 2 * i % count;
            long r = reduce(pe, row, n, Lanes.get(v, from, n, at), Lanes.get(v, from, n, at + 1));
            int bit = i * n;
            if (bit < 64) {
                low |= r << bit;
            } else {
                high |= r << bit;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    /** Scalar pairwise operations, and reductions across all elements: a tree of halves. */
    static void across(Pe pe, A64 row, int word) {
        int n = (word & 1 << 29) == 0 ? 16 : (word & 1 << 22) != 0 ? 64 : 32;
        int count = (word & 1 << 28) != 0 ? 2 : count(word, n);
        int d = word & 31;
        long r = tree(pe, row, n, word >>> 5 & 31, 0, count);
        pe.v[2 * d] = r;
        pe.v[2 * d + 1] = 0;
    }

    private static long tree(Pe pe, A64 row, int n, int a, int first, int count) {
        if (count == 1) {
            return Lanes.get(pe.v, a, n, first);
        }
        // The Arm ARM's Reduce() evaluates the high half first; only flags could tell, and they are
        // sticky.
        long low = tree(pe, row, n, a, first, count / 2);
        long high = tree(pe, row, n, a, first + count / 2, count / 2);
        return reduce(pe, row, n, low, high);
    }

    private static long reduce(Pe pe, A64 row, int n, long a, long b) {
        return switch (row) {
            case FADDP_S, FADDP_S_H, FADDP_V, FADDP_V_H -> FastFloat.add(n, a, b, pe);
            case FMAXP_S, FMAXP_S_H, FMAXP_V, FMAXP_V_H, FMAXV_V, FMAXV_V_H ->
                    SoftFloat.extremum(n, a, b, true, pe.fpcr, pe);
            case FMINP_S, FMINP_S_H, FMINP_V, FMINP_V_H, FMINV_V, FMINV_V_H ->
                    SoftFloat.extremum(n, a, b, false, pe.fpcr, pe);
            case FMAXNMP_S, FMAXNMP_S_H, FMAXNMP_V, FMAXNMP_V_H, FMAXNMV_V, FMAXNMV_V_H ->
                    SoftFloat.extremumNumber(n, a, b, true, pe.fpcr, pe);
            case FMINNMP_S, FMINNMP_S_H, FMINNMP_V, FMINNMP_V_H, FMINNMV_V, FMINNMV_V_H ->
                    SoftFloat.extremumNumber(n, a, b, false, pe.fpcr, pe);
            default -> throw new IllegalArgumentException(row.name());
        };
    }

    // ------------------------------------------------------------------ complex numbers

    /** FCADD: adds the second operand rotated by 90 or 270 degrees. */
    static void complexAdd(Pe pe, int word) {
        long[] v = pe.v;
        int n = 8 << (word >>> 22 & 3);
        int count = count(word, n);
        boolean by270 = (word & 1 << 12) != 0;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        long low = 0;
        long high = 0;
        for (int i = 0; i < count; i += 2) {
            long real = Lanes.get(v, b, n, i);
            long imaginary = Lanes.get(v, b, n, i + 1);
            long x = by270 ? imaginary : SoftFloat.negate(n, imaginary);
            long y = by270 ? SoftFloat.negate(n, real) : real;
            long r0 = FastFloat.add(n, Lanes.get(v, a, n, i), x, pe);
            long r1 = FastFloat.add(n, Lanes.get(v, a, n, i + 1), y, pe);
            int bit = i * n;
            if (bit < 64) {
                low |= r0 << bit;
            } else {
                high |= r0 << bit;
            }
            bit += n;
            if (bit < 64) {
                low |= r1 << bit;
            } else {
                high |= r1 << bit;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    /** FCMLA, vector and by element: one half of a complex multiplication. */
    static void complexMulAdd(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int n = 8 << (word >>> 22 & 3);
        int count = count(word, n);
        boolean element = row == A64.FCMLA_ELEM;
        int rot = word >>> (element ? 13 : 11) & 3;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        int h = word >>> 11 & 1;
        int index = n == 16 ? h << 1 | word >>> 21 & 1 : h;
        long low = 0;
        long high = 0;
        for (int i = 0; i < count; i += 2) {
            int at = element ? 2 * index : i;
            long real = Lanes.get(v, b, n, at);
            long imaginary = Lanes.get(v, b, n, at + 1);
            long factor = Lanes.get(v, a, n, (rot & 1) != 0 ? i + 1 : i);
            long x;
            long y;
            switch (rot) {
                case 0 -> {
                    x = real;
                    y = imaginary;
                }
                case 1 -> {
                    x = SoftFloat.negate(n, imaginary);
                    y = real;
                }
                case 2 -> {
                    x = SoftFloat.negate(n, real);
                    y = SoftFloat.negate(n, imaginary);
                }
                default -> {
                    x = imaginary;
                    y = SoftFloat.negate(n, real);
                }
            }
            long r0 = FastFloat.mulAdd(n, Lanes.get(v, d, n, i), factor, x, pe);
            long r1 = FastFloat.mulAdd(n, Lanes.get(v, d, n, i + 1), factor, y, pe);
            int bit = i * n;
            if (bit < 64) {
                low |= r0 << bit;
            } else {
                high |= r0 << bit;
            }
            bit += n;
            if (bit < 64) {
                low |= r1 << bit;
            } else {
                high |= r1 << bit;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    // ------------------------------------------------------------------ half by half to single

    /** FMLAL, FMLAL2, FMLSL, FMLSL2, vector and by element. */
    static void mulAddLong(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int count = (word & 1 << 30) != 0 ? 4 : 2;
        boolean second =
                row == A64.FMLAL2_V
                        || row == A64.FMLAL2_ELEM
                        || row == A64.FMLSL2_V
                        || row == A64.FMLSL2_ELEM;
        boolean subtract =
                row == A64.FMLSL_V
                        || row == A64.FMLSL_ELEM
                        || row == A64.FMLSL2_V
                        || row == A64.FMLSL2_ELEM;
        boolean element = (word & 1 << 24) != 0;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        int offset = second ? count : 0;
        long fixed = element ? VectorInteger.indexed(v, word, 1) : 0;
        long low = 0;
        long high = 0;
        for (int i = 0; i < count; i++) {
            long x = Lanes.get(v, a, 16, offset + i);
            long y = element ? fixed : Lanes.get(v, b, 16, offset + i);
            if (subtract) {
                x ^= 0x8000;
            }
            long r = SoftFloat.mulAddHalf(Lanes.get(v, d, 32, i), x, y, pe.fpcr, pe);
            if (i < 2) {
                low |= r << 32 * i;
            } else {
                high |= r << 32 * i;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }
}
