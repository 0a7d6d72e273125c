package dev.nido.kvm.protect;

import java.util.Arrays;

/**
 * Which physical addresses are memory: sorted, disjoint ranges. Everything between them and around
 * them is devices or nothing.
 *
 * <p>KVM: {@code hyp_memory[]}, {@code find_mem_range()}.
 */
public final class MemoryRegions {

    /** A range of physical addresses, and whether it is memory. */
    public record Range(long start, long end, boolean memory) {

        /** Whether all of {@code [from, to)} lies inside. */
        public boolean contains(long from, long to) {
            return start <= from && to <= end && from < to;
        }
    }

    private final long[] starts;
    private final long[] ends;
    private final long limit;

    /**
     * @param limit one past the highest physical address
     * @param bounds start and end of each region in turn, ascending
     * @throws IllegalArgumentException if they overlap, are not in order, or exceed the limit
     */
    public MemoryRegions(long limit, long... bounds) {
        if (bounds.length % 2 != 0) {
            throw new IllegalArgumentException("each region has a start and an end");
        }
        this.limit = limit;
        starts = new long[bounds.length / 2];
        ends = new long[starts.length];
        long last = 0;
        for (int i = 0; i < starts.length; i++) {
            starts[i] = bounds[2 * i];
            ends[i] = bounds[2 * i + 1];
            if (starts[i] < last || ends[i] <= starts[i] || ends[i] > limit) {
                throw new IllegalArgumentException(
                        "memory region 0x%x-0x%x is empty, out of order or out of range"
                                .formatted(starts[i], ends[i]));
            }
            last = ends[i];
        }
    }

    /** Number of regions. */
    public int count() {
        return starts.length;
    }

    /** Region {@code i}, 0 to {@code count() - 1}. */
    public Range region(int i) {
        return new Range(starts[i], ends[i], true);
    }

    /** One past the highest physical address. */
    public long limit() {
        return limit;
    }

    /**
     * The region, or the gap between regions, that an address lies in.
     *
     * @param pa below {@link #limit}
     */
    public Range find(long pa) {
        int at = Arrays.binarySearch(starts, pa);
        int i = at >= 0 ? at : -at - 2;
        if (i >= 0 && pa < ends[i]) {
            return new Range(starts[i], ends[i], true);
        }
        long from = i >= 0 ? ends[i] : 0;
        long to = i + 1 < starts.length ? starts[i + 1] : limit;
        return new Range(from, to, false);
    }

    /** Whether all of {@code [from, to)} is memory of one region. */
    public boolean isMemory(long from, long to) {
        if (from < 0 || from >= limit) {
            return false;
        }
        Range range = find(from);
        return range.memory() && range.contains(from, to);
    }
}
