package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.Trap;
import dev.nido.kvm.sysreg.NestedAccess.Outcome;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

/**
 * Item 30: writes of the registers of EL1's translation go to the guest's EL2 with HCR_EL2.TVM,
 * reads with TRVM, and are the guest's guest's own otherwise.
 */
class Item30TvmForwardingTest {

    @ParameterizedTest
    @CsvSource({"NV,-e2h0", "NV,-vhe", "NV2,-e2h0", "NV2,-vhe"})
    void eachDirectionHasItsControl(Feature nesting, String e2h) {
        int checked = 0;
        try (NestedAccess guest = NestedAccess.hosted(nesting, "default," + e2h)) {
            for (SysReg r : SysReg.values()) {
                if (r.trap() != Trap.VM) {
                    continue;
                }
                for (int bits = 0; bits < 4; bits++) {
                    long hcr =
                            ((bits & 1) != 0 ? HcrEl2.TVM : 0)
                                    | ((bits & 2) != 0 ? HcrEl2.TRVM : 0);
                    Map<SysReg, Long> controls = Map.of(SysReg.HCR_EL2, hcr);
                    long before = r == SysReg.SCTLR_EL1 ? 0x30d0_0800L : 0x1000;
                    assertThat(guest.execute(r.key(), false, before, 1, controls))
                            .as("write %s, HCR_EL2 0x%x", r, hcr)
                            .isEqualTo((bits & 1) != 0 ? Outcome.FORWARDED : Outcome.DONE);
                    if ((bits & 1) == 0) {
                        assertThat(guest.get(r)).isEqualTo(before);
                    }
                    assertThat(guest.execute(r.key(), true, 0, 1, controls))
                            .as("read %s, HCR_EL2 0x%x", r, hcr)
                            .isEqualTo((bits & 2) != 0 ? Outcome.FORWARDED : Outcome.DONE);
                    checked++;
                }
            }
        }
        assertThat(checked).isEqualTo(11 * 4);
    }

    /** They bind the guest's guests, never the guest's EL2. */
    @ParameterizedTest
    @CsvSource({"NV,-e2h0", "NV,-vhe", "NV2,-e2h0", "NV2,-vhe"})
    void notAtEl2(Feature nesting, String e2h) {
        Map<SysReg, Long> controls = Map.of(SysReg.HCR_EL2, HcrEl2.TVM | HcrEl2.TRVM);
        try (NestedAccess guest = NestedAccess.hosted(nesting, "default," + e2h)) {
            int key = SysReg.AMAIR_EL1.key();
            assertThat(guest.execute(key, false, 0x77, 2, controls)).isEqualTo(Outcome.DONE);
            boolean vhe = e2h.equals("-e2h0");
            assertThat(guest.get(vhe ? SysReg.AMAIR_EL2 : SysReg.AMAIR_EL1)).isEqualTo(0x77);
            assertThat(guest.execute(key, true, 0, 2, controls)).isEqualTo(Outcome.DONE);
            assertThat(guest.x0()).isEqualTo(0x77);
        }
    }
}
