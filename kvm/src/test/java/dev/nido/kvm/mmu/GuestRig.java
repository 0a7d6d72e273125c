package dev.nido.kvm.mmu;

import dev.nido.arch.CpuModel;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.engine.StreamRecorder;

/** A machine with a hypervisor, and one VM with a vCPU and memory at {@link #RAM}. */
final class GuestRig implements AutoCloseable {

    static final long RAM = 0x4000_0000L;
    static final long HOST_RAM = 0x1_2000_0000L;

    final Machine machine;
    final Hypervisor hypervisor;
    final Vm vm;
    final Vcpu vcpu;

    /** Deterministic if there is a recorder. */
    GuestRig(long guestBytes, StreamRecorder recorder) {
        this(guestBytes, 1, recorder);
    }

    GuestRig(long guestBytes, int pes, StreamRecorder recorder) {
        this("default", guestBytes, pes, recorder);
    }

    GuestRig(String model, long guestBytes, int pes, StreamRecorder recorder) {
        this(model, guestBytes, pes, recorder, 12, false);
    }

    GuestRig(
            String model,
            long guestBytes,
            int pes,
            StreamRecorder recorder,
            int pageShift,
            boolean scattered) {
        CpuModel cpu = CpuModel.parse(model).withoutEl2();
        machine = machine(cpu, pes, recorder, 64L << 20);
        hypervisor = new Hypervisor(machine, pageShift, scattered);
        vm = hypervisor.createVm(VmConfig.of(cpu));
        if (guestBytes != 0) {
            vm.slots().add(0, RAM, guestBytes);
        }
        vcpu = vm.createVcpu(0);
        vm.vgic().init();
    }

    static Machine machine(CpuModel cpu, int pes, StreamRecorder recorder, long bytes) {
        MachineConfig config =
                new MachineConfig(
                        cpu.underHypervisor(), pes, HOST_RAM, bytes, recorder != null, 7, 2, false);
        return new Machine(config, recorder);
    }

    /** Assembles a program to the begin of memory, where the vCPU starts. */
    void load(String program) {
        byte[] image = Assembler.assemble(program, RAM).bytes();
        vm.ram().write(RAM, image, 0, image.length);
        vcpu.setPc(RAM);
    }

    Exit run() {
        return machine.deterministic() ? vcpu.run(1_000_000) : vcpu.run();
    }

    @Override
    public void close() {
        hypervisor.close();
        machine.close();
    }
}
