// Work in which each disturbance of the comparison's self-test can do harm, behind a block of records in which
// nothing happens. Behind the library of the in-tree guests.
PAGE_A  = 0x48000000
PAGE_B  = 0x48001000
WINDOW  = 0x80000000

main:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =600000
quiet:  subs    x0, x0, #1
        b.ne    quiet

        bl      tables_reset
        mov     x0, #4096
        bl      table
        mov     x19, x0
        movz    x1, #0                  // devices: 1 GiB, Device-nGnRnE
        ldr     x2, =0x0060000000000401
        mov     x3, #1
        mov     x4, #1
        mov     x5, #12
        bl      map
        mov     x0, x19
        ldr     x1, =RAM                // RAM: 1 GiB, normal
        ldr     x2, =0x40000705
        mov     x3, #1
        mov     x4, #1
        mov     x5, #12
        bl      map
        mov     x0, x19
        ldr     x1, =WINDOW
        ldr     x2, =PAGE_A | 0x707
        mov     x3, #1
        mov     x4, #3
        mov     x5, #12
        bl      map
        mov     x20, x0                 // its descriptor
        ldr     x1, =PAGE_A
        mov     x2, #0xa
        str     x2, [x1]
        ldr     x1, =PAGE_B
        mov     x2, #0xb
        str     x2, [x1]
        ldr     x1, =0xff00
        msr     MAIR_EL1, x1
        ldr     x1, =0x200803519        // TCR: 39 bits, 4 KiB, write-back, no TTBR1
        msr     TCR_EL1, x1
        msr     TTBR0_EL1, x19
        tlbi    vmalle1
        dsb     sy
        isb
        mrs     x1, SCTLR_EL1
        orr     x1, x1, #1
        msr     SCTLR_EL1, x1
        isb

        // A page is moved; who does not invalidate sees the old one.
        ldr     x21, =WINDOW
        ldr     x22, [x21]
        ldr     x2, =PAGE_B | 0x707
        str     x2, [x20]
        dsb     ish
        lsr     x3, x21, #12
moved:  tlbi    vae1, x3
        dsb     ish
        isb
        ldr     x23, [x21]

        // An exclusive pair, many times.
        ldr     x1, =PAGE_A
        mov     x2, #1000
1:      ldxr    x3, [x1]
        add     x3, x3, #1
taken:  stxr    w4, x3, [x1]
        cbnz    w4, 1b
        subs    x2, x2, #1
        b.ne    1b

        // Arithmetic.
        mov     x5, #3
        mov     x6, #0
        mov     x2, #1000
1:      madd    x6, x6, x5, x5
        eor     x6, x6, x6, lsr #7
        subs    x2, x2, #1
        b.ne    1b

        // A timer interrupt in a loop.
        adr     x0, tick
        adr     x1, irq_handler
        str     x0, [x1]
        ldr     x1, =GICR
        ldr     w2, [x1, #0x14]
        and     w2, w2, #~2
        str     w2, [x1, #0x14]
        ldr     x1, =GICR + 0x10000
        mov     w2, #1 << 27
        str     w2, [x1, #0x80]
        str     w2, [x1, #0x100]
        ldr     x1, =GICD
        mov     w2, #0x12
        str     w2, [x1]
        mov     x1, #0xf0
        msr     ICC_PMR_EL1, x1
        mov     x1, #1
        msr     ICC_IGRPEN1_EL1, x1
        isb
        mov     x1, #500
        msr     CNTV_TVAL_EL0, x1
        mov     x1, #1
        msr     CNTV_CTL_EL0, x1
        msr     DAIFClr, #2
        mov     x24, #0
1:      add     x24, x24, #1
        cmp     x24, #1000
        b.ne    1b
        msr     DAIFSet, #2
        ldr     x1, ticks
        show    "ticks", x1
        newline
        ldp     x29, x30, [sp], #16
        ret

tick:   mrs     x0, ICC_IAR1_EL1
        msr     CNTV_CTL_EL0, xzr
        msr     ICC_EOIR1_EL1, x0
        adr     x0, ticks
        ldr     x1, [x0]
        add     x1, x1, #1
        str     x1, [x0]
        ret
        .balign 8
ticks:  .quad   0
        .ltorg
