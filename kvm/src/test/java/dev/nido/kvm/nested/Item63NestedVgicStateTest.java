package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Arrays;
import java.util.List;

/** A guest hypervisor's interrupt interface is where all its EL2 registers are. */
class Item63NestedVgicStateTest {

    private static final long PENDING = 1L << 62;
    private static final long ACTIVE = 1L << 63;

    private static List<SysReg> registers() {
        return Arrays.stream(SysReg.values())
                .filter(r -> r.name().matches("ICH_(LR\\d+|AP[01]R0|HCR|VMCR)_EL2"))
                .toList();
    }

    @ParameterizedTest
    @EnumSource(names = {"NV", "NV2"})
    void registersAreSlotsOfTheVncrPage(Feature nesting) {
        assertThat(registers()).hasSize(16 + 2 + 2);
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, true)) {
            VncrPage page = rig.vcpu.nested().page();
            for (SysReg r : registers()) {
                assertThat(VncrPage.holds(r)).as(r.name()).isTrue();
                long value = 0x1234_5678_9abc_def0L ^ (long) r.ordinal() << 40;
                rig.vcpu.writeSys(r, value);
                assertThat(page.get(r)).as(r.name()).isEqualTo(value);
                page.set(r, ~value);
                assertThat(rig.vcpu.readSys(r)).as(r.name()).isEqualTo(~value);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NV", "NV2"})
    void whatItsGuestChangesIsThereAfterEveryExit(Feature nesting) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, true)) {
            VncrPage page = rig.vcpu.nested().page();
            rig.vcpu.writeSys(SysReg.HCR_EL2, HcrEl2.IMO | HcrEl2.E2H | HcrEl2.RW);
            page.set(SysReg.ICH_HCR_EL2, 5);
            page.set(SysReg.ICH_VMCR_EL2, 0xf000_0002L);
            page.set(SysReg.ICH_LR9_EL2, PENDING | 5L << 42 | 40);
            rig.go(Spsr.DAIF | 5, HostedGuest.RAM);
            assertThat(rig.cpu.read(SysReg.ICH_VMCR_EL2)).isEqualTo(0xf000_0002L);
            rig.cpu.write(SysReg.ICH_VMCR_EL2, 0xe800_0003L);
            rig.cpu.write(SysReg.ICH_AP1R0_EL2, 0x10);
            rig.cpu.write(SysReg.ICH_AP0R0_EL2, 0x20);
            rig.cpu.write(SysReg.ICH_HCR_EL2, 3L << 27 | 5);
            rig.cpu.write(SysReg.ICH_LR0_EL2, ACTIVE | 5L << 42 | 40);
            rig.vcpu.vgic().sync();
            assertThat(page.get(SysReg.ICH_VMCR_EL2)).isEqualTo(0xe800_0003L);
            assertThat(page.get(SysReg.ICH_AP1R0_EL2)).isEqualTo(0x10);
            assertThat(page.get(SysReg.ICH_AP0R0_EL2)).isEqualTo(0x20);
            assertThat(page.get(SysReg.ICH_HCR_EL2)).isEqualTo(3L << 27 | 5);
            assertThat(page.get(SysReg.ICH_LR9_EL2)).isEqualTo(ACTIVE | 5L << 42 | 40);
            assertThat(page.get(SysReg.ICH_LR0_EL2)).isZero();
        }
    }
}
