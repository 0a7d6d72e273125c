// A long random life of the GIC's virtual CPU interface: EL2 fills list registers, EL1 takes and ends virtual interrupts of both
// groups in order, and changes its mask, binary points and enables. After every step a hash takes in what EL1 sees and what
// EL2 sees; a line every 50 steps.
//
// x19 hash, x20 random numbers, x21 steps, x22 end of the stack of active interrupts, x23 next virtual INTID, x24 bottom of the
// stack, x25 ICH_HCR_EL2, x26 EOImode, x27 the step

STEPS    = 2000
ACTIVE   = SCRATCH
GUEST_SP = 0x41e00000
VERBOSE  = 0                       // 1: every value, to find where a difference begins

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        say     "This probe starts at EL2 (--nested nv2).\n"
        b       2f
1:      mov     x0, #15
        msr     ICC_SRE_EL2, x0
        isb
        ldr     x0, =0x80000038         // HCR_EL2: RW, interrupts to EL2
        msr     HCR_EL2, x0
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        mov     x0, #7
        msr     ICC_SRE_EL1, x0
        isb
        ldr     x20, =0x987654321
        mov     x26, #0
        bl      life
        mov     x26, #2
        bl      life
        say     "end\n"
2:      ldp     x29, x30, [sp], #16
        ret

life:
        stp     x29, x30, [sp, #-16]!
        msr     ICH_AP0R0_EL2, xzr
        msr     ICH_AP1R0_EL2, xzr
        msr     ICH_LR0_EL2, xzr
        msr     ICH_LR1_EL2, xzr
        msr     ICH_LR2_EL2, xzr
        msr     ICH_LR3_EL2, xzr
        // PMR f8, BPR0 2, BPR1 3, EOImode, both groups on
        ldr     x0, =0xf84c0003
        orr     x0, x0, x26, lsl #8
        msr     ICH_VMCR_EL2, x0
        mov     x25, #1
        ldr     x24, =ACTIVE
        mov     x22, x24
        mov     x19, #0
        mov     x21, #0
        mov     x23, #0
1:      msr     ICH_HCR_EL2, x25
        isb
        bl      step
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
        ldp     x29, x30, [sp], #16
        ret

random:
        ldr     x0, =6364136223846793005
        mul     x20, x20, x0
        ldr     x0, =1442695040888963407
        add     x20, x20, x0
        lsr     x0, x20, #32
        ret

// Steps 0 to 5 are EL2's, the others EL1's.
step:
        stp     x29, x30, [sp, #-16]!
        bl      random
        mov     x27, x0
        and     x1, x0, #31
        cmp     x1, #10
        b.lo    inject
        cmp     x1, #12
        b.lo    control
        ldr     x1, =GUEST_SP
        mov     x2, x27
        adr     x0, at_el1
        bl      run_el1
        b       stepped

// Of two with one priority, which comes first is IMPLEMENTATION DEFINED: no second one gets in.
.macro unlike register
        mrs     x1, \register
        eor     x1, x1, x4
        tst     x1, #0xff << 48
        b.eq    stepped
.endm

// A list register that is free gets a new interrupt.
.macro free register
        mrs     x1, \register
        lsr     x2, x1, #62
        cbnz    x2, 7f
        msr     \register, x4
        b       stepped
7:
.endm

inject:
        and     x23, x23, #63
        add     x4, x23, #32
        add     x23, x23, #1
        ubfx    x1, x27, #8, #5
        lsl     x1, x1, #51
        orr     x4, x4, x1              // priority
        ubfx    x1, x27, #13, #1
        orr     x4, x4, x1, lsl #60     // group
        ubfx    x1, x27, #14, #1
        orr     x4, x4, x1, lsl #41     // maintenance interrupt at its end
        mov     x1, #1
        orr     x4, x4, x1, lsl #62     // pending
        unlike  ICH_LR0_EL2
        unlike  ICH_LR1_EL2
        unlike  ICH_LR2_EL2
        unlike  ICH_LR3_EL2
        free    ICH_LR2_EL2
        free    ICH_LR0_EL2
        free    ICH_LR3_EL2
        free    ICH_LR1_EL2
        b       stepped

// UIE, LRENPIE, NPIE, VGrp0EIE, VGrp1EIE, VGrp1DIE. Not VGrp0DIE, which looks at the wrong group in QEMU 7.2.
control:
        ubfx    x25, x27, #8, #8
        orr     x25, x25, #1
        and     x25, x25, #~0x20
stepped:
        isb
        ldp     x29, x30, [sp], #16
        ret

.macro take value
        mov     x1, #31
        mul     x19, x19, x1
        add     x19, x19, \value
    .if VERBOSE
        show    "v", \value
    .endif
.endm

.macro see register
        mrs     x6, \register
        take    x6
.endm

observe:
        stp     x29, x30, [sp, #-16]!
        ldr     x1, =GUEST_SP
        mov     x2, #0
        adr     x0, look
        bl      run_el1
        take    x7
        take    x8
        take    x9
        take    x10
        take    x11
        take    x12
        take    x13
        take    x14
        see     ICH_LR0_EL2
        see     ICH_LR1_EL2
        see     ICH_LR2_EL2
        see     ICH_LR3_EL2
        see     ICH_AP0R0_EL2
        see     ICH_AP1R0_EL2
        see     ICH_HCR_EL2
        mrs     x6, ICH_VMCR_EL2
        orr     x6, x6, #8              // VFIQEn, which is RES1 or storage
        take    x6
        see     ICH_MISR_EL2
        see     ICH_EISR_EL2
        mrs     x6, ICH_ELRSR_EL2
        and     x6, x6, #15
        take    x6
    .if VERBOSE
        newline
    .endif
        ldp     x29, x30, [sp], #16
        ret

// ---- EL1 -------------------------------------------------------------------------------------------------------------

look:
        mrs     x7, ICC_RPR_EL1
        mrs     x8, ICC_HPPIR0_EL1
        mrs     x9, ICC_HPPIR1_EL1
        mrs     x10, ICC_PMR_EL1
        mrs     x11, ICC_BPR0_EL1
        mrs     x12, ICC_BPR1_EL1
        mrs     x13, ISR_EL1
        mrs     x14, ICC_CTLR_EL1
        and     x14, x14, #3
        hvc     #0

at_el1:
        and     x1, x0, #31
        sub     x1, x1, #12
        adr     x4, steps
        add     x4, x4, x1, lsl #2
        br      x4
steps:
        b       acknowledge0
        b       acknowledge0
        b       acknowledge0
        b       acknowledge1
        b       acknowledge1
        b       acknowledge1
        b       acknowledge1
        b       end
        b       end
        b       end
        b       end
        b       end
        b       end
        b       mask
        b       mask
        b       point0
        b       point1
        b       group0
        b       group1
        b       common

acknowledge0:
        mrs     x5, ICC_IAR0_EL1
        ldr     x6, =1020
        cmp     x5, x6
        b.hs    done
        str     x5, [x22], #8
        b       done
acknowledge1:
        mrs     x5, ICC_IAR1_EL1
        ldr     x6, =1020
        cmp     x5, x6
        b.hs    done
        mov     x6, #1
        orr     x5, x5, x6, lsl #32
        str     x5, [x22], #8
        b       done
end:
        cmp     x22, x24
        b.eq    done
        ldr     x5, [x22, #-8]!
        tbz     x5, #32, 1f
        and     x5, x5, #0xffff
        msr     ICC_EOIR1_EL1, x5
        b       2f
1:      msr     ICC_EOIR0_EL1, x5
2:      cbz     x26, done
        isb
        msr     ICC_DIR_EL1, x5
        b       done
mask:
        ubfx    x4, x0, #16, #5
        lsl     x4, x4, #3
        tst     x0, #1 << 24
        mov     x5, #0xf8
        csel    x4, x4, x5, eq
        msr     ICC_PMR_EL1, x4
        b       done
point0:
        cmp     x22, x24                // with an interrupt active, what its end does would be UNPREDICTABLE
        b.ne    done
        ubfx    x4, x0, #16, #3
        msr     ICC_BPR0_EL1, x4
        b       done
point1:
        cmp     x22, x24
        b.ne    done
        ubfx    x4, x0, #16, #3
        msr     ICC_BPR1_EL1, x4
        b       done
group0:
        tst     x0, #7 << 20
        cset    x4, ne
        msr     ICC_IGRPEN0_EL1, x4
        b       done
group1:
        tst     x0, #7 << 20
        cset    x4, ne
        msr     ICC_IGRPEN1_EL1, x4
        b       done
common:
        cmp     x22, x24
        b.ne    done
        ubfx    x4, x0, #20, #1
        orr     x4, x4, x26
        msr     ICC_CTLR_EL1, x4
done:
        hvc     #0
        .ltorg
