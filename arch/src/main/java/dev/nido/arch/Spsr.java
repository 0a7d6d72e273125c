package dev.nido.arch;

/** Bits of SPSR_ELx for AArch64 (Arm ARM D19.2.140). */
public final class Spsr {

    public static final long SP = 1;
    public static final int EL_SHIFT = 2;
    public static final long AARCH32 = 1L << 4;
    public static final long F = 1L << 6;
    public static final long I = 1L << 7;
    public static final long A = 1L << 8;
    public static final long D = 1L << 9;
    public static final long DAIF = D | A | I | F;
    public static final long SSBS = 1L << 12;
    public static final long IL = 1L << 20;
    public static final long SS = 1L << 21;
    public static final long PAN = 1L << 22;
    public static final long UAO = 1L << 23;
    public static final long DIT = 1L << 24;
    public static final long NZCV = 0xf000_0000L;

    private Spsr() {}

    /** M[3:2]. */
    public static int el(long spsr) {
        return (int) spsr >> EL_SHIFT & 3;
    }
}
