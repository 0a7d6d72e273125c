package dev.nido.bench;

import dev.nido.bench.TrapProgram.Column;
import dev.nido.cli.Benchmarks;
import dev.nido.cli.Streams;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * {@code nido bench nested}: what nested virtualization costs. An exit that goes to the guest's EL2
 * is measured from inside; the demo, Debian under Debian's KVM, on the bare machine and hosted,
 * both deterministic: the same instructions.
 */
public final class NestedBenchmarks implements Benchmarks {

    private static final double MOST_NANOS = 3000;
    private static final double MOST_HYPERCALL_NANOS = 100_000;

    @Override
    public List<String> names() {
        return List.of("nested");
    }

    @Override
    public void run(Streams streams, List<String> names, Path json) throws IOException {
        PrintStream out = new PrintStream(streams.out(), true, StandardCharsets.UTF_8);
        Map<String, Double> figures = new LinkedHashMap<>();
        for (Column column : Column.values()) {
            ForwardedExits exits = ForwardedExits.measure(column);
            String name = column.text + ": exit that L1 gets, ns";
            KvmBenchmarks.put(out, figures, name, exits.nanos(), MOST_NANOS);
            name = column.text + ": hypercall of L2, ns";
            if (column.vhe) {
                KvmBenchmarks.put(out, figures, name, exits.hypercallNanos(), MOST_HYPERCALL_NANOS);
            } else {
                figures.put(name, exits.hypercallNanos());
                out.printf(Locale.ROOT, "%-44s %12.2f%n", name, exits.hypercallNanos());
            }
        }
        if (json != null) {
            Files.writeString(json, KvmBenchmarks.json(figures));
        }
    }
}
