package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

/** What a guest hypervisor could tell it by: where EL1 of a PE can't be EL2 in full. */
class NestedDifferencesTest {

    private static final int SVC = NestedCase.OTHERS[1];

    /** An SVC at EL2 with E2H = 1 and SCTLR_EL2.SPAN = 0. */
    private static long pan(NestedSide side, long hcr) {
        long[] values = new long[NestedCase.CONTROLS.length];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (NestedCase.CONTROLS[i]) {
                        case HCR_EL2 -> HcrEl2.E2H | hcr;
                        case VBAR_EL1, VBAR_EL2 -> DifferentialSide.vectors();
                        case SCTLR_EL2 -> SctlrEl1.RESET & ~SctlrEl1.SPAN;
                        default -> 0;
                    };
        }
        long[] state = new long[NestedSide.STATE];
        side.execute(new NestedCase(SVC, 0, 0x3c9, values), state);
        return state[2] & Spsr.PAN;
    }

    /** FEAT_NV2 gives no sign when TGE changes, so it can't be had otherwise. */
    @ParameterizedTest
    @CsvSource({"NV", "NV2"})
    void panIsSetWithoutTge(Feature nesting) {
        CpuModel cpu = CpuModel.parse("default,-e2h0").forGuestHypervisor(12);
        try (NestedSide bare = new NestedSide.Bare(cpu);
                NestedSide hosted = new NestedSide.Hosted(cpu, nesting)) {
            assertThat(pan(bare, HcrEl2.TGE)).isEqualTo(Spsr.PAN);
            assertThat(pan(hosted, HcrEl2.TGE)).isEqualTo(Spsr.PAN);
            assertThat(pan(bare, 0)).isZero();
            assertThat(pan(hosted, 0)).as("the difference").isEqualTo(Spsr.PAN);
        }
    }

    /** CTR_EL0 at EL0 with TGE, and no E2H: SCTLR_EL1.UCT decides on the bare machine. */
    @ParameterizedTest
    @CsvSource({"NV", "NV2"})
    void controlsOfEl0WithTgeAloneAreThoseOfEl2(Feature nesting) {
        Map<SysReg, Long> controls =
                Map.of(
                        SysReg.HCR_EL2,
                        HcrEl2.TGE,
                        SysReg.SCTLR_EL1,
                        SctlrEl1.RESET | SctlrEl1.UCT,
                        SysReg.SCTLR_EL2,
                        SctlrEl1.RESET & ~SctlrEl1.UCT);
        int key = SysReg.CTR_EL0.key();
        try (NestedAccess bare = NestedAccess.bare("default,-vhe");
                NestedAccess hosted = NestedAccess.hosted(nesting, "default,-vhe")) {
            assertThat(bare.execute(key, true, 0, 0, controls))
                    .isEqualTo(NestedAccess.Outcome.DONE);
            assertThat(hosted.execute(key, true, 0, 0, controls))
                    .as("the difference")
                    .isEqualTo(NestedAccess.Outcome.FORWARDED);
        }
    }
}
