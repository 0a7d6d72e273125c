package dev.nido.machine.pe;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import java.util.SplittableRandom;

/**
 * MRS and MSR (Arm ARM C5.2, D19): from an encoding to its register, whether it is accessible here,
 * and what reading or writing it does. Registers with a class of their own (GIC, timers, PMU,
 * debug) are passed on after the traps.
 */
final class SystemRegisters {

    /** Where an access goes. */
    private static final byte STORED = 0;

    private static final byte ID = 1;
    private static final byte STATE = 2;
    private static final byte GIC = 3;
    private static final byte TIMER = 4;
    private static final byte PMU = 5;
    private static final byte DEBUG = 6;
    private static final byte FIXED = 7;

    private static final byte[] HOME = new byte[SysReg.COUNT];

    /** Registers whose writes change translation, or the cached answers of {@link Pe}. */
    private static final boolean[] CONTEXT = new boolean[SysReg.COUNT];

    static {
        for (SysReg r : SysReg.values()) {
            HOME[r.ordinal()] = home(r);
        }
        for (SysReg r :
                new SysReg[] {
                    SysReg.SCTLR_EL1,
                    SysReg.SCTLR_EL2,
                    SysReg.TCR_EL1,
                    SysReg.TCR_EL2,
                    SysReg.TTBR0_EL1,
                    SysReg.TTBR1_EL1,
                    SysReg.TTBR0_EL2,
                    SysReg.TTBR1_EL2,
                    SysReg.MAIR_EL1,
                    SysReg.MAIR_EL2,
                    SysReg.VTTBR_EL2,
                    SysReg.VTCR_EL2,
                    SysReg.CPACR_EL1,
                    SysReg.CPTR_EL2
                }) {
            CONTEXT[r.ordinal()] = true;
        }
    }

    private static byte home(SysReg r) {
        if (r.isId()) {
            return ID;
        }
        String n = r.name();
        if (n.startsWith("ICC_") || n.startsWith("ICH_")) {
            return GIC;
        }
        if (n.startsWith("CNT")) {
            return TIMER;
        }
        if (n.startsWith("PM")) {
            return PMU;
        }
        if (r.key() >> 14 == 2) {
            return DEBUG;
        }
        return switch (r) {
            case SPSel,
                    CurrentEL,
                    PAN,
                    UAO,
                    NZCV,
                    DAIF,
                    DIT,
                    SSBS,
                    FPCR,
                    FPSR,
                    ISR_EL1,
                    RNDR,
                    RNDRRS ->
                    STATE;
            case LORSA_EL1,
                    LOREA_EL1,
                    LORN_EL1,
                    LORC_EL1,
                    LORID_EL1,
                    SPSR_irq,
                    SPSR_abt,
                    SPSR_und,
                    SPSR_fiq ->
                    FIXED;
            default -> STORED;
        };
    }

    private static final int VPIDR_EL2 = SysReg.VPIDR_EL2.ordinal();
    private static final int VMPIDR_EL2 = SysReg.VMPIDR_EL2.ordinal();
    private static final int CSSELR_EL1 = SysReg.CSSELR_EL1.ordinal();
    private static final int ICH_HCR_EL2 = SysReg.ICH_HCR_EL2.ordinal();

    private static final int FPCR_MASK = 0x07c0_0000;
    private static final int FPCR_FZ16 = 1 << 19;
    private static final int FPSR_MASK = 1 << 27 | 0x9f;

    private final Pe pe;
    private final TrapRules traps;
    private final NestedAccess nested;
    private final boolean[] present = new boolean[SysReg.COUNT];
    private final long[] id = new long[SysReg.COUNT];
    private final int fpcrMask;
    private SplittableRandom random;

    SystemRegisters(Pe pe, TrapRules traps) {
        this.pe = pe;
        this.traps = traps;
        nested = new NestedAccess(pe, traps);
        for (SysReg r : SysReg.values()) {
            present[r.ordinal()] = r.feature() == null || pe.cpu.has(r.feature());
            id[r.ordinal()] = r.isId() ? pe.cpu.idRegister(r) : 0;
        }
        for (int n = pe.cpu.listRegisters(); n < 16; n++) {
            present[SysReg.ICH_LR0_EL2.ordinal() + n] = false;
        }
        id[SysReg.MPIDR_EL1.ordinal()] = CpuModel.mpidr(pe.index);
        fpcrMask = FPCR_MASK | (pe.cpu.has(Feature.FP16) ? FPCR_FZ16 : 0);
    }

    void reset() {
        for (SysReg r : SysReg.values()) {
            pe.sys[r.ordinal()] = r.resetValue();
        }
        pe.sys[VPIDR_EL2] = id[SysReg.MIDR_EL1.ordinal()];
        pe.sys[VMPIDR_EL2] = id[SysReg.MPIDR_EL1.ordinal()];
        if (pe.cpu.has(Feature.VHE) && !pe.cpu.has(Feature.E2H0)) {
            pe.sys[SysReg.CPTR_EL2.ordinal()] = 0;
        }
        random = new SplittableRandom(pe.machine.config().seed() ^ (long) pe.index << 32);
    }

    /**
     * The register behind a key, after everything that could keep it from the current EL.
     *
     * @return null if the access goes to the register's slot in memory (FEAT_NV2)
     * @throws GuestException UNDEFINED, or the trap
     */
    private SysReg access(int key, boolean read) {
        SysReg r = SysReg.decode(key);
        if (r == null || !present[r.ordinal()] || !(read ? r.readable() : r.writable())) {
            throw traps.unallocated(key, read);
        }
        int el = pe.el;
        int op1 = key >> 11 & 7;
        // A register in memory is beyond what a hypervisor could hide by a trap.
        if (el < 2 && (op1 < 4 || r.vncrOffset() >= 0) && !pe.cpu.hasBelowEl2(r)) {
            throw traps.unallocated(key, read);
        }
        if (op1 >= 4) {
            if (op1 > 5 || op1 == 5 && !pe.cpu.has(Feature.VHE)) {
                throw GuestException.undefined();
            }
            if (el < 2) {
                if (el == 1 && (pe.hcr & HcrEl2.NV) != 0) {
                    return nested.el2Name(r, key, read);
                }
                throw GuestException.undefined();
            }
            if (op1 == 5 && (pe.hcr & HcrEl2.E2H) == 0) {
                throw GuestException.undefined();
            }
            return r;
        }
        if (el == 2) {
            if (r == SysReg.CNTFRQ_EL0 && !read) {
                // The ID registers show an EL3, which alone may write it.
                throw GuestException.undefined();
            }
            if (r.el2Counterpart() != null && (pe.hcr & HcrEl2.E2H) != 0) {
                return r.el2Counterpart();
            }
            if (r == SysReg.SP_EL0 || HOME[r.ordinal()] == STATE) {
                traps.register(r, key, read);
            }
            return r;
        }
        if (el < r.minimumEl() || !read && isReadOnlyAt(el, r)) {
            throw traps.unallocated(key, read);
        }
        traps.register(r, key, read);
        if (el == 1) {
            return (pe.hcr & HcrEl2.NV) == 0 ? r : nested.el1Name(r, key, read);
        }
        if (r.el2Counterpart() != null && pe.isHost()) {
            return r.el2Counterpart();
        }
        return r;
    }

    /** Writable, but only above EL0 or EL1. */
    private static boolean isReadOnlyAt(int el, SysReg r) {
        return r == SysReg.CNTFRQ_EL0 || el == 0 && r == SysReg.TPIDRRO_EL0;
    }

    long read(int key) {
        SysReg r = access(key, true);
        return r != null ? readOwn(r) : nested.load(SysReg.decode(key));
    }

    long readOwn(SysReg r) {
        int o = r.ordinal();
        return switch (HOME[o]) {
            case STORED -> pe.sys[o];
            case ID -> readId(r);
            case STATE -> readState(r);
            case GIC -> pe.gic.read(r);
            case TIMER -> pe.timer.read(r);
            case PMU -> pe.pmu.read(r);
            case DEBUG -> pe.debug.read(r);
            default -> 0;
        };
    }

    void write(int key, long value) {
        SysReg r = access(key, false);
        if (r != null) {
            writeOwn(r, value);
        } else {
            nested.store(SysReg.decode(key), value);
        }
    }

    void writeOwn(SysReg r, long value) {
        int o = r.ordinal();
        switch (HOME[o]) {
            case STORED -> store(r, value);
            case STATE -> writeState(r, value);
            case GIC -> {
                if (o == ICH_HCR_EL2) {
                    pe.sys[o] = value;
                }
                pe.gic.write(r, value);
                pe.reviewInterrupts();
            }
            case TIMER -> {
                pe.timer.write(r, value);
                pe.reviewInterrupts();
            }
            case PMU -> pe.pmu.write(r, value);
            case DEBUG -> pe.debug.write(r, value);
            default -> {
                // RES0 on this CPU
            }
        }
    }

    private void store(SysReg r, long value) {
        int o = r.ordinal();
        pe.sys[o] = value;
        if (CONTEXT[o]) {
            pe.contextChanged();
        } else if (r == SysReg.HCR_EL2) {
            pe.hcrChanged();
        } else if (r == SysReg.MDCR_EL2) {
            pe.pmu.controlChanged();
            pe.debug.contextChanged();
        }
    }

    private long readId(SysReg r) {
        return switch (r) {
            case MIDR_EL1 -> pe.el < 2 && pe.hasEl2() ? pe.sys[VPIDR_EL2] : id[r.ordinal()];
            case MPIDR_EL1 -> pe.el < 2 && pe.hasEl2() ? pe.sys[VMPIDR_EL2] : id[r.ordinal()];
            case CCSIDR_EL1 -> pe.cpu.ccsidr(pe.sys[CSSELR_EL1]);
            case DCZID_EL0 -> id[r.ordinal()] | (zeroingProhibited() ? 1 << 4 : 0);
            default -> id[r.ordinal()];
        };
    }

    /** DCZID_EL0.DZP: DC ZVA would trap here. */
    private boolean zeroingProhibited() {
        return pe.el == 0 && !pe.sctlrBit(dev.nido.arch.SctlrEl1.DZE)
                || pe.el < 2 && (pe.hcr & HcrEl2.TDZ) != 0;
    }

    private long readState(SysReg r) {
        return switch (r) {
            case SPSel -> pe.spSel;
            case CurrentEL -> pe.shownEl() << Spsr.EL_SHIFT;
            case PAN -> pe.pan ? Spsr.PAN : 0;
            case UAO -> pe.uao ? Spsr.UAO : 0;
            case NZCV -> pe.nzcv & Spsr.NZCV;
            case DAIF -> pe.daif;
            case DIT -> pe.dit ? Spsr.DIT : 0;
            case SSBS -> pe.ssbs ? Spsr.SSBS : 0;
            case FPCR -> pe.fpcr & 0xffff_ffffL;
            case FPSR -> pe.fpsr & 0xffff_ffffL;
            case ISR_EL1 -> pe.interruptStatus();
            case RNDR, RNDRRS -> {
                pe.nzcv = 0;
                yield random.nextLong();
            }
            default -> throw new IllegalStateException(r.name());
        };
    }

    private void writeState(SysReg r, long value) {
        switch (r) {
            case SPSel -> pe.select(pe.el, (int) value & 1);
            case PAN -> {
                pe.pan = (value & Spsr.PAN) != 0;
                pe.contextChanged();
            }
            case UAO -> {
                pe.uao = (value & Spsr.UAO) != 0;
                pe.contextChanged();
            }
            case NZCV -> pe.nzcv = (int) (value & Spsr.NZCV);
            case DAIF -> SystemInstructions.setDaif(pe, (int) (value & Spsr.DAIF));
            case DIT -> pe.dit = (value & Spsr.DIT) != 0;
            case SSBS -> pe.ssbs = (value & Spsr.SSBS) != 0;
            case FPCR -> pe.fpcr = (int) value & fpcrMask;
            case FPSR -> pe.fpsr = (int) value & FPSR_MASK;
            default -> throw new IllegalStateException(r.name());
        }
    }
}
