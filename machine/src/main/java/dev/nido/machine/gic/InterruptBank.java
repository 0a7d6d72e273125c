package dev.nido.machine.gic;

/**
 * State of a run of interrupts, a multiple of 32, one bit each in words shaped like the registers
 * that show them. Not thread safe: the GIC's lock guards it.
 *
 * <p>Pending (Arm IHI 0069, 4.1.2): a level-sensitive interrupt is pending while its input is high,
 * or because software set it pending and nobody has acknowledged or cleared it since; an
 * edge-triggered one from the rising edge (or software) until acknowledge or clear.
 */
final class InterruptBank {

    /** Group 1. */
    final int[] group;

    final int[] enabled;

    /** Set by an edge or by software; for level-sensitive interrupts by software only. */
    final int[] latch;

    /** The input's level. */
    final int[] level;

    final int[] active;

    /** Edge-triggered. */
    final int[] edge;

    final byte[] priority;

    InterruptBank(int count) {
        int words = count / 32;
        group = new int[words];
        enabled = new int[words];
        latch = new int[words];
        level = new int[words];
        active = new int[words];
        edge = new int[words];
        priority = new byte[count];
    }

    int count() {
        return priority.length;
    }

    int pending(int word) {
        return latch[word] | level[word] & ~edge[word];
    }

    /** Sets the input; true if the interrupt's pending state may have changed. */
    boolean setLevel(int n, boolean high) {
        int word = n >> 5;
        int bit = 1 << n;
        boolean was = (level[word] & bit) != 0;
        if (was == high) {
            return false;
        }
        if (high) {
            level[word] |= bit;
            if ((edge[word] & bit) != 0) {
                latch[word] |= bit;
            }
        } else {
            level[word] &= ~bit;
        }
        return true;
    }

    /** Pending to active, or to active and pending where the input is still high. */
    void activate(int n) {
        active[n >> 5] |= 1 << n;
        latch[n >> 5] &= ~(1 << n);
    }

    /** Interrupts of a word that may be forwarded; groups: bit 0 Group 0, bit 1 Group 1 enabled. */
    int candidates(int word, int groups) {
        int ready = pending(word) & enabled[word] & ~active[word];
        if (ready == 0) {
            return 0;
        }
        int allowed =
                ((groups & 2) != 0 ? group[word] : 0) | ((groups & 1) != 0 ? ~group[word] : 0);
        return ready & allowed;
    }

    int configuration(int register) {
        int bits = edge[register >> 1] >>> (register & 1) * 16;
        int value = 0;
        for (int i = 0; i < 16; i++) {
            value |= (bits >> i & 1) << 2 * i + 1;
        }
        return value;
    }

    void configure(int register, int value) {
        int bits = 0;
        for (int i = 0; i < 16; i++) {
            bits |= (value >> 2 * i + 1 & 1) << i;
        }
        int shift = (register & 1) * 16;
        edge[register >> 1] = edge[register >> 1] & ~(0xffff << shift) | bits << shift;
    }

    int priorities(int first, int size) {
        int value = 0;
        for (int i = 0; i < size; i++) {
            value |= (priority[first + i] & 0xff) << 8 * i;
        }
        return value;
    }

    void setPriorities(int first, int size, int value, int mask) {
        for (int i = 0; i < size; i++) {
            priority[first + i] = (byte) (value >> 8 * i & mask);
        }
    }

    void reset() {
        for (int[] a : new int[][] {group, enabled, latch, active, edge}) {
            java.util.Arrays.fill(a, 0);
        }
        java.util.Arrays.fill(priority, (byte) 0);
    }
}
