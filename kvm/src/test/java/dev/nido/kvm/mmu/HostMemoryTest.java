package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.machine.Machine;
import dev.nido.machine.PhysicalMemory;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The host's page allocator. */
class HostMemoryTest {

    private static final long BASE = 0x8_0000_0000L;
    private static final long BLOCK = HostMemory.BLOCK_SIZE;

    private final PhysicalMemory memory = new PhysicalMemory(BASE, 16 * BLOCK);
    private final HostMemory host = new HostMemory(memory);

    @AfterEach
    void close() {
        memory.close();
    }

    private boolean isZero(long pa, long bytes) {
        for (long at = pa; at < pa + bytes; at += 8) {
            if (memory.get64(memory.offsetOf(at)) != 0) {
                return false;
            }
        }
        return true;
    }

    private void fill(long pa, long bytes, long value) {
        for (long at = pa; at < pa + bytes; at += 8) {
            memory.put64(memory.offsetOf(at), value);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 16, 20})
    void aPageIsAlignedToItsSizeAndHasOneReference(int shift) {
        long first = host.allocateTable(shift);
        long second = host.allocateTable(shift);
        assertThat(first).isNotEqualTo(second);
        assertThat((first | second) & (1L << shift) - 1).isZero();
        assertThat(host.count(first)).isOne();
        assertThat(host.usedPages()).isEqualTo(2L << shift - 12);
    }

    @Test
    void aPageThatWasUsedBeforeComesZeroed() {
        Set<Long> first = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            long pa = host.allocateTable(12);
            fill(pa, 4096, -1);
            first.add(pa);
        }
        first.forEach(pa -> host.put(pa, 12));
        int again = 0;
        for (int i = 0; i < 100; i++) {
            long pa = host.allocateTable(12);
            assertThat(isZero(pa, 4096)).isTrue();
            again += first.contains(pa) ? 1 : 0;
        }
        assertThat(again).isPositive();
    }

    @Test
    void theLastReferenceFreesThePage() {
        long pa = host.allocateTable(12);
        host.get(pa);
        host.get(pa);
        assertThat(host.count(pa)).isEqualTo(3);
        assertThat(host.put(pa, 12)).isFalse();
        assertThat(host.put(pa, 12)).isFalse();
        assertThat(host.usedPages()).isOne();
        assertThat(host.put(pa, 12)).isTrue();
        assertThat(host.usedPages()).isZero();
    }

    @Test
    void aPageCannotBeFreedTwiceNorReferencedAfterwards() {
        long kept = host.allocateTable(12);
        long pa = host.allocateTable(12);
        host.put(pa, 12);
        assertThatThrownBy(() -> host.put(pa, 12)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> host.get(pa)).isInstanceOf(IllegalStateException.class);
        assertThat(host.count(kept)).isOne();
        assertThat(host.usedPages()).isOne();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 12, 1",
        "2, 12, 2",
        "8, 12, 8",
        "16, 12, 16",
        "16, 14, 64",
        "2, 14, 8",
        "16, 16, 256"
    })
    void aRootIsContiguousAlignedToItsSizeAndCountedByPages(int pages, int shift, int used) {
        host.allocateTable(12);
        long size = (long) pages << shift;
        long pa = host.allocateExact(size, shift);
        assertThat(pa & size - 1).isZero();
        assertThat(host.usedPages()).isEqualTo(1 + used);
        for (int i = 0; i < pages; i++) {
            assertThat(host.count(pa + ((long) i << shift))).isOne();
        }
        fill(pa, size, -1);
        host.freeExact(pa, size, shift);
        assertThat(host.usedPages()).isOne();
        long again = host.allocateExact(size, shift);
        assertThat(isZero(again, size)).isTrue();
    }

    @Test
    void aRootThatIsNoPowerOfTwoTakesNoMoreThanItNeeds() {
        long pa = host.allocateExact(3 * 4096, 12);
        assertThat(pa & 4 * 4096 - 1).isZero();
        assertThat(host.usedPages()).isEqualTo(3);
    }

    @Test
    void blocksAreGivenBackToTheComputerAndReadAsZero() {
        long pa = host.allocateBlock();
        fill(pa, BLOCK, 0x55);
        host.freeBlock(pa);
        assertThat(isZero(pa, BLOCK)).isTrue();
        assertThat(host.usedPages()).isZero();
        assertThatThrownBy(() -> host.freeBlock(pa)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aBrokenBlockGoesPageByPageAndKeepsWhatItHolds() {
        long pa = host.allocateBlock();
        fill(pa, BLOCK, 0x77);
        host.breakBlock(pa, 12);
        for (int i = 1; i < 512; i++) {
            host.put(pa + i * 4096L, 12);
        }
        assertThat(host.usedPages()).isOne();
        assertThat(memory.get64(memory.offsetOf(pa))).isEqualTo(0x77);
        for (int i = 1; i < 512; i++) {
            assertThat(isZero(host.allocateGuest(12), 4096)).isTrue();
        }
        assertThat(memory.get64(memory.offsetOf(pa))).isEqualTo(0x77);
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 14, 21})
    void predecodedInstructionsOfFreedMemoryAreForgotten(int shift) {
        try (Machine machine =
                GuestRig.machine(CpuModel.defaultModel().withoutEl2(), 1, null, 4 * BLOCK)) {
            HostMemory h = new HostMemory(machine);
            h.allocateGuest(12);
            long pa = shift == 21 ? h.allocateBlock() : h.allocateGuest(shift);
            long last = pa + (1L << shift) - 4096;
            machine.codeCache().page(pa)[0] = 1;
            machine.codeCache().page(last)[7] = 1;
            if (shift == 21) {
                h.freeBlock(pa);
            } else {
                h.put(pa, shift);
            }
            assertThat(machine.codeCache().page(pa)[0]).isZero();
            assertThat(machine.codeCache().page(last)[7]).isZero();
        }
    }

    @Test
    void memoryRunsOutWithZeroAndComesBack() {
        List<Long> pages = new ArrayList<>();
        for (long pa = host.allocateGuest(12); pa != 0; pa = host.allocateGuest(12)) {
            pages.add(pa);
        }
        assertThat(pages).hasSize(16 * 512).doesNotHaveDuplicates();
        assertThat(host.freePages()).isZero();
        assertThat(host.allocateTable(12)).isZero();
        assertThat(host.allocateBlock()).isZero();
        assertThat(host.allocateExact(8192, 12)).isZero();
        pages.forEach(pa -> host.put(pa, 12));
        assertThat(host.usedPages()).isZero();
        assertThat(host.freePages()).isEqualTo(16 * 512);
        assertThat(host.allocateTable(16)).isNotZero();
    }

    @Test
    void aShuffledHostHandsOutOtherAddressesInTheSameWayForTheSameSeed() {
        assertThat(order(1)).isEqualTo(order(1)).isNotEqualTo(order(2)).isNotEqualTo(order(0));
        assertThat(order(1)).doesNotHaveDuplicates().isNotEqualTo(order(1).stream().sorted());
    }

    private List<Long> order(long seed) {
        HostMemory h = new HostMemory(memory, null, seed);
        List<Long> order = new ArrayList<>();
        for (int i = 0; i < 600; i++) {
            order.add(i % 100 == 0 ? h.allocateBlock() : h.allocateGuest(12));
        }
        return order;
    }

    @Test
    void addressZeroIsNeverHandedOut() {
        try (PhysicalMemory low = new PhysicalMemory(0, 2 * BLOCK)) {
            HostMemory h = new HostMemory(low);
            assertThat(h.allocateBlock()).isEqualTo(BLOCK);
            assertThat(h.allocateBlock()).isZero();
        }
    }

    @Test
    void threadsNeverShareAPageAndLeaveNothingBehind() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Void>> all = new ArrayList<>();
            for (int t = 1; t <= 4; t++) {
                long id = t;
                Callable<Void> work = () -> churn(id);
                all.add(threads.submit(work));
            }
            for (Future<Void> f : all) {
                f.get();
            }
        }
        assertThat(host.usedPages()).isZero();
    }

    private record Run(long pa, int shift) {}

    private Void churn(long id) {
        SplittableRandom random = new SplittableRandom(id);
        List<Run> held = new ArrayList<>();
        for (int i = 0; i < 20_000; i++) {
            if (held.size() < 40 && random.nextBoolean()) {
                int shift = random.nextInt(20) == 0 ? 21 : random.nextInt(4) == 0 ? 14 : 12;
                long pa = shift == 21 ? host.allocateBlock() : host.allocateTable(shift);
                if (pa != 0) {
                    if (memory.get64(memory.offsetOf(pa)) != 0) {
                        throw new AssertionError("0x%x is not zero".formatted(pa));
                    }
                    memory.put64(memory.offsetOf(pa), id);
                    memory.put64(memory.offsetOf(pa + (1L << shift) - 8), id);
                    held.add(new Run(pa, shift));
                }
            } else if (!held.isEmpty()) {
                release(held.remove(random.nextInt(held.size())), id);
            }
        }
        held.forEach(run -> release(run, id));
        return null;
    }

    private void release(Run run, long id) {
        if (memory.get64(memory.offsetOf(run.pa)) != id
                || memory.get64(memory.offsetOf(run.pa + (1L << run.shift) - 8)) != id) {
            throw new AssertionError("0x%x was written by somebody else".formatted(run.pa));
        }
        if (run.shift == 21) {
            host.freeBlock(run.pa);
        } else {
            host.put(run.pa, run.shift);
        }
    }
}
