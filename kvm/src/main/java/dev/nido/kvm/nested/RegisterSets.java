package dev.nido.kvm.nested;

import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.machine.pe.Pe;

import java.util.Arrays;

/**
 * The two sets of registers that take turns in the PE's EL1 registers: those of the guest's EL1,
 * and in their place those of its EL2 while that one runs ({@code __sysreg_save_vel2_state()},
 * {@code __sysreg_restore_vel2_state()}, {@code vcpu_read_sys_reg()}).
 *
 * <p>Without HCR_EL2.E2H some EL2 registers have another layout: the PE gets a translation, and
 * what the guest wrote stays in memory. The rest of EL2's registers are in memory always.
 */
final class RegisterSets {

    /** EL1 names, with the EL2 name that each stands for. */
    private static final SysReg[][] PAIRS = {
        {SysReg.SCTLR_EL1, SysReg.SCTLR_EL2},
        {SysReg.CPACR_EL1, SysReg.CPTR_EL2},
        {SysReg.TTBR0_EL1, SysReg.TTBR0_EL2},
        {SysReg.TCR_EL1, SysReg.TCR_EL2},
        {SysReg.TTBR1_EL1, SysReg.TTBR1_EL2},
        {SysReg.CONTEXTIDR_EL1, SysReg.CONTEXTIDR_EL2},
        {SysReg.CNTKCTL_EL1, SysReg.CNTHCTL_EL2},
        {SysReg.SPSR_EL1, SysReg.SPSR_EL2},
        {SysReg.ELR_EL1, SysReg.ELR_EL2},
        {SysReg.ESR_EL1, SysReg.ESR_EL2},
        {SysReg.FAR_EL1, SysReg.FAR_EL2},
        {SysReg.AFSR0_EL1, SysReg.AFSR0_EL2},
        {SysReg.AFSR1_EL1, SysReg.AFSR1_EL2},
        {SysReg.MAIR_EL1, SysReg.MAIR_EL2},
        {SysReg.AMAIR_EL1, SysReg.AMAIR_EL2},
        {SysReg.VBAR_EL1, SysReg.VBAR_EL2},
        {SysReg.SP_EL1, SysReg.SP_EL2},
    };

    /** Up to here the PE has a translation of the EL2 register where E2H = 0. */
    private static final int TRANSLATED = 4;

    /** From here on the PE has the EL2 register whatever E2H; in between, only with E2H = 1. */
    private static final int DIRECT = 7;

    private static final int N = PAIRS.length;
    private static final int[] EL1 = new int[N];
    private static final int[] EL2 = new int[N];

    /** By register: its place among the EL1 names, or −1. */
    private static final byte[] AS_EL1 = new byte[SysReg.COUNT];

    /** By register: its place among the EL2 names, or −1. */
    private static final byte[] AS_EL2 = new byte[SysReg.COUNT];

    static {
        Arrays.fill(AS_EL1, (byte) -1);
        Arrays.fill(AS_EL2, (byte) -1);
        for (int i = 0; i < N; i++) {
            EL1[i] = PAIRS[i][0].ordinal();
            EL2[i] = PAIRS[i][1].ordinal();
            AS_EL1[EL1[i]] = (byte) i;
            AS_EL2[EL2[i]] = (byte) i;
        }
    }

    private static final int SPSR_EL1 = SysReg.SPSR_EL1.ordinal();
    private static final int SPSR_EL2 = SysReg.SPSR_EL2.ordinal();
    private static final long MODE = 15;

    /** M[1], which no exception sets: the value is what software wrote, but for its mode. */
    private static final long SOFTWARE = 2;

    private final long[] memory;
    private final VncrPage page;

    /** Where the PE's EL1 registers belong while they are loaded. */
    private boolean el2Loaded;

    private boolean e2h;
    private boolean redirected;
    private long spsrMode;

    /**
     * @param memory the vCPU's registers without a slot, by {@link SysReg#ordinal}
     */
    RegisterSets(long[] memory, VncrPage page, boolean redirected) {
        this.redirected = redirected;
        this.memory = memory;
        this.page = page;
    }

    /** A register in memory, whether or not that is where it is now. */
    long stored(SysReg r) {
        return VncrPage.holds(r) ? page.get(r) : memory[r.ordinal()];
    }

    void store(SysReg r, long value) {
        if (VncrPage.holds(r)) {
            page.set(r, value);
        } else {
            memory[r.ordinal()] = value;
        }
    }

    /** The virtual register {@code r} while the vCPU is loaded. */
    long read(Pe pe, SysReg r) {
        if (isInMemory(r)) {
            return stored(r);
        }
        return r == SysReg.SPSR_EL2 ? spsr(pe) : pe.readRegister(inPe(r));
    }

    /** Sets the virtual register {@code r} while the vCPU is loaded. */
    void write(Pe pe, SysReg r, long value) {
        if (!isInMemory(r)) {
            if (r == SysReg.SPSR_EL2) {
                setSpsr(pe, value);
            } else {
                pe.writeRegister(inPe(r), value);
            }
            return;
        }
        store(r, value);
        if (isTranslated(r)) {
            loadTranslation(pe, r);
            pe.contextChanged();
        }
    }

    /** Whether a register's value is in memory while the vCPU is loaded, not in the PE. */
    private boolean isInMemory(SysReg r) {
        int o = r.ordinal();
        int i = AS_EL1[o];
        if (i >= 0) {
            // Without E2H EL1's own control of the counters stays in force for EL0.
            return el2Loaded && (e2h || i != CNTKCTL);
        }
        i = AS_EL2[o];
        if (i >= 0) {
            return !el2Loaded || i < DIRECT && !e2h;
        }
        return VncrPage.holds(r) || r.minimumEl() == 2;
    }

    private static final int CNTKCTL = 6;

    /** The PE's register that holds a register which is not in memory. */
    private SysReg inPe(SysReg r) {
        int i = AS_EL2[r.ordinal()];
        return i < 0 ? r : PAIRS[i][0];
    }

    /** Whether the PE has a translation of this EL2 register now, to be renewed when it changes. */
    private boolean isTranslated(SysReg r) {
        int i = AS_EL2[r.ordinal()];
        return el2Loaded && !e2h && i >= 0 && i < TRANSLATED;
    }

    /** Gives the PE one of the sets. */
    void load(Pe pe, boolean virtualEl2, boolean newE2h) {
        el2Loaded = virtualEl2;
        e2h = newE2h;
        if (!virtualEl2) {
            for (int i = 0; i < N; i++) {
                pe.sys[EL1[i]] = stored(PAIRS[i][0]);
            }
            return;
        }
        for (int i = newE2h ? 0 : DIRECT; i < N; i++) {
            pe.sys[EL1[i]] = memory[EL2[i]];
        }
        if (!newE2h) {
            for (int i = 0; i < TRANSLATED; i++) {
                loadTranslation(pe, PAIRS[i][1]);
            }
            pe.sys[EL1[CNTKCTL]] = memory[EL1[CNTKCTL]];
            setSpsr(pe, memory[SPSR_EL2]);
        }
    }

    /** Gives the PE the translation of one EL2 register. */
    private void loadTranslation(Pe pe, SysReg r) {
        long value = memory[r.ordinal()];
        pe.sys[EL1[AS_EL2[r.ordinal()]]] =
                switch (r) {
                    case SCTLR_EL2 -> El2Translation.sctlr(value);
                    case CPTR_EL2 -> El2Translation.cptr(value);
                    case TTBR0_EL2 -> El2Translation.ttbr0(value);
                    case TCR_EL2 -> El2Translation.tcr(value);
                    default -> throw new IllegalArgumentException(r.name());
                };
    }

    /** Takes the set that is loaded back from the PE. */
    void put(Pe pe) {
        if (!el2Loaded) {
            for (int i = 0; i < N; i++) {
                store(PAIRS[i][0], pe.sys[EL1[i]]);
            }
            return;
        }
        for (int i = e2h ? 0 : DIRECT; i < N; i++) {
            memory[EL2[i]] = pe.sys[EL1[i]];
        }
        memory[SPSR_EL2] = spsr(pe);
        if (!e2h) {
            memory[EL1[CNTKCTL]] = pe.sys[EL1[CNTKCTL]];
        }
    }

    // SPSR_EL2 in SPSR_EL1 where exceptions within EL1 report EL1 ({NV, NV1, NV2} = {1, 1, 0})

    private long spsr(Pe pe) {
        long inPe = pe.sys[SPSR_EL1];
        if (!marked()) {
            return inPe;
        }
        if ((inPe & SOFTWARE) != 0) {
            return inPe & ~MODE | spsrMode;
        }
        return Spsr.el(inPe) == 1 ? inPe ^ 3L << Spsr.EL_SHIFT : inPe;
    }

    private void setSpsr(Pe pe, long value) {
        spsrMode = value & MODE;
        pe.sys[SPSR_EL1] = marked() ? value & ~MODE | SOFTWARE : value;
    }

    /**
     * Whether HCR_EL2.NV2 is set in hyp context, which changes what exceptions within EL1 report.
     *
     * @param pe where the vCPU is loaded, or null
     */
    void setRedirected(Pe pe, boolean on) {
        if (on == redirected) {
            return;
        }
        if (pe == null || !el2Loaded) {
            redirected = on;
            return;
        }
        long value = spsr(pe);
        redirected = on;
        setSpsr(pe, value);
    }

    private boolean marked() {
        return el2Loaded && !e2h && !redirected;
    }
}
