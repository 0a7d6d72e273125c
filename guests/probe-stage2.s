// Stage 2 faults, as EL2 sees them when EL1 accesses memory: each kind at each level with each granule. One line a fault: ESR,
// FAR and HPFAR_EL2; PAR_EL1 of AT S12E1R. Then faults of stage 1 walks at stage 2.
//
// x19-x28 are EL2's here: EL1 code only uses x0 and x1.
// x19 granule as a power of two, x20 root, x21 its level, x22 level of the fault, x23 IPA, x24 number of the probe,
// x25 VTCR_EL2 of the granule

PA_BEYOND = 1 << 41
AF      = 1 << 10
S2RW    = 3 << 6
S2RO    = 1 << 6
S2WO    = 2 << 6
NORMAL  = 0xf << 2
XN      = 2 << 53
INNER   = 3 << 8
GUEST_SP = 0x41e00000

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        say     "This probe starts at EL2 (--nested nv2).\n"
        b       2f
1:      mov     x24, #0
        mov     x19, #12
        mov     x21, #1
        ldr     x25, =0x80023558        // T0SZ 24, PS 40 bits, TG0 4K, SL0 1
        bl      granule
        mov     x19, #14
        mov     x21, #2
        ldr     x25, =0x8002b558        // TG0 16K, SL0 1
        bl      granule
        mov     x19, #16
        mov     x21, #2
        ldr     x25, =0x80027558        // TG0 64K, SL0 1
        bl      granule
        say     "end\n"
2:      ldp     x29, x30, [sp], #16
        ret

granule:
        stp     x29, x30, [sp, #-16]!
        bl      tables_reset
        mov     x0, #16                 // 40 bits of IPA: with 16 KiB pages 16 tables side by side
        lsl     x0, x0, x19
        bl      table
        mov     x20, x0
        bl      identity
        msr     VTCR_EL2, x25
        orr     x0, x20, #1 << 48
        msr     VTTBR_EL2, x0
        ldr     x0, =0x80000001         // HCR_EL2: RW, VM
        msr     HCR_EL2, x0
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        isb
        tlbi    VMALLS12E1IS
        dsb     sy
        isb
        mov     x22, x21
1:      bl      probe_translation
        bl      probe_address_size
        cmp     x22, #3
        b.eq    2f
        cmp     x22, #2
        b.eq    2f
        cmp     x19, #12
        b.ne    3f
2:      bl      probe_access_flag
        bl      probe_write
        bl      probe_read
        bl      probe_execute
        bl      probe_good
        bl      probe_sizes
3:      add     x22, x22, #1
        cmp     x22, #4
        b.ne    1b
        bl      probe_walk
        ldr     x0, =0x80000000
        msr     HCR_EL2, x0
        isb
        ldp     x29, x30, [sp], #16
        ret

// The program, its stack and tables to themselves.
identity:
        stp     x29, x30, [sp, #-48]!
        sub     x6, x19, #3
        add     x6, x6, x19
        mov     x7, #1
        lsl     x7, x7, x6
        str     x7, [sp, #16]
        ldr     x8, =RAM
1:      str     x8, [sp, #24]
        mov     x0, x20
        mov     x1, x8
        mov     x2, #AF | INNER | 1
        orr     x2, x2, #S2RW
        orr     x2, x2, #NORMAL
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
        ldp     x29, x30, [sp], #48
        ret

// A fresh IPA in x23, 8 GiB from the last, which differs at every level.
fresh:
        add     x24, x24, #1
        and     x24, x24, #127
        cmp     x24, #0
        csinc   x24, x24, xzr, ne
        lsl     x23, x24, #33
        ldr     x0, =0x12340
        orr     x23, x23, x0
        ret

here:
        stp     x29, x30, [sp, #-16]!
        mov     x0, x20
        mov     x1, x23
        mov     x3, x21
        mov     x4, x22
        mov     x5, x19
        bl      map
        tlbi    VMALLS12E1IS
        dsb     sy
        isb
        ldp     x29, x30, [sp], #16
        ret

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
        say     "s2 "
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

// Runs the EL1 code at x0 with x23 in its X0.
el1:
        stp     x29, x30, [sp, #-16]!
        ldr     x1, =GUEST_SP
        mov     x2, x23
        bl      run_el1
        recorded x6, esr
        show    "esr", x6
        lsr     x7, x6, #26
        cmp     x7, #0x16
        b.eq    1f
        recorded x6, far
        show    "far", x6
        recorded x6, hpfar
        show    "hpfar", x6
1:      ldp     x29, x30, [sp], #16
        ret

at_read:
        stp     x29, x30, [sp, #-16]!
        at      S12E1R, x23
        isb
        mrs     x6, PAR_EL1
        show    "par", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

at_write:
        stp     x29, x30, [sp, #-16]!
        at      S12E1W, x23
        isb
        mrs     x6, PAR_EL1
        show    "par", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

el1_load:       ldr     x1, [x0]
                hvc     #0
el1_store:      str     w1, [x0]
                hvc     #0
el1_exec:       br      x0
el1_load_byte:  ldrsb   w1, [x0]
                hvc     #0
el1_load_half:  ldrh    w30, [x0]
                hvc     #0
el1_load_pair:  ldp     x1, x2, [x0]
                hvc     #0
el1_load_post:  ldr     x1, [x0], #8
                hvc     #0
el1_load_acq:   ldar    w1, [x0]
                hvc     #0
el1_load_simd:  ldr     q0, [x0]
                hvc     #0
el1_load_excl:  ldxr    x1, [x0]
                hvc     #0
el1_cas:        casal   x1, x2, [x0]
                hvc     #0
el1_clean:      dc      CIVAC, x0
                hvc     #0

probe_translation:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #0
        bl      here
        heading "translation"
        adr     x0, el1_load
        bl      el1
        bl      at_read
        ldp     x29, x30, [sp], #16
        ret

probe_address_size:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        ldr     x2, =PA_BEYOND | AF | S2RW | NORMAL | INNER | 3
        bl      here
        heading "address-size"
        adr     x0, el1_load
        bl      el1
        bl      at_read
        ldp     x29, x30, [sp], #16
        ret

probe_access_flag:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #S2RW | NORMAL | INNER
        bl      leaf
        bl      here
        heading "access-flag"
        adr     x0, el1_load
        bl      el1
        bl      at_read
        ldp     x29, x30, [sp], #16
        ret

probe_write:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #AF | S2RO | NORMAL | INNER
        bl      leaf
        bl      here
        heading "write"
        adr     x0, el1_store
        bl      el1
        bl      at_write
        ldp     x29, x30, [sp], #16
        ret

probe_read:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #AF | S2WO | NORMAL | INNER
        bl      leaf
        bl      here
        heading "read"
        adr     x0, el1_load
        bl      el1
        bl      at_read
        ldp     x29, x30, [sp], #16
        ret

probe_execute:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        ldr     x2, =XN | AF | S2RW | NORMAL | INNER
        bl      leaf
        bl      here
        heading "execute"
        adr     x0, el1_exec
        bl      el1
        newline
        ldp     x29, x30, [sp], #16
        ret

probe_good:
        stp     x29, x30, [sp, #-16]!
        bl      fresh
        mov     x2, #AF | S2RW | NORMAL | INNER
        bl      leaf
        bl      here
        heading "good"
        adr     x0, el1_load
        bl      el1
        bl      at_read
        ldp     x29, x30, [sp], #16
        ret

.macro sized text, code
        heading "\text"
        adr     x0, \code
        bl      el1
        newline
.endm

// What the syndrome says of different instructions.
probe_sizes:
        stp     x29, x30, [sp, #-16]!
        cmp     x22, #3
        b.ne    1f
        bl      fresh
        mov     x2, #0
        bl      here
        sized   "load-byte", el1_load_byte
        sized   "load-half", el1_load_half
        sized   "load-pair", el1_load_pair
        sized   "load-post", el1_load_post
        sized   "load-acquire", el1_load_acq
        sized   "load-simd", el1_load_simd
        sized   "load-exclusive", el1_load_excl
        sized   "compare-swap", el1_cas
        sized   "cache-clean", el1_clean
1:      ldp     x29, x30, [sp], #16
        ret

// Stage 1 on, its tables where stage 2 has nothing: at the root, and below.
probe_walk:
        stp     x29, x30, [sp, #-16]!
        mov     x22, #3
        bl      fresh
        mov     x2, #0
        bl      here
        ldr     x0, =0x200803519        // TCR_EL1: T0SZ 25, 4K, write-back, EPD1, IPS 40 bits
        msr     TCR_EL1, x0
        and     x0, x23, #~0xfff
        msr     TTBR0_EL1, x0
        mov     x0, #0xff
        msr     MAIR_EL1, x0
        ldr     x0, =0x30d01805
        msr     SCTLR_EL1, x0
        isb
        heading "walk-root"
        adr     x0, el1_load
        bl      el1
        bl      at_read
        ldr     x0, =SCRATCH            // a root whose only entry leads to nowhere
        mov     x1, #4096
1:      subs    x1, x1, #8
        str     xzr, [x0, x1]
        b.ne    1b
        and     x1, x23, #~0xfff
        orr     x1, x1, #3
        str     x1, [x0, #8]            // the program is at 1 GiB
        mov     x1, x0
        stp     x23, x1, [sp, #-16]!
        mov     x23, x0
        ldr     x2, =AF | S2RO | NORMAL | INNER | SCRATCH
        mov     x0, x20
        mov     x1, x23
        mov     x3, x21
        mov     x4, #3
        mov     x5, x19
        orr     x2, x2, #3
        bl      map
        ldp     x23, x1, [sp], #16
        msr     TTBR0_EL1, x1
        tlbi    VMALLS12E1IS
        dsb     sy
        isb
        heading "walk-table"
        adr     x0, el1_load
        bl      el1
        ldr     x0, =RAM
        at      S12E1R, x0
        isb
        mrs     x6, PAR_EL1
        show    "par", x6
        newline
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        isb
        ldp     x29, x30, [sp], #16
        ret
        .ltorg
