package dev.nido.arch;

import static dev.nido.arch.SysRegRow.row;
import static dev.nido.arch.Trap.*;

/**
 * The system registers, one row each (Arm ARM D19, IHI 0069 12.2): encoding, direction, the feature
 * that brings it, the controls that trap it, its reset value, its alias under HCR_EL2.E2H and its
 * slot in FEAT_NV2's memory page. A row that {@link #decode} does not find is UNDEFINED.
 *
 * <p>A <em>key</em> is {@code op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2}, 16 bits. The _EL12 and
 * _EL02 aliases (op1 = 5) have no rows: their keys decode to the register behind them, and {@link
 * #isAlias} tells them apart.
 */
public enum SysReg {

    // Debug (Arm ARM D19.3)

    DBGBVR0_EL1(row(2, 0, 0, 0, 4).debug()),
    DBGBVR1_EL1(row(2, 0, 0, 1, 4).debug()),
    DBGBVR2_EL1(row(2, 0, 0, 2, 4).debug()),
    DBGBVR3_EL1(row(2, 0, 0, 3, 4).debug()),
    DBGBVR4_EL1(row(2, 0, 0, 4, 4).debug()),
    DBGBVR5_EL1(row(2, 0, 0, 5, 4).debug()),
    DBGBCR0_EL1(row(2, 0, 0, 0, 5).debug()),
    DBGBCR1_EL1(row(2, 0, 0, 1, 5).debug()),
    DBGBCR2_EL1(row(2, 0, 0, 2, 5).debug()),
    DBGBCR3_EL1(row(2, 0, 0, 3, 5).debug()),
    DBGBCR4_EL1(row(2, 0, 0, 4, 5).debug()),
    DBGBCR5_EL1(row(2, 0, 0, 5, 5).debug()),
    DBGWVR0_EL1(row(2, 0, 0, 0, 6).debug()),
    DBGWVR1_EL1(row(2, 0, 0, 1, 6).debug()),
    DBGWVR2_EL1(row(2, 0, 0, 2, 6).debug()),
    DBGWVR3_EL1(row(2, 0, 0, 3, 6).debug()),
    DBGWCR0_EL1(row(2, 0, 0, 0, 7).debug()),
    DBGWCR1_EL1(row(2, 0, 0, 1, 7).debug()),
    DBGWCR2_EL1(row(2, 0, 0, 2, 7).debug()),
    DBGWCR3_EL1(row(2, 0, 0, 3, 7).debug()),
    OSDTRRX_EL1(row(2, 0, 0, 0, 2).debug()),
    MDCCINT_EL1(row(2, 0, 0, 2, 0).debug()),
    MDSCR_EL1(row(2, 0, 0, 2, 2).debug().vncr(0x158)),
    OSDTRTX_EL1(row(2, 0, 0, 3, 2).debug()),
    OSECCR_EL1(row(2, 0, 0, 6, 2).debug()),
    MDRAR_EL1(row(2, 0, 1, 0, 0).ro().trap(TDRA)),
    OSLAR_EL1(row(2, 0, 1, 0, 4).wo().trap(TDOSA)),
    OSLSR_EL1(row(2, 0, 1, 1, 4).ro().trap(TDOSA).reset(0xa)),
    OSDLR_EL1(row(2, 0, 1, 3, 4).trap(TDOSA)),
    DBGPRCR_EL1(row(2, 0, 1, 4, 4).trap(TDOSA)),
    DBGCLAIMSET_EL1(row(2, 0, 7, 8, 6).debug()),
    DBGCLAIMCLR_EL1(row(2, 0, 7, 9, 6).debug()),
    DBGAUTHSTATUS_EL1(row(2, 0, 7, 14, 6).ro().debug()),
    MDCCSR_EL0(row(2, 3, 0, 1, 0).ro().trap(TDCC)),
    DBGDTR_EL0(row(2, 3, 0, 4, 0).trap(TDCC)),
    DBGDTRRX_EL0(row(2, 3, 0, 5, 0).trap(TDCC)),

    // Identification (D19.2)

    MIDR_EL1(row(3, 0, 0, 0, 0).id()),
    MPIDR_EL1(row(3, 0, 0, 0, 5).id()),
    REVIDR_EL1(row(3, 0, 0, 0, 6).id().trap(TID1)),
    ID_PFR0_EL1(row(3, 0, 0, 1, 0).id3()),
    ID_PFR1_EL1(row(3, 0, 0, 1, 1).id3()),
    ID_DFR0_EL1(row(3, 0, 0, 1, 2).id3()),
    ID_AFR0_EL1(row(3, 0, 0, 1, 3).id3()),
    ID_MMFR0_EL1(row(3, 0, 0, 1, 4).id3()),
    ID_MMFR1_EL1(row(3, 0, 0, 1, 5).id3()),
    ID_MMFR2_EL1(row(3, 0, 0, 1, 6).id3()),
    ID_MMFR3_EL1(row(3, 0, 0, 1, 7).id3()),
    ID_ISAR0_EL1(row(3, 0, 0, 2, 0).id3()),
    ID_ISAR1_EL1(row(3, 0, 0, 2, 1).id3()),
    ID_ISAR2_EL1(row(3, 0, 0, 2, 2).id3()),
    ID_ISAR3_EL1(row(3, 0, 0, 2, 3).id3()),
    ID_ISAR4_EL1(row(3, 0, 0, 2, 4).id3()),
    ID_ISAR5_EL1(row(3, 0, 0, 2, 5).id3()),
    ID_MMFR4_EL1(row(3, 0, 0, 2, 6).id3()),
    ID_ISAR6_EL1(row(3, 0, 0, 2, 7).id3()),
    MVFR0_EL1(row(3, 0, 0, 3, 0).id3()),
    MVFR1_EL1(row(3, 0, 0, 3, 1).id3()),
    MVFR2_EL1(row(3, 0, 0, 3, 2).id3()),
    ID_PFR2_EL1(row(3, 0, 0, 3, 4).id3()),
    ID_DFR1_EL1(row(3, 0, 0, 3, 5).id3()),
    ID_MMFR5_EL1(row(3, 0, 0, 3, 6).id3()),
    ID_AA64PFR0_EL1(row(3, 0, 0, 4, 0).id3()),
    ID_AA64PFR1_EL1(row(3, 0, 0, 4, 1).id3()),
    ID_AA64PFR2_EL1(row(3, 0, 0, 4, 2).id3()),
    ID_AA64ZFR0_EL1(row(3, 0, 0, 4, 4).id3()),
    ID_AA64SMFR0_EL1(row(3, 0, 0, 4, 5).id3()),
    ID_AA64FPFR0_EL1(row(3, 0, 0, 4, 7).id3()),
    ID_AA64DFR0_EL1(row(3, 0, 0, 5, 0).id3()),
    ID_AA64DFR1_EL1(row(3, 0, 0, 5, 1).id3()),
    ID_AA64DFR2_EL1(row(3, 0, 0, 5, 2).id3()),
    ID_AA64AFR0_EL1(row(3, 0, 0, 5, 4).id3()),
    ID_AA64AFR1_EL1(row(3, 0, 0, 5, 5).id3()),
    ID_AA64ISAR0_EL1(row(3, 0, 0, 6, 0).id3()),
    ID_AA64ISAR1_EL1(row(3, 0, 0, 6, 1).id3()),
    ID_AA64ISAR2_EL1(row(3, 0, 0, 6, 2).id3()),
    ID_AA64ISAR3_EL1(row(3, 0, 0, 6, 3).id3()),
    ID_AA64MMFR0_EL1(row(3, 0, 0, 7, 0).id3()),
    ID_AA64MMFR1_EL1(row(3, 0, 0, 7, 1).id3()),
    ID_AA64MMFR2_EL1(row(3, 0, 0, 7, 2).id3()),
    ID_AA64MMFR3_EL1(row(3, 0, 0, 7, 3).id3()),
    ID_AA64MMFR4_EL1(row(3, 0, 0, 7, 4).id3()),
    ID_RESERVED_EL1(row(3, 0, 0, 7, 7).id3()),
    CCSIDR_EL1(row(3, 1, 0, 0, 0).id().trap(TID2_TID4)),
    CLIDR_EL1(row(3, 1, 0, 0, 1).id().trap(TID2_TID4)),
    CCSIDR2_EL1(row(3, 1, 0, 0, 2).id().trap(TID2_TID4).on(Feature.CCIDX)),
    AIDR_EL1(row(3, 1, 0, 0, 7).id().trap(TID1)),
    CSSELR_EL1(row(3, 2, 0, 0, 0).trap(TID2_TID4)),
    CTR_EL0(row(3, 3, 0, 0, 1).id().trap(CTR)),
    DCZID_EL0(row(3, 3, 0, 0, 7).id()),
    VPIDR_EL2(row(3, 4, 0, 0, 0).vncr(0x088)),
    VMPIDR_EL2(row(3, 4, 0, 0, 5).vncr(0x050)),

    // EL1 control and translation

    SCTLR_EL1(row(3, 0, 1, 0, 0).vm().e2h().vncrNv1(0x110).reset(SctlrEl1.RESET)),
    ACTLR_EL1(row(3, 0, 1, 0, 1).trap(TACR).vncr(0x118)),
    CPACR_EL1(row(3, 0, 1, 0, 2).trap(TCPAC).e2h().vncrNv1(0x100)),
    TTBR0_EL1(row(3, 0, 2, 0, 0).vm().e2h().vncrNv1(0x200)),
    TTBR1_EL1(row(3, 0, 2, 0, 1).vm().e2h().vncrNv1(0x210)),
    TCR_EL1(row(3, 0, 2, 0, 2).vm().e2h().vncrNv1(0x120)),
    SPSR_EL1(row(3, 0, 4, 0, 0).e2h().vncrNv1(0x160)),
    ELR_EL1(row(3, 0, 4, 0, 1).e2h().vncrNv1(0x230)),
    SP_EL0(row(3, 0, 4, 1, 0).trap(SP_EL0_SELECTED)),
    SPSel(row(3, 0, 4, 2, 0)),
    CurrentEL(row(3, 0, 4, 2, 2).ro()),
    PAN(row(3, 0, 4, 2, 3).on(Feature.PAN)),
    UAO(row(3, 0, 4, 2, 4).on(Feature.UAO)),
    AFSR0_EL1(row(3, 0, 5, 1, 0).vm().e2h().vncrNv1(0x128)),
    AFSR1_EL1(row(3, 0, 5, 1, 1).vm().e2h().vncrNv1(0x130)),
    ESR_EL1(row(3, 0, 5, 2, 0).vm().e2h().vncrNv1(0x138)),
    FAR_EL1(row(3, 0, 6, 0, 0).vm().e2h().vncrNv1(0x220)),
    PAR_EL1(row(3, 0, 7, 4, 0)),
    MAIR_EL1(row(3, 0, 10, 2, 0).vm().e2h().vncrNv1(0x140)),
    AMAIR_EL1(row(3, 0, 10, 3, 0).vm().e2h().vncrNv1(0x148)),
    LORSA_EL1(row(3, 0, 10, 4, 0).on(Feature.LOR).trap(TLOR)),
    LOREA_EL1(row(3, 0, 10, 4, 1).on(Feature.LOR).trap(TLOR)),
    LORN_EL1(row(3, 0, 10, 4, 2).on(Feature.LOR).trap(TLOR)),
    LORC_EL1(row(3, 0, 10, 4, 3).on(Feature.LOR).trap(TLOR)),
    LORID_EL1(row(3, 0, 10, 4, 7).ro().on(Feature.LOR).trap(TLOR)),
    VBAR_EL1(row(3, 0, 12, 0, 0).e2h().vncrNv1(0x250)),
    ISR_EL1(row(3, 0, 12, 1, 0).ro()),
    CONTEXTIDR_EL1(row(3, 0, 13, 0, 1).vm().e2h().vncrNv1(0x108)),
    TPIDR_EL1(row(3, 0, 13, 0, 4)),

    // Performance monitors (D19.5)

    PMINTENSET_EL1(row(3, 0, 9, 14, 1).pmu(TPM_EL1)),
    PMINTENCLR_EL1(row(3, 0, 9, 14, 2).pmu(TPM_EL1)),
    PMCR_EL0(row(3, 3, 9, 12, 0).pmu(TPMCR).reset(CpuModel.EVENT_COUNTERS << 11 | 0x40)),
    PMCNTENSET_EL0(row(3, 3, 9, 12, 1).pmu()),
    PMCNTENCLR_EL0(row(3, 3, 9, 12, 2).pmu()),
    PMOVSCLR_EL0(row(3, 3, 9, 12, 3).pmu()),
    PMSWINC_EL0(row(3, 3, 9, 12, 4).wo().pmu(TPM_SW)),
    PMSELR_EL0(row(3, 3, 9, 12, 5).pmu(TPM_ER)),
    PMCEID0_EL0(row(3, 3, 9, 12, 6).ro().pmu()),
    PMCEID1_EL0(row(3, 3, 9, 12, 7).ro().pmu()),
    PMCCNTR_EL0(row(3, 3, 9, 13, 0).pmu(TPM_CR)),
    PMXEVTYPER_EL0(row(3, 3, 9, 13, 1).pmu()),
    PMXEVCNTR_EL0(row(3, 3, 9, 13, 2).pmu(TPM_ER)),
    PMUSERENR_EL0(row(3, 3, 9, 14, 0).pmu(TPM_EL1)),
    PMOVSSET_EL0(row(3, 3, 9, 14, 3).pmu()),
    PMCCFILTR_EL0(row(3, 3, 14, 15, 7).pmu()),
    PMEVCNTR0_EL0(row(3, 3, 14, 8, 0).pmu(TPM_ER)),
    PMEVCNTR1_EL0(row(3, 3, 14, 8, 1).pmu(TPM_ER)),
    PMEVCNTR2_EL0(row(3, 3, 14, 8, 2).pmu(TPM_ER)),
    PMEVCNTR3_EL0(row(3, 3, 14, 8, 3).pmu(TPM_ER)),
    PMEVCNTR4_EL0(row(3, 3, 14, 8, 4).pmu(TPM_ER)),
    PMEVCNTR5_EL0(row(3, 3, 14, 8, 5).pmu(TPM_ER)),
    PMEVCNTR6_EL0(row(3, 3, 14, 8, 6).pmu(TPM_ER)),
    PMEVCNTR7_EL0(row(3, 3, 14, 8, 7).pmu(TPM_ER)),
    PMEVCNTR8_EL0(row(3, 3, 14, 9, 0).pmu(TPM_ER)),
    PMEVCNTR9_EL0(row(3, 3, 14, 9, 1).pmu(TPM_ER)),
    PMEVCNTR10_EL0(row(3, 3, 14, 9, 2).pmu(TPM_ER)),
    PMEVCNTR11_EL0(row(3, 3, 14, 9, 3).pmu(TPM_ER)),
    PMEVCNTR12_EL0(row(3, 3, 14, 9, 4).pmu(TPM_ER)),
    PMEVCNTR13_EL0(row(3, 3, 14, 9, 5).pmu(TPM_ER)),
    PMEVCNTR14_EL0(row(3, 3, 14, 9, 6).pmu(TPM_ER)),
    PMEVCNTR15_EL0(row(3, 3, 14, 9, 7).pmu(TPM_ER)),
    PMEVCNTR16_EL0(row(3, 3, 14, 10, 0).pmu(TPM_ER)),
    PMEVCNTR17_EL0(row(3, 3, 14, 10, 1).pmu(TPM_ER)),
    PMEVCNTR18_EL0(row(3, 3, 14, 10, 2).pmu(TPM_ER)),
    PMEVCNTR19_EL0(row(3, 3, 14, 10, 3).pmu(TPM_ER)),
    PMEVCNTR20_EL0(row(3, 3, 14, 10, 4).pmu(TPM_ER)),
    PMEVCNTR21_EL0(row(3, 3, 14, 10, 5).pmu(TPM_ER)),
    PMEVCNTR22_EL0(row(3, 3, 14, 10, 6).pmu(TPM_ER)),
    PMEVCNTR23_EL0(row(3, 3, 14, 10, 7).pmu(TPM_ER)),
    PMEVCNTR24_EL0(row(3, 3, 14, 11, 0).pmu(TPM_ER)),
    PMEVCNTR25_EL0(row(3, 3, 14, 11, 1).pmu(TPM_ER)),
    PMEVCNTR26_EL0(row(3, 3, 14, 11, 2).pmu(TPM_ER)),
    PMEVCNTR27_EL0(row(3, 3, 14, 11, 3).pmu(TPM_ER)),
    PMEVCNTR28_EL0(row(3, 3, 14, 11, 4).pmu(TPM_ER)),
    PMEVCNTR29_EL0(row(3, 3, 14, 11, 5).pmu(TPM_ER)),
    PMEVCNTR30_EL0(row(3, 3, 14, 11, 6).pmu(TPM_ER)),
    PMEVTYPER0_EL0(row(3, 3, 14, 12, 0).pmu()),
    PMEVTYPER1_EL0(row(3, 3, 14, 12, 1).pmu()),
    PMEVTYPER2_EL0(row(3, 3, 14, 12, 2).pmu()),
    PMEVTYPER3_EL0(row(3, 3, 14, 12, 3).pmu()),
    PMEVTYPER4_EL0(row(3, 3, 14, 12, 4).pmu()),
    PMEVTYPER5_EL0(row(3, 3, 14, 12, 5).pmu()),
    PMEVTYPER6_EL0(row(3, 3, 14, 12, 6).pmu()),
    PMEVTYPER7_EL0(row(3, 3, 14, 12, 7).pmu()),
    PMEVTYPER8_EL0(row(3, 3, 14, 13, 0).pmu()),
    PMEVTYPER9_EL0(row(3, 3, 14, 13, 1).pmu()),
    PMEVTYPER10_EL0(row(3, 3, 14, 13, 2).pmu()),
    PMEVTYPER11_EL0(row(3, 3, 14, 13, 3).pmu()),
    PMEVTYPER12_EL0(row(3, 3, 14, 13, 4).pmu()),
    PMEVTYPER13_EL0(row(3, 3, 14, 13, 5).pmu()),
    PMEVTYPER14_EL0(row(3, 3, 14, 13, 6).pmu()),
    PMEVTYPER15_EL0(row(3, 3, 14, 13, 7).pmu()),
    PMEVTYPER16_EL0(row(3, 3, 14, 14, 0).pmu()),
    PMEVTYPER17_EL0(row(3, 3, 14, 14, 1).pmu()),
    PMEVTYPER18_EL0(row(3, 3, 14, 14, 2).pmu()),
    PMEVTYPER19_EL0(row(3, 3, 14, 14, 3).pmu()),
    PMEVTYPER20_EL0(row(3, 3, 14, 14, 4).pmu()),
    PMEVTYPER21_EL0(row(3, 3, 14, 14, 5).pmu()),
    PMEVTYPER22_EL0(row(3, 3, 14, 14, 6).pmu()),
    PMEVTYPER23_EL0(row(3, 3, 14, 14, 7).pmu()),
    PMEVTYPER24_EL0(row(3, 3, 14, 15, 0).pmu()),
    PMEVTYPER25_EL0(row(3, 3, 14, 15, 1).pmu()),
    PMEVTYPER26_EL0(row(3, 3, 14, 15, 2).pmu()),
    PMEVTYPER27_EL0(row(3, 3, 14, 15, 3).pmu()),
    PMEVTYPER28_EL0(row(3, 3, 14, 15, 4).pmu()),
    PMEVTYPER29_EL0(row(3, 3, 14, 15, 5).pmu()),
    PMEVTYPER30_EL0(row(3, 3, 14, 15, 6).pmu()),

    // EL0

    RNDR(row(3, 3, 2, 4, 0).ro().on(Feature.RNG)),
    RNDRRS(row(3, 3, 2, 4, 1).ro().on(Feature.RNG)),
    NZCV(row(3, 3, 4, 2, 0)),
    DAIF(row(3, 3, 4, 2, 1).trap(UMA)),
    DIT(row(3, 3, 4, 2, 5).on(Feature.DIT)),
    SSBS(row(3, 3, 4, 2, 6).on(Feature.SSBS2)),
    FPCR(row(3, 3, 4, 4, 0).on(Feature.FP).trap(FP)),
    FPSR(row(3, 3, 4, 4, 1).on(Feature.FP).trap(FP)),
    TPIDR_EL0(row(3, 3, 13, 0, 2)),
    TPIDRRO_EL0(row(3, 3, 13, 0, 3)),

    // Generic timer (D19.8)

    CNTKCTL_EL1(row(3, 0, 14, 1, 0).e2h()),
    CNTFRQ_EL0(row(3, 3, 14, 0, 0).trap(CNTFRQ)),
    CNTPCT_EL0(row(3, 3, 14, 0, 1).ro().trap(CNTPCT)),
    CNTVCT_EL0(row(3, 3, 14, 0, 2).ro().trap(CNTVCT)),
    CNTPCTSS_EL0(row(3, 3, 14, 0, 5).ro().trap(CNTPCT).on(Feature.ECV)),
    CNTVCTSS_EL0(row(3, 3, 14, 0, 6).ro().trap(CNTVCT).on(Feature.ECV)),
    CNTP_TVAL_EL0(row(3, 3, 14, 2, 0).trap(CNTP).e2h()),
    CNTP_CTL_EL0(row(3, 3, 14, 2, 1).trap(CNTP).e2h().vncrNv1(0x180)),
    CNTP_CVAL_EL0(row(3, 3, 14, 2, 2).trap(CNTP).e2h().vncrNv1(0x178)),
    CNTV_TVAL_EL0(row(3, 3, 14, 3, 0).trap(CNTV).e2h()),
    CNTV_CTL_EL0(row(3, 3, 14, 3, 1).trap(CNTV).e2h().vncrNv1(0x170)),
    CNTV_CVAL_EL0(row(3, 3, 14, 3, 2).trap(CNTV).e2h().vncrNv1(0x168)),

    // EL2

    SCTLR_EL2(row(3, 4, 1, 0, 0).reset(SctlrEl1.RESET_EL2)),
    ACTLR_EL2(row(3, 4, 1, 0, 1)),
    HCR_EL2(row(3, 4, 1, 1, 0).vncr(0x078)),
    MDCR_EL2(row(3, 4, 1, 1, 1).reset(CpuModel.EVENT_COUNTERS)),
    CPTR_EL2(row(3, 4, 1, 1, 2).reset(CptrEl2.RESET_NVHE)),
    HSTR_EL2(row(3, 4, 1, 1, 3).vncr(0x080)),
    HACR_EL2(row(3, 4, 1, 1, 7)),
    TTBR0_EL2(row(3, 4, 2, 0, 0)),
    TTBR1_EL2(row(3, 4, 2, 0, 1).on(Feature.VHE)),
    TCR_EL2(row(3, 4, 2, 0, 2).reset(0x8080_0000L)),
    VTTBR_EL2(row(3, 4, 2, 1, 0).vncr(0x020)),
    VTCR_EL2(row(3, 4, 2, 1, 2).vncr(0x040)),
    VNCR_EL2(row(3, 4, 2, 2, 0).on(Feature.NV2).vncr(0x0b0)),
    SPSR_EL2(row(3, 4, 4, 0, 0).nv2El1()),
    ELR_EL2(row(3, 4, 4, 0, 1).nv2El1()),
    SP_EL1(row(3, 4, 4, 1, 0).vncr(0x240)),
    SP_EL2(row(3, 6, 4, 1, 0)),
    SPSR_irq(row(3, 4, 4, 3, 0)),
    SPSR_abt(row(3, 4, 4, 3, 1)),
    SPSR_und(row(3, 4, 4, 3, 2)),
    SPSR_fiq(row(3, 4, 4, 3, 3)),
    AFSR0_EL2(row(3, 4, 5, 1, 0)),
    AFSR1_EL2(row(3, 4, 5, 1, 1)),
    ESR_EL2(row(3, 4, 5, 2, 0).nv2El1()),
    FAR_EL2(row(3, 4, 6, 0, 0).nv2El1()),
    HPFAR_EL2(row(3, 4, 6, 0, 4)),
    MAIR_EL2(row(3, 4, 10, 2, 0)),
    AMAIR_EL2(row(3, 4, 10, 3, 0)),
    VBAR_EL2(row(3, 4, 12, 0, 0)),
    CONTEXTIDR_EL2(row(3, 4, 13, 0, 1).on(Feature.VHE)),
    TPIDR_EL2(row(3, 4, 13, 0, 2).vncr(0x090)),
    CNTVOFF_EL2(row(3, 4, 14, 0, 3).vncr(0x060)),
    CNTPOFF_EL2(row(3, 4, 14, 0, 6).on(Feature.ECV_POFF)),
    CNTHCTL_EL2(row(3, 4, 14, 1, 0)),
    CNTHP_TVAL_EL2(row(3, 4, 14, 2, 0)),
    CNTHP_CTL_EL2(row(3, 4, 14, 2, 1)),
    CNTHP_CVAL_EL2(row(3, 4, 14, 2, 2)),
    CNTHV_TVAL_EL2(row(3, 4, 14, 3, 0).on(Feature.VHE)),
    CNTHV_CTL_EL2(row(3, 4, 14, 3, 1).on(Feature.VHE)),
    CNTHV_CVAL_EL2(row(3, 4, 14, 3, 2).on(Feature.VHE)),

    // GIC CPU interface (IHI 0069, 12.2)

    ICC_PMR_EL1(row(3, 0, 4, 6, 0).trap(ICC_COMMON)),
    ICC_IAR0_EL1(row(3, 0, 12, 8, 0).ro().trap(ICC_GROUP0)),
    ICC_EOIR0_EL1(row(3, 0, 12, 8, 1).wo().trap(ICC_GROUP0)),
    ICC_HPPIR0_EL1(row(3, 0, 12, 8, 2).ro().trap(ICC_GROUP0)),
    ICC_BPR0_EL1(row(3, 0, 12, 8, 3).trap(ICC_GROUP0)),
    ICC_AP0R0_EL1(row(3, 0, 12, 8, 4).trap(ICC_GROUP0)),
    ICC_AP1R0_EL1(row(3, 0, 12, 9, 0).trap(ICC_GROUP1)),
    ICC_DIR_EL1(row(3, 0, 12, 11, 1).wo().trap(ICC_DIR)),
    ICC_RPR_EL1(row(3, 0, 12, 11, 3).ro().trap(ICC_COMMON)),
    ICC_SGI1R_EL1(row(3, 0, 12, 11, 5).wo().trap(ICC_SGI)),
    ICC_ASGI1R_EL1(row(3, 0, 12, 11, 6).wo().trap(ICC_SGI)),
    ICC_SGI0R_EL1(row(3, 0, 12, 11, 7).wo().trap(ICC_SGI)),
    ICC_IAR1_EL1(row(3, 0, 12, 12, 0).ro().trap(ICC_GROUP1)),
    ICC_EOIR1_EL1(row(3, 0, 12, 12, 1).wo().trap(ICC_GROUP1)),
    ICC_HPPIR1_EL1(row(3, 0, 12, 12, 2).ro().trap(ICC_GROUP1)),
    ICC_BPR1_EL1(row(3, 0, 12, 12, 3).trap(ICC_GROUP1)),
    ICC_CTLR_EL1(row(3, 0, 12, 12, 4).trap(ICC_COMMON)),
    ICC_SRE_EL1(row(3, 0, 12, 12, 5).trap(ICC_SRE1)),
    ICC_IGRPEN0_EL1(row(3, 0, 12, 12, 6).trap(ICC_GROUP0)),
    ICC_IGRPEN1_EL1(row(3, 0, 12, 12, 7).trap(ICC_GROUP1)),
    ICH_AP0R0_EL2(row(3, 4, 12, 8, 0).ich().vncr(0x480)),
    ICH_AP1R0_EL2(row(3, 4, 12, 9, 0).ich().vncr(0x4a0)),
    ICC_SRE_EL2(row(3, 4, 12, 9, 5)),
    ICH_HCR_EL2(row(3, 4, 12, 11, 0).ich().vncr(0x4c0)),
    ICH_VTR_EL2(row(3, 4, 12, 11, 1).ro().ich()),
    ICH_MISR_EL2(row(3, 4, 12, 11, 2).ro().ich()),
    ICH_EISR_EL2(row(3, 4, 12, 11, 3).ro().ich()),
    ICH_ELRSR_EL2(row(3, 4, 12, 11, 5).ro().ich()),
    ICH_VMCR_EL2(row(3, 4, 12, 11, 7).ich().vncr(0x4c8)),
    ICH_LR0_EL2(row(3, 4, 12, 12, 0).ich().vncr(0x400)),
    ICH_LR1_EL2(row(3, 4, 12, 12, 1).ich().vncr(0x408)),
    ICH_LR2_EL2(row(3, 4, 12, 12, 2).ich().vncr(0x410)),
    ICH_LR3_EL2(row(3, 4, 12, 12, 3).ich().vncr(0x418)),
    ICH_LR4_EL2(row(3, 4, 12, 12, 4).ich().vncr(0x420)),
    ICH_LR5_EL2(row(3, 4, 12, 12, 5).ich().vncr(0x428)),
    ICH_LR6_EL2(row(3, 4, 12, 12, 6).ich().vncr(0x430)),
    ICH_LR7_EL2(row(3, 4, 12, 12, 7).ich().vncr(0x438)),
    ICH_LR8_EL2(row(3, 4, 12, 13, 0).ich().vncr(0x440)),
    ICH_LR9_EL2(row(3, 4, 12, 13, 1).ich().vncr(0x448)),
    ICH_LR10_EL2(row(3, 4, 12, 13, 2).ich().vncr(0x450)),
    ICH_LR11_EL2(row(3, 4, 12, 13, 3).ich().vncr(0x458)),
    ICH_LR12_EL2(row(3, 4, 12, 13, 4).ich().vncr(0x460)),
    ICH_LR13_EL2(row(3, 4, 12, 13, 5).ich().vncr(0x468)),
    ICH_LR14_EL2(row(3, 4, 12, 13, 6).ich().vncr(0x470)),
    ICH_LR15_EL2(row(3, 4, 12, 13, 7).ich().vncr(0x478));

    /** Number of rows; ordinals index {@code Pe.sys}. */
    public static final int COUNT = values().length;

    private static final SysReg[] BY_KEY = new SysReg[1 << 16];

    static {
        SysReg[] all = values();
        for (SysReg r : all) {
            BY_KEY[r.key] = r;
        }
        // The ID space is RAZ where nothing is allocated (Arm ARM D18.3.1).
        for (int crm = 1; crm <= 7; crm++) {
            for (int op2 = 0; op2 <= 7; op2++) {
                int key = key(3, 0, 0, crm, op2);
                if (BY_KEY[key] == null) {
                    BY_KEY[key] = ID_RESERVED_EL1;
                }
            }
        }
        for (SysReg r : all) {
            if (r.nv2El1) {
                r.nv2El1Register = BY_KEY[r.key & ~(7 << 11)];
            }
            if (r.e2h) {
                r.el2 =
                        r == CPACR_EL1
                                ? CPTR_EL2
                                : BY_KEY[key(3, 4, r.key >> 7 & 15, r.key >> 3 & 15, r.key & 7)];
                BY_KEY[key(3, 5, r.key >> 7 & 15, r.key >> 3 & 15, r.key & 7)] = r;
            }
        }
    }

    private final int key;
    private final boolean readable;
    private final boolean writable;
    private final boolean id;
    private final boolean e2h;
    private final boolean nv2El1;
    private final Feature feature;
    private final Trap trap;
    private final int vncr;
    private final boolean vncrNv1;
    private final long reset;
    private SysReg el2;
    private SysReg nv2El1Register;

    SysReg(SysRegRow row) {
        key = key(row.op0, row.op1, row.crn, row.crm, row.op2);
        readable = row.readable;
        writable = row.writable;
        id = row.id;
        e2h = row.e2h;
        nv2El1 = row.nv2El1;
        feature = row.feature;
        trap = row.trap;
        vncr = row.vncr;
        vncrNv1 = row.vncrNv1;
        reset = row.reset;
    }

    /** The key of an encoding. */
    public static int key(int op0, int op1, int crn, int crm, int op2) {
        return op0 << 14 | op1 << 11 | crn << 7 | crm << 3 | op2;
    }

    /** The register behind a key, or null if no register is allocated there. */
    public static SysReg decode(int key) {
        return BY_KEY[key & 0xffff];
    }

    /** Whether a key is an _EL12 or _EL02 alias (op1 = 5). */
    public static boolean isAlias(int key) {
        return (key >> 11 & 7) == 5;
    }

    /** This register's own key, 16 bits. */
    public int key() {
        return key;
    }

    /** Lowest exception level of its own name's encoding (op1): 0–3. */
    public int minimumEl() {
        return switch (key >> 11 & 7) {
            case 0, 1, 2 -> 1;
            case 3 -> 0;
            case 4 -> 2;
            default -> 3;
        };
    }

    public boolean readable() {
        return readable;
    }

    public boolean writable() {
        return writable;
    }

    /** Whether {@link CpuModel#idRegister} gives its value. */
    public boolean isId() {
        return id;
    }

    /** The feature without which it is UNDEFINED, or null. */
    public Feature feature() {
        return feature;
    }

    public Trap trap() {
        return trap;
    }

    /** The EL2 register that this EL1 name means at EL2 with HCR_EL2.E2H = 1, or null. */
    public SysReg el2Counterpart() {
        return el2;
    }

    /** Byte offset of its slot in the VNCR page (0x000–0xff8), or -1. */
    public int vncrOffset() {
        return vncr;
    }

    /** Whether its slot depends on HCR_EL2.NV1: own name with 1, alias with 0. */
    public boolean vncrByNv1() {
        return vncrNv1;
    }

    /** The EL1 register of the same name, if FEAT_NV2 redirects this one to it, or null. */
    public SysReg nv2El1Register() {
        return nv2El1Register;
    }

    /** Value after reset; zero where the architecture leaves it UNKNOWN. */
    public long resetValue() {
        return reset;
    }
}
