package dev.nido.kvm.nested;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.GuestRam;
import dev.nido.kvm.mmu.MemorySlots;
import dev.nido.kvm.pgtable.Stage2Geometry;

/**
 * A walk of L1's stage-2 tables in L1's memory: from an address of L2 to one of L1, as a PE whose
 * VTTBR_EL2 and VTCR_EL2 are L1's would walk them (Arm ARM D8.2–D8.5). What L1 gets wrong ends as
 * it does there: see {@link #status}.
 *
 * <p>The outcome is in the object, so that a walk allocates nothing; for one thread at a time.
 *
 * <p>KVM: {@code kvm_walk_nested_s2()}, {@code struct kvm_s2_trans}.
 */
public final class GuestStage2Walk {

    /** Rights. */
    public static final int READ = 1;

    public static final int WRITE = 2;
    public static final int EXECUTE = 4;

    private static final int LAST_LEVEL = 3;

    private static final int[] OUTPUT_BITS = {32, 36, 40, 42, 44, 48, 48, 48};
    private static final long ADDRESS = 0xffff_ffff_ffffL;
    private static final long VALID = 1;
    private static final long TABLE_OR_PAGE = 2;
    private static final int S2AP_SHIFT = 6;
    private static final long S2AP_WRITE = 1 << 7;
    private static final long AF = 1 << 10;
    private static final long DBM = 1L << 51;
    private static final int XN_SHIFT = 53;
    private static final int HA_BIT = 21;
    private static final int HD_BIT = 22;

    private final MemorySlots slots;
    private final GuestRam ram;
    private final int physicalBits;
    private final boolean flagsByHardware;
    private final boolean dirtyByHardware;
    private final boolean smallTables;
    private final boolean xnx;

    // VTCR_EL2, decoded

    private long vtcr = -1;
    private boolean reserved;
    private int granule;
    private int inputBits;
    private int startLevel;
    private int outputBits;
    private boolean setsFlag;
    private boolean setsDirty;

    // Outcome

    private long at;
    private long descriptor;
    private long ipa;
    private long pa;
    private int level;
    private int shift;
    private int status;
    private boolean unreadable;

    /** For a guest, with what a PE of its CPU can do. */
    public GuestStage2Walk(Vm vm) {
        this(vm.slots(), vm.ownRam(), vm.cpu());
    }

    GuestStage2Walk(MemorySlots slots, GuestRam ram, CpuModel cpu) {
        this.slots = slots;
        this.ram = ram;
        int paRange = (int) cpu.idRegister(SysReg.ID_AA64MMFR0_EL1) & 15;
        physicalBits = Math.min(Stage2Geometry.paBits(paRange), 48);
        flagsByHardware = cpu.has(Feature.HAFDBS);
        dirtyByHardware = cpu.has(Feature.HAFDBS_DBM);
        smallTables = cpu.has(Feature.TTST);
        xnx = cpu.has(Feature.XNX);
    }

    // Outcome

    /** L1's address. */
    public long pa() {
        return pa;
    }

    /** Level of the leaf, 0 to 3, or of a fault. */
    public int level() {
        return level;
    }

    /** Bytes that the leaf maps. */
    public long size() {
        return 1L << shift;
    }

    /** The leaf, as it is in L1's memory after {@link #mark}. */
    public long descriptor() {
        return descriptor;
    }

    /** Fault status code with level, as in ESR_EL2, if {@link #walk} was false. */
    public int status() {
        return status;
    }

    /**
     * What the leaf permits.
     *
     * @param user to EL0; else to EL1
     * @return of {@link #READ}, {@link #WRITE}, {@link #EXECUTE}
     */
    public int rights(boolean user) {
        int data = (int) (descriptor >>> S2AP_SHIFT) & (READ | WRITE);
        if (setsDirty && (descriptor & DBM) != 0) {
            data |= WRITE;
        }
        boolean execute =
                switch ((int) (descriptor >>> XN_SHIFT) & 3) {
                    case 0 -> true;
                    case 1 -> !xnx || user;
                    case 2 -> false;
                    default -> xnx && !user;
                };
        return execute ? data | EXECUTE : data;
    }

    /** Whether the leaf's access flag is set. */
    public boolean isYoung() {
        return (descriptor & AF) != 0;
    }

    /** Whether the leaf is writable only once it is marked dirty. */
    public boolean isClean() {
        return setsDirty && (descriptor & (DBM | S2AP_WRITE)) == DBM;
    }

    /**
     * Whether a leaf makes Device memory of Normal memory (Arm ARM D8.6.5, D8.6.6).
     *
     * @param descriptor of stage 2
     * @param forceWriteBack HCR_EL2.FWB of L1
     */
    public static boolean isDevice(long descriptor, boolean forceWriteBack) {
        return (descriptor >>> 4 & (forceWriteBack ? 1 : 3)) == 0;
    }

    // Walking

    /**
     * Walks to the leaf for an address; changes nothing in memory.
     *
     * @param vttbr VTTBR_EL2 of L1
     * @param vtcr VTCR_EL2 of L1
     * @param ipa of L2
     * @return whether there is one; else {@link #status} says why
     */
    public boolean walk(long vttbr, long vtcr, long ipa) {
        decode(vtcr);
        this.ipa = ipa;
        if (reserved || ipa >>> inputBits != 0) {
            return fault(Esr.FSC_TRANSLATION, 0);
        }
        int stride = granule - 3;
        int levelNow = startLevel;
        int shiftNow = granule + (LAST_LEVEL - levelNow) * stride;
        int topBits = inputBits - shiftNow;
        long table = vttbr & ADDRESS & -1L << topBits + 3;
        if (table >>> outputBits != 0) {
            return fault(Esr.FSC_ADDRESS_SIZE, 0);
        }
        long index = ipa >>> shiftNow & (1L << topBits) - 1;
        while (true) {
            at = table | index << 3;
            long d = read(at);
            if (unreadable) {
                return fault(Esr.FSC_EXTERNAL_ON_WALK, levelNow);
            }
            boolean last = levelNow == LAST_LEVEL;
            if ((d & VALID) == 0) {
                return fault(Esr.FSC_TRANSLATION, levelNow);
            }
            boolean isTable = !last && (d & TABLE_OR_PAGE) != 0;
            if (!isTable && !mayBeLeaf(d, levelNow)) {
                return fault(Esr.FSC_TRANSLATION, levelNow);
            }
            long output = d & ADDRESS & -1L << (isTable ? granule : shiftNow);
            if (output >>> outputBits != 0) {
                return fault(Esr.FSC_ADDRESS_SIZE, levelNow);
            }
            if (isTable) {
                table = output;
                levelNow++;
                shiftNow -= stride;
                index = ipa >>> shiftNow & (1L << stride) - 1;
                continue;
            }
            if ((d & AF) == 0 && !setsFlag) {
                return fault(Esr.FSC_ACCESS_FLAG, levelNow);
            }
            descriptor = d;
            level = levelNow;
            shift = shiftNow;
            pa = output | ipa & (1L << shiftNow) - 1;
            return true;
        }
    }

    /**
     * As {@link #walk} with what the shadow knows of L1's entry, if it does: until L1 invalidates
     * it, that is what counts.
     */
    public boolean translate(ShadowMmu shadow, long address) {
        return recall(shadow, address) || walk(shadow.vttbr(), shadow.vtcr(), address);
    }

    /** Takes an entry from what the shadow knows, as if it were just found. */
    boolean recall(ShadowMmu shadow, long address) {
        GuestEntries entries = shadow.entries();
        synchronized (entries) {
            long d = entries.find(address);
            if (d == GuestEntries.NONE) {
                return false;
            }
            decode(shadow.vtcr());
            ipa = address;
            descriptor = d;
            shift = entries.foundShift();
        }
        level = LAST_LEVEL - (shift - granule) / (granule - 3);
        long offset = (1L << shift) - 1;
        pa = descriptor & ADDRESS & ~offset | address & offset;
        return true;
    }

    /** A descriptor in L1's memory; {@link #unreadable} if there is none. */
    private long read(long address) {
        unreadable = slots.find(address) == null;
        if (unreadable) {
            return 0;
        }
        try {
            return ram.get64(address);
        } catch (KvmException e) {
            // Somebody else's page, or the slot has just gone: as if nothing were there.
            unreadable = true;
            return 0;
        }
    }

    /**
     * Does what a PE does to the leaf before it uses it: the access flag, and the dirty state for a
     * write.
     *
     * @return whether it was still as {@link #walk} found it; if not, the walk has to be repeated
     */
    public boolean mark(boolean write) {
        long marked = descriptor | AF | (write && isClean() ? S2AP_WRITE : 0);
        if (marked == descriptor) {
            return true;
        }
        try {
            if (!ram.compareAndSet64(at, descriptor, marked)) {
                return false;
            }
        } catch (KvmException e) {
            return false;
        }
        descriptor = marked;
        return true;
    }

    private boolean fault(int kind, int faultLevel) {
        status = kind + faultLevel;
        level = faultLevel;
        return false;
    }

    /** The address that the last walk was for. */
    public long ipa() {
        return ipa;
    }

    /** Whether the architecture has a block or page there (Arm ARM D8.3.1, no LPA2). */
    private boolean mayBeLeaf(long d, int levelNow) {
        return switch (levelNow) {
            case LAST_LEVEL -> (d & TABLE_OR_PAGE) != 0;
            case 2 -> true;
            case 1 -> granule == 12;
            default -> false;
        };
    }

    private void decode(long now) {
        if (now == vtcr) {
            return;
        }
        vtcr = now;
        granule = Stage2Geometry.pageShift(now);
        inputBits = Stage2Geometry.iaBits(now);
        startLevel = Stage2Geometry.startLevel(now);
        outputBits = Math.min(OUTPUT_BITS[(int) (now >>> 16) & 7], physicalBits);
        setsFlag = flagsByHardware && (now >>> HA_BIT & 1) != 0;
        setsDirty = setsFlag && dirtyByHardware && (now >>> HD_BIT & 1) != 0;
        reserved = !isLegal((int) now & 63, (int) (now >>> 6) & 3);
    }

    /** Whether T0SZ and SL0 go together, and with the address size (Arm ARM D8.2.9). */
    private boolean isLegal(int t0sz, int sl0) {
        int most = smallTables ? granule == 16 ? 47 : 48 : 39;
        if (t0sz < 64 - physicalBits || t0sz > most) {
            return false;
        }
        if (sl0 == 3 && (granule != 12 || !smallTables)) {
            return false;
        }
        // Start levels that only big addresses need.
        int needed =
                switch (granule) {
                    case 12 -> startLevel == 0 ? 44 : 0;
                    case 14 -> startLevel == 1 ? 42 : 0;
                    default -> startLevel == 1 ? 44 : 0;
                };
        int startBits = inputBits - granule - (LAST_LEVEL - startLevel) * (granule - 3);
        return physicalBits >= needed && startBits >= 1 && startBits <= granule - 3 + 4;
    }
}
