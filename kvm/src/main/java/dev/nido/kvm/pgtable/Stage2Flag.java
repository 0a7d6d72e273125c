package dev.nido.kvm.pgtable;

/**
 * Properties of a stage-2 table.
 *
 * <p>KVM: {@code enum kvm_pgtable_stage2_flags}.
 */
public enum Stage2Flag {
    /** Memory attributes as without HCR_EL2.FWB, whether there is FEAT_S2FWB or not. */
    NOFWB,

    /** Every mapping maps an address to itself. */
    IDMAP,

    /** Every leaf leaves the memory type to stage 1. */
    AS_S1,

    /** The table belongs to EL2 code of protected mode: shared walks are refused. */
    EL2_OWNED
}
