package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The life of a table: created, mapped, looked at, unmapped, destroyed; no page is left over. */
class Stage2BasicTest {

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void mapsLooksUpUnmapsAndLeavesNothing(int pageShift) {
        try (TestMemory memory = new TestMemory(pageShift, 256)) {
            TestContext context = TestContext.of(pageShift, 40);
            Stage2PageTable table = Stage2PageTable.create(context, memory);
            long page = 1L << pageShift;
            long block = table.geometry().size(2);
            long ipa = 3 * block;
            assertThat(table.map(ipa, block, 5 * block, Prot.RWX, memory.endless(), 0)).isZero();
            Leaf leaf = new Leaf();
            assertThat(table.getLeaf(ipa + page, leaf)).isZero();
            assertThat(leaf.valid()).isTrue();
            assertThat(leaf.level()).isEqualTo(2);
            assertThat(leaf.translate(ipa + page)).isEqualTo(5 * block + page);
            assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RWX);
            assertThat(context.flushes).isEmpty();

            // A page inside the block: the rest of the block goes.
            assertThat(table.map(ipa + page, page, 0x7000L << 16, Prot.R, memory.endless(), 0))
                    .isZero();
            assertThat(context.flushes).containsExactly("ipa %x 2".formatted(ipa));
            table.getLeaf(ipa + page, leaf);
            assertThat(leaf.level()).isEqualTo(3);
            assertThat(leaf.outputAddress()).isEqualTo(0x7000L << 16);
            table.getLeaf(ipa, leaf);
            assertThat(leaf.pte()).isZero();

            assertThat(table.relaxPerms(ipa + page, Prot.W, PageTableWalker.SHARED)).isZero();
            assertThat(table.relaxPerms(ipa, Prot.W, 0)).isEqualTo(-Errno.EAGAIN);
            table.getLeaf(ipa + page, leaf);
            assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RW);

            context.flushes.clear();
            assertThat(table.unmap(ipa, block)).isZero();
            assertThat(context.flushes.getFirst()).isEqualTo("ipa %x 3".formatted(ipa + page));
            table.getLeaf(ipa + page, leaf);
            assertThat(leaf.pte()).isZero();
            assertThat(memory.liveTables()).isZero();

            table.map(ipa, page, 0, Prot.R, memory.endless(), 0);
            table.destroy();
            assertThat(memory.live()).isZero();
        }
    }

    /** The example of the package's documentation. */
    @Test
    void packageExample() {
        try (TestMemory ops = new TestMemory(12, 64)) {
            TestContext mmu = TestContext.of(12, 40);
            PageCache vcpuCache = ops.endless();
            long ipa = 0x8000_0000L;
            long pa = 0x1234_5000L;
            Stage2PageTable table = Stage2PageTable.create(mmu, ops);
            int r = table.map(ipa, 0x1000, pa, Prot.RWX, vcpuCache, PageTableWalker.SHARED);
            assertThat(r).isZero();
            Leaf leaf = new Leaf();
            table.getLeaf(ipa, leaf);
            assertThat(leaf.translate(ipa)).isEqualTo(pa);
            table.unmap(ipa, 0x1000);
            assertThat(mmu.flushes.getFirst()).isEqualTo("ipa 80000000 3");
            table.destroy();
            assertThat(ops.live()).isZero();
        }
    }
}
