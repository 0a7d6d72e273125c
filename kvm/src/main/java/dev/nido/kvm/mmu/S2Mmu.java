package dev.nido.kvm.mmu;

import dev.nido.arch.Feature;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.nested.ShadowMmu;
import dev.nido.kvm.pgtable.Stage2Context;
import dev.nido.kvm.pgtable.Stage2Geometry;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.mmu.TlbMaintenance;
import dev.nido.machine.pe.Pe;

import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * One stage-2 MMU context of a VM: a table, the VTCR_EL2 that describes it, and the VMID that its
 * TLB entries are tagged with.
 *
 * <p>KVM: {@code struct kvm_s2_mmu}, {@code kvm_init_stage2_mmu()}, {@code kvm_free_stage2_pgd()}.
 */
public final class S2Mmu implements Stage2Context {

    private static final int VMID_SHIFT = 48;

    /** The PE whose TLB {@link #flushVmidIpaNsh} is for; none: all. */
    private static final ThreadLocal<Pe> HERE = new ThreadLocal<>();

    private VmArch arch;
    private TlbMaintenance tlb;
    private long vtcr;
    private boolean executeNeverExtension;
    private volatile Stage2PageTable pgt;
    private volatile long pgdPhys;
    private volatile Vmid vmid = new Vmid();
    private int pageShift;
    private final ShadowMmu shadow;

    /** By PE: the vCPU of this context that ran there last, −1 for none. */
    private int[] lastVcpuRan;

    private final IntFunction<int[]> perCpu;

    /** A context that is not initialised. */
    public S2Mmu() {
        this(null, int[]::new);
    }

    /** The context of a guest's guests, not initialised yet. */
    public S2Mmu(ShadowMmu shadow) {
        this(shadow, int[]::new);
    }

    /** For tests in which the array of PEs can't be had. */
    S2Mmu(IntFunction<int[]> perCpu) {
        this(null, perCpu);
    }

    private S2Mmu(ShadowMmu shadow, IntFunction<int[]> perCpu) {
        this.shadow = shadow;
        this.perCpu = perCpu;
    }

    /**
     * Initialises the context of a VM, in the order that the table's parts need each other.
     *
     * @param ipaBits 32 to the machine's PA bits; 0 for 40
     * @throws KvmException EINVAL if it is initialised already and is not a guest's guests', or for
     *     a size that can't be; ENOMEM. The context is as it was then
     */
    public void init(VmArch arch, int ipaBits) {
        if (pgt != null) {
            if (shadow != null) {
                return; // A vCPU may be initialised again.
            }
            throw new KvmException(Errno.EINVAL, "the MMU context has a page table already");
        }
        TableMemory tables = shadow == null ? arch.tables() : arch.shadowTables();
        pageShift = tables.pageShift();
        long v =
                Stage2Geometry.vtcr(
                        pageShift,
                        ipaBits,
                        arch.paRange(),
                        arch.hardwareAccessFlag(),
                        arch.wideVmid());
        if (v < 0) {
            throw new KvmException((int) v, ipaBits + " bits of IPA");
        }
        vtcr = v;
        this.arch = arch;
        tlb = arch.tlb();
        executeNeverExtension = arch.cpu().has(Feature.XNX);
        Stage2PageTable table = Stage2PageTable.create(this, tables);
        if (table == null) {
            throw new KvmException(Errno.ENOMEM, "no memory for the root of a stage-2 table");
        }
        int[] last = perCpu.apply(arch.machine().pes());
        if (last == null) {
            table.destroy();
            throw new KvmException(Errno.ENOMEM, "no memory for what is kept by PE");
        }
        Arrays.fill(last, -1);
        lastVcpuRan = last;
        pgt = table;
        pgdPhys = table.pgd();
        vmid.clear();
    }

    /** The VM, null before {@link #init}. */
    public VmArch arch() {
        return arch;
    }

    /** What it shadows, null for the VM's own context. */
    public ShadowMmu shadow() {
        return shadow;
    }

    /** Logarithm of the bytes of a page of the table. */
    public int pageShift() {
        return pageShift;
    }

    /** Bytes of a page of the table. */
    public long pageSize() {
        return 1L << pageShift;
    }

    /** The table, null before {@link #init} and after {@link #free}. */
    public Stage2PageTable pgt() {
        return pgt;
    }

    /** Physical address of the table's root, 0 when there is none. */
    public long pgdPhys() {
        return pgdPhys;
    }

    /** The context's VMID, which {@link VmidAllocator} manages. */
    public Vmid vmid() {
        return vmid;
    }

    /** Has its entries tagged with another VMID from now on; it is loaded on no PE. */
    public void useVmid(Vmid other) {
        vmid = other;
    }

    @Override
    public long vtcr() {
        return vtcr;
    }

    @Override
    public boolean hasArch() {
        return arch != null;
    }

    @Override
    public boolean executeNeverExtension() {
        return executeNeverExtension;
    }

    @Override
    public boolean rangeInvalidation() {
        return true;
    }

    // Use by a vCPU

    /**
     * A vCPU of the VM is loaded on a PE. If it is not the one of this context that ran there last,
     * what the PE's TLB has of stage 1 goes: vCPUs share the VMID, and not their stage-1 entries.
     *
     * @param vcpu its number in the VM
     * @return whether there was a flush
     */
    public boolean load(Pe pe, int vcpu) {
        if (lastVcpuRan[pe.index] == vcpu) {
            return false;
        }
        lastVcpuRan[pe.index] = vcpu;
        int number = arch.vmids().number(vmid);
        if (number == 0) {
            return false; // No TLB has anything of it.
        }
        tlb.stage1(pe, number);
        return true;
    }

    /** A vCPU runs on a PE that no other one of the VM runs on, ever. */
    public void pin(int pe, int vcpu) {
        lastVcpuRan[pe] = vcpu;
    }

    /** The vCPU that ran on a PE last, −1 for none. */
    public int lastVcpuRan(int pe) {
        return lastVcpuRan[pe];
    }

    /**
     * VTTBR_EL2 for an entry on a PE; asked for before each, since it brings the VMID up to date.
     */
    public long vttbr(Pe pe) {
        return (long) arch.vmids().update(vmid, pe.index) << VMID_SHIFT | pgdPhys;
    }

    /** The context was loaded on a PE and is no more. */
    public void put(Pe pe) {
        arch.vmids().clearActive(pe.index);
    }

    // TLB maintenance

    @Override
    public void flushVmid() {
        int number = number();
        if (number != 0) {
            trace(number, 0, -1);
            tlb.stage2(number);
        }
    }

    @Override
    public void flushVmidIpa(long ipa, int level) {
        int number = number();
        if (number != 0) {
            trace(number, ipa & -pageSize(), pageSize());
            tlb.stage2(number, ipa & -pageSize(), pageSize());
        }
    }

    @Override
    public void flushVmidIpaNsh(long ipa, int level) {
        Pe pe = HERE.get();
        int number = number();
        if (pe == null) {
            flushVmidIpa(ipa, level);
        } else if (number != 0) {
            trace(number, ipa & -pageSize(), pageSize());
            tlb.stage2(pe, number, ipa & -pageSize(), pageSize());
        }
    }

    @Override
    public void flushVmidRange(long ipa, long pages) {
        flushRange(ipa, pages << pageShift);
    }

    /** As {@link #flushVmidRange}, in bytes. */
    public void flushRange(long ipa, long bytes) {
        int number = number();
        if (number != 0 && bytes > 0) {
            trace(number, ipa, bytes);
            tlb.stage2(number, ipa, bytes);
        }
    }

    /**
     * Has stage-1 entries dropped, with this context's VMID.
     *
     * @param only the PE whose entries go; null for those of all
     * @param key a TLBI of EL1
     * @param value its operand
     * @param wideAsid ASIDs have 16 bits, else 8
     */
    public void flushStage1(Pe only, int key, long value, boolean wideAsid) {
        int number = number();
        if (number == 0) {
            return;
        }
        if (only == null) {
            tlb.el1(number, key, value, wideAsid);
        } else {
            tlb.el1(only, number, key, value, wideAsid);
        }
    }

    /**
     * Drops all entries of both stages.
     *
     * @param only the PE whose entries go; null for those of all
     */
    public void flushBothStages(Pe only) {
        int number = number();
        if (number == 0) {
            return;
        }
        if (only == null) {
            tlb.stage1And2(number);
        } else {
            tlb.stage1And2(only, number);
        }
    }

    /** {@link #flushVmidIpaNsh} for a PE that is at hand. */
    public void flushHere(Pe pe, long ipa) {
        setHere(pe);
        try {
            flushVmidIpaNsh(ipa, LEVEL_UNKNOWN);
        } finally {
            setHere(null);
        }
    }

    private void trace(int number, long ipa, long bytes) {
        Tracer tracer = arch.tracer();
        if (tracer != null) {
            tracer.tlbi(arch.traced(), number, ipa, bytes);
        }
    }

    /**
     * The number that this context's TLB entries may be tagged with. Read after the table was
     * changed: a PE that gets a new one later walks the changed table.
     */
    private int number() {
        VarHandle.fullFence();
        return arch.vmids().number(vmid);
    }

    /** Says which PE local maintenance on this thread is for; null for none. */
    static void setHere(Pe pe) {
        if (pe == null) {
            HERE.remove();
        } else {
            HERE.set(pe);
        }
    }

    // End

    /** Frees the table and the VMID. No PE may use the context any more. Again: no effect. */
    public void free() {
        if (arch == null) {
            return;
        }
        Stage2PageTable table;
        arch.lock().writeLock().lock();
        try {
            table = pgt;
            pgdPhys = 0;
            pgt = null;
            lastVcpuRan = null;
        } finally {
            arch.lock().writeLock().unlock();
        }
        if (table != null) {
            arch.vmids().release(vmid);
            table.destroy();
        }
    }
}
