package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.sysreg.NestedAccess.Outcome;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Item 32: _EL12 names reach EL1's registers from EL2 with E2H, and are UNDEFINED without. */
class Item32AliasesTest {

    private static final Map<SysReg, Long> E2H = Map.of(SysReg.HCR_EL2, HcrEl2.E2H);

    private static List<SysReg> behindAliases() {
        List<SysReg> list = new ArrayList<>();
        for (SysReg r : SysReg.values()) {
            if (r.minimumEl() < 2 && SysReg.decode(alias(r)) == r) {
                list.add(r);
            }
        }
        return list;
    }

    private static int alias(SysReg r) {
        return r.key() & ~(7 << 11) | 5 << 11;
    }

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void withE2hTheyAreEl1s(Feature nesting) {
        List<SysReg> all = behindAliases();
        assertThat(all)
                .contains(SysReg.SCTLR_EL1, SysReg.CPACR_EL1, SysReg.CNTKCTL_EL1, SysReg.SPSR_EL1)
                .hasSize(22);
        try (NestedAccess guest = NestedAccess.hosted(nesting, "default,-e2h0")) {
            for (SysReg r : all) {
                if (r.name().startsWith("CNTP_") || r.name().startsWith("CNTV_")) {
                    continue;
                }
                long value = 0x1230_0000L + r.ordinal() * 0x1000L;
                assertThat(guest.execute(alias(r), false, value, 2, E2H))
                        .as(r.name())
                        .isEqualTo(Outcome.DONE);
                assertThat(guest.get(r)).as(r.name()).isEqualTo(value);
                if (r.el2Counterpart() != SysReg.ELR_EL2 && r.el2Counterpart() != null) {
                    assertThat(guest.get(r.el2Counterpart())).isNotEqualTo(value);
                }
                assertThat(guest.execute(alias(r), true, 0, 2, E2H)).isEqualTo(Outcome.DONE);
            }
        }
    }

    @Test
    void theTimersOfEl1ReadBack() {
        for (Feature nesting : List.of(Feature.NV, Feature.NV2)) {
            try (NestedAccess guest = NestedAccess.hosted(nesting, "default,-e2h0")) {
                for (SysReg r : List.of(SysReg.CNTP_CVAL_EL0, SysReg.CNTV_CVAL_EL0)) {
                    long value = 0x7000_0000_0000L + r.ordinal();
                    guest.execute(alias(r), false, value, 2, E2H);
                    assertThat(guest.execute(alias(r), true, 0, 2, E2H)).isEqualTo(Outcome.DONE);
                    assertThat(guest.x0()).isEqualTo(value);
                    guest.execute(r.key(), true, 0, 2, E2H);
                    assertThat(guest.x0()).as("EL2's own timer").isNotEqualTo(value);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV,default", "NV,'default,-vhe'", "NV2,'default,-vhe'"})
    void withoutE2hTheyAreUndefined(Feature nesting, String cpu) {
        try (NestedAccess guest = NestedAccess.hosted(nesting, cpu)) {
            for (SysReg r : behindAliases()) {
                for (boolean read : new boolean[] {false, true}) {
                    assertThat(guest.execute(alias(r), read, 0, 2, Map.of()))
                            .as(r.name())
                            .isEqualTo(Outcome.UNDEFINED);
                }
            }
        }
    }
}
