package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.Errno;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.VcpuFeature;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;

import java.util.EnumSet;
import java.util.Set;

/** The vCPU features of a virtual EL2: bits 7 and 8, and what they exclude. */
class Item07VcpuFeatureTest {

    private static void refused(Vcpu vcpu, Set<VcpuFeature> features, String... words) {
        assertThatThrownBy(() -> vcpu.init(features))
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL))
                .hasMessageContainingAll(words);
    }

    @Test
    void haveKvmsNumbers() {
        assertThat(VcpuFeature.HAS_EL2.bit()).isEqualTo(7);
        assertThat(VcpuFeature.HAS_EL2_E2H0.bit()).isEqualTo(8);
    }

    @Test
    void needACpuWithEl2() {
        try (Machine machine =
                HostedGuest.nestingMachine(Feature.NV2, HostedGuest.hypervisorCpu(true), 1, true)) {
            Hypervisor hypervisor = new Hypervisor(machine);
            Vm plain = hypervisor.createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()));
            Vcpu vcpu = plain.createVcpu(0);
            refused(vcpu, EnumSet.of(VcpuFeature.HAS_EL2), "HAS_EL2");
            vcpu.init(EnumSet.noneOf(VcpuFeature.class));
            assertThat(vcpu.nested()).isNull();
            Vm nested = hypervisor.createVm(VmConfig.of(HostedGuest.hypervisorCpu(true)));
            Vcpu other = nested.createVcpu(0);
            refused(other, EnumSet.noneOf(VcpuFeature.class), "EL2", "HAS_EL2");
            refused(
                    other,
                    EnumSet.of(VcpuFeature.HAS_EL2, VcpuFeature.HAS_EL2_E2H0),
                    "HAS_EL2_E2H0");
            refused(other, EnumSet.of(VcpuFeature.HAS_EL2_E2H0), "HAS_EL2_E2H0", "HAS_EL2");
            other.init(EnumSet.of(VcpuFeature.HAS_EL2));
            assertThat(other.nested()).isNotNull();
            hypervisor.close();
        }
    }

    @Test
    void withoutVheAskForBothBits() {
        try (Machine machine =
                HostedGuest.nestingMachine(
                        Feature.NV2, HostedGuest.hypervisorCpu(false), 1, true)) {
            Hypervisor hypervisor = new Hypervisor(machine);
            Vm vm = hypervisor.createVm(VmConfig.of(HostedGuest.hypervisorCpu(false)));
            Vcpu vcpu = vm.createVcpu(0);
            refused(vcpu, EnumSet.of(VcpuFeature.HAS_EL2), "FEAT_VHE", "HAS_EL2_E2H0");
            vcpu.init(EnumSet.of(VcpuFeature.HAS_EL2, VcpuFeature.HAS_EL2_E2H0));
            hypervisor.close();
        }
    }

    @Test
    void areTheSameForAllVcpusOfAVm() {
        try (Machine machine = HostedGuest.machine(2, true)) {
            Hypervisor hypervisor = new Hypervisor(machine);
            Vm vm = hypervisor.createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()));
            Vcpu one = vm.createVcpu(0);
            Vcpu two = vm.createVcpu(1);
            one.init(EnumSet.of(VcpuFeature.PMU_V3));
            refused(two, EnumSet.noneOf(VcpuFeature.class), "vCPU 1", "vCPU 0", "PMU_V3");
            two.init(EnumSet.of(VcpuFeature.PMU_V3));
            hypervisor.close();
        }
    }

    @Test
    void cannotFlipE2hOverNv2() {
        CpuModel both = CpuModel.defaultModel();
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV2, both, 1, true)) {
            assertThatThrownBy(() -> new Hypervisor(machine).createVm(VmConfig.of(both)))
                    .isInstanceOf(KvmException.class)
                    .hasMessageContainingAll("FEAT_VHE", "FEAT_E2H0", "FEAT_NV2");
        }
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV, both, 1, true);
                Hypervisor hypervisor = new Hypervisor(machine);
                Vm vm = hypervisor.createVm(VmConfig.of(both))) {
            assertThat(vm.nesting()).isEqualTo(Nesting.NV);
        }
    }
}
