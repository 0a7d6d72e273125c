package dev.nido.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.GicParameters;
import dev.nido.isa.Assembler;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;

/** Both run loops around small programs: power, sleep, interrupts, and time. */
class MachineRunTest {

    private static final long RAM = 0x4000_0000L;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** PSCI functions, and what every program needs to be interrupted. */
    private static final String PRELUDE =
            """
            .equ CPU_OFF, 0x84000002
            .equ CPU_ON, 0xc4000003
            .equ AFFINITY_INFO, 0xc4000004
            .equ SYSTEM_OFF, 0x84000008
            .equ GICD, 0x08000000
            .equ GICR, 0x080a0000
                b       start
                .balign 2048
            vectors:
                .space  0x280
                b       interrupt
                .balign 2048
            // this PE's CPU interface and its private interrupts; clobbers x9-x11
            open_gic:
                mrs     x9, mpidr_el1
                and     x9, x9, #0xff
                ldr     x10, =GICR
                add     x10, x10, x9, lsl #17
                add     x10, x10, #0x10000
                mov     w11, #-1
                str     w11, [x10, #0x80]
                str     w11, [x10, #0x100]
                ldr     x10, =GICD
                mov     w11, #0x12
                str     w11, [x10]
                mov     x9, #0xf0
                msr     icc_pmr_el1, x9
                mov     x9, #1
                msr     icc_igrpen1_el1, x9
                adr     x9, vectors
                msr     vbar_el1, x9
                ret
            """;

    private static Machine machine(String program, int pes, boolean deterministic) {
        return machine(program, pes, deterministic, 1);
    }

    private static Machine machine(String program, int pes, boolean deterministic, int el) {
        Machine machine =
                new Machine(
                        new MachineConfig(
                                CpuModel.defaultModel(),
                                pes,
                                RAM,
                                1 << 20,
                                deterministic,
                                7,
                                el,
                                true));
        machine.bus()
                .map(
                        "gicd",
                        0x0800_0000L,
                        GicParameters.DISTRIBUTOR_SIZE,
                        machine.gic().distributor());
        machine.bus()
                .map(
                        "gicr",
                        0x080a_0000L,
                        GicParameters.REDISTRIBUTOR_SIZE * pes,
                        machine.gic().redistributors());
        byte[] image = Assembler.assemble(PRELUDE + program, RAM).bytes();
        machine.memory().write(0, image, 0, image.length);
        machine.startPe(0, RAM, 0);
        return machine;
    }

    /** PE 0 switches PE 1 on and waits until it is off again, many times. */
    private static final String POWER_CYCLES =
            """
            start:
                mov     x20, #1000
            again:
                ldr     x0, =CPU_ON
                mov     x1, #1
                adr     x2, other
                mov     x3, x20
                hvc     #0
                cbnz    x0, .
            wait:
                ldr     x0, =AFFINITY_INFO
                mov     x1, #1
                mov     x2, #0
                hvc     #0
                cmp     x0, #1
                b.ne    wait
                ldr     x0, result
                cmp     x0, x20
                b.ne    .
                subs    x20, x20, #1
                b.ne    again
                ldr     x0, =SYSTEM_OFF
                hvc     #0
            other:
                adr     x1, result
                str     x0, [x1]
                ldr     x0, =CPU_OFF
                hvc     #0
            interrupt:
                b       .
                .balign 8
            result:
                .quad 0
            """;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void peThatIsSwitchedOnStartsAtOnceWithItsContext(boolean deterministic) {
        try (Machine machine = machine(POWER_CYCLES, 2, deterministic)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    /** Each PE passes a count on by a software interrupt and waits for it in WFI. */
    private static final String PING_PONG =
            """
            start:
                ldr     x0, =CPU_ON
                mov     x1, #1
                adr     x2, both
                hvc     #0
                b       both
            both:
                bl      open_gic
                mrs     x19, mpidr_el1
                and     x19, x19, #1
                adr     x20, count
                mov     x21, #1
                eor     x22, x19, #1
                lsl     x22, x21, x22
                mov     x23, #2000
            turn:
                ldar    x0, [x20]
                cmp     x0, x23
                b.eq    done
                and     x1, x0, #1
                cmp     x1, x19
                b.eq    mine
                wfi
                mrs     x1, icc_iar1_el1
                cmp     x1, #1020
                b.hs    turn
                msr     icc_eoir1_el1, x1
                b       turn
            mine:
                add     x0, x0, #1
                stlr    x0, [x20]
                msr     icc_sgi1r_el1, x22
                b       turn
            done:
                ldr     x0, =SYSTEM_OFF
                hvc     #0
            interrupt:
                eret
                .balign 8
            count:
                .quad 0
            """;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void softwareInterruptEndsWfiOfAnotherPe(boolean deterministic) {
        try (Machine machine = machine(PING_PONG, 2, deterministic)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    /**
     * Two PEs count with exclusives, interrupted by their timers every few hundred ticks;
     * interrupts are masked for a while in each round, so that unmasking takes them.
     */
    private static final String TIMERS =
            """
            start:
                ldr     x0, =CPU_ON
                mov     x1, #1
                adr     x2, both
                hvc     #0
            both:
                bl      open_gic
                mov     x24, #0
                mov     x25, #131
                msr     cntv_tval_el0, x25
                mov     x0, #1
                msr     cntv_ctl_el0, x0
                adr     x20, count
                mov     x26, #300
            round:
                msr     daifset, #2
                mov     x3, #40
            1:  ldxr    x0, [x20]
                add     x0, x0, #1
                stxr    w1, x0, [x20]
                cbnz    w1, 1b
                subs    x3, x3, #1
                b.ne    1b
                msr     daifclr, #2
                wfi
                cmp     x24, x26
                b.lo    round
                ldr     x0, =SYSTEM_OFF
                hvc     #0
            interrupt:
                mrs     x5, icc_iar1_el1
                add     x25, x25, #7
                msr     cntv_tval_el0, x25
                add     x24, x24, #1
                msr     icc_eoir1_el1, x5
                eret
                .balign 8
            count:
                .quad 0
            """;

    /**
     * A hypervisor at EL2 forwards the virtual timer's interrupt to its guest at EL1 through a list
     * register that is tied to it; the guest masks interrupts for a while in each round and sleeps.
     */
    private static final String FORWARDED_TIMER =
            """
            start:
                bl      open_gic
                adr     x0, hypervisor
                msr     vbar_el2, x0
                mov     x0, #2
                msr     icc_ctlr_el1, x0
                ldr     x0, =0x80000018
                msr     hcr_el2, x0
                mov     x0, #1
                msr     ich_hcr_el2, x0
                ldr     x0, =0xff000002
                msr     ich_vmcr_el2, x0
                mov     x0, #1000
                msr     cntvoff_el2, x0
                mov     x0, #0x3c5
                msr     spsr_el2, x0
                adr     x0, guest
                msr     elr_el2, x0
                eret
                .balign 2048
            hypervisor:
                .space  0x400
                b       stop
                .balign 128
                mrs     x9, icc_iar1_el1
                cmp     x9, #1020
                b.hs    1f
                msr     icc_eoir1_el1, x9
                ldr     x10, =0x70a0000000000000
                orr     x10, x10, x9
                orr     x10, x10, x9, lsl #32
                msr     ich_lr0_el2, x10
            1:  eret
            stop:
                ldr     x0, =SYSTEM_OFF
                smc     #0
            guest:
                mov     x24, #0
                mov     x25, #131
                msr     cntv_tval_el0, x25
                mov     x0, #1
                msr     cntv_ctl_el0, x0
                mov     x26, #300
            round:
                msr     daifset, #2
                mov     x3, #40
            1:  subs    x3, x3, #1
                b.ne    1b
                msr     daifclr, #2
                wfi
                cmp     x24, x26
                b.lo    round
                hvc     #0
            interrupt:
                mrs     x5, icc_iar1_el1
                add     x25, x25, #7
                msr     cntv_tval_el0, x25
                add     x24, x24, #1
                msr     icc_eoir1_el1, x5
                eret
            """;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void forwardedInterruptsReachTheGuest(boolean deterministic) {
        try (Machine machine = machine(FORWARDED_TIMER, 1, deterministic, 2)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(machine.pe(0).x[24]).isGreaterThanOrEqualTo(300);
        }
    }

    /** PE 1 sets its timer to go off while PE 0 executes, which then looks at PE 1's input. */
    private static final String OTHERS_TIMER =
            """
            start:
                ldr     x0, =CPU_ON
                mov     x1, #1
                adr     x2, other
                hvc     #0
                adr     x20, due
                ldr     x21, =0x080d0200
            1:  ldar    x0, [x20]
                cbz     x0, 1b
            2:  isb
                mrs     x1, cntvct_el0
                cmp     x1, x0
                b.lo    2b
                ldr     w19, [x21]
                ldr     x0, =SYSTEM_OFF
                hvc     #0
            other:
                mrs     x0, cntvct_el0
                mov     x1, #15000
                add     x0, x0, x1
                msr     cntv_cval_el0, x0
                mov     x1, #1
                msr     cntv_ctl_el0, x1
                adr     x20, due
                stlr    x0, [x20]
            interrupt:
                b       .
                .balign 8
            due:
                .quad 0
            """;

    @Test
    void timerOfAnotherPeShowsAsPendingOnceItIsDue() {
        try (Machine machine = machine(OTHERS_TIMER, 2, true)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(machine.pe(0).x[19]).isEqualTo(1 << 27);
        }
    }

    private static Set<String> streams(String program, int pes, int el) {
        Set<String> streams = new LinkedHashSet<>();
        for (int limit : new int[] {1, 2, 7, Integer.MAX_VALUE, Integer.MAX_VALUE}) {
            try (Machine machine = machine(program, pes, true, el)) {
                machine.setBlockLimit(limit);
                assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
                streams.add(machine.recorder().hash() + " " + machine.recorder().instructions());
            }
        }
        return streams;
    }

    @Test
    void streamDoesNotDependOnBlockLength() {
        assertThat(streams(TIMERS, 2, 1)).hasSize(1);
    }

    @Test
    void streamOfHypervisorAndGuestDoesNotDependOnBlockLength() {
        assertThat(streams(FORWARDED_TIMER, 1, 2)).hasSize(1);
    }

    @Test
    void timersInterruptRunningAndSleepingPes() {
        try (Machine machine = machine(TIMERS, 2, false)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sleepThatNothingCanEndEndsTheRun(boolean deterministic) {
        try (Machine machine =
                machine("start: wfi\nb start\ninterrupt: eret\n", 2, deterministic)) {
            assertThat(machine.run(LIMIT)).isInstanceOf(MachineEnd.Stuck.class);
        }
    }

    /** Executes a function, changes it, executes it, invalidates, executes it. */
    private static final String PATCH =
            """
            start:
                mov     x19, #0
                bl      record
                adr     x1, patched
                ldr     w2, replacement
                str     w2, [x1]
                bl      record
                dsb     ish
                ic      iallu
                dsb     ish
                isb
                bl      record
                adr     x1, result
                str     x19, [x1]
                ldr     x0, =SYSTEM_OFF
                hvc     #0
            record:
                mov     x29, x30
                bl      patched
                add     x19, x0, x19, lsl #8
                ret     x29
            patched:
                mov     x0, #1
                ret
            replacement:
                mov     x0, #2
            interrupt:
                b       .
                .balign 8
            result:
                .quad 0
            """;

    @Test
    void changedInstructionIsUsedAfterInvalidationOfAllCaches() {
        try (Machine machine = machine(PATCH, 1, true)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            long result = Assembler.assemble(PRELUDE + PATCH, RAM).symbol("result");
            assertThat(machine.memory().get64(machine.memory().offsetOf(result)))
                    .isEqualTo(0x01_01_02);
        }
    }

    /** PE 1 executes a function until PE 0 has changed it. */
    private static final String PATCH_FOR_OTHERS =
            """
            start:
                ldr     x0, =CPU_ON
                mov     x1, #1
                adr     x2, other
                hvc     #0
                adr     x20, rounds
            1:  ldar    x0, [x20]
                cmp     x0, #100
                b.lo    1b
                adr     x1, patched
                ldr     w2, replacement
                str     w2, [x1]
                dsb     ish
                ic      ialluis
                dsb     ish
                b       .
            other:
                adr     x20, rounds
            1:  ldr     x0, [x20]
                add     x0, x0, #1
                stlr    x0, [x20]
                bl      patched
                cmp     x0, #2
                b.ne    1b
                ldr     x0, =SYSTEM_OFF
                hvc     #0
            patched:
                mov     x0, #1
                ret
            replacement:
                mov     x0, #2
            interrupt:
                b       .
                .balign 8
            rounds:
                .quad 0
            """;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void invalidationOfAllCachesReachesOtherPes(boolean deterministic) {
        try (Machine machine = machine(PATCH_FOR_OTHERS, 2, deterministic)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    /** Two PEs forget and execute the same code, again and again. */
    private static final String SHARED_CODE =
            """
            start:
                ldr     x0, =CPU_ON
                mov     x1, #1
                adr     x2, work
                hvc     #0
            work:
                ldr     x19, =60000
            again:
                adr     x1, shared
                ic      ivau, x1
                dsb     ish
                isb
                mov     x0, #0
                mov     x2, #1
                bl      shared
                cmp     x0, #28
                b.ne    .
                subs    x19, x19, #1
                b.ne    again
                adr     x1, finished
                mov     w2, #1
                ldaddal w2, w3, [x1]
                cbz     w3, .
                ldr     x0, =SYSTEM_OFF
                hvc     #0
            interrupt:
                b       .
                .balign 64
            shared:
                add     x0, x0, #1
                add     x0, x0, x2
                add     x0, x0, #2
                add     x0, x0, x2, lsl #1
                add     x0, x0, #1
                eor     x3, x0, x2
                eor     x0, x3, x2
                add     x0, x0, #7
                add     x0, x0, x2, lsl #2
                add     x0, x0, #1
                add     x0, x0, x2
                add     x0, x0, #8
                sub     x0, x0, #4
                add     x0, x0, x2, lsl #2
                ret
                .balign 64
            finished:
                .quad 0
            """;

    @Test
    void pesThatDecodeTheSameCodeAtOnceExecuteIt() {
        try (Machine machine = machine(SHARED_CODE, 2, false)) {
            assertThat(machine.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
        }
    }
}
