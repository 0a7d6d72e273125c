package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

/**
 * Puts leaves, or annotations of invalid entries, into a range: the largest blocks that fit,
 * replacing tables and blocks as needed.
 *
 * <p>KVM: {@code stage2_map_walker()}, {@code stage2_map_walker_try_leaf()}.
 */
final class Stage2Map extends PageTableWalker {

    private final Stage2PageTable table;
    private final TableGeometry geometry;
    private final Stage2Descriptor format;
    private final PageCache cache;
    private final boolean annotating;
    private final boolean pagesOnly;

    /** Output address of the first byte. */
    private final long pa;

    /** Attributes of the leaves, or the annotation. */
    private final long word;

    private Stage2Map(
            Stage2PageTable table,
            long pa,
            long word,
            boolean annotating,
            boolean pagesOnly,
            PageCache cache,
            int flags) {
        super(flags);
        this.table = table;
        this.geometry = table.geometry();
        this.format = table.format();
        this.pa = pa;
        this.word = word;
        this.annotating = annotating;
        this.pagesOnly = pagesOnly;
        this.cache = cache;
    }

    static Stage2Map leaves(
            Stage2PageTable table,
            long pa,
            long attributes,
            boolean pagesOnly,
            PageCache cache,
            int flags) {
        return new Stage2Map(table, pa, attributes, false, pagesOnly, cache, flags);
    }

    static Stage2Map annotations(Stage2PageTable table, long annotation, PageCache cache) {
        return new Stage2Map(table, 0, annotation, true, true, cache, TABLE_PRE | LEAF);
    }

    @Override
    protected int visit(Visit v, int kind) {
        long phys = pa + (v.addr - v.start);
        boolean placeable = leafAllowed(v, phys);
        if (kind == TABLE_PRE) {
            if (!placeable) {
                return 0;
            }
            long child = v.oldAddress();
            int r = placeLeaf(v, phys);
            if (r == 0) {
                table.freeDetached(v, child);
            }
            return r;
        }
        return placeable ? placeLeaf(v, phys) : placeTable(v);
    }

    private boolean leafAllowed(Visit v, long phys) {
        int level = v.level;
        if (pagesOnly && level < TableGeometry.LAST_LEVEL) {
            return false;
        }
        return annotating || blockSupported(v, phys, level);
    }

    private boolean blockSupported(Visit v, long phys, int level) {
        if (!geometry.hasLeaves(level)) {
            return false;
        }
        long size = geometry.size(level);
        return size <= v.end - v.addr && ((phys | v.addr) & size - 1) == 0;
    }

    private int placeLeaf(Visit v, long phys) {
        long leaf =
                annotating ? word : Descriptor.leafEntry(phys, word, v.level, geometry.pageShift());
        long old = v.old;
        if (!format.needsUpdate(old, leaf)) {
            return -Errno.EAGAIN;
        }
        if (!v.shared() && ((old ^ leaf) & ~Descriptor.SW) == 0) {
            replaceSoftwareBits(v, old, leaf);
            return 0;
        }
        if (!table.breakBeforeMake().tryBreak(v)) {
            return -Errno.EAGAIN;
        }
        if (!v.has(SKIP_CMO) && !annotating) {
            maintainCaches(v, leaf, phys);
        }
        table.breakBeforeMake().make(v, leaf);
        return 0;
    }

    private static void replaceSoftwareBits(Visit v, long old, long now) {
        boolean wasCounted = Stage2Descriptor.counted(old);
        boolean isCounted = Stage2Descriptor.counted(now);
        if (wasCounted != isCounted) {
            if (isCounted) {
                v.getPage();
            } else {
                v.putPage();
            }
        }
        v.storeRelease(now);
    }

    private void maintainCaches(Visit v, long leaf, long phys) {
        if (format.cacheable(leaf) && !format.forceWriteBack) {
            v.ops.dcacheCleanInvalPoc(phys, v.size());
        }
        if (Stage2Descriptor.executable(leaf)) {
            v.ops.icacheInvalPou(phys, v.size());
        }
    }

    /**
     * Goes a level down; an existing block is dropped, and what is outside comes back by faults.
     */
    private int placeTable(Visit v) {
        if (v.level == TableGeometry.LAST_LEVEL) {
            Warn.that("a page can't be mapped at 0x%x", v.addr);
            return -Errno.EINVAL;
        }
        if (cache == null) {
            return -Errno.ENOMEM;
        }
        long child = v.ops.zallocPage(cache);
        if (child == 0) {
            return -Errno.ENOMEM;
        }
        if (!table.breakBeforeMake().tryBreak(v)) {
            v.ops.putPage(child);
            return -Errno.EAGAIN;
        }
        table.breakBeforeMake().make(v, Descriptor.tableEntry(child, v.pageShift));
        return 0;
    }
}
