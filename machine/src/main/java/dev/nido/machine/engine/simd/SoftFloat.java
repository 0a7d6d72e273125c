package dev.nido.machine.engine.simd;

import dev.nido.machine.pe.Pe;

/**
 * Exact IEEE 754 arithmetic on raw bits, with the Arm architecture's choices: tininess before
 * rounding, NaN propagation, default NaN, flush-to-zero, cumulative flags (Arm ARM, shared
 * pseudocode {@code FPAdd}, {@code FPMul}, {@code FPRound} and their kin).
 *
 * <p>Every method takes the width {@code n} of the format, 16, 32 or 64 bits, operands
 * zero-extended to 64 bits, the FPCR value, and the PE whose {@code fpsr} collects the flags.
 */
public final class SoftFloat {

    /** Invalid operation. */
    public static final int IOC = 1;

    /** Division by zero. */
    public static final int DZC = 1 << 1;

    /** Overflow. */
    public static final int OFC = 1 << 2;

    /** Underflow. */
    public static final int UFC = 1 << 3;

    /** Inexact. */
    public static final int IXC = 1 << 4;

    /** Input denormal. */
    public static final int IDC = 1 << 7;

    /** Integer saturation (Advanced SIMD). */
    public static final int QC = 1 << 27;

    /** FPCR.FZ16: flush half-precision denormals. */
    public static final int FZ16 = 1 << 19;

    /** FPCR.FZ: flush single- and double-precision denormals. */
    public static final int FZ = 1 << 24;

    /** FPCR.DN: every NaN result is the default NaN. */
    public static final int DN = 1 << 25;

    /** FPCR.AHP: conversions use the alternative half-precision format. */
    public static final int AHP = 1 << 26;

    static final long TOP = 1L << 63;

    private SoftFloat() {}

    // ------------------------------------------------------------------ formats

    /** Bits of the fraction. */
    static int fractionBits(int n) {
        return n == 64 ? 52 : n == 32 ? 23 : 10;
    }

    /** The exponent bias. */
    static int bias(int n) {
        return n == 64 ? 1023 : n == 32 ? 127 : 15;
    }

    /** The largest value of the exponent field, which marks infinities and NaNs. */
    static int maxExponent(int n) {
        return n == 64 ? 2047 : n == 32 ? 255 : 31;
    }

    static int sign(int n, long a) {
        return (int) (a >>> (n - 1)) & 1;
    }

    static long signBit(int n, int sign) {
        return (long) sign << (n - 1);
    }

    static long magnitude(int n, long a) {
        return a & (1L << (n - 1)) - 1;
    }

    /** Infinity of the given sign; also, compared with a magnitude, the border to the NaNs. */
    static long infinity(int n, int sign) {
        return signBit(n, sign) | (long) maxExponent(n) << fractionBits(n);
    }

    static long maxNormal(int n, int sign) {
        return infinity(n, sign) - 1;
    }

    /** The default NaN: positive, quiet, fraction otherwise zero. */
    static long defaultNaN(int n) {
        return infinity(n, 0) | 1L << (fractionBits(n) - 1);
    }

    static long negate(int n, long a) {
        return a ^ 1L << (n - 1);
    }

    static boolean isNaN(int n, long a) {
        return magnitude(n, a) > infinity(n, 0);
    }

    static boolean isSignalling(int n, long a) {
        return isNaN(n, a) && (a >>> (fractionBits(n) - 1) & 1) == 0;
    }

    static boolean isInfinite(int n, long a) {
        return magnitude(n, a) == infinity(n, 0);
    }

    static boolean isZero(int n, long a) {
        return magnitude(n, a) == 0;
    }

    static boolean isDenormal(int n, long a) {
        long m = magnitude(n, a);
        return m != 0 && m >>> fractionBits(n) == 0;
    }

    static boolean flushes(int n, int fpcr) {
        return (fpcr & (n == 16 ? FZ16 : FZ)) != 0;
    }

    /** An operand as the operation sees it: denormals become zero when FPCR says so. */
    static long operand(int n, long a, int fpcr, Pe pe) {
        if (flushes(n, fpcr) && isDenormal(n, a)) {
            // Arm ARM A1.5.7: flushing a half-precision operand sets no flag.
            if (n != 16) {
                pe.fpsr |= IDC;
            }
            return signBit(n, sign(n, a));
        }
        return a;
    }

    /** Unbiased exponent of a finite non-zero value, denormals normalized. */
    static int exponent(int n, long a) {
        int f = fractionBits(n);
        int e = (int) (magnitude(n, a) >>> f);
        return e != 0 ? e - bias(n) : 64 - Long.numberOfLeadingZeros(magnitude(n, a)) - bias(n) - f;
    }

    /** Significand of a finite non-zero value, its leading one at bit 63. */
    static long significand(int n, long a) {
        int f = fractionBits(n);
        long m = magnitude(n, a);
        if (m >>> f != 0) {
            return TOP | m << (63 - f);
        }
        return m << Long.numberOfLeadingZeros(m);
    }

    private static long shiftRightJam(long a, int shift) {
        if (shift <= 0) {
            return a;
        }
        if (shift > 63) {
            return a != 0 ? 1 : 0;
        }
        return a >>> shift | (a << -shift != 0 ? 1 : 0);
    }

    // ------------------------------------------------------------------ NaNs

    static long quiet(int n, long a, int fpcr, Pe pe) {
        if (isSignalling(n, a)) {
            pe.fpsr |= IOC;
        }
        return (fpcr & DN) != 0 ? defaultNaN(n) : a | 1L << (fractionBits(n) - 1);
    }

    /** The NaN that results from two operands of which at least one is a NaN. */
    static long nan(int n, long a, long b, int fpcr, Pe pe) {
        if (isSignalling(n, a)) {
            return quiet(n, a, fpcr, pe);
        }
        if (isSignalling(n, b)) {
            return quiet(n, b, fpcr, pe);
        }
        return quiet(n, isNaN(n, a) ? a : b, fpcr, pe);
    }

    static long invalid(int n, Pe pe) {
        pe.fpsr |= IOC;
        return defaultNaN(n);
    }

    // ------------------------------------------------------------------ rounding

    /**
     * Rounds and packs the value {@code sig * 2^(exp - 63)}; bit 63 of {@code sig} must be set, bit
     * 0 may stand for any non-zero remainder.
     */
    static long round(int n, int sign, int exp, long sig, int rounding, int fpcr, Pe pe) {
        return round(n, sign, exp, sig, rounding, flushes(n, fpcr), false, pe);
    }

    /**
     * As above, with flushing decided by the caller, to the alternative half-precision format if
     * asked.
     */
    static long round(
            int n,
            int sign,
            int exp,
            long sig,
            int rounding,
            boolean flush,
            boolean alternative,
            Pe pe) {
        int f = fractionBits(n);
        int biased = exp + bias(n);
        if (biased <= 0) {
            if (flush) {
                pe.fpsr |= UFC;
                return signBit(n, sign);
            }
            sig = shiftRightJam(sig, 1 - biased);
            biased = 0;
        }
        long mantissa = sig >>> (63 - f);
        long rest = sig << (f + 1);
        if (rest != 0 && biased == 0) {
            pe.fpsr |= UFC;
        }
        boolean up;
        boolean toInfinity;
        switch (rounding) {
            case Rounding.NEAREST -> {
                up = rest < 0 && (rest != TOP || (mantissa & 1) != 0);
                toInfinity = true;
            }
            case Rounding.PLUS -> {
                up = rest != 0 && sign == 0;
                toInfinity = sign == 0;
            }
            case Rounding.MINUS -> {
                up = rest != 0 && sign != 0;
                toInfinity = sign != 0;
            }
            case Rounding.AWAY -> {
                up = rest < 0;
                toInfinity = true;
            }
            default -> {
                up = false;
                toInfinity = false;
            }
        }
        if (up) {
            mantissa++;
            if (mantissa == 1L << f) {
                biased = 1;
            } else if (mantissa == 1L << (f + 1)) {
                biased++;
                mantissa >>>= 1;
            }
        }
        if (rest != 0 && rounding == Rounding.ODD) {
            mantissa |= 1;
        }
        if (alternative) {
            if (biased > maxExponent(n)) {
                pe.fpsr |= IOC;
                return signBit(n, sign) | (1L << (n - 1)) - 1;
            }
        } else if (biased >= maxExponent(n)) {
            pe.fpsr |= OFC | IXC;
            return toInfinity ? infinity(n, sign) : maxNormal(n, sign);
        }
        if (rest != 0) {
            pe.fpsr |= IXC;
        }
        return signBit(n, sign) | (long) biased << f | mantissa & (1L << f) - 1;
    }

    private static int zeroSign(int fpcr) {
        return Rounding.of(fpcr) == Rounding.MINUS ? 1 : 0;
    }

    // ------------------------------------------------------------------ arithmetic

    /** FPAdd. */
    public static long add(int n, long a, long b, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        if (isNaN(n, a) || isNaN(n, b)) {
            return nan(n, a, b, fpcr, pe);
        }
        return addNumbers(n, a, b, fpcr, pe);
    }

    /** FPSub. A NaN operand keeps its sign. */
    public static long sub(int n, long a, long b, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        if (isNaN(n, a) || isNaN(n, b)) {
            return nan(n, a, b, fpcr, pe);
        }
        return addNumbers(n, a, negate(n, b), fpcr, pe);
    }

    private static long addNumbers(int n, long a, long b, int fpcr, Pe pe) {
        int signA = sign(n, a);
        int signB = sign(n, b);
        if (isInfinite(n, a)) {
            return isInfinite(n, b) && signA != signB ? invalid(n, pe) : a;
        }
        if (isInfinite(n, b)) {
            return b;
        }
        if (isZero(n, a)) {
            if (isZero(n, b)) {
                return signA == signB ? a : signBit(n, zeroSign(fpcr));
            }
            return b;
        }
        if (isZero(n, b)) {
            return a;
        }
        int expA = exponent(n, a);
        int expB = exponent(n, b);
        // The operands have at most 53 significant bits: one position down loses nothing.
        long sigA = significand(n, a) >>> 1;
        long sigB = significand(n, b) >>> 1;
        int exp = Math.max(expA, expB) + 1;
        sigA = shiftRightJam(sigA, exp - 1 - expA);
        sigB = shiftRightJam(sigB, exp - 1 - expB);
        int sign = signA;
        long sig;
        if (signA == signB) {
            sig = sigA + sigB;
        } else {
            sig = sigA - sigB;
            if (sig == 0) {
                return signBit(n, zeroSign(fpcr));
            }
            if (sig < 0) {
                sig = -sig;
                sign = signB;
            }
        }
        int shift = Long.numberOfLeadingZeros(sig);
        return round(n, sign, exp - shift, sig << shift, Rounding.of(fpcr), fpcr, pe);
    }

    /** FPMul. */
    public static long mul(int n, long a, long b, int fpcr, Pe pe) {
        return mul(n, a, b, false, fpcr, pe);
    }

    /** FPMulX: as FPMul, but infinity times zero is two. */
    public static long mulx(int n, long a, long b, int fpcr, Pe pe) {
        return mul(n, a, b, true, fpcr, pe);
    }

    private static long mul(int n, long a, long b, boolean extended, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        if (isNaN(n, a) || isNaN(n, b)) {
            return nan(n, a, b, fpcr, pe);
        }
        int sign = sign(n, a) ^ sign(n, b);
        if (isInfinite(n, a) || isInfinite(n, b)) {
            if (isZero(n, a) || isZero(n, b)) {
                return extended
                        ? signBit(n, sign) | (long) (bias(n) + 1) << fractionBits(n)
                        : invalid(n, pe);
            }
            return infinity(n, sign);
        }
        if (isZero(n, a) || isZero(n, b)) {
            return signBit(n, sign);
        }
        long sigA = significand(n, a);
        long sigB = significand(n, b);
        int exp = exponent(n, a) + exponent(n, b) + 1;
        long high = Math.unsignedMultiplyHigh(sigA, sigB);
        long low = sigA * sigB;
        if (high >= 0) {
            high = high << 1 | low >>> 63;
            low <<= 1;
            exp--;
        }
        return round(n, sign, exp, high | (low != 0 ? 1 : 0), Rounding.of(fpcr), fpcr, pe);
    }

    /** FPDiv. */
    public static long div(int n, long a, long b, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        if (isNaN(n, a) || isNaN(n, b)) {
            return nan(n, a, b, fpcr, pe);
        }
        int sign = sign(n, a) ^ sign(n, b);
        if (isInfinite(n, a)) {
            return isInfinite(n, b) ? invalid(n, pe) : infinity(n, sign);
        }
        if (isZero(n, b)) {
            if (isZero(n, a)) {
                return invalid(n, pe);
            }
            pe.fpsr |= DZC;
            return infinity(n, sign);
        }
        if (isZero(n, a) || isInfinite(n, b)) {
            return signBit(n, sign);
        }
        // 53-bit integers: each step yields 11 more bits of the quotient.
        long divisor = significand(n, b) >>> 11;
        long rest = significand(n, a) >>> 11;
        long quotient = rest >= divisor ? 1 : 0;
        rest -= quotient * divisor;
        for (int i = 0; i < 5; i++) {
            long dividend = rest << 11;
            long digits = Long.divideUnsigned(dividend, divisor);
            rest = dividend - digits * divisor;
            quotient = quotient << 11 | digits;
        }
        int shift = Long.numberOfLeadingZeros(quotient);
        int exp = exponent(n, a) - exponent(n, b) + 63 - 55 - shift;
        long sig = quotient << shift | (rest != 0 ? 1 : 0);
        return round(n, sign, exp, sig, Rounding.of(fpcr), fpcr, pe);
    }

    /** FPSqrt. */
    public static long sqrt(int n, long a, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        if (isNaN(n, a)) {
            return quiet(n, a, fpcr, pe);
        }
        if (isZero(n, a)) {
            return a;
        }
        if (sign(n, a) != 0) {
            return invalid(n, pe);
        }
        if (isInfinite(n, a)) {
            return a;
        }
        int exp = exponent(n, a);
        // The radicand in [1, 4) with its two integer bits on top: 2 + 52 bits, then zeros.
        long radicand = (exp & 1) != 0 ? significand(n, a) : significand(n, a) >>> 1;
        long root = 0;
        long rest = 0;
        for (int i = 0; i < 56; i++) {
            rest = rest << 2 | radicand >>> 62;
            radicand <<= 2;
            long trial = root << 2 | 1;
            root <<= 1;
            if (rest >= trial) {
                rest -= trial;
                root |= 1;
            }
        }
        return round(n, 0, exp >> 1, root << 8 | (rest != 0 ? 1 : 0), Rounding.of(fpcr), fpcr, pe);
    }

    // ------------------------------------------------------------------ fused operations

    /** FPMulAdd: {@code addend + a * b}, rounded once. */
    public static long mulAdd(int n, long addend, long a, long b, int fpcr, Pe pe) {
        addend = operand(n, addend, fpcr, pe);
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        return fused(n, addend, n, a, b, fpcr, pe);
    }

    /**
     * FPMulAddH: single-precision {@code addend} plus the exact product of two half-precision
     * values.
     */
    public static long mulAddHalf(long addend, long a, long b, int fpcr, Pe pe) {
        addend = operand(32, addend, fpcr, pe);
        a = operand(16, a, fpcr, pe);
        b = operand(16, b, fpcr, pe);
        return fused(32, addend, 16, a, b, fpcr, pe);
    }

    private static long fused(int n, long addend, int m, long a, long b, int fpcr, Pe pe) {
        boolean invalidProduct =
                isInfinite(m, a) && isZero(m, b) || isZero(m, a) && isInfinite(m, b);
        if (isNaN(n, addend) || isNaN(m, a) || isNaN(m, b)) {
            if (invalidProduct && !isSignalling(n, addend)) {
                return invalid(n, pe);
            }
            if (isSignalling(n, addend)) {
                return quiet(n, addend, fpcr, pe);
            }
            if (isNaN(n, addend) && !isSignalling(m, a) && !isSignalling(m, b)) {
                return quiet(n, addend, fpcr, pe);
            }
            long result = nan(m, a, b, fpcr, pe);
            return n == m ? result : widenNaN(n, m, result);
        }
        int signP = sign(m, a) ^ sign(m, b);
        int signC = sign(n, addend);
        if (invalidProduct) {
            return invalid(n, pe);
        }
        if (isInfinite(n, addend)) {
            boolean infiniteProduct = isInfinite(m, a) || isInfinite(m, b);
            return infiniteProduct && signP != signC ? invalid(n, pe) : addend;
        }
        if (isInfinite(m, a) || isInfinite(m, b)) {
            return infinity(n, signP);
        }
        if (isZero(m, a) || isZero(m, b)) {
            if (isZero(n, addend)) {
                return signP == signC ? addend : signBit(n, zeroSign(fpcr));
            }
            return addend;
        }
        int expC = isZero(n, addend) ? 0 : exponent(n, addend);
        long sigC = isZero(n, addend) ? 0 : significand(n, addend);
        int expP = exponent(m, a) + exponent(m, b);
        return sumOfProduct(
                n,
                signC,
                expC,
                sigC,
                signP,
                expP,
                significand(m, a),
                significand(m, b),
                0,
                fpcr,
                pe);
    }

    private static long widenNaN(int n, int m, long nan) {
        long fraction = nan & (1L << fractionBits(m)) - 1;
        return infinity(n, sign(m, nan)) | fraction << (fractionBits(n) - fractionBits(m));
    }

    /**
     * {@code (C + A * B) / 2^halvings}, rounded once. Significands have their leading one at bit
     * 63; {@code sigC} may be zero.
     */
    private static long sumOfProduct(
            int n,
            int signC,
            int expC,
            long sigC,
            int signP,
            int expP,
            long sigA,
            long sigB,
            int halvings,
            int fpcr,
            Pe pe) {
        long highP = Math.unsignedMultiplyHigh(sigA, sigB);
        long lowP = sigA * sigB;
        // Bring the product to one integer bit at bit 126, with a free bit above for the carry.
        if (highP < 0) {
            lowP = lowP >>> 1 | highP << 63;
            highP >>>= 1;
            expP++;
        }
        long highC = sigC >>> 1;
        long lowC = 0;
        int exp = expP;
        if (sigC != 0) {
            exp = Math.max(expP, expC);
            int shiftP = exp - expP;
            int shiftC = exp - expC;
            if (shiftP > 0) {
                long low = jamLow(highP, lowP, shiftP);
                highP = shiftP > 63 ? 0 : highP >>> shiftP;
                lowP = low;
            } else if (shiftC > 0) {
                long low = jamLow(highC, lowC, shiftC);
                highC = shiftC > 63 ? 0 : highC >>> shiftC;
                lowC = low;
            }
        }
        int sign = signP;
        long high;
        long low;
        if (signP == signC || sigC == 0) {
            low = lowP + lowC;
            high = highP + highC + (Long.compareUnsigned(low, lowP) < 0 ? 1 : 0);
        } else {
            low = lowP - lowC;
            high = highP - highC - (Long.compareUnsigned(lowP, lowC) < 0 ? 1 : 0);
            if (high < 0) {
                sign = signC;
                low = -low;
                high = ~high + (low == 0 ? 1 : 0);
            }
            if ((high | low) == 0) {
                return signBit(n, zeroSign(fpcr));
            }
        }
        int shift = Long.numberOfLeadingZeros(high);
        if (shift == 64) {
            high = low;
            low = 0;
            exp -= 64;
            shift = Long.numberOfLeadingZeros(high);
        }
        if (shift > 0) {
            high = high << shift | low >>> -shift;
            low <<= shift;
        }
        return round(
                n,
                sign,
                exp + 1 - shift - halvings,
                high | (low != 0 ? 1 : 0),
                Rounding.of(fpcr),
                fpcr,
                pe);
    }

    /** The low half of a 128-bit right shift with the lost bits collected in bit 0. */
    private static long jamLow(long high, long low, int shift) {
        if (shift == 0) {
            return low;
        }
        if (shift < 64) {
            return high << -shift | low >>> shift | (low << -shift != 0 ? 1 : 0);
        }
        if (shift == 64) {
            return high | (low != 0 ? 1 : 0);
        }
        if (shift < 128) {
            return high >>> (shift - 64) | ((high << -shift | low) != 0 ? 1 : 0);
        }
        return (high | low) != 0 ? 1 : 0;
    }

    /** FPRecipStepFused: {@code 2 - a * b}. */
    public static long reciprocalStep(int n, long a, long b, int fpcr, Pe pe) {
        return step(n, negate(n, a), b, false, fpcr, pe);
    }

    /** FPRSqrtStepFused: {@code (3 - a * b) / 2}. */
    public static long reciprocalSqrtStep(int n, long a, long b, int fpcr, Pe pe) {
        return step(n, negate(n, a), b, true, fpcr, pe);
    }

    private static long step(int n, long a, long b, boolean root, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        if (isNaN(n, a) || isNaN(n, b)) {
            return nan(n, a, b, fpcr, pe);
        }
        int signP = sign(n, a) ^ sign(n, b);
        int f = fractionBits(n);
        long onProductZero = root ? (long) bias(n) << f | 1L << (f - 1) : (long) (bias(n) + 1) << f;
        if (isInfinite(n, a) || isInfinite(n, b)) {
            return isZero(n, a) || isZero(n, b) ? onProductZero : infinity(n, signP);
        }
        if (isZero(n, a) || isZero(n, b)) {
            return onProductZero;
        }
        long sigC = root ? 3L << 62 : TOP;
        return sumOfProduct(
                n,
                0,
                1,
                sigC,
                signP,
                exponent(n, a) + exponent(n, b),
                significand(n, a),
                significand(n, b),
                root ? 1 : 0,
                fpcr,
                pe);
    }

    // ------------------------------------------------------------------ minimum, maximum,
    // comparison

    /** FPMax and FPMin. */
    public static long extremum(int n, long a, long b, boolean max, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        if (isNaN(n, a) || isNaN(n, b)) {
            return nan(n, a, b, fpcr, pe);
        }
        // Ordered keys put -0 below +0, which is what FPMax and FPMin ask for.
        return key(n, a) > key(n, b) == max ? a : b;
    }

    /** FPMaxNum and FPMinNum: one quiet NaN loses against a number. */
    public static long extremumNumber(int n, long a, long b, boolean max, int fpcr, Pe pe) {
        boolean quietA = isNaN(n, a) && !isSignalling(n, a);
        boolean quietB = isNaN(n, b) && !isSignalling(n, b);
        if (quietA && !quietB) {
            a = infinity(n, max ? 1 : 0);
        } else if (quietB && !quietA) {
            b = infinity(n, max ? 1 : 0);
        }
        return extremum(n, a, b, max, fpcr, pe);
    }

    private static long key(int n, long a) {
        return sign(n, a) != 0 ? ~magnitude(n, a) : magnitude(n, a);
    }

    /** FPCompare: NZCV in bits 31:28. */
    public static int compare(int n, long a, long b, boolean signalling, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        b = operand(n, b, fpcr, pe);
        if (isNaN(n, a) || isNaN(n, b)) {
            if (signalling || isSignalling(n, a) || isSignalling(n, b)) {
                pe.fpsr |= IOC;
            }
            return 0x3000_0000;
        }
        int order = order(n, a, b);
        return order == 0 ? 0x6000_0000 : order < 0 ? 0x8000_0000 : 0x2000_0000;
    }

    private static int order(int n, long a, long b) {
        return isZero(n, a) && isZero(n, b) ? 0 : Long.compare(key(n, a), key(n, b));
    }

    /** FPCompareEQ. */
    public static boolean equal(int n, long a, long b, int fpcr, Pe pe) {
        return (compare(n, a, b, false, fpcr, pe) & 0x4000_0000) != 0;
    }

    /** FPCompareGE. */
    public static boolean greaterOrEqual(int n, long a, long b, int fpcr, Pe pe) {
        int nzcv = compare(n, a, b, true, fpcr, pe);
        return nzcv == 0x6000_0000 || nzcv == 0x2000_0000;
    }

    /** FPCompareGT. */
    public static boolean greater(int n, long a, long b, int fpcr, Pe pe) {
        return compare(n, a, b, true, fpcr, pe) == 0x2000_0000;
    }
}
