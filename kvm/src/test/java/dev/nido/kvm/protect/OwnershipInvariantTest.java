package dev.nido.kvm.protect;

import static dev.nido.kvm.protect.ProtectRig.PAGE;
import static dev.nido.kvm.protect.ProtectRig.PAGES;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** What is true of every page at every time, whatever is asked for in whatever order. */
class OwnershipInvariantTest {

    private static final int COUNT = 96;
    private static final long IPA = 0x4000_0000L;

    private final ProtectRig rig = new ProtectRig();

    @AfterEach
    void close() {
        rig.close();
    }

    private static long pa(int page) {
        return PAGES + page * PAGE;
    }

    private static long ipa(int page) {
        return IPA + page * PAGE;
    }

    /** Exactly one has the page; the others have what it lends them, and nothing more. */
    private void check(int page) {
        PageSituation s = PageSituation.read(rig, pa(page), ipa(page));
        String all = String.join(" ", s.host(), s.hyp(), s.guest1(), s.guest2());
        assertThat(all)
                .as("page %d", page)
                .matches(
                        "O - - -|SO SB\\** - -|SO1 - SB -|SO1 - - SB|SO2 - SB SB"
                                + "|Nh O - -|SB SO - -"
                                + "|N1 - O -|SB - SO -|N2 - - O|SB - - SO");
    }

    private int act(SplittableRandom random) {
        PageTransitions t = rig.transitions;
        GuestPages g = random.nextBoolean() ? rig.guest1 : rig.guest2;
        int page = random.nextInt(COUNT);
        long pa = pa(page);
        long ipa = ipa(page);
        long size = (1 + random.nextInt(Math.min(3, COUNT - page))) * PAGE;
        return switch (random.nextInt(17)) {
            case 0 -> t.hostShareHyp(pa, size);
            case 1 -> t.hostUnshareHyp(pa, size);
            case 2 -> t.hostDonateHyp(pa, size);
            case 3 -> t.hypDonateHost(pa, size);
            case 4 -> t.hypShareHost(pa, size);
            case 5 -> t.hypUnshareHost(pa, size);
            case 6 -> t.pinShared(pa, size);
            case 7, 8 -> t.unpinShared(pa, size);
            case 9 -> t.hostShareGuest(g, ipa, pa, size);
            case 10 -> t.hostUnshareGuest(g, ipa, pa, size);
            case 11 -> t.hostDonateGuest(g, ipa, pa, size);
            case 12 -> t.guestShareHost(g, ipa);
            case 13 -> t.guestUnshareHost(g, ipa);
            case 14 -> t.guestDonateHost(g, ipa);
            case 15 -> t.evict(g, ipa);
            default -> rig.stage2.fault(pa);
        };
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyPageHasOneOwnerAndNobodyElseHasMoreThanWasLent(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int done = 0;
        for (int step = 0; step < 20_000; step++) {
            done += act(random) == 0 ? 1 : 0;
            if (step % 10 == 0) {
                check(random.nextInt(COUNT));
            }
            if (step % 1000 == 0) {
                for (int page = 0; page < COUNT; page++) {
                    check(page);
                }
            }
        }
        assertThat(done).isGreaterThan(1000);
    }

    @Test
    void everythingComesBackAndNoTableIsLost() {
        int free = rig.stage2.pool().free();
        SplittableRandom random = new SplittableRandom(99);
        for (int step = 0; step < 20_000; step++) {
            act(random);
        }
        giveBack();
        for (int page = 0; page < COUNT; page++) {
            assertThat(PageSituation.read(rig, pa(page), ipa(page)))
                    .isEqualTo(new PageSituation("O", "-", "-", "-"));
        }
        rig.stage2.lock().lock();
        try {
            assertThat(rig.stage2.unmap(PAGES, COUNT * PAGE)).isZero();
        } finally {
            rig.stage2.lock().unlock();
        }
        assertThat(rig.stage2.pool().free()).isEqualTo(free);
    }

    private void giveBack() {
        rig.stage2.lock().lock();
        rig.guest1.setDying();
        rig.guest2.setDying();
        rig.stage2.lock().unlock();
        for (int page = 0; page < COUNT; page++) {
            rig.transitions.reclaim(rig.guest1, ipa(page));
            rig.transitions.reclaim(rig.guest2, ipa(page));
            while (rig.transitions.unpinShared(pa(page), PAGE) == 0) {
                // as often as it was pinned
            }
            rig.transitions.hostUnshareHyp(pa(page), PAGE);
            rig.transitions.hypUnshareHost(pa(page), PAGE);
            rig.transitions.hypDonateHost(pa(page), PAGE);
        }
    }

    @Test
    void ofThreadsThatWantTheSamePageExactlyOneGetsIt() throws Exception {
        int threads = 4;
        AtomicIntegerArray winners = new AtomicIntegerArray(COUNT);
        CyclicBarrier start = new CyclicBarrier(threads);
        List<Future<Void>> results = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                int who = i;
                results.add(
                        pool.submit(() -> {
                            start.await();
                            for (int page = 0; page < COUNT; page++) {
                                if (take(who, page) == 0) {
                                    winners.incrementAndGet(page);
                                }
                            }
                            return null;
                        }));
            }
            for (Future<Void> f : results) {
                f.get();
            }
        }
        for (int page = 0; page < COUNT; page++) {
            assertThat(winners.get(page)).isEqualTo(1);
            check(page);
        }
    }

    private int take(int who, int page) {
        return switch (who) {
            case 0 -> rig.transitions.hostDonateHyp(pa(page), PAGE);
            case 1 -> rig.transitions.hostShareHyp(pa(page), PAGE);
            case 2 -> rig.transitions.hostDonateGuest(rig.guest1, ipa(page), pa(page), PAGE);
            default -> rig.transitions.hostDonateGuest(rig.guest2, ipa(page), pa(page), PAGE);
        };
    }

    @Test
    void theInvariantHoldsWithManyThreads() throws Exception {
        int threads = 4;
        List<Future<Integer>> results = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            for (int i = 0; i < threads; i++) {
                SplittableRandom random = new SplittableRandom(1000 + i);
                results.add(
                        pool.submit(() -> {
                            int done = 0;
                            for (int step = 0; step < 10_000; step++) {
                                done += act(random) == 0 ? 1 : 0;
                            }
                            return done;
                        }));
            }
            for (Future<Integer> f : results) {
                assertThat(f.get()).isGreaterThan(100);
            }
        }
        for (int page = 0; page < COUNT; page++) {
            check(page);
        }
    }

    /** Each allocation fails in turn, and then some: a refusal changes nothing. */
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 8, 10, 12, 16})
    void withTooFewPagesForTablesWhatFailsChangesNothing(int poolPages) {
        SplittableRandom random = new SplittableRandom(poolPages);
        int refused = 0;
        int done = 0;
        try (ProtectRig poor = new ProtectRig(poolPages)) {
            for (int step = 0; step < 6000; step++) {
                // One page at the end of each of 16 blocks, and the first of the next.
                int block = random.nextInt(16);
                long pa = PAGES + ((long) block << 21) - (random.nextInt(2) + 1) * PAGE;
                long ipa = pa - PAGES + IPA;
                long size = (1 + random.nextInt(2)) * PAGE;
                PageSituation first = PageSituation.read(poor, pa, ipa);
                PageSituation second = PageSituation.read(poor, pa + PAGE, ipa + PAGE);
                TransitionTable.Transition[] all = TransitionTable.Transition.values();
                // What brings pages back is rarer.
                int kind = random.nextInt(3) == 0 ? random.nextInt(all.length) : random.nextInt(11);
                int result = all[kind].apply(poor, ipa, pa, size);
                if (random.nextInt(20) == 0) {
                    poor.stage2.fault(0x900_0000L + random.nextInt(1 << 30));
                }
                if (result == 0) {
                    done++;
                    continue;
                }
                refused += result == -dev.nido.kvm.Errno.ENOMEM ? 1 : 0;
                assertThat(PageSituation.read(poor, pa, ipa)).isEqualTo(first);
                assertThat(PageSituation.read(poor, pa + PAGE, ipa + PAGE)).isEqualTo(second);
            }
        }
        assertThat(done).isPositive();
        if (poolPages < 16) {
            assertThat(refused).isPositive();
        }
    }

    @Test
    void whenThereIsNoMemoryForTablesNothingChanges() {
        // Root 2, and one table each for levels 2 and 3 of one block of 2 MiB.
        ProtectRig poor = new ProtectRig(4);
        try (poor) {
            PageTransitions t = poor.transitions;
            assertThat(t.hostDonateGuest(poor.guest1, IPA, PAGES, PAGE)).isZero();
            assertThat(poor.stage2.pool().free()).isZero();
            long far = PAGES + (2L << 20);
            PageSituation untouched = new PageSituation("O", "-", "-", "-");
            List<Integer> results =
                    List.of(
                            t.hostDonateGuest(poor.guest1, IPA + PAGE, far, PAGE),
                            t.hostShareGuest(poor.guest1, IPA + PAGE, far, PAGE),
                            t.hostDonateHyp(far, PAGE),
                            t.hostShareHyp(far, PAGE),
                            // the first page fits the table that there is, the second does not
                            t.hostDonateHyp(far - PAGE, 2 * PAGE),
                            t.hostShareHyp(far - PAGE, 2 * PAGE),
                            t.hostShareGuest(poor.guest1, IPA + PAGE, far - PAGE, 2 * PAGE),
                            t.hostDonateGuest(poor.guest1, IPA + PAGE, far - PAGE, 2 * PAGE));
            assertThat(results).containsOnly(-dev.nido.kvm.Errno.ENOMEM);
            assertThat(PageSituation.read(poor, far, IPA + PAGE)).isEqualTo(untouched);
            assertThat(PageSituation.read(poor, far - PAGE, IPA + PAGE)).isEqualTo(untouched);
            assertThat(PageSituation.read(poor, far, IPA + 2 * PAGE)).isEqualTo(untouched);
            // What needs no new table still goes.
            assertThat(t.guestShareHost(poor.guest1, IPA)).isZero();
            assertThat(t.guestUnshareHost(poor.guest1, IPA)).isZero();
            assertThat(t.evict(poor.guest1, IPA)).isZero();
        }
    }
}
