package dev.nido.kvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Set;

/** Misuse of the API: KVM's error numbers, and nothing changed. */
class ApiTest {

    private Machine machine;
    private Hypervisor hypervisor;
    private Vm vm;

    @BeforeEach
    void create() {
        machine = HostedGuest.machine(2, false);
        hypervisor = new Hypervisor(machine);
        vm = hypervisor.createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()));
    }

    @AfterEach
    void close() {
        hypervisor.close();
        machine.close();
    }

    private static void refused(int errno, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    @Test
    void aHypervisorNeedsAMachineThatReturnsFromEl2() {
        CpuModel cpu = CpuModel.defaultModel();
        try (Machine bare = new Machine(new MachineConfig(cpu, 1, 0, 1 << 20, false, 0, 2, true))) {
            assertThatThrownBy(() -> new Hypervisor(bare))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("EL2");
        }
    }

    @Test
    void vcpusAreNumberedWithoutGaps() {
        vm.createVcpu(0);
        refused(Errno.EEXIST, () -> vm.createVcpu(0));
        refused(Errno.EINVAL, () -> vm.createVcpu(2));
        refused(Errno.EINVAL, () -> vm.createVcpu(512));
        assertThat(vm.vcpus()).hasSize(1);
    }

    @Test
    void noVcpuAfterTheInterruptControllerIsInitialised() {
        vm.createVcpu(0);
        vm.vgic().init();
        refused(Errno.EBUSY, () -> vm.createVcpu(1));
        assertThat(vm.vcpus()).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"EL1_32BIT", "HAS_EL2", "HAS_EL2_E2H0"})
    void featuresThatAreNotThereAreRefused(VcpuFeature feature) {
        Vcpu vcpu = vm.createVcpu(0);
        refused(Errno.EINVAL, () -> vcpu.init(Set.of(feature)));
        assertThat(vcpu.features()).isNull();
    }

    @Test
    void initAgainTakesTheSameFeaturesOnly() {
        Vcpu vcpu = vm.createVcpu(0);
        vcpu.init(Set.of(VcpuFeature.PMU_V3, VcpuFeature.POWER_OFF));
        assertThat(vcpu.isPoweredOn()).isFalse();
        refused(Errno.EINVAL, () -> vcpu.init(Set.of()));
        vcpu.setReg(3, 7);
        vcpu.init(Set.of(VcpuFeature.PMU_V3));
        assertThat(vcpu.isPoweredOn()).isTrue();
        assertThat(vcpu.reg(3)).isZero();
        assertThat(vcpu.pstate()).isEqualTo(0x3c5);
    }

    @Test
    void addressSpacesThatCannotBeAreRefused() {
        long used = hypervisor.memory().usedPages();
        CpuModel cpu = CpuModel.defaultModel().withoutEl2();
        for (int bits : new int[] {1, 31, 41, 64}) {
            refused(Errno.EINVAL, () -> hypervisor.createVm(new VmConfig(cpu, bits, 0, false)));
        }
        assertThat(hypervisor.memory().usedPages()).isEqualTo(used);
    }

    @Test
    void immediateExitComesBeforeTheGuest() {
        Vcpu vcpu = vm.createVcpu(0);
        vm.vgic().init();
        vcpu.setImmediateExit(true);
        assertThat(vcpu.run()).isEqualTo(new Exit.Interrupted());
        assertThat(machine.retired()).isZero();
    }

    @Test
    void aClosedVmMayBeClosedAgain() {
        vm.createVcpu(0);
        vm.close();
        vm.close();
        assertThat(hypervisor.memory().usedPages()).isZero();
    }

    @Test
    void capabilitiesAreKvmsNumbers() {
        assertThat(hypervisor.check(Capability.ARM_VM_IPA_SIZE)).isEqualTo(40);
        assertThat(hypervisor.check(Capability.NR_VCPUS)).isEqualTo(2);
        assertThat(hypervisor.check(Capability.ARM_EL1_32BIT)).isZero();
        assertThat(Capability.ONE_REG.number()).isEqualTo(70);
    }
}
