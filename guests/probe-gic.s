// The GIC's CPU interface: masks, priorities, preemption, end of interrupt in both modes, with SGIs and an SPI that software
// makes pending; at EL2 also the hypervisor's half and, at EL1 under it, the virtual interface. x19-x27 carry what EL1 saw.

GUEST_SP = 0x41e00000
SGI_BASE = GICR + 0x10000

main:
        stp     x29, x30, [sp, #-16]!
        bl      set_up
        bl      masks
        bl      priorities
        bl      end_modes
        bl      shared
        bl      taken
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.ne    1f
        bl      hypervisor
        bl      virtual
1:      say     "end\n"
        ldp     x29, x30, [sp], #16
        ret

set_up:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.ne    1f
        mov     x0, #15
        msr     ICC_SRE_EL2, x0
        isb
        ldr     x0, =0x80000038         // HCR_EL2: RW, AMO, IMO, FMO: interrupts come to EL2
        msr     HCR_EL2, x0
        isb
1:      mov     x0, #7
        msr     ICC_SRE_EL1, x0
        isb
        ldr     x1, =GICD
        mov     w0, #0x12               // ARE, group 1
        str     w0, [x1]
        ldr     x1, =GICR
        ldr     w0, [x1, #0x14]         // GICR_WAKER
        and     w0, w0, #~2
        str     w0, [x1, #0x14]
2:      ldr     w0, [x1, #0x14]
        tbnz    w0, #2, 2b
        ldr     x1, =SGI_BASE
        mov     w0, #-1
        str     w0, [x1, #0x80]         // GICR_IGROUPR0
        ldr     w0, =0x40a080a0         // priorities: SGI 0 a0, 1 80, 2 a0, 3 40
        str     w0, [x1, #0x400]
        mov     w0, #15
        str     w0, [x1, #0x100]        // GICR_ISENABLER0
        mov     x0, #0xff
        msr     ICC_PMR_EL1, x0
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        isb
        mrs     x6, ICC_CTLR_EL1
        and     x6, x6, #3
        say     "gic set-up"
        show    "ctlr", x6
        mrs     x6, ICC_SRE_EL1
        show    "sre", x6
        mrs     x6, ICC_IGRPEN1_EL1
        show    "igrpen1", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

.macro wrote text, register, value
        mov     x0, #\value
        msr     \register, x0
        isb
        mrs     x6, \register
        show    "\text", x6
.endm

masks:
        stp     x29, x30, [sp, #-16]!
        say     "gic pmr"
        wrote   "00", ICC_PMR_EL1, 0
        wrote   "01", ICC_PMR_EL1, 1
        wrote   "08", ICC_PMR_EL1, 8
        wrote   "7f", ICC_PMR_EL1, 0x7f
        wrote   "f0", ICC_PMR_EL1, 0xf0
        wrote   "ff", ICC_PMR_EL1, 0xff
        newline
        say     "gic bpr1"
        wrote   "7", ICC_BPR1_EL1, 7
        wrote   "4", ICC_BPR1_EL1, 4
        wrote   "0", ICC_BPR1_EL1, 0
        newline
        say     "gic bpr0"
        wrote   "7", ICC_BPR0_EL1, 7
        wrote   "0", ICC_BPR0_EL1, 0
        newline
        say     "gic idle"
        mrs     x6, ICC_RPR_EL1
        show    "rpr", x6
        mrs     x6, ICC_HPPIR1_EL1
        show    "hppir1", x6
        mrs     x6, ICC_IAR1_EL1
        show    "iar1", x6
        mrs     x6, ICC_HPPIR0_EL1
        show    "hppir0", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

// Sends SGI x0 to this PE.
sgi:
        lsl     x0, x0, #24
        orr     x0, x0, #1
        msr     ICC_SGI1R_EL1, x0
        isb
        dsb     sy
        ret

state:
        stp     x29, x30, [sp, #-16]!
        mrs     x6, ISR_EL1
        show    "isr", x6
        mrs     x6, ICC_HPPIR1_EL1
        show    "hppir1", x6
        mrs     x6, ICC_RPR_EL1
        show    "rpr", x6
        mrs     x6, ICC_AP1R0_EL1
        show    "ap1r0", x6
        ldr     x1, =SGI_BASE
        ldr     w6, [x1, #0x200]
        and     x6, x6, #0xffff
        show    "pending", x6
        ldr     x1, =SGI_BASE
        ldr     w6, [x1, #0x300]
        and     x6, x6, #0xffff
        show    "active", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

.macro acknowledge
        mrs     x6, ICC_IAR1_EL1
        show    "iar1", x6
.endm

.macro end_of intid
        mov     x0, #\intid
        msr     ICC_EOIR1_EL1, x0
        isb
.endm

priorities:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #2
        bl      sgi
        mov     x0, #0
        bl      sgi
        say     "gic two-pending"
        bl      state
        say     "gic lowest-first"
        acknowledge
        bl      state
        mov     x0, #1
        bl      sgi
        say     "gic higher-comes"
        bl      state
        say     "gic preempted"
        acknowledge
        bl      state
        say     "gic nothing-more"
        acknowledge
        bl      state
        end_of  1
        say     "gic end-1"
        bl      state
        end_of  0
        say     "gic end-0"
        bl      state
        mov     x0, #0xa0
        msr     ICC_PMR_EL1, x0
        isb
        say     "gic masked-by-pmr"
        acknowledge
        bl      state
        mov     x0, #0xff
        msr     ICC_PMR_EL1, x0
        isb
        say     "gic unmasked"
        acknowledge
        bl      state
        end_of  2
        mov     x0, #6                  // bits 7:7 only are group priority
        msr     ICC_BPR1_EL1, x0
        mov     x0, #0
        bl      sgi
        say     "gic bpr"
        acknowledge
        bl      state
        mov     x0, #1
        bl      sgi
        say     "gic same-group"
        acknowledge
        bl      state
        mov     x0, #3
        bl      sgi
        say     "gic other-group"
        acknowledge
        bl      state
        end_of  3
        end_of  0
        acknowledge
        end_of  1
        say     " gic all-ended"
        bl      state
        msr     ICC_BPR1_EL1, xzr
        isb
        ldp     x29, x30, [sp], #16
        ret

end_modes:
        stp     x29, x30, [sp, #-16]!
        mov     x0, #2
        msr     ICC_CTLR_EL1, x0        // EOImode 1
        isb
        mov     x0, #0
        bl      sgi
        say     "gic split"
        acknowledge
        bl      state
        end_of  0
        say     "gic dropped"
        bl      state
        mov     x0, #0
        bl      sgi
        say     "gic active-and-pending"
        acknowledge
        bl      state
        mov     x0, #0
        msr     ICC_DIR_EL1, x0
        isb
        say     "gic deactivated"
        acknowledge
        bl      state
        end_of  0
        mov     x0, #0
        msr     ICC_DIR_EL1, x0
        msr     ICC_CTLR_EL1, xzr
        isb
        say     "gic joined"
        bl      state
        ldp     x29, x30, [sp], #16
        ret

// SPI 40 (INTID 72), made pending by software.
shared:
        stp     x29, x30, [sp, #-16]!
        ldr     x1, =GICD
        mov     w0, #0x100
        str     w0, [x1, #0x88]         // GICD_IGROUPR2
        str     w0, [x1, #0x108]        // GICD_ISENABLER2
        mov     w0, #0x60
        strb    w0, [x1, #0x448]        // GICD_IPRIORITYR18
        add     x2, x1, #0x6000
        str     xzr, [x2, #0x240]       // GICD_IROUTER72
        mov     w0, #0x100
        str     w0, [x1, #0x208]        // GICD_ISPENDR2
        dsb     sy
        say     "gic spi"
        acknowledge
        ldr     x1, =GICD
        ldr     w6, [x1, #0x208]
        show    "pending", x6
        ldr     x1, =GICD
        ldr     w6, [x1, #0x308]
        show    "active", x6
        mrs     x6, ICC_RPR_EL1
        show    "rpr", x6
        end_of  72
        ldr     x1, =GICD
        ldr     w6, [x1, #0x308]
        show    "ended", x6
        newline
        ldp     x29, x30, [sp], #16
        ret

taken:
        stp     x29, x30, [sp, #-16]!
        adr     x0, on_irq
        adr     x1, irq_handler
        str     x0, [x1]
        mov     x0, #3
        bl      sgi
        say     "gic exception"
        msr     DAIFClr, #2
        isb
        msr     DAIFSet, #2
        newline
        ldp     x29, x30, [sp], #16
        ret

on_irq:
        stp     x29, x30, [sp, #-16]!
        stp     x6, x7, [sp, #-16]!
        acknowledge
        msr     ICC_EOIR1_EL1, x6
        isb
        ldp     x6, x7, [sp], #16
        ldp     x29, x30, [sp], #16
        ret

.macro list text
        say     "gic \text"
        mrs     x6, ICH_MISR_EL2
        show    "misr", x6
        mrs     x6, ICH_EISR_EL2
        show    "eisr", x6
        mrs     x6, ICH_ELRSR_EL2
        and     x6, x6, #15
        show    "elrsr", x6
        mrs     x6, ICH_LR0_EL2
        show    "lr0", x6
        newline
.endm

hypervisor:
        stp     x29, x30, [sp, #-16]!
        say     "gic ich-vmcr"
        mov     x0, #-1
        msr     ICH_VMCR_EL2, x0
        isb
        mrs     x6, ICH_VMCR_EL2
        show    "ones", x6
        msr     ICH_VMCR_EL2, xzr
        isb
        mrs     x6, ICH_VMCR_EL2
        show    "zeros", x6
        newline
        say     "gic ich-lr"
        mov     x0, #-1
        msr     ICH_LR1_EL2, x0
        isb
        mrs     x6, ICH_LR1_EL2
        show    "ones", x6
        msr     ICH_LR1_EL2, xzr
        isb
        newline
        mov     x0, #1
        msr     ICH_HCR_EL2, x0
        isb
        list    "empty"
        mov     x0, #3                  // UIE
        msr     ICH_HCR_EL2, x0
        isb
        list    "underflow"
        mov     x0, #9                  // NPIE
        msr     ICH_HCR_EL2, x0
        isb
        list    "none-pending"
        ldr     x0, =0x50a0000000000030
        msr     ICH_LR0_EL2, x0
        isb
        list    "one-pending"
        ldr     x0, =0x10a0020000000030 // invalid, EOI asked for
        msr     ICH_LR0_EL2, x0
        isb
        list    "eoi"
        mov     x0, #0x51               // VGrp1EIE, VGrp0DIE
        msr     ICH_HCR_EL2, x0
        mov     x0, #2
        msr     ICH_VMCR_EL2, x0
        isb
        list    "groups"
        msr     ICH_LR0_EL2, xzr
        msr     ICH_HCR_EL2, xzr
        msr     ICH_VMCR_EL2, xzr
        isb
        ldp     x29, x30, [sp], #16
        ret

.macro saw text, register
        show    "\text", \register
.endm

// A pending and a higher pending virtual interrupt; EL1 takes both, ends both, and one more than it has.
virtual:
        stp     x29, x30, [sp, #-16]!
        ldr     x0, =0x50a0000000000030
        msr     ICH_LR0_EL2, x0
        ldr     x0, =0x5060000000000031
        msr     ICH_LR1_EL2, x0
        msr     ICH_LR2_EL2, xzr
        msr     ICH_LR3_EL2, xzr
        mov     x0, #5                  // En, LRENPIE
        msr     ICH_HCR_EL2, x0
        ldr     x0, =0xff000000         // VPMR
        msr     ICH_VMCR_EL2, x0
        ldr     x0, =0x30d00800
        msr     SCTLR_EL1, x0
        isb
        adr     x0, el1
        ldr     x1, =GUEST_SP
        bl      run_el1
        say     "gic virtual"
        recorded x6, esr
        show    "esr", x6
        saw     "isr", x19
        saw     "hppir", x20
        saw     "first", x21
        saw     "rpr", x22
        saw     "second", x23
        saw     "masked", x24
        saw     "pmr", x25
        saw     "bpr", x26
        saw     "ctlr", x27
        newline
        mrs     x6, ICH_AP1R0_EL2
        say     "gic virtual-after"
        show    "ap1r0", x6
        mrs     x6, ICH_HCR_EL2
        show    "hcr", x6
        mrs     x6, ICH_LR1_EL2
        show    "lr1", x6
        mrs     x6, ICH_VMCR_EL2
        show    "vmcr", x6
        newline
        list    "after"
        ldp     x29, x30, [sp], #16
        ret

el1:
        mov     x0, #1
        msr     ICC_IGRPEN1_EL1, x0
        isb
        mrs     x19, ISR_EL1
        mrs     x20, ICC_HPPIR1_EL1
        mrs     x21, ICC_IAR1_EL1
        isb
        mrs     x22, ICC_RPR_EL1
        mrs     x23, ICC_IAR1_EL1       // lower than what runs
        msr     ICC_EOIR1_EL1, x21
        isb
        mov     x0, #0x80
        msr     ICC_PMR_EL1, x0
        isb
        mrs     x24, ICC_IAR1_EL1       // masked by the priority mask
        mov     x0, #0xf8
        msr     ICC_PMR_EL1, x0
        isb
        mrs     x0, ICC_IAR1_EL1
        msr     ICC_EOIR1_EL1, x0
        mov     x0, #77
        msr     ICC_EOIR1_EL1, x0       // not in any list register
        isb
        mrs     x25, ICC_PMR_EL1
        mrs     x26, ICC_BPR1_EL1
        mrs     x27, ICC_CTLR_EL1
        and     x27, x27, #3
        hvc     #0
        .ltorg
