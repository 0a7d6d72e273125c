package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nido.board.BoardConfig;
import dev.nido.board.VirtBoard;
import dev.nido.board.device.ByteSink;
import dev.nido.isa.Assembler;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What a machine costs the host, as /proc tells it. */
class MemoryUseTest {

    private static final long MIB = 1 << 20;

    /** Writes to every page of 100 MiB, says so, and goes on with what is appended. */
    private static final String TOUCH =
            """
                    movz    x0, #0x4800, lsl #16
                    movz    x1, #0x640, lsl #16
            1:      str     x1, [x0], #8
                    add     x0, x0, #4088
                    subs    x1, x1, #1, lsl #12
                    b.ne    1b
                    movz    x2, #0x900, lsl #16
                    mov     w3, #'!'
                    str     w3, [x2]
                    mov     w3, #10
                    str     w3, [x2]
            """;

    private static final String SPIN = "2: b 2b\n";

    private static final String POWER_OFF =
            """
                    movz    w0, #0x8
                    movk    w0, #0x8400, lsl #16
                    hvc     #0
            """;

    @TempDir private Path folder;

    @BeforeEach
    void onLinux() {
        assumeTrue(Files.exists(Path.of("/proc/self/status")), "no /proc");
    }

    /** A value of /proc/PID/status, in bytes. */
    private static long status(String pid, String name) throws IOException {
        return Files.readAllLines(Path.of("/proc", pid, "status")).stream()
                .filter(line -> line.startsWith(name + ":"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                .findFirst()
                .orElseThrow();
    }

    private Path image(String source) throws IOException {
        byte[] bytes = Assembler.assemble("touch", source, 0x4008_0000L, Map.of()).bytes();
        return Files.write(folder.resolve("image"), bytes);
    }

    /** Everything that this test runs from, as a class path. */
    private static String classPath() {
        Stream<String> modules =
                ModuleLayer.boot().configuration().modules().stream()
                        .map(module -> module.reference().location())
                        .flatMap(Optional::stream)
                        .filter(location -> location.getScheme().equals("file"))
                        .map((URI location) -> Path.of(location).toString());
        return Stream.concat(modules, Stream.of(System.getProperty("java.class.path")))
                .collect(Collectors.joining(File.pathSeparator));
    }

    @Test
    @Timeout(120)
    void oneGibibyteOfWhichAHundredMebibytesAreTouchedStaysBelow350Resident() throws Exception {
        Process process =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "-Xms32m",
                                        "-Xmx1g",
                                        "-XX:+UseSerialGC",
                                        "-XX:MinHeapFreeRatio=10",
                                        "-XX:MaxHeapFreeRatio=30",
                                        "-XX:+UseCompactObjectHeaders",
                                        "--enable-native-access=ALL-UNNAMED",
                                        "--add-exports",
                                        "java.base/jdk.internal.misc=ALL-UNNAMED",
                                        "-cp",
                                        classPath(),
                                        "dev.nido.cli.Main",
                                        "run",
                                        "--mode",
                                        "bare",
                                        "-m",
                                        "1G",
                                        "--timeout",
                                        "100s",
                                        "-k",
                                        image(TOUCH + SPIN).toString()))
                        .redirectErrorStream(true)
                        .start();
        try (BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(out.readLine()).isEqualTo("!");
            long resident = status(Long.toString(process.pid()), "VmRSS");
            assertThat(resident).isBetween(100 * MIB, 350 * MIB);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    @Test
    @Timeout(120)
    void tenMachinesGiveEverythingBack() throws Exception {
        Path image = image(TOUCH + POWER_OFF);
        runOnce(image);
        System.gc();
        long address = status("self", "VmSize");
        long resident = status("self", "VmRSS");
        int threads = Thread.getAllStackTraces().size();
        for (int i = 0; i < 10; i++) {
            runOnce(image);
        }
        System.gc();
        assertThat(status("self", "VmSize") - address).isLessThan(512 * MIB);
        assertThat(status("self", "VmRSS") - resident).isLessThan(80 * MIB);
        assertThat(Thread.getAllStackTraces().size() - threads).isLessThan(3);
    }

    private static void runOnce(Path image) throws Exception {
        BoardConfig config =
                BoardConfig.of(image).memory(1 << 30).cpus(2).console(ByteSink.nowhere()).build();
        try (VirtBoard board = VirtBoard.create(config)) {
            assertThat(board.run(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(status("self", "VmRSS")).isGreaterThan(100 * MIB);
        }
    }
}
