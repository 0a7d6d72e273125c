package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A hypervisor without E2H that writes a register of EL1 prepares its guest, and keeps its own. */
class Item23El1RegistersOfNvheTest {

    private static final SysReg[] REGISTERS = {
        SysReg.SCTLR_EL1,
        SysReg.TTBR0_EL1,
        SysReg.TTBR1_EL1,
        SysReg.TCR_EL1,
        SysReg.ESR_EL1,
        SysReg.FAR_EL1,
        SysReg.AFSR0_EL1,
        SysReg.AFSR1_EL1,
        SysReg.MAIR_EL1,
        SysReg.AMAIR_EL1,
        SysReg.CONTEXTIDR_EL1
    };

    @ParameterizedTest
    @CsvSource({"NV2", "NV"})
    void isThatOfEl1WhileEl2RunsWithout(Feature nesting) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < REGISTERS.length; i++) {
            text.append("movz x1, #%d, lsl #12\n".replace("lsl #12", "lsl #0").formatted(i + 1));
            text.append("lsl x1, x1, #12\n");
            text.append(
                    "msr %s, x1\nmrs x1, %s\nlsr x1, x1, #12\n"
                            .formatted(REGISTERS[i], REGISTERS[i]));
            text.append("movz x20, #0x900, lsl #16\nstr w1, [x20]\n");
        }
        try (HostedGuest guest =
                HostedGuest.nested(
                        nesting,
                        HostedGuest.hypervisorCpu(false),
                        1,
                        text + HostedGuest.OFF_BY_SMC)) {
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            for (int i = 0; i < REGISTERS.length; i++) {
                assertThat(guest.written.get(i)).as(REGISTERS[i].name()).isEqualTo(i + 1L);
                assertThat(guest.vcpu(0).readSys(REGISTERS[i]))
                        .as(REGISTERS[i].name())
                        .isEqualTo(i + 1L << 12);
                // Where EL2 goes on with its own.
                assertThat(guest.machine.pe(0).readRegister(REGISTERS[i]))
                        .as(REGISTERS[i].name())
                        .isNotEqualTo(i + 1L << 12);
            }
        }
    }
}
