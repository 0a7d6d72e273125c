package dev.nido.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One kernel's measurement in a JVM of its own. What the JVM's compiler has seen of one kernel
 * decides how the next one runs, so that kernels that follow each other in one JVM measure their
 * order.
 */
final class KernelProcess {
    /** The first runs warm the JVM up, the best of all counts. */
    private static final int RUNS = 5;

    private KernelProcess() {}

    /**
     * What the process found.
     *
     * @param instructions in the measured part
     * @param seconds of the best run
     * @param result what the kernel computed
     */
    record Measurement(long instructions, double seconds, long result) {
        private String line() {
            return String.format(Locale.ROOT, "%d %.9f %d", instructions, seconds, result);
        }

        private static Measurement of(String line) {
            String[] words = line.split(" ");
            return new Measurement(
                    Long.parseLong(words[0]),
                    Double.parseDouble(words[1]),
                    Long.parseLong(words[2]));
        }
    }

    /** In the new process: measures the kernel that the argument names. */
    public static void main(String[] arguments) throws IOException {
        System.out.println(measure(Kernel.valueOf(arguments[0].toUpperCase(Locale.ROOT))).line());
    }

    /** Starts a process like this one and has it measure a kernel. */
    static Measurement start(Kernel kernel) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (!option.startsWith("-Djdk.module.main")) {
                command.add(option);
            }
        }
        Module module = KernelProcess.class.getModule();
        if (module.isNamed()) {
            command.add("--module");
            command.add(module.getName() + "/" + KernelProcess.class.getName());
        } else {
            command.add("-cp");
            command.add(System.getProperty("java.class.path"));
            command.add(KernelProcess.class.getName());
        }
        command.add(kernel.label());
        Process process =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try {
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException("the process that measures " + kernel.label() + " failed");
            }
            return Measurement.of(output.strip());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + kernel.label() + " was measured", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static Measurement measure(Kernel kernel) throws IOException {
        byte[] program = KernelBenchmarks.assemble(kernel, kernel.repetitions);
        double best = Double.MAX_VALUE;
        long result = 0;
        for (int i = 0; i < RUNS; i++) {
            Figures figures = figures(NidoRunner.run(program, false), "this machine");
            best = Math.min(best, figures.seconds());
            result = figures.result();
        }
        return new Measurement(
                kernel.sleeps ? kernel.repetitions : instructions(kernel), best, result);
    }

    /** Every repetition takes as many instructions as the next: two short runs tell how many. */
    private static long instructions(Kernel kernel) throws IOException {
        long first =
                figures(NidoRunner.run(KernelBenchmarks.assemble(kernel, 1), true), "this machine")
                        .ticks();
        if (kernel.repetitions == 1) {
            return first;
        }
        long second =
                figures(NidoRunner.run(KernelBenchmarks.assemble(kernel, 2), true), "this machine")
                        .ticks();
        return first + (second - first) * (kernel.repetitions - 1);
    }

    static Figures figures(String console, String where) throws IOException {
        return Figures.parse(console)
                .orElseThrow(() ->
                        new IOException("a benchmark program printed no figures on " + where));
    }
}
