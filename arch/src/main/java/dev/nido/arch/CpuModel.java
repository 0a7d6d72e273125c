package dev.nido.arch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * A CPU as software sees it: features, address size, list registers, and the ID registers that
 * follow from them (Arm ARM D19.2). Immutable.
 */
public final class CpuModel {

    /** Breakpoints, context-aware ones among them (the last ones), and watchpoints. */
    public static final int BREAKPOINTS = 6;

    public static final int CONTEXT_BREAKPOINTS = 2;
    public static final int WATCHPOINTS = 4;

    /** PMU event counters, without the cycle counter. */
    public static final int EVENT_COUNTERS = 6;

    /** MIDR_EL1: implementer 0 (software), architecture 0xf (see ID registers), part 0xd1d. */
    public static final long MIDR = 0x000f_d1d0L;

    private static final Set<Feature> DEFAULT =
            EnumSet.of(
                    Feature.EL2,
                    Feature.E2H0,
                    Feature.FP,
                    Feature.AdvSIMD,
                    Feature.FP16,
                    Feature.DotProd,
                    Feature.FCMA,
                    Feature.JSCVT,
                    Feature.RDM,
                    Feature.FHM,
                    Feature.LSE,
                    Feature.LSE2,
                    Feature.CRC32,
                    Feature.AES,
                    Feature.PMULL,
                    Feature.SHA1,
                    Feature.SHA256,
                    Feature.SHA512,
                    Feature.SHA3,
                    Feature.FlagM,
                    Feature.FlagM2,
                    Feature.DIT,
                    Feature.SB,
                    Feature.SSBS,
                    Feature.SSBS2,
                    Feature.LRCPC,
                    Feature.LRCPC2,
                    Feature.DPB,
                    Feature.VHE,
                    Feature.PAN,
                    Feature.PAN2,
                    Feature.UAO,
                    Feature.XNX,
                    Feature.HPDS,
                    Feature.TTCNP,
                    Feature.TTST,
                    Feature.TTL,
                    Feature.TLBIOS,
                    Feature.TLBIRANGE,
                    Feature.HAFDBS,
                    Feature.HAFDBS_DBM,
                    Feature.VMID16,
                    Feature.S2FWB,
                    Feature.IDST,
                    Feature.LOR,
                    Feature.EVT,
                    Feature.E0PD,
                    Feature.PMUv3);

    /** What the machine can do beyond the default. */
    private static final Set<Feature> OPTIONAL =
            EnumSet.of(Feature.ECV, Feature.ECV_POFF, Feature.RNG);

    /** What it can do too, but only where it is named: even {@code max} leaves it out. */
    private static final Set<Feature> ON_REQUEST = EnumSet.of(Feature.NV, Feature.NV2);

    /** What a feature needs. */
    private static final Map<Feature, List<Feature>> NEEDS = new EnumMap<>(Feature.class);

    static {
        NEEDS.put(Feature.AdvSIMD, List.of(Feature.FP));
        for (Feature f :
                List.of(
                        Feature.FP16,
                        Feature.DotProd,
                        Feature.FCMA,
                        Feature.JSCVT,
                        Feature.RDM,
                        Feature.AES,
                        Feature.SHA1,
                        Feature.SHA256)) {
            NEEDS.put(f, List.of(Feature.AdvSIMD));
        }
        NEEDS.put(Feature.FHM, List.of(Feature.FP16));
        NEEDS.put(Feature.PMULL, List.of(Feature.AES));
        NEEDS.put(Feature.SHA512, List.of(Feature.SHA256));
        NEEDS.put(Feature.SHA3, List.of(Feature.SHA512));
        NEEDS.put(Feature.LSE2, List.of(Feature.LSE));
        NEEDS.put(Feature.FlagM2, List.of(Feature.FlagM));
        NEEDS.put(Feature.SSBS2, List.of(Feature.SSBS));
        NEEDS.put(Feature.LRCPC2, List.of(Feature.LRCPC));
        NEEDS.put(Feature.PAN2, List.of(Feature.PAN));
        NEEDS.put(Feature.TLBIRANGE, List.of(Feature.TLBIOS));
        NEEDS.put(Feature.ECV_POFF, List.of(Feature.ECV, Feature.EL2));
        NEEDS.put(Feature.HAFDBS_DBM, List.of(Feature.HAFDBS));
        NEEDS.put(Feature.VHE, List.of(Feature.EL2));
        NEEDS.put(Feature.VMID16, List.of(Feature.EL2));
        NEEDS.put(Feature.XNX, List.of(Feature.EL2));
        NEEDS.put(Feature.S2FWB, List.of(Feature.EL2));
        NEEDS.put(Feature.EVT, List.of(Feature.EL2));
        NEEDS.put(Feature.E2H0, List.of(Feature.VHE));
        NEEDS.put(Feature.NV, List.of(Feature.VHE));
        NEEDS.put(Feature.NV2, List.of(Feature.NV));
    }

    private final EnumSet<Feature> features;
    private final int paBits;
    private final int listRegisters;
    private final boolean[] has = new boolean[Feature.values().length];
    private final long[] id = new long[SysReg.COUNT];

    /** What software below EL2 sees of this CPU's features. */
    private final Set<Feature> shown;

    /**
     * log2 of the page size of a hypervisor below this CPU's EL2, which can't translate by smaller
     * pages than its own; 0 where there is none, nor could be.
     */
    private final int pageShift;

    private CpuModel(EnumSet<Feature> features, int paBits, int listRegisters) {
        this(features, features, paBits, listRegisters, 0);
    }

    private CpuModel(
            EnumSet<Feature> features,
            Set<Feature> shown,
            int paBits,
            int listRegisters,
            int pageShift) {
        this.features = features;
        this.shown = shown;
        this.pageShift = pageShift;
        this.paBits = paBits;
        this.listRegisters = listRegisters;
        for (Feature f : features) {
            has[f.ordinal()] = true;
        }
        computeIdRegisters();
    }

    /** The default CPU: Armv8.4-A class, 40-bit physical addresses, 16 list registers. */
    public static CpuModel defaultModel() {
        return new CpuModel(EnumSet.copyOf(DEFAULT), 40, 16);
    }

    /**
     * The CPU that a {@code --cpu} argument describes.
     *
     * @param text {@code NAME[,+feat][,-feat][,lrs=4|16][,pa=40..48]}; NAME is {@code default} or
     *     {@code max}, features are architecture names without FEAT_, in any case
     * @throws IllegalArgumentException for an unknown name or value, or a feature the machine
     *     lacks; the message says which
     */
    public static CpuModel parse(String text) {
        String[] parts = text.split(",", -1);
        EnumSet<Feature> features = EnumSet.copyOf(DEFAULT);
        switch (parts[0].toLowerCase(Locale.ROOT)) {
            case "default" -> {}
            case "max" -> features.addAll(OPTIONAL);
            default ->
                    throw new IllegalArgumentException(
                            "unknown CPU '" + parts[0] + "': the CPUs are default and max");
        }
        int paBits = 40;
        int listRegisters = 16;
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i];
            if (part.startsWith("lrs=")) {
                listRegisters = number(part, 4, 16);
                if (listRegisters != 4 && listRegisters != 16) {
                    throw new IllegalArgumentException(
                            "'" + part + "': list registers are 4 or 16");
                }
            } else if (part.startsWith("pa=")) {
                paBits = number(part, 40, 48);
            } else if (part.length() > 1 && (part.charAt(0) == '+' || part.charAt(0) == '-')) {
                change(features, part);
            } else {
                throw new IllegalArgumentException(
                        "'"
                                + part
                                + "' in the CPU is none of +FEATURE, -FEATURE, lrs=4|16, pa=40..48");
            }
        }
        return new CpuModel(features, paBits, listRegisters);
    }

    private static int number(String part, int low, int high) {
        String value = part.substring(part.indexOf('=') + 1);
        int n;
        try {
            n = Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + part + "': not a number", e);
        }
        if (n < low || n > high) {
            throw new IllegalArgumentException(
                    "'%s': must be from %d to %d".formatted(part, low, high));
        }
        return n;
    }

    private static void change(EnumSet<Feature> features, String part) {
        Feature f = Feature.byOption(part.substring(1));
        if (f == null) {
            throw new IllegalArgumentException(
                    "unknown CPU feature '" + part.substring(1) + "' (names are as in FEAT_…)");
        }
        if (part.charAt(0) == '+') {
            if (!DEFAULT.contains(f) && !OPTIONAL.contains(f) && !ON_REQUEST.contains(f)) {
                throw new IllegalArgumentException(
                        "CPU feature '" + f.option() + "' is not built into this machine");
            }
            add(features, f);
        } else {
            remove(features, f);
        }
    }

    private static void add(EnumSet<Feature> features, Feature feature) {
        features.add(feature);
        for (Feature needed : NEEDS.getOrDefault(feature, List.of())) {
            add(features, needed);
        }
    }

    private static void remove(EnumSet<Feature> features, Feature feature) {
        Deque<Feature> gone = new ArrayDeque<>(List.of(feature));
        while (!gone.isEmpty()) {
            Feature f = gone.pop();
            features.remove(f);
            NEEDS.forEach((dependent, needs) -> {
                if (needs.contains(f) && features.contains(dependent)) {
                    gone.push(dependent);
                }
            });
        }
    }

    /** This CPU without EL2 and what belongs to it: what a guest that starts at EL1 sees. */
    public CpuModel withoutEl2() {
        EnumSet<Feature> less = EnumSet.copyOf(features);
        remove(less, Feature.EL2);
        return new CpuModel(less, paBits, listRegisters);
    }

    /**
     * This CPU as a hypervisor sees it that may have another one below it: without what such a one
     * can't offer, on the bare machine too. Again: the same, and the larger of the page sizes.
     *
     * <p>It has no small translation tables, no hardware management of dirty state, no CNTPOFF_EL2,
     * and FEAT_TTL; ID registers say nothing of context-aware breakpoints, and of nested
     * virtualization, where it has that with HCR_EL2.E2H fixed to 1, that it is FEAT_NV2 alone
     * ({@link #isNv2Only}). KVM: {@code limit_nv_id_regs()}.
     *
     * @param hostPageShift log2 of the page size of the hypervisor below: 12, 14 or 16; stage 2
     *     with smaller granules is not there
     */
    public CpuModel forGuestHypervisor(int hostPageShift) {
        if (hostPageShift != 12 && hostPageShift != 14 && hostPageShift != 16) {
            throw new IllegalArgumentException("pages of 2^" + hostPageShift + " bytes");
        }
        EnumSet<Feature> limited = limited();
        int shift = Math.max(pageShift, hostPageShift);
        return new CpuModel(limited, limited, paBits, listRegisters, shift);
    }

    private EnumSet<Feature> limited() {
        EnumSet<Feature> limited = EnumSet.copyOf(features);
        for (Feature f : List.of(Feature.TTST, Feature.HAFDBS_DBM, Feature.ECV_POFF)) {
            remove(limited, f);
        }
        limited.add(Feature.TTL);
        return limited;
    }

    /**
     * Whether HCR_EL2.NV always acts with HCR_EL2.NV2: ID_AA64MMFR4_EL1.NV_frac = NV2_ONLY, on a
     * CPU {@link #forGuestHypervisor}.
     */
    public boolean isNv2Only() {
        return pageShift != 0 && has(Feature.NV2) && !has(Feature.E2H0);
    }

    /**
     * The CPU that a hypervisor needs to run guests that see this one: the same, with EL2 and
     * everything that EL2 uses. Registers of the lower levels that come with those features stay
     * absent there, as on this CPU: no trap of the architecture could hide, say, CNTVCTSS_EL0.
     */
    public CpuModel underHypervisor() {
        return underHypervisor(features, shown, List.of());
    }

    /**
     * The same for a hypervisor whose guests may be hypervisors: with nested virtualization, of
     * which the guests are told only what this CPU says of it.
     *
     * @param nesting {@link Feature#NV} or {@link Feature#NV2}, which brings NV along
     */
    public CpuModel underNestingHypervisor(Feature nesting) {
        if (!ON_REQUEST.contains(nesting)) {
            throw new IllegalArgumentException(nesting.featName() + " is no nested virtualization");
        }
        EnumSet<Feature> limited = limited();
        return underHypervisor(limited, limited, List.of(nesting));
    }

    private CpuModel underHypervisor(Set<Feature> base, Set<Feature> seen, List<Feature> extra) {
        EnumSet<Feature> more = EnumSet.copyOf(base);
        extra.forEach(f -> add(more, f));
        for (Feature f :
                List.of(
                        Feature.EL2,
                        Feature.E2H0,
                        Feature.VHE,
                        Feature.VMID16,
                        Feature.XNX,
                        Feature.S2FWB,
                        Feature.EVT,
                        Feature.ECV,
                        Feature.TTL)) {
            add(more, f);
        }
        return new CpuModel(more, EnumSet.copyOf(seen), paBits, listRegisters, 0);
    }

    /** Whether a register is there for software below EL2. */
    public boolean hasBelowEl2(SysReg r) {
        return r.feature() == null || shown.contains(r.feature());
    }

    public boolean has(Feature f) {
        return has[f.ordinal()];
    }

    public Set<Feature> features() {
        return EnumSet.copyOf(features);
    }

    /** Bits of a physical address, 40–48. */
    public int paBits() {
        return paBits;
    }

    /** GIC list registers, 4 or 16. */
    public int listRegisters() {
        return listRegisters;
    }

    public long midr() {
        return MIDR;
    }

    /** MPIDR_EL1 of a PE: clusters of 16 (what one ICC_SGI1R target list can name). */
    public static long mpidr(int index) {
        return 1L << 31 | (long) (index >> 4) << 8 | index & 15;
    }

    /**
     * The value of a register whose row {@link SysReg#isId}. MPIDR_EL1 is that of PE 0; CCSIDR_EL1
     * is that of CSSELR_EL1 = 0.
     */
    public long idRegister(SysReg r) {
        return id[r.ordinal()];
    }

    /** CCSIDR_EL1 for a CSSELR_EL1 value: level in bits 3:1, instruction in bit 0. */
    public long ccsidr(long csselr) {
        return switch ((int) csselr & 15) {
            case 0, 1 -> 255L << 13 | 3 << 3 | 2; // 64 KiB, 4 ways, lines of 64 bytes
            case 2 -> 1023L << 13 | 15 << 3 | 2; // 1 MiB, 16 ways
            default -> 0;
        };
    }

    private long when(Feature f, long value) {
        return has(f) ? value : 0;
    }

    /** A field that grows with features: the value of the last one present. */
    private long grade(Feature one, Feature two) {
        return has(two) ? 2 : has(one) ? 1 : 0;
    }

    private void set(SysReg r, long value) {
        id[r.ordinal()] = value;
    }

    private void computeIdRegisters() {
        set(SysReg.MIDR_EL1, MIDR);
        set(SysReg.MPIDR_EL1, mpidr(0));
        // 64-byte lines, PIPT, IDC: DC CVAU is not needed before IC IVAU.
        set(SysReg.CTR_EL0, 1L << 31 | 1 << 28 | 4 << 24 | 4 << 20 | 4 << 16 | 3 << 14 | 4);
        set(SysReg.DCZID_EL0, 4);
        set(SysReg.CLIDR_EL1, 1L << 27 | 2 << 24 | 1 << 21 | 4 << 3 | 3);
        set(SysReg.CCSIDR_EL1, ccsidr(0));
        long simd = has(Feature.FP16) ? 1 : 0;
        set(
                SysReg.ID_AA64PFR0_EL1,
                0x1001L
                        | 0x10
                        | when(Feature.EL2, 0x100)
                        | (has(Feature.FP) ? simd : 15) << 16
                        | (has(Feature.AdvSIMD) ? simd : 15) << 20
                        | 1 << 24
                        | when(Feature.DIT, 1L << 48)
                        | 1L << 56
                        | 1L << 60);
        set(SysReg.ID_AA64PFR1_EL1, grade(Feature.SSBS, Feature.SSBS2) << 4);
        set(
                SysReg.ID_AA64DFR0_EL1,
                (has(Feature.VHE) ? 7L : 6L)
                        | when(Feature.PMUv3, 4) << 8
                        | (BREAKPOINTS - 1) << 12
                        | (WATCHPOINTS - 1) << 20
                        | (pageShift == 0 ? CONTEXT_BREAKPOINTS - 1 : 0) << 28
                        | 15L << 36);
        set(
                SysReg.ID_AA64ISAR0_EL1,
                grade(Feature.AES, Feature.PMULL) << 4
                        | when(Feature.SHA1, 1) << 8
                        | grade(Feature.SHA256, Feature.SHA512) << 12
                        | when(Feature.CRC32, 1) << 16
                        | when(Feature.LSE, 2) << 20
                        | when(Feature.RDM, 1) << 28
                        | when(Feature.SHA3, 1) << 32
                        | when(Feature.DotProd, 1) << 44
                        | when(Feature.FHM, 1) << 48
                        | grade(Feature.FlagM, Feature.FlagM2) << 52
                        | grade(Feature.TLBIOS, Feature.TLBIRANGE) << 56
                        | when(Feature.RNG, 1) << 60);
        set(
                SysReg.ID_AA64ISAR1_EL1,
                when(Feature.DPB, 1)
                        | when(Feature.JSCVT, 1) << 12
                        | when(Feature.FCMA, 1) << 16
                        | grade(Feature.LRCPC, Feature.LRCPC2) << 20
                        | when(Feature.SB, 1) << 36);
        set(
                SysReg.ID_AA64MMFR0_EL1,
                paRange()
                        | 2 << 4
                        | 1 << 20
                        | stage2Granule(14) << 32
                        | stage2Granule(16) << 36
                        | stage2Granule(12) << 40
                        | grade(Feature.ECV, Feature.ECV_POFF) << 60);
        set(
                SysReg.ID_AA64MMFR1_EL1,
                grade(Feature.HAFDBS, Feature.HAFDBS_DBM)
                        | when(Feature.VMID16, 2) << 4
                        | when(Feature.VHE, 1) << 8
                        | when(Feature.HPDS, 1) << 12
                        | when(Feature.LOR, 1) << 16
                        | grade(Feature.PAN, Feature.PAN2) << 20
                        | when(Feature.XNX, 1) << 28);
        set(
                SysReg.ID_AA64MMFR2_EL1,
                when(Feature.TTCNP, 1)
                        | when(Feature.UAO, 1) << 4
                        | (isNv2Only() ? 0 : grade(Feature.NV, Feature.NV2)) << 24
                        | when(Feature.TTST, 1) << 28
                        | when(Feature.LSE2, 1) << 32
                        | when(Feature.IDST, 1) << 36
                        | when(Feature.S2FWB, 1) << 40
                        | when(Feature.TTL, 1) << 48
                        | when(Feature.EVT, 2) << 56
                        | when(Feature.E0PD, 1) << 60);
        // E2H0 = NI_NV1: E2H is RES1, and HCR_EL2.NV1 RES0.
        long fixed = has(Feature.VHE) && !has(Feature.E2H0) ? 14 << 24 : 0;
        set(SysReg.ID_AA64MMFR4_EL1, fixed | (isNv2Only() ? 1 << 20 : 0));
    }

    /** ID_AA64MMFR0_EL1.TGran*_2: not there (1) below the page size of a hypervisor, else 2. */
    private long stage2Granule(int shift) {
        return shift < pageShift ? when(Feature.EL2, 1) : when(Feature.EL2, 2);
    }

    private long paRange() {
        return paBits >= 48 ? 5 : paBits >= 44 ? 4 : paBits >= 42 ? 3 : 2;
    }
}
