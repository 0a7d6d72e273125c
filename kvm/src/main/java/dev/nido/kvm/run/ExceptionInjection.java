package dev.nido.kvm.run;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.NestedExceptions;

/**
 * Exceptions that the hypervisor injects into the guest (KVM's inject_fault.c and hyp/exception.c):
 * the state that the architecture gives to an exception taken to EL1 (Arm ARM D1.3.1,
 * AArch64.TakeException).
 */
public final class ExceptionInjection {

    private static final int SYNCHRONOUS = 0;
    private static final int SERROR = 0x180;
    private static final long MODE = 0xf;
    private static final long EL1H = 5;

    private ExceptionInjection() {}

    /** An UNDEFINED instruction ({@code kvm_inject_undefined}). */
    public static void undefined(Vcpu vcpu) {
        synchronous(vcpu, Esr.of(Esr.EC_UNKNOWN, true, 0));
    }

    /**
     * A synchronous external abort on a data access ({@code kvm_inject_dabt}).
     *
     * @param iss syndrome without the class: WnR, CM, S1PTW and status as the PE reports them
     */
    public static void dataAbort(Vcpu vcpu, long far, int iss) {
        abort(vcpu, Esr.EC_DATA_ABORT, far, iss);
    }

    /** A synchronous external abort on an instruction fetch ({@code kvm_inject_pabt}). */
    public static void prefetchAbort(Vcpu vcpu, long far, int iss) {
        abort(vcpu, Esr.EC_INSTRUCTION_ABORT, far, iss);
    }

    private static void abort(Vcpu vcpu, int ec, long far, int iss) {
        int target = vcpu.nested() != null && NestedExceptions.takesAborts(vcpu) ? 2 : 1;
        vcpu.writeSys(target == 2 ? SysReg.FAR_EL2 : SysReg.FAR_EL1, far);
        int sameEl = Spsr.el(vcpu.pstate()) == target ? 1 : 0;
        long esr = Esr.of(ec | sameEl, true, iss);
        if (target == 2) {
            NestedExceptions.synchronous(vcpu, esr);
        } else {
            toEl1(vcpu, esr);
        }
    }

    /** Any synchronous exception of the context that executes: to EL1, or to EL2 at its own. */
    public static void synchronous(Vcpu vcpu, long esr) {
        if (vcpu.nested() != null && vcpu.nested().isHypContext()) {
            NestedExceptions.synchronous(vcpu, esr);
        } else {
            toEl1(vcpu, esr);
        }
    }

    private static void toEl1(Vcpu vcpu, long esr) {
        trace(vcpu, esr);
        vcpu.writeSys(SysReg.ESR_EL1, esr);
        enter(vcpu, SYNCHRONOUS);
        vcpu.exceptionInjected(true);
    }

    /** An SError that is not masked now ({@code kvm_inject_vabt} where delivered by software). */
    public static void serror(Vcpu vcpu, long esr) {
        trace(vcpu, esr);
        vcpu.writeSys(SysReg.ESR_EL1, esr);
        enter(vcpu, SERROR);
        vcpu.exceptionInjected(false);
    }

    private static void trace(Vcpu vcpu, long esr) {
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.injection(vcpu, vcpu.pc(), esr, vcpu.readSys(SysReg.FAR_EL1));
        }
    }

    /** FEAT_NV: at EL1 of a hypervisor's guest that is one itself, EL1 says that it is EL2. */
    private static long shown(Vcpu vcpu, long spsr) {
        if (vcpu.nested() == null || Spsr.el(spsr) != 1) {
            return spsr;
        }
        long nv = vcpu.nested().hcr() & (HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2);
        return (nv & HcrEl2.NV) == 0 || nv == (HcrEl2.NV | HcrEl2.NV1)
                ? spsr
                : spsr ^ 3L << Spsr.EL_SHIFT;
    }

    private static void enter(Vcpu vcpu, int offset) {
        long old = vcpu.pstate();
        vcpu.writeSys(SysReg.SPSR_EL1, shown(vcpu, old));
        vcpu.writeSys(SysReg.ELR_EL1, vcpu.pc());
        int group = Spsr.el(old) < 1 ? 0x400 : (old & Spsr.SP) == 0 ? 0 : 0x200;
        long sctlr = vcpu.readSys(SysReg.SCTLR_EL1);
        long fresh = old & (Spsr.NZCV | Spsr.DIT | Spsr.PAN) & ~MODE | Spsr.DAIF | EL1H;
        if (vcpu.vm().cpu().has(Feature.PAN) && (sctlr & SctlrEl1.SPAN) == 0) {
            fresh |= Spsr.PAN;
        }
        if (vcpu.vm().cpu().has(Feature.SSBS) && (sctlr & SctlrEl1.DSSBS) != 0) {
            fresh |= Spsr.SSBS;
        }
        vcpu.setPstate(fresh);
        long vector = (vcpu.readSys(SysReg.VBAR_EL1) & ~0x7ffL) + group + offset;
        vcpu.setPc(branchTarget(vcpu.readSys(SysReg.TCR_EL1), vector));
    }

    /** The tag of a branch target at EL1 (Arm ARM AArch64.BranchAddr). */
    private static long branchTarget(long tcr, long va) {
        boolean upper = (va >> 55 & 1) != 0;
        return (tcr >> (upper ? 38 : 37) & 1) != 0 ? va << 8 >> 8 : va;
    }
}
