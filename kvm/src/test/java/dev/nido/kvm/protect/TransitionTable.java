package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EBUSY;
import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.Errno.EPERM;

import java.util.ArrayList;
import java.util.List;

/**
 * What each transition is to do, written down as a table: in which situations it is allowed, and
 * what the situation is then. Whatever is not in the table is refused.
 */
final class TransitionTable {

    /**
     * Who calls what: name; host, hypervisor, guest 1 before; after; {@code wiped} if the page is
     * zero then. A dot is "anything, and it stays". {@code living} and {@code dying} say what guest
     * 1 must be.
     */
    private static final String ALLOWED =
            """
            hostShareHyp      O    -    .  -> SO   SB   .
            hostUnshareHyp    SO   SB   .  -> O    -    .
            hostDonateHyp     O    -    .  -> Nh   O    .
            hypDonateHost     Nh   O    .  -> O    -    .
            hypShareHost      Nh   O    .  -> SB   SO   .
            hypUnshareHost    SB   SO   .  -> Nh   O    .
            pinShared         SO   SB   .  -> SO   SB*  .
            pinShared         SO   SB*  .  -> SO   SB** .
            unpinShared       .    SB*  .  -> .    SB   .
            hostShareGuest    O    .    -  -> SO1  .    SB  living
            hostShareGuest    SO1  .    -  -> SO2  .    SB  living
            hostShareGuest    SO2  .    -  -> SO3  .    SB  living
            hostUnshareGuest  SO1  .    SB -> O    .    -
            hostUnshareGuest  SO2  .    SB -> SO1  .    -
            hostDonateGuest   O    .    -  -> N1   .    O   living
            guestShareHost    N1   .    O  -> SB   .    SO
            guestUnshareHost  SB   .    SO -> N1   .    O
            guestDonateHost   N1   .    O  -> O    .    -   wiped
            evict             N1   .    O  -> O    .    -   wiped
            evict             SB   .    SO -> O    .    -
            evict             SO1  .    SB -> O    .    -
            evict             SO2  .    SB -> SO1  .    -
            reclaim           N1   .    O  -> O    .    -   wiped dying
            reclaim           SB   .    SO -> O    .    -   dying
            reclaim           SO1  .    SB -> O    .    -   dying
            reclaim           SO2  .    SB -> SO1  .    -   dying
            """;

    /** Every transition; those of the guest's pages are of guest 1. */
    enum Transition {
        hostShareHyp(true),
        hostUnshareHyp(true),
        hostDonateHyp(true),
        hypDonateHost(true),
        hypShareHost(true),
        hypUnshareHost(true),
        pinShared(true),
        unpinShared(true),
        hostShareGuest(true),
        hostUnshareGuest(true),
        hostDonateGuest(true),
        guestShareHost(false),
        guestUnshareHost(false),
        guestDonateHost(false),
        evict(false),
        reclaim(false);

        /** Whether it is told a physical range; else it finds the page by the guest's address. */
        final boolean range;

        Transition(boolean range) {
            this.range = range;
        }

        int apply(ProtectRig rig, long ipa, long pa, long size) {
            PageTransitions t = rig.transitions;
            return switch (this) {
                case hostShareHyp -> t.hostShareHyp(pa, size);
                case hostUnshareHyp -> t.hostUnshareHyp(pa, size);
                case hostDonateHyp -> t.hostDonateHyp(pa, size);
                case hypDonateHost -> t.hypDonateHost(pa, size);
                case hypShareHost -> t.hypShareHost(pa, size);
                case hypUnshareHost -> t.hypUnshareHost(pa, size);
                case pinShared -> t.pinShared(pa, size);
                case unpinShared -> t.unpinShared(pa, size);
                case hostShareGuest -> t.hostShareGuest(rig.guest1, ipa, pa, size);
                case hostUnshareGuest -> t.hostUnshareGuest(rig.guest1, ipa, pa, size);
                case hostDonateGuest -> t.hostDonateGuest(rig.guest1, ipa, pa, size);
                case guestShareHost -> t.guestShareHost(rig.guest1, ipa);
                case guestUnshareHost -> t.guestUnshareHost(rig.guest1, ipa);
                case guestDonateHost -> t.guestDonateHost(rig.guest1, ipa);
                case evict -> t.evict(rig.guest1, ipa);
                case reclaim -> t.reclaim(rig.guest1, ipa);
            };
        }
    }

    /**
     * What comes out.
     *
     * @param result 0 or a negative errno
     * @param after the situation then
     * @param wiped whether the page is zero then; else it holds what it held
     */
    record Outcome(int result, PageSituation after, boolean wiped) {}

    private record Row(Transition transition, String[] before, String[] after, String conditions) {}

    private static final List<Row> ROWS = rows();

    private TransitionTable() {}

    private static List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        for (String line : ALLOWED.lines().toList()) {
            String[] f = line.trim().split("\\s+");
            rows.add(
                    new Row(
                            Transition.valueOf(f[0]),
                            new String[] {f[1], f[2], f[3]},
                            new String[] {f[5], f[6], f[7]},
                            line.substring(line.indexOf("->"))));
        }
        return rows;
    }

    static int size() {
        return ROWS.size();
    }

    /** What a transition does in a situation. */
    static Outcome outcome(Transition t, PageSituation s, boolean dying) {
        for (Row row : ROWS) {
            String c = row.conditions();
            if (row.transition() == t
                    && matches(row.before(), s)
                    && !(c.contains("living") && dying)
                    && !(c.contains("dying") && !dying)
                    && !s.host().equals("D")) {
                return new Outcome(
                        0,
                        s.with(dot(row.after()[0]), dot(row.after()[1]), dot(row.after()[2])),
                        c.contains("wiped"));
            }
        }
        return new Outcome(refusal(t, s, dying), s, false);
    }

    private static boolean matches(String[] pattern, PageSituation s) {
        String[] actual = {s.host(), s.hyp(), s.guest1()};
        for (int i = 0; i < 3; i++) {
            if (!pattern[i].equals(".") && !pattern[i].equals(actual[i])) {
                return false;
            }
        }
        return true;
    }

    private static String dot(String text) {
        return text.equals(".") ? null : text;
    }

    private static int refusal(Transition t, PageSituation s, boolean dying) {
        boolean gift = t == Transition.hostShareGuest || t == Transition.hostDonateGuest;
        if (gift && dying) {
            return -EPERM;
        }
        if (s.host().equals("D")) {
            // No memory; a guest that does not know the page can't say so.
            boolean unknown = !t.range && s.guest1().equals("-");
            boolean alive = t == Transition.reclaim && !dying;
            return unknown || alive ? -EPERM : -EINVAL;
        }
        if (t == Transition.hostUnshareHyp && s.host().equals("SO") && s.hyp().equals("SB*")) {
            return -EBUSY;
        }
        if (t == Transition.unpinShared) {
            return -EINVAL;
        }
        return -EPERM;
    }
}
