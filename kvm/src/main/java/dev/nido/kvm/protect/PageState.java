package dev.nido.kvm.protect;

import dev.nido.kvm.pgtable.Prot;

/**
 * What a component may do with a page, as its own page table says.
 *
 * <p>The first three are states of a mapping, held in software bits 0 and 1 of its descriptor; the
 * last is the absence of one.
 *
 * <p>KVM: {@code enum pkvm_page_state}.
 */
public enum PageState {
    /** The page is the component's alone. */
    OWNED,
    /** The component owns the page and has lent it. */
    SHARED_OWNED,
    /** The page is another's, who has lent it to the component. */
    SHARED_BORROWED,
    /** The component has no access. */
    NOPAGE;

    private static final PageState[] BY_BITS = {OWNED, SHARED_OWNED, SHARED_BORROWED, NOPAGE};

    /** Software bits ({@link Prot}) that say so in a leaf; {@link #NOPAGE} has none. */
    public int prot() {
        if (this == NOPAGE) {
            throw new IllegalStateException("a page without access has no mapping");
        }
        return Prot.sw(ordinal());
    }

    /** The state that a leaf's protection says. */
    public static PageState of(int prot) {
        return BY_BITS[Prot.swOf(prot) & 3];
    }
}
