// What AT says, line by line: permissions in three regimes, combination of attributes of both stages, input sizes of stage 1
// and stage 2, and external aborts. All at EL2; the regimes' tables are built by hand, at fixed places.

L1      = SCRATCH               // stage 1: 4 KiB granule, 39 bits of address
L2LOW   = SCRATCH + 0x1000      // addresses from 0: the console
L2      = SCRATCH + 0x2000      // addresses from 2 GiB: what is probed
L3      = SCRATCH + 0x3000
S2L1    = SCRATCH + 0x4000      // stage 2: the same sizes
S2L2    = SCRATCH + 0x5000
EMPTY   = SCRATCH + 0x100000
VECTORS1 = SCRATCH + 0x200000
NOWHERE = 0x70000000            // nothing answers there
VA      = 0x80000040
GUEST_SP = 0x41e00000
HCR_RW  = 1 << 31
E2H     = 1 << 34
TGE     = 1 << 27
MAIR    = 0x4fffbb440c080400
TCR     = 0x200193519           // T0SZ and T1SZ 25 bits, 4 KiB twice, write-back, shareable, 40 bits
TCR1    = 0x280000000           // TG1 4 KiB, 40 bits
PAGE    = 0x403                 // AF

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        say     "This probe starts at EL2 (--nested nv2).\n"
        b       2f
1:      bl      permissions
        bl      attributes
        bl      ranges
        bl      stage2_ranges
        bl      external
        say     "end\n"
2:      ldp     x29, x30, [sp], #16
        ret

// ask name, operation: does it at x27 and shows PAR_EL1.
.macro ask text, operation
        at      \operation, x27
        isb
        mrs     x6, PAR_EL1
        show    "\text", x6
.endm

forget:
        dsb     sy
        tlbi    ALLE1
        tlbi    VMALLS12E1
        tlbi    ALLE2
        dsb     sy
        isb
        ret

// Stage 1 tables: x2 the descriptor of VA, x3 bits of the table descriptor above.
stage1:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =L1
        ldr     x1, =L2LOW + 3
        str     x1, [x0]
        ldr     x1, =0x40000701         // RAM to itself, for the program: privileged
        str     x1, [x0, #8]
        ldr     x1, =L2 + 3
        orr     x1, x1, x3
        str     x1, [x0, #16]
        ldr     x0, =L2LOW + 0x240
        ldr     x1, =0x09000401
        str     x1, [x0]
        ldr     x0, =L2
        ldr     x1, =L3 + 3
        str     x1, [x0]
        ldr     x0, =L3
        str     x2, [x0]
        bl      forget
        ldp     x29, x30, [sp], #16
        ret

// ---- permissions -----------------------------------------------------------------------------------------------------
// x19 AP[2:1], x20 APTable, x21 PAN, x22 HPD, x23 number of the regime

permissions:
        stp     x29, x30, [sp, #-16]!
        ldr     x27, =VA
        mov     x23, #0
1:      mov     x19, #0
2:      mov     x20, #0
3:      mov     x22, #0
4:      mov     x21, #0
5:      bl      permission
        add     x21, x21, #1
        cmp     x21, #2
        b.ne    5b
        add     x22, x22, #1
        cmp     x22, #2
        b.ne    4b
        add     x20, x20, #1
        cmp     x20, #4
        b.ne    3b
        add     x19, x19, #1
        cmp     x19, #4
        b.ne    2b
        add     x23, x23, #1
        cmp     x23, #3
        b.ne    1b
        ldp     x29, x30, [sp], #16
        ret

permission:
        stp     x29, x30, [sp, #-16]!
        ldr     x2, =0x40000000 + PAGE + 0x300
        lsl     x1, x19, #6
        orr     x2, x2, x1
        mov     x1, #6 << 2             // write-back
        orr     x2, x2, x1
        lsl     x3, x20, #61
        bl      stage1
        bl      regime_on
        say     "permission regime="
        mov     x0, x23
        bl      hex
        show    "ap", x19
        show    "table", x20
        show    "hpd", x22
        show    "pan", x21
        cbz     x21, 1f
        msr     PAN, #1
1:      cmp     x23, #2
        b.eq    2f
        ask     "r", S1E1R
        ask     "w", S1E1W
        ask     "ur", S1E0R
        ask     "uw", S1E0W
        ask     "rp", S1E1RP
        ask     "wp", S1E1WP
        b       3f
2:      ask     "r", S1E2R
        ask     "w", S1E2W
3:      msr     PAN, #0
        bl      regime_off
        newline
        ldp     x29, x30, [sp], #16
        ret

// Regime 0: EL1&0 seen from EL2; 1: EL2&0, E2H = TGE = 1; 2: EL2 with E2H = 0.
regime_on:
        mov     x0, #HCR_RW
        cmp     x23, #1
        b.ne    1f
        mov     x1, #E2H
        orr     x0, x0, x1
        mov     x1, #TGE
        orr     x0, x0, x1
1:      msr     HCR_EL2, x0
        isb
        ldr     x1, =L1
        ldr     x2, =MAIR
        cmp     x23, #2
        b.eq    2f
        ldr     x0, =TCR
        ldr     x3, =TCR1
        orr     x0, x0, x3
        orr     x0, x0, x22, lsl #41
        msr     TCR_EL1, x0
        msr     TTBR0_EL1, x1
        msr     MAIR_EL1, x2
        isb
        ldr     x0, =0x30d01805
        msr     SCTLR_EL1, x0
        isb
        ret
2:      ldr     x0, =0x80823519         // PS 40 bits, RES1
        orr     x0, x0, x22, lsl #24
        msr     TCR_EL2, x0
        msr     TTBR0_EL2, x1
        msr     MAIR_EL2, x2
        isb
        ldr     x0, =0x30c51835
        msr     SCTLR_EL2, x0
        isb
        ret

regime_off:
        mov     x0, #HCR_RW
        ldr     x1, =0x30c50830
        msr     SCTLR_EL2, x1
        isb
        msr     HCR_EL2, x0
        isb
        ldr     x1, =0x30d00800
        msr     SCTLR_EL1, x1
        isb
        ret

// ---- attributes of both stages ---------------------------------------------------------------------------------------
// x19 AttrIndx, x20 stage 2 MemAttr, x21 SH of stage 1, x22 SH of stage 2, x24 HCR_EL2

attributes:
        stp     x29, x30, [sp, #-16]!
        ldr     x27, =VA
        mov     x23, #0
        mov     x21, #3
        mov     x22, #3
        ldr     x24, =HCR_RW | 1
        mov     x19, #0
1:      mov     x20, #0
2:      and     x0, x20, #3             // 4, 8 and 12 are reserved
        cbnz    x0, 3f
        cbnz    x20, 4f
3:      bl      attribute
4:      add     x20, x20, #1
        cmp     x20, #16
        b.ne    2b
        add     x19, x19, #1
        cmp     x19, #8
        b.ne    1b
        // Shareability.
        mov     x20, #15
        mov     x19, #4
5:      mov     x21, #0
6:      mov     x22, #0
7:      bl      attribute
        add     x22, x22, #1
        cmp     x22, #1
        cinc    x22, x22, eq
        cmp     x22, #4
        b.ne    7b
        add     x21, x21, #1
        cmp     x21, #1
        cinc    x21, x21, eq
        cmp     x21, #4
        b.ne    6b
        add     x19, x19, #2
        cmp     x19, #8
        b.ne    5b
        // FEAT_S2FWB.
        mov     x21, #3
        mov     x22, #3
        mov     x0, #1 << 46
        orr     x24, x24, x0
        mov     x19, #0
8:      mov     x20, #0
10:     cmp     x20, #4
        b.eq    11f
        bl      attribute
11:     add     x20, x20, #1
        cmp     x20, #8
        b.ne    10b
        add     x19, x19, #1
        cmp     x19, #8
        b.ne    8b
        // CD: stage 2 not cacheable for data.
        ldr     x24, =HCR_RW | 1
        mov     x0, #1 << 32
        orr     x24, x24, x0
        mov     x20, #15
        mov     x19, #6
        bl      attribute
        mov     x19, #4
        bl      attribute
        bl      regime_off
        ldp     x29, x30, [sp], #16
        ret

attribute:
        stp     x29, x30, [sp, #-16]!
        // Stage 2: the first gigabyte of RAM to itself, and 2 GiB to RAM, under test.
        ldr     x0, =S2L1
        ldr     x1, =0x400007fd
        str     x1, [x0, #8]
        ldr     x1, =0x400004c1
        orr     x1, x1, x20, lsl #2
        orr     x1, x1, x22, lsl #8
        str     x1, [x0, #16]
        tst     x24, #1 << 46
        b.eq    1f
        ldr     x1, =0x400007d9         // MemAttr 6 is write-back then
        str     x1, [x0, #8]
1:      ldr     x1, =0x80023559         // VTCR_EL2: T0SZ 25, level 1, write-back, 40 bits
        msr     VTCR_EL2, x1
        msr     VTTBR_EL2, x0
        ldr     x2, =0x80000000 + PAGE
        orr     x2, x2, x19, lsl #2
        orr     x2, x2, x21, lsl #8
        mov     x3, #0
        bl      stage1
        mov     x22, x22
        stp     x22, xzr, [sp, #-16]!
        mov     x22, #0
        bl      regime_on
        ldp     x22, xzr, [sp], #16
        msr     HCR_EL2, x24
        isb
        say     "attributes"
        show    "hcr", x24
        show    "s1", x19
        show    "s2", x20
        show    "sh1", x21
        show    "sh2", x22
        ask     "par", S12E1R
        newline
        ldp     x29, x30, [sp], #16
        ret

// ---- input sizes of stage 1 ------------------------------------------------------------------------------------------
// x19 T0SZ and T1SZ, x20 TG0, x21 TG1, x22 more bits of TCR_EL1

ranges:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =EMPTY
        mov     x1, #0x20000
1:      subs    x1, x1, #8
        str     xzr, [x0, x1]
        b.ne    1b
        mov     x0, #HCR_RW
        msr     HCR_EL2, x0
        ldr     x0, =0x30d01805
        msr     SCTLR_EL1, x0
        ldr     x0, =EMPTY
        msr     TTBR0_EL1, x0
        msr     TTBR1_EL1, x0
        mov     x22, #0
        mov     x20, #0
        mov     x21, #2
        bl      sizes
        mov     x20, #2
        mov     x21, #1
        bl      sizes
        mov     x20, #1
        mov     x21, #3
        bl      sizes
        mov     x20, #0
        mov     x21, #2
        mov     x19, #25
        mov     x22, #1 << 7            // EPD0
        bl      range
        mov     x22, #1 << 23           // EPD1
        bl      range
        mov     x22, #1 << 37           // TBI0
        bl      range
        mov     x22, #1 << 38           // TBI1
        bl      range
        // A root beyond the output size.
        mov     x22, #0
        ldr     x0, =1 << 41
        msr     TTBR0_EL1, x0
        bl      range
        bl      regime_off
        ldp     x29, x30, [sp], #16
        ret

sizes:
        stp     x29, x30, [sp, #-16]!
        mov     x19, #16
1:      bl      range
        add     x19, x19, #1
        cmp     x19, #48
        b.ne    1b
        ldp     x29, x30, [sp], #16
        ret

range:
        stp     x29, x30, [sp, #-16]!
        orr     x0, x19, x19, lsl #16
        orr     x0, x0, x20, lsl #14
        orr     x0, x0, x21, lsl #30
        mov     x1, #2
        orr     x0, x0, x1, lsl #32
        orr     x0, x0, x22
        msr     TCR_EL1, x0
        bl      forget
        say     "range"
        show    "size", x19
        show    "granule", x20
        show    "more", x22
        mov     x0, #64
        sub     x0, x0, x19
        mov     x1, #1
        lsl     x26, x1, x0
        mov     x27, #0x1000
        sub     x27, x26, x27
        ask     "low", S1E1R
        mov     x27, x26
        ask     "above", S1E1R
        neg     x27, x26
        ask     "high", S1E1R
        neg     x27, x26
        sub     x27, x27, #0x1000
        ask     "below", S1E1R
        mov     x27, #0x5a
        lsl     x27, x27, #56
        orr     x27, x27, #0x1000
        ask     "tagged-low", S1E1R
        ldr     x27, =0x5afffffffffff000
        ask     "tagged-high", S1E1R
        newline
        ldp     x29, x30, [sp], #16
        ret

// ---- input sizes of stage 2 ------------------------------------------------------------------------------------------
// x19 T0SZ, x20 SL0, x21 TG0

stage2_ranges:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        ldr     x0, =HCR_RW | 1
        msr     HCR_EL2, x0
        ldr     x0, =EMPTY
        msr     VTTBR_EL2, x0
        mov     x21, #0
1:      mov     x20, #0
2:      mov     x19, #25
3:      bl      stage2_range
        add     x19, x19, #1
        cmp     x19, #40
        b.ne    3b
        add     x20, x20, #1
        cmp     x20, #3
        b.ne    2b
        add     x21, x21, #1
        cmp     x21, #3
        b.ne    1b
        mov     x0, #HCR_RW
        msr     HCR_EL2, x0
        isb
        ldp     x29, x30, [sp], #16
        ret

stage2_range:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =0x80020000
        orr     x0, x0, x19
        orr     x0, x0, x20, lsl #6
        orr     x0, x0, x21, lsl #14
        msr     VTCR_EL2, x0
        bl      forget
        say     "stage2"
        show    "size", x19
        show    "start", x20
        show    "granule", x21
        mov     x0, #64
        sub     x0, x0, x19
        mov     x1, #1
        lsl     x26, x1, x0
        mov     x27, #0x1000
        sub     x27, x26, x27
        ask     "low", S12E1R
        mov     x27, x26
        ask     "above", S12E1R
        newline
        ldp     x29, x30, [sp], #16
        ret

// ---- external aborts -------------------------------------------------------------------------------------------------

el1_load:       ldr     x1, [x0]
                hvc     #0
el1_store:      strb    w1, [x0]
                hvc     #0
el1_exec:       br      x0
el1_at:         at      S1E1R, x0
                isb
                mrs     x2, PAR_EL1
                hvc     #0

// outcome: what the last trap recorded.
.macro outcome text
        say     "external \text"
        recorded x6, vector
        show    "vector", x6
        recorded x6, esr
        show    "esr", x6
        recorded x6, far
        show    "far", x6
        newline
.endm

// from_el1 name, code, HCR_EL2: runs it with x27 in X0; ESR_EL1 and FAR_EL1 where EL1 takes it.
.macro from_el1 text, code, hcr
        mov     x0, #HCR_RW
        mov     x1, #\hcr
        orr     x0, x0, x1
        msr     HCR_EL2, x0
        isb
        adr     x0, \code
        ldr     x1, =GUEST_SP
        mov     x2, x27
        bl      run_el1
        mov     x0, #HCR_RW
        msr     HCR_EL2, x0
        isb
        say     "external \text"
        recorded x23, esr
        show    "esr", x23
        lsr     x0, x23, #26
        cmp     x0, #0x16
        b.eq    1f
        recorded x6, far
        show    "far", x6
        b       2f
1:      mrs     x6, ESR_EL1
        show    "esr1", x6
        mrs     x6, FAR_EL1
        show    "far1", x6
2:      newline
        msr     ESR_EL1, xzr
        msr     FAR_EL1, xzr
.endm

external:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =VECTORS1
        msr     VBAR_EL1, x0
        ldr     w1, =0xd4000022         // hvc #1
        str     w1, [x0, #0x200]
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        bl      forget
        ic      IALLU
        dsb     sy
        isb
        ldr     x27, =NOWHERE
        expect  1f
        ldr     x0, [x27]
1:      outcome "load"
        expect  2f
        strb    w0, [x27]
2:      outcome "store"
        expect  3f
        br      x27
3:      outcome "fetch"
        expect  4f
        ldp     x0, x1, [x27, #16]
4:      outcome "pair"
        expect  5f
        ldadd   x0, x1, [x27]
5:      outcome "atomic"
        from_el1 "load-el1", el1_load, 0
        from_el1 "store-el1", el1_store, 0
        from_el1 "fetch-el1", el1_exec, 0
        from_el1 "load-tea", el1_load, 1 << 37
        from_el1 "fetch-tea", el1_exec, 1 << 37
        // Walks: the root of stage 1 is nowhere.
        ldr     x0, =TCR
        msr     TCR_EL1, x0
        ldr     x0, =0x30d01805
        msr     SCTLR_EL1, x0
        msr     TTBR0_EL1, x27
        bl      forget
        expect  6f
        at      S1E1R, x27
6:      outcome "walk-at"
        // And that of stage 2.
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        ldr     x0, =0x80023559
        msr     VTCR_EL2, x0
        msr     VTTBR_EL2, x27
        bl      forget
        from_el1 "walk-stage2", el1_load, 1
        ldr     x0, =HCR_RW | 1
        msr     HCR_EL2, x0
        isb
        expect  7f
        at      S12E1R, x27
7:      outcome "walk-stage2-at"
        mov     x0, #HCR_RW
        msr     HCR_EL2, x0
        isb
        ldp     x29, x30, [sp], #16
        ret
        .ltorg
