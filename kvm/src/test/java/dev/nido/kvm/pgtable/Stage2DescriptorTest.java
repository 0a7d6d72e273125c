package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.EnumSet;
import java.util.Set;

/** What is written into stage-2 entries, bit by bit. */
class Stage2DescriptorTest {

    private static final int NC = Prot.NORMAL_NC;

    /** Maps one page, or a block, and returns the descriptor. */
    private static long mapped(
            int pageShift, int level, int prot, boolean fwb, boolean xnx, Set<Stage2Flag> flags) {
        try (TestMemory memory = new TestMemory(pageShift, 64)) {
            TestContext context = TestContext.of(pageShift, 40);
            context.fwb = fwb;
            context.xnx = xnx;
            Stage2PageTable table = Stage2PageTable.create(context, memory, flags, null);
            long size = table.geometry().size(level);
            int r = table.map(4 * size, size, 4 * size, prot, memory.endless());
            if (r != 0) {
                return r;
            }
            Leaf leaf = new Leaf();
            assertThat(table.getLeaf(4 * size, leaf)).isZero();
            assertThat(leaf.level()).isEqualTo(level);
            assertThat(leaf.outputAddress()).isEqualTo(4 * size);
            return leaf.pte();
        }
    }

    private static long page(int prot, boolean fwb, boolean xnx, Stage2Flag... flags) {
        Set<Stage2Flag> set = EnumSet.noneOf(Stage2Flag.class);
        set.addAll(java.util.List.of(flags));
        return mapped(12, 3, prot, fwb, xnx, set);
    }

    @ParameterizedTest
    @CsvSource({"12, 3, 3", "12, 2, 1", "12, 1, 1", "14, 3, 3", "14, 2, 1", "16, 3, 3", "16, 2, 1"})
    void leavesHaveTypeAddressShareabilityAndAccessFlag(int pageShift, int level, long type) {
        long pte =
                mapped(pageShift, level, Prot.RWX, false, false, EnumSet.noneOf(Stage2Flag.class));
        long pa = 4L << pageShift + (3 - level) * (pageShift - 3);
        assertThat(pte).isEqualTo(pa | 1 << 10 | 3 << 8 | 3 << 6 | 15 << 2 | type);
    }

    /** Prot, FWB, then MemAttr: the table of memory attributes. */
    @ParameterizedTest
    @CsvSource({
        "0, true, NONE, 6",
        "0, false, NONE, 15",
        "0, true, NOFWB, 15",
        "0, true, AS_S1, 7",
        "0, false, AS_S1, 15",
        "16, true, NONE, 1",
        "16, false, NONE, 1",
        "16, true, NOFWB, 1",
        "16, true, AS_S1, 7",
        "16, false, AS_S1, 15",
        "32, true, NONE, 5",
        "32, false, NONE, 5",
        "32, true, NOFWB, 5",
        "32, true, AS_S1, 7",
        "32, false, AS_S1, 15",
    })
    void memoryAttributes(int type, boolean fwb, String flag, int memAttr) {
        assertThat(Prot.DEVICE).isEqualTo(16);
        assertThat(NC).isEqualTo(32);
        long pte =
                flag.equals("NONE")
                        ? page(Prot.RW | type, fwb, false)
                        : page(Prot.RW | type, fwb, false, Stage2Flag.valueOf(flag));
        assertThat(pte >> 2 & 15).isEqualTo(memAttr);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Prot.RX | Prot.DEVICE,
                Prot.RX | NC,
                Prot.R | Prot.PX | Prot.DEVICE,
                Prot.RW | Prot.DEVICE | NC,
                Prot.R | Prot.EL0_X,
                Prot.R | 1 << 20
            })
    void combinationsWithoutMeaningAreRefused(int prot) {
        for (boolean fwb : new boolean[] {false, true}) {
            assertThat(page(prot, fwb, true)).isEqualTo(-Errno.EINVAL);
            assertThat(page(prot, fwb, true, Stage2Flag.AS_S1)).isEqualTo(-Errno.EINVAL);
        }
    }

    /** Prot bits, S2AP. */
    @ParameterizedTest
    @CsvSource({"0, 0", "1, 1", "2, 2", "3, 3"})
    void dataPermissions(int prot, int s2ap) {
        assertThat(page(prot, false, false) >> 6 & 3).isEqualTo(s2ap);
    }

    /** PX and UX, FEAT_XNX, then XN[1:0] or −1 if refused. */
    @ParameterizedTest
    @CsvSource({
        "true, true, false, 0",
        "false, false, false, 2",
        "true, false, false, -1",
        "false, true, false, -1",
        "true, true, true, 0",
        "false, false, true, 2",
        "true, false, true, 3",
        "false, true, true, 1",
    })
    void executionOfEl1AndEl0(boolean px, boolean ux, boolean xnx, int xn) {
        int prot = Prot.R | (px ? Prot.PX : 0) | (ux ? Prot.UX : 0);
        long pte = page(prot, false, xnx);
        if (xn < 0) {
            assertThat(pte).isEqualTo(-Errno.EINVAL);
        } else {
            assertThat(pte >> 53 & 3).isEqualTo(xn);
            assertThat(Stage2PageTable.ptePermissions(pte)).isEqualTo(prot);
        }
    }

    @Test
    void softwareBitsAreBits58To55() {
        for (int sw = 0; sw < 16; sw++) {
            long pte = page(Prot.R | Prot.sw(sw), false, false);
            assertThat(pte >> 55 & 15).isEqualTo(sw);
            assertThat(Stage2PageTable.ptePermissions(pte)).isEqualTo(Prot.R | Prot.sw(sw));
        }
        assertThat(Prot.sw(1)).isEqualTo(Prot.SW0);
        assertThat(Prot.sw(8)).isEqualTo(Prot.SW3);
        assertThat(Stage2PageTable.ptePermissions(5L << 55)).isEqualTo(Prot.sw(5));
    }

    @Test
    void bitsThatTheLibraryNeverSetsAreClear() {
        long pte = page(Prot.RWX | Prot.SW, false, true);
        assertThat(pte >>> 59).as("PBHA and above").isZero();
        assertThat(pte >> 51 & 3).as("contiguous, DBM").isZero();
        assertThat(pte >> 11 & 1).as("FnXS").isZero();
    }

    @Test
    void withBigPagesAddressBits51To48AreBits15To12() {
        long pa = 0xa_1234_5678_0000L;
        long pte = Descriptor.leafEntry(pa, 0, 3, 16);
        assertThat(pte).isEqualTo(0x1234_5678_a003L);
        assertThat(Descriptor.outputAddress(pte, 16)).isEqualTo(pa);
        assertThat(Descriptor.addressable(pa, 16)).isTrue();
        assertThat(Descriptor.addressable(pa, 12)).isFalse();
    }

    @Test
    void addressesThatDoNotFitAreRefused() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            Stage2PageTable table = Stage2PageTable.create(TestContext.of(12, 40), memory);
            assertThat(table.map(0, 4096, 1L << 48, Prot.R, memory.endless()))
                    .isEqualTo(-Errno.EINVAL);
            assertThat(table.map(0, 8192, (1L << 48) - 4096, Prot.R, memory.endless()))
                    .isEqualTo(-Errno.EINVAL);
            assertThat(table.map(0, 4096, (1L << 48) - 4096, Prot.R, memory.endless())).isZero();
            assertThat(memory.liveTables()).isEqualTo(2);
        }
    }

    @Test
    void annotationsAreInvalidWordsWithTheOwnerInBits9To2() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            Stage2PageTable table = Stage2PageTable.create(TestContext.of(12, 40), memory);
            assertThat(table.setOwner(0x3000, 4096, memory.endless(), 255)).isZero();
            Leaf leaf = new Leaf();
            table.getLeaf(0x3000, leaf);
            assertThat(leaf.pte()).isEqualTo(255 << 2);
            assertThat(leaf.level()).isEqualTo(3);
            assertThat(leaf.valid()).isFalse();
            assertThat(Stage2PageTable.ownerOf(leaf.pte())).isEqualTo(255);
            assertThat(Stage2PageTable.ownerOf(page(Prot.RWX, false, false))).isZero();
            long wide = 0x1234_5678_0000_0b00L;
            assertThat(table.annotate(0x3000, 4096, memory.endless(), wide)).isZero();
            table.getLeaf(0x3000, leaf);
            assertThat(leaf.pte()).isEqualTo(wide);
        }
    }

    @Test
    void theLockedWordIsInvalidAndNotCountedAsTable() {
        assertThat(Descriptor.LOCKED).isEqualTo(1 << 10);
        assertThat(Descriptor.valid(Descriptor.LOCKED)).isFalse();
    }

    @Test
    void protAsText() {
        assertThat(Prot.toString(Prot.RWX)).isEqualTo("RWX");
        assertThat(Prot.toString(Prot.R | Prot.DEVICE)).isEqualTo("R--D");
        assertThat(Prot.toString(Prot.R | Prot.UX | Prot.SW1)).isEqualTo("R-U sw=2");
        assertThat(Prot.toString(Prot.PX | NC)).isEqualTo("--PN");
    }
}
