package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;

/**
 * A guest's CPU interface as its registers ICH_VMCR, ICH_AP0R0 and ICH_AP1R0_EL2 say (Arm IHI 0069,
 * 12.4.11).
 */
record VirtualInterfaceState(GicParameters parameters, long vmcr, long ap0r0, long ap1r0) {

    static final int VCBPR = 1 << 4;
    static final int VEOIM = 1 << 9;
    static final int VBPR1_SHIFT = 18;
    static final int VBPR0_SHIFT = 21;
    static final int VPMR_SHIFT = 24;

    /** Group 0 enabled in bit 0, Group 1 in bit 1. */
    int groups() {
        return (int) vmcr & 3;
    }

    int priorityMask() {
        return (int) (vmcr >>> VPMR_SHIFT) & parameters.priorityMask();
    }

    int bpr0() {
        return Math.max((int) (vmcr >>> VBPR0_SHIFT) & 7, parameters.minimumBpr0());
    }

    /** ICC_BPR1_EL1 while CBPR is 0. */
    int bpr1() {
        return Math.max((int) (vmcr >>> VBPR1_SHIFT) & 7, parameters.minimumBpr1());
    }

    /** Whether the highest priority pending interrupt, of an enabled group, is signalled. */
    boolean signals(int priority, boolean group1) {
        if (priority >= priorityMask()) {
            return false;
        }
        long running = (ap0r0 | ap1r0) & 0xffff_ffffL;
        if (running == 0) {
            return true;
        }
        int runs = Long.numberOfTrailingZeros(running) << 8 - parameters.priorityBits();
        int subpriority = group1 && (vmcr & VCBPR) == 0 ? bpr1() : bpr0() + 1;
        return priority >> subpriority < runs >> subpriority;
    }
}
