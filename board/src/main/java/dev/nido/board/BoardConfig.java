package dev.nido.board;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.board.device.ByteSink;
import dev.nido.kvm.nested.Nesting;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * What computer to build and what to start on it.
 *
 * @param cpu what the guest sees of its CPUs; EL2 is taken away when it starts at EL1
 * @param cpus how many
 * @param memory bytes of RAM
 * @param startEl 1, or 2 for a guest hypervisor
 * @param kernel the program to start
 * @param initrds archives that make the initial file system, one behind the other
 * @param initrdOverlay one more archive behind them; empty for none
 * @param append the kernel's command line
 * @param dtb device tree to use instead of the board's own, or null
 * @param disks raw images, each a virtio-blk device
 * @param deterministic whether time is instructions retired
 * @param seed where every random number comes from
 * @param console where the PL011's output goes
 * @param secondConsole where the virtio console's output goes; null for no such device
 * @param hosting the hypervisor below the guest; null if the guest owns the machine
 */
public record BoardConfig(
        CpuModel cpu,
        int cpus,
        long memory,
        int startEl,
        Path kernel,
        List<Path> initrds,
        byte[] initrdOverlay,
        String append,
        Path dtb,
        List<Disk> disks,
        boolean deterministic,
        long seed,
        ByteSink console,
        ByteSink secondConsole,
        Hosting hosting) {

    /** A raw disk image. */
    public record Disk(Path file, boolean readOnly) {}

    /**
     * What the guest is run by when it does not own the machine.
     *
     * @param pes processing elements of the machine; 0 for as many as the guest has CPUs
     * @param granule of the hypervisor's tables, bytes: 4096, 16384 or 65536
     * @param protectedVm whether the board loses access to memory that the guest does not share
     * @param shuffled whether pages come from all over the machine's memory, not in a row
     * @param nesting what the hypervisor builds the guest's EL2 on; NONE for a guest that starts at
     *     EL1
     */
    public record Hosting(
            int pes, int granule, boolean protectedVm, boolean shuffled, Nesting nesting) {

        /** An ordinary hypervisor: as many PEs as CPUs, tables of 4 KiB. */
        public static final Hosting STANDARD = new Hosting(0, 4096, false, false);

        public Hosting {
            Objects.requireNonNull(nesting);
        }

        /** A hypervisor of guests that start at EL1. */
        public Hosting(int pes, int granule, boolean protectedVm, boolean shuffled) {
            this(pes, granule, protectedVm, shuffled, Nesting.NONE);
        }

        /** The same hypervisor, with a guest that starts at EL2. */
        public Hosting withNesting(Nesting feature) {
            return new Hosting(pes, granule, protectedVm, shuffled, feature);
        }
    }

    /** Bytes of RAM that any kernel and its device tree need. */
    public static final long MIN_MEMORY = 1L << 20;

    private static final long MEMORY_UNIT = 4096;
    private static final int MAX_COMMAND_LINE = 2047;

    public BoardConfig {
        Objects.requireNonNull(cpu);
        Objects.requireNonNull(kernel);
        Objects.requireNonNull(console);
        initrds = List.copyOf(initrds);
        disks = List.copyOf(disks);
        initrdOverlay = initrdOverlay.clone();
    }

    /**
     * A board for that kernel: the default CPU, one of them, 1 GiB, start at EL1, output dropped.
     */
    public static Builder of(Path kernel) {
        return new Builder(kernel);
    }

    /** The same board, with its output to other places. */
    public BoardConfig withConsoles(ByteSink first, ByteSink second) {
        return new BoardConfig(
                cpu,
                cpus,
                memory,
                startEl,
                kernel,
                initrds,
                initrdOverlay,
                append,
                dtb,
                disks,
                deterministic,
                seed,
                first,
                second,
                hosting);
    }

    /**
     * Checks what can be checked without reading an image.
     *
     * @throws ConfigurationException if this board can't exist
     */
    void check() throws ConfigurationException {
        if (memory < MIN_MEMORY) {
            throw new ConfigurationException(
                    "--memory %d bytes is too little: a guest needs 1M at least".formatted(memory));
        }
        if (memory % MEMORY_UNIT != 0) {
            throw new ConfigurationException("--memory %d is no multiple of 4K".formatted(memory));
        }
        long limit = (1L << cpu.paBits()) - VirtMap.RAM;
        if (memory > limit) {
            throw new ConfigurationException(
                    "--memory %d GiB is beyond the CPU's %d address bits: at most %d GiB"
                            .formatted(memory >> 30, cpu.paBits(), limit >> 30));
        }
        if (cpus < 1 || cpus > VirtMap.MAX_PES) {
            throw new ConfigurationException(
                    "--cpus %d: this board has 1 to %d".formatted(cpus, VirtMap.MAX_PES));
        }
        if (startEl != 1 && startEl != 2) {
            throw new ConfigurationException("a guest starts at EL1 or EL2, not EL" + startEl);
        }
        checkLevels();
        if (hosting != null && hosting.pes() < 0) {
            throw new ConfigurationException("--pes %d: at least one".formatted(hosting.pes()));
        }
        if (hosting != null && deterministic && hosting.pes() != 0 && hosting.pes() != cpus) {
            throw new ConfigurationException(
                    "--pes %d: in deterministic mode each of the %d CPUs has its own"
                            .formatted(hosting.pes(), cpus));
        }
        int devices = disks.size() + 1 + (secondConsole == null ? 0 : 1);
        if (devices > VirtMap.VIRTIO_SLOTS) {
            throw new ConfigurationException(
                    "%d disks are too many: there are %d virtio slots, and other devices use some"
                            .formatted(disks.size(), VirtMap.VIRTIO_SLOTS));
        }
        if (append.length() > MAX_COMMAND_LINE) {
            throw new ConfigurationException(
                    "--append is %d characters long; Linux takes %d at most"
                            .formatted(append.length(), MAX_COMMAND_LINE));
        }
    }

    /**
     * The CPU as the guest sees it: without EL2 when it starts at EL1, otherwise with what a
     * hypervisor below that EL2 can offer, be there one or not.
     */
    public CpuModel shownCpu() {
        if (startEl != 2) {
            return cpu.withoutEl2();
        }
        int granule = (hosting == null ? Hosting.STANDARD : hosting).granule();
        return cpu.forGuestHypervisor(Integer.numberOfTrailingZeros(granule));
    }

    /** What the guest's EL2 needs of its CPU and of what is below it. */
    private void checkLevels() throws ConfigurationException {
        if (startEl == 2 && !cpu.has(Feature.EL2)) {
            throw new ConfigurationException(
                    "the guest starts at EL2, and its CPU has none: drop -el2 from --cpu, or --nested");
        }
        if (hosting == null) {
            return;
        }
        if (startEl == 2 && hosting.nesting() == Nesting.NONE) {
            throw new ConfigurationException(
                    "the guest starts at EL2, and the hypervisor's CPU has neither FEAT_NV nor"
                            + " FEAT_NV2: choose one, or --mode bare");
        }
        if (startEl == 1 && hosting.nesting() != Nesting.NONE) {
            throw new ConfigurationException(
                    "the hypervisor's CPU has FEAT_%s, and the guest starts at EL1: nobody uses it"
                            .formatted(hosting.nesting()));
        }
        if (startEl == 2 && hosting.protectedVm()) {
            throw new ConfigurationException(
                    "--protected and --nested %s: a protected guest has no EL2; drop one of them"
                            .formatted(hosting.nesting().name().toLowerCase(Locale.ROOT)));
        }
        if (hosting.nesting() == Nesting.NV2 && cpu.has(Feature.VHE) && cpu.has(Feature.E2H0)) {
            throw new ConfigurationException(
                    "--nested nv2 and --e2h any: over FEAT_NV2 the hypervisor does not see HCR_EL2.E2H"
                            + " change; say --e2h vhe or nvhe, or --nested nv");
        }
    }

    /** Collects a configuration. */
    public static final class Builder {
        private CpuModel cpu = CpuModel.defaultModel();
        private int cpus = 1;
        private long memory = 1L << 30;
        private int startEl = 1;
        private final Path kernel;
        private List<Path> initrds = List.of();
        private byte[] initrdOverlay = {};
        private String append = "";
        private Path dtb;
        private List<Disk> disks = List.of();
        private boolean deterministic;
        private long seed;
        private ByteSink console = ByteSink.nowhere();
        private ByteSink secondConsole;
        private Hosting hosting;

        private Builder(Path kernel) {
            this.kernel = kernel;
        }

        public Builder cpu(CpuModel model) {
            cpu = model;
            return this;
        }

        public Builder cpus(int count) {
            cpus = count;
            return this;
        }

        public Builder memory(long bytes) {
            memory = bytes;
            return this;
        }

        public Builder startEl(int el) {
            startEl = el;
            return this;
        }

        public Builder initrds(List<Path> files) {
            initrds = files;
            return this;
        }

        public Builder initrdOverlay(byte[] archive) {
            initrdOverlay = archive;
            return this;
        }

        public Builder append(String commandLine) {
            append = commandLine;
            return this;
        }

        public Builder dtb(Path file) {
            dtb = file;
            return this;
        }

        public Builder disks(List<Disk> images) {
            disks = images;
            return this;
        }

        public Builder deterministic(boolean on) {
            deterministic = on;
            return this;
        }

        public Builder seed(long value) {
            seed = value;
            return this;
        }

        public Builder console(ByteSink sink) {
            console = sink;
            return this;
        }

        public Builder secondConsole(ByteSink sink) {
            secondConsole = sink;
            return this;
        }

        public Builder hosting(Hosting hypervisor) {
            hosting = hypervisor;
            return this;
        }

        public BoardConfig build() {
            return new BoardConfig(
                    cpu,
                    cpus,
                    memory,
                    startEl,
                    kernel,
                    initrds,
                    initrdOverlay,
                    append,
                    dtb,
                    disks,
                    deterministic,
                    seed,
                    console,
                    secondConsole,
                    hosting);
        }
    }
}
