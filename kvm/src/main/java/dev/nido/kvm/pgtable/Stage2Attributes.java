package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;

/**
 * Sets and clears bits of valid leaves where they are: for changes that need no break before make.
 *
 * <p>KVM: {@code stage2_attr_walker()}.
 */
final class Stage2Attributes extends PageTableWalker {

    private final long set;
    private final long clear;

    /** Level of the last leaf that was visited. */
    private int level = Stage2Context.LEVEL_UNKNOWN;

    Stage2Attributes(long set, long clear, int flags) {
        super(LEAF | flags);
        this.set = set;
        this.clear = clear;
    }

    int level() {
        return level;
    }

    @Override
    protected int visit(Visit v, int kind) {
        long old = v.old;
        if (!Descriptor.valid(old)) {
            return -Errno.EAGAIN;
        }
        long now = old & ~clear | set;
        if (now != old) {
            if (Stage2Descriptor.executable(now) && !Stage2Descriptor.executable(old)) {
                v.ops.icacheInvalPou(v.oldAddress(), v.size());
            }
            // A PE may set the access flag meanwhile; at worst that is lost and set again.
            if (!v.trySet(now)) {
                return -Errno.EAGAIN;
            }
        }
        level = v.level;
        return 0;
    }
}
