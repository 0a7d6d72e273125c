package dev.nido.machine.engine;

import dev.nido.arch.CpuModel;
import dev.nido.isa.A64;
import dev.nido.machine.CodeCache;
import dev.nido.machine.PhysicalMemory;
import java.lang.invoke.VarHandle;

/** Turns instruction words into the packed form of {@link Op}. */
final class Predecoder {

    private static final int WORDS = CodeCache.WORDS;
    private static final int SIZE64 = 3;

    private final PhysicalMemory memory;
    private final CpuModel cpu;
    private final boolean fuse;

    /**
     * @param fuse whether two instructions may become one operation
     */
    Predecoder(PhysicalMemory memory, CpuModel cpu, boolean fuse) {
        this.memory = memory;
        this.cpu = cpu;
        this.fuse = fuse;
    }

    /** Decodes word {@code i} (0–1023) of a code page in place. */
    void decode(long[] code, int i) {
        long offset = code[WORDS] + i * 4L;
        int word = memory.get32(offset);
        long packed = decode(word);
        if (fuse && (i & 15) != 15) {
            packed = fuse(packed, offset);
        }
        code[i] = packed;
        // Another PE may write the word and invalidate the line between the read and the store above.
        VarHandle.fullFence();
        if (memory.get32(offset) != word) {
            code[i] = 0;
        }
    }

    private long fuse(long packed, long offset) {
        int op = (int) packed & 511;
        if (op != Op.SUBS_IMM64 && op != Op.SUBS_IMM32 && op != Op.SUBS_LSL64 && op != Op.SUBS_LSL32
                || Op.rd(packed) != 32) {
            return packed;
        }
        int next = memory.get32(offset + 4);
        if ((next & 0xff000010) != 0x54000000) {
            return packed;
        }
        int branch = next << 8 >> 13;
        int cond = next & 15;
        boolean is64 = op == Op.SUBS_IMM64 || op == Op.SUBS_LSL64;
        if (op == Op.SUBS_IMM64 || op == Op.SUBS_IMM32) {
            if ((Op.imm(packed) & ~0xfff) != 0) {
                return packed;
            }
            return Op.pack(
                    is64 ? Op.CMP_IMM64_B_COND : Op.CMP_IMM32_B_COND,
                    0,
                    Op.rn(packed),
                    0,
                    cond,
                    branch << 12 | Op.imm(packed));
        }
        if (Op.imm(packed) != 0) {
            return packed;
        }
        return Op.pack(
                is64 ? Op.CMP_REG64_B_COND : Op.CMP_REG32_B_COND, 0, Op.rn(packed), Op.rm(packed), cond, branch);
    }

    /** Packs one instruction word. */
    long decode(int word) {
        A64 row = A64.decode(word);
        if (row == null || row.reserved(word) || row.feature(word) != null && !cpu.has(row.feature(word))) {
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
        return immediate(row, word);
    }

    private static int source(int r) {
        return r;
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

    private static long immediate(A64 row, int word) {
        boolean sf = sf(word);
        int imm12 = word >>> 10 & 0xfff;
        if ((word >>> 22 & 1) != 0) {
            imm12 <<= 12;
        }
        int bits = word >>> 10 & 0x1fff;
        switch (row) {
            case ADD_IMM:
                return Op.pack(sf ? Op.ADD_IMM64 : Op.ADD_IMM32, sp(d(word)), sp(n(word)), 0, 0, imm12);
            case SUB_IMM:
                return Op.pack(sf ? Op.ADD_IMM64 : Op.ADD_IMM32, sp(d(word)), sp(n(word)), 0, 0, -imm12);
            case ADDS_IMM:
                return Op.pack(sf ? Op.ADDS_IMM64 : Op.ADDS_IMM32, target(d(word)), sp(n(word)), 0, 0, imm12);
            case SUBS_IMM:
                return Op.pack(sf ? Op.SUBS_IMM64 : Op.SUBS_IMM32, target(d(word)), sp(n(word)), 0, 0, imm12);
            case AND_IMM:
                if (!sf) {
                    // A 32-bit mask never has N set; the operation below masks the upper half away.
                    return Op.row(Op.INTEGER, row.ordinal(), word);
                }
                return Op.pack(Op.AND_IMM, sp(d(word)), n(word), 0, 0, bits);
            case ORR_IMM:
                return Op.pack(sf ? Op.ORR_IMM64 : Op.ORR_IMM32, sp(d(word)), n(word), 0, 0, bits);
            case EOR_IMM:
                return Op.pack(sf ? Op.EOR_IMM64 : Op.EOR_IMM32, sp(d(word)), n(word), 0, 0, bits);
            case ANDS_IMM:
                return Op.pack(sf ? Op.ANDS_IMM64 : Op.ANDS_IMM32, target(d(word)), n(word), 0, 0, bits);
            case MOVZ:
                return Op.pack(Op.MOVE_IMM, target(d(word)), 0, 0, word >>> 21 & 3, word >>> 5 & 0xffff);
            case MOVN:
                return Op.pack(
                        sf ? Op.MOVN64 : Op.MOVN32, target(d(word)), 0, 0, word >>> 21 & 3, word >>> 5 & 0xffff);
            case MOVK:
                return Op.pack(
                        sf ? Op.MOVK64 : Op.MOVK32,
                        target(d(word)),
                        d(word),
                        0,
                        word >>> 21 & 3,
                        word >>> 5 & 0xffff);
            case ADR:
                return Op.pack(Op.ADR, target(d(word)), 0, 0, 0, (word << 8 >> 13) << 2 | word >>> 29 & 3);
            case ADRP:
                return Op.pack(Op.ADRP, target(d(word)), 0, 0, 0, (word << 8 >> 13) << 2 | word >>> 29 & 3);
            case UBFM, SBFM:
                return bitField(row, word);
            default:
                return Op.row(Op.INTEGER, row.ordinal(), word);
        }
    }

    private static long bitField(A64 row, int word) {
        int immr = word >>> 16 & 63;
        int imms = word >>> 10 & 63;
        int size = sf(word) ? 64 : 32;
        int rd = target(d(word));
        int rn = n(word);
        if (row == A64.UBFM) {
            if (imms >= immr) {
                return Op.pack(Op.UBFX, rd, rn, 0, 0, immr | 64 - (imms - immr + 1) << 8);
            }
            return Op.pack(Op.UBFIZ, rd, rn, 0, 0, size - immr | 63 - imms << 8);
        }
        if (imms >= immr) {
            return Op.pack(
                    size == 64 ? Op.SBFX : Op.SBFX32, rd, rn, 0, 0, 63 - imms + immr | 63 - imms << 8);
        }
        return Op.row(Op.INTEGER, row.ordinal(), word);
    }

    private static long register(A64 row, int word) {
        boolean sf = sf(word);
        int d = target(d(word));
        int n = n(word);
        int m = m(word);
        int amount = word >>> 10 & 63;
        boolean lsl = (word >>> 22 & 3) == 0;
        int op = Op.INTEGER;
        int aux = 0;
        int imm = amount;
        switch (row) {
            case ADD_SHIFT -> op = !lsl ? op : sf ? Op.ADD_LSL64 : Op.ADD_LSL32;
            case SUB_SHIFT -> op = !lsl ? op : sf ? Op.SUB_LSL64 : Op.SUB_LSL32;
            case ADDS_SHIFT -> op = !lsl || !sf ? op : Op.ADDS_LSL64;
            case SUBS_SHIFT -> op = !lsl ? op : sf ? Op.SUBS_LSL64 : Op.SUBS_LSL32;
            case AND_SHIFT -> op = !lsl ? op : sf ? Op.AND_LSL64 : Op.AND_LSL32;
            case ORR_SHIFT -> op = !lsl ? op : sf ? Op.ORR_LSL64 : Op.ORR_LSL32;
            case EOR_SHIFT -> {
                if (lsl) {
                    op = sf ? Op.EOR_LSL64 : Op.EOR_LSL32;
                } else if ((word >>> 22 & 3) == 1) {
                    op = Op.EOR_LSR;
                    aux = sf ? 1 : 0;
                }
            }
            case ANDS_SHIFT -> op = !lsl ? op : sf ? Op.ANDS_LSL64 : Op.ANDS_LSL32;
            case BIC_SHIFT -> op = !lsl || !sf ? op : Op.BIC_LSL64;
            case ADD_EXT -> {
                int option = word >>> 13 & 7;
                if (sf && (option == 2 || option == 6)) {
                    op = Op.ADD_EXT_W;
                    d = sp(d(word));
                    n = sp(n);
                    aux = option == 6 ? 1 : 0;
                    imm = word >>> 10 & 7;
                }
            }
            case CSEL -> {
                op = sf ? Op.CSEL64 : Op.CSEL32;
                aux = word >>> 12 & 15;
            }
            case CSINC -> {
                op = sf ? Op.CSINC64 : Op.CSINC32;
                aux = word >>> 12 & 15;
            }
            case MADD -> {
                op = sf ? Op.MADD64 : Op.MADD32;
                imm = amount & 31;
            }
            case LSLV -> op = sf ? Op.LSLV64 : op;
            case LSRV -> op = sf ? Op.LSRV64 : op;
            default -> {}
        }
        return op == Op.INTEGER ? Op.row(op, row.ordinal(), word) : Op.pack(op, d, n, m, aux, imm);
    }

    private static long system(A64 row, int word) {
        int imm19 = word << 8 >> 13;
        int t = d(word);
        return switch (row) {
            case B -> Op.pack(Op.B, 0, 0, 0, 0, word << 6 >> 6);
            case BL -> Op.pack(Op.BL, 0, 0, 0, 0, word << 6 >> 6);
            case B_COND -> Op.pack(Op.B_COND, 0, 0, 0, word & 15, imm19);
            case CBZ -> Op.pack(sf(word) ? Op.CBZ64 : Op.CBZ32, t, 0, 0, 0, imm19);
            case CBNZ -> Op.pack(sf(word) ? Op.CBNZ64 : Op.CBNZ32, t, 0, 0, 0, imm19);
            case TBZ -> Op.pack(Op.TBZ, t, 0, word >>> 31 << 5 | word >>> 19 & 31, 0, word << 13 >> 18);
            case TBNZ -> Op.pack(Op.TBNZ, t, 0, word >>> 31 << 5 | word >>> 19 & 31, 0, word << 13 >> 18);
            case BR, RET -> Op.pack(Op.BR, 0, n(word), 0, 0, 0);
            case BLR -> Op.pack(Op.BLR, 0, n(word), 0, 0, 0);
            case NOP, HINT, YIELD -> Op.row(Op.NOP, row.ordinal(), word);
            case MRS -> Op.row(Op.MRS, row.ordinal(), word);
            case DMB, CLREX, SB -> Op.row(Op.BARRIER, row.ordinal(), word);
            default -> Op.row(Op.SYSTEM, row.ordinal(), word);
        };
    }

    private static long loadStore(A64 row, int word) {
        boolean vector = (word >>> 26 & 1) != 0;
        int size = word >>> 30;
        int n = sp(n(word));
        long check = n == 33 ? Op.CHECK_SP : 0;
        int t = d(word);
        int imm9 = word << 11 >> 23;
        int imm12 = word >>> 10 & 0xfff;
        switch (row) {
            case PRFM_IMM, PRFM_LIT, PRFM_REG, PRFUM:
                return Op.row(Op.NOP, row.ordinal(), word);
            case LDR_IMM_UNSIGNED, LDRB_IMM_UNSIGNED, LDRH_IMM_UNSIGNED:
                return check | Op.pack(plainLoad(size), target(t), n, 0, 0, imm12 << size);
            case LDUR, LDURB, LDURH:
                return check | Op.pack(plainLoad(size), target(t), n, 0, 0, imm9);
            case STR_IMM_UNSIGNED, STRB_IMM_UNSIGNED, STRH_IMM_UNSIGNED:
                return check | Op.pack(plainStore(size), source(t), n, 0, 0, imm12 << size);
            case STUR, STURB, STURH:
                return check | Op.pack(plainStore(size), source(t), n, 0, 0, imm9);
            case LDRSW_IMM_UNSIGNED:
                return check | Op.pack(Op.LDRSW, target(t), n, 0, 0, imm12 << 2);
            case LDURSW:
                return check | Op.pack(Op.LDRSW, target(t), n, 0, 0, imm9);
            case LDRSB_IMM_UNSIGNED, LDRSH_IMM_UNSIGNED:
                return check
                        | Op.pack(Op.LDRS, target(t), n, 0, size | (word >>> 22 & 1) << 2, imm12 << size);
            case LDURSB, LDURSH:
                return check | Op.pack(Op.LDRS, target(t), n, 0, size | (word >>> 22 & 1) << 2, imm9);
            case LDR_IMM_UNSIGNED_V, STR_IMM_UNSIGNED_V, LDUR_V, STUR_V: {
                int log2 = (word >>> 23 & 1) << 2 | size;
                int offset = (word >>> 24 & 1) != 0 ? imm12 << log2 : imm9;
                return check | Op.pack((word >>> 22 & 1) != 0 ? Op.LDR_Q : Op.STR_Q, t, n, 0, log2, offset);
            }
            case LDR_IMM_POST, LDR_IMM_PRE, LDRB_IMM_POST, LDRB_IMM_PRE: {
                int op = size == SIZE64 ? Op.LDR64_WB : size == 2 ? Op.LDR32_WB : Op.LDR8_WB;
                return check | Op.pack(op, target(t), n, 0, 1 - (word >>> 11 & 1), imm9);
            }
            case STR_IMM_POST, STR_IMM_PRE, STRB_IMM_POST, STRB_IMM_PRE: {
                int op = size == SIZE64 ? Op.STR64_WB : size == 2 ? Op.STR32_WB : Op.STR8_WB;
                return check | Op.pack(op, source(t), n, 0, 1 - (word >>> 11 & 1), imm9);
            }
            case LDR_REG, LDRB_REG, STR_REG, STRB_REG: {
                if ((word >>> 13 & 7) != 3) {
                    break;
                }
                boolean load = (word >>> 22 & 1) != 0;
                int op =
                        switch (size) {
                            case 3 -> load ? Op.LDR64_REG : Op.STR64_REG;
                            case 2 -> load ? Op.LDR32_REG : Op.STR32_REG;
                            default -> load ? Op.LDR8_REG : Op.STR8_REG;
                        };
                int shift = (word >>> 12 & 1) != 0 ? size : 0;
                return check | Op.pack(op, load ? target(t) : t, n, m(word), shift, 0);
            }
            case LDP_OFF, LDP_PRE, LDP_POST, LDNP, STP_OFF, STP_PRE, STP_POST, STNP: {
                if (size != 2) {
                    break;
                }
                boolean load = (word >>> 22 & 1) != 0;
                int mode = (word >>> 23 & 3) == 3 ? 1 : (word >>> 23 & 3) == 1 ? 2 : 0;
                int t2 = word >>> 10 & 31;
                int imm7 = (word << 10 >> 25) * 8;
                return check
                        | Op.pack(
                                load ? Op.LDP64 : Op.STP64,
                                load ? target(t) : t,
                                n,
                                load ? target(t2) : t2,
                                mode,
                                imm7);
            }
            default:
                break;
        }
        return Op.row(vector ? Op.SIMD_LOAD_STORE : Op.LOAD_STORE, row.ordinal(), word);
    }

    private static int plainLoad(int size) {
        return switch (size) {
            case 0 -> Op.LDR8;
            case 1 -> Op.LDR16;
            case 2 -> Op.LDR32;
            default -> Op.LDR64;
        };
    }

    private static int plainStore(int size) {
        return switch (size) {
            case 0 -> Op.STR8;
            case 1 -> Op.STR16;
            case 2 -> Op.STR32;
            default -> Op.STR64;
        };
    }
}
