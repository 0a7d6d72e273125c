package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random operations against a plain map as the model, with reference counts, reachability and TLB
 * coherence after each.
 *
 * <p>The environment: {@code NIDO_PGTABLE_SEQUENCES} sequences per granule (4000), {@code
 * NIDO_PGTABLE_SEED} the first seed.
 */
class Stage2ModelTest {

    private static long environment(String name, long otherwise) {
        String value = System.getenv(name);
        return value == null ? otherwise : Long.parseLong(value);
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void everyOperationLeavesWhatThePlainMapSays(int pageShift) {
        long sequences = environment("NIDO_PGTABLE_SEQUENCES", 4000);
        long first = environment("NIDO_PGTABLE_SEED", 1);
        try (RandomSequences s = new RandomSequences(pageShift)) {
            for (long i = 0; i < sequences; i++) {
                s.run(first + i);
            }
            assertThat(s.operations).isGreaterThanOrEqualTo(4 * sequences);
        }
    }
}
