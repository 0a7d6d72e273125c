package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.GicParameters;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.vgic.VgicAttributes;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;

/**
 * A hypervisor and its guest that do at random what there is to do with interrupts: on a PE of
 * their own and hosted, both execute the same instructions, interrupted at the same ones.
 *
 * <p>X0–X9 are EL2's, X10–X19 EL1's. Of both: X20 sum of all seen, X21 random numbers, X22 rounds
 * left; X27 and X28 the guest's PC and PSTATE while EL2 executes.
 */
class NestedGicGuestTest {

    private static final long GICD = 0x800_0000L;
    private static final long GICR = 0x80a_0000L;

    /** Rounds of EL2; NIDO_NESTED_GIC_ROUNDS for the long form. */
    private static final int ROUNDS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_NESTED_GIC_ROUNDS", "4000"));

    private static final String TOP =
            """
                    b       start
                    .balign 2048
            vectors:
                    .balign 128
                    b       bad
                    .skip   0x280 - (. - vectors)
                    b       irq_here
                    .skip   0x300 - (. - vectors)
                    b       irq_here
                    .skip   0x400 - (. - vectors)
                    b       left
                    .skip   0x480 - (. - vectors)
                    b       irq_below
                    .skip   0x500 - (. - vectors)
                    b       irq_below
                    .skip   0x800 - (. - vectors)
            guest_vectors:
                    .balign 128
                    .skip   0x280 - (. - guest_vectors)
                    b       guest_irq
                    .skip   0x800 - (. - guest_vectors)

            bad:    mrs     x0, esr_el2
                    mrs     x1, elr_el2
                    movz    x9, #0x900, lsl #16
                    str     w0, [x9]
                    b       off

            mix:    ror     x20, x20, #7
                    eor     x20, x20, x0
                    add     x20, x20, #0x35
                    ret

            start:  movz    x29, #0x4000, lsl #16
                    movk    x29, #0x8000
                    mov     sp, x29
                    movz    x23, #0x7f2d
                    movk    x23, #0x4c95, lsl #16
                    movk    x23, #0xf42d, lsl #32
                    movk    x23, #0x5851, lsl #48
                    movz    x24, #0x80a, lsl #16        // GICR
                    mrs     x19, mpidr_el1
                    and     x19, x19, #0xff             // number of the CPU
                    cbnz    x19, 1f
                    cbz     x18, 1f
                    movz    x0, #0xc400, lsl #16        // CPU_ON
                    movk    x0, #3
                    mov     x1, #1
                    adr     x2, start
                    smc     #0
            1:      add     x21, x21, x19, lsl #8
                    add     x24, x24, x19, lsl #17
                    movz    x25, #0x800, lsl #16        // GICD
                    mov     w0, #3
                    str     w0, [x25]
                    mov     w0, #0xffffffff
                    str     w0, [x25, #0x84]
                    str     w0, [x25, #0x104]
                    str     wzr, [x24, #0x14]
                    add     x26, x24, #0x10, lsl #12    // its SGI frame
                    str     w0, [x26, #0x80]
                    str     w0, [x26, #0x100]
                    adr     x0, vectors
                    msr     vbar_el2, x0
                    adr     x0, guest_vectors
                    msr     vbar_el1, x0
                    movz    x0, #0x30d0, lsl #16
                    movk    x0, #0x0800
                    msr     sctlr_el1_, x0
                    mov     x0, #15
                    msr     icc_sre_el2, x0
                    mov     x0, #0xf8
                    msr     icc_pmr_el1, x0
                    mov     x0, #1
                    msr     icc_igrpen1_el1, x0
                    mov     x0, #2
                    msr     icc_ctlr_el1, x0
                    movz    x0, #0xf800, lsl #16
                    movk    x0, #2
                    msr     ich_vmcr_el2, x0
                    mov     x0, #1
                    msr     ich_hcr_el2, x0
                    movz    x0, #0x8000, lsl #16        // RW
                    movk    x0, #0x38                   // IMO, FMO, AMO
                    msr     hcr_el2, x0
                    isb
                    adr     x27, guest
                    mov     x28, #0x345                 // EL1h, IRQ not masked
                    b       next

            // Without IMO EL2 would take no interrupt, which the hypervisor does not imitate.
            left:   movz    x0, #0x8000, lsl #16
                    movk    x0, #0x38
                    msr     hcr_el2, x0
                    mrs     x27, elr_el2
                    mrs     x28, spsr_el2
                    mrs     x0, esr_el2
                    bl      mix
                    b       next

            irq_below:
                    mrs     x27, elr_el2
                    mrs     x28, spsr_el2
                    bl      take
                    b       next
            irq_here:
                    mrs     x8, elr_el2
                    mrs     x9, spsr_el2
                    mov     x7, x30
                    bl      take
                    mov     x30, x7
                    msr     elr_el2, x8
                    msr     spsr_el2, x9
                    eret

            take:   mov     x6, x30
                    mrs     x0, icc_iar1_el1
                    mov     x5, x0
                    bl      mix
                    cmp     x5, #1020
                    b.hs    5f
                    msr     icc_eoir1_el1, x5
                    cmp     x5, #25
                    b.eq    3f
                    cmp     x5, #26
                    b.eq    1f
                    madd    x21, x21, x23, x23
                    tbz     x21, #40, 2f
                    // Its guest gets it, and ends it.
                    movz    x1, #0x7080, lsl #48
                    orr     x1, x1, x5
                    orr     x1, x1, x5, lsl #32
                    tbz     x21, #41, 6f
                    msr     ich_lr2_el2, x1
                    b       5f
            6:      msr     ich_lr3_el2, x1
                    b       5f
            1:      msr     cnthp_ctl_el2, xzr
            2:      cmp     x5, #27
                    b.ne    4f
                    msr     cntv_ctl_guest, xzr
                    b       4f
            3:      mrs     x0, ich_misr_el2
                    bl      mix
                    mrs     x0, ich_eisr_el2
                    bl      mix
                    mov     x0, #1
                    msr     ich_hcr_el2, x0
                    mrs     x1, ich_lr0_el2
                    lsr     x2, x1, #62
                    cbnz    x2, 7f
                    msr     ich_lr0_el2, xzr
            7:      mrs     x1, ich_lr1_el2
                    lsr     x2, x1, #62
                    cbnz    x2, 4f
                    msr     ich_lr1_el2, xzr
            4:      msr     icc_dir_el1, x5
            5:      ret     x6

            // On NV2 a condition that EL2 has made true is noticed at the next trap: this is one.
            next:   mrs     x9, ich_misr_el2
                    cbz     x22, over
                    sub     x22, x22, #1
                    madd    x21, x21, x23, x23
                    ubfx    x0, x21, #40, #4
                    cmp     x0, #1
                    b.lo    h_status
                    b.eq    h_controls
                    cmp     x0, #3
                    b.lo    h_open
                    b.eq    h_look
                    cmp     x0, #5
                    b.lo    h_fill0
                    b.eq    h_fill1
                    cmp     x0, #7
                    b.lo    h_vmcr
                    b.eq    h_redistributor
                    cmp     x0, #9
                    b.lo    h_drop
                    b.eq    h_send
            enter:  madd    x21, x21, x23, x23
                    mov     x0, #26
                    msr     icc_dir_el1, x0
                    ubfx    x0, x21, #50, #9
                    msr     cnthp_tval_el2, x0
                    mov     x0, #1
                    msr     cnthp_ctl_el2, x0
                    movz    x0, #0x8000, lsl #16
                    movk    x0, #0x38
                    and     x1, x21, #0x3000000000000000
                    cbnz    x1, 1f
                    movk    x0, #0x20                   // its guest gets EL2's interrupts
            1:      msr     hcr_el2, x0
                    msr     elr_el2, x27
                    msr     spsr_el2, x28
                    eret

            // One CPU ends the guest, the other itself.
            over:   cbz     x19, off
                    movz    x0, #0x8400, lsl #16
                    movk    x0, #2
                    smc     #0

            h_send: ubfx    x0, x21, #50, #2
                    ubfx    x1, x21, #52, #1
                    orr     x0, x0, x1, lsl #24
                    orr     x0, x0, #0x2000000
                    msr     icc_sgi1r_el1, x0
                    ubfx    x0, x21, #54, #1            // SPI 40 goes to one of the two
                    str     x0, [x25, #0x6140]
                    b       next
            h_status:
                    mrs     x0, ich_misr_el2
                    bl      mix
                    mrs     x0, ich_eisr_el2
                    bl      mix
                    mrs     x0, ich_elrsr_el2
                    bl      mix
                    mrs     x0, ich_vtr_el2
                    bl      mix
                    mrs     x0, ich_hcr_el2
                    bl      mix
                    mrs     x0, ich_ap1r0_el2
                    bl      mix
                    mrs     x0, ich_lr0_el2
                    bl      mix
                    mrs     x0, ich_lr1_el2
                    bl      mix
                    mrs     x0, ich_lr2_el2
                    bl      mix
                    b       next
            h_controls:
                    ubfx    x0, x21, #46, #8
                    and     x0, x0, #0xfe
                    tbz     x21, #55, 1f
                    mov     x0, #0
            1:      orr     x0, x0, #1
                    msr     ich_hcr_el2, x0
                    b       next
            h_drop: msr     ich_hcr_el2, xzr
                    msr     daifclr, #2
                    nop
                    msr     daifset, #2
                    mov     x0, #1
                    msr     ich_hcr_el2, x0
                    b       next
            h_open: msr     daifclr, #3
                    nop
                    nop
                    nop
                    msr     daifset, #3
                    b       next
            h_look: mrs     x0, isr_el1
                    bl      mix
                    mrs     x0, icc_hppir1_el1
                    bl      mix
                    mrs     x0, icc_rpr_el1
                    bl      mix
                    ldr     w0, [x26, #0x200]
                    bl      mix
                    ldr     w0, [x26, #0x300]
                    bl      mix
                    ldr     w0, [x25, #0x304]
                    bl      mix
                    b       next
            h_fill0:
                    bl      value
                    msr     ich_lr0_el2, x0
                    b       next
            h_fill1:
                    bl      value
                    msr     ich_lr1_el2, x0
                    b       next
            // A pending interrupt, half of them linked to one of EL2's.
            value:  ubfx    x0, x21, #45, #2
                    add     x0, x0, #33
                    movz    x1, #0x5080, lsl #48
                    tbz     x21, #47, 1f
                    movz    x1, #0x5040, lsl #48
            1:      orr     x0, x0, x1
                    tbz     x21, #48, 3f
                    orr     x0, x0, #0x2000000000000000
                    mov     x1, #20
                    tbz     x21, #49, 2f
                    mov     x1, #40
                    tbz     x21, #50, 2f
                    mov     x1, #27
            2:      orr     x0, x0, x1, lsl #32
                    ret
            3:      tbz     x21, #49, 4f
                    orr     x0, x0, #0x20000000000
            4:      ret
            h_vmcr: movz    x0, #0xf800, lsl #16
                    movk    x0, #2
                    tbz     x21, #50, 1f
                    movk    x0, #0x202
            1:      msr     ich_vmcr_el2, x0
                    b       next
            h_redistributor:
                    // 20 and 40 active or pending, 25 enabled or not.
                    mov     w0, #0x100000
                    mov     w1, #0x100
                    tbz     x21, #50, 1f
                    str     w0, [x26, #0x300]
                    str     w1, [x25, #0x304]
            1:      tbz     x21, #51, 2f
                    str     w0, [x26, #0x200]
            2:      mov     w0, #0x2000000
                    str     w0, [x26, #0x100]
                    tbz     x21, #52, 3f
                    str     w0, [x26, #0x180]
            3:      tbz     x21, #53, 4f
                    msr     icc_dir_el1, x5
            4:      b       next

            // At EL1

            guest_irq:
                    mrs     x10, icc_iar1_el1
                    eor     x20, x20, x10, ror #9
                    cmp     x10, #1020
                    b.hs    1f
                    cmp     x10, #27
                    b.ne    2f
                    msr     cntv_ctl_el0, xzr
            2:      msr     icc_eoir1_el1, x10
                    madd    x21, x21, x23, x23
                    tbz     x21, #44, 1f
                    msr     icc_dir_el1, x10
            1:      eret
            guest:  madd    x21, x21, x23, x23
                    add     x20, x20, #1
                    ubfx    x10, x21, #40, #4
                    cmp     x10, #1
                    b.lo    g_timer
                    b.eq    g_stop
                    cmp     x10, #3
                    b.lo    g_look
                    b.eq    g_end
                    cmp     x10, #5
                    b.lo    g_mask
                    b.eq    g_call
                    cmp     x10, #7
                    b.lo    g_wait
                    b.eq    g_group
                    cmp     x10, #8
                    b.eq    g_send
                    nop
                    nop
                    b       guest
            g_timer:
                    ubfx    x10, x21, #46, #8
                    msr     cntv_tval_el0, x10
                    mov     x10, #1
                    msr     cntv_ctl_el0, x10
                    b       guest
            g_stop: mrs     x10, cntv_ctl_el0
                    eor     x20, x20, x10, ror #3
                    msr     cntv_ctl_el0, xzr
                    b       guest
            g_look: mrs     x10, icc_hppir1_el1
                    eor     x20, x20, x10, ror #5
                    mrs     x10, icc_rpr_el1
                    eor     x20, x20, x10, ror #15
                    mrs     x10, isr_el1
                    eor     x20, x20, x10, ror #25
                    mrs     x10, icc_ap1r0_el1
                    eor     x20, x20, x10, ror #35
                    b       guest
            g_end:  ubfx    x10, x21, #46, #2
                    add     x10, x10, #33
                    msr     icc_eoir1_el1, x10
                    msr     icc_dir_el1, x10
                    b       guest
            g_mask: msr     daifset, #2
                    mrs     x10, icc_iar1_el1
                    eor     x20, x20, x10, ror #45
                    msr     icc_eoir1_el1, x10
                    mrs     x10, isr_el1
                    eor     x20, x20, x10, ror #25
                    msr     daifclr, #2
                    b       guest
            g_call: hvc     #1
                    b       guest
            g_wait: msr     daifset, #2
                    mov     x10, #26
                    msr     icc_dir_el1, x10            // or it may never wake up
                    wfi
                    msr     daifclr, #2
                    b       guest
            g_send: mov     x10, #0x4000000
                    orr     x10, x10, #3
                    msr     icc_sgi1r_el1, x10
                    b       guest
            g_group:
                    msr     icc_igrpen1_el1, xzr
                    mrs     x10, icc_ctlr_el1
                    eor     x20, x20, x10, ror #25
                    mov     x10, #1
                    msr     icc_igrpen1_el1, x10
                    b       guest
            """;

    private static String program(boolean e2h, int cpus, long seed) {
        return TOP.replace("sctlr_el1_", e2h ? "sctlr_el12" : "sctlr_el1")
                        .replace("msr     vbar_el1", e2h ? "msr     vbar_el12" : "msr     vbar_el1")
                        .replace("cntv_ctl_guest", e2h ? "cntv_ctl_el02" : "cntv_ctl_el0")
                        .replace(
                                "start:",
                                "start:  movz x22, #%d\nmovz x21, #%d\nmovz x18, #%d\n"
                                        .formatted(ROUNDS, seed, cpus - 1))
                + HostedGuest.OFF_BY_SMC;
    }

    private record Result(long seen, long left, String stream) {}

    private static Result bare(CpuModel cpu, int cpus, String program) {
        MachineConfig config =
                new MachineConfig(cpu, cpus, HostedGuest.RAM, 16 << 20, true, 1, 2, true);
        try (Machine machine = new Machine(config)) {
            machine.bus()
                    .map("gicd", GICD, GicParameters.DISTRIBUTOR_SIZE, machine.gic().distributor());
            machine.bus()
                    .map(
                            "gicr",
                            GICR,
                            (long) cpus * GicParameters.REDISTRIBUTOR_SIZE,
                            machine.gic().redistributors());
            byte[] image = Assembler.assemble(program, HostedGuest.RAM).bytes();
            machine.memory().write(0, image, 0, image.length);
            machine.startPe(0, HostedGuest.RAM, 0);
            assertThat(machine.run(Duration.ofSeconds(60))).isEqualTo(new MachineEnd.PoweredOff());
            return result(machine);
        }
    }

    private static Result hosted(Feature nesting, CpuModel cpu, int cpus, String program) {
        try (HostedGuest guest = HostedGuest.nested(nesting, cpu, cpus, program)) {
            VgicAttributes all = guest.vm.vgic().attributes();
            int group = VgicAttributes.GROUP_ADDRESS;
            all.set(group, VgicAttributes.ADDRESS_DISTRIBUTOR, GICD);
            all.set(group, VgicAttributes.ADDRESS_REDISTRIBUTORS, GICR);
            assertThat(guest.runAll(Integer.MAX_VALUE)).isInstanceOf(Exit.SystemEvent.class);
            return result(guest.machine);
        }
    }

    private static Result result(Machine machine) {
        return new Result(
                machine.pe(0).x[20],
                machine.pe(0).x[22],
                machine.recorder().hash() + " " + machine.recorder().instructions());
    }

    @ParameterizedTest(name = "{0} {1}, {2} CPUs")
    @CsvSource({
        "NV2, 'default,-e2h0', 1, 1",
        "NV2, 'default,-vhe', 1, 2",
        "NV, 'default,-e2h0', 1, 3",
        "NV, 'default,-vhe', 1, 4",
        "NV2, 'default,-e2h0', 2, 5",
        "NV2, 'default,-e2h0,lrs=4', 2, 6",
        "NV, 'default,-vhe,lrs=4', 2, 7"
    })
    void bothSeeTheirInterruptsAtTheSameInstructions(
            Feature nesting, String model, int cpus, long seed) {
        CpuModel cpu = CpuModel.parse(model);
        String program = program(cpu.has(Feature.VHE), cpus, seed);
        Result expected = bare(cpu, cpus, program);
        assertThat(expected.left).isZero();
        assertThat(hosted(nesting, cpu, cpus, program)).isEqualTo(expected);
    }
}
