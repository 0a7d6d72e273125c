package dev.nido.machine;

import java.util.Arrays;

/**
 * Predecoded instructions by physical page, shared by all PEs.
 *
 * <p>A page is an array of {@link #WORDS} longs, zero where nothing was decoded yet, followed by
 * the page's offset in RAM and the generation that it belongs to. It stays valid until the guest
 * invalidates instruction caches (Arm ARM B2.2.5, D7.5.9): writes to memory alone do not change it.
 */
public final class CodeCache {

    /** Instructions in a 4 KiB page. */
    public static final int WORDS = 1024;

    private static final int CHUNK_BITS = 9;

    private static final int GENERATION = WORDS + 1;

    private final PhysicalMemory memory;
    private final long[][][] chunks;
    private volatile long generation;

    CodeCache(PhysicalMemory memory) {
        this.memory = memory;
        long pages = memory.size() >>> 12;
        this.chunks = new long[(int) ((pages + (1 << CHUNK_BITS) - 1) >>> CHUNK_BITS)][][];
    }

    /**
     * The predecoded page that holds physical address {@code pa}, which must be in RAM. Element
     * {@link #WORDS} is the RAM offset of the page.
     */
    public long[] page(long pa) {
        long offset = memory.offsetOf(pa) & ~0xfffL;
        int index = (int) (offset >>> 12);
        long[][] chunk = chunks[index >>> CHUNK_BITS];
        if (chunk != null) {
            long[] page = chunk[index & (1 << CHUNK_BITS) - 1];
            if (page != null) {
                return page[GENERATION] == generation ? page : renew(page);
            }
        }
        return create(index, offset);
    }

    private synchronized long[] renew(long[] page) {
        if (page[GENERATION] != generation) {
            Arrays.fill(page, 0, WORDS, 0L);
            page[GENERATION] = generation;
        }
        return page;
    }

    private synchronized long[] create(int index, long offset) {
        long[][] chunk = chunks[index >>> CHUNK_BITS];
        if (chunk == null) {
            chunk = new long[1 << CHUNK_BITS][];
            chunks[index >>> CHUNK_BITS] = chunk;
        }
        long[] page = chunk[index & (1 << CHUNK_BITS) - 1];
        if (page == null) {
            page = new long[WORDS + 2];
            page[WORDS] = offset;
            page[GENERATION] = generation;
            chunk[index & (1 << CHUNK_BITS) - 1] = page;
        }
        return page;
    }

    /** Forgets the 64-byte line at physical address {@code pa}. */
    public void invalidateLine(long pa) {
        if (!memory.contains(pa, 1)) {
            return;
        }
        int index = (int) (memory.offsetOf(pa) >>> 12);
        long[][] chunk = chunks[index >>> CHUNK_BITS];
        long[] page = chunk == null ? null : chunk[index & (1 << CHUNK_BITS) - 1];
        if (page != null) {
            int first = (int) (pa >>> 2) & (WORDS - 1) & ~15;
            for (int i = first; i < first + 16; i++) {
                page[i] = 0;
            }
        }
    }

    /**
     * Forgets whole pages, and the room that they took. No PE may have a translation to them any
     * more: it could hold their predecoded page.
     *
     * @param pa physical address of the first page, page aligned
     * @param bytes a multiple of 4 KiB
     */
    public void forget(long pa, long bytes) {
        int end = (int) (memory.offsetOf(pa) + bytes >>> 12);
        for (int index = (int) (memory.offsetOf(pa) >>> 12); index < end; index++) {
            long[][] chunk = chunks[index >>> CHUNK_BITS];
            if (chunk == null) {
                index |= (1 << CHUNK_BITS) - 1;
            } else {
                chunk[index & (1 << CHUNK_BITS) - 1] = null;
            }
        }
    }

    /**
     * Forgets everything for those who look their pages up anew: costs nothing now, and a page only
     * when it is used again. Pages that somebody holds stay as they are until {@link #page} is
     * asked for them.
     */
    public synchronized void beginGeneration() {
        generation++;
    }

    /** Forgets everything, in the pages that somebody holds too. */
    public void invalidateAll() {
        for (long[][] chunk : chunks) {
            if (chunk != null) {
                for (long[] page : chunk) {
                    if (page != null) {
                        Arrays.fill(page, 0, WORDS, 0L);
                    }
                }
            }
        }
    }
}
