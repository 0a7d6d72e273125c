package dev.nido.machine.mmu;

/** The bits of HCR_EL2 that translation depends on (Arm ARM D19.2 HCR_EL2). */
final class HcrBits {

    static final long VM = 1L;
    static final long PTW = 1L << 2;
    static final long FB = 1L << 9;
    static final long DC = 1L << 12;
    static final long TGE = 1L << 27;
    static final long CD = 1L << 32;
    static final long E2H = 1L << 34;
    static final long NV = 1L << 42;
    static final long NV1 = 1L << 43;
    static final long FWB = 1L << 46;

    /** Those of the EL1&amp;0 regime. */
    static final long EL10 = VM | PTW | DC | TGE | CD | E2H | NV | NV1 | FWB;

    private HcrBits() {}
}
