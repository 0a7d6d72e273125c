package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/**
 * Scalar floating-point instructions: arithmetic, comparisons, selection, immediates, and the moves
 * and conversions from and to general-purpose registers (Arm ARM C4.1.96).
 */
final class ScalarFloat {

    private ScalarFloat() {}

    /** Width of the format that ftype (bits 23:22) names. */
    private static int width(int word) {
        return switch (word >>> 22 & 3) {
            case 0 -> 32;
            case 1 -> 64;
            default -> 16;
        };
    }

    private static long read(Pe pe, int r, int n) {
        return pe.v[2 * r] & Lanes.mask(n);
    }

    private static void write(Pe pe, int word, long value) {
        int d = word & 31;
        pe.v[2 * d] = value;
        pe.v[2 * d + 1] = 0;
    }

    /** One, two or three FP operands and an FP result. */
    static void arithmetic(Pe pe, A64 row, int word) {
        int n = width(word);
        long a = read(pe, word >>> 5 & 31, n);
        long b = read(pe, word >>> 16 & 31, n);
        long r =
                switch (row) {
                    case FNMUL_S -> SoftFloat.negate(n, FastFloat.mul(n, a, b, pe));
                    case FNMADD_S ->
                            FastFloat.mulAdd(
                                    n,
                                    SoftFloat.negate(n, read(pe, word >>> 10 & 31, n)),
                                    SoftFloat.negate(n, a),
                                    b,
                                    pe);
                    case FNMSUB_S ->
                            FastFloat.mulAdd(
                                    n,
                                    SoftFloat.negate(n, read(pe, word >>> 10 & 31, n)),
                                    a,
                                    b,
                                    pe);
                    case FMAX_S -> SoftFloat.extremum(n, a, b, true, pe.fpcr, pe);
                    case FMIN_S -> SoftFloat.extremum(n, a, b, false, pe.fpcr, pe);
                    case FMAXNM_S -> SoftFloat.extremumNumber(n, a, b, true, pe.fpcr, pe);
                    case FMINNM_S -> SoftFloat.extremumNumber(n, a, b, false, pe.fpcr, pe);
                    case FABS_S -> SoftFloat.magnitude(n, a);
                    case FNEG_S -> SoftFloat.negate(n, a);
                    case FSQRT_S -> FastFloat.sqrt(n, a, pe);
                    case FRINTA_S ->
                            SoftConversion.roundToIntegral(n, a, Rounding.AWAY, false, pe.fpcr, pe);
                    case FRINTI_S ->
                            SoftConversion.roundToIntegral(
                                    n, a, Rounding.of(pe.fpcr), false, pe.fpcr, pe);
                    case FRINTM_S ->
                            SoftConversion.roundToIntegral(
                                    n, a, Rounding.MINUS, false, pe.fpcr, pe);
                    case FRINTN_S ->
                            SoftConversion.roundToIntegral(
                                    n, a, Rounding.NEAREST, false, pe.fpcr, pe);
                    case FRINTP_S ->
                            SoftConversion.roundToIntegral(n, a, Rounding.PLUS, false, pe.fpcr, pe);
                    case FRINTX_S ->
                            SoftConversion.roundToIntegral(
                                    n, a, Rounding.of(pe.fpcr), true, pe.fpcr, pe);
                    case FRINTZ_S ->
                            SoftConversion.roundToIntegral(n, a, Rounding.ZERO, false, pe.fpcr, pe);
                    case FCSEL_S -> holds(word >>> 12 & 15, pe.nzcv) ? a : b;
                    case FMOV_S_IMM -> Permute.expand(word >>> 13 & 255, n);
                    case FCVT -> {
                        int to =
                                switch (word >>> 15 & 3) {
                                    case 0 -> 32;
                                    case 1 -> 64;
                                    default -> 16;
                                };
                        yield FastFloat.convert(n, to, a, Rounding.of(pe.fpcr), pe);
                    }
                    default -> throw new IllegalArgumentException(row.name());
                };
        write(pe, word, r);
    }

    /** FCCMP, FCCMPE. */
    static void compare(Pe pe, A64 row, int word) {
        int n = width(word);
        long a = read(pe, word >>> 5 & 31, n);
        long b = read(pe, word >>> 16 & 31, n);
        pe.nzcv =
                holds(word >>> 12 & 15, pe.nzcv)
                        ? FastFloat.compare(n, a, b, row == A64.FCCMPE_S, pe)
                        : word << 28;
    }

    /** ConditionHolds. */
    static boolean holds(int cond, int nzcv) {
        boolean negative = nzcv < 0;
        boolean zero = (nzcv & 1 << 30) != 0;
        boolean carry = (nzcv & 1 << 29) != 0;
        boolean overflow = (nzcv & 1 << 28) != 0;
        boolean result =
                switch (cond >>> 1) {
                    case 0 -> zero;
                    case 1 -> carry;
                    case 2 -> negative;
                    case 3 -> overflow;
                    case 4 -> carry && !zero;
                    case 5 -> negative == overflow;
                    case 6 -> negative == overflow && !zero;
                    default -> true;
                };
        return (cond & 1) != 0 && cond != 15 ? !result : result;
    }

    /** Moves and conversions between FP and general-purpose registers. */
    static void general(Pe pe, A64 row, int word) {
        int n = width(word);
        int m = word < 0 ? 64 : 32;
        switch (row) {
            case FMOV_GPR -> move(pe, word);
            case SCVTF_GPR, UCVTF_GPR -> fromInteger(pe, word, n, m, 0, row == A64.UCVTF_GPR);
            case SCVTF_GPR_FIX, UCVTF_GPR_FIX ->
                    fromInteger(pe, word, n, m, 64 - (word >>> 10 & 63), row == A64.UCVTF_GPR_FIX);
            case FCVTZS_GPR_FIX ->
                    toInteger(pe, word, n, m, 64 - (word >>> 10 & 63), false, Rounding.ZERO);
            case FCVTZU_GPR_FIX ->
                    toInteger(pe, word, n, m, 64 - (word >>> 10 & 63), true, Rounding.ZERO);
            case FCVTZS_GPR -> toInteger(pe, word, n, m, 0, false, Rounding.ZERO);
            case FCVTZU_GPR -> toInteger(pe, word, n, m, 0, true, Rounding.ZERO);
            case FCVTAS_GPR -> toInteger(pe, word, n, m, 0, false, Rounding.AWAY);
            case FCVTAU_GPR -> toInteger(pe, word, n, m, 0, true, Rounding.AWAY);
            case FCVTMS_GPR -> toInteger(pe, word, n, m, 0, false, Rounding.MINUS);
            case FCVTMU_GPR -> toInteger(pe, word, n, m, 0, true, Rounding.MINUS);
            case FCVTNS_GPR -> toInteger(pe, word, n, m, 0, false, Rounding.NEAREST);
            case FCVTNU_GPR -> toInteger(pe, word, n, m, 0, true, Rounding.NEAREST);
            case FCVTPS_GPR -> toInteger(pe, word, n, m, 0, false, Rounding.PLUS);
            case FCVTPU_GPR -> toInteger(pe, word, n, m, 0, true, Rounding.PLUS);
            case FJCVTZS -> {
                long r = SoftConversion.toJavaScript(pe.v[2 * (word >>> 5 & 31)], pe.fpcr, pe);
                writeGeneral(pe, word, r & 0xffff_ffffL);
                pe.nzcv = r >>> 32 != 0 ? 0x4000_0000 : 0;
            }
            default -> throw new IllegalArgumentException(row.name());
        }
    }

    private static void writeGeneral(Pe pe, int word, long value) {
        int d = word & 31;
        pe.x[d == 31 ? Pe.SINK : d] = value;
    }

    private static void fromInteger(Pe pe, int word, int n, int m, int fbits, boolean unsigned) {
        long x = pe.x[word >>> 5 & 31];
        if (m == 32) {
            x = unsigned ? x & 0xffff_ffffL : (int) x;
        }
        write(pe, word, FastFloat.fromFixed(n, x, fbits, unsigned, pe));
    }

    private static void toInteger(
            Pe pe, int word, int n, int m, int fbits, boolean unsigned, int rounding) {
        long a = read(pe, word >>> 5 & 31, n);
        writeGeneral(pe, word, FastFloat.toFixed(n, a, fbits, unsigned, m, rounding, pe));
    }

    private static void move(Pe pe, int word) {
        int a = word >>> 5 & 31;
        int d = word & 31;
        boolean toFloat = (word & 1 << 16) != 0;
        if ((word >>> 22 & 3) == 2) {
            // The upper half of a vector; the lower half stays.
            if (toFloat) {
                pe.v[2 * d + 1] = pe.x[a];
            } else {
                writeGeneral(pe, word, pe.v[2 * a + 1]);
            }
            return;
        }
        long mask = Lanes.mask(width(word));
        if (toFloat) {
            write(pe, word, pe.x[a] & mask);
        } else {
            writeGeneral(pe, word, pe.v[2 * a] & mask);
        }
    }
}
