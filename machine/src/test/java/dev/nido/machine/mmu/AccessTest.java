package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.machine.MmioDevice;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Slow paths of loads and stores: alignment, page crossing, devices, DC ZVA, atomics. */
class AccessTest {

    private static final long VA = 0x20_0000_0000L;
    private static final long PA = MmuRig.RAM + 0x600_0000L;
    private static final long DEVICE_PA = 0x900_0000L;
    private static final long DEVICE_VA = VA + 0x10_0000L;
    private static final long UNCACHED_VA = VA + 0x20_0000L;

    private MmuRig rig;
    private MmuRig.Tables tables;
    private final List<String> log = new ArrayList<>();

    @BeforeEach
    void start() {
        rig = new MmuRig();
        tables = rig.stage1(12, 48);
        tables.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RW_ALL);
        // The next page lies elsewhere.
        tables.map(VA + 0x1000, 3, PA + 0x8000, MmuRig.AF | MmuRig.AP_RW_ALL);
        tables.map(DEVICE_VA, 3, DEVICE_PA, MmuRig.AF | MmuRig.DEVICE);
        tables.map(DEVICE_VA + 0x1000, 3, PA, MmuRig.AF | MmuRig.DEVICE);
        tables.map(UNCACHED_VA, 3, DEVICE_PA, MmuRig.AF | MmuRig.NON_CACHEABLE);
        rig.machine
                .bus()
                .map(
                        "probe",
                        DEVICE_PA,
                        0x100,
                        new MmioDevice() {
                            @Override
                            public long read(long offset, int size) {
                                log.add("r" + offset + "/" + size);
                                return 0x8877_6655_4433_2211L >>> offset * 8
                                        & (size == 8 ? -1 : (1L << size * 8) - 1);
                            }

                            @Override
                            public void write(long offset, int size, long value) {
                                log.add("w" + offset + "/" + size + "=" + Long.toHexString(value));
                            }
                        });
    }

    @AfterEach
    void close() {
        rig.close();
    }

    @Test
    void everySizeAtEveryOffsetReadsBackWhatWasWritten() {
        SplittableRandom random = new SplittableRandom(1);
        for (int log2 = 0; log2 < 4; log2++) {
            long mask = log2 == 3 ? -1 : (1L << (8 << log2)) - 1;
            for (int at = 0xff0; at <= 0x1010; at++) {
                long value = random.nextLong();
                rig.mmu.store(VA + at, log2, value, 0);
                assertThat(rig.mmu.load(VA + at, log2, 0)).isEqualTo(value & mask);
                for (int i = 0; i < 1 << log2; i++) {
                    long pa = at + i < 0x1000 ? PA + at + i : PA + 0x8000 + at + i - 0x1000;
                    assertThat(rig.memory.get8(pa - MmuRig.RAM))
                            .isEqualTo((byte) (value >>> 8 * i));
                }
            }
        }
    }

    @Test
    void storeAcrossPagesWritesNothingIfTheSecondFaults() {
        long last = VA + 0x1ffc;
        rig.mmu.store(last, 2, 0x1111_1111, 0);
        GuestException e = MmuRig.abortOf(() -> rig.mmu.store(last, 3, -1, 0));
        assertThat(e.iss).isEqualTo(0x47);
        assertThat(e.far).isEqualTo(VA + 0x2000);
        assertThat(rig.mmu.load(last, 2, 0)).isEqualTo(0x1111_1111);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(last, 3, 0)).far).isEqualTo(VA + 0x2000);
    }

    @Test
    void fastArraysHoldNormalPagesOnly() {
        rig.mmu.load(VA, 3, 0);
        rig.mmu.load(DEVICE_VA + 0x1000, 3, 0);
        int i = (int) (VA >>> 12) & FastTlb.ENTRIES - 1;
        assertThat(rig.mmu.fast.readTag[i]).isEqualTo(VA);
        assertThat(rig.mmu.fast.writeTag[i]).isEqualTo(VA);
        assertThat(VA + rig.mmu.fast.addend[i]).isEqualTo(PA - MmuRig.RAM);
        int d = (int) (DEVICE_VA + 0x1000 >>> 12) & FastTlb.ENTRIES - 1;
        assertThat(rig.mmu.fast.readTag[d]).isEqualTo(FastTlb.INVALID);
    }

    @Test
    void devicesSeeEachSizeAndNoTopBits() {
        assertThat(rig.mmu.load(DEVICE_VA + 2, 1, 0)).isEqualTo(0x4433);
        assertThat(rig.mmu.load(DEVICE_VA, 3, 0)).isEqualTo(0x8877_6655_4433_2211L);
        rig.mmu.store(DEVICE_VA + 4, 2, -2, 0);
        rig.mmu.store(DEVICE_VA + 7, 0, -1, 0);
        assertThat(log).containsExactly("r2/2", "r0/8", "w4/4=fffffffe", "w7/1=ff");
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(DEVICE_VA + 0x100, 3, 0)).iss).isEqualTo(0x10);
    }

    @Test
    void unalignedDeviceAccessIsAnAlignmentFault() {
        for (long va : new long[] {DEVICE_VA, DEVICE_VA + 0x1000}) {
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(va + 1, 1, 0)).iss).isEqualTo(0x21);
            GuestException e = MmuRig.abortOf(() -> rig.mmu.store(va + 1, 2, 0, 0));
            assertThat(e.iss).isEqualTo(0x61);
            assertThat(e.far).isEqualTo(va + 1);
            assertThat(e.targetEl).isZero();
        }
        assertThat(log).isEmpty();
    }

    @Test
    void unalignedAccessToADeviceMappedNormalGoesByteByByte() {
        assertThat(rig.mmu.load(UNCACHED_VA + 1, 1, 0)).isEqualTo(0x3322);
        assertThat(log).containsExactly("r1/1", "r2/1");
    }

    @Test
    void alignmentCheckingFaultsBeforeTranslation() {
        rig.set(SysReg.SCTLR_EL1, rig.get(SysReg.SCTLR_EL1) | 2);
        rig.mmu.contextChanged();
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA + 1, 1, 0)).iss).isEqualTo(0x21);
        assertThat(MmuRig.abortOf(() -> rig.mmu.store(0x1, 1, 0, 0)).iss).isEqualTo(0x61);
        rig.mmu.load(VA, 3, 0);
        int i = (int) (VA >>> 12) & FastTlb.ENTRIES - 1;
        assertThat(rig.mmu.fast.readTag[i]).isEqualTo(FastTlb.INVALID);
    }

    @Test
    void stageOneOffIsDeviceMemoryUnlessDefaultCacheable() {
        rig.set(SysReg.SCTLR_EL1, 0);
        rig.mmu.contextChanged();
        rig.mmu.store(PA, 3, 42, 0);
        assertThat(rig.mmu.load(PA, 3, 0)).isEqualTo(42);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(PA + 1, 1, 0)).iss).isEqualTo(0x21);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(1L << 48, 1, 0)).iss).isZero();
        MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
        s2.map(MmuRig.RAM, 1, MmuRig.RAM, MmuRig.S2_NORMAL);
        rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
        rig.set(SysReg.VTTBR_EL2, s2.base());
        rig.set(SysReg.SCTLR_EL1, 1);
        rig.set(SysReg.HCR_EL2, 1L << 31 | 1 << 12); // DC alone
        rig.mmu.contextChanged();
        assertThat(rig.mmu.load(PA + 1, 1, 0)).isZero();
    }

    @Test
    void deviceByStageTwoIsAnAlignmentFaultToo() {
        MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
        s2.map(MmuRig.RAM, 1, MmuRig.RAM, MmuRig.S2_NORMAL);
        s2.map(MmuRig.RAM + (1L << 30), 1, MmuRig.RAM, MmuRig.S2_DEVICE);
        tables.map(VA, 3, PA + (1L << 30), MmuRig.AF);
        rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
        rig.set(SysReg.VTTBR_EL2, s2.base());
        rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
        rig.mmu.contextChanged();
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, 0))).isNull();
        GuestException e = MmuRig.abortOf(() -> rig.mmu.load(VA + 1, 1, 0));
        assertThat(e.iss).isEqualTo(0x21);
        assertThat(e.targetEl).isZero();
        // PTW: a walk through Device memory is a permission fault of stage 2.
        s2.map(MmuRig.RAM, 1, MmuRig.RAM, MmuRig.S2_DEVICE);
        rig.set(SysReg.HCR_EL2, 1L << 31 | 5);
        rig.mmu.contextChanged();
        rig.tlbiEverything();
        e = MmuRig.abortOf(() -> rig.mmu.load(VA, 3, 0));
        assertThat(e.iss).isEqualTo(0x80 | 0x0d);
        assertThat(e.targetEl).isEqualTo(2);
    }

    @Test
    void orderedAndAtomicAccessesMayBeUnalignedWithinSixteenBytes() {
        long in = VA + 0x104;
        long across = VA + 0x10c;
        rig.mmu.store(in, 3, 7, Mmu.ORDERED);
        assertThat(rig.mmu.load(in, 3, Mmu.ORDERED)).isEqualTo(7);
        assertThat(rig.mmu.atomicOffset(in, 3, Mmu.ATOMIC | Mmu.WRITE))
                .isEqualTo(PA + 0x104 - MmuRig.RAM);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(across, 3, Mmu.ORDERED)).iss).isEqualTo(0x21);
        assertThat(MmuRig.abortOf(() -> rig.mmu.store(across, 3, 0, Mmu.ORDERED)).iss)
                .isEqualTo(0x61);
        assertThat(MmuRig.abortOf(() -> rig.mmu.atomicOffset(across, 3, Mmu.EXCLUSIVE)).iss)
                .isEqualTo(0x21);
        // Reading would have met an atomic's alignment fault too: WnR is 0.
        assertThat(
                        MmuRig.abortOf(() ->
                                        rig.mmu.atomicOffset(across, 3, Mmu.ATOMIC | Mmu.WRITE))
                                .iss)
                .isEqualTo(0x21);
        rig.set(SysReg.SCTLR_EL1, rig.get(SysReg.SCTLR_EL1) | 1 << 6); // nAA
        rig.mmu.contextChanged();
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(across, 3, Mmu.ORDERED))).isNull();
        assertThat(MmuRig.abortOf(() -> rig.mmu.atomicOffset(across, 3, Mmu.EXCLUSIVE)).iss)
                .isEqualTo(0x21);
    }

    @Test
    void withoutLse2UnalignedOrderedAccessesFault() {
        try (MmuRig old = new MmuRig("default,-lse2", 1, true)) {
            old.stage1(12, 48).map(VA, 3, PA, MmuRig.AF);
            assertThat(MmuRig.abortOf(() -> old.mmu.load(VA + 4, 3, Mmu.ORDERED)).iss)
                    .isEqualTo(0x21);
            assertThat(MmuRig.abortOf(() -> old.mmu.load(VA + 4, 3, 0))).isNull();
        }
    }

    @Test
    void readModifyWriteReportsAReadWhereReadingFaults() {
        long readOnly = VA + 0x30_0000L;
        tables.map(readOnly, 3, PA, MmuRig.AF | MmuRig.AP_RO);
        int atomic = Mmu.ATOMIC | Mmu.WRITE;
        assertThat(MmuRig.abortOf(() -> rig.mmu.atomicOffset(readOnly, 3, atomic)).iss)
                .isEqualTo(0x4f);
        assertThat(MmuRig.abortOf(() -> rig.mmu.atomicOffset(readOnly + 0x1000, 3, atomic)).iss)
                .isEqualTo(0x07);
        assertThat(
                        MmuRig.abortOf(() ->
                                        rig.mmu.atomicOffset(
                                                readOnly, 3, Mmu.EXCLUSIVE | Mmu.WRITE))
                                .iss)
                .isEqualTo(0x4f);
        assertThat(MmuRig.abortOf(() -> rig.mmu.atomicOffset(readOnly, 3, Mmu.EXCLUSIVE))).isNull();
        assertThat(MmuRig.abortOf(() -> rig.mmu.atomicOffset(DEVICE_VA, 3, atomic)).iss)
                .isEqualTo(0x35);
    }

    @Test
    void zeroBlockClearsItsSixtyFourBytes() {
        for (int i = 0; i < 24; i++) {
            rig.mmu.store(VA + 8 * i, 3, -1, 0);
        }
        rig.mmu.zeroBlock(VA + 64 + 13);
        for (int i = 0; i < 24; i++) {
            assertThat(rig.mmu.load(VA + 8 * i, 3, 0)).isEqualTo(i < 8 || i >= 16 ? -1 : 0);
        }
        GuestException e = MmuRig.abortOf(() -> rig.mmu.zeroBlock(DEVICE_VA + 0x1000));
        assertThat(e.iss).isEqualTo(0x61);
        e = MmuRig.abortOf(() -> rig.mmu.zeroBlock(VA + 0x2010));
        assertThat(e.iss).isEqualTo(0x47);
        assertThat(e.far).isEqualTo(VA + 0x2010);
    }

    @Test
    void unprivilegedAccessesHaveTheRightsOfEl0() {
        long kernel = VA + 0x40_0000L;
        tables.map(kernel, 3, PA, MmuRig.AF);
        rig.mmu.load(kernel, 3, 0);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(kernel, 3, Mmu.UNPRIVILEGED)).iss)
                .isEqualTo(0x0f);
        rig.pan(true);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, 0)).iss).isEqualTo(0x0f);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED))).isNull();
        assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 3, Mmu.UNPRIVILEGED))).isNull();
        assertThat(rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED)).isEqualTo(3);
        rig.pe.uao = true;
        rig.mmu.contextChanged();
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED)).iss).isEqualTo(0x0f);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(kernel, 3, Mmu.UNPRIVILEGED))).isNull();
    }

    /**
     * FEAT_E0PD: level 0 translation faults, in the half of the address space that it is set for.
     */
    @ParameterizedTest
    @CsvSource({"default, 55, true", "default, 56, false", "'default,-e0pd', 55, false"})
    void el0MayBeKeptOutOfHalfOfTheAddressSpace(String cpu, int bit, boolean keptOut) {
        try (MmuRig rig = new MmuRig(cpu + ",pa=48", 1, true)) {
            MmuRig.Tables tables = rig.stage1(12, 48);
            tables.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RW_ALL);
            rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED);
            rig.set(SysReg.TCR_EL1, MmuRig.tcr(12, 16) | 1L << bit);
            rig.mmu.contextChanged();
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, 0))).isNull();
            GuestException e = MmuRig.abortOf(() -> rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED));
            assertThat(e == null ? null : e.iss).isEqualTo(keptOut ? 4 : null);
            rig.pe.el = 0;
            rig.mmu.contextChanged();
            e = MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0));
            assertThat(e == null ? null : e.iss).isEqualTo(keptOut ? 0x44 : null);
        }
    }

    @Test
    void maintenanceByAddressChecksAsTheArchitectureSays() {
        int cvac = 1 << 14 | 3 << 11 | 7 << 7 | 10 << 3 | 1;
        int ivac = 1 << 14 | 7 << 7 | 6 << 3 | 1;
        int ivau = 1 << 14 | 3 << 11 | 7 << 7 | 5 << 3 | 1;
        long kernel = VA + 0x40_0000L;
        tables.map(kernel, 3, PA, MmuRig.AF | MmuRig.AP_RO);
        for (int key : new int[] {cvac, ivau}) {
            assertThat(MmuRig.abortOf(() -> rig.mmu.cacheMaintenance(key, kernel))).isNull();
            GuestException e = MmuRig.abortOf(() -> rig.mmu.cacheMaintenance(key, VA + 0x2000));
            assertThat(e.iss).isEqualTo(0x147);
        }
        assertThat(MmuRig.abortOf(() -> rig.mmu.cacheMaintenance(ivac, kernel)).iss)
                .isEqualTo(0x14f);
        rig.pan(true);
        assertThat(MmuRig.abortOf(() -> rig.mmu.cacheMaintenance(cvac, VA))).isNull();
        rig.el(0);
        assertThat(MmuRig.abortOf(() -> rig.mmu.cacheMaintenance(cvac, kernel)).iss)
                .isEqualTo(0x14f);
        assertThat(MmuRig.abortOf(() -> rig.mmu.cacheMaintenance(cvac, VA))).isNull();
    }

    @Test
    void ignoredTopByteIsNotKeptInThePc() {
        assertThat(rig.pe.branchTarget(0xab00_0000_1234_0000L)).isEqualTo(0xab00_0000_1234_0000L);
        rig.set(SysReg.TCR_EL1, rig.get(SysReg.TCR_EL1) | 3L << 37);
        rig.mmu.contextChanged();
        assertThat(rig.pe.branchTarget(0xab00_0000_1234_0000L)).isEqualTo(0x1234_0000L);
        assertThat(rig.pe.branchTarget(0xab80_0000_1234_0000L)).isEqualTo(0xff80_0000_1234_0000L);
    }

    @Test
    void watchpointsSeeWhatTheFastArraysWouldHide() {
        rig.mmu.store(VA, 3, 9, 0);
        rig.pe.daif = 0;
        rig.pe.writeSystemRegister(SysReg.OSLAR_EL1.key(), 0);
        rig.pe.writeSystemRegister(SysReg.DBGWVR0_EL1.key(), VA);
        rig.pe.writeSystemRegister(SysReg.DBGWCR0_EL1.key(), 0xff << 5 | 3 << 3 | 1 << 1 | 1);
        rig.pe.writeSystemRegister(SysReg.MDSCR_EL1.key(), 1 << 15 | 1 << 13);
        int i = (int) (VA >>> 12) & FastTlb.ENTRIES - 1;
        assertThat(rig.mmu.fast.readTag[i]).isEqualTo(FastTlb.INVALID);
        for (int n = 0; n < 2; n++) {
            GuestException e = MmuRig.abortOf(() -> rig.mmu.load(VA + 4, 2, 0));
            assertThat(e.exceptionClass).isEqualTo(0x34);
            assertThat(rig.mmu.load(VA + 8, 3, 0)).isZero();
            assertThat(rig.mmu.fast.readTag[i]).isEqualTo(FastTlb.INVALID);
        }
        assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)).iss & 0x40).isNotZero();
        rig.pe.writeSystemRegister(SysReg.MDSCR_EL1.key(), 0);
        assertThat(rig.mmu.fast.readTag[i]).isEqualTo(VA);
        assertThat(rig.mmu.load(VA, 3, 0)).isEqualTo(9);
    }
}
