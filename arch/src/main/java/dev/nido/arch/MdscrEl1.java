package dev.nido.arch;

/** Bits of MDSCR_EL1 (Arm ARM D19.3.20). */
public final class MdscrEl1 {

    public static final long SS = 1L;
    public static final long TDCC = 1L << 12;
    public static final long KDE = 1L << 13;
    public static final long MDE = 1L << 15;

    private MdscrEl1() {}
}
