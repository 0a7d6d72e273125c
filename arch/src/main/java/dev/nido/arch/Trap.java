package dev.nido.arch;

/**
 * The group of trap controls that an access to a {@link SysReg} is checked against: which bits of
 * which control registers send it to EL1 or EL2 instead. A register is in one group; groups that
 * share controls are separate constants. The rules are the machine's; the membership is the row's.
 */
public enum Trap {
    /** No trap besides those by encoding (TIDCP, HSTR does not apply to AArch64). */
    NONE,
    /** HCR_EL2.TVM for writes, HCR_EL2.TRVM for reads. */
    VM,
    /** HCR_EL2.TACR. */
    TACR,
    /** CPTR_EL2.TCPAC. */
    TCPAC,
    /** HCR_EL2.TLOR. */
    TLOR,
    /** HCR_EL2.TID1. */
    TID1,
    /** HCR_EL2.TID2 and HCR_EL2.TID4: cache geometry. */
    TID2_TID4,
    /** CTR_EL0: SCTLR_ELx.UCT, HCR_EL2.TID2. */
    CTR,
    /** HCR_EL2.TID3: the ID space. */
    TID3,
    /** DAIF: SCTLR_ELx.UMA at EL0. */
    UMA,
    /** SP_EL0 is UNDEFINED where it is the selected stack pointer. */
    SP_EL0_SELECTED,
    /** CPACR_EL1.FPEN, CPTR_EL2.{FPEN, TFP}: EC 0x07. */
    FP,
    /** MDCR_EL2.{TDE, TDA}. */
    TDA,
    /** MDCR_EL2.{TDE, TDRA}. */
    TDRA,
    /** MDCR_EL2.{TDE, TDOSA}. */
    TDOSA,
    /** The debug channel: MDSCR_EL1.TDCC at EL0, MDCR_EL2.{TDE, TDA}. */
    TDCC,
    /** PMUSERENR_EL0.EN at EL0, MDCR_EL2.TPM. */
    TPM,
    /** PMCR_EL0: as TPM, and MDCR_EL2.TPMCR. */
    TPMCR,
    /** PMSELR, PMXEVCNTR and PMEVCNTR reads: as TPM, PMUSERENR_EL0.ER lets EL0 read too. */
    TPM_ER,
    /** PMCCNTR reads: as TPM, PMUSERENR_EL0.CR. */
    TPM_CR,
    /** PMSWINC writes: as TPM, PMUSERENR_EL0.SW. */
    TPM_SW,
    /** PMINTENSET, PMINTENCLR and PMUSERENR writes: MDCR_EL2.TPM only. */
    TPM_EL1,
    /** CNTFRQ_EL0 at EL0: any of CNTKCTL_EL1.{EL0PCTEN, EL0VCTEN}. */
    CNTFRQ,
    /** The physical count: CNTKCTL_EL1.EL0PCTEN, CNTHCTL_EL2.EL1PCTEN. */
    CNTPCT,
    /** The virtual count: CNTKCTL_EL1.EL0VCTEN, CNTHCTL_EL2.EL1TVCT. */
    CNTVCT,
    /** The physical timer: CNTKCTL_EL1.EL0PTEN, CNTHCTL_EL2.EL1PTEN. */
    CNTP,
    /** The virtual timer: CNTKCTL_EL1.EL0VTEN, CNTHCTL_EL2.EL1TVT. */
    CNTV,
    /** ICC registers common to both groups: ICH_HCR_EL2.TC, ICC_SRE_EL1.SRE. */
    ICC_COMMON,
    /** ICC registers of group 0: ICH_HCR_EL2.TALL0, ICC_SRE_EL1.SRE. */
    ICC_GROUP0,
    /** ICC registers of group 1: ICH_HCR_EL2.TALL1, ICC_SRE_EL1.SRE. */
    ICC_GROUP1,
    /** ICC_DIR_EL1: ICH_HCR_EL2.{TC, TDIR}, ICC_SRE_EL1.SRE. */
    ICC_DIR,
    /** SGI generation: ICH_HCR_EL2.TC, HCR_EL2.{IMO, FMO}, ICC_SRE_EL1.SRE. */
    ICC_SGI,
    /** ICC_SRE_EL1: ICC_SRE_EL2.Enable. */
    ICC_SRE1,
    /** ICH registers: ICC_SRE_EL2.SRE. */
    ICH
}
