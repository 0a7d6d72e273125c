package dev.nido.machine;

/**
 * The system counter, {@link #FREQUENCY} ticks a second. Either the host's time, or guest
 * instructions retired by all PEs together (deterministic mode, one tick each).
 */
public interface Clock {

    /** CNTFRQ_EL0 in Hz. */
    long FREQUENCY = 1_000_000_000L;

    /** The current count. Never goes backwards. */
    long ticks();
}
