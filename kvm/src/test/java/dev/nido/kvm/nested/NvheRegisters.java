package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import java.util.List;

/** A hypervisor without E2H that writes and reads registers by their EL1 names. */
final class NvheRegisters {

    private NvheRegisters() {}

    /** Checks that they are its guest's, and that its own in the PE are not touched. */
    static void areThoseOfEl1(Feature nesting, List<SysReg> registers) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < registers.size(); i++) {
            text.append("movz x1, #%d\n".formatted(i + 1));
            text.append("lsl x1, x1, #12\n");
            text.append(
                    "msr %s, x1\nmrs x1, %s\nlsr x1, x1, #12\n"
                            .formatted(registers.get(i), registers.get(i)));
            text.append("movz x20, #0x900, lsl #16\nstr w1, [x20]\n");
        }
        try (HostedGuest guest =
                HostedGuest.nested(
                        nesting,
                        HostedGuest.hypervisorCpu(false),
                        1,
                        text + HostedGuest.OFF_BY_SMC)) {
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            for (int i = 0; i < registers.size(); i++) {
                assertThat(guest.written.get(i)).as(registers.get(i).name()).isEqualTo(i + 1L);
                assertThat(guest.vcpu(0).readSys(registers.get(i)))
                        .as(registers.get(i).name())
                        .isEqualTo(i + 1L << 12);
                // Where EL2 goes on with its own.
                assertThat(guest.machine.pe(0).readRegister(registers.get(i)))
                        .as(registers.get(i).name())
                        .isNotEqualTo(i + 1L << 12);
            }
        }
    }
}
