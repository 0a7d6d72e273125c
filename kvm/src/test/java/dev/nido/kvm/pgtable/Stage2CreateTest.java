package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** Creation of tables for contexts, and their destruction. */
class Stage2CreateTest {

    @Test
    void aContextWithoutArchIsAProgrammingError() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            TestContext context = TestContext.of(12, 40);
            context.arch = false;
            assertThatThrownBy(() -> Stage2PageTable.create(context, memory))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() ->
                            Stage2PageTable.create(
                                    context,
                                    memory,
                                    EnumSet.of(Stage2Flag.IDMAP),
                                    (s, e, p) -> true))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(memory.allocations).hasValue(0);
            context.arch = true;
            assertThat(Stage2PageTable.create(context, memory)).isNotNull();
        }
    }

    @Test
    void aContextWithoutVtcrIsAProgrammingError() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            assertThatThrownBy(() -> Stage2PageTable.create(new TestContext(0), memory))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    /** Input bits and start level that can't be together; T0SZ of 0 included. */
    @ParameterizedTest
    @CsvSource({"12, 64, 0", "12, 44, 1", "12, 35, 2", "12, 30, 1", "14, 53, 1", "16, 30, 2"})
    void aReservedVtcrIsAProgrammingError(int pageShift, int iaBits, int startLevel) {
        try (TestMemory memory = new TestMemory(pageShift, 64)) {
            TestContext context = new TestContext(TestContext.vtcr(pageShift, iaBits, startLevel));
            if (pageShift == 16) {
                context = new TestContext(context.vtcr | 63);
            }
            TestContext reserved = context;
            assertThatThrownBy(() -> Stage2PageTable.create(reserved, memory))
                    .isInstanceOf(IllegalStateException.class);
            assertThat(memory.live()).isZero();
        }
    }

    @Test
    void theGranuleMustBeThePageSize() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            assertThatThrownBy(() -> Stage2PageTable.create(TestContext.of(14, 40), memory))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    /** Granule, input bits, start level, pages of the root. */
    @ParameterizedTest
    @CsvSource({
        "12, 40, 1, 2",
        "12, 39, 1, 1",
        "12, 43, 1, 16",
        "12, 48, 0, 1",
        "12, 32, 2, 4",
        "14, 40, 2, 16",
        "14, 48, 1, 2",
        "16, 40, 2, 1",
        "16, 48, 1, 1",
    })
    void everythingFollowsFromTheVtcrOfTheContext(
            int pageShift, int iaBits, int startLevel, int pages) {
        try (TestMemory memory = new TestMemory(pageShift, 64)) {
            TestContext context = new TestContext(TestContext.vtcr(pageShift, iaBits, startLevel));
            Stage2PageTable table = Stage2PageTable.create(context, memory);
            assertThat(table.context()).isSameAs(context);
            assertThat(table.geometry().iaBits()).isEqualTo(iaBits);
            assertThat(table.geometry().startLevel()).isEqualTo(startLevel);
            assertThat(table.minPages()).isEqualTo(3 - startLevel);
            assertThat(memory.live()).isEqualTo(pages);
            assertThat(table.pgd() & ((long) pages << pageShift) - 1)
                    .as("aligned to its size")
                    .isZero();
            for (long at = 0; at < (long) pages << pageShift; at += 8) {
                assertThat(memory.memory.get64(table.pgd() - TestMemory.BASE + at)).isZero();
            }
            assertThat(context.flushes).isEmpty();
            table.destroy();
            assertThat(memory.live()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void withoutMemoryForTheRootThereIsNoTable(int pageShift) {
        try (TestMemory memory = new TestMemory(pageShift, 64)) {
            memory.failAfter = 0;
            assertThat(Stage2PageTable.create(TestContext.of(pageShift, 40), memory)).isNull();
            assertThat(memory.live()).isZero();
        }
    }

    @Test
    void everyTableFlushesTheVmidOfItsOwnContext() {
        try (TestMemory memory = new TestMemory(12, 256)) {
            TestContext a = TestContext.of(12, 40);
            TestContext b = TestContext.of(12, 40);
            Stage2PageTable tableA = Stage2PageTable.create(a, memory);
            Stage2PageTable tableB = Stage2PageTable.create(b, memory);
            for (Stage2PageTable t : List.of(tableA, tableB)) {
                t.map(0x1000, 0x3000, 0x8000, Prot.RW, memory.endless());
            }
            Leaf leaf = new Leaf();
            assertThat(tableB.unmap(0x1000, 0x1000)).isZero();
            assertThat(b.flushes).containsExactly("ipa 1000 3");
            assertThat(a.flushes).isEmpty();
            tableA.getLeaf(0x1000, leaf);
            assertThat(leaf.valid()).isTrue();
            tableB.getLeaf(0x1000, leaf);
            assertThat(leaf.valid()).isFalse();
            b.flushes.clear();
            tableB.map(0x2000, 0x1000, 0x9_0000, Prot.RW, memory.endless());
            tableB.relaxPerms(0x3000, Prot.X, 0);
            tableB.split(0, 1 << 21, memory.endless());
            tableB.destroy();
            assertThat(b.flushes).hasSize(2);
            assertThat(a.flushes).isEmpty();
            tableA.unmap(0, 1L << 30);
            assertThat(a.flushes).hasSizeGreaterThan(3);
            assertThat(b.flushes).hasSize(2);
        }
    }

    /** The same with TLBs: what A's guests have cached stays good, and B's goes. */
    @Test
    void unmappingInOneContextLeavesTheOthersTlbEntriesAlone() {
        try (TestMemory memory = new TestMemory(12, 256)) {
            long vtcr = TestContext.of(12, 40).vtcr;
            TlbContext a = new TlbContext(memory, vtcr);
            TlbContext b = new TlbContext(memory, vtcr);
            Stage2PageTable tableA = Stage2PageTable.create(a, memory);
            Stage2PageTable tableB = Stage2PageTable.create(b, memory);
            tableA.map(0, 0x4000, 0x8000, Prot.RW, memory.endless());
            int tablesOfA = memory.liveTables();
            tableB.map(0, 0x4000, 0x8000, Prot.RW, memory.endless());
            int tablesOfB = memory.liveTables() - tablesOfA;
            a.start(tableA, tablesOfB);
            b.start(tableB, tablesOfA);
            int before = a.calls;
            tableB.unmap(0x1000, 0x2000);
            assertThat(b.calls).isPositive();
            assertThat(a.calls).isEqualTo(before);
            a.check(tablesOfB);
            b.check(tablesOfA);
        }
    }

    @Test
    void destroyFreesAnnotationsTablesAndBlocksWithoutInvalidation() {
        try (TestMemory memory = new TestMemory(12, 2048)) {
            TestContext context = TestContext.of(12, 43);
            Stage2PageTable table = Stage2PageTable.create(context, memory);
            table.map(1L << 30, 3L << 30, 1L << 30, Prot.RWX, memory.endless());
            table.map(0, 0x40_3000, 0x1000, Prot.RWX, memory.endless());
            table.setOwner(9L << 40 >> 3, 0x5000, memory.endless(), 7);
            table.map((1L << 43) - 4096, 4096, 0, Prot.R, memory.endless());
            context.flushes.clear();
            table.destroy();
            assertThat(memory.live()).isZero();
            assertThat(context.flushes).isEmpty();
            assertThat(table.pgd()).isZero();
            table.destroy();
            assertThat(table.map(0, 4096, 0, Prot.R, memory.endless())).isEqualTo(-Errno.EINVAL);
            assertThat(table.unmap(0, 4096)).isEqualTo(-Errno.EINVAL);
            assertThat(table.getLeaf(0, new Leaf())).isEqualTo(-Errno.EINVAL);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1L << 12, 1L << 21, 3L << 20, 1L << 30, 1L << 33})
    void destroyInStepsFreesTheSame(long step) {
        try (TestMemory memory = new TestMemory(12, 512)) {
            Stage2PageTable table = Stage2PageTable.create(TestContext.of(12, 33), memory);
            table.map(0x1000, 0x60_0000, 0x1000, Prot.RWX, memory.endless());
            table.map(1L << 30, 1L << 30, 1L << 30, Prot.RWX, memory.endless());
            table.setOwner((7L << 30) + 0x5000, 0x2000, memory.endless(), 3);
            TableContents contents = new TableContents(memory, table.context().vtcr());
            long done = 0;
            long limit = step < 1 << 21 ? 0x80_0000 : 1L << 33;
            for (; done < limit; done += step) {
                assertThat(table.destroyRange(done, Math.min(step, (1L << 33) - done))).isZero();
                contents.read(table.pgd(), 0);
            }
            table.destroyRange(0, 1L << 33);
            assertThat(memory.liveTables()).isZero();
            table.destroyPgd();
            assertThat(memory.live()).isZero();
            assertThat(table.pgd()).isZero();
        }
    }

    @Test
    void forcePteIsAskedOnceAMapWithTheWholeRange() {
        try (TestMemory memory = new TestMemory(12, 2048)) {
            List<String> asked = new ArrayList<>();
            Stage2PageTable table =
                    Stage2PageTable.create(
                            TestContext.of(12, 40),
                            memory,
                            EnumSet.noneOf(Stage2Flag.class),
                            (start, end, prot) -> {
                                asked.add("%x %x %s".formatted(start, end, Prot.toString(prot)));
                                return (prot & Prot.W) == 0;
                            });
            table.map(0, 4L << 21, 0, Prot.R, memory.endless());
            table.map(8L << 21, 4L << 21, 0, Prot.RW, memory.endless());
            assertThat(asked).containsExactly("0 800000 R--", "1000000 1800000 RW-");
            Leaf leaf = new Leaf();
            table.getLeaf(0, leaf);
            assertThat(leaf.level()).isEqualTo(3);
            table.getLeaf(8L << 21, leaf);
            assertThat(leaf.level()).isEqualTo(2);
            table.setOwner(0, 1 << 21, memory.endless(), 1);
            assertThat(asked).hasSize(2);
        }
    }

    @Test
    void anIdentityMapMapsNothingElse() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            Stage2PageTable table =
                    Stage2PageTable.create(
                            TestContext.of(12, 40),
                            memory,
                            EnumSet.of(Stage2Flag.NOFWB, Stage2Flag.IDMAP),
                            null);
            long before = Warn.count();
            assertThat(table.map(0x1000, 0x1000, 0x2000, Prot.RWX, memory.endless()))
                    .isEqualTo(-Errno.EINVAL);
            assertThat(Warn.count()).isEqualTo(before + 1);
            assertThat(memory.liveTables()).isZero();
            assertThat(table.map(0x1000, 0x1000, 0x1000, Prot.RWX, memory.endless())).isZero();
        }
    }
}
