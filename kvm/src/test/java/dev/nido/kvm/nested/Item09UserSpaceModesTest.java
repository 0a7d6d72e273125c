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
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.sysreg.OneReg;
import dev.nido.kvm.sysreg.RegisterId;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;

import java.util.Set;

/** Modes that user space may set: those of EL2 only where there is one, and never others. */
class Item09UserSpaceModesTest {

    @Test
    void followsTheVcpu() {
        CpuModel cpu = HostedGuest.hypervisorCpu(true);
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV2, cpu, 1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            table(hypervisor.createVm(VmConfig.of(cpu)).createVcpu(0), Set.of(0, 4, 5, 8, 9));
            table(
                    hypervisor
                            .createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()))
                            .createVcpu(0),
                    Set.of(0, 4, 5));
        }
    }

    private static void table(Vcpu vcpu, Set<Integer> allowed) {
        for (int mode = 0; mode < 32; mode++) {
            long value = 0x3c0 | mode;
            if (allowed.contains(mode)) {
                OneReg.set(vcpu, RegisterId.pstate(), value);
                assertThat(OneReg.get(vcpu, RegisterId.pstate())).isEqualTo(value);
            } else {
                assertThatThrownBy(() -> OneReg.set(vcpu, RegisterId.pstate(), value))
                        .isInstanceOfSatisfying(
                                KvmException.class,
                                e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
            }
        }
    }
}
