package dev.nido.machine;

import dev.nido.machine.pe.Pe;

/**
 * What answers SMC (and, where the PE has no EL2, HVC): the machine has no software at EL3. Called
 * with the arguments in {@code pe.x}; the results go back there.
 */
@FunctionalInterface
public interface Firmware {

    /**
     * Handles one call.
     *
     * @param pe the calling PE
     * @param smc true for SMC, false for HVC
     * @return false if there is no firmware behind this conduit, which makes the instruction UNDEFINED
     */
    boolean call(Pe pe, boolean smc);
}
