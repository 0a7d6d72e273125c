package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.mmu.HostMemory;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.Map;

/**
 * Item 61: where a register is in the page that VNCR_EL2 names (Arm ARM D8.11, table of offsets).
 */
class Item61VncrOffsetsTest {

    private static final String TABLE =
            """
            020 VTTBR_EL2       040 VTCR_EL2        050 VMPIDR_EL2      060 CNTVOFF_EL2
            078 HCR_EL2         080 HSTR_EL2        088 VPIDR_EL2       090 TPIDR_EL2
            0b0 VNCR_EL2        100 CPACR_EL1       108 CONTEXTIDR_EL1  110 SCTLR_EL1
            118 ACTLR_EL1       120 TCR_EL1         128 AFSR0_EL1       130 AFSR1_EL1
            138 ESR_EL1         140 MAIR_EL1        148 AMAIR_EL1       158 MDSCR_EL1
            160 SPSR_EL1        168 CNTV_CVAL_EL0   170 CNTV_CTL_EL0    178 CNTP_CVAL_EL0
            180 CNTP_CTL_EL0    200 TTBR0_EL1       210 TTBR1_EL1       220 FAR_EL1
            230 ELR_EL1         240 SP_EL1          250 VBAR_EL1        4c0 ICH_HCR_EL2
            4c8 ICH_VMCR_EL2    480 ICH_AP0R0_EL2   4a0 ICH_AP1R0_EL2
            """;

    private static Map<String, Integer> table() {
        Map<String, Integer> offsets = new HashMap<>();
        String[] words = TABLE.trim().split("\\s+");
        for (int i = 0; i < words.length; i += 2) {
            offsets.put(words[i + 1], Integer.parseInt(words[i], 16));
        }
        for (int n = 0; n < 16; n++) {
            offsets.put("ICH_LR" + n + "_EL2", 0x400 + 8 * n);
        }
        return offsets;
    }

    @Test
    void everyRegisterWithASlotHasItWhereTheArchitectureSays() {
        Map<String, Integer> offsets = table();
        for (SysReg r : SysReg.values()) {
            assertThat(r.vncrOffset()).as(r.name()).isEqualTo(offsets.getOrDefault(r.name(), -1));
            offsets.remove(r.name());
        }
        assertThat(offsets).as("registers that are not there").isEmpty();
    }

    /** Stores of user space, of the hypervisor, and of the PE for the guest, meet there. */
    @Test
    void allSeeTheSameSlots() {
        String program =
                """
                movz x0, #0x4321
                msr TPIDR_EL2, x0
                msr S3_5_C6_C0_0, x0
                b .
                """;
        CpuModel cpu = HostedGuest.hypervisorCpu(true);
        try (HostedGuest guest = HostedGuest.nested(Feature.NV2, cpu, 1, program)) {
            Vcpu vcpu = guest.vcpu(0);
            HostMemory host = guest.hypervisor.memory();
            long page = host.memory().offsetOf(vcpu.nested().page().pa());
            for (SysReg r : SysReg.values()) {
                boolean timer = r.name().startsWith("CNT");
                if (r.vncrOffset() >= 0 && !timer && r != SysReg.HCR_EL2) {
                    vcpu.writeSys(r, 0x100 + r.ordinal());
                    assertThat(host.memory().get64(page + r.vncrOffset()))
                            .as(r.name())
                            .isEqualTo(0x100 + r.ordinal());
                    vcpu.writeSys(r, 0);
                }
            }
            vcpu.run(3);
            assertThat(host.memory().get64(page + 0x90)).as("TPIDR_EL2").isEqualTo(0x4321);
            assertThat(host.memory().get64(page + 0x220)).as("FAR_EL12").isEqualTo(0x4321);
            assertThat(vcpu.readSys(SysReg.FAR_EL1)).isEqualTo(0x4321);
        }
    }
}
