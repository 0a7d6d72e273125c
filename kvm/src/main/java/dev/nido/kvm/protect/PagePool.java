package dev.nido.kvm.protect;

import dev.nido.machine.PhysicalMemory;

import java.util.Arrays;

/**
 * Pages that were set aside at the start, for page tables that must never ask the host for memory:
 * a buddy allocator of runs of {@code 2^order} pages, with a reference count per page. Every page
 * that it hands out is zero.
 *
 * <p>KVM: {@code struct hyp_pool}, {@code struct hyp_page}.
 */
public final class PagePool {

    /** Runs of up to {@code 2^MAX_ORDER} pages. */
    public static final int MAX_ORDER = 10;

    private static final int NONE = -1;

    /** {@link #order} of a page that is no head of a free run. */
    private static final byte NOT_FREE = -1;

    private final PhysicalMemory memory;
    private final long base;
    private final int pages;
    private final int pageShift;

    // Guarded by this.
    private final int[] references;
    private final byte[] order;
    private final int[] next;
    private final int[] previous;
    private final int[] heads = new int[MAX_ORDER + 1];
    private int free;

    /**
     * Takes memory over and makes it zero.
     *
     * @param memory what the pages are part of
     * @param base physical address of the first, page aligned
     * @param pages how many
     * @param pageShift logarithm of the page size: 12, 14 or 16
     * @throws IllegalArgumentException if that is not whole pages inside the memory
     */
    public PagePool(PhysicalMemory memory, long base, int pages, int pageShift) {
        long bytes = (long) pages << pageShift;
        if (pages <= 0 || (base & (1L << pageShift) - 1) != 0 || !memory.contains(base, bytes)) {
            throw new IllegalArgumentException(
                    "no pool of %d pages of 2^%d bytes at 0x%x".formatted(pages, pageShift, base));
        }
        this.memory = memory;
        this.base = base;
        this.pages = pages;
        this.pageShift = pageShift;
        references = new int[pages];
        order = new byte[pages];
        next = new int[pages];
        previous = new int[pages];
        Arrays.fill(order, NOT_FREE);
        Arrays.fill(heads, NONE);
        memory.discard(memory.offsetOf(base), bytes);
        for (int i = 0; i < pages; i++) {
            attach(i, 0);
        }
        free = pages;
    }

    /** Physical address of the first page. */
    public long base() {
        return base;
    }

    /** Number of pages, free or not. */
    public int pages() {
        return pages;
    }

    /** Logarithm of the page size in bytes. */
    public int pageShift() {
        return pageShift;
    }

    /** The memory that the pages are part of. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Number of pages that nobody has. */
    public synchronized int free() {
        return free;
    }

    /**
     * Allocates {@code 2^order} contiguous pages, aligned to their size; each has one reference.
     *
     * @param wanted order, from 0
     * @return physical address of the first, or 0 if there is no such run
     */
    public synchronized long allocate(int wanted) {
        int from = wanted;
        while (from <= MAX_ORDER && heads[from] == NONE) {
            from++;
        }
        if (wanted < 0 || from > MAX_ORDER) {
            return 0;
        }
        int page = heads[from];
        detach(page, from);
        while (from > wanted) {
            from--;
            link(page + (1 << from), from);
        }
        for (int i = 0; i < 1 << wanted; i++) {
            references[page + i] = 1;
        }
        free -= 1 << wanted;
        return base + ((long) page << pageShift);
    }

    /** Whether the pool has this page, allocated or not. */
    public boolean contains(long pa) {
        return pa >= base && pa < base + ((long) pages << pageShift);
    }

    /** Takes a reference to the allocated page that contains an address. */
    public synchronized void get(long pa) {
        references[inUse(pa)]++;
    }

    /** Drops a reference; a page that nobody has becomes zero and free. */
    public synchronized void put(long pa) {
        int page = inUse(pa);
        if (--references[page] == 0) {
            clear(page);
            attach(page, 0);
            free++;
        }
    }

    /** References to the page that contains an address; 0 if it is free. */
    public synchronized int count(long pa) {
        return references[index(pa)];
    }

    /** The smallest order whose run holds so many bytes. */
    public static int orderOf(long bytes, int pageShift) {
        long needed = bytes - 1 >>> pageShift;
        return needed == 0 ? 0 : 64 - Long.numberOfLeadingZeros(needed);
    }

    private int inUse(long pa) {
        int page = index(pa);
        if (references[page] == 0) {
            throw new IllegalStateException("page 0x%x of the pool is free".formatted(pa));
        }
        return page;
    }

    private int index(long pa) {
        if (!contains(pa)) {
            throw new IllegalArgumentException("0x%x is not in the pool".formatted(pa));
        }
        return (int) (pa - base >>> pageShift);
    }

    private void clear(int page) {
        long offset = memory.offsetOf(base + ((long) page << pageShift));
        for (long i = 0; i < 1L << pageShift; i += 8) {
            memory.put64(offset + i, 0);
        }
    }

    /** Makes a run free, together with its buddies that are free already. */
    private void attach(int page, int from) {
        int at = page;
        int o = from;
        while (o < MAX_ORDER) {
            int buddy = buddy(at, o);
            if (buddy < 0 || buddy + (1 << o) > pages || order[buddy] != o) {
                break;
            }
            detach(buddy, o);
            at = Math.min(at, buddy);
            o++;
        }
        link(at, o);
    }

    /** Index of the other half of the aligned run of order + 1; negative if it is not ours. */
    private int buddy(int page, int o) {
        // Alignment is that of physical addresses, not of distances from the base.
        long number = (base >>> pageShift) + page ^ 1L << o;
        return (int) Math.max(number - (base >>> pageShift), -1);
    }

    private void link(int page, int o) {
        order[page] = (byte) o;
        next[page] = heads[o];
        previous[page] = NONE;
        if (heads[o] != NONE) {
            previous[heads[o]] = page;
        }
        heads[o] = page;
    }

    private void detach(int page, int o) {
        if (previous[page] == NONE) {
            heads[o] = next[page];
        } else {
            next[previous[page]] = next[page];
        }
        if (next[page] != NONE) {
            previous[next[page]] = previous[page];
        }
        order[page] = NOT_FREE;
    }
}
