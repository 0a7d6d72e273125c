package dev.nido.kvm.nested;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;

/** Which feature of the PEs a virtual EL2 is built on (KVM: {@code ARM64_HAS_NESTED_VIRT}). */
public enum Nesting {

    /** The guest has no EL2. */
    NONE,

    /** FEAT_NV: every access to a register of EL2 traps. */
    NV,

    /** FEAT_NV2: most go to a page of memory, or to the EL1 register in their place. */
    NV2;

    /** The best that a CPU offers to its hypervisor. */
    public static Nesting of(CpuModel physical) {
        return physical.has(Feature.NV2) ? NV2 : physical.has(Feature.NV) ? NV : NONE;
    }
}
