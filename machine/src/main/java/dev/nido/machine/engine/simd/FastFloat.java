package dev.nido.machine.engine.simd;

import dev.nido.machine.pe.Pe;

/**
 * The same operations as {@link SoftFloat}, on the host's own arithmetic where that is provably the
 * same: round to nearest, no flushing, result well inside the normal range. Whether a result was
 * exact is found from the residual, and only while FPSR.IXC is still clear. Everything else takes
 * the exact path.
 */
public final class FastFloat {

    /** FPCR bits that send an operation to the exact path: FZ and RMode. */
    private static final int EXACT_PATH = SoftFloat.FZ | 3 << 22;

    private static final double HUGE = 0x1p1000;
    private static final double TINY = 0x1p-900;
    private static final float HUGE_SINGLE = 0x1p126f;

    private FastFloat() {}

    /** FPAdd. */
    public static long add(int n, long a, long b, Pe pe) {
        if ((pe.fpcr & EXACT_PATH) == 0) {
            if (n == 64) {
                double x = Double.longBitsToDouble(a);
                double y = Double.longBitsToDouble(b);
                double r = x + y;
                if (Math.abs(r) < HUGE) {
                    if ((pe.fpsr & SoftFloat.IXC) == 0 && !exactSum(x, y, r)) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Double.doubleToRawLongBits(r);
                }
            } else if (n == 32) {
                float x = Float.intBitsToFloat((int) a);
                float y = Float.intBitsToFloat((int) b);
                float r = x + y;
                if (Math.abs(r) < HUGE_SINGLE) {
                    if ((pe.fpsr & SoftFloat.IXC) == 0 && !exactSum(x, y, r)) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Float.floatToRawIntBits(r) & 0xffff_ffffL;
                }
            }
        }
        return SoftFloat.add(n, a, b, pe.fpcr, pe);
    }

    /** FPSub. */
    public static long sub(int n, long a, long b, Pe pe) {
        if ((pe.fpcr & EXACT_PATH) == 0) {
            if (n == 64) {
                double x = Double.longBitsToDouble(a);
                double y = Double.longBitsToDouble(b);
                double r = x - y;
                if (Math.abs(r) < HUGE) {
                    if ((pe.fpsr & SoftFloat.IXC) == 0 && !exactSum(x, -y, r)) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Double.doubleToRawLongBits(r);
                }
            } else if (n == 32) {
                float x = Float.intBitsToFloat((int) a);
                float y = Float.intBitsToFloat((int) b);
                float r = x - y;
                if (Math.abs(r) < HUGE_SINGLE) {
                    if ((pe.fpsr & SoftFloat.IXC) == 0 && !exactSum(x, -y, r)) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Float.floatToRawIntBits(r) & 0xffff_ffffL;
                }
            }
        }
        return SoftFloat.sub(n, a, b, pe.fpcr, pe);
    }

    /** Knuth's two-sum: the rounding error of {@code r = x + y} is itself representable. */
    private static boolean exactSum(double x, double y, double r) {
        double t = r - x;
        return (x - (r - t)) + (y - t) == 0;
    }

    private static boolean exactSum(float x, float y, float r) {
        float t = r - x;
        return (x - (r - t)) + (y - t) == 0;
    }

    /** FPMul. */
    public static long mul(int n, long a, long b, Pe pe) {
        if ((pe.fpcr & EXACT_PATH) == 0) {
            if (n == 64) {
                double x = Double.longBitsToDouble(a);
                double y = Double.longBitsToDouble(b);
                double r = x * y;
                double magnitude = Math.abs(r);
                if (magnitude > TINY && magnitude < HUGE) {
                    if ((pe.fpsr & SoftFloat.IXC) == 0 && Math.fma(x, y, -r) != 0) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Double.doubleToRawLongBits(r);
                }
            } else if (n == 32) {
                double exact =
                        (double) Float.intBitsToFloat((int) a) * Float.intBitsToFloat((int) b);
                float r = (float) exact;
                float magnitude = Math.abs(r);
                if (magnitude > Float.MIN_NORMAL && magnitude < HUGE_SINGLE) {
                    if (r != exact) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Float.floatToRawIntBits(r) & 0xffff_ffffL;
                }
            }
        }
        return SoftFloat.mul(n, a, b, pe.fpcr, pe);
    }

    /** FPDiv. */
    public static long div(int n, long a, long b, Pe pe) {
        if ((pe.fpcr & EXACT_PATH) == 0) {
            if (n == 64) {
                double x = Double.longBitsToDouble(a);
                double y = Double.longBitsToDouble(b);
                double r = x / y;
                double magnitude = Math.abs(r);
                if (magnitude > TINY
                        && magnitude < HUGE
                        && Math.abs(x) > TINY
                        && Math.abs(x) < HUGE) {
                    if ((pe.fpsr & SoftFloat.IXC) == 0 && Math.fma(r, y, -x) != 0) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Double.doubleToRawLongBits(r);
                }
            } else if (n == 32) {
                float x = Float.intBitsToFloat((int) a);
                float y = Float.intBitsToFloat((int) b);
                float r = x / y;
                float magnitude = Math.abs(r);
                if (magnitude > Float.MIN_NORMAL && magnitude < HUGE_SINGLE) {
                    if ((double) r * y != x) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Float.floatToRawIntBits(r) & 0xffff_ffffL;
                }
            }
        }
        return SoftFloat.div(n, a, b, pe.fpcr, pe);
    }

    /** FPSqrt. */
    public static long sqrt(int n, long a, Pe pe) {
        if ((pe.fpcr & EXACT_PATH) == 0) {
            if (n == 64) {
                double x = Double.longBitsToDouble(a);
                if (x > TINY && x < HUGE) {
                    double r = Math.sqrt(x);
                    if ((pe.fpsr & SoftFloat.IXC) == 0 && Math.fma(r, r, -x) != 0) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Double.doubleToRawLongBits(r);
                }
            } else if (n == 32) {
                float x = Float.intBitsToFloat((int) a);
                if (x > Float.MIN_NORMAL && x < HUGE_SINGLE) {
                    // A double has more than twice the precision plus two: rounding twice is
                    // harmless.
                    float r = (float) Math.sqrt((double) x);
                    if ((double) r * r != x) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Float.floatToRawIntBits(r) & 0xffff_ffffL;
                }
            }
        }
        return SoftFloat.sqrt(n, a, pe.fpcr, pe);
    }

    /** FPMulAdd: {@code addend + a * b}. */
    public static long mulAdd(int n, long addend, long a, long b, Pe pe) {
        // No cheap exactness test: the host's operation serves once FPSR.IXC is set anyway.
        if ((pe.fpcr & EXACT_PATH) == 0 && (pe.fpsr & SoftFloat.IXC) != 0) {
            if (n == 64) {
                double r =
                        Math.fma(
                                Double.longBitsToDouble(a),
                                Double.longBitsToDouble(b),
                                Double.longBitsToDouble(addend));
                double magnitude = Math.abs(r);
                if (magnitude > TINY && magnitude < HUGE) {
                    return Double.doubleToRawLongBits(r);
                }
            } else if (n == 32) {
                float r =
                        Math.fma(
                                Float.intBitsToFloat((int) a),
                                Float.intBitsToFloat((int) b),
                                Float.intBitsToFloat((int) addend));
                float magnitude = Math.abs(r);
                if (magnitude > Float.MIN_NORMAL && magnitude < HUGE_SINGLE) {
                    return Float.floatToRawIntBits(r) & 0xffff_ffffL;
                }
            }
        }
        return SoftFloat.mulAdd(n, addend, a, b, pe.fpcr, pe);
    }

    /** FPCompare: NZCV in bits 31:28. */
    public static int compare(int n, long a, long b, boolean signalling, Pe pe) {
        if ((pe.fpcr & SoftFloat.FZ) == 0 && n != 16) {
            double x = n == 64 ? Double.longBitsToDouble(a) : Float.intBitsToFloat((int) a);
            double y = n == 64 ? Double.longBitsToDouble(b) : Float.intBitsToFloat((int) b);
            if (x < y) {
                return 0x8000_0000;
            }
            if (x > y) {
                return 0x2000_0000;
            }
            if (x == y) {
                return 0x6000_0000;
            }
        }
        return SoftFloat.compare(n, a, b, signalling, pe.fpcr, pe);
    }

    /** FPConvert. */
    public static long convert(int n, int m, long a, int rounding, Pe pe) {
        if ((pe.fpcr & SoftFloat.FZ) == 0) {
            if (n == 32 && m == 64) {
                float x = Float.intBitsToFloat((int) a);
                if (!Float.isNaN(x)) {
                    return Double.doubleToRawLongBits(x);
                }
            } else if (n == 64 && m == 32 && rounding == Rounding.NEAREST) {
                double x = Double.longBitsToDouble(a);
                float r = (float) x;
                float magnitude = Math.abs(r);
                if (magnitude > Float.MIN_NORMAL && magnitude < HUGE_SINGLE) {
                    if (r != x) {
                        pe.fpsr |= SoftFloat.IXC;
                    }
                    return Float.floatToRawIntBits(r) & 0xffff_ffffL;
                }
            }
        }
        return SoftConversion.convert(n, m, a, rounding, pe.fpcr, pe);
    }

    /** FPToFixed. */
    public static long toFixed(
            int n, long a, int fbits, boolean unsigned, int m, int rounding, Pe pe) {
        if (rounding == Rounding.ZERO && fbits == 0 && n != 16 && (pe.fpcr & SoftFloat.FZ) == 0) {
            double x = n == 64 ? Double.longBitsToDouble(a) : Float.intBitsToFloat((int) a);
            double limit = m == 64 ? 0x1p62 : m == 32 ? 0x1p31 : 0x1p15;
            if (Math.abs(x) < limit && (!unsigned || x >= 0)) {
                long r = (long) x;
                if (r != x) {
                    pe.fpsr |= SoftFloat.IXC;
                }
                return r & -1L >>> (64 - m);
            }
        }
        return SoftConversion.toFixed(n, a, fbits, unsigned, m, rounding, pe.fpcr, pe);
    }

    /** FixedToFP. */
    public static long fromFixed(int n, long value, int fbits, boolean unsigned, Pe pe) {
        // Values that the format holds exactly; unsigned ones with bit 63 set are not among them.
        if (fbits == 0 && n != 16 && value >= (unsigned ? 0 : -(1L << 24)) && value <= 1L << 24) {
            return n == 64
                    ? Double.doubleToRawLongBits(value)
                    : Float.floatToRawIntBits(value) & 0xffff_ffffL;
        }
        return SoftConversion.fromFixed(
                n, value, fbits, unsigned, Rounding.of(pe.fpcr), pe.fpcr, pe);
    }
}
