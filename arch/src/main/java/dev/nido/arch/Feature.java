package dev.nido.arch;

import java.util.Locale;

/**
 * An optional part of the architecture that a {@link CpuModel} has or lacks. Constants are the Arm
 * ARM's FEAT_ names (Arm ARM A2) without the prefix; {@link #EL2} stands for the exception level.
 * What no ID field of Nido's CPU can say is not in the list: it is always there, or never.
 */
public enum Feature {
    /** EL2 itself: off where the guest starts at EL1 and no hypervisor may be seen. */
    EL2,
    /** HCR_EL2.E2H may be 0; without it E2H is RES1. */
    E2H0,
    FP,
    AdvSIMD,
    FP16,
    DotProd,
    FCMA,
    JSCVT,
    RDM,
    FHM,
    BF16,
    I8MM,
    FRINTTS,
    LSE,
    LSE2,
    LSE128,
    CRC32,
    AES,
    PMULL,
    SHA1,
    SHA256,
    SHA512,
    SHA3,
    SM3,
    SM4,
    FlagM,
    FlagM2,
    DIT,
    SB,
    SPECRES,
    SPECRES2,
    SSBS,
    SSBS2,
    LRCPC,
    LRCPC2,
    LRCPC3,
    DPB,
    DPB2,
    VHE,
    PAN,
    PAN2,
    PAN3,
    UAO,
    XNX,
    HPDS,
    HPDS2,
    TTCNP,
    TTST,
    TTL,
    TLBIOS,
    TLBIRANGE,
    HAFDBS,
    /** Hardware management of dirty state, and not of the Access flag alone. */
    HAFDBS_DBM,
    VMID16,
    S2FWB,
    IDST,
    IESB,
    LOR,
    CCIDX,
    E0PD,
    EVT,
    BBM,
    NV,
    NV2,
    ECV,
    ECV_POFF,
    FGT,
    HCX,
    LVA,
    LPA,
    LPA2,
    PMUv3,
    Debugv8p2,
    DoPD,
    DoubleLock,
    TRF,
    RNG,
    SVE,
    SVE2,
    SME,
    PAuth,
    PAuth2,
    BTI,
    MTE,
    MTE2,
    RAS,
    MPAM,
    AMUv1,
    SPE,
    SEL2,
    CSV2_2,
    WFxT,
    XS,
    LS64,
    AFP,
    RPRES,
    MOPS,
    HBC,
    CSSC,
    CLRBHB,
    EBF16;

    private final String option = name().toLowerCase(Locale.ROOT);

    /** The architecture's name: {@code FEAT_LSE2}. */
    public String featName() {
        return "FEAT_" + name();
    }

    /** The name on the command line: {@code lse2} in {@code --cpu default,+lse2}. */
    public String option() {
        return option;
    }

    /**
     * The feature that a command line names, with or without {@code feat_}, in any case.
     *
     * @return null if there is none
     */
    public static Feature byOption(String text) {
        String key = text.toLowerCase(Locale.ROOT);
        if (key.startsWith("feat_")) {
            key = key.substring(5);
        }
        for (Feature f : values()) {
            if (f.option.equals(key)) {
                return f;
            }
        }
        return null;
    }
}
