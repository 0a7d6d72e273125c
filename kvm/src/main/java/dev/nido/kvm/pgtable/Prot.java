package dev.nido.kvm.pgtable;

/**
 * What a mapping permits and what memory it maps: a set of bits in an int, so that passing it
 * allocates nothing.
 *
 * <p>KVM: {@code enum kvm_pgtable_prot}.
 */
public final class Prot {

    /** Readable. */
    public static final int R = 1;

    /** Writable. */
    public static final int W = 1 << 1;

    /** Executable at EL1 (stage 2), or at EL2 (hyp stage 1). */
    public static final int PX = 1 << 2;

    /** Executable at EL0. Without FEAT_XNX a stage-2 mapping has either both or none. */
    public static final int UX = 1 << 3;

    /** Executable. */
    public static final int X = PX | UX;

    /** Device-nGnRE memory. */
    public static final int DEVICE = 1 << 4;

    /** Normal memory, not cacheable. */
    public static final int NORMAL_NC = 1 << 5;

    /** Hyp stage 1 of the EL2&amp;0 regime only: executable at EL0. */
    public static final int EL0_X = 1 << 6;

    /** Software bits: descriptor bits 55 to 58, for the caller to tag mappings with. */
    public static final int SW0 = 1 << 8;

    public static final int SW1 = 1 << 9;
    public static final int SW2 = 1 << 10;
    public static final int SW3 = 1 << 11;

    /** All four software bits. */
    public static final int SW = SW0 | SW1 | SW2 | SW3;

    /** Memory type and shareability are as {@link #attributes} has them. */
    public static final int ATTRIBUTES = 1 << 18;

    static final int MEMATTR_SHIFT = 12;
    static final int SHAREABILITY_SHIFT = 16;

    private static final int MEMATTR = 15 << MEMATTR_SHIFT;
    private static final int SHAREABILITY = 3 << SHAREABILITY_SHIFT;

    /** All bits that {@link #attributes} may set. */
    static final int GIVEN = ATTRIBUTES | MEMATTR | SHAREABILITY;

    public static final int RW = R | W;
    public static final int RX = R | X;
    public static final int RWX = R | W | X;

    /** Where {@link #SW0} stands here, and in a descriptor. */
    static final int SW_SHIFT = 8;

    static final int DESCRIPTOR_SW_SHIFT = 55;

    private Prot() {}

    /**
     * The memory type and shareability of a stage-2 descriptor, for another one that is to have the
     * same: MemAttr in bits 5:2, SH in bits 9:8.
     */
    public static int attributes(long descriptor) {
        return ATTRIBUTES
                | (int) (descriptor >>> 2 & 15) << MEMATTR_SHIFT
                | (int) (descriptor >>> 8 & 3) << SHAREABILITY_SHIFT;
    }

    /** Software bits from a number 0 to 15; bit 0 is {@link #SW0}. */
    public static int sw(int value) {
        return value << SW_SHIFT & SW;
    }

    /** The software bits as a number 0 to 15. */
    public static int swOf(int prot) {
        return (prot & SW) >>> SW_SHIFT;
    }

    /** For messages: {@code RWX}, {@code R--D}, {@code RW- sw=3}. */
    public static String toString(int prot) {
        StringBuilder s = new StringBuilder();
        s.append((prot & R) != 0 ? 'R' : '-');
        s.append((prot & W) != 0 ? 'W' : '-');
        s.append((prot & X) == X ? 'X' : (prot & PX) != 0 ? 'P' : (prot & UX) != 0 ? 'U' : '-');
        s.append((prot & DEVICE) != 0 ? "D" : "");
        s.append((prot & NORMAL_NC) != 0 ? "N" : "");
        if (swOf(prot) != 0) {
            s.append(" sw=").append(swOf(prot));
        }
        return s.toString();
    }
}
