package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.protect.ProtectRig.PAGE;
import static dev.nido.kvm.protect.ProtectRig.PAGES;
import static dev.nido.kvm.protect.ProtectRig.RAM;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.protect.PageTransitions.Check;
import dev.nido.kvm.protect.TransitionTable.Outcome;
import dev.nido.kvm.protect.TransitionTable.Transition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** Every transition in every situation, against the table of what is allowed. */
class PageTransitionsTest {

    private static final long IPA = 0x4000_0000L;
    private static final long MARK = 0x1122_3344_5566_7788L;

    /** Differences to the table; every case has a page of its own. */
    private static final class Run {
        final ProtectRig rig;
        final List<String> differences = new ArrayList<>();
        long cases;
        private long nextPage = PAGES;
        private long nextDevice = RAM + (256L << 20);
        private long ipa = IPA;

        Run(ProtectRig rig) {
            this.rig = rig;
        }

        long page(PageSituation s) {
            if (s.host().equals("D")) {
                return nextDevice;
            }
            long pa = nextPage;
            nextPage += PAGE;
            if (nextPage == RAM + (256L << 20)) {
                nextPage += 2L << 20;
            }
            return pa;
        }

        /** Two neighbours; never a device. */
        long pages() {
            if ((nextPage & (2L << 20) - 1) == (2L << 20) - PAGE) {
                nextPage += PAGE;
            }
            long pa = page(new PageSituation("O", "-", "-", "-"));
            assertThat(page(new PageSituation("O", "-", "-", "-"))).isEqualTo(pa + PAGE);
            return pa;
        }

        long ipa() {
            ipa += 2 * PAGE;
            return ipa;
        }

        void mark(long pa) {
            if (rig.machine.memory().contains(pa, PAGE)) {
                rig.machine.memory().put64(pa - RAM + 8, MARK);
            }
        }

        boolean wiped(long pa) {
            return rig.machine.memory().get64(pa - RAM + 8) == 0;
        }

        boolean intact(long pa) {
            return rig.machine.memory().get64(pa - RAM + 8) == MARK;
        }

        void expect(boolean as, String what) {
            if (!as) {
                differences.add(what);
            }
        }

        /** One page, one transition. */
        void one(Transition t, PageSituation s, boolean dying) {
            cases++;
            long pa = page(s);
            long at = ipa();
            s.force(rig, pa, at);
            mark(pa);
            Outcome expected = TransitionTable.outcome(t, s, dying);
            String what = t + (dying ? " of a dying guest, " : ", ") + s;
            try {
                int result = t.apply(rig, at, pa, PAGE);
                expect(result == expected.result(), what + " gives " + result);
                PageSituation after = PageSituation.read(rig, pa, at);
                expect(after.equals(expected.after()), what + " leaves " + after);
                expect(expected.wiped() ? wiped(pa) : intact(pa), what + ": contents");
            } catch (IllegalStateException | IllegalArgumentException e) {
                differences.add(what + " throws " + e);
            }
            if (s.host().equals("D")) {
                rig.stage2.lock().lock();
                try {
                    for (GuestPages g : List.of(rig.guest1, rig.guest2)) {
                        g.set(at, pa, PAGE, PageState.NOPAGE, PageState.NOPAGE, Owner.HOST);
                    }
                    rig.hyp.pin(pa, PAGE, -rig.hyp.pins(pa));
                    rig.hyp.set(pa, pa, PAGE, PageState.NOPAGE, PageState.NOPAGE, Owner.HOST);
                } finally {
                    rig.stage2.lock().unlock();
                }
            }
        }

        /** Two pages at once: all or nothing. */
        void two(Transition t, PageSituation first, PageSituation second, boolean dying) {
            cases++;
            long pa = pages();
            long at = ipa();
            first.force(rig, pa, at);
            second.force(rig, pa + PAGE, at + PAGE);
            Outcome a = TransitionTable.outcome(t, first, dying);
            Outcome b = TransitionTable.outcome(t, second, dying);
            boolean allowed = a.result() == 0 && b.result() == 0;
            String what = t + ", " + first + " and " + second;
            try {
                int result = t.apply(rig, at, pa, 2 * PAGE);
                expect(allowed == (result == 0), what + " gives " + result);
                expect(
                        result == 0 || result == a.result() || result == b.result(),
                        what + " gives " + result);
                expect(
                        PageSituation.read(rig, pa, at).equals(allowed ? a.after() : first),
                        what + ": first");
                expect(
                        PageSituation.read(rig, pa + PAGE, at + PAGE)
                                .equals(allowed ? b.after() : second),
                        what + ": second");
            } catch (IllegalStateException | IllegalArgumentException e) {
                differences.add(what + " throws " + e);
            }
        }
    }

    private static Run everything(ProtectRig rig, boolean untilOneDiffers) {
        Run run = new Run(rig);
        List<PageSituation> all = PageSituation.all();
        for (boolean dying : new boolean[] {false, true}) {
            if (dying) {
                rig.stage2.lock().lock();
                rig.guest1.setDying();
                rig.stage2.lock().unlock();
            }
            for (Transition t : Transition.values()) {
                for (PageSituation s : all) {
                    run.one(t, s, dying);
                }
                if (untilOneDiffers && !run.differences.isEmpty()) {
                    return run;
                }
            }
        }
        return run;
    }

    private static Run ranges(ProtectRig rig) {
        Run run = new Run(rig);
        List<PageSituation> some = new ArrayList<>();
        for (PageSituation s : PageSituation.all()) {
            if (!s.host().equals("D") && s.guest2().equals("-")) {
                some.add(s);
            }
        }
        for (Transition t : Transition.values()) {
            if (!t.range) {
                continue;
            }
            for (PageSituation s : some) {
                if (TransitionTable.outcome(t, s, false).result() != 0) {
                    continue;
                }
                for (PageSituation other : some) {
                    if (run.nextPage > RAM + ProtectRig.SIZE - (4L << 20)) {
                        run.nextPage = PAGES;
                    }
                    if (other.guest1().equals(s.guest1()) || other.hyp().equals(s.hyp())) {
                        run.two(t, s, other, false);
                        run.two(t, other, s, false);
                    }
                }
            }
        }
        return run;
    }

    /** Ranges that are no whole pages of one region. */
    private static Run arguments(ProtectRig rig) {
        Run run = new Run(rig);
        long gap = RAM + (256L << 20);
        long[][] bad = {
            // pa, size
            {PAGES + 8, PAGE},
            {PAGES, 0},
            {PAGES, PAGE + 512},
            {PAGES, -PAGE},
            {-PAGE, PAGE},
            {PAGES, Long.MAX_VALUE & -PAGE},
            {gap - PAGE, 2 * PAGE},
            {gap, PAGE},
            {gap - PAGE, 4L << 20},
            {RAM - PAGE, PAGE},
            {RAM - PAGE, 2 * PAGE},
            {RAM + ProtectRig.SIZE - PAGE, 2 * PAGE},
            {1L << 40, PAGE},
            {1L << 48, PAGE}
        };
        for (Transition t : Transition.values()) {
            for (long[] b : bad) {
                if (t.range) {
                    run.cases++;
                    refused(run, t, IPA, b[0], b[1]);
                }
            }
            run.cases++;
            refused(run, t, IPA + 0x10, t.name().contains("uest") ? PAGES : PAGES + 0x10, PAGE);
        }
        return run;
    }

    private static void refused(Run run, Transition t, long ipa, long pa, long size) {
        String what = "%s of 0x%x bytes at 0x%x".formatted(t, size, pa);
        try {
            int result = t.apply(run.rig, ipa, pa, size);
            run.expect(result == -EINVAL, what + " gives " + result);
            for (long page : new long[] {PAGES, RAM + (256L << 20) - PAGE, RAM - PAGE}) {
                PageSituation s = PageSituation.read(run.rig, page, IPA);
                run.expect(
                        s.hyp().equals("-") && (s.host().equals("O") || s.host().equals("D")),
                        what + " leaves " + s);
            }
        } catch (IllegalStateException | IllegalArgumentException e) {
            run.differences.add(what + " throws " + e);
        }
    }

    @Test
    void everyTransitionInEverySituationDoesWhatTheTableSays() {
        try (ProtectRig rig = new ProtectRig()) {
            Run run = everything(rig, false);
            assertThat(run.differences).isEmpty();
            assertThat(run.cases).isEqualTo(2L * 16 * 9 * 5 * 4 * 4);
        }
    }

    @Test
    void aRangeChangesAsAWholeOrNotAtAll() {
        try (ProtectRig rig = new ProtectRig()) {
            Run run = ranges(rig);
            assertThat(run.differences).isEmpty();
            assertThat(run.cases).isGreaterThan(10_000);
        }
    }

    @Test
    void whatIsNotWholePagesOfOneRegionIsRefused() {
        try (ProtectRig rig = new ProtectRig()) {
            Run run = arguments(rig);
            assertThat(run.differences).isEmpty();
        }
    }

    /** Mutations: a check that is left out shows. */
    @ParameterizedTest
    @EnumSource
    void aForgottenCheckIsNoticed(Check forgotten) {
        try (ProtectRig rig = new ProtectRig(EnumSet.of(forgotten))) {
            List<String> differences = new ArrayList<>(arguments(rig).differences);
            if (differences.isEmpty()) {
                differences.addAll(everything(rig, true).differences);
            }
            assertThat(differences).isNotEmpty();
        }
    }
}
