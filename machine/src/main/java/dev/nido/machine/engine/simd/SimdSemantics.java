package dev.nido.machine.engine.simd;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/**
 * What every FP and Advanced SIMD data-processing instruction does (Arm ARM C7.2). Loads and stores
 * are not here.
 *
 * <p>The caller has checked that the row is implemented, that the word is not reserved, and that FP
 * access is not trapped. Only {@code v}, {@code x}, {@code nzcv}, {@code fpcr} and {@code fpsr} of
 * the PE are touched. FPCR's trap enables are RES0: flags accumulate, nothing traps.
 */
public final class SimdSemantics {

    private static final int NONE = 0;
    private static final int SCALAR_ARITHMETIC = 1;
    private static final int SCALAR_COMPARE = 2;
    private static final int SCALAR_GENERAL = 3;
    private static final int FLOAT_BINARY = 4;
    private static final int FLOAT_ELEMENT = 5;
    private static final int FLOAT_PAIRWISE = 6;
    private static final int FLOAT_ACROSS = 7;
    private static final int FLOAT_UNARY = 8;
    private static final int FLOAT_FIXED = 9;
    private static final int FLOAT_LENGTHEN = 10;
    private static final int FLOAT_NARROW = 11;
    private static final int COMPLEX_ADD = 12;
    private static final int COMPLEX_MULADD = 13;
    private static final int FLOAT_LONG = 14;
    private static final int INTEGER_BINARY = 15;
    private static final int INTEGER_ELEMENT = 16;
    private static final int INTEGER_PAIRWISE = 17;
    private static final int INTEGER_UNARY = 18;
    private static final int INTEGER_ACROSS = 19;
    private static final int ADD_PAIR = 20;
    private static final int DIFFERENT = 21;
    private static final int DIFFERENT_ELEMENT = 22;
    private static final int WIDE = 23;
    private static final int HIGH_NARROW = 24;
    private static final int EXTRACT_NARROW = 25;
    private static final int PAIRWISE_LONG = 26;
    private static final int SHIFT_LONG_BY_WIDTH = 27;
    private static final int POLYNOMIAL_LONG = 28;
    private static final int DOT = 29;
    private static final int SHIFT = 30;
    private static final int SHIFT_LONG = 31;
    private static final int SHIFT_NARROW = 32;
    private static final int PERMUTE = 33;
    private static final int CRYPTO = 34;
    private static final int FADD = 35;
    private static final int FSUB = 36;
    private static final int FMUL = 37;
    private static final int FDIV = 38;
    private static final int FMADD = 39;
    private static final int FMSUB = 40;
    private static final int FMOV = 41;
    private static final int FCMP = 42;
    private static final int AND = 43;
    private static final int BIC = 44;
    private static final int ORR = 45;
    private static final int EOR = 46;
    private static final int BSL = 47;
    private static final int BIT = 48;
    private static final int BIF = 49;
    private static final int ADD = 50;
    private static final int SUB = 51;
    private static final int CMEQ = 52;
    private static final int CMEQ_ZERO = 53;
    private static final int CMTST = 54;
    private static final int CMHS = 55;
    private static final int FADD_VECTOR = 56;
    private static final int FSUB_VECTOR = 57;
    private static final int FMUL_VECTOR = 58;
    private static final int FMLA_VECTOR = 59;

    /** The group of each row, by ordinal. */
    private static final byte[] GROUPS = new byte[A64.values().length];

    static {
        for (A64 row : A64.values()) {
            GROUPS[row.ordinal()] = (byte) group(row);
        }
    }

    private SimdSemantics() {}

    /** Whether this class executes the row. */
    public static boolean executes(A64 row) {
        return GROUPS[row.ordinal()] != NONE;
    }

    /** Executes one instruction; {@code row} is {@code A64.decode(word)}. */
    public static void execute(Pe pe, A64 row, int word) {
        switch (GROUPS[row.ordinal()]) {
            case SCALAR_ARITHMETIC -> ScalarFloat.arithmetic(pe, row, word);
            case SCALAR_COMPARE -> ScalarFloat.compare(pe, row, word);
            case SCALAR_GENERAL -> ScalarFloat.general(pe, row, word);
            case FLOAT_BINARY -> VectorFloat.binary(pe, row, word);
            case FLOAT_ELEMENT -> VectorFloat.byElement(pe, row, word);
            case FLOAT_PAIRWISE -> VectorFloat.pairwise(pe, row, word);
            case FLOAT_ACROSS -> VectorFloat.across(pe, row, word);
            case FLOAT_UNARY -> VectorFloatUnary.execute(pe, row, word);
            case FLOAT_FIXED -> VectorFloatUnary.fixedPoint(pe, row, word);
            case FLOAT_LENGTHEN -> VectorFloatUnary.lengthen(pe, word);
            case FLOAT_NARROW -> VectorFloatUnary.narrow(pe, row, word);
            case COMPLEX_ADD -> VectorFloat.complexAdd(pe, word);
            case COMPLEX_MULADD -> VectorFloat.complexMulAdd(pe, row, word);
            case FLOAT_LONG -> VectorFloat.mulAddLong(pe, row, word);
            case INTEGER_BINARY -> VectorInteger.binary(pe, row, word);
            case INTEGER_ELEMENT -> VectorInteger.byElement(pe, row, word);
            case INTEGER_PAIRWISE -> VectorInteger.pairwise(pe, row, word);
            case INTEGER_UNARY -> VectorInteger.unary(pe, row, word);
            case INTEGER_ACROSS -> VectorInteger.across(pe, row, word);
            case ADD_PAIR -> VectorInteger.addPair(pe, word);
            case DIFFERENT -> WideInteger.threeDifferent(pe, row, word);
            case DIFFERENT_ELEMENT -> WideInteger.byElement(pe, row, word);
            case WIDE -> WideInteger.wide(pe, row, word);
            case HIGH_NARROW -> WideInteger.highNarrow(pe, row, word);
            case EXTRACT_NARROW -> WideInteger.extractNarrow(pe, row, word);
            case PAIRWISE_LONG -> WideInteger.pairwiseLong(pe, row, word);
            case SHIFT_LONG_BY_WIDTH -> WideInteger.shiftLongByWidth(pe, word);
            case POLYNOMIAL_LONG -> WideInteger.polynomialLong(pe, word);
            case DOT -> WideInteger.dot(pe, row, word);
            case SHIFT -> ShiftImmediate.sameWidth(pe, row, word);
            case SHIFT_LONG -> ShiftImmediate.lengthen(pe, row, word);
            case SHIFT_NARROW -> ShiftImmediate.narrow(pe, row, word);
            case PERMUTE -> Permute.execute(pe, row, word);
            case CRYPTO -> Crypto.execute(pe, row, word);
            case FADD -> Frequent.fadd(pe, word);
            case FSUB -> Frequent.fsub(pe, word);
            case FMUL -> Frequent.fmul(pe, word);
            case FDIV -> Frequent.fdiv(pe, word);
            case FMADD -> Frequent.fmadd(pe, word);
            case FMSUB -> Frequent.fmsub(pe, word);
            case FMOV -> Frequent.fmov(pe, word);
            case FCMP -> Frequent.fcmp(pe, word);
            case AND -> Frequent.and(pe, word);
            case BIC -> Frequent.bic(pe, word);
            case ORR -> Frequent.orr(pe, word);
            case EOR -> Frequent.eor(pe, word);
            case BSL -> Frequent.bsl(pe, word);
            case BIT -> Frequent.bit(pe, word);
            case BIF -> Frequent.bif(pe, word);
            case ADD -> Frequent.add(pe, word);
            case SUB -> Frequent.sub(pe, word);
            case CMEQ -> Frequent.cmeq(pe, word);
            case CMEQ_ZERO -> Frequent.cmeqZero(pe, word);
            case CMTST -> Frequent.cmtst(pe, word);
            case CMHS -> Frequent.cmhs(pe, word);
            case FADD_VECTOR -> Frequent.faddVector(pe, word);
            case FSUB_VECTOR -> Frequent.fsubVector(pe, word);
            case FMUL_VECTOR -> Frequent.fmulVector(pe, word);
            case FMLA_VECTOR -> Frequent.fmlaVector(pe, word);
            default -> throw new IllegalArgumentException(row.name());
        }
    }

    private static int group(A64 row) {
        int value = row.value();
        String name = row.name();
        if ((value & 0x0e000000) != 0x0e000000) {
            return NONE;
        }
        int own = frequent(row);
        if (own != NONE) {
            return own;
        }
        if ((value & 0x7e000000) == 0x1e000000) {
            return scalar(row);
        }
        int exact = exceptions(row);
        if (exact != NONE) {
            return exact;
        }
        boolean isFloat =
                name.startsWith("F")
                        || name.contains("CVTF")
                        || row == A64.URECPE
                        || row == A64.URSQRTE;
        if (name.matches("(SHA\\d|AES).*") || value >>> 24 == 0xce) {
            return CRYPTO;
        }
        if ((value & 1 << 24) != 0) {
            if ((value & 1 << 10) != 0) {
                return isFloat ? FLOAT_FIXED : shift(name);
            }
            if (isFloat) {
                return FLOAT_ELEMENT;
            }
            // By element, opcodes 0000, 0100, 1000 and 11xx keep the width.
            int opcode = value >>> 12 & 15;
            return (opcode & 3) == 0 || opcode >= 12 ? INTEGER_ELEMENT : DIFFERENT_ELEMENT;
        }
        boolean bit10 = (value & 1 << 10) != 0;
        boolean bit11 = (value & 1 << 11) != 0;
        if (bit10) {
            return isFloat ? FLOAT_BINARY : INTEGER_BINARY;
        }
        if (bit11) {
            // Two registers, or across lanes and pairwise scalar (bits 20:17 = 1000).
            boolean across = (value >>> 17 & 15) == 8;
            if (isFloat) {
                return across ? FLOAT_ACROSS : FLOAT_UNARY;
            }
            return across ? INTEGER_ACROSS : INTEGER_UNARY;
        }
        return DIFFERENT;
    }

    private static int shift(String name) {
        if (name.equals("SSHLL") || name.equals("USHLL")) {
            return SHIFT_LONG;
        }
        return name.contains("SHRN") || name.contains("SHRUN") ? SHIFT_NARROW : SHIFT;
    }

    private static int scalar(A64 row) {
        return switch (row) {
            case FCMP_S, FCMPE_S, FCCMP_S, FCCMPE_S -> SCALAR_COMPARE;
            default ->
                    row.name().contains("_GPR") || row == A64.FJCVTZS
                            ? SCALAR_GENERAL
                            : SCALAR_ARITHMETIC;
        };
    }

    /** Rows that have a method of their own. */
    private static int frequent(A64 row) {
        return switch (row) {
            case FADD_S -> FADD;
            case FSUB_S -> FSUB;
            case FMUL_S -> FMUL;
            case FDIV_S -> FDIV;
            case FMADD_S -> FMADD;
            case FMSUB_S -> FMSUB;
            case FMOV_S -> FMOV;
            case FCMP_S, FCMPE_S -> FCMP;
            case AND_V -> AND;
            case BIC_V -> BIC;
            case ORR_V -> ORR;
            case EOR_V -> EOR;
            case BSL -> BSL;
            case BIT -> BIT;
            case BIF -> BIF;
            case ADD_V -> ADD;
            case SUB_V -> SUB;
            case CMEQ_V -> CMEQ;
            case CMEQ_ZERO_V -> CMEQ_ZERO;
            case CMTST_V -> CMTST;
            case CMHS_V -> CMHS;
            case FADD_V -> FADD_VECTOR;
            case FSUB_V -> FSUB_VECTOR;
            case FMUL_V -> FMUL_VECTOR;
            case FMLA_V -> FMLA_VECTOR;
            default -> NONE;
        };
    }

    /** Rows whose group their position in the encoding does not tell. */
    private static int exceptions(A64 row) {
        return switch (row) {
            case FADDP_V,
                    FADDP_V_H,
                    FMAXP_V,
                    FMAXP_V_H,
                    FMINP_V,
                    FMINP_V_H, //
                    FMAXNMP_V,
                    FMAXNMP_V_H,
                    FMINNMP_V,
                    FMINNMP_V_H ->
                    FLOAT_PAIRWISE;
            case FCADD -> COMPLEX_ADD;
            case FCMLA_V, FCMLA_ELEM -> COMPLEX_MULADD;
            case FMLAL_V,
                    FMLAL2_V,
                    FMLSL_V,
                    FMLSL2_V,
                    FMLAL_ELEM,
                    FMLAL2_ELEM,
                    FMLSL_ELEM,
                    FMLSL2_ELEM ->
                    FLOAT_LONG;
            case FCVTL -> FLOAT_LENGTHEN;
            case FCVTN, FCVTXN_S, FCVTXN_V -> FLOAT_NARROW;
            case ADDP_V, SMAXP, SMINP, UMAXP, UMINP -> INTEGER_PAIRWISE;
            case ADDP_S -> ADD_PAIR;
            case SADDW, SSUBW, UADDW, USUBW -> WIDE;
            case ADDHN, SUBHN, RADDHN, RSUBHN -> HIGH_NARROW;
            case XTN, SQXTN_S, SQXTN_V, SQXTUN_S, SQXTUN_V, UQXTN_S, UQXTN_V -> EXTRACT_NARROW;
            case SADDLP, UADDLP, SADALP, UADALP -> PAIRWISE_LONG;
            case SHLL -> SHIFT_LONG_BY_WIDTH;
            case PMULL -> POLYNOMIAL_LONG;
            case SDOT_V, UDOT_V, SDOT_ELEM, UDOT_ELEM -> DOT;
            case DUP_ELEM_S,
                    DUP_ELEM_V,
                    DUP_GPR,
                    INS_GPR,
                    INS_ELEM,
                    UMOV,
                    SMOV,
                    EXT,
                    TBL,
                    TBX, //
                    ZIP1,
                    ZIP2,
                    UZP1,
                    UZP2,
                    TRN1,
                    TRN2, //
                    MOVI,
                    MVNI,
                    ORR_V_IMM,
                    BIC_V_IMM,
                    MOVI_MSL,
                    MVNI_MSL,
                    MOVI_B,
                    MOVI_D, //
                    FMOV_V_IMM,
                    FMOV_V_IMM_H ->
                    PERMUTE;
            default -> NONE;
        };
    }
}
