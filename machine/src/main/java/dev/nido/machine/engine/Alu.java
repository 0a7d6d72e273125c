package dev.nido.machine.engine;

/**
 * Condition flags as the instruction set defines them (Arm ARM, AddWithCarry and ConditionHolds).
 */
public final class Alu {
    private Alu() {}

    /** Bit NZCV of element cond is set where the condition holds. */
    private static final int[] CONDITIONS = conditions();

    private static int[] conditions() {
        int[] table = new int[16];
        for (int cond = 0; cond < 16; cond++) {
            for (int flags = 0; flags < 16; flags++) {
                boolean n = (flags & 8) != 0;
                boolean z = (flags & 4) != 0;
                boolean c = (flags & 2) != 0;
                boolean v = (flags & 1) != 0;
                boolean holds =
                        switch (cond >>> 1) {
                            case 0 -> z;
                            case 1 -> c;
                            case 2 -> n;
                            case 3 -> v;
                            case 4 -> c && !z;
                            case 5 -> n == v;
                            case 6 -> n == v && !z;
                            default -> true;
                        };
                if ((cond & 1) != 0 && cond != 15) {
                    holds = !holds;
                }
                if (holds) {
                    table[cond] |= 1 << flags;
                }
            }
        }
        return table;
    }

    /** Whether condition {@code cond} (4 bits) holds for flags in bits 31:28 of {@code nzcv}. */
    public static boolean holds(int cond, int nzcv) {
        return (CONDITIONS[cond & 15] >>> (nzcv >>> 28) & 1) != 0;
    }

    // Without comparisons: whether the JVM's compiler makes branches of them depends on the first
    // values that it saw, and the guest's data then mispredicts them.

    /** 1 where r is zero. */
    static int zero(long r) {
        return (int) ((r | -r) >>> 63) ^ 1;
    }

    private static int pack(long n, long z, long c, long v) {
        return (int) (n << 31 | z << 30 | c << 29 | v << 28);
    }

    /** Flags of a 64-bit a + b. */
    public static int addFlags64(long a, long b) {
        return adcFlags64(a, b, 0);
    }

    /** Flags of a 64-bit a - b. */
    public static int subFlags64(long a, long b) {
        long r = a - b;
        long borrow = (~a & b | ~(a ^ b) & r) >>> 63;
        return pack(r >>> 63, zero(r), borrow ^ 1, ((a ^ b) & (a ^ r)) >>> 63);
    }

    /** Flags of a 32-bit a + b. */
    public static int addFlags32(int a, int b) {
        return adcFlags64((long) a << 32, (long) b << 32, 0);
    }

    /** Flags of a 32-bit a - b. */
    public static int subFlags32(int a, int b) {
        return subFlags64((long) a << 32, (long) b << 32);
    }

    /** Flags of a 64-bit a + b + carry (0 or 1). */
    public static int adcFlags64(long a, long b, int carry) {
        long r = a + b + carry;
        long out = (a & b | (a | b) & ~r) >>> 63;
        return pack(r >>> 63, zero(r), out, ((a ^ r) & (b ^ r)) >>> 63);
    }

    /** Flags of a 32-bit a + b + carry (0 or 1). */
    public static int adcFlags32(int a, int b, int carry) {
        long r = (long) (a + b + carry) << 32;
        long first = (long) a << 32;
        long second = (long) b << 32;
        long out = (first & second | (first | second) & ~r) >>> 63;
        return pack(r >>> 63, zero(r), out, ((first ^ r) & (second ^ r)) >>> 63);
    }

    /** N and Z of a 64-bit result, C and V clear. */
    public static int logicFlags64(long r) {
        return pack(r >>> 63, zero(r), 0, 0);
    }

    /** N and Z of a 32-bit result, C and V clear. */
    public static int logicFlags32(int r) {
        return logicFlags64((long) r << 32);
    }

    /**
     * Decoded logical immediates by N:immr:imms (13 bits), 64-bit form (Arm ARM DecodeBitMasks).
     */
    private static final long[] BITMASKS = bitmasks();

    private static long[] bitmasks() {
        long[] table = new long[1 << 13];
        for (int key = 0; key < table.length; key++) {
            int n = key >>> 12;
            int immr = key >>> 6 & 63;
            int imms = key & 63;
            int length = 31 - Integer.numberOfLeadingZeros(n << 6 | ~imms & 63);
            if (length < 1) {
                continue;
            }
            int size = 1 << length;
            int ones = (imms & size - 1) + 1;
            int rotate = immr & size - 1;
            long element = ones == 64 ? -1L : (1L << ones) - 1;
            if (rotate != 0) {
                element = element >>> rotate | element << size - rotate;
                if (size < 64) {
                    element &= (1L << size) - 1;
                }
            }
            for (int at = size; at < 64; at *= 2) {
                element |= element << at;
            }
            table[key] = element;
        }
        return table;
    }

    /** The 64-bit logical immediate of N:immr:imms. */
    public static long bitmask(int key) {
        return BITMASKS[key & 0x1fff];
    }
}
