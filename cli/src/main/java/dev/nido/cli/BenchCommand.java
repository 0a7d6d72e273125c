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
        List<String> known = providers.stream().flatMap(p -> p.names().stream()).toList();
        for (String name : names) {
            if (!known.contains(name)) {
                throw new Refusal(
                        "bench: no benchmark '"
                                + name
                                + "'; there are: "
                                + String.join(", ", known));
            }
        }
        if (json != null
                && json.toAbsolutePath().getParent() != null
                && !java.nio.file.Files.isDirectory(json.toAbsolutePath().getParent())) {
            throw new Refusal("bench: --json " + json + ": no such folder");
        }
        List<Benchmarks> chosen =
                providers.stream()
                        .filter(p ->
                                names.isEmpty() || p.names().stream().anyMatch(names::contains))
                        .toList();
        if (json != null && chosen.size() > 1) {
            throw new Refusal(
                    "bench: --json %s: name benchmarks of one kind: %s"
                            .formatted(
                                    json,
                                    String.join(
                                            "; or ",
                                            chosen.stream()
                                                    .map(p -> String.join(", ", p.names()))
                                                    .toList())));
        }
        for (Benchmarks benchmarks : chosen) {
            List<String> its = names.stream().filter(benchmarks.names()::contains).toList();
            benchmarks.run(streams, its, json);
        }
        return ExitStatus.OK.code();
    }
}
