package dev.nido.machine.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Timeout.ThreadMode.SEPARATE_THREAD;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A small part of {@link RandomWordsFuzz}; the property {@code nido.fuzz.words} makes it longer.
 */
class RandomWordsFuzzTest {

    @ParameterizedTest
    @CsvSource({"2, 20261122", "1, 20271122"})
    @Timeout(value = 600, threadMode = SEPARATE_THREAD)
    void randomWordsEndInArchitecturalStates(int startEl, long seed) {
        long words = Long.getLong("nido.fuzz.words", 200_000) / 2;
        try (RandomWordsFuzz fuzz = new RandomWordsFuzz(startEl)) {
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
