package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.kvm.Capability;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.VcpuFeature;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.EnumSet;

/** Item 57: user space may ask for a virtual EL2 where the machine can have one, and only there. */
class Item57NvRequestTest {

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void initSucceedsWithTheCapability(Feature nesting) {
        for (boolean e2h : new boolean[] {true, false}) {
            CpuModel cpu = HostedGuest.hypervisorCpu(e2h);
            try (HostedGuest guest = HostedGuest.nested(nesting, cpu, 1, "b .")) {
                assertThat(guest.hypervisor.check(Capability.ARM_EL2)).isEqualTo(1);
                Vcpu vcpu = guest.vcpu(0);
                EnumSet<VcpuFeature> wanted = EnumSet.of(VcpuFeature.HAS_EL2);
                if (!e2h) {
                    wanted.add(VcpuFeature.HAS_EL2_E2H0);
                }
                vcpu.init(wanted);
                assertThat(vcpu.features()).containsAll(wanted);
                assertThat(Spsr.el(vcpu.pstate())).isEqualTo(2);
                vcpu.run(10);
            }
        }
    }

    @Test
    void withoutItThereIsNone() {
        try (Machine machine = HostedGuest.machine(1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            assertThat(hypervisor.check(Capability.ARM_EL2)).isZero();
            assertThatThrownBy(
                            () -> hypervisor.createVm(VmConfig.of(HostedGuest.hypervisorCpu(true))))
                    .isInstanceOf(KvmException.class)
                    .hasMessageContaining("EL2")
                    .hasMessageContaining("FEAT_NV");
            Vcpu vcpu =
                    hypervisor
                            .createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()))
                            .createVcpu(0);
            assertThatThrownBy(() -> vcpu.init(EnumSet.of(VcpuFeature.HAS_EL2)))
                    .isInstanceOf(KvmException.class);
        }
    }
}
