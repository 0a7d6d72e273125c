package dev.nido.bench;

import dev.nido.bench.TrapProgram.Column;
import dev.nido.cli.Benchmarks;
import dev.nido.cli.Main;
import dev.nido.cli.Streams;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
    private static final double MOST_RATIO = 1.25;
    private static final String LIMIT = "900s";

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
        demos(out, figures);
        if (json != null) {
            Files.writeString(json, KvmBenchmarks.json(figures));
        }
    }

    private static void demos(PrintStream out, Map<String, Double> figures) throws IOException {
        Path statistics = Files.createTempFile("nido-bench", ".txt");
        try {
            double bare = demo("bare", null);
            double hosted = demo("hosted", statistics);
            figures.put("bare demo, s", bare);
            figures.put("hosted demo, s", hosted);
            out.printf(Locale.ROOT, "%-44s %12.2f%n", "bare demo, s of CPU time", bare);
            out.printf(Locale.ROOT, "%-44s %12.2f%n", "hosted demo, s of CPU time", hosted);
            KvmBenchmarks.put(out, figures, "hosted demo / bare demo", hosted / bare, MOST_RATIO);
            out.printf("%nThe hosted demo's exits:%n%s", Files.readString(statistics));
        } finally {
            Files.deleteIfExists(statistics);
        }
    }

    /** Seconds of the process's CPU time. */
    private static double demo(String mode, Path statistics) throws IOException {
        List<String> line =
                new ArrayList<>(
                        List.of(
                                "demo",
                                "--mode",
                                mode,
                                "--nested",
                                "nv2",
                                "--cpus",
                                "1",
                                "--deterministic",
                                "--timeout",
                                LIMIT));
        if (statistics != null) {
            line.add("--stat=" + statistics);
        }
        Streams none =
                new Streams(
                        InputStream.nullInputStream(),
                        OutputStream.nullOutputStream(),
                        new PrintStream(OutputStream.nullOutputStream()),
                        false);
        long start = KvmBenchmarks.cpuTime();
        int status = Main.execute(none, line.toArray(String[]::new));
        if (status != 0) {
            throw new IOException("the demo, " + mode + ", ended with status " + status);
        }
        return (KvmBenchmarks.cpuTime() - start) / 1e9;
    }
}
