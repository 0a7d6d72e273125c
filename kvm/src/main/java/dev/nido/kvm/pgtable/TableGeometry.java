package dev.nido.kvm.pgtable;

/**
 * The shape of a table tree: sizes that follow from granule, input address size and start level
 * (Arm ARM D8.2). {@code shift(l) = (3 − l)·(P − 3) + P}, P being the page shift.
 *
 * <p>KVM: {@code kvm_granule_shift()}, {@code kvm_pgd_pages()}, {@code
 * kvm_level_supports_block_mapping()}.
 *
 * @param pageShift 12, 14 or 16
 * @param iaBits size of the input address in bits, at most 52
 * @param startLevel level of the root table, −1 to 3
 * @param lowestBlockLevel the lowest level that has blocks
 */
public record TableGeometry(int pageShift, int iaBits, int startLevel, int lowestBlockLevel) {

    /** The last level, whose entries are pages. */
    public static final int LAST_LEVEL = 3;

    /** Bytes of a page, which is also a table. */
    public long pageSize() {
        return 1L << pageShift;
    }

    /** Number of entries of a table. */
    public int entries() {
        return 1 << pageShift - 3;
    }

    /** Logarithm of what an entry of a level maps, in bytes. */
    public int shift(int level) {
        return shift(pageShift, level);
    }

    static int shift(int pageShift, int level) {
        return (LAST_LEVEL - level) * (pageShift - 3) + pageShift;
    }

    /** What an entry of a level maps, in bytes. */
    public long size(int level) {
        return 1L << shift(level);
    }

    /** Whether there is such a tree: its root has at most 16 pages, and more than one entry. */
    boolean legal() {
        return iaBits <= 52
                && startLevel <= LAST_LEVEL
                && iaBits > shift(startLevel)
                && iaBits <= shift(startLevel - 1) + 4;
    }

    /** Pages of the root: more than one if tables are concatenated. */
    public long pgdPages() {
        return (inputLimit() - 1 >>> shift(startLevel - 1)) + 1;
    }

    /** Bytes of the root. */
    public long pgdSize() {
        return pgdPages() << pageShift;
    }

    /** One past the last input address. */
    public long inputLimit() {
        return 1L << iaBits;
    }

    /** Number of levels. */
    public int levels() {
        return LAST_LEVEL - startLevel + 1;
    }

    /** Whether a level has leaves. */
    public boolean hasLeaves(int level) {
        return level == LAST_LEVEL || level >= lowestBlockLevel;
    }

    /** Whether blocks of a size exist; pages count as well. */
    public boolean supportsBlock(long size) {
        for (int level = lowestBlockLevel; level <= LAST_LEVEL; level++) {
            if (size == size(level)) {
                return true;
            }
        }
        return false;
    }
}
