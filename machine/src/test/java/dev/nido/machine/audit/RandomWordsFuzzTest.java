package dev.nido.machine.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD;

import dev.nido.arch.CpuModel;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A small part of {@link RandomWordsFuzz}, and the whole of it where the property {@code
 * nido.fuzz.words}, or the environment's {@code NIDO_FUZZ_WORDS}, says how many words.
 */
class RandomWordsFuzzTest {

    @ParameterizedTest
    @CsvSource({
        "default, 2, 20261122",
        "default, 1, 20271122",
        "'" + RandomWordsFuzz.NESTED + "', 2, 20281122"
    })
    @Timeout(value = 600, threadMode = SEPARATE_THREAD)
    void randomWordsEndInArchitecturalStates(String cpu, int startEl, long seed) {
        String wanted = System.getProperty("nido.fuzz.words", System.getenv("NIDO_FUZZ_WORDS"));
        long words = wanted == null ? 70_000 : Long.parseLong(wanted) / 3;
        System.out.printf(
                "random words on %s from EL%d down: %d, from seed %d%n", cpu, startEl, words, seed);
        try (RandomWordsFuzz fuzz = new RandomWordsFuzz(CpuModel.parse(cpu), startEl, null)) {
            for (long done = 0; done < words; done += RandomWordsFuzz.ROUND, seed++) {
                long round = seed;
                assertThatCode(() -> fuzz.round(round))
                        .as("seed %d", round)
                        .doesNotThrowAnyException();
            }
            for (int el = 0; el <= startEl; el++) {
                assertThat(fuzz.executed[el]).as("words at EL%d", el).isGreaterThan(words / 20);
            }
            assertThat(fuzz.translated).isGreaterThan(words / 4);
            assertThat(fuzz.exceptions).isBetween(words / 10, words * 9 / 10);
        }
    }
}
