package dev.nido.machine.audit;

import dev.nido.isa.A64;
import dev.nido.machine.engine.simd.SimdSemantics;
import dev.nido.machine.pe.Pe;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/** FP and Advanced SIMD data-processing instructions on registers full of special values. */
final class SimdGenerator implements DifferentialAudit.Generator {

    private static final int[] HALVES = {
        0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x8400, 0x3bff, 0x3c00, 0xbc00, 0x3c01,
                0x3800, 0x4000,
        0x4200, 0x7800, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7c01, 0x7dff, 0x7e00, 0xfe00, 0x7fff,
                0xffff, 0x3555
    };

    private static final int[] SINGLES = {
        0x0000_0000, 0x8000_0000, 0x0000_0001, 0x8000_0001, 0x007f_ffff, 0x0080_0000, 0x8080_0000,
                0x0080_0001,
        0x3f7f_ffff, 0x3f80_0000, 0xbf80_0000, 0x3f80_0001, 0x3f00_0000, 0x4000_0000, 0x4040_0000,
                0x4f00_0000,
        0xcf00_0000, 0x4eff_ffff, 0x4f80_0000, 0x5f00_0000, 0x7e80_0000, 0x7f7f_ffff, 0xff7f_ffff,
                0x7f80_0000,
        0xff80_0000, 0x7f80_0001, 0x7fbf_ffff, 0x7fc0_0000, 0xffc0_0000, 0xffff_ffff, 0x3380_0000,
                0x477f_e000,
        0x477f_f000, 0x3880_0000, 0x387f_c000, 0x3300_0000, 0x4b00_0001, 0xcb80_0000, 0x0040_0000,
                0x0020_0000
    };

    private static final long[] DOUBLES = {
        0x0000_0000_0000_0000L, 0x8000_0000_0000_0000L, 0x0000_0000_0000_0001L,
                0x8000_0000_0000_0001L,
        0x000f_ffff_ffff_ffffL, 0x0010_0000_0000_0000L, 0x8010_0000_0000_0000L,
                0x0010_0000_0000_0001L,
        0x3fef_ffff_ffff_ffffL, 0x3ff0_0000_0000_0000L, 0xbff0_0000_0000_0000L,
                0x3ff0_0000_0000_0001L,
        0x3fe0_0000_0000_0000L, 0x4000_0000_0000_0000L, 0x4008_0000_0000_0000L,
                0x41e0_0000_0000_0000L,
        0xc1e0_0000_0000_0000L, 0x41df_ffff_ffc0_0000L, 0x41f0_0000_0000_0000L,
                0x43e0_0000_0000_0000L,
        0xc3e0_0000_0000_0000L, 0x43f0_0000_0000_0000L, 0x7fe0_0000_0000_0000L,
                0x7fef_ffff_ffff_ffffL,
        0xffef_ffff_ffff_ffffL, 0x7ff0_0000_0000_0000L, 0xfff0_0000_0000_0000L,
                0x7ff0_0000_0000_0001L,
        0x7ff7_ffff_ffff_ffffL, 0x7ff8_0000_0000_0000L, 0xfff8_0000_0000_0000L,
                0xffff_ffff_ffff_ffffL,
        0x47ef_ffff_e000_0000L, 0x47ef_ffff_f000_0000L, 0x3810_0000_0000_0000L,
                0x380f_ffff_ffff_ffffL,
        0x36a0_0000_0000_0000L, 0x40ef_fc00_0000_0000L, 0x40ef_fe00_0000_0000L,
                0x0008_0000_0000_0000L,
        0x0004_0000_0000_0000L, 0x4330_0000_0000_0001L, 0x4340_0000_0000_0000L,
                0x401c_0000_0000_0000L
    };

    private static final long[] INTEGERS = {
        0L,
        -1L,
        1L,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0x7fff_ffff,
        0x8000_0000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        0x8080_8080_8080_8080L,
        0x7f80_7f80_7f80_7f80L,
        0x8000_8000_8000_8000L,
        0x8000_0000_8000_0000L,
        0x0001_0203_0405_0607L,
        0xfffe_fdfc_fbfa_f9f8L,
        0x4000_0000_4000_0000L
    };

    /** {@code mrs x30, fpsr}. */
    private static final int READ_FLAGS = 0xd53b443e;

    /** {@code eor x29, x30, x29, ror #7}. */
    private static final int FOLD_FLAGS = 0xcadd1fdd;

    /** {@code msr fpsr, xzr}. */
    private static final int CLEAR_FLAGS = 0xd51b443f;

    private final List<A64> rows =
            Arrays.stream(A64.values()).filter(SimdSemantics::executes).toList();

    @Override
    public List<A64> rows() {
        return rows;
    }

    @Override
    public int word(A64 row, RandomGenerator random) {
        while (true) {
            int word = row.value() | random.nextInt() & ~row.mask();
            if (!row.reserved(word) && A64.decode(word) == row) {
                return word;
            }
        }
    }

    /**
     * The flags of FPSR are sticky, so that after a few instructions a wrong one no longer shows.
     * Every other block therefore folds them into X29 after each instruction and clears them.
     */
    @Override
    public int[] block(int length, RandomGenerator random) {
        int[] plain = DifferentialAudit.Generator.super.block(length, random);
        if (random.nextBoolean()) {
            return plain;
        }
        int[] folded = new int[4 * length];
        for (int i = 0; i < length; i++) {
            folded[4 * i] = plain[i];
            folded[4 * i + 1] = READ_FLAGS;
            folded[4 * i + 2] = FOLD_FLAGS;
            folded[4 * i + 3] = CLEAR_FLAGS;
        }
        return folded;
    }

    /** Executes the words that {@link #block} adds; false for all others. */
    static boolean foldFlags(Pe pe, int word) {
        switch (word) {
            case READ_FLAGS -> pe.x[30] = pe.fpsr;
            case FOLD_FLAGS -> pe.x[29] = pe.x[30] ^ Long.rotateRight(pe.x[29], 7);
            case CLEAR_FLAGS -> pe.fpsr = 0;
            default -> {
                return false;
            }
        }
        return true;
    }

    @Override
    public void state(StateBlock states, int state, RandomGenerator random) {
        for (int r = 0; r < 31; r++) {
            states.x(state, r, integer(random));
        }
        for (int half = 0; half < 64; half++) {
            states.v(state, half, vectorHalf(random));
        }
        states.word(state, StateBlock.NZCV, random.nextInt() & 0xf000_0000);
        states.word(state, StateBlock.FPCR, fpcr(random));
        states.word(
                state,
                StateBlock.FPSR,
                random.nextInt(3) == 0 ? random.nextInt() & StateBlock.FPSR_BITS : 0);
    }

    /**
     * A third of the states as a process starts, the others any mixture of AHP, DN, FZ, RMode,
     * FZ16.
     */
    private static int fpcr(RandomGenerator random) {
        int thinned = random.nextInt() | ~random.nextInt();
        return random.nextInt(3) == 0 ? 0 : ~thinned & 0x07c8_0000;
    }

    private static long integer(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> INTEGERS[random.nextInt(INTEGERS.length)];
            case 1 -> random.nextLong() >> random.nextInt(64);
            default -> random.nextLong();
        };
    }

    private static long vectorHalf(RandomGenerator random) {
        return switch (random.nextInt(5)) {
            case 0 -> integer(random);
            case 1 -> real64(random);
            case 2, 3 -> real32(random) & 0xffff_ffffL | real32(random) << 32;
            default ->
                    real16(random)
                            | real16(random) << 16
                            | real16(random) << 32
                            | real16(random) << 48;
        };
    }

    private static long real16(RandomGenerator random) {
        return switch (random.nextInt(3)) {
            case 0 -> HALVES[random.nextInt(HALVES.length)];
            case 1 -> 0x3000 + random.nextInt(0x1800) | random.nextInt(2) << 15;
            default -> random.nextInt(0x10000);
        };
    }

    private static long real32(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> SINGLES[random.nextInt(SINGLES.length)];
            case 1 -> SINGLES[random.nextInt(SINGLES.length)] + random.nextInt(-2, 3);
            case 2 ->
                    0x3e00_0000 + random.nextInt(0x0300_0000) & -1 << random.nextInt(24)
                            | random.nextInt(2) << 31;
            default -> random.nextInt();
        };
    }

    private static long real64(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> DOUBLES[random.nextInt(DOUBLES.length)];
            case 1 -> DOUBLES[random.nextInt(DOUBLES.length)] + random.nextInt(-2, 3);
            case 2 ->
                    0x3fc0_0000_0000_0000L + random.nextLong(0x0060_0000_0000_0000L)
                                    & -1L << random.nextInt(52)
                            | random.nextLong() & Long.MIN_VALUE;
            default -> random.nextLong();
        };
    }
}
