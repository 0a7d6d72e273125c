package dev.nido.kvm.nested;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Handled;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.GuestAbort;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.mmu.MemorySlot;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.kvm.mmu.VmArch;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.sysreg.TrapConfiguration;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

/**
 * Where the VNCR page is that a guest hypervisor gives to a guest with an EL2: VNCR_EL2 of the
 * guest hypervisor is an address of its own regime, and the PE gets a window of the hypervisor's
 * that shows the page behind it (KVM: {@code struct vncr_tlb}, {@code kvm_handle_vncr_abort()}; Arm
 * ARM D8.11.5).
 *
 * <p>There is one entry for a vCPU. It is made by the PE's translation in the guest hypervisor's
 * regime, hence from what TLBs hold of that one, and goes with every TLBI of it and with every
 * change to the memory behind: losing it too often is not seen by anybody.
 */
public final class VncrTlb {

    private static final long FAULT = 1;
    private static final long STAGE2 = 1 << 9;
    private static final long PA = 0xffff_ffff_f000L;
    private static final long PAGE = HostMemory.PAGE_SIZE;

    /** What the PE has of the regime while it translates in it, beside HCR_EL2. */
    private static final SysReg[] REGIME = {
        SysReg.SCTLR_EL1,
        SysReg.TCR_EL1,
        SysReg.TTBR0_EL1,
        SysReg.TTBR1_EL1,
        SysReg.MAIR_EL1,
        SysReg.VTTBR_EL2,
        SysReg.VTCR_EL2
    };

    /** What an entry depends on. */
    private static final SysReg[] KEY = {
        SysReg.VNCR_EL2, SysReg.SCTLR_EL2, SysReg.TCR_EL2, SysReg.TTBR0_EL2, SysReg.TTBR1_EL2
    };

    private final Vcpu vcpu;
    private final VmArch arch;
    private final VncrWindows windows;
    private final long[] saved = new long[REGIME.length];
    private PhysicalCpu cpu;

    // Under the monitor of the windows

    private boolean valid;
    private final long[] key = new long[KEY.length];
    private long ipa;
    private long pa;
    private boolean writable;

    /** The PE whose window shows it, or −1. */
    private int at = -1;

    /**
     * Of the last translation: PAR_EL1, and the level of a stage-2 fault in memory that is not
     * there.
     */
    private long par;

    private int missingLevel;

    /**
     * For a vCPU whose CPU has FEAT_NV2.
     *
     * @throws KvmException ENOMEM
     */
    VncrTlb(Vcpu vcpu) {
        this.vcpu = vcpu;
        arch = vcpu.vm().arch();
        windows = vcpu.vm().hypervisor().vncrWindows();
        if (windows.acquire() != 0) {
            throw new KvmException(Errno.ENOMEM, "no memory for the hypervisor's own tables");
        }
    }

    /** Has every VNCR page of a VM's guests followed when memory behind it changes. */
    static void listen(Vm vm) {
        vm.arch()
                .setInvalidated((ipa, bytes) -> {
                    for (Vcpu v : vm.vcpus()) {
                        VncrTlb tlb = v.nested() == null ? null : v.nested().vncrTlb();
                        if (tlb != null) {
                            tlb.memoryChanged(ipa, bytes);
                        }
                    }
                });
    }

    // Load and put

    /** The vCPU is loaded in nested context, and the guest of the guest has an EL2 with NV2. */
    void load(PhysicalCpu on) {
        cpu = on;
        windows.enable(on);
        synchronized (windows) {
            if (valid && !matches()) {
                drop();
            }
            if (valid && at != on.index()) {
                move(on.index());
            } else if (!valid && windows.shown(on.index()) != null) {
                windows.shown(on.index()).hide();
            }
        }
        on.write(SysReg.VNCR_EL2, VncrWindows.address(on.index()));
    }

    /** It leaves nested context or the PE. The window stays until somebody else needs it. */
    void put() {
        if (cpu != null) {
            windows.disable(cpu);
            cpu = null;
        }
    }

    /** The vCPU ends, and is not loaded. */
    void close() {
        synchronized (windows) {
            drop();
        }
        windows.release();
    }

    private boolean matches() {
        for (int i = 0; i < KEY.length; i++) {
            if (key[i] != vcpu.nested().read(KEY[i])) {
                return false;
            }
        }
        return true;
    }

    // Under the monitor

    /** Shows the page in a PE's window; without memory for tables the entry goes. */
    private int move(int to) {
        hide();
        VncrTlb other = windows.shown(to);
        if (other != null) {
            other.hide();
        }
        int r = windows.show(to, this, pa, writable);
        if (r == 0) {
            at = to;
        } else {
            drop();
        }
        return r;
    }

    private void hide() {
        if (at >= 0) {
            windows.hide(at);
            at = -1;
        }
    }

    private void drop() {
        hide();
        if (valid) {
            valid = false;
            windows.count(-1);
        }
    }

    // Invalidation

    /** A TLBI of a guest hypervisor's own regime was executed; all entries of its VM go. */
    static void invalidate(Vm vm) {
        if (!vm.cpu().has(Feature.NV2)) {
            return;
        }
        VncrWindows windows = vm.hypervisor().vncrWindows();
        synchronized (windows) {
            windows.invalidated();
            for (Vcpu v : vm.vcpus()) {
                v.nested().vncrTlb().drop();
            }
        }
    }

    /** Guest physical memory goes, or must not be written; under the VM's lock. */
    private void memoryChanged(long from, long bytes) {
        synchronized (windows) {
            if (valid && ipa < from + bytes && from < ipa + PAGE) {
                drop();
            }
        }
    }

    // Faults

    /**
     * A VNCR access did not get through: a Data Abort from EL2's own access, with VNCR = 1.
     *
     * @return {@link Handled#RESUME}, or a negative errno
     */
    int handle(long esr) {
        int status = Esr.iss(esr) & 0x3f;
        int kind = status & 0x3c;
        if (cpu == null || kind != Esr.FSC_TRANSLATION && kind != Esr.FSC_PERMISSION) {
            return -Errno.EFAULT;
        }
        boolean write = (Esr.iss(esr) & Esr.WNR) != 0;
        synchronized (windows) {
            drop();
        }
        long invalidations = windows.invalidations();
        long va = vcpu.nested().read(SysReg.VNCR_EL2) & -PAGE;
        va = va << 7 >> 7;
        int r = translate(va, write);
        if (r < 0) {
            return r;
        }
        if ((par & FAULT) != 0) {
            return inject(esr, va, faultStatus());
        }
        r = fill(par & PA, write, invalidations);
        if (r == -Errno.EFAULT) {
            return inject(esr, va, Esr.FSC_EXTERNAL);
        }
        if (r < 0) {
            return r == -Errno.EAGAIN ? Handled.RESUME : r;
        }
        return write && !writable ? inject(esr, va, Esr.FSC_EXTERNAL) : Handled.RESUME;
    }

    /**
     * Does what the PE would have done with an access to the page, which it trapped instead.
     *
     * @param r a register whose slot it is
     * @param rt general-purpose register
     * @return {@link Handled#RESUME}, or a negative errno
     */
    int access(SysReg r, int rt, boolean read) {
        Pe pe = cpu.pe();
        long va = VncrWindows.address(cpu.index()) + r.vncrOffset();
        GuestException fault = null;
        pe.mmu.resume();
        try {
            if (read) {
                vcpu.setReg(rt, pe.mmu.loadVncr(va));
            } else {
                pe.mmu.storeVncr(va, vcpu.reg(rt));
            }
        } catch (GuestException e) {
            fault = e;
        } finally {
            pe.mmu.suspend();
        }
        if (fault != null) {
            cpu.write(SysReg.FAR_EL2, va);
            return handle(Esr.of(Esr.EC_DATA_ABORT | 1, true, fault.iss));
        }
        vcpu.skipInstruction();
        return Handled.RESUME;
    }

    private int faultStatus() {
        return (par & STAGE2) != 0
                ? Esr.FSC_EXTERNAL_ON_WALK + missingLevel
                : (int) (par >> 1) & 0x3f;
    }

    /** The same exception to the guest's EL2, with its own address and status. */
    private int inject(long esr, long va, int status) {
        long far = va | cpu.read(SysReg.FAR_EL2) & PAGE - 1;
        vcpu.nested().write(SysReg.FAR_EL2, far);
        NestedExceptions.synchronous(vcpu, esr & ~0x3fL | status);
        return Handled.RESUME;
    }

    /**
     * Makes the entry and shows it.
     *
     * @param of guest physical address of the page
     * @param mayWrite the access is a write, which the guest's own tables allow; the first write
     *     after a read comes here again
     * @return {@code -EFAULT}: no memory is there; {@code -EAGAIN}: things have changed; {@code
     *     -ENOMEM}
     */
    private int fill(long of, boolean mayWrite, long invalidations) {
        long sequence = arch.sequence();
        MemorySlot slot = vcpu.vm().slots().find(of);
        if (slot == null) {
            return -Errno.EFAULT;
        }
        int claimed = vcpu.vm().ownRam().claim(of);
        long found = slot.memory().populate(slot.offsetOf(of));
        if (claimed < 0 || found == 0) {
            return arch.changedSince(sequence)
                    ? -Errno.EAGAIN
                    : claimed < 0 ? claimed : -Errno.ENOMEM;
        }
        arch.lock().readLock().lock();
        try {
            if (arch.changedSince(sequence)) {
                return -Errno.EAGAIN;
            }
            synchronized (windows) {
                if (windows.invalidations() != invalidations) {
                    return -Errno.EAGAIN;
                }
                for (int i = 0; i < KEY.length; i++) {
                    key[i] = vcpu.nested().read(KEY[i]);
                }
                ipa = of;
                pa = found & -PAGE;
                writable = mayWrite && !slot.readOnly();
                valid = true;
                windows.count(1);
                int r = move(cpu.index());
                if (r < 0) {
                    return r;
                }
            }
            if (writable) {
                slot.markDirty(of);
            }
            return 0;
        } finally {
            arch.lock().readLock().unlock();
        }
    }

    // The guest hypervisor's regime

    /**
     * Translates in it, as the access itself would: leaves {@link #par}.
     *
     * @return 0 or a negative errno
     */
    private int translate(long va, boolean write) {
        Pe pe = cpu.pe();
        long parBefore = cpu.read(SysReg.PAR_EL1);
        long hcr = cpu.read(SysReg.HCR_EL2);
        enterRegime(pe);
        try {
            while (true) {
                pe.mmu.resume();
                pe.mmu.accessStage1(va, write);
                pe.mmu.suspend();
                par = cpu.read(SysReg.PAR_EL1);
                if ((par & FAULT) == 0 || (par & STAGE2) == 0) {
                    return 0;
                }
                long table = pe.mmu.walkFaultIpa();
                missingLevel = pe.mmu.walkLevel();
                boolean update = pe.mmu.walkFaultIsUpdate();
                MemorySlot slot = vcpu.vm().slots().find(table);
                if (slot == null || update && slot.readOnly()) {
                    return 0;
                }
                int r =
                        update
                                ? GuestAbort.mapForUpdate(vcpu, table)
                                : GuestAbort.mapForWalk(vcpu, table);
                if (r < 0) {
                    return r;
                }
            }
        } finally {
            for (int i = 0; i < REGIME.length; i++) {
                pe.sys[REGIME[i].ordinal()] = saved[i];
            }
            cpu.write(SysReg.PAR_EL1, parBefore);
            cpu.write(SysReg.HCR_EL2, hcr);
        }
    }

    /** Has EL1&amp;0 of the PE stand for it, as in hyp context. */
    private void enterRegime(Pe pe) {
        NestedVcpu nested = vcpu.nested();
        for (int i = 0; i < REGIME.length; i++) {
            saved[i] = pe.sys[REGIME[i].ordinal()];
        }
        S2Mmu canonical = arch.mmu();
        boolean e2h = nested.e2h();
        long sctlr = nested.read(SysReg.SCTLR_EL2);
        long tcr = nested.read(SysReg.TCR_EL2);
        long ttbr0 = nested.read(SysReg.TTBR0_EL2);
        long[] values = {
            e2h ? sctlr : El2Translation.sctlr(sctlr),
            e2h ? tcr : El2Translation.tcr(tcr),
            e2h ? ttbr0 : El2Translation.ttbr0(ttbr0),
            e2h ? nested.read(SysReg.TTBR1_EL2) : 0,
            nested.read(SysReg.MAIR_EL2),
            canonical.vttbr(pe),
            canonical.vtcr()
        };
        for (int i = 0; i < REGIME.length; i++) {
            pe.sys[REGIME[i].ordinal()] = values[i];
        }
        long base = TrapConfiguration.hcr(vcpu, vcpu.vm().isPinned());
        cpu.write(SysReg.HCR_EL2, base | (e2h ? 0 : HcrEl2.NV | HcrEl2.NV1));
    }
}
