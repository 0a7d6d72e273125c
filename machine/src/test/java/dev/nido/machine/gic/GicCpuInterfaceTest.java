package dev.nido.machine.gic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.machine.TestPes;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Random;
import java.util.TreeSet;

/** ICC registers: acknowledge, preemption, end of interrupt, masks, software interrupts. */
class GicCpuInterfaceTest {

    private static final int SPURIOUS = 1023;

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        // name, reset, after all ones are written
        "ICC_PMR_EL1,     0x00, 0xf8",
        "ICC_BPR0_EL1,    2, 7",
        "ICC_BPR1_EL1,    3, 7",
        "ICC_CTLR_EL1,    0x400, 0x403",
        "ICC_SRE_EL1,     7, 7",
        "ICC_SRE_EL2,     15, 15",
        "ICC_IGRPEN0_EL1, 0, 1",
        "ICC_IGRPEN1_EL1, 0, 1",
        "ICC_AP0R0_EL1,   0, 0xffffffff",
        "ICC_AP1R0_EL1,   0, 0xffffffff",
        "ICH_AP0R0_EL2,   0, -1",
        "ICH_AP1R0_EL2,   0, -1",
        "ICH_HCR_EL2,     0, -1",
        "ICH_VMCR_EL2,    0, -1",
        "ICH_LR0_EL2,     0, -1",
        "ICH_LR15_EL2,    0, -1",
    })
    void register(SysReg r, String reset, String ones) {
        Rig rig = new Rig(1);
        assertThat(rig.read(0, r)).isEqualTo(Long.decode(reset));
        rig.write(0, r, -1);
        assertThat(rig.read(0, r)).isEqualTo(Long.decode(ones));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "ICC_PMR_EL1,     0x00, 0xf8",
        "ICC_BPR0_EL1,    2, 7",
        "ICC_BPR1_EL1,    3, 7",
        "ICC_CTLR_EL1,    0x400, 0x403",
        "ICC_SRE_EL1,     7, 7",
        "ICC_IGRPEN0_EL1, 0, 1",
        "ICC_IGRPEN1_EL1, 0, 1",
        "ICC_AP0R0_EL1,   0, 0xffffffff",
        "ICC_AP1R0_EL1,   0, 0xffffffff",
    })
    void virtualRegisterLooksLikeThePhysicalOne(SysReg r, String reset, String ones) {
        Rig rig = new Rig(1).guest(0);
        register(r, reset, ones);
        assertThat(rig.read(0, r)).isEqualTo(Long.decode(reset));
        rig.write(0, r, -1);
        assertThat(rig.read(0, r)).isEqualTo(Long.decode(ones));
        rig.hypervisor(0);
        assertThat(rig.read(0, r)).as("the physical one").isEqualTo(Long.decode(reset));
    }

    @ParameterizedTest
    @CsvSource({"4, 0x90180003", "16, 0x9018000f"})
    void vtrTellsTheNumberOfListRegisters(int count, String vtr) {
        assertThat(new Rig(1, count).read(0, SysReg.ICH_VTR_EL2)).isEqualTo(Long.decode(vtr));
    }

    @ParameterizedTest
    @EnumSource(
            value = SysReg.class,
            names = {"SCTLR_EL1", "CNTV_CTL_EL0"})
    void foreignRegistersAreUndefined(SysReg r) {
        assertThatThrownBy(() -> new Rig(1).read(0, r)).isInstanceOf(GuestException.class);
        assertThatThrownBy(() -> new Rig(1).write(0, r, 0)).isInstanceOf(GuestException.class);
    }

    /** The example of the package's description. */
    @Test
    void interruptTravelsFromItsInputToAcknowledge() {
        Gic gic = new Gic(GicParameters.standard(16), 1);
        gic.distributor().write(0x0, 4, 2);
        gic.redistributors().write(0x10080, 4, 1 << 27);
        gic.redistributors().write(0x10100, 4, 1 << 27);
        GicCpuInterface cpu = gic.cpuInterface(0);
        cpu.attach(TestPes.create(0));
        cpu.write(SysReg.ICC_PMR_EL1, 0xff);
        cpu.write(SysReg.ICC_IGRPEN1_EL1, 1);
        gic.setPpi(0, 27, true);
        assertThat(cpu.lines()).isEqualTo(GicCpuInterface.IRQ);
        assertThat(cpu.read(SysReg.ICC_IAR1_EL1)).isEqualTo(27);
    }

    @Test
    void nothingPendingIsSpurious() {
        Rig rig = Rig.ready(1);
        assertThat(rig.read(0, SysReg.ICC_IAR0_EL1)).isEqualTo(SPURIOUS);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPURIOUS);
        assertThat(rig.read(0, SysReg.ICC_HPPIR0_EL1)).isEqualTo(SPURIOUS);
        assertThat(rig.read(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(SPURIOUS);
    }

    @Test
    void interruptsComeByPriorityThenByLowestIntid() {
        Rig rig = Rig.ready(1);
        TreeSet<Integer> expected = new TreeSet<>();
        Random random = new Random(7);
        for (int intid = 32; intid < 200; intid++) {
            int priority = random.nextInt(31) << 3;
            rig.enableShared(intid, priority, 0);
            rig.gicd(0x200 + intid / 32 * 4, 1L << intid % 32);
            expected.add(priority << 16 | intid);
        }
        for (int each : expected) {
            int intid = each & 0xffff;
            assertThat(rig.read(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(intid);
            assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(intid);
            assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(each >> 16);
            rig.write(0, SysReg.ICC_EOIR1_EL1, intid);
        }
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPURIOUS);
    }

    @Test
    void acknowledgeOfTheOtherGroupIsSpurious() {
        Rig rig = Rig.ready(1);
        rig.enablePrivate(0, 27, 0x80);
        rig.gic.setPpi(0, 27, true);
        assertThat(rig.read(0, SysReg.ICC_HPPIR0_EL1)).isEqualTo(SPURIOUS);
        assertThat(rig.read(0, SysReg.ICC_IAR0_EL1)).isEqualTo(SPURIOUS);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(27);
    }

    @Test
    void groupZeroIsAnFiq() {
        Rig rig = Rig.ready(1);
        rig.gicr(0, 0x10080, 0);
        rig.enablePrivate(0, 27, 0x80);
        rig.gic.setPpi(0, 27, true);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.FIQ);
        assertThat(rig.read(0, SysReg.ICC_IAR0_EL1)).isEqualTo(27);
        assertThat(rig.read(0, SysReg.ICC_AP0R0_EL1)).isEqualTo(1 << 16);
        assertThat(rig.read(0, SysReg.ICC_AP1R0_EL1)).isZero();
        rig.write(0, SysReg.ICC_EOIR0_EL1, 27);
        assertThat(rig.read(0, SysReg.ICC_AP0R0_EL1)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0x80, 0x80, 0", "0x88, 0x80, 1", "0xff, 0xf8, 0", "0xff, 0xf0, 1", "0, 0, 0"})
    void priorityMaskLetsOnlyHigherPrioritiesPass(String pmr, String priority, int lines) {
        Rig rig = Rig.ready(1);
        rig.enablePrivate(0, 27, Integer.decode(priority));
        rig.gic.setPpi(0, 27, true);
        rig.write(0, SysReg.ICC_PMR_EL1, Integer.decode(pmr));
        assertThat(rig.lines(0)).isEqualTo(lines);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(lines != 0 ? 27 : SPURIOUS);
        assertThat(rig.read(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(lines != 0 ? SPURIOUS : 27);
    }

    @Test
    void groupDisabledAtTheInterfaceDoesNotHideTheOther() {
        Rig rig = Rig.ready(1);
        rig.gicr(0, 0x10080, 1L << 27);
        rig.enablePrivate(0, 26, 0x10);
        rig.enablePrivate(0, 27, 0x80);
        rig.gic.setPpi(0, 26, true);
        rig.gic.setPpi(0, 27, true);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.FIQ);
        rig.write(0, SysReg.ICC_IGRPEN0_EL1, 0);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
        rig.write(0, SysReg.ICC_IGRPEN1_EL1, 0);
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void higherPriorityPreemptsAndRunningPriorityUnwinds() {
        Rig rig = Rig.ready(1);
        rig.enablePrivate(0, 20, 0xa0);
        rig.enablePrivate(0, 21, 0x50);
        rig.enablePrivate(0, 22, 0xa0);
        rig.gic.setPpi(0, 20, true);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(20);
        rig.gic.setPpi(0, 22, true);
        assertThat(rig.lines(0)).as("same priority").isZero();
        rig.gic.setPpi(0, 21, true);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(21);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x50);
        assertThat(rig.read(0, SysReg.ICC_AP1R0_EL1)).isEqualTo(1 << 20 | 1 << 10);
        rig.gic.setPpi(0, 21, false);
        rig.gic.setPpi(0, 20, false);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 21);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xa0);
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_EOIR1_EL1, 20);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(22);
    }

    @ParameterizedTest(name = "BPR1 {0}, running 0x80: 0x{1} preempts {2}")
    @CsvSource({
        "3, 78, true",
        "4, 78, true",
        "5, 60, true",
        "6, 60, true",
        "7, 70, true",
        "7, 00, true",
        "3, 80, false",
        "4, 88, false",
        "0, 78, true"
    })
    void binaryPointDecidesPreemption(int bpr, String priority, boolean preempts) {
        Rig rig = Rig.ready(1);
        rig.write(0, SysReg.ICC_BPR1_EL1, bpr);
        rig.enablePrivate(0, 20, 0x80);
        rig.enablePrivate(0, 21, Integer.parseInt(priority, 16));
        rig.gic.setPpi(0, 20, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.gic.setPpi(0, 21, true);
        assertThat(rig.lines(0) != 0).isEqualTo(preempts);
    }

    @Test
    void samePriorityGroupDoesNotPreempt() {
        Rig rig = Rig.ready(1);
        rig.write(0, SysReg.ICC_BPR1_EL1, 5);
        rig.enablePrivate(0, 20, 0x98);
        rig.enablePrivate(0, 21, 0x80);
        rig.gic.setPpi(0, 20, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).as("group priority").isEqualTo(0x80);
        rig.gic.setPpi(0, 21, true);
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_BPR1_EL1, 3);
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void widerBinaryPointAlsoHoldsBackAgainstWhatRunsAlready() {
        Rig rig = Rig.ready(1);
        rig.enablePrivate(0, 20, 0x98);
        rig.enablePrivate(0, 21, 0x80);
        rig.gic.setPpi(0, 20, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.gic.setPpi(0, 21, true);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
        rig.write(0, SysReg.ICC_BPR1_EL1, 5);
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_BPR1_EL1, 7);
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void commonBinaryPointRulesBothGroups() {
        Rig rig = Rig.ready(1);
        rig.write(0, SysReg.ICC_BPR0_EL1, 4);
        rig.write(0, SysReg.ICC_BPR1_EL1, 3);
        rig.write(0, SysReg.ICC_CTLR_EL1, 1);
        assertThat(rig.read(0, SysReg.ICC_BPR1_EL1)).isEqualTo(5);
        rig.write(0, SysReg.ICC_BPR1_EL1, 7);
        rig.enablePrivate(0, 20, 0x98);
        rig.gic.setPpi(0, 20, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
        rig.write(0, SysReg.ICC_CTLR_EL1, 0);
        assertThat(rig.read(0, SysReg.ICC_BPR1_EL1)).as("write was ignored").isEqualTo(3);
        rig.write(0, SysReg.ICC_BPR0_EL1, 7);
        rig.write(0, SysReg.ICC_CTLR_EL1, 1);
        assertThat(rig.read(0, SysReg.ICC_BPR1_EL1)).as("saturates").isEqualTo(7);
    }

    @Test
    void separateModeDropsPriorityFirstAndDeactivatesByDir() {
        Rig rig = Rig.ready(1);
        rig.write(0, SysReg.ICC_CTLR_EL1, 2);
        rig.enableShared(40, 0x80, 0);
        rig.gic.setSpi(40, true);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 40);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        assertThat(rig.sharedActive(40)).isTrue();
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_DIR_EL1, 40);
        assertThat(rig.sharedActive(40)).isFalse();
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
    }

    @Test
    void deactivationByAnotherPeSignalsTheTarget() {
        Rig rig = Rig.ready(2);
        rig.write(1, SysReg.ICC_CTLR_EL1, 2);
        rig.enableShared(40, 0x80, 0);
        rig.gic.setSpi(40, true);
        rig.write(0, SysReg.ICC_CTLR_EL1, 2);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 40);
        assertThat(rig.lines(0)).isZero();
        rig.pes[0].attention = 0;
        rig.write(1, SysReg.ICC_DIR_EL1, 40);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
        assertThat(rig.pes[0].attention).isNotZero();
    }

    @Test
    void dirIsIgnoredInTheCommonMode() {
        Rig rig = Rig.ready(1);
        rig.enableShared(40, 0x80, 0);
        rig.gic.setSpi(40, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, SysReg.ICC_DIR_EL1, 40);
        assertThat(rig.sharedActive(40)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"1020", "1021", "1022", "1023"})
    void endOfASpecialIntidIsIgnored(int intid) {
        Rig rig = Rig.ready(1);
        rig.enableShared(40, 0x80, 0);
        rig.gic.setSpi(40, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, SysReg.ICC_EOIR1_EL1, intid);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
    }

    @ParameterizedTest
    @CsvSource({"900", "5000", "8192", "16777215"})
    void endOfAnIntidThatDoesNotExistDropsPriorityOnly(int intid) {
        Rig rig = Rig.ready(1);
        rig.enableShared(40, 0x80, 0);
        rig.gic.setSpi(40, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, SysReg.ICC_EOIR1_EL1, intid);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        assertThat(rig.sharedActive(40)).isTrue();
    }

    @Test
    void endForTheOtherGroupIsIgnored() {
        Rig rig = Rig.ready(1);
        rig.enableShared(40, 0x80, 0);
        rig.gic.setSpi(40, true);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, SysReg.ICC_EOIR0_EL1, 40);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
        assertThat(rig.sharedActive(40)).isTrue();
    }

    @Test
    void sgiReachesEachNamedPe() {
        Rig rig = Rig.ready(20);
        for (int i = 0; i < 20; i++) {
            rig.enablePrivate(i, 5, 0x80);
        }
        rig.write(0, SysReg.ICC_SGI1R_EL1, 5L << 24 | 0b1010_0000_0000_0110);
        rig.write(0, SysReg.ICC_SGI1R_EL1, 5L << 24 | 1L << 16 | 0b1001);
        for (int i = 0; i < 20; i++) {
            boolean hit = i == 1 || i == 2 || i == 13 || i == 15 || i == 16 || i == 19;
            assertThat(rig.lines(i) != 0).as("PE " + i).isEqualTo(hit);
        }
        assertThat(rig.read(13, SysReg.ICC_IAR1_EL1)).isEqualTo(5);
        assertThat(rig.lines(15)).isEqualTo(GicCpuInterface.IRQ);
    }

    @Test
    void sgiToAllReachesEveryOtherPe() {
        Rig rig = Rig.ready(4);
        for (int i = 0; i < 4; i++) {
            rig.enablePrivate(i, 0, 0x80);
            rig.pes[i].attention = 0;
        }
        rig.write(2, SysReg.ICC_SGI1R_EL1, 1L << 40);
        for (int i = 0; i < 4; i++) {
            assertThat(rig.lines(i) != 0).isEqualTo(i != 2);
            assertThat(rig.pes[i].attention != 0).isEqualTo(i != 2);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ICC_SGI1R_EL1, 1, true", "ICC_SGI1R_EL1, 0, true",
        "ICC_SGI0R_EL1, 1, false", "ICC_SGI0R_EL1, 0, true",
        "ICC_ASGI1R_EL1, 1, false", "ICC_ASGI1R_EL1, 0, true"
    })
    void sgiOfGroupOneNeedsTheGroupOneRegister(SysReg r, int group, boolean generated) {
        Rig rig = Rig.ready(1);
        rig.gicr(0, 0x10080, -group);
        rig.enablePrivate(0, 3, 0x80);
        rig.write(0, r, 3L << 24 | 1);
        assertThat(rig.lines(0) != 0).isEqualTo(generated);
    }

    @ParameterizedTest
    @CsvSource({"0x1, 44", "0x1, 48", "0x1, 20"})
    void sgiToAnAffinityThatDoesNotExistIsLost(String value, int shift) {
        Rig rig = Rig.ready(1);
        rig.enablePrivate(0, 3, 0x80);
        rig.write(0, SysReg.ICC_SGI1R_EL1, 3L << 24 | 1 | Long.decode(value) << shift);
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void unmaskingAsksForAttention() {
        Rig rig = Rig.ready(1);
        rig.write(0, SysReg.ICC_PMR_EL1, 0);
        rig.enablePrivate(0, 27, 0x80);
        rig.gic.setPpi(0, 27, true);
        rig.pes[0].attention = 0;
        rig.write(0, SysReg.ICC_PMR_EL1, 0xff);
        assertThat(rig.pes[0].attention).isNotZero();
    }
}
