// Quicksort (Hoare's partition, recursive) of 8192 words, filled anew for every repetition.
        mov     x18, x19
        mrs     x21, cntvct_el0
again:
        movz    x1, #0x4100, lsl #16
        mov     x2, #8192
        mov     w3, #7
        movz    w4, #0x4e6d
        movk    w4, #0x41c6, lsl #16
        mov     w5, #12345
fill:
        madd    w3, w3, w4, w5
        lsr     w6, w3, #1
        str     w6, [x1], #4
        subs    x2, x2, #1
        b.ne    fill
        movz    x0, #0x4100, lsl #16
        sub     x1, x1, #4
        bl      sort
        subs    x18, x18, #1
        b.ne    again
        mrs     x22, cntvct_el0
        // result: sum of value * position, and proof of order by a sum over inversions
        movz    x1, #0x4100, lsl #16
        mov     x2, #1
        mov     x20, #0
        mov     w4, #0
check:
        ldr     w3, [x1], #4
        cmp     w3, w4
        b.lt    finish
        mov     w4, w3
        madd    x20, x3, x2, x20
        add     x2, x2, #1
        cmp     x2, #2, lsl #12
        b.le    check
        b       finish
sort:                                                   // x0 first, x1 last word
        cmp     x0, x1
        b.hs    sorted
        stp     x29, x30, [sp, #-32]!
        stp     x23, x24, [sp, #16]
        mov     x24, x1
        sub     x2, x1, x0
        lsr     x2, x2, #3
        ldr     w5, [x0, x2, lsl #2]                    // pivot: the middle
        sub     x3, x0, #4
        add     x4, x1, #4
split:
        ldr     w6, [x3, #4]!
        cmp     w6, w5
        b.lt    split
down:
        ldr     w7, [x4, #-4]!
        cmp     w7, w5
        b.gt    down
        cmp     x3, x4
        b.hs    halves
        str     w7, [x3]
        str     w6, [x4]
        b       split
halves:
        mov     x23, x4
        mov     x1, x4
        bl      sort
        add     x0, x23, #4
        mov     x1, x24
        bl      sort
        ldp     x23, x24, [sp, #16]
        ldp     x29, x30, [sp], #32
sorted: ret
