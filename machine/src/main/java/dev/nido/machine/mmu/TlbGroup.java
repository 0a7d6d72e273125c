package dev.nido.machine.mmu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The spaces of one regime and VMID: one for global entries, one an ASID. */
final class TlbGroup {

    final int regime;
    final int vmid;
    final TlbSpace global;
    final Map<Integer, TlbSpace> byAsid = new HashMap<>();

    /** The values of {@link #byAsid}. */
    final List<TlbSpace> nonGlobal = new ArrayList<>();

    /** Whether any ASID may have entries in the lower and upper half of the VA space. */
    boolean lowNonGlobal;

    boolean highNonGlobal;

    TlbGroup(int regime, int vmid, int globalNumber) {
        this.regime = regime;
        this.vmid = vmid;
        this.global = new TlbSpace(this, TlbSpace.GLOBAL, globalNumber);
    }
}
