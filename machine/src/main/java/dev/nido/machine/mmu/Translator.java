package dev.nido.machine.mmu;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.mmu.Stage1Controls.Half;

/**
 * Translation of one PE: looks both stages up in the architectural TLB and walks the tables where
 * it misses (Arm ARM D8.2–D8.5). The outcome of the last translation is in the fields, so that a
 * hit allocates nothing.
 *
 * <p>Order of checks within a stage, as in the Arm ARM's pseudocode: translation, address size and
 * access flag while walking; alignment by memory type; permission; then the hardware update of the
 * descriptor.
 */
final class Translator {

    /** Needed rights. */
    static final int READ = 1;

    static final int WRITE = 2;
    static final int EXECUTE = 4;

    /** AT: no descriptor is updated, and the TLB is not filled. */
    static final int PROBE = 8;

    /** Cache maintenance: rights are needed, but no dirty state is set. */
    static final int MAINTENANCE = 16;

    /** The access is not aligned to its size. */
    static final int UNALIGNED = 32;

    /** Stage 1 only (AT S1E…). */
    static final int STAGE1_ONLY = 64;

    private static final int RIGHTS = READ | WRITE | EXECUTE;

    // Descriptors (Arm ARM D8.3)

    private static final long TABLE_OR_PAGE = 2;
    private static final long DESC_AP1 = 1 << 6;
    private static final long DESC_AP2 = 1 << 7;
    private static final long DESC_AF = 1 << 10;
    private static final long DESC_NG = 1 << 11;
    private static final long DESC_DBM = 1L << 51;
    private static final long DESC_PXN = 1L << 53;
    private static final long DESC_UXN = 1L << 54;
    private static final long TABLE_PXN = 1L << 59;
    private static final long TABLE_UXN = 1L << 60;
    private static final long TABLE_AP0 = 1L << 61;
    private static final long TABLE_AP1 = 1L << 62;

    // Outcome of a translation

    /** Physical address, if there was no fault. */
    long pa;

    /** Output of stage 1. */
    long ipa;

    /** Stage-1 memory type in MAIR format, and shareability. */
    int attribute1;

    int shareability1;

    /** The same after stage 2. */
    int attribute;

    int shareability;

    /** Which of {@link #READ}, {@link #WRITE}, {@link #EXECUTE} need no further work. */
    int rights;

    // Outcome of a fault

    /** Fault status code with level, as in ESR_ELx. */
    int status;

    boolean stage2Fault;

    /** The stage-2 fault was met on a stage-1 walk. */
    boolean onWalk;

    /** The fault came from the hardware update of a stage-1 descriptor. */
    boolean onUpdate;

    long faultIpa;

    /** Of the last stage-1 walk: the level of the descriptor that was read last, or was to be. */
    int walkLevel;

    /** The rights that there were at a permission fault. */
    int faultRights;

    private final long[] sys;
    private final PhysicalMemory memory;
    private final Tlb tlb;
    private final Stage2Controls stage2;
    private final boolean xnx;

    private final int physicalBits;

    /** Of the last stage-1 walk: the leaf as read, and where it lies. */
    private long leaf;

    private long leafIpa;
    private long leafOffset;

    /** The same of the last stage-2 walk. */
    private long leaf2;

    private long leafOffset2;

    Translator(long[] sys, CpuModel cpu, PhysicalMemory memory, Tlb tlb, Stage2Controls stage2) {
        this.sys = sys;
        this.memory = memory;
        this.tlb = tlb;
        this.stage2 = stage2;
        this.xnx = cpu.has(Feature.XNX);
        this.physicalBits = Stage1Controls.physicalBits(cpu);
    }

    /**
     * Translates. True: {@link #pa} and the attributes are valid. False: {@link #status} and the
     * rest of the fault are.
     */
    boolean translate(Context c, long va, int access) {
        stage2Fault = false;
        onWalk = false;
        onUpdate = false;
        Stage1Controls r = c.controls;
        if (r.on ? !stage1(c, r, va, access) : !stage1Off(r, va, access)) {
            return false;
        }
        if (!r.stage2 || (access & STAGE1_ONLY) != 0) {
            pa = ipa;
            attribute = attribute1;
            shareability = shareability1;
            return true;
        }
        return stage2(c, ipa, access, c.view == Context.USER, false);
    }

    private boolean fault(int status) {
        this.status = status;
        return false;
    }

    private boolean stage2Fault(int status, long ipa, boolean onWalk) {
        this.status = status;
        stage2Fault = true;
        faultIpa = ipa;
        this.onWalk = onWalk;
        return false;
    }

    // Stage 1

    private boolean stage1Off(Stage1Controls r, long va, int access) {
        boolean tbi = r.half(va).tbi;
        long address = tbi ? va & 0xff_ffff_ffff_ffffL : va;
        if (address >>> physicalBits != 0) {
            return fault(Esr.FSC_ADDRESS_SIZE);
        }
        ipa = address;
        rights = RIGHTS;
        shareability1 = MemoryAttributes.OUTER_SHAREABLE;
        if (r.defaultCacheable) {
            attribute1 = MemoryAttributes.WRITE_BACK;
            shareability1 = 0;
        } else if ((access & EXECUTE) != 0) {
            attribute1 = r.instructionsCacheable ? 0xaa : MemoryAttributes.NON_CACHEABLE;
        } else {
            attribute1 = MemoryAttributes.DEVICE_NGNRNE;
            if ((access & UNALIGNED) != 0) {
                return fault(Esr.FSC_ALIGNMENT);
            }
        }
        return true;
    }

    private boolean stage1(Context c, Stage1Controls r, long va, int access) {
        Half h = r.half(va);
        if (r.excluded(va, h, c.view)) {
            return fault(Esr.FSC_TRANSLATION);
        }
        long entry = tlb.lookup1(c.nonGlobal, c.global, va);
        if (((entry & Tlb.NV1) != 0) != r.nv1) {
            entry = TlbTable.MISS;
        }
        boolean walked = false;
        while (true) {
            if (entry == TlbTable.MISS) {
                entry = walk1(c, r, h, va, access);
                if (entry == TlbTable.MISS) {
                    return false;
                }
                walked = true;
            }
            boolean flagMissing = walked && (leaf & DESC_AF) == 0;
            int attributeNow = (int) (entry >>> Tlb.ATTRIBUTE_SHIFT);
            int granted = rights1(entry, c.view, r);
            boolean misaligned = (access & UNALIGNED) != 0 && MemoryAttributes.device(attributeNow);
            if (misaligned || (access & RIGHTS & ~granted) != 0) {
                if (walked && !flagMissing && (access & PROBE) == 0) {
                    insert1(c, va, entry);
                }
                faultRights = granted;
                return fault(
                        misaligned ? Esr.FSC_ALIGNMENT : Esr.FSC_PERMISSION + Tlb.level(entry));
            }
            boolean dirty =
                    (entry & Tlb.CLEAN) != 0
                            && (access & WRITE) != 0
                            && (access & (PROBE | MAINTENANCE)) == 0;
            if (dirty && !walked) {
                // Only the descriptor as it is now can be marked.
                entry = TlbTable.MISS;
                continue;
            }
            if (walked && (access & PROBE) == 0) {
                if (flagMissing || dirty) {
                    long marked = leaf | DESC_AF;
                    if (dirty) {
                        marked &= ~DESC_AP2;
                        entry &= ~Tlb.CLEAN;
                    }
                    if (r.stage2 && !stage2(c, leafIpa, WRITE, false, true)) {
                        onUpdate = true;
                        return false;
                    }
                    if (memory.compareExchange64(leafOffset, leaf, marked) != leaf) {
                        // Another observer changed the descriptor under the walk.
                        entry = TlbTable.MISS;
                        continue;
                    }
                }
                insert1(c, va, entry);
            }
            attribute1 =
                    r.cacheable || MemoryAttributes.device(attributeNow)
                            ? attributeNow
                            : MemoryAttributes.NON_CACHEABLE;
            shareability1 =
                    MemoryAttributes.shareability(attribute1, (int) (entry >>> Tlb.SH_SHIFT) & 3);
            rights = (entry & Tlb.CLEAN) != 0 ? granted & ~WRITE : granted;
            long offset = Tlb.offsetMask(entry);
            ipa = entry & Tlb.ADDRESS & ~offset | va & offset;
            return true;
        }
    }

    private void insert1(Context c, long va, long entry) {
        boolean global = c.controls.regime == Stage1Controls.EL2 || (leaf & DESC_NG) == 0;
        tlb.insert1(global ? c.global : c.nonGlobal, va, entry);
    }

    /** What a stage-1 entry permits in a view (Arm ARM D8.4.1–D8.4.3). */
    private static int rights1(long entry, int view, Stage1Controls r) {
        boolean el0 = (entry & Tlb.EL0) != 0;
        boolean writable = (entry & Tlb.READ_ONLY) == 0;
        if (view == Context.USER) {
            if (!el0) {
                return (entry & Tlb.UXN) == 0 ? EXECUTE : 0;
            }
            int data = writable ? READ | WRITE : READ;
            boolean execute = (entry & Tlb.UXN) == 0 && !(writable && r.writeImpliesNoExecute);
            return execute ? data | EXECUTE : data;
        }
        int data = 0;
        if (view != Context.PRIVILEGED_PAN || !el0) {
            data = writable ? READ | WRITE : READ;
        }
        boolean execute = (entry & Tlb.PXN) == 0 && !(writable && (el0 || r.writeImpliesNoExecute));
        return execute ? data | EXECUTE : data;
    }

    /**
     * Walks stage 1 to a leaf that needs no more than a hardware update.
     *
     * @return the entry to be, or {@link TlbTable#MISS} and a fault
     */
    private long walk1(Context c, Stage1Controls r, Half h, long va, int access) {
        if (h.disabled) {
            return missFault(Esr.FSC_TRANSLATION);
        }
        int stride = h.granule - 3;
        int level = h.startLevel;
        int shift = h.granule + (3 - level) * stride;
        int topBits = h.inputBits - shift;
        long base = sys[h.ttbr.ordinal()] & 0xffff_ffff_fffeL & -1L << topBits + 3;
        if (base >>> r.outputBits != 0) {
            return missFault(Esr.FSC_ADDRESS_SIZE);
        }
        long index = va >>> shift & (1L << topBits) - 1;
        long tables = 0;
        while (true) {
            long at = base | index << 3;
            leafIpa = at;
            walkLevel = level;
            long descriptorPa = at;
            if (r.stage2) {
                if (!stage2(c, at, READ | access & PROBE, false, true)) {
                    return TlbTable.MISS;
                }
                descriptorPa = pa;
            }
            if (!memory.contains(descriptorPa, 8)) {
                return missFault(Esr.FSC_EXTERNAL_ON_WALK + level);
            }
            leafOffset = memory.offsetOf(descriptorPa);
            long d = memory.get64(leafOffset);
            if ((d & 1) == 0) {
                return missFault(Esr.FSC_TRANSLATION + level);
            }
            if (level < 3 && (d & TABLE_OR_PAGE) != 0) {
                base = d & 0xffff_ffff_ffffL & -1L << h.granule;
                if (base >>> r.outputBits != 0) {
                    return missFault(Esr.FSC_ADDRESS_SIZE + level);
                }
                if (!h.hierarchyDisabled) {
                    tables |= d;
                }
                level++;
                shift -= stride;
                index = va >>> shift & (1L << stride) - 1;
                continue;
            }
            if (!leafAllowed(d, level, h.granule)) {
                return missFault(Esr.FSC_TRANSLATION + level);
            }
            long oa = d & 0xffff_ffff_ffffL & -1L << shift;
            if (oa >>> r.outputBits != 0) {
                return missFault(Esr.FSC_ADDRESS_SIZE + level);
            }
            if ((d & DESC_AF) == 0 && !r.hardwareAccessFlag) {
                return missFault(Esr.FSC_ACCESS_FLAG + level);
            }
            leaf = d;
            return entry1(r, d, tables, level, shift, oa);
        }
    }

    private long missFault(int status) {
        this.status = status;
        return TlbTable.MISS;
    }

    /** Whether the architecture has a block or page at this level (Arm ARM D8.3.1, no LPA2). */
    private static boolean leafAllowed(long d, int level, int granule) {
        if (level == 3) {
            return (d & TABLE_OR_PAGE) != 0;
        }
        return level == 2 || level == 1 && granule == 12;
    }

    private long entry1(Stage1Controls r, long d, long tables, int level, int shift, long oa) {
        int mairIndex = (int) (d >>> 2) & 7;
        long attribute = sys[r.mair.ordinal()] >>> mairIndex * 8 & 0xff;
        long e =
                oa
                        | Tlb.VALID
                        | (long) level << Tlb.LEVEL_SHIFT
                        | (d >>> 8 & 3) << Tlb.SH_SHIFT
                        | (long) TlbTable.sizeIndex(shift) << Tlb.SIZE_SHIFT
                        | attribute << Tlb.ATTRIBUTE_SHIFT;
        boolean readOnly = (d & DESC_AP2) != 0;
        if (readOnly && r.hardwareDirty && (d & DESC_DBM) != 0) {
            e |= Tlb.CLEAN;
            readOnly = false;
        }
        if (readOnly || (tables & TABLE_AP1) != 0) {
            e = e & ~Tlb.CLEAN | Tlb.READ_ONLY;
        }
        if (r.regime == Stage1Controls.EL2 || r.nv1) {
            // One privilege level: bit 54 is its XN, AP[1] and bit 53 mean nothing. Without a
            // page that is EL0's, PAN has nothing to forbid.
            if (r.nv1) {
                e |= Tlb.NV1;
            }
            if ((d & DESC_UXN) != 0 || (tables & TABLE_UXN) != 0) {
                e |= Tlb.PXN;
            }
            return e;
        }
        if ((d & DESC_AP1) != 0 && (tables & TABLE_AP0) == 0) {
            e |= Tlb.EL0;
        }
        if ((d & DESC_PXN) != 0 || (tables & TABLE_PXN) != 0) {
            e |= Tlb.PXN;
        }
        if ((d & DESC_UXN) != 0 || (tables & TABLE_UXN) != 0) {
            e |= Tlb.UXN;
        }
        return e;
    }

    // Stage 2

    /**
     * Translates an IPA.
     *
     * @param user the access is one of EL0's
     * @param walk the access is the stage-1 walker's
     */
    private boolean stage2(Context c, long address, int access, boolean user, boolean walk) {
        Stage2Controls s = stage2;
        long entry = tlb.lookup2(c.stage2, address);
        boolean walked = false;
        while (true) {
            if (entry == TlbTable.MISS) {
                entry = walk2(s, address, walk);
                if (entry == TlbTable.MISS) {
                    return false;
                }
                walked = true;
            }
            boolean flagMissing = walked && (leaf2 & DESC_AF) == 0;
            int memAttr = (int) (entry >>> Tlb.ATTRIBUTE_SHIFT) & 15;
            int combined =
                    MemoryAttributes.combine(
                            walk ? MemoryAttributes.WRITE_BACK : attribute1,
                            memAttr,
                            s.forceWriteBack,
                            s.cacheDisabled);
            boolean device = MemoryAttributes.device(combined);
            int granted = rights2(entry, user);
            boolean misaligned = device && (access & UNALIGNED) != 0;
            if (misaligned
                    || walk && device && s.protectedWalk
                    || (access & RIGHTS & ~granted) != 0) {
                if (walked && !flagMissing && (access & PROBE) == 0) {
                    tlb.insert2(c.stage2, address, entry);
                }
                if (misaligned) {
                    return fault(Esr.FSC_ALIGNMENT);
                }
                faultRights = granted;
                return stage2Fault(Esr.FSC_PERMISSION + Tlb.level(entry), address, walk);
            }
            boolean dirty =
                    (entry & Tlb.CLEAN) != 0
                            && (access & WRITE) != 0
                            && (access & (PROBE | MAINTENANCE)) == 0;
            if (dirty && !walked) {
                entry = TlbTable.MISS;
                continue;
            }
            if (walked && (access & PROBE) == 0) {
                if (flagMissing || dirty) {
                    long marked = leaf2 | DESC_AF;
                    if (dirty) {
                        marked |= DESC_AP2; // S2AP[1]
                        entry &= ~Tlb.CLEAN;
                    }
                    if (memory.compareExchange64(leafOffset2, leaf2, marked) != leaf2) {
                        entry = TlbTable.MISS;
                        continue;
                    }
                }
                tlb.insert2(c.stage2, address, entry);
            }
            long offset = Tlb.offsetMask(entry);
            pa = entry & Tlb.ADDRESS & ~offset | address & offset;
            if (!walk) {
                attribute = combined;
                shareability =
                        MemoryAttributes.shareability(
                                combined,
                                MemoryAttributes.widerShareability(
                                        shareability1, (int) (entry >>> Tlb.SH_SHIFT) & 3));
                rights &= (entry & Tlb.CLEAN) != 0 ? granted & ~WRITE : granted;
            }
            return true;
        }
    }

    private int rights2(long entry, boolean user) {
        int data = (int) (entry >>> Tlb.S2AP_SHIFT) & (READ | WRITE);
        int xn = (int) (entry >>> Tlb.XN_SHIFT) & 3;
        boolean execute =
                switch (xn) {
                    case 0 -> true;
                    case 1 -> !xnx || user;
                    case 2 -> false;
                    default -> xnx && !user;
                };
        return execute ? data | EXECUTE : data;
    }

    private long walk2(Stage2Controls s, long address, boolean onWalk) {
        if (s.disabled || address >>> s.inputBits != 0) {
            return missFault2(Esr.FSC_TRANSLATION, address, onWalk);
        }
        int stride = s.granule - 3;
        int level = s.startLevel;
        int shift = s.granule + (3 - level) * stride;
        int topBits = s.inputBits - shift;
        long base = sys[SysReg.VTTBR_EL2.ordinal()] & 0xffff_ffff_fffeL & -1L << topBits + 3;
        if (base >>> s.outputBits != 0) {
            return missFault2(Esr.FSC_ADDRESS_SIZE, address, onWalk);
        }
        long index = address >>> shift & (1L << topBits) - 1;
        while (true) {
            long at = base | index << 3;
            if (!memory.contains(at, 8)) {
                return missFault2(Esr.FSC_EXTERNAL_ON_WALK + level, address, onWalk);
            }
            leafOffset2 = memory.offsetOf(at);
            long d = memory.get64(leafOffset2);
            if ((d & 1) == 0) {
                return missFault2(Esr.FSC_TRANSLATION + level, address, onWalk);
            }
            if (level < 3 && (d & TABLE_OR_PAGE) != 0) {
                base = d & 0xffff_ffff_ffffL & -1L << s.granule;
                if (base >>> s.outputBits != 0) {
                    return missFault2(Esr.FSC_ADDRESS_SIZE + level, address, onWalk);
                }
                level++;
                shift -= stride;
                index = address >>> shift & (1L << stride) - 1;
                continue;
            }
            if (!leafAllowed(d, level, s.granule)) {
                return missFault2(Esr.FSC_TRANSLATION + level, address, onWalk);
            }
            long oa = d & 0xffff_ffff_ffffL & -1L << shift;
            if (oa >>> s.outputBits != 0) {
                return missFault2(Esr.FSC_ADDRESS_SIZE + level, address, onWalk);
            }
            if ((d & DESC_AF) == 0 && !s.hardwareAccessFlag) {
                return missFault2(Esr.FSC_ACCESS_FLAG + level, address, onWalk);
            }
            leaf2 = d;
            long e =
                    oa
                            | Tlb.VALID
                            | (long) level << Tlb.LEVEL_SHIFT
                            | (d >>> 6 & 3) << Tlb.S2AP_SHIFT
                            | (d >>> 53 & 3) << Tlb.XN_SHIFT
                            | (d >>> 8 & 3) << Tlb.SH_SHIFT
                            | (long) TlbTable.sizeIndex(shift) << Tlb.SIZE_SHIFT
                            | (d >>> 2 & 15) << Tlb.ATTRIBUTE_SHIFT;
            if (s.hardwareDirty && (d & DESC_DBM) != 0 && (d & DESC_AP2) == 0) {
                e |= Tlb.CLEAN | (long) WRITE << Tlb.S2AP_SHIFT;
            }
            return e;
        }
    }

    private long missFault2(int status, long ipa, boolean onWalk) {
        stage2Fault(status, ipa, onWalk);
        return TlbTable.MISS;
    }
}
