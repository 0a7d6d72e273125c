package dev.nido.arch;

/** Bits of HCR_EL2 (Arm ARM D19.2.48), and the rule for what they mean together. */
public final class HcrEl2 {

    public static final long VM = 1L;
    public static final long SWIO = 1L << 1;
    public static final long PTW = 1L << 2;
    public static final long FMO = 1L << 3;
    public static final long IMO = 1L << 4;
    public static final long AMO = 1L << 5;
    public static final long VF = 1L << 6;
    public static final long VI = 1L << 7;
    public static final long VSE = 1L << 8;
    public static final long FB = 1L << 9;
    public static final long BSU = 3L << 10;
    public static final long DC = 1L << 12;
    public static final long TWI = 1L << 13;
    public static final long TWE = 1L << 14;
    public static final long TID0 = 1L << 15;
    public static final long TID1 = 1L << 16;
    public static final long TID2 = 1L << 17;
    public static final long TID3 = 1L << 18;
    public static final long TSC = 1L << 19;
    public static final long TIDCP = 1L << 20;
    public static final long TACR = 1L << 21;
    public static final long TSW = 1L << 22;
    public static final long TPCP = 1L << 23;
    public static final long TPU = 1L << 24;
    public static final long TTLB = 1L << 25;
    public static final long TVM = 1L << 26;
    public static final long TGE = 1L << 27;
    public static final long TDZ = 1L << 28;
    public static final long HCD = 1L << 29;
    public static final long TRVM = 1L << 30;
    public static final long RW = 1L << 31;
    public static final long CD = 1L << 32;
    public static final long ID = 1L << 33;
    public static final long E2H = 1L << 34;
    public static final long TLOR = 1L << 35;
    public static final long TERR = 1L << 36;
    public static final long TEA = 1L << 37;
    public static final long MIOCNCE = 1L << 38;
    public static final long APK = 1L << 40;
    public static final long API = 1L << 41;
    public static final long NV = 1L << 42;
    public static final long NV1 = 1L << 43;
    public static final long AT = 1L << 44;
    public static final long NV2 = 1L << 45;
    public static final long FWB = 1L << 46;
    public static final long TID4 = 1L << 49;
    public static final long TICAB = 1L << 50;
    public static final long TOCU = 1L << 52;
    public static final long TTLBIS = 1L << 54;
    public static final long TTLBOS = 1L << 55;
    public static final long TID5 = 1L << 58;

    /** The bits that mean nothing without a feature that {@link #effective} does not look at. */
    private static final long BASE =
            VM | SWIO | PTW | FMO | IMO | AMO | VF | VI | VSE | FB | BSU | DC | TWI | TWE | TID0
                    | TID1 | TID2 | TID3 | TSC | TIDCP | TACR | TSW | TPCP | TPU | TTLB | TVM | TGE
                    | TDZ | TRVM | CD | ID;

    private static final long EVT = TID4 | TICAB | TOCU | TTLBIS | TTLBOS;

    /** What behaves as 0 for a host at EL2 with applications at EL0 (E2H = TGE = 1). */
    private static final long NOT_IN_HOST =
            VM | PTW | FMO | IMO | AMO | FB | BSU | DC | TWI | TWE | TID0 | TID1 | TID2 | TID3 | TSC
                    | TIDCP | TACR | TSW | TPCP | TPU | TTLB | TVM | TDZ | TRVM | CD | ID | TLOR
                    | NV | NV1 | NV2 | AT | TID4 | TICAB | TOCU | TTLBIS | TTLBOS | TID5;

    /** What behaves as 0 while EL1 is out of use (TGE = 1). */
    private static final long NOT_WITH_TGE = VM | PTW | FB | DC | CD | ID;

    private HcrEl2() {}

    /**
     * What a stored value does: bits of absent features act as 0, RW acts as 1 (there is no
     * AArch32), E2H as 1 where {@link Feature#E2H0} is absent, NV2 as NV where there is no other,
     * and TGE overrides the routing and trap bits as the field descriptions say. Without EL2 only
     * RW is left.
     *
     * @param stored the 64 bits that were last written
     */
    public static long effective(CpuModel cpu, long stored) {
        if (!cpu.has(Feature.EL2)) {
            return RW;
        }
        long known = BASE;
        if (cpu.has(Feature.VHE)) {
            known |= E2H;
        }
        if (cpu.has(Feature.LOR)) {
            known |= TLOR;
        }
        if (cpu.has(Feature.EVT)) {
            known |= EVT;
        }
        if (cpu.has(Feature.S2FWB)) {
            known |= FWB;
        }
        if (cpu.has(Feature.NV)) {
            known |= NV | NV1 | AT;
        }
        if (cpu.has(Feature.NV2)) {
            known |= NV2;
        }
        long hcr = stored & known | RW;
        if (cpu.has(Feature.VHE) && !cpu.has(Feature.E2H0)) {
            hcr = (hcr | E2H) & ~NV1;
        }
        if ((hcr & NV) == 0) {
            hcr &= ~(NV1 | NV2);
        } else if (cpu.isNv2Only()) {
            hcr |= NV2;
        }
        if ((hcr & TGE) != 0) {
            hcr = isHost(hcr) ? hcr & ~NOT_IN_HOST : hcr & ~NOT_WITH_TGE | FMO | IMO | AMO;
        }
        return hcr;
    }

    /** E2H = TGE = 1: EL0 belongs to the host at EL2. */
    public static boolean isHost(long hcr) {
        return (hcr & (E2H | TGE)) == (E2H | TGE);
    }
}
