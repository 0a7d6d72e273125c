package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.isa.Assembler;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;

/** What users give by mistake: one line that says what is wrong, and the status of the contract. */
class BadInputTest {
    /** Where a raw binary is loaded. */
    private static final long ORIGIN = 0x4008_0000L;

    private static final String POWER_OFF =
            """
            mov  w0, #0x8
            movk w0, #0x8400, lsl #16
            hvc  #0
            b .
            """;

    @TempDir Path folder;

    @BeforeEach
    void files() throws IOException {
        write("good", program(POWER_OFF));
        write("empty", new byte[0]);
        write("zeros", new byte[4096]);
        write("image-truncated", java.util.Arrays.copyOf(imageHeader(1 << 20), 40));
        write("image-short", imageHeader(1 << 20));
        write("image-huge", imageHeader(1L << 40));
        write("elf-x86", elf(62, 2));
        write("elf-32", elf(183, 1));
        write("elf-truncated", java.util.Arrays.copyOf(elf(183, 2), 40));
        byte[] packed = gzip(imageHeader(64));
        write("gzip-truncated", java.util.Arrays.copyOf(packed, packed.length / 2));
        write("initrd-large", new byte[64 << 20]);
        write(
                "noise",
                new SplittableRandom(7)
                        .ints(1024)
                        .collect(() -> ByteBuffer.allocate(4096), ByteBuffer::putInt, (a, b) -> {})
                        .array());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run -k empty                             | empty",
                "run -k image-huge                        | image-huge",
                "run -k zeros                             | zeros",
                "run -k elf-x86                           | elf-x86",
                "run -k elf-32                            | elf-32",
                "run -k elf-truncated                     | elf-truncated",
                "run -k gzip-truncated                    | gzip-truncated",
                "run -k good -i initrd-large -m 64M       | initrd",
                "run -k good --dtb noise                  | noise",
                "run -k good --dtb empty                  | empty",
                "run -k good -d missing                   | missing",
                "run -k good -d missing,ro                | missing",
                "run -k good -d .                         | disk",
                "run -k good --memory 1K                  | --memory",
                "run -k good --memory 1000001             | --memory",
                "run -k good --memory 64T                 | --memory",
                "run -k good --cpus 5000                  | --cpus",
                "run -k good --cpu cortex-z99             | cortex-z99",
                "run -k good --cpu default,+frobnicate    | frobnicate",
                "run -k good --cpu default,lrs=5          | lrs=5",
                "run -k good --cpu default,pa=60          | pa=60",
                "run -k good --cpu default,+sve           | sve",
                "run --guest no-such-guest                | no-such-guest",
                "disasm elf-x86                           | elf-x86",
                "disasm missing                           | missing",
            })
    void isRefusedBeforeTheFirstInstruction(String line, String named) {
        Cli run = nido(line.startsWith("run") ? line + " --timeout 5s" : line);
        assertThat(run.err()).startsWith("nido: ").contains(named);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isEqualTo(2);
    }

    @Test
    void guestThatPowersOffIsStatusZero() {
        Cli run = nido("run -k good --timeout 20s");
        assertThat(run.err()).isEmpty();
        assertThat(run.status()).isZero();
    }

    @Test
    void guestThatSpinsWithInterruptsOffMeetsItsTimeLimit() throws IOException {
        write("spin", program("msr daifset, #15\nb ."));
        Cli run = nido("run -k spin --timeout 300ms");
        assertThat(run.err())
                .startsWith("nido: time limit of 0.3 s")
                .endsWith("passed" + System.lineSeparator());
        assertThat(run.status()).isEqualTo(3);
    }

    @Test
    void deterministicGuestThatSpinsMeetsItsTimeLimitToo() throws IOException {
        write("spin", program("b ."));
        Cli run = nido("run -k spin --timeout 300ms --deterministic");
        assertThat(run.status()).isEqualTo(3);
        assertThat(run.err().lines().toList().getLast())
                .matches("hash [0-9a-f]{64} instructions \\d+");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // No vector base is set: the first exception is taken to address 0, where nothing
                // is.
                "movz x0, #0x12, lsl #16; br x0",
                "nop; .inst 0",
                "mov x0, #8; ldr x1, [x0]",
                // Sleeps with nothing that could wake it.
                "msr daifset, #15; 1: wfi; b 1b",
                "mov w0, #2; movk w0, #0x8400, lsl #16; hvc #0",
            })
    void guestThatCannotGoOnIsStatusFour(String source) throws IOException {
        write("stuck", program(source));
        for (String mode : List.of("", " --deterministic", " --nested nv2")) {
            Cli run =
                    nido(
                            "run -k stuck --timeout 20s"
                                    + (source.contains("hvc") && mode.contains("nv2") ? "" : mode));
            assertThat(run.err().lines().findFirst().orElse("")).startsWith("nido: ");
            assertThat(run.status()).isEqualTo(4);
        }
    }

    @Test
    void noiseAsAKernelEndsWithoutAnInternalError() {
        Cli run = nido("run -k noise --timeout 2s --deterministic");
        assertThat(run.status()).isIn(0, 2, 3, 4);
        assertThat(run.err()).doesNotContain("internal error");
    }

    @ParameterizedTest
    @ValueSource(strings = {"image-short", "image-truncated"})
    void imageThatEndsTooEarlyEndsWithoutAnInternalError(String file) {
        Cli run = nido("run -k " + file + " --timeout 2s");
        assertThat(run.status()).isIn(2, 3, 4);
        assertThat(run.err()).startsWith("nido: ").doesNotContain("internal error");
    }

    @Test
    void sameRunTwiceHasTheSameHash() throws IOException {
        write("count", program("mov x1, #1000\n1: subs x1, x1, #1\nb.ne 1b\n" + POWER_OFF));
        Cli first = nido("run -k count --deterministic --timeout 20s");
        Cli second = nido("run -k count --deterministic --timeout 20s");
        assertThat(first.status()).isZero();
        assertThat(first.err())
                .matches("hash [0-9a-f]{64} instructions 2004\\R")
                .isEqualTo(second.err());
    }

    @Test
    void bytesFromAPipeReachTheSerialPort() throws IOException {
        write(
                "echo",
                program(
                        """
                        movz x9, #0x0900, lsl #16
                        mov  w1, #0x301
                        str  w1, [x9, #0x30]
                        mov  w1, #0x70
                        str  w1, [x9, #0x2c]
                        1: ldr w1, [x9, #0x18]
                        tbnz w1, #4, 1b
                        ldr  w1, [x9]
                        add  w1, w1, #1
                        str  w1, [x9]
                        cmp  w1, #'d'
                        b.ne 1b
                        """
                                + POWER_OFF));
        Cli run =
                Cli.withInput(
                        "abc".getBytes(StandardCharsets.UTF_8),
                        "run",
                        "-k",
                        folder.resolve("echo").toString(),
                        "--timeout",
                        "20s");
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEqualTo("bcd");
        assertThat(run.status()).isZero();
    }

    private Cli nido(String line) {
        List<String> args = new ArrayList<>();
        for (String word : line.split(" ")) {
            String name = word.endsWith(",ro") ? word.substring(0, word.length() - 3) : word;
            boolean file =
                    Files.exists(folder.resolve(name)) && !name.equals(".")
                            || name.equals("missing");
            args.add(
                    file
                            ? folder.resolve(word).toString()
                            : name.equals(".") ? folder.toString() : word);
        }
        return Cli.nido(args.toArray(String[]::new));
    }

    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    private static byte[] program(String source) {
        return Assembler.assemble(source, ORIGIN).bytes();
    }

    /** Header of a Linux Image (kernel documentation, arm64 booting) and nothing behind it. */
    private static byte[] imageHeader(long size) {
        return ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x14000010)
                .putInt(0)
                .putLong(0)
                .putLong(size)
                .putLong(0xa)
                .putLong(32, 0)
                .putInt(56, 0x644d5241)
                .array();
    }

    /** Header of an ELF executable for a machine, without segments. */
    private static byte[] elf(int machine, int fileClass) {
        return ByteBuffer.allocate(64)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x464c457f)
                .put((byte) fileClass)
                .put((byte) 1)
                .put((byte) 1)
                .putShort(16, (short) 2)
                .putShort(18, (short) machine)
                .putInt(20, 1)
                .putShort(52, (short) 64)
                .putShort(54, (short) 56)
                .array();
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }
}
