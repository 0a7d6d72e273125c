package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/** Advanced SIMD shifts by an immediate, vector and scalar (Arm ARM C4.1.96). */
final class ShiftImmediate {

    private ShiftImmediate() {}

    /** log2 of the element's bytes: the highest bit set in immh. */
    static int size(int word) {
        return 31 - Integer.numberOfLeadingZeros(word >>> 19 & 15);
    }

    /** Shifts whose result is as wide as the operand. */
    static void sameWidth(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int size = size(word);
        int imm = word >>> 16 & 127;
        if ((word & 1 << 28) != 0) {
            long mask = Lanes.mask(8 << size);
            v[2 * d] = half(pe, row, size, imm, v[2 * a] & mask, v[2 * d] & mask) & mask;
            v[2 * d + 1] = 0;
            return;
        }
        v[2 * d] = half(pe, row, size, imm, v[2 * a], v[2 * d]);
        v[2 * d + 1] =
                (word & 1 << 30) != 0 ? half(pe, row, size, imm, v[2 * a + 1], v[2 * d + 1]) : 0;
    }

    private static long half(Pe pe, A64 row, int size, int imm, long a, long d) {
        int n = 8 << size;
        int right = 2 * n - imm;
        int left = imm - n;
        return switch (row) {
            case SHL_S, SHL_V -> Lanes.shiftLeft(a, left, size);
            case SLI_S, SLI_V -> {
                long kept = Lanes.replicate(Lanes.mask(n) << left, size);
                yield Lanes.shiftLeft(a, left, size) | d & ~kept;
            }
            case SRI_S, SRI_V -> {
                long taken = right == n ? 0 : Lanes.replicate(Lanes.mask(n) >>> right, size);
                yield Lanes.shiftRightUnsigned(a, right, size) | d & ~taken;
            }
            case USHR_S, USHR_V -> Lanes.shiftRightUnsigned(a, right, size);
            case SSHR_S, SSHR_V -> Lanes.shiftRightSigned(a, right, size);
            case USRA_S, USRA_V -> Lanes.add(d, Lanes.shiftRightUnsigned(a, right, size), size);
            case SSRA_S, SSRA_V -> Lanes.add(d, Lanes.shiftRightSigned(a, right, size), size);
            case URSHR_S, URSHR_V -> rounded(a, right, size, false);
            case SRSHR_S, SRSHR_V -> rounded(a, right, size, true);
            case URSRA_S, URSRA_V -> Lanes.add(d, rounded(a, right, size, false), size);
            case SRSRA_S, SRSRA_V -> Lanes.add(d, rounded(a, right, size, true), size);
            default -> saturatingLeft(pe, row, n, left, a);
        };
    }

    private static long rounded(long a, int shift, int size, boolean signed) {
        long r =
                signed
                        ? Lanes.shiftRightSigned(a, shift, size)
                        : Lanes.shiftRightUnsigned(a, shift, size);
        return Lanes.add(r, a >>> (shift - 1) & Lanes.low(size), size);
    }

    private static long saturatingLeft(Pe pe, A64 row, int n, int shift, long a) {
        long mask = Lanes.mask(n);
        long result = 0;
        for (int i = 0; i < 64; i += n) {
            long x = a >>> i;
            long r =
                    switch (row) {
                        case SQSHL_IMM_S, SQSHL_IMM_V ->
                                Shift.signedSaturating(pe, n, Lanes.signExtend(x, n), shift, false);
                        case UQSHL_IMM_S, UQSHL_IMM_V ->
                                Shift.unsignedSaturating(pe, n, x & mask, shift, false);
                        case SQSHLU_S, SQSHLU_V ->
                                Shift.signedToUnsigned(pe, n, Lanes.signExtend(x, n), shift);
                        default -> throw new IllegalArgumentException(row.name());
                    };
            result |= (r & mask) << i;
        }
        return result;
    }

    /** SSHLL and USHLL. */
    static void lengthen(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int size = size(word);
        int left = (word >>> 16 & 127) - (8 << size);
        long a = v[2 * (word >>> 5 & 31) + (word >>> 30 & 1)];
        boolean signed = row == A64.SSHLL;
        v[2 * d] = Lanes.shiftLeft(WideInteger.lengthen(a, size, signed), left, size + 1);
        v[2 * d + 1] =
                Lanes.shiftLeft(WideInteger.lengthen(a >>> 32, size, signed), left, size + 1);
    }

    /** Right shifts to half the width. */
    static void narrow(Pe pe, A64 row, int word) {
        long[] v = pe.v;
        int d = word & 31;
        int a = word >>> 5 & 31;
        int size = size(word);
        int n = 8 << size;
        int right = 2 * n - (word >>> 16 & 127);
        if (row == A64.SHRN || row == A64.RSHRN) {
            long low = v[2 * a];
            long high = v[2 * a + 1];
            if (row == A64.SHRN) {
                low = Lanes.shiftRightUnsigned(low, right, size + 1);
                high = Lanes.shiftRightUnsigned(high, right, size + 1);
            } else {
                low = rounded(low, right, size + 1, false);
                high = rounded(high, right, size + 1, false);
            }
            WideInteger.writePart(
                    v, word, Lanes.compressEven(low, size) | Lanes.compressEven(high, size) << 32);
            return;
        }
        if ((word & 1 << 28) != 0) {
            v[2 * d] = saturatingNarrow(pe, row, n, right, v[2 * a]);
            v[2 * d + 1] = 0;
            return;
        }
        long r = 0;
        for (int i = 0; i < 64 / n; i++) {
            r |= saturatingNarrow(pe, row, n, right, Lanes.get(v, a, 2 * n, i)) << i * n;
        }
        WideInteger.writePart(v, word, r);
    }

    private static long saturatingNarrow(Pe pe, A64 row, int n, int shift, long value) {
        long x = Lanes.signExtend(value, 2 * n);
        return switch (row) {
            case SQSHRN_S, SQSHRN_V ->
                    WideInteger.toSigned(pe, n, Shift.right(x, shift, true, false));
            case SQRSHRN_S, SQRSHRN_V ->
                    WideInteger.toSigned(pe, n, Shift.right(x, shift, true, true));
            case SQSHRUN_S, SQSHRUN_V ->
                    WideInteger.toUnsigned(pe, n, Shift.right(x, shift, true, false));
            case SQRSHRUN_S, SQRSHRUN_V ->
                    WideInteger.toUnsigned(pe, n, Shift.right(x, shift, true, true));
            case UQSHRN_S, UQSHRN_V ->
                    WideInteger.unsignedToUnsigned(
                            pe, n, Shift.right(value & Lanes.mask(2 * n), shift, false, false));
            case UQRSHRN_S, UQRSHRN_V ->
                    WideInteger.unsignedToUnsigned(
                            pe, n, Shift.right(value & Lanes.mask(2 * n), shift, false, true));
            default -> throw new IllegalArgumentException(row.name());
        };
    }
}
