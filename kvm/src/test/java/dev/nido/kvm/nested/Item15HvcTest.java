package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HVC belongs to the guest's EL2, from wherever it comes. */
class Item15HvcTest {

    private static final long HVC = 0x5a00_0000L;

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void fromEl1IsTakenFromALowerLevel(Feature nesting, boolean e2h) {
        assertThat(El1Program.run(nesting, e2h, "nop", "nop\nhvc #0x1234"))
                .containsExactly(2L, HVC | 0x1234, 8L);
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void fromEl2IsTakenFromTheSame(Feature nesting, boolean e2h) {
        assertThat(El1Program.run(nesting, e2h, "hvc #3", "nop").subList(0, 2))
                .containsExactly(1L, HVC | 3);
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV,false"})
    void isNotDisabledByABitThatIsRes0WithEl3(Feature nesting, boolean e2h) {
        String hcd =
                """
                movz x0, #0x2000, lsl #16
                msr HCR_EL2, x0
                """;
        assertThat(El1Program.run(nesting, e2h, hcd, "hvc #1")).containsExactly(2L, HVC | 1, 4L);
    }
}
