package dev.nido.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

class UsageTest {
    @TempDir Path folder;

    @Test
    void versionGoesToStandardOutput() {
        Cli run = Cli.nido("--version");
        assertThat(run.status()).isZero();
        assertThat(run.out()).matches("nido \\d+\\.\\d+\\.\\d+\\S* \\(Java \\S+\\)\\R");
        assertThat(run.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "run --help",
                "demo --help",
                "guest --help",
                "bench --help",
                "disasm --help"
            })
    void helpGoesToStandardOutput(String line) {
        Cli run = Cli.nido(line.split(" "));
        assertThat(run.status()).isZero();
        assertThat(run.out()).startsWith("Usage: nido");
        assertThat(run.err()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\"\"                                 | which command?",
                "fly                                  | Unmatched argument at index 0: 'fly'",
                "run                                  | give --kernel FILE or --guest NAME",
                "run --bogus                          | Unknown option: '--bogus'",
                "run -m                               | Missing required parameter for option '--memory'",
                "run -k K -m 1Q                       | '1Q' is not a size such as 512M or 1G",
                "run -k K -m 99999999999999T          | is too large",
                "run -k K -c zero                     | 'zero' is not an int",
                "run -k K -c 0                        | --cpus 0: a computer has at least one",
                "run -k K -c 2 --pes 1 --mode bare    | --pes 1: in bare mode",
                "run -k K --timeout soon              | 'soon' is not a duration such as 120s",
                "run -k K --timeout 0s                | must be more than zero",
                "run -k K --seed 3                    | only with --deterministic",
                "run -k K --e2h vhe                   | the guest has no EL2; add --nested nv2",
                "run -k K --nested nv3                | expected one of [off, nv, nv2]",
                "run -k K --guest debian              | brings its own kernel and initrd",
                "run -k K --exec id                   | --exec: only with --guest",
                "run -k missing                       | --kernel missing: no such file",
                "run -k .                             | --kernel .: cannot be read",
                "run -k K -i missing                  | --initrd missing: no such file",
                "run -k K --dtb missing               | --dtb missing: no such file",
                "run -k K -k K                        | option '--kernel' (FILE) should be specified only once",
                "run -k K --mode hosted --nested nv2 --protected | --protected and --nested nv2: a protected guest has no EL2",
                "run -k K --mode hosted --nested nv2 --e2h any | --nested nv2 and --e2h any: over FEAT_NV2",
                "run -k K --mode bare --protected     | --protected: only with --mode hosted",
                "run -k K --mode bare --l0-granule 4k | --l0-granule: only with --mode hosted",
                "run -k K --l0-granule 8k             | '8k' is none of the granules 4k, 16k, 64k",
                "run -k K --mode hosted --pes 0       | --pes 0: a machine has at least one",
                "compare                              | compare: what? give --kernel FILE or --guest NAME",
                "compare -k K --mode bare             | --mode: compare runs both",
                "compare -k K --nested nv2 --e2h any  | --nested nv2 and --e2h any: over FEAT_NV2",
                "compare -k K --blocks 0              | --blocks 0: at least one",
                "compare -k K -d K                    | both runs would write to it; add ,ro",
                "run -k K --mode hosted --stat=missing/exits.json | --stat missing/exits.json: there is no folder",
                "run -k K --mode hosted --record .    | --record .: is a folder",
                "run -k K --mode hosted --trace missing/t | --trace missing/t: there is no folder",
                "run -k K --mode hosted --trace t --stat=./t | is the file of another option too",
                "run -k K --mode bare --stat          | --stat: in bare mode",
                "run -k K --mode bare --nested nv2 --trace t | --trace: in bare mode",
                "demo --mode bare --record r.jfr      | --record: in bare mode",
                "bench no-such-benchmark              | bench:",
            })
    void badUsageIsOneLineAndStatusTwo(String line, String expected) throws Exception {
        refused(line, expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--net user",
                "--net unix:/run/net",
                "--share .:tag",
                "--engine translator",
                "--engine both",
                "--engine lockstep",
                "--gdb 1234",
                "--sanitize mmu",
                "--firmware K",
            })
    void optionOfALaterVersionIsRefusedByName(String option) throws Exception {
        refused("run -k K " + option, option.split("[ =]")[0]);
        refused("run -k K " + option, "exists later");
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect", "inspect x"})
    void commandOfALaterVersionIsRefused(String line) throws Exception {
        refused(line, "exists later");
    }

    private void refused(String line, String expected) throws Exception {
        Path kernel = Files.write(folder.resolve("K"), new byte[4096]);
        List<String> args = new ArrayList<>();
        for (String word : line.isEmpty() ? new String[0] : line.split(" ")) {
            args.add(word.equals("K") ? kernel.toString() : word);
        }
        Cli run = Cli.nido(args.toArray(String[]::new));
        assertThat(run.err()).contains(expected).startsWith("nido: ");
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.status()).isEqualTo(2);
    }
}
