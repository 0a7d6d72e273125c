package dev.nido.machine.pe;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

/** ERET (Arm ARM D1.4, AArch64.ExceptionReturn). */
final class ExceptionReturn {

    private static final int ELR_EL1 = SysReg.ELR_EL1.ordinal();
    private static final int ELR_EL2 = SysReg.ELR_EL2.ordinal();
    private static final int SPSR_EL1 = SysReg.SPSR_EL1.ordinal();
    private static final int SPSR_EL2 = SysReg.SPSR_EL2.ordinal();

    private final Pe pe;

    ExceptionReturn(Pe pe) {
        this.pe = pe;
    }

    void execute() {
        if (pe.el == 0) {
            throw GuestException.undefined();
        }
        if (pe.el == 1 && (pe.hcr & HcrEl2.NV) != 0) {
            throw new GuestException(Esr.EC_ERET, 0, 2);
        }
        pe.pmu.event(PmuCounters.EXC_RETURN);
        long spsr = pe.sys[pe.el == 2 ? SPSR_EL2 : SPSR_EL1];
        long elr = pe.sys[pe.el == 2 ? ELR_EL2 : ELR_EL1];
        boolean illegal = isIllegal(spsr);
        boolean step = pe.debug.stepAfterReturn(spsr, illegal ? pe.el : Spsr.el(spsr));
        ProcessState.fromSpsr(pe, spsr);
        pe.ss = step;
        if (illegal) {
            pe.il = true;
        } else {
            pe.il = (spsr & Spsr.IL) != 0;
            pe.select(Spsr.el(spsr), (int) (spsr & Spsr.SP));
        }
        pe.eventRegister = true;
        pe.monitorBytes = 0;
        pe.pc = pe.branchTarget(elr);
        pe.contextChanged();
        pe.reviewInterrupts();
    }

    /** An illegal return leaves EL and SP as they are, and sets PSTATE.IL (Arm ARM D1.4.3). */
    private boolean isIllegal(long spsr) {
        int target = Spsr.el(spsr);
        return (spsr & Spsr.AARCH32) != 0
                || (spsr & 2) != 0
                || target > pe.el
                || target == 0 && (spsr & Spsr.SP) != 0
                || target == 2 && !pe.cpu.has(Feature.EL2)
                || target == 1 && (pe.hcr & HcrEl2.TGE) != 0;
    }
}
