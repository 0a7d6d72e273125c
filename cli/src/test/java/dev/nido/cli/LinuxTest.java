package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.nido.board.guest.GuestCatalogue;
import dev.nido.board.guest.Progress;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;

/**
 * Debian's kernel as it comes, on the machine. Skipped where its guest has not been fetched ({@code
 * nido guest fetch debian}), because a test is no place for a download.
 */
class LinuxTest {
    private static final String[] LIMIT = {"--timeout", "300s"};

    private static Cli debian(String options, String... more) {
        assumeFetched(GuestCatalogue.DEBIAN);
        List<String> args = new ArrayList<>(List.of("run", "--guest", "debian"));
        args.addAll(List.of(LIMIT));
        if (!options.isEmpty()) {
            args.addAll(List.of(options.split(" ")));
        }
        args.addAll(List.of(more));
        return Cli.nido(args.toArray(String[]::new));
    }

    private static void assumeFetched(String guest) {
        GuestCatalogue catalogue =
                new GuestCatalogue(GuestCatalogue.defaultCache(), null, Progress.SILENT);
        assumeThat(catalogue.list())
                .anyMatch(entry -> entry.name().equals(guest) && entry.fetched());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "--cpus 1                                                    | 1 | -",
                "--cpus 4                                                    | 4 | -",
                "--nested nv2 --cpus 2                                       | 2 | VHE mode initialized successfully",
                "--nested nv2 --e2h nvhe --cpus 2                            | 2 | Hyp mode initialized successfully",
                "--nested nv2 --e2h nvhe --append kvm-arm.mode=protected     | 1 | Protected nVHE mode initialized successfully",
            })
    void kernelComesUpWithAllCpusAndItsHypervisorMode(String options, String cpus, String mode) {
        Cli run = debian(options, "--exec", "echo cpus=$(nproc); dmesg | grep 'kvm \\['");
        assertThat(run.out()).contains("cpus=" + cpus);
        if (mode != null) {
            assertThat(run.out()).containsPattern("kvm \\[\\d+\\]: " + mode);
            assertThat(run.err()).isEmpty();
            assertThat(run.status()).isZero();
        } else {
            assertThat(run.out()).doesNotContain("initialized successfully");
        }
    }

    @Test
    void statusOfTheCommandIsCarriedOut() {
        Cli run = debian("", "--exec", "exit 3");
        assertThat(run.err())
                .isEqualToNormalizingNewlines("nido: --exec: the command ended with status 3\n");
        assertThat(run.status()).isEqualTo(7);
    }

    @Test
    void panicOfTheKernelIsStatusFour() {
        Cli run = debian("", "--append", "rdinit=/nowhere");
        assertThat(run.out()).contains("Kernel panic");
        assertThat(run.err()).startsWith("nido: the guest panicked");
        assertThat(run.status()).isEqualTo(4);
    }

    @Test
    void shellOnTheConsoleTakesItsInputAndEnds() {
        assumeFetched(GuestCatalogue.DEBIAN);
        Cli run =
                Cli.withInput(
                        "echo 6 times 7 is $((6 * 7)); exit\n"
                                .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        "run",
                        "--guest",
                        "debian",
                        "--timeout",
                        "300s");
        assertThat(run.out()).contains("6 times 7 is 42");
        assertThat(run.status()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"vhe, 'VHE mode'", "nvhe, 'Hyp mode'"})
    @EnabledIfEnvironmentVariable(named = "NIDO_DEMO", matches = "1")
    void demoRunsAGuestUnderTheGuestsKvm(String e2h, String mode) {
        assumeFetched(GuestCatalogue.DEMO);
        Cli run = Cli.nido("demo", "--e2h", e2h, "--timeout", "600s");
        assertThat(run.out())
                .contains("L1 │ L1: ")
                .contains(mode + " initialized successfully")
                .contains("L2 │ L2: init is done")
                .contains("L1 │ L1: L2 powered off");
        assertThat(run.err()).contains("million instructions").contains("exceptions to EL2: ");
        assertThat(run.status()).isZero();
    }
}
