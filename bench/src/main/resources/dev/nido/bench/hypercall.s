// The guest's guest of `nido bench demo`: how long a call of the hypervisor above takes, by the virtual counter.
// It says so in decimal, in ticks for one call, and switches off by PSCI.

WARM_UP = 20000
CALLS   = 20000

_start:
        movz    x20, #0x900, lsl #16            // PL011
        ldr     x19, =WARM_UP
        bl      calls
        ldr     x19, =CALLS
        bl      calls
        mov     x21, x0
        adr     x0, before
        bl      puts
        mov     x0, x21
        ldr     x1, =CALLS
        udiv    x0, x0, x1
        bl      decimal
        adr     x0, after
        bl      puts
        movz    x0, #0x8400, lsl #16
        movk    x0, #8
        hvc     #0

// x19 calls of PSCI_VERSION; x0: ticks for all of them.
calls:
        isb
        mrs     x22, CNTVCT_EL0
1:      movz    x0, #0x8400, lsl #16
        hvc     #0
        sub     x19, x19, #1
        cbnz    x19, 1b
        isb
        mrs     x0, CNTVCT_EL0
        sub     x0, x0, x22
        ret

// Writes the string at x0, which ends with a zero byte.
puts:
1:      ldrb    w2, [x0], #1
        cbz     w2, 2f
        str     w2, [x20]
        b       1b
2:      ret

// Writes x0.
decimal:
        adr     x3, digits_end
        mov     x4, #10
1:      udiv    x5, x0, x4
        msub    x6, x5, x4, x0
        add     w6, w6, #0x30
        strb    w6, [x3, #-1]!
        mov     x0, x5
        cbnz    x0, 1b
        mov     x0, x3
        b       puts

        .ltorg
before: .asciz  "hypercall: "
after:  .asciz  " ticks\nL2: init is done\n"
        .balign 8
digits: .space  24
digits_end:
        .byte   0
