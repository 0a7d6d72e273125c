package dev.nido.observe;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
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
    private static final CpuModel HYPERVISORS = CpuModel.parse("default,-e2h0");

    private final Machine machine;
    private final Hypervisor hypervisor;

    Vcpus() {
        machine =
                new Machine(
                        new MachineConfig(
                                HYPERVISORS.underNestingHypervisor(Feature.NV2),
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
        return create(HYPERVISORS.withoutEl2(), count);
    }

    /** The vCPUs of a new VM for a hypervisor, at EL2. */
    List<Vcpu> createNested(int count) {
        return create(HYPERVISORS, count);
    }

    private List<Vcpu> create(CpuModel cpu, int count) {
        Vm vm = hypervisor.createVm(VmConfig.of(cpu));
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
