package dev.nido.machine.pe;

import static dev.nido.machine.pe.GuestException.DEFAULT_TARGET;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.CptrEl2;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.IchHcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;

/**
 * Who gets an access instead of the register: the trap controls of EL1 and EL2 (Arm ARM D1.5, D1.6,
 * and the accessibility pseudocode of each register). Traps to EL1 come before those to EL2.
 */
final class TrapRules {

    private static final int CPACR_EL1 = SysReg.CPACR_EL1.ordinal();
    private static final int CPTR_EL2 = SysReg.CPTR_EL2.ordinal();
    private static final int MDSCR_EL1 = SysReg.MDSCR_EL1.ordinal();
    private static final int CNTKCTL_EL1 = SysReg.CNTKCTL_EL1.ordinal();
    private static final int CNTHCTL_EL2 = SysReg.CNTHCTL_EL2.ordinal();
    private static final int ICH_HCR_EL2 = SysReg.ICH_HCR_EL2.ordinal();
    private static final int PMUSERENR_EL0 = SysReg.PMUSERENR_EL0.ordinal();

    private static final long PMUSERENR_EN = 1;
    private static final long PMUSERENR_SW = 2;
    private static final long PMUSERENR_CR = 4;
    private static final long PMUSERENR_ER = 8;

    private final Pe pe;
    private final boolean el2;
    private final boolean ecv;

    TrapRules(Pe pe) {
        this.pe = pe;
        el2 = pe.hasEl2();
        ecv = pe.cpu.has(Feature.ECV);
    }

    /** A trapped access, EC 0x18. */
    private GuestException trap(int key, boolean read, int target) {
        return new GuestException(
                Esr.EC_SYSTEM, Esr.systemAccess(key, pe.transferRegister, read), target);
    }

    /**
     * The exception for an encoding that is not accessible here: UNDEFINED, but EC 0x18 for EL0's
     * reads of the ID space (FEAT_IDST), and a trap of reserved encodings by HCR_EL2.TIDCP.
     */
    GuestException unallocated(int key, boolean read) {
        int crn = key >> 7 & 15;
        int op0 = key >> 14;
        if (pe.el == 0 && read && crn == 0 && op0 == 3 && pe.cpu.has(Feature.IDST)) {
            int op1 = key >> 11 & 7;
            if ((op1 == 0 || op1 == 1 || op1 == 3) && (key >> 3 & 15) <= 7) {
                return trap(key, true, DEFAULT_TARGET);
            }
        }
        if (pe.el == 1
                && (pe.hcr & HcrEl2.TIDCP) != 0
                && (op0 == 1 || op0 == 3)
                && (crn == 11 || crn == 15)) {
            return trap(key, read, 2);
        }
        return GuestException.undefined();
    }

    /** FEAT_NV at EL1: an EL2 name, or an alias. */
    GuestException nested(int key, boolean read) {
        return trap(key, read, 2);
    }

    private void toEl1If(boolean condition, int key, boolean read) {
        if (condition) {
            throw trap(key, read, DEFAULT_TARGET);
        }
    }

    private void toEl2If(boolean condition, int key, boolean read) {
        if (condition) {
            throw trap(key, read, 2);
        }
    }

    /** Throws if an access at EL0 or EL1 to an existing register is trapped, or UNDEFINED here. */
    void register(SysReg r, int key, boolean read) {
        int el = pe.el;
        long hcr = pe.hcr;
        switch (r.trap()) {
            case NONE, ICC_SRE1, ICH -> {
                // ICC_SRE_EL2.{SRE, Enable} are RAO/WI, so nothing of ICH_*, ICC_SRE_EL1 is
                // trapped.
            }
            case VM -> toEl2If((hcr & (read ? HcrEl2.TRVM : HcrEl2.TVM)) != 0, key, read);
            case TACR -> toEl2If((hcr & HcrEl2.TACR) != 0, key, read);
            case TCPAC -> toEl2If(el2 && (pe.sys[CPTR_EL2] & CptrEl2.TCPAC) != 0, key, read);
            case TLOR -> toEl2If((hcr & HcrEl2.TLOR) != 0, key, read);
            case TID1 -> toEl2If((hcr & HcrEl2.TID1) != 0, key, read);
            case TID2_TID4 -> toEl2If((hcr & (HcrEl2.TID2 | HcrEl2.TID4)) != 0, key, read);
            case TID3 -> toEl2If((hcr & HcrEl2.TID3) != 0, key, read);
            case CTR -> {
                toEl1If(el == 0 && !pe.sctlrBit(SctlrEl1.UCT), key, read);
                toEl2If((hcr & HcrEl2.TID2) != 0, key, read);
            }
            case UMA -> toEl1If(el == 0 && !pe.sctlrBit(SctlrEl1.UMA), key, read);
            case SP_EL0_SELECTED -> {
                if (pe.spSel == 0) {
                    throw GuestException.undefined();
                }
            }
            case FP -> pe.checkFpAccess();
            case TDA -> toEl2If(debugTrap(MdcrEl2.TDA), key, read);
            case TDRA -> toEl2If(debugTrap(MdcrEl2.TDRA), key, read);
            case TDOSA -> toEl2If(debugTrap(MdcrEl2.TDOSA), key, read);
            case TDCC -> {
                toEl1If(el == 0 && (pe.sys[MDSCR_EL1] & MdscrEl1.TDCC) != 0, key, read);
                toEl2If(debugTrap(MdcrEl2.TDA), key, read);
            }
            case TPM -> pmu(r, key, read, 0);
            case TPMCR -> {
                pmu(r, key, read, 0);
                toEl2If(el2 && (pe.sys[Pe.MDCR_EL2] & MdcrEl2.TPMCR) != 0, key, read);
            }
            case TPM_ER -> pmu(r, key, read, read || r == SysReg.PMSELR_EL0 ? PMUSERENR_ER : 0);
            case TPM_CR -> pmu(r, key, read, read ? PMUSERENR_CR : 0);
            case TPM_SW -> pmu(r, key, read, PMUSERENR_SW);
            case TPM_EL1 -> {
                if (el == 0 && !read) {
                    throw GuestException.undefined();
                }
                toEl2If(el2 && (pe.sys[Pe.MDCR_EL2] & MdcrEl2.TPM) != 0, key, read);
            }
            case CNTFRQ ->
                    toEl1If(
                            el == 0 && !el0Counter(CnthctlEl2.EL0PCTEN | CnthctlEl2.EL0VCTEN),
                            key,
                            read);
            case CNTPCT -> physicalTime(key, read, CnthctlEl2.EL0PCTEN, CnthctlEl2.EL1PCTEN);
            case CNTP -> physicalTime(key, read, CnthctlEl2.EL0PTEN, CnthctlEl2.EL1PTEN);
            case CNTVCT -> virtualTime(key, read, CnthctlEl2.EL0VCTEN, CnthctlEl2.EL1TVCT);
            case CNTV -> virtualTime(key, read, CnthctlEl2.EL0VTEN, CnthctlEl2.EL1TVT);
            case ICC_COMMON -> toEl2If(ichTrap(IchHcrEl2.TC), key, read);
            case ICC_GROUP0 -> toEl2If(ichTrap(IchHcrEl2.TALL0), key, read);
            case ICC_GROUP1 -> toEl2If(ichTrap(IchHcrEl2.TALL1), key, read);
            case ICC_DIR -> toEl2If(ichTrap(IchHcrEl2.TC | IchHcrEl2.TDIR), key, read);
            case ICC_SGI ->
                    toEl2If(
                            ichTrap(IchHcrEl2.TC) || (hcr & (HcrEl2.IMO | HcrEl2.FMO)) != 0,
                            key,
                            read);
        }
    }

    private boolean debugTrap(long bit) {
        return el2
                && ((pe.sys[Pe.MDCR_EL2] & (MdcrEl2.TDE | bit)) != 0 || (pe.hcr & HcrEl2.TGE) != 0);
    }

    private boolean ichTrap(long bits) {
        return el2 && (pe.sys[ICH_HCR_EL2] & bits) != 0;
    }

    private void pmu(SysReg r, int key, boolean read, long alternative) {
        toEl1If(
                pe.el == 0 && (pe.sys[PMUSERENR_EL0] & (PMUSERENR_EN | alternative)) == 0,
                key,
                read);
        if (el2) {
            toEl2If((pe.sys[Pe.MDCR_EL2] & MdcrEl2.TPM) != 0, key, read);
            int counter = pe.pmu.counterOf(r);
            if (counter >= 0) {
                // UNDEFINED beyond what PMCR_EL0.N says, EL2's own beyond MDCR_EL2.HPMN.
                toEl2If(counter < PmuCounters.EVENTS && counter >= pe.pmu.hpmn(), key, read);
            }
        }
    }

    /**
     * Whether EL0's control register has one of the bits: CNTKCTL_EL1, or CNTHCTL_EL2 in a host.
     */
    private boolean el0Counter(long bits) {
        return (pe.sys[pe.isHost() ? CNTHCTL_EL2 : CNTKCTL_EL1] & bits) != 0;
    }

    private void physicalTime(int key, boolean read, long el0Enable, long el1Enable) {
        toEl1If(pe.el == 0 && !el0Counter(el0Enable), key, read);
        if (el2 && !pe.isHost()) {
            long control = CnthctlEl2.normalize(pe.sys[CNTHCTL_EL2], (pe.hcr & HcrEl2.E2H) != 0);
            toEl2If((control & el1Enable) == 0, key, read);
        }
    }

    private void virtualTime(int key, boolean read, long el0Enable, long el1Trap) {
        toEl1If(pe.el == 0 && !el0Counter(el0Enable), key, read);
        toEl2If(el2 && ecv && !pe.isHost() && (pe.sys[CNTHCTL_EL2] & el1Trap) != 0, key, read);
    }

    /** Throws if a SYS instruction is trapped at EL0 or EL1. */
    void operation(SystemOperation o, int key) {
        int el = pe.el;
        long hcr = pe.hcr;
        boolean el0Enabled = el != 0 || pe.sctlrBit(SctlrEl1.UCI);
        switch (o.kind()) {
            case DC_ZERO -> {
                toEl1If(el == 0 && !pe.sctlrBit(SctlrEl1.DZE), key, false);
                toEl2If((hcr & HcrEl2.TDZ) != 0, key, false);
            }
            case DC -> {
                toEl1If(!el0Enabled, key, false);
                long trap = o == SystemOperation.DC_CVAU ? HcrEl2.TPU | HcrEl2.TOCU : HcrEl2.TPCP;
                toEl2If((hcr & trap) != 0, key, false);
            }
            case DC_SET_WAY -> toEl2If((hcr & HcrEl2.TSW) != 0, key, false);
            case IC -> {
                toEl1If(!el0Enabled, key, false);
                long trap = o == SystemOperation.IC_IALLUIS ? HcrEl2.TICAB : HcrEl2.TOCU;
                toEl2If((hcr & (HcrEl2.TPU | trap)) != 0, key, false);
            }
            case AT -> toEl2If((hcr & HcrEl2.AT) != 0, key, false);
            case TLBI -> {
                int crm = key >> 3 & 15;
                long trap =
                        HcrEl2.TTLB
                                | (crm == 2 || crm == 3 ? HcrEl2.TTLBIS : 0)
                                | (crm == 1 || crm == 5 ? HcrEl2.TTLBOS : 0);
                toEl2If((hcr & trap) != 0, key, false);
            }
        }
    }

    /** Throws if MSR DAIFSet, DAIFClr at EL0 is trapped by SCTLR.UMA. */
    void daifImmediate(int key) {
        if (pe.el == 0 && !pe.sctlrBit(SctlrEl1.UMA)) {
            throw new GuestException(
                    Esr.EC_SYSTEM, Esr.systemAccess(key, 31, false), DEFAULT_TARGET);
        }
    }

    /** Throws the trap for FP and Advanced SIMD; there is one. */
    void fpAccess() {
        if (pe.el < 2 && !pe.isHost()) {
            int fpen = CptrEl2.fpen(pe.sys[CPACR_EL1]);
            if (fpen != 3 && (fpen != 1 || pe.el == 0)) {
                throw new GuestException(Esr.EC_FP, Esr.fpAccess(), DEFAULT_TARGET);
            }
        }
        throw new GuestException(Esr.EC_FP, Esr.fpAccess(), 2);
    }

    void wfx(boolean wfe) {
        if (!wfe && pe.wakeUp()) {
            return;
        }
        if (pe.el == 0 && !pe.sctlrBit(wfe ? SctlrEl1.NTWE : SctlrEl1.NTWI)) {
            throw new GuestException(Esr.EC_WFX, Esr.wfx(wfe), DEFAULT_TARGET);
        }
        if (pe.el < 2 && (pe.hcr & (wfe ? HcrEl2.TWE : HcrEl2.TWI)) != 0) {
            throw new GuestException(Esr.EC_WFX, Esr.wfx(wfe), 2);
        }
    }
}
