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

    /**
     * Records an instruction that software of EL2 has emulated, in the stream. Its effects are in
     * the PE, its stores in the recorder.
     *
     * @param at its address
     * @param word its encoding
     * @param el exception level at which it was
     */
    void retireEmulated(Pe pe, long at, int word, int el);
}
