package dev.nido.machine.engine.simd;

import static dev.nido.machine.engine.simd.SoftFloat.AHP;
import static dev.nido.machine.engine.simd.SoftFloat.DN;
import static dev.nido.machine.engine.simd.SoftFloat.FZ;
import static dev.nido.machine.engine.simd.SoftFloat.IOC;
import static dev.nido.machine.engine.simd.SoftFloat.IXC;
import static dev.nido.machine.engine.simd.SoftFloat.TOP;
import static dev.nido.machine.engine.simd.SoftFloat.bias;
import static dev.nido.machine.engine.simd.SoftFloat.defaultNaN;
import static dev.nido.machine.engine.simd.SoftFloat.exponent;
import static dev.nido.machine.engine.simd.SoftFloat.fractionBits;
import static dev.nido.machine.engine.simd.SoftFloat.infinity;
import static dev.nido.machine.engine.simd.SoftFloat.isInfinite;
import static dev.nido.machine.engine.simd.SoftFloat.isNaN;
import static dev.nido.machine.engine.simd.SoftFloat.isSignalling;
import static dev.nido.machine.engine.simd.SoftFloat.isZero;
import static dev.nido.machine.engine.simd.SoftFloat.operand;
import static dev.nido.machine.engine.simd.SoftFloat.quiet;
import static dev.nido.machine.engine.simd.SoftFloat.round;
import static dev.nido.machine.engine.simd.SoftFloat.sign;
import static dev.nido.machine.engine.simd.SoftFloat.signBit;
import static dev.nido.machine.engine.simd.SoftFloat.significand;

import dev.nido.machine.pe.Pe;

/**
 * Exact conversions on raw bits: between formats, to integral values, from and to integers and
 * fixed point (Arm ARM, shared pseudocode {@code FPConvert}, {@code FPRoundInt}, {@code FPToFixed},
 * {@code FixedToFP}). Widths, operands and flags are as in {@link SoftFloat}.
 */
public final class SoftConversion {

    private SoftConversion() {}

    /** FPConvert and FPConvertNaN: from {@code n} to {@code m} bits, rounding as given. */
    public static long convert(int n, int m, long a, int rounding, int fpcr, Pe pe) {
        boolean alternative = (fpcr & AHP) != 0;
        // FPUnpackCV and FPRoundCV: FZ16 plays no part in conversions between formats.
        if (n != 16) {
            a = operand(n, a, fpcr, pe);
        }
        int sign = sign(n, a);
        if (n == 16 && alternative && !isZero(16, a)) {
            if ((a & 0x7c00) == 0x7c00) {
                return round(m, sign, 16, TOP | (a & 0x3ff) << 53, rounding, fpcr, pe);
            }
        } else if (isNaN(n, a)) {
            if (isSignalling(n, a) || m == 16 && alternative) {
                pe.fpsr |= IOC;
            }
            if (m == 16 && alternative) {
                return signBit(m, sign);
            }
            if ((fpcr & DN) != 0) {
                return defaultNaN(m);
            }
            long fraction = a << (64 - fractionBits(n)) >>> (64 - fractionBits(m));
            return infinity(m, sign) | fraction | 1L << (fractionBits(m) - 1);
        } else if (isInfinite(n, a)) {
            if (m == 16 && alternative) {
                pe.fpsr |= IOC;
                return signBit(m, sign) | 0x7fff;
            }
            return infinity(m, sign);
        }
        if (isZero(n, a)) {
            return signBit(m, sign);
        }
        boolean flush = m != 16 && (fpcr & FZ) != 0;
        return round(
                m,
                sign,
                exponent(n, a),
                significand(n, a),
                rounding,
                flush,
                m == 16 && alternative,
                pe);
    }

    /** FPRoundInt: to an integral value in the same format. */
    public static long roundToIntegral(
            int n, long a, int rounding, boolean exact, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        if (isNaN(n, a)) {
            return quiet(n, a, fpcr, pe);
        }
        if (isInfinite(n, a) || isZero(n, a)) {
            return a;
        }
        int exp = exponent(n, a);
        int f = fractionBits(n);
        if (exp >= f) {
            return a;
        }
        int sign = sign(n, a);
        long sig = significand(n, a);
        long integer = exp < 0 ? 0 : sig >>> (63 - exp);
        long rest = exp < -1 ? 1 : sig << (exp + 1);
        if (rest == 0) {
            return a;
        }
        if (exact) {
            pe.fpsr |= IXC;
        }
        if (roundsUp(sign, integer, rest, rounding)) {
            integer++;
        }
        if (integer == 0) {
            return signBit(n, sign);
        }
        int shift = Long.numberOfLeadingZeros(integer);
        return signBit(n, sign)
                | (long) (63 - shift + bias(n)) << f
                | integer << shift << 1 >>> (64 - f);
    }

    private static boolean roundsUp(int sign, long integer, long rest, int rounding) {
        return switch (rounding) {
            case Rounding.NEAREST -> rest < 0 && (rest != TOP || (integer & 1) != 0);
            case Rounding.PLUS -> rest != 0 && sign == 0;
            case Rounding.MINUS -> rest != 0 && sign != 0;
            case Rounding.AWAY -> rest < 0;
            default -> false;
        };
    }

    /**
     * FPToFixed: the value times {@code 2^fbits} as an integer of {@code m} bits (16, 32 or 64),
     * saturated, zero-extended to 64 bits.
     */
    public static long toFixed(
            int n, long a, int fbits, boolean unsigned, int m, int rounding, int fpcr, Pe pe) {
        a = operand(n, a, fpcr, pe);
        if (isNaN(n, a)) {
            pe.fpsr |= IOC;
            return 0;
        }
        if (isZero(n, a)) {
            return 0;
        }
        int sign = sign(n, a);
        long mask = -1L >>> (64 - m);
        int exp = exponent(n, a) + fbits;
        if (isInfinite(n, a) || exp > 63) {
            pe.fpsr |= IOC;
            return limit(sign, unsigned, m);
        }
        long sig = significand(n, a);
        long integer = exp < 0 ? 0 : sig >>> (63 - exp);
        long rest = exp < -1 ? 1 : exp == 63 ? 0 : sig << (exp + 1);
        if (roundsUp(sign, integer, rest, rounding)) {
            integer++;
        }
        boolean overflow;
        if (unsigned) {
            overflow = sign != 0 ? integer != 0 : (integer & ~mask) != 0;
        } else {
            // The magnitude may reach 2^(m-1) for negative values, one less for positive ones.
            overflow = Long.compareUnsigned(integer, (1L << (m - 1)) - 1 + sign) > 0;
        }
        if (overflow) {
            pe.fpsr |= IOC;
            return limit(sign, unsigned, m);
        }
        if (rest != 0) {
            pe.fpsr |= IXC;
        }
        return (sign != 0 ? -integer : integer) & mask;
    }

    private static long limit(int sign, boolean unsigned, int m) {
        if (unsigned) {
            return sign != 0 ? 0 : -1L >>> (64 - m);
        }
        return (1L << (m - 1)) - 1 + sign;
    }

    /** FixedToFP: an integer (already extended to 64 bits) times {@code 2^-fbits}. */
    public static long fromFixed(
            int n, long value, int fbits, boolean unsigned, int rounding, int fpcr, Pe pe) {
        if (value == 0) {
            return 0;
        }
        int sign = !unsigned && value < 0 ? 1 : 0;
        long integer = sign != 0 ? -value : value;
        int shift = Long.numberOfLeadingZeros(integer);
        return round(n, sign, 63 - shift - fbits, integer << shift, rounding, fpcr, pe);
    }

    /**
     * FPToFixedJS: double to signed 32-bit integer modulo 2^32; bit 32 of the result is PSTATE.Z.
     */
    public static long toJavaScript(long a, int fpcr, Pe pe) {
        // Only +0 itself is exact here: -0 and flushed denormals clear Z.
        boolean positiveZero = a == 0;
        a = operand(64, a, fpcr, pe);
        if (isZero(64, a)) {
            return positiveZero ? 1L << 32 : 0;
        }
        if (isNaN(64, a) || isInfinite(64, a)) {
            pe.fpsr |= IOC;
            return 0;
        }
        int sign = sign(64, a);
        int exp = exponent(64, a);
        long sig = significand(64, a);
        long integer = 0;
        if (exp >= 0) {
            integer = exp <= 63 ? sig >>> (63 - exp) : exp < 64 + 63 ? sig << (exp - 63) : 0;
        }
        long rest = exp < -1 ? 1 : exp >= 63 ? 0 : sig << (exp + 1);
        boolean overflow = exp > 31 || Long.compareUnsigned(integer, 0x7fff_ffffL + sign) > 0;
        if (sign != 0) {
            integer = -integer;
        }
        if (overflow) {
            pe.fpsr |= IOC;
            return integer & 0xffff_ffffL;
        }
        if (rest != 0) {
            pe.fpsr |= IXC;
            return integer & 0xffff_ffffL;
        }
        return integer & 0xffff_ffffL | 1L << 32;
    }
}
