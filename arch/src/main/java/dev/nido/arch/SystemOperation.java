package dev.nido.arch;

import static dev.nido.arch.SystemOperation.Kind.*;

/**
 * The SYS instructions (op0 = 1): cache maintenance, address translation and TLB maintenance, one
 * row each (Arm ARM C5.3, C5.4, C5.5). Keys are those of {@link SysReg#key}; the lowest exception
 * level is op1's.
 */
public enum SystemOperation {
    IC_IALLUIS(0, 7, 1, 0, IC),
    IC_IALLU(0, 7, 5, 0, IC),
    IC_IVAU(3, 7, 5, 1, IC),
    DC_IVAC(0, 7, 6, 1, DC),
    DC_ISW(0, 7, 6, 2, DC_SET_WAY),
    DC_CSW(0, 7, 10, 2, DC_SET_WAY),
    DC_CISW(0, 7, 14, 2, DC_SET_WAY),
    DC_ZVA(3, 7, 4, 1, DC_ZERO),
    DC_CVAC(3, 7, 10, 1, DC),
    DC_CVAU(3, 7, 11, 1, DC),
    DC_CVAP(3, 7, 12, 1, DC, Feature.DPB),
    DC_CVADP(3, 7, 13, 1, DC, Feature.DPB2),
    DC_CIVAC(3, 7, 14, 1, DC),

    AT_S1E1R(0, 7, 8, 0, AT),
    AT_S1E1W(0, 7, 8, 1, AT),
    AT_S1E0R(0, 7, 8, 2, AT),
    AT_S1E0W(0, 7, 8, 3, AT),
    AT_S1E1RP(0, 7, 9, 0, AT, Feature.PAN2),
    AT_S1E1WP(0, 7, 9, 1, AT, Feature.PAN2),
    AT_S1E2R(4, 7, 8, 0, AT),
    AT_S1E2W(4, 7, 8, 1, AT),
    AT_S12E1R(4, 7, 8, 4, AT),
    AT_S12E1W(4, 7, 8, 5, AT),
    AT_S12E0R(4, 7, 8, 6, AT),
    AT_S12E0W(4, 7, 8, 7, AT),

    TLBI_VMALLE1OS(0, 8, 1, 0, TLBI, Feature.TLBIOS),
    TLBI_VAE1OS(0, 8, 1, 1, TLBI, Feature.TLBIOS),
    TLBI_ASIDE1OS(0, 8, 1, 2, TLBI, Feature.TLBIOS),
    TLBI_VAAE1OS(0, 8, 1, 3, TLBI, Feature.TLBIOS),
    TLBI_VALE1OS(0, 8, 1, 5, TLBI, Feature.TLBIOS),
    TLBI_VAALE1OS(0, 8, 1, 7, TLBI, Feature.TLBIOS),
    TLBI_RVAE1IS(0, 8, 2, 1, TLBI, Feature.TLBIRANGE),
    TLBI_RVAAE1IS(0, 8, 2, 3, TLBI, Feature.TLBIRANGE),
    TLBI_RVALE1IS(0, 8, 2, 5, TLBI, Feature.TLBIRANGE),
    TLBI_RVAALE1IS(0, 8, 2, 7, TLBI, Feature.TLBIRANGE),
    TLBI_VMALLE1IS(0, 8, 3, 0, TLBI),
    TLBI_VAE1IS(0, 8, 3, 1, TLBI),
    TLBI_ASIDE1IS(0, 8, 3, 2, TLBI),
    TLBI_VAAE1IS(0, 8, 3, 3, TLBI),
    TLBI_VALE1IS(0, 8, 3, 5, TLBI),
    TLBI_VAALE1IS(0, 8, 3, 7, TLBI),
    TLBI_RVAE1OS(0, 8, 5, 1, TLBI, Feature.TLBIRANGE),
    TLBI_RVAAE1OS(0, 8, 5, 3, TLBI, Feature.TLBIRANGE),
    TLBI_RVALE1OS(0, 8, 5, 5, TLBI, Feature.TLBIRANGE),
    TLBI_RVAALE1OS(0, 8, 5, 7, TLBI, Feature.TLBIRANGE),
    TLBI_RVAE1(0, 8, 6, 1, TLBI, Feature.TLBIRANGE),
    TLBI_RVAAE1(0, 8, 6, 3, TLBI, Feature.TLBIRANGE),
    TLBI_RVALE1(0, 8, 6, 5, TLBI, Feature.TLBIRANGE),
    TLBI_RVAALE1(0, 8, 6, 7, TLBI, Feature.TLBIRANGE),
    TLBI_VMALLE1(0, 8, 7, 0, TLBI),
    TLBI_VAE1(0, 8, 7, 1, TLBI),
    TLBI_ASIDE1(0, 8, 7, 2, TLBI),
    TLBI_VAAE1(0, 8, 7, 3, TLBI),
    TLBI_VALE1(0, 8, 7, 5, TLBI),
    TLBI_VAALE1(0, 8, 7, 7, TLBI),

    TLBI_IPAS2E1IS(4, 8, 0, 1, TLBI),
    TLBI_RIPAS2E1IS(4, 8, 0, 2, TLBI, Feature.TLBIRANGE),
    TLBI_IPAS2LE1IS(4, 8, 0, 5, TLBI),
    TLBI_RIPAS2LE1IS(4, 8, 0, 6, TLBI, Feature.TLBIRANGE),
    TLBI_ALLE2OS(4, 8, 1, 0, TLBI, Feature.TLBIOS),
    TLBI_VAE2OS(4, 8, 1, 1, TLBI, Feature.TLBIOS),
    TLBI_ALLE1OS(4, 8, 1, 4, TLBI, Feature.TLBIOS),
    TLBI_VALE2OS(4, 8, 1, 5, TLBI, Feature.TLBIOS),
    TLBI_VMALLS12E1OS(4, 8, 1, 6, TLBI, Feature.TLBIOS),
    TLBI_RVAE2IS(4, 8, 2, 1, TLBI, Feature.TLBIRANGE),
    TLBI_RVALE2IS(4, 8, 2, 5, TLBI, Feature.TLBIRANGE),
    TLBI_ALLE2IS(4, 8, 3, 0, TLBI),
    TLBI_VAE2IS(4, 8, 3, 1, TLBI),
    TLBI_ALLE1IS(4, 8, 3, 4, TLBI),
    TLBI_VALE2IS(4, 8, 3, 5, TLBI),
    TLBI_VMALLS12E1IS(4, 8, 3, 6, TLBI),
    TLBI_IPAS2E1OS(4, 8, 4, 0, TLBI, Feature.TLBIOS),
    TLBI_IPAS2E1(4, 8, 4, 1, TLBI),
    TLBI_RIPAS2E1(4, 8, 4, 2, TLBI, Feature.TLBIRANGE),
    TLBI_RIPAS2E1OS(4, 8, 4, 3, TLBI, Feature.TLBIRANGE),
    TLBI_IPAS2LE1OS(4, 8, 4, 4, TLBI, Feature.TLBIOS),
    TLBI_IPAS2LE1(4, 8, 4, 5, TLBI),
    TLBI_RIPAS2LE1(4, 8, 4, 6, TLBI, Feature.TLBIRANGE),
    TLBI_RIPAS2LE1OS(4, 8, 4, 7, TLBI, Feature.TLBIRANGE),
    TLBI_RVAE2OS(4, 8, 5, 1, TLBI, Feature.TLBIRANGE),
    TLBI_RVALE2OS(4, 8, 5, 5, TLBI, Feature.TLBIRANGE),
    TLBI_RVAE2(4, 8, 6, 1, TLBI, Feature.TLBIRANGE),
    TLBI_RVALE2(4, 8, 6, 5, TLBI, Feature.TLBIRANGE),
    TLBI_ALLE2(4, 8, 7, 0, TLBI),
    TLBI_VAE2(4, 8, 7, 1, TLBI),
    TLBI_ALLE1(4, 8, 7, 4, TLBI),
    TLBI_VALE2(4, 8, 7, 5, TLBI),
    TLBI_VMALLS12E1(4, 8, 7, 6, TLBI);

    /** What an operation works on. */
    public enum Kind {
        IC,
        DC,
        DC_SET_WAY,
        DC_ZERO,
        AT,
        TLBI
    }

    private static final SystemOperation[] BY_KEY = new SystemOperation[1 << 14];

    static {
        for (SystemOperation o : values()) {
            BY_KEY[o.key & 0x3fff] = o;
        }
    }

    private final int key;
    private final Kind kind;
    private final Feature feature;

    SystemOperation(int op1, int crn, int crm, int op2, Kind kind) {
        this(op1, crn, crm, op2, kind, null);
    }

    SystemOperation(int op1, int crn, int crm, int op2, Kind kind, Feature feature) {
        this.key = SysReg.key(1, op1, crn, crm, op2);
        this.kind = kind;
        this.feature = feature == null && op1 == 4 ? Feature.EL2 : feature;
    }

    /** The operation behind a key, or null if none is allocated there. */
    public static SystemOperation decode(int key) {
        return key >> 14 == 1 ? BY_KEY[key & 0x3fff] : null;
    }

    public int key() {
        return key;
    }

    public Kind kind() {
        return kind;
    }

    /** Lowest exception level that may execute it: 0–2. */
    public int minimumEl() {
        return switch (key >> 11 & 7) {
            case 3 -> 0;
            case 4 -> 2;
            default -> 1;
        };
    }

    /** The feature without which it is UNDEFINED, or null. */
    public Feature feature() {
        return feature;
    }
}
