// PSTATE through exception return and entry: EL2 returns with every mode and with each bit, to an SVC. A line each: the
// controls, the SPSR_EL2 returned with; vector, ESR_EL2 and SPSR_EL2 of the exception that comes back; ESR_EL1 and SPSR_EL1
// where EL1 took the SVC and called EL2.
//
// x19 SPSR_EL2, x20 controls, x21 HCR_EL2, x22 SCTLR_ELx bits, x23-x26 what came back, x27 where to go on

CODE     = SCRATCH
VECTORS1 = SCRATCH + 0x2000
HCR_RW   = 1 << 31
E2H      = 1 << 34
TGE      = 1 << 27
SPAN     = 1 << 23
DSSBS    = 1 << 44

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        say     "This probe starts at EL2 (--nested nv2).\n"
        b       3f
1:      mrs     x0, VBAR_EL2
        str     x0, [sp, #-16]!
        adr     x0, own_vectors
        msr     VBAR_EL2, x0
        bl      vectors1
        adr     x20, controls
2:      ldp     x21, x22, [x20]
        bl      modes
        add     x20, x20, #16
        adr     x0, controls_end
        cmp     x20, x0
        b.lo    2b
        ldr     x0, [sp], #16
        msr     VBAR_EL2, x0
        isb
        say     "end\n"
3:      ldp     x29, x30, [sp], #16
        ret

vectors1:
        ldr     x0, =VECTORS1
        msr     VBAR_EL1, x0
        ldr     w1, =0xd4000062         // hvc #3
        str     w1, [x0]
        ldr     w1, =0xd4000022         // hvc #1
        str     w1, [x0, #0x200]
        ldr     w1, =0xd4000042         // hvc #2
        str     w1, [x0, #0x400]
        ldr     x0, =CODE
        ldr     w1, =0xd4000001         // svc #0
        str     w1, [x0]
        str     w1, [x0, #4]
        dsb     sy
        ic      IALLU
        dsb     sy
        isb
        ret

        .balign 8
controls:
        .quad   HCR_RW, 0
        .quad   HCR_RW, SPAN
        .quad   HCR_RW, DSSBS
        .quad   HCR_RW | TGE, 0
        .quad   HCR_RW | E2H, 0
        .quad   HCR_RW | E2H, SPAN | DSSBS
        .quad   HCR_RW | E2H | TGE, 0
        .quad   HCR_RW | E2H | TGE, SPAN
        .quad   HCR_RW | E2H | TGE, DSSBS
controls_end:

modes:
        stp     x29, x30, [sp, #-16]!
        mov     x19, #0x3c0
1:      bl      attempt
        add     x19, x19, #1
        cmp     x19, #0x3d0
        b.ne    1b
        ldr     x19, =0xf0000000
        bl      each_mode
        ldr     x19, =0x4003c0          // PAN
        bl      each_mode
        ldr     x19, =0x8003c0          // UAO
        bl      each_mode
        ldr     x19, =0x10003c0         // DIT
        bl      each_mode
        mov     x19, #0x13c0            // SSBS
        bl      each_mode
        ldr     x19, =0x1003c0          // IL
        bl      each_mode
        ldr     x19, =0x2003c0          // SS
        bl      each_mode
        ldr     x19, =0xa0c003c0        // some together
        bl      each_mode
        ldp     x29, x30, [sp], #16
        ret

// EL0t, EL1t, EL1h, EL2t, EL2h.
each_mode:
        stp     x29, x30, [sp, #-16]!
        bl      attempt
        add     x19, x19, #4
        bl      attempt
        add     x19, x19, #1
        bl      attempt
        add     x19, x19, #3
        bl      attempt
        add     x19, x19, #1
        bl      attempt
        ldp     x29, x30, [sp], #16
        ret

attempt:
        stp     x29, x30, [sp, #-16]!
        msr     ESR_EL1, xzr
        msr     SPSR_EL1, xzr
        ldr     x0, =0x30500800
        orr     x0, x0, x22
        msr     SCTLR_EL1, x0
        ldr     x1, =VECTORS1
        msr     VBAR_EL1, x1
        msr     HCR_EL2, x21
        isb
        ldr     x0, =0x30450830
        orr     x0, x0, x22
        msr     SCTLR_EL2, x0
        msr     SPSR_EL2, x19
        ldr     x0, =CODE
        msr     ELR_EL2, x0
        adr     x27, 1f
        isb
        eret
1:      mov     x0, #HCR_RW
        msr     HCR_EL2, x0
        ldr     x0, =0x30c50830
        msr     SCTLR_EL2, x0
        isb
        say     "state"
        show    "hcr", x21
        show    "sctlr", x22
        show    "spsr", x19
        show    "vector", x23
        show    "esr", x24
        show    "back", x25
        ldr     x0, =CODE
        sub     x6, x26, x0
        ldr     x0, =VECTORS1 - CODE
        cmp     x6, x0
        b.hs    2f
        show    "at", x6
2:      mrs     x6, ESR_EL1
        cbz     x6, 3f
        show    "esr1", x6
        mrs     x6, SPSR_EL1
        show    "spsr1", x6
3:      newline
        ldp     x29, x30, [sp], #16
        ret

.macro own offset
        .balign 0x80
        mov     x23, #\offset
        b       own_entry
.endm

        .balign 0x800
own_vectors:
        own     0x000
        own     0x080
        own     0x100
        own     0x180
        own     0x200
        own     0x280
        own     0x300
        own     0x380
        own     0x400
        own     0x480
        own     0x500
        own     0x580
        own     0x600
        own     0x680
        own     0x700
        own     0x780
        .balign 0x80
own_entry:
        mrs     x24, ESR_EL2
        mrs     x25, SPSR_EL2
        mrs     x26, ELR_EL2
        msr     PAN, #0
        br      x27
        .ltorg
