package dev.nido.machine.timer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.GicParameters;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.TestPes;
import dev.nido.machine.gic.Gic;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Counters and timers, with a clock that the tests move by hand. */
class GenericTimerTest {

    private static final long NEVER = Long.MAX_VALUE;

    private long now = 1_000_000;
    private final Gic gic = new Gic(GicParameters.standard(16), 1);
    private Pe pe = TestPes.create(0, CpuModel.parse("max"));
    private GenericTimer timer = new GenericTimer(pe, () -> now, gic);

    GenericTimerTest() {
        pe.el = 2;
    }

    private void hcr(long value) {
        pe.hcr = HcrEl2.effective(pe.cpu, value);
    }

    /** Inputs of the PPIs that are high. */
    private long inputs() {
        return gic.redistributors().read(0x10200, 4);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "CNTP_CTL_EL0,  CNTP_CVAL_EL0,  CNTP_TVAL_EL0,  30",
        "CNTV_CTL_EL0,  CNTV_CVAL_EL0,  CNTV_TVAL_EL0,  27",
        "CNTHP_CTL_EL2, CNTHP_CVAL_EL2, CNTHP_TVAL_EL2, 26",
        "CNTHV_CTL_EL2, CNTHV_CVAL_EL2, CNTHV_TVAL_EL2, 28",
    })
    void timerRaisesItsInterruptAtItsTime(SysReg ctl, SysReg cval, SysReg tval, int intid) {
        pe = TestPes.create(0);
        timer = new GenericTimer(pe, () -> now, gic);
        assertThat(timer.nextDeadline()).isEqualTo(NEVER);
        timer.write(cval, now + 500);
        assertThat(timer.read(tval)).isEqualTo(500);
        assertThat(timer.nextDeadline()).isEqualTo(NEVER);
        timer.write(ctl, 1);
        assertThat(timer.nextDeadline()).isEqualTo(now + 500);
        assertThat(timer.read(ctl)).isEqualTo(1);
        now += 499;
        timer.update();
        assertThat(inputs()).isZero();
        now++;
        timer.update();
        assertThat(inputs()).isEqualTo(1L << intid);
        assertThat(timer.read(ctl)).isEqualTo(5);
        assertThat(timer.nextDeadline()).isEqualTo(NEVER);
        timer.write(ctl, 3);
        assertThat(inputs()).as("masked").isZero();
        assertThat(timer.read(ctl)).isEqualTo(7);
        timer.write(ctl, 1);
        assertThat(inputs()).isEqualTo(1L << intid);
        timer.write(tval, 100);
        assertThat(inputs()).as("moved on").isZero();
        assertThat(timer.read(cval)).isEqualTo(now + 100);
        timer.write(tval, 0xffff_ffffL);
        assertThat(timer.read(cval)).as("TVAL is signed").isEqualTo(now - 1);
        assertThat(timer.read(tval)).isEqualTo(0xffff_ffffL);
        assertThat(inputs()).isEqualTo(1L << intid);
        timer.write(ctl, 0);
        assertThat(inputs()).isZero();
        assertThat(timer.read(ctl)).as("no ISTATUS while disabled").isZero();
    }

    @Test
    void compareIsUnsigned() {
        timer.write(SysReg.CNTV_CVAL_EL0, -1);
        timer.write(SysReg.CNTV_CTL_EL0, 1);
        assertThat(timer.read(SysReg.CNTV_CTL_EL0)).isEqualTo(1);
        assertThat(timer.nextDeadline()).isEqualTo(NEVER);
    }

    @Test
    void earliestOfTheTimersIsTheDeadline() {
        timer.write(SysReg.CNTV_CVAL_EL0, now + 300);
        timer.write(SysReg.CNTHP_CVAL_EL2, now + 200);
        timer.write(SysReg.CNTP_CVAL_EL0, now + 100);
        timer.write(SysReg.CNTV_CTL_EL0, 1);
        timer.write(SysReg.CNTHP_CTL_EL2, 1);
        timer.write(SysReg.CNTP_CTL_EL0, 3);
        assertThat(timer.nextDeadline()).isEqualTo(now + 200);
    }

    @Test
    void virtualOffsetShiftsTheVirtualTimerOnly() {
        timer.write(SysReg.CNTVOFF_EL2, 400_000);
        timer.write(SysReg.CNTV_CVAL_EL0, 600_100);
        timer.write(SysReg.CNTV_CTL_EL0, 1);
        timer.write(SysReg.CNTHV_CVAL_EL2, 1_000_050);
        timer.write(SysReg.CNTHV_CTL_EL2, 1);
        assertThat(timer.read(SysReg.CNTV_TVAL_EL0)).isEqualTo(100);
        assertThat(timer.nextDeadline()).isEqualTo(1_000_050);
        now = 1_000_100;
        timer.update();
        assertThat(inputs()).isEqualTo(1 << 27 | 1 << 28);
        timer.write(SysReg.CNTVOFF_EL2, 400_001);
        assertThat(inputs()).isEqualTo(1 << 28);
    }

    @Test
    void countThatWrapsUndoesTheCondition() {
        timer.write(SysReg.CNTVOFF_EL2, now + 10);
        timer.write(SysReg.CNTV_CVAL_EL0, 5);
        timer.write(SysReg.CNTV_CTL_EL0, 1);
        assertThat(inputs()).isEqualTo(1 << 27);
        assertThat(timer.nextDeadline()).isEqualTo(now + 10);
        now += 10;
        timer.update();
        assertThat(inputs()).isZero();
        assertThat(timer.nextDeadline()).isEqualTo(now + 5);
    }

    @ParameterizedTest(name = "EL{0}, HCR {1}")
    @CsvSource({
        "0, 0, 600000, 600000",
        "1, 0, 600000, 600000",
        "2, 0, 600000, 1000000",
        "0, 0x400000000, 600000, 600000",
        "1, 0x400000000, 600000, 600000",
        "2, 0x400000000, 1000000, 1000000",
        "0, 0x408000000, 1000000, 1000000",
        "2, 0x408000000, 1000000, 1000000"
    })
    void offsetsDependOnWhoReads(int el, String hcr, long virtual, long physical) {
        timer.write(SysReg.CNTVOFF_EL2, 400_000);
        timer.write(SysReg.CNTPOFF_EL2, 400_000);
        timer.write(SysReg.CNTHCTL_EL2, 1 << 12);
        hcr(Long.decode(hcr));
        pe.el = el;
        assertThat(timer.read(SysReg.CNTVCT_EL0)).isEqualTo(virtual);
        assertThat(timer.read(SysReg.CNTVCTSS_EL0)).isEqualTo(virtual);
        assertThat(timer.read(SysReg.CNTPCT_EL0)).isEqualTo(physical);
        assertThat(timer.read(SysReg.CNTPCTSS_EL0)).isEqualTo(physical);
    }

    @Test
    void physicalOffsetNeedsItsEnable() {
        timer.write(SysReg.CNTPOFF_EL2, 400_000);
        timer.write(SysReg.CNTP_CVAL_EL0, 700_000);
        timer.write(SysReg.CNTP_CTL_EL0, 1);
        assertThat(inputs()).isEqualTo(1 << 30);
        timer.write(SysReg.CNTHCTL_EL2, 1 << 12);
        assertThat(inputs()).isZero();
        assertThat(timer.nextDeadline()).isEqualTo(1_100_000);
        hcr(HcrEl2.E2H | HcrEl2.TGE);
        timer.update();
        assertThat(inputs()).as("a host sees no offset").isEqualTo(1 << 30);
    }

    @Test
    void frequencyIsOneGigahertz() {
        timer.write(SysReg.CNTFRQ_EL0, 5);
        assertThat(timer.read(SysReg.CNTFRQ_EL0)).isEqualTo(1_000_000_000);
    }

    @ParameterizedTest(name = "CNTKCTL {0}, offset {1}")
    @CsvSource({
        // EVNTEN 2, EVNTDIR 3, EVNTI 7:4, EVNTIS 17
        "0x54, 0",
        "0x5c, 0",
        "0x04, 0",
        "0x0c, 0",
        "0x20054, 0",
        "0x54, 16",
        "0xf4, 12345"
    })
    void eventStreamTriggersOnItsBit(String control, long offset) {
        long bits = Long.decode(control);
        timer.write(SysReg.CNTVOFF_EL2, offset);
        timer.write(SysReg.CNTKCTL_EL1, bits);
        int bit = (int) (bits >> 4 & 15) + ((bits >> 17 & 1) != 0 ? 8 : 0);
        boolean falling = (bits & 8) != 0;
        long expected = now + 1;
        while ((expected - offset >> bit & 1) != (falling ? 0 : 1)
                || (expected - 1 - offset >> bit & 1) != (falling ? 1 : 0)) {
            expected++;
        }
        assertThat(timer.nextEvent()).isEqualTo(expected);
    }

    @Test
    void eventStreamOfTheHypervisorCountsPhysicalTime() {
        timer.write(SysReg.CNTVOFF_EL2, 7);
        assertThat(timer.nextEvent()).isEqualTo(NEVER);
        timer.write(SysReg.CNTHCTL_EL2, 0x34);
        assertThat(timer.nextEvent()).isEqualTo((now | 7) + 1 | 8);
    }

    @Test
    void resetLowersOutputs() {
        timer.write(SysReg.CNTV_CTL_EL0, 1);
        assertThat(inputs()).isEqualTo(1 << 27);
        timer.reset();
        assertThat(inputs()).isZero();
        assertThat(timer.nextDeadline()).isEqualTo(NEVER);
    }
}
