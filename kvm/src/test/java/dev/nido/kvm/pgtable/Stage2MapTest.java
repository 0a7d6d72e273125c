package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.EnumSet;

/** Mapping: which leaves appear, what is replaced, and in which order. */
class Stage2MapTest {

    private static final long K4 = 1L << 12;
    private static final long M2 = 1L << 21;
    private static final long G = 1L << 30;
    private static final int FAULT = PageTableWalker.HANDLE_FAULT;
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

    private int map(long ipa, long size, long pa, int prot) {
        return table.map(ipa, size, pa, prot, memory.endless());
    }

    private Leaf at(long ipa) {
        assertThat(table.getLeaf(ipa, leaf)).isZero();
        return leaf;
    }

    /**
     * All alignments of address, output and size to page, small block and (4 KiB) big block: the
     * largest legal leaf is chosen at every address.
     */
    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void theLargestLegalBlockIsChosen(int pageShift) {
        try (TestMemory m = new TestMemory(pageShift, 1024)) {
            long page = 1L << pageShift;
            long block = 1L << pageShift + pageShift - 3;
            long huge = pageShift == 12 ? G : block;
            long[] offsets = {0, page, block - page, block, huge - block, huge - page};
            long[] sizes = {page, 2 * page, block, block + page, 2 * block, huge};
            for (long ipaOffset : offsets) {
                for (long paOffset : offsets) {
                    for (long size : sizes) {
                        // Of long ranges with pages only, there is nothing more to see.
                        boolean pages = ((ipaOffset ^ paOffset) & block - 1) != 0;
                        if (!pages || size <= 2 * page) {
                            checkLeaves(m, 4 * huge + ipaOffset, 8 * huge + paOffset, size);
                        }
                    }
                }
            }
            assertThat(m.live()).isZero();
        }
    }

    private static void checkLeaves(TestMemory m, long ipa, long pa, long size) {
        TestContext context = TestContext.of(m.pageShift, 40);
        Stage2PageTable table = Stage2PageTable.create(context, m);
        assertThat(table.map(ipa, size, pa, Prot.RWX, m.endless())).isZero();
        TableContents contents = new TableContents(m, context.vtcr);
        contents.read(table.pgd(), 0);
        int i = 0;
        for (long done = 0; done < size; i++) {
            int level = m.pageShift == 12 ? 1 : 2;
            while (level < 3) {
                long s = 1L << TableContents.shift(m.pageShift, level);
                if (s <= size - done && (ipa + done) % s == 0 && (pa + done) % s == 0) {
                    break;
                }
                level++;
            }
            assertThat(contents.ipa[i]).isEqualTo(ipa + done);
            assertThat(contents.level[i]).isEqualTo(level);
            assertThat(contents.output(contents.pte[i])).isEqualTo(pa + done);
            done += contents.sizeOf(i);
        }
        assertThat(contents.leaves).isEqualTo(i);
        table.destroy();
    }

    @Test
    void mappingWhatWasNotMappedInvalidatesNothing() {
        assertThat(map(0, M2 + K4, G, Prot.RWX)).isZero();
        assertThat(context.flushes).isEmpty();
        assertThat(at(0).level()).isEqualTo(2);
        assertThat(at(M2).level()).isEqualTo(3);
        assertThat(at(M2).outputAddress()).isEqualTo(G + M2);
    }

    @Test
    void aPageInsideABlockDropsTheBlock() {
        map(0, M2, G, Prot.RWX);
        assertThat(map(5 * K4, K4, 2 * G, Prot.RW)).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 2");
        assertThat(at(5 * K4).outputAddress()).isEqualTo(2 * G);
        assertThat(at(4 * K4).pte()).isZero();
        assertThat(at(6 * K4).pte()).isZero();
    }

    @Test
    void aBlockOverTablesFreesThemAndInvalidatesTheirRange() {
        map(G, K4, 0, Prot.RW);
        map(G + 3 * M2, 4 * K4, 0, Prot.RW);
        assertThat(memory.liveTables()).isEqualTo(3);
        assertThat(map(G, G, 4 * G, Prot.RWX)).isZero();
        assertThat(context.flushes).containsExactly("range 40000000 262144");
        assertThat(memory.liveTables()).isZero();
        assertThat(at(G + 3 * M2 + K4).translate(G + 3 * M2 + K4)).isEqualTo(4 * G + 3 * M2 + K4);
    }

    @Test
    void exactlyTheSameAgainIsEagainForAFaultHandlerAndNothingElsewhere() {
        map(0, M2, G, Prot.RW);
        long before = at(0).pte();
        assertThat(table.map(0, M2, G, Prot.RW, null, FAULT)).isEqualTo(-Errno.EAGAIN);
        assertThat(table.map(0, M2, G, Prot.RW, null, FAULT | SHARED)).isEqualTo(-Errno.EAGAIN);
        assertThat(table.map(0, M2, G, Prot.RW, null, SHARED)).isZero();
        assertThat(map(0, M2, G, Prot.RW)).isZero();
        assertThat(at(0).pte()).isEqualTo(before);
        assertThat(context.flushes).isEmpty();
    }

    @Test
    void otherPermissionsAloneAreLeftToRelaxing() {
        map(0, K4, G, Prot.R);
        assertThat(table.map(0, K4, G, Prot.RWX, null, FAULT)).isEqualTo(-Errno.EAGAIN);
        assertThat(map(0, K4, G, Prot.RWX)).isZero();
        assertThat(Stage2PageTable.ptePermissions(at(0).pte())).isEqualTo(Prot.R);
        assertThat(context.flushes).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void execPermissionPerExceptionLevelIsAPermissionToo(boolean xnx) {
        context.xnx = xnx;
        Stage2PageTable t = Stage2PageTable.create(context, memory);
        t.map(0, K4, G, Prot.RX, memory.endless());
        int prot = xnx ? Prot.R | Prot.PX : Prot.R;
        assertThat(t.map(0, K4, G, prot, null, FAULT)).isEqualTo(-Errno.EAGAIN);
        t.destroy();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, FAULT, SHARED, SHARED | FAULT})
    void anotherOutputAddressIsBrokenFirstWithOneInvalidation(int flags) {
        map(M2, M2, G, Prot.RW);
        int[] seen = {0};
        TestContext watching =
                new TestContext(context.vtcr) {
                    @Override
                    public void flushVmidIpa(long ipa, int level) {
                        super.flushVmidIpa(ipa, level);
                        seen[0]++;
                    }
                };
        Stage2PageTable[] t = {null};
        TestContext checking =
                new TestContext(context.vtcr) {
                    @Override
                    public void flushVmidIpa(long ipa, int level) {
                        watching.flushVmidIpa(ipa, level);
                        Leaf l = new Leaf();
                        t[0].getLeaf(ipa, l);
                        assertThat(l.pte()).as("while invalidating").isEqualTo(Descriptor.LOCKED);
                    }
                };
        t[0] = Stage2PageTable.create(checking, memory);
        t[0].map(M2, M2, G, Prot.RW, memory.endless());
        assertThat(t[0].map(M2, M2, 2 * G, Prot.RW, null, flags)).isZero();
        assertThat(seen[0]).isEqualTo(1);
        assertThat(watching.flushes).containsExactly("ipa 200000 2");
        t[0].getLeaf(M2, leaf);
        assertThat(leaf.outputAddress()).isEqualTo(2 * G);
        t[0].destroy();
    }

    @Test
    void anotherMemoryTypeIsBrokenFirst() {
        map(0, K4, G, Prot.RW);
        assertThat(map(0, K4, G, Prot.RW | Prot.DEVICE)).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 3");
        assertThat(at(0).pte() >> 2 & 15).isEqualTo(1);
    }

    @Test
    void softwareBitsAloneAreStoredInPlaceByAnExclusiveWalkAndBrokenByASharedOne() {
        map(0, K4, G, Prot.RW | Prot.SW0);
        assertThat(map(0, K4, G, Prot.RW | Prot.SW1 | Prot.SW2)).isZero();
        assertThat(context.flushes).isEmpty();
        assertThat(at(0).software()).isEqualTo(6);
        assertThat(table.map(0, K4, G, Prot.RW | Prot.SW3, null, SHARED)).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 3");
        assertThat(at(0).software()).isEqualTo(8);
    }

    @Test
    void aDifferenceInSoftwareBitsAndPermissionsIsAnUpdate() {
        map(0, K4, G, Prot.RW | Prot.SW0);
        assertThat(map(0, K4, G, Prot.R)).isZero();
        assertThat(context.flushes).containsExactly("ipa 0 3");
        assertThat(Stage2PageTable.ptePermissions(at(0).pte())).isEqualTo(Prot.R);
    }

    @Test
    void theOutputAddressFollowsTheAddressOverHolesAndBlocks() {
        map(M2 + 7 * K4, K4, 9 * G, Prot.R);
        map(0, 4 * M2, 2 * G, Prot.RWX);
        for (long ipa = 0; ipa < 4 * M2; ipa += M2 / 4) {
            assertThat(at(ipa).translate(ipa)).isEqualTo(2 * G + ipa);
            assertThat(leaf.level()).isEqualTo(2);
        }
    }

    @Test
    void aFaultHandlersMapStopsAtTheFirstEntryThatIsThereAlready() {
        map(2 * K4, K4, G + 2 * K4, Prot.R);
        assertThat(table.map(0, 4 * K4, G, Prot.R, memory.endless(), FAULT))
                .isEqualTo(-Errno.EAGAIN);
        assertThat(at(K4).valid()).isTrue();
        assertThat(at(3 * K4).valid()).isFalse();
        assertThat(table.map(0, 4 * K4, G, Prot.R, memory.endless(), 0)).isZero();
        assertThat(at(3 * K4).valid()).isTrue();
    }

    @Test
    void withoutACacheOnlyWhatNeedsNoTableCanBeMapped() {
        assertThat(table.map(0, G, 0, Prot.R, null)).isZero();
        assertThat(table.map(2 * G, M2, 0, Prot.R, null)).isEqualTo(-Errno.ENOMEM);
        assertThat(table.map(0, K4, G, Prot.R, null)).isEqualTo(-Errno.ENOMEM);
        assertThat(at(0).valid()).as("the block is still there").isTrue();
        assertThat(context.flushes).isEmpty();
    }

    /** Granule, input bits: the levels below the root are what a map of one page may need. */
    @ParameterizedTest
    @CsvSource({"12, 40", "12, 48", "12, 32", "14, 40", "14, 48", "16, 40", "16, 48"})
    void aCacheWithTheMinimumOfPagesIsEnoughForAnyPage(int pageShift, int ipaBits) {
        try (TestMemory m = new TestMemory(pageShift, 64)) {
            Stage2PageTable t = Stage2PageTable.create(TestContext.of(pageShift, ipaBits), m);
            long page = t.geometry().pageSize();
            assertThat(t.minPages()).isEqualTo(Stage2Geometry.levels(pageShift, ipaBits) - 1);
            TestMemory.TestCache enough = m.cache(t.minPages());
            assertThat(t.map(page, page, 0, Prot.R, enough)).isZero();
            assertThat(enough.available()).isZero();
            t.unmap(0, t.geometry().inputLimit());
            TestMemory.TestCache less = m.cache(t.minPages() - 1);
            assertThat(t.map(page, page, 0, Prot.R, less)).isEqualTo(-Errno.ENOMEM);
            t.destroy();
            assertThat(m.live()).isZero();
        }
    }

    @Test
    void anOutputAddressInsideAPageIsRefusedWithAWarning() {
        long before = Warn.count();
        assertThat(map(0, K4, 0x800, Prot.R)).isEqualTo(-Errno.EINVAL);
        assertThat(Warn.count()).isEqualTo(before + 1);
        assertThat(at(0).pte()).isZero();
    }

    @Test
    void aSharedMapThatMeetsALockedEntryGivesUp() {
        map(0, K4, G, Prot.R);
        lock(0);
        assertThat(table.map(0, K4, 2 * G, Prot.R, null, SHARED | FAULT)).isEqualTo(-Errno.EAGAIN);
        assertThat(at(0).pte()).isEqualTo(Descriptor.LOCKED);
        unlock(0);
    }

    @Test
    void anExclusiveMapThatMeetsALockedEntryWarns() {
        map(0, K4, G, Prot.R);
        lock(0);
        long before = Warn.count();
        assertThat(table.map(0, K4, 2 * G, Prot.R, null, FAULT)).isEqualTo(-Errno.EAGAIN);
        assertThat(Warn.count()).isEqualTo(before + 1);
        unlock(0);
    }

    private long entryOf(long ipa) {
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

    private long saved;

    private void lock(long ipa) {
        saved = at(ipa).pte();
        memory.memory.put64(entryOf(ipa) - TestMemory.BASE, Descriptor.LOCKED);
    }

    private void unlock(long ipa) {
        memory.memory.put64(entryOf(ipa) - TestMemory.BASE, saved);
    }

    /** FWB, prot, then calls for data and instruction caches at a first mapping. */
    @ParameterizedTest
    @CsvSource({
        "false, 3, 1, 0",
        "false, 15, 1, 1",
        "false, 19, 0, 0",
        "false, 35, 0, 0",
        "true, 3, 0, 0",
        "true, 15, 0, 1",
        "true, 19, 0, 0",
    })
    void cacheMaintenanceComesBeforeTheNewEntry(boolean fwb, int prot, int dcache, int icache) {
        assertThat(Prot.RWX).isEqualTo(15);
        context.fwb = fwb;
        memory.maintainsCaches = true;
        Stage2PageTable t = Stage2PageTable.create(context, memory);
        t.map(0, M2, G, prot, memory.endless());
        assertThat(memory.dcacheCalls).hasValue(dcache);
        assertThat(memory.dcacheBytes).isEqualTo(dcache * M2);
        assertThat(memory.icacheCalls).hasValue(icache);
        assertThat(memory.icacheBytes).isEqualTo(icache * M2);
        t.flush(0, G);
        assertThat(memory.dcacheCalls).hasValue(2 * dcache);
        t.unmap(0, G);
        assertThat(memory.dcacheCalls).hasValue(3 * dcache);
        assertThat(memory.icacheCalls).hasValue(icache);
        t.destroy();
    }

    @Test
    void withoutForceWriteBackFlagTheAttributesAndMaintenanceAreThoseWithoutIt() {
        context.fwb = true;
        memory.maintainsCaches = true;
        Stage2PageTable t =
                Stage2PageTable.create(context, memory, EnumSet.of(Stage2Flag.NOFWB), null);
        t.map(0, K4, G, Prot.RW, memory.endless());
        assertThat(memory.dcacheCalls).hasValue(1);
        t.flush(0, K4);
        assertThat(memory.dcacheCalls).hasValue(2);
        t.destroy();
    }

    @Test
    void walkFlagsOtherThanTheTwoAreAProgrammingError() {
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> table.map(0, K4, 0, Prot.R, null, PageTableWalker.SKIP_BBM_TLBI))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
