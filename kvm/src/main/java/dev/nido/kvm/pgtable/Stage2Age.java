package dev.nido.kvm.pgtable;

/**
 * Looks at the access flags of a range and clears them on demand. TLBs are left alone: a flag that
 * stays clear a little longer does no harm.
 *
 * <p>KVM: {@code stage2_age_walker()}.
 */
final class Stage2Age extends PageTableWalker {

    private final boolean makeOld;
    private boolean young;

    Stage2Age(boolean makeOld) {
        super(LEAF);
        this.makeOld = makeOld;
    }

    boolean young() {
        return young;
    }

    @Override
    protected int visit(Visit v, int kind) {
        long old = v.old;
        if (Descriptor.valid(old) && (old & Descriptor.AF) != 0) {
            young = true;
            if (makeOld) {
                v.trySet(old & ~Descriptor.AF);
            }
        }
        return 0;
    }
}
