package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;

/** Over FEAT_NV a guest may change HCR_EL2.E2H: its registers get other places at once. */
class Item20E2hFlipTest {

    @Test
    void movesTheRegistersInThePe() {
        CpuModel cpu = CpuModel.defaultModel();
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV, cpu, 1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            var vm = hypervisor.createVm(VmConfig.of(cpu));
            var vcpu = vm.createVcpu(0);
            vm.vgic().init();
            var pe = hypervisor.cpus().pin(0);
            vcpu.load(pe);
            vcpu.writeSys(SysReg.CPTR_EL2, 0x33ff);
            vcpu.writeSys(SysReg.TCR_EL2, 0x8080_0019L);
            vcpu.writeSys(SysReg.TTBR1_EL2, 0x5000);
            assertThat(pe.read(SysReg.CPACR_EL1)).isEqualTo(El2Translation.cptr(0x33ff));
            assertThat(pe.read(SysReg.TCR_EL1)).isEqualTo(El2Translation.tcr(0x8080_0019L));
            assertThat(pe.read(SysReg.HCR_EL2) & HcrEl2.NV1).isNotZero();
            for (int i = 0; i < 3; i++) {
                vcpu.writeSys(SysReg.HCR_EL2, HcrEl2.E2H);
                vcpu.nested().written(SysReg.HCR_EL2);
                assertThat(pe.read(SysReg.CPACR_EL1)).isEqualTo(0x33ff);
                assertThat(pe.read(SysReg.TCR_EL1)).isEqualTo(0x8080_0019L);
                assertThat(pe.read(SysReg.TTBR1_EL1)).isEqualTo(0x5000);
                assertThat(pe.read(SysReg.HCR_EL2) & HcrEl2.NV1).isZero();
                vcpu.writeSys(SysReg.HCR_EL2, 0);
                vcpu.nested().written(SysReg.HCR_EL2);
                assertThat(pe.read(SysReg.CPACR_EL1)).isEqualTo(El2Translation.cptr(0x33ff));
                assertThat(pe.read(SysReg.TCR_EL1)).isEqualTo(El2Translation.tcr(0x8080_0019L));
                assertThat(pe.read(SysReg.HCR_EL2) & HcrEl2.NV1).isNotZero();
                assertThat(vcpu.readSys(SysReg.TTBR1_EL2)).isEqualTo(0x5000);
            }
            vcpu.put();
        }
    }
}
