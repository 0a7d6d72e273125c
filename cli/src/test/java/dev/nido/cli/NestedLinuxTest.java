package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.nido.arch.CpuModel;
import dev.nido.board.BoardConfig;
import dev.nido.board.VirtBoard;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;
import dev.nido.board.guest.InTreeGuest;
import dev.nido.board.guest.Matryoshka;
import dev.nido.board.guest.Progress;
import dev.nido.kvm.nested.Nesting;
import dev.nido.machine.MachineEnd;
import dev.nido.observe.ExitStatistics;
import dev.nido.observe.NestedFigures;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Debian's kernel as a guest hypervisor, with guests of its own, under the hypervisor: it works in
 * every variant, and is the same as on the bare machine. Takes minutes, and the fetched guest:
 * where {@code NIDO_DEMO} is set.
 */
@EnabledIfEnvironmentVariable(named = "NIDO_DEMO", matches = "1")
class NestedLinuxTest {

    @TempDir private Path directory;

    /** How often, not how long. */
    private final ExitStatistics statistics = new ExitStatistics(() -> 0);

    /** Starts an L2 with this kernel, and its console in a file. */
    private static final String L2 =
            """
            l2() {
                qemu-system-aarch64 -nodefaults -no-user-config -display none -monitor none -nic none \\
                    -M virt,gic-version=3,its=off -cpu host -enable-kvm -smp 1 -m 192 -no-reboot \\
                    -kernel /nido/l2/Image $2 -append 'console=ttyAMA0 quiet panic=-1' -serial file:/run/$1
            }
            """;

    private static GuestCatalogue catalogue() {
        GuestCatalogue catalogue =
                new GuestCatalogue(GuestCatalogue.defaultCache(), null, Progress.SILENT);
        assumeThat(catalogue.list())
                .anyMatch(e -> e.name().equals(GuestCatalogue.DEMO) && e.fetched());
        return catalogue;
    }

    @ParameterizedTest
    @CsvSource({
        "nv2, vhe, 2, 'default,lrs=4'",
        "nv2, nvhe, 1, default",
        "nv, any, 1, default",
    })
    void hypervisorIsInvisibleToAHypervisorAndItsGuest(
            String nested, String e2h, int cpus, String cpu) {
        catalogue();
        Cli run =
                Cli.nido(
                        "compare",
                        "--guest",
                        "demo",
                        "--nested",
                        nested,
                        "--e2h",
                        e2h,
                        "--cpus",
                        "" + cpus,
                        "--cpu",
                        cpu,
                        "--timeout",
                        "1500s");
        assertThat(run.status()).as(run.out() + run.err()).isZero();
        assertThat(run.out()).containsPattern("identical: \\d{10} instructions");
    }

    @ParameterizedTest
    @CsvSource({
        "nv2, nvhe, kvm-arm.mode=protected, Protected nVHE mode",
        "nv, vhe, '', VHE mode",
        "nv, nvhe, '', Hyp mode",
    })
    void demoRunsInEveryVariant(String nested, String e2h, String l1Arguments, String mode) {
        catalogue();
        Cli run =
                Cli.nido(
                        "demo",
                        "--nested",
                        nested,
                        "--e2h",
                        e2h,
                        "--l1-args",
                        l1Arguments,
                        "--timeout",
                        "900s");
        assertThat(run.out())
                .contains(mode + " initialized successfully")
                .contains("L2 │ L2: init is done")
                .contains("L1 │ L1: L2 powered off");
        assertThat(run.err()).contains("L0 for L2: ").contains("shadow stage 2: ");
        assertThat(run.status()).isZero();
    }

    @Test
    void twoDebiansAtOnceAreGuestsOfOneHypervisor() throws Exception {
        Guest demo = catalogue().fetch(GuestCatalogue.DEMO);
        String script =
                L2
                        + "l2 one '-initrd /nido/l2/initrd' &\nl2 two '-initrd /nido/l2/initrd'\nwait\n"
                        + "grep -c 'L2: init is done' /run/one /run/two\n";
        assertThat(run(demo, script, new byte[0])).contains("/run/one:1").contains("/run/two:1");
    }

    @Test
    void twelveGuestsOneAfterTheOtherUseTheSameFewContexts() throws Exception {
        Guest demo = catalogue().fetch(GuestCatalogue.DEMO);
        String script =
                L2
                        + "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do l2 $i; done\n"
                        + "cat /run/1 /run/2 /run/3 /run/4 /run/5 /run/6 /run/7 /run/8 /run/9"
                        + " /run/10 /run/11 /run/12 > /run/all; echo L2s=$(grep -c EL1 /run/all)\n";
        byte[] hello = GuestCatalogue.l2ImageOverlay(InTreeGuest.HELLO.assemble());
        assertThat(run(demo, script, hello)).contains("L2s=12");
        NestedFigures figures = ExitStatistics.sum(statistics.vcpus()).nested();
        assertThat(figures.contexts()).isGreaterThanOrEqualTo(12);
        assertThat(figures.recycledContexts()).isPositive();
    }

    @Test
    void debianRunsUnderFourHypervisorsUnderTheHypervisor() throws Exception {
        Guest debian = catalogue().fetch(GuestCatalogue.DEBIAN);
        byte[] kernel = Files.readAllBytes(debian.kernel());
        Path image =
                Files.write(directory.resolve("image"), Matryoshka.image(4, 512L << 20, kernel));
        ByteArrayOutputStream console = new ByteArrayOutputStream();
        BoardConfig config =
                BoardConfig.of(image)
                        .initrds(debian.initrds())
                        .initrdOverlay(GuestCatalogue.execOverlay("echo innermost $(uname -m)"))
                        .append(debian.append() + " quiet panic=-1")
                        .cpu(CpuModel.parse("default,-e2h0,+nv2"))
                        .memory(512L << 20)
                        .startEl(2)
                        .hosting(BoardConfig.Hosting.STANDARD.withNesting(Nesting.NV2))
                        .console(console::write)
                        .build();
        MachineEnd end;
        try (VirtBoard board = VirtBoard.create(config)) {
            end = board.run(Duration.ofMinutes(10));
        }
        assertThat(console.toString(StandardCharsets.UTF_8))
                .contains("matryoshka level=3")
                .contains("innermost aarch64");
        assertThat(end).isEqualTo(new MachineEnd.PoweredOff());
    }

    /** Runs a command in L1 on two CPUs; what it said. */
    private String run(Guest demo, String script, byte[] more) throws Exception {
        ByteArrayOutputStream console = new ByteArrayOutputStream();
        ByteArrayOutputStream overlay = new ByteArrayOutputStream();
        overlay.write(more);
        overlay.write(GuestCatalogue.execOverlay(script));
        BoardConfig config =
                BoardConfig.of(demo.kernel())
                        .cpu(CpuModel.parse("default,-e2h0"))
                        .startEl(2)
                        .cpus(2)
                        .initrds(demo.initrds())
                        .initrdOverlay(overlay.toByteArray())
                        .append(demo.append() + " quiet panic=-1")
                        .hosting(BoardConfig.Hosting.STANDARD.withNesting(Nesting.NV2))
                        .console(console::write)
                        .build();
        try (VirtBoard board = VirtBoard.create(config)) {
            board.setTracer(statistics);
            assertThat(board.run(Duration.ofMinutes(20))).isEqualTo(new MachineEnd.PoweredOff());
        }
        return console.toString(StandardCharsets.UTF_8);
    }
}
