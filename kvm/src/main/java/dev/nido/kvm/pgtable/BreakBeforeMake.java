package dev.nido.kvm.pgtable;

/**
 * Replaces a stage-2 entry in the order that the architecture asks for when an output address, a
 * memory type or the size of a block changes (Arm ARM D8.16.1): invalid entry, TLB invalidation,
 * new entry. In between the entry reads {@link Descriptor#LOCKED}, so that a walker that shares the
 * table stays away. Keeps the reference count of the entry's page.
 *
 * <p>KVM: {@code stage2_try_break_pte()}, {@code stage2_make_pte()}.
 */
class BreakBeforeMake {

    private final Stage2Context context;

    BreakBeforeMake(Stage2Context context) {
        this.context = context;
    }

    /**
     * Takes the old entry away, and its translations out of all TLBs.
     *
     * @return false if somebody else was faster; nothing has changed then
     */
    boolean tryBreak(Visit v) {
        long old = v.old;
        if (Descriptor.locked(old)) {
            if (!v.shared()) {
                Warn.that("locked entry at 0x%x in an exclusive walk", v.addr);
            }
            return false;
        }
        if (!v.trySet(Descriptor.LOCKED)) {
            return false;
        }
        if (!v.has(PageTableWalker.SKIP_BBM_TLBI)) {
            invalidate(v);
        }
        if (Stage2Descriptor.counted(old)) {
            v.putPage();
        }
        return true;
    }

    private void invalidate(Visit v) {
        if (v.oldIsTable()) {
            context.flushVmidRange(v.entryStart(), v.size() >>> v.pageShift);
        } else if (Descriptor.valid(v.old)) {
            context.flushVmidIpa(v.entryStart(), v.level);
        }
    }

    /** Puts the new entry in the place of a broken one. */
    void make(Visit v, long value) {
        if (Stage2Descriptor.counted(value)) {
            v.getPage();
        }
        v.storeRelease(value);
    }
}
