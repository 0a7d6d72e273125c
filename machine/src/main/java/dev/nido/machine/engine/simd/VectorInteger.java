package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/**
 * Advanced SIMD integer operations on elements of one width: three registers, two registers, by
 * element (Arm ARM C4.1.96, "three same", "two-register miscellaneous", "vector x indexed
 * element").
 *
 * <p>Each 64-bit half is computed on its own; a scalar operation is the same on a half that holds
 * nothing but the element.
 */
final class VectorInteger {

    private VectorInteger() {}

    /** Three registers of one width, and two registers with a comparison against zero. */
    static void binary(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        int size = word >>> 22 & 3;
        if ((word & 1 << 28) != 0) {
            long mask = Lanes.mask(8 << size);
            long low = half(pe, row, size, v[2 * a] & mask, v[2 * b] & mask, v[2 * d] & mask);
            v[2 * d] = low & mask;
            v[2 * d + 1] = 0;
            return;
        }
        long low = half(pe, row, size, v[2 * a], v[2 * b], v[2 * d]);
        long high = 0;
        if ((word & 1 << 30) != 0) {
            high = half(pe, row, size, v[2 * a + 1], v[2 * b + 1], v[2 * d + 1]);
        }
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    private static long half(Pe pe, A64 row, int size, long a, long b, long d) {
        return switch (row) {
            case ORN_V -> a | ~b;
            case ADD_S -> Lanes.add(a, b, size);
            case SUB_S -> Lanes.sub(a, b, size);
            case CMEQ_S -> Lanes.equal(a, b, size);
            case CMTST_S -> Lanes.nonZero(a & b, size);
            case CMGE_S, CMGE_V -> Lanes.signedGreaterOrEqual(a, b, size);
            case CMGT_S, CMGT_V -> ~Lanes.signedGreaterOrEqual(b, a, size);
            case CMHS_S -> Lanes.unsignedGreaterOrEqual(a, b, size);
            case CMHI_S, CMHI_V -> ~Lanes.unsignedGreaterOrEqual(b, a, size);
            case SMAX -> Lanes.select(Lanes.signedGreaterOrEqual(a, b, size), a, b);
            case SMIN -> Lanes.select(Lanes.signedGreaterOrEqual(a, b, size), b, a);
            case UMAX -> Lanes.select(Lanes.unsignedGreaterOrEqual(a, b, size), a, b);
            case UMIN -> Lanes.select(Lanes.unsignedGreaterOrEqual(a, b, size), b, a);
            case SABD -> difference(true, a, b, size);
            case UABD -> difference(false, a, b, size);
            case SABA -> Lanes.add(d, difference(true, a, b, size), size);
            case UABA -> Lanes.add(d, difference(false, a, b, size), size);
            case SHADD -> Lanes.add(a & b, halve(true, a ^ b, size), size);
            case UHADD -> Lanes.add(a & b, halve(false, a ^ b, size), size);
            case SRHADD -> Lanes.sub(a | b, halve(true, a ^ b, size), size);
            case URHADD -> Lanes.sub(a | b, halve(false, a ^ b, size), size);
            case SHSUB -> Lanes.sub(halve(true, a ^ b, size), ~a & b, size);
            case UHSUB -> Lanes.sub(halve(false, a ^ b, size), ~a & b, size);
            case SQADD_S, SQADD_V -> {
                long sum = Lanes.add(a, b, size);
                yield saturate(pe, ~(a ^ b) & (a ^ sum), a, sum, size);
            }
            case SQSUB_S, SQSUB_V -> {
                long sum = Lanes.sub(a, b, size);
                yield saturate(pe, (a ^ b) & (a ^ sum), a, sum, size);
            }
            case UQADD_S, UQADD_V -> {
                long sum = Lanes.add(a, b, size);
                long over = Lanes.spread(a & b | (a | b) & ~sum, size);
                setQc(pe, over);
                yield sum | over;
            }
            case UQSUB_S, UQSUB_V -> {
                long sum = Lanes.sub(a, b, size);
                long under = Lanes.spread(~a & b | (~a | b) & sum, size);
                setQc(pe, under);
                yield sum & ~under;
            }
            case MUL_V, MUL_ELEM -> multiply(a, b, size);
            case MLA_V, MLA_ELEM -> Lanes.add(d, multiply(a, b, size), size);
            case MLS_V, MLS_ELEM -> Lanes.sub(d, multiply(a, b, size), size);
            default -> each(pe, row, size, a, b, d);
        };
    }

    private static void setQc(Pe pe, long saturated) {
        if (saturated != 0) {
            pe.fpsr |= SoftFloat.QC;
        }
    }

    /**
     * Replaces the elements whose highest bit is set in {@code overflow} by the limit on a's side.
     */
    private static long saturate(Pe pe, long overflow, long a, long sum, int size) {
        long over = Lanes.spread(overflow, size);
        if (over == 0) {
            return sum;
        }
        pe.fpsr |= SoftFloat.QC;
        return Lanes.select(over, Lanes.spread(a, size) ^ ~Lanes.high(size), sum);
    }

    private static long difference(boolean signed, long a, long b, int size) {
        long mask =
                signed
                        ? Lanes.signedGreaterOrEqual(a, b, size)
                        : Lanes.unsignedGreaterOrEqual(a, b, size);
        return Lanes.select(mask, Lanes.sub(a, b, size), Lanes.sub(b, a, size));
    }

    private static long halve(boolean signed, long a, int size) {
        long h = Lanes.high(size);
        return a >>> 1 & ~h | (signed ? a & h : 0);
    }

    private static long multiply(long a, long b, int size) {
        switch (size) {
            case 0 -> {
                long r = 0;
                for (int i = 0; i < 64; i += 8) {
                    r |= ((a >>> i) * (b >>> i) & 0xff) << i;
                }
                return r;
            }
            case 1 -> {
                return (a * b & 0xffff)
                        | ((a >>> 16) * (b >>> 16) & 0xffff) << 16
                        | ((a >>> 32) * (b >>> 32) & 0xffff) << 32
                        | (a >>> 48) * (b >>> 48) << 48;
            }
            default -> {
                return a * b & 0xffff_ffffL | (a >>> 32) * (b >>> 32) << 32;
            }
        }
    }

    /** The operations that go element by element. */
    private static long each(Pe pe, A64 row, int size, long a, long b, long d) {
        int n = 8 << size;
        long mask = Lanes.mask(n);
        long result = 0;
        for (int i = 0; i < 64; i += n) {
            long x = Lanes.signExtend(a >>> i, n);
            long y = Lanes.signExtend(b >>> i, n);
            long z = Lanes.signExtend(d >>> i, n);
            long r =
                    switch (row) {
                        case PMUL -> polynomial(x & mask, y & mask);
                        case SSHL_S, SSHL_V -> Shift.signed(x, (byte) y, false);
                        case SRSHL_S, SRSHL_V -> Shift.signed(x, (byte) y, true);
                        case USHL_S, USHL_V -> Shift.unsigned(x & mask, (byte) y, false);
                        case URSHL_S, URSHL_V -> Shift.unsigned(x & mask, (byte) y, true);
                        case SQSHL_S, SQSHL_V -> Shift.signedSaturating(pe, n, x, (byte) y, false);
                        case SQRSHL_S, SQRSHL_V -> Shift.signedSaturating(pe, n, x, (byte) y, true);
                        case UQSHL_S, UQSHL_V ->
                                Shift.unsignedSaturating(pe, n, x & mask, (byte) y, false);
                        case UQRSHL_S, UQRSHL_V ->
                                Shift.unsignedSaturating(pe, n, x & mask, (byte) y, true);
                        case SQDMULH_S, SQDMULH_V, SQDMULH_ELEM_S, SQDMULH_ELEM_V ->
                                limit(pe, n, x * y >> (n - 1));
                        case SQRDMULH_S, SQRDMULH_V, SQRDMULH_ELEM_S, SQRDMULH_ELEM_V ->
                                limit(pe, n, x * y + (1L << (n - 2)) >> (n - 1));
                        case SQRDMLAH_S, SQRDMLAH_V, SQRDMLAH_ELEM_S, SQRDMLAH_ELEM_V ->
                                limit(pe, n, (z << (n - 1)) + x * y + (1L << (n - 2)) >> (n - 1));
                        case SQRDMLSH_S, SQRDMLSH_V, SQRDMLSH_ELEM_S, SQRDMLSH_ELEM_V ->
                                limit(pe, n, (z << (n - 1)) - x * y + (1L << (n - 2)) >> (n - 1));
                        default -> throw new IllegalArgumentException(row.name());
                    };
            result |= (r & mask) << i;
        }
        return result;
    }

    /** Saturates a value to a signed element. */
    static long limit(Pe pe, int n, long value) {
        long r = Lanes.signExtend(value, n);
        if (r == value) {
            return r;
        }
        pe.fpsr |= SoftFloat.QC;
        return value < 0 ? -1L << (n - 1) : Lanes.mask(n - 1);
    }

    private static long polynomial(long x, long y) {
        long r = 0;
        for (int i = 0; i < 8; i++) {
            r ^= x << i & -(y >>> i & 1);
        }
        return r;
    }

    /** Vector by element, result of the same width. */
    static void byElement(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int size = word >>> 22 & 3;
        long b = Lanes.replicate(indexed(v, word, size), size);
        if ((word & 1 << 28) != 0) {
            long mask = Lanes.mask(8 << size);
            long low = half(pe, row, size, v[2 * a] & mask, b & mask, v[2 * d] & mask);
            v[2 * d] = low & mask;
            v[2 * d + 1] = 0;
            return;
        }
        long low = half(pe, row, size, v[2 * a], b, v[2 * d]);
        long high = (word & 1 << 30) != 0 ? half(pe, row, size, v[2 * a + 1], b, v[2 * d + 1]) : 0;
        v[2 * d] = low;
        v[2 * d + 1] = high;
    }

    /** The element of Vm that the fields H, L, M and Rm name; {@code size} 1 to 3. */
    static long indexed(long[] v, int word, int size) {
        int h = word >>> 11 & 1;
        int l = word >>> 21 & 1;
        int m = word >>> 20 & 1;
        return switch (size) {
            case 1 -> Lanes.get(v, word >>> 16 & 15, 16, h << 2 | l << 1 | m);
            case 2 -> Lanes.get(v, word >>> 16 & 31, 32, h << 1 | l);
            default -> v[2 * (word >>> 16 & 31) + h];
        };
    }

    // ------------------------------------------------------------------ pairs

    /** Pairwise operations on two vectors. */
    static void pairwise(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int b = word >>> 16 & 31;
        int size = word >>> 22 & 3;
        if (size == 3) {
            long low = v[2 * a] + v[2 * a + 1];
            v[2 * d + 1] = v[2 * b] + v[2 * b + 1];
            v[2 * d] = low;
            return;
        }
        if ((word & 1 << 30) == 0) {
            v[2 * d] = pairs(row, v[2 * a], v[2 * b], size);
            v[2 * d + 1] = 0;
            return;
        }
        long low = pairs(row, v[2 * a], v[2 * a + 1], size);
        v[2 * d + 1] = pairs(row, v[2 * b], v[2 * b + 1], size);
        v[2 * d] = low;
    }

    private static long pairs(A64 row, long low, long high, int size) {
        long x = Lanes.compressEven(low, size) | Lanes.compressEven(high, size) << 32;
        long y = Lanes.compressOdd(low, size) | Lanes.compressOdd(high, size) << 32;
        return switch (row) {
            case ADDP_V -> Lanes.add(x, y, size);
            case SMAXP -> Lanes.select(Lanes.signedGreaterOrEqual(x, y, size), x, y);
            case SMINP -> Lanes.select(Lanes.signedGreaterOrEqual(x, y, size), y, x);
            case UMAXP -> Lanes.select(Lanes.unsignedGreaterOrEqual(x, y, size), x, y);
            case UMINP -> Lanes.select(Lanes.unsignedGreaterOrEqual(x, y, size), y, x);
            default -> throw new IllegalArgumentException(row.name());
        };
    }

    /** ADDP (scalar). */
    static void addPair(Pe pe, int word) {
        int d = word & 31;
        int a = word >>> 5 & 31;
        pe.v[2 * d] = pe.v[2 * a] + pe.v[2 * a + 1];
        pe.v[2 * d + 1] = 0;
    }

    // ------------------------------------------------------------------ two registers

    /** Two registers of one width. */
    static void unary(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int size = word >>> 22 & 3;
        if ((word & 1 << 28) != 0) {
            long mask = Lanes.mask(8 << size);
            v[2 * d] = unaryHalf(pe, row, size, v[2 * a] & mask, v[2 * d] & mask) & mask;
            v[2 * d + 1] = 0;
            return;
        }
        v[2 * d] = unaryHalf(pe, row, size, v[2 * a], v[2 * d]);
        v[2 * d + 1] =
                (word & 1 << 30) != 0 ? unaryHalf(pe, row, size, v[2 * a + 1], v[2 * d + 1]) : 0;
    }

    private static long unaryHalf(Pe pe, A64 row, int size, long a, long d) {
        return switch (row) {
            case NEG_S, NEG_V -> Lanes.sub(0, a, size);
            case ABS_S, ABS_V -> {
                long sign = Lanes.spread(a, size);
                yield Lanes.sub(a ^ sign, sign, size);
            }
            case SQABS_S, SQABS_V -> {
                long sign = Lanes.spread(a, size);
                long r = Lanes.sub(a ^ sign, sign, size);
                // Only the most negative value stays negative.
                yield saturate(pe, r, ~a, r, size);
            }
            case SQNEG_S, SQNEG_V -> {
                long r = Lanes.sub(0, a, size);
                yield saturate(pe, a & r, ~a, r, size);
            }
            case CMEQ_ZERO_S -> Lanes.equal(a, 0, size);
            case CMGE_ZERO_S, CMGE_ZERO_V -> ~Lanes.spread(a, size);
            case CMGT_ZERO_S, CMGT_ZERO_V -> ~Lanes.spread(a, size) & Lanes.nonZero(a, size);
            case CMLE_S, CMLE_V -> Lanes.spread(a, size) | Lanes.equal(a, 0, size);
            case CMLT_S, CMLT_V -> Lanes.spread(a, size);
            case NOT -> ~a;
            case RBIT_V -> Long.reverseBytes(Long.reverse(a));
            case REV64 ->
                    switch (size) {
                        case 0 -> Long.reverseBytes(a);
                        case 1 ->
                                a << 48
                                        | (a & 0xffff_0000L) << 16
                                        | a >>> 16 & 0xffff_0000L
                                        | a >>> 48;
                        default -> Long.rotateLeft(a, 32);
                    };
            case REV32_V ->
                    size == 0
                            ? Long.rotateLeft(Long.reverseBytes(a), 32)
                            : (a & Lanes.even(1)) << 16 | a >>> 16 & Lanes.even(1);
            case REV16_V -> (a & Lanes.even(0)) << 8 | a >>> 8 & Lanes.even(0);
            case CNT -> {
                long x = a - (a >>> 1 & 0x5555_5555_5555_5555L);
                x = (x & 0x3333_3333_3333_3333L) + (x >>> 2 & 0x3333_3333_3333_3333L);
                yield x + (x >>> 4) & 0x0f0f_0f0f_0f0f_0f0fL;
            }
            case CLZ_V, CLS_V -> {
                int n = 8 << size;
                long r = 0;
                for (int i = 0; i < 64; i += n) {
                    long x = a >>> i & Lanes.mask(n);
                    if (row == A64.CLS_V) {
                        // As many leading zeros as bits that equal the one above them.
                        x = (x ^ x >>> 1) & Lanes.mask(n - 1);
                        r |= (long) (Long.numberOfLeadingZeros(x) - 65 + n) << i;
                    } else {
                        r |= (long) (Long.numberOfLeadingZeros(x) - 64 + n) << i;
                    }
                }
                yield r;
            }
            case SUQADD_S, SUQADD_V, USQADD_S, USQADD_V -> accumulate(pe, row, size, a, d);
            default -> throw new IllegalArgumentException(row.name());
        };
    }

    private static long accumulate(Pe pe, A64 row, int size, long a, long d) {
        boolean toSigned = row == A64.SUQADD_S || row == A64.SUQADD_V;
        int n = 8 << size;
        long mask = Lanes.mask(n);
        long result = 0;
        for (int i = 0; i < 64; i += n) {
            long r;
            if (toSigned) {
                long x = a >>> i & mask;
                long y = Lanes.signExtend(d >>> i, n);
                r = x + y;
                boolean over = n < 64 ? r > mask >>> 1 : y >= 0 ? x < 0 || r < 0 : x < 0 && r < 0;
                if (over) {
                    pe.fpsr |= SoftFloat.QC;
                    r = mask >>> 1;
                }
            } else {
                long x = Lanes.signExtend(a >>> i, n);
                long y = d >>> i & mask;
                r = x + y;
                boolean under = n < 64 ? r < 0 : x < 0 && Long.compareUnsigned(y, -x) < 0;
                boolean over = n < 64 ? r > mask : x >= 0 && Long.compareUnsigned(r, y) < 0;
                if (under || over) {
                    pe.fpsr |= SoftFloat.QC;
                    r = under ? 0 : mask;
                }
            }
            result |= (r & mask) << i;
        }
        return result;
    }

    // ------------------------------------------------------------------ across lanes

    /** ADDV, SADDLV, SMAXV and their kin. */
    static void across(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int size = word >>> 22 & 3;
        int n = 8 << size;
        int count = ((word & 1 << 30) != 0 ? 128 : 64) / n;
        boolean signed = row == A64.SADDLV || row == A64.SMAXV || row == A64.SMINV;
        long r = 0;
        for (int i = 0; i < count; i++) {
            long x = Lanes.get(v, a, n, i);
            if (signed) {
                x = Lanes.signExtend(x, n);
            }
            if (i == 0) {
                r = x;
                continue;
            }
            r =
                    switch (row) {
                        case ADDV, SADDLV, UADDLV -> r + x;
                        case SMAXV, UMAXV -> Math.max(r, x);
                        default -> Math.min(r, x);
                    };
        }
        boolean wide = row == A64.SADDLV || row == A64.UADDLV;
        v[2 * d] = r & Lanes.mask(wide ? 2 * n : n);
        v[2 * d + 1] = 0;
    }
}
