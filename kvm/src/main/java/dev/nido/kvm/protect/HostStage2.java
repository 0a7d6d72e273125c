package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EAGAIN;
import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.Errno.ENOMEM;
import static dev.nido.kvm.Errno.EPERM;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.Stage2Flag;
import dev.nido.kvm.pgtable.Stage2Geometry;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.kvm.pgtable.TableGeometry;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.machine.Machine;

import java.util.EnumSet;
import java.util.Set;

/**
 * The stage 2 that the host runs behind in protected mode: it maps every physical address to
 * itself, lazily, except what the host has given away; that is annotated with its owner.
 *
 * <p>Memory is mapped RWX and everything else RW, in the largest blocks that fit, when the host
 * first touches it. Mappings of devices are thrown away when the pool of table pages runs out; they
 * come back in the same way. Every look at the table and every change to it happens under {@link
 * #lock}.
 *
 * <p>KVM: {@code struct host_mmu}, {@code kvm_host_prepare_stage2()}, {@code
 * __pkvm_prot_finalize()}, {@code handle_host_mem_abort()}, {@code host_stage2_set_owner_locked()}.
 */
public final class HostStage2 {

    private static final Set<Stage2Flag> FLAGS =
            EnumSet.of(Stage2Flag.NOFWB, Stage2Flag.IDMAP, Stage2Flag.EL2_OWNED);

    /** What the host's devices are expected to need at once: tables for so many bytes. */
    private static final long DEVICE_BYTES = 1L << 30;

    /** The most tables that are concatenated to a root. */
    private static final int MAX_ROOT_PAGES = 16;

    /** HPFAR_EL2.FIPA: bits 43:4 are bits 51:12 of the address. */
    private static final long FIPA = 0xfff_ffff_fff0L;

    private final HostArch arch;
    private final int poolPages;
    private final HostMmu mmu;
    private HostLock lock;
    private PagePool pool;
    private PoolMemory ops;

    private final Params[] params;

    // Guarded by the lock
    private final Leaf leaf = new Leaf();
    private long recycled;

    /**
     * What a PE runs the host with.
     *
     * <p>KVM: {@code struct kvm_nvhe_init_params}.
     */
    public record Params(long vttbr, long vtcr, long hcr) {}

    /**
     * A stage 2 that is not prepared yet.
     *
     * @param regions which physical addresses are memory
     * @param pageShift logarithm of the granule: 12, 14 or 16
     */
    public HostStage2(Machine machine, MemoryRegions regions, int pageShift) {
        this(machine, regions, pageShift, hostS2PgtablePages(regions, pageShift));
    }

    /** With a pool of another size, for tests. */
    HostStage2(Machine machine, MemoryRegions regions, int pageShift, int poolPages) {
        this(machine, regions, pageShift, poolPages, new HostMmu());
    }

    /** With another context, for tests of the tests. */
    HostStage2(Machine machine, MemoryRegions regions, int pageShift, int poolPages, HostMmu mmu) {
        this.mmu = mmu;
        this.arch = new HostArch(machine, regions, pageShift);
        this.poolPages = poolPages;
        this.params = new Params[machine.pes()];
    }

    /**
     * Pages that the pool must have: tables that map all memory page by page, a root, and tables
     * for 1 GiB of devices.
     */
    public static int hostS2PgtablePages(MemoryRegions regions, int pageShift) {
        long sum = MAX_ROOT_PAGES + tables(DEVICE_BYTES, pageShift);
        for (int i = 0; i < regions.count(); i++) {
            sum += tables(regions.region(i).end() - regions.region(i).start(), pageShift);
        }
        return Math.toIntExact(sum);
    }

    private static long tables(long bytes, int pageShift) {
        long n = bytes >>> pageShift;
        long sum = 0;
        for (int level = TableGeometry.LAST_LEVEL; level >= 0; level--) {
            n = n + (1L << pageShift - 3) - 1 >>> pageShift - 3;
            sum += n;
        }
        return sum;
    }

    // Initialisation

    /**
     * Prepares the table, in the order in which its parts need each other: VTCR_EL2, lock, the
     * context's owner, pool, table, root, VMID. A step that fails leaves what comes before it set
     * and what comes after it not.
     *
     * @param base physical address of the pool's pages, as many as {@link #hostS2PgtablePages}
     * @return 0; {@code -EINVAL}: misaligned, or prepared already; {@code -ENOMEM}: that is not
     *     memory, or too little of it
     */
    public int prepare(long base) {
        if (mmu.pgt != null) {
            return -EINVAL;
        }
        int error = prepareHostVtcr();
        if (error != 0) {
            return error;
        }
        lock = new HostLock();
        mmu.arch = arch;
        error = prepareS2Pool(base);
        if (error != 0) {
            return error;
        }
        Stage2PageTable table =
                Stage2PageTable.create(mmu, ops, FLAGS, new HostForcePte(arch.regions()));
        if (table == null) {
            return -ENOMEM;
        }
        mmu.pgdPhys = table.pgd();
        mmu.pgt = table;
        mmu.vmid = HostMmu.VMID;
        return 0;
    }

    /** The identity map covers all physical addresses that every PE has. */
    private int prepareHostVtcr() {
        long mmfr0 = sanitised(SysReg.ID_AA64MMFR0_EL1);
        long mmfr1 = sanitised(SysReg.ID_AA64MMFR1_EL1);
        int paRange = (int) mmfr0 & 15;
        long vtcr =
                Stage2Geometry.vtcr(
                        arch.pageShift(),
                        Math.min(48, Stage2Geometry.paBits(paRange)),
                        paRange,
                        (mmfr1 & 15) != 0,
                        (mmfr1 >>> 4 & 15) == 2);
        if (vtcr < 0) {
            return (int) vtcr;
        }
        mmu.vtcr = vtcr;
        return 0;
    }

    /** An ID register, as far as all PEs have it: all PEs of a machine are of one kind. */
    private long sanitised(SysReg r) {
        return arch.machine().pe(0).cpu.idRegister(r);
    }

    private int prepareS2Pool(long base) {
        long bytes = (long) poolPages << arch.pageShift();
        if ((base & (1L << arch.pageShift()) - 1) != 0) {
            return -EINVAL;
        }
        if (!arch.regions().isMemory(base, base + bytes)) {
            return -ENOMEM;
        }
        pool = new PagePool(arch.machine().memory(), base, poolPages, arch.pageShift());
        ops = new PoolMemory(pool);
        return 0;
    }

    /**
     * Puts the host on a PE behind the table: from now on what it runs there is translated.
     *
     * @return 0; {@code -EPERM} if HCR_EL2.VM is set already; {@code -EINVAL} before {@link
     *     #prepare}
     */
    public int finalise(PhysicalCpu cpu) {
        if (mmu.pgt == null) {
            return -EINVAL;
        }
        long hcr = cpu.read(SysReg.HCR_EL2);
        if ((hcr & HcrEl2.VM) != 0) {
            return -EPERM;
        }
        Params p = new Params(mmu.vttbr(), mmu.vtcr, hcr | HcrEl2.VM);
        params[cpu.index()] = p;
        load(cpu);
        arch.machine().tlbMaintenance().stage1And2(HostMmu.VMID);
        return 0;
    }

    /** Loads the host's stage 2 on a PE that was {@link #finalise finalised}. */
    public void load(PhysicalCpu cpu) {
        Params p = params[cpu.index()];
        cpu.write(SysReg.VTTBR_EL2, p.vttbr());
        cpu.write(SysReg.VTCR_EL2, p.vtcr());
        cpu.write(SysReg.HCR_EL2, p.hcr());
    }

    /** What a PE runs the host with; null before {@link #finalise}. */
    public Params params(PhysicalCpu cpu) {
        return params[cpu.index()];
    }

    // Faults

    /**
     * A stage-2 abort that the host has caused on a PE: it is mapped, and the host goes on, or it
     * is not the host's.
     *
     * @return 0 or {@code -EAGAIN}: the instruction is to be executed again; {@code -EPERM}: the
     *     page belongs to somebody else; else another errno
     */
    public int handleHostMemAbort(PhysicalCpu cpu) {
        return fault((cpu.read(SysReg.HPFAR_EL2) & FIPA) << 8);
    }

    /**
     * Maps what the host touches: the largest aligned block around it that lies in its region, and
     * in which nothing is recorded.
     *
     * @param pa any address of the page
     * @return as {@link #handleHostMemAbort}
     */
    int fault(long pa) {
        lock.lock();
        try {
            return faultLocked(pa);
        } finally {
            lock.unlock();
        }
    }

    int faultLocked(long pa) {
        int error = look(pa);
        if (error != 0) {
            return error;
        }
        if (leaf.valid()) {
            return -EAGAIN;
        }
        if (leaf.pte() != 0) {
            return -EPERM;
        }
        MemoryRegions.Range range = arch.regions().find(pa);
        int prot = range.memory() ? HostForcePte.MEMORY : HostForcePte.DEVICE;
        TableGeometry g = mmu.pgt.geometry();
        // Below the entry that was found there is nothing; above it there may be.
        for (int level = leaf.level(); level <= TableGeometry.LAST_LEVEL; level++) {
            long size = g.size(level);
            long start = pa & -size;
            if (g.hasLeaves(level) && range.contains(start, start + size)) {
                return map(start, size, prot);
            }
        }
        return -EINVAL;
    }

    // What transitions are made of: all under the lock

    HostLock lock() {
        return lock;
    }

    MemoryRegions regions() {
        return arch.regions();
    }

    int pageShift() {
        return arch.pageShift();
    }

    Machine machine() {
        return arch.machine();
    }

    HostMmu mmu() {
        return mmu;
    }

    PagePool pool() {
        return pool;
    }

    /** How often the pool ran out and mappings of devices were thrown away. */
    long recycled() {
        return recycled;
    }

    /** Finds the leaf for an address; {@link #leaf} has it. */
    int look(long pa) {
        lock.assertHeld();
        return mmu.pgt.getLeaf(pa, leaf);
    }

    /** What {@link #look} found. */
    Leaf leaf() {
        return leaf;
    }

    /** Maps a range to itself. */
    int map(long pa, long size, int prot) {
        lock.assertHeld();
        int error = mmu.pgt.map(pa, size, pa, prot, ops);
        if (error == -ENOMEM && unmapDevices()) {
            error = mmu.pgt.map(pa, size, pa, prot, ops);
        }
        return error;
    }

    /** Leaves a range to the next fault. */
    int unmap(long pa, long size) {
        lock.assertHeld();
        return mmu.pgt.unmap(pa, size);
    }

    /**
     * Takes pages from the host's mappings and notes whose they are.
     *
     * @param owner 0 to 255; 0 is the host itself
     * @return {@code -EINVAL} for another owner, or for what is no memory
     */
    int setOwner(long pa, long size, int owner) {
        lock.assertHeld();
        if (owner < 0 || owner > Owner.MAX || !arch.regions().isMemory(pa, pa + size)) {
            return -EINVAL;
        }
        int error = mmu.pgt.setOwner(pa, size, ops, owner);
        if (error == -ENOMEM && unmapDevices()) {
            error = mmu.pgt.setOwner(pa, size, ops, owner);
        }
        return error;
    }

    /** Throws away all mappings that are not of memory, for their tables. */
    private boolean unmapDevices() {
        recycled++;
        MemoryRegions regions = arch.regions();
        long limit = Math.min(regions.limit(), mmu.pgt.geometry().inputLimit());
        long at = 0;
        for (int i = 0; i < regions.count(); i++) {
            MemoryRegions.Range r = regions.region(i);
            if (r.start() > at && mmu.pgt.unmap(at, r.start() - at) != 0) {
                return false;
            }
            at = r.end();
        }
        return at >= limit || mmu.pgt.unmap(at, limit - at) == 0;
    }
}
