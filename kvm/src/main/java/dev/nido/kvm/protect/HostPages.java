package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.Errno.EPERM;

import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.PhysicalMemory;

/**
 * The host's record of pages, which is its stage 2: a leaf says its state in software bits, nothing
 * at all is the host's own (it was not touched yet), an annotation is somebody else's.
 *
 * <p>KVM: {@code host_get_page_state()}, {@code __host_set_page_state_range()}; of pages lent to
 * guests, {@code hyp_page.host_share_guest_count}.
 */
final class HostPages extends Component {

    private final HostStage2 stage2;
    private final long pageSize;

    /** How many guests a page is lent to, where it is. */
    private final PageInts guestShares;

    HostPages(HostStage2 stage2) {
        super(Owner.HOST);
        this.stage2 = stage2;
        this.pageSize = 1L << stage2.pageShift();
        guestShares = new PageInts(stage2.pageShift(), 0);
    }

    /** Whether a range is memory of one region. */
    boolean isMemory(long pa, long size) {
        return stage2.regions().isMemory(pa, pa + size);
    }

    /** What the host may do with a page. */
    PageState state(long pa) {
        if (!isMemory(pa, pageSize) || stage2.look(pa) != 0) {
            return PageState.NOPAGE;
        }
        return state(stage2.leaf());
    }

    /** Whose page it is, as far as the host's table says: the host's unless annotated. */
    int owner(long pa) {
        return stage2.look(pa) != 0 ? 0 : Stage2PageTable.ownerOf(stage2.leaf().pte());
    }

    private static PageState state(Leaf leaf) {
        if (leaf.valid()) {
            return PageState.of(Stage2PageTable.ptePermissions(leaf.pte()));
        }
        return leaf.pte() == 0 ? PageState.OWNED : PageState.NOPAGE;
    }

    @Override
    int check(long address, long pa, long size, PageState state, Owner other) {
        if (!isMemory(pa, size)) {
            return -EINVAL;
        }
        Leaf leaf = stage2.leaf();
        for (long at = pa; at < pa + size; at = (at | leaf.size() - 1) + 1) {
            int error = stage2.look(at);
            if (error != 0) {
                return error;
            }
            if (state(leaf) != state
                    || state == PageState.NOPAGE
                            && Stage2PageTable.ownerOf(leaf.pte()) != other.id()) {
                return -EPERM;
            }
        }
        return state == PageState.SHARED_OWNED ? checkBorrower(pa, size, other) : 0;
    }

    /** Pages are lent either to the hypervisor or to guests. */
    private int checkBorrower(long pa, long size, Owner borrower) {
        boolean guests = !borrower.equals(Owner.HYP);
        for (long at = pa; at < pa + size; at += pageSize) {
            if (guestShares(at) > 0 != guests) {
                return -EPERM;
            }
        }
        return 0;
    }

    @Override
    int set(long address, long pa, long size, PageState before, PageState state, Owner other) {
        int error = write(pa, size, state, other);
        if (error != 0) {
            // What exists already needs no memory, and so can't fail.
            write(pa, size, before, other);
        }
        return error;
    }

    private int write(long pa, long size, PageState state, Owner other) {
        return switch (state) {
            case OWNED -> stage2.unmap(pa, size);
            case NOPAGE -> stage2.setOwner(pa, size, other.id());
            case SHARED_OWNED, SHARED_BORROWED ->
                    stage2.map(pa, size, HostForcePte.MEMORY | state.prot());
        };
    }

    // Pages lent to guests

    /** How often a page is lent to guests. */
    int guestShares(long pa) {
        stage2.lock().assertHeld();
        return guestShares.get(pa);
    }

    /** Lends pages to one guest more. */
    int lend(GuestPages guest, long ipa, long pa, long size) {
        for (long i = 0; i < size; i += pageSize) {
            int shares = guestShares(pa + i);
            if (shares == 0) {
                int error =
                        set(
                                pa + i,
                                pa + i,
                                pageSize,
                                PageState.OWNED,
                                PageState.SHARED_OWNED,
                                guest.owner());
                if (error != 0) {
                    takeBack(guest, ipa, pa, i);
                    return error;
                }
            }
            guestShares.set(pa + i, shares + 1);
            guest.set(
                    ipa + i,
                    pa + i,
                    pageSize,
                    PageState.NOPAGE,
                    PageState.SHARED_BORROWED,
                    owner());
        }
        return 0;
    }

    /** One guest less has these pages. */
    int takeBack(GuestPages guest, long ipa, long pa, long size) {
        for (long i = 0; i < size; i += pageSize) {
            int shares = guestShares(pa + i);
            if (shares <= 1) {
                guestShares.set(pa + i, 0);
                set(
                        pa + i,
                        pa + i,
                        pageSize,
                        PageState.SHARED_OWNED,
                        PageState.OWNED,
                        guest.owner());
            } else {
                guestShares.set(pa + i, shares - 1);
            }
            guest.set(
                    ipa + i,
                    pa + i,
                    pageSize,
                    PageState.SHARED_BORROWED,
                    PageState.NOPAGE,
                    owner());
        }
        return 0;
    }

    /** Makes a page zero, and forgets what was decoded of it. */
    void wipe(long pa) {
        PhysicalMemory memory = stage2.machine().memory();
        memory.discard(memory.offsetOf(pa), pageSize);
        stage2.machine().codeCache().forget(pa, pageSize);
    }
}
