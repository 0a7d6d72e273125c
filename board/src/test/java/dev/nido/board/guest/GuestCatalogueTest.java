package dev.nido.board.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** The catalogue with a package tool of our own that serves packages from a directory. */
class GuestCatalogueTest {

    @TempDir private Path directory;

    private Path programs;
    private Path pool;
    private final List<String> stages = new ArrayList<>();
    private GuestCatalogue catalogue;

    @BeforeEach
    void preparePackageTool() throws IOException {
        programs = Files.createDirectory(directory.resolve("bin"));
        pool = Files.createDirectory(directory.resolve("pool"));
        program(
                "apt-config",
                "echo 'Acquire::http::Proxy \"http://proxy\";'; echo 'Acquire::Languages \"de\";'");
        program(
                "apt-cache",
                "echo linux-image-arm64; echo '  Depends: linux-image-6.1.0-99-arm64'");
        program(
                "apt-get",
                """
                pool=%s
                echo "$@" >> "$pool/calls"
                grep -q 'APT::Architecture "arm64"' "$APT_CONFIG" || exit 9
                case " $* " in
                *" update "*) state=$(dirname "$APT_CONFIG")/state/lists; touch "$state/x_Packages"; exit 0;;
                *" qemu-system-arm "*) set -- vmm_1_arm64.deb;;
                *linux-image*) set -- linux-image-6.1.0-99-arm64_1_arm64.deb;;
                *) set -- busybox-static_1_arm64.deb;;
                esac
                cp "$pool/$1" .
                echo "dlstatus:1:50.0:Retrieving $1"
                echo "'http://pool/$1' $1 1 MD5Sum:0"
                """
                        .formatted(pool));
        Path modules = Path.of("./lib/modules/6.1.0-99-arm64/kernel/drivers");
        new FakePackage()
                .file(
                        "./boot/vmlinuz-6.1.0-99-arm64",
                        "the kernel".getBytes(StandardCharsets.US_ASCII))
                .file(modules + "/virtio_mmio.ko", FakeElf.module(""))
                .file(modules + "/virtio-rng.ko", FakeElf.module("surprise"))
                .file(modules + "/ab/surprise.ko", FakeElf.module("deeper"))
                .file(modules + "/ab/deeper.ko", FakeElf.module(""))
                .file(modules + "/unwanted.ko", FakeElf.module(""))
                .write(pool.resolve("linux-image-6.1.0-99-arm64_1_arm64.deb"), ".xz");
        new FakePackage()
                .file(
                        "./bin/busybox",
                        "x\0[\0[[\0ash\0cat\0sh\0\0".getBytes(StandardCharsets.US_ASCII))
                .write(pool.resolve("busybox-static_1_arm64.deb"), ".xz");
        new FakePackage()
                .file("./usr/bin/qemu-system-aarch64", FakeElf.of(null, "libz.so"))
                .file("./usr/lib/libz.so", FakeElf.of(null))
                .write(pool.resolve("vmm_1_arm64.deb"), ".xz");
        catalogue = catalogue();
    }

    private GuestCatalogue catalogue() {
        return new GuestCatalogue(
                directory.resolve("cache"),
                programs,
                new Progress() {
                    @Override
                    public void stage(String what) {
                        stages.add(what);
                    }

                    @Override
                    public void percent(String what, double percent) {
                        stages.add((int) percent + "%");
                    }
                });
    }

    private void program(String name, String script) throws IOException {
        Path file = Files.writeString(programs.resolve(name), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private int calls() throws IOException {
        Path calls = pool.resolve("calls");
        return Files.exists(calls) ? Files.readAllLines(calls).size() : 0;
    }

    @Test
    void aGuestIsFetchedOnceAndKept() throws Exception {
        assertThat(catalogue.list().subList(0, 2)).noneMatch(GuestCatalogue.Entry::fetched);
        Guest guest = catalogue.fetch("debian");
        assertThat(guest.kernel()).hasContent("the kernel");
        assertThat(guest.append()).contains("console=ttyAMA0");
        assertThat(stages).anyMatch(s -> s.contains("package lists")).contains("50%");
        int calls = calls();
        catalogue().fetch("debian");
        assertThat(calls()).isEqualTo(calls);
        assertThat(catalogue.list().getFirst().fetched()).isTrue();
    }

    @Test
    void modulesComeWithAllThatTheyDependOn() throws Exception {
        String initrd =
                Files.readString(
                        catalogue.fetch("debian").initrds().getFirst(),
                        StandardCharsets.ISO_8859_1);
        assertThat(initrd)
                .contains("/surprise.ko")
                .contains("/deeper.ko")
                .doesNotContain("/unwanted.ko")
                .contains(
                        "kernel/drivers/virtio-rng.ko: kernel/drivers/ab/surprise.ko kernel/drivers/ab/deeper.ko");
    }

    @Test
    void aGuestIsMadeAgainFromKeptPackagesWithoutTheNetwork() throws Exception {
        Guest guest = catalogue.fetch("debian");
        int calls = calls();
        Files.writeString(
                directory.resolve("cache/guests/debian/manifest"), "recipe of another version\n");
        Files.delete(guest.kernel());
        assertThat(catalogue().fetch("debian").kernel()).hasContent("the kernel");
        assertThat(calls()).isEqualTo(calls);
    }

    @Test
    void theDemoAddsAVmmToTheSameGuest() throws Exception {
        Guest demo = catalogue.fetch("demo");
        assertThat(demo.initrds()).hasSize(2);
        assertThat(Files.readString(demo.initrds().get(1), StandardCharsets.ISO_8859_1))
                .contains("usr/bin/qemu-system-aarch64")
                .contains("usr/lib/libz.so")
                .contains("nido/l2/Image");
    }

    @Test
    void withoutANetworkTheMessageSaysSo() throws Exception {
        program("apt-get", "echo 'E: Could not resolve the mirror'; exit 100");
        assertThatThrownBy(() -> catalogue.fetch("debian"))
                .isInstanceOf(GuestUnavailableException.class)
                .hasMessageContaining("Could not resolve the mirror")
                .hasMessageContaining("needs the network once");
        assertThat(directory.resolve("cache/guests/debian/manifest")).doesNotExist();
    }

    @Test
    void withoutAPackageToolTheMessageSaysWhatElseToDo() {
        GuestCatalogue none =
                new GuestCatalogue(
                        directory.resolve("c"), directory.resolve("nothing"), Progress.SILENT);
        assertThatThrownBy(() -> none.fetch("debian"))
                .isInstanceOf(GuestUnavailableException.class)
                .hasMessageContaining("--kernel");
    }

    @Test
    void anUnknownGuestIsNamed() {
        assertThatThrownBy(() -> catalogue.fetch("plan9"))
                .isInstanceOf(GuestUnavailableException.class)
                .hasMessageContaining("'plan9'");
    }

    @Test
    void theHostsProxyIsKeptAndItsLanguagesAreNot() throws Exception {
        catalogue.fetch("debian");
        String conf = Files.readString(directory.resolve("cache/apt/apt.conf"));
        assertThat(conf)
                .contains("http://proxy")
                .doesNotContain("\"de\"")
                .contains("Dir::State::status");
    }
}
