package dev.nido.machine.engine;

/**
 * Operations of predecoded instructions, and the layout of a predecoded word.
 *
 * <pre>
 *   63                32 31    26 25  20 19  14 13   8 7    0
 *  |   imm (signed)     | shift  |  rm  |  rn  |  rd  |  op  |
 *  |   raw instruction  |          row ordinal        |  op  |   op &gt;= NOP
 * </pre>
 *
 * Register numbers index {@code Pe.x}: XZR is 31 as a source and 32 as a destination, SP is 33. In
 * the names below a = x[rn] and b = x[rm] &lt;&lt; shift. An operation has as few forms as
 * possible, because the compiler of the interpreter's loop computes before its switch whatever
 * several forms share.
 */
final class Op {
    private Op() {}

    static final int NOT_DECODED = 0;

    // By their row, out of the loop: bits 31:8 are the row's ordinal and bits 63:32 the raw
    // instruction.
    static final int INTEGER = 1;
    static final int SIMD = 2;
    static final int LOAD_STORE = 3;
    static final int SIMD_LOAD_STORE = 4;
    static final int MRS = 5;
    static final int BARRIER = 6;
    static final int UNDEFINED = 7;
    static final int SYSTEM = 8;

    // Vector registers: rd = Vn, shift[2:0] = log2 of the size, address a + imm. Not in the loop.
    static final int LDR_V = 9;
    static final int STR_V = 10;

    /** Branches: from here to {@link #MEMORY}. */
    static final int BRANCH = 16;

    // Of conditional branches, imm[31:12] is the offset in instructions.

    /**
     * Two instructions as one: SUBS of rn and rm + imm[11:0] into rd, then B_COND. The condition is
     * in shift: COND_ bits.
     */
    static final int COMPARE_BRANCH = 16;

    static final int COND_INVERT = 1;
    static final int COND_EQUAL = 2;
    static final int COND_LESS = 4;
    static final int COND_LOWER = 8; // unsigned
    static final int COND_NARROW = 16;

    /** CBZ, TBZ: a &lt;&lt; shift &gt;&gt;&gt; rm is zero; CBNZ, TBNZ, with rd = 1: is not. */
    static final int TEST_BRANCH = 17;

    static final int B_COND = 18; // shift = condition
    static final int B = 19; // imm[31:6] = offset in instructions
    static final int BL = 20;
    static final int BR = 21; // and RET; BLR has rd = 30

    /** Loads and stores of general registers: from here to {@link #ALU}. */
    static final int MEMORY = 32;

    // At a + imm.
    static final int LOAD64 = 32;
    static final int LOAD32 = 33;
    static final int STORE64 = 34;

    // Pairs: rd, rm (second register) at a + imm; shift[1:0]: 0 offset, 1 pre-index, 2 post-index.
    static final int LDP64 = 35;
    static final int STP64 = 36;

    /**
     * Loads at a + b + imm; op bits 1:0 = log2 of the size, bit 2 sign extends, bit 3 to 32 bits.
     */
    static final int LOAD = 48;

    /** Stores of rd at a + b + imm; op bits 1:0 = log2 of the size. */
    static final int STORE = 64;

    /** Loads and stores with write-back of a + imm; shift[0]: post-index. */
    static final int LOAD_WB = 68;

    static final int STORE_WB = 72;

    /** Arithmetic, logic and moves: from here on. */
    static final int ALU = 128;

    // rd = a + b + imm, and so on. Immediate forms have rm = 31, register forms imm = 0.
    static final int ADD64 = 128;
    static final int ADD32 = 129;
    static final int SUB64 = 130;
    static final int SUB32 = 131;
    static final int ADDS64 = 132;
    static final int ADDS32 = 133;
    static final int SUBS64 = 134;
    static final int SUBS32 = 135;
    static final int ADD_UXTW = 136;
    static final int ADD_SXTW = 137;

    // imm = number of the logical immediate | NARROW for 32 bits.
    static final int AND_IMM = 138;
    static final int ORR_IMM = 139;
    static final int EOR_IMM = 140;
    static final int ANDS_IMM = 141;

    /** Shifts, by imm &gt;&gt;&gt; 13, what 32-bit forms of logical immediates cut off. */
    static final int NARROW_IMM = 32 << 13;

    static final int AND64 = 142;
    static final int AND32 = 143;
    static final int ORR64 = 144;
    static final int ORR32 = 145;
    static final int EOR64 = 146;
    static final int EOR32 = 147;
    static final int ANDS64 = 148;
    static final int ANDS32 = 149;
    static final int BIC64 = 150;

    /**
     * The shifted register forms that have no operation of their own: imm[5:0] amount, imm[7:6]
     * type of shift as encoded, imm[8] 32-bit, imm[11:9] what to do: see {@link #shifted}.
     */
    static final int SHIFTED = 151;

    // Constants and bit fields.
    static final int MOVE = 152; // imm, signed; into the sink: no operation
    static final int MOVE_U = 153; // imm, unsigned
    static final int MOVE_HIGH = 154; // imm << shift
    static final int MOVE_NOT_HIGH = 155; // ~(imm << shift)
    static final int MOVK = 156; // imm replaces 16 bits of a at shift
    static final int ADR = 157; // page of PC + imm
    static final int ADRP = 158; // page of PC + imm * 4096
    static final int UBFX = 159; // a >>> shift, of which imm bits are masked off at the top
    static final int UBFIZ = 160; // a, of which imm bits are masked off at the top, << shift
    static final int SBFX64 = 161; // a << imm >> shift
    static final int SBFX32 = 162;

    /**
     * The conditional selects: imm = condition | increment &lt;&lt; 4 | invert &lt;&lt; 5 | 32-bit
     * &lt;&lt; 6.
     */
    static final int CSEL = 163;

    static final int MADD64 = 164; // x[imm] + a * b
    static final int MADD32 = 165;
    static final int LSLV64 = 166;
    static final int LSRV64 = 167;
    static final int MSUB64 = 168; // x[imm] - a * b
    static final int ADC64 = 169; // a + (b ^ imm) + C; SBC has imm = -1
    static final int EXTR64 = 170; // (a : b) >>> imm
    static final int EXTR32 = 171;

    /**
     * Conditional compare of a and b + imm[16:12]; imm[3:0] condition, imm[7:4] flags otherwise,
     * imm[8] 32-bit, imm[9] CCMN.
     */
    static final int CCMP = 172;

    /**
     * In the operation of arithmetic, logic and moves: the next instruction was decoded as a
     * branch. A hint.
     */
    static final int BEFORE_BRANCH = 64;

    /** In shift, of loads and stores: the same. */
    static final int MEMORY_BEFORE_BRANCH = 16;

    /** In shift, of loads and stores with register offset: it is the low word, zero extended. */
    static final int UXTW = 4;

    /** In shift, of loads and stores with register offset: it is the low word, sign extended. */
    static final int SXTW = 8;

    /** In shift, of loads and stores: the base is SP, whose alignment is checked. */
    static final int CHECK_SP = 32;

    // Fields. The loop takes those of its three classes of operations by expressions that differ:
    // the JVM's compiler would compute common ones before it knows the class, and keep the results
    // of all in registers that it has not got.

    /** The second operand of {@link #SHIFTED}. */
    static long shifted(long b, int imm) {
        int amount = imm & 63;
        if ((imm & 256) != 0) {
            return switch (imm >>> 6 & 3) {
                case 0 -> b << amount;
                case 1 -> (b & 0xffffffffL) >>> amount;
                case 2 -> (int) b >> amount;
                default -> Integer.rotateRight((int) b, amount);
            };
        }
        return switch (imm >>> 6 & 3) {
            case 0 -> b << amount;
            case 1 -> b >>> amount;
            case 2 -> b >> amount;
            default -> Long.rotateRight(b, amount);
        };
    }

    /** The offset of a load or store with register offset m. */
    static long index(long m, int shift) {
        if ((shift & (UXTW | SXTW)) != 0) {
            m = (shift & SXTW) != 0 ? (int) m : m & 0xffffffffL;
        }
        return m << (shift & 3);
    }

    static int rd(long w) {
        return (int) w >>> 8 & 63;
    }

    static int rn(long w) {
        return (int) w >>> 14 & 63;
    }

    static int rm(long w) {
        return (int) w >>> 20 & 63;
    }

    static int shift(long w) {
        return (int) w >>> 26;
    }

    static int imm(long w) {
        return (int) (w >> 32);
    }

    static int memoryRd(long w) {
        return (int) (w >>> 8) & 63;
    }

    static int memoryRn(long w) {
        return (int) (w >>> 14) & 63;
    }

    static int memoryRm(long w) {
        return (int) (w >>> 20) & 63;
    }

    /** As a shift count: not cut to six bits. */
    static int memoryShift(long w) {
        return (int) (w >>> 26);
    }

    static int memoryImm(long w) {
        return (int) (w >>> 32);
    }

    static int branchRd(long w) {
        return (int) (w << 50 >>> 58);
    }

    static int branchRn(long w) {
        return (int) (w << 44 >>> 58);
    }

    static int branchRm(long w) {
        return (int) (w << 38 >>> 58);
    }

    static int branchShift(long w) {
        return (int) (w << 32 >>> 58);
    }

    /** Offset of conditional branches. */
    static int conditional(long w) {
        return (int) (w >> 44);
    }

    /** Offset of B and BL. */
    static int unconditional(long w) {
        return (int) (w >> 38);
    }

    static int op(long w) {
        return (int) w & 255;
    }

    static long pack(int op, int rd, int rn, int rm, int shift, int imm) {
        return op
                | (long) (rd & 63) << 8
                | (long) (rn & 63) << 14
                | (long) (rm & 63) << 20
                | (long) (shift & 63) << 26
                | (long) imm << 32;
    }

    static long row(int op, int ordinal, int word) {
        return op | (long) ordinal << 8 | (long) word << 32;
    }

    static int ordinal(long w) {
        return (int) w >>> 8;
    }
}
