package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.sysreg.NestedAccess.Outcome;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Map;

/**
 * Item 31: with HCR_EL2.{NV, NV1} the guest's EL2 gets its guest's accesses to VBAR_EL1, ELR_EL1
 * and SPSR_EL1. Only a CPU that has FEAT_NV and E2H = 0 has NV1.
 */
class Item31Nv1ForwardingTest {

    private static final SysReg[] REGISTERS = {SysReg.VBAR_EL1, SysReg.ELR_EL1, SysReg.SPSR_EL1};

    @Test
    void bothBitsTrap() {
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV, "default,+nv")) {
            for (SysReg r : REGISTERS) {
                for (boolean read : new boolean[] {false, true}) {
                    assertThat(hcr(guest, r, read, HcrEl2.NV | HcrEl2.NV1))
                            .isEqualTo(Outcome.FORWARDED);
                    assertThat(hcr(guest, r, read, HcrEl2.NV)).isEqualTo(Outcome.DONE);
                    assertThat(hcr(guest, r, read, HcrEl2.NV1)).isEqualTo(Outcome.DONE);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "default,-vhe"})
    void withoutTheFeatureTheyAreStorage(String cpu) {
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV, cpu)) {
            for (SysReg r : REGISTERS) {
                assertThat(hcr(guest, r, false, HcrEl2.NV | HcrEl2.NV1)).isEqualTo(Outcome.DONE);
                assertThat(guest.get(SysReg.HCR_EL2)).isEqualTo(HcrEl2.NV | HcrEl2.NV1);
            }
        }
    }

    private static Outcome hcr(NestedAccess guest, SysReg r, boolean read, long hcr) {
        return guest.execute(r.key(), read, 0x800, 1, Map.of(SysReg.HCR_EL2, hcr));
    }
}
