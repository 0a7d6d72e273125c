package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.isa.Assembler;

import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What --stat, --trace and --record leave behind. */
class ObservationOptionsTest {
    private static final long ORIGIN = 0x4008_0000L;

    /** Twenty calls of the firmware, then power off. */
    private static final String CALLS =
            """
            mov  x19, #20
            1: movz w0, #0x8400, lsl #16
            hvc  #0
            subs x19, x19, #1
            b.ne 1b
            movz w0, #0x8400, lsl #16
            movk w0, #8
            hvc  #0
            b .
            """;

    @TempDir Path folder;

    private Path kernel;

    @BeforeEach
    void assemble() throws IOException {
        kernel = folder.resolve("calls");
        Files.write(kernel, Assembler.assemble(CALLS, ORIGIN).bytes());
    }

    private Cli hosted(String... options) {
        List<String> args = new ArrayList<>(List.of("run", "--mode", "hosted", "--timeout", "60s"));
        args.addAll(List.of("-k", kernel.toString(), "-m", "64M"));
        args.addAll(List.of(options));
        return Cli.nido(args.toArray(String[]::new));
    }

    @Test
    void allThreeTellOfTheSameExits() throws IOException {
        Path json = folder.resolve("exits.json");
        Path trace = folder.resolve("trace");
        Path jfr = folder.resolve("run.jfr");
        Cli run = hosted("--stat=" + json, "--trace", trace.toString(), "--record", jfr.toString());
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isZero();
        assertThat(Files.readString(json)).contains("\"reason\": \"HVC64\", \"count\": 21,");
        assertThat(Files.readAllLines(trace).stream().filter(l -> l.contains("(HVC64)")))
                .hasSize(21);
        assertThat(
                        RecordingFile.readAllEvents(jfr).stream()
                                .filter(e ->
                                        e.getEventType().getName().equals("dev.nido.Hypercall")))
                .hasSize(21);
    }

    @Test
    void statisticsWithoutAFileGoToStandardErrorBeforeTheHash() {
        Cli run = hosted("--deterministic", "--stat");
        assertThat(run.status()).isZero();
        List<String> lines = run.err().lines().toList();
        assertThat(lines.getFirst()).matches("vCPU 0: \\d+ exits, .*");
        assertThat(lines).anyMatch(line -> line.matches(" +HVC64 +21 .*"));
        assertThat(lines.getLast()).matches("hash [0-9a-f]{64} instructions \\d+");
    }

    @Test
    void observationDoesNotChangeTheRun() {
        String alone = hosted("--deterministic").err();
        String observed =
                hosted(
                                "--deterministic",
                                "--stat=" + folder.resolve("s"),
                                "--trace=" + folder.resolve("t"),
                                "--record=" + folder.resolve("r.jfr"))
                        .err();
        assertThat(alone).matches("hash [0-9a-f]{64} instructions \\d+\\R");
        assertThat(observed).isEqualTo(alone);
    }

    @Test
    void aDeterministicRunHasTheSameTraceEachTime() throws IOException {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        assertThat(hosted("--deterministic", "--trace", first.toString()).status()).isZero();
        assertThat(hosted("--deterministic", "--trace", second.toString()).status()).isZero();
        assertThat(second).hasSameBinaryContentAs(first);
        assertThat(Files.size(first)).isGreaterThan(1_000);
    }

    @Test
    void aRefusedRunLeavesNoFiles() {
        Path trace = folder.resolve("trace");
        Cli run = hosted("--trace", trace.toString(), "--dtb", folder.resolve("none").toString());
        assertThat(run.status()).isEqualTo(2);
        assertThat(trace).doesNotExist();
    }

    @Test
    void compareObservesItsHostedSide() throws IOException {
        Path trace = folder.resolve("trace");
        Cli run =
                Cli.nido(
                        "compare",
                        "-k",
                        kernel.toString(),
                        "-m",
                        "64M",
                        "--timeout",
                        "60s",
                        "--trace",
                        trace.toString());
        assertThat(Files.readAllLines(trace).stream().filter(l -> l.contains("(HVC64)")))
                .as(run.err())
                .hasSize(21);
    }
}
