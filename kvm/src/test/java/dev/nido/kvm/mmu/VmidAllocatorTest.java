package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;

/** VMIDs, generations and roll-over. */
class VmidAllocatorTest {

    private final AtomicInteger flushes = new AtomicInteger();
    private final List<Integer> flushed = new ArrayList<>();

    private VmidAllocator allocator(int bits, int pes) {
        return new VmidAllocator(bits, pes, flushes::incrementAndGet, flushed::add);
    }

    private static List<Vmid> contexts(int n) {
        List<Vmid> all = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            all.add(new Vmid());
        }
        return all;
    }

    @Test
    void aContextKeepsItsNumberOnAllPesWhileTheGenerationLasts() {
        VmidAllocator a = allocator(8, 4);
        Vmid v = new Vmid();
        int number = a.update(v, 0);
        assertThat(number).isBetween(1, 255);
        for (int pe = 0; pe < 4; pe++) {
            assertThat(a.update(v, pe)).isEqualTo(number);
        }
        assertThat(a.used()).isOne();
        assertThat(flushes).hasValue(0);
    }

    @Test
    void numberZeroIsTheHosts() {
        VmidAllocator a = allocator(8, 1);
        Set<Integer> numbers = new HashSet<>();
        for (Vmid v : contexts(255)) {
            numbers.add(a.update(v, 0));
            a.clearActive(0);
        }
        assertThat(numbers).hasSize(255).doesNotContain(0);
        assertThat(flushes).hasValue(0);
    }

    @Test
    void whenNumbersRunOutAGenerationBeginsWithOneFlush() {
        VmidAllocator a = allocator(8, 1);
        for (Vmid v : contexts(256)) {
            a.update(v, 0);
            a.clearActive(0);
        }
        assertThat(flushes).hasValue(1);
        assertThat(a.rollOvers()).isOne();
        assertThat(a.used()).isOne();
    }

    @Test
    void whatIsLoadedOnAPeKeepsItsNumberThroughRollOvers() {
        VmidAllocator a = allocator(8, 3);
        Vmid loaded = new Vmid();
        int number = a.update(loaded, 1);
        for (int round = 0; round < 3; round++) {
            Set<Integer> others = new HashSet<>();
            for (Vmid v : contexts(254)) {
                others.add(a.update(v, 0));
            }
            a.clearActive(0);
            assertThat(others).doesNotContain(number);
        }
        assertThat(a.rollOvers()).isGreaterThanOrEqualTo(2);
        assertThat(a.update(loaded, 1)).isEqualTo(number);
        assertThat(a.update(loaded, 2)).isEqualTo(number);
    }

    @Test
    void whatWasPutBeforeARollOverAsksAnew() {
        VmidAllocator a = allocator(8, 2);
        Vmid put = new Vmid();
        a.update(put, 1);
        a.clearActive(1);
        List<Vmid> others = contexts(255);
        others.forEach(v -> a.update(v, 0));
        assertThat(flushes).hasValue(1);
        long before = put.id;
        a.update(put, 1);
        assertThat(put.id).isNotEqualTo(before);
    }

    @Test
    void aReleasedNumberIsFlushedAndFree() {
        VmidAllocator a = allocator(16, 2);
        Vmid v = new Vmid();
        int number = a.update(v, 0);
        a.clearActive(0);
        a.release(v);
        assertThat(flushed).containsExactly(number);
        assertThat(a.used()).isZero();
        a.release(v);
        assertThat(flushed).hasSize(1);
    }

    @Test
    void aNumberKeptByARollOverIsReleasedToo() {
        VmidAllocator a = allocator(8, 2);
        Vmid v = new Vmid();
        int number = a.update(v, 1);
        List<Vmid> others = contexts(255);
        others.forEach(o -> a.update(o, 0));
        assertThat(a.rollOvers()).isOne();
        a.clearActive(1);
        a.release(v);
        assertThat(flushed).containsExactly(number);
        a.clearActive(0);
        others.forEach(a::release);
        assertThat(a.used()).isZero();
    }

    @Test
    void aContextOfAnOldGenerationHasNothingToRelease() {
        VmidAllocator a = allocator(8, 1);
        Vmid old = new Vmid();
        a.update(old, 0);
        a.clearActive(0);
        contexts(255).forEach(v -> a.update(v, 0));
        int used = a.used();
        a.release(old);
        assertThat(a.used()).isEqualTo(used);
        assertThat(flushed).isEmpty();
    }

    @Test
    void otherSizesAndTooManyPesAreRefused() {
        assertThatThrownBy(() -> allocator(12, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> allocator(8, 255)).isInstanceOf(IllegalArgumentException.class);
        assertThat(allocator(16, 512).bits()).isEqualTo(16);
    }

    /**
     * PEs load and put more contexts than there are numbers. While a number is loaded on a PE no
     * other context may be loaded with it anywhere.
     */
    @Test
    void noTwoContextsEverMeetUnderOneNumber() throws Exception {
        int pes = 4;
        int contexts = 700;
        AtomicReferenceArray<Vmid> loaded = new AtomicReferenceArray<>(256);
        AtomicIntegerArray users = new AtomicIntegerArray(256);
        VmidAllocator a = allocator(8, pes);
        List<Vmid> all = contexts(contexts);
        AtomicInteger clashes = new AtomicInteger();
        try (ExecutorService threads = Executors.newFixedThreadPool(pes)) {
            List<Future<?>> done = new ArrayList<>();
            for (int t = 0; t < pes; t++) {
                int pe = t;
                done.add(
                        threads.submit(() -> {
                            SplittableRandom random = new SplittableRandom(pe);
                            for (int i = 0; i < 60_000; i++) {
                                // Contexts by PE, so that who has a number is one thread.
                                int c = random.nextInt(contexts / pes) * pes + pe;
                                Vmid v = all.get(c);
                                int number = a.update(v, pe);
                                users.incrementAndGet(number);
                                loaded.set(number, v);
                                Thread.onSpinWait();
                                if (users.get(number) != 1 || loaded.get(number) != v) {
                                    clashes.incrementAndGet();
                                }
                                users.decrementAndGet(number);
                                if (random.nextInt(3) != 0) {
                                    a.clearActive(pe);
                                }
                            }
                        }));
            }
            for (Future<?> f : done) {
                f.get();
            }
        }
        assertThat(a.rollOvers()).isGreaterThan(5);
        assertThat(clashes).hasValue(0);
    }
}
