package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Several fault handlers at once on one table. */
@Timeout(120)
class Stage2SharedTest {

    private static final int SHARED = PageTableWalker.SHARED;
    private static final int FAULT = PageTableWalker.HANDLE_FAULT;
    private static final long K4 = 1L << 12;
    private static final long M2 = 1L << 21;

    /** A context for many threads. */
    private static class Quiet extends TestContext {
        final AtomicLong calls = new AtomicLong();

        Quiet(long vtcr) {
            super(vtcr);
        }

        @Override
        public void flushVmidIpa(long ipa, int level) {
            calls.incrementAndGet();
        }

        @Override
        public void flushVmidIpaNsh(long ipa, int level) {
            calls.incrementAndGet();
        }

        @Override
        public void flushVmidRange(long ipa, long pages) {
            calls.incrementAndGet();
        }
    }

    /** Fills pages that are freed, so that a walker that is still inside is led astray. */
    private static final class Poisoning extends TestMemory {
        private final byte[] poison;

        Poisoning(int pageShift, int pages) {
            super(pageShift, pages);
            poison = new byte[1 << pageShift];
            java.util.Arrays.fill(poison, (byte) 0x5a);
        }

        @Override
        public void putPage(long pa) {
            if (pageCount(pa) == 1) {
                memory.write((pa - BASE) >>> pageShift << pageShift, poison, 0, poison.length);
            }
            super.putPage(pa);
        }
    }

    private interface Work {
        void run(int thread) throws Exception;
    }

    private static void inParallel(int threads, Work work) throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(threads);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int n = i;
            Thread t =
                    new Thread(() -> {
                        try {
                            barrier.await();
                            work.run(n);
                        } catch (Throwable e) {
                            failure.compareAndSet(null, e);
                        }
                    });
            all.add(t);
            t.start();
        }
        for (Thread t : all) {
            t.join();
        }
        if (failure.get() != null) {
            throw new AssertionError(failure.get());
        }
    }

    @Test
    void aFaultInTheMiddleOfAnothersBreakIsToldToTryAgain() throws Exception {
        try (TestMemory memory = new TestMemory(12, 64)) {
            Stage2PageTable[] table = {null};
            List<Integer> results = new ArrayList<>();
            Quiet context =
                    new Quiet(TestContext.of(12, 40).vtcr) {
                        @Override
                        public void flushVmidIpa(long ipa, int level) {
                            Thread other =
                                    new Thread(() -> {
                                        results.add(fault(table[0], 3 * M2, Prot.R));
                                        results.add(table[0].relaxPerms(0, 2, SHARED));
                                        results.add(table[0].mkyoung(0, SHARED));
                                    });
                            other.start();
                            try {
                                other.join();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                        }
                    };
            table[0] = Stage2PageTable.create(context, memory);
            table[0].map(0, K4, M2, Prot.R, memory.endless());
            assertThat(fault(table[0], 2 * M2, Prot.R)).isZero();
            assertThat(results).containsExactly(-Errno.EAGAIN, -Errno.EAGAIN, -Errno.EAGAIN);
            Leaf leaf = new Leaf();
            table[0].getLeaf(0, leaf);
            assertThat(leaf.outputAddress()).isEqualTo(2 * M2);
            table[0].destroy();
            assertThat(memory.live()).isZero();
        }
    }

    private static int fault(Stage2PageTable table, long pa, int prot) {
        return table.map(0, K4, pa, prot, null, SHARED | FAULT);
    }

    @Test
    void aTableThatLosesTheRaceGoesBack() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            Stage2PageTable table =
                    Stage2PageTable.create(new Quiet(TestContext.of(12, 40).vtcr), memory);
            // While the loser allocates its table, the winner installs one.
            PageCache winner = memory.endless();
            int[] calls = {0};
            PageCache loser =
                    new PageCache() {
                        @Override
                        public long takePage() {
                            if (calls[0]++ == 0) {
                                assertThat(table.map(0, K4, M2, Prot.R, winner, SHARED | FAULT))
                                        .isZero();
                            }
                            return memory.allocatePage();
                        }

                        @Override
                        public int available() {
                            return 3;
                        }
                    };
            assertThat(table.map(K4, K4, M2, Prot.R, loser, SHARED | FAULT))
                    .isEqualTo(-Errno.EAGAIN);
            assertThat(calls[0]).isEqualTo(1);
            assertThat(memory.liveTables()).isEqualTo(2);
            assertThat(table.map(K4, K4, M2, Prot.R, loser, SHARED | FAULT)).isZero();
            assertThat(memory.liveTables()).isEqualTo(2);
            new TableContents(memory, table.context().vtcr()).read(table.pgd(), 0);
            table.destroy();
            assertThat(memory.live()).isZero();
        }
    }

    @Test
    void aDetachedTableLivesUntilTheLastWalkerHasLeft() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            Stage2PageTable table =
                    Stage2PageTable.create(new Quiet(TestContext.of(12, 40).vtcr), memory);
            table.map(0, 3 * K4, M2, Prot.R, memory.endless());
            List<Integer> live = new ArrayList<>();
            PageTableWalker inside =
                    new PageTableWalker(PageTableWalker.LEAF | SHARED) {
                        @Override
                        protected int visit(Visit v, int kind) {
                            if (v.addr() == 0) {
                                int flags = SHARED | FAULT;
                                assertThat(table.map(0, M2, 4 * M2, Prot.R, null, flags)).isZero();
                                // Others come and go.
                                Leaf leaf = new Leaf();
                                for (int i = 0; i < 10; i++) {
                                    table.getLeaf(0, leaf);
                                    assertThat(leaf.level()).isEqualTo(2);
                                }
                            }
                            live.add(memory.liveTables());
                            assertThat(v.old() & 1).as("still what it was").isEqualTo(1);
                            return 0;
                        }
                    };
            assertThat(table.walk(inside, 0, 3 * K4)).isZero();
            assertThat(live).containsExactly(2, 2, 2);
            assertThat(table.epoch().pending()).isZero();
            assertThat(memory.liveTables()).as("gone with the walker").isEqualTo(1);
            table.destroy();
            assertThat(memory.live()).isZero();
        }
    }

    @Test
    void anExclusiveOperationFreesWhatIsLeft() {
        try (TestMemory memory = new TestMemory(12, 64)) {
            Stage2PageTable table =
                    Stage2PageTable.create(new Quiet(TestContext.of(12, 40).vtcr), memory);
            table.map(0, K4, M2, Prot.R, memory.endless());
            table.epoch().retire(memory.allocatePage(), 2);
            assertThat(table.epoch().pending()).isEqualTo(1);
            table.wrprotect(0, K4);
            assertThat(table.epoch().pending()).isZero();
            assertThat(memory.liveTables()).isEqualTo(2);
            table.destroy();
        }
    }

    /** Neighbouring pages of several threads: every one is mapped, and no table lost. */
    @ParameterizedTest
    @CsvSource({"12, 2", "12, 8", "14, 4", "16, 4"})
    void neighbouringPagesOfManyThreadsAreAllMapped(int pageShift, int threads) throws Exception {
        try (TestMemory memory = new Poisoning(pageShift, 512)) {
            for (int round = 0; round < 20; round++) {
                TestContext context = new Quiet(TestContext.of(pageShift, 40).vtcr);
                Stage2PageTable table = Stage2PageTable.create(context, memory);
                long page = 1L << pageShift;
                long block = table.geometry().size(2);
                int n = 120;
                inParallel(
                        threads,
                        t -> {
                            for (int i = t; i < n; i += threads) {
                                long ipa = i * page + (i % 4) * block;
                                int r;
                                do {
                                    r =
                                            table.map(
                                                    ipa,
                                                    page,
                                                    (n - i) * page,
                                                    Prot.RW,
                                                    memory.endless(),
                                                    SHARED | FAULT);
                                } while (r == -Errno.EAGAIN);
                                assertThat(r).isZero();
                            }
                        });
                TableContents contents = new TableContents(memory, context.vtcr);
                contents.read(table.pgd(), 0);
                assertThat(contents.leaves).isEqualTo(n);
                Leaf leaf = new Leaf();
                for (int i = 0; i < n; i++) {
                    table.getLeaf(i * page + (i % 4) * block, leaf);
                    assertThat(leaf.valid()).isTrue();
                    assertThat(leaf.outputAddress()).isEqualTo((n - i) * page);
                }
                table.destroy();
                assertThat(memory.live()).isZero();
            }
        }
    }

    /**
     * The same few pages and the block around them from all threads, with lookups and relaxing
     * between: what is there in the end is what somebody mapped, all references are right, and
     * somebody lost a race.
     */
    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16})
    void samePagesAndBlocksOfManyThreadsEndAsSomeSerialOrder(int pageShift) throws Exception {
        AtomicLong again = new AtomicLong();
        try (TestMemory memory = new Poisoning(pageShift, 512)) {
            for (int round = 0; round < 5 || again.get() == 0 && round < 500; round++) {
                TestContext context = new Quiet(TestContext.of(pageShift, 40).vtcr);
                Stage2PageTable table = Stage2PageTable.create(context, memory);
                int seed = round;
                inParallel(4, t -> again.addAndGet(contend(table, memory, seed * 4 + t, t)));
                TableContents contents = new TableContents(memory, context.vtcr);
                contents.read(table.pgd(), 0);
                long block = table.geometry().size(2);
                for (int i = 0; i < contents.leaves; i++) {
                    long pte = contents.pte[i];
                    assertThat(pte & 1).isEqualTo(1);
                    long thread = contents.output(pte) / (4 * block) - 1;
                    assertThat(thread).isBetween(0L, 3L);
                    assertThat(pte >> 55 & 15).isEqualTo(thread);
                    assertThat(contents.output(pte) % block).isEqualTo(contents.ipa[i] % block);
                }
                table.destroy();
                assertThat(memory.live()).isZero();
            }
        }
        assertThat(again.get()).isPositive();
    }

    private static long contend(Stage2PageTable table, TestMemory memory, long seed, int thread) {
        long page = table.geometry().pageSize();
        long block = table.geometry().size(2);
        SplittableRandom random = new SplittableRandom(seed);
        Leaf leaf = new Leaf();
        long again = 0;
        for (int i = 0; i < 300; i++) {
            boolean whole = random.nextInt(6) == 0;
            long offset = whole ? 0 : random.nextInt(4) * page;
            long size = whole ? block : page;
            int r =
                    table.map(
                            block + offset,
                            size,
                            4 * block * (thread + 1) + offset,
                            Prot.R | Prot.sw(thread),
                            memory.endless(),
                            SHARED | FAULT);
            assertThat(r).isIn(0, -Errno.EAGAIN);
            again += r == 0 ? 0 : 1;
            table.getLeaf(block + offset, leaf);
            table.relaxPerms(block + offset, Prot.W, SHARED);
            table.mkyoung(block + offset, SHARED);
        }
        return again;
    }
}
