// A hypervisor that runs itself. At EL2 it gives its guest a virtual EL2 by FEAT_NV2: a VNCR page, a stage 2 of its own,
// and for what the guest runs at its EL1 a shadow of the guest's stage 2. The guest is a copy of this program, down to
// `limit` levels; the last one runs a payload at EL1: the text at the end of this file, or what is at `payload` when that
// is not zero, a Linux kernel for one.
//
// Each level keeps the first 2 MiB of its memory and gives the rest to its guest, who sees it from the same address on:
// so every level finds itself at the same place, and an address is 2 MiB higher with every level outwards. Devices and
// interrupts belong to the innermost. EL2 runs with E2H=1 and under the names of EL1's registers, which do not trap when
// this EL2 is itself virtual.

WINDOW  = 0x200000              // what a level keeps
POOL    = 0x40100000            // its tables, upwards
TOP     = 0x401f0000            // its stack, downwards
IMAGE   = 0x40080000
TREE    = 0x40000000            // the device tree for the guest, in the guest's memory
HOLE    = 0x10000000            // the innermost hypervisor is the device that answers here
DEVICES = 0x08000000            // to 0x10000000: passed through
SHADOWS = 6
MAX_RAM = 0x40000000

// HCR_EL2: VM 0, TSC 19, TTLB 25, RW 31, E2H 34, NV 42, AT 44, NV2 45
HCR_OWN    = 0x480000000
HCR_FLAT   = 0x480080001        // a guest at EL1
HCR_HYP    = 0x240482080001     // a guest at its EL2
HCR_TRAPS  = 0x3c0057ffe000 // what a guest may want to trap of its own guest: also NV, AT, NV2

// Offsets in `state`
NESTED  = 0                     // whether the guest runs at its EL1 or EL0
FLAT    = 8                     // whether the guest has no EL2
ROOT    = 16                    // of its stage 2
FIRST   = 24                    // where the tables of shadows begin
NEXT    = 32                    // the shadow to make next
SHADOW  = 40                    // SHADOWS times: the guest's VTTBR_EL2, and the root of its shadow
COUNTS  = 136                   // ERET, register, TLBI, HVC, SMC, abort, forwarded
STORED  = 192                   // registers of the guest's EL2 that have no place elsewhere
STATE   = 320

main:
        ldr     x1, =TOP
        mov     sp, x1
        cbz     x0, 1f
        ldr     w1, [x0]
        ldr     w2, =0xedfe0dd0         // a device tree's magic number
        cmp     w1, w2
        b.ne    1f
        adr     x1, tree
        str     x0, [x1]
1:
        adr     x1, current_el
        ldr     x1, [x1]
        cmp     x1, #2
        b.eq    enter
        say     "This guest is a hypervisor: start it at EL2 (--nested nv2).\n"
        b       power_off

// A level starts here, the outermost also: everything but what the level outwards has left in `level`, `memory`, `tree`
// and `payload` is made anew.
enter:
        ldr     x1, =TOP
        mov     sp, x1
        ldr     x0, =HCR_OWN
        msr     HCR_EL2, x0
        isb
        mov     x0, #3 << 20
        msr     CPACR_EL1, x0           // CPTR_EL2: no traps
        adr     x0, hyp_vectors
        msr     VBAR_EL1, x0            // VBAR_EL2
        mov     x0, #0xc03
        msr     CNTHCTL_EL2, x0         // counters and timers are the guest's
        msr     CNTVOFF_EL2, xzr
        mrs     x0, MIDR_EL1
        msr     VPIDR_EL2, x0
        mrs     x0, MPIDR_EL1
        msr     VMPIDR_EL2, x0
        mov     x0, #15
        msr     ICC_SRE_EL2, x0
        isb
        mov     x0, #2
        adr     x1, current_el
        str     x0, [x1]
        ldr     x0, =POOL
        adr     x1, next_table
        str     x0, [x1]
        adr     x28, state
        mov     x0, #STATE
        mov     x1, x28
1:      str     xzr, [x1], #8
        subs    x0, x0, #8
        b.ne    1b
        bl      own_stage1
        bl      level_line
        bl      copy_image
        bl      copy_tree
        bl      stage2
        b       start_guest

level_line:
        stp     x29, x30, [sp, #-16]!
        say     "matryoshka"
        adr     x6, level
        ldr     x6, [x6]
        show    "level", x6
        adr     x6, memory
        ldr     x6, [x6]
        show    "memory", x6
        mrs     x6, CurrentEL
        lsr     x6, x6, #2
        show    "el", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

// EL2's own stage 1: identity in blocks of 1 GiB, the first for devices.
own_stage1:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #0x1000
        bl      table
        ldr     x1, =0x0060000000000401 // block, AF, attribute 0, never executed
        str     x1, [x0]
        ldr     x1, =0x40000705         // block, AF, inner shareable, attribute 1
        str     x1, [x0, #8]
        ldr     x1, =0x80000705
        str     x1, [x0, #16]
        dsb     sy
        msr     TTBR0_EL1, x0
        mov     x1, #0xff00
        msr     MAIR_EL1, x1
        ldr     x1, =0x280993519        // TCR_EL2: T0SZ 25, no TTBR1, write-back, inner shareable, 40 bits
        msr     TCR_EL1, x1
        isb
        tlbi    ALLE2
        dsb     sy
        isb
        ldr     x1, =0x30d01805         // SCTLR_EL2: M, C, I
        msr     SCTLR_EL1, x1
        isb
        ldp     x29, x30, [sp], #16
        ret

// Gives the guest its copy of this program, with what it has to know.
copy_image:
        ldr     x0, =IMAGE
        adr     x1, image_end
        mov     x2, #WINDOW
1:      add     x5, x0, x2
        ldp     x3, x4, [x0], #16
        stp     x3, x4, [x5]
        cmp     x0, x1
        b.lo    1b
        adr     x0, level
        ldr     x1, [x0]
        add     x1, x1, #1
        str     x1, [x0, x2]
        adr     x0, memory
        ldr     x1, [x0]
        sub     x1, x1, x2
        str     x1, [x0, x2]
        adr     x0, payload
        ldr     x1, [x0]
        cbz     x1, 2f
        sub     x1, x1, x2
2:      str     x1, [x0, x2]
        adr     x0, tree
        ldr     x1, [x0]
        cbz     x1, 3f
        ldr     x1, =TREE
3:      str     x1, [x0, x2]
        dsb     sy
        ic      ialluis
        dsb     sy
        isb
        ret

// Copies the device tree to the start of the guest's memory, and corrects the two things in it that are different for
// the guest: the size of memory, and where the initial file system is.
copy_tree:
        adr     x0, tree
        ldr     x0, [x0]
        cbz     x0, 9f
        ldp     w2, w3, [x0, #8]        // where the structure is, and the strings
        ldp     w4, w5, [x0, #32]       // how long the strings are, and the structure
        rev     w2, w2
        rev     w3, w3
        rev     w4, w4
        rev     w5, w5
        add     w1, w2, w5
        add     w3, w3, w4
        cmp     w1, w3
        csel    w1, w1, w3, hi          // less than the header's total, where there is room for more
        ldr     x2, =TREE + WINDOW
        mov     x3, #0
1:      ldr     x4, [x0, x3]
        str     x4, [x2, x3]
        add     x3, x3, #8
        cmp     x3, x1
        b.lo    1b
        rev     w3, w3
        str     w3, [x2, #4]
        ldr     w3, [x2, #8]
        rev     w3, w3
        add     x3, x2, x3              // the structure
        ldr     w4, [x2, #12]
        rev     w4, w4
        add     x4, x2, x4              // the strings
2:      ldr     w5, [x3], #4
        rev     w5, w5
        cmp     w5, #1
        b.eq    4f
        cmp     w5, #3
        b.eq    5f
        cmp     w5, #9
        b.eq    9f
        b       2b                      // end of a node, or nothing
4:      ldrb    w6, [x3], #1            // a node: its name
        cbnz    w6, 4b
        add     x3, x3, #3
        and     x3, x3, #~3
        b       2b
5:      ldr     w6, [x3], #4            // a property: length and name
        rev     w6, w6
        ldr     w7, [x3], #4
        rev     w7, w7
        add     x7, x4, x7
        ldr     x8, [x7]
        ldr     x9, =0x6e692c78756e696c // "linux,in"
        cmp     x8, x9
        b.ne    6f
        ldr     x8, [x7, #8]
        and     x8, x8, #0xffffffffff
        ldr     x9, =0x2d64727469       // "itrd-", then "start" or "end"
        cmp     x8, x9
        b.ne    8f
        cmp     w6, #4
        b.eq    51f
        ldr     x8, [x3]
        rev     x8, x8
        sub     x8, x8, #WINDOW
        rev     x8, x8
        str     x8, [x3]
        b       8f
51:     ldr     w8, [x3]
        rev     w8, w8
        sub     w8, w8, #WINDOW
        rev     w8, w8
        str     w8, [x3]
        b       8f
6:      cmp     w6, #16                 // reg of the memory node: from the start of RAM on
        b.ne    8f
        ldr     x8, [x3]
        rev     x8, x8
        ldr     x9, =RAM
        cmp     x8, x9
        b.ne    8f
        adr     x8, memory
        ldr     x8, [x8]
        sub     x8, x8, #WINDOW
        rev     x8, x8
        str     x8, [x3, #8]
8:      add     x3, x3, x6
        add     x3, x3, #3
        and     x3, x3, #~3
        b       2b
9:      ret

// The guest's stage 2: memory 2 MiB further on, the first 2 MiB in pages, the rest in blocks; devices as they are.
stage2:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #0x1000
        bl      table
        str     x0, [x28, #ROOT]
        ldr     x20, =RAM
        add     x21, x20, #WINDOW
1:      ldr     x0, [x28, #ROOT]
        mov     x1, x20
        add     x2, x20, #WINDOW
        orr     x2, x2, #0x700
        orr     x2, x2, #0x0ff          // page, AF, inner shareable, read and write, write-back
        mov     x3, #1
        mov     x4, #3
        mov     x5, #12
        bl      map
        add     x20, x20, #0x1000
        cmp     x20, x21
        b.lo    1b
        ldr     x21, =RAM
        adr     x0, memory
        ldr     x0, [x0]
        add     x21, x21, x0
        sub     x21, x21, #WINDOW
2:      ldr     x0, [x28, #ROOT]
        mov     x1, x20
        add     x2, x20, #WINDOW
        orr     x2, x2, #0x700
        orr     x2, x2, #0x0fc
        orr     x2, x2, #1              // block
        mov     x3, #1
        mov     x4, #2
        mov     x5, #12
        bl      map
        add     x20, x20, #WINDOW
        cmp     x20, x21
        b.lo    2b
        ldr     x20, =DEVICES
3:      ldr     x0, [x28, #ROOT]
        mov     x1, x20
        orr     x2, x20, #0x400
        orr     x2, x2, #0xc0
        orr     x2, x2, #1              // block, AF, read and write, Device-nGnRnE
        mov     x3, #1
        mov     x4, #2
        mov     x5, #12
        bl      map
        add     x20, x20, #WINDOW
        tbz     x20, #28, 3b
        adr     x0, next_table
        ldr     x0, [x0]
        str     x0, [x28, #FIRST]
        ldr     x0, =0x80023559         // VTCR_EL2: T0SZ 25, start at level 1, write-back, inner shareable, 40 bits
        msr     VTCR_EL2, x0
        isb
        tlbi    ALLE1
        dsb     sy
        isb
        ldp     x29, x30, [sp], #16
        ret

start_guest:
        mrs     x0, ID_AA64MMFR2_EL1
        ubfx    x0, x0, #24, #4
        cmp     x0, #2
        b.hs    1f
        mrs     x0, S3_0_C0_C7_4        // ID_AA64MMFR4_EL1.NV_frac
        ubfx    x0, x0, #20, #4
        cbz     x0, 2f
1:      adr     x0, level
        ldr     x0, [x0]
        adr     x1, limit
        ldr     x1, [x1]
        add     x0, x0, #1
        cmp     x0, x1
        b.lo    3f
2:      mov     x0, #1                  // the payload, at EL1
        str     x0, [x28, #FLAT]
        ldr     x0, =HCR_FLAT
        bl      own_context
        adr     x20, payload_text
        adr     x0, payload
        ldr     x0, [x0]
        cbz     x0, 4f
        sub     x20, x0, #WINDOW
        b       4f
3:      ldr     x0, =HCR_HYP
        bl      own_context
        adr     x20, enter
4:      ldr     x0, =0x30d00800
        msr     SCTLR_EL12, x0          // MMU off
        adr     x0, vncr
        ldr     x1, =0x30d00800
        str     x1, [x0, #0x110]
        mov     x21, #0x3c5
        sub     sp, sp, #256
        mov     x0, #0
        mov     x1, sp
5:      str     xzr, [x1, x0]
        add     x0, x0, #8
        cmp     x0, #256
        b.lo    5b
        adr     x0, tree
        ldr     x0, [x0]
        cbz     x0, 6f
        ldr     x0, =TREE
        str     x0, [sp]
6:      b       resume

// Loads the context of the guest's own translation: x0 HCR_EL2.
own_context:
        msr     HCR_EL2, x0
        tbz     x0, #45, 1f
        adr     x0, vncr
        msr     VNCR_EL2, x0
1:      ldr     x0, [x28, #ROOT]
        orr     x0, x0, #1 << 48        // VMID 1
        msr     VTTBR_EL2, x0
        isb
        ret

// ---- exits -----------------------------------------------------------------------------------------------------------
// In them x19 ESR, x20 PC, x21 PSTATE, x22 FAR, x26 the VNCR page, x27 the registers of the guest's EL2 while it is not
// there, x28 the state; the guest's X0-X30 are at SP.

.macro hyp_entry offset
        .balign 0x80
        mov     x16, #\offset
        b       hyp_unexpected
.endm

        .balign 0x800
hyp_vectors:
        hyp_entry 0x000
        hyp_entry 0x080
        hyp_entry 0x100
        hyp_entry 0x180
        hyp_entry 0x200
        hyp_entry 0x280
        hyp_entry 0x300
        hyp_entry 0x380
        .balign 0x80
        sub     sp, sp, #256
        stp     x0, x1, [sp]
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        stp     x30, xzr, [sp, #240]
        b       exit
        hyp_entry 0x480
        hyp_entry 0x500
        hyp_entry 0x580
        hyp_entry 0x600
        hyp_entry 0x680
        hyp_entry 0x700
        hyp_entry 0x780
        .balign 0x80

hyp_unexpected:
        mrs     x19, ESR_EL1
        mrs     x20, ELR_EL1
        mrs     x21, SPSR_EL1
        mrs     x22, FAR_EL1
        adr     x28, state
surprise:
        say     "unexpected"
        adr     x6, level
        ldr     x6, [x6]
        show    "level", x6
        show    "vector", x16
        show    "esr", x19
        show    "elr", x20
        show    "spsr", x21
        show    "far", x22
        mrs     x6, HPFAR_EL2
        show    "hpfar", x6
        ldr     x6, [x28, #NESTED]
        show    "nested", x6
        newline
        b       power_off

exit:
        mrs     x19, ESR_EL1            // all of EL2
        mrs     x20, ELR_EL1
        mrs     x21, SPSR_EL1
        mrs     x22, FAR_EL1
        adr     x26, vncr
        adr     x27, vel2
        adr     x28, state
        lsr     x24, x19, #26
        mov     x16, x24
        ldr     x25, [x28, #NESTED]
        cmp     x24, #0x1a
        b.eq    exit_eret
        cmp     x24, #0x18
        b.eq    exit_register
        cmp     x24, #0x16
        b.eq    exit_hvc
        cmp     x24, #0x17
        b.eq    exit_smc
        cmp     x24, #0x20
        b.eq    exit_abort
        cmp     x24, #0x24
        b.eq    exit_abort
        cbnz    x25, forward
        b       surprise

.macro count which
        ldr     x0, [x28, #COUNTS + 8 * \which]
        add     x0, x0, #1
        str     x0, [x28, #COUNTS + 8 * \which]
.endm

resume:
        msr     ELR_EL1, x20
        msr     SPSR_EL1, x21
        ldp     x0, x1, [sp]
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldr     x30, [sp, #240]
        add     sp, sp, #256
        eret

// ---- the guest's two contexts ----------------------------------------------------------------------------------------

// The registers of EL1 that are another set at the guest's EL2, each with its place in the VNCR page.
.macro el1_set action
        \action SCTLR_EL12, 0x110
        \action CPACR_EL12, 0x100
        \action TTBR0_EL12, 0x200
        \action TTBR1_EL12, 0x210
        \action TCR_EL12, 0x120
        \action ESR_EL12, 0x138
        \action FAR_EL12, 0x220
        \action AFSR0_EL12, 0x128
        \action AFSR1_EL12, 0x130
        \action MAIR_EL12, 0x140
        \action AMAIR_EL12, 0x148
        \action VBAR_EL12, 0x250
        \action CONTEXTIDR_EL12, 0x108
        \action ELR_EL12, 0x230
        \action SPSR_EL12, 0x160
        \action SP_EL1, 0x240
.endm

.macro to_nested register, slot
        mrs     x0, \register
        str     x0, [x27, #\slot]
        ldr     x0, [x26, #\slot]
        msr     \register, x0
.endm

.macro from_nested register, slot
        mrs     x0, \register
        str     x0, [x26, #\slot]
        ldr     x0, [x27, #\slot]
        msr     \register, x0
.endm

// The guest leaves its EL2: its EL1 is loaded, and its stage 2's shadow.
enter_nested:
        stp     x29, x30, [sp, #-16]!
        el1_set to_nested
        ldr     x0, [x26, #0x158]
        msr     MDSCR_EL1, x0
        mov     x0, #1
        str     x0, [x28, #NESTED]
        ldr     x1, [x26, #0x078]       // the guest's HCR_EL2
        ldr     x0, =HCR_TRAPS
        and     x0, x0, x1
        ldr     x2, =HCR_FLAT
        orr     x0, x0, x2
        msr     HCR_EL2, x0
        tbz     x1, #42, 1f
        ldr     x0, [x26, #0x0b0]       // its VNCR_EL2: its EL2's addresses are its IPAs
        add     x0, x0, #WINDOW
        msr     VNCR_EL2, x0
1:      ldr     x0, [x28, #ROOT]
        orr     x0, x0, #1 << 48
        tbz     x1, #0, 2f
        bl      find_shadow
2:      msr     VTTBR_EL2, x0
        isb
        ldp     x29, x30, [sp], #16
        ret

// The guest is back at its EL2.
leave_nested:
        stp     x29, x30, [sp, #-16]!
        el1_set from_nested
        mrs     x0, MDSCR_EL1
        str     x0, [x26, #0x158]
        str     xzr, [x28, #NESTED]
        ldr     x0, =HCR_HYP
        bl      own_context
        ldp     x29, x30, [sp], #16
        ret

// Returns in x0 what VTTBR_EL2 is for what the guest's EL1 runs.
find_shadow:
        stp     x29, x30, [sp, #-32]!
        ldr     x4, [x26, #0x020]
        and     x4, x4, #~1
        mov     x5, #0
1:      add     x6, x28, x5, lsl #4
        ldr     x7, [x6, #SHADOW]
        cmp     x7, x4
        b.eq    3f
        cbz     x7, 2f
        add     x5, x5, #1
        cmp     x5, #SHADOWS
        b.lo    1b
        bl      forget_shadows
        ldr     x4, [x26, #0x020]
        and     x4, x4, #~1
        mov     x5, #0
        add     x6, x28, #0
2:      stp     x4, x5, [sp, #16]
        mov     x0, #0x1000
        bl      table
        ldp     x4, x5, [sp, #16]
        add     x6, x28, x5, lsl #4
        str     x4, [x6, #SHADOW]
        str     x0, [x6, #SHADOW + 8]
3:      ldr     x0, [x6, #SHADOW + 8]
        add     x5, x5, #2              // VMID 2 and on
        orr     x0, x0, x5, lsl #48
        ldp     x29, x30, [sp], #32
        ret

// No shadow holds anything any more. None is in use: the guest is at its EL2.
forget_shadows:
        mov     x0, #0
1:      add     x1, x28, x0, lsl #4
        str     xzr, [x1, #SHADOW]
        add     x0, x0, #1
        cmp     x0, #SHADOWS
        b.lo    1b
        ldr     x0, [x28, #FIRST]
        adr     x1, next_table
        str     x0, [x1]
        tlbi    ALLE1IS
        dsb     sy
        isb
        ret

// What the guest's EL1 has caused is an exception to the guest's EL2; with another syndrome or IPA, from `forward_as` on.
forward:
        ldr     x23, [x28, #STORED]
forward_as:
        count   6
        bl      leave_nested
        mov     x1, #0x400
        b       to_el2

// The guest's EL2 takes an exception: x1 its vector, x19-x23 what it is about.
to_el2:
        msr     ESR_EL12, x19
        msr     ELR_EL12, x20
        msr     SPSR_EL12, x21
        msr     FAR_EL12, x22
        str     x23, [x28, #STORED]
        mrs     x0, VBAR_EL12
        add     x20, x0, x1
        mov     x21, #0x3c5
        b       resume

exit_eret:
        count   0
        cbnz    x25, forward
        mrs     x0, SPSR_EL12           // of the guest's EL2
        mrs     x20, ELR_EL12
        and     x1, x0, #0x1f
        cmp     x1, #9
        b.eq    1f
        mov     x21, x0
        cmp     x1, #5
        b.eq    2f
        cmp     x1, #4
        b.eq    2f
        cbz     x1, 2f
        b       surprise
1:      and     x21, x0, #~0xf
        add     x21, x21, #5
        b       resume
2:      bl      enter_nested
        b       resume

exit_hvc:
        count   3
        cbnz    x25, forward
        ldr     x0, [x28, #FLAT]
        cbnz    x0, 1f
        ldr     x23, [x28, #STORED]
        and     x21, x21, #~0xf
        add     x21, x21, #9            // from its EL2, it believes
        mov     x1, #0x200
        b       to_el2
1:      adr     x0, level
        ldr     x0, [x0]
        add     x0, x0, #1
        str     x0, [sp]                // a payload's call: how many are around it
        b       resume

exit_smc:
        count   4
        cbz     x25, 1f
        ldr     x0, [x26, #0x078]
        tbnz    x0, #19, forward        // TSC of the guest
1:      add     x20, x20, #4
        ldp     x0, x1, [sp]
        ldp     x2, x3, [sp, #16]
        mov     w4, #3
        movk    w4, #0x8400, lsl #16
        and     x5, x0, #~0x40000000
        cmp     x5, x4
        b.eq    2f                      // no other CPUs
        add     w4, w4, #5              // off, or reset
        sub     w5, w0, w4
        cmp     w5, #1
        b.hi    3f
        bl      report
        ldp     x0, x1, [sp]
        ldp     x2, x3, [sp, #16]
3:      smc     #0
        stp     x0, x1, [sp]
        stp     x2, x3, [sp, #16]
        b       resume
2:      mov     x0, #-1
        str     x0, [sp]
        b       resume

// What this level had to do.
report:
        stp     x29, x30, [sp, #-16]!
        say     "matryoshka"
        adr     x6, level
        ldr     x6, [x6]
        show    "level", x6
        ldr     x6, [x28, #COUNTS]
        show    "eret", x6
        ldr     x6, [x28, #COUNTS + 8]
        show    "register", x6
        ldr     x6, [x28, #COUNTS + 16]
        show    "tlbi", x6
        ldr     x6, [x28, #COUNTS + 24]
        show    "hvc", x6
        ldr     x6, [x28, #COUNTS + 32]
        show    "smc", x6
        ldr     x6, [x28, #COUNTS + 40]
        show    "abort", x6
        ldr     x6, [x28, #COUNTS + 48]
        show    "forwarded", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

// ---- stage 2 faults --------------------------------------------------------------------------------------------------

exit_abort:
        count   5
        mrs     x23, HPFAR_EL2
        ubfx    x0, x23, #4, #40
        lsl     x0, x0, #12             // the page of the IPA
        cbz     x25, not_nested
        mov     x6, x0
        ldr     x7, [x26, #0x020]
        ldr     x8, =0x0000fffffffff000
        and     x7, x7, x8              // the guest's root, its IPA
        mov     x9, #1                  // level
        mov     x10, #30
1:      lsr     x11, x6, x10
        and     x11, x11, #511
        add     x7, x7, x11, lsl #3
        mov     x11, #WINDOW
        ldr     x12, [x7, x11]          // the guest's descriptor
        tbz     x12, #0, translation_fault
        cmp     x9, #3
        b.eq    2f
        tbz     x12, #1, 3f
        and     x7, x12, x8
        add     x9, x9, #1
        sub     x10, x10, #9
        b       1b
2:      tbz     x12, #1, translation_fault
3:      tbnz    x19, #7, 31f            // walk of stage 1
        cmp     x24, #0x24
        b.ne    31f
        tbz     x19, #6, 31f
        tbz     x12, #7, permission_fault
        b       32f
31:     tbz     x12, #6, permission_fault
32:     mov     x11, #1
        lsl     x11, x11, x10
        sub     x11, x11, #1
        and     x13, x12, x8
        bic     x13, x13, x11
        and     x14, x6, x11
        orr     x13, x13, x14           // the guest's own IPA
        ldr     x0, =DEVICES
        cmp     x13, x0
        b.lo    surprise
        lsr     x0, x13, #28
        cbz     x0, 4f                  // a device
        ldr     x0, =RAM
        cmp     x13, x0
        b.lo    surprise
        add     x13, x13, #WINDOW
4:      cmp     x9, #2                  // a block of 1 GiB is shadowed in blocks of 2 MiB
        b.hs    5f
        mov     x9, #2
        mov     x11, #WINDOW - 1
5:      bic     x13, x13, x11
        ldr     x0, =0x00600000000007fc
        and     x2, x12, x0
        orr     x2, x2, x13
        cmp     x9, #3
        mov     x0, #1
        mov     x1, #3
        csel    x0, x1, x0, eq
        orr     x2, x2, x0
        mrs     x0, VTTBR_EL2
        and     x0, x0, x8
        mov     x1, x6
        mov     x3, #1
        mov     x4, x9
        mov     x5, #12
        bl      map
        isb
        b       resume

translation_fault:
        mov     x0, #0x04
        b       6f
permission_fault:
        mov     x0, #0x0c
6:      orr     x0, x0, x9
        and     x19, x19, #~0x3f
        orr     x19, x19, x0
        b       forward_as

// An abort of the guest itself: the payload at the device of its hypervisor.
not_nested:
        ldr     x1, [x28, #FLAT]
        cbz     x1, surprise
        ldr     x1, =HOLE
        cmp     x0, x1
        b.ne    surprise
        tbz     x19, #24, surprise      // ISV
        add     x20, x20, #4
        tbnz    x19, #6, resume
        ubfx    x0, x19, #16, #5
        cmp     x0, #31
        b.eq    resume
        and     x1, x22, #0xfff
        adr     x2, level
        ldr     x2, [x2]
        orr     x1, x1, x2, lsl #12
        str     x1, [sp, x0, lsl #3]    // the level, and the offset that was read
        b       resume

// ---- registers and instructions of the guest's EL2 -------------------------------------------------------------------

exit_register:
        cbnz    x25, forward
        ubfx    x0, x19, #20, #2
        cmp     x0, #1
        b.eq    exit_tlbi
        count   1
        ldr     x1, =0x3ffc1e
        and     x1, x19, x1
        adr     x2, registers
1:      ldp     w3, w4, [x2], #8
        cbz     w3, surprise
        cmp     w3, w1
        b.ne    1b
        adr     x2, registers
        add     x4, x2, w4, sxtw
        add     x20, x20, #4
        ubfx    x5, x19, #5, #5
        tbz     x19, #0, 2f
        blr     x4
        cmp     x5, #31
        b.eq    resume
        str     x0, [sp, x5, lsl #3]
        b       resume
2:      mov     x0, xzr
        cmp     x5, #31
        b.eq    3f
        ldr     x0, [sp, x5, lsl #3]
3:      add     x4, x4, #8
        blr     x4
        isb
        b       resume

// A row: the encoding as ISS has it, and where the two instructions are that read and write it.
.macro row op0, op1, crn, crm, op2, access
        .word   \op0 << 20 | \op2 << 17 | \op1 << 14 | \crn << 10 | \crm << 1
        .word   \access - registers
.endm

        .balign 8
registers:
        row     3, 4, 1, 0, 0, a_sctlr
        row     3, 4, 1, 1, 1, a_mdcr
        row     3, 4, 1, 1, 2, a_cptr
        row     3, 4, 2, 0, 0, a_ttbr0
        row     3, 4, 2, 0, 1, a_ttbr1
        row     3, 4, 2, 0, 2, a_tcr
        row     3, 4, 5, 1, 0, a_afsr0
        row     3, 4, 5, 1, 1, a_afsr1
        row     3, 4, 6, 0, 4, a_hpfar
        row     3, 4, 10, 2, 0, a_mair
        row     3, 4, 10, 3, 0, a_amair
        row     3, 4, 12, 0, 0, a_vbar
        row     3, 4, 12, 9, 5, a_sre
        row     3, 4, 13, 0, 1, a_contextidr
        row     3, 4, 14, 1, 0, a_cnthctl
        row     3, 5, 14, 1, 0, a_cntkctl
        .word   0, 0

.macro at_el1 register
        mrs     x0, \register
        ret
        msr     \register, x0
        ret
.endm

.macro at_place offset
        ldr     x0, [x28, #STORED + \offset]
        ret
        str     x0, [x28, #STORED + \offset]
        ret
.endm

a_sctlr:        at_el1  SCTLR_EL12
a_cptr:         at_el1  CPACR_EL12
a_ttbr0:        at_el1  TTBR0_EL12
a_ttbr1:        at_el1  TTBR1_EL12
a_tcr:          at_el1  TCR_EL12
a_afsr0:        at_el1  AFSR0_EL12
a_afsr1:        at_el1  AFSR1_EL12
a_mair:         at_el1  MAIR_EL12
a_amair:        at_el1  AMAIR_EL12
a_vbar:         at_el1  VBAR_EL12
a_contextidr:   at_el1  CONTEXTIDR_EL12
a_hpfar:        at_place 0
a_mdcr:         at_place 8
a_sre:          at_place 16
a_cnthctl:      at_place 24
a_cntkctl:      at_place 32

// TLBI: more than was asked for is dropped, but shadows only for what concerns a stage 2.
exit_tlbi:
        count   2
        add     x20, x20, #4
        ubfx    x0, x19, #10, #4        // CRn
        cmp     x0, #8
        b.ne    surprise                // AT
        ubfx    x0, x19, #14, #3        // Op1
        cbz     x0, 1f
        ubfx    x0, x19, #1, #4         // CRm: 0 and 4 name IPAs
        tst     x0, #3
        b.eq    2f
        ubfx    x0, x19, #17, #3        // Op2: 4 and 6 are ALLE1 and VMALLS12E1
        cmp     x0, #4
        b.eq    2f
        cmp     x0, #6
        b.eq    2f
1:      tlbi    ALLE1IS
        dsb     sy
        isb
        b       resume
2:      bl      forget_shadows
        b       resume

// ---- the payload, at EL1 under all of them ---------------------------------------------------------------------------

payload_text:
        ldr     x0, =TOP
        mov     sp, x0
        mov     x0, #1
        adr     x1, current_el
        str     x0, [x1]
        adr     x0, vectors
        msr     VBAR_EL1, x0
        isb
        mrs     x6, CurrentEL
        lsr     x6, x6, #2
        say     "payload"
        show    "el", x6
        hvc     #0
        show    "around", x0
        newline

        // Memory: a value in every 16 MiB, all written before they are read.
        ldr     x20, =RAM + 0x200000
        adr     x21, memory
        ldr     x21, [x21]
        ldr     x0, =RAM
        add     x21, x21, x0
        mov     x22, #0x1000000
        ldr     x23, =0x9e3779b97f4a7c15
        mov     x0, x20
1:      mul     x1, x0, x23
        str     x1, [x0]
        add     x0, x0, x22
        cmp     x0, x21
        b.lo    1b
        mov     x0, x20
        mov     x6, #0
2:      ldr     x1, [x0]
        mul     x2, x0, x23
        cmp     x1, x2
        b.ne    3f
        add     x6, x6, #1
3:      add     x0, x0, x22
        cmp     x0, x21
        b.lo    2b
        say     "payload memory"
        show    "good", x6
        newline

        // The device of the hypervisor next to it.
        ldr     x20, =HOLE
        str     x20, [x20, #8]
        ldr     x6, [x20, #0x128]
        say     "payload device"
        show    "read", x6
        newline

        // Its own timer, and the interrupt.
        adr     x0, payload_irq
        adr     x1, irq_handler
        str     x0, [x1]
        mov     x0, #1
        msr     ICC_SRE_EL1, x0
        isb
        ldr     x1, =GICD
        mov     w0, #0x12
        str     w0, [x1]
        ldr     x1, =GICR
        ldr     w0, [x1, #0x14]
        and     w0, w0, #~2
        str     w0, [x1, #0x14]
4:      ldr     w0, [x1, #0x14]
        tbnz    w0, #2, 4b
        ldr     x1, =GICR + 0x10000
        mov     w0, #-1
        str     w0, [x1, #0x80]
        mov     w0, #1 << 27
        str     w0, [x1, #0x100]
        mov     x0, #0xff
        msr     ICC_PMR_EL1, x0
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        isb
        mov     x0, #1000
        msr     CNTV_TVAL_EL0, x0
        mov     x0, #1
        msr     CNTV_CTL_EL0, x0
        isb
        mov     x19, #0
5:      wfi                             // masked, so that it can't come before
        msr     DAIFClr, #2
        isb
        msr     DAIFSet, #2
        cbz     x19, 5b
        say     "payload timer"
        show    "intid", x19
        newline

        // A call that costs every level something.
        mov     x20, #16
6:      hvc     #0
        subs    x20, x20, #1
        b.ne    6b
        say     "payload ends\n"
        movz    w0, #0x8400, lsl #16
        movk    w0, #8
        smc     #0
7:      b       7b

payload_irq:
        mrs     x0, ICC_IAR1_EL1
        msr     CNTV_CTL_EL0, xzr
        mov     x19, x0
        msr     ICC_EOIR1_EL1, x0
        isb
        ret
        .ltorg

// ---- what the level outwards has left --------------------------------------------------------------------------------

        .balign 16
limit:          .quad 4                 // how many levels
level:          .quad 0                 // which this is
memory:         .quad 0x10000000        // bytes that it has
payload:        .quad 0                 // where something else than `payload_text` is
tree:           .quad 0                 // where a device tree is
state:          .space STATE

        .balign 4096
vncr:           .space 4096             // registers of the guest: of its EL2 those with a place here, and of its EL1
vel2:           .space 4096             // those of its EL2 that are in EL1's registers while it is there
image_end:      .quad 0
