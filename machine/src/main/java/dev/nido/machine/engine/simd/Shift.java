package dev.nido.machine.engine.simd;

import dev.nido.machine.pe.Pe;

/**
 * Shifts of one element by a signed amount, positive to the left, as SSHL and its kin do (Arm ARM
 * C7.2, shared pseudocode of the shift by register).
 */
final class Shift {

    private Shift() {}

    /** Sign-extended element; the caller truncates the result. */
    static long signed(long x, int shift, boolean rounding) {
        if (shift >= 0) {
            return shift > 63 ? 0 : x << shift;
        }
        long r = x >> Math.min(-shift, 63);
        return rounding ? r + (x >> Math.min(-shift - 1, 63) & 1) : r;
    }

    /** Zero-extended element; the caller truncates the result. */
    static long unsigned(long x, int shift, boolean rounding) {
        if (shift >= 0) {
            return shift > 63 ? 0 : x << shift;
        }
        long r = shift <= -64 ? 0 : x >>> -shift;
        return rounding && shift >= -64 ? r + (x >>> (-shift - 1) & 1) : r;
    }

    static long signedSaturating(Pe pe, int n, long x, int shift, boolean rounding) {
        if (shift <= 0) {
            return signed(x, shift, rounding);
        }
        if (x == 0) {
            return 0;
        }
        if (shift < n) {
            long r = Lanes.signExtend(x << shift, n);
            if (r >> shift == x) {
                return r;
            }
        }
        pe.fpsr |= SoftFloat.QC;
        return x < 0 ? -1L << (n - 1) : Lanes.mask(n) >>> 1;
    }

    static long unsignedSaturating(Pe pe, int n, long x, int shift, boolean rounding) {
        if (shift <= 0) {
            return unsigned(x, shift, rounding);
        }
        if (x == 0) {
            return 0;
        }
        if (shift < n) {
            long r = x << shift & Lanes.mask(n);
            if (r >>> shift == x) {
                return r;
            }
        }
        pe.fpsr |= SoftFloat.QC;
        return Lanes.mask(n);
    }

    /** SQSHLU: a signed element to an unsigned result. */
    static long signedToUnsigned(Pe pe, int n, long x, int shift) {
        if (x < 0) {
            pe.fpsr |= SoftFloat.QC;
            return 0;
        }
        return unsignedSaturating(pe, n, x, shift, false);
    }

    /** A value shifted right by 1 to 64 places, rounded half up when asked, without overflow. */
    static long right(long x, int shift, boolean signed, boolean rounding) {
        return signed ? signed(x, -shift, rounding) : unsigned(x, -shift, rounding);
    }
}
