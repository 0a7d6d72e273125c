// Product of two 64 by 64 matrices of words.
        movz    x1, #0x4100, lsl #16                    // A; B 16 KiB, C 32 KiB further
        mov     x2, #8192
        mov     w3, #3
fill:
        movz    w4, #0x660d
        movk    w4, #0x0019, lsl #16
        mul     w3, w3, w4
        add     w3, w3, #11
        asr     w5, w3, #16
        str     w5, [x1], #4
        subs    x2, x2, #1
        b.ne    fill
        mov     x18, x19
        mrs     x21, cntvct_el0
again:
        movz    x1, #0x4100, lsl #16
        add     x2, x1, #4, lsl #12
        add     x3, x1, #8, lsl #12
        mov     x4, #64
row:
        mov     x5, #0
column:
        mov     x6, x1
        add     x7, x2, x5, lsl #2
        mov     w8, #0
        add     x9, x1, #256
element:
        ldr     w10, [x6], #4
        ldr     w11, [x7]
        add     x7, x7, #256
        madd    w8, w10, w11, w8
        cmp     x6, x9
        b.ne    element
        str     w8, [x3], #4
        add     x5, x5, #1
        cmp     x5, #64
        b.ne    column
        add     x1, x1, #256
        subs    x4, x4, #1
        b.ne    row
        subs    x18, x18, #1
        b.ne    again
        mrs     x22, cntvct_el0
        mov     x20, #0
        mov     x2, #4096
sum:
        ldr     w4, [x3, #-4]!
        eor     x20, x4, x20, ror #3
        subs    x2, x2, #1
        b.ne    sum
        b       finish
