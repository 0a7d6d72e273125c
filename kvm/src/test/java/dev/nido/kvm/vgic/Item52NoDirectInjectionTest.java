package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No interrupt of the hypervisor reaches its guest directly, and it sees no GICv4. */
class Item52NoDirectInjectionTest {

    private static final int GICD_TYPER_LPIS = 1 << 17;
    private static final int GICR_TYPER_PLPIS_VLPIS = 3;
    private static final int DVIM = 1 << 18;
    private static final int NV4 = 1 << 20;

    @ParameterizedTest(name = "nv2={0}")
    @ValueSource(booleans = {true, false})
    void hypervisorSeesNoGicv4(boolean nv2) {
        try (NestedHosted view = Item51NestedGicTest.ready("default", 1, nv2)) {
            assertThat(view.ich(0, SysReg.ICH_VTR_EL2) & (DVIM | NV4)).isEqualTo(NV4);
            assertThat(view.mmio(0, true, 4, 4) & GICD_TYPER_LPIS).isZero();
            assertThat(view.mmio(0, false, 8, 4) & GICR_TYPER_PLPIS_VLPIS).isZero();
            // GICR_VPROPBASER and GICR_VPENDBASER, if there were any.
            view.mmio(0, false, 0x2_0070, 8, -1);
            assertThat(view.mmio(0, false, 0x2_0070, 8)).isZero();
        }
    }

    @ParameterizedTest(name = "nv2={0}")
    @ValueSource(booleans = {true, false})
    void whileItsGuestExecutesNoListRegisterHoldsAnInterruptOfTheHypervisor(boolean nv2) {
        try (NestedHosted view = Item51NestedGicTest.ready("default", 1, nv2)) {
            view.mmio(0, true, 0x400 + 50, 1, 0x80);
            view.icc(0, SysReg.ICC_PMR_EL1, 0x80);
            view.spi(50, true);
            assertThat(view.machine.pe(0).readRegister(SysReg.ICH_LR0_EL2) & 0xffff)
                    .as("its own")
                    .isEqualTo(50);
            view.eret(0);
            view.timer(0, 27, true);
            view.mmio(0, true, 0x400 + 52, 1, 0x90);
            view.spi(52, true);
            assertThat(view.inGuest(0)).isFalse();
            view.mmio(0, false, 0x10180, 4, 1 << 27);
            view.eret(0);
            assertThat(view.inGuest(0)).isTrue();
            for (int i = 0; i < 16; i++) {
                assertThat(view.machine.pe(0).readRegister(ListRegister.of(i)) >>> 62).isZero();
            }
            view.spi(51, true);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(51);
        }
    }
}
