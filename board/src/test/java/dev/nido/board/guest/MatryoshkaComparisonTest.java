package dev.nido.board.guest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.board.BoardConfig;
import dev.nido.board.compare.Comparison;
import dev.nido.board.compare.Outcome;
import dev.nido.board.compare.Side;
import dev.nido.kvm.nested.Nesting;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** No level of a hypervisor that runs itself can tell the one below it from the machine. */
class MatryoshkaComparisonTest {

    @TempDir private Path directory;

    @ParameterizedTest(name = "{0} levels")
    @ValueSource(ints = {1, 2, 4})
    void hypervisorBelowIsInvisible(int depth) throws Exception {
        Path image = Files.write(directory.resolve("image"), Matryoshka.image(depth));
        BoardConfig.Builder builder =
                BoardConfig.of(image)
                        .memory(512 << 20)
                        .cpu(CpuModel.parse("default,-e2h0,+nv2"))
                        .startEl(2)
                        .deterministic(true);
        BoardConfig bare = builder.build();
        BoardConfig hosted =
                builder.hosting(BoardConfig.Hosting.STANDARD.withNesting(Nesting.NV2)).build();
        Outcome outcome =
                Comparison.of(new Side("bare", bare), new Side("hosted", hosted))
                        .timeout(Duration.ofSeconds(60))
                        .run();
        assertThat(outcome).isInstanceOf(Outcome.Identical.class);
        Outcome.Identical identical = (Outcome.Identical) outcome;
        assertThat(identical.end()).isEqualTo(new MachineEnd.PoweredOff());
        assertThat(identical.exits()).isGreaterThan(100L * depth);
    }
}
