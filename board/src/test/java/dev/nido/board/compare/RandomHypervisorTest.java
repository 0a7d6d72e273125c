package dev.nido.board.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.board.BoardConfig;
import dev.nido.kvm.nested.Nesting;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Random programs at EL2, and what they run at EL1, see no difference between the bare machine and
 * the hypervisor, and neither of the two fails by them. Everyday a few; as many as fit into {@code
 * NIDO_RANDOM_HYPERVISOR_SECONDS} where that is set, from {@code NIDO_RANDOM_HYPERVISOR_SEED} on.
 */
class RandomHypervisorTest {

    private static final String SECONDS = System.getenv("NIDO_RANDOM_HYPERVISOR_SECONDS");
    private static final String SEED = System.getenv("NIDO_RANDOM_HYPERVISOR_SEED");
    private static final int STEPS = 150;

    /** Some programs run in circles. */
    private static final Duration LIMIT = Duration.ofMillis(1500);

    /** What the hypervisor uses, and what the program sees. */
    enum Variant {
        NV_ANY(Nesting.NV, RandomHypervisor.Host.ANY, "default", false),
        NV_VHE(Nesting.NV, RandomHypervisor.Host.VHE, "default,-e2h0", false),
        NV_NVHE(Nesting.NV, RandomHypervisor.Host.NVHE, "default,-vhe", false),
        NV2_VHE(Nesting.NV2, RandomHypervisor.Host.VHE, "default,-e2h0", false),
        NV2_NVHE(Nesting.NV2, RandomHypervisor.Host.NVHE, "default,-vhe", false),
        NV2_NESTED(Nesting.NV2, RandomHypervisor.Host.VHE, "default,-e2h0,+nv2", true);

        final Nesting nesting;
        final RandomHypervisor.Host host;
        final String cpu;
        final boolean nested;

        Variant(Nesting nesting, RandomHypervisor.Host host, String cpu, boolean nested) {
            this.nesting = nesting;
            this.host = host;
            this.cpu = cpu;
            this.nested = nested;
        }

        byte[] image(long seed, int steps, boolean reckless) {
            return RandomHypervisor.image(seed, steps, host, nested, reckless);
        }
    }

    @TempDir private Path directory;

    @ParameterizedTest
    @EnumSource
    void randomHypervisorsSeeNoHypervisor(Variant variant) throws Exception {
        for (long seed = 1; seed <= 8; seed++) {
            compare(seed, variant);
        }
    }

    @Test
    void randomHypervisorsSeeNoHypervisorForLong() throws Exception {
        if (SECONDS == null) {
            return;
        }
        long first = SEED == null ? System.nanoTime() >>> 10 : Long.parseLong(SEED);
        System.out.println("random hypervisors from seed " + first);
        long end = System.nanoTime() + Long.parseLong(SECONDS) * 1_000_000_000L;
        long seed = first;
        Variant[] variants = Variant.values();
        while (System.nanoTime() < end) {
            for (Variant variant : variants) {
                compare(seed, variant);
            }
            seed++;
        }
        System.out.println((seed - first) * variants.length + " random hypervisors");
    }

    private void compare(long seed, Variant variant) throws Exception {
        Path image = Files.write(directory.resolve("image"), variant.image(seed, STEPS, false));
        BoardConfig.Builder config =
                BoardConfig.of(image)
                        .cpu(CpuModel.parse(variant.cpu))
                        .memory(16 << 20)
                        .startEl(2)
                        .seed(seed)
                        .deterministic(true);
        Side bare = new Side("bare", config.build());
        Side hosted =
                new Side(
                        "hosted",
                        config.hosting(BoardConfig.Hosting.STANDARD.withNesting(variant.nesting))
                                .build());
        Outcome outcome = Comparison.of(bare, hosted).timeout(LIMIT).run();
        if (outcome instanceof Outcome.Diverged d
                // Which of the two notices first is no difference.
                && d.report().stream().limit(2).noneMatch(l -> l.contains("faults for ever"))) {
            assertThat(String.join("\n", d.report())).as("seed %d, %s", seed, variant).isEmpty();
        }
        assertThat(outcome)
                .as("seed %d, %s", seed, variant)
                .isInstanceOfAny(
                        Outcome.Identical.class, Outcome.TimedOut.class, Outcome.Diverged.class);
    }
}
