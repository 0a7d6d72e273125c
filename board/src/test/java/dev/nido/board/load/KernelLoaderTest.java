package dev.nido.board.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.nido.board.load.ImageException.Kind;
import dev.nido.board.load.KernelImage.Format;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

class KernelLoaderTest {

    private static final long RAM = 0x4000_0000L;

    @TempDir private Path directory;

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] image(int size, long textOffset, long imageSize, long flags) {
        ByteBuffer b = little(size);
        b.putInt(0, 0x14000010).putLong(8, textOffset).putLong(16, imageSize).putLong(24, flags);
        return b.putInt(56, 0x644d5241).array();
    }

    /** An Image with an EFI header whose only section ends at {@code end}. */
    private static byte[] efiImage(int size, int end) {
        ByteBuffer b = ByteBuffer.wrap(image(size, 0, size, 10)).order(ByteOrder.LITTLE_ENDIAN);
        b.putShort(0, (short) 0x5a4d).putInt(60, 64).putInt(64, 0x4550).putShort(70, (short) 1);
        return b.putInt(64 + 24 + 16, end - 512).putInt(64 + 24 + 20, 512).array();
    }

    private static byte[] elf(
            int wordSize, int machine, long paddr, long vaddr, long entry, int content) {
        ByteBuffer b = little(64 + 56 + content);
        b.putInt(0, 0x464c457f)
                .put(4, (byte) wordSize)
                .put(5, (byte) 1)
                .putShort(18, (short) machine);
        b.putLong(24, entry).putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 1);
        b.putInt(64, 1).putLong(72, 120).putLong(80, vaddr).putLong(88, paddr);
        return b.putLong(96, content).putLong(104, content + 100).array();
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        }
        return out.toByteArray();
    }

    private static byte[] xz(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (XZOutputStream xz = new XZOutputStream(out, new LZMA2Options(0))) {
            xz.write(plain);
        }
        return out.toByteArray();
    }

    private static byte[] zboot(String kind, byte[] payload) {
        ByteBuffer b = little(128 + payload.length);
        b.putInt(0, 0x5a4d).put(4, "zimg".getBytes(StandardCharsets.US_ASCII));
        b.putInt(8, 128)
                .putInt(12, payload.length)
                .put(24, kind.getBytes(StandardCharsets.US_ASCII));
        return b.put(128, payload).array();
    }

    private KernelImage load(byte[] bytes) throws Exception {
        return KernelLoader.load(Files.write(directory.resolve("kernel"), bytes), RAM);
    }

    private ImageException refused(byte[] bytes) throws Exception {
        Path file = Files.write(directory.resolve("kernel"), bytes);
        ImageException e =
                catchThrowableOfType(ImageException.class, () -> KernelLoader.load(file, RAM));
        assertThat(e).as("refused").isNotNull();
        assertThat(e.getMessage()).contains(file.toString()).doesNotContain("\n");
        return e;
    }

    @Test
    void linuxImageGoesBehindTheFirst2MiBWithItsOffset() throws Exception {
        KernelImage kernel = load(image(4096, 0x1000, 0x10_0000, 10));
        assertThat(kernel.format()).isEqualTo(Format.LINUX);
        assertThat(kernel.entry()).isEqualTo(RAM + 0x20_1000);
        assertThat(kernel.end()).isEqualTo(RAM + 0x30_1000);
    }

    @Test
    void oldLinuxImageWithoutSizeGoesTo512KiB() throws Exception {
        assertThat(load(image(4096, 0, 0, 0)).entry()).isEqualTo(RAM + 0x28_0000);
    }

    @Test
    void compressedImagesAreTheSameKernel() throws Exception {
        byte[] plain = image(100_000, 0, 200_000, 10);
        KernelImage expected = load(plain);
        for (byte[] packed :
                new byte[][] {
                    gzip(plain), zboot("gzip", gzip(plain)), zboot("xzkern", xz(plain))
                }) {
            KernelImage kernel = load(packed);
            assertThat(kernel.entry()).isEqualTo(expected.entry());
            assertThat(kernel.segments().getFirst().bytes()).isEqualTo(plain);
        }
    }

    @Test
    void elfGoesToItsPhysicalAddressesAndStartsThere() throws Exception {
        KernelImage kernel =
                load(elf(2, 183, RAM + 0x1000, 0xffff_0000_0000_0000L, 0xffff_0000_0000_0010L, 8));
        assertThat(kernel.format()).isEqualTo(Format.ELF);
        assertThat(kernel.entry()).isEqualTo(RAM + 0x1010);
        assertThat(kernel.end()).isEqualTo(RAM + 0x1000 + 108);
    }

    @Test
    void anythingElseIsRawAndGoesTo512KiB() throws Exception {
        KernelImage kernel = load(new byte[] {0x1f, 0x20, 0x03, (byte) 0xd5});
        assertThat(kernel.format()).isEqualTo(Format.RAW);
        assertThat(kernel.entry()).isEqualTo(RAM + 0x8_0000);
    }

    static Stream<Arguments> badKernels() throws IOException {
        byte[] gzip = gzip(image(100_000, 0, 100_000, 10));
        byte[] randomGzip = new byte[1000];
        new Random(1).nextBytes(randomGzip);
        randomGzip[0] = 0x1f;
        randomGzip[1] = (byte) 0x8b;
        return Stream.of(
                Arguments.of("empty", new byte[0], Kind.TRUNCATED, "is empty"),
                Arguments.of("zeros", new byte[4096], Kind.DAMAGED, "only zeros"),
                Arguments.of(
                        "half a gzip",
                        Arrays.copyOf(gzip, gzip.length / 2),
                        Kind.TRUNCATED,
                        "cut short"),
                Arguments.of("garbage gzip", randomGzip, Kind.DAMAGED, "damaged gzip data"),
                Arguments.of(
                        "half an Image",
                        efiImage(4096, 8192),
                        Kind.TRUNCATED,
                        "4096 of 8192 bytes"),
                Arguments.of(
                        "only the head of an Image",
                        Arrays.copyOf(efiImage(4096, 8192), 64),
                        Kind.TRUNCATED,
                        "cut short"),
                Arguments.of(
                        "big-endian Image",
                        image(4096, 0, 4096, 1),
                        Kind.WRONG_MACHINE,
                        "big-endian"),
                Arguments.of(
                        "Image with odd offset",
                        image(4096, -1, 4096, 0),
                        Kind.DAMAGED,
                        "text_offset"),
                Arguments.of("x86 ELF", elf(2, 62, 0, 0, 0, 8), Kind.WRONG_MACHINE, "for x86-64"),
                Arguments.of("Arm ELF", elf(1, 40, 0, 0, 0, 8), Kind.WRONG_MACHINE, "32-bit Arm"),
                Arguments.of(
                        "half an ELF",
                        Arrays.copyOf(elf(2, 183, 0, 0, 0, 800), 500),
                        Kind.TRUNCATED,
                        "ends at 920 of 500"),
                Arguments.of(
                        "head of an ELF",
                        Arrays.copyOf(elf(2, 183, 0, 0, 0, 8), 40),
                        Kind.TRUNCATED,
                        "incomplete"),
                Arguments.of(
                        "zstd zboot", zboot("zstd22", new byte[8]), Kind.UNSUPPORTED, "zstd22"),
                Arguments.of(
                        "damaged zboot", zboot("xzkern", new byte[80]), Kind.DAMAGED, "payload"),
                Arguments.of(
                        "initrd",
                        Arrays.copyOf("070701".getBytes(StandardCharsets.US_ASCII), 200),
                        Kind.UNSUPPORTED,
                        "--initrd"),
                Arguments.of(
                        "device tree",
                        ByteBuffer.allocate(100).putInt(0xd00dfeed).array(),
                        Kind.UNSUPPORTED,
                        "--dtb"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badKernels")
    void badKernelIsRefusedInOneLine(String what, byte[] bytes, Kind kind, String message)
            throws Exception {
        ImageException e = refused(bytes);
        assertThat(e.kind()).isEqualTo(kind);
        assertThat(e).hasMessageContaining(message);
    }

    @Test
    void missingFileAndDirectoryAreNamed() {
        assertThat(
                        catchThrowableOfType(
                                ImageException.class,
                                () -> KernelLoader.load(directory.resolve("no"), RAM)))
                .hasMessageContaining("does not exist")
                .extracting(ImageException::kind)
                .isEqualTo(Kind.UNREADABLE);
        assertThat(
                        catchThrowableOfType(
                                ImageException.class, () -> KernelLoader.load(directory, RAM)))
                .hasMessageContaining("is a directory");
    }

    @Test
    void randomDamageIsRefusedOrLoadedButNeverEscapes() throws Exception {
        Random random = new Random(3);
        byte[][] seeds = {
            efiImage(4096, 4096),
            elf(2, 183, RAM, RAM, RAM, 64),
            zboot("gzip", gzip(image(99, 0, 99, 0)))
        };
        for (int i = 0; i < 1_000; i++) {
            byte[] damaged = seeds[i % seeds.length].clone();
            for (int n = 0; n <= random.nextInt(3); n++) {
                damaged[random.nextInt(Math.min(damaged.length, 256))] = (byte) random.nextInt();
            }
            try {
                KernelImage kernel = load(damaged);
                assertThat(kernel.segments()).isNotEmpty();
            } catch (ImageException e) {
                assertThat(e.getMessage()).doesNotContain("\n");
            }
        }
    }

    @Test
    void initrdAndDeviceTreeGoBehindTheKernelAndBeforeIt() throws Exception {
        KernelImage kernel = load(image(4096, 0, 30 << 20, 10));
        Layout layout = Layout.of(kernel, RAM, 1L << 30, 5 << 20, 1 << 16);
        assertThat(layout.initrd()).isEqualTo(RAM + (128 << 20));
        assertThat(layout.deviceTree()).isEqualTo(RAM);
        Layout tight = Layout.of(kernel, RAM, 40 << 20, 5 << 20, 1 << 16);
        assertThat(tight.initrd()).isBetween(kernel.end(), RAM + (35 << 20));
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        KernelImage kernel = load(image(4096, 0, 30 << 20, 10));
        assertThat(
                        catchThrowableOfType(
                                ImageException.class,
                                () -> Layout.of(kernel, RAM, 16 << 20, 0, 1 << 16)))
                .hasMessageContaining("raise --memory");
        assertThat(
                        catchThrowableOfType(
                                ImageException.class,
                                () -> Layout.of(kernel, RAM, 40 << 20, 20 << 20, 1 << 16)))
                .hasMessageContaining("the initrd (20 MiB) does not fit into 40 MiB");
        KernelImage low = load(elf(2, 183, 0x1000, 0x1000, 0x1000, 8));
        assertThat(
                        catchThrowableOfType(
                                ImageException.class,
                                () -> Layout.of(low, RAM, 1 << 30, 0, 1 << 16)))
                .hasMessageContaining("link it for this board");
    }
}
