package dev.nido.cli;

import dev.nido.observe.ExitStatistics;
import dev.nido.observe.GuestLevel;
import dev.nido.observe.NestedFigures;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What the hypervisor did for whom in a run, in a few lines. */
final class HypervisorSummary {

    private HypervisorSummary() {}

    /** The lines. */
    static List<String> of(ExitStatistics.PerVcpu all) {
        List<String> lines = new ArrayList<>();
        for (GuestLevel level : GuestLevel.values()) {
            long exits = all.exits(level);
            long fast = all.fast(level);
            if (exits + fast > 0) {
                lines.add(
                        String.format(
                                Locale.ROOT,
                                "L0 for %s: %d exits: %d emulated, %d on the spot, %d forwarded to L1: %s",
                                level,
                                exits + fast,
                                exits - all.forwarded(level),
                                fast,
                                all.forwarded(level),
                                reasons(all, level)));
            }
        }
        if (all.hasEl2()) {
            lines.addAll(nested(all.nested()));
        }
        return lines;
    }

    private static String reasons(ExitStatistics.PerVcpu all, GuestLevel level) {
        return all.rows().stream()
                .filter(row -> row.level() == level)
                .sorted(
                        Comparator.comparingLong(
                                        (ExitStatistics.Row row) -> row.count() + row.fast())
                                .reversed())
                .map(row -> row.reason() + " " + (row.count() + row.fast()))
                .collect(Collectors.joining(", "));
    }

    private static List<String> nested(NestedFigures n) {
        return List.of(
                String.format(
                        Locale.ROOT,
                        "L0 for L1's EL2: %d ERETs, %d exceptions, %d interrupts given to it; %d TLBIs, of"
                                + " which %d on the spot",
                        n.returns(),
                        n.exceptions(),
                        n.interrupts(),
                        n.invalidations(),
                        n.fastInvalidations()),
                String.format(
                        Locale.ROOT,
                        "shadow stage 2: %d contexts set up, %d of them recycled; %d faults, and %d that"
                                + " were L1's",
                        n.contexts(),
                        n.recycledContexts(),
                        n.faults(),
                        n.forwardedFaults()));
    }
}
