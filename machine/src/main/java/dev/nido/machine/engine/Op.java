package dev.nido.machine.engine;

/**
 * Operations of predecoded instructions, and the layout of a predecoded word.
 *
 * <pre>
 *   63                32 31 30   27 26  21 20  15 14   9 8     0
 *  |   imm (signed)     |sp|  aux  |  rm  |  rn  |  rd  |  op   |
 *  |   raw instruction  |          row ordinal          |  op   |   op &gt;= FIRST_ROW_OP
 * </pre>
 *
 * Register numbers index {@code Pe.x}: XZR is 31 as a source and 32 as a destination, SP is 33. The
 * {@code sp} bit asks for the SP alignment check.
 */
final class Op {
    private Op() {}

    static final int NOT_DECODED = 0;

    // Arithmetic and logic with an immediate: rd, rn, imm.
    static final int ADD_IMM64 = 1;
    static final int ADD_IMM32 = 2;
    static final int SUBS_IMM64 = 3;
    static final int SUBS_IMM32 = 4;
    static final int ADDS_IMM64 = 5;
    static final int ADDS_IMM32 = 6;
    static final int AND_IMM = 7; // 64-bit
    static final int ORR_IMM64 = 8;
    static final int ORR_IMM32 = 9;
    static final int EOR_IMM64 = 10;
    static final int EOR_IMM32 = 11;
    static final int ANDS_IMM64 = 12;
    static final int ANDS_IMM32 = 13;

    // With a register shifted left by imm.
    static final int ADD_LSL64 = 14;
    static final int ADD_LSL32 = 15;
    static final int SUB_LSL64 = 16;
    static final int SUB_LSL32 = 17;
    static final int SUBS_LSL64 = 18;
    static final int SUBS_LSL32 = 19;
    static final int ADDS_LSL64 = 20;
    static final int AND_LSL64 = 21;
    static final int ORR_LSL64 = 22;
    static final int ORR_LSL32 = 23;
    static final int EOR_LSL64 = 24;
    static final int EOR_LSL32 = 25;
    static final int ANDS_LSL64 = 26;
    static final int ANDS_LSL32 = 27;
    static final int BIC_LSL64 = 28;
    static final int AND_LSL32 = 29;
    static final int ADD_EXT_W = 30; // rm as UXTW/SXTW by aux, shifted by imm, 64-bit
    static final int EOR_LSR = 31; // 64-bit result with rm shifted right by imm (32-bit operands: zero-extended)

    // Constants and bit fields.
    static final int MOVE_IMM = 32; // imm << 16 * aux
    static final int MOVN64 = 33;
    static final int MOVN32 = 34;
    static final int MOVK64 = 35;
    static final int MOVK32 = 36;
    static final int ADR = 37; // PC + imm
    static final int ADRP = 38; // page of PC + imm * 4096
    static final int UBFX = 39; // (rn >>> imm[5:0]) & mask of imm[13:8] + 1 bits
    static final int UBFIZ = 40; // (rn & mask) << imm[5:0]
    static final int SBFX = 41; // 64-bit
    static final int SBFX32 = 42;
    static final int CSEL64 = 44; // aux = condition
    static final int CSINC64 = 45;
    static final int CSINC32 = 46;
    static final int MADD64 = 47; // imm = ra
    static final int MADD32 = 48;
    static final int LSLV64 = 49;
    static final int LSRV64 = 50;
    static final int CSEL32 = 51;

    // Branches: imm = offset in instructions.
    static final int B = 52;
    static final int BL = 53;
    static final int B_COND = 54;
    static final int CBZ64 = 55;
    static final int CBNZ64 = 56;
    static final int CBZ32 = 57;
    static final int CBNZ32 = 58;
    static final int TBZ = 59; // rm = bit
    static final int TBNZ = 60;
    static final int BR = 61; // and RET
    static final int BLR = 62;

    // Loads and stores: address rn + imm.
    static final int LDR64 = 64;
    static final int LDR32 = 65;
    static final int LDR16 = 66;
    static final int LDR8 = 67;
    static final int LDRSW = 68;
    static final int STR64 = 69;
    static final int STR32 = 70;
    static final int STR16 = 71;
    static final int STR8 = 72;
    // Address rn + (rm << aux).
    static final int LDR64_REG = 73;
    static final int LDR32_REG = 74;
    static final int LDR8_REG = 75;
    static final int STR64_REG = 76;
    static final int STR32_REG = 77;
    static final int STR8_REG = 78;
    // Write-back: aux bit 0 = post-index.
    static final int LDR64_WB = 79;
    static final int STR64_WB = 80;
    static final int LDR8_WB = 81;
    static final int STR8_WB = 82;
    // Pairs: rd, rm (second register) at rn + imm; aux: 0 offset, 1 pre-index, 2 post-index.
    static final int LDP64 = 83;
    static final int STP64 = 84;
    static final int LDRS = 85; // LDRSB, LDRSH; aux bits 1:0 size, bit 2 = 32-bit result
    static final int LDR_Q = 86;
    static final int STR_Q = 87;
    static final int LDR32_WB = 88;
    static final int STR32_WB = 89;

    // Two instructions as one.
    static final int CMP_IMM64_B_COND = 90;
    static final int CMP_IMM32_B_COND = 91;
    static final int CMP_REG64_B_COND = 92;
    static final int CMP_REG32_B_COND = 93;

    /** From here on: bits 31:9 are the row's ordinal and bits 63:32 the raw instruction. */
    static final int FIRST_ROW_OP = 96;

    static final int NOP = 96;
    static final int INTEGER = 97;
    static final int LOAD_STORE = 98;
    static final int SIMD = 99;
    static final int SIMD_LOAD_STORE = 100;
    static final int SYSTEM = 101;
    static final int MRS = 102;
    static final int UNDEFINED = 103;
    static final int BARRIER = 104;

    static int rd(long w) {
        return (int) w >>> 9 & 63;
    }

    static int rn(long w) {
        return (int) w >>> 15 & 63;
    }

    static int rm(long w) {
        return (int) w >>> 21 & 63;
    }

    static int aux(long w) {
        return (int) w >>> 27 & 15;
    }

    static int imm(long w) {
        return (int) (w >> 32);
    }

    static long pack(int op, int rd, int rn, int rm, int aux, int imm) {
        return op
                | (long) (rd & 63) << 9
                | (long) (rn & 63) << 15
                | (long) (rm & 63) << 21
                | (long) (aux & 15) << 27
                | (long) imm << 32;
    }

    /** The bit that asks for the SP alignment check. */
    static final long CHECK_SP = 1L << 31;

    static long row(int op, int ordinal, int word) {
        return op | (long) ordinal << 9 | (long) word << 32;
    }

    static int ordinal(long w) {
        return (int) w >>> 9;
    }
}
