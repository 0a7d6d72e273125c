package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.nido.arch.CpuModel;
import dev.nido.board.BoardConfig;
import dev.nido.board.HostedMachine;
import dev.nido.board.VirtBoard;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;
import dev.nido.board.guest.Progress;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Debian's kernel under the hypervisor: the same, instruction by instruction, as on the bare
 * machine, and many at a time. Takes minutes, and the fetched guest: where {@code
 * NIDO_HOSTED_LINUX} is set.
 */
@EnabledIfEnvironmentVariable(named = "NIDO_HOSTED_LINUX", matches = "1")
class HostedLinuxTest {

    private static final int MANY = 16;

    private static GuestCatalogue catalogue() {
        GuestCatalogue catalogue =
                new GuestCatalogue(GuestCatalogue.defaultCache(), null, Progress.SILENT);
        assumeThat(catalogue.list())
                .anyMatch(e -> e.name().equals(GuestCatalogue.DEBIAN) && e.fetched());
        return catalogue;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void hypervisorIsInvisibleToDebianFromResetToPowerOff(int cpus) {
        catalogue();
        Cli run =
                Cli.nido(
                        "compare",
                        "--guest",
                        "debian",
                        "--nested",
                        "off",
                        "--cpus",
                        "" + cpus,
                        "--exec",
                        "uname -a; cat /proc/interrupts",
                        "--timeout",
                        "900s");
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out() + run.err()).containsPattern("identical: 9\\d{8} instructions");
    }

    @Test
    void eightCpusShareTwoPes() {
        catalogue();
        Cli run =
                Cli.nido(
                        "run",
                        "--guest",
                        "debian",
                        "--cpus",
                        "8",
                        "--pes",
                        "2",
                        "--exec",
                        "echo cpus=$(nproc)",
                        "--timeout",
                        "600s");
        assertThat(run.out()).contains("cpus=8");
        assertThat(run.status()).isZero();
    }

    @Test
    void sixteenDebiansRunAtOnceInOneProcess() throws Exception {
        Guest debian = catalogue().fetch(GuestCatalogue.DEBIAN);
        CpuModel cpu = CpuModel.defaultModel();
        try (HostedMachine host = HostedMachine.create(cpu, 2, (long) MANY << 29);
                ExecutorService threads = Executors.newFixedThreadPool(MANY)) {
            List<Callable<String>> guests = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                int number = i;
                guests.add(() -> run(debian, host, number));
            }
            int i = 0;
            for (Future<String> console : threads.invokeAll(guests)) {
                assertThat(console.get()).contains("this is guest " + i++);
            }
        }
    }

    private static String run(Guest debian, HostedMachine host, int number) throws Exception {
        ByteArrayOutputStream console = new ByteArrayOutputStream();
        BoardConfig config =
                BoardConfig.of(debian.kernel())
                        .initrds(debian.initrds())
                        .initrdOverlay(GuestCatalogue.execOverlay("echo this is guest " + number))
                        .append(debian.append() + " quiet panic=-1")
                        .memory(512L << 20)
                        .hosting(BoardConfig.Hosting.STANDARD)
                        .console(console::write)
                        .build();
        try (VirtBoard board = VirtBoard.create(config, host)) {
            assertThat(board.run(Duration.ofMinutes(10))).isEqualTo(new MachineEnd.PoweredOff());
        }
        return console.toString(StandardCharsets.UTF_8);
    }
}
