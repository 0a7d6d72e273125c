package dev.nido.kvm.pgtable;

/**
 * Receives what {@link Stage2PageTable#getLeaf} and {@link HypPageTable#getLeaf} find, so that
 * looking up allocates nothing. An invalid entry is a leaf too.
 *
 * <p>KVM: the results of {@code kvm_pgtable_get_leaf()}.
 */
public final class Leaf {

    private long pte;
    private int level;
    private int pageShift;

    void set(long pte, int level, int pageShift) {
        this.pte = pte;
        this.level = level;
        this.pageShift = pageShift;
    }

    /** The descriptor. */
    public long pte() {
        return pte;
    }

    /** Its level, −1 to 3. */
    public int level() {
        return level;
    }

    /** Whether it maps something. */
    public boolean valid() {
        return Descriptor.valid(pte);
    }

    /** Output address of the whole page or block. */
    public long outputAddress() {
        return Descriptor.outputAddress(pte, pageShift);
    }

    /** Output address for an input address inside the page or block. */
    public long translate(long address) {
        return outputAddress() | address & size() - 1;
    }

    /** Bytes that an entry of this level maps. */
    public long size() {
        return 1L << TableGeometry.shift(pageShift, level);
    }

    /** The software bits as a number 0 to 15. */
    public int software() {
        return Prot.swOf(Descriptor.softwareProt(pte));
    }

    /** Access flag. */
    public boolean young() {
        return valid() && (pte & Descriptor.AF) != 0;
    }
}
