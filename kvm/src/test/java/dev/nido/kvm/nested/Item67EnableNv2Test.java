package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With FEAT_NV2 a hypervisor's registers are memory: accesses do not exit. */
class Item67EnableNv2Test {

    private static final String SWITCH =
            """
            movz x1, #0x55
            msr HCR_EL2, x1
            msr VTTBR_EL2, x1
            msr VTCR_EL2, x1
            msr TPIDR_EL2, x1
            msr CNTVOFF_EL2, x1
            msr ICH_VMCR_EL2, x1
            msr ICH_LR3_EL2, x1
            msr HSTR_EL2, x1
            msr VMPIDR_EL2, x1
            msr ELR_EL2, x1
            msr SPSR_EL2, x1
            msr ESR_EL2, x1
            msr FAR_EL2, x1
            mrs x22, HCR_EL2
            mrs x23, VTTBR_EL2
            mrs x24, ELR_EL2
            mrs x25, ICH_LR3_EL2
            msr HCR_EL2, xzr
            """
                    + HostedGuest.OFF_BY_SMC;

    @ParameterizedTest
    @CsvSource({"NV2,true,2", "NV2,false,2", "NV,true,20", "NV,false,20"})
    void savesTheExits(Feature nesting, boolean e2h, int exits) {
        try (HostedGuest guest =
                HostedGuest.nested(nesting, HostedGuest.hypervisorCpu(e2h), 1, SWITCH)) {
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            for (int n = 22; n <= 25; n++) {
                assertThat(guest.vcpu(0).reg(n)).isEqualTo(0x55);
            }
            assertThat(guest.vcpu(0).exits()).isEqualTo(exits);
            assertThat(guest.vcpu(0).readSys(SysReg.VTTBR_EL2)).isEqualTo(0x55);
            assertThat(guest.vcpu(0).readSys(SysReg.FAR_EL2)).isEqualTo(0x55);
        }
    }

    @Test
    void namesTheVcpusPage() {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(Feature.NV2, true)) {
            assertThat(rig.cpu.read(SysReg.VNCR_EL2)).isEqualTo(rig.vcpu.nested().page().pa());
            assertThat(rig.cpu.read(SysReg.HCR_EL2) & HcrEl2.NV2).isNotZero();
        }
    }
}
