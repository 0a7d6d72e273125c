package dev.nido.board.compare;

import dev.nido.board.VirtBoard;
import dev.nido.machine.pe.Pe;

/**
 * Something wrong that is done to one side on purpose, to see that the comparison finds it. It must
 * do the same in each pass: whatever it remembers begins anew with {@link #begin}.
 */
public interface Disturbance {

    /** A pass begins on a board that has not run yet. */
    default void begin(VirtBoard board) {}

    /**
     * A record is complete.
     *
     * @param record its number, from 0
     * @param pe whose record it is, after the instruction
     * @param words the record, {@code length} words of it valid
     */
    void after(long record, Pe pe, long[] words, int length);
}
