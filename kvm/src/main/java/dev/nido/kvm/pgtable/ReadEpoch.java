package dev.nido.kvm.pgtable;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Keeps detached tables alive while a walker may still be inside them. Garbage collection can't do
 * it: tables are pages of modelled memory, and a page that is freed is used again.
 *
 * <p>Shared walks {@link #enter} and {@link #leave}. A table that was unlinked is {@link #retire
 * retired} in the epoch of that moment. A walker that enters later can't reach it; when all that
 * entered in that epoch or before have left, it is handed to {@link MemoryOps#freeUnlinkedTable}.
 * Whoever runs an exclusive operation knows that there are no walkers and may {@link #drain}.
 *
 * <p>KVM: {@code kvm_pgtable_walk_begin()}, {@code kvm_pgtable_walk_end()}, {@code
 * stage2_free_unlinked_table_rcu_cb()}.
 */
final class ReadEpoch {

    /** Walkers inside, by epoch modulo 2: an epoch ends when the one before it has no walkers. */
    private final AtomicInteger[] walkers = {new AtomicInteger(), new AtomicInteger()};

    private final ReentrantLock lock = new ReentrantLock();
    private final MemoryOps ops;

    private volatile int epoch;

    /** Number of retired tables that are not freed yet. */
    private volatile int pending;

    // Retired tables: guarded by the lock, oldest first.
    private long[] tables = new long[8];
    private int[] levels = new int[8];
    private int[] epochs = new int[8];

    ReadEpoch(MemoryOps ops) {
        this.ops = ops;
    }

    /** Begins a shared walk; the result is for {@link #leave}. */
    int enter() {
        while (true) {
            int e = epoch;
            AtomicInteger inside = walkers[e & 1];
            inside.incrementAndGet();
            if (epoch == e) {
                return e;
            }
            inside.decrementAndGet();
        }
    }

    /** Ends a shared walk, and frees what nobody can see any more. */
    void leave(int entered) {
        walkers[entered & 1].decrementAndGet();
        if (pending != 0 && lock.tryLock()) {
            try {
                advance();
                advance();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Hands over a table that was just unlinked. */
    void retire(long table, int level) {
        lock.lock();
        try {
            int n = pending;
            if (n == tables.length) {
                tables = java.util.Arrays.copyOf(tables, 2 * n);
                levels = java.util.Arrays.copyOf(levels, 2 * n);
                epochs = java.util.Arrays.copyOf(epochs, 2 * n);
            }
            tables[n] = table;
            levels[n] = level;
            epochs[n] = epoch;
            setPending(n + 1);
        } finally {
            lock.unlock();
        }
    }

    /** Frees everything; the caller knows that there is no walker. */
    void drain() {
        if (pending != 0) {
            lock.lock();
            try {
                free(pending);
            } finally {
                lock.unlock();
            }
        }
    }

    /** Tables retired and not freed yet. */
    int pending() {
        return pending;
    }

    /** Begins a new epoch if no walker is left of the last but one, whose tables then go. */
    private void advance() {
        int e = epoch;
        if (walkers[e - 1 & 1].get() != 0) {
            return;
        }
        epoch = e + 1;
        int n = 0;
        while (n < pending && epochs[n] - e < 0) {
            n++;
        }
        free(n);
    }

    private void free(int n) {
        int left = pending - n;
        for (int i = 0; i < n; i++) {
            ops.freeUnlinkedTable(tables[i], levels[i]);
        }
        System.arraycopy(tables, n, tables, 0, left);
        System.arraycopy(levels, n, levels, 0, left);
        System.arraycopy(epochs, n, epochs, 0, left);
        setPending(left);
    }

    private void setPending(int n) {
        pending = n;
    }
}
