package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.sysreg.NestedAccess.Outcome;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

/**
 * Item 37: a guest hypervisor sees no RAS extension. The PE has none either; so there is no way by
 * hardware to it, and what is checked is what software sees.
 */
class Item37NoRasTest {

    /** ERRIDR_EL1 and its like, DISR_EL1, VDISR_EL2, VSESR_EL2. */
    private static final int[] REGISTERS = {
        SysReg.key(3, 0, 5, 3, 0),
        SysReg.key(3, 0, 5, 3, 1),
        SysReg.key(3, 0, 5, 4, 0),
        SysReg.key(3, 0, 5, 4, 1),
        SysReg.key(3, 0, 5, 4, 2),
        SysReg.key(3, 0, 5, 4, 3),
        SysReg.key(3, 0, 5, 4, 4),
        SysReg.key(3, 0, 5, 4, 5),
        SysReg.key(3, 0, 5, 4, 6),
        SysReg.key(3, 0, 5, 5, 0),
        SysReg.key(3, 0, 5, 5, 1),
        SysReg.key(3, 0, 12, 1, 1),
        SysReg.key(3, 4, 12, 1, 1),
        SysReg.key(3, 4, 5, 2, 3)
    };

    @ParameterizedTest
    @CsvSource({"NV,-e2h0", "NV,-vhe", "NV2,-e2h0", "NV2,-vhe"})
    void itsFieldsAreZeroAndItsRegistersUndefined(Feature nesting, String e2h) {
        long terr = 1L << 36;
        try (NestedAccess guest = NestedAccess.hosted(nesting, "max," + e2h)) {
            guest.execute(SysReg.ID_AA64PFR0_EL1.key(), true, 0, 2, Map.of());
            assertThat(guest.x0() >>> 28 & 15).isZero();
            guest.execute(SysReg.ID_AA64PFR1_EL1.key(), true, 0, 2, Map.of());
            assertThat(guest.x0() >>> 12 & 15).as("RAS_frac").isZero();
            assertThat(guest.x0() >>> 56 & 15).as("DF2").isZero();
            for (int key : REGISTERS) {
                for (int el = 1; el <= 2; el++) {
                    for (boolean read : new boolean[] {false, true}) {
                        assertThat(
                                        guest.execute(
                                                key,
                                                read,
                                                0,
                                                el,
                                                Map.of(SysReg.HCR_EL2, terr | HcrEl2.TIDCP)))
                                .as("0x%x at EL%d", key, el)
                                .isEqualTo(Outcome.UNDEFINED);
                    }
                }
            }
        }
    }
}
