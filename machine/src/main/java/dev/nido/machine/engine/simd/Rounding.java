package dev.nido.machine.engine.simd;

/**
 * Rounding modes as small integers: 0 to 3 are the values of FPCR.RMode, the others are named by
 * instructions only (Arm ARM, shared pseudocode {@code FPRounding}).
 */
public final class Rounding {

    /** To nearest, ties to even. */
    public static final int NEAREST = 0;

    /** Towards plus infinity. */
    public static final int PLUS = 1;

    /** Towards minus infinity. */
    public static final int MINUS = 2;

    /** Towards zero. */
    public static final int ZERO = 3;

    /** To nearest, ties away from zero. */
    public static final int AWAY = 4;

    /** To odd: an inexact result gets its lowest bit set. */
    public static final int ODD = 5;

    private Rounding() {}

    /** The mode that FPCR.RMode (bits 23:22) selects. */
    public static int of(int fpcr) {
        return fpcr >>> 22 & 3;
    }
}
