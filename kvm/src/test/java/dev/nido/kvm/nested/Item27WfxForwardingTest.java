package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** WFI and WFE of the guest's guest go to its EL2 if it asks for them. */
class Item27WfxForwardingTest {

    /** EC 0x01, IL, CV = 1, COND = 14, TI = 0. */
    private static final long WFI = 0x07e0_0000L;

    private static String hcr(int value) {
        return "movz x0, #%d\nmsr HCR_EL2, x0\n".formatted(value);
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void wfiWithTwi(Feature nesting, boolean e2h) {
        assertThat(El1Program.run(nesting, e2h, hcr(1 << 13), "nop\nwfi"))
                .containsExactly(2L, WFI, 4L);
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void wfeWithTwe(Feature nesting, boolean e2h) {
        assertThat(El1Program.run(nesting, e2h, hcr(1 << 14), "sevl\nwfe\nwfe"))
                .satisfies(said -> {
                    assertThat(said.get(0)).isEqualTo(2L);
                    assertThat(said.get(1) >>> 26).isEqualTo(1L);
                    assertThat(said.get(1) & 1).isEqualTo(1L);
                });
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV,false"})
    void wfeWithoutTweIsNobodysBusiness(Feature nesting, boolean e2h) {
        assertThat(El1Program.run(nesting, e2h, hcr(1 << 13), "sevl\nwfe\nhvc #2"))
                .containsExactly(2L, 0x5a00_0002L, 12L);
    }
}
