package dev.nido.kvm.mmu;

import dev.nido.kvm.pgtable.PageCache;

/**
 * Zeroed table pages that a vCPU, or a context that splits blocks, sets aside before it takes a
 * lock. Belongs to one thread at a time.
 *
 * <p>KVM: {@code struct kvm_mmu_memory_cache}, {@code kvm_mmu_topup_memory_cache()}.
 */
public final class PageTableCache implements PageCache {

    /** Pages that a vCPU's cache is filled up to. */
    public static final int CAPACITY = 16;

    private final HostMemory host;
    private final int shift;
    private final long[] pages;
    private int size;

    /**
     * An empty cache of {@link #CAPACITY}.
     *
     * @param shift logarithm of the bytes of a page: 12, 14 or 16
     */
    public PageTableCache(HostMemory host, int shift) {
        this(host, shift, CAPACITY);
    }

    /** An empty cache. */
    public PageTableCache(HostMemory host, int shift, int capacity) {
        this.host = host;
        this.shift = shift;
        this.pages = new long[capacity];
    }

    /**
     * Makes sure of pages. If fewer than {@code least} are there, fills the cache up; not under the
     * VM's lock.
     *
     * @param least pages that must be there, at most the capacity
     * @return whether they are; if not, host memory is used up, and what could be had is kept
     */
    public boolean topUp(int least) {
        if (size >= least) {
            return true;
        }
        if (least > pages.length) {
            throw new IllegalArgumentException(
                    "%d pages asked of a cache of %d".formatted(least, pages.length));
        }
        while (size < pages.length) {
            long pa = host.allocateTable(shift);
            if (pa == 0) {
                break;
            }
            pages[size++] = pa;
        }
        return size >= least;
    }

    /** Pages that it can hold. */
    public int capacity() {
        return pages.length;
    }

    @Override
    public long takePage() {
        return size == 0 ? 0 : pages[--size];
    }

    @Override
    public int available() {
        return size;
    }

    /** Gives everything back; the cache can be used again. */
    public void free() {
        while (size > 0) {
            host.put(pages[--size], shift);
        }
    }
}
