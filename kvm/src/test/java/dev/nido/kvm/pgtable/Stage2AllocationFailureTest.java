package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every single allocation fails once: the operation says so, the table is correct, every address
 * has what it had, what it was to get, or nothing; and doing it again completes it.
 */
class Stage2AllocationFailureTest {

    /** A sequence of operations that allocate everywhere they can. */
    private static final class Scenario {
        private final TestMemory memory;
        private final TlbContext context;
        private final long block;
        private final long page;
        private final long base;
        Stage2PageTable table;
        boolean failed;

        Scenario(TestMemory memory) {
            this.memory = memory;
            page = 1L << memory.pageShift;
            long vtcr =
                    switch (memory.pageShift) {
                        case 12 -> TestContext.vtcr(12, 40, 0);
                        case 14 -> TestContext.vtcr(14, 47, 1);
                        default -> TestContext.vtcr(16, 48, 1);
                    };
            context = new TlbContext(memory, vtcr);
            block = 1L << TableContents.shift(memory.pageShift, 2);
            base = memory.pageShift == 12 ? 1L << 30 : 4 * block;
        }

        /** Runs all operations; each that fails for lack of memory is done once more. */
        void run() {
            table = Stage2PageTable.create(context, memory);
            if (table == null) {
                failed = true;
                assertThat(memory.live()).isZero();
                memory.failAfter = Integer.MAX_VALUE;
                table = Stage2PageTable.create(context, memory);
            }
            context.start(table);
            again(() -> table.map(base, 3 * page, 0, Prot.R, memory.endless()));
            again(() -> table.map(base + block, 2 * block, block, Prot.RW, memory.endless()));
            again(() -> table.map(base + block + page, page, 0, Prot.R, memory.endless()));
            again(() -> table.setOwner(base + 2 * block - page, 2 * page, memory.endless(), 4));
            again(() -> table.map(base, block, block, Prot.RX, memory.endless()));
            again(() -> table.split(base, block, memory.endless()));
            again(() -> table.map(base + 5 * block - page, 2 * page, page, 1, memory.endless()));
            if (memory.pageShift == 12) {
                again(() -> table.map(5L << 30, 1L << 30, 1L << 30, Prot.R, memory.endless()));
                again(() -> table.map((5L << 30) + page, page, 0, Prot.R, memory.endless()));
                again(() -> table.map(5L << 30, 1L << 30, 1L << 30, Prot.R, memory.endless()));
                again(() -> table.split((5L << 30) + block, page, memory.endless(2)));
            }
            again(() -> table.unmap(base, 3 * block));
            Leaf leaf = new Leaf();
            assertThat(table.getLeaf(base + 5 * block, leaf)).isZero();
            assertThat(leaf.outputAddress()).isEqualTo(2 * page);
            table.destroy();
            assertThat(memory.live()).isZero();
        }

        private void again(java.util.function.IntSupplier operation) {
            int r = operation.getAsInt();
            // The page counts, the tree and the TLBs are as they must be, failed or not.
            context.check(0);
            if (r == 0) {
                return;
            }
            assertThat(r).isEqualTo(-Errno.ENOMEM);
            assertThat(failed).as("one failure a run").isFalse();
            failed = true;
            memory.failAfter = Integer.MAX_VALUE;
            assertThat(operation.getAsInt()).isZero();
            context.check(0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void failureOfAnyAllocationLeavesACorrectTable(int pageShift) {
        int allocations;
        try (TestMemory memory = new TestMemory(pageShift, 2048)) {
            new Scenario(memory).run();
            allocations = memory.allocations.get();
        }
        assertThat(allocations).isGreaterThan(7);
        try (TestMemory memory = new TestMemory(pageShift, 2048)) {
            for (int n = 0; n < allocations; n++) {
                memory.failAfter = n;
                Scenario s = new Scenario(memory);
                s.run();
                assertThat(s.failed).as("allocation %d failed", n).isTrue();
            }
        }
    }

    /** A big block is split to pages in one go, and any of its 513 tables may be missing. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 300, 511, 512})
    void aWholeTreeThatCanNotBeBuiltLeavesTheBlock(int n) {
        try (TestMemory memory = new TestMemory(12, 1024)) {
            TestContext context = TestContext.of(12, 40);
            Stage2PageTable table = Stage2PageTable.create(context, memory);
            long huge = 1L << 30;
            table.map(huge, huge, 2 * huge, Prot.RW, null);
            memory.failAfter = n;
            assertThat(table.split(huge, huge, memory.endless())).isEqualTo(-Errno.ENOMEM);
            Leaf leaf = new Leaf();
            table.getLeaf(huge, leaf);
            assertThat(leaf.level()).isEqualTo(1);
            assertThat(context.flushes).isEmpty();
            assertThat(memory.liveTables()).isZero();
            table.destroy();
            assertThat(memory.live()).isZero();
        }
    }

    /** The same for a long map over many tables: what was mapped before the failure stays. */
    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void whatWasMappedBeforeTheFailureStays(int pageShift) {
        try (TestMemory memory = new TestMemory(pageShift, 1024)) {
            TestContext context = TestContext.of(pageShift, 40);
            Stage2PageTable table = Stage2PageTable.create(context, memory);
            long block = table.geometry().size(2);
            long page = table.geometry().pageSize();
            memory.failAfter = 3 + (pageShift == 12 ? 1 : 0);
            assertThat(table.map(0, 6 * block, page, Prot.R, memory.endless()))
                    .isEqualTo(-Errno.ENOMEM);
            Leaf leaf = new Leaf();
            for (int i = 0; i < 6; i++) {
                table.getLeaf(i * block + block / 2, leaf);
                assertThat(leaf.valid()).isEqualTo(i < 3);
                if (i < 3) {
                    assertThat(leaf.outputAddress()).isEqualTo(i * block + block / 2 + page);
                }
            }
            new TableContents(memory, context.vtcr).read(table.pgd(), 0);
            memory.failAfter = Integer.MAX_VALUE;
            table.destroy();
            assertThat(memory.live()).isZero();
        }
    }
}
