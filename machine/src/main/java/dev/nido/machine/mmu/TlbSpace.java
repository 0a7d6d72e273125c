package dev.nido.machine.mmu;

/**
 * What TLB entries are tagged with beside their page: a regime and VMID with one ASID, or the
 * global entries of a regime and VMID, or the stage-2 entries of a VMID.
 */
final class TlbSpace {

    /** The space of the entries that match every ASID. */
    static final int GLOBAL = -1;

    final TlbGroup group;
    final int asid;

    /** Tag of its entries in a {@link TlbTable}; a new one empties the space. */
    int number;

    /** Bit n set: there may be entries of size index n, for VA[55] = 0 and 1. */
    int lowSizes;

    int highSizes;

    TlbSpace(TlbGroup group, int asid, int number) {
        this.group = group;
        this.asid = asid;
        this.number = number;
    }

    int sizes(long address) {
        return (address >>> 55 & 1) == 0 ? lowSizes : highSizes;
    }

    void noteSize(long address, int sizeIndex) {
        if ((address >>> 55 & 1) == 0) {
            lowSizes |= 1 << sizeIndex;
            if (asid != GLOBAL) {
                group.lowNonGlobal = true;
            }
        } else {
            highSizes |= 1 << sizeIndex;
            if (asid != GLOBAL) {
                group.highNonGlobal = true;
            }
        }
    }

    boolean empty() {
        return (lowSizes | highSizes) == 0;
    }
}
