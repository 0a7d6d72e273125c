package dev.nido.machine.mmu;

/**
 * The outcome of an address translation as PAR_EL1 reports it (Arm ARM D19.2 PAR_EL1). The one
 * place that builds a PAR.
 *
 * @param faulted whether translation failed
 * @param status fault status code with level, as in ESR_ELx, if it did
 * @param stage2 the fault is stage 2's
 * @param onWalk the fault is stage 2's, on a stage-1 walk
 * @param address output address, if translation succeeded
 * @param attribute memory type in the format of a byte of MAIR_ELx
 * @param shareability as in a descriptor's SH
 */
public record Walk(
        boolean faulted,
        int status,
        boolean stage2,
        boolean onWalk,
        long address,
        int attribute,
        int shareability) {

    private static final long F = 1;
    private static final long PTW = 1 << 8;
    private static final long S = 1 << 9;
    private static final long NS = 1 << 9;
    private static final long RES1 = 1 << 11;

    /** A translation that succeeded. */
    public static Walk of(long address, int attribute, int shareability) {
        return new Walk(false, 0, false, false, address, attribute, shareability);
    }

    /** A translation that failed. */
    public static Walk fault(int status, boolean stage2, boolean onWalk) {
        return new Walk(true, status, stage2, onWalk, 0, 0, 0);
    }

    /** The value of PAR_EL1. UNKNOWN bits: NS is one, as in a Non-secure world; others are zero. */
    public long par() {
        if (faulted) {
            return F | (long) status << 1 | (onWalk ? PTW : 0) | (stage2 ? S : 0) | RES1;
        }
        return (long) attribute << 56
                | address & Tlb.ADDRESS
                | RES1
                | NS
                | (long) shareability << 7;
    }
}
