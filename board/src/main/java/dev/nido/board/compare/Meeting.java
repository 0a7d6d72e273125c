package dev.nido.board.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * Where two sides compare hashes, each on its own thread. Neither may run far ahead of the other.
 */
final class Meeting {

    /** Blocks that one side may be ahead. */
    private static final int LEAD = 4;

    private final long limit;
    private final List<List<String>> hashes = List.of(new ArrayList<>(), new ArrayList<>());
    private final boolean[] gone = new boolean[2];
    private long agreed;
    private boolean differ;
    private boolean late;

    /**
     * @param limit blocks after which both stop
     */
    Meeting(long limit) {
        this.limit = limit;
    }

    /**
     * A side has completed a block. Waits if the other one is far behind.
     *
     * @return false if the side is to stop
     */
    synchronized boolean arrive(int side, String hash) {
        List<String> mine = hashes.get(side);
        List<String> theirs = hashes.get(1 - side);
        mine.add(hash);
        notifyAll();
        if (theirs.size() >= mine.size()) {
            if (!theirs.get(mine.size() - 1).equals(hash)) {
                differ = true;
            } else if (!differ) {
                agreed = mine.size();
            }
        }
        boolean interrupted = false;
        while (!differ && !gone[1 - side] && mine.size() > theirs.size() + LEAD) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
                differ = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (gone[1 - side] && !late && mine.size() > theirs.size()) {
            differ = true;
        }
        return !differ && !late && mine.size() < limit;
    }

    /**
     * A side has ended and arrives no more.
     *
     * @param timedOut because of the time limit, which says nothing about the streams
     */
    synchronized void leave(int side, boolean timedOut) {
        gone[side] = true;
        late |= timedOut;
        notifyAll();
    }

    /** Whether hashes differed. */
    synchronized boolean differ() {
        return differ;
    }

    /** Blocks on which both agree. */
    synchronized long agreed() {
        return agreed;
    }
}
