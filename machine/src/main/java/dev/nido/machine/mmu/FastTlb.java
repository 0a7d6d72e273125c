package dev.nido.machine.mmu;

import java.util.Arrays;

/**
 * What the engines look up on every access: a direct-mapped cache of the architectural TLB for one
 * translation context, one entry a 4 KiB page, indexed by VA[21:12].
 *
 * <p>Only Normal memory in RAM is ever entered, and only with rights that need no further work: no
 * alignment checking, no pending access-flag or dirty-state update. An access of {@code size} bytes
 * hits if {@code tag[(int) (va >>> 12) & 1023] == ((va + size - 1) & ~0xfffL)}: the one compare
 * covers tag, validity and page crossing. The RAM offset is then {@code va + addend}.
 */
public final class FastTlb {

    /** Entries of each array. */
    public static final int ENTRIES = 1024;

    /** A tag that no access matches. */
    public static final long INVALID = 1;

    private static final int LOG = 96;

    /** Page that may be read. */
    public final long[] readTag = new long[ENTRIES];

    /** Page that may be written. */
    public final long[] writeTag = new long[ENTRIES];

    /** RAM offset minus VA, for the page of {@link #readTag} and {@link #writeTag}. */
    public final long[] addend = new long[ENTRIES];

    /** Page that may be executed. */
    public final long[] fetchTag = new long[ENTRIES];

    /** Predecoded instructions of the page of {@link #fetchTag}. */
    public final long[][] fetchCode = new long[ENTRIES][];

    /** Indices filled since the last flush, while they are few. */
    private final short[] filled = new short[LOG];

    private int fills;

    public FastTlb() {
        Arrays.fill(readTag, INVALID);
        Arrays.fill(writeTag, INVALID);
        Arrays.fill(fetchTag, INVALID);
    }

    void fillData(long va, long ramOffset, boolean read, boolean write) {
        int i = (int) (va >>> 12) & ENTRIES - 1;
        long page = va & ~0xfffL;
        readTag[i] = read ? page : INVALID;
        writeTag[i] = write ? page : INVALID;
        addend[i] = (ramOffset & ~0xfffL) - page;
        note(i);
    }

    void fillFetch(long va, long[] code) {
        int i = (int) (va >>> 12) & ENTRIES - 1;
        fetchCode[i] = code;
        fetchTag[i] = va & ~0xfffL;
        note(i);
    }

    private void note(int i) {
        if (fills < LOG) {
            filled[fills] = (short) i;
        }
        fills++;
    }

    /** Drops everything; cheap when little was entered. */
    void flush() {
        if (fills == 0) {
            return;
        }
        if (fills <= LOG) {
            for (int n = 0; n < fills; n++) {
                drop(filled[n]);
            }
        } else {
            Arrays.fill(readTag, INVALID);
            Arrays.fill(writeTag, INVALID);
            Arrays.fill(fetchTag, INVALID);
        }
        fills = 0;
    }

    /** Drops the predecoded pages. */
    void flushInstructions() {
        if (fills != 0) {
            Arrays.fill(fetchTag, INVALID);
        }
    }

    /** Drops the pages of {@code bytes} from {@code va}, whatever the tag bits of the address. */
    void flush(long va, long bytes) {
        if (fills == 0) {
            return;
        }
        long pages = (bytes + 0xfff) >>> 12;
        if (pages >= ENTRIES) {
            flush();
            return;
        }
        int first = (int) (va >>> 12);
        for (int n = 0; n < (int) pages; n++) {
            drop(first + n & ENTRIES - 1);
        }
    }

    private void drop(int i) {
        readTag[i] = INVALID;
        writeTag[i] = INVALID;
        fetchTag[i] = INVALID;
    }
}
