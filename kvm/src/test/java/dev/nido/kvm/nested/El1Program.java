package dev.nido.kvm.nested;

import dev.nido.arch.Feature;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import java.util.List;

/**
 * A hypervisor of a few lines: it prepares something at EL2, runs a guest at EL1, and says which
 * exception ended that: vector (1: from EL2 itself, 2: from below), ESR_EL2, and where in the
 * guest.
 */
final class El1Program {

    private static final String TEXT =
            """
            movz x20, #0x900, lsl #16
            adr x0, vectors
            msr VBAR_EL2, x0
            %s
            adr x0, guest
            msr ELR_EL2, x0
            movz x0, #0x3c5
            msr SPSR_EL2, x0
            eret
            guest:
            %s
            hvc #0xff
            .balign 2048
            vectors:
            .skip 512
            movz x9, #1
            b report
            .balign 512
            .skip 0
            lower: movz x9, #2
            report: str w9, [x20]
            mrs x10, ESR_EL2
            str w10, [x20]
            mrs x11, ELR_EL2
            adr x12, guest
            sub x11, x11, x12
            str w11, [x20]
            """
                    + HostedGuest.OFF_BY_SMC;

    private El1Program() {}

    /** Runs it; what it said, with what the guest itself wrote to the device (X20) before. */
    static List<Long> run(Feature nesting, boolean e2h, String atEl2, String atEl1) {
        try (HostedGuest guest = start(nesting, e2h, atEl2, atEl1)) {
            Exit exit = guest.runAll(1000);
            if (!(exit instanceof Exit.SystemEvent)) {
                throw new AssertionError(exit + " after " + guest.written);
            }
            return guest.written;
        }
    }

    /** The guest before it runs. */
    static HostedGuest start(Feature nesting, boolean e2h, String atEl2, String atEl1) {
        return HostedGuest.nested(
                nesting, HostedGuest.hypervisorCpu(e2h), 1, TEXT.formatted(atEl2, atEl1));
    }
}
