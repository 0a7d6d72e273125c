package dev.nido.kvm.nested;

import dev.nido.arch.SysReg;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.pgtable.HypContext;
import dev.nido.kvm.pgtable.HypPageTable;
import dev.nido.kvm.pgtable.MemoryOps;
import dev.nido.kvm.pgtable.PageCache;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.machine.Machine;
import dev.nido.machine.PhysicalMemory;

/**
 * The hypervisor's own stage 1, of which it needs one page for each PE: there a guest hypervisor's
 * VNCR page appears while a guest of its runs that has an EL2 (KVM: {@code FIX_VNCR}, {@code
 * vncr_fixmap()}). Elsewhere the hypervisor's addresses are physical.
 *
 * <p>The monitor of this object is the lock over all {@link VncrTlb}s. Whoever has it may take no
 * other lock.
 */
public final class VncrWindows {

    private static final int VA_BITS = 48;
    private static final long BASE = 1L << 40;

    /** T0SZ, cacheable and inner shareable walks, EPD1, 48 bits of output. */
    private static final long TCR = 64 - VA_BITS | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 5L << 32;

    private static final long MAIR = 0x04_0000_00ffL;

    /** M, C, I. */
    private static final long SCTLR_ON = 1 | 1 << 2 | 1 << 12;

    private final Machine machine;
    private final HostMemory host;
    private final HypPageTable table;
    private final VncrTlb[] shown;
    private int users;
    private int entries;
    private long invalidations;

    /** Without any window; memory is taken by {@link #acquire}. */
    public VncrWindows(Machine machine, HostMemory host) {
        this.machine = machine;
        this.host = host;
        shown = new VncrTlb[machine.pes()];
        table = new HypPageTable(new Maintenance(), new Memory());
    }

    /**
     * One more vCPU may need windows.
     *
     * @return 0 or a negative errno: {@code -ENOMEM}
     */
    synchronized int acquire() {
        if (users == 0) {
            int r = table.init(VA_BITS);
            if (r != 0) {
                return r;
            }
        }
        users++;
        return 0;
    }

    /** One less; the last one's memory is given back. */
    synchronized void release() {
        if (--users == 0) {
            table.destroy();
        }
    }

    /** Address of a PE's window. */
    static long address(int cpu) {
        return BASE + ((long) cpu << HostMemory.PAGE_SHIFT);
    }

    // On the PE's own thread

    /** The PE translates the hypervisor's addresses. */
    void enable(PhysicalCpu cpu) {
        cpu.write(SysReg.TCR_EL2, TCR);
        cpu.write(SysReg.MAIR_EL2, MAIR);
        cpu.write(SysReg.TTBR0_EL2, table.pgd());
        cpu.write(SysReg.SCTLR_EL2, cpu.read(SysReg.SCTLR_EL2) | SCTLR_ON);
    }

    /** The PE takes them as physical again. */
    void disable(PhysicalCpu cpu) {
        cpu.write(SysReg.SCTLR_EL2, cpu.read(SysReg.SCTLR_EL2) & ~SCTLR_ON);
    }

    // Under the monitor

    /**
     * Has a PE's window show a page.
     *
     * @return 0 or a negative errno: {@code -ENOMEM}
     */
    int show(int cpu, VncrTlb whose, long pa, boolean writable) {
        hide(cpu);
        int r = table.map(address(cpu), HostMemory.PAGE_SIZE, pa, writable ? Prot.RW : Prot.R);
        if (r == 0) {
            shown[cpu] = whose;
        }
        return r;
    }

    /** Whose page a PE's window shows, or null. */
    VncrTlb shown(int cpu) {
        return shown[cpu];
    }

    /** Empties a PE's window; complete when it returns, whatever the PE does. */
    void hide(int cpu) {
        if (shown[cpu] != null) {
            table.unmap(address(cpu), HostMemory.PAGE_SIZE);
            shown[cpu] = null;
        }
    }

    void count(int change) {
        entries += change;
    }

    void invalidated() {
        invalidations++;
    }

    /** How often a TLBI has concerned entries: a walk that began before is of no use. */
    synchronized long invalidations() {
        return invalidations;
    }

    /** Entries that are valid, of all vCPUs. */
    public synchronized int entries() {
        return entries;
    }

    /** EL2&amp;0 of the machine. */
    private final class Maintenance implements HypContext {
        @Override
        public boolean host() {
            return true;
        }

        @Override
        public void flushLeaf(long va, int level) {
            machine.tlbMaintenance().host(va);
        }

        @Override
        public void flushTable(long va) {
            machine.tlbMaintenance().host(va);
        }
    }

    /** Tables in pages of the host. */
    private final class Memory implements MemoryOps {
        @Override
        public PhysicalMemory memory() {
            return host.memory();
        }

        @Override
        public int pageShift() {
            return HostMemory.PAGE_SHIFT;
        }

        @Override
        public long zallocPage(PageCache cache) {
            return host.allocateTable(HostMemory.PAGE_SHIFT);
        }

        @Override
        public long zallocPagesExact(long size) {
            return host.allocateExact(size, HostMemory.PAGE_SHIFT);
        }

        @Override
        public void freePagesExact(long pa, long size) {
            host.freeExact(pa, size, HostMemory.PAGE_SHIFT);
        }

        @Override
        public void freeUnlinkedTable(long pa, int level) {
            throw new IllegalStateException("no table of the hypervisor's is replaced");
        }

        @Override
        public void getPage(long pa) {
            host.get(pa & -HostMemory.PAGE_SIZE);
        }

        @Override
        public void putPage(long pa) {
            host.put(pa & -HostMemory.PAGE_SIZE, HostMemory.PAGE_SHIFT);
        }

        @Override
        public int pageCount(long pa) {
            return host.count(pa & -HostMemory.PAGE_SIZE);
        }
    }
}
