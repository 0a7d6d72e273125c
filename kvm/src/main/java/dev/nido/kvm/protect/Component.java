package dev.nido.kvm.protect;

/**
 * One party to a transition, with its own record of what it may do with which page: the host's is
 * its stage 2, the hypervisor's and the guests' are kept beside their tables. Everything here runs
 * under the host's lock.
 *
 * <p>KVM: {@code enum pkvm_component_id} and the {@code check_page_state()} functions of each.
 */
abstract class Component {

    private final Owner owner;

    Component(Owner owner) {
        this.owner = owner;
    }

    /** Its number. */
    final Owner owner() {
        return owner;
    }

    /**
     * Whether all pages of a range are in one state.
     *
     * @param address of the first page, as this component names it: physical, or of a guest
     * @param pa its physical address
     * @param size bytes, whole pages
     * @param state what it must be
     * @param other where this component records it: with {@link PageState#NOPAGE} whose the pages
     *     must be instead, with {@link PageState#SHARED_OWNED} who must have borrowed them
     * @return 0, {@code -EPERM} if not, {@code -EINVAL} for what is no memory
     */
    abstract int check(long address, long pa, long size, PageState state, Owner other);

    /**
     * Puts all pages of a range into a state. On failure nothing has changed.
     *
     * @param before the state they all are in, and what a failure leaves them in
     * @param other with {@link PageState#NOPAGE}, in either place, whose the pages are
     * @return 0 or {@code -ENOMEM}
     */
    abstract int set(
            long address, long pa, long size, PageState before, PageState state, Owner other);
}
