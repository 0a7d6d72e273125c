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
 * Counts exits and their time, for each vCPU and reason, as {@code perf kvm stat} does: the time of
 * an exit is that from leaving the guest to entering it again, so the VMM's part of an MMIO access
 * and the sleep of a WFI are in it.
 *
 * <p>An exit costs two looks at the clock, three if the VMM is called, and allocates nothing.
 * Figures may be read when no vCPU runs.
 */
public final class ExitStatistics implements Tracer {
    private static final Comparator<Row> MOST_TIME_FIRST =
            Comparator.comparingLong(Row::nanos)
                    .thenComparingLong(Row::count)
                    .reversed()
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

    /** What is known of one reason on one vCPU. All times in nanoseconds. */
    private static final class Counts {
        private final int vm;
        private final long[] samples = new long[ExitReason.COUNT];
        private final long[] timed = new long[ExitReason.COUNT];
        private final long[] total = new long[ExitReason.COUNT];
        private final long[] min = new long[ExitReason.COUNT];
        private final long[] vmm = new long[ExitReason.COUNT];
        private final long[] max = new long[ExitReason.COUNT];

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

        Counts(int vm) {
            this.vm = vm;
        }

        void enter(long now) {
            if (open >= 0) {
                long time = now - since;
                min[open] = timed[open]++ == 0 ? time : Math.min(min[open], time);
                max[open] = Math.max(max[open], time);
                total[open] += time;
                asleep += sleeping;
                if (called != 0) {
                    vmm[open] += now - called;
                    called = 0;
                }
                open = -1;
            }
            sleeping = 0;
            since = now;
            entered = true;
        }

        void exit(int reason, long now) {
            if (entered) {
                guest += now - since;
                entered = false;
            }
            samples[reason]++;
            open = reason;
            since = now;
        }
    }

    /**
     * Exits of one vCPU for one reason.
     *
     * @param reason as KVM names it, {@code DABT_LOW} for example
     * @param count how many
     * @param nanos time of them all, from the guest's end to its continuation
     * @param minNanos the shortest, 0 if none was followed by an entry
     * @param maxNanos the longest
     * @param timed how many were followed by an entry: the number that the times are of
     * @param vmmNanos the part of the time that the VMM had
     */
    public record Row(
            String reason,
            long count,
            long nanos,
            long minNanos,
            long maxNanos,
            long timed,
            long vmmNanos) {

        /** Mean time of an exit in nanoseconds, 0 if none is known. */
        public double meanNanos() {
            return timed == 0 ? 0 : (double) nanos / timed;
        }

        private Row plus(Row other) {
            boolean both = timed > 0 && other.timed > 0;
            return new Row(
                    reason,
                    count + other.count,
                    nanos + other.nanos,
                    both ? Math.min(minNanos, other.minNanos) : minNanos + other.minNanos,
                    Math.max(maxNanos, other.maxNanos),
                    timed + other.timed,
                    vmmNanos + other.vmmNanos);
        }
    }

    /**
     * One vCPU.
     *
     * @param vm number of its VM among those that were seen, from 0
     * @param vcpu its number in its VM
     * @param guestNanos time in the guest
     * @param asleepNanos time in which it waited for an interrupt, which is in an exit's time too
     * @param rows its reasons, most time first; those that never happened are absent
     */
    public record PerVcpu(int vm, int vcpu, long guestNanos, long asleepNanos, List<Row> rows) {

        /** Number of exits. */
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

        /** How often a reason occurred. */
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
        of(vcpu).exit(ExitReason.of(ec), nanos.getAsLong());
    }

    @Override
    public void userspaceExit(Vcpu vcpu, Exit exit) {
        of(vcpu).called = nanos.getAsLong();
    }

    @Override
    public void wakeup(Vcpu vcpu, long time, boolean slept, boolean valid) {
        of(vcpu).sleeping += time;
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
        counts.forEach(
                (vcpu, c) -> all.add(new PerVcpu(c.vm, vcpu.id(), c.guest, c.asleep, rows(c))));
        all.sort(Comparator.comparingInt(PerVcpu::vm).thenComparingInt(PerVcpu::vcpu));
        return all;
    }

    /** The figures of several vCPUs as if they were one, number −1. */
    static PerVcpu sum(List<PerVcpu> parts) {
        Map<String, Row> rows = new TreeMap<>();
        for (PerVcpu part : parts) {
            part.rows().forEach(row -> rows.merge(row.reason(), row, Row::plus));
        }
        return new PerVcpu(
                -1,
                -1,
                parts.stream().mapToLong(PerVcpu::guestNanos).sum(),
                parts.stream().mapToLong(PerVcpu::asleepNanos).sum(),
                rows.values().stream().sorted(MOST_TIME_FIRST).toList());
    }

    private static List<Row> rows(Counts c) {
        List<Row> rows = new ArrayList<>();
        for (int r = 0; r < ExitReason.COUNT; r++) {
            if (c.samples[r] > 0) {
                rows.add(
                        new Row(
                                ExitReason.name(r),
                                c.samples[r],
                                c.total[r],
                                c.min[r],
                                c.max[r],
                                c.timed[r],
                                c.vmm[r]));
            }
        }
        rows.sort(MOST_TIME_FIRST);
        return rows;
    }
}
