package dev.nido.machine.engine;

import dev.nido.isa.A64;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

/** The general-purpose data-processing instructions that {@link Interpreter} does not write out. */
final class IntegerSemantics {
    private IntegerSemantics() {}

    private static final long W = 0xffffffffL;

    static void execute(Pe pe, A64 row, int word) {
        long[] x = pe.x;
        boolean sf = word < 0;
        int rd = word & 31;
        long n = x[word >>> 5 & 31];
        long m = x[word >>> 16 & 31];
        long result;
        switch (row) {
            case ADC -> result = n + m + carry(pe);
            case SBC -> result = n + ~m + carry(pe);
            case ADCS, SBCS -> {
                long b = row == A64.SBCS ? ~m : m;
                int c = carry(pe);
                pe.nzcv = sf ? Alu.adcFlags64(n, b, c) : Alu.adcFlags32((int) n, (int) b, c);
                result = n + b + c;
            }
            case ADD_SHIFT -> result = n + shifted(word, m, sf);
            case SUB_SHIFT -> result = n - shifted(word, m, sf);
            case ADDS_SHIFT -> result = addFlags(pe, n, shifted(word, m, sf), sf);
            case SUBS_SHIFT -> result = subFlags(pe, n, shifted(word, m, sf), sf);
            case ADD_EXT, SUB_EXT, ADDS_EXT, SUBS_EXT -> {
                extended(pe, row, word, m, sf);
                return;
            }
            case AND_SHIFT -> result = n & shifted(word, m, sf);
            case ORR_SHIFT -> result = n | shifted(word, m, sf);
            case EOR_SHIFT -> result = n ^ shifted(word, m, sf);
            case BIC_SHIFT -> result = n & ~shifted(word, m, sf);
            case ORN_SHIFT -> result = n | ~shifted(word, m, sf);
            case EON_SHIFT -> result = n ^ ~shifted(word, m, sf);
            case ANDS_SHIFT -> result = logicFlags(pe, n & shifted(word, m, sf), sf);
            case BICS_SHIFT -> result = logicFlags(pe, n & ~shifted(word, m, sf), sf);
            case MOVK -> {
                int shift = (word >>> 21 & 3) << 4;
                result = x[rd] & ~(0xffffL << shift) | (word >>> 5 & 0xffffL) << shift;
            }
            case LSLV -> result = sf ? n << m : (int) n << (int) m;
            case LSRV -> result = sf ? n >>> m : (int) n >>> (int) m;
            case ASRV -> result = sf ? n >> m : (int) n >> (int) m;
            case RORV ->
                    result =
                            sf
                                    ? Long.rotateRight(n, (int) m)
                                    : Integer.rotateRight((int) n, (int) m);
            case SBFM, BFM -> result = bitField(row, word, n, x[rd], sf);
            case EXTR -> {
                int lsb = word >>> 10 & 63;
                result =
                        lsb == 0
                                ? m
                                : sf ? m >>> lsb | n << 64 - lsb : (m & W) >>> lsb | n << 32 - lsb;
            }
            case CCMN_REG, CCMP_REG, CCMN_IMM, CCMP_IMM -> {
                compare(pe, row, word, n, m, sf);
                return;
            }
            case MSUB -> result = x[word >>> 10 & 31] - n * m;
            case SMADDL -> result = x[word >>> 10 & 31] + (long) (int) n * (int) m;
            case SMSUBL -> result = x[word >>> 10 & 31] - (long) (int) n * (int) m;
            case UMADDL -> result = x[word >>> 10 & 31] + (n & W) * (m & W);
            case UMSUBL -> result = x[word >>> 10 & 31] - (n & W) * (m & W);
            case SMULH -> result = Math.multiplyHigh(n, m);
            case UMULH -> result = Math.unsignedMultiplyHigh(n, m);
            case SDIV -> result = signedDivide(n, m, sf);
            case UDIV -> result = unsignedDivide(n, m, sf);
            case CLZ ->
                    result =
                            sf
                                    ? Long.numberOfLeadingZeros(n)
                                    : Integer.numberOfLeadingZeros((int) n);
            case CLS ->
                    result =
                            sf
                                    ? Long.numberOfLeadingZeros(n ^ n >> 63) - 1
                                    : Integer.numberOfLeadingZeros((int) n ^ (int) n >> 31) - 1;
            case RBIT -> result = sf ? Long.reverse(n) : Integer.reverse((int) n);
            case REV -> result = sf ? Long.reverseBytes(n) : Integer.reverseBytes((int) n);
            case REV16 -> result = (n & 0x00ff00ff00ff00ffL) << 8 | n >>> 8 & 0x00ff00ff00ff00ffL;
            case REV32 -> result = Long.rotateLeft(Long.reverseBytes(n), 32);
            case CRC32 -> result = Crc.update(0xedb88320, (int) n, m, word >>> 10 & 3) & W;
            case CRC32C -> result = Crc.update(0x82f63b78, (int) n, m, word >>> 10 & 3) & W;
            case RMIF -> {
                int rotated = (int) Long.rotateRight(n, word >>> 15 & 63) & 15;
                int mask = word & 15;
                pe.nzcv = (pe.nzcv >>> 28 & ~mask | rotated & mask) << 28;
                return;
            }
            case SETF -> {
                int width = (word >>> 14 & 1) != 0 ? 16 : 8;
                int v = (int) n;
                int sign = v >>> width - 1 & 1;
                boolean zero = (v & (1 << width) - 1) == 0;
                pe.nzcv =
                        sign << 31
                                | (zero ? 1 << 30 : 0)
                                | pe.nzcv & 1 << 29
                                | ((v >>> width & 1) ^ sign) << 28;
                return;
            }
            default -> throw GuestException.undefined();
        }
        x[rd == 31 ? Pe.SINK : rd] = sf ? result : result & W;
    }

    private static int carry(Pe pe) {
        return pe.nzcv >>> 29 & 1;
    }

    private static long addFlags(Pe pe, long a, long b, boolean sf) {
        pe.nzcv = sf ? Alu.addFlags64(a, b) : Alu.addFlags32((int) a, (int) b);
        return a + b;
    }

    private static long subFlags(Pe pe, long a, long b, boolean sf) {
        pe.nzcv = sf ? Alu.subFlags64(a, b) : Alu.subFlags32((int) a, (int) b);
        return a - b;
    }

    private static long logicFlags(Pe pe, long r, boolean sf) {
        pe.nzcv = sf ? Alu.logicFlags64(r) : Alu.logicFlags32((int) r);
        return r;
    }

    /**
     * The second operand of the shifted-register forms: shift type in bits 23:22, amount in 15:10.
     */
    private static long shifted(int word, long m, boolean sf) {
        int amount = word >>> 10 & 63;
        return switch (word >>> 22 & 3) {
            case 0 -> m << amount;
            case 1 -> sf ? m >>> amount : (m & W) >>> amount;
            case 2 -> sf ? m >> amount : (int) m >> amount;
            default -> sf ? Long.rotateRight(m, amount) : Integer.rotateRight((int) m, amount);
        };
    }

    private static void extended(Pe pe, A64 row, int word, long m, boolean sf) {
        int shift = word >>> 10 & 7;
        long b = LoadStoreSemantics.extend(m, word >>> 13 & 7) << shift;
        int rn = word >>> 5 & 31;
        int rd = word & 31;
        long n = pe.x[rn == 31 ? Pe.SP : rn];
        boolean flags = row == A64.ADDS_EXT || row == A64.SUBS_EXT;
        boolean add = row == A64.ADD_EXT || row == A64.ADDS_EXT;
        long result;
        if (flags) {
            result = add ? addFlags(pe, n, b, sf) : subFlags(pe, n, b, sf);
        } else {
            result = add ? n + b : n - b;
        }
        pe.x[rd != 31 ? rd : flags ? Pe.SINK : Pe.SP] = sf ? result : result & W;
    }

    private static long bitField(A64 row, int word, long n, long d, boolean sf) {
        int immr = word >>> 16 & 63;
        int imms = word >>> 10 & 63;
        int size = sf ? 64 : 32;
        if (row == A64.SBFM) {
            // imms < immr: SBFIZ, the field at bit size - immr, signed.
            long field = n << 63 - imms >> 63 - imms;
            return imms >= immr ? field >> immr : field << size - immr;
        }
        if (imms >= immr) {
            long mask = -1L >>> 63 - (imms - immr);
            return d & ~mask | n >>> immr & mask;
        }
        long mask = -1L >>> 63 - imms;
        int lsb = size - immr;
        return d & ~(mask << lsb) | (n & mask) << lsb;
    }

    private static void compare(Pe pe, A64 row, int word, long n, long m, boolean sf) {
        if (!Alu.holds(word >>> 12, pe.nzcv)) {
            pe.nzcv = word << 28;
            return;
        }
        boolean immediate = row == A64.CCMN_IMM || row == A64.CCMP_IMM;
        long b = immediate ? word >>> 16 & 31 : m;
        if (row == A64.CCMN_REG || row == A64.CCMN_IMM) {
            addFlags(pe, n, b, sf);
        } else {
            subFlags(pe, n, b, sf);
        }
    }

    private static long signedDivide(long n, long m, boolean sf) {
        if (sf) {
            return m == 0 ? 0 : m == -1 ? -n : n / m;
        }
        int b = (int) m;
        return b == 0 ? 0 : b == -1 ? -(int) n : (int) n / b;
    }

    private static long unsignedDivide(long n, long m, boolean sf) {
        if (sf) {
            return m == 0 ? 0 : Long.divideUnsigned(n, m);
        }
        return (int) m == 0 ? 0 : Integer.divideUnsigned((int) n, (int) m);
    }

    /** The CRC32 instructions: bit-reflected, byte by byte with a table for each polynomial. */
    private static final class Crc {
        private static final int[] ISO = table(0xedb88320);
        private static final int[] CASTAGNOLI = table(0x82f63b78);

        private static int[] table(int polynomial) {
            int[] table = new int[256];
            for (int i = 0; i < 256; i++) {
                int c = i;
                for (int bit = 0; bit < 8; bit++) {
                    c = (c & 1) != 0 ? c >>> 1 ^ polynomial : c >>> 1;
                }
                table[i] = c;
            }
            return table;
        }

        static int update(int polynomial, int crc, long value, int log2size) {
            int[] table = polynomial == 0xedb88320 ? ISO : CASTAGNOLI;
            int c = crc;
            for (int i = 0; i < 1 << log2size; i++) {
                c = c >>> 8 ^ table[(c ^ (int) value) & 0xff];
                value >>>= 8;
            }
            return c;
        }
    }
}
