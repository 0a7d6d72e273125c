package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

/**
 * A walk over a range of a table tree, depth first in ascending order: the callback, its state and
 * the flags that say what it visits.
 *
 * <p>An entry is read once. Where a callback ran on it, it is read again before the walk decides
 * whether to descend, so that a walker can enter the table that it just installed and does not
 * enter one that it just replaced.
 *
 * <p>A callback that returns a negative errno ends the walk with it. The exception is {@code
 * -EAGAIN} (somebody else was faster, or there is nothing to do): it ends the walk only with {@link
 * #HANDLE_FAULT}.
 *
 * <p>KVM: {@code struct kvm_pgtable_walker}, {@code kvm_pgtable_walk()}.
 */
public abstract class PageTableWalker {

    /** Visit entries that aren't tables, invalid ones included. */
    public static final int LEAF = 1;

    /** Visit tables before their entries. */
    public static final int TABLE_PRE = 1 << 1;

    /** Visit tables after their entries. */
    public static final int TABLE_POST = 1 << 2;

    /** Other software walkers may run at the same time. */
    public static final int SHARED = 1 << 3;

    /** A guest's fault is being handled: it can be taken again. */
    public static final int HANDLE_FAULT = 1 << 4;

    /** No TLB invalidation when an entry is broken: no PE can reach the table. */
    public static final int SKIP_BBM_TLBI = 1 << 5;

    /** No cache maintenance. */
    public static final int SKIP_CMO = 1 << 6;

    private final int flags;

    /** A walker with flags of the above. */
    protected PageTableWalker(int flags) {
        this.flags = flags;
    }

    /** Its flags. */
    public final int flags() {
        return flags;
    }

    /**
     * Visits an entry.
     *
     * @param visit the entry
     * @param kind {@link #LEAF}, {@link #TABLE_PRE} or {@link #TABLE_POST}
     * @return 0 or a negative errno
     */
    protected abstract int visit(Visit visit, int kind);

    /**
     * Walks the entries of a range, widened to whole pages.
     *
     * @param root physical address of the root table, 0 if there is none
     * @return 0, the error of the callback, {@code -ERANGE} if the range leaves the input address
     *     size, {@code -EINVAL} without a root
     */
    final int walk(MemoryOps ops, TableGeometry geometry, long root, long addr, long size) {
        long limit = geometry.inputLimit();
        long page = geometry.pageSize();
        if (addr < 0 || addr > limit || size < 0 || size > limit) {
            return -Errno.ERANGE;
        }
        long end = addr + size + page - 1 & -page;
        if (end > limit) {
            return -Errno.ERANGE;
        }
        if (root == 0) {
            return -Errno.EINVAL;
        }
        Visit v = new Visit(ops, flags, addr & -page, end);
        return walkTable(
                v, ops.memory().offsetOf(root), geometry.startLevel(), geometry.pgdSize() >>> 3);
    }

    /**
     * Walks from {@link Visit#next} to the end of the range or of the table.
     *
     * @param table offset of the table in memory
     * @param level of its entries
     * @param entries their number: more than a page has in concatenated roots
     */
    final int walkTable(Visit v, long table, int level, long entries) {
        if (level == TableGeometry.LAST_LEVEL) {
            return walkPages(v, table, entries);
        }
        if (level > TableGeometry.LAST_LEVEL) {
            Warn.that("walk below level 3 at 0x%x", v.next);
            return -Errno.EINVAL;
        }
        int shift = TableGeometry.shift(v.pageShift, level);
        for (long i = v.next >>> shift & entries - 1; i < entries && v.next < v.end; i++) {
            int r = walkEntry(v, table + (i << 3), level, shift);
            if (r != 0) {
                return r;
            }
        }
        return 0;
    }

    private int walkEntry(Visit v, long at, int level, int shift) {
        long addr = v.next;
        enter(v, at, addr, level);
        long old = v.load();
        v.old = old;
        boolean table = Descriptor.table(old, level);
        int wanted = table ? TABLE_PRE : LEAF;
        if ((flags & wanted) != 0) {
            int r = visit(v, wanted);
            if (ends(r)) {
                return r;
            }
            old = v.load();
            table = Descriptor.table(old, level);
        }
        if (!table) {
            v.next = (addr >>> shift) + 1 << shift;
            return 0;
        }
        long child = Descriptor.outputAddress(old, v.pageShift) - v.memory.physicalBase();
        int r = walkTable(v, child, level + 1, 1L << v.pageShift - 3);
        if (ends(r)) {
            return r;
        }
        if ((flags & TABLE_POST) != 0) {
            enter(v, at, addr, level);
            v.old = old;
            r = visit(v, TABLE_POST);
            if (ends(r)) {
                return r;
            }
        }
        return 0;
    }

    /** The entries of a last-level table, which are never tables: nothing to read again. */
    private int walkPages(Visit v, long table, long entries) {
        int shift = v.pageShift;
        long end = v.end;
        long next = v.next;
        long last = Math.min(entries, (next >>> shift & entries - 1) + (end - next >>> shift));
        if ((flags & LEAF) == 0) {
            v.next = next + (last - (next >>> shift & entries - 1) << shift);
            return 0;
        }
        v.level = TableGeometry.LAST_LEVEL;
        for (long i = next >>> shift & entries - 1; i < last; i++) {
            v.at = table + (i << 3);
            v.addr = next;
            v.old = v.load();
            int r = visit(v, LEAF);
            if (ends(r)) {
                v.next = next;
                return r;
            }
            next += 1L << shift;
        }
        v.next = next;
        return 0;
    }

    private static void enter(Visit v, long at, long addr, int level) {
        v.at = at;
        v.addr = addr;
        v.level = level;
    }

    private boolean ends(int result) {
        return result != 0 && (result != -Errno.EAGAIN || (flags & HANDLE_FAULT) != 0);
    }
}
