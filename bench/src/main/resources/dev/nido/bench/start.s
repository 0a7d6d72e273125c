// Start of every benchmark program: a raw binary at 0x40080000, entered at EL1 with the MMU off.
// Identity map, 4K granule, 39-bit addresses: one table at level 1 with blocks of 1 GiB;
// [0] devices, [1] memory. Memory that is used: table 0x48000000, stack below 0x48100000,
// data of the kernel from 0x41000000.
        movz    x1, #0x4800, lsl #16
        movz    x2, #0x0401                             // block, AF, AttrIndx 0, XN below
        movk    x2, #0x0060, lsl #48
        str     x2, [x1]
        movz    x2, #0x0705                             // block, AF, inner shareable, AttrIndx 1
        movk    x2, #0x4000, lsl #16
        str     x2, [x1, #8]
        dsb     sy
        msr     ttbr0_el1, x1
        movz    x2, #0xff00                             // 0: Device-nGnRnE, 1: Normal write-back
        msr     mair_el1, x2
        movz    x2, #0x3519                             // T0SZ 25, write-back, inner shareable, 4K
        movk    x2, #0x0080, lsl #16                    // EPD1
        movk    x2, #0x0002, lsl #32                    // 40-bit physical addresses
        msr     tcr_el1, x2
        isb
        mrs     x2, sctlr_el1
        movz    x3, #0x1005                             // M, C, I
        orr     x2, x2, x3
        msr     sctlr_el1, x2
        isb
        movz    x2, #0x4810, lsl #16
        mov     sp, x2
