// A long random life of the GIC's CPU interface: SGIs come, priorities, masks and enables change, interrupts are taken and
// ended in order. After every step a hash takes in what the interface and the redistributor show; a line every 50 steps.
//
// x19 hash, x20 random numbers, x21 steps, x22 end of the stack of active interrupts, x23 redistributor's SGI page, x24 its
// bottom, x25 what was acknowledged, x26 EOImode

SGI_BASE = GICR + 0x10000
STEPS    = 2000
ACTIVE   = SCRATCH
VERBOSE  = 0                       // 1: every value, to find where a difference begins

main:
        stp     x29, x30, [sp, #-16]!
        bl      set_up
        ldr     x20, =0x123456789
        mov     x26, #0
        bl      life
        mov     x26, #2                 // ends in two steps: priority drop, deactivation
        bl      life
        say     "end\n"
        ldp     x29, x30, [sp], #16
        ret

set_up:
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.ne    1f
        mov     x0, #15
        msr     ICC_SRE_EL2, x0
        isb
        ldr     x0, =0x80000038         // HCR_EL2: RW, interrupts to EL2
        msr     HCR_EL2, x0
        isb
1:      mov     x0, #7
        msr     ICC_SRE_EL1, x0
        isb
        ldr     x1, =GICD
        mov     w0, #0x12               // ARE, group 1
        str     w0, [x1]
        ldr     x1, =GICR
        ldr     w0, [x1, #0x14]
        and     w0, w0, #~2
        str     w0, [x1, #0x14]
2:      ldr     w0, [x1, #0x14]
        tbnz    w0, #2, 2b
        ldr     x23, =SGI_BASE
        mov     w0, #-1
        str     w0, [x23, #0x80]
        mov     w0, #0xffff
        str     w0, [x23, #0x100]
        ret

life:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #0xf8
        msr     ICC_PMR_EL1, x0
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        msr     ICC_BPR1_EL1, xzr
        msr     ICC_CTLR_EL1, x26
        isb
        ldr     x24, =ACTIVE
        mov     x22, x24
        mov     x19, #0
        mov     x21, #0
1:      bl      step
        bl      observe
        add     x21, x21, #1
        mov     x0, #50
        udiv    x1, x21, x0
        msub    x1, x1, x0, x21
        cbnz    x1, 2f
        say     "life"
        show    "mode", x26
        show    "steps", x21
        show    "hash", x19
        newline
2:      ldr     x0, =STEPS
        cmp     x21, x0
        b.lo    1b
        // Everything ends.
3:      cmp     x22, x24
        b.eq    4f
        bl      finish
        b       3b
4:      mov     w0, #-1
        str     w0, [x23, #0x280]
        dsb     sy
        bl      observe
        say     "life over"
        show    "hash", x19
        newline
        ldp     x29, x30, [sp], #16
        ret

// The next random number, in x20, and its upper half in x0.
random:
        ldr     x0, =6364136223846793005
        mul     x20, x20, x0
        ldr     x0, =1442695040888963407
        add     x20, x20, x0
        lsr     x0, x20, #32
        ret

step:
        stp     x29, x30, [sp, #-16]!
        ldr     x25, =0xffff
        bl      random
        and     x1, x0, #15             // what
        ubfx    x2, x0, #8, #4          // which
        mov     x3, #1
        lsl     x3, x3, x2
        adr     x4, steps
        add     x4, x4, x1, lsl #2
        br      x4
steps:
        b       send
        b       send
        b       send
        b       priority
        b       mask
        b       point
        b       acknowledge
        b       acknowledge
        b       acknowledge
        b       end
        b       end
        b       end
        b       enable
        b       pend
        b       unpend
        b       group

send:
        lsl     x2, x2, #24
        orr     x2, x2, #1
        msr     ICC_SGI1R_EL1, x2
        b       done
priority:
        ubfx    x4, x0, #16, #5
        lsl     x4, x4, #3
        add     x5, x23, #0x400
        strb    w4, [x5, x2]
        b       done
mask:
        ubfx    x4, x0, #16, #5
        lsl     x4, x4, #3
        tst     x0, #1 << 24
        mov     x5, #0xf8
        csel    x4, x4, x5, eq
        msr     ICC_PMR_EL1, x4
        b       done
point:
        ubfx    x4, x0, #16, #3
        msr     ICC_BPR1_EL1, x4
        b       done
acknowledge:
        mrs     x25, ICC_IAR1_EL1
        cmp     x25, #16
        b.hs    done
        str     x25, [x22], #8
        b       done
end:
        cmp     x22, x24
        b.eq    done
        bl      finish
        b       done
enable:
        mov     x4, #0x100
        tst     x0, #3 << 20
        mov     x5, #0x180
        csel    x4, x4, x5, ne
        str     w3, [x23, x4]
        b       done
pend:
        str     w3, [x23, #0x200]
        b       done
unpend:
        str     w3, [x23, #0x280]
        b       done
group:
        tst     x0, #7 << 20
        cset    x4, ne
        msr     ICC_IGRPEN1_EL1, x4
done:
        dsb     sy
        isb
        ldp     x29, x30, [sp], #16
        ret

// Ends what was acknowledged last.
finish:
        ldr     x0, [x22, #-8]!
        msr     ICC_EOIR1_EL1, x0
        isb
        cbz     x26, 1f
        msr     ICC_DIR_EL1, x0
        isb
1:      ret

.macro take value
        mov     x1, #31
        mul     x19, x19, x1
        add     x19, x19, \value
    .if VERBOSE
        show    "v", \value
    .endif
.endm

observe:
        stp     x29, x30, [sp, #-16]!
        take    x25
        mrs     x6, ICC_RPR_EL1
        take    x6
        mrs     x6, ICC_HPPIR1_EL1
        take    x6
        mrs     x6, S3_0_C12_C9_0       // ICC_AP1R0_EL1
        take    x6
        mrs     x6, ICC_PMR_EL1
        take    x6
        mrs     x6, ICC_BPR1_EL1
        take    x6
        mrs     x6, ISR_EL1
        take    x6
        ldr     w6, [x23, #0x200]
        take    x6
        ldr     w6, [x23, #0x300]
        take    x6
    .if VERBOSE
        newline
    .endif
        ldp     x29, x30, [sp], #16
        ret
        .ltorg
