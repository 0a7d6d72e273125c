package dev.nido.kvm.mmu;

import dev.nido.machine.CodeCache;
import dev.nido.machine.Machine;
import dev.nido.machine.PhysicalMemory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * The host's page allocator: all memory of all VMs, and the tables of all MMU contexts, come from
 * here. Memory is handed out zeroed, in whole <em>blocks</em> of 2 MiB or in naturally aligned runs
 * of 4 KiB pages inside a block. Runs are counted: {@link #get}, {@link #put}.
 *
 * <p>A block whose last page is freed goes back to the computer as a whole; a page that is used
 * again before that is zeroed when it is handed out. Predecoded instructions of freed memory are
 * forgotten. All methods may be called by any thread.
 *
 * <p>Addresses are physical; 0 means "none", since the block at the bottom of memory is never
 * handed out where memory begins at 0.
 *
 * <p>KVM: {@code alloc_pages_exact()}, {@code get_page()}, {@code put_page()}: Linux's buddy
 * allocator.
 */
public final class HostMemory {

    /** Logarithm of the bytes of a page. */
    public static final int PAGE_SHIFT = 12;

    /** Bytes of a page. */
    public static final long PAGE_SIZE = 1L << PAGE_SHIFT;

    /** Logarithm of the bytes of a block. */
    public static final int BLOCK_SHIFT = 21;

    /** Bytes of a block. */
    public static final long BLOCK_SIZE = 1L << BLOCK_SHIFT;

    /** Pages in a block. */
    public static final int BLOCK_PAGES = 1 << BLOCK_SHIFT - PAGE_SHIFT;

    /** What a run is for: pages of one use share blocks, so that others stay whole. */
    enum Use {
        /** Translation tables. */
        TABLE,
        /** Guest RAM. */
        GUEST
    }

    private static final int WORDS = BLOCK_PAGES / 64;
    private static final VarHandle COUNTS = MethodHandles.arrayElementVarHandle(char[].class);

    /** A block that is handed out page by page. */
    private static final class Block {
        final int index;
        final long[] free = new long[WORDS];

        /** Pages that may hold something else than zero. */
        final long[] dirty = new long[WORDS];

        final char[] counts = new char[BLOCK_PAGES];
        final Use use;
        int freePages;

        /** Position in the list of blocks with free pages, or −1. */
        int at = -1;

        Block(int index, Use use) {
            this.index = index;
            this.use = use;
        }
    }

    /** Blocks of one use that have both free and used pages. */
    private static final class Partial {
        Block[] blocks = new Block[16];
        int size;

        void add(Block b) {
            if (size == blocks.length) {
                blocks = Arrays.copyOf(blocks, 2 * size);
            }
            b.at = size;
            blocks[size++] = b;
        }

        void remove(Block b) {
            Block last = blocks[--size];
            blocks[size] = null;
            if (last != b) {
                blocks[b.at] = last;
                last.at = b.at;
            }
            b.at = -1;
        }
    }

    private final PhysicalMemory memory;
    private final CodeCache code;
    private final long base;

    /** Blocks broken into pages; read without the lock by {@link #get} and {@link #put}. */
    private final Block[] blocks;

    /** Blocks that are handed out whole. */
    private final boolean[] whole;

    private final int[] freeBlocks;
    private int freeBlockCount;
    private final Partial[] partial = {new Partial(), new Partial()};
    private final SplittableRandom shuffle;
    private long usedPages;
    private long peak;

    /** All of a machine's RAM, in an order that depends on the machine's seed. */
    public HostMemory(Machine machine) {
        this(machine.memory(), machine.codeCache(), machine.config().seed() | 1L << 62);
    }

    /** All of a memory, handed out in ascending order. */
    public HostMemory(PhysicalMemory memory) {
        this(memory, null, 0);
    }

    /**
     * All of a memory, of which whole blocks are used.
     *
     * @param code forgets predecoded instructions of freed memory; null if there are none
     * @param shuffleSeed 0 hands memory out in ascending order; anything else in an order that
     *     depends on it, so that physical addresses look like nothing else
     */
    public HostMemory(PhysicalMemory memory, CodeCache code, long shuffleSeed) {
        this.memory = memory;
        this.code = code;
        this.base = memory.physicalBase() + BLOCK_SIZE - 1 & -BLOCK_SIZE;
        long bytes = Math.max(0, memory.physicalBase() + memory.size() - base);
        int n = (int) (bytes >>> BLOCK_SHIFT);
        this.blocks = new Block[n];
        this.whole = new boolean[n];
        this.freeBlocks = new int[n];
        int lowest = base == 0 ? 1 : 0;
        for (int i = n - 1; i >= lowest; i--) {
            freeBlocks[freeBlockCount++] = i;
        }
        this.shuffle = shuffleSeed == 0 ? null : new SplittableRandom(shuffleSeed);
        if (shuffle != null) {
            for (int i = freeBlockCount - 1; i > 0; i--) {
                int j = shuffle.nextInt(i + 1);
                int t = freeBlocks[i];
                freeBlocks[i] = freeBlocks[j];
                freeBlocks[j] = t;
            }
        }
    }

    /** The memory that this hands out. */
    public PhysicalMemory memory() {
        return memory;
    }

    /** Pages that are handed out now. */
    public synchronized long usedPages() {
        return usedPages;
    }

    /** The most pages that were ever handed out at once. */
    public synchronized long peakPages() {
        return peak;
    }

    /** Pages that can still be handed out, in whatever runs there are. */
    public synchronized long freePages() {
        long n = (long) freeBlockCount * BLOCK_PAGES;
        for (Partial p : partial) {
            for (int i = 0; i < p.size; i++) {
                n += p.blocks[i].freePages;
            }
        }
        return n;
    }

    /**
     * Allocates a whole block, zeroed: 2 MiB, aligned to 2 MiB. It has no reference count.
     *
     * @return its physical address, or 0 if there is none
     */
    public synchronized long allocateBlock() {
        if (freeBlockCount == 0) {
            return 0;
        }
        int i = freeBlocks[--freeBlockCount];
        whole[i] = true;
        use(BLOCK_PAGES);
        return address(i, 0);
    }

    /**
     * Takes contiguous whole blocks out for good, from as high as possible ({@code
     * memblock_reserve()}).
     *
     * @param bytes rounded up to blocks
     * @return physical address of the first, or 0 if there is no such run
     */
    public synchronized long reserve(long bytes) {
        int wanted = Math.toIntExact(bytes + BLOCK_SIZE - 1 >>> BLOCK_SHIFT);
        boolean[] isFree = new boolean[blocks.length];
        for (int i = 0; i < freeBlockCount; i++) {
            isFree[freeBlocks[i]] = true;
        }
        int run = 0;
        for (int first = blocks.length - 1; first >= 0; first--) {
            run = isFree[first] ? run + 1 : 0;
            if (run == wanted) {
                int kept = 0;
                for (int i = 0; i < freeBlockCount; i++) {
                    int block = freeBlocks[i];
                    if (block < first || block >= first + wanted) {
                        freeBlocks[kept++] = block;
                    }
                }
                freeBlockCount = kept;
                return address(first, 0);
            }
        }
        return 0;
    }

    /** Gives a whole block back. Nobody may have a way to it any more. */
    public void freeBlock(long pa) {
        int i = index(pa);
        synchronized (this) {
            if ((pa & BLOCK_SIZE - 1) != 0 || !whole[i]) {
                throw new IllegalStateException("no whole block at 0x%x".formatted(pa));
            }
            whole[i] = false;
        }
        clean(i);
        synchronized (this) {
            freeBlocks[freeBlockCount++] = i;
            usedPages -= BLOCK_PAGES;
        }
    }

    /**
     * Makes guest pages with reference count 1 of a block that was allocated whole. What it holds
     * stays.
     *
     * @param shift logarithm of the bytes of a page
     */
    public synchronized void breakBlock(long pa, int shift) {
        int i = index(pa);
        if ((pa & BLOCK_SIZE - 1) != 0 || !whole[i]) {
            throw new IllegalStateException("no whole block at 0x%x".formatted(pa));
        }
        whole[i] = false;
        Block b = new Block(i, Use.GUEST);
        for (int page = 0; page < BLOCK_PAGES; page += 1 << shift - PAGE_SHIFT) {
            b.counts[page] = 1;
        }
        Arrays.fill(b.dirty, -1L);
        blocks[i] = b;
    }

    /**
     * Allocates a page of a translation table, zeroed, with reference count 1.
     *
     * @param shift logarithm of its bytes, 12 to 20; it is aligned to its size
     * @return its physical address, or 0 if there is none
     */
    public long allocateTable(int shift) {
        return allocate(Use.TABLE, shift);
    }

    /**
     * Allocates a page of guest RAM, zeroed, with reference count 1.
     *
     * @param shift logarithm of its bytes, 12 to 20; it is aligned to its size
     * @return its physical address, or 0 if there is none
     */
    public long allocateGuest(int shift) {
        return allocate(Use.GUEST, shift);
    }

    private long allocate(Use use, int shift) {
        int pages = 1 << shift - PAGE_SHIFT;
        long pa;
        boolean dirty;
        synchronized (this) {
            Block b = blockFor(use, pages);
            if (b == null) {
                return 0;
            }
            int first = runIn(b, pages);
            dirty = take(b, first, pages);
            b.counts[first] = 1;
            pa = address(b.index, first);
        }
        if (dirty) {
            zero(pa, 1L << shift);
        }
        return pa;
    }

    /**
     * Allocates a contiguous run for a root table: zeroed, aligned to its size rounded up to a
     * power of two, each page of it with reference count 1.
     *
     * @param size bytes, a multiple of the page's, at most {@link #BLOCK_SIZE}
     * @param shift logarithm of the bytes of a page
     * @return its physical address, or 0 if there is none
     */
    public long allocateExact(long size, int shift) {
        int order = Math.max(shift, 64 - Long.numberOfLeadingZeros(size - 1));
        if (size <= 0 || order > BLOCK_SHIFT) {
            return 0;
        }
        long pa;
        boolean dirty;
        synchronized (this) {
            int pages = 1 << order - PAGE_SHIFT;
            Block b = blockFor(Use.TABLE, pages);
            if (b == null) {
                return 0;
            }
            int first = runIn(b, pages);
            int wanted = (int) (size >>> PAGE_SHIFT);
            dirty = take(b, first, wanted);
            for (int i = 0; i < wanted; i += 1 << shift - PAGE_SHIFT) {
                b.counts[first + i] = 1;
            }
            pa = address(b.index, first);
        }
        if (dirty) {
            zero(pa, size);
        }
        return pa;
    }

    /** Drops one reference of each page of a run from {@link #allocateExact}. */
    public void freeExact(long pa, long size, int shift) {
        for (long at = pa; at < pa + size; at += 1L << shift) {
            put(at, shift);
        }
    }

    /** Takes a reference to the page that begins at {@code pa}. */
    public void get(long pa) {
        Block b = block(pa);
        char before = (char) COUNTS.getAndAdd(b.counts, page(pa), (char) 1);
        if (before == 0) {
            throw new IllegalStateException("reference to the free page 0x%x".formatted(pa));
        }
    }

    /**
     * Drops a reference; the last one frees the page.
     *
     * @param pa its first byte
     * @param shift logarithm of its bytes
     * @return whether it was the last
     */
    public boolean put(long pa, int shift) {
        Block b = block(pa);
        int page = page(pa);
        char before = (char) COUNTS.getAndAdd(b.counts, page, (char) -1);
        if (before == 0) {
            COUNTS.getAndAdd(b.counts, page, (char) 1);
            throw new IllegalStateException("the page 0x%x is freed twice".formatted(pa));
        }
        if (before != 1) {
            return false;
        }
        free(b, page, 1 << shift - PAGE_SHIFT);
        return true;
    }

    /** References to the page that begins at {@code pa}; 0 if it is not handed out as a page. */
    public int count(long pa) {
        int i = index(pa);
        Block b = blocks[i];
        return b == null ? 0 : (char) COUNTS.getVolatile(b.counts, page(pa));
    }

    private void free(Block b, int first, int pages) {
        if (code != null) {
            code.forget(address(b.index, first), (long) pages << PAGE_SHIFT);
        }
        synchronized (this) {
            for (int p = first; p < first + pages; p++) {
                b.free[p >>> 6] |= 1L << p;
            }
            b.freePages += pages;
            usedPages -= pages;
            Partial list = partial[b.use.ordinal()];
            if (b.at < 0) {
                list.add(b);
            }
            if (b.freePages != BLOCK_PAGES || list.size == 1) {
                // The last block of a use is kept: it will be wanted again.
                return;
            }
            list.remove(b);
            blocks[b.index] = null;
        }
        clean(b.index);
        synchronized (this) {
            freeBlocks[freeBlockCount++] = b.index;
        }
    }

    /** Gives all that a free block holds back to the computer; it reads as zero afterwards. */
    private void clean(int index) {
        long pa = address(index, 0);
        if (code != null) {
            code.forget(pa, BLOCK_SIZE);
        }
        memory.discard(memory.offsetOf(pa), BLOCK_SIZE);
    }

    /** A block with an aligned run of free pages, from the list or broken for it. */
    private Block blockFor(Use use, int pages) {
        Partial list = partial[use.ordinal()];
        for (int i = list.size - 1; i >= 0; i--) {
            Block b = list.blocks[i];
            if (pages == 1 || b.freePages >= pages && runIn(b, pages) >= 0) {
                return b;
            }
        }
        if (freeBlockCount > 0) {
            Block b = new Block(freeBlocks[--freeBlockCount], use);
            Arrays.fill(b.free, -1L);
            b.freePages = BLOCK_PAGES;
            blocks[b.index] = b;
            list.add(b);
            return b;
        }
        Partial other = partial[1 - use.ordinal()];
        for (int i = other.size - 1; i >= 0; i--) {
            Block b = other.blocks[i];
            if (runIn(b, pages) >= 0) {
                return b;
            }
        }
        return null;
    }

    /** The first page of an aligned free run, or −1. */
    private int runIn(Block b, int pages) {
        int from = shuffle == null ? 0 : shuffle.nextInt(BLOCK_PAGES) & -pages;
        if (pages == 1) {
            for (int w = 0; w <= WORDS; w++) {
                int word = (from >>> 6) + w & WORDS - 1;
                long free = b.free[word];
                if (w == 0) {
                    free &= -1L << from;
                }
                if (free != 0) {
                    return word << 6 | Long.numberOfTrailingZeros(free);
                }
            }
            return -1;
        }
        for (int n = 0; n < BLOCK_PAGES; n += pages) {
            int at = from + n & BLOCK_PAGES - 1;
            if (isFree(b, at, pages)) {
                return at;
            }
        }
        return -1;
    }

    private static boolean isFree(Block b, int first, int pages) {
        if (pages < 64) {
            long mask = (1L << pages) - 1 << first;
            return (b.free[first >>> 6] & mask) == mask;
        }
        for (int w = first >>> 6; w < first + pages >>> 6; w++) {
            if (b.free[w] != -1L) {
                return false;
            }
        }
        return true;
    }

    /** Takes free pages; returns whether any may hold something else than zero. */
    private boolean take(Block b, int first, int pages) {
        boolean dirty = false;
        for (int p = first; p < first + pages; p++) {
            long bit = 1L << p;
            b.free[p >>> 6] &= ~bit;
            dirty |= (b.dirty[p >>> 6] & bit) != 0;
            b.dirty[p >>> 6] |= bit;
        }
        b.freePages -= pages;
        if (b.freePages == 0) {
            partial[b.use.ordinal()].remove(b);
        }
        use(pages);
        return dirty;
    }

    private void use(int pages) {
        usedPages += pages;
        peak = Math.max(peak, usedPages);
    }

    private void zero(long pa, long bytes) {
        long offset = memory.offsetOf(pa);
        for (long i = 0; i < bytes; i += 8) {
            memory.put64(offset + i, 0);
        }
        VarHandle.releaseFence();
    }

    private long address(int index, int page) {
        return base + ((long) index << BLOCK_SHIFT) + ((long) page << PAGE_SHIFT);
    }

    private int index(long pa) {
        long i = pa - base >>> BLOCK_SHIFT;
        if (i >= blocks.length) {
            throw new IllegalArgumentException("0x%x is not in host memory".formatted(pa));
        }
        return (int) i;
    }

    private Block block(long pa) {
        Block b = blocks[index(pa)];
        if (b == null) {
            throw new IllegalStateException("no page is handed out at 0x%x".formatted(pa));
        }
        return b;
    }

    private static int page(long pa) {
        return (int) (pa >>> PAGE_SHIFT) & BLOCK_PAGES - 1;
    }
}
