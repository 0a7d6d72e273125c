package dev.nido.kvm.protect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.machine.PhysicalMemory;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

class PagePoolTest {

    private static final long BASE = 0x4000_0000L;
    private static final int SHIFT = 12;

    private final PhysicalMemory memory = new PhysicalMemory(BASE, 64L << 20);

    @AfterEach
    void close() {
        memory.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void runsAreAlignedToTheirSizeAndEachOfTheirPagesHasOneReference(int order) {
        PagePool pool = new PagePool(memory, BASE + (3L << SHIFT), 4093, SHIFT);
        long pa = pool.allocate(order);
        assertThat(pa).isNotZero();
        assertThat(pa & (1L << SHIFT + order) - 1).isZero();
        for (int i = 0; i < 1 << order; i++) {
            assertThat(pool.count(pa + ((long) i << SHIFT))).isEqualTo(1);
        }
        assertThat(pool.free()).isEqualTo(4093 - (1 << order));
    }

    @Test
    void aPageIsZeroAgainWhenItIsHandedOutAgain() {
        PagePool pool = new PagePool(memory, BASE, 1, SHIFT);
        long pa = pool.allocate(0);
        memory.put64(memory.offsetOf(pa) + 4088, -1);
        pool.put(pa);
        assertThat(pool.allocate(0)).isEqualTo(pa);
        assertThat(memory.get64(memory.offsetOf(pa) + 4088)).isZero();
    }

    @Test
    void memoryIsZeroFromTheStart() {
        memory.put64(0x5008, 77);
        PagePool pool = new PagePool(memory, BASE, 16, SHIFT);
        assertThat(memory.get64(0x5008)).isZero();
        assertThat(pool.free()).isEqualTo(16);
    }

    @Test
    void anEmptyPoolAnswersZero() {
        PagePool pool = new PagePool(memory, BASE, 2, SHIFT);
        assertThat(pool.allocate(1)).isEqualTo(BASE);
        assertThat(pool.allocate(0)).isZero();
        pool.put(BASE);
        assertThat(pool.allocate(1)).isZero();
        assertThat(pool.allocate(0)).isEqualTo(BASE);
    }

    @Test
    void buddiesGrowTogetherAgain() {
        PagePool pool = new PagePool(memory, BASE, 1024, SHIFT);
        List<Long> pages = new ArrayList<>();
        for (int i = 0; i < 1024; i++) {
            pages.add(pool.allocate(0));
        }
        assertThat(pool.allocate(0)).isZero();
        assertThat(pages).doesNotHaveDuplicates().doesNotContain(0L);
        pages.forEach(pool::put);
        assertThat(pool.allocate(PagePool.MAX_ORDER)).isEqualTo(BASE);
    }

    @Test
    void aPageIsFreeWhenItsLastReferenceGoes() {
        PagePool pool = new PagePool(memory, BASE, 4, SHIFT);
        long pa = pool.allocate(0);
        pool.get(pa + 123);
        assertThat(pool.count(pa)).isEqualTo(2);
        pool.put(pa);
        assertThat(pool.free()).isEqualTo(3);
        pool.put(pa + 4095);
        assertThat(pool.free()).isEqualTo(4);
        assertThatThrownBy(() -> pool.put(pa)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.get(pa)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void addressesOutsideAreRefused() {
        PagePool pool = new PagePool(memory, BASE, 4, SHIFT);
        assertThatThrownBy(() -> pool.put(BASE + (4 << SHIFT)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PagePool(memory, BASE + 8, 4, SHIFT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PagePool(memory, BASE, 16385, SHIFT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PagePool(memory, BASE, 0, SHIFT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 12, 0",
        "4096, 12, 0",
        "4097, 12, 1",
        "8192, 12, 1",
        "65536, 12, 4",
        "12288, 12, 2",
        "16384, 14, 0",
        "65536, 16, 0",
        "65537, 16, 1"
    })
    void theOrderIsTheSmallestThatHoldsTheBytes(long bytes, int shift, int order) {
        assertThat(PagePool.orderOf(bytes, shift)).isEqualTo(order);
    }

    @Test
    void rootTablesAreWholePowersOfTwo() {
        PagePool pool = new PagePool(memory, BASE, 64, SHIFT);
        PoolMemory ops = new PoolMemory(pool);
        assertThat(ops.zallocPagesExact(4 << SHIFT) & (4 << SHIFT) - 1).isZero();
        assertThatThrownBy(() -> ops.zallocPagesExact(3 << SHIFT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ops.freePagesExact(BASE, 4 << SHIFT))
                .isInstanceOf(IllegalStateException.class);
        assertThat(pool.free()).isEqualTo(60);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void randomUseNeverHandsOutAPageTwiceAndLosesNone(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int shift = random.nextBoolean() ? 12 : 14;
        int pages = 1 + random.nextInt(900);
        long base = BASE + ((long) random.nextInt(64) << shift);
        PagePool pool = new PagePool(memory, base, pages, shift);
        // Model: start of a run and its end, both in pages.
        TreeMap<Integer, Integer> used = new TreeMap<>();
        int taken = 0;
        for (int step = 0; step < 4000; step++) {
            if (random.nextInt(5) < 3) {
                int order = random.nextInt(random.nextInt(6) + 1);
                long pa = pool.allocate(order);
                if (pa == 0) {
                    assertThat(order > 0 || taken == pages).isTrue();
                    continue;
                }
                int first = (int) (pa - base >>> shift);
                int end = first + (1 << order);
                assertThat(end).isLessThanOrEqualTo(pages);
                assertThat(pa & (1L << shift + order) - 1).isZero();
                var below = used.floorEntry(end - 1);
                assertThat(below == null || below.getValue() <= first).isTrue();
                for (int i = first; i < end; i++) {
                    used.put(i, i + 1);
                    long offset = memory.offsetOf(base + ((long) i << shift));
                    assertThat(memory.get64(offset + 64)).isZero();
                    memory.put64(offset + 64, step + 1);
                }
                taken += end - first;
            } else if (!used.isEmpty()) {
                Integer page = used.ceilingKey(random.nextInt(pages));
                if (page != null) {
                    pool.put(base + ((long) page << shift));
                    used.remove(page);
                    taken--;
                }
            }
            assertThat(pool.free()).isEqualTo(pages - taken);
        }
        used.keySet().forEach(page -> pool.put(base + ((long) page << shift)));
        int order = 0;
        while (order < PagePool.MAX_ORDER && aligned(base >>> shift, pages, order + 1)) {
            order++;
        }
        assertThat(pool.allocate(order)).isNotZero();
    }

    /** Whether a run of this order fits anywhere. */
    private static boolean aligned(long first, int pages, int order) {
        long start = first + (1L << order) - 1 >>> order << order;
        return start + (1L << order) <= first + pages;
    }
}
