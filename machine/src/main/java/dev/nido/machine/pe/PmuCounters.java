package dev.nido.machine.pe;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SysReg;

/**
 * The performance monitors (Arm ARM D13): a cycle counter and {@link #EVENTS} event counters. A
 * cycle is one instruction retired, in every mode of the machine. Counters are brought up to date
 * when somebody looks, and at every change of context, so that running instructions costs nothing.
 */
public final class PmuCounters {

    /** Event counters; the cycle counter is number 31. */
    public static final int EVENTS = CpuModel.EVENT_COUNTERS;

    /** INTID of the overflow interrupt. */
    public static final int INTID = 23;

    private static final int CYCLES = 31;

    private static final int PMCR = SysReg.PMCR_EL0.ordinal();
    private static final int ENABLED = SysReg.PMCNTENSET_EL0.ordinal();
    private static final int OVERFLOW = SysReg.PMOVSSET_EL0.ordinal();
    private static final int INTERRUPTS = SysReg.PMINTENSET_EL1.ordinal();
    private static final int PMSELR = SysReg.PMSELR_EL0.ordinal();
    private static final int PMUSERENR = SysReg.PMUSERENR_EL0.ordinal();
    private static final int PMCCNTR = SysReg.PMCCNTR_EL0.ordinal();
    private static final int PMCCFILTR = SysReg.PMCCFILTR_EL0.ordinal();
    private static final int COUNT0 = SysReg.PMEVCNTR0_EL0.ordinal();
    private static final int TYPE0 = SysReg.PMEVTYPER0_EL0.ordinal();

    private static final long PMCR_E = 1;
    private static final long PMCR_P = 2;
    private static final long PMCR_C = 4;
    private static final long PMCR_DP = 1 << 5;
    private static final long PMCR_LC = 1 << 6;
    private static final long PMCR_WRITABLE = PMCR_E | 1 << 3 | 1 << 4 | PMCR_DP | PMCR_LC;
    private static final long PMCR_N = (long) EVENTS << 11;

    private static final long IMPLEMENTED = 1L << CYCLES | (1L << EVENTS) - 1;

    static final int SW_INCR = 0x00;
    static final int INST_RETIRED = 0x08;
    static final int EXC_TAKEN = 0x09;
    static final int EXC_RETURN = 0x0a;
    static final int CPU_CYCLES = 0x11;

    /** PMCEID0_EL0: the events above. */
    private static final long EVENTS_LOW =
            1L << SW_INCR
                    | 1L << INST_RETIRED
                    | 1L << EXC_TAKEN
                    | 1L << EXC_RETURN
                    | 1L << CPU_CYCLES;

    /** PMCEID1_EL0: STALL_FRONTEND and STALL_BACKEND, which never happen here. */
    private static final long EVENTS_HIGH = 1L << 3 | 1L << 4;

    private static final long FILTER_P = 1L << 31;
    private static final long FILTER_U = 1L << 30;
    private static final long FILTER_NSK = 1L << 29;
    private static final long FILTER_NSU = 1L << 28;
    private static final long FILTER_NSH = 1L << 27;
    private static final long TYPE_WRITABLE = 0xfc00_ffffL;

    private final Pe pe;
    private final boolean implemented;

    /** Counters (bit by number) that count instructions in the current context. */
    private long counting;

    /** {@link Pe#retired} when the counters were last brought up to date. */
    private long since;

    /** Some counter is enabled. */
    private boolean active;

    private boolean line;

    PmuCounters(Pe pe) {
        this.pe = pe;
        implemented = pe.cpu.has(Feature.PMUv3);
    }

    void reset() {
        counting = 0;
        active = false;
        since = pe.retired;
        updateLine();
    }

    /** Event counters of EL1 and EL0: the lowest ones. */
    int hpmn() {
        return pe.hasEl2() ? Math.min((int) (pe.sys[Pe.MDCR_EL2] & MdcrEl2.HPMN), EVENTS) : EVENTS;
    }

    /** The event counter that a register stands for now, or -1. */
    int counterOf(SysReg r) {
        int o = r.ordinal();
        if (o >= COUNT0 && o < COUNT0 + CYCLES) {
            return o - COUNT0;
        }
        if (o >= TYPE0 && o < TYPE0 + CYCLES) {
            return o - TYPE0;
        }
        if (r == SysReg.PMXEVCNTR_EL0 || r == SysReg.PMXEVTYPER_EL0) {
            int selected = (int) pe.sys[PMSELR] & 31;
            return selected == CYCLES ? -1 : selected;
        }
        return -1;
    }

    /** Brings all counters up to date, and decides anew which of them count. */
    public void contextChanged() {
        if (active) {
            update();
            counting = computeCounting();
        }
    }

    /** MDCR_EL2 was written: which counters are EL2's, and whether they are on. */
    void controlChanged() {
        contextChanged();
        updateLine();
    }

    /** Adds what was retired since the last time; raises the interrupt on overflow. */
    public void update() {
        long delta = pe.retired - since;
        since = pe.retired;
        if (counting == 0 || delta == 0) {
            return;
        }
        for (int n = 0; n < EVENTS; n++) {
            if ((counting >> n & 1) != 0) {
                addTo(n, delta);
            }
        }
        if ((counting >> CYCLES & 1) != 0) {
            long before = pe.sys[PMCCNTR];
            long after = before + delta;
            pe.sys[PMCCNTR] = after;
            boolean over =
                    (pe.sys[PMCR] & PMCR_LC) != 0
                            ? Long.compareUnsigned(after, before) < 0
                            : (before ^ after) >>> 32 != 0;
            if (over) {
                overflow(CYCLES);
            }
        }
    }

    /**
     * Instructions until the next overflow of a counter that counts them, for engines to stop at;
     * {@link Long#MAX_VALUE} if none will come.
     */
    public long untilOverflow() {
        if (counting == 0) {
            return Long.MAX_VALUE;
        }
        update();
        long nearest = Long.MAX_VALUE;
        for (int n = 0; n < EVENTS; n++) {
            if ((counting >> n & 1) != 0) {
                nearest = Math.min(nearest, (1L << 32) - pe.sys[COUNT0 + n]);
            }
        }
        if ((counting >> CYCLES & 1) != 0) {
            long value = pe.sys[PMCCNTR];
            long rest =
                    (pe.sys[PMCR] & PMCR_LC) != 0 ? -value : (1L << 32) - (value & 0xffff_ffffL);
            if (rest > 0) {
                nearest = Math.min(nearest, rest);
            }
        }
        return nearest;
    }

    private void addTo(int n, long delta) {
        long sum = pe.sys[COUNT0 + n] + delta;
        pe.sys[COUNT0 + n] = sum & 0xffff_ffffL;
        if (sum >>> 32 != 0) {
            overflow(n);
        }
    }

    private void overflow(int n) {
        pe.sys[OVERFLOW] |= 1L << n;
        updateLine();
    }

    /** An event other than instructions and cycles. */
    void event(int number) {
        if (!active) {
            return;
        }
        for (int n = 0; n < EVENTS; n++) {
            long type = pe.sys[TYPE0 + n];
            if ((type & 0xffff) == number && counts(n, type)) {
                addTo(n, 1);
            }
        }
    }

    private long computeCounting() {
        long result = 0;
        for (int n = 0; n < EVENTS; n++) {
            long type = pe.sys[TYPE0 + n];
            int event = (int) type & 0xffff;
            if ((event == INST_RETIRED || event == CPU_CYCLES) && counts(n, type)) {
                result |= 1L << n;
            }
        }
        if (counts(CYCLES, pe.sys[PMCCFILTR])) {
            result |= 1L << CYCLES;
        }
        return result;
    }

    /** Whether counter {@code n} is enabled, and not filtered or prohibited at the current EL. */
    private boolean counts(int n, long filter) {
        long mdcr = pe.sys[Pe.MDCR_EL2];
        boolean ofEl2 = n != CYCLES && n >= hpmn();
        boolean on = ofEl2 ? (mdcr & MdcrEl2.HPME) != 0 : (pe.sys[PMCR] & PMCR_E) != 0;
        if (!on || (pe.sys[ENABLED] >> n & 1) == 0) {
            return false;
        }
        if (pe.el == 2 && !ofEl2 && (mdcr & MdcrEl2.HPMD) != 0) {
            if (n != CYCLES || (pe.sys[PMCR] & PMCR_DP) != 0) {
                return false;
            }
        }
        return switch (pe.el) {
            case 0 -> (filter & FILTER_U) != 0 == ((filter & FILTER_NSU) != 0);
            case 1 -> (filter & FILTER_P) != 0 == ((filter & FILTER_NSK) != 0);
            default -> (filter & FILTER_NSH) != 0;
        };
    }

    private void updateLine() {
        if (!implemented) {
            return;
        }
        long pending = pe.sys[OVERFLOW] & pe.sys[INTERRUPTS];
        long own = pending & (1L << CYCLES | (1L << hpmn()) - 1);
        boolean high =
                own != 0 && (pe.sys[PMCR] & PMCR_E) != 0
                        || (pending & ~own) != 0 && (pe.sys[Pe.MDCR_EL2] & MdcrEl2.HPME) != 0;
        if (high != line) {
            line = high;
            pe.machine.gic().setPpi(pe.index, INTID, high);
        }
    }

    /** Counters that the current EL may see in the registers that have a bit for each. */
    private long visible() {
        return pe.el == 2 ? IMPLEMENTED : 1L << CYCLES | (1L << hpmn()) - 1;
    }

    private int eventCounter(SysReg r) {
        int n = counterOf(r);
        if (n >= EVENTS) {
            throw GuestException.undefined();
        }
        return n;
    }

    long read(SysReg r) {
        update();
        return switch (r) {
            case PMCR_EL0 ->
                    pe.sys[PMCR] & PMCR_WRITABLE | (pe.el == 2 ? PMCR_N : (long) hpmn() << 11);
            case PMCNTENSET_EL0, PMCNTENCLR_EL0 -> pe.sys[ENABLED] & visible();
            case PMOVSSET_EL0, PMOVSCLR_EL0 -> pe.sys[OVERFLOW] & visible();
            case PMINTENSET_EL1, PMINTENCLR_EL1 -> pe.sys[INTERRUPTS] & visible();
            case PMSELR_EL0, PMUSERENR_EL0, PMCCNTR_EL0, PMCCFILTR_EL0 -> pe.sys[r.ordinal()];
            case PMCEID0_EL0 -> EVENTS_LOW;
            case PMCEID1_EL0 -> EVENTS_HIGH;
            case PMXEVTYPER_EL0 -> {
                int n = eventCounter(r);
                yield pe.sys[n < 0 ? PMCCFILTR : TYPE0 + n];
            }
            case PMXEVCNTR_EL0 -> {
                int n = eventCounter(r);
                yield n < 0 ? 0 : pe.sys[COUNT0 + n];
            }
            default -> {
                eventCounter(r);
                yield pe.sys[r.ordinal()];
            }
        };
    }

    void write(SysReg r, long value) {
        update();
        switch (r) {
            case PMCR_EL0 -> writeControl(value);
            case PMCNTENSET_EL0 -> pe.sys[ENABLED] |= value & visible();
            case PMCNTENCLR_EL0 -> pe.sys[ENABLED] &= ~(value & visible());
            case PMOVSSET_EL0 -> pe.sys[OVERFLOW] |= value & visible();
            case PMOVSCLR_EL0 -> pe.sys[OVERFLOW] &= ~(value & visible());
            case PMINTENSET_EL1 -> pe.sys[INTERRUPTS] |= value & visible();
            case PMINTENCLR_EL1 -> pe.sys[INTERRUPTS] &= ~(value & visible());
            case PMSWINC_EL0 -> softwareIncrement(value & visible());
            case PMSELR_EL0 -> pe.sys[PMSELR] = value & 31;
            case PMUSERENR_EL0 -> pe.sys[PMUSERENR] = value & 15;
            case PMCCNTR_EL0 -> pe.sys[PMCCNTR] = value;
            case PMCCFILTR_EL0 -> pe.sys[PMCCFILTR] = value & 0xfc00_0000L;
            case PMXEVTYPER_EL0 -> {
                int n = eventCounter(r);
                if (n < 0) {
                    pe.sys[PMCCFILTR] = value & 0xfc00_0000L;
                } else {
                    pe.sys[TYPE0 + n] = value & TYPE_WRITABLE;
                }
            }
            case PMXEVCNTR_EL0 -> {
                int n = eventCounter(r);
                if (n >= 0) {
                    pe.sys[COUNT0 + n] = value & 0xffff_ffffL;
                }
            }
            default -> {
                int n = eventCounter(r);
                pe.sys[r.ordinal()] =
                        value & (r.ordinal() == TYPE0 + n ? TYPE_WRITABLE : 0xffff_ffffL);
            }
        }
        active = pe.sys[ENABLED] != 0;
        counting = active ? computeCounting() : 0;
        updateLine();
    }

    private void writeControl(long value) {
        if ((value & PMCR_P) != 0) {
            int end = pe.el == 2 ? EVENTS : hpmn();
            for (int n = 0; n < end; n++) {
                pe.sys[COUNT0 + n] = 0;
            }
        }
        if ((value & PMCR_C) != 0) {
            pe.sys[PMCCNTR] = 0;
        }
        pe.sys[PMCR] = value & PMCR_WRITABLE;
    }

    private void softwareIncrement(long mask) {
        for (int n = 0; n < EVENTS; n++) {
            long type = pe.sys[TYPE0 + n];
            if ((mask >> n & 1) != 0 && (type & 0xffff) == SW_INCR && counts(n, type)) {
                addTo(n, 1);
            }
        }
    }
}
