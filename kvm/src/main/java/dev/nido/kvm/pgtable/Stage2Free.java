package dev.nido.kvm.pgtable;

/**
 * Drops leaves and tables that no PE and no other walker can reach: no invalidation.
 *
 * <p>KVM: {@code stage2_free_walker()}.
 */
final class Stage2Free extends PageTableWalker {

    static final Stage2Free INSTANCE = new Stage2Free();

    private Stage2Free() {
        super(LEAF | TABLE_POST);
    }

    @Override
    protected int visit(Visit v, int kind) {
        long old = v.old;
        if (!Stage2Descriptor.counted(old)) {
            return 0;
        }
        if (kind == TABLE_POST) {
            long child = v.oldAddress();
            if (v.ops.pageCount(child) > 1) {
                return 0; // partly outside of the range
            }
            v.storeRelease(0);
            v.putPage();
            v.ops.putPage(child);
            return 0;
        }
        v.storeRelease(0);
        v.putPage();
        return 0;
    }
}
