package dev.nido.arch;

/** Bits of CPTR_EL2 in both layouts, and of CPACR_EL1 (Arm ARM D19.2.34, D19.2.33). */
public final class CptrEl2 {

    /** Traps CPACR_EL1; both layouts. */
    public static final long TCPAC = 1L << 31;

    /** E2H = 0: traps Advanced SIMD and FP. */
    public static final long TFP = 1L << 10;

    /** E2H = 1, and CPACR_EL1: lowest bit of the two of FPEN. */
    public static final int FPEN_SHIFT = 20;

    /** E2H = 0 at reset: the RES1 bits, and those of SVE and SME, which are absent. */
    public static final long RESET_NVHE = 0x33ffL;

    private CptrEl2() {}

    /** FPEN of CPACR_EL1, or of CPTR_EL2 with E2H = 1: 0–3. */
    public static int fpen(long value) {
        return (int) (value >> FPEN_SHIFT) & 3;
    }
}
