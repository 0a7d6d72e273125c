package dev.nido.kvm.protect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

import java.util.EnumSet;
import java.util.Set;

/** A machine whose host is behind its stage 2, with two guests that have nothing yet. */
final class ProtectRig implements AutoCloseable {

    static final long RAM = 0x8000_0000L;
    static final long SIZE = 512L << 20;
    static final int SHIFT = 12;
    static final long PAGE = 1L << SHIFT;

    /** Memory for tests begins here; the pool is below. */
    static final long PAGES = RAM + (64L << 20);

    final Machine machine;
    final MemoryRegions regions;
    final HostStage2 stage2;
    final HostPages host;
    final HypPages hyp;
    final GuestPages guest1;
    final GuestPages guest2;
    final PageTransitions transitions;

    ProtectRig() {
        this(EnumSet.noneOf(PageTransitions.Check.class));
    }

    ProtectRig(Set<PageTransitions.Check> skipped) {
        this(skipped, HostStage2.hostS2PgtablePages(regions(), SHIFT));
    }

    /** With a pool of so many pages. */
    ProtectRig(int poolPages) {
        this(EnumSet.noneOf(PageTransitions.Check.class), poolPages);
    }

    /** With another context of the host. */
    ProtectRig(HostMmu mmu) {
        this(
                EnumSet.noneOf(PageTransitions.Check.class),
                HostStage2.hostS2PgtablePages(regions(), SHIFT),
                mmu);
    }

    private ProtectRig(Set<PageTransitions.Check> skipped, int poolPages) {
        this(skipped, poolPages, new HostMmu());
    }

    private ProtectRig(Set<PageTransitions.Check> skipped, int poolPages, HostMmu mmu) {
        machine = machine("default", 1);
        regions = regions();
        stage2 = new HostStage2(machine, regions, SHIFT, poolPages, mmu);
        assertThat(stage2.prepare(RAM)).isZero();
        host = new HostPages(stage2);
        hyp = new HypPages(stage2.lock(), SHIFT);
        guest1 = new GuestPages(stage2.lock(), new Owner(Owner.FIRST_GUEST), SHIFT);
        guest2 = new GuestPages(stage2.lock(), new Owner(Owner.FIRST_GUEST + 1), SHIFT);
        transitions = new PageTransitions(stage2.lock(), host, hyp, SHIFT, skipped);
    }

    static Machine machine(String cpu, int pes) {
        return new Machine(
                new MachineConfig(CpuModel.parse(cpu), pes, RAM, SIZE, true, 1, 2, false));
    }

    /** Two regions, and a device between them. */
    static MemoryRegions regions() {
        return new MemoryRegions(1L << 40, RAM, RAM + (256L << 20), RAM + (258L << 20), RAM + SIZE);
    }

    @Override
    public void close() {
        machine.close();
    }
}
