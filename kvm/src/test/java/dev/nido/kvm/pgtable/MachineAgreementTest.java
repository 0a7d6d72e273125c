package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.SplittableRandom;

/** The machine's MMU finds in a table what the library put there. */
class MachineAgreementTest {

    // AT S12E1R, AT S12E1W; AT S1E2R, AT S1E2W; TLBI ALLE1, ALLE2.
    private static final int AT_S12E1R = key(7, 8, 4);
    private static final int AT_S12E1W = key(7, 8, 5);
    private static final int AT_S1E2R = key(7, 8, 0);
    private static final int AT_S1E2W = key(7, 8, 1);
    private static final int TLBI_ALLE1 = key(8, 7, 4);
    private static final int TLBI_ALLE2 = key(8, 7, 0);

    private static final long STAGE2 = 1 << 9;

    private static int key(int crn, int crm, int op2) {
        return 1 << 14 | 4 << 11 | crn << 7 | crm << 3 | op2;
    }

    private static Machine machine(long bytes) {
        return new Machine(
                new MachineConfig(
                        CpuModel.parse("default,pa=48"),
                        1,
                        TestMemory.BASE,
                        bytes,
                        true,
                        1,
                        2,
                        true));
    }

    private static long at(Pe pe, int key, long address) {
        pe.systemInstruction(key, address);
        return pe.sys[SysReg.PAR_EL1.ordinal()];
    }

    private static void set(Pe pe, SysReg register, long value) {
        pe.sys[register.ordinal()] = value;
        if (register == SysReg.HCR_EL2) {
            pe.hcr = HcrEl2.effective(pe.cpu, value);
        }
    }

    /** Granule, input bits, start level. */
    @ParameterizedTest
    @CsvSource({
        "12, 32, 2",
        "12, 40, 1",
        "12, 43, 1",
        "12, 48, 0",
        "12, 39, 1",
        "14, 40, 2",
        "14, 48, 1",
        "14, 36, 2",
        "16, 40, 2",
        "16, 48, 1",
        "16, 42, 2",
    })
    void translationOfStage2(int pageShift, int iaBits, int startLevel) {
        try (Machine machine = machine(512L << pageShift)) {
            Pe pe = machine.pe(0);
            TestMemory memory = new TestMemory(pageShift, machine.memory());
            TestContext context = new TestContext(TestContext.vtcr(pageShift, iaBits, startLevel));
            context.xnx = true;
            for (SysReg r : new SysReg[] {SysReg.SCTLR_EL1, SysReg.SCTLR_EL2, SysReg.TCR_EL1}) {
                set(pe, r, 0);
            }
            set(pe, SysReg.HCR_EL2, HcrEl2.VM | HcrEl2.RW);
            set(pe, SysReg.VTCR_EL2, context.vtcr);
            SplittableRandom random = new SplittableRandom(pageShift * 100L + iaBits);
            for (int i = 0; i < 12; i++) {
                Stage2PageTable table = Stage2PageTable.create(context, memory);
                set(pe, SysReg.VTTBR_EL2, table.pgd() | 7L << 48);
                long[] addresses = fill(table, memory, random);
                for (long ipa : addresses) {
                    check(pe, table, ipa);
                }
                table.destroy();
                assertThat(memory.live()).isZero();
            }
        }
    }

    /** Maps, unmaps, relaxes at random; returns addresses that it touched, and some beside. */
    private static long[] fill(Stage2PageTable table, TestMemory memory, SplittableRandom random) {
        TableGeometry g = table.geometry();
        long limit = Math.min(g.inputLimit(), 1L << 47);
        long[] addresses = new long[90];
        for (int i = 0; i < 30; i++) {
            int level = 3 - random.nextInt(4) / 2;
            if (!g.hasLeaves(level) || level < g.startLevel()) {
                level = 3;
            }
            long size = g.size(level);
            long ipa = random.nextLong(limit / size) * size;
            long pa = random.nextLong((1L << 47) / size) * size;
            int prot = random.nextInt(4) | random.nextInt(4) << 2 | Prot.sw(random.nextInt(16));
            if ((prot & Prot.X) == 0 && random.nextInt(4) == 0) {
                prot |= Prot.DEVICE;
            }
            long pages = level == 3 ? 1 + random.nextInt(2) : 1;
            long length = Math.min(pages * size, limit - ipa);
            assertThat(table.map(ipa, length, pa, prot, memory.endless())).isZero();
            switch (random.nextInt(10)) {
                case 0 -> table.unmap(ipa, g.pageSize());
                case 1 -> table.mkold(ipa, g.pageSize());
                case 2 -> table.relaxPerms(ipa, Prot.RW, 0);
                case 3 -> table.setOwner(ipa, g.pageSize(), memory.endless(), 9);
                default -> {}
            }
            addresses[3 * i] = ipa + random.nextLong(size);
            addresses[3 * i + 1] = ipa ^ g.pageSize();
            addresses[3 * i + 2] = random.nextLong(limit);
        }
        return addresses;
    }

    private static void check(Pe pe, Stage2PageTable table, long ipa) {
        Leaf leaf = new Leaf();
        assertThat(table.getLeaf(ipa, leaf)).isZero();
        pe.el = 2;
        pe.mmu.contextChanged();
        pe.systemInstruction(TLBI_ALLE1, 0);
        long read = at(pe, AT_S12E1R, ipa);
        long write = at(pe, AT_S12E1W, ipa);
        int permissions = Stage2PageTable.ptePermissions(leaf.pte());
        checkAccess(read, leaf, ipa, (permissions & Prot.R) != 0);
        checkAccess(write, leaf, ipa, (permissions & Prot.W) != 0);
        if (leaf.young()) {
            assertThat(executable(pe, ipa, 1)).isEqualTo((permissions & Prot.PX) != 0);
            assertThat(executable(pe, ipa, 0)).isEqualTo((permissions & Prot.UX) != 0);
        }
    }

    private static void checkAccess(long par, Leaf leaf, long ipa, boolean allowed) {
        int fault = !leaf.valid() ? 4 : !leaf.young() ? 8 : allowed ? 0 : 12;
        if (fault == 0) {
            assertThat(par & 1).isZero();
            assertThat(par & 0xffff_ffff_f000L).isEqualTo(leaf.translate(ipa) & -4096L);
        } else {
            assertThat(par & (STAGE2 | 1)).isEqualTo(STAGE2 | 1);
            assertThat(par >> 1 & 63).isEqualTo(fault + leaf.level());
        }
    }

    /** Whether a fetch gets as far as the output address, where there is nothing. */
    private static boolean executable(Pe pe, long ipa, int el) {
        pe.el = el;
        pe.mmu.contextChanged();
        pe.mmu.tlbi(TLBI_ALLE1, 0);
        try {
            pe.mmu.fetch(ipa & -4L);
            return true;
        } catch (GuestException e) {
            return (e.iss & 0x3c) != 0x0c;
        }
    }

    /** With VTCR_EL2.HA a PE marks what it uses; ageing takes the mark away, as often as wanted. */
    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void hardwareAccessFlag(int pageShift) {
        try (Machine machine = machine(512L << pageShift)) {
            Pe pe = machine.pe(0);
            TestMemory memory = new TestMemory(pageShift, machine.memory());
            TestContext context = new TestContext(TestContext.of(pageShift, 40).vtcr | 1 << 21);
            Stage2PageTable table = Stage2PageTable.create(context, memory);
            long page = 1L << pageShift;
            long pa = memory.allocatePage();
            memory.memory.put64(pa - TestMemory.BASE + 8, 0x1234);
            assertThat(table.map(3 * page, page, pa, Prot.RW, memory.endless())).isZero();
            set(pe, SysReg.SCTLR_EL1, 0);
            set(pe, SysReg.HCR_EL2, HcrEl2.VM | HcrEl2.RW);
            set(pe, SysReg.VTCR_EL2, context.vtcr);
            set(pe, SysReg.VTTBR_EL2, table.pgd());
            for (int i = 0; i < 3; i++) {
                assertThat(table.mkold(3 * page, page)).isTrue();
                assertThat(table.isYoung(3 * page)).isFalse();
                pe.el = 1;
                pe.mmu.contextChanged();
                pe.mmu.tlbi(TLBI_ALLE1, 0);
                assertThat(pe.mmu.load(3 * page + 8, 3, 0)).isEqualTo(0x1234);
                assertThat(table.isYoung(3 * page)).isTrue();
            }
            table.destroy();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void translationOfHypStage1(boolean host) {
        for (int pageShift : new int[] {12, 14, 16}) {
            try (Machine machine = machine(512L << pageShift)) {
                TestMemory memory = new TestMemory(pageShift, machine.memory());
                checkHyp(machine.pe(0), memory, host);
            }
        }
    }

    private static void checkHyp(Pe pe, TestMemory memory, boolean host) {
        int pageShift = memory.pageShift;
        HypContext context =
                new HypContext() {
                    @Override
                    public boolean host() {
                        return host;
                    }

                    @Override
                    public void flushLeaf(long va, int level) {}

                    @Override
                    public void flushTable(long va) {}
                };
        HypPageTable table = new HypPageTable(context, memory);
        assertThat(table.init(48)).isZero();
        long tg0 = pageShift == 16 ? 1 : pageShift == 14 ? 2 : 0;
        set(pe, SysReg.HCR_EL2, HcrEl2.RW | (host ? HcrEl2.E2H : 0));
        set(
                pe,
                SysReg.TCR_EL2,
                host ? tg0 << 14 | 16 | 5L << 32 | 1L << 23 : tg0 << 14 | 16 | 5 << 16);
        set(pe, SysReg.TTBR0_EL2, table.pgd());
        set(pe, SysReg.MAIR_EL2, 0x04_0000_00ffL);
        set(pe, SysReg.SCTLR_EL2, 1 | 1 << 2 | 1 << 12);
        pe.el = 2;
        pe.pan = false;
        pe.mmu.contextChanged();
        SplittableRandom random = new SplittableRandom(pageShift);
        int[] prots = {Prot.R, Prot.RW, Prot.RX, Prot.RW | Prot.DEVICE};
        Leaf leaf = new Leaf();
        for (int i = 0; i < 60; i++) {
            long size = table.geometry().size(3 - random.nextInt(2));
            long va = random.nextLong((1L << 48) / size) * size;
            long pa = random.nextLong((1L << 47) / size) * size;
            int prot = prots[random.nextInt(prots.length)];
            assertThat(table.map(va, size, pa, prot)).isZero();
            for (long address : new long[] {va, va + size - 1, va ^ size}) {
                pe.systemInstruction(TLBI_ALLE2, 0);
                table.getLeaf(address, leaf);
                long read = at(pe, AT_S1E2R, address);
                long write = at(pe, AT_S1E2W, address);
                assertThat(read & 1).isEqualTo(leaf.valid() ? 0 : 1);
                if (leaf.valid()) {
                    int is = table.pteProt(leaf.pte());
                    assertThat(read & 0xffff_ffff_f000L)
                            .isEqualTo(leaf.translate(address) & -4096L);
                    assertThat(read >>> 56).isEqualTo((is & Prot.DEVICE) != 0 ? 4 : 0xff);
                    assertThat(write & 1).isEqualTo((is & Prot.W) != 0 ? 0 : 1);
                    assertThat(executable(pe, address, 2)).isEqualTo((is & Prot.X) != 0);
                    pe.el = 2;
                } else {
                    assertThat(read >> 1 & 63).isEqualTo(4 + leaf.level());
                }
            }
        }
        table.destroy();
    }
}
