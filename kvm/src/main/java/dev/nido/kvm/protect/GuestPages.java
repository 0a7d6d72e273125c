package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EPERM;

import java.util.HashMap;
import java.util.Map;

/**
 * A guest's record of its pages, by guest physical address: which physical page stands there, and
 * what the guest may do with it. Faults of a guest are handled by several threads at once, and a
 * leaf of its stage 2 comes and goes; who owns a page must not depend on whether it is mapped just
 * now, so this is kept beside the table and not in it.
 *
 * <p>KVM: {@code struct pkvm_hyp_vm} and the software bits of its stage-2 leaves; {@code struct
 * pkvm_mapping}.
 */
final class GuestPages extends Component {

    private static final int CHUNK = 512;

    /**
     * Of 512 pages each, by page number / 512: physical address in bits 63:12, state + 1 in bits
     * 2:0; 0 is nothing.
     */
    private final Map<Long, long[]> chunks = new HashMap<>();

    private final HostLock lock;
    private final int pageShift;
    private boolean dying;

    GuestPages(HostLock lock, Owner owner, int pageShift) {
        super(owner);
        this.lock = lock;
        this.pageShift = pageShift;
    }

    /** The guest will not run again: its pages may be taken from it. */
    void setDying() {
        lock.assertHeld();
        dying = true;
    }

    boolean dying() {
        return dying;
    }

    /** What the guest may do with a page. */
    PageState state(long ipa) {
        lock.assertHeld();
        long word = word(ipa);
        return word == 0 ? PageState.NOPAGE : PageState.values()[(int) (word & 7) - 1];
    }

    /** The physical page at a guest physical address, or −1 if there is none. */
    long translate(long ipa) {
        lock.assertHeld();
        long word = word(ipa);
        return word == 0 ? -1 : word & -1L << pageShift;
    }

    /** Guest physical addresses of all pages it has, in no order. */
    long[] addresses() {
        lock.assertHeld();
        long[] found = new long[16];
        int n = 0;
        for (Map.Entry<Long, long[]> e : chunks.entrySet()) {
            long[] chunk = e.getValue();
            for (int i = 0; i < CHUNK; i++) {
                if (chunk[i] != 0) {
                    if (n == found.length) {
                        found = java.util.Arrays.copyOf(found, 2 * n);
                    }
                    found[n++] = e.getKey() * CHUNK + i << pageShift;
                }
            }
        }
        return java.util.Arrays.copyOf(found, n);
    }

    @Override
    int check(long address, long pa, long size, PageState state, Owner other) {
        for (long i = 0; i < size; i += 1L << pageShift) {
            if (state(address + i) != state
                    || state != PageState.NOPAGE && translate(address + i) != pa + i) {
                return -EPERM;
            }
        }
        return 0;
    }

    @Override
    int set(long address, long pa, long size, PageState before, PageState state, Owner other) {
        lock.assertHeld();
        for (long i = 0; i < size; i += 1L << pageShift) {
            long word = state == PageState.NOPAGE ? 0 : pa + i | state.ordinal() + 1;
            long page = address + i >>> pageShift;
            chunks.computeIfAbsent(page >>> 9, k -> new long[CHUNK])[(int) page & CHUNK - 1] = word;
        }
        return 0;
    }

    private long word(long ipa) {
        long page = ipa >>> pageShift;
        long[] chunk = chunks.get(page >>> 9);
        return chunk == null ? 0 : chunk[(int) page & CHUNK - 1];
    }
}
