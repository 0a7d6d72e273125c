package dev.nido.kvm.sysreg;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.CptrEl2;
import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.IchHcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.El2Translation;
import dev.nido.kvm.nested.NestedExceptions;
import dev.nido.kvm.nested.NestedVcpu;

/**
 * Which trapped system-register accesses are the guest's own traps (KVM: {@code
 * triage_sysreg_trap()} and the tables {@code encoding_to_cgt[]}, {@code coarse_trap_bits[]}).
 *
 * <p>The PE traps what the hypervisor needs together with what the guest's EL2 asks for. Here that
 * union is taken apart: the controls of the guest's EL2 as they act (Arm ARM D1.6 and each
 * register's accessibility), for an access from below it. What the PE checks before its traps to
 * EL2 — that the register is there, the direction, EL1's own traps — it has checked already; what
 * user space has taken away is UNDEFINED before any trap.
 */
public final class TrapForwarding {

    private static final long NV_NV1_NV2 = HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2;
    private static final int PMEVCNTR0 = SysReg.PMEVCNTR0_EL0.ordinal();
    private static final int PMEVTYPER0 = SysReg.PMEVTYPER0_EL0.ordinal();
    private static final int CYCLES = 31;

    private TrapForwarding() {}

    /**
     * Gives the access to the guest's EL2 if that one traps it.
     *
     * @param esr ESR_EL2, EC 0x18, which the guest's EL2 gets as it is
     * @return whether it did; otherwise the access is to be emulated
     */
    public static boolean forward(Vcpu vcpu, long esr) {
        NestedVcpu nested = vcpu.nested();
        if (nested == null || nested.isEl2()) {
            return false;
        }
        int iss = (int) esr;
        int key = SystemRegisterTraps.key(iss);
        boolean read = (iss & 1) != 0;
        if (!isTrapped(vcpu, nested, key, read)) {
            return false;
        }
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.forwardedAccess(vcpu, key, read);
        }
        NestedExceptions.synchronous(vcpu, esr);
        return true;
    }

    private static boolean isTrapped(Vcpu vcpu, NestedVcpu nested, int key, boolean read) {
        long hcr = nested.hcr();
        int op1 = key >> 11 & 7;
        if (key >> 14 == 1) {
            SystemOperation o = SystemOperation.decode(key);
            if (o == null || !has(vcpu, o.feature())) {
                return isReserved(vcpu, key, hcr);
            }
            return op1 == 4 ? (hcr & HcrEl2.NV) != 0 : operation(o, key, hcr);
        }
        SysReg r = SysReg.decode(key);
        if (r == null || !isThere(vcpu, r)) {
            return isReserved(vcpu, key, hcr);
        }
        if (op1 >= 4) {
            return (hcr & HcrEl2.NV) != 0;
        }
        return register(vcpu, nested, r, read, hcr);
    }

    private static boolean has(Vcpu vcpu, Feature f) {
        return f == null || vcpu.vm().cpu().has(f);
    }

    private static boolean isThere(Vcpu vcpu, SysReg r) {
        if (r.feature() == Feature.PMUv3) {
            // Those of counters beyond PMCR_EL0.N are UNDEFINED only after the traps.
            return vcpu.vm().idRegisters().hasPmu();
        }
        EmulatedRegister row = EmulatedRegisters.of(r.key());
        return row != null && row.exists(vcpu);
    }

    /** HCR_EL2.TIDCP, of encodings at EL1 behind which there is nothing. */
    private static boolean isReserved(Vcpu vcpu, int key, long hcr) {
        int crn = key >> 7 & 15;
        int op0 = key >> 14;
        return Spsr.el(vcpu.pstate()) == 1
                && (hcr & HcrEl2.TIDCP) != 0
                && (op0 == 1 || op0 == 3)
                && (crn == 11 || crn == 15);
    }

    private static boolean operation(SystemOperation o, int key, long hcr) {
        int crm = key >> 3 & 15;
        long controls =
                switch (o.kind()) {
                    case DC_ZERO -> HcrEl2.TDZ;
                    case DC ->
                            o == SystemOperation.DC_CVAU ? HcrEl2.TPU | HcrEl2.TOCU : HcrEl2.TPCP;
                    case DC_SET_WAY -> HcrEl2.TSW;
                    case IC ->
                            HcrEl2.TPU
                                    | (o == SystemOperation.IC_IALLUIS
                                            ? HcrEl2.TICAB
                                            : HcrEl2.TOCU);
                    case AT -> HcrEl2.AT;
                    case TLBI ->
                            HcrEl2.TTLB
                                    | (crm == 2 || crm == 3 ? HcrEl2.TTLBIS : 0)
                                    | (crm == 1 || crm == 5 ? HcrEl2.TTLBOS : 0);
                };
        return (hcr & controls) != 0;
    }

    private static boolean register(
            Vcpu vcpu, NestedVcpu nested, SysReg r, boolean read, long hcr) {
        return switch (r.trap()) {
            case NONE ->
                    (hcr & NV_NV1_NV2) == (HcrEl2.NV | HcrEl2.NV1)
                            && (r == SysReg.VBAR_EL1
                                    || r == SysReg.ELR_EL1
                                    || r == SysReg.SPSR_EL1);
            case VM -> (hcr & (read ? HcrEl2.TRVM : HcrEl2.TVM)) != 0;
            case TACR -> (hcr & HcrEl2.TACR) != 0;
            case TCPAC -> (cptr(nested) & CptrEl2.TCPAC) != 0;
            case TLOR -> (hcr & HcrEl2.TLOR) != 0;
            case TID1 -> (hcr & HcrEl2.TID1) != 0;
            case TID2_TID4 -> (hcr & (HcrEl2.TID2 | HcrEl2.TID4)) != 0;
            case CTR -> (hcr & HcrEl2.TID2) != 0;
            case TID3 -> (hcr & HcrEl2.TID3) != 0;
            case TDA, TDCC -> debug(nested, hcr, MdcrEl2.TDA);
            case TDRA -> debug(nested, hcr, MdcrEl2.TDRA);
            case TDOSA -> debug(nested, hcr, MdcrEl2.TDOSA);
            case TPM, TPM_ER, TPM_CR, TPM_SW, TPM_EL1 -> monitors(vcpu, nested, r, 0);
            case TPMCR -> monitors(vcpu, nested, r, MdcrEl2.TPMCR);
            case CNTPCT -> physicalTime(nested, hcr, CnthctlEl2.EL1PCTEN);
            case CNTP -> physicalTime(nested, hcr, CnthctlEl2.EL1PTEN);
            case CNTVCT -> virtualTime(vcpu, nested, hcr, CnthctlEl2.EL1TVCT);
            case CNTV -> virtualTime(vcpu, nested, hcr, CnthctlEl2.EL1TVT);
            case ICC_COMMON -> interfaceTrap(nested, IchHcrEl2.TC);
            case ICC_GROUP0 -> interfaceTrap(nested, IchHcrEl2.TALL0);
            case ICC_GROUP1 -> interfaceTrap(nested, IchHcrEl2.TALL1);
            case ICC_DIR -> interfaceTrap(nested, IchHcrEl2.TC | IchHcrEl2.TDIR);
            case ICC_SGI ->
                    (hcr & (HcrEl2.IMO | HcrEl2.FMO)) != 0 || interfaceTrap(nested, IchHcrEl2.TC);
            case UMA, SP_EL0_SELECTED, FP, CNTFRQ, ICC_SRE1, ICH -> false;
        };
    }

    /** CPTR_EL2 in the layout of E2H = 1. */
    private static long cptr(NestedVcpu nested) {
        long cptr = nested.read(SysReg.CPTR_EL2);
        return nested.e2h() ? cptr : El2Translation.cptr(cptr);
    }

    private static boolean debug(NestedVcpu nested, long hcr, long control) {
        return (hcr & HcrEl2.TGE) != 0
                || (nested.read(SysReg.MDCR_EL2) & (MdcrEl2.TDE | control)) != 0;
    }

    private static boolean monitors(Vcpu vcpu, NestedVcpu nested, SysReg r, long control) {
        long mdcr = nested.read(SysReg.MDCR_EL2);
        if ((mdcr & (MdcrEl2.TPM | control)) != 0) {
            return true;
        }
        int counter = counter(vcpu, r);
        return counter >= Math.min(mdcr & MdcrEl2.HPMN, CpuModel.EVENT_COUNTERS)
                && counter < CpuModel.EVENT_COUNTERS;
    }

    /** The event counter that a register stands for now, or −1. */
    private static int counter(Vcpu vcpu, SysReg r) {
        int o = r.ordinal();
        if (o >= PMEVCNTR0 && o < PMEVCNTR0 + CYCLES) {
            return o - PMEVCNTR0;
        }
        if (o >= PMEVTYPER0 && o < PMEVTYPER0 + CYCLES) {
            return o - PMEVTYPER0;
        }
        if (r == SysReg.PMXEVCNTR_EL0 || r == SysReg.PMXEVTYPER_EL0) {
            int selected = (int) vcpu.pmu().stored(SysReg.PMSELR_EL0) & 31;
            return selected == CYCLES ? -1 : selected;
        }
        return -1;
    }

    private static boolean physicalTime(NestedVcpu nested, long hcr, long enable) {
        return !HcrEl2.isHost(hcr) && (cnthctl(nested) & enable) == 0;
    }

    private static boolean virtualTime(Vcpu vcpu, NestedVcpu nested, long hcr, long trap) {
        return vcpu.vm().cpu().has(Feature.ECV)
                && !HcrEl2.isHost(hcr)
                && (nested.read(SysReg.CNTHCTL_EL2) & trap) != 0;
    }

    private static long cnthctl(NestedVcpu nested) {
        return CnthctlEl2.normalize(nested.read(SysReg.CNTHCTL_EL2), nested.e2h());
    }

    private static boolean interfaceTrap(NestedVcpu nested, long controls) {
        return (nested.read(SysReg.ICH_HCR_EL2) & controls) != 0;
    }
}
