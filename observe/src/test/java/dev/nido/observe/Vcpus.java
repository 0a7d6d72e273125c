package dev.nido.observe;

import dev.nido.arch.CpuModel;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

import java.util.ArrayList;
import java.util.List;

/** A hypervisor whose vCPUs never run: events about them are made by hand. */
final class Vcpus implements AutoCloseable {
    private final Machine machine;
    private final Hypervisor hypervisor;

    Vcpus() {
        machine =
                new Machine(
                        new MachineConfig(
                                CpuModel.defaultModel().underHypervisor(),
                                1,
                                0x4000_0000L,
                                64 << 20,
                                false,
                                0,
                                2,
                                false));
        hypervisor = new Hypervisor(machine);
    }

    /** The vCPUs of a new VM. */
    List<Vcpu> create(int count) {
        Vm vm = hypervisor.createVm(VmConfig.of(CpuModel.defaultModel()));
        List<Vcpu> vcpus = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            vcpus.add(vm.createVcpu(i));
        }
        return vcpus;
    }

    @Override
    public void close() {
        hypervisor.close();
        machine.close();
    }
}
