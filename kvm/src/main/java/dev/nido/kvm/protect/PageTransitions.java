package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.Errno.EPERM;
import static dev.nido.kvm.protect.PageState.NOPAGE;
import static dev.nido.kvm.protect.PageState.OWNED;
import static dev.nido.kvm.protect.PageState.SHARED_BORROWED;
import static dev.nido.kvm.protect.PageState.SHARED_OWNED;

import java.util.EnumSet;
import java.util.Set;

/**
 * The only ways in which a page changes hands. Each has an initiator, who has the page, and a
 * completer; what both record about it is checked before anything is written, under the host's
 * lock, and a refusal leaves everything as it was.
 *
 * <pre>
 *             initiator                      completer
 *   share     OWNED → SHARED_OWNED           NOPAGE → SHARED_BORROWED
 *   unshare   SHARED_OWNED → OWNED           SHARED_BORROWED → NOPAGE
 *   donate    OWNED → NOPAGE                 NOPAGE → OWNED
 *   reclaim   (host takes all back from a guest that will not run again)
 * </pre>
 *
 * <p>The host may lend a page to several guests; to them and to nobody else.
 *
 * <p>All return 0 or a negative errno: {@code -EINVAL} for a range that is not whole pages of one
 * region of memory, {@code -EPERM} for a state that does not permit it, {@code -EBUSY} while the
 * hypervisor has pinned a page, {@code -ENOMEM} when there is no memory for the host's tables.
 *
 * <p>KVM: {@code do_share()}, {@code do_unshare()}, {@code do_donate()} and the {@code __pkvm_*}
 * functions named below.
 */
final class PageTransitions {

    /** What is checked: a test leaves each out in turn, and must notice. */
    enum Check {
        ARGUMENTS,
        INITIATOR,
        COMPLETER,
        PINS,
        DYING
    }

    private final HostLock lock;
    private final HostPages host;
    private final HypPages hyp;
    private final int pageShift;
    private final Set<Check> skipped;

    PageTransitions(HostLock lock, HostPages host, HypPages hyp, int pageShift) {
        this(lock, host, hyp, pageShift, EnumSet.noneOf(Check.class));
    }

    /** For tests of the tests. */
    PageTransitions(
            HostLock lock, HostPages host, HypPages hyp, int pageShift, Set<Check> skipped) {
        this.lock = lock;
        this.host = host;
        this.hyp = hyp;
        this.pageShift = pageShift;
        this.skipped = skipped;
    }

    // Host and hypervisor

    /** The host lends pages to the hypervisor ({@code __pkvm_host_share_hyp()}). */
    int hostShareHyp(long pa, long size) {
        return locked(() -> share(host, pa, hyp, pa, pa, size));
    }

    /** The host takes back what it lent ({@code __pkvm_host_unshare_hyp()}). */
    int hostUnshareHyp(long pa, long size) {
        return locked(() -> {
            int error = checkUnshare(host, pa, hyp, pa, pa, size);
            if (error == 0) {
                error = verdict(Check.PINS, hyp.checkPins(pa, size));
            }
            return error != 0 ? error : doUnshare(host, pa, hyp, pa, pa, size);
        });
    }

    /** The host gives pages away to the hypervisor ({@code __pkvm_host_donate_hyp()}). */
    int hostDonateHyp(long pa, long size) {
        return locked(() -> donate(host, pa, hyp, pa, pa, size));
    }

    /** The hypervisor gives pages to the host ({@code __pkvm_hyp_donate_host()}). */
    int hypDonateHost(long pa, long size) {
        return locked(() -> donate(hyp, pa, host, pa, pa, size));
    }

    /** The hypervisor lends pages to the host. */
    int hypShareHost(long pa, long size) {
        return locked(() -> share(hyp, pa, host, pa, pa, size));
    }

    /** The hypervisor takes back what it lent. */
    int hypUnshareHost(long pa, long size) {
        return locked(() -> unshare(hyp, pa, host, pa, pa, size));
    }

    /**
     * Keeps pages that the hypervisor has borrowed from going back ({@code hyp_pin_shared_mem()}).
     */
    int pinShared(long pa, long size) {
        return locked(() -> {
            int error = checkRange(pa, pa, size);
            if (error == 0) {
                error = initiator(host, pa, pa, size, SHARED_OWNED, Owner.HYP);
            }
            if (error == 0) {
                error = completer(hyp, pa, pa, size, SHARED_BORROWED, Owner.HOST);
            }
            if (error == 0) {
                hyp.pin(pa, size, 1);
            }
            return error;
        });
    }

    /** Ends one {@link #pinShared}; without one {@code -EINVAL}. */
    int unpinShared(long pa, long size) {
        return locked(() -> {
            int error = checkRange(pa, pa, size);
            if (error != 0) {
                return error;
            }
            for (long at = pa; at < pa + size; at += 1L << pageShift) {
                if (hyp.pins(at) == 0) {
                    return -EINVAL;
                }
            }
            hyp.pin(pa, size, -1);
            return 0;
        });
    }

    // Host and guest

    /** The host gives pages to a guest for good ({@code __pkvm_host_donate_guest()}). */
    int hostDonateGuest(GuestPages guest, long ipa, long pa, long size) {
        return locked(() -> {
            int error = verdict(Check.DYING, guest.dying() ? -EPERM : 0);
            return error != 0 ? error : donate(host, pa, guest, ipa, pa, size);
        });
    }

    /**
     * The host lends pages to a guest; they may be lent to others already ({@code
     * __pkvm_host_share_guest()}).
     */
    int hostShareGuest(GuestPages guest, long ipa, long pa, long size) {
        return locked(() -> {
            int error = verdict(Check.DYING, guest.dying() ? -EPERM : 0);
            if (error == 0) {
                error = checkRange(ipa, pa, size);
            }
            if (error == 0) {
                error = completer(guest, ipa, pa, size, NOPAGE, Owner.HOST);
            }
            for (long i = 0; error == 0 && i < size; i += 1L << pageShift) {
                error = checkLendable(pa + i);
            }
            return error != 0 ? error : host.lend(guest, ipa, pa, size);
        });
    }

    /** A page is the host's alone, or lent to guests already. */
    private int checkLendable(long pa) {
        PageState state = host.guestShares(pa) > 0 ? SHARED_OWNED : OWNED;
        return initiator(host, pa, pa, 1L << pageShift, state, Owner.HOST);
    }

    /** The host takes back what it lent to a guest ({@code __pkvm_host_unshare_guest()}). */
    int hostUnshareGuest(GuestPages guest, long ipa, long pa, long size) {
        return locked(() -> {
            int error = checkUnshare(host, pa, guest, ipa, pa, size);
            return error != 0 ? error : host.takeBack(guest, ipa, pa, size);
        });
    }

    /** A guest lends one of its pages to the host ({@code __pkvm_guest_share_host()}). */
    int guestShareHost(GuestPages guest, long ipa) {
        return ofGuest(guest, ipa, pa -> share(guest, ipa, host, pa, pa, 1L << pageShift));
    }

    /** A guest takes back a page that it lent ({@code __pkvm_guest_unshare_host()}). */
    int guestUnshareHost(GuestPages guest, long ipa) {
        return ofGuest(guest, ipa, pa -> unshare(guest, ipa, host, pa, pa, 1L << pageShift));
    }

    /**
     * A guest gives one of its pages to the host, wiped ({@code
     * __pkvm_guest_relinquish_to_host()}).
     */
    int guestDonateHost(GuestPages guest, long ipa) {
        return ofGuest(
                guest,
                ipa,
                pa -> {
                    int error = donate(guest, ipa, host, pa, pa, 1L << pageShift);
                    if (error == 0) {
                        host.wipe(pa);
                    }
                    return error;
                });
    }

    /**
     * The host takes a page from a guest that will not run again, whoever owns it: what the guest
     * had for itself is wiped ({@code __pkvm_host_reclaim_page()}, {@code hyp_reclaim_page()}).
     */
    int reclaim(GuestPages guest, long ipa) {
        return ofGuest(
                guest,
                ipa,
                pa -> {
                    int error = verdict(Check.DYING, guest.dying() ? 0 : -EPERM);
                    return error != 0 ? error : takeFrom(guest, ipa, pa);
                });
    }

    /**
     * The same from a guest that goes on without the page: its slot is gone, and the guest reaches
     * the page no more. Nothing about it can be refused.
     */
    int evict(GuestPages guest, long ipa) {
        return ofGuest(guest, ipa, pa -> takeFrom(guest, ipa, pa));
    }

    private int takeFrom(GuestPages guest, long ipa, long pa) {
        long size = 1L << pageShift;
        Owner owner = guest.owner();
        return switch (guest.state(ipa)) {
            case NOPAGE -> -EPERM;
            case SHARED_BORROWED -> {
                int error = initiator(host, pa, pa, size, SHARED_OWNED, owner);
                yield error != 0 ? error : host.takeBack(guest, ipa, pa, size);
            }
            case SHARED_OWNED -> {
                int error = initiator(host, pa, pa, size, SHARED_BORROWED, owner);
                if (error == 0) {
                    error = host.set(pa, pa, size, SHARED_BORROWED, OWNED, owner);
                }
                yield error != 0 ? error : guest.set(ipa, pa, size, SHARED_OWNED, NOPAGE, owner);
            }
            case OWNED -> {
                int error = initiator(host, pa, pa, size, NOPAGE, owner);
                if (error == 0) {
                    host.wipe(pa);
                    error = host.set(pa, pa, size, NOPAGE, OWNED, owner);
                }
                yield error != 0 ? error : guest.set(ipa, pa, size, OWNED, NOPAGE, owner);
            }
        };
    }

    // The three kinds

    private int share(Component from, long at, Component to, long toAt, long pa, long size) {
        int error = checkRange(at | toAt, pa, size);
        if (error == 0) {
            error = initiator(from, at, pa, size, OWNED, to.owner());
        }
        if (error == 0) {
            error = completer(to, toAt, pa, size, NOPAGE, from.owner());
        }
        if (error == 0) {
            error = to.set(toAt, pa, size, NOPAGE, SHARED_BORROWED, from.owner());
        }
        if (error == 0) {
            error = from.set(at, pa, size, OWNED, SHARED_OWNED, to.owner());
            if (error != 0) {
                to.set(toAt, pa, size, SHARED_BORROWED, NOPAGE, from.owner());
            }
        }
        return error;
    }

    private int unshare(Component from, long at, Component to, long toAt, long pa, long size) {
        int error = checkUnshare(from, at, to, toAt, pa, size);
        return error != 0 ? error : doUnshare(from, at, to, toAt, pa, size);
    }

    private int checkUnshare(Component from, long at, Component to, long toAt, long pa, long size) {
        int error = checkRange(at | toAt, pa, size);
        if (error == 0) {
            error = initiator(from, at, pa, size, SHARED_OWNED, to.owner());
        }
        if (error == 0) {
            error = completer(to, toAt, pa, size, SHARED_BORROWED, from.owner());
        }
        return error;
    }

    private int doUnshare(Component from, long at, Component to, long toAt, long pa, long size) {
        int error = to.set(toAt, pa, size, SHARED_BORROWED, NOPAGE, from.owner());
        if (error == 0) {
            error = from.set(at, pa, size, SHARED_OWNED, OWNED, to.owner());
            if (error != 0) {
                to.set(toAt, pa, size, NOPAGE, SHARED_BORROWED, from.owner());
            }
        }
        return error;
    }

    private int donate(Component from, long at, Component to, long toAt, long pa, long size) {
        int error = checkRange(at | toAt, pa, size);
        if (error == 0) {
            error = initiator(from, at, pa, size, OWNED, to.owner());
        }
        if (error == 0) {
            error = completer(to, toAt, pa, size, NOPAGE, from.owner());
        }
        // Nobody has the page before both may have it: the old owner loses it first.
        if (error == 0) {
            error = from.set(at, pa, size, OWNED, NOPAGE, to.owner());
        }
        if (error == 0) {
            error = to.set(toAt, pa, size, NOPAGE, OWNED, from.owner());
            if (error != 0) {
                from.set(at, pa, size, NOPAGE, OWNED, to.owner());
            }
        }
        return error;
    }

    // Checks

    private int initiator(Component c, long at, long pa, long size, PageState state, Owner other) {
        return verdict(Check.INITIATOR, c.check(at, pa, size, state, other));
    }

    private int completer(Component c, long at, long pa, long size, PageState state, Owner other) {
        return verdict(Check.COMPLETER, c.check(at, pa, size, state, other));
    }

    private int checkRange(long at, long pa, long size) {
        long mask = (1L << pageShift) - 1;
        boolean whole = size > 0 && ((at | pa | size) & mask) == 0 && pa >= 0 && pa + size > pa;
        return verdict(Check.ARGUMENTS, whole && host.isMemory(pa, size) ? 0 : -EINVAL);
    }

    private int verdict(Check check, int result) {
        return skipped.contains(check) ? 0 : result;
    }

    @FunctionalInterface
    private interface Step {
        int run();
    }

    @FunctionalInterface
    private interface PageStep {
        int run(long pa);
    }

    private int locked(Step step) {
        lock.lock();
        try {
            return step.run();
        } finally {
            lock.unlock();
        }
    }

    /** A transition of the page that a guest has at an address; {@code -EPERM} if it has none. */
    private int ofGuest(GuestPages guest, long ipa, PageStep step) {
        return locked(() -> {
            if ((ipa & (1L << pageShift) - 1) != 0) {
                return -EINVAL;
            }
            long pa = guest.translate(ipa);
            return pa < 0 ? -EPERM : step.run(pa);
        });
    }
}
