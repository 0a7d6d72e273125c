package dev.nido.machine.firmware;

import dev.nido.machine.pe.Pe;

/**
 * What answers SMC, and HVC where there is no EL2: the software that the machine hides below it.
 */
public interface Firmware {

    /**
     * Serves a call. Arguments are in X0 to X7 and results go to X0 to X3; PC is already the next
     * instruction's.
     *
     * @param smc whether the instruction is SMC, else HVC
     * @return false if nothing answers such an instruction, which then is UNDEFINED
     */
    boolean call(Pe pe, boolean smc);
}
