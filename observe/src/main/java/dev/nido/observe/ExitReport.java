package dev.nido.observe;

import dev.nido.observe.ExitStatistics.PerVcpu;
import dev.nido.observe.ExitStatistics.Row;

import java.util.List;
import java.util.Locale;

/**
 * Exit statistics as text, in the columns of {@code perf kvm stat report}, and as JSON.
 *
 * <p>The text has one table a vCPU. JSON is one object; all times in it are nanoseconds:
 *
 * <pre>
 * {"vcpus": [{"vm": 0, "vcpu": 0, "exits": 12, "guestNanos": 1, "exitNanos": 2,
 *   "vmmNanos": 1, "asleepNanos": 0,
 *   "reasons": [{"reason": "HVC64", "count": 12, "timed": 11, "nanos": 2, "minNanos": 1,
 *     "maxNanos": 1, "vmmNanos": 1, "meanNanos": 1.5, "countShare": 1.0, "timeShare": 1.0}]}]}
 * </pre>
 *
 * <p>Of a vCPU with a virtual EL2 each reason has its {@code level} before it, and behind it how
 * many exits that EL2 got and how many more were handled on the spot; the vCPU has {@code nested},
 * a {@link NestedFigures}.
 */
final class ExitReport {
    private ExitReport() {}

    static String text(List<PerVcpu> vcpus) {
        StringBuilder out = new StringBuilder();
        if (vcpus.isEmpty()) {
            return "no vCPU entered a guest\n";
        }
        boolean severalVms = vcpus.stream().anyMatch(v -> v.vm() > 0);
        for (PerVcpu v : vcpus) {
            String vm = severalVms ? "VM " + v.vm() + " " : "";
            table(out, vm + "vCPU " + v.vcpu(), v);
        }
        if (vcpus.size() > 1) {
            table(out, "all " + vcpus.size() + " vCPUs", ExitStatistics.sum(vcpus));
        }
        return out.toString();
    }

    private static void table(StringBuilder out, String title, PerVcpu v) {
        out.append(
                line(
                        "%s: %d exits, %.6f s in the guest, %.6f s in exits, of which %.6f s in the"
                                + " VMM, %.6f s asleep",
                        title,
                        v.exits(),
                        v.guestNanos() / 1e9,
                        v.exitNanos() / 1e9,
                        v.vmmNanos() / 1e9,
                        v.asleepNanos() / 1e9));
        if (v.hasEl2()) {
            nested(out, v);
        }
        out.append('\n');
        out.append(
                line(
                        "%20s %10s %9s %9s %11s %11s %13s %15s%s",
                        "VM-EXIT",
                        "Samples",
                        "Samples%",
                        "Time%",
                        "Min Time",
                        "Max Time",
                        "Avg time",
                        "Total time",
                        v.hasEl2() ? "  Forwarded  On the spot" : ""));
        out.append('\n');
        for (Row row : v.rows()) {
            out.append(
                    line(
                            "%20s %10d %8.2f%% %8.2f%% %9.2fus %9.2fus %11.3fus %13.2fus%s",
                            v.hasEl2() ? row.level() + " " + row.reason() : row.reason(),
                            row.count(),
                            100 * share(row.count(), v.exits()),
                            100 * share(row.nanos(), v.exitNanos()),
                            row.minNanos() / 1e3,
                            row.maxNanos() / 1e3,
                            row.meanNanos() / 1e3,
                            row.nanos() / 1e3,
                            v.hasEl2()
                                    ? String.format("%11d%13d", row.forwarded(), row.fast())
                                    : ""));
        }
        out.append('\n');
        out.append(
                line(
                        "Total Samples:%d, Total events handled time:%.2fus.",
                        v.exits(), v.exitNanos() / 1e3));
        out.append('\n');
    }

    /** Who had the exits, and what else was done for the guest's EL2. */
    private static void nested(StringBuilder out, PerVcpu v) {
        for (GuestLevel level : GuestLevel.values()) {
            if (v.exits(level) + v.fast(level) > 0) {
                out.append(
                        line(
                                "  %s: %d exits, %d of them forwarded to L1, and %d on the spot",
                                level, v.exits(level), v.forwarded(level), v.fast(level)));
            }
        }
        NestedFigures n = v.nested();
        out.append(
                line(
                        "  for L1: %d ERETs, %d exceptions, %d interrupts, %d TLBIs of which %d on"
                                + " the spot",
                        n.returns(),
                        n.exceptions(),
                        n.interrupts(),
                        n.invalidations(),
                        n.fastInvalidations()));
        out.append(
                line(
                        "  for L2: %d stage-2 contexts of which %d recycled, %d faults and %d more"
                                + " forwarded, %d linked interrupts ended",
                        n.contexts(),
                        n.recycledContexts(),
                        n.faults(),
                        n.forwardedFaults(),
                        n.linkedEnds()));
    }

    static String json(List<PerVcpu> vcpus) {
        StringBuilder out = new StringBuilder("{\"vcpus\": [");
        for (int i = 0; i < vcpus.size(); i++) {
            PerVcpu v = vcpus.get(i);
            out.append(
                    String.format(
                            Locale.ROOT,
                            "%s\n  {\"vm\": %d, \"vcpu\": %d, \"exits\": %d, \"guestNanos\": %d,"
                                    + " \"exitNanos\": %d, \"vmmNanos\": %d, \"asleepNanos\": %d,\n    \"reasons\": [",
                            i == 0 ? "" : ",",
                            v.vm(),
                            v.vcpu(),
                            v.exits(),
                            v.guestNanos(),
                            v.exitNanos(),
                            v.vmmNanos(),
                            v.asleepNanos()));
            for (int r = 0; r < v.rows().size(); r++) {
                out.append(r == 0 ? "\n      " : ",\n      ").append(json(v, v.rows().get(r)));
            }
            out.append("]").append(v.hasEl2() ? json(v.nested()) : "").append("}");
        }
        return out.append("]}\n").toString();
    }

    /** Names are KVM's and plain ASCII: nothing needs escaping. */
    private static String json(PerVcpu v, Row row) {
        boolean plain = row.level() == GuestLevel.GUEST;
        return String.format(
                Locale.ROOT,
                "{%s\"reason\": \"%s\", \"count\": %d, \"timed\": %d, \"nanos\": %d, \"minNanos\": %d,"
                        + " \"maxNanos\": %d, \"vmmNanos\": %d, \"meanNanos\": %.1f, \"countShare\": %.6f,"
                        + " \"timeShare\": %.6f%s}",
                plain ? "" : "\"level\": \"" + row.level() + "\", ",
                row.reason(),
                row.count(),
                row.timed(),
                row.nanos(),
                row.minNanos(),
                row.maxNanos(),
                row.vmmNanos(),
                row.meanNanos(),
                share(row.count(), v.exits()),
                share(row.nanos(), v.exitNanos()),
                plain
                        ? ""
                        : String.format(
                                ", \"forwarded\": %d, \"forwardedNanos\": %d, \"fast\": %d",
                                row.forwarded(), row.forwardedNanos(), row.fast()));
    }

    private static String json(NestedFigures n) {
        return String.format(
                ",\n    \"nested\": {\"returns\": %d, \"exceptions\": %d, \"interrupts\": %d,"
                        + " \"forwardedAccesses\": %d, \"contexts\": %d, \"recycledContexts\": %d,"
                        + " \"faults\": %d, \"forwardedFaults\": %d, \"invalidations\": %d,"
                        + " \"fastInvalidations\": %d, \"linkedEnds\": %d}",
                n.returns(),
                n.exceptions(),
                n.interrupts(),
                n.forwardedAccesses(),
                n.contexts(),
                n.recycledContexts(),
                n.faults(),
                n.forwardedFaults(),
                n.invalidations(),
                n.fastInvalidations(),
                n.linkedEnds());
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + "\n";
    }
}
