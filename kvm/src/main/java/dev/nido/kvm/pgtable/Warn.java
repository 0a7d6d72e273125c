package dev.nido.kvm.pgtable;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Says that a caller did what should not happen, and goes on (KVM: {@code WARN_ON()}). Counts all,
 * writes the first few to the log.
 */
final class Warn {

    private static final System.Logger LOG = System.getLogger("dev.nido.kvm.pgtable");
    private static final long WRITTEN = 10;
    private static final AtomicLong COUNT = new AtomicLong();

    private Warn() {}

    static void that(String format, Object... values) {
        if (COUNT.incrementAndGet() <= WRITTEN) {
            LOG.log(System.Logger.Level.WARNING, () -> format.formatted(values));
        }
    }

    /** Warnings so far. */
    static long count() {
        return COUNT.get();
    }
}
