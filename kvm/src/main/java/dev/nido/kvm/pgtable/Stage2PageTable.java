package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

import java.lang.invoke.VarHandle;
import java.util.EnumSet;
import java.util.Set;

/**
 * A stage-2 page table: real descriptors in the machine's memory, which PEs walk. It belongs to one
 * {@link Stage2Context}, with whose VMID all of its TLB invalidation is done.
 *
 * <p>Addresses are intermediate physical ({@code ipa}) and physical ({@code pa}) ones, sizes are in
 * bytes; ranges are widened to whole pages. Operations return 0 or a negative {@link Errno}: {@code
 * -ERANGE} for a range outside the input address size, {@code -EINVAL} for a destroyed table or an
 * argument that makes no sense, {@code -ENOMEM} when a table was needed and there was none; what
 * was done until then stays, and the table is correct. Operations that take walk flags may run at
 * the same time as others with {@link PageTableWalker#SHARED}; they return {@code -EAGAIN} to a
 * fault handler that lost a race. All others need the table for themselves: the caller's read-write
 * lock sees to that.
 *
 * <p>KVM: {@code struct kvm_pgtable}, {@code kvm_pgtable_stage2_*()}.
 */
public final class Stage2PageTable {

    private static final int MAP_FLAGS = PageTableWalker.SHARED | PageTableWalker.HANDLE_FAULT;

    private final Stage2Context context;
    private final MemoryOps ops;
    private final TableGeometry geometry;
    private final Stage2Descriptor format;
    private final ForcePte forcePte;
    private final ReadEpoch epoch;
    private final boolean identity;
    private final boolean el2Owned;

    private BreakBeforeMake breakBeforeMake;

    /** Physical address of the root, 0 after destruction. */
    private volatile long pgd;

    private Stage2PageTable(
            Stage2Context context,
            MemoryOps ops,
            Set<Stage2Flag> flags,
            ForcePte forcePte,
            TableGeometry geometry,
            long pgd) {
        this.context = context;
        this.ops = ops;
        this.geometry = geometry;
        this.forcePte = forcePte;
        this.pgd = pgd;
        format =
                new Stage2Descriptor(
                        context.forceWriteBack() && !flags.contains(Stage2Flag.NOFWB),
                        flags.contains(Stage2Flag.AS_S1),
                        context.executeNeverExtension());
        identity = flags.contains(Stage2Flag.IDMAP);
        el2Owned = flags.contains(Stage2Flag.EL2_OWNED);
        epoch = new ReadEpoch(ops);
        breakBeforeMake = new BreakBeforeMake(context);
    }

    /**
     * Creates a table without flags; see {@link #create(Stage2Context, MemoryOps, Set, ForcePte)}.
     */
    public static Stage2PageTable create(Stage2Context mmu, MemoryOps ops) {
        return create(mmu, ops, EnumSet.noneOf(Stage2Flag.class), null);
    }

    /**
     * Creates an empty table. Its geometry follows from the context's VTCR_EL2; the root has 1 to
     * 16 pages and is visible to PEs on return.
     *
     * @param mmu the context that the table belongs to
     * @param ops where its memory comes from
     * @param forcePte asked at each map operation whether it must not use blocks; may be null
     * @return the table, or null if there is no memory for the root ({@code -ENOMEM})
     * @throws IllegalStateException if the context doesn't know its VM yet, has no VTCR_EL2 or a
     *     reserved one, or its granule isn't the size of the pages that {@code ops} has
     */
    public static Stage2PageTable create(
            Stage2Context mmu, MemoryOps ops, Set<Stage2Flag> flags, ForcePte forcePte) {
        if (!mmu.hasArch()) {
            throw new IllegalStateException("a stage-2 table needs a context that knows its VM");
        }
        long vtcr = mmu.vtcr();
        if (vtcr == 0) {
            throw new IllegalStateException("a stage-2 table needs its context's VTCR_EL2");
        }
        TableGeometry geometry = Stage2Geometry.of(vtcr);
        if (geometry.pageShift() != ops.pageShift()) {
            throw new IllegalStateException(
                    "VTCR_EL2 0x%x asks for another granule than pages of 1 << %d bytes"
                            .formatted(vtcr, ops.pageShift()));
        }
        if (!geometry.legal()) {
            throw new IllegalStateException("VTCR_EL2 0x%x describes no table".formatted(vtcr));
        }
        long pgd = ops.zallocPagesExact(geometry.pgdSize());
        if (pgd == 0) {
            return null;
        }
        VarHandle.releaseFence();
        return new Stage2PageTable(mmu, ops, flags, forcePte, geometry, pgd);
    }

    /** Bytes that the root of a table needs. */
    public static long stage2PgdSize(long vtcr) {
        return Stage2Geometry.pgdSize(vtcr);
    }

    /** The context given at creation. */
    public Stage2Context context() {
        return context;
    }

    /** Sizes and levels. */
    public TableGeometry geometry() {
        return geometry;
    }

    /** Physical address of the root, for VTTBR_EL2; 0 after destruction. */
    public long pgd() {
        return pgd;
    }

    /** Pages that a cache must have so that one map operation of one leaf can't run out. */
    public int minPages() {
        return geometry.levels() - 1;
    }

    Stage2Descriptor format() {
        return format;
    }

    BreakBeforeMake breakBeforeMake() {
        return breakBeforeMake;
    }

    /** For tests that show what happens when the order is not kept. */
    void replaceBreakBeforeMake(BreakBeforeMake other) {
        breakBeforeMake = other;
    }

    ReadEpoch epoch() {
        return epoch;
    }

    // Walks

    /**
     * Walks the entries of a range.
     *
     * @return 0, the error of the callback, {@code -ERANGE}, {@code -EINVAL}, or {@code -EPERM} for
     *     a shared walk of a table that doesn't allow it
     */
    public int walk(PageTableWalker walker, long ipa, long size) {
        if ((walker.flags() & PageTableWalker.SHARED) == 0) {
            epoch.drain();
            return walker.walk(ops, geometry, pgd, ipa, size);
        }
        if (el2Owned) {
            return -Errno.EPERM;
        }
        int entered = epoch.enter();
        try {
            return walker.walk(ops, geometry, pgd, ipa, size);
        } finally {
            epoch.leave(entered);
        }
    }

    /** Makes everything written visible to PEs' walks (KVM: DSB ISHST). */
    private static void publish() {
        VarHandle.fullFence();
    }

    private static void checkFlags(int flags) {
        if ((flags & ~MAP_FLAGS) != 0) {
            throw new IllegalArgumentException(
                    "walk flags 0x%x: only SHARED and HANDLE_FAULT".formatted(flags));
        }
    }

    // Mapping

    /**
     * Maps a range, with the largest blocks that fit. What was mapped there is replaced; the parts
     * of a block outside the range are lost and come back by faults.
     *
     * @param pa where to; advances with the address
     * @param prot {@link Prot} bits
     * @param cache gives pages for tables; may be null if none is needed
     * @param flags {@link PageTableWalker#SHARED}, {@link PageTableWalker#HANDLE_FAULT}
     * @return {@code -EAGAIN}, of a fault handler only: lost a race, or the same is mapped already
     *     with at most other permissions; {@code -EINVAL}: meaningless {@code prot}, an address
     *     that doesn't fit, or not the identity in an identity map; {@code -ENOMEM}
     */
    public int map(long ipa, long size, long pa, int prot, PageCache cache, int flags) {
        checkFlags(flags);
        if (identity && ipa != pa) {
            Warn.that("0x%x mapped to 0x%x in an identity map", ipa, pa);
            return -Errno.EINVAL;
        }
        long attributes = format.attributes(prot);
        if (attributes < 0) {
            return (int) attributes;
        }
        if (!addressable(pa, size)) {
            return -Errno.EINVAL;
        }
        boolean pagesOnly = forcePte != null && forcePte.force(ipa, ipa + size, prot);
        int r =
                walk(
                        Stage2Map.leaves(
                                this,
                                pa,
                                attributes,
                                pagesOnly,
                                cache,
                                PageTableWalker.TABLE_PRE | PageTableWalker.LEAF | flags),
                        ipa,
                        size);
        publish();
        return r;
    }

    /** {@link #map(long, long, long, int, PageCache, int)} with the table for the caller alone. */
    public int map(long ipa, long size, long pa, int prot, PageCache cache) {
        return map(ipa, size, pa, prot, cache, 0);
    }

    private boolean addressable(long pa, long size) {
        return Descriptor.addressable(pa, geometry.pageShift())
                && (size <= 0 || Descriptor.addressable(pa + size - 1, geometry.pageShift()));
    }

    /**
     * Unmaps a range and marks its pages with a word of the caller's, which reads as an invalid
     * entry.
     *
     * @param annotation bits 0 and 10 clear; 0 just unmaps
     * @return {@code -EINVAL} for other annotations, else as {@link #map}
     */
    public int annotate(long ipa, long size, PageCache cache, long annotation) {
        if ((annotation & (Descriptor.VALID | Descriptor.LOCKED)) != 0) {
            return -Errno.EINVAL;
        }
        return walk(Stage2Map.annotations(this, annotation, cache), ipa, size);
    }

    /**
     * Unmaps a range and notes who owns its pages, in bits 9:2 of the invalid entries.
     *
     * @param owner 0 to 255; 0 is nobody
     * @return {@code -EINVAL} for other owners, else as {@link #map}
     */
    public int setOwner(long ipa, long size, PageCache cache, int owner) {
        if (owner < 0 || owner > Descriptor.MAX_OWNER) {
            return -Errno.EINVAL;
        }
        return annotate(ipa, size, cache, (long) owner << Descriptor.OWNER_SHIFT);
    }

    /** The owner noted in an invalid entry, 0 for none. */
    public static int ownerOf(long pte) {
        if (Descriptor.valid(pte)) {
            return 0;
        }
        return (int) (pte >>> Descriptor.OWNER_SHIFT) & Descriptor.MAX_OWNER;
    }

    /**
     * Removes everything in a range, annotations too, and tables that are empty then. A block that
     * is partly in the range goes as a whole.
     */
    public int unmap(long ipa, long size) {
        boolean deferred =
                context.rangeInvalidation() && (format.forceWriteBack || !ops.maintainsCaches());
        int r = walk(new Stage2Unmap(this, deferred), ipa, size);
        if (deferred && size > 0 && r == 0) {
            long page = geometry.pageSize();
            long start = ipa & -page;
            context.flushVmidRange(
                    start, (ipa + size + page - 1 & -page) - start >>> geometry.pageShift());
        }
        return r;
    }

    // Attributes

    /** Write-protects all valid leaves of a range. The caller invalidates TLBs. */
    public int wrprotect(long ipa, long size) {
        return walk(new Stage2Attributes(0, Descriptor.S2_W, 0), ipa, size);
    }

    /**
     * Sets the access flag of the leaf at an address.
     *
     * @param flags {@link PageTableWalker#SHARED}
     * @return {@code -EAGAIN} if there is no valid leaf or it was just changed
     */
    public int mkyoung(long ipa, int flags) {
        checkFlags(flags);
        int r =
                walk(
                        new Stage2Attributes(
                                Descriptor.AF, 0, PageTableWalker.HANDLE_FAULT | flags),
                        ipa,
                        1);
        if (r == 0) {
            publish();
        }
        return r;
    }

    /**
     * Whether any leaf of a range has its access flag set, clearing the flags if asked to. TLBs are
     * left alone.
     */
    public boolean testClearYoung(long ipa, long size, boolean makeOld) {
        Stage2Age walker = new Stage2Age(makeOld);
        return walk(walker, ipa, size) == 0 && walker.young();
    }

    /** Clears the access flags of a range; whether any was set. */
    public boolean mkold(long ipa, long size) {
        return testClearYoung(ipa, size, true);
    }

    /** Whether the leaf at an address has its access flag set. */
    public boolean isYoung(long ipa) {
        return testClearYoung(ipa, 1, false);
    }

    /**
     * Adds permissions to the leaf at an address; never takes any away, except that with FEAT_XNX
     * execution becomes exactly what is asked for, if any is. Software bits stay.
     *
     * @param prot {@link Prot#R}, {@link Prot#W}, {@link Prot#X} and its parts
     * @param flags {@link PageTableWalker#SHARED}
     * @return {@code -EINVAL} if {@code prot} has software bits; {@code -EAGAIN} if there is no
     *     valid leaf, or it was just changed
     */
    public int relaxPerms(long ipa, int prot, int flags) {
        if ((prot & Prot.SW) != 0) {
            return -Errno.EINVAL;
        }
        return relax(ipa, prot, 0, flags);
    }

    /**
     * As {@link #relaxPerms}, and replaces all four software bits of the leaf by those in {@code
     * prot}, for callers that tag mappings anew.
     */
    public int relaxPermsAndSw(long ipa, int prot, int flags) {
        return relax(ipa, prot, Descriptor.SW, flags);
    }

    private int relax(long ipa, int prot, long clearSoftware, int flags) {
        checkFlags(flags);
        long set = Stage2Descriptor.readWrite(prot);
        long clear = clearSoftware;
        if ((prot & Prot.X) != 0) {
            long xn = format.executeNever(prot);
            if (xn < 0) {
                return (int) xn;
            }
            set |= xn;
            clear |= format.executeNeverMask();
        }
        if (clearSoftware != 0) {
            set |= Descriptor.software(prot);
        }
        Stage2Attributes walker =
                new Stage2Attributes(set, clear, PageTableWalker.HANDLE_FAULT | flags);
        int r = walk(walker, ipa, 1);
        if (r == 0) {
            context.flushVmidIpaNsh(ipa & -geometry.pageSize(), walker.level());
        } else if (r == -Errno.EAGAIN) {
            context.flushVmidIpaNsh(ipa & -geometry.pageSize(), Stage2Context.LEVEL_UNKNOWN);
        }
        return r;
    }

    /** R, W, X and software bits of a descriptor; of an invalid one, the software bits. */
    public static int ptePermissions(long pte) {
        return Stage2Descriptor.permissions(pte);
    }

    /** Cleans and invalidates data caches for what is mapped in a range; nothing to do with FWB. */
    public int flush(long ipa, long size) {
        if (format.forceWriteBack) {
            return 0;
        }
        return walk(new Stage2Flush(format), ipa, size);
    }

    // Looking up

    /**
     * Finds the leaf for an address: the entry where a PE's walk would end, valid or not. May run
     * at the same time as shared operations.
     *
     * @param leaf receives it
     */
    public int getLeaf(long ipa, Leaf leaf) {
        if (el2Owned) {
            return leaf.find(ops, geometry, pgd, ipa);
        }
        int entered = epoch.enter();
        try {
            return leaf.find(ops, geometry, pgd, ipa);
        } finally {
            epoch.leave(entered);
        }
    }

    // Splitting and detached tables

    /**
     * Replaces blocks in a range by pages that map the same. A block with too few cached pages for
     * all tables below it is split as far as they reach.
     *
     * @return {@code -ENOMEM} if the cache ran out
     */
    public int split(long ipa, long size, PageCache cache) {
        int r = walk(new Stage2Split(this, cache), ipa, size);
        publish();
        return r;
    }

    /**
     * Builds a table that maps what a block would, without linking it anywhere.
     *
     * @param pa where the block maps to
     * @param level of the block
     * @param toPages down to pages, else one level unless blocks don't fit
     * @return the table's physical address, or a negative errno; nothing is left of it then
     */
    public long createUnlinked(long pa, int level, int prot, PageCache cache, boolean toPages) {
        long attributes = format.attributes(prot);
        return attributes < 0 ? attributes : buildUnlinked(pa, level, attributes, cache, toPages);
    }

    /** {@link #createUnlinked} with the attribute bits of a leaf. */
    long buildUnlinked(long pa, int level, long attributes, PageCache cache, boolean toPages) {
        long size = geometry.size(level);
        if ((pa & size - 1) != 0 || !addressable(pa, size)) {
            return -Errno.EINVAL;
        }
        long child = ops.zallocPage(cache);
        if (child == 0) {
            return -Errno.ENOMEM;
        }
        int flags = PageTableWalker.LEAF | PageTableWalker.SKIP_BBM_TLBI | PageTableWalker.SKIP_CMO;
        Visit v = new Visit(ops, flags, 0, size);
        int r =
                Stage2Map.leaves(this, pa, attributes, toPages, cache, flags)
                        .walkTable(v, ops.memory().offsetOf(child), level + 1, geometry.entries());
        if (r != 0) {
            freeUnlinked(ops, child, level);
            return r;
        }
        return child;
    }

    /**
     * Tears down a detached table with all below it.
     *
     * @param table physical address
     * @param level of the entry that pointed, or would point, to it
     */
    public static void freeUnlinked(MemoryOps ops, long table, int level) {
        int pageShift = ops.pageShift();
        if (level < TableGeometry.LAST_LEVEL) {
            Visit v =
                    new Visit(
                            ops,
                            Stage2Free.INSTANCE.flags(),
                            0,
                            1L << TableGeometry.shift(pageShift, level));
            Stage2Free.INSTANCE.walkTable(
                    v, ops.memory().offsetOf(table), level + 1, 1L << pageShift - 3);
        }
        int left = ops.pageCount(table);
        if (left != 1) {
            Warn.that("table 0x%x is freed with %d references", table, left);
        }
        ops.putPage(table);
    }

    /** Frees a table that was just replaced, at once or when no walker can be in it. */
    void freeDetached(Visit v, long child) {
        if (v.shared()) {
            epoch.retire(child, v.level);
        } else {
            ops.freeUnlinkedTable(child, v.level);
        }
    }

    // Destruction

    /**
     * Frees everything. No PE and no walker may reach the table any more: there is no TLB
     * invalidation. Doing it again does nothing.
     */
    public void destroy() {
        if (pgd != 0) {
            destroyRange(0, geometry.inputLimit());
            destroyPgd();
        }
    }

    /**
     * The first half of {@link #destroy} for a part of the address range, so that a big table can
     * be taken down in steps.
     */
    public int destroyRange(long ipa, long size) {
        return walk(Stage2Free.INSTANCE, ipa, size);
    }

    /** The second half of {@link #destroy}: frees the root, which must be empty by then. */
    public void destroyPgd() {
        long root = pgd;
        if (root != 0) {
            epoch.drain();
            pgd = 0;
            ops.freePagesExact(root, geometry.pgdSize());
        }
    }
}
