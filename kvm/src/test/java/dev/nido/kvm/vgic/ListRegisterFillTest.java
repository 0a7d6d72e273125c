package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;

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
}
