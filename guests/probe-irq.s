// Corner cases of the timers and the interrupt controller, at EL1 on one CPU or two. What it sees goes into a sum in x28;
// counts are part of it, so that the sums are the same only where time is counted in instructions. Entered at EL2 it does
// its work at EL1 just so.

EL1_STACK  = 0x41d00000
CPU1_STACK = 0x41c00000
SGI_BASE   = GICR + 0x10000
GICR1      = GICR + 0x20000
SGI_BASE1  = GICR + 0x30000
ROUNDS     = 100

.macro mix register
        ror     x28, x28, #13
        eor     x28, x28, \register
        add     x28, x28, x28, lsl #3
.endm

.macro see register
        mrs     x0, \register
        mix     x0
.endm

// What the redistributor and the CPU interface show, into the sum. Changes x0, x1.
.macro look
        ldr     x1, =SGI_BASE
        ldr     w0, [x1, #0x200]        // GICR_ISPENDR0
        mix     x0
        ldr     w0, [x1, #0x300]        // GICR_ISACTIVER0
        mix     x0
        see     ICC_HPPIR1_EL1
        see     ICC_RPR_EL1
        see     ISR_EL1
.endm

.macro acknowledge
        mrs     x19, ICC_IAR1_EL1
        mix     x19
.endm

.macro finish
        msr     ICC_EOIR1_EL1, x19
        isb
.endm

.macro sum text
        say     "\text"
        show    "sum", x28
        newline
.endm

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        bl      work
        b       2f
1:      mov     x0, #15
        msr     ICC_SRE_EL2, x0
        isb
        adr     x0, at_el1
        ldr     x1, =EL1_STACK
        mov     x2, #0
        bl      run_el1
2:      say     "end\n"
        ldp     x29, x30, [sp], #16
        ret

at_el1: bl      work
        hvc     #0

work:
        stp     x29, x30, [sp, #-16]!
        mov     x28, #1
        adr     x0, own_vectors
        msr     VBAR_EL1, x0
        mov     x0, #3 << 20
        msr     CPACR_EL1, x0
        ldr     x1, =GICD
        mov     w0, #0x12               // ARE, group 1
        str     w0, [x1]
        ldr     x0, =GICR
        bl      local_set_up
        bl      odd_timers
        bl      falling_level
        bl      software_pending
        bl      priorities
        bl      end_modes
        bl      masks
        bl      waits
        bl      unprivileged
        bl      storm
        bl      two_cpus
        ldp     x29, x30, [sp], #16
        ret

// The CPU interface, and the redistributor at x0. Changes x0-x2.
local_set_up:
        ldr     w2, [x0, #0x14]
        and     w2, w2, #~2
        str     w2, [x0, #0x14]
1:      ldr     w2, [x0, #0x14]
        tbnz    w2, #2, 1b
        add     x1, x0, #16, lsl #12
        mov     w2, #-1
        str     w2, [x1, #0x80]         // all in group 1
        ldr     w2, =0x60608080         // priorities of SGIs 0 to 3, and so on
        str     w2, [x1, #0x400]
        ldr     w2, =0x40404040
        str     w2, [x1, #0x404]
        ldr     w2, =0xa0a0a0a0         // PPIs
        str     w2, [x1, #0x418]
        str     w2, [x1, #0x41c]
        ldr     w2, =0x480000ff         // SGIs 0 to 7, both timers
        str     w2, [x1, #0x100]
        mov     x0, #7
        msr     ICC_SRE_EL1, x0
        isb
        mov     x0, #0xf0
        msr     ICC_PMR_EL1, x0
        msr     ICC_BPR1_EL1, xzr
        msr     ICC_CTLR_EL1, xzr
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        isb
        ret

// Leaves nothing active or pending behind. Changes x0, x1.
drain:
        msr     ICC_AP1R0_EL1, xzr
        isb
        mov     w0, #-1
        ldr     x1, =SGI_BASE
        str     w0, [x1, #0x380]
        str     w0, [x1, #0x280]
        ldr     x1, =GICD
        str     w0, [x1, #0x384]
        str     w0, [x1, #0x284]
        see     ICC_RPR_EL1
        ret

// ---- timers at odd settings, interrupts masked by PSTATE ----------------------------------------------------------

.macro settings timer, count
        mov     x20, #0
1:      mov     x21, #0
2:      adr     x0, compare_values
        ldr     x0, [x0, x20, lsl #3]
        cmp     x20, #6
        b.lo    3f
        mrs     x1, \count              // the last ones count from now
        add     x0, x0, x1
3:      msr     \timer\()_CVAL_EL0, x0
        msr     \timer\()_CTL_EL0, x21
        see     \timer\()_CTL_EL0
        look
        see     \timer\()_CTL_EL0
        see     \timer\()_TVAL_EL0
        see     \timer\()_CVAL_EL0
        msr     \timer\()_TVAL_EL0, x20
        see     \timer\()_CTL_EL0
        look
        mov     x0, #-1
        msr     \timer\()_TVAL_EL0, x0
        see     \timer\()_CVAL_EL0
        see     \timer\()_CTL_EL0
        look
        add     x21, x21, #1
        cmp     x21, #4
        b.lo    2b
        add     x20, x20, #1
        cmp     x20, #12
        b.lo    1b
        msr     \timer\()_CTL_EL0, xzr
.endm

odd_timers:
        stp     x29, x30, [sp, #-16]!
        settings CNTV, CNTVCT_EL0
        settings CNTP, CNTPCT_EL0
        see     CNTFRQ_EL0
        sum     "timers"
        ldp     x29, x30, [sp], #16
        ret
        .balign 8
compare_values:
        .quad   0, -1, 0x8000000000000000, 0x7fffffffffffffff, 1, 0xffffffff
        .quad   0, 1, 2, 3, 7, 20

// ---- the level falls while its interrupt is pending, or active -----------------------------------------------------

.macro falling timer
        msr     \timer\()_CVAL_EL0, xzr
        mov     x21, #1
        msr     \timer\()_CTL_EL0, x21
        isb
        look
        msr     \timer\()_CTL_EL0, xzr  // falls before it is acknowledged
        isb
        look
        acknowledge
        finish
        look
        msr     \timer\()_CTL_EL0, x21
        isb
        mrs     x20, ICC_HPPIR1_EL1
        mix     x20
        mov     x20, #3
        msr     \timer\()_CTL_EL0, x20  // masked between the two
        isb
        acknowledge
        finish
        msr     \timer\()_CTL_EL0, x21
        isb
        acknowledge                     // active, the level stays
        look
        finish
        look
        acknowledge                     // at once again
        msr     \timer\()_CTL_EL0, xzr  // falls while it is active
        isb
        look
        finish
        look
        msr     \timer\()_CTL_EL0, x21
        isb
        acknowledge
        mov     x20, #-1
        msr     \timer\()_CVAL_EL0, x20 // falls and rises while it is active
        isb
        look
        msr     \timer\()_CVAL_EL0, xzr
        isb
        look
        finish
        look
        acknowledge
        msr     \timer\()_TVAL_EL0, x20
        isb
        msr     \timer\()_CTL_EL0, xzr
        finish
        acknowledge
        look
.endm

falling_level:
        stp     x29, x30, [sp, #-16]!
        falling CNTV
        falling CNTP
        // Both at once; one falls while the other is active.
        mov     x21, #1
        msr     CNTV_CVAL_EL0, xzr
        msr     CNTP_CVAL_EL0, xzr
        msr     CNTV_CTL_EL0, x21
        msr     CNTP_CTL_EL0, x21
        isb
        look
        acknowledge
        look
        msr     CNTP_CTL_EL0, xzr
        isb
        look
        msr     CNTP_CTL_EL0, x21
        msr     CNTV_CTL_EL0, xzr
        isb
        look
        finish
        look
        acknowledge
        msr     CNTP_CTL_EL0, xzr
        isb
        finish
        acknowledge
        look
        bl      drain
        sum     "levels"
        ldp     x29, x30, [sp], #16
        ret

// ---- software makes them pending and active ------------------------------------------------------------------------

software_pending:
        stp     x29, x30, [sp, #-16]!
        ldr     x22, =SGI_BASE
        ldr     w23, =0x48000006
        str     w23, [x22, #0x200]      // GICR_ISPENDR0: both timers, SGIs 1 and 2
        look
        str     w23, [x22, #0x280]      // GICR_ICPENDR0
        look
        str     w23, [x22, #0x200]
        mov     x24, #5
1:      acknowledge
        look
        finish
        subs    x24, x24, #1
        b.ne    1b
        // A level that is high cannot be cleared by software.
        mov     x21, #1
        msr     CNTV_CVAL_EL0, xzr
        msr     CNTV_CTL_EL0, x21
        isb
        str     w23, [x22, #0x280]
        look
        str     w23, [x22, #0x200]
        msr     CNTV_CTL_EL0, xzr       // pending by software alone now
        isb
        look
        str     w23, [x22, #0x280]
        look
        // Active without having been pending.
        str     w23, [x22, #0x300]      // GICR_ISACTIVER0
        look
        msr     CNTV_CTL_EL0, x21
        isb
        look
        acknowledge
        str     w23, [x22, #0x380]      // GICR_ICACTIVER0
        look
        acknowledge
        finish
        msr     CNTV_CTL_EL0, xzr
        isb
        acknowledge
        look
        // Disabled and enabled while it is pending; group and priority change.
        msr     CNTV_CTL_EL0, x21
        isb
        mov     w24, #1 << 27
        str     w24, [x22, #0x180]      // GICR_ICENABLER0
        look
        str     w24, [x22, #0x100]
        look
        mov     w25, #0xf8
        strb    w25, [x22, #0x41b]      // masked by its priority
        look
        mov     w25, #0x20
        strb    w25, [x22, #0x41b]
        look
        acknowledge
        mov     w25, #0xa0
        strb    w25, [x22, #0x41b]      // while it is active
        look
        finish
        ldr     w25, [x22, #0x80]
        bic     w26, w25, w24
        str     w26, [x22, #0x80]       // group 0
        look
        see     ICC_HPPIR0_EL1
        str     w25, [x22, #0x80]
        look
        msr     CNTV_CTL_EL0, xzr
        isb
        look
        bl      drain
        sum     "software"
        ldp     x29, x30, [sp], #16
        ret

// ---- priorities ----------------------------------------------------------------------------------------------------

// SPIs 40 to 43 in group 1, edge triggered, enabled, with the priorities of w0.
spis:
        ldr     x1, =GICD
        str     w0, [x1, #0x428]        // GICD_IPRIORITYR10
        mov     w0, #0xf00
        str     w0, [x1, #0x84]         // GICD_IGROUPR1
        ldr     w0, =0xaa0000
        str     w0, [x1, #0xc08]        // GICD_ICFGR2: edges
        mov     w0, #0xf00
        str     w0, [x1, #0x104]        // GICD_ISENABLER1
        ret

priorities:
        stp     x29, x30, [sp, #-16]!
        ldr     w0, =0x20a02060
        bl      spis
        mov     x20, #0                 // BPR
1:      msr     ICC_BPR1_EL1, x20
        see     ICC_BPR1_EL1
        ldr     x1, =GICD
        mov     w0, #0xf00
        str     w0, [x1, #0x204]        // GICD_ISPENDR1: all four
        ldr     x1, =SGI_BASE
        mov     w0, #0xff
        str     w0, [x1, #0x200]
        mov     x0, #1
        msr     CNTV_CVAL_EL0, xzr
        msr     CNTV_CTL_EL0, x0
        isb
        mov     x21, #0                 // PMR, rising; what it lets through is taken
2:      msr     ICC_PMR_EL1, x21
        isb
        see     ICC_PMR_EL1
        look
        acknowledge
        mov     x24, x19
        look
        acknowledge                     // another one that preempts the first
        look
        see     ICC_AP1R0_EL1
        finish
        mov     x19, x24
        look
        finish
        look
        ldr     x1, =GICD
        ldr     w0, [x1, #0x204]
        mix     x0
        ldr     w0, [x1, #0x304]
        mix     x0
        add     x21, x21, #0x18
        cmp     x21, #0x100
        b.lo    2b
        mov     x0, #0xf0
        msr     ICC_PMR_EL1, x0
        isb
        msr     CNTV_CTL_EL0, xzr
        isb
3:      acknowledge                     // and the rest
        finish
        cmp     x19, #1020
        b.lo    3b
        look
        add     x20, x20, #1
        cmp     x20, #8
        b.lo    1b
        msr     ICC_BPR1_EL1, xzr
        isb
        bl      drain
        sum     "priorities"
        ldp     x29, x30, [sp], #16
        ret

// ---- the end of an interrupt in both modes -------------------------------------------------------------------------

end_modes:
        stp     x29, x30, [sp, #-16]!
        ldr     x22, =SGI_BASE
        mov     x20, #0                 // EOImode in bit 1, CBPR in bit 0
1:      msr     ICC_CTLR_EL1, x20
        isb
        see     ICC_CTLR_EL1
        mov     w0, #0x12
        str     w0, [x22, #0x200]       // SGIs 1 and 4
        acknowledge
        mov     x24, x19
        look
        acknowledge
        mov     x25, x19
        msr     ICC_EOIR1_EL1, x24      // in the wrong order
        isb
        look
        msr     ICC_EOIR1_EL1, x25
        isb
        look
        msr     ICC_DIR_EL1, x24
        isb
        look
        msr     ICC_DIR_EL1, x25
        isb
        look
        mov     x0, #7                  // one that is not active
        msr     ICC_EOIR1_EL1, x0
        msr     ICC_DIR_EL1, x0
        isb
        look
        mov     x0, #1023
        msr     ICC_EOIR1_EL1, x0
        msr     ICC_DIR_EL1, x0
        mov     x0, #1020
        msr     ICC_EOIR1_EL1, x0
        msr     ICC_DIR_EL1, x0
        isb
        look
        // A timer whose level stays, with the deactivation on its own.
        mov     x0, #1
        msr     CNTV_CVAL_EL0, xzr
        msr     CNTV_CTL_EL0, x0
        isb
        acknowledge
        finish
        look
        acknowledge
        look
        mov     x0, #27
        msr     ICC_DIR_EL1, x0
        isb
        look
        acknowledge
        msr     CNTV_CTL_EL0, xzr
        isb
        finish
        mov     x0, #27
        msr     ICC_DIR_EL1, x0
        isb
        look
        mov     w0, #-1
        str     w0, [x22, #0x380]       // whatever is still active
        look
        add     x20, x20, #1
        cmp     x20, #4
        b.lo    1b
        msr     ICC_CTLR_EL1, xzr
        isb
        bl      drain
        sum     "ends"
        ldp     x29, x30, [sp], #16
        ret

// ---- what the registers hold ---------------------------------------------------------------------------------------

.macro holds register
        mov     x20, #0
1:      msr     \register, x20
        isb
        see     \register
        see     ICC_BPR1_EL1
        add     x20, x20, #0x11
        cmp     x20, #0x110
        b.lo    1b
        mov     x0, #-1
        msr     \register, x0
        isb
        see     \register
.endm

masks:
        stp     x29, x30, [sp, #-16]!
        holds   ICC_PMR_EL1
        holds   ICC_BPR1_EL1
        holds   ICC_BPR0_EL1
        holds   ICC_CTLR_EL1
        msr     ICC_CTLR_EL1, xzr
        holds   ICC_IGRPEN0_EL1
        holds   ICC_IGRPEN1_EL1
        msr     ICC_IGRPEN0_EL1, xzr
        msr     ICC_BPR1_EL1, xzr
        msr     ICC_BPR0_EL1, xzr
        mov     x0, #0xf0
        msr     ICC_PMR_EL1, x0
        isb
        // The group off, and the mask down, while something is pending.
        ldr     x22, =SGI_BASE
        mov     w0, #8
        str     w0, [x22, #0x200]
        look
        msr     ICC_IGRPEN1_EL1, xzr
        isb
        look
        acknowledge
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        msr     ICC_PMR_EL1, xzr
        isb
        look
        acknowledge
        mov     x0, #0xf0
        msr     ICC_PMR_EL1, x0
        isb
        ldr     x1, =GICD
        mov     w0, #0x10
        str     w0, [x1]
        look
        acknowledge
        ldr     x1, =GICD
        mov     w0, #0x12
        str     w0, [x1]
        look
        acknowledge
        finish
        look
        see     ICC_CTLR_EL1
        see     ICC_SRE_EL1
        see     ICC_IGRPEN1_EL1
        bl      drain
        sum     "masks"
        ldp     x29, x30, [sp], #16
        ret

// ---- WFI and WFE ---------------------------------------------------------------------------------------------------

.macro wait_for timer, other, ticks, more
        ldr     x0, =\ticks
        msr     \timer\()_TVAL_EL0, x0
        ldr     x0, =\ticks + \more
        msr     \other\()_TVAL_EL0, x0
        mov     x0, #1
        msr     \timer\()_CTL_EL0, x0
        msr     \other\()_CTL_EL0, x0
        isb
        wfi
        see     CNTVCT_EL0
        look
        msr     \timer\()_CTL_EL0, xzr
        msr     \other\()_CTL_EL0, xzr
        isb
.endm

waits:
        stp     x29, x30, [sp, #-16]!
        wait_for CNTV, CNTP, 5, 100     // soon, perhaps past before the WFI
        wait_for CNTV, CNTP, 12, 1
        wait_for CNTV, CNTP, 1000, 1
        wait_for CNTP, CNTV, 100000, 7
        wait_for CNTP, CNTV, 20000000, 1
        // The first one does not get past PMR, so that the second wakes it.
        ldr     x22, =SGI_BASE
        mov     w0, #0xf8
        strb    w0, [x22, #0x41b]
        wait_for CNTV, CNTP, 500, 300
        // The first one is disabled, or already active.
        mov     w0, #0xa0
        strb    w0, [x22, #0x41b]
        mov     w24, #1 << 27
        str     w24, [x22, #0x180]
        wait_for CNTV, CNTP, 500, 300
        str     w24, [x22, #0x100]
        str     w24, [x22, #0x300]
        wait_for CNTV, CNTP, 500, 300
        str     w24, [x22, #0x380]
        // Its running priority keeps an interrupt from waking; a higher one does.
        mov     w0, #1 << 2
        str     w0, [x22, #0x200]
        acknowledge
        mov     w0, #0x20
        strb    w0, [x22, #0x41e]       // CNTP above the one that is active
        wait_for CNTV, CNTP, 400, 400
        finish
        mov     w0, #0xa0
        strb    w0, [x22, #0x41e]
        look
        // With interrupts unmasked.
        mov     x0, #300
        msr     CNTV_TVAL_EL0, x0
        mov     x0, #1
        msr     CNTV_CTL_EL0, x0
        msr     DAIFClr, #2
        wfi
        nop
        msr     DAIFSet, #2
        msr     CNTV_CTL_EL0, xzr
        isb
        see     CNTVCT_EL0
        sevl
        wfe
        see     CNTVCT_EL0
        sev
        wfe
        see     CNTVCT_EL0
        bl      drain
        sum     "waits"
        ldp     x29, x30, [sp], #16
        ret

// ---- timers from EL0, under CNTKCTL_EL1 ----------------------------------------------------------------------------

unprivileged:
        stp     x29, x30, [sp, #-16]!
        mov     x20, #0
1:      mov     x0, x20
        cmp     x20, #5
        b.lo    2f
        sub     x0, x20, #5             // one bit of the upper ones
        mov     x1, #1 << 8
        lsl     x0, x1, x0
        orr     x0, x0, #3
2:      msr     CNTKCTL_EL1, x0
        see     CNTKCTL_EL1
        adr     x0, el0_back
        adr     x1, el0_return
        str     x0, [x1]
        adr     x0, el0_code
        msr     ELR_EL1, x0
        mov     x0, #0x3c0
        msr     SPSR_EL1, x0
        isb
        eret
el0_back:
        msr     CNTV_CTL_EL0, xzr
        msr     CNTP_CTL_EL0, xzr
        isb
        add     x20, x20, #1
        cmp     x20, #8
        b.lo    1b
        msr     CNTKCTL_EL1, xzr
        sum     "unprivileged"
        ldp     x29, x30, [sp], #16
        ret

el0_code:
        mov     x0, #0
        see     CNTVCT_EL0
        mov     x0, #0
        see     CNTPCT_EL0
        mov     x0, #0
        see     CNTFRQ_EL0
        mov     x1, #1000
        msr     CNTV_CVAL_EL0, x1
        mov     x0, #0
        see     CNTV_CVAL_EL0
        msr     CNTV_TVAL_EL0, x1
        mov     x0, #0
        see     CNTV_TVAL_EL0
        mov     x1, #3
        msr     CNTV_CTL_EL0, x1
        mov     x0, #0
        see     CNTV_CTL_EL0
        mov     x1, #1000
        msr     CNTP_CVAL_EL0, x1
        mov     x0, #0
        see     CNTP_CVAL_EL0
        msr     CNTP_TVAL_EL0, x1
        mov     x0, #0
        see     CNTP_TVAL_EL0
        mov     x1, #3
        msr     CNTP_CTL_EL0, x1
        mov     x0, #0
        see     CNTP_CTL_EL0
        mov     x0, #0
        see     ICC_PMR_EL1             // never from here
        wfi                             // SCTLR_EL1.nTWI is clear
        svc     #0

// ---- interrupts at every place -------------------------------------------------------------------------------------

storm:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #1
        msr     CNTV_TVAL_EL0, x0
        msr     CNTP_TVAL_EL0, x0
        msr     CNTV_CTL_EL0, x0
        msr     CNTP_CTL_EL0, x0
        msr     DAIFClr, #2
        ldr     x20, =20000
        mov     x21, #1
        adr     x22, storm_data
1:      ldr     x0, =6364136223846793005
        madd    x21, x21, x0, x20
        str     x21, [x22]
        ldxr    x1, [x22]
        eor     x1, x1, x21, lsr #29
        stxr    w2, x1, [x22]
        cbnz    w2, 2f
        ldr     x3, [x22]
        mix     x3
2:      tbz     x21, #40, 3f
        mrs     x3, CNTVCT_EL0
        mix     x3
3:      subs    x20, x20, #1
        b.ne    1b
        msr     DAIFSet, #2
        msr     CNTV_CTL_EL0, xzr
        msr     CNTP_CTL_EL0, xzr
        isb
        adr     x0, taken
        ldr     x20, [x0]
        mix     x20
        str     xzr, [x0]
        look
        sum     "storm"
        ldp     x29, x30, [sp], #16
        ret
        .balign 16
storm_data:
        .quad   0, 0

// ---- SGIs between two CPUs -----------------------------------------------------------------------------------------

.macro firmware
        adr     x4, current_el
        ldr     x4, [x4]
        cmp     x4, #2
        b.eq    7f
        hvc     #0
        b       8f
7:      smc     #0
8:
.endm

two_cpus:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =0xc4000003         // CPU_ON
        mov     x1, #1
        adr     x2, cpu1
        mov     x3, #0x55
        firmware
        cbz     x0, 1f
        say     "one CPU\n"
        b       done
1:      adr     x22, mailbox
2:      ldar    x0, [x22]               // until it is ready
        cbz     x0, 2b
        msr     DAIFClr, #2
        mov     x20, #0
3:      and     x0, x20, #7             // SGI number
        lsl     x0, x0, #24
        mov     x1, #2
        tbz     x20, #4, 4f
        mov     x1, #3                  // to both
4:      orr     x0, x0, x1
        tbz     x20, #5, 5f
        orr     x0, x0, #1 << 40        // to all but itself
5:      msr     ICC_SGI1R_EL1, x0
        isb
        ldr     x1, =SGI_BASE1          // what the other one has
        ldr     w0, [x1, #0x200]
        mix     x0
        ldr     w0, [x1, #0x300]
        mix     x0
        see     CNTVCT_EL0
        add     x2, x22, #8
        add     x3, x20, #1
6:      ldar    x0, [x2]                // answers
        cmp     x0, x3
        b.hs    6f
        tbnz    x20, #0, 6b
        msr     DAIFSet, #2
        ldar    x0, [x2]
        cmp     x0, x3
        b.hs    5f
        wfi                             // its answer comes with an SGI
5:      msr     DAIFClr, #2
        b       6b
6:      mix     x0
        add     x20, x20, #1
        cmp     x20, #ROUNDS
        b.lo    3b
        // An SPI goes to the other one.
        ldr     x1, =GICD
        add     x1, x1, #6, lsl #12
        mov     x0, #1
        str     x0, [x1, #0x140]        // GICD_IROUTER40
        ldr     x1, =GICD
        mov     w0, #1 << 8
        str     w0, [x1, #0x204]
        add     x2, x22, #16
7:      ldar    x0, [x2]
        cbz     x0, 7b
        msr     DAIFSet, #2
        ldr     w0, [x1, #0x304]
        mix     x0
        mov     x0, #1
        add     x2, x22, #24            // it may go
        stlr    x0, [x2]
        mov     x0, #1 << 1
        msr     ICC_SGI1R_EL1, x0
        sev
still_on:
        ldr     x0, =0xc4000004         // AFFINITY_INFO
        mov     x1, #1
        mov     x2, #0
        firmware
        cmp     x0, #1
        b.ne    still_on
        ldr     x0, [x22, #32]
        mix     x0
        sum     "two CPUs"
done:   ldp     x29, x30, [sp], #16
        ret

// The second CPU: answers each SGI with one of its own.
cpu1:
        adr     x1, current_el
        ldr     x1, [x1]
        cmp     x1, #2
        b.ne    1f
        mov     x2, #1 << 31
        msr     HCR_EL2, x2
        mov     x2, #0x33ff
        msr     CPTR_EL2, x2
        msr     CNTVOFF_EL2, xzr
        mov     x2, #3
        msr     CNTHCTL_EL2, x2
        mov     x2, #15
        msr     ICC_SRE_EL2, x2
        isb
        adr     x2, 1f
        msr     ELR_EL2, x2
        mov     x2, #0x3c5
        msr     SPSR_EL2, x2
        isb
        eret
1:      mov     x28, x0
        ldr     x1, =CPU1_STACK
        mov     sp, x1
        adr     x0, own_vectors
        msr     VBAR_EL1, x0
        mov     x0, #3 << 20
        msr     CPACR_EL1, x0
        ldr     x0, =GICR1
        bl      local_set_up
        adr     x22, mailbox
        mov     x0, #1
        stlr    x0, [x22]
        add     x23, x22, #24
2:      msr     DAIFSet, #2
        ldar    x0, [x23]
        cbnz    x0, 3f
        wfi
        msr     DAIFClr, #2
        nop
        b       2b
3:      msr     DAIFClr, #2
        nop
        msr     DAIFSet, #2
        str     x28, [x22, #32]
        dsb     sy
        ldr     x0, =0x84000002         // CPU_OFF
        firmware
        b       .

        .balign 64
mailbox:
        .quad   0                       // the second CPU is there
        .quad   0                       // SGIs that it has answered
        .quad   0                       // SPIs that it has had
        .quad   0                       // it may go
        .quad   0                       // its sum

// ---- exceptions ----------------------------------------------------------------------------------------------------

taken:  .quad   0
el0_return:
        .quad   0

own_irq:
        stp     x0, x1, [sp, #-80]!
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x19, x30, [sp, #48]
        see     ICC_HPPIR1_EL1
        see     ISR_EL1
        acknowledge
        see     ICC_RPR_EL1
        see     ELR_EL1
        adr     x1, taken
        ldr     x0, [x1]
        add     x0, x0, #1
        str     x0, [x1]
        lsr     x0, x0, #14
        cbz     x0, 5f
        movz    x0, #16, lsl #16        // enough: where time goes on by itself they would never end
        msr     CNTV_TVAL_EL0, x0
        msr     CNTP_TVAL_EL0, x0
        b       4f
5:      cmp     x19, #27
        b.eq    1f
        cmp     x19, #30
        b.eq    2f
        mrs     x1, MPIDR_EL1
        tst     x1, #0xff
        b.eq    4f
        adr     x1, mailbox             // the second CPU
        cmp     x19, #16
        b.hs    3f
        add     x1, x1, #8
        ldar    x0, [x1]
        add     x0, x0, #1
        stlr    x0, [x1]
        mov     x0, #1
        msr     ICC_SGI1R_EL1, x0       // SGI 0 to the first
        b       4f
3:      mov     x0, #1
        add     x1, x1, #16
        stlr    x0, [x1]
        b       4f
1:      and     x0, x28, #127           // again, after some instructions
        add     x0, x0, #40
        msr     CNTV_TVAL_EL0, x0
        b       4f
2:      and     x0, x28, #255
        add     x0, x0, #60
        msr     CNTP_TVAL_EL0, x0
4:      msr     ICC_EOIR1_EL1, x19
        ldp     x19, x30, [sp, #48]
        ldp     x4, x5, [sp, #32]
        ldp     x2, x3, [sp, #16]
        ldp     x0, x1, [sp], #80
        eret

// From EL0: SVC goes back, what is trapped is noted and left out.
own_lower:
        mrs     x16, ESR_EL1
        mix     x16
        lsr     x17, x16, #26
        cmp     x17, #0x15
        b.eq    1f
        mrs     x16, ELR_EL1
        add     x16, x16, #4
        msr     ELR_EL1, x16
        eret
1:      adr     x16, el0_return
        ldr     x16, [x16]
        msr     ELR_EL1, x16
        mov     x16, #0x3c5
        msr     SPSR_EL1, x16
        eret

.macro own offset, target
        .balign 0x80
        mov     x16, #\offset
        b       \target
.endm

        .balign 0x800
own_vectors:
        own     0x000, trap_entry
        own     0x080, trap_entry
        own     0x100, trap_entry
        own     0x180, trap_entry
        own     0x200, trap_entry
        own     0x280, own_irq
        own     0x300, trap_entry
        own     0x380, trap_entry
        own     0x400, own_lower
        own     0x480, trap_entry
        own     0x500, trap_entry
        own     0x580, trap_entry
        own     0x600, trap_entry
        own     0x680, trap_entry
        own     0x700, trap_entry
        own     0x780, trap_entry
        .ltorg
