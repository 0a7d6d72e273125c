package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.GicParameters;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;

/**
 * A guest with more interrupts than list registers, bare and under the hypervisor: it executes the
 * same instructions with the same results.
 */
class OverflowGuestTest {

    private static final long GICD = 0x0800_0000L;
    private static final long GICR = 0x080a_0000L;

    /** X20 is a hash of all that it saw. */
    private static final String PROGRAM =
            """
            .equ GICD, 0x08000000
            .equ SGIS, 0x080b0000
                ldr     x21, =GICD
                ldr     x22, =SGIS
                mov     w0, #3
                str     w0, [x21]
                mov     w23, #-1
                str     w23, [x21, #0x88]           // INTID 64-95: group 1, enabled, priorities
                str     w23, [x21, #0x108]
                str     w23, [x22, #0x80]
                str     w23, [x22, #0x100]
                add     x1, x21, #0x440
                mov     w0, #0xd8
            1:  strb    w0, [x1], #1
                sub     w0, w0, #8
                cbnz    w0, 1b
                mov     x0, #0xff
                msr     icc_pmr_el1, x0
                mov     x0, #1
                msr     icc_igrpen1_el1, x0
                mov     x20, #0

                // ended while active, but never acknowledged
                mov     w0, #0xffffff
                str     w0, [x21, #0x308]
                mov     x19, #64
            2:  mov     x0, #0x3000000
                orr     x0, x0, #1
                msr     icc_sgi1r_el1, x0
                mrs     x0, icc_iar1_el1
                bl      mix
                msr     icc_eoir1_el1, x19
                ldr     w0, [x21, #0x308]
                bl      mix
                ldr     w0, [x22, #0x300]
                bl      mix
                str     w23, [x22, #0x380]
                add     x19, x19, #1
                cmp     x19, #90
                b.lo    2b

                // deactivated, in the mode of two steps
                mov     x0, #2
                msr     icc_ctlr_el1, x0
                str     w23, [x21, #0x308]
                mov     x19, #64
            3:  msr     icc_dir_el1, x19
                ldr     w0, [x21, #0x308]
                bl      mix
                add     x19, x19, #1
                cmp     x19, #97
                b.lo    3b
                msr     icc_ctlr_el1, xzr

                // all pending, taken one after the other, and nested where they preempt
                str     w23, [x21, #0x208]
                mov     x24, #0
            4:  mrs     x0, icc_hppir1_el1
                bl      mix
                mrs     x19, icc_iar1_el1
                mov     x0, x19
                bl      mix
                cmp     x19, #1020
                b.hs    5f
                mrs     x0, icc_rpr_el1
                bl      mix
                mrs     x0, isr_el1
                bl      mix
                add     x24, x24, #1
                tbz     x24, #0, 6f
                msr     icc_eoir1_el1, x19
                b       4b
            6:  mov     x25, x19
                mov     w0, #0
                sub     x1, x19, #64
                add     x2, x21, #0x400
                add     x2, x2, #95
                strb    w0, [x2]                    // the last one preempts
                mrs     x19, icc_iar1_el1
                mov     x0, x19
                bl      mix
                cmp     x19, #1020
                b.hs    7f
                msr     icc_eoir1_el1, x19
            7:  msr     icc_eoir1_el1, x25
                b       4b
            5:  movz    x0, #0x8400, lsl #16
                movk    x0, #8
                hvc     #0

            mix:
                ror     x20, x20, #7
                eor     x20, x20, x0
                add     x20, x20, #0x35
                ret
            """;

    private record Result(long seen, String stream) {}

    private static Result bare(int blocks) {
        MachineConfig config =
                new MachineConfig(
                        CpuModel.defaultModel().withoutEl2(),
                        1,
                        HostedGuest.RAM,
                        16 << 20,
                        true,
                        1,
                        1,
                        true);
        try (Machine machine = new Machine(config)) {
            machine.bus()
                    .map("gicd", GICD, GicParameters.DISTRIBUTOR_SIZE, machine.gic().distributor());
            machine.bus()
                    .map(
                            "gicr",
                            GICR,
                            GicParameters.REDISTRIBUTOR_SIZE,
                            machine.gic().redistributors());
            byte[] image = Assembler.assemble(PROGRAM, HostedGuest.RAM).bytes();
            machine.memory().write(0, image, 0, image.length);
            machine.setBlockLimit(blocks);
            machine.startPe(0, HostedGuest.RAM, 0);
            assertThat(machine.run(Duration.ofSeconds(30))).isEqualTo(new MachineEnd.PoweredOff());
            return result(machine);
        }
    }

    private static Result hosted(int blocks) {
        try (HostedGuest guest = HostedGuest.deterministic(1, PROGRAM)) {
            VgicAttributes all = guest.vm.vgic().attributes();
            int group = VgicAttributes.GROUP_ADDRESS;
            all.set(group, VgicAttributes.ADDRESS_DISTRIBUTOR, GICD);
            all.set(group, VgicAttributes.ADDRESS_REDISTRIBUTORS, GICR);
            assertThat(guest.runAll(blocks)).isInstanceOf(Exit.SystemEvent.class);
            return result(guest.machine);
        }
    }

    private static Result result(Machine machine) {
        return new Result(
                machine.pe(0).x[20],
                machine.recorder().hash() + " " + machine.recorder().instructions());
    }

    @ParameterizedTest(name = "blocks of {0}")
    @ValueSource(ints = {1, Integer.MAX_VALUE})
    void guestSeesAllInterruptsWhateverTheListRegistersHold(int blocks) {
        Result expected = bare(blocks);
        assertThat(expected.seen).isNotZero();
        assertThat(hosted(blocks)).isEqualTo(expected);
    }
}
