package dev.nido.bench;

import dev.nido.bench.TrapProgram.Column;
import dev.nido.bench.TrapProgram.Operation;
import dev.nido.board.guest.GuestCatalogue;
import dev.nido.cli.Benchmarks;
import dev.nido.cli.Streams;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * {@code nido bench traps}: how often the hypervisor is called for one operation of a guest's
 * guest, as in the table of "NEVE: Nested Virtualization Extensions for ARM" (SOSP 2017), and for
 * what.
 */
public final class TrapBenchmarks implements Benchmarks {

    @Override
    public List<String> names() {
        return List.of("traps");
    }

    @Override
    public void run(Streams streams, List<String> names, Path json) throws IOException {
        PrintStream out = new PrintStream(streams.out(), true, StandardCharsets.UTF_8);
        Map<Operation, Map<Column, Map<String, Double>>> all = new EnumMap<>(Operation.class);
        for (Operation operation : Operation.values()) {
            Map<Column, Map<String, Double>> row = new EnumMap<>(Column.class);
            for (Column column : Column.values()) {
                row.put(column, TrapProgram.exits(column, operation));
            }
            all.put(operation, row);
        }
        out.print(text(all));
        debian(out);
        if (json != null) {
            Files.writeString(json, json(all));
        }
    }

    /** The first row once more, with a real hypervisor. */
    private static void debian(PrintStream out) throws IOException {
        if (!DebianTraps.isFetched()) {
            out.printf(
                    "%nwith Debian's KVM: not measured; first: nido guest fetch %s%n",
                    GuestCatalogue.DEMO);
            return;
        }
        for (Column column : Column.values()) {
            Map<String, Double> exits = DebianTraps.exits(column);
            out.printf(
                    Locale.ROOT,
                    "%nhypercall to Debian's KVM, %s: %.4g + %.3g%n",
                    column.text,
                    sum(exits, false),
                    sum(exits, true));
            exits.forEach((name, count) -> out.printf(Locale.ROOT, "%8.4g  %s%n", count, name));
        }
    }

    static double sum(Map<String, Double> exits, boolean timers) {
        return exits.entrySet().stream()
                .filter(e -> TrapProgram.isTimer(e.getKey()) == timers)
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    static String text(Map<Operation, Map<Column, Map<String, Double>>> all) {
        StringBuilder out = new StringBuilder();
        out.append(
                "Exits to the hypervisor for one operation of a guest's guest; those for timers"
                        + " after the +\n\n");
        out.append(String.format("%-32s", ""));
        for (Column column : Column.values()) {
            out.append(String.format("%16s", column.text));
        }
        out.append('\n');
        all.forEach((operation, row) -> {
            out.append(String.format("%-32s", operation.text));
            row.values()
                    .forEach(exits -> {
                        out.append(
                                String.format(
                                        Locale.ROOT,
                                        "%10.4g + %-3.3g",
                                        sum(exits, false),
                                        sum(exits, true)));
                    });
            out.append('\n');
        });
        all.forEach((operation, row) ->
                row.forEach((column, exits) -> {
                    out.append(String.format("%n%s, %s:%n", operation.text, column.text));
                    exits.forEach((name, count) ->
                            out.append(String.format(Locale.ROOT, "%8.4g  %s%n", count, name)));
                }));
        return out.toString();
    }

    static String json(Map<Operation, Map<Column, Map<String, Double>>> all) {
        StringJoiner rows = new StringJoiner(",\n  ", "{\n  ", "\n}\n");
        all.forEach((operation, row) ->
                row.forEach((column, exits) -> {
                    StringJoiner named = new StringJoiner(", ", "{", "}");
                    exits.forEach((name, count) ->
                            named.add(String.format(Locale.ROOT, "\"%s\": %.4g", name, count)));
                    rows.add(
                            String.format(
                                    Locale.ROOT,
                                    "\"%s, %s\": {\"exits\": %.4g, \"timers\": %.4g, \"named\": %s}",
                                    operation.text,
                                    column.text,
                                    sum(exits, false),
                                    sum(exits, true),
                                    named));
                }));
        return rows.toString();
    }
}
