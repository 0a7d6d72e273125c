// End of every benchmark program: x20 is the result, x21 and x22 the counter before and after.
// Prints four numbers of 16 hex digits (ticks, frequency, result, repetitions) and powers off.
finish:
        sub     x0, x22, x21
        bl      print
        mrs     x0, cntfrq_el0
        bl      print
        mov     x0, x20
        bl      print
        mov     x0, x19
        bl      print
        movz    x9, #0x0900, lsl #16
        mov     w10, #10
        strb    w10, [x9]
        movz    w0, #0x0008
        movk    w0, #0x8400, lsl #16                    // PSCI SYSTEM_OFF
        hvc     #0
halt:   wfi
        b       halt
print:
        movz    x9, #0x0900, lsl #16                    // PL011
        mov     x11, #60
digit:
        lsr     x10, x0, x11
        and     x10, x10, #15
        add     x12, x10, #48
        cmp     x10, #9
        add     x13, x10, #87
        csel    x12, x13, x12, hi
full:
        ldr     w13, [x9, #0x18]
        tbnz    w13, #5, full
        strb    w12, [x9]
        subs    x11, x11, #4
        b.pl    digit
        mov     w12, #32
        strb    w12, [x9]
        ret
