package dev.nido.kvm.vgic;

import static dev.nido.kvm.vgic.Item51NestedGicTest.pending;
import static dev.nido.kvm.vgic.Item51NestedGicTest.ready;
import static dev.nido.kvm.vgic.Item51NestedGicTest.take;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.machine.gic.GicCpuInterface;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The maintenance interrupt of a guest hypervisor. */
class Item55MaintenanceForwardingTest {

    private static final int MAINTENANCE = 25;
    private static final long EOI = 1L << 41;

    private static boolean pends(NestedHosted view) {
        return (view.mmio(0, false, 0x10200, 4) & 1 << MAINTENANCE) != 0;
    }

    @ParameterizedTest(name = "nv2={0}")
    @ValueSource(booleans = {true, false})
    void guestsEndOfAnInterruptThatAsksForItIsTheHypervisors(boolean nv2) {
        try (NestedHosted view = ready("default", 1, nv2)) {
            view.ich(0, ListRegister.of(6), pending(40) | EOI);
            view.eret(0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            assertThat(view.inGuest(0)).isTrue();
            view.icc(0, SysReg.ICC_EOIR1_EL1, 40);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(take(view)).isEqualTo(MAINTENANCE);
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isEqualTo(1);
            assertThat(view.ich(0, SysReg.ICH_EISR_EL2)).isEqualTo(1 << 6);
            assertThat(view.ich(0, SysReg.ICH_ELRSR_EL2)).isEqualTo(0xffff & ~(1 << 6));
            view.ich(0, ListRegister.of(6), 0);
            view.icc(0, SysReg.ICC_DIR_EL1, MAINTENANCE);
            view.eret(0);
            assertThat(view.inGuest(0)).isTrue();
        }
    }

    @ParameterizedTest(name = "nv2={0}")
    @ValueSource(booleans = {true, false})
    void underflowIsOneListRegisterOrNone(boolean nv2) {
        try (NestedHosted view = ready("default", 1, nv2)) {
            view.ich(0, ListRegister.of(0), pending(40));
            view.ich(0, ListRegister.of(1), pending(41));
            view.ich(0, SysReg.ICH_HCR_EL2, 3);
            view.eret(0);
            assertThat(view.inGuest(0)).as("two").isTrue();
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            assertThat(view.inGuest(0)).isTrue();
            view.icc(0, SysReg.ICC_EOIR1_EL1, 40);
            assertThat(view.inGuest(0)).as("one").isFalse();
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isEqualTo(2);
        }
    }

    @Test
    void endOfWhatIsNotThereIsCountedAndReported() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.ich(0, ListRegister.of(0), pending(40));
            view.ich(0, SysReg.ICH_VMCR_EL2, 0xf800_0202L);
            view.ich(0, SysReg.ICH_HCR_EL2, 5);
            view.eret(0);
            view.icc(0, SysReg.ICC_DIR_EL1, 99);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(view.ich(0, SysReg.ICH_HCR_EL2)).isEqualTo(1L << 27 | 5);
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isEqualTo(4);
        }
    }

    @Test
    void nothingPendingAndGroupsOnAndOffAreReported() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.ich(0, ListRegister.of(0), pending(40));
            view.ich(0, SysReg.ICH_HCR_EL2, 1 | 1 << 3 | 1 << 4 | 1 << 7);
            view.eret(0);
            assertThat(view.inGuest(0)).isTrue();
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isEqualTo(1 << 3);
            view.ich(0, ListRegister.of(1), pending(41));
            view.eret(0);
            view.icc(0, SysReg.ICC_IGRPEN0_EL1, 1);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isEqualTo(1 << 4);
            view.ich(0, SysReg.ICH_VMCR_EL2, 0xf800_0002L);
            view.eret(0);
            view.icc(0, SysReg.ICC_IGRPEN1_EL1, 0);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isEqualTo(1 << 7);
        }
    }

    @ParameterizedTest(name = "nv2={0}")
    @ValueSource(booleans = {true, false})
    void goesWithItsConditionBeforeTheHypervisorTakesIt(boolean nv2) {
        try (NestedHosted view = ready("default", 1, nv2)) {
            view.ich(0, SysReg.ICH_HCR_EL2, 3);
            view.eret(0);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(view.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(MAINTENANCE);
            assertThat(view.vcpus[0].trapping).as("each access has to exit now").isTrue();
            view.ich(0, SysReg.ICH_HCR_EL2, 0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(1023);
            assertThat(view.vcpus[0].trapping).isFalse();
            assertThat(pends(view)).isFalse();
        }
    }

    @Test
    void nothingTrapsWhileTheHypervisorHasItDisabled() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.mmio(0, false, 0x10180, 4, 1 << MAINTENANCE);
            view.ich(0, SysReg.ICH_HCR_EL2, 3);
            assertThat(pends(view)).isTrue();
            assertThat(view.vcpus[0].trapping).isFalse();
        }
    }

    @Test
    void disabledOneNeitherDisturbsTheGuestNorStorms() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.mmio(0, false, 0x10180, 4, 1 << MAINTENANCE);
            view.ich(0, ListRegister.of(0), pending(40) | EOI);
            view.ich(0, ListRegister.of(1), pending(41) | EOI);
            view.eret(0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            view.icc(0, SysReg.ICC_EOIR1_EL1, 40);
            assertThat(view.inGuest(0)).isTrue();
            assertThat(view.lines(0)).isEqualTo(GicCpuInterface.VIRQ);
            int exits = view.exits;
            for (int i = 0; i < 10; i++) {
                view.icc(0, SysReg.ICC_HPPIR1_EL1);
            }
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(41);
            view.icc(0, SysReg.ICC_EOIR1_EL1, 41);
            assertThat(view.exits).isEqualTo(exits);
            view.hvc(0);
            assertThat(pends(view)).isTrue();
            assertThat(view.ich(0, SysReg.ICH_EISR_EL2)).isEqualTo(3);
            view.mmio(0, false, 0x10100, 4, 1 << MAINTENANCE);
            assertThat(take(view)).isEqualTo(MAINTENANCE);
        }
    }

    @Test
    void risesAgainAfterItFellUnnoticed() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.mmio(0, false, 0x10300, 4, 1 << MAINTENANCE);
            view.ich(0, SysReg.ICH_VMCR_EL2, 0xf800_0200L);
            view.ich(0, SysReg.ICH_HCR_EL2, 1 | 1 << 7);
            view.ich(0, ListRegister.of(0), 1L << 63 | 1L << 61 | (long) MAINTENANCE << 32 | 33);
            view.eret(0);
            assertThat(view.inGuest(0)).as("it is active").isTrue();
            view.icc(0, SysReg.ICC_IGRPEN1_EL1, 1);
            view.icc(0, SysReg.ICC_DIR_EL1, 33);
            assertThat(view.inGuest(0)).as("and now not, but low").isTrue();
            view.icc(0, SysReg.ICC_IGRPEN1_EL1, 0);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(take(view)).isEqualTo(MAINTENANCE);
        }
    }

    @Test
    void comesOfConditionsAndOfTheMachineOnlyWhileTheInterfaceIsEnabled() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.ich(0, SysReg.ICH_HCR_EL2, 0xfe);
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isNotZero();
            view.eret(0);
            assertThat(view.inGuest(0)).isTrue();
        }
    }
}
