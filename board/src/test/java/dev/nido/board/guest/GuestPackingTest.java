package dev.nido.board.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

class GuestPackingTest {

    @TempDir private Path directory;

    private static Map<String, CpioArchiveEntry> entries(byte[] archive) throws IOException {
        Map<String, CpioArchiveEntry> entries = new TreeMap<>();
        try (CpioArchiveInputStream in =
                new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
            for (CpioArchiveEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                entries.put(e.getName(), e);
            }
        }
        return entries;
    }

    @Test
    void initramfsHoldsFilesLinksDevicesAndTheirDirectories() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Initramfs()
                .file("/a/b/file", 0755, "text")
                .link("a/link", "b/file")
                .characterDevice("dev/console", 0600, 5, 1)
                .writeTo(out);
        byte[] archive = out.toByteArray();
        assertThat(new String(archive, 0, 6, StandardCharsets.US_ASCII)).isEqualTo("070701");
        assertThat(archive.length % 4).isZero();
        Map<String, CpioArchiveEntry> entries = entries(archive);
        assertThat(entries)
                .containsOnlyKeys("a", "a/b", "a/b/file", "a/link", "dev", "dev/console");
        assertThat(entries.get("a/b/file").getMode()).isEqualTo(0100755);
        assertThat(entries.get("a/link").isSymbolicLink()).isTrue();
        assertThat(entries.get("dev/console").isCharacterDevice()).isTrue();
        assertThat(entries.get("dev/console").getRemoteDeviceMaj()).isEqualTo(5);
        assertThat(entries.get("dev/console").getRemoteDeviceMin()).isEqualTo(1);
    }

    @Test
    void theSameTreeGivesTheSameBytes() throws Exception {
        assertThat(GuestCatalogue.execOverlay("uname -a"))
                .isEqualTo(GuestCatalogue.execOverlay("uname -a"));
        assertThat(entries(GuestCatalogue.execOverlay("uname -a"))).containsKey("nido/run");
    }

    @Test
    void quotesInL2sCommandLineSurviveTheShell() {
        byte[] overlay = GuestCatalogue.l2Overlay(new GuestCatalogue.L2(4, 128, "a='b c'"));
        assertThat(new String(overlay, StandardCharsets.UTF_8))
                .contains("L2_APPEND='a='\\''b c'\\'''");
    }

    @Test
    void packagesOfEachCompressionAreRead() throws Exception {
        for (String kind : List.of("", ".gz", ".xz")) {
            Path file =
                    new FakePackage()
                            .file("./usr/bin/tool", "content".getBytes(StandardCharsets.US_ASCII))
                            .link("./usr/lib/a.so", "a.so.1")
                            .write(directory.resolve("p" + kind + ".deb"), kind);
            Map<String, String> found = new TreeMap<>();
            new DebPackage(file)
                    .read((path, entry, link, in) ->
                            found.put(
                                    path,
                                    link != null
                                            ? "-> " + link
                                            : new String(
                                                    in.readAllBytes(), StandardCharsets.US_ASCII)));
            assertThat(found)
                    .containsEntry("/usr/bin/tool", "content")
                    .containsEntry("/usr/lib/a.so", "-> a.so.1");
        }
    }

    @Test
    void packagesThatCantBeReadAreNamed() throws Exception {
        Path zstd = new FakePackage().write(directory.resolve("z.deb"), ".zst");
        assertThatThrownBy(() -> new DebPackage(zstd).read((path, entry, link, in) -> {}))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("data.tar.zst");
        Path other = Files.writeString(directory.resolve("o.deb"), "not an archive at all");
        assertThatThrownBy(() -> new DebPackage(other).read((path, entry, link, in) -> {}))
                .isInstanceOf(IOException.class);
    }

    @Test
    void closureFollowsWhatLibrariesNeed() throws Exception {
        Path first =
                new FakePackage()
                        .file("./usr/bin/vmm", FakeElf.of("/lib/ld.so.1", "liba.so.1"))
                        .file("./usr/lib/liba.so.1.5", FakeElf.of(null, "libb.so"))
                        .link("./usr/lib/liba.so.1", "liba.so.1.5")
                        .file("./usr/lib/libunused.so", FakeElf.of(null))
                        .write(directory.resolve("a.deb"), ".xz");
        Path second =
                new FakePackage()
                        .file("./lib/aarch64-linux-gnu/libb.so", FakeElf.of(null, "liba.so.1"))
                        .file("./lib/ld.so.1", FakeElf.of(null))
                        .write(directory.resolve("b.deb"), ".gz");
        VmmFiles files = new VmmFiles(List.of(first, second), "/usr/bin/vmm");
        assertThat(files.closure("/usr/bin/vmm"))
                .containsOnlyKeys(
                        "/usr/bin/vmm",
                        "/lib/ld.so.1",
                        "/usr/lib/liba.so.1",
                        "/lib/aarch64-linux-gnu/libb.so");
        VmmFiles half = new VmmFiles(List.of(first), "/usr/bin/vmm");
        assertThatThrownBy(() -> half.closure("/usr/bin/vmm")).isInstanceOf(IOException.class);
    }

    @Test
    void commandsOfABusyboxAreFound() {
        byte[] box =
                "junk\0[\0x\0[\0[[\0acpid\0ash\0sh\0zcat\0\0other\0"
                        .getBytes(StandardCharsets.US_ASCII);
        assertThat(BaseSystem.applets(box))
                .containsExactly("[", "[[", "acpid", "ash", "sh", "zcat");
        assertThat(BaseSystem.applets(new byte[100])).isEmpty();
    }
}
