package dev.nido.board.compare;

import dev.nido.machine.MachineEnd;

import java.util.List;

/** What a comparison found. */
public sealed interface Outcome {

    /**
     * No difference.
     *
     * @param instructions in the stream
     * @param hash of the stream, 64 hexadecimal digits
     * @param end how both guests ended
     * @param exits how often the guests entered their hypervisor
     */
    record Identical(long instructions, String hash, MachineEnd end, long exits)
            implements Outcome {}

    /**
     * The sides differ.
     *
     * @param record number of the first record that differs, from 0
     * @param instruction instructions before it
     * @param report lines for the user: what differs, both states, what went before
     */
    record Diverged(long record, long instruction, List<String> report) implements Outcome {}

    /**
     * The time limit was reached.
     *
     * @param agreed records on which both sides agree
     */
    record TimedOut(long agreed) implements Outcome {}

    /** The comparison says nothing: a side that should have did not run under a hypervisor. */
    record NotHosted(String why) implements Outcome {}
}
