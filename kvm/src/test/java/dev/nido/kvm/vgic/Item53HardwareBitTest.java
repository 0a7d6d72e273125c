package dev.nido.kvm.vgic;

import static dev.nido.kvm.vgic.Item51NestedGicTest.active;
import static dev.nido.kvm.vgic.Item51NestedGicTest.pending;
import static dev.nido.kvm.vgic.Item51NestedGicTest.ready;
import static dev.nido.kvm.vgic.Item51NestedGicTest.take;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A list register that is linked to an interrupt of the hypervisor ends that one too. */
class Item53HardwareBitTest {

    private static final long HW = 1L << 61;
    private static final int TIMER = 27;

    private static long linked(int intid, int to) {
        return pending(intid) | HW | (long) to << 32;
    }

    private static long shadow(NestedHosted view) {
        return view.machine.pe(0).readRegister(SysReg.ICH_LR0_EL2);
    }

    private static boolean physicalActive(NestedHosted view, int intid) {
        return (view.machine.gic().redistributors().read(0x10300, 4) & 1 << intid) != 0;
    }

    @ParameterizedTest(name = "INTID {0}")
    @ValueSource(ints = {26, 27, 28, 30})
    void timerLinkKeepsTheHardwareBitFromTheFirstEntryOn(int timer) {
        try (NestedHosted view = ready("default", 1, true)) {
            view.ich(0, ListRegister.of(4), linked(40, timer));
            view.eret(0);
            assertThat(shadow(view)).isEqualTo(linked(40, timer));
        }
    }

    @Test
    void endOfATimerLinkIsThePhysicalInterruptsWithoutAnExit() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.timer(0, TIMER, true);
            assertThat(take(view)).isEqualTo(TIMER);
            view.ich(0, ListRegister.of(4), linked(TIMER, TIMER));
            view.eret(0);
            assertThat(view.inGuest(0)).as("it is active").isTrue();
            assertThat(physicalActive(view, TIMER)).isTrue();
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(TIMER);
            view.timer(0, TIMER, false);
            int entries = view.vcpus[0].entries;
            view.icc(0, SysReg.ICC_EOIR1_EL1, TIMER);
            assertThat(view.vcpus[0].entries).isEqualTo(entries);
            assertThat(physicalActive(view, TIMER)).isFalse();
            assertThat(active(view, TIMER)).isFalse();
            assertThat(view.inGuest(0)).isTrue();
            view.timer(0, TIMER, true);
            assertThat(view.inGuest(0)).as("and fires again").isFalse();
            assertThat(view.ich(0, ListRegister.of(4)) >>> 62).isZero();
            assertThat(view.ich(0, SysReg.ICH_EISR_EL2)).isZero();
        }
    }

    @Test
    void timerThatStillFiresInterruptsTheHypervisorAtTheEnd() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.timer(0, TIMER, true);
            take(view);
            view.ich(0, ListRegister.of(4), linked(TIMER, TIMER));
            view.eret(0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(TIMER);
            view.icc(0, SysReg.ICC_EOIR1_EL1, TIMER);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(take(view)).isEqualTo(TIMER);
        }
    }

    @ParameterizedTest(name = "INTID {0}")
    @ValueSource(ints = {3, 20, 25, 40, 287})
    void linkToAnInterruptWithoutPhysicalOneEndsItAtTheSameInstruction(int intid) {
        try (NestedHosted view = ready("default", 1, true)) {
            boolean local = intid < 32;
            long at = local ? 0x10300 : 0x300 + intid / 32 * 4;
            view.mmio(0, !local, at, 4, 1L << intid % 32);
            view.ich(0, ListRegister.of(4), linked(33, intid) | 1L << 44);
            view.ich(0, ListRegister.of(5), linked(34, intid));
            view.eret(0);
            assertThat(shadow(view)).as("no such interrupt").isEqualTo(pending(33));
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(33);
            view.icc(0, SysReg.ICC_EOIR1_EL1, 33);
            assertThat(active(view, intid)).isTrue();
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(34);
            assertThat(active(view, intid)).isTrue();
            view.icc(0, SysReg.ICC_EOIR1_EL1, 34);
            assertThat(active(view, intid)).isFalse();
            assertThat(view.inGuest(0)).as("of which the hypervisor is not told").isTrue();
            view.hvc(0);
            assertThat(view.ich(0, ListRegister.of(5)) & ~0x1fffL << 32)
                    .isEqualTo((linked(34, intid) & ~(1L << 62)) & ~0x1fffL << 32);
            assertThat(view.ich(0, SysReg.ICH_EISR_EL2)).isZero();
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isZero();
        }
    }

    @Test
    void sharedInterruptThatPendsAgainComesBeforeTheNextInstruction() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.spi(40, true);
            assertThat(take(view)).isEqualTo(40);
            view.ich(0, ListRegister.of(0), linked(40, 40));
            view.eret(0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            view.icc(0, SysReg.ICC_EOIR1_EL1, 40);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(take(view)).isEqualTo(40);
        }
    }

    @Test
    void endIsSeenAlsoWhileTheMaintenanceInterruptIsMasked() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.mmio(0, false, 0x10180, 4, 1 << 25);
            view.ich(0, SysReg.ICH_HCR_EL2, 3);
            view.spi(40, true);
            assertThat(take(view)).isEqualTo(40);
            view.ich(0, ListRegister.of(0), linked(40, 40));
            view.eret(0);
            assertThat(view.inGuest(0)).isTrue();
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            view.icc(0, SysReg.ICC_EOIR1_EL1, 40);
            assertThat(view.inGuest(0)).isFalse();
        }
    }

    @Test
    void timerMadePendingBySoftwareMeanwhileComesAtTheEnd() {
        try (NestedHosted view = ready("default", 2, true)) {
            view.timer(0, TIMER, true);
            take(view);
            view.ich(0, ListRegister.of(0), linked(TIMER, TIMER));
            view.eret(0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(TIMER);
            view.timer(0, TIMER, false);
            view.mmio(1, false, 0x10200, 4, 1 << TIMER);
            assertThat(view.inGuest(0)).isTrue();
            view.icc(0, SysReg.ICC_EOIR1_EL1, TIMER);
            assertThat(view.inGuest(0)).isFalse();
        }
    }
}
