package dev.nido.machine.mmu;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Where other PEs post their broadcast TLBIs to one PE (one thread a PE). While the PE runs, it
 * serves them itself at its next poll; while it does not (WFI, stopped, not started), the poster
 * does.
 */
final class Shootdown {

    private final Tlb tlb;
    private final Runnable raiseAttention;
    private final Deque<Invalidation> requests = new ArrayDeque<>();
    private long posted;
    private volatile long served;
    private volatile boolean running;

    Shootdown(Tlb tlb, Runnable raiseAttention) {
        this.tlb = tlb;
        this.raiseAttention = raiseAttention;
    }

    /** Posts, or serves at once; returns the ticket to give to {@link #isServed}. */
    synchronized long post(Invalidation i) {
        if (!running) {
            tlb.apply(i);
            return served;
        }
        requests.add(i);
        posted++;
        raiseAttention.run();
        return posted;
    }

    boolean isServed(long ticket) {
        return served >= ticket;
    }

    boolean isRunning() {
        return running;
    }

    /** Serves what was posted; by the PE itself. */
    synchronized void serve() {
        for (Invalidation i = requests.poll(); i != null; i = requests.poll()) {
            tlb.apply(i);
        }
        served = posted;
    }

    /** By the PE's thread before it executes. */
    synchronized void resume() {
        running = true;
    }

    /** By the PE's thread when it stops executing. */
    synchronized void suspend() {
        serve();
        running = false;
    }
}
