package dev.nido.kvm.mmu;

import dev.nido.kvm.pgtable.MemoryOps;
import dev.nido.kvm.pgtable.PageCache;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.PhysicalMemory;

/**
 * The memory of a VM's stage-2 tables: host pages, from the cache of whoever maps.
 *
 * <p>KVM: {@code kvm_s2_mm_ops}.
 */
public final class TableMemory implements MemoryOps {

    private final HostMemory host;
    private final int pageShift;
    private final long pageMask;

    /**
     * @param pageShift logarithm of the bytes of a page: 12, 14, 16
     */
    public TableMemory(HostMemory host, int pageShift) {
        this.host = host;
        this.pageShift = pageShift;
        this.pageMask = -1L << pageShift;
    }

    @Override
    public PhysicalMemory memory() {
        return host.memory();
    }

    @Override
    public int pageShift() {
        return pageShift;
    }

    @Override
    public long zallocPage(PageCache cache) {
        return cache == null ? 0 : cache.takePage();
    }

    @Override
    public long zallocPagesExact(long size) {
        return host.allocateExact(size, pageShift);
    }

    @Override
    public void freePagesExact(long pa, long size) {
        host.freeExact(pa, size, pageShift);
    }

    @Override
    public void freeUnlinkedTable(long pa, int level) {
        Stage2PageTable.freeUnlinked(this, pa, level);
    }

    @Override
    public void getPage(long pa) {
        host.get(pa & pageMask);
    }

    @Override
    public void putPage(long pa) {
        host.put(pa & pageMask, pageShift);
    }

    @Override
    public int pageCount(long pa) {
        return host.count(pa & pageMask);
    }
}
