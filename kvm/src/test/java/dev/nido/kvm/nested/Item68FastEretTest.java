package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Returns within hyp context cost no exit that anything else would notice. */
class Item68FastEretTest {

    /** 100 returns to EL2, then 100 to EL0 of the host, from which SVC comes back. */
    private static final String RETURNS =
            """
            adr x0, vectors
            msr VBAR_EL2, x0
            mrs x1, HCR_EL2
            movz x0, #0x800, lsl #16
            orr x1, x1, x0
            msr HCR_EL2, x1
            movz x19, #100
            again: adr x0, back
            msr ELR_EL2, x0
            movz x0, #0x3c9
            msr SPSR_EL2, x0
            eret
            back: sub x19, x19, #1
            cbnz x19, again
            movz x19, #100
            to: adr x0, user
            msr ELR_EL2, x0
            msr SPSR_EL2, xzr
            eret
            user: svc #0
            b user
            .balign 2048
            vectors:
            .skip 1024
            sub x19, x19, #1
            cbnz x19, to
            """
                    + HostedGuest.OFF_BY_SMC;

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV,true"})
    void leaveTheCountOfExitsAsItIs(Feature nesting, boolean e2h) {
        try (HostedGuest guest =
                HostedGuest.nested(nesting, HostedGuest.hypervisorCpu(e2h), 1, RETURNS)) {
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            assertThat(guest.vcpu(0).reg(19)).isZero();
            // Over NV each access to a register exits, over NV2 that to VBAR_EL2; ERETs do not.
            long registers = nesting == Feature.NV ? 3 + 2 * 200 : 1;
            assertThat(guest.vcpu(0).exits()).isEqualTo(2 + registers);
            assertThat(guest.vcpu(0).nested().switches()).isZero();
        }
    }
}
