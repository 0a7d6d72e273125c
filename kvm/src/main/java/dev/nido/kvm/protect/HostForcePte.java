package dev.nido.kvm.protect;

import dev.nido.kvm.pgtable.ForcePte;
import dev.nido.kvm.pgtable.Prot;

/**
 * Blocks only for what the host has by default. A block is lost when something is mapped inside it;
 * a default mapping comes back with the next fault, and nothing else does.
 *
 * <p>KVM: {@code host_stage2_force_pte_cb()}.
 */
final class HostForcePte implements ForcePte {

    /** What the host has of memory, unless otherwise recorded. */
    static final int MEMORY = Prot.RWX;

    /** What it has of everything else. */
    static final int DEVICE = Prot.RW;

    private final MemoryRegions regions;

    HostForcePte(MemoryRegions regions) {
        this.regions = regions;
    }

    @Override
    public boolean force(long start, long end, int prot) {
        return prot != (regions.isMemory(start, end) ? MEMORY : DEVICE);
    }
}
