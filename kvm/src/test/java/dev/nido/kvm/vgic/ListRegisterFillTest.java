package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** What reaches the list registers, and when they make an exit. */
class ListRegisterFillTest {

    private static final int SPI = 40;

    /** All interrupts enabled, of Group 1 and of priority 0x80. */
    static Hosted ready(String cpu, int pes) {
        Hosted hosted = new Hosted(cpu, pes);
        hosted.gicd(0, 0, 4, 3);
        for (int w = 1; w <= 8; w++) {
            hosted.gicd(0, 0x80 + 4 * w, 4, 0xffff_ffffL);
            hosted.gicd(0, 0x100 + 4 * w, 4, 0xffff_ffffL);
        }
        for (int i = 32; i < 288; i += 4) {
            hosted.gicd(0, 0x400 + i, 4, 0x8080_8080L);
        }
        for (int pe = 0; pe < pes; pe++) {
            long frame = pe * 0x20000L + 0x10000;
            hosted.gicr(pe, frame + 0x80, 4, 0xffff_ffffL);
            hosted.gicr(pe, frame + 0x100, 4, 0xffff_ffffL);
            for (int i = 0; i < 32; i += 4) {
                hosted.gicr(pe, frame + 0x400 + i, 4, 0x8080_8080L);
            }
            hosted.icc(pe, SysReg.ICC_PMR_EL1, 0xff);
            hosted.icc(pe, SysReg.ICC_IGRPEN1_EL1, 1);
        }
        return hosted;
    }

    static void edge(Hosted hosted, int intid) {
        int at = 0xc00 + intid / 16 * 4;
        hosted.gicd(0, at, 4, hosted.gicd(0, at, 4) | 2L << intid % 16 * 2);
    }

    @Test
    void endOfALevelInterruptIsAnExitAfterWhichItPendsAgain() {
        try (Hosted hosted = ready("default", 1)) {
            hosted.spi(SPI, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(SPI);
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
            assertThat(hosted.maintenances).isZero();
            hosted.end(0, SPI);
            assertThat(hosted.maintenances).isEqualTo(1);
            assertThat(hosted.acknowledge(0)).isEqualTo(SPI);
        }
    }

    /** Edge-triggered ones, so that a list register is free after its end without an exit. */
    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"default", "default,lrs=4"})
    void fortyPendingInterruptsComeByPriorityThenIntid(String cpu) {
        try (Hosted hosted = ready(cpu, 1)) {
            List<Integer> expected = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                int intid = 40 + i * 7 % 40;
                edge(hosted, intid);
                hosted.gicd(0, 0x400 + intid, 1, intid % 8 << 4);
                hosted.spi(intid, true);
            }
            for (int priority = 0; priority < 8; priority++) {
                for (int intid = 40; intid < 80; intid++) {
                    if (intid % 8 == priority) {
                        expected.add(intid);
                    }
                }
            }
            hosted.exits = 0;
            List<Integer> taken = new ArrayList<>();
            for (int intid = hosted.acknowledge(0); intid < 1020; intid = hosted.acknowledge(0)) {
                taken.add(intid);
                hosted.end(0, intid);
            }
            assertThat(taken).isEqualTo(expected);
            int registers = hosted.vgic.parameters().listRegisters();
            assertThat(hosted.exits).isBetween(1, 2 + 40 / (registers - 1));
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"default", "default,lrs=4"})
    void interruptsThatPreemptEachOtherMayBeMoreThanListRegisters(String cpu) {
        try (Hosted hosted = ready(cpu, 1)) {
            for (int i = 0; i < 31; i++) {
                hosted.gicd(0, 0x400 + 64 + i, 1, 0xf0 - 8 * i);
                hosted.spi(64 + i, true);
                assertThat(hosted.acknowledge(0)).isEqualTo(64 + i);
            }
            assertThat(hosted.gicd(0, 0x308, 4)).isEqualTo(0x7fff_ffffL);
            for (int i = 30; i >= 0; i--) {
                assertThat(hosted.icc(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xf0 - 8 * i);
                hosted.spi(64 + i, false);
                hosted.end(0, 64 + i);
                assertThat(hosted.gicd(0, 0x308, 4)).isEqualTo((1L << i) - 1);
            }
            assertThat(hosted.icc(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"default", "default,lrs=4"})
    void fortyActiveInterruptsAreDeactivatedInAnyOrder(String cpu) {
        try (Hosted hosted = ready(cpu, 1)) {
            hosted.icc(0, SysReg.ICC_CTLR_EL1, 2);
            for (int i = 0; i < 40; i++) {
                edge(hosted, 64 + i);
                hosted.spi(64 + i, true);
            }
            for (int i = 0; i < 40; i++) {
                assertThat(hosted.acknowledge(0)).isEqualTo(64 + i);
                hosted.end(0, 64 + i);
            }
            long active = 0xff_ffff_ffffL;
            for (int i = 0; i < 40; i++) {
                int n = i * 17 % 40;
                hosted.icc(0, SysReg.ICC_DIR_EL1, 64 + n);
                active &= ~(1L << n);
                assertThat(hosted.gicd(0, 0x308, 4) | hosted.gicd(0, 0x30c, 4) << 32)
                        .isEqualTo(active);
            }
        }
    }

    @Test
    void groupEnabledLaterBringsItsInterruptsIn() {
        try (Hosted hosted = ready("default,lrs=4", 1)) {
            hosted.icc(0, SysReg.ICC_IGRPEN1_EL1, 0);
            hosted.gicd(0, 0x88, 4, 0xffff_0000L);
            for (int i = 64; i < 96; i++) {
                hosted.spi(i, true);
            }
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR0_EL1)).isEqualTo(1023);
            hosted.icc(0, SysReg.ICC_IGRPEN0_EL1, 1);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR0_EL1)).isEqualTo(64);
            hosted.icc(0, SysReg.ICC_IGRPEN0_EL1, 0);
            hosted.icc(0, SysReg.ICC_IGRPEN1_EL1, 1);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(80);
        }
    }

    @Test
    void nothingPendingCostsNoExit() {
        try (Hosted hosted = ready("default", 1)) {
            hosted.exits = 0;
            for (int i = 0; i < 10; i++) {
                assertThat(hosted.acknowledge(0)).isEqualTo(1023);
                hosted.guests[0].leave();
            }
            assertThat(hosted.exits).isZero();
            assertThat(hosted.guests[0].vgicCpu.stale()).isFalse();
        }
    }

    @Test
    void sharedInterruptTakenByOneMayBeDeactivatedByAnother() {
        try (Hosted hosted = ready("default", 2)) {
            hosted.icc(0, SysReg.ICC_CTLR_EL1, 2);
            hosted.icc(1, SysReg.ICC_CTLR_EL1, 2);
            hosted.spi(SPI, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(SPI);
            hosted.end(0, SPI);
            hosted.spi(SPI, false);
            assertThat(hosted.gicd(1, 0x304, 4)).isEqualTo(1 << 8);
            hosted.icc(1, SysReg.ICC_DIR_EL1, SPI);
            assertThat(hosted.gicd(1, 0x304, 4)).isZero();
            hosted.spi(SPI, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(SPI);
        }
    }

    @Test
    void interruptRoutedAwayWhileActivePendsOnItsNewTarget() {
        try (Hosted hosted = ready("default", 2)) {
            hosted.spi(SPI, true);
            assertThat(hosted.acknowledge(0)).isEqualTo(SPI);
            hosted.gicd(0, 0x6000 + 8 * SPI, 8, 1);
            assertThat(hosted.acknowledge(1)).isEqualTo(1023);
            hosted.end(0, SPI);
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
            assertThat(hosted.acknowledge(1)).isEqualTo(SPI);
        }
    }

    @Test
    void lineThatFallsTakesAPendingLevelInterruptBack() {
        try (Hosted hosted = ready("default", 1)) {
            hosted.spi(SPI, true);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(SPI);
            hosted.spi(SPI, false);
            assertThat(hosted.icc(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(1023);
            assertThat(hosted.icc(0, SysReg.ISR_EL1)).isZero();
        }
    }

    // Software interrupts

    @Test
    void everyVcpuInterruptsEveryOther() {
        int n = 18;
        try (Hosted hosted = ready("default", n)) {
            for (int from = 0; from < n; from++) {
                hosted.icc(from, SysReg.ICC_SGI1R_EL1, (from % 16L) << 24 | 1L << 40);
            }
            for (int to = 0; to < n; to++) {
                List<Integer> taken = new ArrayList<>();
                for (int i = hosted.acknowledge(to); i < 1020; i = hosted.acknowledge(to)) {
                    taken.add(i);
                    hosted.end(to, i);
                }
                List<Integer> expected = new ArrayList<>();
                for (int intid = 0; intid < 16; intid++) {
                    boolean another = intid + 16 < n && intid + 16 != to;
                    if (intid != to || another) {
                        expected.add(intid);
                    }
                }
                assertThat(taken).as("vCPU %d", to).isEqualTo(expected);
            }
        }
    }

    @Test
    void softwareInterruptNamesTargetsByCluster() {
        try (Hosted hosted = ready("default", 18)) {
            hosted.icc(3, SysReg.ICC_SGI1R_EL1, 5L << 24 | 1 << 16 | 2);
            for (int i = 0; i < 18; i++) {
                assertThat(hosted.acknowledge(i)).isEqualTo(i == 17 ? 5 : 1023);
            }
        }
    }
}
