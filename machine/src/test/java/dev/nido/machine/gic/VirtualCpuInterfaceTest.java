package dev.nido.machine.gic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** List registers, what guests see of them, and the maintenance interrupt. */
class VirtualCpuInterfaceTest {

    private static final long P = 1L << 62;
    private static final long A = 1L << 63;
    private static final long HW = 1L << 61;
    private static final long G1 = 1L << 60;
    private static final long EOI = 1L << 41;
    private static final int SPURIOUS = 1023;

    private static final int VENG0 = 1;
    private static final int VENG1 = 2;
    private static final int VEOIM = 1 << 9;
    private static final int MAINTENANCE = 1 << 25;

    private static SysReg lr(int i) {
        return SysReg.valueOf("ICH_LR" + i + "_EL2");
    }

    private static long priority(int value) {
        return (long) value << 48;
    }

    /** A guest with both groups enabled, nothing masked, and an enabled virtual interface. */
    private static Rig guest(long vmcr) {
        Rig rig = Rig.ready(2);
        rig.write(0, SysReg.ICH_HCR_EL2, 1);
        rig.write(0, SysReg.ICH_VMCR_EL2, 0xff00_0000L | VENG0 | VENG1 | vmcr);
        return rig.guest(0);
    }

    private static boolean maintenance(Rig rig) {
        return (rig.gicr(0, 0x10200) & MAINTENANCE) != 0;
    }

    @ParameterizedTest(name = "group {0}")
    @CsvSource({"1, 4, ICC_IAR1_EL1, ICC_IAR0_EL1", "0, 8, ICC_IAR0_EL1, ICC_IAR1_EL1"})
    void pendingBecomesActive(int group, int line, SysReg iar, SysReg other) {
        Rig rig = guest(0);
        rig.write(0, lr(3), P | (long) group << 60 | priority(0x80) | 50);
        assertThat(rig.lines(0)).isEqualTo(line);
        assertThat(rig.read(0, other)).isEqualTo(SPURIOUS);
        assertThat(rig.read(0, iar)).isEqualTo(50);
        assertThat(rig.lines(0)).isZero();
        assertThat(rig.read(0, lr(3))).isEqualTo(A | (long) group << 60 | priority(0x80) | 50);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
    }

    @Test
    void activeBecomesInvalidAndActivePendingBecomesPending() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 50);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 50);
        assertThat(rig.read(0, lr(0))).isEqualTo(G1 | priority(0x80) | 50);
        rig.write(0, lr(0), P | A | G1 | priority(0x80) | 50);
        rig.write(0, SysReg.ICH_AP1R0_EL2, 1 << 16);
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_EOIR1_EL1, 50);
        assertThat(rig.read(0, lr(0))).isEqualTo(P | G1 | priority(0x80) | 50);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.VIRQ);
    }

    @Test
    void acknowledgedLpiFreesItsListRegister() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 8195);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(8195);
        assertThat(rig.read(0, lr(0)) & (P | A)).isZero();
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 8195);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).as("not counted").isEqualTo(1);
    }

    @Test
    void equalPrioritiesComeByLowestIntid() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 70);
        rig.write(0, lr(1), P | G1 | priority(0x80) | 60);
        rig.write(0, lr(2), P | G1 | priority(0x48) | 90);
        assertThat(rig.read(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(90);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(90);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 90);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(60);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 60);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(70);
    }

    @Test
    void virtualInterruptsPreemptByPriority() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 70);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, lr(1), P | G1 | priority(0x80) | 60);
        assertThat(rig.lines(0)).isZero();
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPURIOUS);
        rig.write(0, lr(2), P | priority(0x78) | 61);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.VFIQ);
        assertThat(rig.read(0, SysReg.ICC_IAR0_EL1)).isEqualTo(61);
        assertThat(rig.read(0, SysReg.ICH_AP0R0_EL2)).isEqualTo(1 << 15);
        assertThat(rig.read(0, SysReg.ICH_AP1R0_EL2)).isEqualTo(1 << 16);
    }

    @Test
    void disabledInterfaceSignalsNothing() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 70);
        rig.write(0, SysReg.ICH_HCR_EL2, 0);
        assertThat(rig.lines(0)).isZero();
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(SPURIOUS);
        assertThat(rig.read(0, SysReg.ICC_HPPIR1_EL1)).isEqualTo(SPURIOUS);
        rig.write(0, SysReg.ICH_HCR_EL2, 1);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.VIRQ);
    }

    @Test
    void guestMaskAndGroupEnablesGateVirtualInterrupts() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 70);
        rig.write(0, SysReg.ICC_PMR_EL1, 0x80);
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_PMR_EL1, 0x88);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.VIRQ);
        rig.write(0, SysReg.ICC_IGRPEN1_EL1, 0);
        assertThat(rig.lines(0)).isZero();
        assertThat(rig.read(0, SysReg.ICH_VMCR_EL2)).isEqualTo(0x8800_0000L | VENG0);
    }

    @Test
    void guestControlsAppearInVmcr() {
        Rig rig = guest(0);
        rig.write(0, SysReg.ICH_VMCR_EL2, 0);
        rig.write(0, SysReg.ICC_BPR0_EL1, 5);
        rig.write(0, SysReg.ICC_BPR1_EL1, 6);
        rig.write(0, SysReg.ICC_CTLR_EL1, 3);
        rig.write(0, SysReg.ICC_PMR_EL1, 0xff);
        rig.write(0, SysReg.ICC_IGRPEN0_EL1, 1);
        rig.write(0, SysReg.ICC_IGRPEN1_EL1, 1);
        assertThat(rig.read(0, SysReg.ICH_VMCR_EL2))
                .isEqualTo(0xf800_0000L | 5 << 21 | 6 << 18 | 1 << 9 | 1 << 4 | 3);
        assertThat(rig.read(0, SysReg.ICC_BPR1_EL1)).as("common binary point").isEqualTo(6);
    }

    @Test
    void eachGroupIsRoutedByItsOwnBit() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 70);
        rig.pes[0].sys[SysReg.HCR_EL2.ordinal()] = Rig.FMO;
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).as("physical").isEqualTo(SPURIOUS);
        rig.write(0, SysReg.ICC_PMR_EL1, 0x40);
        assertThat(rig.read(0, SysReg.ICH_VMCR_EL2) >>> 24).as("common ones").isEqualTo(0x40);
        rig.write(0, SysReg.ICC_PMR_EL1, 0xf8);
        rig.pes[0].sys[SysReg.HCR_EL2.ordinal()] = Rig.IMO;
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(70);
    }

    @ParameterizedTest(name = "EOI mode {0}")
    @ValueSource(ints = {0, 1})
    void deactivationOfAHardwareInterruptReachesThePhysicalOne(int mode) {
        Rig rig = Rig.ready(2);
        rig.enableShared(40, 0x80, 0);
        rig.write(0, SysReg.ICC_CTLR_EL1, 2);
        rig.gic.setSpi(40, true);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 40);
        assertThat(rig.sharedActive(40)).isTrue();
        rig.write(0, SysReg.ICH_HCR_EL2, 1);
        rig.write(0, SysReg.ICH_VMCR_EL2, 0xff00_0003L | (mode != 0 ? VEOIM : 0));
        rig.write(0, lr(0), P | G1 | HW | 40L << 32 | priority(0x80) | 55);
        rig.guest(0);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(55);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 55);
        if (mode != 0) {
            assertThat(rig.sharedActive(40)).isTrue();
            rig.write(0, SysReg.ICC_DIR_EL1, 55);
        }
        assertThat(rig.sharedActive(40)).isFalse();
        assertThat(rig.read(0, lr(0)) & (P | A)).isZero();
        assertThat(rig.lines(0)).as("the level is still high").isEqualTo(GicCpuInterface.IRQ);
    }

    @Test
    void hardwarePpiIsDeactivatedInTheOwnRedistributor() {
        Rig rig = guest(0);
        rig.gicr(0, 0x10300, 1 << 27);
        rig.gicr(1, 0x10300, 1 << 27);
        rig.write(0, lr(0), P | G1 | HW | 27L << 32 | priority(0x80) | 27);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 27);
        assertThat(rig.gicr(0, 0x10300)).isZero();
        assertThat(rig.gicr(1, 0x10300)).isEqualTo(1 << 27);
    }

    @Test
    void endOfAnIntidWithoutListRegisterIsCounted() {
        Rig rig = guest(0);
        for (int i = 1; i <= 33; i++) {
            rig.write(0, SysReg.ICH_AP1R0_EL2, 1 << 16);
            rig.write(0, SysReg.ICC_EOIR1_EL1, 77);
            assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).isEqualTo((i & 31L) << 27 | 1);
        }
    }

    @Test
    void dirWithoutListRegisterIsCountedInTheSeparateModeOnly() {
        Rig rig = guest(0);
        rig.write(0, SysReg.ICC_DIR_EL1, 77);
        assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).isEqualTo(1);
        rig.write(0, SysReg.ICC_CTLR_EL1, 2);
        rig.write(0, SysReg.ICC_DIR_EL1, 77);
        rig.write(0, SysReg.ICC_DIR_EL1, 1023);
        rig.write(0, SysReg.ICC_DIR_EL1, 9000);
        assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).isEqualTo(1 << 27 | 1);
        rig.write(0, SysReg.ICH_AP1R0_EL2, 1 << 16);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 77);
        assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).isEqualTo(1 << 27 | 1);
    }

    @Test
    void endFindsActiveListRegistersOnly() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 50);
        rig.write(0, SysReg.ICH_AP1R0_EL2, 1 << 16);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 50);
        assertThat(rig.read(0, lr(0))).isEqualTo(P | G1 | priority(0x80) | 50);
        assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).isEqualTo(1 << 27 | 1);
    }

    /** Group priorities by binary point: what runs, what comes, whether it preempts. */
    @ParameterizedTest(name = "BPR0 {0}, BPR1 {1}, CBPR {2}, group {3}: 0x{5} over 0x{4}")
    @CsvSource({
        "2, 3, 0, 1, 98, 80, true", "2, 5, 0, 1, 98, 80, false", "2, 5, 0, 0, 98, 80, true",
        "4, 3, 0, 1, 98, 80, true", "4, 3, 1, 1, 98, 80, false", "4, 3, 0, 0, 98, 80, false",
        "4, 3, 0, 0, a0, 80, true", "3, 3, 0, 0, 88, 80, false", "2, 3, 0, 0, 88, 80, true",
        "0, 0, 0, 1, 88, 80, true", "7, 7, 0, 0, f0, 00, false", "7, 7, 0, 1, f0, 00, true"
    })
    void virtualBinaryPointDecidesPreemption(
            int bpr0, int bpr1, int cbpr, int group, String runs, String comes, boolean preempts) {
        Rig rig = guest((long) bpr0 << 21 | bpr1 << 18 | cbpr << 4);
        long bits = P | (long) group << 60;
        rig.write(0, lr(0), bits | priority(Integer.parseInt(runs, 16)) | 50);
        SysReg iar = group != 0 ? SysReg.ICC_IAR1_EL1 : SysReg.ICC_IAR0_EL1;
        assertThat(rig.read(0, iar)).isEqualTo(50);
        rig.write(0, lr(1), bits | priority(Integer.parseInt(comes, 16)) | 51);
        assertThat(rig.lines(0) != 0).isEqualTo(preempts);
        assertThat(rig.read(0, iar)).isEqualTo(preempts ? 51 : SPURIOUS);
    }

    @Test
    void endWithNothingActiveDoesNothing() {
        Rig rig = guest(0);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 50);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 50);
        assertThat(rig.read(0, lr(0))).isEqualTo(P | G1 | priority(0x80) | 50);
        assertThat(rig.read(0, SysReg.ICH_HCR_EL2)).isEqualTo(1);
    }

    /** Every state of a list register against what the status registers say of it. */
    @ParameterizedTest(name = "state {0}, HW {1}, EOI {2}")
    @CsvSource({
        "0, 0, 0, 0, 1", "0, 0, 1, 1, 0", "0, 1, 0, 0, 1", "0, 1, 1, 0, 1",
        "1, 0, 0, 0, 0", "1, 0, 1, 0, 0", "1, 1, 0, 0, 0", "1, 1, 1, 0, 0",
        "2, 0, 0, 0, 0", "2, 0, 1, 0, 0", "2, 1, 0, 0, 0", "2, 1, 1, 0, 0",
        "3, 0, 0, 0, 0", "3, 0, 1, 0, 0", "3, 1, 0, 0, 0", "3, 1, 1, 0, 0"
    })
    void listRegisterStatus(int state, int hw, int eoi, int ended, int free) {
        Rig rig = Rig.ready(1);
        rig.write(0, lr(5), (long) state << 62 | (long) hw << 61 | (long) eoi << 41 | 50);
        assertThat(rig.read(0, SysReg.ICH_EISR_EL2)).isEqualTo((long) ended << 5);
        assertThat(rig.read(0, SysReg.ICH_ELRSR_EL2)).isEqualTo(0xffdf | free << 5);
        assertThat(rig.read(0, SysReg.ICH_MISR_EL2)).isEqualTo(ended);
    }

    @Test
    void maintenanceStatusFollowsItsTable() {
        Rig rig = Rig.ready(1);
        int seen = 0;
        for (int enables = 0; enables < 256; enables += 2) {
            for (int variant = 0; variant < 64; variant++) {
                int groups = variant & 3;
                int count = variant >> 2 & 1;
                int used = variant >> 3 & 3;
                boolean pending = (variant >> 5 & 1) != 0;
                rig.write(0, SysReg.ICH_VMCR_EL2, groups);
                for (int i = 0; i < 4; i++) {
                    long state = i >= used ? 0 : pending && i == 0 ? P : i % 2 == 0 ? A : A | P;
                    rig.write(0, lr(i), state | 50 + i);
                }
                rig.write(0, SysReg.ICH_HCR_EL2, 1L | enables | (long) count << 27);
                int expected = 0;
                expected |= used <= 1 ? enables & 2 : 0;
                expected |= count != 0 ? enables & 4 : 0;
                expected |= !pending || used == 0 ? enables & 8 : 0;
                expected |= enables & ((groups & 1) != 0 ? 0x10 : 0x20);
                expected |= enables & ((groups & 2) != 0 ? 0x40 : 0x80);
                assertThat(rig.read(0, SysReg.ICH_MISR_EL2)).isEqualTo(expected);
                assertThat(maintenance(rig)).isEqualTo(expected != 0);
                rig.write(0, SysReg.ICH_HCR_EL2, enables | (long) count << 27);
                assertThat(rig.read(0, SysReg.ICH_MISR_EL2)).isEqualTo(expected);
                assertThat(maintenance(rig)).as("disabled").isFalse();
                seen |= expected;
            }
        }
        assertThat(seen).as("every condition occurred").isEqualTo(0xfe);
    }

    @Test
    void endOfAFlaggedInterruptRaisesTheMaintenanceInterrupt() {
        Rig rig = guest(0);
        rig.enablePrivate(0, 25, 0x80);
        rig.write(0, lr(2), P | G1 | EOI | priority(0x80) | 50);
        rig.read(0, SysReg.ICC_IAR1_EL1);
        assertThat(rig.lines(0)).isZero();
        rig.write(0, SysReg.ICC_EOIR1_EL1, 50);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ);
        assertThat(rig.read(0, SysReg.ICH_EISR_EL2)).isEqualTo(4);
        rig.hypervisor(0);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(25);
        rig.write(0, lr(2), 0);
        rig.write(0, SysReg.ICC_EOIR1_EL1, 25);
        assertThat(rig.lines(0)).isZero();
    }

    @Test
    void guestDisablingAGroupRaisesTheMaintenanceInterrupt() {
        Rig rig = guest(0);
        rig.write(0, SysReg.ICH_HCR_EL2, 1 | 1 << 7);
        assertThat(maintenance(rig)).isFalse();
        rig.write(0, SysReg.ICC_IGRPEN1_EL1, 0);
        assertThat(maintenance(rig)).isTrue();
        assertThat(rig.read(0, SysReg.ICH_MISR_EL2)).isEqualTo(1 << 7);
        rig.write(0, SysReg.ICC_IGRPEN1_EL1, 1);
        assertThat(maintenance(rig)).isFalse();
    }

    @Test
    void listRegistersBeyondTheImplementedOnesHaveNoEffect() {
        Rig rig = new Rig(1, 4);
        rig.write(0, SysReg.ICH_HCR_EL2, 1);
        rig.write(0, SysReg.ICH_VMCR_EL2, 0xff00_0003L);
        rig.write(0, lr(4), P | G1 | priority(0x80) | 50);
        assertThat(rig.lines(0)).isZero();
        assertThat(rig.read(0, SysReg.ICH_ELRSR_EL2)).isEqualTo(0xf);
        rig.write(0, lr(3), P | G1 | priority(0x80) | 50);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.VIRQ);
    }

    @Test
    void virtualAndPhysicalStateAreApart() {
        Rig rig = guest(0);
        rig.enablePrivate(0, 27, 0x40);
        rig.write(0, lr(0), P | G1 | priority(0x80) | 50);
        rig.gic.setPpi(0, 27, true);
        assertThat(rig.lines(0)).isEqualTo(GicCpuInterface.IRQ | GicCpuInterface.VIRQ);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(50);
        rig.hypervisor(0);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0xff);
        assertThat(rig.read(0, SysReg.ICC_IAR1_EL1)).isEqualTo(27);
        rig.guest(0);
        assertThat(rig.read(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
    }
}
