package dev.nido.bench;

import dev.nido.arch.CpuModel;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.mmu.PageTableCache;
import dev.nido.kvm.mmu.VmArch;
import dev.nido.kvm.mmu.VmidAllocator;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.PageTableWalker;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.mmu.TlbMaintenance;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/** Stage-2 tables of a VM: 1 GiB in pages of 4 KiB, per page. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 1)
public class PageTableJmh {
    private static final long SIZE = 1L << 30;
    private static final int PAGES = (int) (SIZE >>> HostMemory.PAGE_SHIFT);
    private static final int TABLES = 600;
    private static final int FAULT = PageTableWalker.SHARED | PageTableWalker.HANDLE_FAULT;

    /** Not congruent to the address modulo a block: pages only. */
    private static final long OUTPUT = 5 * SIZE + HostMemory.PAGE_SIZE;

    private final Leaf leaf = new Leaf();
    private Machine machine;
    private Stage2PageTable table;
    private PageTableCache cache;

    @Setup(Level.Trial)
    public void build() {
        machine =
                new Machine(
                        new MachineConfig(
                                CpuModel.parse("default"),
                                1,
                                0x4000_0000L,
                                256L << 20,
                                false,
                                1,
                                2,
                                false));
        HostMemory host = new HostMemory(machine);
        TlbMaintenance tlb = new TlbMaintenance(machine);
        VmidAllocator vmids = new VmidAllocator(16, 1, tlb::everyVmid, tlb::stage1And2);
        VmArch arch = new VmArch(machine, host, vmids, 40);
        // A context that ran has a VMID, and something to invalidate.
        arch.mmu().vttbr(machine.pe(0));
        table = arch.mmu().pgt();
        cache = new PageTableCache(host, HostMemory.PAGE_SHIFT, TABLES);
    }

    @TearDown(Level.Trial)
    public void close() {
        machine.close();
    }

    /** Both ways, in one operation each. */
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public void mapAndUnmap() {
        cache.topUp(TABLES);
        check(table.map(SIZE, SIZE, OUTPUT, Prot.RWX, cache));
        check(table.unmap(SIZE, SIZE));
    }

    /** As faults do: page by page, found afterwards, and all taken away again. */
    @Benchmark
    @OperationsPerInvocation(PAGES)
    public void faultLookUpAndUnmap() {
        cache.topUp(TABLES);
        for (long at = 0; at < SIZE; at += HostMemory.PAGE_SIZE) {
            int prot = Prot.RWX;
            check(table.map(SIZE + at, HostMemory.PAGE_SIZE, OUTPUT + at, prot, cache, FAULT));
            check(table.getLeaf(SIZE + at, leaf));
        }
        check(table.unmap(SIZE, SIZE));
    }

    private static void check(int result) {
        if (result != 0) {
            throw new IllegalStateException("errno " + result);
        }
    }
}
