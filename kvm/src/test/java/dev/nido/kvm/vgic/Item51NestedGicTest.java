package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.machine.gic.GicCpuInterface;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Interrupts that a hypervisor gives to its guest through list registers of its own. */
class Item51NestedGicTest {

    private static final long HW = 1L << 61;
    private static final long EOI = 1L << 41;

    /** Group 1 enabled, nothing masked. */
    private static final long OPEN = 0xf800_0002L;

    /** A pending interrupt of Group 1 and of priority 0x80. */
    static long pending(int intid) {
        return 1L << 62 | 1L << 60 | 0x80L << 48 | intid;
    }

    /** A hypervisor that takes all interrupts, and has enabled its guest's interface. */
    static NestedHosted ready(String cpu, int pes, boolean nv2) {
        return ready(cpu, pes, nv2, 25);
    }

    static NestedHosted ready(String cpu, int pes, boolean nv2, int maintenance) {
        NestedHosted view = new NestedHosted(cpu, pes, nv2, maintenance);
        view.mmio(0, true, 0, 4, 3);
        for (int w = 1; w <= 2; w++) {
            view.mmio(0, true, 0x80 + 4 * w, 4, 0xffff_ffffL);
            view.mmio(0, true, 0x100 + 4 * w, 4, 0xffff_ffffL);
        }
        for (int pe = 0; pe < pes; pe++) {
            long frame = pe * 0x20000L + 0x10000;
            view.mmio(pe, false, frame + 0x80, 4, 0xffff_ffffL);
            view.mmio(pe, false, frame + 0x100, 4, 0xffff_ffffL);
            view.icc(pe, SysReg.ICC_PMR_EL1, 0xf8);
            view.icc(pe, SysReg.ICC_IGRPEN1_EL1, 1);
            view.icc(pe, SysReg.ICC_CTLR_EL1, 2);
            view.ich(pe, SysReg.ICH_VMCR_EL2, OPEN);
            view.ich(pe, SysReg.ICH_HCR_EL2, 1);
        }
        return view;
    }

    /** The hypervisor takes an interrupt, and leaves its deactivation for later. */
    static int take(NestedHosted view) {
        int intid = (int) view.icc(0, SysReg.ICC_IAR1_EL1);
        view.icc(0, SysReg.ICC_EOIR1_EL1, intid);
        return intid;
    }

    static boolean active(NestedHosted view, int intid) {
        boolean local = intid < 32;
        long at = local ? 0x10300 : 0x300 + intid / 32 * 4;
        return (view.mmio(0, !local, at, 4) >>> intid % 32 & 1) != 0;
    }

    @ParameterizedTest(name = "{0} list registers")
    @CsvSource({"16, default", "4, 'default,lrs=4'"})
    void statusIsComputedFromEveryListRegisterAndControl(int n, String cpu) {
        try (NestedHosted view = ready(cpu, 1, false);
                NestedView bare = new NestedView.Bare(cpu, 1)) {
            for (int kind = 0; kind < 16; kind++) {
                long state = kind >> 2;
                long hw = (kind & 2) != 0 ? HW : 0;
                long eoi = (kind & 1) != 0 ? EOI : 0;
                for (int i = 0; i < 16; i++) {
                    for (int others = 0; others < 3; others++) {
                        for (int j = 0; j < 16; j++) {
                            long value = j < others == i >= others ? pending(40 + j) : 0;
                            set(view, bare, ListRegister.of(j), value);
                        }
                        set(view, bare, ListRegister.of(i), state << 62 | hw | eoi | 33);
                        for (long hcr : new long[] {1, 3, 0xff, 1L << 27 | 5, 0xfe, 1L << 31 | 1}) {
                            for (long vmcr = 0; vmcr < 4; vmcr++) {
                                set(view, bare, SysReg.ICH_HCR_EL2, hcr);
                                set(view, bare, SysReg.ICH_VMCR_EL2, vmcr);
                                check(view, bare, n);
                            }
                        }
                    }
                }
            }
            assertThat(view.ich(0, SysReg.ICH_VTR_EL2))
                    .isEqualTo(bare.ich(0, SysReg.ICH_VTR_EL2))
                    .matches(v -> (v & 31) == n - 1);
        }
    }

    private static void set(NestedHosted view, NestedView bare, SysReg r, long value) {
        // All at once: what the hypervisor gets meanwhile is not the matter here.
        view.vcpus[0].write(r, value);
        bare.ich(0, r, value);
    }

    private static void check(NestedHosted view, NestedView bare, int n) {
        int eisr = 0;
        int elrsr = 0;
        int used = 0;
        boolean pend = false;
        for (int i = 0; i < n; i++) {
            long value = view.vcpus[0].read(ListRegister.of(i));
            boolean free = value >>> 62 == 0;
            boolean hw = (value & HW) != 0;
            boolean ended = free && !hw && (value & EOI) != 0;
            eisr |= ended ? 1 << i : 0;
            elrsr |= free && !ended ? 1 << i : 0;
            used += free ? 0 : 1;
            pend |= value >>> 62 == 1;
        }
        long hcr = view.vcpus[0].read(SysReg.ICH_HCR_EL2);
        long vmcr = view.vcpus[0].read(SysReg.ICH_VMCR_EL2);
        long misr =
                (eisr != 0 ? 1 : 0)
                        | bit(hcr, 1, used <= 1)
                        | bit(hcr, 2, hcr >>> 27 != 0)
                        | bit(hcr, 3, !pend)
                        | bit(hcr, 4, (vmcr & 1) != 0)
                        | bit(hcr, 5, (vmcr & 1) == 0)
                        | bit(hcr, 6, (vmcr & 2) != 0)
                        | bit(hcr, 7, (vmcr & 2) == 0);
        VgicCpu cpu = view.vcpus[0].vgicCpu;
        assertThat(cpu.status(SysReg.ICH_EISR_EL2)).isEqualTo(eisr);
        assertThat(cpu.status(SysReg.ICH_ELRSR_EL2)).isEqualTo(elrsr);
        assertThat(cpu.status(SysReg.ICH_MISR_EL2)).isEqualTo(misr);
        assertThat(bare.ich(0, SysReg.ICH_EISR_EL2)).isEqualTo(eisr);
        assertThat(bare.ich(0, SysReg.ICH_ELRSR_EL2)).isEqualTo(elrsr);
        assertThat(bare.ich(0, SysReg.ICH_MISR_EL2)).isEqualTo(misr);
    }

    private static long bit(long hcr, int n, boolean condition) {
        return condition ? hcr & 1L << n : 0;
    }

    @Test
    void statesReturnToTheListRegistersThatTheyCameFrom() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.ich(0, ListRegister.of(3), pending(40) | 7L << 42);
            view.ich(0, ListRegister.of(7), pending(41));
            view.ich(0, ListRegister.of(9), 0x55L);
            view.eret(0);
            assertThat(view.machine.pe(0).readRegister(SysReg.ICH_LR0_EL2) & 0xffff)
                    .as("packed")
                    .isEqualTo(40);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            view.hvc(0);
            assertThat(view.ich(0, ListRegister.of(3)))
                    .isEqualTo(pending(40) & ~(1L << 62) | 1L << 63 | 7L << 42);
            assertThat(view.ich(0, ListRegister.of(7))).isEqualTo(pending(41));
            view.eret(0);
            view.icc(0, SysReg.ICC_EOIR1_EL1, 40);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(41);
            view.hvc(0);
            assertThat(view.ich(0, ListRegister.of(3)) >>> 62).isZero();
            assertThat(view.ich(0, ListRegister.of(7)) >>> 62).isEqualTo(2);
            assertThat(view.ich(0, ListRegister.of(9))).isEqualTo(0x55);
        }
    }

    @Test
    void guestsAcknowledgeAndEndCostNothing() {
        try (NestedHosted view = ready("default", 1, true)) {
            for (int i = 0; i < 8; i++) {
                view.ich(0, ListRegister.of(i), pending(40 + i));
            }
            view.eret(0);
            int entries = view.vcpus[0].entries;
            for (int i = 0; i < 8; i++) {
                assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40 + i);
                view.icc(0, SysReg.ICC_EOIR1_EL1, 40 + i);
            }
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(1023);
            assertThat(view.vcpus[0].entries).isEqualTo(entries);
            assertThat(view.exits).isZero();
        }
    }

    @Test
    void interruptForTheHypervisorEndsItsGuestsRunAndLeavesItsInterfaceAsItIs() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.ich(0, ListRegister.of(2), pending(40));
            view.eret(0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            int entries = view.vcpus[0].entries;
            view.spi(50, true);
            assertThat(view.inGuest(0)).isFalse();
            assertThat(view.vcpus[0].entries).as("the hypervisor's own").isEqualTo(entries + 1);
            assertThat(view.ich(0, ListRegister.of(2)) >>> 62).isEqualTo(2);
            assertThat(view.ich(0, SysReg.ICH_AP1R0_EL2)).isEqualTo(1L << (0x80 >> 3));
            assertThat(take(view)).isEqualTo(50);
            view.spi(50, false);
            view.icc(0, SysReg.ICC_DIR_EL1, 50);
            view.eret(0);
            assertThat(view.inGuest(0)).isTrue();
            assertThat(view.icc(0, SysReg.ICC_RPR_EL1)).isEqualTo(0x80);
        }
    }

    @Test
    void hypervisorsMasksHoldItsInterruptsBackWhileItsGuestExecutes() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.mmio(0, true, 0x400 + 50, 1, 0x80);
            view.icc(0, SysReg.ICC_PMR_EL1, 0x80);
            view.eret(0);
            view.spi(50, true);
            assertThat(view.inGuest(0)).isTrue();
            assertThat(view.wakes(0)).isFalse();
            view.icc(0, SysReg.ICC_PMR_EL1, 0xf8);
            assertThat(view.inGuest(0)).as("that was the guest's own").isTrue();
            view.hvc(0);
            assertThat(view.icc(0, SysReg.ICC_PMR_EL1)).isEqualTo(0x80);
            view.icc(0, SysReg.ICC_PMR_EL1, 0xf8);
            view.eret(0);
            assertThat(view.inGuest(0)).isFalse();
        }
    }

    @Test
    void interfaceThatIsNotEnabledSignalsNothing() {
        try (NestedHosted view = ready("default", 1, true)) {
            view.ich(0, SysReg.ICH_HCR_EL2, 0);
            view.ich(0, ListRegister.of(0), pending(40));
            view.eret(0);
            assertThat(view.lines(0)).isZero();
            assertThat(view.wakes(0)).isFalse();
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(1023);
            view.hvc(0);
            assertThat(view.ich(0, ListRegister.of(0))).isEqualTo(pending(40));
            view.ich(0, SysReg.ICH_HCR_EL2, 1);
            view.eret(0);
            assertThat(view.lines(0)).isEqualTo(GicCpuInterface.VIRQ);
            assertThat(view.wakes(0)).isTrue();
        }
    }

    @Test
    void listRegistersThatAreNotThereAreStorage() {
        try (NestedHosted view = ready("default,lrs=4", 1, true)) {
            view.ich(0, ListRegister.of(4), pending(40));
            view.ich(0, ListRegister.of(15), EOI);
            view.eret(0);
            assertThat(view.lines(0)).isZero();
            view.hvc(0);
            assertThat(view.ich(0, ListRegister.of(4))).isEqualTo(pending(40));
            assertThat(view.ich(0, SysReg.ICH_ELRSR_EL2)).isEqualTo(15);
            assertThat(view.ich(0, SysReg.ICH_MISR_EL2)).isZero();
        }
    }

    @Test
    void interfaceMovesToAnotherPe() {
        try (NestedHosted view = ready("default", 2, true)) {
            view.vcpus[1].put();
            view.ich(0, ListRegister.of(5), pending(40));
            view.ich(0, ListRegister.of(6), pending(41));
            view.eret(0);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(40);
            view.vcpus[0].put();
            assertThat(view.machine.pe(0).readRegister(SysReg.ICH_HCR_EL2)).isZero();
            assertThat(view.machine.pe(0).readRegister(SysReg.ICH_LR0_EL2) >>> 62).isZero();
            view.vcpus[0].load(view.physical.get(1));
            view.icc(0, SysReg.ICC_EOIR1_EL1, 40);
            assertThat(view.icc(0, SysReg.ICC_IAR1_EL1)).isEqualTo(41);
            view.hvc(0);
            assertThat(view.ich(0, ListRegister.of(5)) >>> 62).isZero();
            assertThat(view.ich(0, ListRegister.of(6)) >>> 62).isEqualTo(2);
        }
    }
}
