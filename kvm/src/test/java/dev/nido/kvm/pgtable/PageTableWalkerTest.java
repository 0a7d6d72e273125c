package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** What a walk visits, in which order, and what ends it. */
class PageTableWalkerTest {

    private static final int LEAF = PageTableWalker.LEAF;
    private static final int PRE = PageTableWalker.TABLE_PRE;
    private static final int POST = PageTableWalker.TABLE_POST;
    private static final int FAULT = PageTableWalker.HANDLE_FAULT;
    private static final int SHARED = PageTableWalker.SHARED;
    private static final long G = 1L << 30;
    private static final long M2 = 1L << 21;
    private static final long K4 = 1L << 12;

    private TestMemory memory;
    private Stage2PageTable table;

    /** 512 GiB with 2 root pages of level 1; a page, a block and a huge block are mapped. */
    @BeforeEach
    void build() {
        memory = new TestMemory(12, 256);
        table = Stage2PageTable.create(TestContext.of(12, 40), memory);
        table.map(0x1000, K4, 0x5000, Prot.RWX, memory.endless());
        table.map(M2, M2, 4 * M2, Prot.RWX, memory.endless());
        table.map(2 * G, G, 4 * G, Prot.RWX, memory.endless());
    }

    @AfterEach
    void close() {
        memory.close();
    }

    /** Writes down what it visits. */
    private static final class Trace extends PageTableWalker {
        final List<String> seen = new ArrayList<>();
        private final ToIntFunction<Visit> action;

        Trace(int flags, ToIntFunction<Visit> action) {
            super(flags);
            this.action = action;
        }

        @Override
        protected int visit(Visit v, int kind) {
            String name = kind == LEAF ? "leaf" : kind == TABLE_PRE ? "pre" : "post";
            String what = v.old() == 0 ? "" : (v.old() & 1) == 0 ? "!" : "*";
            seen.add("%s %d %x%s".formatted(name, v.level(), v.addr(), what));
            return action.applyAsInt(v);
        }
    }

    private List<String> walk(int flags, long ipa, long size) {
        Trace t = new Trace(flags, v -> 0);
        assertThat(table.walk(t, ipa, size)).isZero();
        return t.seen;
    }

    @Test
    void tablesComeBeforeAndAfterTheirEntries() {
        assertThat(walk(LEAF | PRE | POST, 0x1000, 2 * K4))
                .containsExactly(
                        "pre 1 1000*",
                        "pre 2 1000*",
                        "leaf 3 1000*",
                        "leaf 3 2000",
                        "post 2 1000*",
                        "post 1 1000*");
    }

    @Test
    void invalidEntriesAreLeavesOfTheirLevel() {
        assertThat(walk(LEAF, M2 - K4, 2 * M2))
                .containsExactly("leaf 3 1ff000", "leaf 2 200000*", "leaf 2 400000");
        assertThat(walk(LEAF, G + 0x5000, G))
                .containsExactly("leaf 1 40005000", "leaf 1 80000000*");
    }

    @Test
    void eachFlagSelectsItsVisits() {
        assertThat(walk(PRE, 0, 2 * M2)).containsExactly("pre 1 0*", "pre 2 0*");
        assertThat(walk(POST, 0, 2 * M2)).containsExactly("post 2 0*", "post 1 0*");
        assertThat(walk(POST, 0x1000, K4)).containsExactly("post 2 1000*", "post 1 1000*");
        assertThat(walk(PRE | POST, 3 * G, G)).isEmpty();
    }

    @Test
    void aWalkCrossesConcatenatedRoots() {
        long last = 511 * G;
        assertThat(table.geometry().pgdPages()).isEqualTo(2);
        assertThat(walk(LEAF, last, 2 * G))
                .containsExactly("leaf 1 7fc0000000", "leaf 1 8000000000");
    }

    @Test
    void rangesAreWidenedToPages() {
        assertThat(walk(LEAF, 0x1fff, 2)).containsExactly("leaf 3 1000*", "leaf 3 2000");
        assertThat(walk(LEAF, 0x1001, 1)).containsExactly("leaf 3 1000*");
        assertThat(walk(LEAF, 0x1000, 0)).isEmpty();
        assertThat(walk(LEAF, 1L << 40, 0)).isEmpty();
        assertThat(walk(LEAF, (1L << 40) - 1, 1)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "0x10000000000, 1",
        "0xfffffff000, 0x1001",
        "0, 0x10000000001",
        "0x10000001000, 0",
        "-4096, 4096",
        "0x7ffffffffffff000, 0x1000",
        "0x1000, 0x7fffffffffffffff",
        "0x1000, -1"
    })
    void rangesOutsideTheInputSizeAreRefused(String ipa, String size) {
        Trace t = new Trace(LEAF | PRE | POST, v -> 0);
        assertThat(table.walk(t, Long.decode(ipa), Long.decode(size))).isEqualTo(-Errno.ERANGE);
        assertThat(t.seen).isEmpty();
    }

    @Test
    void aTableInstalledByTheCallbackIsEntered() {
        long child = memory.allocatePage();
        Trace t =
                new Trace(
                        LEAF,
                        v -> {
                            if (v.level() == 1) {
                                v.storeRelease(child | 3);
                            }
                            return 0;
                        });
        assertThat(table.walk(t, 5 * G, 2 * M2)).isZero();
        assertThat(t.seen)
                .containsExactly("leaf 1 140000000", "leaf 2 140000000", "leaf 2 140200000");
    }

    @Test
    void aTableReplacedByTheCallbackIsNotEntered() {
        Trace t =
                new Trace(
                        LEAF | PRE | POST,
                        v -> {
                            if (v.level() == 2) {
                                v.storeRelease(0);
                            }
                            return 0;
                        });
        assertThat(table.walk(t, 0x1000, K4)).isZero();
        assertThat(t.seen).containsExactly("pre 1 1000*", "pre 2 1000*", "post 1 1000*");
    }

    @Test
    void anEntryIsReadOnceUnlessACallbackRan() {
        // The visitor changes an entry that is visited later, and one that was visited already.
        Trace t =
                new Trace(
                        LEAF,
                        v -> {
                            if (v.addr() == 0x1000) {
                                v.memory.put64(v.at - 8, 0x77);
                                v.memory.put64(v.at + 8, 0xf4);
                            }
                            return 0;
                        });
        assertThat(table.walk(t, 0, 4 * K4)).isZero();
        assertThat(t.seen)
                .containsExactly("leaf 3 0", "leaf 3 1000*", "leaf 3 2000!", "leaf 3 3000");
    }

    @Test
    void theVisitAfterATableHasTheTableEvenIfItsEntriesWent() {
        List<Long> olds = new ArrayList<>();
        Leaf leaf = new Leaf();
        table.getLeaf(0x1000, leaf);
        Trace t =
                new Trace(
                        POST | LEAF,
                        v -> {
                            if (v.level() == 3) {
                                v.storeRelease(0);
                            } else {
                                olds.add(v.old());
                            }
                            return 0;
                        });
        assertThat(table.walk(t, 0x1000, K4)).isZero();
        assertThat(olds).hasSize(2).allMatch(old -> (old & 3) == 3);
    }

    /** Result of the callback, flags, result of the walk, whether it went on. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, true",
        "0, 16, 0, true",
        "-11, 0, 0, true",
        "-11, 8, 0, true",
        "-11, 16, -11, false",
        "-11, 24, -11, false",
        "-12, 0, -12, false",
        "-12, 16, -12, false",
        "-22, 8, -22, false",
    })
    void continueRule(int result, int flags, int walk, boolean goesOn) {
        assertThat(FAULT | SHARED).isEqualTo(24);
        for (int kind : new int[] {LEAF, PRE, POST}) {
            Trace t = new Trace(kind | flags, v -> result);
            assertThat(table.walk(t, 0, 4 * M2)).isEqualTo(walk);
            if (goesOn) {
                assertThat(t.seen).hasSizeGreaterThan(1);
            } else {
                assertThat(t.seen).hasSize(1);
            }
        }
    }

    @Test
    void sharedWalksOfTablesThatEl2OwnsAreRefused() {
        Stage2PageTable owned =
                Stage2PageTable.create(
                        TestContext.of(12, 40),
                        memory,
                        java.util.EnumSet.of(Stage2Flag.EL2_OWNED),
                        null);
        Trace t = new Trace(LEAF | SHARED, v -> 0);
        assertThat(owned.walk(t, 0, K4)).isEqualTo(-Errno.EPERM);
        assertThat(owned.map(0, K4, 0, Prot.R, memory.endless(), SHARED)).isEqualTo(-Errno.EPERM);
        assertThat(t.seen).isEmpty();
        assertThat(owned.map(0, K4, 0, Prot.R, memory.endless())).isZero();
        Leaf leaf = new Leaf();
        assertThat(owned.getLeaf(0, leaf)).isZero();
        assertThat(leaf.valid()).isTrue();
    }

    @Test
    void aLevelBelowTheLastIsAnErrorWithAWarning() {
        long before = Warn.count();
        Visit v = new Visit(memory, LEAF, 0, K4);
        assertThat(new Trace(LEAF, x -> 0).walkTable(v, 0, 4, 512)).isEqualTo(-Errno.EINVAL);
        assertThat(Warn.count()).isEqualTo(before + 1);
    }
}
