package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

/**
 * VTCR_EL2 and the stage-2 geometry: one from the other (Arm ARM D8.2.9, D19.2.160 VTCR_EL2).
 *
 * <p>KVM: {@code kvm_get_vtcr()}, {@code kvm_init_ipa_range()}, {@code VTCR_EL2_LVLS}, {@code
 * kvm_pgtable_stage2_pgd_size()}.
 */
public final class Stage2Geometry {

    /** IPA bits where the user asks for 0. */
    public static final int DEFAULT_IPA_BITS = 40;

    /** The fewest IPA bits of a VM. */
    public static final int MIN_IPA_BITS = 32;

    private static final long RES1 = 1L << 31;
    private static final int PS_SHIFT = 16;
    private static final long VS = 1L << 19;
    private static final long HA = 1L << 21;
    private static final long WRITE_BACK_INNER_SHAREABLE = 3 << 12 | 1 << 10 | 1 << 8;
    private static final int PS_52_BITS = 6;
    private static final int[] PA_BITS = {32, 36, 40, 42, 44, 48, 52};

    private Stage2Geometry() {}

    /** Logarithm of the granule that VTCR_EL2.TG0, bits 15:14, selects. */
    public static int pageShift(long vtcr) {
        return switch ((int) (vtcr >>> 14) & 3) {
            case 1 -> 16;
            case 2 -> 14;
            default -> 12;
        };
    }

    /** IPA bits by T0SZ, bits 5:0. */
    public static int iaBits(long vtcr) {
        return 64 - ((int) vtcr & 63);
    }

    /** The level of the root by SL0, bits 7:6; 3 in a 4 KiB granule is FEAT_TTST's level 3. */
    public static int startLevel(long vtcr) {
        int sl0 = (int) (vtcr >>> 6) & 3;
        if (pageShift(vtcr) == 12) {
            return sl0 == 3 ? 3 : 2 - sl0;
        }
        return 3 - sl0;
    }

    /** The geometry that a VTCR_EL2 describes. */
    public static TableGeometry of(long vtcr) {
        int pageShift = pageShift(vtcr);
        int lowestBlock = pageShift == 12 ? 1 : 2;
        if (pageShift == 16 && ((int) (vtcr >>> PS_SHIFT) & 7) == PS_52_BITS) {
            lowestBlock = 1; // FEAT_LPA
        }
        return new TableGeometry(pageShift, iaBits(vtcr), startLevel(vtcr), lowestBlock);
    }

    /** Bytes of the root table for a VTCR_EL2: 1 to 16 pages. */
    public static long pgdSize(long vtcr) {
        return of(vtcr).pgdSize();
    }

    /** Levels that a stage 2 of this many IPA bits has, with up to 16 concatenated roots. */
    public static int levels(int pageShift, int ipaBits) {
        return Math.max(2, (ipaBits - 4 - 4) / (pageShift - 3));
    }

    /** Physical address bits by ID_AA64MMFR0_EL1.PARange; reserved values as 48. */
    public static int paBits(int paRange) {
        return paRange < PA_BITS.length ? PA_BITS[paRange] : 48;
    }

    /**
     * Builds VTCR_EL2 for a context: granule, T0SZ and SL0 with concatenation, Inner Shareable
     * Write-Back walks, HA and VS where there is hardware for them.
     *
     * @param pageShift of L0's granule: 12, 14 or 16
     * @param ipaBits what the user asks for, 32 to the limit, or 0 for 40
     * @param paRange ID_AA64MMFR0_EL1.PARange that all PEs support; its size, at most 48 bits, is
     *     the limit
     * @param hardwareAccessFlag FEAT_HAFDBS
     * @param vmid16 FEAT_VMID16
     * @return the register, or {@code -EINVAL}
     */
    public static long vtcr(
            int pageShift, int ipaBits, int paRange, boolean hardwareAccessFlag, boolean vmid16) {
        int limit = Math.min(paBits(paRange), 48);
        int bits = ipaBits == 0 ? DEFAULT_IPA_BITS : ipaBits;
        if (bits < MIN_IPA_BITS || bits > limit) {
            if (bits == DEFAULT_IPA_BITS) {
                Warn.that("the default of 40 IPA bits needs more than the %d there are", limit);
            }
            return -Errno.EINVAL;
        }
        int startLevel = 4 - levels(pageShift, bits);
        int sl0 = (pageShift == 12 ? 2 : 3) - startLevel;
        int tg0 = pageShift == 16 ? 1 : pageShift == 14 ? 2 : 0;
        return RES1
                | 64 - bits
                | (long) sl0 << 6
                | WRITE_BACK_INNER_SHAREABLE
                | (long) tg0 << 14
                | (long) Math.min(paRange, 5) << PS_SHIFT
                | (vmid16 ? VS : 0)
                | (hardwareAccessFlag ? HA : 0);
    }
}
