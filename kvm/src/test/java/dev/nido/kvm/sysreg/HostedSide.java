package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

/** A guest of the hypervisor that executes one access at a time. */
final class HostedSide extends DifferentialSide {

    /** Where the machine has its memory: not where the guest has its own. */
    private static final long HOST = 0x8000_0000L;

    private final Machine machine;
    private final Hypervisor hypervisor;
    private final Vcpu vcpu;

    HostedSide(CpuModel guest) {
        machine =
                new Machine(
                        new MachineConfig(
                                guest.underHypervisor(), 1, HOST, 32 << 20, true, 1, 2, false),
                        null);
        hypervisor = new Hypervisor(machine);
        Vm vm = hypervisor.createVm(VmConfig.of(guest));
        vm.slots().add(0, RAM, ramSize());
        vm.mmio().setUserDevices((ipa, size) -> false);
        vcpu = vm.createVcpu(0);
        vm.vgic().init();
        load((at, word) -> vm.ram().put32(at, word));
    }

    @Override
    void execute(AccessGenerator.Access access, long[] state) {
        controls(access, vcpu::writeSys);
        vcpu.setReg(0, access.x0());
        vcpu.setReg(1, access.x1());
        vcpu.setPc(address(access));
        OneReg.set(vcpu, RegisterId.pstate(), access.pstate());
        Exit exit = vcpu.run(1);
        while (exit instanceof Exit.Mmio) {
            // Nothing is there, as on the bare machine.
            vcpu.failMmio();
            exit = vcpu.run(1);
        }
        if (!(exit instanceof Exit.BudgetUsed)) {
            throw new AssertionError(exit + " after " + access);
        }
        state[0] = vcpu.reg(0);
        state[1] = vcpu.reg(1);
        state[2] = vcpu.reg(2);
        state[3] = vcpu.vector(0, false) ^ 31 * vcpu.vector(0, true);
        state[4] = vcpu.pc();
        state[5] = vcpu.pstate();
        state[6] = vcpu.fpcr();
        state[7] = vcpu.fpsr();
        state[8] = machine.pe(0).retired;
        SysReg[] compared = compared();
        for (int i = 0; i < compared.length; i++) {
            state[firstRegister() + i] = vcpu.readSys(compared[i]);
        }
    }

    @Override
    void reset() {
        vcpu.reset();
    }

    @Override
    public void close() {
        hypervisor.close();
        machine.close();
    }
}
