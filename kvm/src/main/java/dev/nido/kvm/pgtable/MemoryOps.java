package dev.nido.kvm.pgtable;

import dev.nido.machine.PhysicalMemory;

/**
 * Where a page table's memory comes from, and who counts its pages. Pages are named by physical
 * address; 0 means that there is none.
 *
 * <p>Pages have one size, {@code 1 << pageShift()}, which is also the granule of every table built
 * from them. Any address inside a page names the page in {@link #getPage}, {@link #putPage} and
 * {@link #pageCount}; these three are called from several threads at once by shared walks, the
 * allocating ones too, each with its own cache.
 *
 * <p>KVM: {@code struct kvm_pgtable_mm_ops}.
 */
public interface MemoryOps {

    /** The memory that the tables lie in ({@code phys_to_virt}, {@code virt_to_phys}). */
    PhysicalMemory memory();

    /** Logarithm of the page size in bytes: 12, 14 or 16. */
    int pageShift();

    /**
     * Allocates a table page, zeroed, with reference count 1.
     *
     * @param cache what the caller of the operation gave; null if it gave none
     * @return its physical address, or 0 if there is no page
     */
    long zallocPage(PageCache cache);

    /**
     * Allocates a root table: contiguous, zeroed, aligned to its size, each page with reference
     * count 1.
     *
     * @param size bytes, 1 to 16 pages, a power of two
     * @return its physical address, or 0
     */
    long zallocPagesExact(long size);

    /** Gives a root table back. */
    void freePagesExact(long pa, long size);

    /**
     * Tears down a table that was detached from its parent: usually {@link
     * Stage2PageTable#freeUnlinked}. It is called when no software walker can be inside it any
     * more; the table library sees to that, with a {@link ReadEpoch}.
     *
     * @param pa the table
     * @param level of the entry that pointed to it
     */
    void freeUnlinkedTable(long pa, int level);

    /** Takes a reference to the page that contains an address. */
    void getPage(long pa);

    /** Drops a reference; at 0 the page goes back to where it came from. */
    void putPage(long pa);

    /** References to the page; negative if pages are not counted at all. */
    int pageCount(long pa);

    /**
     * Whether the two operations below do anything. If not, what depends on their order against TLB
     * invalidation need not be ordered.
     */
    default boolean maintainsCaches() {
        return false;
    }

    /** Cleans and invalidates data caches to the point of coherency. */
    default void dcacheCleanInvalPoc(long pa, long size) {}

    /** Invalidates instruction caches to the point of unification. */
    default void icacheInvalPou(long pa, long size) {}
}
