package dev.nido.arch;

/**
 * Bits of CNTHCTL_EL2 with E2H = 1, and of CNTKCTL_EL1, which shares those of EL0 (Arm ARM
 * D19.12.8, D19.12.20). With E2H = 0 the layout is another: {@link #normalize}.
 */
public final class CnthctlEl2 {

    public static final long EL0PCTEN = 1L;
    public static final long EL0VCTEN = 1L << 1;
    public static final long EVNTEN = 1L << 2;
    public static final long EVNTDIR = 1L << 3;
    public static final long EL0VTEN = 1L << 8;
    public static final long EL0PTEN = 1L << 9;
    public static final long EL1PCTEN = 1L << 10;
    public static final long EL1PTEN = 1L << 11;
    public static final long ECV = 1L << 12;
    public static final long EL1TVT = 1L << 13;
    public static final long EL1TVCT = 1L << 14;
    public static final long EL1NVPCT = 1L << 15;
    public static final long EL1NVVCT = 1L << 16;
    public static final long EVNTIS = 1L << 17;

    private CnthctlEl2() {}

    /** The E2H = 1 view of a value: with E2H = 0, bits 1:0 are EL1PCEN and EL1PCTEN. */
    public static long normalize(long value, boolean e2h) {
        return e2h ? value : value & ~0xf03L | (value & 3) << 10;
    }
}
