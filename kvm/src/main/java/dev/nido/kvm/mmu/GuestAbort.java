package dev.nido.kvm.mmu;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.nested.ShadowFaults;
import dev.nido.kvm.nested.ShadowMmu;
import dev.nido.kvm.pgtable.PageTableWalker;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.kvm.run.ExceptionInjection;
import dev.nido.machine.pe.Pe;

import java.util.concurrent.locks.Lock;

/**
 * Aborts of guests at stage 2: memory that is not mapped yet is, what is not memory is emulated or
 * goes to the VMM, and where there is nothing the guest gets an external abort.
 *
 * <p>KVM: {@code kvm_handle_guest_abort()}, {@code user_mem_abort()}, {@code
 * handle_access_fault()}.
 */
public final class GuestAbort {

    private static final int FAR = SysReg.FAR_EL2.ordinal();
    private static final int HPFAR = SysReg.HPFAR_EL2.ordinal();
    private static final int SHARED_FAULT = PageTableWalker.SHARED | PageTableWalker.HANDLE_FAULT;

    private GuestAbort() {}

    /** DC IVAC, Xt with t = 0. */
    private static final int DC_IVAC = 0xd508_7620;

    /**
     * Handles an instruction or data abort from a lower level that was taken to EL2.
     *
     * @param vcpu loaded on a PE, whose FAR_EL2 and HPFAR_EL2 belong to the abort
     * @param esr ESR_EL2
     * @return {@link Handled}, or a negative errno
     */
    public static int handle(Vcpu vcpu, long esr) {
        Pe pe = vcpu.cpu().pe();
        Vm vm = vcpu.vm();
        long far = pe.sys[FAR];
        long ipa = pe.sys[HPFAR] << 8 & 0xf_ffff_ffff_f000L | far & 0xfff;
        boolean instruction = Esr.exceptionClass(esr) == Esr.EC_INSTRUCTION_ABORT;
        boolean onWalk = (esr & Esr.S1PTW) != 0;
        int status = (int) esr & 0x3c;
        if (status != Esr.FSC_TRANSLATION
                && status != Esr.FSC_PERMISSION
                && status != Esr.FSC_ACCESS_FLAG) {
            return -Errno.EFAULT;
        }
        Tracer tracer = vm.hypervisor().tracer();
        if (tracer != null) {
            tracer.guestFault(vcpu, esr, far, ipa, vcpu.pc());
        }
        boolean write =
                onWalk ? status == Esr.FSC_PERMISSION : !instruction && (esr & Esr.WNR) != 0;
        S2Mmu mmu = vcpu.hwMmu();
        FaultMapping m = vcpu.faultMapping().of(mmu, ipa);
        if (mmu.shadow() != null) {
            vm.shadows().countFault();
            if (status == Esr.FSC_ACCESS_FLAG) {
                accessFault(mmu, ipa);
                return Handled.RESUME;
            }
            if (mmu.shadow().enabled()) {
                int r = vcpu.nested().shadowFaults().resolve(mmu.shadow(), esr, far, ipa, m);
                if (r != ShadowFaults.OURS) {
                    return r;
                }
            }
        }
        MemorySlot slot = vm.slots().find(m.ipa);
        if (slot == null || write && slot.readOnly()) {
            return elsewhere(vcpu, esr, far, m);
        }
        if (status == Esr.FSC_ACCESS_FLAG) {
            if (tracer != null) {
                tracer.accessFault(vcpu, ipa);
            }
            accessFault(mmu, ipa);
            return Handled.RESUME;
        }
        int r =
                userAbort(
                        vm.arch(),
                        vm.slots(),
                        vcpu.tableCache(mmu),
                        pe,
                        m,
                        status == Esr.FSC_PERMISSION,
                        (int) esr & 3,
                        write);
        if (r == 0) {
            return Handled.RESUME;
        }
        if (r == -Errno.EPERM) {
            long page = vm.arch().pageSize();
            return vcpu.leave(new Exit.MemoryFault(m.ipa & -page, page));
        }
        return r;
    }

    /** An access where there is no memory, or none to write to. */
    private static int elsewhere(Vcpu vcpu, long esr, long far, FaultMapping m) {
        boolean instruction = Esr.exceptionClass(esr) == Esr.EC_INSTRUCTION_ABORT;
        if ((esr & Esr.S1PTW) != 0) {
            GuestWalk walk = new GuestWalk(vcpu);
            if (!walk.toPage(far, m.key)) {
                return Handled.RESUME; // The tables have changed: walk again.
            }
            int status = Esr.FSC_EXTERNAL_ON_WALK + walk.level();
            if (instruction) {
                ExceptionInjection.prefetchAbort(vcpu, far, status);
            } else if ((esr & Esr.CM) != 0) {
                ExceptionInjection.dataAbort(vcpu, far, status | Esr.CM | Esr.WNR);
            } else {
                boolean store = EmulatedAccess.isStore(vcpu.cpu().pe().trappedInstruction);
                ExceptionInjection.dataAbort(vcpu, far, status | (store ? Esr.WNR : 0));
            }
            return Handled.RESUME;
        }
        if (instruction) {
            ExceptionInjection.prefetchAbort(vcpu, far, Esr.FSC_EXTERNAL);
            return Handled.RESUME;
        }
        if ((esr & Esr.CM) != 0) {
            // Nothing there to clean, and no line of it anywhere.
            if (!isWatched(vcpu, far)) {
                vcpu.skipInstruction();
            }
            return Handled.RESUME;
        }
        ShadowMmu shadow = m.mmu.shadow();
        if (shadow != null
                && shadow.enabled()
                && EmulatedAccess.isReadModifyWrite(vcpu.cpu().pe().trappedInstruction)
                && !vcpu.nested().shadowFaults().mayWriteToo(esr, far)) {
            return Handled.RESUME;
        }
        return vcpu.mmio().abort(vcpu, esr, far, m.ipa);
    }

    /** DC IVAC counts as a store of its line for the guest's watchpoints. */
    private static boolean isWatched(Vcpu vcpu, long far) {
        boolean invalidate = (vcpu.cpu().pe().trappedInstruction & ~0x1f) == DC_IVAC;
        return invalidate && vcpu.debug().watchpoint(far & -64L, 64, true, false, false, Esr.CM);
    }

    /** The access flag is clear, and the PE does not set it by itself. */
    public static void accessFault(S2Mmu mmu, long ipa) {
        Lock lock = mmu.arch().lock().readLock();
        lock.lock();
        try {
            Stage2PageTable table = mmu.pgt();
            if (table != null) {
                table.mkyoung(ipa, PageTableWalker.SHARED);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Maps a page that a guest's table lies in, before the PE walks it.
     *
     * @param m where it is, translated if it is one of L2
     * @return as {@link #userAbort}
     */
    public static int mapForWalk(Vcpu vcpu, FaultMapping m) {
        Vm vm = vcpu.vm();
        PageTableCache cache = vcpu.tableCache(m.mmu);
        return userAbort(vm.arch(), vm.slots(), cache, vcpu.cpu().pe(), m, false, 3, false);
    }

    /** The same of the VM's own. */
    public static int mapForWalk(Vcpu vcpu, long ipa) {
        return mapForWalk(vcpu, vcpu.faultMapping().of(vcpu.vm().arch().mmu(), ipa));
    }

    /** The same for a page of the VM's own that the PE has to write to. */
    public static int mapForUpdate(Vcpu vcpu, long ipa) {
        Vm vm = vcpu.vm();
        FaultMapping m = vcpu.faultMapping().of(vm.arch().mmu(), ipa);
        PageTableCache cache = vcpu.tableCache(m.mmu);
        return userAbort(vm.arch(), vm.slots(), cache, vcpu.cpu().pe(), m, true, 3, true);
    }

    /** The same as below in the VM's own context. */
    static int userAbort(
            VmArch arch,
            MemorySlots slots,
            PageTableCache cache,
            Pe pe,
            long ipa,
            boolean permission,
            int level,
            boolean write) {
        FaultMapping m = new FaultMapping().of(arch.mmu(), ipa);
        return userAbort(arch, slots, cache, pe, m, permission, level, write);
    }

    /**
     * Maps the memory behind a guest physical address, or gives a mapping the rights that it lacks.
     *
     * @param pe where the vCPU is loaded; null for none
     * @param m what the guest's own tables, if it is a guest's guest, let be mapped where
     * @param permission the abort was a permission fault, at {@code level}
     * @return 0: the guest tries again; negative: {@code -EPERM} for a page that is not the
     *     guest's, {@code -ENOMEM}, {@code -EFAULT}
     */
    static int userAbort(
            VmArch arch,
            MemorySlots slots,
            PageTableCache cache,
            Pe pe,
            FaultMapping m,
            boolean permission,
            int level,
            boolean write) {
        long sequence = arch.sequence();
        MemorySlot slot = slots.find(m.ipa);
        Stage2PageTable table = m.mmu.pgt();
        if (slot == null || table == null) {
            return 0; // It has just gone. The next abort knows.
        }
        boolean logging = slot.logging();
        UserMemory memory = slot.memory();
        long at = slot.offsetOf(m.ipa);
        long pa = memory.populate(at);
        if (pa == 0) {
            return arch.changedSince(sequence) ? 0 : -Errno.ENOMEM;
        }
        boolean restricted = arch.ownership() != PageOwnership.UNRESTRICTED;
        long size = m.mmu.pageSize();
        if (!logging
                && !restricted
                && arch.pageShift() == HostMemory.PAGE_SHIFT
                && m.limit >= HostMemory.BLOCK_SIZE
                && slot.holdsBlock(m.ipa, HostMemory.BLOCK_SIZE)
                && memory.isWhole(at)) {
            size = HostMemory.BLOCK_SIZE;
        }
        boolean breaksBlock = permission && size < table.geometry().size(level);
        boolean mayReplace = m.mmu.shadow() != null;
        if ((!permission || logging && write || breaksBlock || mayReplace)
                && !cache.topUp(table.minPages())) {
            return -Errno.ENOMEM;
        }
        boolean writable = !slot.readOnly() && (write || !logging);
        Lock lock = arch.lock().readLock();
        lock.lock();
        try {
            if (arch.changedSince(sequence) || m.isStale()) {
                return 0;
            }
            m.rememberLocked();
            return map(arch, slot, table, cache, pe, m, pa, size, permission, level, writable);
        } finally {
            lock.unlock();
        }
    }

    private static int map(
            VmArch arch,
            MemorySlot slot,
            Stage2PageTable table,
            PageTableCache cache,
            Pe pe,
            FaultMapping m,
            long pa,
            long size,
            boolean permission,
            int level,
            boolean hostWritable) {
        long start = m.key & -size;
        if (arch.vm() != null) {
            long claim = Math.max(size, arch.pageSize());
            int claimed = arch.ownership().claim(arch.vm(), m.ipa & -claim, pa & -claim, claim);
            if (claimed < 0) {
                return claimed;
            }
        }
        // Instruction caches need no maintenance here, so everything may be executed at once.
        int prot = m.leafProt(hostWritable);
        boolean writable = (prot & Prot.W) != 0;
        int r;
        if (permission && size == table.geometry().size(level) && m.stillMapsTo(table, pa)) {
            S2Mmu.setHere(pe);
            try {
                r = table.relaxPermsAndSw(m.key, prot, SHARED_FAULT);
            } finally {
                S2Mmu.setHere(null);
            }
        } else {
            r = table.map(start, size, pa & -size, prot, cache, SHARED_FAULT);
        }
        if (r == 0) {
            if (writable) {
                slot.markDirty(m.ipa);
            }
            Tracer tracer = arch.tracer();
            if (tracer != null) {
                tracer.map(arch.traced(), start, size, pa & -size, writable, true);
            }
        }
        return r == -Errno.EAGAIN ? 0 : r;
    }
}
