package dev.nido.machine.audit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;

/** Runs static AArch64 programs under the distribution's user-mode {@code qemu-aarch64}. */
final class QemuUser {

    private final Path binary;

    private QemuUser(Path binary) {
        this.binary = binary;
    }

    /** The emulator on the PATH, if there is one. */
    static Optional<QemuUser> find() {
        String path = System.getenv("PATH");
        if (path == null) {
            return Optional.empty();
        }
        return Arrays.stream(path.split(":"))
                .map(directory -> Path.of(directory, "qemu-aarch64"))
                .filter(Files::isExecutable)
                .findFirst()
                .map(QemuUser::new);
    }

    /** Runs an ELF image and returns what it writes to standard output. */
    byte[] run(byte[] elf) {
        try {
            Path file = Files.createTempFile("nido-audit", ".elf");
            try {
                Files.write(file, elf);
                Files.setPosixFilePermissions(
                        file,
                        EnumSet.of(
                                PosixFilePermission.OWNER_READ,
                                PosixFilePermission.OWNER_WRITE,
                                PosixFilePermission.OWNER_EXECUTE));
                Process process =
                        new ProcessBuilder(binary.toString(), "-cpu", "max", file.toString())
                                .redirectError(ProcessBuilder.Redirect.INHERIT)
                                .start();
                process.getOutputStream().close();
                byte[] output;
                try (InputStream in = process.getInputStream()) {
                    output = in.readAllBytes();
                }
                int status = process.waitFor();
                if (status != 0) {
                    throw new IllegalStateException("qemu-aarch64 ended with status " + status);
                }
                return output;
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while qemu-aarch64 ran", e);
        }
    }
}
