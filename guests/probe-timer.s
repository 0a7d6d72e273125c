// The generic timers: control bits, the condition for past and future compare values, TVAL, the interrupt of each, and at EL2
// offset and traps. No counts are shown, only what must be the same on every machine.

GUEST_SP = 0x41e00000
SGI_BASE = GICR + 0x10000

main:
        stp     x29, x30, [sp, #-16]!
        bl      set_up
        bl      physical
        bl      virtual
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.ne    1f
        bl      hypervisor
        bl      hypervisor_virtual
        bl      offset
        bl      redirected
        bl      traps
1:      say     "end\n"
        ldp     x29, x30, [sp], #16
        ret

set_up:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.ne    1f
        mov     x0, #15
        msr     ICC_SRE_EL2, x0
        isb
        ldr     x0, =0x80000038
        msr     HCR_EL2, x0
        isb
1:      mov     x0, #7
        msr     ICC_SRE_EL1, x0
        isb
        ldr     x1, =GICD
        mov     w0, #0x12
        str     w0, [x1]
        ldr     x1, =GICR
        ldr     w0, [x1, #0x14]
        and     w0, w0, #~2
        str     w0, [x1, #0x14]
2:      ldr     w0, [x1, #0x14]
        tbnz    w0, #2, 2b
        ldr     x1, =SGI_BASE
        mov     w0, #-1
        str     w0, [x1, #0x80]
        ldr     w0, =0x7c000000         // PPIs 10 to 14
        str     w0, [x1, #0x100]
        mov     x0, #0xff
        msr     ICC_PMR_EL1, x0
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        isb
        adr     x0, on_irq
        adr     x1, irq_handler
        str     x0, [x1]
        ldp     x29, x30, [sp], #16
        ret

// One timer: \name_CTL_\el and so on.
.macro timer text, ctl, cval, tval, count
        say     "timer \text"
        mov     x0, #-1
        msr     \cval, x0
        msr     \ctl, x0
        isb
        mrs     x6, \ctl
        and     x6, x6, #~4             // a compare value of all ones may be reached or not
        show    "ones", x6
        mov     x0, #0x7fffffffffffffff
        msr     \cval, x0
        mov     x0, #1
        msr     \ctl, x0
        isb
        mrs     x6, \ctl
        show    "future", x6
        mov     x0, #3
        msr     \ctl, x0
        msr     \cval, xzr
        isb
        mrs     x6, \ctl
        show    "past", x6
        bl      pending
        show    "masked", x6
        mov     x0, #1
        msr     \ctl, x0
        isb
        bl      pending
        show    "unmasked", x6
        mrs     x6, ISR_EL1
        show    "isr", x6
        msr     \ctl, xzr
        isb
        bl      pending
        show    "off", x6
        mov     x0, #-1
        msr     \tval, x0
        mov     x0, #3
        msr     \ctl, x0
        isb
        mrs     x6, \ctl
        show    "tval-past", x6
        mov     x0, #0x7fffffff
        msr     \tval, x0
        isb
        mrs     x6, \ctl
        show    "tval-future", x6
        mrs     x7, \count
        mrs     x6, \cval
        sub     x6, x6, x7
        lsr     x6, x6, #31
        show    "above", x6
        mov     x0, #0x80000000
        msr     \tval, x0               // bit 31 is the sign
        isb
        mrs     x6, \ctl
        show    "tval-signed", x6
        msr     \cval, xzr
        mov     x0, #1
        msr     \ctl, x0
        isb
        msr     DAIFClr, #2
        isb
        msr     DAIFSet, #2
        msr     \ctl, xzr
        isb
        newline
.endm

// PPIs pending at the redistributor, in x6.
pending:
        dsb     sy
        ldr     x1, =SGI_BASE
        ldr     w6, [x1, #0x200]
        ret

on_irq:
        stp     x29, x30, [sp, #-16]!
        stp     x6, x7, [sp, #-16]!
        mrs     x6, ICC_IAR1_EL1
        msr     CNTP_CTL_EL0, xzr
        msr     CNTV_CTL_EL0, xzr
        mrs     x0, CurrentEL
        cmp     x0, #8
        b.ne    1f
        msr     CNTHP_CTL_EL2, xzr
        msr     CNTHV_CTL_EL2, xzr
1:      isb
        msr     ICC_EOIR1_EL1, x6
        isb
        show    "intid", x6
        ldp     x6, x7, [sp], #16
        ldp     x29, x30, [sp], #16
        ret

physical:
        stp     x29, x30, [sp, #-16]!
        timer   "physical", CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTP_TVAL_EL0, CNTPCT_EL0
        ldp     x29, x30, [sp], #16
        ret

virtual:
        stp     x29, x30, [sp, #-16]!
        timer   "virtual", CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTV_TVAL_EL0, CNTVCT_EL0
        ldp     x29, x30, [sp], #16
        ret

hypervisor:
        stp     x29, x30, [sp, #-16]!
        timer   "hypervisor", CNTHP_CTL_EL2, CNTHP_CVAL_EL2, CNTHP_TVAL_EL2, CNTPCT_EL0
        ldp     x29, x30, [sp], #16
        ret

hypervisor_virtual:
        stp     x29, x30, [sp, #-16]!
        timer   "hyper-virtual", CNTHV_CTL_EL2, CNTHV_CVAL_EL2, CNTHV_TVAL_EL2, CNTVCT_EL0
        ldp     x29, x30, [sp], #16
        ret

// With E2H, EL2 reaches its own timers by EL0's names, and EL0's by those that end in _EL02; the offset is not applied to it,
// nor to EL2's virtual timer.
redirected:
        stp     x29, x30, [sp, #-16]!
        say     "timer redirected"
        ldr     x0, =0x80000038
        mov     x1, #1 << 34
        orr     x1, x0, x1
        mov     x2, #5
        lsl     x2, x2, #40
        msr     CNTVOFF_EL2, x2
        msr     HCR_EL2, x1
        isb
        mov     x2, #0x111
        msr     CNTP_CVAL_EL0, x2
        mov     x2, #0x222
        msr     CNTV_CVAL_EL0, x2
        mov     x2, #0x333
        msr     S3_5_C14_C2_2, x2       // CNTP_CVAL_EL02
        mov     x2, #0x444
        msr     S3_5_C14_C3_2, x2       // CNTV_CVAL_EL02
        mov     x2, #3
        msr     CNTP_CTL_EL0, x2
        msr     CNTV_CTL_EL0, x2
        isb
        mrs     x8, CNTP_CTL_EL0
        mrs     x9, CNTV_CTL_EL0
        mrs     x10, S3_5_C14_C2_1      // CNTP_CTL_EL02
        mrs     x11, S3_5_C14_C3_1      // CNTV_CTL_EL02
        mrs     x12, CNTVCT_EL0
        isb
        mrs     x13, CNTPCT_EL0
        sub     x12, x13, x12
        lsr     x12, x12, #40
        msr     HCR_EL2, x0
        isb
        show    "p-ctl", x8
        show    "v-ctl", x9
        show    "p02-ctl", x10
        show    "v02-ctl", x11
        show    "offset", x12
        mrs     x6, CNTHP_CVAL_EL2
        show    "hp", x6
        mrs     x6, CNTHV_CVAL_EL2
        show    "hv", x6
        mrs     x6, CNTP_CVAL_EL0
        show    "p", x6
        mrs     x6, CNTV_CVAL_EL0
        show    "v", x6
        mrs     x6, CNTHP_CTL_EL2
        show    "hp-ctl", x6
        mrs     x6, CNTHV_CTL_EL2
        show    "hv-ctl", x6
        msr     CNTHP_CTL_EL2, xzr
        msr     CNTHV_CTL_EL2, xzr
        msr     CNTVOFF_EL2, xzr
        isb
        newline
        ldp     x29, x30, [sp], #16
        ret

// The virtual count is the physical one less the offset, and the virtual timer compares with it; at EL2 with E2H = 0 too.
offset:
        stp     x29, x30, [sp, #-16]!
        say     "timer offset"
        mov     x0, #5
        lsl     x0, x0, #40
        msr     CNTVOFF_EL2, x0
        isb
        mrs     x7, CNTVCT_EL0
        isb
        mrs     x6, CNTPCT_EL0
        sub     x6, x6, x7
        lsr     x6, x6, #40
        show    "difference", x6
        msr     CNTV_CVAL_EL0, xzr
        mov     x0, #3
        msr     CNTV_CTL_EL0, x0
        isb
        mrs     x6, CNTV_CTL_EL0
        show    "virtual-below-zero", x6
        msr     CNTVOFF_EL2, xzr
        isb
        mrs     x6, CNTV_CTL_EL0
        show    "without", x6
        msr     CNTV_CTL_EL0, xzr
        newline
        ldp     x29, x30, [sp], #16
        ret

.macro attempt text, code
        say     "timer trap-\text"
        adr     x0, \code
        ldr     x1, =GUEST_SP
        bl      run_el1
        recorded x6, esr
        show    "esr", x6
        newline
.endm

// What EL1 may touch is in CNTHCTL_EL2.
traps:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        msr     CNTHCTL_EL2, xzr
        isb
        attempt "count", el1_count
        attempt "control", el1_control
        attempt "compare", el1_compare
        attempt "value", el1_value
        attempt "virtual-count", el1_virtual_count
        attempt "virtual-control", el1_virtual_control
        mov     x0, #1
        msr     CNTHCTL_EL2, x0
        isb
        attempt "count-allowed", el1_count
        attempt "control-still", el1_control
        mov     x0, #3
        msr     CNTHCTL_EL2, x0
        isb
        attempt "control-allowed", el1_control
        ldp     x29, x30, [sp], #16
        ret

el1_count:              mrs     x5, CNTPCT_EL0
                        hvc     #0
el1_control:            msr     CNTP_CTL_EL0, xzr
                        hvc     #0
el1_compare:            mrs     x7, CNTP_CVAL_EL0
                        hvc     #0
el1_value:              msr     CNTP_TVAL_EL0, x9
                        hvc     #0
el1_virtual_count:      mrs     x5, CNTVCT_EL0
                        hvc     #0
el1_virtual_control:    msr     CNTV_CTL_EL0, xzr
                        hvc     #0
                        .ltorg
