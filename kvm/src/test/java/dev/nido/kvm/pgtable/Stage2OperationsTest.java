package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Everything but mapping: owners, unmapping, attributes, splitting, detached tables. */
class Stage2OperationsTest {

    private static final long K4 = 1L << 12;
    private static final long M2 = 1L << 21;
    private static final long G = 1L << 30;
    private static final int SHARED = PageTableWalker.SHARED;

    private TestMemory memory;
    private TestContext context;
    private Stage2PageTable table;
    private final Leaf leaf = new Leaf();

    @BeforeEach
    void build() {
        memory = new TestMemory(12, 2048);
        context = TestContext.of(12, 40);
        table = Stage2PageTable.create(context, memory);
    }

    @AfterEach
    void everythingIsCountedAndFreed() {
        new TableContents(memory, context.vtcr).read(table.pgd(), 0);
        table.destroy();
        assertThat(memory.live()).isZero();
        memory.close();
    }

    private void map(long ipa, long size, long pa, int prot) {
        assertThat(table.map(ipa, size, pa, prot, memory.endless())).isZero();
    }

    private Leaf at(long ipa) {
        assertThat(table.getLeaf(ipa, leaf)).isZero();
        return leaf;
    }

    private int permissions(long ipa) {
        return Stage2PageTable.ptePermissions(at(ipa).pte());
    }

    // Owners

    @Test
    void settingAnOwnerUnmapsPageByPage() {
        map(0, M2, G, Prot.RW);
        assertThat(table.setOwner(0, M2, memory.endless(), 9)).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 2");
        for (long ipa : new long[] {0, 3 * K4, M2 - K4}) {
            assertThat(at(ipa).level()).isEqualTo(3);
            assertThat(Stage2PageTable.ownerOf(leaf.pte())).isEqualTo(9);
        }
    }

    @Test
    void ownerZeroIsNobodyAndNotCounted() {
        map(0, 2 * K4, G, Prot.RW);
        table.setOwner(2 * K4, K4, memory.endless(), 5);
        assertThat(table.setOwner(0, 3 * K4, memory.endless(), 0)).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 3", "ipa 1000 3");
        assertThat(at(2 * K4).pte()).isZero();
        // Of the last table only its own reference is left: unmapping frees it.
        assertThat(table.unmap(0, 3 * K4)).isZero();
        assertThat(memory.liveTables()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 256, 1000, Integer.MIN_VALUE})
    void ownersAre0To255(int owner) {
        assertThat(table.setOwner(0, K4, memory.endless(), owner)).isEqualTo(-Errno.EINVAL);
        assertThat(at(0).level()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 3, 1 << 10, 0xfffL})
    void annotationsAreInvalidAndNotLocked(long annotation) {
        assertThat(table.annotate(0, K4, memory.endless(), annotation)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void unmappingAnOwnedPageNeedsNoInvalidation() {
        table.setOwner(0, 3 * K4, memory.endless(), 5);
        assertThat(table.unmap(0, 3 * K4)).isZero();
        assertThat(memory.liveTables()).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 ?", "ipa 0 ?");
    }

    @Test
    void mappingAnOwnedPageTakesTheMarkAway() {
        table.setOwner(0, K4, memory.endless(), 5);
        map(0, K4, G, Prot.R);
        assertThat(context.flushes).isEmpty();
        assertThat(at(0).valid()).isTrue();
    }

    @Test
    void anAnnotationInSoftwareBitsIsCountedLikeAnyOther() {
        map(K4, K4, 0, Prot.R);
        long page = entry(K4);
        assertThat(memory.pageCount(page)).isEqualTo(2);
        assertThat(table.annotate(0, K4, memory.endless(), 3L << 55)).isZero();
        assertThat(memory.pageCount(page)).isEqualTo(3);
        assertThat(table.annotate(0, K4, memory.endless(), 5L << 55)).isZero();
        assertThat(memory.pageCount(page)).isEqualTo(3);
        assertThat(table.annotate(0, K4, memory.endless(), 0)).isZero();
        assertThat(memory.pageCount(page)).isEqualTo(2);
        assertThat(context.flushes).isEmpty();
    }

    /** Address of the entry where a walk ends. */
    private long entry(long ipa) {
        long[] found = {0};
        table.walk(
                new PageTableWalker(PageTableWalker.LEAF) {
                    @Override
                    protected int visit(Visit v, int kind) {
                        found[0] = v.entryAddress();
                        return 0;
                    }
                },
                ipa,
                1);
        return found[0];
    }

    @Test
    void everyCountedEntryHoldsAReferenceToItsPage() {
        map(0, K4, 0, Prot.R);
        long page = entry(0);
        assertThat(memory.pageCount(page)).as("itself and a leaf").isEqualTo(2);
        assertThat(memory.pageCount(table.pgd())).as("itself and a table").isEqualTo(2);
        map(K4, 3 * K4, K4, Prot.R);
        assertThat(memory.pageCount(page)).isEqualTo(5);
        map(K4, K4, G, Prot.R);
        assertThat(memory.pageCount(page)).as("replaced").isEqualTo(5);
        table.setOwner(0, 2 * K4, memory.endless(), 3);
        assertThat(memory.pageCount(page)).as("leaves became annotations").isEqualTo(5);
        table.setOwner(0, K4, memory.endless(), 0);
        assertThat(memory.pageCount(page)).as("nobody isn't counted").isEqualTo(4);
        table.wrprotect(0, M2);
        table.mkold(0, M2);
        table.relaxPerms(2 * K4, Prot.RWX, 0);
        assertThat(memory.pageCount(page)).as("attributes").isEqualTo(4);
        table.unmap(K4, 3 * K4);
        assertThat(memory.pageCount(page)).as("freed").isZero();
        assertThat(memory.pageCount(table.pgd())).isEqualTo(1);
    }

    // Unmap

    @Test
    void leavesAreInvalidatedAtTheirLevelAndTablesAtAny() {
        map(G, K4, 0, Prot.R);
        map(G + M2, M2, 0, Prot.R);
        map(2 * G, G, 0, Prot.R);
        assertThat(table.unmap(G, 2 * G)).isZero();
        assertThat(context.flushes)
                .containsExactly(
                        "ipa 40000000 3",
                        "ipa 40000000 ?",
                        "ipa 40200000 2",
                        "ipa 40000000 ?",
                        "ipa 80000000 1");
        assertThat(memory.liveTables()).isZero();
    }

    @Test
    void tablesWithOtherEntriesStay() {
        map(0, 2 * K4, 0, Prot.R);
        assertThat(table.unmap(0, K4)).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 3");
        assertThat(at(K4).valid()).isTrue();
        assertThat(memory.liveTables()).isEqualTo(2);
    }

    @Test
    void aBlockThatIsPartlyInTheRangeGoesAsAWhole() {
        map(M2, M2, 0, Prot.R);
        assertThat(table.unmap(M2 + 5 * K4, K4)).isZero();
        assertThat(context.flushes.getFirst()).isEqualTo("ipa 200000 2");
        assertThat(at(M2).valid()).isFalse();
        assertThat(memory.liveTables()).isZero();
    }

    @Test
    void unmappingNothingDoesNothing() {
        assertThat(table.unmap(0, 1L << 40)).isZero();
        assertThat(context.flushes).isEmpty();
    }

    /** FWB, range TLBI, cache maintenance, then whether one invalidation is enough. */
    @ParameterizedTest
    @CsvSource({
        "true, true, true, true",
        "true, false, true, false",
        "false, true, true, false",
        "false, true, false, true",
        "false, false, false, false",
    })
    void rangeInvalidationOfUnmapIsDeferredToTheEnd(
            boolean fwb, boolean ranges, boolean caches, boolean deferred) {
        context.fwb = fwb;
        context.ranges = ranges;
        memory.maintainsCaches = caches;
        Stage2PageTable t = Stage2PageTable.create(context, memory);
        t.map(M2, 4 * K4, 0, Prot.R, memory.endless());
        t.unmap(M2 + 0x800, 2 * K4);
        if (deferred) {
            assertThat(context.flushes).containsExactly("range 200000 3");
        } else {
            assertThat(context.flushes)
                    .containsExactly("ipa 200000 3", "ipa 201000 3", "ipa 202000 3");
        }
        context.flushes.clear();
        t.unmap(0, 2 * M2);
        assertThat(context.flushes)
                .contains("ipa 200000 ?")
                .endsWith(deferred ? "range 0 1024" : "ipa 0 ?");
        t.destroy();
    }

    // Attributes

    @Test
    void writeProtectionTakesWAloneAndInvalidatesNothing() {
        map(0, 3 * K4, G, Prot.RWX | Prot.SW0 | Prot.SW1);
        table.setOwner(4 * K4, K4, memory.endless(), 3);
        assertThat(table.wrprotect(0, M2)).isZero();
        assertThat(permissions(K4)).isEqualTo(Prot.RX | Prot.SW0 | Prot.SW1);
        assertThat(Stage2PageTable.ownerOf(at(4 * K4).pte())).isEqualTo(3);
        assertThat(context.flushes).isEmpty();
    }

    @Test
    void writeProtectedPagesGetWBackOneFaultAtATimeWithTheirSoftwareBits() {
        map(0, 3 * K4, G, Prot.RW | Prot.SW0 | Prot.SW1);
        table.wrprotect(0, 3 * K4);
        assertThat(table.relaxPerms(K4, Prot.RW, SHARED)).isZero();
        assertThat(context.flushes).containsExactly("nsh 1000 3");
        assertThat(permissions(0)).isEqualTo(Prot.R | Prot.SW0 | Prot.SW1);
        assertThat(permissions(K4)).isEqualTo(Prot.RW | Prot.SW0 | Prot.SW1);
        assertThat(permissions(2 * K4)).isEqualTo(Prot.R | Prot.SW0 | Prot.SW1);
    }

    @Test
    void relaxingAddsAndNeverTakesAway() {
        map(M2, M2, G, Prot.RX);
        assertThat(table.relaxPerms(M2 + K4, Prot.W, 0)).isZero();
        assertThat(permissions(M2)).isEqualTo(Prot.RWX);
        assertThat(context.flushes).containsExactly("nsh 201000 2");
        assertThat(table.relaxPerms(M2, 0, 0)).isZero();
        assertThat(permissions(M2)).isEqualTo(Prot.RWX);
    }

    @Test
    void relaxingRefusesSoftwareBitsAndKeepsThoseThatThereAre() {
        map(0, K4, G, Prot.R | Prot.SW2);
        for (int bit : new int[] {Prot.SW0, Prot.SW1, Prot.SW2, Prot.SW3}) {
            assertThat(table.relaxPerms(0, Prot.RW | bit, 0)).isEqualTo(-Errno.EINVAL);
        }
        assertThat(context.flushes).isEmpty();
        assertThat(table.relaxPerms(0, Prot.RW, 0)).isZero();
        assertThat(permissions(0)).isEqualTo(Prot.RW | Prot.SW2);
    }

    /** The observable check of nested item 05. */
    @Test
    void softwareBitsSurviveRelaxing() {
        map(0, K4, G, Prot.R | Prot.SW0 | Prot.SW1);
        assertThat(table.relaxPerms(0, Prot.RW, 0)).isZero();
        assertThat(at(0).pte() >> 55 & 3).isEqualTo(3);
        assertThat(at(0).pte() >> 7 & 1).isEqualTo(1);
    }

    @Test
    void theOtherFormReplacesAllSoftwareBits() {
        map(0, K4, G, Prot.R | Prot.SW0 | Prot.SW1);
        assertThat(table.relaxPermsAndSw(0, Prot.W | Prot.SW3, SHARED)).isZero();
        assertThat(permissions(0)).isEqualTo(Prot.RW | Prot.SW3);
        assertThat(table.relaxPermsAndSw(0, Prot.W, 0)).isZero();
        assertThat(permissions(0)).isEqualTo(Prot.RW);
        assertThat(context.flushes).containsExactly("nsh 0 3", "nsh 0 3");
    }

    @Test
    void otherOperationsKeepSoftwareBits() {
        map(0, M2, G, Prot.RW | Prot.SW1 | Prot.SW3);
        table.wrprotect(0, M2);
        table.mkold(0, M2);
        table.mkyoung(0, 0);
        assertThat(at(0).software()).isEqualTo(10);
        table.split(0, M2, memory.endless());
        assertThat(at(K4).level()).isEqualTo(3);
        assertThat(at(K4).software()).isEqualTo(10);
    }

    @Test
    void relaxingWhatIsNotMappedIsEagainAndInvalidatesAtAnyLevel() {
        assertThat(table.relaxPerms(5 * K4 + 8, Prot.RW, SHARED)).isEqualTo(-Errno.EAGAIN);
        table.setOwner(M2, K4, memory.endless(), 1);
        assertThat(table.relaxPerms(M2, Prot.RW, SHARED)).isEqualTo(-Errno.EAGAIN);
        assertThat(context.flushes).containsExactly("nsh 5000 ?", "nsh 200000 ?");
    }

    @Test
    void makingExecutableInvalidatesInstructionCachesOnce() {
        map(0, M2, G, Prot.RW);
        assertThat(memory.icacheCalls).hasValue(0);
        table.relaxPerms(0, Prot.X, 0);
        assertThat(memory.icacheCalls).hasValue(1);
        assertThat(memory.icacheBytes).isEqualTo(M2);
        table.relaxPerms(0, Prot.X, 0);
        assertThat(memory.icacheCalls).hasValue(1);
    }

    @Test
    void withoutXnxRelaxingExecutionOfOneLevelIsRefused() {
        map(0, K4, G, Prot.R);
        assertThat(table.relaxPerms(0, Prot.UX, 0)).isEqualTo(-Errno.EINVAL);
        assertThat(context.flushes).isEmpty();
    }

    @Test
    void withXnxRelaxingReplacesTheExecutionField() {
        context.xnx = true;
        Stage2PageTable t = Stage2PageTable.create(context, memory);
        t.map(0, K4, G, Prot.R, memory.endless());
        for (int x : new int[] {Prot.UX, Prot.PX, Prot.X}) {
            assertThat(t.relaxPerms(0, x, 0)).isZero();
            t.getLeaf(0, leaf);
            assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.R | x);
        }
        t.relaxPerms(0, Prot.W, 0);
        t.getLeaf(0, leaf);
        assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RWX);
        t.destroy();
    }

    @Test
    void ageingLooksAtTheAccessFlagAndInvalidatesNothing() {
        map(0, K4, G, Prot.RW);
        map(M2, M2, G, Prot.RW);
        assertThat(table.isYoung(0)).isTrue();
        assertThat(table.testClearYoung(0, 2 * M2, false)).isTrue();
        assertThat(table.mkold(M2, K4)).isTrue();
        assertThat(table.isYoung(M2)).isFalse();
        assertThat(at(M2).young()).isFalse();
        assertThat(table.isYoung(0)).isTrue();
        assertThat(table.mkold(0, 2 * M2)).isTrue();
        assertThat(table.mkold(0, 2 * M2)).isFalse();
        assertThat(table.isYoung(5 * G)).isFalse();
        assertThat(context.flushes).isEmpty();
        assertThat(table.mkyoung(M2 + K4, SHARED)).isZero();
        assertThat(table.isYoung(M2)).isTrue();
        assertThat(table.mkyoung(5 * G, SHARED)).isEqualTo(-Errno.EAGAIN);
        table.setOwner(6 * G, K4, memory.endless(), 4);
        assertThat(table.mkyoung(6 * G, 0)).isEqualTo(-Errno.EAGAIN);
        assertThat(Stage2PageTable.ownerOf(at(6 * G).pte())).isEqualTo(4);
    }

    @Test
    void anAnnotationIsNeverYoung() {
        table.annotate(0, K4, memory.endless(), 0x0bfcL);
        assertThat(table.isYoung(0)).isFalse();
    }

    @Test
    void flushingCleansWhatIsCacheable() {
        map(0, 3 * K4, G, Prot.RW);
        map(4 * K4, K4, G, Prot.RW | Prot.DEVICE);
        map(5 * K4, K4, G, Prot.RW | Prot.NORMAL_NC);
        memory.dcacheCalls.set(0);
        memory.dcacheBytes = 0;
        assertThat(table.flush(0, M2)).isZero();
        assertThat(memory.dcacheCalls).hasValue(3);
        assertThat(memory.dcacheBytes).isEqualTo(3 * K4);
    }

    // Split

    @Test
    void splittingABigBlockWithAFullCacheGoesDownToPages() {
        map(G, G, 2 * G, Prot.RX | Prot.SW3);
        TestMemory.TestCache cache = memory.cache(513);
        assertThat(table.split(G, G, cache)).isZero();
        assertThat(cache.available()).isZero();
        assertThat(context.flushes).containsExactly("ipa 40000000 1");
        for (long ipa = G; ipa < 2 * G; ipa += 37 * K4) {
            assertThat(at(ipa).level()).isEqualTo(3);
            assertThat(leaf.outputAddress()).isEqualTo(G + ipa);
            assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RX | Prot.SW3);
        }
    }

    @Test
    void splittingABigBlockWithOnePageGoesOneLevelDown() {
        map(G, G, 2 * G, Prot.RX);
        TestMemory.TestCache cache = memory.cache(1);
        assertThat(table.split(G, G, cache)).isEqualTo(-Errno.ENOMEM);
        assertThat(cache.available()).isZero();
        assertThat(at(G + 5 * M2).level()).isEqualTo(2);
        assertThat(at(G + 5 * M2).outputAddress()).isEqualTo(2 * G + 5 * M2);
        assertThat(memory.liveTables()).isEqualTo(1);
    }

    @Test
    void splittingABigBlockWithSomePagesSplitsAsFarAsTheyReach() {
        map(G, G, 2 * G, Prot.RX);
        TestMemory.TestCache cache = memory.cache(4);
        assertThat(table.split(G + M2, 2 * M2, cache)).isZero();
        assertThat(cache.available()).isEqualTo(1);
        assertThat(at(G).level()).isEqualTo(2);
        assertThat(at(G + M2).level()).isEqualTo(3);
        assertThat(at(G + 2 * M2).level()).isEqualTo(3);
        assertThat(at(G + 3 * M2).level()).isEqualTo(2);
        cache.drain(memory);
    }

    @Test
    void splittingWithoutPagesChangesNothing() {
        map(G, G, 2 * G, Prot.RX);
        assertThat(table.split(G, G, memory.cache(0))).isEqualTo(-Errno.ENOMEM);
        assertThat(at(G).level()).isEqualTo(1);
        assertThat(context.flushes).isEmpty();
    }

    /** Granule, pages for a block of level 2. */
    @ParameterizedTest
    @CsvSource({"12, 1", "14, 1", "16, 1"})
    void splittingASmallBlockTakesOnePage(int pageShift, int pages) {
        try (TestMemory m = new TestMemory(pageShift, 64)) {
            TestContext c = TestContext.of(pageShift, 40);
            Stage2PageTable t = Stage2PageTable.create(c, m);
            long block = t.geometry().size(2);
            t.map(block, block, 3 * block, Prot.RW | Prot.DEVICE | Prot.SW0, m.endless());
            TestMemory.TestCache cache = m.cache(pages);
            assertThat(t.split(block, block, cache)).isZero();
            assertThat(cache.available()).isZero();
            assertThat(c.flushes).containsExactly("ipa %x 2".formatted(block));
            t.getLeaf(2 * block - 1, leaf);
            assertThat(leaf.level()).isEqualTo(3);
            assertThat(leaf.outputAddress()).isEqualTo(4 * block - t.geometry().pageSize());
            assertThat(leaf.pte() >> 2 & 15).as("still a device").isEqualTo(1);
            assertThat(leaf.software()).isEqualTo(1);
            new TableContents(m, c.vtcr).read(t.pgd(), 0);
            t.destroy();
            assertThat(m.live()).isZero();
        }
    }

    @Test
    void splittingLeavesPagesHolesAndOwnersAlone() {
        map(0, 3 * K4, G, Prot.RW);
        table.setOwner(4 * K4, K4, memory.endless(), 6);
        assertThat(table.split(0, 8 * G, memory.cache(0))).isZero();
        assertThat(context.flushes).isEmpty();
        assertThat(Stage2PageTable.ownerOf(at(4 * K4).pte())).isEqualTo(6);
    }

    // Detached tables

    @Test
    void aDetachedTableMapsWhatTheBlockWould() {
        long child = table.createUnlinked(4 * M2, 2, Prot.RX | Prot.SW1, memory.endless(), true);
        assertThat(child).isPositive();
        assertThat(memory.pageCount(child)).isEqualTo(513);
        for (int i = 0; i < 512; i++) {
            long pte = memory.memory.get64(child - TestMemory.BASE + 8 * i);
            assertThat(pte & 0xffff_ffff_f000L).isEqualTo(4 * M2 + i * K4);
            assertThat(Stage2PageTable.ptePermissions(pte)).isEqualTo(Prot.RX | Prot.SW1);
        }
        assertThat(memory.icacheCalls).as("no cache maintenance").hasValue(0);
        assertThat(memory.dcacheCalls).hasValue(0);
        assertThat(context.flushes).isEmpty();
        Stage2PageTable.freeUnlinked(memory, child, 2);
        assertThat(memory.liveTables()).isZero();
    }

    @Test
    void aDetachedTableOfABigBlockHasBlocksUnlessPagesAreForced() {
        long blocks = table.createUnlinked(G, 1, Prot.R, memory.endless(), false);
        assertThat(memory.liveTables()).isEqualTo(1);
        Stage2PageTable.freeUnlinked(memory, blocks, 1);
        long pages = table.createUnlinked(G, 1, Prot.R, memory.endless(), true);
        assertThat(memory.liveTables()).isEqualTo(513);
        Stage2PageTable.freeUnlinked(memory, pages, 1);
        assertThat(memory.liveTables()).isZero();
    }

    @Test
    void aDetachedTableThatCanNotBeBuiltLeavesNothing() {
        assertThat(table.createUnlinked(M2 + K4, 2, Prot.R, memory.endless(), true))
                .isEqualTo(-Errno.EINVAL);
        assertThat(table.createUnlinked(M2, 2, Prot.RX | Prot.DEVICE, memory.endless(), true))
                .isEqualTo(-Errno.EINVAL);
        TestMemory.TestCache cache = memory.cache(10);
        assertThat(table.createUnlinked(G, 1, Prot.R, cache, true)).isEqualTo(-Errno.ENOMEM);
        cache.drain(memory);
        assertThat(table.createUnlinked(G, 1, Prot.R, memory.cache(0), true))
                .isEqualTo(-Errno.ENOMEM);
        long before = Warn.count();
        assertThat(table.createUnlinked(0, 3, Prot.R, memory.endless(), true))
                .isEqualTo(-Errno.EINVAL);
        assertThat(Warn.count()).isEqualTo(before + 1);
        assertThat(memory.liveTables()).isZero();
    }

    @Test
    void freeingADetachedTableThatIsStillReferencedWarns() {
        long child = table.createUnlinked(0, 2, Prot.R, memory.endless(), true);
        memory.getPage(child);
        long before = Warn.count();
        Stage2PageTable.freeUnlinked(memory, child, 2);
        assertThat(Warn.count()).isEqualTo(before + 1);
        memory.putPage(child);
        assertThat(memory.liveTables()).isZero();
    }
}
