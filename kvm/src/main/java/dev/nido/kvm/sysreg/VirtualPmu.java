package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.NestedVcpu;
import dev.nido.kvm.run.PhysicalCpu;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * The performance monitors of a vCPU (KVM: {@code struct kvm_pmu}, pmu-emul.c). All accesses trap
 * (MDCR_EL2.TPM). The guest's values are here; the counters of the PE count for those that are
 * enabled while the vCPU is loaded, with EL2 excluded, so that the count is exact.
 *
 * <p>Two things need help. An exit to EL2 counts as EXC_TAKEN in the PE but not in the guest: it is
 * taken back ({@link #exited}), and exceptions that EL2 injects are added ({@link #injected}). And
 * the overflow bits of the PE are transient: they are folded into the guest's and cleared, so that
 * the PE's interrupt only tells that one came.
 *
 * <p>A virtual EL2 is EL1 for the PE. What it counts is decided by the filters that the PE's
 * counters get in hyp context; MDCR_EL2.{HPMN, HPME, HPMD} of the guest say which are on at all,
 * and EL2 sees more of them than EL1 ({@code kvm_pmu_nested_transition()}).
 */
public final class VirtualPmu {

    /** INTID of the overflow interrupt: PPI 7. */
    public static final int INTID = 23;

    private static final int EVENTS = CpuModel.EVENT_COUNTERS;
    private static final int CYCLES = 31;

    private static final long PMCR_E = 1;
    private static final long PMCR_P = 2;
    private static final long PMCR_C = 4;
    private static final long PMCR_DP = 1 << 5;
    private static final long PMCR_LC = 1 << 6;

    /** E, D, X, DP, LC. */
    private static final long PMCR_WRITABLE = 0x79;

    private static final long IMPLEMENTED = 1L << CYCLES | (1L << EVENTS) - 1;
    private static final long FILTER_P = 1L << 31;
    private static final long FILTER_U = 1L << 30;
    private static final long FILTER_NSK = 1L << 29;
    private static final long FILTER_NSU = 1L << 28;
    private static final long FILTER_NSH = 1L << 27;
    private static final long FILTERS = 0xfc00_0000L;
    private static final long COUNT_MASK = 0xffff_ffffL;

    private static final int SW_INCR = 0x00;
    private static final int EXC_TAKEN = 0x09;
    private static final int EXC_RETURN = 0x0a;
    private static final int CPU_CYCLES = 0x11;

    private static final SysReg[] COUNT = named("PMEVCNTR");
    private static final SysReg[] TYPE = named("PMEVTYPER");

    private static SysReg[] named(String prefix) {
        SysReg[] all = new SysReg[EVENTS];
        for (int n = 0; n < EVENTS; n++) {
            all[n] = SysReg.valueOf(prefix + n + "_EL0");
        }
        return all;
    }

    private final Vcpu vcpu;
    private final NestedVcpu nested;
    private final IdRegisters ids;
    private final PmuEventFilter filter;
    private final Consumer<Boolean> interrupt;

    private long control;
    private long enabled;
    private long overflow;
    private long interrupts;
    private long select;
    private long cycles;
    private long cycleFilter;
    private final long[] counts = new long[EVENTS];
    private final long[] types = new long[EVENTS];

    private PhysicalCpu cpu;

    /** The PE's counters hold the counts. */
    private boolean resident;

    /** Counters, a bit each, that the PE has on. */
    private long counted;

    /** Counters, a bit each, that count exceptions in the PE. */
    private int exceptionCounters;

    private boolean line;

    /**
     * The monitors of a vCPU, reset.
     *
     * @param interrupt takes the level of the overflow interrupt {@link #INTID} whenever it changes
     */
    public VirtualPmu(Vcpu vcpu, Consumer<Boolean> interrupt) {
        this.vcpu = vcpu;
        this.interrupt = interrupt;
        nested = vcpu.nested();
        ids = vcpu.vm().idRegisters();
        filter = vcpu.vm().pmuFilter();
        reset();
    }

    /** Architectural reset of the vCPU, which is not loaded or does not count. */
    public void reset() {
        evict();
        control = PMCR_LC;
        enabled = 0;
        overflow = 0;
        interrupts = 0;
        select = 0;
        cycles = 0;
        cycleFilter = 0;
        Arrays.fill(counts, 0);
        Arrays.fill(types, 0);
        updateLine();
    }

    /** The vCPU was loaded, its context is in the PE. */
    public void load(PhysicalCpu on) {
        cpu = on;
        program();
    }

    /**
     * The vCPU has gone from its EL2 to a guest of its guest, or back, or its EL2 has written
     * MDCR_EL2.
     */
    public void contextChanged() {
        if (resident || enabled != 0) {
            fold();
            program();
        }
        updateLine();
    }

    /** The vCPU leaves its PE; its context has not been taken out yet. */
    public void put() {
        fold();
        evict();
        cpu = null;
    }

    /**
     * After an exception to EL2, and before anything is counted for the guest again: takes back
     * what the exception itself counted.
     */
    public void exited() {
        if (exceptionCounters != 0) {
            uncountExit();
        }
    }

    private void uncountExit() {
        int from = Spsr.el(cpu.read(SysReg.SPSR_EL2));
        for (int m = exceptionCounters; m != 0; m &= m - 1) {
            int n = Integer.numberOfTrailingZeros(m);
            if (passes(n, types[n], from)) {
                long after = cpu.read(COUNT[n]);
                cpu.write(COUNT[n], after - 1 & COUNT_MASK);
                if (after == 0) {
                    // This very increment overflowed; what went before is in the guest's bits.
                    cpu.write(SysReg.PMOVSCLR_EL0, 1L << n);
                }
            }
        }
    }

    /** EL2 injects an exception that the guest takes at {@code from}, 0 to 2. */
    public void injected(int from) {
        if (exceptionCounters == 0) {
            return;
        }
        for (int n = 0; n < EVENTS; n++) {
            if ((exceptionCounters >> n & 1) != 0 && passes(n, types[n], from)) {
                increment(n);
            }
        }
        sync();
    }

    /** The guest's EL2 executes ERET, which is emulated; it is still there. */
    public void returned() {
        for (int n = 0; n < EVENTS; n++) {
            if ((counted >> n & 1) != 0 && event(n) == EXC_RETURN && passes(n, types[n], 2)) {
                increment(n);
            }
        }
        sync();
    }

    /**
     * Brings the interrupt line up to date with the PE's counters; at exits by the PE's overflow
     * interrupt, which falls.
     */
    public void sync() {
        if (resident) {
            fold();
            updateLine();
        }
    }

    /** Whether {@link #sync} may have something to do. */
    public boolean counting() {
        return resident;
    }

    // The PE's counters

    /** Takes the PE's new overflow bits over. */
    private void fold() {
        if (!resident) {
            return;
        }
        long fresh = cpu.read(SysReg.PMOVSSET_EL0) & IMPLEMENTED;
        if (fresh != 0) {
            overflow |= fresh;
            cpu.write(SysReg.PMOVSCLR_EL0, fresh);
        }
    }

    /** Gives the counts back from the PE, which stops counting. */
    private void evict() {
        if (!resident) {
            return;
        }
        for (int n = 0; n < EVENTS; n++) {
            counts[n] = cpu.read(COUNT[n]);
        }
        cycles = cpu.read(SysReg.PMCCNTR_EL0);
        cpu.write(SysReg.PMCNTENCLR_EL0, IMPLEMENTED);
        cpu.write(SysReg.PMINTENCLR_EL1, IMPLEMENTED);
        cpu.write(SysReg.PMOVSCLR_EL0, IMPLEMENTED);
        resident = false;
        counted = 0;
        exceptionCounters = 0;
    }

    /** Makes the PE count what the guest's registers say. */
    private void program() {
        if (cpu == null || enabled == 0 && !resident) {
            return;
        }
        if (!resident) {
            resident = true;
            for (int n = 0; n < EVENTS; n++) {
                cpu.write(COUNT[n], counts[n]);
            }
            cpu.write(SysReg.PMCCNTR_EL0, cycles);
        }
        boolean hyp = nested != null && nested.isHypContext();
        counted = enabled & on();
        exceptionCounters = 0;
        for (int n = 0; n < EVENTS; n++) {
            int event = event(n);
            cpu.write(TYPE[n], acting(n, types[n], hyp));
            if (!filter.allows(event)) {
                counted &= ~(1L << n);
            } else if (event == EXC_TAKEN && (counted >> n & 1) != 0) {
                exceptionCounters |= 1 << n;
            }
        }
        if (!filter.allows(CPU_CYCLES)) {
            counted &= ~(1L << CYCLES);
        }
        cpu.write(SysReg.PMCCFILTR_EL0, acting(CYCLES, cycleFilter, hyp));
        cpu.write(SysReg.PMCR_EL0, control & PMCR_WRITABLE | PMCR_E);
        cpu.write(SysReg.PMCNTENCLR_EL0, IMPLEMENTED & ~counted);
        cpu.write(SysReg.PMCNTENSET_EL0, counted);
        cpu.write(SysReg.PMINTENCLR_EL1, IMPLEMENTED & ~interrupts);
        cpu.write(SysReg.PMINTENSET_EL1, interrupts);
    }

    /** Counters, a bit each, that PMCR_EL0.E and MDCR_EL2.HPME have on. */
    private long on() {
        long own = ownCounters();
        return ((control & PMCR_E) != 0 ? own : 0)
                | (nested != null && (mdcr() & MdcrEl2.HPME) != 0 ? IMPLEMENTED & ~own : 0);
    }

    /** The counters that EL1 and EL0 have, a bit each. */
    private long ownCounters() {
        return 1L << CYCLES | (1L << hpmn()) - 1;
    }

    /** Event counters of EL1 and EL0: the lowest ones. */
    private int hpmn() {
        return nested == null ? EVENTS : Math.min((int) (mdcr() & MdcrEl2.HPMN), EVENTS);
    }

    private long mdcr() {
        return nested.read(SysReg.MDCR_EL2);
    }

    /**
     * The PE's filter for the guest's: nothing at EL2, and at EL1 what the guest wants of its EL2
     * where that one is there.
     */
    private long acting(int n, long type, boolean hyp) {
        if (hyp) {
            long el1 = passes(n, type, 2) ? 0 : FILTER_P;
            return type & ~(FILTER_P | FILTER_NSK | FILTER_NSH) | el1;
        }
        return type & ~FILTER_NSH;
    }

    private int event(int n) {
        return (int) types[n] & PmuEventFilter.events(ids.pmuVersion()) - 1;
    }

    private long count(int n) {
        return resident ? cpu.read(COUNT[n]) : counts[n];
    }

    private void setCount(int n, long value) {
        if (resident) {
            cpu.write(COUNT[n], value & COUNT_MASK);
        } else {
            counts[n] = value & COUNT_MASK;
        }
    }

    private void increment(int n) {
        long sum = count(n) + 1;
        setCount(n, sum);
        if (sum > COUNT_MASK) {
            overflow |= 1L << n;
        }
    }

    private void setCycles(long value) {
        if (resident) {
            cpu.write(SysReg.PMCCNTR_EL0, value);
        } else {
            cycles = value;
        }
    }

    /** Whether a type register lets its counter count at an exception level of the guest's. */
    private boolean passes(int n, long type, int el) {
        return switch (el) {
            case 0 -> (type & FILTER_U) != 0 == ((type & FILTER_NSU) != 0);
            case 1 -> (type & FILTER_P) != 0 == ((type & FILTER_NSK) != 0);
            default -> (type & FILTER_NSH) != 0 && !isProhibited(n);
        };
    }

    /** Whether the guest's EL2 is no place to count for the counters of EL1: MDCR_EL2.HPMD. */
    private boolean isProhibited(int n) {
        return (mdcr() & MdcrEl2.HPMD) != 0
                && (n == CYCLES ? (control & PMCR_DP) != 0 : n < hpmn());
    }

    private void updateLine() {
        boolean high = (overflow & interrupts & on()) != 0;
        if (high != line) {
            line = high;
            interrupt.accept(high);
        }
    }

    // The guest's accesses

    /**
     * The event counter that a register stands for now; {@link #CYCLES} for PMXEV* that select the
     * cycle counter; -1 for registers that are of no counter.
     */
    private int counterOf(SysReg r) {
        if (r == SysReg.PMXEVCNTR_EL0 || r == SysReg.PMXEVTYPER_EL0) {
            return (int) select & 31;
        }
        int o = r.ordinal();
        int first = SysReg.PMEVCNTR0_EL0.ordinal();
        if (o >= first && o < first + CYCLES) {
            return o - first;
        }
        first = SysReg.PMEVTYPER0_EL0.ordinal();
        return o >= first && o < first + CYCLES ? o - first : -1;
    }

    /** Whether an access is not UNDEFINED: the counter that it is about exists. */
    boolean exists(SysReg r) {
        int n = counterOf(r);
        return ids.hasPmu() && (n < EVENTS || n == CYCLES);
    }

    /** Counters, a bit each, that exist for an exception level. */
    private long visible(int el) {
        return el == 2 ? IMPLEMENTED : ownCounters();
    }

    /** What the guest reads. */
    long read(SysReg r) {
        return read(r, nested == null ? 1 : Spsr.el(vcpu.pstate()));
    }

    private long read(SysReg r, int el) {
        fold();
        return switch (r) {
            case PMCR_EL0 -> control & PMCR_WRITABLE | (long) (el == 2 ? EVENTS : hpmn()) << 11;
            case PMCNTENSET_EL0, PMCNTENCLR_EL0 -> enabled & visible(el);
            case PMOVSSET_EL0, PMOVSCLR_EL0 -> overflow & visible(el);
            case PMINTENSET_EL1, PMINTENCLR_EL1 -> interrupts & visible(el);
            case PMSELR_EL0 -> select;
            case PMUSERENR_EL0 -> vcpu.readSys(r);
            case PMCCNTR_EL0 -> resident ? cpu.read(r) : cycles;
            case PMCCFILTR_EL0 -> cycleFilter;
            // STALL_FRONTEND and STALL_BACKEND never happen; they are events all the same.
            case PMCEID0_EL0 -> filter.mask(0x2_0701L, 0);
            case PMCEID1_EL0 -> filter.mask(0x18, 0x20);
            default -> {
                int n = counterOf(r);
                boolean type = isType(r);
                yield n == CYCLES ? type ? cycleFilter : 0 : type ? types[n] : count(n);
            }
        };
    }

    private static boolean isType(SysReg r) {
        return r == SysReg.PMXEVTYPER_EL0
                || r.ordinal() >= SysReg.PMEVTYPER0_EL0.ordinal()
                        && r.ordinal() < SysReg.PMEVTYPER0_EL0.ordinal() + CYCLES;
    }

    /**
     * What the guest writes.
     *
     * @param el its exception level, 0 to 2
     */
    void write(SysReg r, long value, int el) {
        fold();
        switch (r) {
            case PMCR_EL0 -> writeControl(value, el);
            case PMCNTENSET_EL0 -> enabled |= value & visible(el);
            case PMCNTENCLR_EL0 -> enabled &= ~(value & visible(el));
            case PMOVSSET_EL0 -> overflow |= value & visible(el);
            case PMOVSCLR_EL0 -> overflow &= ~(value & visible(el));
            case PMINTENSET_EL1 -> interrupts |= value & visible(el);
            case PMINTENCLR_EL1 -> interrupts &= ~(value & visible(el));
            case PMSWINC_EL0 -> softwareIncrement(value & visible(el), el);
            case PMSELR_EL0 -> select = value & 31;
            case PMUSERENR_EL0 -> vcpu.writeSys(r, value & 15);
            case PMCCNTR_EL0 -> setCycles(value);
            case PMCCFILTR_EL0 -> cycleFilter = value & FILTERS;
            default -> {
                int n = counterOf(r);
                if (isType(r)) {
                    if (n == CYCLES) {
                        cycleFilter = value & FILTERS;
                    } else {
                        types[n] = value & (FILTERS | eventMask());
                    }
                } else if (n != CYCLES) {
                    setCount(n, value);
                }
            }
        }
        program();
        updateLine();
    }

    private long eventMask() {
        return PmuEventFilter.events(ids.pmuVersion()) - 1;
    }

    private void writeControl(long value, int el) {
        if ((value & PMCR_P) != 0) {
            int end = el == 2 ? EVENTS : hpmn();
            for (int n = 0; n < end; n++) {
                setCount(n, 0);
            }
        }
        if ((value & PMCR_C) != 0) {
            setCycles(0);
        }
        control = value & PMCR_WRITABLE;
    }

    private void softwareIncrement(long mask, int el) {
        long may = mask & enabled & on();
        for (int n = 0; n < EVENTS; n++) {
            if ((may >> n & 1) != 0 && event(n) == SW_INCR && passes(n, types[n], el)) {
                increment(n);
            }
        }
    }

    // User space

    /** The value of a register for user space. */
    long stored(SysReg r) {
        return read(r, 2);
    }

    /** Sets the value of a register; registers that set and clear bits take the whole value. */
    void store(SysReg r, long value) {
        fold();
        switch (r) {
            case PMCNTENSET_EL0, PMCNTENCLR_EL0 -> enabled = value & IMPLEMENTED;
            case PMOVSSET_EL0, PMOVSCLR_EL0 -> overflow = value & IMPLEMENTED;
            case PMINTENSET_EL1, PMINTENCLR_EL1 -> interrupts = value & IMPLEMENTED;
            case PMCR_EL0 -> control = value & PMCR_WRITABLE;
            default -> write(r, value, 2);
        }
        program();
        updateLine();
    }
}
