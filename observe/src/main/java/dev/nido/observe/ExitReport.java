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
        out.append('\n');
        out.append(
                line(
                        "%20s %10s %9s %9s %11s %11s %13s %15s",
                        "VM-EXIT",
                        "Samples",
                        "Samples%",
                        "Time%",
                        "Min Time",
                        "Max Time",
                        "Avg time",
                        "Total time"));
        out.append('\n');
        for (Row row : v.rows()) {
            out.append(
                    line(
                            "%20s %10d %8.2f%% %8.2f%% %9.2fus %9.2fus %11.3fus %13.2fus",
                            row.reason(),
                            row.count(),
                            100 * share(row.count(), v.exits()),
                            100 * share(row.nanos(), v.exitNanos()),
                            row.minNanos() / 1e3,
                            row.maxNanos() / 1e3,
                            row.meanNanos() / 1e3,
                            row.nanos() / 1e3));
        }
        out.append('\n');
        out.append(
                line(
                        "Total Samples:%d, Total events handled time:%.2fus.",
                        v.exits(), v.exitNanos() / 1e3));
        out.append('\n');
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
            out.append("]}");
        }
        return out.append("]}\n").toString();
    }

    /** Names are KVM's and plain ASCII: nothing needs escaping. */
    private static String json(PerVcpu v, Row row) {
        return String.format(
                Locale.ROOT,
                "{\"reason\": \"%s\", \"count\": %d, \"timed\": %d, \"nanos\": %d, \"minNanos\": %d,"
                        + " \"maxNanos\": %d, \"vmmNanos\": %d, \"meanNanos\": %.1f, \"countShare\": %.6f,"
                        + " \"timeShare\": %.6f}",
                row.reason(),
                row.count(),
                row.timed(),
                row.nanos(),
                row.minNanos(),
                row.maxNanos(),
                row.vmmNanos(),
                row.meanNanos(),
                share(row.count(), v.exits()),
                share(row.nanos(), v.exitNanos()));
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }

    private static String line(String format, Object... values) {
        return String.format(Locale.ROOT, format, values) + "\n";
    }
}
