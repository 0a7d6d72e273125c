package dev.nido.kvm.protect;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A number for each physical page, in chunks that exist where one was ever set.
 *
 * <p>KVM: {@code hyp_vmemmap}.
 */
final class PageInts {

    private static final int CHUNK_SHIFT = 9;
    private static final int CHUNK = 1 << CHUNK_SHIFT;

    private final Map<Long, int[]> chunks = new HashMap<>();
    private final int pageShift;
    private final int initial;

    /**
     * @param initial what pages have that were never set
     */
    PageInts(int pageShift, int initial) {
        this.pageShift = pageShift;
        this.initial = initial;
    }

    int get(long pa) {
        int[] chunk = chunks.get(pa >>> pageShift + CHUNK_SHIFT);
        return chunk == null ? initial : chunk[index(pa)];
    }

    void set(long pa, int value) {
        long number = pa >>> pageShift + CHUNK_SHIFT;
        int[] chunk = chunks.get(number);
        if (chunk == null) {
            if (value == initial) {
                return;
            }
            chunk = new int[CHUNK];
            Arrays.fill(chunk, initial);
            chunks.put(number, chunk);
        }
        chunk[index(pa)] = value;
    }

    private int index(long pa) {
        return (int) (pa >>> pageShift) & CHUNK - 1;
    }
}
