package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

/**
 * Stage-2 leaves of one table: how {@link Prot} is encoded there (Arm ARM D8.3.2, D8.4.2, D8.6.5).
 *
 * <p>KVM: {@code stage2_set_prot_attr()}, {@code kvm_pgtable_stage2_pte_prot()}, {@code
 * stage2_pte_needs_update()}.
 */
final class Stage2Descriptor {

    private static final int MEMATTR_DEVICE = 0b0001;
    private static final int MEMATTR_NC = 0b0101;
    private static final int MEMATTR_WB = 0b1111;
    private static final int MEMATTR_FORCED_WB = 0b0110;
    private static final int MEMATTR_STAGE1 = 0b0111;

    private static final int KNOWN = Prot.RWX | Prot.DEVICE | Prot.NORMAL_NC | Prot.SW | Prot.GIVEN;

    private static final int MEMORY = Prot.DEVICE | Prot.NORMAL_NC;

    /** HCR_EL2.FWB governs the attributes of this table. */
    final boolean forceWriteBack;

    private final boolean stage1Attributes;
    private final boolean xnx;
    private final long permissions;

    Stage2Descriptor(boolean forceWriteBack, boolean stage1Attributes, boolean xnx) {
        this.forceWriteBack = forceWriteBack;
        this.stage1Attributes = stage1Attributes;
        this.xnx = xnx;
        permissions =
                Descriptor.S2_R
                        | Descriptor.S2_W
                        | Descriptor.S2_XN1
                        | (xnx ? Descriptor.S2_XN0 : 0);
    }

    /** Whether a word takes a reference to the page it is in. */
    static boolean counted(long pte) {
        return pte != 0;
    }

    /** The attributes of a leaf, or {@code -EINVAL}. */
    long attributes(int prot) {
        if ((prot & ~KNOWN) != 0) {
            return -Errno.EINVAL;
        }
        int memory = prot & MEMORY;
        if (memory == MEMORY || memory != 0 && (prot & Prot.X) != 0) {
            return -Errno.EINVAL;
        }
        boolean given = (prot & Prot.ATTRIBUTES) != 0;
        if (given ? memory != 0 : (prot & Prot.GIVEN) != 0) {
            return -Errno.EINVAL;
        }
        long xn = executeNever(prot);
        if (xn < 0) {
            return xn;
        }
        if (given) {
            return xn
                    | (long) (prot >>> Prot.MEMATTR_SHIFT & 15) << Descriptor.S2_MEMATTR_SHIFT
                    | readWrite(prot)
                    | (long) (prot >>> Prot.SHAREABILITY_SHIFT & 3) << Descriptor.SH_SHIFT
                    | Descriptor.AF
                    | Descriptor.software(prot);
        }
        return xn
                | (long) memAttr(memory) << Descriptor.S2_MEMATTR_SHIFT
                | readWrite(prot)
                | Descriptor.INNER_SHAREABLE
                | Descriptor.AF
                | Descriptor.software(prot);
    }

    static long readWrite(int prot) {
        return ((prot & Prot.R) != 0 ? Descriptor.S2_R : 0)
                | ((prot & Prot.W) != 0 ? Descriptor.S2_W : 0);
    }

    /** XN, or {@code -EINVAL} if EL1 and EL0 differ and can't. */
    long executeNever(int prot) {
        return switch (prot & Prot.X) {
            case Prot.X -> 0;
            case 0 -> Descriptor.S2_XN1;
            case Prot.UX -> xnx ? Descriptor.S2_XN0 : -Errno.EINVAL;
            default -> xnx ? Descriptor.S2_XN1 | Descriptor.S2_XN0 : -Errno.EINVAL;
        };
    }

    /** The field that {@link #executeNever} is about. */
    long executeNeverMask() {
        return xnx ? Descriptor.S2_XN1 | Descriptor.S2_XN0 : Descriptor.S2_XN1;
    }

    private int memAttr(int memory) {
        if (stage1Attributes) {
            return forceWriteBack ? MEMATTR_STAGE1 : MEMATTR_WB;
        }
        return switch (memory) {
            case Prot.DEVICE -> MEMATTR_DEVICE;
            case Prot.NORMAL_NC -> MEMATTR_NC;
            default -> forceWriteBack ? MEMATTR_FORCED_WB : MEMATTR_WB;
        };
    }

    /** Whether a leaf is of memory that is cacheable whatever stage 1 says. */
    boolean cacheable(long pte) {
        return memAttrOf(pte) == memAttr(0);
    }

    private static int memAttrOf(long pte) {
        return (int) (pte & Descriptor.S2_MEMATTR) >> Descriptor.S2_MEMATTR_SHIFT;
    }

    /** Whether a valid leaf may be executed from, at EL1 or EL0. */
    static boolean executable(long pte) {
        return Descriptor.valid(pte)
                && (pte & (Descriptor.S2_XN1 | Descriptor.S2_XN0)) != Descriptor.S2_XN1;
    }

    /** Whether an entry has to be replaced, rather than relaxed or left alone. */
    boolean needsUpdate(long old, long now) {
        if (!Descriptor.valid(old) || !Descriptor.valid(now)) {
            return true;
        }
        return ((old ^ now) & ~permissions) != 0;
    }

    /** R, W, X and software bits of a leaf; of an invalid word only the software bits. */
    static int permissions(long pte) {
        int prot = Descriptor.softwareProt(pte);
        if (!Descriptor.valid(pte)) {
            return prot;
        }
        if ((pte & Descriptor.S2_R) != 0) {
            prot |= Prot.R;
        }
        if ((pte & Descriptor.S2_W) != 0) {
            prot |= Prot.W;
        }
        boolean xn1 = (pte & Descriptor.S2_XN1) != 0;
        boolean xn0 = (pte & Descriptor.S2_XN0) != 0;
        if (xn1 == xn0) {
            prot |= Prot.PX;
        }
        if (!xn1) {
            prot |= Prot.UX;
        }
        return prot;
    }
}
