package dev.nido.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a hypervisor sees of a CPU that another hypervisor may be below of. */
class GuestHypervisorCpuTest {

    private static int field(CpuModel cpu, SysReg r, int shift) {
        return (int) (cpu.idRegister(r) >>> shift) & 15;
    }

    @ParameterizedTest
    @ValueSource(strings = {"default", "max", "default,-e2h0", "default,-vhe", "max,+nv2,-e2h0"})
    void lacksWhatNoHypervisorBelowCouldOffer(String text) {
        CpuModel cpu = CpuModel.parse(text).forGuestHypervisor(12);
        for (int el = 0; el <= 3; el++) {
            assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, el * 4)).as("EL%d", el).isEqualTo(1);
        }
        assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, 28)).as("RAS").isZero();
        assertThat(cpu.idRegister(SysReg.ID_AA64PFR1_EL1) & ~0xf0).as("but SSBS").isZero();
        assertThat(field(cpu, SysReg.ID_AA64DFR0_EL1, 28)).as("CTX_CMPs").isZero();
        assertThat(field(cpu, SysReg.ID_AA64DFR0_EL1, 0)).as("DebugVer").isLessThanOrEqualTo(10);
        assertThat(field(cpu, SysReg.ID_AA64MMFR0_EL1, 60)).as("ECV").isLessThanOrEqualTo(1);
        assertThat(field(cpu, SysReg.ID_AA64MMFR1_EL1, 0)).as("HAFDBS").isEqualTo(1);
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 16)).as("VARange").isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 20)).as("CCIDX").isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 28)).as("ST").isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 48)).as("TTL").isEqualTo(1);
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 52)).as("BBM").isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 56)).as("EVT").isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"12,2,2,2", "14,1,2,2", "16,1,1,2"})
    void stage2GranulesAreAtLeastAPageOfTheHypervisorBelow(int shift, int of4k, int of16k, int k) {
        CpuModel cpu = CpuModel.defaultModel().forGuestHypervisor(shift);
        assertThat(field(cpu, SysReg.ID_AA64MMFR0_EL1, 40)).isEqualTo(of4k);
        assertThat(field(cpu, SysReg.ID_AA64MMFR0_EL1, 32)).isEqualTo(of16k);
        assertThat(field(cpu, SysReg.ID_AA64MMFR0_EL1, 36)).isEqualTo(k);
    }

    @ParameterizedTest
    @CsvSource({
        // VH, NV, NV_frac, E2H0
        "default,           1, 0, 0, 0",
        "'default,-e2h0',   1, 0, 0, 14",
        "'default,-vhe',    0, 0, 0, 0",
        "'default,+nv',     1, 1, 0, 0",
        "'default,+nv2',    1, 2, 0, 0",
        "'default,+nv2,-e2h0', 1, 0, 1, 14"
    })
    void nestedVirtualizationIsShownWhereItIsThere(String text, int vh, int nv, int frac, int e2h) {
        CpuModel cpu = CpuModel.parse(text).forGuestHypervisor(12);
        assertThat(field(cpu, SysReg.ID_AA64MMFR1_EL1, 8)).isEqualTo(vh);
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 24)).isEqualTo(nv);
        assertThat(field(cpu, SysReg.ID_AA64MMFR4_EL1, 20)).isEqualTo(frac);
        assertThat(field(cpu, SysReg.ID_AA64MMFR4_EL1, 24)).isEqualTo(e2h);
    }

    @Test
    void whereThereIsNoOtherNvActsAsNv2() {
        CpuModel cpu = CpuModel.parse("default,+nv2,-e2h0");
        long both = HcrEl2.NV | HcrEl2.NV2;
        assertThat(HcrEl2.effective(cpu, HcrEl2.NV) & both).isEqualTo(HcrEl2.NV);
        CpuModel limited = cpu.forGuestHypervisor(12);
        assertThat(limited.isNv2Only()).isTrue();
        assertThat(HcrEl2.effective(limited, HcrEl2.NV) & both).isEqualTo(both);
        assertThat(HcrEl2.effective(limited, HcrEl2.NV2) & both).isZero();
    }

    @Test
    void onceMoreIsTheSame() {
        CpuModel once = CpuModel.parse("max,+nv2,-e2h0").forGuestHypervisor(14);
        CpuModel twice = once.forGuestHypervisor(12);
        for (SysReg r : SysReg.values()) {
            assertThat(twice.idRegister(r)).as(r.name()).isEqualTo(once.idRegister(r));
        }
        assertThat(twice.features()).isEqualTo(once.features());
    }

    @Test
    void thePeBelowShowsNoMoreThanThat() {
        CpuModel cpu = CpuModel.parse("max,-e2h0");
        CpuModel physical = cpu.underNestingHypervisor(Feature.NV2);
        assertThat(physical.has(Feature.TTST)).isFalse();
        assertThat(physical.has(Feature.HAFDBS_DBM)).isFalse();
        assertThat(physical.has(Feature.E2H0)).isTrue();
        assertThat(physical.hasBelowEl2(SysReg.VNCR_EL2)).isFalse();
        assertThat(physical.isNv2Only()).isFalse();
    }

    @Test
    void thereAreNoOtherPages() {
        assertThatThrownBy(() -> CpuModel.defaultModel().forGuestHypervisor(13))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
