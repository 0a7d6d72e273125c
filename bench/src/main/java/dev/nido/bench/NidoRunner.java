package dev.nido.bench;

import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.machine.MachineEnd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** This machine, in this process. */
final class NidoRunner {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private NidoRunner() {}

    /**
     * Runs a program to its end.
     *
     * @param image a raw binary, started as a kernel at EL1
     * @param deterministic whether the counter counts instructions
     * @return what the serial port printed
     * @throws IOException if the program did not power off
     */
    static String run(byte[] image, boolean deterministic) throws IOException {
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        Path file = Files.createTempFile("nido-bench", ".bin");
        try {
            Files.write(file, image);
            BoardConfig config =
                    BoardConfig.of(file)
                            .deterministic(deterministic)
                            .console(output::write)
                            .build();
            try (VirtBoard board = VirtBoard.create(config)) {
                MachineEnd end = board.run(LIMIT);
                if (!(end instanceof MachineEnd.PoweredOff)) {
                    throw new IOException("a benchmark program ended with " + end);
                }
            }
        } catch (BoardException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            Files.deleteIfExists(file);
        }
        return output.toString(StandardCharsets.UTF_8);
    }
}
