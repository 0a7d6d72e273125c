package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.VcpuFeature;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** The page that VNCR_EL2 names: one a vCPU, zeroed, kept by another init, freed with the vCPU. */
class Item66VncrPageTest {

    @Test
    void livesAsLongAsItsVcpu() {
        var cpu = HostedGuest.hypervisorCpu(true);
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV2, cpu, 1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            HostMemory memory = hypervisor.memory();
            long before = memory.usedPages();
            Vm vm = hypervisor.createVm(VmConfig.of(cpu));
            Vcpu vcpu = vm.createVcpu(0);
            vcpu.init(EnumSet.of(VcpuFeature.HAS_EL2));
            VncrPage page = vcpu.nested().page();
            assertThat(page.pa() & 0xfff).isZero();
            assertThat(memory.count(page.pa())).isOne();
            assertThat(page.get(SysReg.TPIDR_EL2)).isZero();
            page.set(SysReg.TPIDR_EL2, 7);
            vcpu.init(EnumSet.of(VcpuFeature.HAS_EL2));
            assertThat(vcpu.nested().page()).isSameAs(page);
            assertThat(page.get(SysReg.TPIDR_EL2)).as("registers are reset").isZero();
            vm.close();
            assertThat(memory.usedPages()).isEqualTo(before);
        }
    }

    @Test
    void thatThereIsNoMemoryForLeavesTheVmAsItWas() {
        var cpu = HostedGuest.hypervisorCpu(true);
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV2, cpu, 1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            HostMemory memory = hypervisor.memory();
            Vm vm = hypervisor.createVm(VmConfig.of(cpu));
            long before = memory.usedPages();
            List<Long> pages = new ArrayList<>();
            for (long pa = memory.allocateTable(12); pa != 0; pa = memory.allocateTable(12)) {
                pages.add(pa);
            }
            assertThatThrownBy(() -> vm.createVcpu(0))
                    .isInstanceOf(KvmException.class)
                    .hasMessageContaining("ENOMEM");
            assertThat(vm.vcpus()).isEmpty();
            pages.forEach(pa -> memory.put(pa, 12));
            assertThat(memory.usedPages()).isEqualTo(before);
            assertThat(vm.createVcpu(0).nested().page().pa()).isNotZero();
        }
    }
}
