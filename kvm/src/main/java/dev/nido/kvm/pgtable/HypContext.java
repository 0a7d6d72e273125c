package dev.nido.kvm.pgtable;

/**
 * The regime that a hyp stage-1 table is for, and its TLB invalidation.
 *
 * <p>KVM: {@code has_vhe()}, {@code __tlbi_level(vale2is)}, {@code __tlbi_level(vae2is)}.
 */
public interface HypContext {

    /** Whether the regime is EL2&amp;0 (HCR_EL2.E2H is 1) rather than EL2. */
    boolean host();

    /**
     * TLBI VALE2IS: drops the entry for an address on all PEs.
     *
     * @param level of the leaf
     */
    void flushLeaf(long va, int level);

    /** TLBI VAE2IS: the same, with intermediate walk results. */
    void flushTable(long va);
}
