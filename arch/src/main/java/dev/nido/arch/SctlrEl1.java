package dev.nido.arch;

/** Bits of SCTLR_EL1, and of SCTLR_EL2 where it has them (Arm ARM D19.2.126, D19.2.127). */
public final class SctlrEl1 {

    public static final long M = 1L;
    public static final long A = 1L << 1;
    public static final long C = 1L << 2;
    public static final long SA = 1L << 3;
    public static final long SA0 = 1L << 4;
    public static final long NAA = 1L << 6;
    public static final long UMA = 1L << 9;
    public static final long I = 1L << 12;
    public static final long DZE = 1L << 14;
    public static final long UCT = 1L << 15;
    public static final long NTWI = 1L << 16;
    public static final long NTWE = 1L << 18;
    public static final long WXN = 1L << 19;
    public static final long SPAN = 1L << 23;
    public static final long E0E = 1L << 24;
    public static final long EE = 1L << 25;
    public static final long UCI = 1L << 26;
    public static final long DSSBS = 1L << 44;

    /** Value at reset: MMU and caches off, the bits that are RES1 in Armv8.0 set. */
    public static final long RESET = 0x30d0_0800L;

    /** SCTLR_EL2 at reset: the RES1 bits of its E2H = 0 layout. */
    public static final long RESET_EL2 = 0x30c5_0830L;

    private SctlrEl1() {}
}
