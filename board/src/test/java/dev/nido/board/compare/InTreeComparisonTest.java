package dev.nido.board.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.board.BoardConfig;
import dev.nido.board.guest.InTreeGuest;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;

/** No in-tree guest can tell the hypervisor from the machine. */
class InTreeComparisonTest {

    @TempDir private Path directory;

    static Stream<Arguments> guests() {
        return Stream.of(InTreeGuest.values())
                .flatMap(g -> Stream.of(Arguments.of(g, 1), Arguments.of(g, 2)));
    }

    @ParameterizedTest(name = "{0} on {1} CPUs")
    @MethodSource("guests")
    void hypervisorIsInvisible(InTreeGuest guest, int cpus) throws Exception {
        Path image = Files.write(directory.resolve("image"), guest.assemble());
        BoardConfig.Builder builder =
                BoardConfig.of(image).memory(512 << 20).cpus(cpus).deterministic(true);
        BoardConfig bare = builder.build();
        BoardConfig hosted = builder.hosting(BoardConfig.Hosting.STANDARD).build();
        Outcome outcome =
                Comparison.of(new Side("bare", bare), new Side("hosted", hosted))
                        .timeout(Duration.ofSeconds(60))
                        .run();
        assertThat(outcome).isInstanceOf(Outcome.Identical.class);
        Outcome.Identical identical = (Outcome.Identical) outcome;
        assertThat(identical.end()).isEqualTo(new MachineEnd.PoweredOff());
        assertThat(identical.exits()).isPositive();
    }
}
