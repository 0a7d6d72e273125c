package dev.nido.kvm.pgtable;

/**
 * Decides whether a range must be mapped with pages only, never blocks.
 *
 * <p>KVM: {@code kvm_pgtable_force_pte_cb_t}.
 */
@FunctionalInterface
public interface ForcePte {

    /**
     * Asked once per map operation.
     *
     * @param start first byte of the range, page aligned
     * @param end one past its last byte
     * @param prot {@link Prot} bits
     */
    boolean force(long start, long end, int prot);
}
