package dev.nido.kvm.pgtable;

/**
 * What a stage-2 table needs to know of the MMU context that it belongs to. The context is given to
 * the table when it is created and never derived from the VM, so that a VM can have any number of
 * tables, each of which invalidates with its own VMID.
 *
 * <p>KVM: {@code struct kvm_s2_mmu}, {@code __kvm_tlb_flush_vmid*()}. Implemented by {@code
 * dev.nido.kvm.mmu.S2Mmu}.
 *
 * <p>Every primitive acts on <em>this context's</em> VMID, whichever VMID the calling PE has
 * loaded, and on stage-2 results only: the machine keeps the results of both stages apart. When a
 * primitive returns, no PE uses a matching entry any more.
 */
public interface Stage2Context {

    /** In the place of a level: entries of any level, and intermediate walk results, go. */
    int LEVEL_UNKNOWN = Integer.MAX_VALUE;

    /** VTCR_EL2 of this context; never 0. */
    long vtcr();

    /** Whether the context already knows its VM; creating a table requires it. */
    boolean hasArch();

    /** Drops all entries of the VMID. */
    void flushVmid();

    /**
     * Drops the entry for an address, on all PEs.
     *
     * @param ipa any address in the page or block, in bytes
     * @param level of the leaf, −1 to 3, or {@link #LEVEL_UNKNOWN}
     */
    void flushVmidIpa(long ipa, int level);

    /** As {@link #flushVmidIpa}, on the calling PE only. */
    void flushVmidIpaNsh(long ipa, int level);

    /**
     * Drops all entries for a range, on all PEs.
     *
     * @param ipa first byte, page aligned
     * @param pages its length in pages of the table's granule
     */
    void flushVmidRange(long ipa, long pages);

    /** Whether HCR_EL2.FWB is set while guests of this context run (FEAT_S2FWB). */
    default boolean forceWriteBack() {
        return false;
    }

    /** Whether {@link #flushVmidRange} is cheap (FEAT_TLBIRANGE), so that unmapping may use it. */
    default boolean rangeInvalidation() {
        return false;
    }

    /** Whether execution is controlled separately for EL1 and EL0 (FEAT_XNX). */
    default boolean executeNeverExtension() {
        return false;
    }
}
