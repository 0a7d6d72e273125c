package dev.nido.arch;

/** Bits of MDCR_EL2 (Arm ARM D19.3.18). */
public final class MdcrEl2 {

    /** Event counters that EL1 and EL0 may use, bits 4:0. */
    public static final long HPMN = 0x1f;

    public static final long TPMCR = 1L << 5;
    public static final long TPM = 1L << 6;
    public static final long HPME = 1L << 7;
    public static final long TDE = 1L << 8;
    public static final long TDA = 1L << 9;
    public static final long TDOSA = 1L << 10;
    public static final long TDRA = 1L << 11;
    public static final long HPMD = 1L << 17;

    private MdcrEl2() {}
}
