package dev.nido.kvm.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Spsr;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Exit;
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

/** A protected guest found in AArch32, which this machine lacks: the exit's mode is forged. */
class Item02EarlyExitFilterTest {

    @Test
    void aVcpuThatWasThereHasToBeInitialisedAgain() {
        try (Machine machine = HostedGuest.machine(1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            hypervisor.startProtectedMode();
            Vm vm =
                    hypervisor.createVm(
                            new VmConfig(CpuModel.defaultModel().withoutEl2(), 0, 0, true));
            Vcpu vcpu = vm.createVcpu(0);
            vm.vgic().init();
            assertThat(RunLoop.earlyExitFilter(vcpu, 0x3c5)).isNull();
            assertThat(RunLoop.earlyExitFilter(vcpu, 0x3c0)).isNull();
            vcpu.setImmediateExit(true);
            assertThat(vcpu.run(1)).isInstanceOf(Exit.Interrupted.class);
            assertThat(RunLoop.earlyExitFilter(vcpu, Spsr.AARCH32 | 3))
                    .isInstanceOf(Exit.FailEntry.class);
            assertThatThrownBy(() -> vcpu.run(1))
                    .isInstanceOfSatisfying(
                            KvmException.class,
                            e -> assertThat(e.errno()).isEqualTo(Errno.ENOEXEC));
            vcpu.init(EnumSet.noneOf(VcpuFeature.class));
            assertThat(vcpu.run(1)).isInstanceOf(Exit.Interrupted.class);
        }
    }
}
