package dev.nido.board;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.board.device.InterruptLine;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.VcpuFeature;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.nested.Nesting;
import dev.nido.machine.Bus;
import dev.nido.machine.Clock;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.MmioDevice;
import dev.nido.machine.ScheduledCpu;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.machine.pe.Pe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * A virtual machine of the hypervisor, used as any VMM uses KVM: a memory slot, vCPUs that threads
 * of the board run, and what they exit for.
 *
 * <p>With the wall clock each vCPU has a thread; in deterministic mode the caller's thread runs
 * them all, each on the PE of its number, by the rules of the machine's scheduler.
 */
final class HostedPlatform implements Platform {

    private final HostedMachine host;
    private final boolean ownsHost;
    private final Vm vm;
    private final GuestMemory memory;
    private final Bus bus = new Bus();
    private final List<Vcpu> vcpus = new ArrayList<>();
    private volatile BooleanSupplier inputSource = () -> false;
    private volatile MachineEnd end;
    private volatile Throwable failure;

    /**
     * @param cpu what the guest sees
     * @param recorder takes the instruction stream, or null
     * @param shared the machine to live on; null for one of its own
     */
    HostedPlatform(BoardConfig config, CpuModel cpu, StreamRecorder recorder, HostedMachine shared)
            throws ConfigurationException {
        ownsHost = shared == null;
        host = ownsHost ? HostedMachine.of(config, cpu, recorder) : shared;
        boolean complete = false;
        Vm created = null;
        try {
            boolean protect = config.hosting().protectedVm();
            if (protect && hypervisor().protectedMode() == null) {
                hypervisor().startProtectedMode();
            }
            created = hypervisor().createVm(new VmConfig(cpu, 0, config.seed(), protect));
            vm = created;
            for (int i = 0; i < config.cpus(); i++) {
                vcpus.add(vm.createVcpu(i));
            }
            if (vm.nesting() != Nesting.NONE) {
                initWithEl2(cpu);
            }
            vm.vgic().init();
            vm.slots().add(0, VirtMap.RAM, config.memory());
            mapInterruptController(config.cpus());
            complete = true;
        } catch (KvmException e) {
            throw new ConfigurationException("the hypervisor refuses this VM: " + e.getMessage());
        } finally {
            if (!complete && created != null) {
                created.close();
            }
            if (!complete && ownsHost) {
                host.close();
            }
        }
        memory = new HostedMemory(vm.ram());
    }

    private void initWithEl2(CpuModel cpu) {
        for (Vcpu vcpu : vcpus) {
            EnumSet<VcpuFeature> features = EnumSet.of(VcpuFeature.HAS_EL2);
            if (!cpu.has(Feature.VHE)) {
                features.add(VcpuFeature.HAS_EL2_E2H0);
            }
            if (cpu.has(Feature.PMUv3)) {
                features.add(VcpuFeature.PMU_V3);
            }
            if (vcpu.id() != 0) {
                features.add(VcpuFeature.POWER_OFF);
            }
            vcpu.init(features);
        }
    }

    private void mapInterruptController(int cpus) {
        vm.mmio()
                .register(
                        "gicd",
                        VirtMap.GIC_DISTRIBUTOR,
                        VirtMap.GIC_DISTRIBUTOR_SIZE,
                        vm.vgic().distributor());
        vm.mmio()
                .register(
                        "gicr",
                        VirtMap.GIC_REDISTRIBUTOR,
                        VirtMap.GIC_REDISTRIBUTOR_STRIDE * cpus,
                        vm.vgic().redistributors());
        vm.mmio().setUserDevices((ipa, size) -> bus.find(ipa, size) != null);
    }

    Hypervisor hypervisor() {
        return host.hypervisor();
    }

    @Override
    public Vm vm() {
        return vm;
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public InterruptLine spi(int number) {
        return level -> vm.vgic().setLine(-1, VirtMap.FIRST_SPI + number, level);
    }

    @Override
    public Clock clock() {
        return machine().clock();
    }

    @Override
    public void map(String name, long address, long size, MmioDevice device) {
        bus.map(name, address, size, device);
    }

    @Override
    public void start(long entry, long x0) {
        vcpus.getFirst().setPc(entry);
        vcpus.getFirst().setReg(0, x0);
    }

    @Override
    public void setInputSource(BooleanSupplier source) {
        inputSource = source;
        if (ownsHost) {
            machine().setInputSource(source);
        }
    }

    @Override
    public void setTracer(Tracer tracer) {
        hypervisor().setTracer(tracer);
    }

    @Override
    public Machine machine() {
        return host.machine();
    }

    @Override
    public MachineEnd run(Duration timeout) {
        if (machine().deterministic()) {
            List<Slot> slots = vcpus.stream().map(Slot::new).toList();
            return machine().runScheduled(slots, timeout);
        }
        long limit = timeout == null ? Long.MAX_VALUE : System.nanoTime() + timeout.toNanos();
        List<Thread> threads = new ArrayList<>();
        for (Vcpu vcpu : vcpus) {
            threads.add(
                    Thread.ofPlatform()
                            .name("nido-vcpu" + vcpu.id())
                            .daemon(true)
                            .uncaughtExceptionHandler((thread, e) -> {
                                failure = e;
                                end(new MachineEnd.Stopped());
                            })
                            .start(() -> runVcpu(vcpu)));
        }
        awaitEnd(limit);
        for (Thread thread : threads) {
            join(thread);
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        }
        MachineEnd reason = end;
        end = null;
        return reason;
    }

    private void runVcpu(Vcpu vcpu) {
        while (end == null) {
            dispatch(vcpu, vcpu.run());
        }
    }

    /** Does what a vCPU has exited for. */
    private void dispatch(Vcpu vcpu, Exit exit) {
        switch (exit) {
            case Exit.Mmio access -> mmio(vcpu, access);
            case Exit.SystemEvent event ->
                    end(
                            switch (event.type()) {
                                case SHUTDOWN -> new MachineEnd.PoweredOff();
                                case RESET -> new MachineEnd.ResetRequested();
                            });
            case Exit.BudgetUsed used -> {}
            case Exit.Waiting waiting -> {}
            case Exit.Interrupted interrupted -> {}
            case Exit.Debug event ->
                    end(stuck(vcpu, "a debug event that nobody asked for", event.esr()));
            case Exit.FailEntry refused -> end(new MachineEnd.Stuck(refused.reason()));
            case Exit.MemoryFault fault ->
                    end(stuck(vcpu, "an access to memory that is not its own", fault.ipa()));
            case Exit.Stuck stuck -> end(new MachineEnd.Stuck(stuck.reason()));
            case Exit.InternalError error ->
                    end(
                            new MachineEnd.Stuck(
                                    "the hypervisor met what it cannot handle: " + error.reason()));
        }
    }

    private static MachineEnd stuck(Vcpu vcpu, String what, long detail) {
        return new MachineEnd.Stuck("vCPU %d left for %s: 0x%x".formatted(vcpu.id(), what, detail));
    }

    private void mmio(Vcpu vcpu, Exit.Mmio access) {
        Bus.Region region = bus.find(access.ipa(), access.size());
        if (region == null) {
            vcpu.failMmio();
            return;
        }
        long offset = access.ipa() - region.base();
        if (access.write()) {
            region.device().write(offset, access.size(), access.value());
            vcpu.completeMmio(0);
        } else {
            vcpu.completeMmio(region.device().read(offset, access.size()));
        }
    }

    @Override
    public void end(MachineEnd reason) {
        if (machine().deterministic()) {
            machine().end(reason);
            return;
        }
        synchronized (this) {
            if (end == null) {
                end = reason;
            }
            notifyAll();
        }
        vcpus.forEach(Vcpu::kick);
    }

    private void awaitEnd(long limit) {
        long idleAt = -1;
        while (end == null) {
            long exits = vcpus.stream().mapToLong(Vcpu::exits).sum();
            boolean idle = isIdleForEver();
            if (idle && idleAt == exits) {
                // vCPUs are looked at one after another and may wake each other meanwhile: only
                // what was so before, with no exit since, stays so.
                end(
                        new MachineEnd.Stuck(
                                "all CPUs wait for an interrupt, and nothing can raise one"));
            } else if (System.nanoTime() > limit) {
                end(new MachineEnd.TimedOut());
            } else {
                idleAt = idle ? exits : -1;
                pause();
            }
        }
    }

    private synchronized void pause() {
        if (end != null) {
            return;
        }
        try {
            wait(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            end(new MachineEnd.Stopped());
        }
    }

    private boolean isIdleForEver() {
        if (inputSource.getAsBoolean() || vm.isStopped()) {
            return false;
        }
        for (Vcpu vcpu : vcpus) {
            boolean off = vcpu.powerState() == dev.nido.machine.firmware.PowerControl.State.OFF;
            if (!off
                    && (!vcpu.isWaiting()
                            || vcpu.timer().nextDeadline() != Long.MAX_VALUE
                            || vcpu.vgic().pending())) {
                return false;
            }
        }
        return true;
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        vm.close();
        if (ownsHost) {
            host.close();
        }
    }

    /** A vCPU's turn in deterministic mode. */
    private final class Slot implements ScheduledCpu {

        private final Vcpu vcpu;
        private final Pe pe;

        Slot(Vcpu vcpu) {
            this.vcpu = vcpu;
            this.pe = machine().pe(vcpu.id());
        }

        @Override
        public Pe pe() {
            return pe;
        }

        @Override
        public boolean isOn() {
            return vcpu.isPoweredOn();
        }

        @Override
        public boolean ready() {
            return vcpu.wakeUp();
        }

        @Override
        public void run(long budget) {
            long until = pe.retired + budget;
            while (pe.retired < until && !machine().stopping()) {
                Exit exit = vcpu.run(until - pe.retired);
                dispatch(vcpu, exit);
                if (exit instanceof Exit.BudgetUsed || exit instanceof Exit.Waiting) {
                    return;
                }
            }
        }

        @Override
        public long nextDeadline() {
            return pe.timer.nextDeadline();
        }
    }
}
