package dev.nido.kvm.nested;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.pe.Pe;

/** A vCPU with a virtual EL2 that is loaded, and a PE that has that EL2 for itself. */
final class VirtualEl2Rig implements AutoCloseable {

    final CpuModel model;
    final Machine machine;
    final Hypervisor hypervisor;
    final Vm vm;
    final Vcpu vcpu;
    final PhysicalCpu cpu;
    private final Machine bareMachine;

    /** The PE with an EL2 of its own. */
    final Pe bare;

    VirtualEl2Rig(Feature nesting, boolean e2h) {
        model = HostedGuest.hypervisorCpu(e2h);
        machine = HostedGuest.nestingMachine(nesting, model, 1, true);
        hypervisor = new Hypervisor(machine);
        vm = hypervisor.createVm(VmConfig.of(model));
        vm.slots().add(0, HostedGuest.RAM, 1 << 20);
        vcpu = vm.createVcpu(0);
        vm.vgic().init();
        cpu = hypervisor.cpus().pin(0);
        vcpu.load(cpu);
        bareMachine =
                new Machine(
                        new MachineConfig(model, 1, HostedGuest.RAM, 1 << 20, true, 1, 2, true));
        bare = bareMachine.pe(0);
        bare.reset(2);
    }

    /** Sets a register of EL2 in both. */
    void set(SysReg r, long value) {
        vcpu.writeSys(r, value);
        bare.writeRegister(r, value);
    }

    /** Goes to a mode and an address in both. */
    void go(long pstate, long pc) {
        vcpu.nested()
                .switchContext(() -> {
                    vcpu.setPstate(pstate);
                    vcpu.setPc(pc);
                });
        long spsr = bare.readRegister(SysReg.SPSR_EL2);
        long elr = bare.readRegister(SysReg.ELR_EL2);
        bare.writeRegister(SysReg.SPSR_EL2, pstate);
        bare.writeRegister(SysReg.ELR_EL2, pc);
        bare.resumeGuest();
        bare.writeRegister(SysReg.SPSR_EL2, spsr);
        bare.writeRegister(SysReg.ELR_EL2, elr);
    }

    /** PC and PSTATE of the PE with an EL2 of its own; its registers stay. */
    long[] barePcAndPstate() {
        long spsr = bare.readRegister(SysReg.SPSR_EL2);
        long elr = bare.readRegister(SysReg.ELR_EL2);
        bare.leaveGuest();
        long[] state = {bare.readRegister(SysReg.ELR_EL2), bare.readRegister(SysReg.SPSR_EL2)};
        bare.resumeGuest();
        bare.writeRegister(SysReg.SPSR_EL2, spsr);
        bare.writeRegister(SysReg.ELR_EL2, elr);
        return state;
    }

    long[] pcAndPstate() {
        return new long[] {vcpu.pc(), vcpu.pstate()};
    }

    @Override
    public void close() {
        vcpu.put();
        vm.close();
        machine.close();
        bareMachine.close();
    }
}
