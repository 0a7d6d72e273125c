package dev.nido.kvm.pgtable;

/**
 * Bits of translation table descriptors (Arm ARM D8.3), and what software puts into invalid ones.
 *
 * <p>KVM: {@code KVM_PTE_*} and {@code KVM_INVALID_PTE_*}.
 */
final class Descriptor {

    static final long VALID = 1;

    /** Level 3: a page; else: a table. */
    static final long TABLE_OR_PAGE = 1 << 1;

    private static final long TYPE = VALID | TABLE_OR_PAGE;

    static final int SH_SHIFT = 8;
    static final long INNER_SHAREABLE = 3 << SH_SHIFT;
    static final long AF = 1 << 10;
    static final long NG = 1 << 11;
    static final long SW = 15L << 55;

    /** Everything in a leaf that isn't its address or type: bits 11:2 and 63:50. */
    static final long LEAF_ATTRIBUTES = 0xfffc_0000_0000_0ffcL;

    // Stage 2

    static final int S2_MEMATTR_SHIFT = 2;
    static final long S2_MEMATTR = 15 << 2;
    static final long S2_R = 1 << 6;
    static final long S2_W = 1 << 7;
    static final long S2_XN0 = 1L << 53;
    static final long S2_XN1 = 1L << 54;

    // Stage 1 of EL2 and EL2&0

    static final int S1_ATTR_SHIFT = 2;
    static final long S1_ATTR = 7 << 2;

    /** AP[1]: EL0 may access; RES1 where there is no EL0. */
    static final long S1_AP1 = 1 << 6;

    /** AP[2]: read only. */
    static final long S1_READ_ONLY = 1 << 7;

    static final long S1_PXN = 1L << 53;
    static final long S1_XN = 1L << 54;

    /** Invalid, and in the middle of a break-before-make: only shared walkers meet it. */
    static final long LOCKED = 1 << 10;

    /** Owner of an invalid entry: bits 9:2. */
    static final int OWNER_SHIFT = 2;

    static final int MAX_OWNER = 255;

    private static final long OA_48 = 0xffff_ffff_f000L;
    private static final long OA_HIGH_64K = 0xf000;

    private Descriptor() {}

    static boolean valid(long pte) {
        return (pte & VALID) != 0;
    }

    static boolean table(long pte, int level) {
        return (pte & TYPE) == TYPE && level < TableGeometry.LAST_LEVEL;
    }

    static boolean locked(long pte) {
        return pte == LOCKED;
    }

    /** Output address: bits 47:P, and with 64 KiB pages OA[51:48] in bits 15:12. */
    static long outputAddress(long pte, int pageShift) {
        if (pageShift == 16) {
            return pte & OA_48 & -1L << 16 | (pte & OA_HIGH_64K) << 36;
        }
        return pte & OA_48 & -1L << pageShift;
    }

    static long encodeAddress(long pa, int pageShift) {
        if (pageShift == 16) {
            return pa & OA_48 & -1L << 16 | pa >>> 36 & OA_HIGH_64K;
        }
        return pa & OA_48;
    }

    /** Whether an address can be encoded. */
    static boolean addressable(long pa, int pageShift) {
        return pa >>> (pageShift == 16 ? 52 : 48) == 0;
    }

    static long tableEntry(long pa, int pageShift) {
        return encodeAddress(pa, pageShift) | TYPE;
    }

    static long leafEntry(long pa, long attributes, int level, int pageShift) {
        return encodeAddress(pa, pageShift)
                | attributes
                | (level == TableGeometry.LAST_LEVEL ? TYPE : VALID);
    }

    /** The software bits of {@link Prot}, in place. */
    static long software(int prot) {
        return (long) Prot.swOf(prot) << Prot.DESCRIPTOR_SW_SHIFT;
    }

    static int softwareProt(long pte) {
        return Prot.sw((int) (pte >>> Prot.DESCRIPTOR_SW_SHIFT) & 15);
    }
}
