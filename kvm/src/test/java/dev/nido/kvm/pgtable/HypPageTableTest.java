package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** Stage 1 of L0 itself. */
class HypPageTableTest {

    private static final long K4 = 1L << 12;
    private static final long M2 = 1L << 21;
    private static final long G = 1L << 30;

    /** Writes down what it is asked to invalidate. */
    private static final class Recorder implements HypContext {
        final List<String> flushes = new ArrayList<>();
        boolean host;

        @Override
        public boolean host() {
            return host;
        }

        @Override
        public void flushLeaf(long va, int level) {
            flushes.add("leaf %x %d".formatted(va, level));
        }

        @Override
        public void flushTable(long va) {
            flushes.add("table %x".formatted(va));
        }
    }

    /** Lets init's root and tables come without a cache. */
    private TestMemory memory;

    private final Recorder context = new Recorder();
    private HypPageTable table;
    private final Leaf leaf = new Leaf();

    @BeforeEach
    void build() {
        memory = new TestMemory(12, 2048);
        table = new HypPageTable(context, memory);
        assertThat(table.init(48)).isZero();
    }

    @AfterEach
    void everythingIsFreed() {
        table.destroy();
        table.destroy();
        assertThat(memory.live()).isZero();
        memory.close();
    }

    private Leaf at(long va) {
        assertThat(table.getLeaf(va, leaf)).isZero();
        return leaf;
    }

    /** Granule, address bits, start level or −1 if refused. */
    @ParameterizedTest
    @CsvSource({
        "12, 48, 0", "12, 39, 1", "12, 40, 0", "12, 30, 2", "12, 52, -1", "12, 12, -1",
        "14, 48, 0", "14, 47, 1", "14, 36, 2", "16, 48, 1", "16, 42, 2", "16, 52, 1",
        "16, 64, -1", "12, 0, -1",
    })
    void startLevelFollowsFromTheAddressSize(int pageShift, int vaBits, int startLevel) {
        try (TestMemory m = new TestMemory(pageShift, 64)) {
            HypPageTable t = new HypPageTable(context, m);
            if (startLevel < 0) {
                assertThat(t.init(vaBits)).isEqualTo(-Errno.EINVAL);
                assertThat(m.live()).isZero();
            } else {
                assertThat(t.init(vaBits)).isZero();
                assertThat(t.geometry().startLevel()).isEqualTo(startLevel);
                assertThat(m.live()).isEqualTo(1);
                t.destroy();
                assertThat(m.live()).isZero();
            }
        }
    }

    @Test
    void withoutMemoryForTheRootThereIsNoTable() {
        HypPageTable t = new HypPageTable(context, memory);
        memory.failAfter = 0;
        assertThat(t.init(48)).isEqualTo(-Errno.ENOMEM);
        memory.failAfter = Integer.MAX_VALUE;
        assertThat(t.pgd()).isZero();
        assertThat(t.map(0, K4, 0, Prot.R)).isEqualTo(-Errno.EINVAL);
        assertThat(t.unmap(0, K4)).isZero();
        assertThat(t.getLeaf(0, leaf)).isEqualTo(-Errno.EINVAL);
    }

    /** Regime, prot, then AP[2:1], XN, PXN, AttrIndx. */
    @ParameterizedTest
    @CsvSource({
        "false, 1, 3, 1, 0, 0",
        "false, 3, 1, 1, 0, 0",
        "false, 13, 3, 0, 0, 0",
        "false, 19, 1, 1, 0, 4",
        "true, 1, 2, 1, 1, 0",
        "true, 3, 0, 1, 1, 0",
        "true, 13, 2, 1, 0, 0",
        "true, 77, 2, 0, 0, 0",
        "true, 17, 2, 1, 1, 4",
    })
    void encoding(boolean host, int prot, int ap, int xn, int pxn, int attribute) {
        assertThat(Prot.RX).isEqualTo(13);
        context.host = host;
        assertThat(table.map(0x5000, K4, 0x7000, prot | Prot.SW2)).isZero();
        long pte = at(0x5000).pte();
        assertThat(pte & 0xffff_ffff_f003L).isEqualTo(0x7003);
        assertThat(pte >> 6 & 3).as("AP").isEqualTo(ap);
        assertThat(pte >> 54 & 1).as("XN").isEqualTo(xn);
        assertThat(pte >> 53 & 1).as("PXN").isEqualTo(pxn);
        assertThat(pte >> 2 & 7).as("AttrIndx").isEqualTo(attribute);
        assertThat(pte >> 8 & 3).as("SH").isEqualTo(3);
        assertThat(pte >> 10 & 1).as("AF").isEqualTo(1);
        assertThat(pte >> 11 & 1).as("nG").isZero();
        assertThat(pte >> 55 & 15).as("SW").isEqualTo(4);
        assertThat(table.pteProt(pte)).isEqualTo(prot | Prot.SW2);
    }

    @Test
    void anInvalidDescriptorHasSoftwareBitsOnly() {
        assertThat(table.pteProt(3L << 55 | 0xf0)).isEqualTo(Prot.SW0 | Prot.SW1);
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                0,
                Prot.W,
                Prot.X,
                Prot.RWX,
                Prot.RX | Prot.DEVICE,
                Prot.R | Prot.NORMAL_NC,
                Prot.R | Prot.EL0_X
            })
    void protThatIsRefused(int prot) {
        assertThat(table.map(0, K4, 0, prot)).isEqualTo(-Errno.EINVAL);
        assertThat(memory.live()).isEqualTo(1);
    }

    @Test
    void theLargestBlocksThatFitAreUsed() {
        assertThat(table.map(G - M2 - K4, G + 2 * M2, 3 * G - M2 - K4, Prot.RW)).isZero();
        assertThat(at(G - M2 - K4).level()).isEqualTo(3);
        assertThat(at(G - M2).level()).isEqualTo(2);
        assertThat(at(G).level()).isEqualTo(1);
        assertThat(at(2 * G).level()).isEqualTo(3);
        assertThat(at(2 * G + M2 - K4).pte()).isZero();
        assertThat(at(G + 5).translate(G + 5)).isEqualTo(3 * G + 5);
        assertThat(context.flushes).isEmpty();
    }

    @Test
    void theSameAgainIsNothingAndSoftwareBitsMayChange() {
        table.map(0, M2, 0, Prot.RW);
        int live = memory.live();
        long root = memory.pageCount(table.pgd());
        assertThat(table.map(0, M2, 0, Prot.RW)).isZero();
        assertThat(table.map(0, M2, 0, Prot.RW | Prot.SW1)).isZero();
        assertThat(at(0).software()).isEqualTo(2);
        assertThat(memory.live()).isEqualTo(live);
        assertThat(memory.pageCount(table.pgd())).isEqualTo((int) root);
        assertThat(context.flushes).isEmpty();
    }

    @Test
    void anythingElseIsRefusedWithAWarning() {
        table.map(0, K4, 0, Prot.RW);
        table.map(M2, M2, M2, Prot.RW);
        long before = Warn.count();
        assertThat(table.map(0, K4, K4, Prot.RW)).isEqualTo(-Errno.EINVAL);
        assertThat(table.map(0, K4, 0, Prot.R)).isEqualTo(-Errno.EINVAL);
        assertThat(table.map(M2, K4, M2, Prot.RW)).isEqualTo(-Errno.EINVAL);
        assertThat(table.map(5 * M2, K4, 0x123, Prot.RW)).isEqualTo(-Errno.EINVAL);
        assertThat(Warn.count()).isEqualTo(before + 4);
        assertThat(table.pteProt(at(0).pte())).isEqualTo(Prot.RW);
        assertThat(at(M2).level()).isEqualTo(2);
    }

    @Test
    void rangesOutsideTheAddressSizeAreRefused() {
        assertThat(table.map(1L << 48, K4, 0, Prot.R)).isEqualTo(-Errno.ERANGE);
        assertThat(table.map(0, K4, 1L << 48, Prot.R)).isEqualTo(-Errno.EINVAL);
        assertThat(table.getLeaf(1L << 48, leaf)).isEqualTo(-Errno.ERANGE);
    }

    @Test
    void outOfMemoryLeavesACorrectTable() {
        for (int n = 0; n < 3; n++) {
            memory.failAfter = n;
            assertThat(table.map(0, K4, 0, Prot.R)).isEqualTo(-Errno.ENOMEM);
            assertThat(memory.live()).isEqualTo(1 + n);
            memory.failAfter = Integer.MAX_VALUE;
            table.destroy();
            assertThat(memory.live()).isZero();
            assertThat(table.init(48)).isZero();
        }
    }

    @Test
    void unmappingInvalidatesLeavesThenTables() {
        table.map(G, 2 * K4, 0, Prot.R);
        assertThat(table.unmap(G, 2 * K4)).isEqualTo(2 * K4);
        assertThat(context.flushes)
                .containsExactly(
                        "leaf 40000000 3",
                        "leaf 40001000 3",
                        "table 40000000",
                        "table 40000000",
                        "table 40000000");
        assertThat(memory.live()).isEqualTo(1);
    }

    @Test
    void unmappingStopsAtAHole() {
        table.map(0, 2 * K4, 0, Prot.R);
        table.map(3 * K4, K4, 0, Prot.R);
        assertThat(table.unmap(0, 4 * K4)).isEqualTo(2 * K4);
        assertThat(at(3 * K4).valid()).isTrue();
        assertThat(table.unmap(0, 4 * K4)).isZero();
    }

    @Test
    void unmappingStopsAtABlockThatReachesOverTheEnd() {
        table.map(0, 2 * M2, 0, Prot.R);
        assertThat(table.unmap(0, M2 + K4)).isEqualTo(M2);
        assertThat(at(M2).valid()).isTrue();
        assertThat(context.flushes).containsExactly("leaf 0 2");
        assertThat(table.unmap(1L << 48, K4)).isZero();
    }

    @Test
    void withoutCountsNothingIsUnmapped() {
        TestMemory uncounted =
                new TestMemory(12, 64) {
                    @Override
                    public int pageCount(long pa) {
                        return -1;
                    }
                };
        try (uncounted) {
            HypPageTable t = new HypPageTable(context, uncounted);
            t.init(48);
            t.map(0, K4, 0, Prot.R);
            assertThat(t.unmap(0, K4)).isZero();
            t.getLeaf(0, leaf);
            assertThat(leaf.valid()).isTrue();
            t.destroy();
            assertThat(uncounted.live()).isZero();
        }
    }

    @Test
    void destroyInvalidatesNothing() {
        table.map(0, G, 0, Prot.R);
        table.map(3 * G, 5 * K4, 0, Prot.R);
        table.destroy();
        assertThat(context.flushes).isEmpty();
        assertThat(memory.live()).isZero();
        assertThat(table.pgd()).isZero();
    }
}
