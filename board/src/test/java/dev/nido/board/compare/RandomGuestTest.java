package dev.nido.board.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.board.BoardConfig;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Random programs see no difference between the bare machine and the hypervisor, and neither of the
 * two fails by them. Everyday a few; as many as fit into {@code NIDO_RANDOM_GUEST_SECONDS} where
 * that is set, from {@code NIDO_RANDOM_GUEST_SEED} on.
 */
class RandomGuestTest {

    private static final String SECONDS = System.getenv("NIDO_RANDOM_GUEST_SECONDS");
    private static final String SEED = System.getenv("NIDO_RANDOM_GUEST_SEED");

    /** Some programs run in circles. */
    private static final Duration LIMIT = Duration.ofMillis(1500);

    @TempDir private Path directory;

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void randomGuestsSeeNoHypervisor(int cpus) throws Exception {
        for (long seed = 1; seed <= 40; seed++) {
            compare(seed, cpus);
        }
    }

    @Test
    void randomGuestsSeeNoHypervisorForLong() throws Exception {
        if (SECONDS == null) {
            return;
        }
        long first = SEED == null ? System.nanoTime() >>> 10 : Long.parseLong(SEED);
        System.out.println("random guests from seed " + first);
        long end = System.nanoTime() + Long.parseLong(SECONDS) * 1_000_000_000L;
        long seed = first;
        while (System.nanoTime() < end) {
            compare(seed++, 1 + (int) (seed & 1));
        }
        System.out.println((seed - first) + " random guests");
    }

    private void compare(long seed, int cpus) throws Exception {
        Path image = Files.write(directory.resolve("image"), RandomGuest.image(seed, 600));
        BoardConfig.Builder config =
                BoardConfig.of(image).memory(16 << 20).cpus(cpus).seed(seed).deterministic(true);
        Side bare = new Side("bare", config.build());
        Side hosted = new Side("hosted", config.hosting(BoardConfig.Hosting.STANDARD).build());
        Outcome outcome = Comparison.of(bare, hosted).timeout(LIMIT).run();
        if (outcome instanceof Outcome.Diverged d) {
            assertThat(String.join("\n", d.report())).as("seed %d, %d CPUs", seed, cpus).isEmpty();
        }
        assertThat(outcome)
                .as("seed %d, %d CPUs", seed, cpus)
                .isInstanceOfAny(Outcome.Identical.class, Outcome.TimedOut.class);
    }
}
