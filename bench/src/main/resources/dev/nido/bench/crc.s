// Bitwise CRC-32 (reflected 0xedb88320) of 4096 bytes.
        movz    x1, #0x4100, lsl #16
        mov     x2, #4096
        mov     w3, #1
fill:
        movz    w4, #0x4e6d
        movk    w4, #0x41c6, lsl #16
        mul     w3, w3, w4
        add     w3, w3, #57
        lsr     w5, w3, #24
        strb    w5, [x1], #1
        subs    x2, x2, #1
        b.ne    fill
        movz    w7, #0x8320
        movk    w7, #0xedb8, lsl #16
        mov     x18, x19
        mrs     x21, cntvct_el0
again:
        movz    x1, #0x4100, lsl #16
        add     x2, x1, #4096
        mov     w0, #-1
byte:
        ldrb    w3, [x1], #1
        eor     w0, w0, w3
        mov     w4, #8
bit:
        lsr     w5, w0, #1
        tst     w0, #1
        eor     w6, w5, w7
        csel    w0, w6, w5, ne
        subs    w4, w4, #1
        b.ne    bit
        cmp     x1, x2
        b.ne    byte
        subs    x18, x18, #1
        b.ne    again
        mrs     x22, cntvct_el0
        mvn     w20, w0
        b       finish
