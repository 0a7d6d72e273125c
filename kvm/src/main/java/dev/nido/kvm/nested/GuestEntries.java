package dev.nido.kvm.nested;

import java.util.Arrays;

/**
 * The entries of L1's stage 2 that a shadow context was filled from, as they were then: what a PE's
 * TLB would have. A block of L1's is here as a whole, while the shadow has only the pages of it
 * that were touched; the other pages follow from what the block was, until L1 invalidates it.
 *
 * <p>KVM keeps only the level of each entry, in software bits of the leaves made from it ({@code
 * KVM_NV_GUEST_MAP_SZ}), and walks L1's tables again for each page.
 */
final class GuestEntries {

    /** What {@link #find} answers where there is nothing; no valid descriptor is zero. */
    static final long NONE = 0;

    /** Logarithms of the sizes of pages and blocks, in all granules. */
    private static final int[] SHIFTS = {12, 14, 16, 21, 25, 29, 30};

    private static final int SIZE_BITS = 3;
    private static final long FREE = 0;
    private static final long GONE = 1L << 63;
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;
    private static final int SMALLEST = 6;

    /** Key and descriptor alternating. */
    private long[] slots = new long[2 << SMALLEST];

    private int bits = SMALLEST;
    private int used;

    /** Entries by size, and those that were removed but still take a slot. */
    private final int[] counts = new int[SHIFTS.length];

    private int foundShift;

    /** Of an address and the index of a size; never {@link #FREE}. */
    private static long key(long ipa, int size) {
        return ipa >>> SHIFTS[size] << SIZE_BITS | size + 1;
    }

    private int start(long key) {
        return (int) (key * MULTIPLIER >>> 64 - bits);
    }

    /** Puts an entry in the place of any of the same size. */
    synchronized void put(long ipa, int shift, long descriptor) {
        int size = Arrays.binarySearch(SHIFTS, shift);
        long key = key(ipa, size);
        if (2 * used >= 1 << bits) {
            grow();
        }
        int mask = (1 << bits) - 1;
        int i = start(key);
        while (slots[2 * i] != FREE && slots[2 * i] != key) {
            i = i + 1 & mask;
        }
        if (slots[2 * i] == FREE) {
            used++;
            counts[size]++;
            slots[2 * i] = key;
        }
        slots[2 * i + 1] = descriptor;
    }

    private void grow() {
        long[] old = slots;
        int live = 0;
        for (int n : counts) {
            live += n;
        }
        while (4 * live >= 1 << bits) {
            bits++;
        }
        slots = new long[2 << bits];
        used = live;
        int mask = (1 << bits) - 1;
        for (int j = 0; j < old.length; j += 2) {
            long key = old[j];
            if (key != FREE && key != GONE) {
                int i = start(key);
                while (slots[2 * i] != FREE) {
                    i = i + 1 & mask;
                }
                slots[2 * i] = key;
                slots[2 * i + 1] = old[j + 1];
            }
        }
    }

    /**
     * The smallest entry for an address; its size is {@link #foundShift}.
     *
     * @return its descriptor, or {@link #NONE}
     */
    synchronized long find(long ipa) {
        for (int size = 0; size < SHIFTS.length; size++) {
            if (counts[size] != 0) {
                int i = slot(key(ipa, size));
                if (i >= 0) {
                    foundShift = SHIFTS[size];
                    return slots[2 * i + 1];
                }
            }
        }
        return NONE;
    }

    /** Logarithm of the bytes of what was found last. */
    synchronized int foundShift() {
        return foundShift;
    }

    private int slot(long key) {
        int mask = (1 << bits) - 1;
        int i = start(key);
        while (slots[2 * i] != FREE) {
            if (slots[2 * i] == key) {
                return i;
            }
            i = i + 1 & mask;
        }
        return -1;
    }

    /** Who is told of what goes. */
    @FunctionalInterface
    interface Gone {
        void range(long ipa, long bytes);
    }

    /** Removes the entries that translate any byte of a range. */
    synchronized void remove(long ipa, long bytes, Gone gone) {
        for (int size = 0; size < SHIFTS.length; size++) {
            if (counts[size] == 0) {
                continue;
            }
            long first = ipa >>> SHIFTS[size];
            long last = ipa + bytes - 1 >>> SHIFTS[size];
            if (last - first >= slots.length / 2) {
                scan(size, first, last, gone);
                continue;
            }
            for (long n = first; n <= last && counts[size] != 0; n++) {
                int i = slot(n << SIZE_BITS | size + 1);
                if (i >= 0) {
                    removeAt(i, size, gone);
                }
            }
        }
    }

    private void scan(int size, long first, long last, Gone gone) {
        for (int i = 0; i < 1 << bits; i++) {
            long key = slots[2 * i];
            if (key == FREE || key == GONE || (key & (1 << SIZE_BITS) - 1) != size + 1) {
                continue;
            }
            long n = key >>> SIZE_BITS;
            if (n >= first && n <= last) {
                removeAt(i, size, gone);
            }
        }
    }

    private void removeAt(int i, int size, Gone gone) {
        long ipa = slots[2 * i] >>> SIZE_BITS << SHIFTS[size];
        slots[2 * i] = GONE;
        counts[size]--;
        gone.range(ipa, 1L << SHIFTS[size]);
    }

    /** Removes everything. */
    synchronized void clear() {
        if (used != 0) {
            bits = SMALLEST;
            slots = new long[2 << SMALLEST];
            used = 0;
            Arrays.fill(counts, 0);
        }
    }

    /** Entries that there are. */
    synchronized int size() {
        int n = 0;
        for (int c : counts) {
            n += c;
        }
        return n;
    }
}
