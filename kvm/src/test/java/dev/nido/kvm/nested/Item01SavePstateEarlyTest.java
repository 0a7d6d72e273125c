package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.List;

/** Whoever looks at an exit first sees the mode of what was interrupted. */
class Item01SavePstateEarlyTest {

    /** ERET within EL2, HVC at EL1, SMC at EL0's level of a host, and the end. */
    private static final String MODES =
            """
            adr x0, vectors
            msr VBAR_EL2, x0
            movz x0, #0x8000, lsl #16
            msr HCR_EL2, x0
            adr x0, here
            msr ELR_EL2, x0
            movz x0, #0x3c9
            msr SPSR_EL2, x0
            eret
            here: adr x0, guest
            msr ELR_EL2, x0
            movz x0, #0x3c5
            msr SPSR_EL2, x0
            eret
            guest: movz x0, #0x8400, lsl #16
            smc #0
            adr x0, user
            msr ELR_EL1, x0
            msr SPSR_EL1, xzr
            eret
            user: movz x1, #0x900, lsl #16
            str w0, [x1]
            svc #0
            .balign 2048
            vectors:
            """
                    + HostedGuest.OFF_BY_SMC;

    private record Seen(int ec, int mode, boolean fast) {}

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void isThatOfTheInstruction(Feature nesting) {
        List<Seen> seen = new ArrayList<>();
        Tracer tracer =
                new Tracer() {
                    @Override
                    public void exit(Vcpu vcpu, int ec, long esr, long pc) {
                        seen.add(new Seen(ec, (int) vcpu.pstate() & 15, false));
                    }

                    @Override
                    public void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
                        seen.add(new Seen(ec, (int) vcpu.pstate() & 15, true));
                    }
                };
        try (HostedGuest guest =
                HostedGuest.nested(nesting, HostedGuest.hypervisorCpu(true), 1, MODES)) {
            guest.hypervisor.setTracer(tracer);
            guest.runAll(1000);
            assertThat(seen)
                    .contains(
                            new Seen(Esr.EC_ERET, 9, true),
                            new Seen(Esr.EC_ERET, 9, false),
                            new Seen(Esr.EC_SMC, 5, false),
                            new Seen(Esr.EC_DATA_ABORT, 0, false));
            assertThat(guest.written).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void isThatOfWhatAnInterruptInterrupted(Feature nesting) {
        String spin =
                """
                mrs x0, CNTVCT_EL0
                movz x1, #4000
                add x0, x0, x1
                msr CNTHP_CVAL_EL2, x0
                movz x0, #1
                msr CNTHP_CTL_EL2, x0
                movz x2, #20000
                again: sub x2, x2, #1
                cbnz x2, again
                msr CNTHP_CTL_EL2, xzr
                """
                        + HostedGuest.OFF_BY_SMC;
        List<Seen> seen = new ArrayList<>();
        Tracer tracer =
                new Tracer() {
                    @Override
                    public void exit(Vcpu vcpu, int ec, long esr, long pc) {
                        seen.add(new Seen(ec, (int) vcpu.pstate() & 15, false));
                    }
                };
        try (HostedGuest guest =
                HostedGuest.nested(nesting, HostedGuest.hypervisorCpu(true), 1, spin)) {
            guest.hypervisor.setTracer(tracer);
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            assertThat(seen).contains(new Seen(Tracer.IRQ, 9, false));
        }
    }
}
