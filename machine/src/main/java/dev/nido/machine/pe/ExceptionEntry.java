package dev.nido.machine.pe;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

/** Routing and entry of exceptions (Arm ARM D1.3.1, AArch64.TakeException). */
final class ExceptionEntry {

    private static final int[] ELR = {-1, SysReg.ELR_EL1.ordinal(), SysReg.ELR_EL2.ordinal()};
    private static final int[] SPSR = {-1, SysReg.SPSR_EL1.ordinal(), SysReg.SPSR_EL2.ordinal()};
    private static final int[] ESR = {-1, SysReg.ESR_EL1.ordinal(), SysReg.ESR_EL2.ordinal()};
    private static final int[] FAR = {-1, SysReg.FAR_EL1.ordinal(), SysReg.FAR_EL2.ordinal()};
    private static final int[] VBAR = {-1, SysReg.VBAR_EL1.ordinal(), SysReg.VBAR_EL2.ordinal()};
    private static final int HPFAR = SysReg.HPFAR_EL2.ordinal();

    /** Offsets of the four entries of a vector group. */
    static final int SYNCHRONOUS = 0;

    static final int IRQ = 0x80;
    static final int FIQ = 0x100;
    static final int SERROR = 0x180;

    private final Pe pe;

    ExceptionEntry(Pe pe) {
        this.pe = pe;
    }

    void synchronous(GuestException e) {
        int target = Math.max(e.targetEl, pe.el);
        int ec = e.exceptionClass;
        int iss = e.iss;
        if (e.targetEl < 2 && pe.el == 0) {
            if ((pe.hcr & HcrEl2.TGE) == 0) {
                target = 1;
            } else {
                target = 2;
                if (ec == Esr.EC_FP) {
                    // CPACR_EL1 traps that TGE re-routes are reported as UNDEFINED instructions
                    // are.
                    ec = Esr.EC_UNKNOWN;
                    iss = 0;
                }
            }
        }
        if (target == pe.el && hasSameElForm(ec)) {
            ec |= 1;
        }
        if ((ec == Esr.EC_DATA_ABORT || ec == Esr.EC_WATCHPOINT) && (iss & Esr.VNCR) != 0) {
            // The access was EL2's own.
            ec |= 1;
        }
        pe.exceptions.countSynchronous(target, ec);
        pe.sys[ESR[target]] = Esr.of(ec, true, iss);
        if (e.farValid) {
            pe.sys[FAR[target]] = e.far;
        }
        if (e.ipaValid && target == 2) {
            pe.sys[HPFAR] = e.ipa >>> 12 << 4 & 0xfff_ffff_fff0L;
        }
        if (e.returnsToNext) {
            pe.ss = false;
            enter(target, SYNCHRONOUS, pe.pc + 4);
        } else {
            enter(target, SYNCHRONOUS, pe.pc);
        }
    }

    private static boolean hasSameElForm(int ec) {
        return switch (ec) {
            case Esr.EC_INSTRUCTION_ABORT,
                    Esr.EC_DATA_ABORT,
                    Esr.EC_BREAKPOINT,
                    Esr.EC_STEP,
                    Esr.EC_WATCHPOINT ->
                    true;
            default -> false;
        };
    }

    /** Virtual SError: the only kind that this machine has, without FEAT_RAS. */
    void virtualSError() {
        pe.sys[ESR[1]] = Esr.of(Esr.EC_SERROR, true, 0);
        enter(1, SERROR, pe.pc);
    }

    /** Enters {@code target} through the vector at {@code offset} of its group. */
    void enter(int target, int offset, long returnAddress) {
        int from = pe.el;
        pe.debug.entered();
        pe.pmu.event(PmuCounters.EXC_TAKEN);
        if (offset != SYNCHRONOUS) {
            pe.exceptions.countAsynchronous(target, offset);
        }
        long spsr = ProcessState.toSpsr(pe);
        if (target == 1 && from == 1) {
            spsr = nestedSpsr(spsr);
        }
        pe.sys[SPSR[target]] = spsr;
        pe.sys[ELR[target]] = returnAddress;
        int group = from < target ? 0x400 : pe.spSel == 0 ? 0 : 0x200;
        pe.select(target, 1);
        pe.daif = (int) Spsr.DAIF;
        pe.ss = false;
        pe.il = false;
        pe.uao = false;
        if (pe.cpu.has(Feature.PAN)
                && (target == 1 || pe.isHost())
                && !pe.sctlrBit(SctlrEl1.SPAN)) {
            pe.pan = true;
        }
        pe.ssbs = pe.cpu.has(Feature.SSBS) && pe.defaultSsbs();
        pe.pc = pe.branchTarget((pe.sys[VBAR[target]] & ~0x7ffL) + group + offset);
        pe.contextChanged();
        if (target == 2 && pe.returnsFromEl2Entry) {
            pe.enteredEl2 = true;
            pe.endRun = true;
        } else {
            pe.countRepeated();
        }
    }

    /**
     * FEAT_NV: an exception within EL1 pretends to come from EL2, but not where EL1 stands for an
     * EL2 without E2H and SPSR_EL1 is trapped ({NV, NV1, NV2} = {1, 1, 0}).
     */
    private long nestedSpsr(long spsr) {
        long nv = pe.hcr & (HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2);
        if ((nv & HcrEl2.NV) == 0 || nv == (HcrEl2.NV | HcrEl2.NV1)) {
            return spsr;
        }
        return spsr & ~(3L << Spsr.EL_SHIFT) | 2L << Spsr.EL_SHIFT;
    }
}
