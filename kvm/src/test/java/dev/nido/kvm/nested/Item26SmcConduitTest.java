package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SMC is how a guest with an EL2 calls firmware; its EL2 may take its guest's calls. */
class Item26SmcConduitTest {

    private static final String VERSION =
            """
            movz x0, #0x8400, lsl #16
            smc #0
            str w0, [x20]
            movz x0, #0x8400, lsl #16
            smc #1
            str w0, [x20]
            """;

    private static final String TSC =
            """
            movz x0, #8, lsl #16
            msr HCR_EL2, x0
            """;

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void callsFirmwareFromEl2AndFromEl1(Feature nesting, boolean e2h) {
        assertThat(El1Program.run(nesting, e2h, VERSION, VERSION))
                .startsWith(0x1_0001L, 0xffff_ffffL, 0x1_0001L, 0xffff_ffffL)
                .hasSize(7);
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void fromEl1GoesToEl2WithTsc(Feature nesting, boolean e2h) {
        // The return address is that of the SMC, which has not been executed.
        assertThat(El1Program.run(nesting, e2h, TSC, "nop\nsmc #0x42"))
                .containsExactly(2L, 0x5e00_0042L, 4L);
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV,false"})
    void fromEl2IsNotTrappedByItsOwnTsc(Feature nesting, boolean e2h) {
        assertThat(El1Program.run(nesting, e2h, TSC + VERSION, "nop"))
                .startsWith(0x1_0001L, 0xffff_ffffL);
    }
}
