package dev.nido.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CpuModelTest {

    private static long field(CpuModel cpu, SysReg r, int shift) {
        return cpu.idRegister(r) >>> shift & 15;
    }

    @Test
    void defaultCpuIsArmv84WithEl2AndWithoutWhatIsNotBuilt() {
        CpuModel cpu = CpuModel.parse("default");
        assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, 8)).isEqualTo(1);
        assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, 28)).as("RAS").isZero();
        assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, 32)).as("SVE").isZero();
        assertThat(field(cpu, SysReg.ID_AA64ISAR0_EL1, 20)).as("Atomic").isEqualTo(2);
        assertThat(field(cpu, SysReg.ID_AA64ISAR0_EL1, 56)).as("TLB").isEqualTo(2);
        assertThat(field(cpu, SysReg.ID_AA64MMFR1_EL1, 8)).as("VH").isEqualTo(1);
        assertThat(field(cpu, SysReg.ID_AA64MMFR0_EL1, 60)).as("ECV").isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 24)).as("NV").isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 60)).as("E0PD").isEqualTo(1);
        assertThat(cpu.paBits()).isEqualTo(40);
        assertThat(cpu.listRegisters()).isEqualTo(16);
    }

    @Test
    void removingAFeatureRemovesWhatNeedsIt() {
        CpuModel cpu = CpuModel.parse("default,-fp");
        assertThat(cpu.has(Feature.SHA512)).isFalse();
        assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, 16)).isEqualTo(15);
        assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, 20)).isEqualTo(15);
        assertThat(field(cpu, SysReg.ID_AA64ISAR0_EL1, 4)).isZero();
        assertThat(cpu.has(Feature.CRC32)).isTrue();
    }

    @Test
    void withoutEl2NothingOfItIsShown() {
        CpuModel cpu = CpuModel.parse("max").withoutEl2();
        assertThat(field(cpu, SysReg.ID_AA64PFR0_EL1, 8)).isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR1_EL1, 8)).isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR2_EL1, 40)).isZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR0_EL1, 60)).as("ECV without offset").isEqualTo(1);
    }

    @Test
    void nestedVirtualizationIsThereOnlyWhereItIsNamed() {
        assertThat(CpuModel.parse("max").has(Feature.NV)).isFalse();
        CpuModel nv = CpuModel.parse("default,+nv");
        assertThat(field(nv, SysReg.ID_AA64MMFR2_EL1, 24)).isEqualTo(1);
        assertThat(nv.has(Feature.NV2)).isFalse();
        CpuModel nv2 = CpuModel.parse("default,-vhe,+nv2");
        assertThat(field(nv2, SysReg.ID_AA64MMFR2_EL1, 24)).isEqualTo(2);
        assertThat(nv2.has(Feature.VHE)).isTrue();
        assertThat(nv2.withoutEl2().has(Feature.NV)).isFalse();
        assertThat(CpuModel.parse("default,+nv2,-nv").has(Feature.NV2)).isFalse();
    }

    @Test
    void hypervisorOfHypervisorsHasNestedVirtualizationAndGuestsKeepTheirCpu() {
        CpuModel guest = CpuModel.parse("default,-vhe");
        CpuModel host = guest.underNestingHypervisor(Feature.NV2);
        assertThat(host.has(Feature.NV2)).isTrue();
        assertThat(host.has(Feature.ECV)).isTrue();
        assertThat(host.has(Feature.E2H0)).isTrue();
        assertThat(host.hasBelowEl2(SysReg.CNTVCTSS_EL0)).isFalse();
        assertThat(guest.underNestingHypervisor(Feature.NV).has(Feature.NV2)).isFalse();
        assertThat(guest.underHypervisor().has(Feature.NV)).isFalse();
        assertThatThrownBy(() -> guest.underNestingHypervisor(Feature.ECV))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("FEAT_ECV");
    }

    @ParameterizedTest
    @CsvSource({"40,2", "41,2", "42,3", "44,4", "47,4", "48,5"})
    void physicalAddressSizeIsShownRoundedDown(int bits, int range) {
        CpuModel cpu = CpuModel.parse("default,pa=" + bits);
        assertThat(cpu.paBits()).isEqualTo(bits);
        assertThat(cpu.idRegister(SysReg.ID_AA64MMFR0_EL1) & 15).isEqualTo(range);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "cortex",
                "default,",
                "default,sve",
                "default,+sve",
                "default,+nonsense",
                "default,lrs=5",
                "default,lrs=x",
                "default,pa=39",
                "default,pa=49",
                "default,+"
            })
    void wrongArgumentsAreRefusedByName(String text) {
        assertThatThrownBy(() -> CpuModel.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .isNotBlank();
    }

    @Test
    void hcrWithoutE2h0ActsAsE2hWhateverIsStored() {
        CpuModel cpu = CpuModel.parse("default,-e2h0");
        assertThat(HcrEl2.effective(cpu, 0) & HcrEl2.E2H).isNotZero();
        assertThat(field(cpu, SysReg.ID_AA64MMFR4_EL1, 24)).isEqualTo(14);
        assertThat(HcrEl2.effective(CpuModel.defaultModel(), 0) & HcrEl2.E2H).isZero();
    }

    @Test
    void tgeOverridesRoutingAsE2hSays() {
        CpuModel cpu = CpuModel.defaultModel();
        long all = HcrEl2.IMO | HcrEl2.TVM | HcrEl2.VM | HcrEl2.TWI;
        assertThat(HcrEl2.effective(cpu, HcrEl2.TGE | HcrEl2.E2H | all) & all).isZero();
        assertThat(HcrEl2.effective(cpu, HcrEl2.TGE | HcrEl2.TWI) & (all | HcrEl2.FMO))
                .isEqualTo(HcrEl2.IMO | HcrEl2.FMO | HcrEl2.TWI);
        assertThat(HcrEl2.effective(cpu.withoutEl2(), -1)).isEqualTo(HcrEl2.RW);
    }
}
