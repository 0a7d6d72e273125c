package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.sysreg.NestedAccess.Outcome;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

/**
 * Item 36: a guest hypervisor reads identification registers without what can't be offered to it,
 * the same ones as on a machine of its own; user space can lower them further.
 */
class Item36IdRegisterFilterTest {

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({
        "NV, default",
        "NV, 'default,-vhe'",
        "NV2, 'max,-e2h0'",
        "NV2, 'max,-vhe'",
        "NV2, 'max,+nv2,-e2h0'",
        "NV2, 'default,-e2h0,-lor,-pmuv3'"
    })
    void everyOneIsThatOfTheLimitedCpu(Feature nesting, String cpu) {
        CpuModel limited = CpuModel.parse(cpu).forGuestHypervisor(12);
        try (NestedAccess hosted = NestedAccess.hosted(nesting, cpu);
                NestedAccess bare = NestedAccess.bare(cpu)) {
            for (SysReg r : SysReg.values()) {
                if (!r.isId() || r.feature() != null && !limited.has(r.feature())) {
                    continue;
                }
                for (int el = 1; el <= 2; el++) {
                    assertThat(hosted.execute(r.key(), true, 0, el, Map.of()))
                            .as(r.name())
                            .isEqualTo(Outcome.DONE);
                    bare.execute(r.key(), true, 0, el, Map.of());
                    assertThat(hosted.x0()).as("%s at EL%d", r, el).isEqualTo(bare.x0());
                    assertThat(hosted.x0()).as(r.name()).isEqualTo(limited.idRegister(r));
                }
            }
        }
    }

    @Test
    void userSpaceLowersThem() {
        try (NestedAccess guest = NestedAccess.hosted(Feature.NV2, "default,-e2h0")) {
            IdRegisters ids = guest.idRegisters();
            long mmfr1 = ids.get(SysReg.ID_AA64MMFR1_EL1);
            ids.set(SysReg.ID_AA64MMFR1_EL1, mmfr1 & ~0xfL);
            long pfr0 = ids.get(SysReg.ID_AA64PFR0_EL1);
            assertThatThrownBy(() -> ids.set(SysReg.ID_AA64PFR0_EL1, pfr0 & ~0xf00L))
                    .as("EL2 is what the vCPU's features say")
                    .isInstanceOf(KvmException.class);
            assertThatThrownBy(() -> ids.set(SysReg.ID_AA64PFR0_EL1, pfr0 | 1 << 28))
                    .as("RAS can't be added")
                    .isInstanceOf(KvmException.class);
            guest.execute(SysReg.ID_AA64MMFR1_EL1.key(), true, 0, 2, Map.of());
            assertThat(guest.x0()).isEqualTo(mmfr1 & ~0xfL);
            assertThatThrownBy(() -> ids.set(SysReg.ID_AA64MMFR1_EL1, mmfr1))
                    .as("after the first run")
                    .isInstanceOf(KvmException.class);
        }
    }
}
