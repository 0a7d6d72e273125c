package dev.nido.machine.engine.simd;

import static dev.nido.machine.engine.simd.SoftFloat.DZC;
import static dev.nido.machine.engine.simd.SoftFloat.IXC;
import static dev.nido.machine.engine.simd.SoftFloat.OFC;
import static dev.nido.machine.engine.simd.SoftFloat.UFC;
import static dev.nido.machine.engine.simd.SoftFloat.bias;
import static dev.nido.machine.engine.simd.SoftFloat.exponent;
import static dev.nido.machine.engine.simd.SoftFloat.flushes;
import static dev.nido.machine.engine.simd.SoftFloat.fractionBits;
import static dev.nido.machine.engine.simd.SoftFloat.infinity;
import static dev.nido.machine.engine.simd.SoftFloat.invalid;
import static dev.nido.machine.engine.simd.SoftFloat.isInfinite;
import static dev.nido.machine.engine.simd.SoftFloat.isNaN;
import static dev.nido.machine.engine.simd.SoftFloat.isZero;
import static dev.nido.machine.engine.simd.SoftFloat.magnitude;
import static dev.nido.machine.engine.simd.SoftFloat.maxExponent;
import static dev.nido.machine.engine.simd.SoftFloat.maxNormal;
import static dev.nido.machine.engine.simd.SoftFloat.operand;
import static dev.nido.machine.engine.simd.SoftFloat.quiet;
import static dev.nido.machine.engine.simd.SoftFloat.sign;
import static dev.nido.machine.engine.simd.SoftFloat.signBit;
import static dev.nido.machine.engine.simd.SoftFloat.significand;

import dev.nido.machine.pe.Pe;

/**
 * Reciprocal and reciprocal square-root estimates, exact to the last bit as the architecture
 * defines them (Arm ARM, shared pseudocode {@code FPRecipEstimate}, {@code FPRSqrtEstimate}, {@code
 * FPRecpX}). Widths, operands and flags are as in {@link SoftFloat}.
 */
public final class Estimates {

    private Estimates() {}

    /** FPRecipEstimate. */
    public static long reciprocalEstimate(int n, long a, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        int sign = sign(n, a);
        int f = fractionBits(n);
        if (isNaN(n, a)) {
            return quiet(n, a, fpcr, pe);
        }
        if (isInfinite(n, a)) {
            return signBit(n, sign);
        }
        if (isZero(n, a)) {
            pe.fpsr |= DZC;
            return infinity(n, sign);
        }
        int e = exponent(n, a);
        if (e < -bias(n) - 1) {
            pe.fpsr |= OFC | IXC;
            boolean toInfinity =
                    switch (Rounding.of(fpcr)) {
                        case Rounding.NEAREST -> true;
                        case Rounding.PLUS -> sign == 0;
                        case Rounding.MINUS -> sign != 0;
                        default -> false;
                    };
            return toInfinity ? infinity(n, sign) : maxNormal(n, sign);
        }
        if (flushes(n, fpcr) && e >= bias(n) - 1) {
            pe.fpsr |= UFC;
            return signBit(n, sign);
        }
        int scaled = (int) (significand(n, a) >>> 55);
        int resultExponent = bias(n) - 1 - e;
        long fraction = (long) (reciprocalEstimate(scaled) & 0xff) << 44;
        if (resultExponent == 0) {
            fraction = 1L << 51 | fraction >>> 1;
        } else if (resultExponent == -1) {
            fraction = 1L << 50 | fraction >>> 2;
            resultExponent = 0;
        }
        return signBit(n, sign) | (long) resultExponent << f | fraction >>> (52 - f);
    }

    /** RecipEstimate: 256–511 in units of 1/512, result 256–511. */
    static int reciprocalEstimate(int scaled) {
        int a = scaled * 2 + 1;
        return ((1 << 19) / a + 1) / 2;
    }

    /** FPRSqrtEstimate. */
    public static long reciprocalSqrtEstimate(int n, long a, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        int f = fractionBits(n);
        if (isNaN(n, a)) {
            return quiet(n, a, fpcr, pe);
        }
        if (isZero(n, a)) {
            pe.fpsr |= DZC;
            return infinity(n, sign(n, a));
        }
        if (sign(n, a) != 0) {
            return invalid(n, pe);
        }
        if (isInfinite(n, a)) {
            return 0;
        }
        int biased = exponent(n, a) + bias(n);
        long sig = significand(n, a);
        int scaled = (int) (sig >>> ((biased & 1) == 0 ? 55 : 56));
        int resultExponent = (3 * bias(n) - 1 - biased) / 2;
        long fraction = (long) (reciprocalSqrtEstimate(scaled) & 0xff) << 44;
        return (long) resultExponent << f | fraction >>> (52 - f);
    }

    /** RecipSqrtEstimate: 128–511, result 256–511. */
    static int reciprocalSqrtEstimate(int scaled) {
        int a = scaled < 256 ? scaled * 2 + 1 : ((scaled >> 1 << 1) + 1) * 2;
        int b = 512;
        while ((long) a * (b + 1) * (b + 1) < 1L << 28) {
            b++;
        }
        return (b + 1) / 2;
    }

    /** FPRecpX: an exponent suited for scaling. */
    public static long reciprocalExponent(int n, long a, int fpcr, Pe pe) {
        long flushed = operand(n, a, fpcr, pe);
        if (isNaN(n, flushed)) {
            return quiet(n, flushed, fpcr, pe);
        }
        int f = fractionBits(n);
        int e = (int) (magnitude(n, a) >>> f);
        int result = e == 0 ? maxExponent(n) - 1 : maxExponent(n) ^ e;
        return signBit(n, sign(n, a)) | (long) result << f;
    }

    /** UnsignedRecipEstimate. */
    public static int unsignedReciprocalEstimate(int a) {
        return a >= 0 ? -1 : reciprocalEstimate(a >>> 23) << 23;
    }

    /** UnsignedRSqrtEstimate. */
    public static int unsignedReciprocalSqrtEstimate(int a) {
        return a >>> 30 == 0 ? -1 : reciprocalSqrtEstimate(a >>> 23) << 23;
    }
}
