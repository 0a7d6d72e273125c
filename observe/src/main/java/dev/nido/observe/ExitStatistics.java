package dev.nido.observe;

import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Counts exits and their time, for each vCPU, level of the guest and reason, as {@code perf kvm
 * stat} does: the time of an exit is that from leaving the guest to entering it again, so the VMM's
 * part of an MMIO access and the sleep of a WFI are in it.
 *
 * <p>Of a vCPU with a virtual EL2 it also counts which exits that EL2 got in the end, and those
 * that were handled on the spot, of which there is no time.
 *
 * <p>An exit costs two looks at the clock, three if the VMM is called, and allocates nothing.
 * Figures may be read when no vCPU runs.
 */
public final class ExitStatistics implements Tracer {
    private static final int LEVELS = GuestLevel.values().length;
    private static final int SIZE = LEVELS * ExitReason.COUNT;

    private static final Comparator<Row> MOST_TIME_FIRST =
            Comparator.comparingLong(Row::nanos)
                    .thenComparingLong(Row::count)
                    .thenComparingLong(Row::fast)
                    .reversed()
                    .thenComparing(Row::level)
                    .thenComparing(Row::reason);

    private final LongSupplier nanos;
    private final ConcurrentHashMap<Vcpu, Counts> counts = new ConcurrentHashMap<>();
    private final List<Vm> vms = new ArrayList<>();

    /** Counts with the host's clock. */
    public ExitStatistics() {
        this(System::nanoTime);
    }

    /**
     * Counts with a clock of the caller's.
     *
     * @param nanos current time in nanoseconds from any origin
     */
    public ExitStatistics(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** What is known of one vCPU, by level and reason. All times in nanoseconds. */
    private static final class Counts {
        private final int vm;
        private final long[] samples = new long[SIZE];
        private final long[] timed = new long[SIZE];
        private final long[] total = new long[SIZE];
        private final long[] min = new long[SIZE];
        private final long[] vmm = new long[SIZE];
        private final long[] max = new long[SIZE];
        private final long[] forwarded = new long[SIZE];
        private final long[] forwardedTotal = new long[SIZE];
        private final long[] fast = new long[SIZE];

        /** The exit that waits for its entry, −1 if none. */
        private int open = -1;

        private boolean entered;

        /** The VMM was called at this time; 0 if it was not. */
        private long called;

        private long since;
        private long guest;
        private long asleep;

        /** Sleep since the exit: counts with its time, at the entry. */
        private long sleeping;

        /** The exit that waits is one that the guest's EL2 gets. */
        private boolean forwarding;

        private long returns;
        private long exceptions;
        private long interrupts;
        private long forwardedAccesses;
        private long contexts;
        private long recycledContexts;
        private long faults;
        private long forwardedFaults;
        private long invalidations;
        private long fastInvalidations;
        private long linkedEnds;

        Counts(int vm) {
            this.vm = vm;
        }

        void enter(long now) {
            if (open >= 0) {
                long time = now - since;
                min[open] = timed[open]++ == 0 ? time : Math.min(min[open], time);
                max[open] = Math.max(max[open], time);
                total[open] += time;
                if (forwarding) {
                    forwarded[open]++;
                    forwardedTotal[open] += time;
                }
                asleep += sleeping;
                if (called != 0) {
                    vmm[open] += now - called;
                    called = 0;
                }
                open = -1;
            }
            forwarding = false;
            sleeping = 0;
            since = now;
            entered = true;
        }

        void exit(int what, long now) {
            if (entered) {
                guest += now - since;
                entered = false;
            }
            samples[what]++;
            open = what;
            forwarding = false;
            since = now;
        }

        /** An interrupt is what an exit led to only where the exit was one. */
        void exception(int offset) {
            boolean interrupt = offset == VIRTUAL_IRQ || offset == VIRTUAL_FIQ;
            if (interrupt) {
                interrupts++;
            } else {
                exceptions++;
            }
            if (open >= 0) {
                forwarding |= interrupt == ExitReason.isAsynchronous(open % ExitReason.COUNT);
            }
        }

        NestedFigures nested() {
            return new NestedFigures(
                    returns,
                    exceptions,
                    interrupts,
                    forwardedAccesses,
                    contexts,
                    recycledContexts,
                    faults,
                    forwardedFaults,
                    invalidations,
                    fastInvalidations,
                    linkedEnds);
        }
    }

    /**
     * Exits of one vCPU for one reason at one level.
     *
     * @param level who executed
     * @param reason as KVM names it, {@code DABT_LOW} for example
     * @param count how many, but for those handled on the spot
     * @param nanos time of them all, from the guest's end to its continuation
     * @param minNanos the shortest, 0 if none was followed by an entry
     * @param maxNanos the longest
     * @param timed how many were followed by an entry: the number that the times are of
     * @param vmmNanos the part of the time that the VMM had
     * @param forwarded how many the guest's EL2 got
     * @param forwardedNanos time of these
     * @param fast how many more were handled on the spot
     */
    public record Row(
            GuestLevel level,
            String reason,
            long count,
            long nanos,
            long minNanos,
            long maxNanos,
            long timed,
            long vmmNanos,
            long forwarded,
            long forwardedNanos,
            long fast) {

        /** Mean time of an exit in nanoseconds, 0 if none is known. */
        public double meanNanos() {
            return timed == 0 ? 0 : (double) nanos / timed;
        }

        /** Mean time of an exit that the guest's EL2 got, 0 if there was none. */
        public double meanForwardedNanos() {
            return forwarded == 0 ? 0 : (double) forwardedNanos / forwarded;
        }

        private Row plus(Row other) {
            boolean both = timed > 0 && other.timed > 0;
            return new Row(
                    level,
                    reason,
                    count + other.count,
                    nanos + other.nanos,
                    both ? Math.min(minNanos, other.minNanos) : minNanos + other.minNanos,
                    Math.max(maxNanos, other.maxNanos),
                    timed + other.timed,
                    vmmNanos + other.vmmNanos,
                    forwarded + other.forwarded,
                    forwardedNanos + other.forwardedNanos,
                    fast + other.fast);
        }
    }

    /**
     * One vCPU.
     *
     * @param vm number of its VM among those that were seen, from 0
     * @param vcpu its number in its VM
     * @param guestNanos time in the guest
     * @param asleepNanos time in which it waited for an interrupt, which is in an exit's time too
     * @param rows its levels and reasons, most time first; those that never happened are absent
     * @param nested what was done for its virtual EL2; zeros if it has none
     */
    public record PerVcpu(
            int vm,
            int vcpu,
            long guestNanos,
            long asleepNanos,
            List<Row> rows,
            NestedFigures nested) {

        /** Whether the guest has an EL2. */
        public boolean hasEl2() {
            return rows.stream().anyMatch(row -> row.level() != GuestLevel.GUEST);
        }

        /** Its exits at one level, but for those handled on the spot. */
        public long exits(GuestLevel level) {
            return rows.stream().filter(row -> row.level() == level).mapToLong(Row::count).sum();
        }

        /** Those of them that the guest's EL2 got. */
        public long forwarded(GuestLevel level) {
            return rows.stream()
                    .filter(row -> row.level() == level)
                    .mapToLong(Row::forwarded)
                    .sum();
        }

        /** Exits at one level that were handled on the spot. */
        public long fast(GuestLevel level) {
            return rows.stream().filter(row -> row.level() == level).mapToLong(Row::fast).sum();
        }

        /** Number of exits, but for those handled on the spot. */
        public long exits() {
            return rows.stream().mapToLong(Row::count).sum();
        }

        /** Time from exits to entries in nanoseconds. */
        public long exitNanos() {
            return rows.stream().mapToLong(Row::nanos).sum();
        }

        /** The part of {@link #exitNanos} that the VMM had. */
        public long vmmNanos() {
            return rows.stream().mapToLong(Row::vmmNanos).sum();
        }

        /** How often a reason occurred, at any level. */
        public long count(String reason) {
            return rows.stream()
                    .filter(row -> row.reason().equals(reason))
                    .mapToLong(Row::count)
                    .sum();
        }
    }

    @Override
    public void entry(Vcpu vcpu, long pc) {
        of(vcpu).enter(nanos.getAsLong());
    }

    @Override
    public void exit(Vcpu vcpu, int ec, long esr, long pc) {
        of(vcpu).exit(index(vcpu, ec), nanos.getAsLong());
    }

    private static int index(Vcpu vcpu, int ec) {
        return GuestLevel.of(vcpu).ordinal() * ExitReason.COUNT + ExitReason.of(ec);
    }

    @Override
    public void userspaceExit(Vcpu vcpu, Exit exit) {
        of(vcpu).called = nanos.getAsLong();
    }

    @Override
    public void wakeup(Vcpu vcpu, long time, boolean slept, boolean valid) {
        of(vcpu).sleeping += time;
    }

    @Override
    public void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
        of(vcpu).fast[index(vcpu, ec)]++;
    }

    @Override
    public void nestedReturn(Vcpu vcpu, long elr, long spsr) {
        of(vcpu).returns++;
    }

    @Override
    public void nestedException(Vcpu vcpu, int offset, long esr) {
        of(vcpu).exception(offset);
    }

    @Override
    public void forwardedAccess(Vcpu vcpu, int key, boolean read) {
        of(vcpu).forwardedAccesses++;
    }

    @Override
    public void shadowContext(Vcpu vcpu, long vttbr, long vtcr, boolean recycled) {
        Counts c = of(vcpu);
        c.contexts++;
        if (recycled) {
            c.recycledContexts++;
        }
    }

    @Override
    public void shadowFault(Vcpu vcpu, long l2Ipa, long l1Ipa, boolean forwarded) {
        Counts c = of(vcpu);
        if (forwarded) {
            c.forwardedFaults++;
        } else {
            c.faults++;
        }
    }

    @Override
    public void nestedTlbi(Vcpu vcpu, int key, long value, boolean fast) {
        Counts c = of(vcpu);
        c.invalidations++;
        if (fast) {
            c.fastInvalidations++;
        }
    }

    @Override
    public void linkedInterruptEnded(Vcpu vcpu, int index, long value, int intid) {
        of(vcpu).linkedEnds++;
    }

    private Counts of(Vcpu vcpu) {
        Counts found = counts.get(vcpu);
        return found != null ? found : add(vcpu);
    }

    private Counts add(Vcpu vcpu) {
        synchronized (vms) {
            if (!vms.contains(vcpu.vm())) {
                vms.add(vcpu.vm());
            }
            Counts added = new Counts(vms.indexOf(vcpu.vm()));
            counts.put(vcpu, added);
            return added;
        }
    }

    /** The figures, by VM and vCPU. */
    public List<PerVcpu> vcpus() {
        List<PerVcpu> all = new ArrayList<>();
        counts.forEach((vcpu, c) ->
                all.add(new PerVcpu(c.vm, vcpu.id(), c.guest, c.asleep, rows(c), c.nested())));
        all.sort(Comparator.comparingInt(PerVcpu::vm).thenComparingInt(PerVcpu::vcpu));
        return all;
    }

    /** The figures of several vCPUs as if they were one, number −1. */
    public static PerVcpu sum(List<PerVcpu> parts) {
        Map<String, Row> rows = new TreeMap<>();
        NestedFigures nested = NestedFigures.NONE;
        for (PerVcpu part : parts) {
            part.rows()
                    .forEach(row -> rows.merge(row.level() + " " + row.reason(), row, Row::plus));
            nested = nested.plus(part.nested());
        }
        return new PerVcpu(
                -1,
                -1,
                parts.stream().mapToLong(PerVcpu::guestNanos).sum(),
                parts.stream().mapToLong(PerVcpu::asleepNanos).sum(),
                rows.values().stream().sorted(MOST_TIME_FIRST).toList(),
                nested);
    }

    private static List<Row> rows(Counts c) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < SIZE; i++) {
            if (c.samples[i] > 0 || c.fast[i] > 0) {
                rows.add(
                        new Row(
                                GuestLevel.values()[i / ExitReason.COUNT],
                                ExitReason.name(i % ExitReason.COUNT),
                                c.samples[i],
                                c.total[i],
                                c.min[i],
                                c.max[i],
                                c.timed[i],
                                c.vmm[i],
                                c.forwarded[i],
                                c.forwardedTotal[i],
                                c.fast[i]));
            }
        }
        rows.sort(MOST_TIME_FIRST);
        return rows;
    }
}
