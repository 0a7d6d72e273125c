package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The questions about where a vCPU is: a table over its mode, HCR_EL2.E2H and TGE. */
class Item11VirtualEl2PredicatesTest {

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void followModeE2hAndTge(boolean onlyE2h) {
        var cpu = HostedGuest.hypervisorCpu(onlyE2h);
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV2, cpu, 1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            var vcpu = hypervisor.createVm(VmConfig.of(cpu)).createVcpu(0);
            NestedVcpu nested = vcpu.nested();
            for (int mode : new int[] {0, 4, 5, 8, 9}) {
                for (long hcr : new long[] {0, HcrEl2.TGE, HcrEl2.E2H, HcrEl2.E2H | HcrEl2.TGE}) {
                    vcpu.setPstate(mode);
                    vcpu.writeSys(SysReg.HCR_EL2, hcr);
                    int el = Spsr.el(mode);
                    boolean tge = (hcr & HcrEl2.TGE) != 0;
                    assertThat(nested.isEl2()).isEqualTo(el == 2);
                    // RES1 or RES0, whatever is written; and it reads as written.
                    assertThat(nested.e2h()).isEqualTo(onlyE2h);
                    assertThat(vcpu.readSys(SysReg.HCR_EL2)).isEqualTo(hcr);
                    assertThat(nested.tge()).isEqualTo(tge);
                    boolean hyp = el == 2 || el == 0 && tge;
                    assertThat(nested.isHypContext()).isEqualTo(hyp);
                    assertThat(nested.isNested()).isEqualTo(!hyp);
                    assertThat(nested.isHostEl0()).isEqualTo(el == 0 && tge);
                }
            }
        }
    }
}
