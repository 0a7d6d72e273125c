package dev.nido.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code nido bench}: this machine, and QEMU when it is installed, on the same work. */
@Command(description = "Measure this machine, and QEMU when installed, on the same work.")
final class BenchCommand implements Callable<Integer> {
    private final Streams streams;
    private final List<Benchmarks> providers;

    @Parameters(paramLabel = "NAME", description = "Which benchmarks; default: all.")
    private List<String> names = new ArrayList<>();

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the figures to FILE as JSON.")
    private Path json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    BenchCommand(Streams streams, List<Benchmarks> providers) {
        this.streams = streams;
        this.providers = providers;
    }

    @Override
    public Integer call() throws IOException {
        if (providers.isEmpty()) {
            throw new Refusal("bench: this installation has no benchmarks");
        }
        Benchmarks benchmarks = providers.getFirst();
        for (String name : names) {
            if (!benchmarks.names().contains(name)) {
                throw new Refusal(
                        "bench: no benchmark '"
                                + name
                                + "'; there are: "
                                + String.join(", ", benchmarks.names()));
            }
        }
        if (json != null
                && json.toAbsolutePath().getParent() != null
                && !java.nio.file.Files.isDirectory(json.toAbsolutePath().getParent())) {
            throw new Refusal("bench: --json " + json + ": no such folder");
        }
        benchmarks.run(streams, names, json);
        return ExitStatus.OK.code();
    }
}
