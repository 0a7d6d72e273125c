package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;

/** PPIs of a guest that stand for physical ones. */
class HardwareInterruptTest {

    private static final int TIMER = 27;

    private static boolean physicalActive(Hosted hosted, int pe) {
        return (hosted.machine.gic().redistributors().read(pe * 0x20000L + 0x10300, 4) & 1 << TIMER)
                != 0;
    }

    private static long listRegister(Hosted hosted) {
        return hosted.machine.pe(0).readRegister(SysReg.ICH_LR0_EL2);
    }

    @Test
    void guestsEndIsThePhysicalInterrupts() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            hosted.timer(0, TIMER, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
            assertThat(listRegister(hosted)).isEqualTo(0xb080_001b_0000_001bL);
            assertThat(physicalActive(hosted, 0)).isTrue();
            hosted.timer(0, TIMER, false);
            hosted.guests[0].enter();
            assertThat(physicalActive(hosted, 0)).as("while the guest has it").isTrue();
            hosted.exits = 0;
            hosted.end(0, TIMER);
            assertThat(physicalActive(hosted, 0)).isFalse();
            assertThat(hosted.exits).isZero();
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
        }
    }

    @Test
    void timerThatStillFiresInterruptsAgainAfterItsEnd() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            hosted.timer(0, TIMER, true);
            for (int i = 0; i < 3; i++) {
                assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
                assertThat(hosted.acknowledge(0)).isEqualTo(1023);
                hosted.end(0, TIMER);
            }
            hosted.timer(0, TIMER, false);
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
        }
    }

    @Test
    void lineThatFallsWhileItPendsTakesBothBack() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            hosted.timer(0, TIMER, true);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(TIMER);
            assertThat(physicalActive(hosted, 0)).isTrue();
            hosted.timer(0, TIMER, false);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(1023);
            assertThat(physicalActive(hosted, 0)).isFalse();
            hosted.timer(0, TIMER, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
        }
    }

    @Test
    void disabledTimerInterruptDoesNotStormAndShowsAsPending() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            hosted.gicr(0, 0x10180, 4, 1 << TIMER);
            hosted.timer(0, TIMER, true);
            hosted.exits = 0;
            for (int i = 0; i < 5; i++) {
                assertThat(hosted.acknowledge(0)).isEqualTo(1023);
            }
            assertThat(hosted.exits).isLessThanOrEqualTo(1);
            assertThat(hosted.gicr(0, 0x10200, 4)).isEqualTo(1 << TIMER);
            hosted.gicr(0, 0x10100, 4, 1 << TIMER);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
        }
    }

    @Test
    void guestMakesItActiveAndInactiveByTheRedistributor() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            hosted.gicr(0, 0x10300, 4, 1 << TIMER);
            hosted.timer(0, TIMER, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
            assertThat(physicalActive(hosted, 0)).isTrue();
            hosted.gicr(0, 0x10380, 4, 1 << TIMER);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
        }
    }

    @Test
    void softwareMakesItPendingWhileActive() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            hosted.timer(0, TIMER, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
            hosted.timer(0, TIMER, false);
            hosted.gicr(0, 0x10200, 4, 1 << TIMER);
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
            hosted.end(0, TIMER);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
            hosted.end(0, TIMER);
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
            hosted.guests[0].leave();
            hosted.guests[0].enter();
            assertThat(physicalActive(hosted, 0)).isFalse();
        }
    }

    @Test
    void highLineIsLookedAtBeforeEveryEntry() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            hosted.timer(0, TIMER, true);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(TIMER);
            hosted.guests[0].leave();
            hosted.guests[0].timers[TIMER] = false;
            hosted.machine.gic().setPpi(0, TIMER, false);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(1023);
            assertThat(physicalActive(hosted, 0)).isFalse();
        }
    }

    @Test
    void interfaceMovesToAnotherPeWithWhatIsActive() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 2)) {
            hosted.guests[1].put();
            hosted.timer(0, TIMER, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
            hosted.spi(40, true);
            hosted.icc(0, SysReg.ICC_PMR_EL1, 0xe0);
            hosted.guests[0].put();
            assertThat(physicalActive(hosted, 0)).isFalse();
            assertThat(hosted.machine.pe(0).readRegister(SysReg.ICH_HCR_EL2)).isZero();
            assertThat(listRegister(hosted) >>> 62).isZero();
            hosted.guests[0].load(hosted.physical.get(1));
            assertThat(hosted.icc(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
            assertThat(hosted.icc(0, SysReg.ICC_PMR_EL1)).isEqualTo(0xe0);
            assertThat(physicalActive(hosted, 1)).isTrue();
            hosted.end(0, TIMER);
            assertThat(hosted.acknowledge(0)).isEqualTo(TIMER);
            hosted.end(0, TIMER);
        }
    }
}
