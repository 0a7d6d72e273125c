package dev.nido.kvm.nested;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.mmu.FaultMapping;
import dev.nido.kvm.mmu.GuestAbort;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.mmu.MemoryAttributes;
import dev.nido.machine.mmu.Walk;
import dev.nido.machine.pe.Pe;

import java.util.concurrent.locks.Lock;

/**
 * AT at the guest's EL2, which traps (KVM: at.c, {@code __kvm_at_s1e01()}, {@code __kvm_at_s1e2()},
 * {@code __kvm_at_s12()}; Arm ARM C5.4, AArch64.AT). One object for one instruction.
 *
 * <p>Stage 1 is translated by an AT of the PE, with its TLB and its rules for rights: in the
 * context that is loaded where that is the guest's own regime, else with the registers of the
 * guest's EL1 and the shadow context. A table that the hypervisor has not mapped yet makes it fail
 * where the guest's own would not; then the page is mapped, and the AT repeated. Stage 2 behind it
 * is a walk of the guest's tables. The result is left in PAR_EL1, of which there is one for all
 * levels.
 */
final class NestedAt {

    private static final int PAR = SysReg.PAR_EL1.ordinal();
    private static final int VTTBR = SysReg.VTTBR_EL2.ordinal();
    private static final int VTCR = SysReg.VTCR_EL2.ordinal();
    private static final int SCTLR = SysReg.SCTLR_EL1.ordinal();

    /** What stage 1 of EL1&amp;0 depends on. */
    private static final SysReg[] STAGE1 = {
        SysReg.SCTLR_EL1, SysReg.TCR_EL1, SysReg.TTBR0_EL1, SysReg.TTBR1_EL1, SysReg.MAIR_EL1
    };

    /** The bits of HCR_EL2, as the guest has them, that it depends on too. */
    private static final long HCR =
            HcrEl2.PTW
                    | HcrEl2.DC
                    | HcrEl2.CD
                    | HcrEl2.ID
                    | HcrEl2.FWB
                    | HcrEl2.NV
                    | HcrEl2.NV1
                    | HcrEl2.NV2;

    private static final long PAGE = 4096;
    private static final long SCTLR_M = 1;
    private static final long FAULT = 1;
    private static final long STAGE2 = 1 << 9;
    private static final long ADDRESS = 0xffff_ffff_f000L;
    private static final int S1E1R = SystemOperation.AT_S1E1R.key();

    /** Answers of {@link #cure}: there is a result; the AT is to be repeated. */
    private static final int DONE = 0;

    private static final int REPEAT = 1;

    private final Vcpu vcpu;
    private final NestedVcpu nested;
    private final Pe pe;
    private final int key;
    private final long va;
    private final long parBefore;
    private boolean aborted;

    /** IPAs that are mapped for the walk only: AT sets no access flag and fills no TLB. */
    private final long[] probed = new long[4];

    private int probedPages;

    private NestedAt(Vcpu vcpu, int key, long va) {
        this.vcpu = vcpu;
        this.nested = vcpu.nested();
        this.pe = vcpu.cpu().pe();
        this.key = key;
        this.va = va;
        this.parBefore = pe.sys[PAR];
    }

    /**
     * Executes an AT and skips it, or injects the external abort that it meets.
     *
     * @param vcpu loaded, and in hyp context
     * @param key encoding of the SYS instruction
     * @param va its operand
     * @return {@link Handled#RESUME}, or a negative errno
     */
    static int handle(Vcpu vcpu, int key, long va) {
        NestedAt at = new NestedAt(vcpu, key, va);
        int r = at.execute();
        if (r < 0) {
            return r;
        }
        if (!at.aborted) {
            vcpu.skipInstruction();
        }
        return Handled.RESUME;
    }

    private int execute() {
        boolean el2 = (key >> 11 & 7) == 4;
        boolean both = el2 && (key & 7) >= 4;
        if (el2 && !both || HcrEl2.isHost(nested.hcr())) {
            return own();
        }
        boolean stage2 = (nested.hcr() & (HcrEl2.VM | HcrEl2.DC)) != 0;
        ShadowMmus shadows = vcpu.vm().shadows();
        ShadowMmu shadow =
                shadows.get(
                        vcpu.id(),
                        nested.read(SysReg.VTTBR_EL2),
                        nested.read(SysReg.VTCR_EL2),
                        stage2);
        try {
            shadows.prepare(shadow);
            int r = ofGuest(shadow);
            if (r == DONE && !aborted && both && stage2 && (pe.sys[PAR] & FAULT) == 0) {
                throughStage2(shadow);
            }
            return r;
        } finally {
            shadows.put(shadow);
        }
    }

    /** The form of EL1 or EL0 without stage 2 that asks for the same right. */
    private int stage1Form() {
        if ((key >> 11 & 7) == 0) {
            return key;
        }
        return S1E1R | (isOfEl0() ? 2 : 0) | key & 1;
    }

    private boolean isOfEl0() {
        int op2 = key & 7;
        return (key >> 11 & 7) == 0 ? (key >> 3 & 15) == 8 && op2 >= 2 : op2 >= 6;
    }

    private void onPe() {
        boolean panBefore = pe.pan;
        pe.pan = (vcpu.pstate() & Spsr.PAN) != 0;
        pe.mmu.resume();
        pe.mmu.at(stage1Form(), va);
        pe.mmu.suspend();
        pe.pan = panBefore;
    }

    private boolean metStage2() {
        return (pe.sys[PAR] & (FAULT | STAGE2)) == (FAULT | STAGE2);
    }

    private int status() {
        return (int) (pe.sys[PAR] >>> 1) & 0x3f;
    }

    // The guest's own regime

    /** EL1&amp;0 of the PE stands for it, and is loaded. */
    private int own() {
        S2Mmu canonical = vcpu.vm().arch().mmu();
        while (true) {
            onPe();
            if (!metStage2()) {
                return 0;
            }
            // A table of the guest is not mapped yet, or not in memory.
            long ipa = pe.mmu.walkFaultIpa();
            if ((status() & 0x3c) == Esr.FSC_ACCESS_FLAG) {
                GuestAbort.accessFault(canonical, ipa);
                continue;
            }
            int r = map(vcpu.faultMapping().of(canonical, ipa));
            if (r <= 0) {
                return r;
            }
        }
    }

    /** {@link #REPEAT}; {@link #DONE} with an external abort; or a negative errno. */
    private int map(FaultMapping m) {
        if (vcpu.vm().slots().find(m.ipa()) == null) {
            externalAbort(Esr.FSC_EXTERNAL_ON_WALK + pe.mmu.walkLevel());
            return DONE;
        }
        int r = GuestAbort.mapForWalk(vcpu, m);
        return r < 0 ? r : REPEAT;
    }

    // The regime of the guest's guests

    /** Stage 1, whose tables are behind a shadow context. */
    private int ofGuest(ShadowMmu shadow) {
        int r = REPEAT;
        while (r == REPEAT) {
            inContext(shadow.mmu());
            r = metStage2() ? cure(shadow) : DONE;
        }
        for (int i = 0; i < probedPages; i++) {
            Lock lock = vcpu.vm().arch().lock().writeLock();
            lock.lock();
            try {
                shadow.unmapLeaf(probed[i]);
            } finally {
                lock.unlock();
            }
        }
        return r;
    }

    private GuestStage2Walk walk() {
        return nested.shadowFaults().walk();
    }

    /** AT of the PE with the registers of the guest's EL1. */
    private void inContext(S2Mmu mmu) {
        long[] sys = pe.sys;
        long[] kept = new long[STAGE1.length];
        long vttbr = sys[VTTBR];
        long vtcr = sys[VTCR];
        long hcr = pe.hcr;
        mmu.load(pe, vcpu.id());
        for (int i = 0; i < kept.length; i++) {
            int o = STAGE1[i].ordinal();
            kept[i] = sys[o];
            sys[o] = nested.read(STAGE1[i]);
        }
        long virtual = nested.hcr();
        if ((virtual & HcrEl2.TGE) != 0) {
            sys[SCTLR] &= ~SCTLR_M; // EL1 is out of use: its stage 1 is off.
        }
        sys[VTCR] = mmu.vtcr();
        sys[VTTBR] = mmu.vttbr(pe);
        pe.hcr = HcrEl2.effective(pe.cpu, HcrEl2.E2H | HcrEl2.VM | virtual & HCR);
        onPe();
        pe.hcr = hcr;
        sys[VTTBR] = vttbr;
        sys[VTCR] = vtcr;
        for (int i = 0; i < kept.length; i++) {
            sys[STAGE1[i].ordinal()] = kept[i];
        }
        pe.mmu.contextChanged();
    }

    /** A table of L2 is not in the shadow context: for whose sake? */
    private int cure(ShadowMmu shadow) {
        S2Mmu mmu = shadow.mmu();
        long ipa = pe.mmu.walkFaultIpa();
        int kind = status() & 0x3c;
        if (kind == Esr.FSC_ACCESS_FLAG) {
            GuestAbort.accessFault(mmu, ipa);
            return REPEAT;
        }
        FaultMapping m = vcpu.faultMapping().of(mmu, ipa);
        if (shadow.enabled()) {
            if (kind == Esr.FSC_PERMISSION) {
                return permission(mmu, ipa);
            }
            GuestStage2Walk w = walk();
            int sampled = shadow.invalidations();
            boolean known = w.recall(shadow, ipa);
            if (!known && !w.walk(shadow.vttbr(), shadow.vtcr(), ipa)) {
                return stage2Fault(w.status(), ipa, true);
            }
            if ((w.rights(false) & GuestStage2Walk.READ) == 0
                    || nested.shadowFaults().protectedFromWalks(w.descriptor())) {
                return stage2Fault(Esr.FSC_PERMISSION + w.level(), ipa, true);
            }
            if (known) {
                ShadowFaults.give(w, m, sampled);
            } else {
                if (probedPages < probed.length) {
                    probed[probedPages++] = ipa & -PAGE;
                }
                ShadowFaults.give(w, m);
            }
        }
        return map(m);
    }

    /** A leaf that the walker may not use, by what L1's entry said when it was made. */
    private int permission(S2Mmu mmu, long ipa) {
        Stage2PageTable table = mmu.pgt();
        Leaf leaf = new Leaf();
        if (table == null || table.getLeaf(ipa, leaf) != 0 || !leaf.valid()) {
            return REPEAT; // It has just gone.
        }
        boolean readable = (Stage2PageTable.ptePermissions(leaf.pte()) & Prot.R) != 0;
        if (readable && !nested.shadowFaults().protectedFromWalks(leaf.pte())) {
            mmu.flushHere(pe, ipa); // Only the TLB has less.
            return REPEAT;
        }
        int level = leaf.software() & FaultMapping.LEVEL;
        return stage2Fault(Esr.FSC_PERMISSION + level, ipa, true);
    }

    // Stage 2 of the guest

    /** From the address in PAR_EL1 to one of L1. */
    private void throughStage2(ShadowMmu shadow) {
        long par = pe.sys[PAR];
        long ipa = par & ADDRESS | va & 0xfff;
        GuestStage2Walk w = walk();
        if (!w.translate(shadow, ipa)) {
            stage2Fault(w.status(), ipa, false);
            return;
        }
        int needed = (key & 1) == 0 ? GuestStage2Walk.READ : GuestStage2Walk.WRITE;
        if ((w.rights(isOfEl0()) & needed) == 0) {
            stage2Fault(Esr.FSC_PERMISSION + w.level(), ipa, false);
            return;
        }
        long hcr = nested.hcr();
        long d = w.descriptor();
        int attribute =
                MemoryAttributes.combine(
                        (int) (par >>> 56),
                        (int) (d >>> 2) & 15,
                        (hcr & HcrEl2.FWB) != 0,
                        (hcr & HcrEl2.CD) != 0);
        int wider = MemoryAttributes.widerShareability((int) (par >>> 7) & 3, (int) (d >>> 8) & 3);
        int shareability = MemoryAttributes.shareability(attribute, wider);
        pe.sys[PAR] = Walk.of(w.pa(), attribute, shareability).par();
    }

    /** A fault of L1's stage 2: PAR_EL1 tells of it, unless it is an external abort. */
    private int stage2Fault(int status, long ipa, boolean onWalk) {
        if ((status & 0x3c) == Esr.FSC_EXTERNAL_ON_WALK) {
            vcpu.writeSys(SysReg.HPFAR_EL2, ipa >>> 12 << 4);
            externalAbort(status | (onWalk ? Esr.S1PTW : 0));
        } else {
            pe.sys[PAR] = Walk.fault(status, true, onWalk).par();
        }
        return DONE;
    }

    /** The AT is not done: its own level, EL2, gets an abort. */
    private void externalAbort(int iss) {
        aborted = true;
        pe.sys[PAR] = parBefore;
        vcpu.writeSys(SysReg.FAR_EL2, va);
        long esr = Esr.of(Esr.EC_DATA_ABORT | 1, true, Esr.CM | Esr.WNR | iss);
        NestedExceptions.synchronous(vcpu, esr);
    }
}
