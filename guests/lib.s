// Shared by all in-tree guests: start, console, exceptions, page tables, power off.
// A guest is this text, then its own, assembled as one raw image at 0x40080000, where both Nido and QEMU's
// -kernel load a raw binary. It is entered at EL1 or EL2 with the MMU off; its own part defines `main`.
//
// Registers: routines may change x0-x15. x16 and x17 belong to the exception entry, so no value lives there across
// anything that can trap. x19-x28 are kept.

UART    = 0x09000000
GICD    = 0x08000000
GICR    = 0x080a0000
RAM     = 0x40000000
TABLES  = 0x42000000            // page tables are made from here upwards
SCRATCH = 0x48000000            // memory that probes may map as they like
STACK   = 0x41f00000            // the stack, downwards

_start:
        ldr     x1, =STACK
        mov     sp, x1
        mrs     x1, CurrentEL
        lsr     x1, x1, #2
        adr     x2, current_el
        str     x1, [x2]
        adr     x2, vectors
        mov     x3, #3 << 20
        cmp     x1, #2
        b.eq    1f
        msr     VBAR_EL1, x2
        msr     CPACR_EL1, x3
        b       2f
1:      msr     VBAR_EL2, x2
        mov     x3, #1 << 31            // HCR_EL2.RW
        msr     HCR_EL2, x3
        mov     x3, #0x33ff             // CPTR_EL2: no traps
        msr     CPTR_EL2, x3
        mov     x3, #3 << 20            // nor of EL1
        msr     CPACR_EL1, x3
        msr     CNTVOFF_EL2, xzr
        mov     x3, #3
        msr     CNTHCTL_EL2, x3
2:      isb
        bl      main
        b       power_off

// Asks the firmware to switch off: SMC from EL2, HVC from EL1.
power_off:
        movz    w0, #0x8400, lsl #16
        movk    w0, #8
        adr     x1, current_el
        ldr     x1, [x1]
        cmp     x1, #2
        b.eq    1f
        hvc     #0
1:      smc     #0
2:      wfi
        b       2b

// Writes the byte w0.
putc:
        ldr     x1, =UART
        str     w0, [x1]
        ret

// Writes the string at x0, which ends with a zero byte.
puts:
        ldr     x1, =UART
1:      ldrb    w2, [x0], #1
        cbz     w2, 2f
        str     w2, [x1]
        b       1b
2:      ret

// Writes x0 in hexadecimal, without leading zeros.
hex:
        ldr     x1, =UART
        mov     x2, #60
1:      lsr     x3, x0, x2
        cbnz    x3, 2f
        cbz     x2, 2f
        sub     x2, x2, #4
        b       1b
2:      lsr     x3, x0, x2
        and     x3, x3, #15
        cmp     x3, #10
        add     x4, x3, #'0'
        add     x5, x3, #'a' - 10
        csel    x3, x4, x5, lo
        str     w3, [x1]
        subs    x2, x2, #4
        b.ge    2b
        ret

// say "text": writes it. Changes x0-x2 only.
.macro say text
        b       9f
8:      .asciz  "\text"
        .balign 4
9:      adr     x0, 8b
        stp     x30, x0, [sp, #-16]!
        bl      puts
        ldp     x30, x0, [sp], #16
.endm

// show "name", register: writes " name=" and the value in hexadecimal. Changes x0-x5.
.macro show text, value
        str     \value, [sp, #-16]!
        say     " \text="
        ldr     x0, [sp], #16
        stp     x30, x0, [sp, #-16]!
        bl      hex
        ldp     x30, x0, [sp], #16
.endm

.macro newline
        mov     w0, #10
        stp     x30, x0, [sp, #-16]!
        bl      putc
        ldp     x30, x0, [sp], #16
.endm

// expect label: the next synchronous exception is recorded in `trap`, and execution goes on at the label.
.macro expect label
        adr     x17, \label
        adr     x16, trap_resume
        str     x17, [x16]
        adr     x16, trap_esr
        str     xzr, [x16]
.endm

// A trap that was expected has not come.
.macro expected
        adr     x16, trap_resume
        str     xzr, [x16]
.endm

// recorded register, what: loads what the last trap recorded: esr, far, elr, spsr, hpfar, vector.
.macro recorded register, what
        adr     \register, trap_\what
        ldr     \register, [\register]
.endm

        .balign 8
current_el:     .quad 0
trap_resume:    .quad 0
trap_esr:       .quad 0
trap_elr:       .quad 0
trap_far:       .quad 0
trap_spsr:      .quad 0
trap_hpfar:     .quad 0
trap_vector:    .quad 0
irq_handler:    .quad 0         // called for IRQs at the current EL; changes x0-x5 only
guest_resume:   .quad 0         // where EL2 goes on after an exception from EL1; 0: none
guest_sp:       .quad 0

.macro ventry offset
        .balign 0x80
        mov     x16, #\offset
        b       trap_entry
.endm

        .balign 0x800
vectors:
        ventry  0x000
        ventry  0x080
        ventry  0x100
        ventry  0x180
        ventry  0x200
        ventry  0x280
        ventry  0x300
        ventry  0x380
        ventry  0x400
        ventry  0x480
        ventry  0x500
        ventry  0x580
        ventry  0x600
        ventry  0x680
        ventry  0x700
        ventry  0x780
        .balign 0x80

trap_entry:
        and     x17, x16, #0x180
        cmp     x17, #0x080
        b.eq    irq_entry
        adr     x17, trap_vector
        str     x16, [x17]
        mrs     x17, CurrentEL
        cmp     x17, #8
        b.eq    1f
        adr     x17, trap_esr
        mrs     x16, ESR_EL1
        str     x16, [x17], #8
        mrs     x16, ELR_EL1
        str     x16, [x17], #8
        mrs     x16, FAR_EL1
        str     x16, [x17], #8
        mrs     x16, SPSR_EL1
        str     x16, [x17], #8
        str     xzr, [x17]
        adr     x17, trap_resume
        ldr     x16, [x17]
        cbz     x16, unexpected
        str     xzr, [x17]
        msr     ELR_EL1, x16
        eret

1:      adr     x17, trap_esr
        mrs     x16, ESR_EL2
        str     x16, [x17], #8
        mrs     x16, ELR_EL2
        str     x16, [x17], #8
        mrs     x16, FAR_EL2
        str     x16, [x17], #8
        mrs     x16, SPSR_EL2
        str     x16, [x17], #8
        mrs     x16, HPFAR_EL2
        str     x16, [x17]
        adr     x16, trap_vector
        ldr     x16, [x16]
        tbnz    x16, #10, 2f
        adr     x17, trap_resume
        ldr     x16, [x17]
        cbz     x16, unexpected
        str     xzr, [x17]
        msr     ELR_EL2, x16
        eret

        // From EL1: EL2 goes on where it entered EL1.
2:      adr     x17, guest_resume
        ldr     x16, [x17]
        cbz     x16, unexpected
        str     xzr, [x17]
        br      x16

irq_entry:
        stp     x0, x1, [sp, #-64]!
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        str     x30, [sp, #48]
        adr     x17, irq_handler
        ldr     x17, [x17]
        cbz     x17, unexpected
        blr     x17
        ldr     x30, [sp, #48]
        ldp     x4, x5, [sp, #32]
        ldp     x2, x3, [sp, #16]
        ldp     x0, x1, [sp], #64
        eret

unexpected:
        say     "unexpected exception"
        recorded x6, vector
        show    "vector", x6
        recorded x6, esr
        show    "esr", x6
        recorded x6, elr
        show    "elr", x6
        recorded x6, far
        show    "far", x6
        newline
        b       power_off

// Runs EL1 code from EL2 until it causes an exception to EL2: x0 its entry, x1 its SP, x2 its X0. What happened is in
// `trap`. x19-x28 are EL1's to change. Only for programs that start at EL2.
run_el1:
        stp     x29, x30, [sp, #-16]!
        adr     x3, 1f
        adr     x4, guest_resume
        str     x3, [x4]
        msr     SP_EL1, x1
        msr     ELR_EL2, x0
        mov     x3, #0x3c5              // EL1h, all masked
        adr     x4, guest_spsr
        ldr     x4, [x4]
        cbz     x4, 2f
        mov     x3, x4
2:      msr     SPSR_EL2, x3
        mov     x0, x2
        isb
        eret
1:      ldp     x29, x30, [sp], #16
        ret
        .balign 8
guest_spsr:     .quad 0                 // PSTATE of EL1 code, 0 for EL1h with all masked

// ---- page tables -----------------------------------------------------------------------------------------------------

        .balign 8
next_table:     .quad TABLES

// Starts over with page tables: forgets all that were made. Changes x0-x1.
tables_reset:
        ldr     x0, =TABLES
        adr     x1, next_table
        str     x0, [x1]
        ret

// Makes an empty table: x0 its size in bytes; returns its address, a multiple of its size.
table:
        adr     x1, next_table
        ldr     x2, [x1]
        add     x2, x2, x0
        sub     x2, x2, #1
        sub     x3, x0, #1
        bic     x2, x2, x3
        add     x3, x2, x0
        str     x3, [x1]
        mov     x1, x2
1:      stp     xzr, xzr, [x1], #16
        cmp     x1, x3
        b.lo    1b
        mov     x0, x2
        ret

// Puts a descriptor into a tree of tables: x0 root, x1 input address, x2 descriptor, x3 level of the root,
// x4 level of the descriptor, x5 granule as a power of two. Tables on the way are made. Returns the descriptor's
// address in x0. The same for both stages.
map:
        stp     x29, x30, [sp, #-96]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        str     x25, [sp, #64]
        mov     x19, x0
        mov     x20, x1
        mov     x21, x2
        mov     x22, x3
        mov     x23, x4
        mov     x24, x5
        mov     x25, #-1                // the root may be several tables, or part of one
1:      sub     x6, x24, #3             // address bits a level
        mov     x7, #3
        sub     x7, x7, x22
        madd    x7, x7, x6, x24         // lowest bit of this level's index
        lsr     x7, x20, x7
        and     x7, x7, x25
        add     x7, x19, x7, lsl #3     // the entry
        cmp     x22, x23
        b.eq    3f
        ldr     x8, [x7]
        tbnz    x8, #0, 2f
        mov     x0, #1
        lsl     x0, x0, x24
        stp     x6, x7, [sp, #80]
        bl      table
        ldp     x6, x7, [sp, #80]
        orr     x8, x0, #3
        str     x8, [x7]
2:      ldr     x9, =0x0000fffffffff000
        and     x19, x8, x9
        mov     x9, #1
        lsl     x25, x9, x6
        sub     x25, x25, #1
        add     x22, x22, #1
        b       1b
3:      str     x21, [x7]
        dsb     sy
        mov     x0, x7
        ldr     x25, [sp, #64]
        ldp     x23, x24, [sp, #48]
        ldp     x21, x22, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #96
        ret
        .ltorg
