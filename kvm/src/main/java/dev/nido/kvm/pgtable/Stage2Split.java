package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

/**
 * Replaces blocks by tables that map the same, down to pages if the cache has enough of them.
 *
 * <p>KVM: {@code stage2_split_walker()}.
 */
final class Stage2Split extends PageTableWalker {

    private final Stage2PageTable table;
    private final PageCache cache;

    Stage2Split(Stage2PageTable table, PageCache cache) {
        super(LEAF);
        this.table = table;
        this.cache = cache;
    }

    @Override
    protected int visit(Visit v, int kind) {
        long old = v.old;
        int level = v.level;
        if (level == TableGeometry.LAST_LEVEL || !Descriptor.valid(old)) {
            return 0;
        }
        int wholeTree = pagesToSplit(level);
        if (wholeTree < 0) {
            return wholeTree;
        }
        boolean toPages = cache.available() >= wholeTree;
        if (!toPages && cache.available() < 1) {
            return -Errno.ENOMEM;
        }
        // The bits as they are, not what Prot could say: memory type and software bits stay.
        long attributes = old & Descriptor.LEAF_ATTRIBUTES | Descriptor.AF;
        long child = table.buildUnlinked(v.oldAddress(), level, attributes, cache, toPages);
        if (child < 0) {
            return (int) child;
        }
        if (!table.breakBeforeMake().tryBreak(v)) {
            Stage2PageTable.freeUnlinked(v.ops, child, level);
            return -Errno.EAGAIN;
        }
        table.breakBeforeMake().make(v, Descriptor.tableEntry(child, v.pageShift));
        return 0;
    }

    /** Tables that a block needs to become pages. */
    private int pagesToSplit(int level) {
        return switch (level) {
            case 2 -> 1;
            case 1 -> table.geometry().entries() + 1;
            default -> -Errno.EINVAL;
        };
    }
}
