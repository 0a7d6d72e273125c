package dev.nido.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.Map;

class KvmBenchmarksTest {

    @Test
    void figuresAreOneObjectOfNumbers() {
        Map<String, Double> figures = new LinkedHashMap<>();
        figures.put("hypercall round trip, ns", 278.7191);
        figures.put("hosted boot / bare boot", 0.98);
        assertThat(KvmBenchmarks.json(figures))
                .isEqualTo(
                        """
                        {
                          "hypercall round trip, ns": 278.719,
                          "hosted boot / bare boot": 0.980
                        }
                        """);
    }
}
