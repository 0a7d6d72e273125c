package dev.nido.machine.gic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers of distributor and redistributors, and the life of an interrupt in them. */
class DistributorTest {

    private static final int SPI = 40;

    @ParameterizedTest(name = "GICD {0}")
    @CsvSource({
        // name, offset, reset, after all ones are written
        "CTLR,          0x0000, 0x00000050, 0x00000053",
        "TYPER,         0x0004, 0x02780008, 0x02780008",
        "IIDR,          0x0008, 0x4b00343b, 0x4b00343b",
        "TYPER2,        0x000c, 0, 0",
        "STATUSR,       0x0010, 0, 0",
        "SETSPI_NSR,    0x0040, 0, 0",
        "IGROUPR0,      0x0080, 0, 0",
        "IGROUPR1,      0x0084, 0, 0xffffffff",
        "IGROUPR8,      0x00a0, 0, 0xffffffff",
        "IGROUPR9,      0x00a4, 0, 0",
        "ISENABLER0,    0x0100, 0, 0",
        "ISENABLER1,    0x0104, 0, 0xffffffff",
        "ICENABLER1,    0x0184, 0, 0",
        "ISPENDR0,      0x0200, 0, 0",
        "ISPENDR1,      0x0204, 0, 0xffffffff",
        "ICPENDR1,      0x0284, 0, 0",
        "ISACTIVER0,    0x0300, 0, 0",
        "ISACTIVER1,    0x0304, 0, 0xffffffff",
        "ICACTIVER1,    0x0384, 0, 0",
        "IPRIORITYR0,   0x0400, 0, 0",
        "IPRIORITYR8,   0x0420, 0, 0xf8f8f8f8",
        "IPRIORITYR71,  0x051c, 0, 0xf8f8f8f8",
        "IPRIORITYR72,  0x0520, 0, 0",
        "ITARGETSR8,    0x0820, 0, 0",
        "ICFGR1,        0x0c04, 0, 0",
        "ICFGR2,        0x0c08, 0, 0xaaaaaaaa",
        "ICFGR17,       0x0c44, 0, 0xaaaaaaaa",
        "ICFGR18,       0x0c48, 0, 0",
        "IGRPMODR1,     0x0d04, 0, 0",
        "NSACR2,        0x0e08, 0, 0",
        "SGIR,          0x0f00, 0, 0",
        "CPENDSGIR0,    0x0f10, 0, 0",
        "IROUTER31,     0x60f8, 0, 0",
        "IROUTER32,     0x6100, 0, 0x00ffffff",
        "IROUTER32 high,0x6104, 0, 0",
        "IROUTER287,    0x68f8, 0, 0x00ffffff",
        "IROUTER288,    0x6900, 0, 0",
        "PIDR2,         0xffe8, 0x0000003b, 0x0000003b",
    })
    void distributorRegister(String name, String offset, String reset, String ones) {
        Rig rig = new Rig(2);
        int at = Integer.decode(offset);
        assertThat(rig.gicd(at)).isEqualTo(Long.decode(reset));
        rig.gicd(at, -1);
        assertThat(rig.gicd(at)).isEqualTo(Long.decode(ones));
    }

    @ParameterizedTest(name = "GICR {0}")
    @CsvSource({
        "CTLR,        0x00000, 0, 0",
        "IIDR,        0x00004, 0x4b00343b, 0x4b00343b",
        "TYPER low,   0x00008, 0x00000110, 0x00000110",
        "TYPER high,  0x0000c, 0x00000001, 0x00000001",
        "STATUSR,     0x00010, 0, 0",
        "WAKER,       0x00014, 6, 6",
        "SETLPIR,     0x00040, 0, 0",
        "PROPBASER,   0x00070, 0, 0",
        "PENDBASER,   0x00078, 0, 0",
        "PIDR2,       0x0ffe8, 0x0000003b, 0x0000003b",
        "IGROUPR0,    0x10080, 0, 0xffffffff",
        "ISENABLER0,  0x10100, 0, 0xffffffff",
        "ICENABLER0,  0x10180, 0, 0",
        "ISPENDR0,    0x10200, 0, 0xffffffff",
        "ICPENDR0,    0x10280, 0, 0",
        "ISACTIVER0,  0x10300, 0, 0xffffffff",
        "ICACTIVER0,  0x10380, 0, 0",
        "IPRIORITYR0, 0x10400, 0, 0xf8f8f8f8",
        "IPRIORITYR7, 0x1041c, 0, 0xf8f8f8f8",
        "IPRIORITYR8, 0x10420, 0, 0",
        "ICFGR0,      0x10c00, 0xaaaaaaaa, 0xaaaaaaaa",
        "ICFGR1,      0x10c04, 0, 0xaaaaaaaa",
        "IGRPMODR0,   0x10d00, 0, 0",
        "NSACR,       0x10e00, 0, 0",
    })
    void redistributorRegister(String name, String offset, String reset, String ones) {
        Rig rig = new Rig(2);
        int at = Integer.decode(offset);
        assertThat(rig.gicr(1, at)).isEqualTo(Long.decode(reset));
        rig.gicr(1, at, -1);
        assertThat(rig.gicr(1, at)).isEqualTo(Long.decode(ones));
    }

    @Test
    void everyOffsetTakesEverySizeAndReadsZeroExtended() {
        Rig rig = new Rig(2);
        for (int size = 1; size <= 8; size *= 2) {
            for (int at = 0; at < 0x10000; at += size) {
                rig.gic.distributor().write(at, size, -1);
                long value = rig.gic.distributor().read(at, size);
                assertThat(size == 8 ? 0 : value >>> 8 * size).as("GICD 0x%x", at).isZero();
            }
            for (int at = 0; at < 0x60000; at += size) {
                rig.gic.redistributors().write(at, size, -1);
                long value = rig.gic.redistributors().read(at, size);
                if (at >= 0x40000) {
                    assertThat(value).as("no PE at 0x%x", at).isZero();
                }
            }
        }
    }

    @Test
    void onlyTheLastRedistributorSaysSo() {
        Rig rig = new Rig(18);
        for (int i = 0; i < 18; i++) {
            long typer = rig.gic.redistributors().read(i * 0x20000L + 8, 8);
            assertThat(typer & 0x10).isEqualTo(i == 17 ? 0x10 : 0);
            assertThat(typer >> 8 & 0xffff).isEqualTo(i);
            assertThat(typer >>> 32).isEqualTo(i < 16 ? i : 0x100 + i - 16);
        }
    }

    @Test
    void prioritiesAreAccessibleByByte() {
        Rig rig = new Rig(1);
        rig.gic.distributor().write(0x400 + SPI + 1, 1, 0xa7);
        assertThat(rig.gicd(0x400 + SPI)).isEqualTo(0xa000);
        assertThat(rig.gic.distributor().read(0x400 + SPI + 1, 1)).isEqualTo(0xa0);
    }

    @Test
    void wakerHandshakeFollowsProcessorSleep() {
        Rig rig = new Rig(1);
        rig.gicr(0, 0x14, 0);
        assertThat(rig.gicr(0, 0x14)).isZero();
        rig.gicr(0, 0x14, 2);
        assertThat(rig.gicr(0, 0x14)).isEqualTo(6);
    }

    @Test
    void levelInterruptPendsWhileItsInputIsHigh() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gic.setSpi(SPI, true);
        assertThat(rig.sharedPending(SPI)).isTrue();
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
        rig.gic.setSpi(SPI, false);
        assertThat(rig.sharedPending(SPI)).isFalse();
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void levelInterruptStillHighPendsAgainAfterDeactivation() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gic.setSpi(SPI, true);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPI);
        assertThat(rig.sharedPending(SPI)).as("active and pending").isTrue();
        assertThat(rig.sharedActive(SPI)).isTrue();
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_EOIR1_EL1, SPI);
        assertThat(rig.sharedActive(SPI)).isFalse();
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
    }

    @Test
    void levelInterruptThatFellIsOverAfterDeactivation() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gic.setSpi(SPI, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.gic.setSpi(SPI, false);
        assertThat(rig.sharedPending(SPI)).isFalse();
        rig.write(0, SysReg.ICC_EOIR1_EL1, SPI);
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void clearPendingDoesNotHideAHighLevel() {
        Rig rig = Rig.ready(1);
        rig.gic.setSpi(SPI, true);
        rig.gicd(0x284, 1 << 8);
        assertThat(rig.sharedPending(SPI)).isTrue();
    }

    @Test
    void softwarePendingOfALevelInterruptLastsUntilAcknowledge() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gicd(0x204, 1 << 8);
        rig.gic.setSpi(SPI, true);
        rig.gic.setSpi(SPI, false);
        assertThat(rig.sharedPending(SPI)).isTrue();
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPI);
        assertThat(rig.sharedPending(SPI)).isFalse();
    }

    @Test
    void edgeInterruptPendsFromTheRisingEdgeUntilAcknowledge() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.edge(SPI);
        rig.gic.setSpi(SPI, true);
        rig.gic.setSpi(SPI, false);
        assertThat(rig.sharedPending(SPI)).isTrue();
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPI);
        assertThat(rig.sharedPending(SPI)).isFalse();
    }

    @Test
    void edgeWhileActivePendsAgain() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.edge(SPI);
        rig.gic.setSpi(SPI, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.gic.setSpi(SPI, false);
        rig.gic.setSpi(SPI, true);
        assertThat(rig.sharedPending(SPI)).isTrue();
        assertThat(rig.sharedActive(SPI)).isTrue();
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_EOIR1_EL1, SPI);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPI);
    }

    @Test
    void clearPendingRemovesAnEdge() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.edge(SPI);
        rig.gic.setSpi(SPI, true);
        rig.gicd(0x284, 1 << 8);
        assertThat(rig.sharedPending(SPI)).isFalse();
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void disabledInterruptPendsWithoutSignal() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gicd(0x184, 1 << 8);
        rig.gic.setSpi(SPI, true);
        assertThat(rig.sharedPending(SPI)).isTrue();
        assertThat(rig.lines(0)).isZero();
        rig.gicd(0x104, 1 << 8);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
    }

    @Test
    void activeBitSetBySoftwareHoldsAnInterruptBack() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gic.setSpi(SPI, true);
        rig.gicd(0x304, 1 << 8);
        assertThat(rig.lines(0)).isZero();
        rig.gicd(0x384, 1 << 8);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
    }

    @Test
    void routeDecidesWhichPeIsInterrupted() {
        Rig rig = Rig.ready(18);
        rig.enableShared(SPI, 0x80, 17);
        rig.gic.setSpi(SPI, true);
        assertThat(rig.lines(17)).isEqualTo(GicCpuInterface.IRQ);
        rig.gic.distributor().write(0x6000 + 8 * SPI, 8, 3);
        assertThat(rig.lines(17)).isZero();
        assertThat(rig.lines(3)).isEqualTo(GicCpuInterface.IRQ);
        rig.gic.distributor().write(0x6000 + 8 * SPI, 8, 0x20000);
        assertThat(rig.lines(3)).as("no such PE").isZero();
        assertThat(rig.sharedPending(SPI)).isTrue();
    }

    @Test
    void distributorGroupEnablesGateTheirGroup() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gic.setSpi(SPI, true);
        rig.gicd(0, 1);
        assertThat(rig.lines(0)).isZero();
        rig.gicd(0x84, 0);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.FIQ);
        rig.gicd(0, 2);
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void privateInterruptsAreEachPesOwn() {
        Rig rig = Rig.ready(2);
        rig.enablePrivate(0, 27, 0x80);
        rig.enablePrivate(1, 27, 0x80);
        rig.gic.setPpi(1, 27, true);
        assertThat(rig.lines(0)).isZero();
        assertThat(rig.lines(1)).isEqualTo(GicCpuInterface.IRQ);
        assertThat(rig.gicr(0, 0x10200)).isZero();
        assertThat(rig.gicr(1, 0x10200)).isEqualTo(1 << 27);
    }

    @Test
    void changesFromOutsideAskThePeForAttention() {
        Rig rig = Rig.ready(2);
        rig.enableShared(SPI, 0x80, 1);
        rig.pes[0].attention = 0;
        rig.pes[1].attention = 0;
        rig.gic.setSpi(SPI, true);
        assertThat(rig.pes[0].attention).isZero();
        assertThat(rig.pes[1].attention).isNotZero();
    }

    @Test
    void resetOfOnePeFreesItsInterface() {
        Rig rig = Rig.ready(2);
        rig.enablePrivate(0, 27, 0x80);
        rig.gic.setPpi(0, 27, true);
        rig.write(0, SysReg.ICH_HCR_EL2, 1 | 1 << 3);
        assertThat(rig.gicr(0, 0x10200)).isEqualTo(1 << 27 | 1 << 25);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.gic.cpuInterface(0).reset();
        assertThat(rig.gicr(0, 0x10200)).as("no maintenance").isEqualTo(1 << 27);
        assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).isZero();
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        assertThat(rig.read(0, SysReg.ICC_IGRPEN1_EL1)).isZero();
        assertThat(rig.lines(0)).isZero();
        assertThat(rig.read(1, SysReg.ICC_IGRPEN1_EL1)).isEqualTo(1);
    }

    @Test
    void resetForgetsEverythingButInputs() {
        Rig rig = Rig.ready(1);
        rig.enableShared(SPI, 0x80, 0);
        rig.gic.setSpi(SPI, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.gic.reset();
        assertThat(rig.gicd(0)).isEqualTo(0x50);
        assertThat(rig.sharedActive(SPI)).isFalse();
        assertThat(rig.sharedPending(SPI)).isTrue();
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        assertThat(rig.read(0, SysReg.ICC_PMR_EL1)).isZero();
    }
}
