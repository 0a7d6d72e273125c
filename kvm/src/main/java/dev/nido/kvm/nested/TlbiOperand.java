package dev.nido.kvm.nested;

/**
 * Operands of TLBI by IPA (Arm ARM C5.5, D8.14.7): which bytes of the IPA space they name. All
 * functions are pure, addresses and sizes are in bytes (KVM: {@code compute_tlb_inval_range()},
 * {@code ttl_to_size()}, {@code decode_range_tlbi()}).
 *
 * <p>An operand for one page: IPA[47:12] in bits 35:0, TTL in bits 47:44. One for a range: BaseADDR
 * in granules in bits 36:0, TTL in bits 38:37, NUM in bits 43:39, SCALE in bits 45:44, TG in bits
 * 47:46.
 */
final class TlbiOperand {

    /** A size that an operand does not tell. */
    static final long UNKNOWN = 0;

    private static final long PAGE_BITS = 0xf_ffff_ffffL;
    private static final long BASE_BITS = 0x1f_ffff_ffffL;

    private TlbiOperand() {}

    /** The IPA in an operand for one page. */
    static long ipa(long value) {
        return (value & PAGE_BITS) << 12;
    }

    /** TTL of an operand for one page: granule in bits 3:2, level in bits 1:0; 0 says nothing. */
    static int ttl(long value) {
        return (int) (value >>> 44) & 15;
    }

    /**
     * What one entry covers that was made from a block or page.
     *
     * @param granule log2 of the granule: 12, 14, 16
     * @param level 1 to 3
     * @return {@link #UNKNOWN} where there are no blocks
     */
    static long size(int granule, int level) {
        boolean exists = level == 3 || level == 2 || level == 1 && granule == 12;
        return exists ? 1L << granule + (3 - level) * (granule - 3) : UNKNOWN;
    }

    /** The size that a TTL tells; {@link #UNKNOWN} for none and for reserved values. */
    static long sizeOf(int ttl) {
        int granule = granuleOf(ttl >> 2);
        return granule == 0 ? UNKNOWN : size(granule, ttl & 3);
    }

    /**
     * log2 of the granule that bits 47:46 of a range name.
     *
     * @return 0 for the reserved value, with which the instruction has no effect
     */
    static int granule(long value) {
        return granuleOf((int) (value >>> 46) & 3);
    }

    private static int granuleOf(int tg) {
        return tg == 0 ? 0 : 10 + 2 * tg;
    }

    /**
     * First byte of a range, below 2^53.
     *
     * @param granule as of {@link #granule}, not 0
     */
    static long rangeStart(long value, int granule) {
        return (value & BASE_BITS) << granule;
    }

    /** Length of a range: (NUM + 1) * 2^(5 * SCALE + 1) granules. */
    static long rangeBytes(long value, int granule) {
        int scale = (int) (value >>> 44) & 3;
        long num = value >>> 39 & 31;
        return num + 1 << 5 * scale + 1 << granule;
    }
}
