package dev.nido.kvm.sysreg;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.SysReg;
import dev.nido.kvm.nested.NestedVcpu;

/**
 * Breakpoints, watchpoints and steps of a guest with a virtual EL2 as the PE gets them for the
 * context that is loaded (Arm ARM D2.8, D2.9; KVM: the nested branches of debug.c). EL1 of the PE
 * stands for EL2 in hyp context, so which levels a control names is translated; and what a context
 * breakpoint compares is constant or in another register.
 */
final class NestedBreakpoints {

    private static final long ENABLE = 1;

    /** PMC or PAC 2:1, HMC 13, SSC 15:14. */
    private static final long LEVELS = 3L << 1 | 1L << 13 | 3L << 14;

    private static final int TYPE_SHIFT = 20;
    private static final long TYPE = 15L << TYPE_SHIFT;
    private static final long LINKED = 1;

    /** DBGBCR.BT without its lowest bit, which links. */
    private static final int CONTEXT = 2;

    private static final int CONTEXT_EL1 = 6;
    private static final int VMID = 8;
    private static final int VMID_AND_CONTEXT = 10;
    private static final int CONTEXT_EL2 = 12;
    private static final int BOTH = 14;

    private NestedBreakpoints() {}

    /** Whether a control is for an exception level of the Non-secure state (Arm ARM D2.8.3). */
    static boolean isFor(long control, int el) {
        int ssc = (int) (control >> 14) & 3;
        boolean hmc = (control >> 13 & 1) != 0;
        if (ssc == 2 || ssc == 3 && !hmc) {
            return false;
        }
        return el == 2 ? hmc || ssc == 3 : (control >> (el == 0 ? 2 : 1) & 1) != 0;
    }

    /** The same control for the levels that the guest's are in the PE. */
    static long levels(NestedVcpu nested, long control) {
        boolean el1 = isFor(control, nested.isHypContext() ? 2 : 1);
        return control & ~LEVELS | (el1 ? 2 : 0) | (isFor(control, 0) ? 4 : 0);
    }

    /** DBGBCR for the PE. */
    static long control(NestedVcpu nested, long bcr, long bvr) {
        int type = type(bcr);
        long acting = levels(nested, bcr);
        if (type < CONTEXT) {
            return acting;
        }
        int as = actingType(nested, type, bvr);
        if (as == 0) {
            return acting & ~ENABLE;
        }
        return acting & ~TYPE | (as | bcr >> TYPE_SHIFT & LINKED) << TYPE_SHIFT;
    }

    /** DBGBVR for the PE. */
    static long value(NestedVcpu nested, long bcr, long bvr) {
        int type = type(bcr);
        if (type < CONTEXT) {
            return bvr;
        }
        if (type == CONTEXT_EL2 && isHost(nested)) {
            return bvr >>> 32;
        }
        // CONTEXTIDR_EL2 of the PE is the hypervisor's: zero.
        return bvr & 0xffff_ffffL;
    }

    private static int type(long bcr) {
        return (int) (bcr >> TYPE_SHIFT) & 14;
    }

    /**
     * DBGBCR.BT without link that compares in the PE what the guest's compares; 0 if there can't be
     * a match.
     */
    private static int actingType(NestedVcpu nested, int type, long bvr) {
        if (nested.isHypContext()) {
            // CONTEXTIDR_EL1 of the PE is CONTEXTIDR_EL2 of a host; EL1's has no part in it.
            boolean own = type == CONTEXT || type == CONTEXT_EL2;
            return own && isHost(nested) ? CONTEXT_EL1 : 0;
        }
        return switch (type) {
            case CONTEXT, CONTEXT_EL1 -> CONTEXT_EL1;
            case VMID -> isVmid(nested, bvr) ? CONTEXT_EL2 : 0;
            case VMID_AND_CONTEXT -> isVmid(nested, bvr) ? BOTH : 0;
            case CONTEXT_EL2 -> isContextEl2(nested, bvr) ? CONTEXT_EL2 : 0;
            case BOTH -> isContextEl2(nested, bvr) ? BOTH : 0;
            default -> 0;
        };
    }

    private static boolean isHost(NestedVcpu nested) {
        return nested.isHypContext() && nested.e2h();
    }

    private static boolean isVmid(NestedVcpu nested, long bvr) {
        int vmid = (int) (nested.read(SysReg.VTTBR_EL2) >>> 48);
        return vmid == (int) (bvr >>> 32 & 0xffff);
    }

    private static boolean isContextEl2(NestedVcpu nested, long bvr) {
        return (int) nested.read(SysReg.CONTEXTIDR_EL2) == (int) (bvr >> 32);
    }

    /**
     * Whether a context breakpoint that looks at CONTEXTIDR_EL1 matches where the guest is.
     *
     * @param ofHost it looks at CONTEXTIDR_EL2 in a host
     */
    static boolean contextMatches(NestedVcpu nested, boolean ofHost, long bvr) {
        if (nested.isHypContext()) {
            return ofHost && nested.e2h() && (int) nested.read(SysReg.CONTEXTIDR_EL2) == (int) bvr;
        }
        return (int) nested.read(SysReg.CONTEXTIDR_EL1) == (int) bvr;
    }

    /** Whether the guest's debug exceptions go to its EL2: MDCR_EL2.TDE, HCR_EL2.TGE. */
    static boolean routedToEl2(NestedVcpu nested) {
        return (nested.read(SysReg.MDCR_EL2) & MdcrEl2.TDE) != 0
                || (nested.hcr() & HcrEl2.TGE) != 0;
    }

    /** MDSCR_EL1 for the PE: at EL2 nothing of it acts if debug exceptions go to EL1. */
    static long mdscr(NestedVcpu nested, long mdscr) {
        return nested.isHypContext() && !routedToEl2(nested)
                ? mdscr & ~(MdscrEl1.SS | MdscrEl1.MDE | MdscrEl1.KDE)
                : mdscr;
    }
}
