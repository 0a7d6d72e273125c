package dev.nido.machine;

import dev.nido.arch.CpuModel;

/**
 * What a machine is made of.
 *
 * @param cpu the CPU that every PE is
 * @param pes number of PEs, 1 to 512
 * @param ramBase physical address of RAM, page aligned
 * @param ramSize bytes of RAM, whole pages
 * @param deterministic time counts instructions and one thread runs all PEs in turn
 * @param seed source of every random number in the machine
 * @param startEl exception level at reset: 1 (the PEs have no EL2) or 2
 * @param vectorEntry exceptions to the highest level go to VBAR (bare) instead of returning from
 *     the run loop (hosted)
 */
public record MachineConfig(
        CpuModel cpu,
        int pes,
        long ramBase,
        long ramSize,
        boolean deterministic,
        long seed,
        int startEl,
        boolean vectorEntry) {

    public MachineConfig {
        if (pes < 1 || pes > 512) {
            throw new IllegalArgumentException("a machine has 1 to 512 PEs, not " + pes);
        }
        if (startEl != 1 && startEl != 2) {
            throw new IllegalArgumentException("a machine starts at EL1 or EL2, not EL" + startEl);
        }
    }
}
