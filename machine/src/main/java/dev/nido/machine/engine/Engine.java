package dev.nido.machine.engine;

import dev.nido.machine.pe.Pe;

/** What executes guest instructions. All engines have one semantics. */
public interface Engine {

    /**
     * Runs the PE until {@code budget} instructions are retired, an instruction ends the run early
     * (WFI, a change of interrupt masks, timers or translation), or {@code pe.attention} is raised.
     * Exceptions that the guest takes on the way are entered here and do not end the run. On return
     * {@code pe.pc} and all other state are exact and {@code pe.retired} is up to date.
     *
     * @param budget instructions to retire at most, at least 1
     */
    void run(Pe pe, int budget);
}
