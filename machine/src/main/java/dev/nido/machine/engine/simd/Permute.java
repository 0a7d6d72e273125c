package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/**
 * Advanced SIMD instructions that move elements: copies, permutations, table look-ups, EXT, and the
 * modified immediates (Arm ARM C4.1.96).
 */
final class Permute {

    private Permute() {}

    static void execute(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int imm5 = word >>> 16 & 31;
        boolean q = (word & 1 << 30) != 0;
        switch (row) {
            case DUP_ELEM_V, DUP_ELEM_S -> {
                int size = Integer.numberOfTrailingZeros(imm5);
                long x = Lanes.get(v, a, 8 << size, imm5 >>> (size + 1));
                long r = row == A64.DUP_ELEM_S ? x : Lanes.replicate(x, size);
                v[2 * d] = r;
                v[2 * d + 1] = q && row == A64.DUP_ELEM_V ? r : 0;
            }
            case DUP_GPR -> {
                long r = Lanes.replicate(pe.x[a], Integer.numberOfTrailingZeros(imm5));
                v[2 * d] = r;
                v[2 * d + 1] = q ? r : 0;
            }
            case INS_GPR -> {
                int size = Integer.numberOfTrailingZeros(imm5);
                Lanes.put(v, d, 8 << size, imm5 >>> (size + 1), pe.x[a]);
            }
            case INS_ELEM -> {
                int size = Integer.numberOfTrailingZeros(imm5);
                long x = Lanes.get(v, a, 8 << size, (word >>> 11 & 15) >>> size);
                Lanes.put(v, d, 8 << size, imm5 >>> (size + 1), x);
            }
            case UMOV -> {
                int size = Integer.numberOfTrailingZeros(imm5);
                pe.x[d == 31 ? Pe.SINK : d] = Lanes.get(v, a, 8 << size, imm5 >>> (size + 1));
            }
            case SMOV -> {
                int size = Integer.numberOfTrailingZeros(imm5);
                long x =
                        Lanes.signExtend(
                                Lanes.get(v, a, 8 << size, imm5 >>> (size + 1)), 8 << size);
                pe.x[d == 31 ? Pe.SINK : d] = q ? x : x & 0xffff_ffffL;
            }
            case EXT -> extract(v, word, d, a, q);
            case TBL, TBX -> table(v, word, row == A64.TBX);
            case ZIP1, ZIP2, UZP1, UZP2, TRN1, TRN2 -> twoVectors(v, row, word);
            case MOVI,
                    MVNI,
                    ORR_V_IMM,
                    BIC_V_IMM,
                    MOVI_MSL,
                    MVNI_MSL,
                    MOVI_B,
                    MOVI_D,
                    FMOV_V_IMM,
                    FMOV_V_IMM_H ->
                    immediate(v, row, word);
            default -> throw new IllegalArgumentException(row.name());
        }
    }

    private static void extract(long[] v, int word, int d, int a, boolean q) {
        int b = word >>> 16 & 31;
        int shift = 8 * (word >>> 11 & 15);
        if (!q) {
            v[2 * d] = funnel(v[2 * a], v[2 * b], shift);
            v[2 * d + 1] = 0;
            return;
        }
        long x0 = v[2 * a];
        long x1 = v[2 * a + 1];
        long x2 = v[2 * b];
        long x3 = v[2 * b + 1];
        v[2 * d] = shift < 64 ? funnel(x0, x1, shift) : funnel(x1, x2, shift - 64);
        v[2 * d + 1] = shift < 64 ? funnel(x1, x2, shift) : funnel(x2, x3, shift - 64);
    }

    private static long funnel(long low, long high, int shift) {
        return shift == 0 ? low : low >>> shift | high << -shift;
    }

    private static void table(long[] v, int word, boolean extension) {
        int d = word & 31;
        int first = word >>> 5 & 31;
        int limit = 16 * ((word >>> 13 & 3) + 1);
        int indices = word >>> 16 & 31;
        long low = lookUp(v, first, limit, v[2 * indices], extension ? v[2 * d] : 0);
        long high = 0;
        if ((word & 1 << 30) != 0) {
            high = lookUp(v, first, limit, v[2 * indices + 1], extension ? v[2 * d + 1] : 0);
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    private static long lookUp(long[] v, int first, int limit, long indices, long otherwise) {
        long r = 0;
        for (int i = 0; i < 64; i += 8) {
            int index = (int) (indices >>> i) & 0xff;
            long x =
                    index < limit
                            ? v[2 * first + (index >>> 3) & 63] >>> 8 * (index & 7)
                            : otherwise >>> i;
            r |= (x & 0xff) << i;
        }
        return r;
    }

    private static void twoVectors(long[] v, A64 row, int word) {
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        int size = word >>> 22 & 3;
        boolean q = (word & 1 << 30) != 0;
        long a0 = v[2 * a];
        long a1 = v[2 * a + 1];
        long b0 = v[2 * b];
        long b1 = v[2 * b + 1];
        long low;
        long high = 0;
        if (size == 3) {
            boolean second = row == A64.ZIP2 || row == A64.UZP2 || row == A64.TRN2;
            low = second ? a1 : a0;
            high = second ? b1 : b0;
        } else {
            int n = 8 << size;
            long even = Lanes.even(size);
            switch (row) {
                case TRN1 -> {
                    low = a0 & even | (b0 & even) << n;
                    high = a1 & even | (b1 & even) << n;
                }
                case TRN2 -> {
                    low = a0 >>> n & even | b0 & ~even;
                    high = a1 >>> n & even | b1 & ~even;
                }
                case UZP1 -> {
                    long x = Lanes.compressEven(a0, size);
                    low = x | Lanes.compressEven(q ? a1 : b0, size) << 32;
                    high =
                            q
                                    ? Lanes.compressEven(b0, size)
                                            | Lanes.compressEven(b1, size) << 32
                                    : 0;
                }
                case UZP2 -> {
                    long x = Lanes.compressOdd(a0, size);
                    low = x | Lanes.compressOdd(q ? a1 : b0, size) << 32;
                    high = q ? Lanes.compressOdd(b0, size) | Lanes.compressOdd(b1, size) << 32 : 0;
                }
                case ZIP1 -> {
                    low = zip(a0, b0, size);
                    high = zip(a0 >>> 32, b0 >>> 32, size);
                }
                default -> {
                    long x = q ? a1 : a0 >>> 32;
                    long y = q ? b1 : b0 >>> 32;
                    low = zip(x, y, size);
                    high = zip(x >>> 32, y >>> 32, size);
                }
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = q ? high : 0;
    }

    private static long zip(long a, long b, int size) {
        return Lanes.expandEven(a, size) | Lanes.expandEven(b, size) << (8 << size);
    }

    // ------------------------------------------------------------------ immediates

    private static void immediate(long[] v, A64 row, int word) {
        int d = word & 31;
        long imm8 = word >>> 11 & 0xe0 | word >>> 5 & 31;
        int cmode = word >>> 12 & 15;
        boolean q = (word & 1 << 30) != 0;
        long value =
                switch (row) {
                    case MOVI_B -> Lanes.replicate(imm8, 0);
                    case MOVI_D -> Long.expand(imm8, Lanes.low(0)) * 0xff;
                    case MOVI_MSL, MVNI_MSL -> {
                        int shift = 8 << (cmode & 1);
                        yield Lanes.replicate(imm8 << shift | Lanes.mask(shift), 2);
                    }
                    case FMOV_V_IMM_H -> Lanes.replicate(expand((int) imm8, 16), 1);
                    case FMOV_V_IMM ->
                            (word & 1 << 29) != 0
                                    ? expand((int) imm8, 64)
                                    : Lanes.replicate(expand((int) imm8, 32), 2);
                    default ->
                            cmode < 8
                                    ? Lanes.replicate(imm8 << 8 * (cmode >>> 1), 2)
                                    : Lanes.replicate(imm8 << 8 * (cmode >>> 1 & 1), 1);
                };
        long low;
        long high;
        switch (row) {
            case ORR_V_IMM -> {
                low = v[2 * d] | value;
                high = v[2 * d + 1] | value;
            }
            case BIC_V_IMM -> {
                low = v[2 * d] & ~value;
                high = v[2 * d + 1] & ~value;
            }
            case MVNI, MVNI_MSL -> {
                low = ~value;
                high = ~value;
            }
            default -> {
                low = value;
                high = value;
            }
        }
        v[2 * d] = low;
        v[2 * d + 1] = q ? high : 0;
    }

    /** VFPExpandImm: an 8-bit immediate as a floating-point number of {@code n} bits. */
    static long expand(int imm8, int n) {
        int f = SoftFloat.fractionBits(n);
        int e = n - 1 - f;
        long exponent =
                (imm8 >>> 4 & 3) | ((imm8 & 0x40) != 0 ? (1L << (e - 3)) - 1 << 2 : 1L << (e - 1));
        return (long) (imm8 >>> 7) << (n - 1) | exponent << f | (long) (imm8 & 15) << (f - 4);
    }
}
