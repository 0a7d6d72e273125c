package dev.nido.machine.pe;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;

/**
 * What becomes of system-register accesses of a hypervisor that runs at EL1 (FEAT_NV, FEAT_NV2; Arm
 * ARM D8.11, and the accessibility pseudocode of each register). With HCR_EL2.NV alone they trap;
 * NV2 sends most of them to the page of memory that VNCR_EL2 names, and a few EL2 names to the EL1
 * register that takes their place.
 *
 * <p>Nothing here looks at HCR_EL2.E2H: the rules are the same for both its values.
 */
final class NestedAccess {

    private static final int VNCR_EL2 = SysReg.VNCR_EL2.ordinal();
    private static final int CNTHCTL_EL2 = SysReg.CNTHCTL_EL2.ordinal();
    private static final long NV_NV1_NV2 = HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2;

    private final Pe pe;
    private final TrapRules traps;
    private final boolean ecv;

    NestedAccess(Pe pe, TrapRules traps) {
        this.pe = pe;
        this.traps = traps;
        ecv = pe.cpu.has(Feature.ECV);
    }

    /**
     * Where an EL2 name (op1 = 4) or an alias (op1 = 5) leads at EL1 with HCR_EL2.NV = 1.
     *
     * @param r the register behind the key, present and of the right direction
     * @return another register, or null for the slot of {@code r} in memory
     * @throws GuestException the trap to EL2
     */
    SysReg el2Name(SysReg r, int key, boolean read) {
        long nv = pe.hcr & NV_NV1_NV2;
        if (SysReg.isAlias(key)) {
            if (nv == (HcrEl2.NV | HcrEl2.NV2) && r.vncrOffset() >= 0 && !timerAliasTrapped(r)) {
                return null;
            }
        } else if ((nv & HcrEl2.NV2) != 0) {
            if (r.vncrOffset() >= 0) {
                return null;
            }
            SysReg el1 = r.nv2El1Register();
            if (el1 != null) {
                return el1;
            }
        }
        throw traps.nested(key, read);
    }

    /**
     * The same for an EL1 or EL0 name (op1 = 0, 3), after every other trap that it has: those win.
     */
    SysReg el1Name(SysReg r, int key, boolean read) {
        long nv = pe.hcr & NV_NV1_NV2;
        if (nv == (HcrEl2.NV | HcrEl2.NV1)
                && (r == SysReg.VBAR_EL1 || r == SysReg.ELR_EL1 || r == SysReg.SPSR_EL1)) {
            throw traps.nested(key, read);
        }
        boolean inMemory =
                (nv & HcrEl2.NV2) != 0
                        && r.vncrOffset() >= 0
                        && (!r.vncrByNv1() || (nv & HcrEl2.NV1) != 0);
        return inMemory ? null : r;
    }

    /** CNTHCTL_EL2.{EL1NVPCT, EL1NVVCT} take the timers' aliases back from memory. */
    private boolean timerAliasTrapped(SysReg r) {
        long control =
                switch (r) {
                    case CNTP_CTL_EL0, CNTP_CVAL_EL0 -> CnthctlEl2.EL1NVPCT;
                    case CNTV_CTL_EL0, CNTV_CVAL_EL0 -> CnthctlEl2.EL1NVVCT;
                    default -> 0;
                };
        return ecv && (pe.sys[CNTHCTL_EL2] & control) != 0;
    }

    /** The register's slot: VNCR_EL2.BADDR, sign-extended from its bit 56, and the offset. */
    private long slot(SysReg r) {
        return (pe.sys[VNCR_EL2] & ~0xfffL) << 7 >> 7 | r.vncrOffset();
    }

    /** Reads the slot of a register, all 64 bits as they are. */
    long load(SysReg r) {
        return pe.mmu.loadVncr(slot(r));
    }

    void store(SysReg r, long value) {
        pe.mmu.storeVncr(slot(r), value);
    }
}
