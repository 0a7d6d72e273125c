package dev.nido.kvm.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** How vCPUs run: exits, budgets, waiting, power, several vCPUs on fewer PEs. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunLoopTest {

    private static final Exit SHUTDOWN = new Exit.SystemEvent(Exit.SystemEvent.Type.SHUTDOWN);

    @Test
    void guestComputesTalksToADeviceAndPowersOff() {
        try (HostedGuest guest =
                HostedGuest.threaded(
                        1,
                        1,
                        """
                        movz x1, #0x900, lsl #16
                        mov w2, #7
                        str w2, [x1]
                        ldr w3, [x1, #4]
                        add w3, w3, #1
                        str w3, [x1]
                        """
                                + HostedGuest.OFF)) {
            guest.onRead(ipa -> 41);
            assertThat(guest.run(0)).isEqualTo(SHUTDOWN);
            assertThat(guest.written).containsExactly(7L, 42L);
        }
    }

    @Test
    void registersAreTheSameWhetherTheVcpuIsLoadedOrNot() {
        try (HostedGuest guest =
                HostedGuest.threaded(
                        1,
                        1,
                        """
                        movz x1, #0x900, lsl #16
                        mov x5, #99
                        msr tpidr_el1, x5
                        str w5, [x1]
                        mrs x6, tpidr_el1
                        str w6, [x1]
                        """
                                + HostedGuest.OFF)) {
            Exit first = guest.vcpu(0).run();
            assertThat(first).isEqualTo(new Exit.Mmio(HostedGuest.DEVICE, 4, true, 99));
            assertThat(guest.vcpu(0).reg(5)).isEqualTo(99);
            assertThat(guest.vcpu(0).readSys(SysReg.TPIDR_EL1)).isEqualTo(99);
            guest.vcpu(0).writeSys(SysReg.TPIDR_EL1, 100);
            guest.vcpu(0).completeMmio(0);
            assertThat(guest.vcpu(0).run())
                    .isEqualTo(new Exit.Mmio(HostedGuest.DEVICE, 4, true, 100));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 1000})
    void deterministicRunDoesNotDependOnTheLengthOfBlocks(int blocks) {
        String program =
                """
                movz x21, #0x900, lsl #16
                mov x22, #50
                again: str w22, [x21]
                mrs x3, id_aa64pfr0_el1
                movz x0, #0x8400, lsl #16
                hvc #0
                subs x22, x22, #1
                b.ne again
                """
                        + HostedGuest.OFF;
        assertThat(hash(program, blocks)).isEqualTo(hash(program, 1_000_000));
    }

    private static String hash(String program, int blocks) {
        try (HostedGuest guest = HostedGuest.deterministic(1, program)) {
            assertThat(guest.runAll(blocks)).isEqualTo(SHUTDOWN);
            assertThat(guest.written).hasSize(50);
            assertThat(guest.machine.recorder().instructions())
                    .isEqualTo(guest.machine.retired())
                    .isEqualTo(2 + 50 * 6 + 3);
            return guest.machine.recorder().hash();
        }
    }

    @Test
    void timerWakesAGuestThatWaits() {
        try (HostedGuest guest = HostedGuest.threaded(1, 1, TIMER_GUEST)) {
            enableTimerInterrupt(guest);
            assertThat(guest.run(0)).isEqualTo(SHUTDOWN);
            assertThat(guest.written).containsExactly(27L, 27L, 27L);
        }
    }

    @Test
    void timerInterruptsAtItsInstructionInDeterministicMode() {
        List<Long> seen = new ArrayList<>();
        for (int blocks : new int[] {1, 13, 100_000}) {
            try (HostedGuest guest = HostedGuest.deterministic(1, SPINNING_TIMER_GUEST)) {
                enableTimerInterrupt(guest);
                assertThat(guest.runAll(blocks)).isEqualTo(SHUTDOWN);
                seen.add(guest.written.get(0));
            }
        }
        assertThat(seen).hasSize(3).containsOnly(seen.get(0));
    }

    private static final String VECTORS =
            """
            .balign 2048
            vectors: .space 0x280
            b irq
            .space 0x57c
            """;

    /** Waits for the virtual timer three times. */
    private static final String TIMER_GUEST =
            """
            adr x0, vectors
            msr vbar_el1, x0
            movz x10, #0x900, lsl #16
            mov x11, #3
            mov x0, #0xf0
            msr icc_pmr_el1, x0
            mov x0, #1
            msr icc_igrpen1_el1, x0
            again: movz x0, #0x10, lsl #16
            msr cntv_tval_el0, x0
            mov x0, #1
            msr cntv_ctl_el0, x0
            msr daifclr, #2
            mov x12, #0
            wait: wfi
            cbz x12, wait
            subs x11, x11, #1
            b.ne again
            """
                    + HostedGuest.OFF
                    + """
                    irq: mrs x13, icc_iar1_el1
                    str w13, [x10]
                    mov x14, #3
                    msr cntv_ctl_el0, x14
                    msr icc_eoir1_el1, x13
                    mov x12, #1
                    eret
                    """
                    + VECTORS;

    /** Counts until the virtual timer interrupts, and tells how far it came. */
    private static final String SPINNING_TIMER_GUEST =
            """
            adr x0, vectors
            msr vbar_el1, x0
            movz x10, #0x900, lsl #16
            mov x0, #0xf0
            msr icc_pmr_el1, x0
            mov x0, #1
            msr icc_igrpen1_el1, x0
            mov x0, #1000
            msr cntv_tval_el0, x0
            mov x0, #1
            msr cntv_ctl_el0, x0
            msr daifclr, #2
            mov x12, #0
            wait: add x12, x12, #1
            b wait
            irq: str w12, [x10]
            """
                    + HostedGuest.OFF
                    + VECTORS;

    private static void enableTimerInterrupt(HostedGuest guest) {
        guest.vm.vgic().distributor().write(0, 4, 0x12);
        for (int i = 0; i < guest.vm.vcpus().size(); i++) {
            long sgiFrame = i * 0x2_0000L + 0x1_0000;
            guest.vm.vgic().redistributors().write(sgiFrame + 0x80, 4, 0xffff_ffffL);
            guest.vm.vgic().redistributors().write(sgiFrame + 0x100, 4, 1L << 27 | 0xffff);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void vcpusShareFewerPes(int pes) throws InterruptedException {
        // Each of four vCPUs counts for itself; the last to finish ends the VM.
        String program =
                """
                mov x20, #1
                on: movz x0, #0xc400, lsl #16
                movk x0, #3
                mov x1, x20
                adr x2, work
                mov x3, x20
                hvc #0
                add x20, x20, #1
                cmp x20, #4
                b.ne on
                mov x0, #0
                work: movz x21, #0x40, lsl #16
                count: subs x21, x21, #1
                b.ne count
                adr x5, done
                mov w6, #1
                ldaddal w6, w7, [x5]
                cmp w7, #3
                b.eq off
                rest: wfi
                b rest
                """
                        + HostedGuest.OFF
                        + """
                        .balign 8
                        done: .word 0
                        """;
        try (HostedGuest guest = HostedGuest.threaded(4, pes, program)) {
            List<Thread> threads = new ArrayList<>();
            List<Exit> exits = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int id = i;
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    Exit exit = guest.run(id);
                                    synchronized (exits) {
                                        exits.add(exit);
                                    }
                                    for (int other = 0; other < 4; other++) {
                                        guest.vcpu(other).kick();
                                    }
                                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(exits).hasSize(4).contains(SHUTDOWN);
            assertThat(guest.vm.ram().get32(guest.symbols.get("done"))).isEqualTo(4);
        }
    }

    @Test
    void kickBringsASpinningGuestBack() throws InterruptedException {
        try (HostedGuest guest = HostedGuest.threaded(1, 1, "spin: b spin\n")) {
            Exit[] exit = new Exit[1];
            Thread runner = Thread.ofPlatform().start(() -> exit[0] = guest.run(0));
            while (guest.machine.pe(0).el == 2) {
                Thread.onSpinWait();
            }
            guest.vcpu(0).kick();
            runner.join();
            assertThat(exit[0]).isEqualTo(new Exit.Interrupted());
            assertThat(guest.vcpu(0).pc()).isEqualTo(HostedGuest.RAM);
        }
    }

    @Test
    void guestCaughtInItsVectorIsStuck() {
        try (HostedGuest guest =
                HostedGuest.threaded(
                        1, 1, "movz x0, #0x4100, lsl #16\nmsr vbar_el1, x0\nudf #0\n")) {
            assertThat(guest.run(0)).isInstanceOf(Exit.Stuck.class);
        }
    }

    @Test
    void closedVmGivesAllMemoryBack() {
        try (HostedGuest guest = HostedGuest.threaded(1, 1, HostedGuest.OFF)) {
            long before = guest.hypervisor.memory().usedPages();
            for (int i = 0; i < 50; i++) {
                try (var vm = guest.another(1, HostedGuest.OFF).vm) {
                    Exit exit = vm.vcpus().get(0).run();
                    assertThat(exit).isEqualTo(SHUTDOWN);
                }
            }
            assertThat(guest.hypervisor.memory().usedPages()).isEqualTo(before);
            assertThat(guest.hypervisor.vmids().used()).isLessThanOrEqualTo(1);
        }
    }
}
