// What traps: instructions at EL1 and EL0, under one control of EL2 or EL1 after the other. A line for every instruction whose
// outcome a control changes, or that is not simply executed without any: the control and its value, the instruction, and
// ESR_EL2; ESR_EL1 too (el1) if EL1 takes it.
//
// x19 the control, x20 the instruction, x21 0 or 1 for EL0 or EL1, x22 baselines, x23 ESR_EL2, x24 ESR_EL1, x25 first
// instruction, x26 end of instructions, x27 first control, x28 HCR_EL2 that the controls add to

CODE     = SCRATCH
BASELINE = SCRATCH + 0x1000
VECTORS1 = SCRATCH + 0x2000
DATA     = SCRATCH + 0x3000
GUEST_SP = 0x41e00000

// Values with which nothing traps.
SCTLR_OPEN = 0x34d5ca00         // UCI, nTWE, nTWI, UCT, DZE, UMA, and RES1
HCR_RW     = 1 << 31
E2H        = 1 << 34
TGE        = 1 << 27
SCTLR_EL2_OFF = 0x30c50830

main:
        stp     x29, x30, [sp, #-16]!
        adr     x0, current_el
        ldr     x0, [x0]
        cmp     x0, #2
        b.eq    1f
        say     "This probe starts at EL2 (--nested nv2).\n"
        b       2f
1:      bl      vectors1
        mov     x28, #HCR_RW
        adr     x27, controls
        adr     x0, limit
        adr     x1, controls_end
        str     x1, [x0]
        mov     x21, #1
        adr     x25, at_el1
        adr     x26, at_el1_end
        bl      all_controls
        mov     x21, #0
        adr     x25, at_el0
        adr     x26, at_el0_end
        adr     x0, guest_spsr
        mov     x1, #0x3c0
        str     x1, [x0]
        bl      all_controls
        // The same with E2H: EL1 under a host, and EL0 in a host.
        adr     x27, controls_e2h
        adr     x0, limit
        adr     x1, controls_e2h_end
        str     x1, [x0]
        ldr     x0, =E2H | TGE
        orr     x28, x28, x0
        bl      all_controls
        mov     x0, #TGE
        bic     x28, x28, x0
        mov     x21, #1
        adr     x25, at_el1
        adr     x26, at_el1_end
        adr     x0, guest_spsr
        str     xzr, [x0]
        bl      all_controls
        say     "end\n"
2:      ldp     x29, x30, [sp], #16
        ret

// Exceptions to EL1 go on to EL2, as HVC #1 from EL1 and HVC #2 from EL0.
vectors1:
        ldr     x0, =VECTORS1
        msr     VBAR_EL1, x0
        ldr     w1, =0xd4000022         // hvc #1
        str     w1, [x0, #0x200]
        ldr     w1, =0xd4000042         // hvc #2
        str     w1, [x0, #0x400]
        dsb     sy
        ic      IALLU
        dsb     sy
        isb
        ret

all_controls:
        stp     x29, x30, [sp, #-16]!
        mov     x19, x27
1:      bl      one_control
        add     x19, x19, #16
        adr     x0, limit
        ldr     x0, [x0]
        cmp     x19, x0
        b.lo    1b
        ldp     x29, x30, [sp], #16
        ret

one_control:
        stp     x29, x30, [sp, #-16]!
        ldr     x22, =BASELINE
        mov     x20, x25
1:      bl      one_instruction
        add     x20, x20, #4
        add     x22, x22, #16
        cmp     x20, x26
        b.lo    1b
        ldp     x29, x30, [sp], #16
        ret

one_instruction:
        stp     x29, x30, [sp, #-16]!
        bl      defaults
        bl      apply
        // Twice, because a WFE may find the event register set the first time.
        ldr     x0, =CODE
        ldr     w1, [x20]
        str     w1, [x0]
        str     w1, [x0, #4]
        ldr     w1, =0xd4000002         // hvc #0
        ldr     w2, =0xd4000001         // svc #0
        cmp     x21, #0
        csel    w1, w1, w2, ne
        str     w1, [x0, #8]
        dsb     sy
        ic      IVAU, x0
        dsb     sy
        isb
        ldr     x1, =GUEST_SP
        ldr     x2, =DATA
        bl      run_el1
        mov     x0, #HCR_RW
        msr     HCR_EL2, x0
        isb
        recorded x23, esr
        mov     x24, #0
        lsr     x0, x23, #26
        cmp     x0, #0x16
        b.ne    1f
        tst     x23, #0xff
        b.eq    1f
        mrs     x24, ESR_EL1
1:      cmp     x19, x27
        b.ne    2f
        stp     x23, x24, [x22]
        // Without any control: what is not simply executed.
        ldr     x0, =0x5a000000
        cmp     x23, x0
        b.eq    20f
        ldr     x0, =0x56000000
        cmp     x23, x0
        b.eq    20f
        ldr     x0, =0x5a000002
        cmp     x23, x0
        b.ne    3f
        ldr     x0, =0x56000000
        cmp     x24, x0
        b.eq    20f
        b       3f
2:      ldp     x0, x1, [x22]
        cmp     x0, x23
        ccmp    x1, x24, #0, eq
        b.eq    20f
3:      say     "trap el="
        mov     x0, x21
        bl      hex
        lsr     x0, x28, #27
        cmp     x0, #0x10
        b.eq    5f
        cmp     x0, #0x90
        b.eq    6f
        cmp     x0, #0x91
        b.ne    7f
        say     " host"
        b       7f
5:      b       7f
6:      say     " e2h"
7:      ldr     x6, [x19]
        show    "control", x6
        ldr     x6, [x19, #8]
        show    "value", x6
        ldr     w6, [x20]
        show    "insn", x6
        show    "esr", x23
        cbz     x24, 4f
        show    "el1", x24
4:      newline
20:     ldp     x29, x30, [sp], #16
        ret

defaults:
        mov     x0, #HCR_RW
        msr     HCR_EL2, x0
        isb
        mov     x0, #0x33ff
        msr     CPTR_EL2, x0
        mrs     x0, PMCR_EL0
        ubfx    x0, x0, #11, #5
        msr     MDCR_EL2, x0            // HPMN: all counters
        mov     x0, #3
        msr     CNTHCTL_EL2, x0
        msr     S3_4_C12_C11_0, xzr     // ICH_HCR_EL2
        mov     x0, #0xf
        msr     S3_4_C12_C9_5, x0       // ICC_SRE_EL2
        mov     x0, #7
        msr     S3_0_C12_C12_5, x0      // ICC_SRE_EL1
        ldr     x0, =SCTLR_OPEN
        msr     SCTLR_EL1, x0
        mov     x0, #0x303
        msr     CNTKCTL_EL1, x0
        mov     x0, #3 << 20
        msr     CPACR_EL1, x0
        mov     x0, #0xf
        msr     PMUSERENR_EL0, x0
        msr     MDSCR_EL1, xzr
        msr     CSSELR_EL1, xzr
        ldr     x0, =VECTORS1
        msr     VBAR_EL1, x0
        msr     CNTP_CTL_EL0, xzr
        msr     CNTV_CTL_EL0, xzr
        ldr     x0, =SCTLR_EL2_OFF
        msr     SCTLR_EL2, x0
        tst     x28, #E2H
        b.eq    1f
        msr     HCR_EL2, x28
        isb
        ldr     x0, =SCTLR_OPEN
        msr     SCTLR_EL2, x0
        mov     x0, #3 << 20
        msr     CPTR_EL2, x0
        mov     x0, #0xf03
        msr     CNTHCTL_EL2, x0
1:      ret

// Sets the control at x19 on top of the defaults.
apply:
        ldp     x0, x1, [x19]
        cmp     x0, #1
        b.eq    1f
        cmp     x0, #2
        b.eq    2f
        cmp     x0, #3
        b.eq    3f
        cmp     x0, #4
        b.eq    4f
        cmp     x0, #5
        b.eq    5f
        cmp     x0, #6
        b.eq    6f
        cmp     x0, #7
        b.eq    7f
        cmp     x0, #8
        b.eq    8f
        cmp     x0, #9
        b.eq    9f
        cmp     x0, #10
        b.eq    10f
        cmp     x0, #11
        b.eq    11f
        ret
1:      orr     x1, x1, x28
        msr     HCR_EL2, x1
        b       12f
2:      mrs     x2, CPTR_EL2
        orr     x1, x1, x2
        msr     CPTR_EL2, x1
        b       12f
3:      mrs     x2, MDCR_EL2
        orr     x1, x1, x2
        msr     MDCR_EL2, x1
        b       12f
4:      msr     CNTHCTL_EL2, x1
        b       12f
5:      msr     S3_4_C12_C11_0, x1
        b       12f
6:      ldr     x2, =SCTLR_OPEN
        bic     x1, x2, x1
        msr     SCTLR_EL1, x1
        b       12f
7:      msr     CNTKCTL_EL1, x1
        b       12f
8:      msr     CPACR_EL1, x1
        b       12f
9:      msr     PMUSERENR_EL0, x1
        b       12f
10:     msr     MDSCR_EL1, x1
        b       12f
11:     msr     S3_4_C12_C9_5, x1
12:     isb
        ret

.macro control register, value
        .quad   \register, \value
.endm

        .balign 8
controls:
        control 0, 0
        control 1, 1 << 1               // HCR_EL2: SWIO
        control 1, 1 << 3               // FMO
        control 1, 1 << 4               // IMO
        control 1, 1 << 5               // AMO
        control 1, 1 << 14              // TWE
        control 1, 1 << 15              // TID0
        control 1, 1 << 16              // TID1
        control 1, 1 << 17              // TID2
        control 1, 1 << 18              // TID3
        control 1, 1 << 19              // TSC
        control 1, 1 << 20              // TIDCP
        control 1, 1 << 21              // TACR
        control 1, 1 << 22              // TSW
        control 1, 1 << 23              // TPCP
        control 1, 1 << 24              // TPU
        control 1, 1 << 25              // TTLB
        control 1, 1 << 26              // TVM
        control 1, 1 << 28              // TDZ
        control 1, 1 << 30              // TRVM
        control 1, 1 << 35              // TLOR
        control 1, 1 << 49              // TID4
        control 1, 1 << 50              // TICAB
        control 1, 1 << 52              // TOCU
        control 1, 1 << 54              // TTLBIS
        control 1, 1 << 55              // TTLBOS
        control 2, 1 << 10              // CPTR_EL2: TFP
        control 2, 1 << 31              // TCPAC
        control 3, 1 << 5               // MDCR_EL2: TPMCR
        control 3, 1 << 6               // TPM
        control 3, 1 << 9               // TDA
        control 3, 1 << 10              // TDOSA
        control 3, 1 << 11              // TDRA
        control 3, 1 << 8               // TDE
        control 4, 0                    // CNTHCTL_EL2
        control 4, 1
        control 4, 2
        control 5, 1 << 10              // ICH_HCR_EL2: TC
        control 5, 1 << 11              // TALL0
        control 5, 1 << 12              // TALL1
        control 5, 1 << 14              // TDIR
        control 6, 1 << 9               // SCTLR_EL1 without UMA
        control 6, 1 << 14              // DZE
        control 6, 1 << 15              // UCT
        control 6, 1 << 18              // nTWE
        control 6, 1 << 26              // UCI
        control 7, 0                    // CNTKCTL_EL1
        control 7, 1
        control 7, 2
        control 7, 0x100
        control 7, 0x200
        control 8, 0                    // CPACR_EL1.FPEN
        control 8, 1 << 20
        control 8, 2 << 20
        control 9, 0                    // PMUSERENR_EL0
        control 9, 1
        control 9, 2
        control 9, 4
        control 9, 8
        control 10, 1 << 12             // MDSCR_EL1: TDCC
        control 11, 7                   // ICC_SRE_EL2 without Enable
controls_end:

// With E2H, names of EL1 are those of EL2.
controls_e2h:
        control 0, 0
        control 1, 1 << 4               // HCR_EL2: IMO
        control 1, 1 << 15              // TID0
        control 1, 1 << 17              // TID2
        control 1, 1 << 18              // TID3
        control 1, 1 << 19              // TSC
        control 1, 1 << 21              // TACR
        control 1, 1 << 23              // TPCP
        control 1, 1 << 24              // TPU
        control 1, 1 << 25              // TTLB
        control 1, 1 << 26              // TVM
        control 1, 1 << 28              // TDZ
        control 1, 1 << 30              // TRVM
        control 2, 1 << 31              // CPTR_EL2.TCPAC
        control 8, 0                    // CPTR_EL2.FPEN
        control 8, 1 << 20
        control 8, 2 << 20
        control 3, 1 << 6               // MDCR_EL2: TPM
        control 3, 1 << 9               // TDA
        control 3, 1 << 8               // TDE
        control 7, 0                    // CNTHCTL_EL2
        control 7, 1
        control 7, 2
        control 7, 0x100
        control 7, 0x200
        control 7, 0x400
        control 7, 0x800
        control 6, 1 << 9               // SCTLR_EL2 without UMA
        control 6, 1 << 14              // DZE
        control 6, 1 << 15              // UCT
        control 6, 1 << 26              // UCI
        control 9, 0                    // PMUSERENR_EL0
controls_e2h_end:
limit:  .quad   0

.macro reg name
        mrs     x7, \name
        msr     \name, xzr
.endm

at_el1:
        mrs     x7, MIDR_EL1
        mrs     x7, MPIDR_EL1
        mrs     x7, REVIDR_EL1
        mrs     x7, AIDR_EL1
        mrs     x7, CTR_EL0
        mrs     x7, DCZID_EL0
        mrs     x7, CCSIDR_EL1
        mrs     x7, CLIDR_EL1
        reg     CSSELR_EL1
        mrs     x7, ID_PFR0_EL1
        mrs     x7, ID_DFR0_EL1
        mrs     x7, ID_MMFR0_EL1
        mrs     x7, ID_ISAR0_EL1
        mrs     x7, MVFR0_EL1
        mrs     x7, ID_AA64PFR0_EL1
        mrs     x7, ID_AA64DFR0_EL1
        mrs     x7, ID_AA64ISAR0_EL1
        mrs     x7, ID_AA64MMFR0_EL1
        mrs     x7, S3_0_C0_C7_7
        reg     ACTLR_EL1
        reg     SCTLR_EL1
        reg     CPACR_EL1
        reg     TTBR0_EL1
        reg     TTBR1_EL1
        reg     TCR_EL1
        reg     AFSR0_EL1
        reg     AFSR1_EL1
        reg     ESR_EL1
        reg     FAR_EL1
        reg     MAIR_EL1
        reg     AMAIR_EL1
        reg     CONTEXTIDR_EL1
        mrs     x7, VBAR_EL1
        reg     TPIDR_EL1
        reg     PAR_EL1
        mrs     x7, ISR_EL1
        mrs     x7, S3_0_C10_C4_3       // LORC_EL1
        mrs     x7, S3_0_C10_C4_7       // LORID_EL1
        mrs     x7, S3_0_C15_C0_0
        msr     S3_7_C15_C15_7, x7
        mrs     x7, S3_0_C11_C0_0
        sys     #0, c11, c0, #0, x0
        dc      ISW, xzr
        dc      CSW, xzr
        dc      CISW, xzr
        dc      IVAC, x0
        dc      CVAC, x0
        dc      CIVAC, x0
        dc      CVAU, x0
        dc      CVAP, x0
        dc      ZVA, x0
        ic      IVAU, x0
        ic      IALLU
        ic      IALLUIS
        tlbi    VMALLE1
        tlbi    VAE1, x0
        tlbi    ASIDE1, x0
        tlbi    VAAE1, x0
        tlbi    VALE1, x0
        tlbi    VAALE1, x0
        tlbi    VMALLE1IS
        tlbi    VAE1IS, x0
        tlbi    VMALLE1OS
        tlbi    VAE1OS, x0
        tlbi    RVAE1, x0
        tlbi    RVAE1IS, x0
        tlbi    RVAE1OS, x0
        at      S1E1R, x0
        at      S1E0W, x0
        at      S1E1RP, x0
        wfe
        smc     #3
        svc     #5
        brk     #7
        fmov    d0, x0
        ldr     q1, [x0]
        reg     PMCR_EL0
        mrs     x7, PMCNTENSET_EL0
        mrs     x7, PMCCNTR_EL0
        mrs     x7, PMUSERENR_EL0
        mrs     x7, PMCEID0_EL0
        mrs     x7, PMINTENSET_EL1
        mrs     x7, PMCCFILTR_EL0
        mrs     x7, PMXEVTYPER_EL0
        mrs     x7, DBGBVR0_EL1
        mrs     x7, DBGBCR0_EL1
        mrs     x7, DBGWVR0_EL1
        mrs     x7, MDSCR_EL1
        msr     MDCCINT_EL1, xzr
        msr     OSLAR_EL1, xzr
        mrs     x7, OSLSR_EL1
        mrs     x7, OSDLR_EL1
        mrs     x7, DBGPRCR_EL1
        mrs     x7, MDRAR_EL1
        mrs     x7, MDCCSR_EL0
        mrs     x7, DBGAUTHSTATUS_EL1
        mrs     x7, DBGCLAIMSET_EL1
        mrs     x7, CNTPCT_EL0
        mrs     x7, CNTVCT_EL0
        reg     CNTFRQ_EL0
        reg     CNTP_CTL_EL0
        mrs     x7, CNTP_CVAL_EL0
        mrs     x7, CNTP_TVAL_EL0
        reg     CNTV_CTL_EL0
        mrs     x7, CNTKCTL_EL1
        mrs     x7, S3_0_C12_C12_5      // ICC_SRE_EL1
        mrs     x7, S3_0_C12_C12_4      // ICC_CTLR_EL1
        mrs     x7, S3_0_C4_C6_0        // ICC_PMR_EL1
        mrs     x7, S3_0_C12_C12_0      // ICC_IAR1_EL1
        mrs     x7, S3_0_C12_C8_0       // ICC_IAR0_EL1
        mrs     x7, S3_0_C12_C12_2      // ICC_HPPIR1_EL1
        mrs     x7, S3_0_C12_C8_2       // ICC_HPPIR0_EL1
        mrs     x7, S3_0_C12_C12_3      // ICC_BPR1_EL1
        mrs     x7, S3_0_C12_C8_3       // ICC_BPR0_EL1
        mrs     x7, S3_0_C12_C12_6      // ICC_IGRPEN0_EL1
        mrs     x7, S3_0_C12_C12_7      // ICC_IGRPEN1_EL1
        mrs     x7, S3_0_C12_C11_3      // ICC_RPR_EL1
        mrs     x7, S3_0_C12_C8_4       // ICC_AP0R0_EL1
        mrs     x7, S3_0_C12_C9_0       // ICC_AP1R0_EL1
        msr     S3_0_C12_C11_1, xzr     // ICC_DIR_EL1
        msr     S3_0_C12_C11_5, xzr     // ICC_SGI1R_EL1
        msr     S3_0_C12_C11_7, xzr     // ICC_SGI0R_EL1
        msr     S3_0_C12_C11_6, xzr     // ICC_ASGI1R_EL1
        mrs     x7, HCR_EL2
        mrs     x7, VBAR_EL2
        mrs     x7, S3_5_C1_C0_0        // SCTLR_EL12
        mrs     x7, S3_4_C12_C11_0      // ICH_HCR_EL2
        tlbi    ALLE1
        tlbi    IPAS2E1IS, x0
        at      S12E1R, x0
        msr     PAN, #0
        msr     UAO, #0
        msr     DAIFSet, #2
        hint    #34
at_el1_end:

at_el0:
        mrs     x7, CTR_EL0
        mrs     x7, DCZID_EL0
        mrs     x7, MIDR_EL1
        mrs     x7, ID_AA64PFR0_EL1
        mrs     x7, ID_PFR0_EL1
        mrs     x7, S3_0_C0_C7_7
        mrs     x7, CCSIDR_EL1
        mrs     x7, SCTLR_EL1
        mrs     x7, CurrentEL
        mrs     x7, DAIF
        msr     DAIF, x7
        msr     DAIFSet, #2
        mrs     x7, NZCV
        mrs     x7, FPCR
        reg     TPIDR_EL0
        reg     TPIDRRO_EL0
        dc      ZVA, x0
        dc      CVAC, x0
        dc      CVAU, x0
        dc      CVAP, x0
        dc      CIVAC, x0
        dc      IVAC, x0
        dc      ISW, x0
        ic      IVAU, x0
        ic      IALLU
        tlbi    VMALLE1
        at      S1E0R, x0
        wfe
        fmov    d0, x0
        ldr     q1, [x0]
        reg     CNTFRQ_EL0
        mrs     x7, CNTVCT_EL0
        mrs     x7, CNTPCT_EL0
        reg     CNTV_CTL_EL0
        mrs     x7, CNTV_CVAL_EL0
        mrs     x7, CNTV_TVAL_EL0
        reg     CNTP_CTL_EL0
        mrs     x7, CNTP_CVAL_EL0
        reg     PMCR_EL0
        mrs     x7, PMCNTENSET_EL0
        mrs     x7, PMCCNTR_EL0
        mrs     x7, PMXEVCNTR_EL0
        msr     PMSWINC_EL0, xzr
        msr     PMSELR_EL0, xzr
        reg     PMUSERENR_EL0
        mrs     x7, PMCEID0_EL0
        mrs     x7, PMCCFILTR_EL0
        mrs     x7, PMINTENSET_EL1
        mrs     x7, MDCCSR_EL0
        mrs     x7, DBGBVR0_EL1
        mrs     x7, S3_3_C15_C0_0
        mrs     x7, S3_3_C11_C0_0
        mrs     x7, S3_0_C12_C12_0
        hvc     #3
        smc     #3
        brk     #7
        hlt     #1
        eret
        msr     PAN, #0
        msr     DIT, #0
        hint    #34
at_el0_end:
        .ltorg
