package dev.nido.cli;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.board.BoardConfig;
import dev.nido.kvm.nested.Nesting;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The options that describe the computer and how it runs; {@code run} and {@code demo} share them.
 */
final class MachineOptions {
    /** Who owns EL2. */
    enum Mode {
        hosted,
        bare
    }

    /** Where the guest starts: EL1, or EL2. */
    enum Nested {
        off,
        nv,
        nv2
    }

    /** What HCR_EL2.E2H may be. */
    enum E2h {
        any,
        vhe,
        nvhe
    }

    /** Granule of stage 2. */
    enum Granule {
        G4K("4k", 4096),
        G16K("16k", 16384),
        G64K("64k", 65536);

        private final String text;

        /** In bytes. */
        final int bytes;

        Granule(String text, int bytes) {
            this.text = text;
            this.bytes = bytes;
        }

        @Override
        public String toString() {
            return text;
        }

        /** As the command line writes it. */
        static final class Text implements ITypeConverter<Granule> {
            @Override
            public Granule convert(String value) {
                for (Granule g : values()) {
                    if (g.text.equalsIgnoreCase(value)) {
                        return g;
                    }
                }
                throw new TypeConversionException(
                        "'" + value + "' is none of the granules 4k, 16k, 64k");
            }
        }
    }

    enum Engine {
        interpreter,
        translator,
        both,
        lockstep
    }

    @Option(
            names = {"-m", "--memory"},
            paramLabel = "SIZE",
            defaultValue = "1G",
            converter = Sizes.Bytes.class,
            description = "Memory of the guest. Default: ${DEFAULT-VALUE}.")
    long memory;

    @Option(
            names = {"-c", "--cpus"},
            paramLabel = "N",
            description = "CPUs of the guest. Default: 1, in the demo 2.")
    Integer requestedCpus;

    /** How many CPUs the guest has, once {@link #check} knows. */
    int cpus;

    @Option(
            names = "--pes",
            paramLabel = "N",
            description = "Processing elements of the machine. Default: as many as CPUs.")
    Integer pes;

    @Option(
            names = "--cpu",
            paramLabel = "NAME[,±feat…][,lrs=4|16][,pa=40..48]",
            defaultValue = "default",
            description = "What the guest sees of the CPU.")
    String cpu;

    @Option(
            names = "--mode",
            paramLabel = "hosted|bare",
            description = "Who owns EL2 of the machine: Nido's hypervisor (default), or the guest.")
    Mode mode;

    @Option(
            names = "--nested",
            paramLabel = "off|nv|nv2",
            description =
                    "off: the guest starts at EL1 (default). nv, nv2: at EL2, in hosted mode a virtual one over that feature.")
    Nested nested;

    @Option(
            names = "--e2h",
            paramLabel = "any|vhe|nvhe",
            description = "What the guest's HCR_EL2.E2H may be. Default: vhe on nv2, any on nv.")
    E2h e2h;

    @Option(
            names = "--protected",
            description = "Protected mode of the hypervisor: the host is confined too.")
    boolean protectedMode;

    @Option(
            names = "--l0-granule",
            paramLabel = "4k|16k|64k",
            converter = Granule.Text.class,
            description = "Granule of the hypervisor's tables. Default: 4k.")
    Granule l0Granule;

    @Option(
            names = {"-d", "--disk"},
            paramLabel = "FILE[,ro]",
            description = "A disk: a raw image, given to the guest as virtio-blk. May be repeated.")
    List<String> disks = new ArrayList<>();

    @Option(
            names = "--net",
            paramLabel = "none|user|unix:PATH",
            defaultValue = "none",
            description = "Network (none; others later).")
    String net;

    @Option(
            names = "--share",
            paramLabel = "DIR:TAG",
            description = "A folder of the host (later).")
    List<String> shares = new ArrayList<>();

    @Option(
            names = "--deterministic",
            description =
                    "Time is instructions retired: the same run every time, and its hash at the end.")
    boolean deterministic;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "What random numbers start from. Default: 0.")
    Long seed;

    @Option(
            names = "--timeout",
            paramLabel = "120s",
            converter = Sizes.Time.class,
            description = "Stop after this time of the host's clock, with status 3.")
    Duration timeout;

    @Option(
            names = "--engine",
            paramLabel = "interpreter|translator|both|lockstep",
            description = "How instructions are executed (interpreter; others later).")
    Engine engine;

    @Mixin ObservationOptions observation = new ObservationOptions();

    @Option(names = "--gdb", paramLabel = "[HOST:]PORT", description = "A server for gdb (later).")
    String gdb;

    @Option(names = "--sanitize", paramLabel = "mmu", description = "The sanitizer (later).")
    String sanitize;

    /** Refuses what this version cannot do, and combinations that make no sense. */
    void check() {
        check(1);
    }

    /**
     * @param defaultCpus how many CPUs if the user did not say
     */
    void check(int defaultCpus) {
        cpus = requestedCpus == null ? defaultCpus : requestedCpus;
        if (protectedMode && startsAtEl2()) {
            throw new Refusal(
                    "--protected and --nested %s: a protected guest has no EL2; drop one of them"
                            .formatted(nested));
        }
        if (protectedMode && !hosted()) {
            throw new Refusal("--protected: only with --mode hosted");
        }
        if (l0Granule != null && !hosted()) {
            throw new Refusal("--l0-granule: only with --mode hosted");
        }
        if (!net.equals("none")) {
            throw Refusal.later("--net " + net);
        }
        if (!shares.isEmpty()) {
            throw Refusal.later("--share");
        }
        if (engine != null && engine != Engine.interpreter) {
            throw Refusal.later("--engine " + engine);
        }
        if (gdb != null) {
            throw Refusal.later("--gdb");
        }
        if (sanitize != null) {
            throw Refusal.later("--sanitize");
        }
        if (cpus < 1) {
            throw new Refusal("--cpus " + cpus + ": a computer has at least one");
        }
        if (pes != null && pes < 1) {
            throw new Refusal("--pes " + pes + ": a machine has at least one");
        }
        if (pes != null && pes != cpus && !hosted()) {
            throw new Refusal(
                    "--pes " + pes + ": in bare mode the guest's CPUs are the machine's, " + cpus);
        }
        if (e2h != null && (nested == null || nested == Nested.off)) {
            throw new Refusal("--e2h " + e2h + ": the guest has no EL2; add --nested nv2");
        }
        if (hosted() && nested == Nested.nv2 && effectiveE2h() == E2h.any) {
            throw new Refusal(
                    "--nested nv2 and --e2h any: over FEAT_NV2 the hypervisor does not see HCR_EL2.E2H"
                            + " change; say --e2h vhe or nvhe, or --nested nv");
        }
        if (seed != null && !deterministic) {
            throw new Refusal("--seed: only with --deterministic");
        }
        if (timeout != null && timeout.isZero()) {
            throw new Refusal("--timeout: must be more than zero");
        }
        observation.check(hosted());
    }

    /** True if the guest runs under the hypervisor. */
    boolean hosted() {
        return mode == null || mode == Mode.hosted;
    }

    /** True if the guest starts at EL2. */
    boolean startsAtEl2() {
        return nested != null && nested != Nested.off;
    }

    /** What the hypervisor builds the guest's EL2 on. */
    private Nesting nesting() {
        return nested == null
                ? Nesting.NONE
                : switch (nested) {
                    case off -> Nesting.NONE;
                    case nv -> Nesting.NV;
                    case nv2 -> Nesting.NV2;
                };
    }

    /** What {@code --e2h} says or, where it says nothing, the default of {@code --nested}. */
    E2h effectiveE2h() {
        return e2h != null ? e2h : nested == Nested.nv2 ? E2h.vhe : E2h.any;
    }

    /**
     * The CPU and everything else that does not depend on which guest it is.
     *
     * @throws Refusal if there is no such CPU
     */
    void apply(BoardConfig.Builder builder) {
        String text = cpu;
        if (startsAtEl2()) {
            text +=
                    switch (effectiveE2h()) {
                        case any -> "";
                        case vhe -> ",-" + Feature.E2H0.option();
                        case nvhe -> ",-" + Feature.VHE.option();
                    };
        }
        try {
            builder.cpu(CpuModel.parse(text));
        } catch (IllegalArgumentException e) {
            throw new Refusal("--cpu " + cpu + ": " + Main.oneLine(e.getMessage()));
        }
        List<BoardConfig.Disk> images = new ArrayList<>();
        for (String disk : disks) {
            boolean readOnly = disk.endsWith(",ro");
            images.add(
                    new BoardConfig.Disk(
                            Path.of(readOnly ? disk.substring(0, disk.length() - 3) : disk),
                            readOnly));
        }
        if (hosted()) {
            builder.hosting(
                    new BoardConfig.Hosting(
                            pes == null ? 0 : pes,
                            l0Granule == null ? Granule.G4K.bytes : l0Granule.bytes,
                            protectedMode,
                            false,
                            nesting()));
        }
        builder.cpus(cpus)
                .memory(memory)
                .startEl(startsAtEl2() ? 2 : 1)
                .disks(images)
                .deterministic(deterministic)
                .seed(seed == null ? 0 : seed);
    }
}
