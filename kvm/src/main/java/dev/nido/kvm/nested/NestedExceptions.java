package dev.nido.kvm.nested;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;

/**
 * Exceptions that the hypervisor injects into the guest's EL2 (KVM: {@code kvm_inject_nested()},
 * {@code enter_exception64()}): the state that the architecture gives to an exception taken to EL2
 * (Arm ARM D1.3.1, AArch64.TakeException).
 */
public final class NestedExceptions {

    /** Offsets of the four entries of a vector group. */
    private static final int SYNCHRONOUS = 0;

    private static final int IRQ = 0x80;
    private static final int FIQ = 0x100;
    private static final int SERROR = 0x180;

    private static final long MODE = 0xf;
    private static final long EL2H = 9;

    private NestedExceptions() {}

    /**
     * A synchronous exception. FAR_EL2 and HPFAR_EL2, where the syndrome makes them valid, are set
     * already.
     *
     * @param esr what ESR_EL2 gets
     */
    public static void synchronous(Vcpu vcpu, long esr) {
        inject(vcpu, SYNCHRONOUS, esr);
    }

    /** An SError, which is not masked now. */
    public static void serror(Vcpu vcpu, long esr) {
        inject(vcpu, SERROR, esr);
    }

    /**
     * Interrupts the guest of the guest if there is an interrupt for the guest's EL2, which the
     * other can't mask ({@code KVM_REQ_GUEST_HYP_IRQ_PENDING}).
     *
     * @return whether it did
     */
    public static boolean pendingInterrupt(Vcpu vcpu) {
        if (!vcpu.nested().vgicNested()) {
            return false;
        }
        int signalled = vcpu.vgic().signalled();
        if (signalled == 0) {
            return false;
        }
        inject(vcpu, (signalled & 2) != 0 ? FIQ : IRQ, 0);
        return true;
    }

    /** Whether a synchronous external abort of what executes now goes to the guest's EL2. */
    public static boolean takesAborts(Vcpu vcpu) {
        return vcpu.nested().isHypContext();
    }

    private static void inject(Vcpu vcpu, int offset, long esr) {
        NestedVcpu nested = vcpu.nested();
        vcpu.commit();
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.nestedException(vcpu, offset, esr);
        }
        if (nested.isHypContext()) {
            enter(vcpu, offset, esr);
        } else {
            nested.switchContext(() -> enter(vcpu, offset, esr));
        }
        vcpu.exceptionInjected(offset == SYNCHRONOUS);
    }

    private static void enter(Vcpu vcpu, int offset, long esr) {
        NestedVcpu nested = vcpu.nested();
        long old = vcpu.pstate();
        if (offset == SYNCHRONOUS || offset == SERROR) {
            nested.write(SysReg.ESR_EL2, esr);
        }
        nested.write(SysReg.SPSR_EL2, old);
        nested.write(SysReg.ELR_EL2, vcpu.pc());
        int group = Spsr.el(old) < 2 ? 0x400 : (old & Spsr.SP) == 0 ? 0 : 0x200;
        long sctlr = nested.read(SysReg.SCTLR_EL2);
        long fresh = old & (Spsr.NZCV | Spsr.DIT | Spsr.PAN) & ~MODE | Spsr.DAIF | EL2H;
        if (vcpu.vm().cpu().has(Feature.PAN)
                && HcrEl2.isHost(nested.hcr())
                && (sctlr & SctlrEl1.SPAN) == 0) {
            fresh |= Spsr.PAN;
        }
        if (vcpu.vm().cpu().has(Feature.SSBS) && (sctlr & SctlrEl1.DSSBS) != 0) {
            fresh |= Spsr.SSBS;
        }
        vcpu.setPstate(fresh);
        long vector = (nested.read(SysReg.VBAR_EL2) & ~0x7ffL) + group + offset;
        vcpu.setPc(branchTarget(nested, vector));
    }

    /** The tag of a branch target at EL2 and in its host (Arm ARM AArch64.BranchAddr). */
    static long branchTarget(NestedVcpu nested, long va) {
        long tcr = nested.read(SysReg.TCR_EL2);
        if (!nested.e2h()) {
            return (tcr >> 20 & 1) != 0 ? va & 0xff_ffff_ffff_ffffL : va;
        }
        return upperOrLower(tcr, va);
    }

    /** The same where there are two ranges. */
    static long upperOrLower(long tcr, long va) {
        boolean upper = (va >> 55 & 1) != 0;
        return (tcr >> (upper ? 38 : 37) & 1) != 0 ? va << 8 >> 8 : va;
    }
}
