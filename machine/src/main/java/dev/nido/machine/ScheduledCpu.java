package dev.nido.machine;

import dev.nido.machine.pe.Pe;

/**
 * A CPU that takes its turn in deterministic mode: a PE that runs by itself, or one that runs under
 * a hypervisor.
 */
public interface ScheduledCpu {

    /** The PE that it runs on, whose retired instructions are its time. */
    Pe pe();

    /** Whether it is switched on. */
    boolean isOn();

    /** Ends its wait if the wake-up condition holds. Returns whether it can run. */
    boolean ready();

    /**
     * Runs at most {@code budget} instructions; returns early when it starts to wait, gives way, or
     * is switched off.
     */
    void run(long budget);

    /**
     * When its timers next change something by themselves, in ticks; {@link Long#MAX_VALUE} for
     * never.
     */
    long nextDeadline();
}
