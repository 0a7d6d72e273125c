package dev.nido.kvm.nested;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;

/**
 * Exits of a vCPU with a virtual EL2 that are the guest's own matter: those that its EL2 has asked
 * for, and what only its EL2 may execute (KVM: {@code forward_traps()} and the nested branches of
 * handle_exit.c). Trapped system registers have a table of their own.
 */
public final class ExitForwarding {

    /** The exit is left to the hypervisor's own handlers. */
    public static final int OURS = Integer.MAX_VALUE;

    private ExitForwarding() {}

    /**
     * Forwards an exit, or emulates it for the guest's EL2.
     *
     * @param ec exception class of {@code esr}
     * @return {@link Handled#RESUME}, or {@link #OURS}
     */
    public static int handle(Vcpu vcpu, long esr, int ec) {
        NestedVcpu nested = vcpu.nested();
        switch (ec) {
            case Esr.EC_HVC -> {
                // Behind the HVC already; it is not the hypervisor's, whoever executed it.
                NestedExceptions.synchronous(vcpu, esr);
                return Handled.RESUME;
            }
            case Esr.EC_ERET -> {
                if (nested.isHypContext()) {
                    NestedReturn.emulate(vcpu);
                    return Handled.RESUME;
                }
                return forward(vcpu, esr, true);
            }
            case Esr.EC_DATA_ABORT | 1 -> {
                // EL2's own accesses are those of FEAT_NV2.
                VncrTlb tlb = nested.vncrTlb();
                return tlb == null ? -Errno.EFAULT : tlb.handle(esr);
            }
            case Esr.EC_WFX -> {
                long trap = (Esr.iss(esr) & 1) != 0 ? HcrEl2.TWE : HcrEl2.TWI;
                return forward(vcpu, esr, nested.isNested() && (nested.hcr() & trap) != 0);
            }
            case Esr.EC_SMC -> {
                return forward(vcpu, esr, nested.isNested() && (nested.hcr() & HcrEl2.TSC) != 0);
            }
            case Esr.EC_FP -> {
                // The hypervisor itself never traps it.
                return forward(vcpu, esr, nested.isNested());
            }
            case Esr.EC_BREAKPOINT, Esr.EC_STEP, Esr.EC_WATCHPOINT, Esr.EC_BRK -> {
                boolean asked = (nested.read(SysReg.MDCR_EL2) & MdcrEl2.TDE) != 0;
                if (ec == Esr.EC_WATCHPOINT && nested.isNested() && asked) {
                    nested.write(SysReg.FAR_EL2, vcpu.cpu().read(SysReg.FAR_EL2));
                }
                return forward(
                        vcpu, esr, nested.isNested() && asked && !vcpu.debug().ownedByUser());
            }
            default -> {
                return OURS;
            }
        }
    }

    private static int forward(Vcpu vcpu, long esr, boolean yes) {
        if (!yes) {
            return OURS;
        }
        NestedExceptions.synchronous(vcpu, esr);
        return Handled.RESUME;
    }
}
