package dev.nido.kvm.protect;

import java.util.ArrayList;
import java.util.List;

/**
 * What all parties record about one page: a combination, possible or not.
 *
 * @param host {@code O} its own; {@code SO} lent to the hypervisor, {@code SO1}, {@code SO2},
 *     {@code SO3} lent to so many guests; {@code SB} borrowed; {@code Nh}, {@code N1}, {@code N2}
 *     not its own but the hypervisor's, guest 1's, guest 2's; {@code D} no memory at all
 * @param hyp {@code -}, {@code O}, {@code SO}, {@code SB}, {@code SB*} pinned once, {@code SB**}
 *     pinned twice
 * @param guest1 {@code -}, {@code O}, {@code SO}, {@code SB}
 * @param guest2 the same
 */
record PageSituation(String host, String hyp, String guest1, String guest2) {

    static final List<String> HOST = List.of("O", "SO", "SO1", "SO2", "SB", "Nh", "N1", "N2", "D");
    static final List<String> HYP = List.of("-", "O", "SO", "SB", "SB*");
    static final List<String> GUEST = List.of("-", "O", "SO", "SB");

    /** All combinations. */
    static List<PageSituation> all() {
        List<PageSituation> all = new ArrayList<>();
        for (String host : HOST) {
            for (String hyp : HYP) {
                for (String guest1 : GUEST) {
                    for (String guest2 : GUEST) {
                        all.add(new PageSituation(host, hyp, guest1, guest2));
                    }
                }
            }
        }
        return all;
    }

    PageSituation with(String newHost, String newHyp, String newGuest1) {
        return new PageSituation(
                newHost == null ? host : newHost,
                newHyp == null ? hyp : newHyp,
                newGuest1 == null ? guest1 : newGuest1,
                guest2);
    }

    /** Records this about a page that nothing is recorded about. */
    void force(ProtectRig rig, long pa, long ipa) {
        rig.stage2.lock().lock();
        try {
            long page = ProtectRig.PAGE;
            switch (host) {
                case "SO" -> forceHost(rig, pa, PageState.SHARED_OWNED, Owner.HYP);
                case "SB" -> forceHost(rig, pa, PageState.SHARED_BORROWED, Owner.HYP);
                case "Nh" -> forceHost(rig, pa, PageState.NOPAGE, Owner.HYP);
                case "N1" -> forceHost(rig, pa, PageState.NOPAGE, rig.guest1.owner());
                case "N2" -> forceHost(rig, pa, PageState.NOPAGE, rig.guest2.owner());
                case "SO1", "SO2" -> {
                    GuestPages other = new GuestPages(rig.stage2.lock(), Owner.HOST, 12);
                    rig.host.lend(other, 0, pa, page);
                    if (host.equals("SO2")) {
                        rig.host.lend(other, page, pa, page);
                    }
                }
                default -> {}
            }
            if (!hyp.equals("-")) {
                rig.hyp.set(pa, pa, page, PageState.NOPAGE, state(hyp), Owner.HOST);
                rig.hyp.pin(pa, page, hyp.length() - hyp.replace("*", "").length());
            }
            forceGuest(rig.guest1, guest1, pa, ipa);
            forceGuest(rig.guest2, guest2, pa, ipa);
        } finally {
            rig.stage2.lock().unlock();
        }
    }

    private static void forceHost(ProtectRig rig, long pa, PageState state, Owner other) {
        int error = rig.host.set(pa, pa, ProtectRig.PAGE, PageState.OWNED, state, other);
        if (error != 0) {
            throw new AssertionError("errno " + error);
        }
    }

    private static void forceGuest(GuestPages guest, String text, long pa, long ipa) {
        if (!text.equals("-")) {
            guest.set(ipa, pa, ProtectRig.PAGE, PageState.NOPAGE, state(text), Owner.HOST);
        }
    }

    private static PageState state(String text) {
        return switch (text.replace("*", "")) {
            case "O" -> PageState.OWNED;
            case "SO" -> PageState.SHARED_OWNED;
            case "SB" -> PageState.SHARED_BORROWED;
            default -> PageState.NOPAGE;
        };
    }

    private static String text(PageState state) {
        return switch (state) {
            case OWNED -> "O";
            case SHARED_OWNED -> "SO";
            case SHARED_BORROWED -> "SB";
            case NOPAGE -> "-";
        };
    }

    /** What is recorded about a page. */
    static PageSituation read(ProtectRig rig, long pa, long ipa) {
        rig.stage2.lock().lock();
        try {
            String host;
            if (!rig.host.isMemory(pa, ProtectRig.PAGE)) {
                host = rig.host.owner(pa) == 0 ? "D" : "owned device";
            } else if (rig.host.state(pa) == PageState.NOPAGE) {
                int owner = rig.host.owner(pa);
                host = owner == Owner.HYP.id() ? "Nh" : "N" + (owner - Owner.FIRST_GUEST + 1);
            } else {
                int shares = rig.host.guestShares(pa);
                host = text(rig.host.state(pa)) + (shares == 0 ? "" : shares);
            }
            String hyp = text(rig.hyp.state(pa)) + "*".repeat(rig.hyp.pins(pa));
            return new PageSituation(
                    host, hyp, guest(rig.guest1, pa, ipa), guest(rig.guest2, pa, ipa));
        } finally {
            rig.stage2.lock().unlock();
        }
    }

    private static String guest(GuestPages guest, long pa, long ipa) {
        PageState state = guest.state(ipa);
        boolean right = state == PageState.NOPAGE || guest.translate(ipa) == pa;
        return right ? text(state) : text(state) + " of another page";
    }
}
