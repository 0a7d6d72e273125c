// Walk of a list of 8192 nodes of 32 bytes, in an order that jumps through memory (256 KiB).
        movz    x1, #0x4100, lsl #16
        mov     x2, #0
        mov     x3, #0
build:
        movz    x4, #0x9e35                             // next = (this + odd constant) mod 8192
        add     x5, x3, x4
        and     x5, x5, #0x1fff
        add     x6, x1, x3, lsl #5
        add     x7, x1, x5, lsl #5
        stp     x7, x2, [x6]
        mov     x3, x5
        add     x2, x2, #1
        cmp     x2, #2, lsl #12
        b.ne    build
        mov     x18, x19
        mov     x20, #0
        mrs     x21, cntvct_el0
again:
        movz    x2, #0x2000
step:
        ldr     x3, [x1, #8]
        add     x20, x20, x3
        ldr     x1, [x1]
        subs    x2, x2, #1
        b.ne    step
        subs    x18, x18, #1
        b.ne    again
        mrs     x22, cntvct_el0
        b       finish
