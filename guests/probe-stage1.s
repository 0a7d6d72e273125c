// Stage 1 faults of the level that it runs at (EL1&0; EL2, and then EL2&0 with E2H and TGE): each kind at each level with each granule, by an
// access and by AT. One line a fault: ESR, FAR and PAR_EL1 (bit 63:56 and 11:1 of a good one depend on the implementation's
// choices of attributes and are shown as they are).
//
// x19 granule as a power of two, x20 root, x21 its level, x22 level of the fault, x23 input address, x24 number of the
// probe, x25 TCR_ELx.TG0

PA_BEYOND = 1 << 41             // outside the 40 bits that TCR_ELx.(I)PS allows
AF      = 1 << 10
INNER   = 3 << 8
READONLY = 1 << 7
XN      = 3 << 53               // UXN and PXN at EL1; XN at EL2
DEVICE  = 1 << 2                // AttrIndx 1

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        adr     x1, registers
        str     x0, [x1]
        bl      granules
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.ne    1f
        ldr     x0, =0x488000000        // HCR_EL2: E2H, TGE, RW
        msr     HCR_EL2, x0
        isb
        mov     x0, #3 << 20            // CPTR_EL2 as CPACR_EL1
        msr     CPTR_EL2, x0
        isb
        mov     x0, #1
        adr     x1, registers
        str     x0, [x1]
        say     "E2H\n"
        bl      granules
        mov     x0, #1 << 31
        msr     HCR_EL2, x0
        isb
1:      say     "end\n"
        ldp     x29, x30, [sp], #16
        ret

        .balign 8
registers:      .quad 0                 // whose names the registers of the regime have: 1 or 2

granules:
        stp     x29, x30, [sp, #-16]!
        mov     x24, #0
        mov     x19, #12
        mov     x25, #0
        bl      granule
        mov     x19, #14
        mov     x25, #2
        bl      granule
        mov     x19, #16
        mov     x25, #1
        bl      granule
        ldp     x29, x30, [sp], #16
        ret

granule:
        stp     x29, x30, [sp, #-16]!
        bl      tables_reset
        mov     x0, #1
        lsl     x0, x0, x19
        bl      table
        mov     x20, x0
        cmp     x19, #16
        cset    x21, eq                 // 48 bits of address: level 0, with 64 KiB pages level 1
        bl      identity
        bl      mmu_on
        mov     x22, x21
1:      bl      probe_translation
        bl      probe_address_size
        cmp     x22, #3
        b.eq    2f
        cmp     x22, #2
        b.eq    2f
        cmp     x22, #1
        b.ne    3f
        cmp     x19, #12
        b.ne    3f
2:      bl      probe_access_flag
        bl      probe_write
        bl      probe_execute
        bl      probe_good
        bl      probe_alignment
3:      add     x22, x22, #1
        cmp     x22, #4
        b.ne    1b
        bl      mmu_off
        ldp     x29, x30, [sp], #16
        ret

// Maps the program, its stack and tables, and the devices to themselves.
identity:
        stp     x29, x30, [sp, #-48]!
        sub     x6, x19, #3
        add     x6, x6, x19
        mov     x7, #1
        lsl     x7, x7, x6              // size of a block at level 2
        str     x7, [sp, #16]
        ldr     x8, =RAM
1:      str     x8, [sp, #24]
        mov     x0, x20
        mov     x1, x8
        mov     x2, #AF | INNER | 1
        orr     x2, x2, x8
        mov     x3, x21
        mov     x4, #2
        mov     x5, x19
        bl      map
        ldr     x8, [sp, #24]
        ldr     x7, [sp, #16]
        add     x8, x8, x7
        ldr     x9, =RAM + 0x4000000
        cmp     x8, x9
        b.lo    1b
        mov     x8, #0x08000000
2:      str     x8, [sp, #24]
        mov     x0, x20
        ldr     x7, [sp, #16]
        sub     x7, x7, #1
        bic     x1, x8, x7
        ldr     x2, =AF | XN | DEVICE | 1
        orr     x2, x2, x1
        mov     x3, x21
        mov     x4, #2
        mov     x5, x19
        bl      map
        ldr     x8, [sp, #24]
        mov     x7, #0x01000000
        add     x8, x8, x7
        mov     x9, #0x0a000000
        cmp     x8, x9
        b.ne    2b
        ldp     x29, x30, [sp], #48
        ret

mmu_on:
        mov     x0, #0xff               // attribute 0 normal write-back, 1 Device-nGnRnE
        adr     x2, registers
        ldr     x2, [x2]
        lsl     x3, x25, #14
        orr     x3, x3, #16             // T0SZ: 48 bits
        cmp     x2, #2
        b.eq    1f
        msr     MAIR_EL1, x0
        mov     x1, #0x800000           // EPD1
        orr     x3, x3, x1
        mov     x1, #2
        orr     x3, x3, x1, lsl #32     // IPS: 40 bits
        msr     TCR_EL1, x3
        msr     TTBR0_EL1, x20
        isb
        tlbi    VMALLE1
        dsb     sy
        isb
        ldr     x0, =0x30d01805
        msr     SCTLR_EL1, x0
        isb
        ret
1:      msr     MAIR_EL2, x0
        ldr     x1, =0x80820000         // RES1, PS: 40 bits
        orr     x3, x3, x1
        msr     TCR_EL2, x3
        msr     TTBR0_EL2, x20
        isb
        tlbi    ALLE2
        dsb     sy
        isb
        ldr     x0, =0x30c51835
        msr     SCTLR_EL2, x0
        isb
        ret

mmu_off:
        adr     x2, registers
        ldr     x2, [x2]
        cmp     x2, #2
        b.eq    1f
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        isb
        ret
1:      ldr     x0, =0x30c50830
        msr     SCTLR_EL2, x0
        isb
        ret

// A fresh input address in x23: different entries at every level. With 16 KiB pages the root has two entries only, and the
// upper one stays for what is to fault at level 0.
fresh:
        add     x24, x24, #1
        and     x24, x24, #31
        cmp     x24, #0
        csinc   x24, x24, xzr, ne
        lsl     x23, x24, #42
        cbnz    x22, 1f
        mov     x0, #1
        orr     x23, x23, x0, lsl #47
1:      mov     x0, #0x40
        orr     x23, x23, x0
        ret

// Maps x23 at level x22 with descriptor x2.
here:
        stp     x29, x30, [sp, #-16]!
        mov     x0, x20
        mov     x1, x23
        mov     x3, x21
        mov     x4, x22
        mov     x5, x19
        bl      map
        isb
        ldp     x29, x30, [sp], #16
        ret

// A page or block descriptor of level x22 for RAM, with the bits of x2, in x2.
leaf:
        cmp     x22, #3
        mov     x0, #1
        mov     x1, #3
        csel    x0, x1, x0, eq
        orr     x2, x2, x0
        ldr     x0, =RAM
        orr     x2, x2, x0
        ret

.macro heading text
        say     "s1 "
        bl      granule_name
        say     " level="
        mov     x0, x22
        bl      hex
        say     " \text"
.endm

granule_name:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #1
        sub     x1, x19, #10
        lsl     x0, x0, x1
        bl      hex
        ldp     x29, x30, [sp], #16
        ret

// Reads x23, and asks AT about it.
try_read:
        stp     x29, x30, [sp, #-16]!
        expect  1f
        ldr     x0, [x23]
1:      expected
        bl      report
        adr     x0, registers
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    2f
        at      S1E1R, x23
        b       3f
2:      at      S1E2R, x23
3:      isb
        mrs     x6, PAR_EL1
        show    "par", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

try_write:
        stp     x29, x30, [sp, #-16]!
        expect  1f
        str     x0, [x23]
1:      expected
        bl      report
        adr     x0, registers
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    2f
        at      S1E1W, x23
        b       3f
2:      at      S1E2W, x23
3:      isb
        mrs     x6, PAR_EL1
        show    "par", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

report:
        stp     x29, x30, [sp, #-16]!
        recorded x6, esr
        show    "esr", x6
        cbz     x6, 1f
        recorded x6, far
        show    "far", x6
1:      ldp     x29, x30, [sp], #16
        ret

probe_translation:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #0
        bl      here
        heading "translation"
        bl      try_read
        ldp     x29, x30, [sp], #16
        ret

probe_address_size:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        ldr     x2, =PA_BEYOND | AF | INNER | 3
        bl      here
        heading "address-size"
        bl      try_read
        ldp     x29, x30, [sp], #16
        ret

probe_access_flag:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #INNER
        bl      leaf
        bl      here
        heading "access-flag"
        bl      try_read
        ldp     x29, x30, [sp], #16
        ret

probe_write:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #INNER | AF | READONLY
        bl      leaf
        bl      here
        heading "write"
        bl      try_write
        ldp     x29, x30, [sp], #16
        ret

probe_execute:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        ldr     x2, =INNER | AF | READONLY | XN
        bl      leaf
        bl      here
        heading "execute"
        expect  1f
        br      x23
1:      bl      report
        newline
        ldp     x29, x30, [sp], #16
        ret

probe_good:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #INNER | AF
        bl      leaf
        bl      here
        heading "good"
        bl      try_read
        ldp     x29, x30, [sp], #16
        ret

// Device memory is never accessed unaligned.
probe_alignment:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        orr     x23, x23, #1
        mov     x2, #AF | DEVICE
        bl      leaf
        bl      here
        heading "device-unaligned"
        bl      try_read
        ldp     x29, x30, [sp], #16
        ret
        .ltorg
