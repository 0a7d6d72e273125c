package dev.nido.kvm.pgtable;

import dev.nido.machine.PhysicalMemory;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Pages for tables: counted, with failures on demand, and checks of what must not happen. */
class TestMemory implements MemoryOps, AutoCloseable {

    static final long BASE = 0x4000_0000L;

    final PhysicalMemory memory;
    final int pageShift;
    final int pages;
    final AtomicIntegerArray counts;
    final AtomicInteger allocations = new AtomicInteger();
    final AtomicInteger dcacheCalls = new AtomicInteger();
    final AtomicInteger icacheCalls = new AtomicInteger();
    long dcacheBytes;
    long icacheBytes;
    boolean maintainsCaches;

    /** Counts down with each allocation; the one that finds 0 and all after it fail. */
    int failAfter = Integer.MAX_VALUE;

    private final int[] free;
    private int freePages;
    private final int rootPages;
    final byte[] zeroes;

    /** A page for each level, for readers of whole tables. */
    final byte[][] buffers;

    /** Roots come from the first half, pages from the second. */
    TestMemory(int pageShift, int pages) {
        this(pageShift, new PhysicalMemory(BASE, (long) pages << pageShift));
    }

    /** All of a memory that begins at {@link #BASE}. */
    TestMemory(int pageShift, PhysicalMemory memory) {
        this.pageShift = pageShift;
        this.pages = (int) (memory.size() >>> pageShift);
        this.memory = memory;
        counts = new AtomicIntegerArray(pages);
        rootPages = Math.min(pages / 2, 256);
        free = new int[pages];
        for (int i = pages - 1; i >= rootPages; i--) {
            free[freePages++] = i;
        }
        zeroes = new byte[1 << pageShift];
        buffers = new byte[4][1 << pageShift];
    }

    @Override
    public void close() {
        memory.close();
    }

    @Override
    public PhysicalMemory memory() {
        return memory;
    }

    @Override
    public int pageShift() {
        return pageShift;
    }

    int index(long pa) {
        return (int) (pa - BASE >>> pageShift);
    }

    private long address(int page) {
        return BASE + ((long) page << pageShift);
    }

    private boolean mayAllocate() {
        allocations.incrementAndGet();
        if (failAfter <= 0) {
            return false;
        }
        failAfter--;
        return true;
    }

    @Override
    public synchronized long zallocPage(PageCache cache) {
        if (!mayAllocate()) {
            return 0;
        }
        return cache == null ? allocatePage() : cache.takePage();
    }

    /** A zeroed page, whatever the failures asked for. */
    synchronized long allocatePage() {
        if (freePages == 0) {
            return 0;
        }
        int page = free[--freePages];
        return start(page, 1);
    }

    private long start(int first, int n) {
        for (int i = first; i < first + n; i++) {
            if (!counts.compareAndSet(i, 0, 1)) {
                throw new AssertionError("page " + i + " was in use");
            }
            memory.write((long) i << pageShift, zeroes, 0, zeroes.length);
        }
        return address(first);
    }

    @Override
    public synchronized long zallocPagesExact(long size) {
        if (!mayAllocate()) {
            return 0;
        }
        int n = (int) (size >>> pageShift);
        for (int first = 0; first + n <= rootPages; first += n) {
            boolean all = true;
            for (int i = first; i < first + n; i++) {
                all &= counts.get(i) == 0;
            }
            if (all) {
                return start(first, n);
            }
        }
        return 0;
    }

    @Override
    public void freePagesExact(long pa, long size) {
        for (long at = pa; at < pa + size; at += 1L << pageShift) {
            if (!counts.compareAndSet(index(at), 1, 0)) {
                throw new AssertionError("root with references: " + counts.get(index(at)));
            }
        }
    }

    @Override
    public void freeUnlinkedTable(long pa, int level) {
        Stage2PageTable.freeUnlinked(this, pa, level);
    }

    @Override
    public void getPage(long pa) {
        if (counts.incrementAndGet(index(pa)) == 1) {
            throw new AssertionError("reference to a free page 0x%x".formatted(pa));
        }
    }

    @Override
    public void putPage(long pa) {
        int page = index(pa);
        int left = counts.decrementAndGet(page);
        if (left < 0) {
            throw new AssertionError("page 0x%x was free already".formatted(pa));
        }
        if (left == 0) {
            release(page);
        }
    }

    private synchronized void release(int page) {
        if (page < rootPages) {
            throw new AssertionError("a page of a root was dropped");
        }
        free[freePages++] = page;
    }

    @Override
    public int pageCount(long pa) {
        return counts.get(index(pa));
    }

    @Override
    public boolean maintainsCaches() {
        return maintainsCaches;
    }

    @Override
    public void dcacheCleanInvalPoc(long pa, long size) {
        dcacheCalls.incrementAndGet();
        dcacheBytes += size;
    }

    @Override
    public void icacheInvalPou(long pa, long size) {
        icacheCalls.incrementAndGet();
        icacheBytes += size;
    }

    /** Pages in use. */
    int live() {
        int n = 0;
        for (int i = 0; i < pages; i++) {
            if (counts.get(i) != 0) {
                n++;
            }
        }
        return n;
    }

    /** Pages in use, in constant time for those that aren't roots. */
    synchronized int liveTables() {
        return pages - rootPages - freePages;
    }

    /** A cache that takes from here when it is asked, and never runs out. */
    PageCache endless() {
        return endless(Integer.MAX_VALUE);
    }

    /** The same, saying that it has a certain number of pages. */
    PageCache endless(int available) {
        return new PageCache() {
            @Override
            public long takePage() {
                return allocatePage();
            }

            @Override
            public int available() {
                return available;
            }
        };
    }

    /** A cache filled with a number of pages. */
    TestCache cache(int pages) {
        return new TestCache(this, pages);
    }

    /** A cache of limited size. */
    static final class TestCache implements PageCache {
        private final long[] stack;
        private int left;

        TestCache(TestMemory memory, int pages) {
            stack = new long[pages];
            for (int i = 0; i < pages; i++) {
                stack[i] = memory.allocatePage();
            }
            left = pages;
        }

        @Override
        public long takePage() {
            return left == 0 ? 0 : stack[--left];
        }

        @Override
        public int available() {
            return left;
        }

        /** Gives back what is left. */
        void drain(TestMemory memory) {
            while (left > 0) {
                memory.putPage(stack[--left]);
            }
        }
    }
}
