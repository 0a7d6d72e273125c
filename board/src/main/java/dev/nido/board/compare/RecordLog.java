package dev.nido.board.compare;

import java.util.Arrays;

/** Records one after the other. */
final class RecordLog {

    private long[] words = new long[1 << 16];
    private int[] starts = new int[1 << 12];
    private int count;

    void add(long[] record, int length) {
        int at = starts[count];
        if (at + length > words.length) {
            words = Arrays.copyOf(words, words.length + words.length / 2 + length);
        }
        System.arraycopy(record, 0, words, at, length);
        count++;
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, starts.length * 2);
        }
        starts[count] = at + length;
    }

    /** How many there are. */
    int count() {
        return count;
    }

    /** A copy of a record. */
    long[] get(int index) {
        return Arrays.copyOfRange(words, starts[index], starts[index + 1]);
    }

    /** Index of the first record that is not the same in both, or that only one has; -1: none. */
    static int firstDifference(RecordLog a, RecordLog b) {
        int common = Math.min(a.count, b.count);
        for (int i = 0; i < common; i++) {
            if (!Arrays.equals(
                    a.words, a.starts[i], a.starts[i + 1], b.words, b.starts[i], b.starts[i + 1])) {
                return i;
            }
        }
        return a.count == b.count ? -1 : common;
    }
}
