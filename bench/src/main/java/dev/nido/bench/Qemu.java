package dev.nido.bench;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** QEMU's arm64 system emulator, when it is installed. */
final class Qemu {
    private static final String PROGRAM = "qemu-system-aarch64";
    private static final long LIMIT_SECONDS = 60;

    private final Path program;

    private Qemu(Path program) {
        this.program = program;
    }

    /** The one on the PATH. */
    static Optional<Qemu> find() {
        String path = System.getenv("PATH");
        return path == null
                ? Optional.empty()
                : List.of(path.split(File.pathSeparator)).stream()
                        .map(folder -> Path.of(folder, PROGRAM))
                        .filter(Files::isExecutable)
                        .findFirst()
                        .map(Qemu::new);
    }

    /** Its first line about itself. */
    String version() throws IOException {
        Process process = new ProcessBuilder(program.toString(), "--version").start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .findFirst()
                .orElse("");
    }

    /**
     * Runs a program to its end.
     *
     * @param image a raw binary, started as a kernel at EL1
     * @return what the serial port printed
     */
    String run(byte[] image) throws IOException {
        Path file = Files.createTempFile("nido-bench", ".bin");
        try {
            Files.write(file, image);
            Process process =
                    new ProcessBuilder(
                                    program.toString(),
                                    "-machine",
                                    "virt,gic-version=3",
                                    "-cpu",
                                    "max",
                                    "-m",
                                    "1G",
                                    "-display",
                                    "none",
                                    "-nodefaults",
                                    "-serial",
                                    "stdio",
                                    "-kernel",
                                    file.toString())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                            .start();
            // The output is one line, which fits into the pipe: waiting first cannot block the
            // child.
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while QEMU ran", e);
        } finally {
            Files.deleteIfExists(file);
        }
    }
}
