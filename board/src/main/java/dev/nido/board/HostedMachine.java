package dev.nido.board;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.nested.Nesting;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.engine.StreamRecorder;

/**
 * A machine with the hypervisor at its EL2: what boards of the hosted mode live on. A board makes
 * one of its own unless it is given one; with the wall clock any number of boards may share one.
 */
public final class HostedMachine implements AutoCloseable {

    /** The hypervisor's own: page tables of a guest and what else it allocates. */
    private static final long OVERHEAD = 64L << 20;

    private static final long UNIT = 2L << 20;

    private final Machine machine;
    private final Hypervisor hypervisor;

    private HostedMachine(Machine machine, BoardConfig.Hosting hosting) {
        this.machine = machine;
        int pageShift = Integer.numberOfTrailingZeros(hosting.granule());
        this.hypervisor = new Hypervisor(machine, pageShift, hosting.shuffled());
    }

    /**
     * A machine for several boards.
     *
     * @param cpu what the guests see
     * @param pes processing elements
     * @param memory bytes of RAM for all guests together
     */
    public static HostedMachine create(CpuModel cpu, int pes, long memory)
            throws ConfigurationException {
        return create(cpu.withoutEl2(), pes, memory, false, 0, BoardConfig.Hosting.STANDARD, null);
    }

    /** The machine for one board. */
    static HostedMachine of(BoardConfig config, CpuModel cpu, StreamRecorder recorder)
            throws ConfigurationException {
        int pes = config.hosting().pes() == 0 ? config.cpus() : config.hosting().pes();
        return create(
                cpu,
                pes,
                config.memory(),
                config.deterministic(),
                config.seed(),
                config.hosting(),
                recorder);
    }

    private static HostedMachine create(
            CpuModel cpu,
            int pes,
            long memory,
            boolean deterministic,
            long seed,
            BoardConfig.Hosting hosting,
            StreamRecorder recorder)
            throws ConfigurationException {
        // Far from where any guest sees its memory, so that no address is right by accident.
        long base = 1L << cpu.paBits() - 1;
        // A guest's guests have tables of their own, in as many contexts as there may be.
        boolean nested = hosting.nesting() != Nesting.NONE;
        long tables = memory / (nested ? 16 : 128) + (nested ? 2 * OVERHEAD : OVERHEAD);
        long size = (memory + tables + UNIT - 1) / UNIT * UNIT;
        if (size > base) {
            throw new ConfigurationException(
                    "--memory %d GiB: the hypervisor's machine has room for %d GiB at most; use --mode bare"
                            .formatted(memory >> 30, base >> 30));
        }
        return new HostedMachine(
                new Machine(
                        new MachineConfig(
                                physical(cpu, hosting.nesting()),
                                pes,
                                base,
                                size,
                                deterministic,
                                seed,
                                2,
                                false),
                        recorder),
                hosting);
    }

    /** The CPU below one that a guest sees. */
    private static CpuModel physical(CpuModel cpu, Nesting nesting) {
        return switch (nesting) {
            case NONE -> cpu.underHypervisor();
            case NV -> cpu.underNestingHypervisor(Feature.NV);
            case NV2 -> cpu.underNestingHypervisor(Feature.NV2);
        };
    }

    public Machine machine() {
        return machine;
    }

    public Hypervisor hypervisor() {
        return hypervisor;
    }

    /** Ends all VMs and releases RAM. No board may be running. */
    @Override
    public void close() {
        hypervisor.close();
        machine.close();
    }
}
