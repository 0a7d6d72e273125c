package dev.nido.kvm.pgtable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * What a stage-2 table should be: a sorted map from address to what is there, with KVM's rules for
 * what replaces what. It knows nothing of levels but the sizes of blocks.
 */
final class PlainMap {

    /** A page, block or annotation. */
    static final class Entry {
        long size;
        long pa;
        int prot;
        boolean young;
        boolean valid;
        long annotation;
    }

    final TreeMap<Long, Entry> entries = new TreeMap<>();

    private final long[] sizes;
    private final long[] ascending;
    private final boolean xnx;

    /**
     * @param sizes of pages and blocks, largest first
     */
    PlainMap(long[] sizes, boolean xnx) {
        this.sizes = sizes;
        this.ascending = sizes.clone();
        java.util.Arrays.sort(ascending);
        this.xnx = xnx;
    }

    private long page() {
        return sizes[sizes.length - 1];
    }

    private void remove(long start, long end) {
        Long key = entries.floorKey(start);
        if (key == null || key + entries.get(key).size <= start) {
            key = entries.ceilingKey(start);
        }
        while (key != null && key < end) {
            entries.remove(key);
            key = entries.ceilingKey(key);
        }
    }

    private List<Entry> overlapping(long start, long end) {
        List<Entry> found = new ArrayList<>();
        Long key = entries.floorKey(start);
        if (key == null || key + entries.get(key).size <= start) {
            key = entries.ceilingKey(start);
        }
        while (key != null && key < end) {
            found.add(entries.get(key));
            key = entries.higherKey(key);
        }
        return found;
    }

    Entry at(long address) {
        var e = entries.floorEntry(address);
        return e != null && e.getKey() + e.getValue().size > address ? e.getValue() : null;
    }

    /** Whether the operation, as a fault handler's, ended early. */
    boolean map(long start, long end, long pa, int prot, boolean pagesOnly, boolean stopEarly) {
        for (long at = start; at < end; ) {
            long size = pagesOnly ? page() : largest(at, end, pa + at - start);
            Entry old = entries.get(at);
            if (old != null && old.size == size && old.valid) {
                boolean sameExceptPermissions =
                        old.pa == pa + at - start
                                && old.young
                                && ((old.prot ^ prot) & ~Prot.RWX) == 0;
                if (sameExceptPermissions) {
                    if (stopEarly) {
                        return true;
                    }
                    at += size;
                    continue;
                }
            }
            remove(at, at + size);
            Entry e = new Entry();
            e.size = size;
            e.pa = pa + at - start;
            e.prot = prot;
            e.young = true;
            e.valid = true;
            entries.put(at, e);
            at += size;
        }
        return false;
    }

    private long largest(long at, long end, long pa) {
        for (long size : sizes) {
            if (size <= end - at && ((at | pa) & size - 1) == 0) {
                return size;
            }
        }
        throw new AssertionError("not page aligned");
    }

    void annotate(long start, long end, long annotation) {
        for (long at = start; at < end; at += page()) {
            remove(at, at + page());
            if (annotation != 0) {
                Entry e = new Entry();
                e.size = page();
                e.annotation = annotation;
                entries.put(at, e);
            }
        }
    }

    void unmap(long start, long end) {
        remove(start, end);
    }

    void writeProtect(long start, long end) {
        for (Entry e : overlapping(start, end)) {
            e.prot &= ~Prot.W;
        }
    }

    boolean age(long start, long end, boolean makeOld) {
        boolean young = false;
        for (Entry e : overlapping(start, end)) {
            young |= e.valid && e.young;
            if (makeOld) {
                e.young = false;
            }
        }
        return young;
    }

    boolean makeYoung(long address) {
        Entry e = at(address);
        if (e == null || !e.valid) {
            return false;
        }
        e.young = true;
        return true;
    }

    boolean relax(long address, int prot, boolean software) {
        Entry e = at(address);
        if (e == null || !e.valid) {
            return false;
        }
        e.prot |= prot & Prot.RW;
        if ((prot & Prot.X) != 0) {
            e.prot = (xnx ? e.prot & ~Prot.X : e.prot) | prot & Prot.X;
        }
        if (software) {
            e.prot = e.prot & ~Prot.SW | prot & Prot.SW;
        }
        return true;
    }

    /**
     * Splits blocks a level at a time, from the left, with a number of tables that isn't enough for
     * more at once; false if they were too few.
     */
    boolean split(long start, long end, int tables) {
        int left = tables;
        while (true) {
            long at = -1;
            Long key = entries.floorKey(start);
            if (key == null || key + entries.get(key).size <= start) {
                key = entries.ceilingKey(start);
            }
            while (key != null && key < end && at < 0) {
                Entry e = entries.get(key);
                at = e.valid && e.size > page() ? key : -1;
                key = entries.higherKey(key);
            }
            if (at < 0) {
                return true;
            }
            if (left == 0) {
                return false;
            }
            left--;
            Entry block = entries.get(at);
            int i = java.util.Arrays.binarySearch(ascending, block.size);
            pieces(at, block, ascending[i - 1]);
        }
    }

    private void pieces(long at, Entry block, long size) {
        entries.remove(at);
        for (long o = 0; o < block.size; o += size) {
            Entry e = new Entry();
            e.size = size;
            e.pa = block.pa + o;
            e.prot = block.prot;
            e.young = true;
            e.valid = true;
            entries.put(at + o, e);
        }
    }
}
