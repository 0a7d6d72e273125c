package dev.nido.kvm.mmu;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vm;
import dev.nido.kvm.nested.ShadowMmus;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.Machine;
import dev.nido.machine.mmu.TlbMaintenance;

import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The stage-2 policy of one VM: its MMU contexts, the lock over their tables, and what acts on all
 * of them at once: unmapping, write protection, ageing.
 *
 * <p>The lock is taken for reading by whoever handles a guest's fault, for writing by everybody
 * else. Host memory is looked up before the lock is taken; whether that is still true is told by a
 * sequence: sample {@link #sequence} first, ask {@link #changedSince} under the lock.
 *
 * <p>KVM: {@code struct kvm_arch}, {@code kvm->mmu_lock}, {@code mmu_invalidate_seq}, {@code
 * kvm_unmap_gfn_range()} and its like in mmu.c.
 */
// Volatile fields are written under a lock.
@SuppressWarnings("NonAtomicVolatileUpdate")
public final class VmArch {

    /** The largest step between two looks at who waits for the lock: a level 1 block of 4 KiB. */
    private static final long STEP = 1L << 30;

    private final Machine machine;
    private final HostMemory host;
    private final VmidAllocator vmids;
    private final int pageShift;
    private final TableMemory tables;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final S2Mmu mmu;
    private volatile TableMemory shadowTables;
    private volatile ShadowMmus shadows;
    private volatile Invalidated invalidated;
    private volatile Vm vm;
    private volatile Vm traced;
    private volatile PageOwnership ownership = PageOwnership.UNRESTRICTED;

    // Written under the lock held for writing

    private volatile long sequence;
    private volatile int invalidating;

    /**
     * Sets up the canonical context, with 4 KiB pages.
     *
     * @param ipaBits 32 to the machine's PA bits, 0 for 40
     * @throws dev.nido.kvm.KvmException EINVAL for a size that can't be, ENOMEM
     */
    public VmArch(Machine machine, HostMemory host, VmidAllocator vmids, int ipaBits) {
        this(machine, host, vmids, ipaBits, HostMemory.PAGE_SHIFT);
    }

    /**
     * Sets up the canonical context.
     *
     * @param ipaBits 32 to the machine's PA bits, 0 for 40
     * @param pageShift logarithm of the granule: 12, 14, 16
     * @throws dev.nido.kvm.KvmException EINVAL for a size that can't be, ENOMEM
     */
    public VmArch(
            Machine machine, HostMemory host, VmidAllocator vmids, int ipaBits, int pageShift) {
        this.machine = machine;
        this.host = host;
        this.vmids = vmids;
        this.pageShift = pageShift;
        this.tables = new TableMemory(host, pageShift);
        this.mmu = new S2Mmu();
        mmu.init(this, ipaBits);
    }

    public Machine machine() {
        return machine;
    }

    public HostMemory host() {
        return host;
    }

    public VmidAllocator vmids() {
        return vmids;
    }

    /** The canonical context: the VM's own IPA space. */
    public S2Mmu mmu() {
        return mmu;
    }

    /** The lock over all stage-2 tables of the VM. */
    public ReentrantReadWriteLock lock() {
        return lock;
    }

    /** Logarithm of the bytes of a stage-2 page. */
    public int pageShift() {
        return pageShift;
    }

    /** Bytes of a stage-2 page. */
    public long pageSize() {
        return 1L << pageShift;
    }

    /** Bits of the IPA space. */
    public int ipaBits() {
        return 64 - (int) (mmu.vtcr() & 63);
    }

    /** Where the tables' pages come from. */
    public TableMemory tables() {
        return tables;
    }

    /** Where the pages of shadow tables come from: they always have 4 KiB. */
    TableMemory shadowTables() {
        TableMemory t = shadowTables;
        if (t == null) {
            t = new TableMemory(host, HostMemory.PAGE_SHIFT);
            shadowTables = t;
        }
        return t;
    }

    /** The contexts of the guest's guests, or null where it can't have any. */
    public ShadowMmus shadows() {
        return shadows;
    }

    /** Sets the contexts of the guest's guests; before the first vCPU is created. */
    public void setShadows(ShadowMmus shadows) {
        this.shadows = shadows;
    }

    /** What else is told that mappings of guest physical addresses go, or lose rights. */
    @FunctionalInterface
    public interface Invalidated {

        /** Under the VM's lock held for writing. */
        void range(long ipa, long bytes);
    }

    /** Sets who is told of every unmapping and write protection; null for nobody. */
    public void setInvalidated(Invalidated listener) {
        invalidated = listener;
    }

    /** Who may touch which page. */
    public PageOwnership ownership() {
        return ownership;
    }

    /**
     * Sets who decides which page may be touched; before the first page is.
     *
     * @param vm the VM as the owner of its pages
     */
    public void setOwnership(PageOwnership ownership, Vm vm) {
        this.vm = vm;
        this.ownership = ownership;
    }

    /** Sets the VM whose events these are. */
    public void setTraced(Vm vm) {
        traced = vm;
    }

    /** The VM whose events these are; null before {@link #setTraced}. */
    Vm traced() {
        return traced;
    }

    /** Who takes events; null for nobody. */
    Tracer tracer() {
        Vm of = traced;
        return of == null ? null : of.hypervisor().tracer();
    }

    /** The VM as the owner of its pages; null where pages have no owners. */
    Vm vm() {
        return vm;
    }

    CpuModel cpu() {
        return machine.config().cpu();
    }

    TlbMaintenance tlb() {
        return machine.tlbMaintenance();
    }

    int paRange() {
        return (int) cpu().idRegister(SysReg.ID_AA64MMFR0_EL1) & 15;
    }

    boolean hardwareAccessFlag() {
        return cpu().has(Feature.HAFDBS);
    }

    boolean wideVmid() {
        return cpu().has(Feature.VMID16) && vmids.bits() == 16;
    }

    /** A page table cache for a vCPU. */
    public PageTableCache newCache() {
        return new PageTableCache(host, pageShift);
    }

    /** The same for tables of the guest's guests: {@code own} where their pages are as large. */
    public PageTableCache newShadowCache(PageTableCache own) {
        return pageShift == HostMemory.PAGE_SHIFT
                ? own
                : new PageTableCache(host, HostMemory.PAGE_SHIFT);
    }

    // Invalidation and faults

    /** To be sampled before host memory is looked up for a fault. */
    public long sequence() {
        return sequence;
    }

    /** Whether a lookup may be out of date; under the lock. */
    public boolean changedSince(long sampled) {
        return invalidating != 0 || sequence != sampled;
    }

    /**
     * Unmaps a range whose memory is about to change; faults wait until {@link #endInvalidation}.
     */
    void beginInvalidation(long ipa, long bytes) {
        lock.writeLock().lock();
        try {
            invalidating++;
            unmapLocked(ipa, bytes);
        } finally {
            lock.writeLock().unlock();
        }
    }

    void endInvalidation() {
        lock.writeLock().lock();
        try {
            sequence++;
            invalidating--;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /**
     * Unmaps a range from all contexts, as an MMU notifier does. Faults that looked up host memory
     * before start again.
     *
     * @param ipa page aligned
     * @param bytes a multiple of the page
     */
    public void unmapRange(long ipa, long bytes) {
        lock.writeLock().lock();
        try {
            sequence++;
            unmapLocked(ipa, bytes);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Faults that looked up slots or host memory before start again. */
    void restartFaults() {
        lock.writeLock().lock();
        try {
            sequence++;
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void unmapLocked(long ipa, long bytes) {
        Tracer tracer = tracer();
        if (tracer != null) {
            tracer.unmap(traced, ipa, bytes);
        }
        steps(ipa, bytes, Stage2PageTable::unmap);
        // Nobody knows where guests' guests have the range.
        if (shadows != null) {
            shadows.unmapAll();
        }
        tell(ipa, bytes);
    }

    private void tell(long ipa, long bytes) {
        Invalidated listener = invalidated;
        if (listener != null) {
            listener.range(ipa, bytes);
        }
    }

    /** Write-protects what is mapped in a range, and makes all TLBs see it. */
    public void writeProtect(long ipa, long bytes) {
        lock.writeLock().lock();
        try {
            steps(ipa, bytes, Stage2PageTable::wrprotect);
            mmu.flushRange(ipa, bytes);
            if (shadows != null) {
                shadows.writeProtectAll();
            }
            tell(ipa, bytes);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Splits the blocks of a range into pages, as far as the cache reaches. */
    void splitRange(long ipa, long bytes, PageTableCache cache) {
        lock.writeLock().lock();
        try {
            Stage2PageTable table = mmu.pgt();
            if (table != null) {
                table.split(ipa, bytes, cache);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** What is done to a part of a table. */
    private interface Step {
        int apply(Stage2PageTable table, long ipa, long bytes);
    }

    /** Goes over a range block by block, and lets others have the lock in between. */
    private void steps(long ipa, long bytes, Step step) {
        long limit = 1L << ipaBits();
        long end = Math.min(ipa + bytes, limit);
        long at = ipa;
        while (at < end) {
            Stage2PageTable table = mmu.pgt();
            if (table == null) {
                return; // Teardown was faster.
            }
            long next = Math.min(end, (at | STEP - 1) + 1);
            step.apply(table, at, next - at);
            at = next;
            if (at < end && lock.hasQueuedThreads() && lock.getWriteHoldCount() == 1) {
                lock.writeLock().unlock();
                Thread.onSpinWait();
                lock.writeLock().lock();
            }
        }
    }

    /**
     * Clears access flags in a range, without TLB maintenance: an approximation, as in KVM.
     *
     * @return whether any was set
     */
    public boolean age(long ipa, long bytes) {
        return young(ipa, bytes, true);
    }

    /** Whether any access flag in a range is set. */
    public boolean testAge(long ipa, long bytes) {
        return young(ipa, bytes, false);
    }

    private boolean young(long ipa, long bytes, boolean makeOld) {
        lock.writeLock().lock();
        try {
            Stage2PageTable table = mmu.pgt();
            long limit = 1L << ipaBits();
            long end = Math.min(ipa + bytes, limit);
            return table != null && ipa < end && table.testClearYoung(ipa, end - ipa, makeOld);
        } finally {
            lock.writeLock().unlock();
        }
    }

    /**
     * Frees all contexts' tables and VMIDs. Nothing of the VM may run any more. Again: no effect.
     */
    public void free() {
        if (shadows != null) {
            shadows.free();
        }
        mmu.free();
    }
}
