package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Item 13: VPIDR_EL2 and VMPIDR_EL2 begin as the guest's own MIDR_EL1 and MPIDR_EL1, and are what
 * its guest reads by those names; its EL2 reads its own whatever they are.
 */
class Item13SanePidrTest {

    private static final String PROGRAM =
            """
            movz x20, #0x900, lsl #16
            adr x0, vectors
            msr VBAR_EL2, x0
            movz x0, #0x8000, lsl #16
            msr HCR_EL2, x0
            mrs x0, VPIDR_EL2
            str x0, [x20]
            mrs x0, VMPIDR_EL2
            str x0, [x20]
            movz x0, #0x1234
            msr VPIDR_EL2, x0
            movz x0, #0x5678
            msr VMPIDR_EL2, x0
            mrs x0, MIDR_EL1
            str x0, [x20]
            mrs x0, MPIDR_EL1
            str x0, [x20]
            adr x0, guest
            msr ELR_EL2, x0
            movz x0, #0x3c5
            msr SPSR_EL2, x0
            eret
            guest: mrs x0, MIDR_EL1
            str x0, [x20]
            mrs x0, MPIDR_EL1
            str x0, [x20]
            hvc #0
            .balign 2048
            vectors:
            .skip 0x400
            mrs x0, MIDR_EL1
            str x0, [x20]
            mrs x0, MPIDR_EL1
            str x0, [x20]
            """
                    + HostedGuest.OFF_BY_SMC;

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void eachLevelReadsItsOwn(Feature nesting, boolean e2h) {
        try (HostedGuest guest =
                HostedGuest.nested(nesting, HostedGuest.hypervisorCpu(e2h), 2, PROGRAM)) {
            for (int id = 0; id < 2; id++) {
                assertThat(guest.vcpu(id).readSys(SysReg.VPIDR_EL2)).isEqualTo(CpuModel.MIDR);
                assertThat(guest.vcpu(id).readSys(SysReg.VMPIDR_EL2)).isEqualTo(CpuModel.mpidr(id));
            }
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            assertThat(guest.written)
                    .containsExactly(
                            CpuModel.MIDR,
                            CpuModel.mpidr(0),
                            CpuModel.MIDR,
                            CpuModel.mpidr(0),
                            0x1234L,
                            0x5678L,
                            CpuModel.MIDR,
                            CpuModel.mpidr(0));
        }
    }
}
