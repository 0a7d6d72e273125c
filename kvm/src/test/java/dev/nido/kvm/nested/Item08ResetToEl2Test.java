package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.sysreg.OneReg;
import dev.nido.kvm.sysreg.RegisterId;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reset leaves a vCPU with a virtual EL2 there, and so does PSCI CPU_ON. */
class Item08ResetToEl2Test {

    /** CPU_ON by SMC with big-endian or little-endian data; the other CPU says what it has. */
    private static final String SECOND =
            """
            mrs x19, SCTLR_EL2
            movz x9, #%s, lsl #16
            orr x19, x19, x9
            msr SCTLR_EL2, x19
            isb
            movz x0, #0xc400, lsl #16
            movk x0, #3
            movz x1, #1
            adr x2, second
            movz x3, #0x77
            smc #0
            wait: b wait
            second: mov x21, x0
            mrs x22, CurrentEL
            mrs x23, SCTLR_EL2
            mrs x24, DAIF
            """
                    + HostedGuest.OFF_BY_SMC;

    @Test
    void isEl2hWithEverythingMasked() {
        CpuModel cpu = HostedGuest.hypervisorCpu(true);
        try (Machine machine = HostedGuest.nestingMachine(Feature.NV2, cpu, 1, true);
                Hypervisor hypervisor = new Hypervisor(machine)) {
            var vcpu = hypervisor.createVm(VmConfig.of(cpu)).createVcpu(0);
            assertThat(OneReg.get(vcpu, RegisterId.pstate())).isEqualTo(0x3c9);
            var plain =
                    hypervisor
                            .createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()))
                            .createVcpu(0);
            assertThat(OneReg.get(plain, RegisterId.pstate())).isEqualTo(0x3c5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "0x200"})
    void cpuOnStartsAtEl2WithTheCallersEndianness(String ee) {
        try (HostedGuest guest =
                HostedGuest.nested(
                        Feature.NV2, HostedGuest.hypervisorCpu(true), 2, SECOND.formatted(ee))) {
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            var second = guest.vcpu(1);
            assertThat(second.reg(21)).isEqualTo(0x77);
            assertThat(second.reg(22)).isEqualTo(8);
            assertThat(second.reg(23) & SctlrEl1.EE).isEqualTo(Long.decode(ee) << 16);
            assertThat(second.reg(24)).isEqualTo(0x3c0);
            assertThat(second.readSys(SysReg.HCR_EL2)).isZero();
        }
    }
}
