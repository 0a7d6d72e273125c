package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.sysreg.NestedAccess.Outcome;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

/**
 * Item 29: with HCR_EL2.NV the guest's EL2 gets what its guest does to an EL2: registers, aliases,
 * instructions, ERET. Without, there is no EL2 at its guest's EL1.
 */
class Item29NvForwardingTest {

    private static final Map<SysReg, Long> NV = Map.of(SysReg.HCR_EL2, HcrEl2.NV);

    @ParameterizedTest
    @CsvSource({"NV, 'default,+nv'", "NV2, 'default,+nv2,-e2h0'"})
    void namesOfEl2GoToTheGuestsEl2(Feature nesting, String cpu) {
        CpuModel model = CpuModel.parse(cpu).forGuestHypervisor(12);
        try (NestedAccess guest = NestedAccess.hosted(nesting, cpu)) {
            for (SysReg r : SysReg.values()) {
                boolean there = r.feature() == null || model.has(r.feature());
                if (r.minimumEl() != 2 || !there) {
                    continue;
                }
                // Without a page of its own behind VNCR_EL2; that is for another test.
                boolean elsewhere =
                        nesting == Feature.NV2
                                && (r.vncrOffset() >= 0 || r.nv2El1Register() != null);
                boolean read = r.readable();
                if (!elsewhere) {
                    assertThat(guest.execute(r.key(), read, 0, 1, NV))
                            .as(r.name())
                            .isEqualTo(Outcome.FORWARDED);
                }
                assertThat(guest.execute(r.key(), read, 0, 1, Map.of()))
                        .as(r.name())
                        .isEqualTo(Outcome.UNDEFINED);
                assertThat(guest.execute(r.key(), read, 0, 0, NV))
                        .as("%s at EL0", r)
                        .isEqualTo(Outcome.UNDEFINED);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV, 'default,+nv'", "NV2, 'default,+nv2,-e2h0'"})
    void instructionsOfEl2Too(Feature nesting, String cpu) {
        try (NestedAccess guest = NestedAccess.hosted(nesting, cpu)) {
            for (SystemOperation o : SystemOperation.values()) {
                if (o.minimumEl() == 2) {
                    assertThat(guest.execute(o.key(), false, 0, 1, NV))
                            .as(o.name())
                            .isEqualTo(Outcome.FORWARDED);
                    assertThat(guest.execute(o.key(), false, 0, 1, Map.of()))
                            .as(o.name())
                            .isEqualTo(Outcome.UNDEFINED);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV, 'default,+nv'", "NV2, 'default,+nv2,-e2h0'"})
    void eretTraps(Feature nesting, String cpu) {
        CpuModel model = CpuModel.parse(cpu).forGuestHypervisor(12);
        long[] state = new long[NestedSide.STATE];
        try (NestedSide guest = new NestedSide.Hosted(model, nesting)) {
            guest.execute(eret(HcrEl2.NV), state);
            assertThat(register(state, SysReg.ESR_EL2)).isEqualTo(Esr.of(Esr.EC_ERET, true, 0));
            assertThat(register(state, SysReg.ELR_EL2))
                    .isEqualTo(NestedSide.address(eret(HcrEl2.NV)));
            guest.execute(eret(0), state);
            assertThat(state[1]).as("PC").isEqualTo(DifferentialSide.vectors());
            assertThat(state[2]).as("PSTATE").isEqualTo(0x3c4);
        }
    }

    private static NestedCase eret(long hcr) {
        long[] values = new long[NestedCase.CONTROLS.length];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (NestedCase.CONTROLS[i]) {
                        case HCR_EL2 -> hcr;
                        case VBAR_EL1, VBAR_EL2 -> DifferentialSide.vectors();
                        case SPSR_EL1, SPSR_EL2 -> 0x3c4;
                        default -> 0;
                    };
        }
        return new NestedCase(NestedCase.ERET, 0, 0x3c5, values);
    }

    private static long register(long[] state, SysReg r) {
        for (int i = 0; i < NestedSide.COMPARED.length; i++) {
            if (NestedSide.COMPARED[i] == r) {
                return state[NestedSide.STATE - NestedSide.COMPARED.length + i];
            }
        }
        throw new IllegalArgumentException(r.name());
    }
}
