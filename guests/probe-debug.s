// Self-hosted debug of EL1 by EL2: software step, breakpoints and watchpoints. A line each: ESR_EL2, where EL1 stopped, SPSR_EL2
// of a step, FAR_EL2 of a watchpoint.

CODE     = SCRATCH
DATA     = SCRATCH + 0x1000
VECTORS1 = SCRATCH + 0x2000
GUEST_SP = 0x41e00000

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        say     "This probe starts at EL2 (--nested nv2).\n"
        b       2f
1:      mrs     x0, PMCR_EL0
        ubfx    x0, x0, #11, #5
        orr     x0, x0, #1 << 8         // MDCR_EL2.TDE
        msr     MDCR_EL2, x0
        msr     OSLAR_EL1, xzr
        msr     OSDLR_EL1, xzr
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        mov     x0, #3 << 20
        msr     CPACR_EL1, x0
        ldr     x0, =VECTORS1
        msr     VBAR_EL1, x0
        ldr     w1, =0xd4000022         // hvc #1
        str     w1, [x0, #0x200]
        isb
        bl      steps
        bl      breakpoints
        bl      watchpoints
        say     "end\n"
2:      ldp     x29, x30, [sp], #16
        ret

// Runs the instruction w19 at EL1 with DATA in X0, HVC behind it.
run:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =CODE
        str     w19, [x0]
        ldr     w1, =0xd503201f         // nop
        str     w1, [x0, #4]
        ldr     w1, =0xd4000002         // hvc #0
        str     w1, [x0, #8]
        dsb     sy
        ic      IVAU, x0
        dsb     sy
        isb
        ldr     x1, =GUEST_SP
        mov     x2, x27
        bl      run_el1
        ldp     x29, x30, [sp], #16
        ret

.macro outcome text
        say     "debug \text"
        recorded x6, esr
        show    "esr", x6
        lsr     x7, x6, #26
        recorded x6, elr
        ldr     x0, =CODE
        sub     x6, x6, x0
        show    "at", x6
.endm

.macro step text, instruction
        b       2f
1:      \instruction
2:      adr     x0, 1b
        ldr     w19, [x0]
        bl      run
        outcome "step \text"
        recorded x6, spsr
        show    "spsr", x6
        newline
.endm

steps:
        stp     x29, x30, [sp, #-16]!
        ldr     x27, =DATA
        mov     x0, #1                  // MDSCR_EL1.SS
        msr     MDSCR_EL1, x0
        adr     x1, guest_spsr
        ldr     x0, =0x2003c5           // SS
        str     x0, [x1]
        step    "nop", nop
        step    "load-exclusive", "ldxr x1, [x0]"
        step    "store", "str x1, [x0]"
        step    "branch", "b . + 8"
        step    "call", "bl . + 4"
        step    "svc", "svc #0"
        step    "hvc", "hvc #5"
        step    "smc", "smc #5"
        step    "brk", "brk #5"
        step    "undefined", ".word 0"
        step    "mask", "msr DAIFSet, #15"
        step    "unmask", "msr DAIFClr, #8"
        step    "flags", "cmp x0, #0"
        step    "isb", "isb"
        adr     x1, guest_spsr
        ldr     x0, =0x3c5
        str     x0, [x1]
        step    "pending", nop
        msr     MDSCR_EL1, xzr
        isb
        step    "off", nop
        adr     x1, guest_spsr
        str     xzr, [x1]
        ldp     x29, x30, [sp], #16
        ret

.macro break text, offset, control
        ldr     x0, =CODE + \offset
        msr     DBGBVR0_EL1, x0
        ldr     x0, =\control
        msr     DBGBCR0_EL1, x0
        isb
        ldr     w19, =0xd503201f
        bl      run
        msr     DBGBCR0_EL1, xzr
        isb
        outcome "break \text"
        newline
.endm

breakpoints:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #1 << 15            // MDSCR_EL1.MDE
        msr     MDSCR_EL1, x0
        break   "first", 0, 0x1e3
        break   "second", 4, 0x1e3
        break   "hvc", 8, 0x1e3
        break   "el0", 4, 0x1e5
        break   "both", 4, 0x1e7
        break   "off", 4, 0x1e6
        break   "el2-too", 4, 0x21e3
        msr     MDSCR_EL1, xzr
        isb
        break   "no-mde", 4, 0x1e3
        ldp     x29, x30, [sp], #16
        ret

// watch name, control, address, accessed address, instruction
.macro watch text, control, address, accessed, instruction
        b       2f
1:      \instruction
2:      adr     x0, 1b
        ldr     w19, [x0]
        ldr     x0, =DATA + \address
        msr     DBGWVR0_EL1, x0
        ldr     x0, =\control
        msr     DBGWCR0_EL1, x0
        isb
        ldr     x27, =DATA + \accessed
        bl      run
        msr     DBGWCR0_EL1, xzr
        isb
        outcome "watch \text"
        cmp     x7, #0x16
        b.eq    3f
        recorded x6, far
        show    "far", x6
3:      newline
.endm

watchpoints:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #1 << 15
        msr     MDSCR_EL1, x0
        watch   "load", 0x1feb, 0x40, 0x40, "ldr x1, [x0]"
        watch   "load-not-store", 0x1ff3, 0x40, 0x40, "ldr x1, [x0]"
        watch   "store", 0x1ff3, 0x40, 0x40, "str x1, [x0]"
        watch   "store-not-load", 0x1feb, 0x40, 0x40, "str x1, [x0]"
        watch   "either", 0x1ffb, 0x40, 0x40, "str x1, [x0]"
        watch   "el0", 0x1ffd, 0x40, 0x40, "str x1, [x0]"
        watch   "byte-in", 0x11b, 0x40, 0x43, "ldrb w1, [x0]"
        watch   "byte-out", 0x11b, 0x40, 0x44, "ldrb w1, [x0]"
        watch   "word-over-byte", 0x11b, 0x40, 0x40, "ldr w1, [x0]"
        watch   "upper-half", 0x1e1b, 0x40, 0x40, "ldr w1, [x0]"
        watch   "upper-half-hit", 0x1e1b, 0x40, 0x44, "ldr w1, [x0]"
        watch   "pair-second", 0x1ffb, 0x48, 0x40, "ldp x1, x2, [x0]"
        watch   "pair-beyond", 0x1ffb, 0x50, 0x40, "ldp x1, x2, [x0]"
        watch   "exclusive", 0x1ffb, 0x40, 0x40, "ldxr x1, [x0]"
        watch   "range", 0x07001ffb, 0x80, 0xf8, "str x1, [x0]"
        watch   "range-out", 0x07001ffb, 0x80, 0x100, "str x1, [x0]"
        watch   "off", 0x1ffa, 0x40, 0x40, "ldr x1, [x0]"
        watch   "prefetch", 0x1ffb, 0x40, 0x40, "prfm pldl1keep, [x0]"
        watch   "clean", 0x1ffb, 0x40, 0x40, "dc CVAC, x0"
        ldp     x29, x30, [sp], #16
        ret
        .ltorg
