package dev.nido.kvm.mmu;

import dev.nido.kvm.Vm;

/**
 * Asked before anybody but a guest's own PE reaches a page, and before a page becomes part of a
 * guest. With {@link #UNRESTRICTED} the VMM may touch everything, as KVM without protected mode; in
 * protected mode the host's stage 2 decides ({@code dev.nido.kvm.protect}).
 *
 * <p>All addresses are physical, page aligned, and all sizes whole pages. Called on any thread; an
 * implementation takes its own lock, and never a VM's. {@link #claim} is called under the VM's lock
 * for reading, after the check that the host page is still the right one: a page that went away in
 * between must not be claimed again behind the {@link #release} that belongs to it.
 *
 * <p>KVM: {@code __pkvm_host_donate_guest()}, {@code __pkvm_host_share_guest()}, {@code
 * __pkvm_host_reclaim_page()}, {@code host_stage2_adjust_range()}.
 */
public interface PageOwnership {

    /** Everybody may do everything. */
    PageOwnership UNRESTRICTED =
            new PageOwnership() {
                @Override
                public int hostAccess(long pa, long size) {
                    return 0;
                }

                @Override
                public int claim(Vm vm, long ipa, long pa, long size) {
                    return 0;
                }

                @Override
                public void release(Vm vm, long ipa, long size) {}

                @Override
                public void releaseAll(Vm vm) {}
            };

    /**
     * The VMM or one of its devices is about to read or write pages.
     *
     * @return 0, or {@code -EPERM} if one of them is somebody else's: nothing may be read or
     *     written
     */
    int hostAccess(long pa, long size);

    /**
     * The hypervisor is about to read or write a page on a guest's behalf.
     *
     * @param pa the page that stands at {@code ipa}
     * @return 0, or {@code -EPERM} if the guest does not have that page there
     */
    default int guestAccess(Vm vm, long ipa, long pa) {
        return 0;
    }

    /**
     * Until {@link #leaveHostAccess} by the same thread, what {@link #hostAccess} and {@link
     * #guestAccess} allow stays allowed: whoever takes pages away waits.
     */
    default void enterHostAccess() {}

    /** What began with {@link #enterHostAccess} is over. */
    default void leaveHostAccess() {}

    /**
     * A fault handler is about to map pages into a guest's stage 2. Pages that the guest has at
     * this address already stay as they are.
     *
     * @return 0, or a negative errno: {@code -EPERM} if a page belongs to somebody else. Then
     *     nothing has changed, and nothing may be mapped
     */
    int claim(Vm vm, long ipa, long pa, long size);

    /**
     * Pages have been taken out of a guest's stage 2 for good, and no TLB has them any more: their
     * slot goes or moves. What the guest did not share becomes zero. Addresses that were never
     * claimed are passed over.
     *
     * @param ipa guest physical address of the first
     */
    void release(Vm vm, long ipa, long size);

    /** The VM is gone; {@link #release} of all that it still has. */
    void releaseAll(Vm vm);
}
