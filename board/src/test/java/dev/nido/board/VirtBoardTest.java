package dev.nido.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nido.board.guest.InTreeGuest;
import dev.nido.isa.Assembler;
import dev.nido.machine.Bus;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

class VirtBoardTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir private Path directory;

    private Path kernel;

    @BeforeEach
    void writeKernel() throws Exception {
        kernel = Files.write(directory.resolve("kernel"), InTreeGuest.HELLO.assemble());
    }

    private BoardConfig.Builder program(String source) throws Exception {
        byte[] image = Assembler.assemble(source, 0x4008_0000L).bytes();
        return BoardConfig.of(Files.write(directory.resolve("program"), image))
                .memory(16 << 20)
                .deterministic(true);
    }

    @Test
    void statusIsCarriedByTheExitDeviceAndNotByPowerOff() throws Exception {
        String off = "movz w0, #0x8400, lsl #16\nmovk w0, #8\nhvc #0\n";
        try (VirtBoard board =
                VirtBoard.create(
                        program("ldr x1, =0x90c0000\nmov w0, #42\nstr w0, [x1]\n" + off).build())) {
            assertThat(board.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(board.exitStatus()).hasValue(42);
        }
        try (VirtBoard board = VirtBoard.create(program(off).build())) {
            assertThat(board.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(board.exitStatus()).isEmpty();
        }
    }

    @Test
    void x0IsADeviceTreeThatNamesInitrdAndMemory() throws Exception {
        Path initrd =
                Files.write(directory.resolve("initrd"), new byte[] {'i', 'n', 'i', 't', 'r'});
        BoardConfig config =
                program("wfi")
                        .initrds(List.of(initrd, initrd))
                        .initrdOverlay(new byte[] {9})
                        .build();
        try (VirtBoard board = VirtBoard.create(config)) {
            long x0 = board.machine().pe(0).x[0];
            byte[] blob = new byte[0x8_0000];
            board.machine()
                    .memory()
                    .read(board.machine().memory().offsetOf(x0), blob, 0, blob.length);
            String source = dev.nido.board.fdt.DeviceTree.parse("x0", blob).toSource();
            assertThat(source)
                    .contains("reg = <0x0 0x40000000 0x0 0x1000000>")
                    .contains("linux,initrd-start = <0x0 0x40800000>")
                    .contains("linux,initrd-end = <0x0 0x40800011>");
            byte[] placed = new byte[17];
            board.machine().memory().read(0x80_0000, placed, 0, placed.length);
            assertThat(new String(placed, StandardCharsets.ISO_8859_1))
                    .isEqualTo("initr\0\0\0initr\0\0\0\t");
        }
    }

    @Test
    void inputThatIsThereBeforeTheStartReachesTheGuest() throws Exception {
        // Echoes until a newline; the character before it becomes the status.
        String echo =
                """
                ldr x1, =0x9000000
                ldr x2, =0x90c0000
                1: ldr w3, [x1, #0x18]
                tbnz w3, #4, 1b
                ldr w3, [x1]
                str w3, [x1]
                cmp w3, #10
                b.eq 2f
                str w3, [x2]
                b 1b
                2: movz w0, #0x8400, lsl #16
                movk w0, #8
                hvc #0
                """;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BoardConfig config =
                program("ldr x4, =0x9000030\nmov w5, #0x301\nstr w5, [x4]\n" + echo)
                        .console(out::write)
                        .build();
        try (VirtBoard board = VirtBoard.create(config)) {
            board.console().receive("hi!\n".getBytes(StandardCharsets.US_ASCII), 0, 4);
            assertThat(board.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(board.exitStatus()).hasValue('!');
        }
        assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo("hi!\n");
    }

    static Stream<Arguments> impossible() {
        return Stream.of(
                config("memory", "at least", b -> b.memory(1024)),
                config("odd memory", "multiple of 4K", b -> b.memory((1 << 20) + 1)),
                config("more memory than addresses", "40 address bits", b -> b.memory(1L << 41)),
                config("no CPU", "--cpus 0", b -> b.cpus(0)),
                config("too many CPUs", "--cpus 124", b -> b.cpus(124)),
                config("long command line", "2048 characters", b -> b.append("x".repeat(2048))),
                config("EL3", "not EL3", b -> b.startEl(3)),
                config(
                        "missing disk",
                        "does not exist",
                        b -> b.disks(List.of(new BoardConfig.Disk(Path.of("no/such/disk"), true)))),
                config(
                        "directory as disk",
                        "is a directory",
                        b -> b.disks(List.of(new BoardConfig.Disk(Path.of("."), true)))),
                config(
                        "too many disks",
                        "32 virtio slots",
                        b ->
                                b.disks(
                                        java.util.Collections.nCopies(
                                                32, new BoardConfig.Disk(Path.of("d"), true)))),
                config(
                        "missing initrd",
                        "initrd no/such",
                        b -> b.initrds(List.of(Path.of("no/such")))),
                config("missing dtb", "device tree no/such", b -> b.dtb(Path.of("no/such"))),
                config("dtb that is none", "0xd00dfeed", b -> b.dtb(Path.of("pom.xml"))),
                config(
                        "huge initrd",
                        "does not fit",
                        b -> b.memory(4 << 20).initrdOverlay(new byte[8 << 20])));
    }

    private static Arguments config(
            String name, String message, UnaryOperator<BoardConfig.Builder> change) {
        return Arguments.of(name, message, change);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("impossible")
    void impossibleBoardIsRefusedInOneLine(
            String name, String message, UnaryOperator<BoardConfig.Builder> change) {
        BoardConfig config = change.apply(BoardConfig.of(kernel).memory(64 << 20)).build();
        BoardException e =
                catchThrowableOfType(BoardException.class, () -> VirtBoard.create(config).close());
        assertThat(e).as(name).isNotNull().hasMessageContaining(message);
        assertThat(e.getMessage()).doesNotContain("\n");
    }

    @Test
    void anyAccessToAnyDeviceEndsNormally() throws Exception {
        Random random = new Random(5);
        BoardConfig config =
                program("wfi").cpus(3).startEl(2).secondConsole((bytes, at, length) -> {}).build();
        try (VirtBoard board = VirtBoard.create(config)) {
            List<Bus.Region> regions = board.machine().bus().regions();
            assertThat(regions).hasSizeGreaterThan(VirtMap.VIRTIO_SLOTS);
            for (int i = 0; i < 400_000; i++) {
                Bus.Region region = regions.get(random.nextInt(regions.size()));
                int size = 1 << random.nextInt(4);
                long offset = random.nextLong(region.size()) & -size;
                if (random.nextBoolean()) {
                    region.device().write(offset, size, random.nextLong() >> random.nextInt(64));
                } else {
                    long value = region.device().read(offset, size);
                    assertThat(size == 8 ? 0 : value >>> 8 * size)
                            .as("%s offset 0x%x size %d", region.name(), offset, size)
                            .isZero();
                }
            }
        }
    }

    @Test
    void theSameRunHasTheSameHash() throws Exception {
        String first = hash(1);
        assertThat(hash(1)).isEqualTo(first);
    }

    private String hash(long seed) throws Exception {
        Path image = Files.write(directory.resolve("nest"), InTreeGuest.NEST.assemble());
        BoardConfig config =
                BoardConfig.of(image)
                        .memory(512 << 20)
                        .startEl(2)
                        .deterministic(true)
                        .seed(seed)
                        .build();
        try (VirtBoard board = VirtBoard.create(config)) {
            board.run(LIMIT);
            return board.machine().recorder().hash()
                    + " "
                    + board.machine().recorder().instructions();
        }
    }
}
