package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EBUSY;
import static dev.nido.kvm.Errno.EPERM;

/**
 * The hypervisor's record of physical pages. Software of EL2 that is written in Java has no stage 1
 * whose descriptors could hold it, so it is a table by page number.
 *
 * <p>KVM: {@code hyp_vmemmap} (state and pin count of each page).
 */
final class HypPages extends Component {

    /** State in bits 1:0, of which 3 is no access; pins above. */
    private final PageInts words;

    private final HostLock lock;
    private final int pageShift;

    HypPages(HostLock lock, int pageShift) {
        super(Owner.HYP);
        this.lock = lock;
        this.pageShift = pageShift;
        words = new PageInts(pageShift, PageState.NOPAGE.ordinal());
    }

    /** What the hypervisor may do with a page. */
    PageState state(long pa) {
        lock.assertHeld();
        return PageState.values()[words.get(pa) & 3];
    }

    /** How often a page is pinned. */
    int pins(long pa) {
        lock.assertHeld();
        return words.get(pa) >>> 2;
    }

    /** Whether a page of the range is pinned: then it may not go back. */
    int checkPins(long pa, long size) {
        for (long at = pa; at < pa + size; at += 1L << pageShift) {
            if (pins(at) != 0) {
                return -EBUSY;
            }
        }
        return 0;
    }

    /** Adds to the pin count of each page. */
    void pin(long pa, long size, int count) {
        lock.assertHeld();
        for (long at = pa; at < pa + size; at += 1L << pageShift) {
            words.set(at, words.get(at) + (count << 2));
        }
    }

    @Override
    int check(long address, long pa, long size, PageState state, Owner other) {
        for (long at = pa; at < pa + size; at += 1L << pageShift) {
            if (state(at) != state) {
                return -EPERM;
            }
        }
        return 0;
    }

    @Override
    int set(long address, long pa, long size, PageState before, PageState state, Owner other) {
        lock.assertHeld();
        for (long at = pa; at < pa + size; at += 1L << pageShift) {
            words.set(at, words.get(at) & ~3 | state.ordinal());
        }
        return 0;
    }
}
