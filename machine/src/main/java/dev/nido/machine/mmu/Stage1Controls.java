package dev.nido.machine.mmu;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;

/**
 * The controls of one stage-1 translation regime, decoded from SCTLR, TCR, HCR_EL2 and the ASID and
 * VMID in use (Arm ARM D8.2, D19.2 TCR_EL1, TCR_EL2).
 */
final class Stage1Controls {

    /** The EL1&amp;0 regime. */
    static final int EL10 = 0;

    /** The EL2 regime. */
    static final int EL2 = 1;

    /** The EL2&amp;0 regime. */
    static final int EL20 = 2;

    static final int REGIMES = 3;

    static final long SCTLR_M = 1;
    static final long SCTLR_A = 1 << 1;
    static final long SCTLR_C = 1 << 2;
    static final long SCTLR_NAA = 1 << 6;
    static final long SCTLR_I = 1 << 12;
    static final long SCTLR_WXN = 1 << 19;

    private static final long SCTLR_USED =
            SCTLR_M | SCTLR_A | SCTLR_C | SCTLR_NAA | SCTLR_I | SCTLR_WXN;

    /** The bits of HCR_EL2, as it acts, that the EL1&amp;0 regime and its stage 2 depend on. */
    static final long HCR_USED =
            HcrEl2.VM
                    | HcrEl2.PTW
                    | HcrEl2.DC
                    | HcrEl2.TGE
                    | HcrEl2.CD
                    | HcrEl2.E2H
                    | HcrEl2.NV1
                    | HcrEl2.FWB;

    private static final int[] OUTPUT_BITS = {32, 36, 40, 42, 44, 48, 48, 48};

    /** One half of the VA space: what TTBR0 or TTBR1 translates. */
    static final class Half {
        /** Walks fail with a level 0 translation fault: EPDn, or TnSZ out of range. */
        boolean disabled;

        /** Unprivileged accesses fail likewise: E0PDn. */
        boolean privilegedOnly;

        boolean tbi;
        boolean hierarchyDisabled;

        /** log2 of the granule's bytes. */
        int granule;

        /** Bits of a VA, 64 - TnSZ. */
        int inputBits;

        int startLevel;
        SysReg ttbr;

        void setSize(int tsz, int granule, boolean small) {
            this.granule = granule;
            this.inputBits = 64 - tsz;
            int stride = granule - 3;
            int most = small ? (granule == 16 ? 47 : 48) : 39;
            if (tsz < 16 || tsz > most) {
                disabled = true;
                return;
            }
            startLevel = 4 - (inputBits - granule + stride - 1) / stride;
        }
    }

    final int regime;
    final Half low = new Half();
    final Half high = new Half();
    final SysReg mair;

    /** By view: the context last used in it. */
    final Context[] views = new Context[Context.VIEWS];

    /** Stage 1 is on. */
    boolean on;

    /** HCR_EL2.DC: with stage 1 off, memory is Normal Write-Back. */
    boolean defaultCacheable;

    /** Stage 2 follows. */
    boolean stage2;

    boolean writeImpliesNoExecute;

    /** SCTLR.A. */
    boolean alignmentChecked;

    /** SCTLR.nAA: ordered accesses may cross 16-byte boundaries. */
    boolean unalignedOrdered;

    boolean cacheable;
    boolean instructionsCacheable;
    boolean hardwareAccessFlag;
    boolean hardwareDirty;

    /** HCR_EL2.{NV, NV1} = {1, 1}: EL1 tables have the EL2 format (Arm ARM D8.11). */
    boolean nv1;

    /** Bits of an output address. */
    int outputBits;

    int asid;
    int asidMask;
    int vmid;

    /** Of {@link Context#key}, all but the view. */
    long key;

    private final CpuModel cpu;
    private final boolean wideVmid;
    private final SysReg sctlrName;
    private final SysReg tcrName;
    private final SysReg ttbr0Name;
    private final SysReg ttbr1Name;

    private long sctlr = -1;
    private long tcr = -1;
    private long hcr = -1;
    private long vtcr = -1;
    private int rawAsid = -1;
    private int rawVmid = -1;
    private long configuration;

    Stage1Controls(int regime, CpuModel cpu) {
        this.regime = regime;
        this.cpu = cpu;
        wideVmid = cpu.has(Feature.VMID16);
        boolean el1 = regime == EL10;
        sctlrName = el1 ? SysReg.SCTLR_EL1 : SysReg.SCTLR_EL2;
        tcrName = el1 ? SysReg.TCR_EL1 : SysReg.TCR_EL2;
        ttbr0Name = el1 ? SysReg.TTBR0_EL1 : SysReg.TTBR0_EL2;
        ttbr1Name = el1 ? SysReg.TTBR1_EL1 : SysReg.TTBR1_EL2;
        mair = el1 ? SysReg.MAIR_EL1 : SysReg.MAIR_EL2;
        low.ttbr = ttbr0Name;
        high.ttbr = ttbr1Name;
    }

    Half half(long va) {
        return (va >>> 55 & 1) != 0 && regime != EL2 ? high : low;
    }

    /**
     * Whether no access of this view to a VA gets as far as a table: the VA has bits that none of
     * the regime can translate (Arm ARM D8.2.2), or TCR_ELx.E0PDn keeps EL0 out (FEAT_E0PD).
     */
    boolean excluded(long va, Half h, int view) {
        return outOfRange(va, h) || h.privilegedOnly && view == Context.USER;
    }

    private boolean outOfRange(long va, Half h) {
        if (regime == EL2) {
            return (h.tbi ? va & 0xff_ffff_ffff_ffffL : va) >>> h.inputBits != 0;
        }
        long x = h.tbi ? va << 8 >> 8 : va;
        return x >> h.inputBits != (h == high ? -1 : 0);
    }

    /** Brings the fields up to date with the registers; cheap where they have not changed. */
    void refresh(long[] sys, long hcrNow, Contexts contexts) {
        long s = sys[sctlrName.ordinal()] & SCTLR_USED;
        long t = sys[tcrName.ordinal()];
        long h = regime == EL10 ? hcrNow & HCR_USED : 0;
        boolean a1 = regime != EL2 && (t >>> 22 & 1) != 0;
        int a = regime == EL2 ? 0 : (int) (sys[(a1 ? ttbr1Name : ttbr0Name).ordinal()] >>> 48);
        int v = 0;
        long vt = 0;
        if (regime == EL10) {
            v = (int) (sys[SysReg.VTTBR_EL2.ordinal()] >>> 48);
            vt = sys[SysReg.VTCR_EL2.ordinal()];
        }
        boolean same = s == sctlr && t == tcr && h == hcr && vt == vtcr;
        if (same && a == rawAsid && v == rawVmid) {
            return;
        }
        rawAsid = a;
        rawVmid = v;
        if (!same) {
            sctlr = s;
            tcr = t;
            hcr = h;
            vtcr = vt;
            decode();
            configuration =
                    (long) contexts.configuration(regime, s, t, h, stage2 ? vt : vt & 1 << 19)
                            << 36;
        }
        asid = a & asidMask;
        vmid = wideVmid && (vtcr >>> 19 & 1) != 0 ? v : v & 0xff;
        key = configuration | (long) vmid << 16 | asid;
    }

    private void decode() {
        boolean tge = (hcr & HcrEl2.TGE) != 0;
        boolean host = tge && (hcr & HcrEl2.E2H) != 0;
        defaultCacheable = (hcr & HcrEl2.DC) != 0 && !host;
        stage2 = (hcr & (HcrEl2.VM | HcrEl2.DC)) != 0 && !host;
        on = (sctlr & SCTLR_M) != 0 && !tge && !defaultCacheable;
        nv1 = (hcr & HcrEl2.NV1) != 0;
        writeImpliesNoExecute = (sctlr & SCTLR_WXN) != 0;
        alignmentChecked = (sctlr & SCTLR_A) != 0;
        unalignedOrdered = (sctlr & SCTLR_NAA) != 0;
        cacheable = (sctlr & SCTLR_C) != 0;
        instructionsCacheable = (sctlr & SCTLR_I) != 0;
        boolean small = cpu.has(Feature.TTST);
        boolean hpds = cpu.has(Feature.HPDS);
        boolean e0pd = cpu.has(Feature.E0PD);
        boolean hafdbs = cpu.has(Feature.HAFDBS);
        boolean dbm = cpu.has(Feature.HAFDBS_DBM);
        low.granule = granule0((int) (tcr >>> 14) & 3);
        low.disabled = false;
        if (regime == EL2) {
            low.tbi = bit(20);
            low.hierarchyDisabled = hpds && bit(24);
            hardwareAccessFlag = hafdbs && bit(21);
            hardwareDirty = hardwareAccessFlag && dbm && bit(22);
            outputBits = OUTPUT_BITS[(int) (tcr >>> 16) & 7];
            asidMask = 0;
        } else {
            low.disabled = bit(7);
            low.privilegedOnly = e0pd && bit(55);
            high.privilegedOnly = e0pd && bit(56);
            low.tbi = bit(37);
            low.hierarchyDisabled = hpds && bit(41);
            high.disabled = bit(23);
            high.tbi = bit(38);
            high.hierarchyDisabled = hpds && bit(42);
            high.setSize((int) (tcr >>> 16) & 63, granule1((int) (tcr >>> 30) & 3), small);
            hardwareAccessFlag = hafdbs && bit(39);
            hardwareDirty = hardwareAccessFlag && dbm && bit(40);
            outputBits = OUTPUT_BITS[(int) (tcr >>> 32) & 7];
            asidMask = bit(36) ? 0xffff : 0xff;
        }
        low.setSize((int) tcr & 63, low.granule, small);
        outputBits = Math.min(outputBits, physicalBits(cpu));
    }

    private boolean bit(int n) {
        return (tcr >>> n & 1) != 0;
    }

    /** Bits of a physical address as ID_AA64MMFR0_EL1.PARange can say it. */
    static int physicalBits(CpuModel cpu) {
        int bits = cpu.paBits();
        return bits >= 48 ? 48 : bits >= 44 ? 44 : bits >= 42 ? 42 : 40;
    }

    /** TG0; the reserved value means 4 KiB. */
    static int granule0(int tg) {
        return tg == 1 ? 16 : tg == 2 ? 14 : 12;
    }

    private static int granule1(int tg) {
        return tg == 3 ? 16 : tg == 1 ? 14 : 12;
    }
}
