package dev.nido.machine.mmu;

import java.util.BitSet;

/**
 * Translations of all sizes and spaces of one stage: an open-addressing hash of longs that grows
 * and never evicts.
 *
 * <p>A key holds the input page (37 bits), its size (3 bits) and the number of the {@link TlbSpace}
 * that owns it (24 bits). A space is emptied by giving it a new number; what is left under the old
 * one is swept when the table is rebuilt.
 */
final class TlbTable {

    /**
     * log2 of the sizes that a translation may have, by size index: 4K, 16K, 64K, 2M, 32M, 512M,
     * 1G.
     */
    private static final int[] SHIFTS = {12, 14, 16, 21, 25, 29, 30};

    static final int SIZES = SHIFTS.length;
    static final int SPACE_BITS = 24;

    /** The answer of {@link #get} where there is nothing; no entry is zero. */
    static final long MISS = 0;

    private static final long SPACE_MASK = (1L << SPACE_BITS) - 1;
    private static final long TOMBSTONE = 1L << SPACE_BITS;
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    /** Key and value alternating. A key of 0 is free; space number 0 belongs to nobody. */
    private long[] slots = new long[2 << 10];

    private int shift = 64 - 10;
    private int used;

    /** The index of a size given as log2 of bytes. */
    static int sizeIndex(int log2) {
        return switch (log2) {
            case 12 -> 0;
            case 14 -> 1;
            case 16 -> 2;
            case 21 -> 3;
            case 25 -> 4;
            case 29 -> 5;
            case 30 -> 6;
            default ->
                    throw new IllegalArgumentException("no translation has 2^" + log2 + " bytes");
        };
    }

    static int shift(int sizeIndex) {
        return SHIFTS[sizeIndex];
    }

    /**
     * @param address input address: bits 47:12, and bit 48 for the upper half of the VA space
     */
    static long key(long address, int sizeIndex, int space) {
        int s = SHIFTS[sizeIndex];
        return ((address >>> s << s) & 0x1_ffff_ffff_f000L) << 15
                | (long) sizeIndex << SPACE_BITS
                | space;
    }

    /** The address in a key. */
    static long address(long key) {
        return key >>> 27 << 12;
    }

    static int sizeIndexOf(long key) {
        return (int) (key >>> SPACE_BITS) & 7;
    }

    static int spaceOf(long key) {
        return (int) (key & SPACE_MASK);
    }

    long get(long key) {
        long[] s = slots;
        int mask = s.length - 2;
        int i = (int) (key * MULTIPLIER >>> shift) << 1;
        while (true) {
            long k = s[i];
            if (k == key) {
                return s[i + 1];
            }
            if (k == 0) {
                return MISS;
            }
            i = i + 2 & mask;
        }
    }

    /** Enters or replaces; the caller sees to {@link #needsRoom} first. */
    void put(long key, long value) {
        int mask = slots.length - 2;
        int i = (int) (key * MULTIPLIER >>> shift) << 1;
        int free = -1;
        while (slots[i] != 0) {
            if (slots[i] == key) {
                slots[i + 1] = value;
                return;
            }
            if (free < 0 && slots[i] == TOMBSTONE) {
                free = i;
            }
            i = i + 2 & mask;
        }
        if (free < 0) {
            free = i;
            used++;
        }
        slots[free] = key;
        slots[free + 1] = value;
    }

    /** Removes; returns what was there, or {@link #MISS}. */
    long remove(long key) {
        int mask = slots.length - 2;
        int i = (int) (key * MULTIPLIER >>> shift) << 1;
        while (slots[i] != 0) {
            if (slots[i] == key) {
                slots[i] = TOMBSTONE;
                return slots[i + 1];
            }
            i = i + 2 & mask;
        }
        return MISS;
    }

    /** Whether {@link #rebuild} must come before the next {@link #put}. */
    boolean needsRoom() {
        return used * 4 >= slots.length; // half of the slots
    }

    /** Slots, each of which {@link #keyAt} may hold a key. */
    int capacity() {
        return slots.length >>> 1;
    }

    /** The key in a slot; one whose space number is 0 stands for nothing. */
    long keyAt(int slot) {
        return slots[slot << 1];
    }

    void removeAt(int slot) {
        slots[slot << 1] = TOMBSTONE;
    }

    /** Sweeps what belongs to no live space, and leaves at least as many slots free as are used. */
    void rebuild(BitSet liveSpaces) {
        int live = 0;
        for (int i = 0; i < slots.length; i += 2) {
            if (liveSpaces.get(spaceOf(slots[i]))) {
                live++;
            }
        }
        int log = 10;
        while (1 << log < live * 4) {
            log++;
        }
        long[] old = slots;
        slots = new long[2 << log];
        shift = 64 - log;
        used = 0;
        for (int i = 0; i < old.length; i += 2) {
            if (liveSpaces.get(spaceOf(old[i]))) {
                put(old[i], old[i + 1]);
            }
        }
    }

    /** Moves the entries of each space to another number, given by old number; 0 drops them. */
    void renumber(int[] next) {
        long[] old = slots;
        slots = new long[old.length];
        used = 0;
        for (int i = 0; i < old.length; i += 2) {
            int number = next[spaceOf(old[i])];
            if (number != 0) {
                put(old[i] & ~SPACE_MASK | number, old[i + 1]);
            }
        }
    }
}
