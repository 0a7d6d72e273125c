package dev.nido.bench;

import dev.nido.arch.CpuModel;
import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.HostedMachine;
import dev.nido.board.VirtBoard;
import dev.nido.board.device.ByteSink;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;
import dev.nido.board.guest.GuestUnavailableException;
import dev.nido.board.guest.Progress;
import dev.nido.cli.Benchmarks;
import dev.nido.cli.Streams;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.mmu.MemorySlots;
import dev.nido.kvm.mmu.PageTableCache;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.MachineEnd;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/**
 * {@code nido bench kvm}: what the hypervisor costs. Exits are the mean of a million, after others
 * that warm the JVM up. All times are of the thread that does the work.
 */
public final class KvmBenchmarks implements Benchmarks {

    private static final String NAME = "kvm";

    /** Where a raw binary is loaded. */
    private static final long ORIGIN = 0x4008_0000L;

    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final int TIMES = 1_000_000;

    /** Pages that are touched again and again, each time behind a fault. */
    private static final int FAULT_PAGES = 1 << 16;

    private static final int FAULT_ROUNDS = 16;
    private static final int FAULT_WARM_UP = 2;
    private static final long FAULT_BASE = 0x4800_0000L;
    private static final long GIB = 1L << 30;
    private static final int VMS = 16;

    /**
     * {@code BODY} a few hundred thousand times, then a million times between two bytes on the
     * serial port.
     */
    private static final String LOOP =
            """
                    ldr     x9, =0x09000000
                    mov     w0, #0x301
                    str     w0, [x9, #0x30]
                    ldr     x19, =400000
            1:      BODY
                    subs    x19, x19, #1
                    b.ne    1b
                    ldr     x19, =1000000
                    str     w19, [x9]
            2:      BODY
                    subs    x19, x19, #1
                    b.ne    2b
                    str     w19, [x9]
                    movz    w0, #0x8400, lsl #16
                    movk    w0, #8
                    hvc     #0
            """;

    /** PSCI_VERSION: what the firmware answers at once. */
    private static final String HYPERCALL = "movz w0, #0x8400, lsl #16\n hvc #0";

    /** The flag register of the PL011. */
    private static final String MMIO = "ldr w0, [x9, #0x18]";

    /**
     * Touches the pages, in rounds, each between two bytes on the serial port. The first two rounds
     * do not count.
     */
    private static final String FAULTS =
            """
                    ldr     x9, =0x09000000
                    mov     w0, #0x301
                    str     w0, [x9, #0x30]
                    mov     x22, #18
            1:      ldr     x1, =0x48000000
                    ldr     x19, =65536
                    str     w22, [x9]
            2:      str     x19, [x1]
                    add     x1, x1, #1, lsl #12
                    subs    x19, x19, #1
                    b.ne    2b
                    str     w22, [x9]
                    subs    x22, x22, #1
                    b.ne    1b
                    movz    w0, #0x8400, lsl #16
                    movk    w0, #8
                    hvc     #0
            """;

    @Override
    public List<String> names() {
        return List.of(NAME);
    }

    @Override
    public void run(Streams streams, List<String> names, Path json) throws IOException {
        PrintStream out = new PrintStream(streams.out(), true, StandardCharsets.UTF_8);
        Map<String, Double> figures = new LinkedHashMap<>();
        try {
            memory(out, figures);
            put(out, figures, "hypercall round trip, ns", exits(HYPERCALL), 1000);
            put(out, figures, "MMIO exit to the board, ns", exits(MMIO), 2000);
            put(out, figures, "stage-2 fault with 4 KiB map, ns", faults(), 3000);
            tables(out, figures);
            boots(out, figures);
        } catch (BoardException e) {
            throw new IOException(e.getMessage(), e);
        }
        if (json != null) {
            Files.writeString(json, json(figures));
        }
    }

    static void put(
            PrintStream out, Map<String, Double> figures, String name, double value, double most) {
        figures.put(name, value);
        out.printf(Locale.ROOT, "%-44s %12.2f   (at most %.2f)%n", name, value, most);
    }

    private static void putAtLeast(
            PrintStream out, Map<String, Double> figures, String name, double value, double least) {
        figures.put(name, value);
        out.printf(Locale.ROOT, "%-44s %12.2f   (at least %.2f)%n", name, value, least);
    }

    static String json(Map<String, Double> figures) {
        StringJoiner rows = new StringJoiner(",\n  ", "{\n  ", "\n}\n");
        figures.forEach(
                (name, value) -> rows.add(String.format(Locale.ROOT, "\"%s\": %.3f", name, value)));
        return rows.toString();
    }

    // Exits

    private static double exits(String body) throws IOException, BoardException {
        return measured(LOOP.replace("BODY", body), 64 << 20, 0) / (double) TIMES;
    }

    private static double faults() throws IOException, BoardException {
        return measured(FAULTS, 512 << 20, FAULT_WARM_UP) / ((double) FAULT_PAGES * FAULT_ROUNDS);
    }

    /**
     * Runs a program to its end. Each two bytes that it writes are around something that counts.
     *
     * @param warmUp how many of these do not count; where there are any, pages are taken away
     *     before each
     * @return nanoseconds of its vCPU's thread: other work of the host changes them little
     */
    private static long measured(String source, long memory, int warmUp)
            throws IOException, BoardException {
        Path file = Files.createTempFile("nido-bench", ".bin");
        try {
            Files.write(file, Assembler.assemble(source, ORIGIN).bytes());
            Interval interval = new Interval(warmUp);
            BoardConfig config =
                    BoardConfig.of(file)
                            .memory(memory)
                            .hosting(BoardConfig.Hosting.STANDARD)
                            .console(interval)
                            .build();
            try (VirtBoard board = VirtBoard.create(config)) {
                interval.vm = board.vm();
                if (warmUp > 0) {
                    // Pages are written down one by one, so that none is mapped in a block.
                    board.vm().slots().setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
                }
                MachineEnd end = board.run(LIMIT);
                if (!(end instanceof MachineEnd.PoweredOff)) {
                    throw new IOException("a benchmark program ended with " + end);
                }
                return interval.sum;
            }
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** Measures between two bytes, on the thread that runs the vCPU. */
    private static final class Interval implements ByteSink {
        private final boolean pages;
        private int warmUp;
        private Vm vm;
        private long start;
        private long sum;

        Interval(int warmUp) {
            this.warmUp = warmUp;
            this.pages = warmUp > 0;
        }

        @Override
        public void write(byte[] bytes, int at, int length) {
            long now = threadTime();
            if (start == 0) {
                if (pages) {
                    vm.arch().unmapRange(FAULT_BASE, FAULT_PAGES * HostMemory.PAGE_SIZE);
                }
                start = threadTime();
                return;
            }
            if (warmUp > 0) {
                warmUp--;
            } else {
                sum += now - start;
            }
            start = 0;
        }
    }

    // Tables

    private static void tables(PrintStream out, Map<String, Double> figures) throws BoardException {
        CpuModel cpu = CpuModel.defaultModel();
        try (HostedMachine host = HostedMachine.create(cpu, 1, 256 << 20);
                Vm vm = host.hypervisor().createVm(VmConfig.of(cpu.withoutEl2()))) {
            // A context that ran has a VMID, and something to invalidate.
            vm.arch().mmu().vttbr(host.machine().pe(0));
            Stage2PageTable table = vm.arch().mmu().pgt();
            int tables = (int) (GIB >> HostMemory.BLOCK_SHIFT) + 64;
            PageTableCache cache =
                    new PageTableCache(host.hypervisor().memory(), HostMemory.PAGE_SHIFT, tables);
            // Not congruent to the address modulo a block: pages only.
            long output = 5 * GIB + HostMemory.PAGE_SIZE;
            long map = 0;
            long unmap = 0;
            int rounds = 0;
            for (int i = 0; i < 24; i++) {
                long start = threadTime();
                cache.topUp(tables);
                check(table.map(GIB, GIB, output, Prot.RWX, cache));
                long mapped = threadTime();
                check(table.unmap(GIB, GIB));
                long end = threadTime();
                if (i >= 8) {
                    map += mapped - start;
                    unmap += end - mapped;
                    rounds++;
                }
            }
            cache.free();
            double pages = (double) rounds * (GIB >> HostMemory.PAGE_SHIFT);
            putAtLeast(
                    out,
                    figures,
                    "map 1 GiB in 4 KiB pages, million pages/s",
                    pages / map * 1e3,
                    10);
            putAtLeast(
                    out,
                    figures,
                    "unmap 1 GiB in 4 KiB pages, million pages/s",
                    pages / unmap * 1e3,
                    10);
        }
    }

    private static long threadTime() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static void check(int result) {
        if (result != 0) {
            throw new IllegalStateException("errno " + result);
        }
    }

    // Memory

    /** What a VM costs besides its RAM, page tables and predecoded code: Java objects. */
    private static void memory(PrintStream out, Map<String, Double> figures)
            throws IOException, BoardException {
        Path file = Files.createTempFile("nido-bench", ".bin");
        CpuModel cpu = CpuModel.defaultModel();
        List<VirtBoard> boards = new ArrayList<>();
        try (HostedMachine host = HostedMachine.create(cpu, 2, 2 * GIB)) {
            Files.write(file, Assembler.assemble("hvc #0", ORIGIN).bytes());
            BoardConfig config =
                    BoardConfig.of(file)
                            .memory(64 << 20)
                            .cpus(2)
                            .hosting(BoardConfig.Hosting.STANDARD)
                            .build();
            VirtBoard.create(config, host).close();
            long before = usedHeap();
            for (int i = 0; i < VMS; i++) {
                boards.add(VirtBoard.create(config, host));
            }
            double each = (usedHeap() - before) / (double) VMS / (1 << 20);
            put(out, figures, "memory per VM of 2 CPUs, MiB", each, 2);
        } finally {
            boards.forEach(VirtBoard::close);
            Files.deleteIfExists(file);
        }
    }

    private static long usedHeap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    // Boots

    private static void boots(PrintStream out, Map<String, Double> figures)
            throws IOException, BoardException {
        Guest guest;
        try {
            GuestCatalogue catalogue =
                    new GuestCatalogue(GuestCatalogue.defaultCache(), null, Progress.SILENT);
            if (catalogue.list().stream()
                    .noneMatch(e -> e.name().equals(GuestCatalogue.DEBIAN) && e.fetched())) {
                out.println(
                        "boots: not measured; first: nido guest fetch " + GuestCatalogue.DEBIAN);
                return;
            }
            guest = catalogue.fetch(GuestCatalogue.DEBIAN);
        } catch (GuestUnavailableException e) {
            throw new IOException(e.getMessage(), e);
        }
        BoardConfig.Builder builder =
                BoardConfig.of(guest.kernel())
                        .initrds(guest.initrds())
                        .initrdOverlay(GuestCatalogue.execOverlay("true"))
                        .append(guest.append() + " quiet panic=-1");
        double bare = Double.MAX_VALUE;
        double hosted = Double.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            bare = Math.min(bare, boot(builder.hosting(null).build()));
            hosted = Math.min(hosted, boot(builder.hosting(BoardConfig.Hosting.STANDARD).build()));
        }
        figures.put("bare boot, s", bare);
        figures.put("hosted boot, s", hosted);
        out.printf(Locale.ROOT, "%-44s %12.2f%n", "bare boot of Debian, s of CPU time", bare);
        out.printf(Locale.ROOT, "%-44s %12.2f%n", "hosted boot of Debian, s of CPU time", hosted);
        put(out, figures, "hosted boot / bare boot", hosted / bare, 1.1);
    }

    /** Seconds of the process's CPU time, which what else the host does changes little. */
    private static double boot(BoardConfig config) throws IOException, BoardException {
        long start = cpuTime();
        try (VirtBoard board = VirtBoard.create(config)) {
            MachineEnd end = board.run(LIMIT);
            if (!(end instanceof MachineEnd.PoweredOff)) {
                throw new IOException("the boot ended with " + end);
            }
        }
        return (cpuTime() - start) / 1e9;
    }

    static long cpuTime() {
        return ((com.sun.management.OperatingSystemMXBean)
                        ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
