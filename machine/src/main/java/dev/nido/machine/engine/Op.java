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

    // Arithmetic, logic, moves: rd = a + b + imm, and so on. Immediate forms have rm = 31, register
    // forms imm = 0.
    static final int ADD64 = 1;
    static final int ADD32 = 2;
    static final int SUB64 = 3;
    static final int SUB32 = 4;
    static final int ADDS64 = 5;
    static final int ADDS32 = 6;
    static final int SUBS64 = 7;
    static final int SUBS32 = 8;
    static final int ADD_UXTW = 9;
    static final int ADD_SXTW = 10;

    // imm = number of the logical immediate | NARROW for 32 bits.
    static final int AND_IMM = 11;
    static final int ORR_IMM = 12;
    static final int EOR_IMM = 13;
    static final int ANDS_IMM = 14;

    /** Shifts, by imm &gt;&gt;&gt; 13, what 32-bit forms of logical immediates cut off. */
    static final int NARROW_IMM = 32 << 13;

    static final int AND64 = 15;
    static final int AND32 = 16;
    static final int ORR64 = 17;
    static final int ORR32 = 18;
    static final int EOR64 = 19;
    static final int EOR32 = 20;
    static final int ANDS64 = 21;
    static final int ANDS32 = 22;
    static final int BIC64 = 23;

    /** rd = a ^ x[rm] &gt;&gt;&gt; imm, of 64 bits or, with imm bit 6, of 32. */
    static final int EOR_LSR = 24;

    // Constants and bit fields.
    static final int MOVE = 25; // imm, signed; into the sink: no operation
    static final int MOVE_U = 26; // imm, unsigned
    static final int MOVE_HIGH = 27; // imm << shift
    static final int MOVE_NOT_HIGH = 28; // ~(imm << shift)
    static final int MOVK = 29; // imm replaces 16 bits of a at shift
    static final int ADR = 30; // page of PC + imm
    static final int ADRP = 31; // page of PC + imm * 4096
    static final int UBFX = 32; // a >>> shift, of which imm bits are masked off at the top
    static final int UBFIZ = 33; // a, of which imm bits are masked off at the top, << shift
    static final int SBFX64 = 34; // a << imm >> shift
    static final int SBFX32 = 35;

    /**
     * The conditional selects: imm = condition | increment &lt;&lt; 4 | invert &lt;&lt; 5 | 32-bit
     * &lt;&lt; 6.
     */
    static final int CSEL = 36;

    static final int MADD64 = 37; // x[imm] + a * b
    static final int MADD32 = 38;
    static final int LSLV64 = 39;
    static final int LSRV64 = 40;

    /** Loads and stores of general registers: from here to {@link #BRANCH}. */
    static final int MEMORY = 48;

    // At a + imm.
    static final int LOAD64 = 48;
    static final int LOAD32 = 49;
    static final int STORE64 = 50;

    // Pairs: rd, rm (second register) at a + imm; shift[1:0]: 0 offset, 1 pre-index, 2 post-index.
    static final int LDP64 = 51;
    static final int STP64 = 52;

    /**
     * Loads at a + b + imm; op bits 1:0 = log2 of the size, bit 2 sign extends, bit 3 to 32 bits.
     */
    static final int LOAD = 64;

    /** Stores of rd at a + b + imm; op bits 1:0 = log2 of the size. */
    static final int STORE = 80;

    /** Loads and stores with write-back of a + imm; shift[0]: post-index. */
    static final int LOAD_WB = 84;

    static final int STORE_WB = 88;

    /** Branches: from here to {@link #ROW}. imm = offset in instructions. */
    static final int BRANCH = 96;

    /**
     * Two instructions as one: SUBS of rn and rm + imm[11:0] into rd, then B_COND by imm[31:12].
     * The condition is in shift: COND_ bits.
     */
    static final int COMPARE_BRANCH = 96;

    static final int COND_INVERT = 1;
    static final int COND_EQUAL = 2;
    static final int COND_LESS = 4;
    static final int COND_UNSIGNED = 8;
    static final int COND_NARROW = 16;

    /** CBZ, TBZ: a &lt;&lt; shift &gt;&gt;&gt; rm is zero; CBNZ, TBNZ, with rd = 1: is not. */
    static final int TEST_BRANCH = 97;

    static final int B_COND = 98; // shift = condition
    static final int B = 99;
    static final int BL = 100;
    static final int BR = 101; // and RET; BLR has rd = 30

    /**
     * From here on by their row, out of the loop: bits 31:8 are the row's ordinal and bits 63:32
     * the raw instruction.
     */
    static final int ROW = 112;

    static final int INTEGER = 112;
    static final int SIMD = 113;
    static final int LOAD_STORE = 114;
    static final int SIMD_LOAD_STORE = 115;
    static final int MRS = 116;
    static final int BARRIER = 117;
    static final int UNDEFINED = 118;
    static final int SYSTEM = 119;

    // Vector registers: rd = Vn, shift[2:0] = log2 of the size, address a + imm. Not in the loop.
    static final int LDR_V = 120;
    static final int STR_V = 121;

    /** In shift, of loads and stores: the base is SP, whose alignment is checked. */
    static final int CHECK_SP = 32;

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
