package dev.nido.observe;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A small guest under the hypervisor, with a VMM that has one device: it reads as 7, and counts its
 * accesses.
 */
final class HostedProgram implements AutoCloseable {
    static final long RAM = 0x4000_0000L;
    static final long DEVICE = 0x0900_0000L;

    private static final long BUDGET = 1_000;
    private static final int MAX_RUNS = 1_000_000;

    private final Machine machine;
    private final Hypervisor hypervisor;
    final Vm vm;
    final AtomicLong deviceAccesses = new AtomicLong();
    private Runnable before = () -> {};

    /**
     * @param deterministic whether one thread runs the vCPUs in turn
     * @param cpus how many vCPUs and PEs there are; all begin with the program's first instruction,
     *     their number in X0
     */
    HostedProgram(String program, boolean deterministic, int cpus, Tracer tracer) {
        this("default", program, deterministic, cpus, tracer);
    }

    HostedProgram(String cpu, String program, boolean deterministic, int cpus, Tracer tracer) {
        this(
                CpuModel.parse(cpu).withoutEl2(),
                CpuModel.parse(cpu).underHypervisor(),
                program,
                deterministic,
                cpus,
                tracer);
    }

    /** A program that starts at EL2, on FEAT_NV2. */
    static HostedProgram nested(String program, Tracer tracer) {
        CpuModel model = CpuModel.parse("default,-e2h0");
        CpuModel host = model.underNestingHypervisor(Feature.NV2);
        return new HostedProgram(model, host, program, true, 1, tracer);
    }

    private HostedProgram(
            CpuModel model,
            CpuModel host,
            String program,
            boolean deterministic,
            int cpus,
            Tracer tracer) {
        machine =
                new Machine(
                        new MachineConfig(
                                host, cpus, 0x8000_0000L, 64 << 20, deterministic, 0, 2, false));
        hypervisor = new Hypervisor(machine);
        hypervisor.setTracer(tracer);
        vm = hypervisor.createVm(VmConfig.of(model));
        vm.slots().add(0, RAM, 16 << 20);
        byte[] code = Assembler.assemble(program, RAM).bytes();
        vm.ram().write(RAM, code, 0, code.length);
        for (int i = 0; i < cpus; i++) {
            Vcpu vcpu = vm.createVcpu(i);
            if (i > 0) {
                vcpu.powerOn(RAM, i);
            } else {
                vcpu.setPc(RAM);
            }
        }
        vm.vgic().init();
    }

    /** Does for the first vCPU what a guest's interrupt controller driver does. */
    void enablePrivateInterrupt(int intid) {
        vm.vgic().distributor().write(0, 4, 0x13);
        vm.vgic().redistributors().write(0x14, 4, 0);
        vm.vgic().redistributors().write(0x1_0080, 4, 0xffff_ffffL);
        vm.vgic().redistributors().write(0x1_0100, 4, 1L << intid);
    }

    /** Has something done before the device answers. */
    void onDeviceAccess(Runnable action) {
        before = action;
    }

    /** Runs all vCPUs in turn until the guest powers off. */
    void runInTurn() {
        for (int i = 0; i < MAX_RUNS; i++) {
            for (Vcpu vcpu : vm.vcpus()) {
                if (vcpu.wakeUp() && !answer(vcpu, vcpu.run(BUDGET))) {
                    return;
                }
            }
        }
        throw new AssertionError("the guest does not end");
    }

    /** Runs the first vCPU on this thread until the guest powers off. */
    void run() {
        Vcpu vcpu = vm.vcpus().getFirst();
        for (int i = 0; i < MAX_RUNS; i++) {
            if (!answer(vcpu, vcpu.run())) {
                return;
            }
        }
        throw new AssertionError("the guest does not end");
    }

    /** Runs each vCPU on a thread of its own until the first one powers the guest off. */
    void runOnThreads() throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        List<Thread> threads = new ArrayList<>();
        for (Vcpu vcpu : vm.vcpus().subList(1, vm.vcpus().size())) {
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                while (!over.get()) {
                                    answer(vcpu, vcpu.run());
                                }
                            }));
        }
        run();
        over.set(true);
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                vm.vcpus().forEach(Vcpu::kick);
                thread.join(10);
            }
        }
    }

    private boolean answer(Vcpu vcpu, Exit exit) {
        return switch (exit) {
            case Exit.Mmio mmio -> {
                before.run();
                deviceAccesses.incrementAndGet();
                vcpu.completeMmio(7);
                yield true;
            }
            case Exit.BudgetUsed used -> true;
            case Exit.Waiting waiting -> true;
            case Exit.Interrupted interrupted -> true;
            case Exit.SystemEvent off -> false;
            default -> throw new AssertionError(exit);
        };
    }

    @Override
    public void close() {
        hypervisor.close();
        machine.close();
    }
}
