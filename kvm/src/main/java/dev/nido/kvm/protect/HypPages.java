package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EBUSY;
import static dev.nido.kvm.Errno.EPERM;

import java.util.HashMap;
import java.util.Map;

/**
 * The hypervisor's record of physical pages. Software of EL2 that is written in Java has no stage 1
 * whose descriptors could hold it, so it is a table by page number.
 *
 * <p>KVM: {@code hyp_vmemmap} (state and pin count of each page).
 */
final class HypPages extends Component {

    private static final int CHUNK = 512;

    /** Of 512 pages each, by page number / 512: state in bits 1:0 (3 is nothing), pins above. */
    private final Map<Long, int[]> chunks = new HashMap<>();

    private final HostLock lock;
    private final int pageShift;

    HypPages(HostLock lock, int pageShift) {
        super(Owner.HYP);
        this.lock = lock;
        this.pageShift = pageShift;
    }

    /** What the hypervisor may do with a page. */
    PageState state(long pa) {
        lock.assertHeld();
        return PageState.values()[word(pa) & 3];
    }

    /** How often a page is pinned. */
    int pins(long pa) {
        lock.assertHeld();
        return word(pa) >>> 2;
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
            set(at, word(at) + (count << 2));
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
            set(at, word(at) & ~3 | state.ordinal());
        }
        return 0;
    }

    private int word(long pa) {
        int[] chunk = chunks.get(pa >>> pageShift + 9);
        return chunk == null ? 3 : chunk[(int) (pa >>> pageShift) & CHUNK - 1];
    }

    private void set(long pa, int word) {
        int[] chunk =
                chunks.computeIfAbsent(
                        pa >>> pageShift + 9,
                        k -> {
                            int[] none = new int[CHUNK];
                            java.util.Arrays.fill(none, 3);
                            return none;
                        });
        chunk[(int) (pa >>> pageShift) & CHUNK - 1] = word;
    }
}
