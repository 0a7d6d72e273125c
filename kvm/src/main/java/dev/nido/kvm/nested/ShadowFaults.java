package dev.nido.kvm.nested;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.mmu.FaultMapping;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.pe.Pe;

/**
 * Aborts of L2 in a shadow context: what L1's tables forbid is L1's, what they allow becomes an
 * address of L1's that {@link dev.nido.kvm.mmu.GuestAbort} maps. One of a vCPU's.
 *
 * <p>The shadow is used as a PE uses its TLB. A leaf that lacks a right that L1 has not given means
 * a permission fault of L1's, whatever L1's tables say by now; only where there is no leaf are they
 * walked. So L1 sees faults where it would see them on a machine, before its TLBI and after.
 *
 * <p>KVM: the nested branch of {@code kvm_handle_guest_abort()}, {@code
 * kvm_s2_handle_perm_fault()}, {@code kvm_inject_s2_fault()}.
 */
public final class ShadowFaults {

    /** The fault is to be mapped. */
    public static final int OURS = Integer.MAX_VALUE;

    private static final int FSC = 0x3f;

    /** DC IVAC, Xt with t = 0: the one kind of maintenance that needs the right to write. */
    private static final int DC_IVAC = 0xd508_7620;

    private final Vcpu vcpu;
    private final Leaf leaf = new Leaf();
    private GuestStage2Walk walk;

    /** The fault that is looked at is L1's. */
    private boolean injected;

    /** Of one vCPU. */
    public ShadowFaults(Vcpu vcpu) {
        this.vcpu = vcpu;
    }

    /** A walk of L1's stage 2; the same object each time. */
    public GuestStage2Walk walk() {
        if (walk == null) {
            walk = new GuestStage2Walk(vcpu.vm());
        }
        return walk;
    }

    /**
     * Finds out whose a fault is.
     *
     * @param shadow enabled, and loaded
     * @param esr ESR_EL2 of the abort
     * @param far FAR_EL2
     * @param ipa of L2
     * @param m receives what is to be mapped, if the answer is {@link #OURS}
     * @return {@link #OURS}, or {@link Handled#RESUME}: it was injected into L1's EL2, or cured
     */
    public int resolve(ShadowMmu shadow, long esr, long far, long ipa, FaultMapping m) {
        injected = false;
        int whose = whose(shadow, esr, far, ipa, m);
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.shadowFault(vcpu, ipa, whose == OURS ? walk().pa() : -1, injected);
        }
        return whose;
    }

    private int whose(ShadowMmu shadow, long esr, long far, long ipa, FaultMapping m) {
        boolean permission = ((int) esr & 0x3c) == Esr.FSC_PERMISSION;
        int needed = needed(esr, permission);
        if (permission) {
            int r = permission(shadow, esr, far, ipa, needed);
            if (r != OURS) {
                return r;
            }
        }
        return walk(shadow, esr, far, ipa, needed, permission, m);
    }

    /** The rights without which an access does not get on. */
    private int needed(long esr, boolean permission) {
        boolean instruction = Esr.exceptionClass(esr) == Esr.EC_INSTRUCTION_ABORT;
        if ((esr & Esr.S1PTW) != 0) {
            // The walker reads a descriptor before it writes it.
            boolean update = permission && (instruction || (esr & Esr.WNR) != 0);
            return GuestStage2Walk.READ | (update ? GuestStage2Walk.WRITE : 0);
        }
        if (instruction) {
            return GuestStage2Walk.EXECUTE;
        }
        if ((esr & Esr.CM) != 0) {
            if ((vcpu.trappedInstruction() & ~31) == DC_IVAC) {
                return GuestStage2Walk.WRITE;
            }
            return Spsr.el(vcpu.pstate()) == 0 ? GuestStage2Walk.READ : 0;
        }
        return (esr & Esr.WNR) != 0 ? GuestStage2Walk.WRITE : GuestStage2Walk.READ;
    }

    /** A leaf that is there, and not enough. */
    private int permission(ShadowMmu shadow, long esr, long far, long ipa, int needed) {
        S2Mmu mmu = shadow.mmu();
        Stage2PageTable table = mmu.pgt();
        if (table == null || table.getLeaf(ipa, leaf) != 0 || !leaf.valid()) {
            return Handled.RESUME; // It has just gone.
        }
        boolean user = Spsr.el(vcpu.pstate()) == 0;
        int missing = needed & ~rights(Stage2PageTable.ptePermissions(leaf.pte()), user);
        int software = leaf.software();
        boolean writable = (software & FaultMapping.WRITABLE) != 0;
        boolean walker = (esr & Esr.S1PTW) != 0;
        if (missing == 0 && !(walker && protectedFromWalks(leaf.pte()))) {
            // Only a TLB has less.
            Pe pe = vcpu.cpu().pe();
            mmu.flushHere(pe, ipa);
            return Handled.RESUME;
        }
        if (missing == GuestStage2Walk.WRITE && writable) {
            return OURS;
        }
        return inject(esr, Esr.FSC_PERMISSION + (software & FaultMapping.LEVEL), far);
    }

    private static int rights(int prot, boolean user) {
        return ((prot & Prot.R) != 0 ? GuestStage2Walk.READ : 0)
                | ((prot & Prot.W) != 0 ? GuestStage2Walk.WRITE : 0)
                | ((prot & (user ? Prot.UX : Prot.PX)) != 0 ? GuestStage2Walk.EXECUTE : 0);
    }

    /** HCR_EL2.PTW: L1 has no stage-1 tables of L2's in Device memory. */
    public boolean protectedFromWalks(long descriptor) {
        long hcr = vcpu.nested().hcr();
        return (hcr & HcrEl2.PTW) != 0
                && GuestStage2Walk.isDevice(descriptor, (hcr & HcrEl2.FWB) != 0);
    }

    private int walk(
            ShadowMmu shadow,
            long esr,
            long far,
            long ipa,
            int needed,
            boolean permission,
            FaultMapping m) {
        GuestStage2Walk w = walk();
        boolean user = Spsr.el(vcpu.pstate()) == 0;
        boolean maintenance = (esr & Esr.CM) != 0;
        boolean walker = (esr & Esr.S1PTW) != 0;
        boolean write = (needed & GuestStage2Walk.WRITE) != 0 && !maintenance;
        boolean marked;
        do {
            int sampled = shadow.invalidations();
            // Only the entry as it is now can be marked dirty.
            boolean known = w.recall(shadow, ipa) && !(write && w.isClean());
            if (!known && !w.walk(shadow.vttbr(), shadow.vtcr(), ipa)) {
                return inject(esr, w.status(), far);
            }
            boolean denied =
                    (needed & ~w.rights(user)) != 0 || walker && protectedFromWalks(w.descriptor());
            if (denied) {
                if (permission || !w.isYoung() || !hasMemory(w.pa())) {
                    if (w.isYoung()) {
                        m.of(shadow.mmu(), ipa);
                        give(w, m, sampled);
                        m.remember();
                    }
                    return inject(esr, Esr.FSC_PERMISSION + w.level(), far);
                }
                // The PE gets what there is, and finds by itself what is wrong first.
            } else if (maintenance && permission && w.isClean()) {
                // It has no effect, and no descriptor is marked for it.
                vcpu.skipInstruction();
                return Handled.RESUME;
            }
            marked = denied || known || w.mark(write);
            give(w, m, sampled);
        } while (!marked);
        return OURS;
    }

    /** Has what a walk has found be mapped, and not remembered. */
    static void give(GuestStage2Walk w, FaultMapping m) {
        boolean writable = (w.rights(false) & GuestStage2Walk.WRITE) != 0;
        m.translated(w.pa(), w.size(), prot(w), writable, w.level());
    }

    /** The same of an entry that the context is to know from now on. */
    static void give(GuestStage2Walk w, FaultMapping m, int invalidations) {
        give(w, m);
        m.madeFrom(w.descriptor(), invalidations);
    }

    private boolean hasMemory(long l1Ipa) {
        return vcpu.vm().slots().find(l1Ipa) != null;
    }

    /** The rights and attributes that L1's leaf gives now. */
    private static int prot(GuestStage2Walk w) {
        int el1 = w.rights(false);
        int el0 = w.rights(true);
        int prot = Prot.attributes(w.descriptor());
        prot |= (el1 & GuestStage2Walk.READ) != 0 ? Prot.R : 0;
        prot |= (el1 & GuestStage2Walk.WRITE) != 0 && !w.isClean() ? Prot.W : 0;
        prot |= (el1 & GuestStage2Walk.EXECUTE) != 0 ? Prot.PX : 0;
        prot |= (el0 & GuestStage2Walk.EXECUTE) != 0 ? Prot.UX : 0;
        return prot;
    }

    /** The abort is one of L1's own making: FAR and HPFAR are those of the trap, and ESR nearly. */
    private int inject(long esr, int status, long far) {
        injected = true;
        inject(vcpu, esr & ~FSC | status, far, vcpu.cpu().read(SysReg.HPFAR_EL2));
        return Handled.RESUME;
    }

    /**
     * Injects a stage-2 abort into L1's EL2.
     *
     * @param hpfar HPFAR_EL2
     */
    static void inject(Vcpu vcpu, long esr, long far, long hpfar) {
        vcpu.writeSys(SysReg.FAR_EL2, far);
        vcpu.writeSys(SysReg.HPFAR_EL2, hpfar);
        NestedExceptions.synchronous(vcpu, esr);
    }

    /**
     * After a fault of a read-modify-write that was {@link #OURS} as a read: whether L1's entry
     * lets it write too, where there is no memory that could be mapped to find out.
     *
     * @return if not, the fault was injected
     */
    public boolean mayWriteToo(long esr, long far) {
        GuestStage2Walk w = walk();
        if ((w.rights(false) & GuestStage2Walk.WRITE) == 0) {
            inject(esr | Esr.WNR, Esr.FSC_PERMISSION + w.level(), far);
            return false;
        }
        if (w.isClean() && w.walk(shadowOf().vttbr(), shadowOf().vtcr(), w.ipa())) {
            // What another observer has changed meanwhile is not this access's any more.
            w.mark(true);
        }
        return true;
    }

    private ShadowMmu shadowOf() {
        return vcpu.hwMmu().shadow();
    }

    /**
     * Translates an address of L2 for an access that the hypervisor makes in its place.
     *
     * @param access of {@link GuestStage2Walk#READ}, {@link GuestStage2Walk#WRITE}
     * @param user whether at EL0
     * @param far of the fault, if there is one
     * @param iss of the fault, if there is one, without its status
     * @param m has the address, and receives L1's
     * @return whether it is; else a fault was injected into L1's EL2
     */
    public boolean translate(int access, boolean user, long far, int iss, FaultMapping m) {
        ShadowMmu shadow = vcpu.hwMmu().shadow();
        if (shadow == null || !shadow.enabled()) {
            return true;
        }
        GuestStage2Walk w = walk();
        boolean write = (access & GuestStage2Walk.WRITE) != 0;
        while (true) {
            int sampled = shadow.invalidations();
            boolean known = w.recall(shadow, m.key()) && !(write && w.isClean());
            int status;
            if (!known && !w.walk(shadow.vttbr(), shadow.vtcr(), m.key())) {
                status = w.status();
            } else if ((access & ~w.rights(user)) != 0) {
                status = Esr.FSC_PERMISSION + w.level();
                if (w.isYoung()) {
                    give(w, m, sampled);
                    m.remember();
                }
            } else if (known || w.mark(write)) {
                give(w, m, sampled);
                m.remember();
                return true;
            } else {
                continue;
            }
            long esr = Esr.of(Esr.EC_DATA_ABORT, true, iss | status);
            inject(vcpu, esr, far, m.key() >>> 12 << 4);
            return false;
        }
    }

    /** Whether L1's entry for what was translated last makes it Device memory. */
    public boolean isDevice() {
        boolean fwb = (vcpu.nested().hcr() & HcrEl2.FWB) != 0;
        return GuestStage2Walk.isDevice(walk().descriptor(), fwb);
    }

    /** Injects an abort of L1's stage 2 that the hypervisor met on a walk of L2's tables. */
    public void abortOnWalk(int status, long far, long ipa) {
        long esr = Esr.of(Esr.EC_DATA_ABORT, true, Esr.S1PTW | status);
        inject(vcpu, esr, far, ipa >>> 12 << 4);
    }
}
