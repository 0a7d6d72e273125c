package dev.nido.machine.engine;

import dev.nido.arch.CpuModel;
import dev.nido.isa.A64;
import dev.nido.machine.CodeCache;
import dev.nido.machine.PhysicalMemory;

import java.lang.invoke.VarHandle;

/** Turns instruction words into the packed form of {@link Op}. */
final class Predecoder {

    private static final int WORDS = CodeCache.WORDS;
    private static final int SINK = 32;
    private static final long NOP = Op.pack(Op.MOVE, SINK, 31, 31, 0, 0);

    private final PhysicalMemory memory;
    private final CpuModel cpu;

    Predecoder(PhysicalMemory memory, CpuModel cpu) {
        this.memory = memory;
        this.cpu = cpu;
    }

    /**
     * Decodes, in place, word {@code first} (0–1023) of a code page and those that follow it in its
     * 64-byte line and are not decoded yet.
     */
    void decode(long[] code, int first) {
        int end = first + 1;
        while ((end & 15) != 0 && code[end] == 0) {
            end++;
        }
        int next = (end & 15) != 0 ? memory.get32(code[WORDS] + end * 4L) : 0;
        boolean changed = false;
        for (int i = end - 1; i >= first; i--) {
            long offset = code[WORDS] + i * 4L;
            int word = memory.get32(offset);
            long packed = decode(word, i);
            boolean followed = (i & 15) != 15;
            code[i] = followed ? beforeBranch(fuse(packed, next), code[i + 1]) : packed;
            // Another PE may write the words and invalidate the line between the reads and the
            // store above.
            VarHandle.fullFence();
            changed |= memory.get32(offset) != word;
            if (changed || followed && memory.get32(offset + 4) != next) {
                code[i] = 0;
            }
            next = word;
        }
    }

    /** Says in an operation of the loop that the next one is a branch. */
    private static long beforeBranch(long packed, long next) {
        int following = Op.op(next);
        if (following < Op.BRANCH || following >= Op.MEMORY) {
            return packed;
        }
        int op = Op.op(packed);
        return op >= Op.ALU
                ? packed | Op.BEFORE_BRANCH
                : op >= Op.MEMORY ? packed | (long) Op.MEMORY_BEFORE_BRANCH << 26 : packed;
    }

    private static long fuse(long packed, int next) {
        int op = Op.op(packed);
        if (op != Op.SUBS64 && op != Op.SUBS32 || Op.shift(packed) != 0) {
            return packed;
        }
        if ((next & 0xff000010) != 0x54000000 || (Op.imm(packed) & ~0xfff) != 0) {
            return packed;
        }
        int kind =
                switch (next >>> 1 & 7) {
                    case 0 -> Op.COND_EQUAL; // EQ
                    case 1 -> Op.COND_LOWER | Op.COND_INVERT; // HS
                    case 4 -> Op.COND_LOWER | Op.COND_EQUAL | Op.COND_INVERT; // HI
                    case 5 -> Op.COND_LESS | Op.COND_INVERT; // GE
                    case 6 -> Op.COND_LESS | Op.COND_EQUAL | Op.COND_INVERT; // GT
                    default -> -1;
                };
        if (kind < 0) {
            return packed;
        }
        kind ^= next & 1;
        if (op == Op.SUBS32) {
            kind |= Op.COND_NARROW;
        }
        int branch = next << 8 >> 13;
        return Op.pack(
                Op.COMPARE_BRANCH,
                Op.rd(packed),
                Op.rn(packed),
                Op.rm(packed),
                kind,
                branch << 12 | Op.imm(packed));
    }

    /** Packs the instruction word at index {@code i} of its page. */
    long decode(int word, int i) {
        A64 row = A64.decode(word);
        if (row == null
                || row.reserved(word)
                || row.feature() != null && !cpu.has(row.feature(word))) {
            return Op.row(Op.UNDEFINED, A64.UDF.ordinal(), word);
        }
        int ordinal = row.ordinal();
        if (ordinal >= A64.ABS_S.ordinal()) {
            return Op.row(row == A64.UDF ? Op.UNDEFINED : Op.SIMD, ordinal, word);
        }
        if (ordinal >= A64.ADC.ordinal()) {
            return register(row, word);
        }
        if (ordinal >= A64.CAS.ordinal()) {
            return loadStore(row, word);
        }
        if (ordinal >= A64.AXFLAG.ordinal()) {
            return system(row, word);
        }
        return immediate(row, word, i);
    }

    private static int target(int r) {
        return r == 31 ? 32 : r;
    }

    private static int sp(int r) {
        return r == 31 ? 33 : r;
    }

    private static int d(int word) {
        return word & 31;
    }

    private static int n(int word) {
        return word >>> 5 & 31;
    }

    private static int m(int word) {
        return word >>> 16 & 31;
    }

    private static boolean sf(int word) {
        return word < 0;
    }

    private static long immediate(A64 row, int word, int i) {
        boolean sf = sf(word);
        int narrow = sf ? 0 : Op.NARROW_IMM;
        int imm12 = word >>> 10 & 0xfff;
        if ((word >>> 22 & 1) != 0) {
            imm12 <<= 12;
        }
        int bits = word >>> 10 & 0x1fff;
        int pcRelative = (word << 8 >> 13) << 2 | word >>> 29 & 3;
        return switch (row) {
            case ADD_IMM ->
                    Op.pack(sf ? Op.ADD64 : Op.ADD32, sp(d(word)), sp(n(word)), 31, 0, imm12);
            case SUB_IMM ->
                    Op.pack(sf ? Op.ADD64 : Op.ADD32, sp(d(word)), sp(n(word)), 31, 0, -imm12);
            case ADDS_IMM ->
                    Op.pack(sf ? Op.ADDS64 : Op.ADDS32, target(d(word)), sp(n(word)), 31, 0, imm12);
            case SUBS_IMM ->
                    Op.pack(sf ? Op.SUBS64 : Op.SUBS32, target(d(word)), sp(n(word)), 31, 0, imm12);
            case AND_IMM -> Op.pack(Op.AND_IMM, sp(d(word)), n(word), 31, 0, bits | narrow);
            case ORR_IMM -> Op.pack(Op.ORR_IMM, sp(d(word)), n(word), 31, 0, bits | narrow);
            case EOR_IMM -> Op.pack(Op.EOR_IMM, sp(d(word)), n(word), 31, 0, bits | narrow);
            case ANDS_IMM -> Op.pack(Op.ANDS_IMM, target(d(word)), n(word), 31, 0, bits | narrow);
            case MOVZ, MOVN, MOVK -> move(row, word);
            case ADR -> Op.pack(Op.ADR, target(d(word)), 31, 31, 0, i * 4 + pcRelative);
            case ADRP -> Op.pack(Op.ADRP, target(d(word)), 31, 31, 0, pcRelative);
            case UBFM, SBFM -> bitField(row, word);
            case EXTR ->
                    Op.pack(
                            sf ? Op.EXTR64 : Op.EXTR32,
                            target(d(word)),
                            n(word),
                            m(word),
                            0,
                            word >>> 10 & 63);
            default -> Op.row(Op.INTEGER, row.ordinal(), word);
        };
    }

    private static long move(A64 row, int word) {
        int imm = word >>> 5 & 0xffff;
        int shift = (word >>> 21 & 3) << 4;
        int rd = target(d(word));
        boolean sf = sf(word);
        if (row == A64.MOVK) {
            return sf
                    ? Op.pack(Op.MOVK, rd, d(word), 31, shift, imm)
                    : Op.row(Op.INTEGER, row.ordinal(), word);
        }
        if (row == A64.MOVZ) {
            return shift < 32
                    ? Op.pack(Op.MOVE_U, rd, 31, 31, 0, imm << shift)
                    : Op.pack(Op.MOVE_HIGH, rd, 31, 31, shift, imm);
        }
        if (!sf) {
            return Op.pack(Op.MOVE_U, rd, 31, 31, 0, ~(imm << shift));
        }
        return shift == 0
                ? Op.pack(Op.MOVE, rd, 31, 31, 0, ~imm)
                : Op.pack(Op.MOVE_NOT_HIGH, rd, 31, 31, shift, imm);
    }

    private static long bitField(A64 row, int word) {
        int immr = word >>> 16 & 63;
        int imms = word >>> 10 & 63;
        int size = sf(word) ? 64 : 32;
        int rd = target(d(word));
        int rn = n(word);
        if (row == A64.UBFM) {
            return imms >= immr
                    ? Op.pack(Op.UBFX, rd, rn, 31, immr, 63 - (imms - immr))
                    : Op.pack(Op.UBFIZ, rd, rn, 31, size - immr, 63 - imms);
        }
        if (imms >= immr) {
            return Op.pack(
                    size == 64 ? Op.SBFX64 : Op.SBFX32, rd, rn, 31, 63 - imms + immr, 63 - imms);
        }
        return Op.row(Op.INTEGER, row.ordinal(), word);
    }

    private static long register(A64 row, int word) {
        boolean sf = sf(word);
        int d = target(d(word));
        int n = n(word);
        int m = m(word);
        int shift = word >>> 10 & 63;
        int imm = 0;
        int type = word >>> 22 & 3;
        boolean lsl = type == 0;
        int op = Op.INTEGER;
        switch (row) {
            case ADD_SHIFT,
                    SUB_SHIFT,
                    AND_SHIFT,
                    ORR_SHIFT,
                    EOR_SHIFT,
                    BIC_SHIFT,
                    ORN_SHIFT,
                    EON_SHIFT -> {
                op = lsl ? leftShifted(row, sf) : Op.SHIFTED;
                if (op == Op.SHIFTED) {
                    imm = shift | type << 6 | (sf ? 0 : 256) | operation(row) << 9;
                    shift = 0;
                }
            }
            case ADDS_SHIFT -> op = !lsl ? op : sf ? Op.ADDS64 : Op.ADDS32;
            case SUBS_SHIFT -> op = !lsl ? op : sf ? Op.SUBS64 : Op.SUBS32;
            case ANDS_SHIFT -> op = !lsl ? op : sf ? Op.ANDS64 : Op.ANDS32;
            case ADD_EXT -> {
                int option = word >>> 13 & 7;
                if (sf && (option == 2 || option == 6)) {
                    op = option == 2 ? Op.ADD_UXTW : Op.ADD_SXTW;
                    d = sp(d(word));
                    n = sp(n);
                    shift = word >>> 10 & 7;
                }
            }
            case CSEL, CSINC, CSINV, CSNEG -> {
                op = Op.CSEL;
                imm =
                        word >>> 12 & 15
                                | (word >>> 10 & 1) << 4
                                | (word >>> 30 & 1) << 5
                                | (sf ? 0 : 64);
                shift = 0;
            }
            case MADD -> {
                op = sf ? Op.MADD64 : Op.MADD32;
                imm = shift & 31;
                shift = 0;
            }
            case MSUB -> {
                op = sf ? Op.MSUB64 : op;
                imm = shift & 31;
                shift = 0;
            }
            case ADC, SBC -> {
                op = sf ? Op.ADC64 : op;
                imm = row == A64.SBC ? -1 : 0;
                shift = 0;
            }
            case CCMP_REG, CCMP_IMM, CCMN_REG, CCMN_IMM -> {
                boolean immediate = row == A64.CCMP_IMM || row == A64.CCMN_IMM;
                boolean negative = row == A64.CCMN_REG || row == A64.CCMN_IMM;
                op = Op.CCMP;
                imm =
                        word >>> 12 & 15
                                | (word & 15) << 4
                                | (sf ? 0 : 256)
                                | (negative ? 512 : 0)
                                | (immediate ? m << 12 : 0);
                d = SINK;
                m = immediate ? 31 : m;
                shift = 0;
            }
            case LSLV -> {
                op = sf ? Op.LSLV64 : op;
                shift = 0;
            }
            case LSRV -> {
                op = sf ? Op.LSRV64 : op;
                shift = 0;
            }
            default -> {}
        }
        return op == Op.INTEGER
                ? Op.row(op, row.ordinal(), word)
                : Op.pack(op, d, n, m, shift, imm);
    }

    private static int leftShifted(A64 row, boolean sf) {
        return switch (row) {
            case ADD_SHIFT -> sf ? Op.ADD64 : Op.ADD32;
            case SUB_SHIFT -> sf ? Op.SUB64 : Op.SUB32;
            case AND_SHIFT -> sf ? Op.AND64 : Op.AND32;
            case ORR_SHIFT -> sf ? Op.ORR64 : Op.ORR32;
            case EOR_SHIFT -> sf ? Op.EOR64 : Op.EOR32;
            case BIC_SHIFT -> sf ? Op.BIC64 : Op.SHIFTED;
            default -> Op.SHIFTED;
        };
    }

    private static int operation(A64 row) {
        return switch (row) {
            case ADD_SHIFT -> 0;
            case SUB_SHIFT -> 1;
            case AND_SHIFT -> 2;
            case ORR_SHIFT -> 3;
            case EOR_SHIFT -> 4;
            case BIC_SHIFT -> 5;
            case ORN_SHIFT -> 6;
            default -> 7; // EON
        };
    }

    private static long system(A64 row, int word) {
        int imm19 = word << 8 >> 13;
        int imm26 = word << 6 >> 6;
        int t = d(word);
        int bit = word >>> 31 << 5 | word >>> 19 & 31;
        return switch (row) {
            case B -> Op.pack(Op.B, SINK, 31, 31, 0, imm26 << 6);
            case BL -> Op.pack(Op.BL, 30, 31, 31, 0, imm26 << 6);
            case B_COND -> Op.pack(Op.B_COND, SINK, 31, 31, word & 15, imm19 << 12);
            case CBZ, CBNZ ->
                    Op.pack(Op.TEST_BRANCH, word >>> 24 & 1, t, 0, sf(word) ? 0 : 32, imm19 << 12);
            case TBZ, TBNZ ->
                    Op.pack(
                            Op.TEST_BRANCH,
                            word >>> 24 & 1,
                            t,
                            63,
                            63 - bit,
                            word << 13 >> 18 << 12);
            case BR, RET -> Op.pack(Op.BR, SINK, n(word), 31, 0, 0);
            case BLR -> Op.pack(Op.BR, 30, n(word), 31, 0, 0);
            case NOP, HINT, YIELD -> NOP;
            case MRS -> Op.row(Op.MRS, row.ordinal(), word);
            case DMB, CLREX, SB -> Op.row(Op.BARRIER, row.ordinal(), word);
            default -> Op.row(Op.SYSTEM, row.ordinal(), word);
        };
    }

    private static int load(int size) {
        return size == 3 ? Op.LOAD64 : size == 2 ? Op.LOAD32 : Op.LOAD + size;
    }

    private static int store(int size) {
        return size == 3 ? Op.STORE64 : Op.STORE + size;
    }

    private static long loadStore(A64 row, int word) {
        boolean vector = (word >>> 26 & 1) != 0;
        boolean load = (word >>> 22 & 1) != 0;
        int size = word >>> 30;
        int n = sp(n(word));
        int check = n == 33 ? Op.CHECK_SP : 0;
        int t = d(word);
        int imm9 = word << 11 >> 23;
        int imm12 = word >>> 10 & 0xfff;
        // LDRSB, LDRSH, LDRSW: opc<1> set; opc<0> set: to 32 bits.
        int signed = Op.LOAD + size + ((word >>> 22 & 1) != 0 ? 12 : 4);
        return switch (row) {
            case PRFM_IMM, PRFM_LIT, PRFM_REG, PRFUM -> NOP;
            case LDR_IMM_UNSIGNED, LDRB_IMM_UNSIGNED, LDRH_IMM_UNSIGNED ->
                    Op.pack(load(size), target(t), n, 31, check, imm12 << size);
            case LDUR, LDURB, LDURH -> Op.pack(load(size), target(t), n, 31, check, imm9);
            case STR_IMM_UNSIGNED, STRB_IMM_UNSIGNED, STRH_IMM_UNSIGNED ->
                    Op.pack(store(size), t, n, 31, check, imm12 << size);
            case STUR, STURB, STURH -> Op.pack(store(size), t, n, 31, check, imm9);
            case LDRSW_IMM_UNSIGNED, LDRSB_IMM_UNSIGNED, LDRSH_IMM_UNSIGNED ->
                    Op.pack(signed, target(t), n, 31, check, imm12 << size);
            case LDURSW, LDURSB, LDURSH -> Op.pack(signed, target(t), n, 31, check, imm9);
            case LDR_IMM_UNSIGNED_V, STR_IMM_UNSIGNED_V, LDUR_V, STUR_V -> {
                int log2 = (word >>> 23 & 1) << 2 | size;
                int offset = (word >>> 24 & 1) != 0 ? imm12 << log2 : imm9;
                yield Op.pack(load ? Op.LDR_V : Op.STR_V, t, n, 31, check | log2, offset);
            }
            case LDR_IMM_POST,
                    LDR_IMM_PRE,
                    LDRB_IMM_POST,
                    LDRB_IMM_PRE,
                    LDRH_IMM_POST,
                    LDRH_IMM_PRE ->
                    Op.pack(Op.LOAD_WB + size, target(t), n, 31, check | ~word >>> 11 & 1, imm9);
            case STR_IMM_POST,
                    STR_IMM_PRE,
                    STRB_IMM_POST,
                    STRB_IMM_PRE,
                    STRH_IMM_POST,
                    STRH_IMM_PRE ->
                    Op.pack(Op.STORE_WB + size, t, n, 31, check | ~word >>> 11 & 1, imm9);
            case LDR_REG, LDRB_REG, LDRH_REG, STR_REG, STRB_REG, STRH_REG -> {
                int extend = word >>> 13 & 7;
                int shift =
                        ((word >>> 12 & 1) != 0 ? size : 0)
                                | (extend == 2 ? Op.UXTW : extend == 6 ? Op.SXTW : 0)
                                | check;
                yield Op.pack(
                        (load ? Op.LOAD : Op.STORE) + size,
                        load ? target(t) : t,
                        n,
                        m(word),
                        shift,
                        0);
            }
            case LDP_OFF, LDP_PRE, LDP_POST, LDNP, STP_OFF, STP_PRE, STP_POST, STNP -> {
                if (size != 2) {
                    yield Op.row(Op.LOAD_STORE, row.ordinal(), word);
                }
                int mode = (word >>> 23 & 3) == 3 ? 1 : (word >>> 23 & 3) == 1 ? 2 : 0;
                int t2 = word >>> 10 & 31;
                int imm7 = (word << 10 >> 25) * 8;
                yield load
                        ? Op.pack(Op.LDP64, target(t), n, target(t2), check | mode, imm7)
                        : Op.pack(Op.STP64, t, n, t2, check | mode, imm7);
            }
            default -> Op.row(vector ? Op.SIMD_LOAD_STORE : Op.LOAD_STORE, row.ordinal(), word);
        };
    }
}
