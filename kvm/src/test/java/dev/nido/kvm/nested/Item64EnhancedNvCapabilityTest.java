package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The level of nested virtualization is what ID_AA64MMFR2_EL1.NV of the PEs says. */
class Item64EnhancedNvCapabilityTest {

    @ParameterizedTest
    @CsvSource({"NV,1", "NV2,2"})
    void followsTheField(Feature nesting, int field) {
        CpuModel guest = HostedGuest.hypervisorCpu(true);
        try (Machine machine = HostedGuest.nestingMachine(nesting, guest, 2, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            for (int i = 0; i < machine.pes(); i++) {
                long mmfr2 = machine.pe(i).cpu.idRegister(SysReg.ID_AA64MMFR2_EL1);
                assertThat(mmfr2 >>> 24 & 15).isEqualTo(field);
            }
            assertThat(hypervisor.nesting()).isEqualTo(Nesting.valueOf(nesting.name()));
            // And the guest is told nothing of it.
            var vm = hypervisor.createVm(VmConfig.of(guest));
            assertThat(vm.nesting()).isEqualTo(hypervisor.nesting());
            assertThat(vm.idRegisters().get(SysReg.ID_AA64MMFR2_EL1) >>> 24 & 15).isZero();
        }
    }
}
