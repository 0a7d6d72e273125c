package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Debugging a guest from user space. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GuestDebugTest {

    private static final long BUDGET = 1000;

    private static int classOf(Exit exit) {
        assertThat(exit).isInstanceOf(Exit.Debug.class);
        return Esr.exceptionClass(((Exit.Debug) exit).esr());
    }

    @Test
    void everyRunStepsOneInstructionEmulatedOnesToo() {
        try (HostedGuest guest =
                HostedGuest.deterministic(
                        1,
                        """
                        mov x1, #1
                        mrs x2, id_aa64pfr0_el1
                        msr actlr_el1, x1
                        b next
                        nop
                        next: mov x3, #3
                        """)) {
            Vcpu vcpu = guest.vcpu(0);
            vcpu.debug().debug(GuestDebug.stepping());
            long[] expected = {4, 8, 12, 20, 24};
            for (long offset : expected) {
                assertThat(classOf(vcpu.run(BUDGET))).isEqualTo(Esr.EC_STEP);
                assertThat(vcpu.pc()).isEqualTo(HostedGuest.RAM + offset);
            }
            assertThat(vcpu.reg(2)).isEqualTo(vcpu.vm().idRegisters().get(SysReg.ID_AA64PFR0_EL1));
            assertThat(vcpu.reg(3)).isEqualTo(3);
        }
    }

    @Test
    void steppingGoesIntoTheGuestsExceptionHandler() {
        try (HostedGuest guest =
                HostedGuest.deterministic(
                        1,
                        "adr x0, table\n msr vbar_el1, x0\n svc #0\n .balign 2048\n table: nop")) {
            Vcpu vcpu = guest.vcpu(0);
            vcpu.run(2);
            vcpu.debug().debug(GuestDebug.stepping());
            assertThat(classOf(vcpu.run(BUDGET))).isEqualTo(Esr.EC_STEP);
            assertThat(vcpu.pc()).isEqualTo(HostedGuest.RAM + 2048 + 0x200);
        }
    }

    @Test
    void softwareBreakpointsExitAndTheVmmGoesPastThem() {
        try (HostedGuest guest =
                HostedGuest.deterministic(
                        1, "mov x1, #1\n brk #0x42\n mov x1, #2\n again: b again")) {
            Vcpu vcpu = guest.vcpu(0);
            vcpu.debug().debug(GuestDebug.softwareBreakpoints());
            Exit exit = vcpu.run(BUDGET);
            assertThat(classOf(exit)).isEqualTo(Esr.EC_BRK);
            assertThat(Esr.iss(((Exit.Debug) exit).esr())).isEqualTo(0x42);
            assertThat(vcpu.pc()).isEqualTo(HostedGuest.RAM + 4);
            vcpu.setPc(vcpu.pc() + 4);
            assertThat(vcpu.run(BUDGET)).isEqualTo(new Exit.BudgetUsed());
            assertThat(vcpu.reg(1)).isEqualTo(2);
        }
    }

    @Test
    void hardwareBreakpointsHitBeforeTheirInstruction() {
        try (HostedGuest guest =
                HostedGuest.deterministic(
                        1, "mov x1, #0\n add x1, x1, #1\n add x1, x1, #1\n b .")) {
            Vcpu vcpu = guest.vcpu(0);
            vcpu.debug().debug(GuestDebug.breakpoints(HostedGuest.RAM + 8));
            assertThat(classOf(vcpu.run(BUDGET))).isEqualTo(Esr.EC_BREAKPOINT);
            assertThat(vcpu.pc()).isEqualTo(HostedGuest.RAM + 8);
            assertThat(vcpu.reg(1)).isEqualTo(1);
            vcpu.debug().debug(null);
            assertThat(vcpu.run(BUDGET)).isEqualTo(new Exit.BudgetUsed());
            assertThat(vcpu.reg(1)).isEqualTo(2);
        }
    }

    @Test
    void watchpointsReportTheAddress() {
        try (HostedGuest guest =
                HostedGuest.deterministic(
                        1,
                        "movz x1, #0x4000, lsl #16\n"
                                + " ldr x2, [x1, #0x100]\n"
                                + " str x2, [x1, #0x108]\n"
                                + " b .")) {
            Vcpu vcpu = guest.vcpu(0);
            long watched = HostedGuest.RAM + 0x108;
            long wcr = 1 | 3 << 1 | 2 << 3 | 0xff << 5;
            vcpu.debug()
                    .debug(
                            new GuestDebug(
                                    false,
                                    true,
                                    new long[0],
                                    new long[0],
                                    new long[] {watched},
                                    new long[] {wcr}));
            Exit exit = vcpu.run(BUDGET);
            assertThat(classOf(exit)).isEqualTo(Esr.EC_WATCHPOINT);
            assertThat(((Exit.Debug) exit).far()).isEqualTo(watched);
            assertThat(vcpu.pc()).isEqualTo(HostedGuest.RAM + 8);
        }
    }

    /** The guest steps its own EL0; user space looking on for a while changes nothing of it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theGuestsOwnSteppingGoesOnAfterUserSpaceStepped(boolean userSteps) {
        String program =
                """
                adr x0, table
                msr vbar_el1, x0
                msr oslar_el1, xzr
                mov x1, #1
                msr mdscr_el1, x1
                adr x2, user
                msr elr_el1, x2
                movz x3, #0x20, lsl #16
                msr spsr_el1, x3
                eret
                user: mov x4, #4
                mov x5, #5
                b .
                .balign 2048
                table: .space 0x400
                mrs x6, esr_el1
                mrs x7, elr_el1
                b .
                """;
        try (HostedGuest guest = HostedGuest.deterministic(1, program)) {
            Vcpu vcpu = guest.vcpu(0);
            if (userSteps) {
                vcpu.debug().debug(GuestDebug.stepping());
                for (int i = 0; i < 7; i++) {
                    assertThat(classOf(vcpu.run(BUDGET))).isEqualTo(Esr.EC_STEP);
                }
                vcpu.debug().debug(null);
            }
            assertThat(vcpu.run(BUDGET)).isEqualTo(new Exit.BudgetUsed());
            assertThat(Esr.exceptionClass(vcpu.reg(6))).isEqualTo(Esr.EC_STEP);
            assertThat(vcpu.reg(7)).isEqualTo(guest.symbols.get("user") + 4);
            assertThat(vcpu.reg(4)).isEqualTo(4);
            assertThat(vcpu.reg(5)).isZero();
        }
    }

    /** Two vCPUs take turns on one PE; only the first has a breakpoint. */
    @Test
    void theGuestsBreakpointsGoWithTheVcpu() {
        String program =
                """
                adr x1, table
                msr vbar_el1, x1
                msr oslar_el1, xzr
                cbnz x0, ready
                adr x1, hit
                msr dbgbvr0_el1, x1
                mov x1, #0x1e7
                msr dbgbcr0_el1, x1
                ready: mov x1, #0xa000
                msr mdscr_el1, x1
                msr daifclr, #8
                mov x8, #20
                movz x7, #0x900, lsl #16
                again: ldr w2, [x7]
                hit: nop
                subs x8, x8, #1
                b.ne again
                str w0, [x7]
                .balign 2048
                table: .space 0x200
                add x9, x9, #1
                mrs x3, elr_el1
                add x3, x3, #4
                msr elr_el1, x3
                eret
                """;
        try (HostedGuest guest = HostedGuest.threaded(2, 1, program)) {
            guest.vcpu(1).powerOn(HostedGuest.RAM, 1);
            boolean done = false;
            while (!done) {
                for (Vcpu vcpu : guest.vm.vcpus()) {
                    Exit exit = vcpu.run();
                    assertThat(exit).isInstanceOf(Exit.Mmio.class);
                    done = ((Exit.Mmio) exit).write();
                    if (!done) {
                        vcpu.completeMmio(0);
                    }
                }
            }
            assertThat(guest.vcpu(0).reg(9)).isEqualTo(20);
            assertThat(guest.vcpu(1).reg(9)).isZero();
        }
    }

    @Test
    void moreBreakpointsThanThereAreAreRefused() {
        assertThatThrownBy(() -> GuestDebug.breakpoints(1, 2, 3, 4, 5, 6, 7))
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
    }

    /** The access would be the VMM's, but the guest's own watchpoint comes before it. */
    @ParameterizedTest
    @ValueSource(strings = {"ldr w2, [x7, #4]", "str w2, [x7, #4]", "stp w2, w3, [x7]"})
    void theGuestsWatchpointsSeeDevices(String access) {
        String program =
                """
                adr x1, table
                msr vbar_el1, x1
                msr oslar_el1, xzr
                movz x7, #0x900, lsl #16
                add x1, x7, #4
                msr dbgwvr0_el1, x1
                mov x1, #0x1ff
                msr dbgwcr0_el1, x1
                mov x1, #0xa000
                msr mdscr_el1, x1
                msr daifclr, #8
                access:
                %s
                b .
                .balign 2048
                table: .space 0x200
                mrs x3, esr_el1
                mrs x4, far_el1
                mrs x5, elr_el1
                b .
                """
                        .formatted(access);
        try (HostedGuest guest = HostedGuest.deterministic(1, program)) {
            Vcpu vcpu = guest.vcpu(0);
            Exit exit = vcpu.run(BUDGET);
            if (access.startsWith("stp")) {
                assertThat(exit).isEqualTo(new Exit.Mmio(HostedGuest.DEVICE, 4, true, 0));
                vcpu.completeMmio(0);
                exit = vcpu.run(BUDGET);
            }
            assertThat(exit).isEqualTo(new Exit.BudgetUsed());
            assertThat(Esr.exceptionClass(vcpu.reg(3))).isEqualTo(Esr.EC_WATCHPOINT + 1);
            assertThat((vcpu.reg(3) & Esr.WNR) != 0).isEqualTo(access.startsWith("st"));
            assertThat(vcpu.reg(4)).isEqualTo(HostedGuest.DEVICE + 4);
            assertThat(vcpu.reg(5)).isEqualTo(guest.symbols.get("access"));
        }
    }
}
