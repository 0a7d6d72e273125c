package dev.nido.kvm.protect;

import dev.nido.kvm.pgtable.MemoryOps;
import dev.nido.kvm.pgtable.PageCache;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.PhysicalMemory;

/**
 * The host's stage 2 lives in pages of a pool. Its root is never freed: the host always has a stage
 * 2. There are no caches to maintain, since the host maintains its own.
 *
 * <p>KVM: {@code host_mmu.mm_ops}, {@code host_s2_zalloc_pages_exact()}.
 */
final class PoolMemory implements MemoryOps, PageCache {

    private final PagePool pool;

    PoolMemory(PagePool pool) {
        this.pool = pool;
    }

    @Override
    public PhysicalMemory memory() {
        return pool.memory();
    }

    @Override
    public int pageShift() {
        return pool.pageShift();
    }

    @Override
    public long zallocPage(PageCache cache) {
        return cache.takePage();
    }

    @Override
    public long zallocPagesExact(long size) {
        int order = PagePool.orderOf(size, pool.pageShift());
        if (size != 1L << pool.pageShift() + order) {
            throw new IllegalArgumentException(
                    "0x%x bytes are no power of two of pages".formatted(size));
        }
        return pool.allocate(order);
    }

    @Override
    public void freePagesExact(long pa, long size) {
        throw new IllegalStateException("the host's stage 2 is never destroyed");
    }

    @Override
    public void freeUnlinkedTable(long pa, int level) {
        Stage2PageTable.freeUnlinked(this, pa, level);
    }

    @Override
    public void getPage(long pa) {
        pool.get(pa);
    }

    @Override
    public void putPage(long pa) {
        pool.put(pa);
    }

    @Override
    public int pageCount(long pa) {
        return pool.count(pa);
    }

    // The pool in the place of a cache

    @Override
    public long takePage() {
        return pool.allocate(0);
    }

    @Override
    public int available() {
        return pool.free();
    }
}
