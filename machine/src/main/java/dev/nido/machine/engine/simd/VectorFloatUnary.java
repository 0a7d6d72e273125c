package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/**
 * Advanced SIMD floating-point operations on one vector: roots, estimates, rounding, comparisons
 * against zero, conversions (Arm ARM C4.1.96).
 */
final class VectorFloatUnary {

    private VectorFloatUnary() {}

    /** Operations that keep the element's width. */
    static void execute(Pe pe, A64 row, int word) {
        // Half-precision encodings of this group have bits 20:17 = 1100.
        int n =
                (word & 1 << 20) != 0 && (word & 1 << 19) != 0
                        ? 16
                        : (word & 1 << 22) != 0 ? 64 : 32;
        apply(pe, row, word, n, 0);
    }

    /** SCVTF, UCVTF, FCVTZS and FCVTZU with fraction bits. */
    static void fixedPoint(Pe pe, A64 row, int word) {
        int n = 8 << ShiftImmediate.size(word);
        apply(pe, row, word, n, 2 * n - (word >>> 16 & 127));
    }

    private static void apply(Pe pe, A64 row, int word, int n, int fbits) {
        int count = VectorFloat.count(word, n);
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        long low = 0;
        long high = 0;
        for (int i = 0; i < count; i++) {
            long r = element(pe, row, n, Lanes.get(v, a, n, i), fbits);
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

    private static long element(Pe pe, A64 row, int n, long a, int fbits) {
        return switch (row) {
            case FABS_V, FABS_V_H -> SoftFloat.magnitude(n, a);
            case FNEG_V, FNEG_V_H -> SoftFloat.negate(n, a);
            case FSQRT_V, FSQRT_V_H -> FastFloat.sqrt(n, a, pe);
            case FCMEQ_ZERO_S, FCMEQ_ZERO_S_H, FCMEQ_ZERO_V, FCMEQ_ZERO_V_H ->
                    VectorFloat.equal(pe, n, a, 0) ? Lanes.mask(n) : 0;
            case FCMGE_ZERO_S, FCMGE_ZERO_S_H, FCMGE_ZERO_V, FCMGE_ZERO_V_H ->
                    VectorFloat.greaterOrEqual(pe, n, a, 0) ? Lanes.mask(n) : 0;
            case FCMGT_ZERO_S, FCMGT_ZERO_S_H, FCMGT_ZERO_V, FCMGT_ZERO_V_H ->
                    VectorFloat.greater(pe, n, a, 0) ? Lanes.mask(n) : 0;
            case FCMLE_S, FCMLE_S_H, FCMLE_V, FCMLE_V_H ->
                    VectorFloat.greaterOrEqual(pe, n, 0, a) ? Lanes.mask(n) : 0;
            case FCMLT_S, FCMLT_S_H, FCMLT_V, FCMLT_V_H ->
                    VectorFloat.greater(pe, n, 0, a) ? Lanes.mask(n) : 0;
            case FRECPE_S, FRECPE_S_H, FRECPE_V, FRECPE_V_H ->
                    Estimates.reciprocalEstimate(n, a, pe.fpcr, pe);
            case FRSQRTE_S, FRSQRTE_S_H, FRSQRTE_V, FRSQRTE_V_H ->
                    Estimates.reciprocalSqrtEstimate(n, a, pe.fpcr, pe);
            case FRECPX_S, FRECPX_S_H -> Estimates.reciprocalExponent(n, a, pe.fpcr, pe);
            case URECPE -> Estimates.unsignedReciprocalEstimate((int) a) & 0xffff_ffffL;
            case URSQRTE -> Estimates.unsignedReciprocalSqrtEstimate((int) a) & 0xffff_ffffL;
            case FRINTA_V, FRINTA_V_H -> integral(pe, n, a, Rounding.AWAY, false);
            case FRINTI_V, FRINTI_V_H -> integral(pe, n, a, Rounding.of(pe.fpcr), false);
            case FRINTM_V, FRINTM_V_H -> integral(pe, n, a, Rounding.MINUS, false);
            case FRINTN_V, FRINTN_V_H -> integral(pe, n, a, Rounding.NEAREST, false);
            case FRINTP_V, FRINTP_V_H -> integral(pe, n, a, Rounding.PLUS, false);
            case FRINTX_V, FRINTX_V_H -> integral(pe, n, a, Rounding.of(pe.fpcr), true);
            case FRINTZ_V, FRINTZ_V_H -> integral(pe, n, a, Rounding.ZERO, false);
            default -> conversion(pe, row, n, a, fbits);
        };
    }

    private static long conversion(Pe pe, A64 row, int n, long a, int fbits) {
        return switch (row) {
            case SCVTF_S, SCVTF_S_H, SCVTF_V, SCVTF_V_H, SCVTF_FIX_S, SCVTF_FIX_V ->
                    FastFloat.fromFixed(n, Lanes.signExtend(a, n), fbits, false, pe);
            case UCVTF_S, UCVTF_S_H, UCVTF_V, UCVTF_V_H, UCVTF_FIX_S, UCVTF_FIX_V ->
                    FastFloat.fromFixed(n, a, fbits, true, pe);
            case FCVTZS_S, FCVTZS_S_H, FCVTZS_V, FCVTZS_V_H, FCVTZS_FIX_S, FCVTZS_FIX_V ->
                    FastFloat.toFixed(n, a, fbits, false, n, Rounding.ZERO, pe);
            case FCVTZU_S, FCVTZU_S_H, FCVTZU_V, FCVTZU_V_H, FCVTZU_FIX_S, FCVTZU_FIX_V ->
                    FastFloat.toFixed(n, a, fbits, true, n, Rounding.ZERO, pe);
            case FCVTAS_S, FCVTAS_S_H, FCVTAS_V, FCVTAS_V_H ->
                    integer(pe, n, a, false, Rounding.AWAY);
            case FCVTAU_S, FCVTAU_S_H, FCVTAU_V, FCVTAU_V_H ->
                    integer(pe, n, a, true, Rounding.AWAY);
            case FCVTMS_S, FCVTMS_S_H, FCVTMS_V, FCVTMS_V_H ->
                    integer(pe, n, a, false, Rounding.MINUS);
            case FCVTMU_S, FCVTMU_S_H, FCVTMU_V, FCVTMU_V_H ->
                    integer(pe, n, a, true, Rounding.MINUS);
            case FCVTNS_S, FCVTNS_S_H, FCVTNS_V, FCVTNS_V_H ->
                    integer(pe, n, a, false, Rounding.NEAREST);
            case FCVTNU_S, FCVTNU_S_H, FCVTNU_V, FCVTNU_V_H ->
                    integer(pe, n, a, true, Rounding.NEAREST);
            case FCVTPS_S, FCVTPS_S_H, FCVTPS_V, FCVTPS_V_H ->
                    integer(pe, n, a, false, Rounding.PLUS);
            case FCVTPU_S, FCVTPU_S_H, FCVTPU_V, FCVTPU_V_H ->
                    integer(pe, n, a, true, Rounding.PLUS);
            default -> throw new IllegalArgumentException(row.name());
        };
    }

    private static long integral(Pe pe, int n, long a, int rounding, boolean exact) {
        return SoftConversion.roundToIntegral(n, a, rounding, exact, pe.fpcr, pe);
    }

    private static long integer(Pe pe, int n, long a, boolean unsigned, int rounding) {
        return SoftConversion.toFixed(n, a, 0, unsigned, n, rounding, pe.fpcr, pe);
    }

    /** FCVTL: from half to single, from single to double. */
    static void lengthen(Pe pe, int word) {
        long[] v = pe.v;
        int n = (word & 1 << 22) != 0 ? 32 : 16;
        int d = word & 31;
        long a = v[2 * (word >>> 5 & 31) + (word >>> 30 & 1)];
        int perHalf = 32 / n;
        for (int half = 0; half < 2; half++) {
            long r = 0;
            for (int i = 0; i < perHalf; i++) {
                long x = a >>> (half * perHalf + i) * n & Lanes.mask(n);
                r |= FastFloat.convert(n, 2 * n, x, Rounding.NEAREST, pe) << 2 * n * i;
            }
            v[2 * d + half] = r;
        }
    }

    /** FCVTN and FCVTXN: to half the width. */
    static void narrow(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int n = (word & 1 << 22) != 0 ? 64 : 32;
        int a = word >>> 5 & 31;
        int rounding = row == A64.FCVTN ? Rounding.of(pe.fpcr) : Rounding.ODD;
        if (row == A64.FCVTXN_S) {
            int d = word & 31;
            v[2 * d] = FastFloat.convert(64, 32, v[2 * a], rounding, pe);
            v[2 * d + 1] = 0;
            return;
        }
        long r = 0;
        for (int i = 0; i < 128 / n; i++) {
            r |= FastFloat.convert(n, n / 2, Lanes.get(v, a, n, i), rounding, pe) << n / 2 * i;
        }
        WideInteger.writePart(v, word, r);
    }
}
