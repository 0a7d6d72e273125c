package dev.nido.kvm.nested;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.machine.pe.Pe;

/**
 * ERET at the guest's EL2, which traps (KVM: {@code kvm_emulate_nested_eret()}, and {@code
 * kvm_hyp_handle_eret()} for those that stay in hyp context; Arm ARM AArch64.ExceptionReturn).
 */
public final class NestedReturn {

    private static final long KEPT = 3L << Spsr.EL_SHIFT | Spsr.SP;

    private NestedReturn() {}

    /** Whether it leads from hyp context to hyp context, and lawfully so. */
    static boolean staysInHypContext(Vcpu vcpu) {
        NestedVcpu nested = vcpu.nested();
        long spsr = nested.read(SysReg.SPSR_EL2);
        int target = Spsr.el(spsr);
        return (target == 2 || target == 0 && nested.tge()) && !isIllegal(spsr, nested.hcr());
    }

    /** Executes it; the vCPU is loaded and in hyp context. */
    public static void emulate(Vcpu vcpu) {
        NestedVcpu nested = vcpu.nested();
        CpuModel cpu = vcpu.vm().cpu();
        long spsr = nested.read(SysReg.SPSR_EL2);
        long elr = nested.read(SysReg.ELR_EL2);
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.nestedReturn(vcpu, elr, spsr);
        }
        long hcr = nested.hcr();
        long old = vcpu.pstate();
        boolean illegal = isIllegal(spsr, hcr);
        long fresh = spsr & kept(cpu);
        if (illegal) {
            fresh |= Spsr.IL | old & KEPT;
        } else {
            fresh |= spsr & (Spsr.IL | KEPT);
        }
        int target = Spsr.el(fresh);
        if ((spsr & Spsr.SS) != 0 && startsStepping(nested, spsr, old, target)) {
            fresh |= Spsr.SS;
        }
        boolean hyp = target == 2 || target == 0 && (hcr & HcrEl2.TGE) != 0;
        Pe pe = vcpu.cpu().pe();
        pe.eventRegister = true;
        pe.monitorBytes = 0;
        if (vcpu.pmu().counting()) {
            vcpu.pmu().returned();
        }
        vcpu.instructionEmulated();
        if (hyp) {
            if (vcpu.debug().active()) {
                // Where the guest can change HCR_EL2.TGE without a trap.
                vcpu.debug().contextChanged();
            }
            vcpu.setPc(
                    HcrEl2.isHost(hcr) || target == 2
                            ? NestedExceptions.branchTarget(nested, elr)
                            : NestedExceptions.upperOrLower(nested.read(SysReg.TCR_EL1), elr));
            vcpu.setPstate(fresh);
        } else {
            long pc = NestedExceptions.upperOrLower(nested.read(SysReg.TCR_EL1), elr);
            long pstate = fresh;
            nested.switchContext(() -> {
                vcpu.setPc(pc);
                vcpu.setPstate(pstate);
            });
        }
    }

    /** PSTATE.SS after the return (Arm ARM DebugExceptionReturnSS). */
    private static boolean startsStepping(NestedVcpu nested, long spsr, long old, int target) {
        long mdscr = nested.debugControl();
        boolean routed = nested.tge() || (nested.read(SysReg.MDCR_EL2) & MdcrEl2.TDE) != 0;
        return (mdscr & MdscrEl1.SS) != 0
                && !isEnabledFrom(2, old, routed, mdscr)
                && isEnabledFrom(target, spsr, routed, mdscr);
    }

    /** Arm ARM AArch64.GenerateDebugExceptionsFrom, but for the OS lock. */
    private static boolean isEnabledFrom(int el, long pstate, boolean routed, long mdscr) {
        int taker = routed ? 2 : 1;
        return el == taker ? (pstate & Spsr.D) == 0 && (mdscr & MdscrEl1.KDE) != 0 : el < taker;
    }

    /** What every return takes from SPSR_EL2, legal or not. */
    private static long kept(CpuModel cpu) {
        return Spsr.NZCV
                | Spsr.DAIF
                | (cpu.has(Feature.PAN) ? Spsr.PAN : 0)
                | (cpu.has(Feature.UAO) ? Spsr.UAO : 0)
                | (cpu.has(Feature.DIT) ? Spsr.DIT : 0)
                | (cpu.has(Feature.SSBS) ? Spsr.SSBS : 0);
    }

    /** Arm ARM D1.4.3: EL and SP stay, and PSTATE.IL is set. */
    static boolean isIllegal(long spsr, long hcr) {
        int target = Spsr.el(spsr);
        return (spsr & Spsr.AARCH32) != 0
                || (spsr & 2) != 0
                || target == 3
                || target == 0 && (spsr & Spsr.SP) != 0
                || target == 1 && (hcr & HcrEl2.TGE) != 0;
    }
}
