package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.arch.Trap;
import dev.nido.kvm.sysreg.NestedAccess.Outcome;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

/**
 * Item 43: what the guest's EL2 traps goes to it before the hypervisor emulates it, but what user
 * space took away is UNDEFINED first, trapped or not.
 */
class Item43ForwardingOrderTest {

    private static Map<SysReg, Long> hcr(long bits) {
        return Map.of(SysReg.HCR_EL2, bits);
    }

    @Test
    void trappedEmulatedHidden() {
        int key = SysReg.LORID_EL1.key();
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV2, "default,-e2h0")) {
            assertThat(guest.execute(key, true, 1, 1, hcr(HcrEl2.TLOR)))
                    .isEqualTo(Outcome.FORWARDED);
            assertThat(guest.execute(key, true, 1, 1, hcr(0))).isEqualTo(Outcome.DONE);
            assertThat(guest.x0()).isZero();
        }
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV2, "default,-e2h0")) {
            IdRegisters ids = guest.idRegisters();
            SysReg mmfr1 = SysReg.ID_AA64MMFR1_EL1;
            ids.set(mmfr1, ids.get(mmfr1) & ~0xf_0000L);
            assertThat(guest.execute(key, true, 1, 1, hcr(HcrEl2.TLOR)))
                    .as("hidden")
                    .isEqualTo(Outcome.UNDEFINED);
        }
    }

    /** Each of these traps for the hypervisor's own sake anyway. */
    @ParameterizedTest
    @CsvSource({
        "TACR, ACTLR_EL1, 0x200000",
        "TID1, REVIDR_EL1, 0x10000",
        "TID3, ID_AA64MMFR0_EL1, 0x40000",
        "TID2_TID4, CLIDR_EL1, 0x2000000000000",
        "TID2_TID4, CSSELR_EL1, 0x20000",
        "ICC_SGI, ICC_SGI1R_EL1, 0x10"
    })
    void theGuestsControlDecides(Trap group, SysReg r, long control) {
        assertThat(r.trap()).isEqualTo(group);
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV, "default,-vhe")) {
            boolean read = r.readable();
            assertThat(guest.execute(r.key(), read, 0, 1, hcr(control)))
                    .isEqualTo(Outcome.FORWARDED);
            assertThat(guest.execute(r.key(), read, 0, 1, hcr(0))).isEqualTo(Outcome.DONE);
            assertThat(guest.execute(r.key(), read, 0, 2, hcr(control)))
                    .as("not at EL2")
                    .isEqualTo(Outcome.DONE);
        }
    }

    @Test
    void setAndWayByTswOnly() {
        int key = SystemOperation.DC_CISW.key();
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV2, "default,-vhe")) {
            assertThat(guest.execute(key, false, 0, 1, hcr(HcrEl2.TSW)))
                    .isEqualTo(Outcome.FORWARDED);
            assertThat(guest.execute(key, false, 0, 1, hcr(0))).isEqualTo(Outcome.DONE);
        }
    }

    @Test
    void debugAndMonitorsByMdcr() {
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV, "default,-e2h0")) {
            for (SysReg r : SysReg.values()) {
                long control =
                        switch (r.trap()) {
                            case TDA -> MdcrEl2.TDA;
                            case TDRA -> MdcrEl2.TDRA;
                            case TDOSA -> MdcrEl2.TDOSA;
                            case TPM, TPM_CR -> MdcrEl2.TPM;
                            case TPMCR -> MdcrEl2.TPMCR;
                            default -> 0;
                        };
                if (control == 0 || !r.readable() || r.name().matches("PM(EV|XEV).*")) {
                    continue;
                }
                Map<SysReg, Long> on = Map.of(SysReg.MDCR_EL2, 6 | control);
                assertThat(guest.execute(r.key(), true, 0, 1, on))
                        .as(r.name())
                        .isEqualTo(Outcome.FORWARDED);
                assertThat(guest.execute(r.key(), true, 0, 1, Map.of()))
                        .as(r.name())
                        .isEqualTo(Outcome.DONE);
            }
        }
    }

    /** Counters from MDCR_EL2.HPMN on are EL2's; below EL2 they trap, and those not there don't. */
    @Test
    void countersByHpmn() {
        Map<SysReg, Long> four = Map.of(SysReg.MDCR_EL2, 4L);
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV2, "default,-e2h0")) {
            int first = SysReg.PMEVCNTR0_EL0.ordinal();
            for (int n = 0; n < 31; n++) {
                SysReg r = SysReg.values()[first + n];
                assertThat(guest.execute(r.key(), true, 0, 1, four))
                        .as(r.name())
                        .isEqualTo(
                                n < 4
                                        ? Outcome.DONE
                                        : n < 6 ? Outcome.FORWARDED : Outcome.UNDEFINED);
            }
        }
    }
}
