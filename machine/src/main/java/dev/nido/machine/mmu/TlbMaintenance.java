package dev.nido.machine.mmu;

import dev.nido.machine.Machine;
import dev.nido.machine.mmu.Invalidation.Scope;
import dev.nido.machine.pe.Pe;

/**
 * TLBI as software of EL2 executes it that has no instructions in the machine: each operation is a
 * TLBI of EL1&amp;0 for the VMID named, followed by DSB, and complete when it returns. The
 * broadcast forms may be used on any thread, but not while its PE executes the guest; the local
 * forms by who has the PE.
 *
 * <p>Stage 1 and stage 2 are held apart and never combined, so dropping stage-2 entries needs no
 * maintenance of stage 1 behind it.
 */
public final class TlbMaintenance {

    private final Machine machine;

    /** For the machine alone. */
    public TlbMaintenance(Machine machine) {
        this.machine = machine;
    }

    /** TLBI IPAS2E1IS or RIPAS2E1IS: stage-2 entries that translate any byte of the range. */
    public void stage2(int vmid, long ipa, long bytes) {
        broadcast(range(vmid, ipa, bytes));
    }

    /** The same on one PE: TLBI IPAS2E1. */
    public void stage2(Pe pe, int vmid, long ipa, long bytes) {
        pe.mmu.applyLocally(range(vmid, ipa, bytes));
    }

    /** All stage-2 entries of a VMID. */
    public void stage2(int vmid) {
        broadcast(range(vmid, 0, 1L << 48));
    }

    /** TLBI VMALLS12E1IS: all entries of both stages of a VMID. */
    public void stage1And2(int vmid) {
        broadcast(all(Scope.STAGE1_AND_2, vmid));
    }

    /** TLBI VMALLE1 on one PE: all stage-1 entries of a VMID. */
    public void stage1(Pe pe, int vmid) {
        pe.mmu.applyLocally(all(Scope.STAGE1, vmid));
    }

    /** TLBI VMALLS12E1 on one PE. */
    public void stage1And2(Pe pe, int vmid) {
        pe.mmu.applyLocally(all(Scope.STAGE1_AND_2, vmid));
    }

    /**
     * A TLBI of EL1 with a VMID of the hypervisor's choice in VTTBR_EL2, on all PEs whatever
     * shareability domain the form names.
     *
     * @param key encoding of the SYS instruction: op0 1, op1 0, CRn 8
     * @param value its operand; one that names no granule has no effect
     * @param wideAsid TCR_EL1.AS: ASIDs have 16 bits, else 8
     */
    public void el1(int vmid, int key, long value, boolean wideAsid) {
        Invalidation i = el1Form(vmid, key, value, wideAsid);
        if (i != null) {
            broadcast(i);
        }
    }

    /** The same on one PE. */
    public void el1(Pe pe, int vmid, int key, long value, boolean wideAsid) {
        Invalidation i = el1Form(vmid, key, value, wideAsid);
        if (i != null) {
            pe.mmu.applyLocally(i);
        }
    }

    private static Invalidation el1Form(int vmid, int key, long value, boolean wideAsid) {
        return TlbiDecoder.el1(key, value, Stage1Controls.EL10, vmid, wideAsid ? 0xffff : 0xff);
    }

    /** TLBI VAAE1IS at EL2 with HCR_EL2.{E2H, TGE} = {1, 1}: the hypervisor's own address. */
    public void host(long va) {
        broadcast(
                new Invalidation(
                        Scope.ADDRESS_ALL_ASIDS, Stage1Controls.EL20, 0, TlbSpace.GLOBAL, va, 1));
    }

    /** TLBI ALLE1IS: all entries of both stages of all VMIDs. */
    public void everyVmid() {
        broadcast(all(Scope.EVERY_VMID, 0));
    }

    private static Invalidation range(int vmid, long ipa, long bytes) {
        return new Invalidation(Scope.IPA, Stage1Controls.EL10, vmid, TlbSpace.GLOBAL, ipa, bytes);
    }

    private static Invalidation all(Scope scope, int vmid) {
        return new Invalidation(scope, Stage1Controls.EL10, vmid, TlbSpace.GLOBAL, 0, 0);
    }

    private void broadcast(Invalidation i) {
        int pes = machine.pes();
        if (machine.deterministic()) {
            for (int n = 0; n < pes; n++) {
                machine.pe(n).mmu.applyLocally(i);
            }
            return;
        }
        long[] tickets = new long[pes];
        for (int n = 0; n < pes; n++) {
            tickets[n] = machine.pe(n).mmu.post(i);
        }
        for (int n = 0; n < pes; n++) {
            Mmu mmu = machine.pe(n).mmu;
            for (int spins = 0; !mmu.hasServed(tickets[n]); spins++) {
                if (spins < 200) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
        }
    }
}
