package dev.nido.bench;

import dev.nido.cli.Benchmarks;
import dev.nido.cli.Streams;
import dev.nido.isa.Assembler;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * {@code nido bench}: each kernel on this machine and on QEMU, as ratios. The number of
 * instructions comes from a deterministic run, where the counter counts them.
 */
public final class KernelBenchmarks implements Benchmarks {
    /** Where a raw binary is loaded. */
    private static final long ORIGIN = 0x4008_0000L;

    /** The first run warms the JVM up, the best of the others counts. */
    private static final int RUNS = 3;

    /**
     * One row of the table.
     *
     * @param instructions in the measured part
     * @param seconds on this machine
     * @param reference seconds on QEMU, or NaN
     */
    record Row(Kernel kernel, long instructions, double seconds, double reference) {
        double mips() {
            return instructions / seconds / 1e6;
        }

        double referenceMips() {
            return instructions / reference / 1e6;
        }

        /** Above 1: this machine is faster. */
        double ratio() {
            return reference / seconds;
        }
    }

    @Override
    public List<String> names() {
        return List.of(Kernel.values()).stream().map(Kernel::label).toList();
    }

    @Override
    public void run(Streams streams, List<String> names, Path json) throws IOException {
        PrintStream out = new PrintStream(streams.out(), true, StandardCharsets.UTF_8);
        Optional<Qemu> qemu = Qemu.find();
        String version = qemu.isPresent() ? qemu.get().version() : "QEMU is not installed";
        out.printf(
                "%-8s %12s %14s %14s %8s   (%s)%n",
                "kernel", "instructions", "nido", "qemu", "ratio", version);
        List<Row> rows = new ArrayList<>();
        for (Kernel kernel : Kernel.values()) {
            if (names.isEmpty() || names.contains(kernel.label())) {
                Row row = measure(kernel, qemu);
                rows.add(row);
                print(out, row);
            }
        }
        if (json != null) {
            Files.writeString(json, json(rows, version));
        }
    }

    private static Row measure(Kernel kernel, Optional<Qemu> qemu) throws IOException {
        byte[] program = assemble(kernel, kernel.repetitions);
        double best = Double.MAX_VALUE;
        long result = 0;
        for (int i = 0; i < RUNS; i++) {
            Figures figures = figures(NidoRunner.run(program, false), "this machine");
            best = Math.min(best, figures.seconds());
            result = figures.result();
        }
        double reference = Double.NaN;
        if (qemu.isPresent()) {
            Figures figures = figures(qemu.get().run(program), "QEMU");
            if (figures.result() != result) {
                throw new IOException(
                        "%s computed %x here and %x on QEMU"
                                .formatted(kernel.label(), result, figures.result()));
            }
            reference = figures.seconds();
        }
        return new Row(
                kernel, kernel.sleeps ? kernel.repetitions : instructions(kernel), best, reference);
    }

    /** Every repetition takes as many instructions as the next: two short runs tell how many. */
    private static long instructions(Kernel kernel) throws IOException {
        long first = figures(NidoRunner.run(assemble(kernel, 1), true), "this machine").ticks();
        if (kernel.repetitions == 1) {
            return first;
        }
        long second = figures(NidoRunner.run(assemble(kernel, 2), true), "this machine").ticks();
        return first + (second - first) * (kernel.repetitions - 1);
    }

    static byte[] assemble(Kernel kernel, int repetitions) {
        return Assembler.assemble(kernel.source(repetitions), ORIGIN).bytes();
    }

    private static Figures figures(String console, String where) throws IOException {
        return Figures.parse(console)
                .orElseThrow(() ->
                        new IOException("a benchmark program printed no figures on " + where));
    }

    private static void print(PrintStream out, Row row) {
        String here;
        String there;
        if (row.kernel().sleeps) {
            here = String.format(Locale.ROOT, "%.1f µs", row.seconds() / row.instructions() * 1e6);
            there =
                    String.format(
                            Locale.ROOT, "%.1f µs", row.reference() / row.instructions() * 1e6);
        } else {
            here = String.format(Locale.ROOT, "%.0f MIPS", row.mips());
            there = String.format(Locale.ROOT, "%.0f MIPS", row.referenceMips());
        }
        boolean compared = !Double.isNaN(row.reference());
        out.printf(
                "%-8s %12s %14s %14s %8s%n",
                row.kernel().label(),
                row.kernel().sleeps
                        ? row.instructions() + " times"
                        : Long.toString(row.instructions()),
                here,
                compared ? there : "-",
                compared ? String.format(Locale.ROOT, "%.3f", row.ratio()) : "-");
    }

    static String json(List<Row> rows, String version) {
        StringJoiner kernels = new StringJoiner(",\n    ", "[\n    ", "\n  ]");
        for (Row row : rows) {
            StringJoiner fields = new StringJoiner(", ", "{", "}");
            fields.add("\"kernel\": \"" + row.kernel().label() + "\"");
            fields.add(
                    (row.kernel().sleeps ? "\"sleeps\": " : "\"instructions\": ")
                            + row.instructions());
            fields.add(String.format(Locale.ROOT, "\"seconds\": %.6f", row.seconds()));
            if (!Double.isNaN(row.reference())) {
                fields.add(String.format(Locale.ROOT, "\"qemuSeconds\": %.6f", row.reference()));
                fields.add(String.format(Locale.ROOT, "\"ratio\": %.4f", row.ratio()));
            }
            kernels.add(fields.toString());
        }
        return "{\n  \"reference\": \""
                + version.replace("\\", "\\\\").replace("\"", "\\\"")
                + "\",\n  \"kernels\": "
                + kernels
                + "\n}\n";
    }
}
