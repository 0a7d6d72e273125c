package dev.nido.kvm.pgtable;

/**
 * Zeroed pages that were set aside for page tables before a lock was taken, so that mapping under
 * the lock need not allocate. Filling it is the business of its owner (a vCPU, or a context that
 * splits blocks); one thread uses it at a time.
 *
 * <p>KVM: {@code struct kvm_mmu_memory_cache}.
 */
public interface PageCache {

    /**
     * Takes a page out.
     *
     * @return physical address of a zeroed page with reference count 1, or 0 if there is none left
     */
    long takePage();

    /** Number of pages left. */
    int available();
}
