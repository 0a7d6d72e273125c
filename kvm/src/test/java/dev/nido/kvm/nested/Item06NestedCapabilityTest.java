package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.Feature;
import dev.nido.kvm.Capability;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the hypervisor says of nested virtualization: none, by FEAT_NV, by FEAT_NV2. */
class Item06NestedCapabilityTest {

    @Test
    void isNotThereOnAMachineWithout() {
        try (Machine machine = HostedGuest.machine(1, true)) {
            Hypervisor hypervisor = new Hypervisor(machine);
            assertThat(hypervisor.nesting()).isEqualTo(Nesting.NONE);
            assertThat(hypervisor.check(Capability.ARM_EL2)).isZero();
            assertThat(hypervisor.check(Capability.ARM_EL2_E2H0)).isZero();
            assertThatThrownBy(
                            () -> hypervisor.createVm(VmConfig.of(HostedGuest.hypervisorCpu(true))))
                    .isInstanceOf(KvmException.class)
                    .hasMessageContaining("EL2")
                    .hasMessageContaining("FEAT_NV");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void isWhatThePesHave(Feature nesting) {
        try (Machine machine =
                HostedGuest.nestingMachine(nesting, HostedGuest.hypervisorCpu(true), 1, true)) {
            Hypervisor hypervisor = new Hypervisor(machine);
            assertThat(hypervisor.nesting().name()).isEqualTo(nesting.name());
            assertThat(hypervisor.check(Capability.ARM_EL2)).isOne();
            assertThat(hypervisor.check(Capability.ARM_EL2_E2H0)).isOne();
        }
    }

    @Test
    void isNotThereInProtectedMode() {
        try (Machine machine =
                HostedGuest.nestingMachine(Feature.NV2, HostedGuest.hypervisorCpu(true), 1, true)) {
            Hypervisor hypervisor = new Hypervisor(machine);
            hypervisor.startProtectedMode();
            assertThat(hypervisor.nesting()).isEqualTo(Nesting.NONE);
            assertThatThrownBy(
                            () -> hypervisor.createVm(VmConfig.of(HostedGuest.hypervisorCpu(true))))
                    .isInstanceOf(KvmException.class)
                    .hasMessageContaining("protected")
                    .hasMessageContaining("EL2");
        }
    }
}
