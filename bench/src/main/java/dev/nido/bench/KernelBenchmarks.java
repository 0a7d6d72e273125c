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
 * {@code nido bench}: each kernel on this machine, in a process of its own, and on QEMU, as ratios.
 * The number of instructions comes from a deterministic run, where the counter counts them.
 */
public final class KernelBenchmarks implements Benchmarks {
    /** Where a raw binary is loaded. */
    private static final long ORIGIN = 0x4008_0000L;

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
        KernelProcess.Measurement here = KernelProcess.start(kernel);
        double reference = Double.NaN;
        if (qemu.isPresent()) {
            byte[] program = assemble(kernel, kernel.repetitions);
            Figures figures = KernelProcess.figures(qemu.get().run(program), "QEMU");
            if (figures.result() != here.result()) {
                throw new IOException(
                        "%s computed %x here and %x on QEMU"
                                .formatted(kernel.label(), here.result(), figures.result()));
            }
            reference = figures.seconds();
        }
        return new Row(kernel, here.instructions(), here.seconds(), reference);
    }

    static byte[] assemble(Kernel kernel, int repetitions) {
        return Assembler.assemble(kernel.source(repetitions), ORIGIN).bytes();
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
