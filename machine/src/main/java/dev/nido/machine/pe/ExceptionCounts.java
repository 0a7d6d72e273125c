package dev.nido.machine.pe;

/**
 * How many exceptions a PE took, by target level and class. Written by the PE's own thread only.
 */
public final class ExceptionCounts {
    private static final int LEVELS = 3;
    private static final int CLASSES = 64;
    private static final int KINDS = CLASSES + 4;

    private final long[] counts = new long[LEVELS * KINDS];

    void countSynchronous(int target, int exceptionClass) {
        counts[target * KINDS + exceptionClass]++;
    }

    /** Counts an asynchronous exception by the offset of its entry in a vector group. */
    void countAsynchronous(int target, int offset) {
        counts[target * KINDS + CLASSES + (offset >> 7)]++;
    }

    /**
     * Synchronous exceptions.
     *
     * @param target the level that took them, 1 or 2
     * @param exceptionClass ESR_ELx.EC, 0 to 63
     */
    public long synchronous(int target, int exceptionClass) {
        return counts[target * KINDS + exceptionClass];
    }

    /** IRQs, virtual ones included, that a level (1 or 2) took. */
    public long irqs(int target) {
        return counts[target * KINDS + CLASSES + (ExceptionEntry.IRQ >> 7)];
    }

    /** FIQs, virtual ones included. */
    public long fiqs(int target) {
        return counts[target * KINDS + CLASSES + (ExceptionEntry.FIQ >> 7)];
    }

    /** SErrors, virtual ones included. */
    public long serrors(int target) {
        return counts[target * KINDS + CLASSES + (ExceptionEntry.SERROR >> 7)];
    }
}
