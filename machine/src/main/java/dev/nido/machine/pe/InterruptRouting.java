package dev.nido.machine.pe;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.machine.gic.GicCpuInterface;

/**
 * Which pending interrupt is taken, and where (Arm ARM D1.3.5). At equal times physical ones come
 * before virtual ones, FIQ before IRQ, a virtual SError before both virtual kinds.
 */
final class InterruptRouting {

    private final Pe pe;
    private final ExceptionEntry entry;

    InterruptRouting(Pe pe, ExceptionEntry entry) {
        this.pe = pe;
        this.entry = entry;
    }

    boolean take() {
        int lines = pe.gic.lines();
        long hcr = pe.hcr;
        if (lines == 0 && (hcr & (HcrEl2.VI | HcrEl2.VF | HcrEl2.VSE)) == 0) {
            return false;
        }
        if ((lines & GicCpuInterface.FIQ) != 0
                && physical(HcrEl2.FMO, Spsr.F, ExceptionEntry.FIQ)) {
            return true;
        }
        if ((lines & GicCpuInterface.IRQ) != 0
                && physical(HcrEl2.IMO, Spsr.I, ExceptionEntry.IRQ)) {
            return true;
        }
        if (pe.el == 2 || !pe.hasEl2() || (hcr & HcrEl2.TGE) != 0) {
            return false;
        }
        if ((hcr & (HcrEl2.VSE | HcrEl2.AMO)) == (HcrEl2.VSE | HcrEl2.AMO)
                && (pe.daif & Spsr.A) == 0) {
            pe.sys[Pe.HCR_EL2] &= ~HcrEl2.VSE;
            pe.hcr &= ~HcrEl2.VSE;
            entry.virtualSError();
            return true;
        }
        if (((lines & GicCpuInterface.VFIQ) != 0 || (hcr & HcrEl2.VF) != 0)
                && (hcr & HcrEl2.FMO) != 0
                && (pe.daif & Spsr.F) == 0) {
            entry.enter(1, ExceptionEntry.FIQ, pe.pc);
            return true;
        }
        if (((lines & GicCpuInterface.VIRQ) != 0 || (hcr & HcrEl2.VI) != 0)
                && (hcr & HcrEl2.IMO) != 0
                && (pe.daif & Spsr.I) == 0) {
            entry.enter(1, ExceptionEntry.IRQ, pe.pc);
            return true;
        }
        return false;
    }

    private boolean physical(long routeBit, long maskBit, int vector) {
        boolean toEl2 = (pe.hcr & (HcrEl2.TGE | routeBit)) != 0;
        int target = toEl2 ? 2 : 1;
        if (target < pe.el) {
            return false;
        }
        // A higher EL cannot be masked by a lower one, but a host's EL0 masks for its EL2.
        boolean maskable = target == pe.el || target == 1 || pe.isHost();
        if (maskable && (pe.daif & maskBit) != 0) {
            return false;
        }
        entry.enter(target, vector, pe.pc);
        return true;
    }

    /** Whether {@link #take} may do something now or after PSTATE changes. */
    boolean anyPending() {
        return pe.gic.lines() != 0 || (pe.hcr & (HcrEl2.VI | HcrEl2.VF | HcrEl2.VSE)) != 0;
    }

    boolean wakeUp() {
        int lines = pe.gic.lines();
        if ((lines & (GicCpuInterface.IRQ | GicCpuInterface.FIQ)) != 0) {
            return true;
        }
        long hcr = pe.hcr;
        if (pe.el == 2 || !pe.hasEl2() || (hcr & HcrEl2.TGE) != 0) {
            return false;
        }
        return (hcr & HcrEl2.IMO) != 0
                        && ((lines & GicCpuInterface.VIRQ) != 0 || (hcr & HcrEl2.VI) != 0)
                || (hcr & HcrEl2.FMO) != 0
                        && ((lines & GicCpuInterface.VFIQ) != 0 || (hcr & HcrEl2.VF) != 0)
                || (hcr & (HcrEl2.AMO | HcrEl2.VSE)) == (HcrEl2.AMO | HcrEl2.VSE);
    }

    /** ISR_EL1: what is pending for the current EL, virtual where virtual interrupts are. */
    long isr() {
        int lines = pe.gic.lines();
        long hcr = pe.hcr;
        boolean guest = pe.el == 1 && pe.hasEl2();
        boolean irq = (lines & GicCpuInterface.IRQ) != 0;
        boolean fiq = (lines & GicCpuInterface.FIQ) != 0;
        boolean serror = false;
        if (guest && (hcr & HcrEl2.IMO) != 0) {
            irq = (lines & GicCpuInterface.VIRQ) != 0 || (hcr & HcrEl2.VI) != 0;
        }
        if (guest && (hcr & HcrEl2.FMO) != 0) {
            fiq = (lines & GicCpuInterface.VFIQ) != 0 || (hcr & HcrEl2.VF) != 0;
        }
        if (guest && (hcr & HcrEl2.AMO) != 0) {
            serror = (hcr & HcrEl2.VSE) != 0;
        }
        return (serror ? Spsr.A : 0) | (irq ? Spsr.I : 0) | (fiq ? Spsr.F : 0);
    }
}
