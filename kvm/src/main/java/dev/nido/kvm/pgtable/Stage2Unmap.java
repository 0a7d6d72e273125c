package dev.nido.kvm.pgtable;

/**
 * Removes all leaves and annotations of a range, and the tables that are empty then.
 *
 * <p>KVM: {@code stage2_unmap_walker()}, {@code stage2_unmap_put_pte()}.
 */
final class Stage2Unmap extends PageTableWalker {

    private final Stage2Context context;
    private final Stage2Descriptor format;
    private final boolean deferred;

    /**
     * @param deferred TLB entries of leaves are the caller's to invalidate, all at once
     */
    Stage2Unmap(Stage2PageTable table, boolean deferred) {
        super(LEAF | TABLE_POST);
        this.context = table.context();
        this.format = table.format();
        this.deferred = deferred;
    }

    @Override
    protected int visit(Visit v, int kind) {
        long old = v.old;
        if (!Descriptor.valid(old)) {
            if (Stage2Descriptor.counted(old)) {
                v.storeRelease(0);
                v.putPage();
            }
            return 0;
        }
        if (kind == TABLE_POST) {
            long child = v.oldAddress();
            if (v.ops.pageCount(child) == 1) {
                v.storeRelease(0);
                context.flushVmidIpa(v.addr, Stage2Context.LEVEL_UNKNOWN);
                v.putPage();
                v.ops.putPage(child);
            }
            return 0;
        }
        v.storeRelease(0);
        if (!deferred) {
            context.flushVmidIpa(v.entryStart(), v.level);
        }
        v.putPage();
        if (!format.forceWriteBack && format.cacheable(old)) {
            v.ops.dcacheCleanInvalPoc(v.oldAddress(), v.size());
        }
        return 0;
    }
}
