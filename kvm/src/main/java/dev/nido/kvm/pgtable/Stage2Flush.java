package dev.nido.kvm.pgtable;

/**
 * Cleans and invalidates the data caches for every cacheable leaf.
 *
 * <p>KVM: {@code stage2_flush_walker()}.
 */
final class Stage2Flush extends PageTableWalker {

    private final Stage2Descriptor format;

    Stage2Flush(Stage2Descriptor format) {
        super(LEAF);
        this.format = format;
    }

    @Override
    protected int visit(Visit v, int kind) {
        if (Descriptor.valid(v.old) && format.cacheable(v.old)) {
            v.ops.dcacheCleanInvalPoc(v.oldAddress(), v.size());
        }
        return 0;
    }
}
