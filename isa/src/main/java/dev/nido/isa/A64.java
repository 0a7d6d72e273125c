package dev.nido.isa;

import dev.nido.arch.Feature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The A64 instruction set: one row an encoding (Arm ARM C4.1, C6 and C7).
 *
 * <p>A row says which words it matches, bit 31 first: runs of {@code 0} and {@code 1}, and named
 * fields with their width ({@code Rd:5}; one bit without one). A field of which some bits are fixed
 * keeps its name with the number of its lowest free bit ({@code size0} is bit 0 of {@code size}).
 * Where rows overlap, {@link #decode} gives the one with the most fixed bits: {@link #NOP} before
 * {@link #HINT}.
 *
 * <p>{@code feature} is what the row needs, null if every PE has it; half-precision forms of rows
 * with an {@code ftype} need FEAT_FP16 besides, see {@link #feature(int)}. {@code reserved} lists
 * the field values for which the row's encoding is UNDEFINED: alternatives of conjunctions, {@code
 * x} matching either bit. CONSTRAINED UNPREDICTABLE encodings (write-back to a transferred
 * register, and so on) are not reserved.
 *
 * <p>Names: the mnemonic, then the form; {@code _S} scalar and {@code _V} vector of Advanced SIMD
 * and FP, {@code _ELEM} by element, {@code _GPR} to or from a general-purpose register, {@code _FIX}
 * fixed point, {@code _H} the separate half-precision encodings; of loads and stores {@code _V}
 * transfers SIMD and FP registers.
 */
public enum A64 {
    // spotless:off

    // Data processing: immediate (Arm ARM C4.1.92)

    ADD_IMM("sf 00100010 sh imm12:12 Rn:5 Rd:5", null, ""),
    ADDS_IMM("sf 01100010 sh imm12:12 Rn:5 Rd:5", null, ""),
    SUB_IMM("sf 10100010 sh imm12:12 Rn:5 Rd:5", null, ""),
    SUBS_IMM("sf 11100010 sh imm12:12 Rn:5 Rd:5", null, ""),
    ADR("0 immlo:2 10000 immhi:19 Rd:5", null, ""),
    ADRP("1 immlo:2 10000 immhi:19 Rd:5", null, ""),
    AND_IMM("sf 00100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x"),
    ANDS_IMM("sf 11100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x"),
    EOR_IMM("sf 10100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x"),
    ORR_IMM("sf 01100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x"),
    BFM("sf 01100110 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & immr=1xxxxx | sf=0 & imms=1xxxxx"),
    SBFM("sf 00100110 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & immr=1xxxxx | sf=0 & imms=1xxxxx"),
    UBFM("sf 10100110 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & immr=1xxxxx | sf=0 & imms=1xxxxx"),
    EXTR("sf 00100111 N 0 Rm:5 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & imms=1xxxxx"),
    MOVK("sf 11100101 hw:2 imm16:16 Rd:5", null, "sf=0 & hw=1x"),
    MOVN("sf 00100101 hw:2 imm16:16 Rd:5", null, "sf=0 & hw=1x"),
    MOVZ("sf 10100101 hw:2 imm16:16 Rd:5", null, "sf=0 & hw=1x"),

    // Branches, exception generation, system (Arm ARM C4.1.93)

    AXFLAG("11010101000000000100000001011111", Feature.FlagM2, ""),
    B("000101 imm26:26", null, ""),
    BL("100101 imm26:26", null, ""),
    B_COND("01010100 imm19:19 0 cond:4", null, ""),
    BLR("1101011000111111000000 Rn:5 00000", null, ""),
    BR("1101011000011111000000 Rn:5 00000", null, ""),
    RET("1101011001011111000000 Rn:5 00000", null, ""),
    BRK("11010100001 imm16:16 00000", null, ""),
    HINT("11010101000000110010 CRm:4 op2:3 11111", null, ""),
    NOP("11010101000000110010000000011111", null, ""),
    SEV("11010101000000110010000010011111", null, ""),
    SEVL("11010101000000110010000010111111", null, ""),
    WFE("11010101000000110010000001011111", null, ""),
    WFI("11010101000000110010000001111111", null, ""),
    YIELD("11010101000000110010000000111111", null, ""),
    CBNZ("sf 0110101 imm19:19 Rt:5", null, ""),
    CBZ("sf 0110100 imm19:19 Rt:5", null, ""),
    CFINV("11010101000000000100000000011111", Feature.FlagM, ""),
    CLREX("11010101000000110011 CRm:4 01011111", null, ""),
    DMB("11010101000000110011 CRm:4 10111111", null, ""),
    DSB("11010101000000110011 CRm:4 10011111", null, ""),
    ERET("11010110100111110000001111100000", null, ""),
    HLT("11010100010 imm16:16 00000", null, ""),
    HVC("11010100000 imm16:16 00010", null, ""),
    ISB("11010101000000110011 CRm:4 11011111", null, ""),
    MRS("110101010011 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, ""),
    MSR("110101010001 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, ""),
    MSR_IMM("1101010100000 op1:3 0100 CRm:4 op2:3 11111", null, "op1=1xx | op1=001 | op1=010 | op1=000 & op2=00x | op1=000 & op2=010 | op1=000 & op2=11x | op1=011 & op2=000 | op1=011 & op2=011 | op1=011 & op2=10x"),
    SB("11010101000000110011000011111111", Feature.SB, ""),
    SMC("11010100000 imm16:16 00011", null, ""),
    SVC("11010100000 imm16:16 00001", null, ""),
    SYS("1101010100001 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, ""),
    SYSL("1101010100101 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, ""),
    TBNZ("b5 0110111 b40:5 imm14:14 Rt:5", null, ""),
    TBZ("b5 0110110 b40:5 imm14:14 Rt:5", null, ""),
    XAFLAG("11010101000000000100000000111111", Feature.FlagM2, ""),

    // Loads and stores (Arm ARM C4.1.94)

    CAS("1 size0 0010001 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, ""),
    CASB("000010001 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, ""),
    CASH("010010001 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, ""),
    CASP("0 sz 0010000 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, "Rs=xxxx1 | Rt=xxxx1"),
    LD1_SINGLE("0 Q 00110101000000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD1_SINGLE_POST("0 Q 001101110 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD1R("0 Q 001101010000001100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    LD1R_POST("0 Q 001101110 Rm:5 1100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    LD2_SINGLE("0 Q 00110101100000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD2_SINGLE_POST("0 Q 001101111 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD2R("0 Q 001101011000001100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    LD2R_POST("0 Q 001101111 Rm:5 1100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    LD3_SINGLE("0 Q 00110101000000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD3_SINGLE_POST("0 Q 001101110 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD3R("0 Q 001101010000001110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    LD3R_POST("0 Q 001101110 Rm:5 1110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    LD4_SINGLE("0 Q 00110101100000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD4_SINGLE_POST("0 Q 001101111 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD4R("0 Q 001101011000001110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    LD4R_POST("0 Q 001101111 Rm:5 1110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, ""),
    ST1_SINGLE("0 Q 00110100000000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    ST1_SINGLE_POST("0 Q 001101100 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    ST2_SINGLE("0 Q 00110100100000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    ST2_SINGLE_POST("0 Q 001101101 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    ST3_SINGLE("0 Q 00110100000000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    ST3_SINGLE_POST("0 Q 001101100 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    ST4_SINGLE("0 Q 00110100100000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    ST4_SINGLE_POST("0 Q 001101101 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11"),
    LD1_MULTIPLE("0 Q 00110001000000 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11"),
    LD1_MULTIPLE_POST("0 Q 001100110 Rm:5 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11"),
    LD2_MULTIPLE("0 Q 001100010000001000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    LD2_MULTIPLE_POST("0 Q 001100110 Rm:5 1000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    LD3_MULTIPLE("0 Q 001100010000000100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    LD3_MULTIPLE_POST("0 Q 001100110 Rm:5 0100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    LD4_MULTIPLE("0 Q 001100010000000000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    LD4_MULTIPLE_POST("0 Q 001100110 Rm:5 0000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ST1_MULTIPLE("0 Q 00110000000000 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11"),
    ST1_MULTIPLE_POST("0 Q 001100100 Rm:5 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11"),
    ST2_MULTIPLE("0 Q 001100000000001000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ST2_MULTIPLE_POST("0 Q 001100100 Rm:5 1000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ST3_MULTIPLE("0 Q 001100000000000100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ST3_MULTIPLE_POST("0 Q 001100100 Rm:5 0100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ST4_MULTIPLE("0 Q 001100000000000000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ST4_MULTIPLE_POST("0 Q 001100100 Rm:5 0000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0"),
    LDADD("1 size0 111000 A R 1 Rs:5 000000 Rn:5 Rt:5", Feature.LSE, ""),
    LDADDB("00111000 A R 1 Rs:5 000000 Rn:5 Rt:5", Feature.LSE, ""),
    LDADDH("01111000 A R 1 Rs:5 000000 Rn:5 Rt:5", Feature.LSE, ""),
    LDCLR("1 size0 111000 A R 1 Rs:5 000100 Rn:5 Rt:5", Feature.LSE, ""),
    LDCLRB("00111000 A R 1 Rs:5 000100 Rn:5 Rt:5", Feature.LSE, ""),
    LDCLRH("01111000 A R 1 Rs:5 000100 Rn:5 Rt:5", Feature.LSE, ""),
    LDEOR("1 size0 111000 A R 1 Rs:5 001000 Rn:5 Rt:5", Feature.LSE, ""),
    LDEORB("00111000 A R 1 Rs:5 001000 Rn:5 Rt:5", Feature.LSE, ""),
    LDEORH("01111000 A R 1 Rs:5 001000 Rn:5 Rt:5", Feature.LSE, ""),
    LDSET("1 size0 111000 A R 1 Rs:5 001100 Rn:5 Rt:5", Feature.LSE, ""),
    LDSETB("00111000 A R 1 Rs:5 001100 Rn:5 Rt:5", Feature.LSE, ""),
    LDSETH("01111000 A R 1 Rs:5 001100 Rn:5 Rt:5", Feature.LSE, ""),
    LDSMAX("1 size0 111000 A R 1 Rs:5 010000 Rn:5 Rt:5", Feature.LSE, ""),
    LDSMAXB("00111000 A R 1 Rs:5 010000 Rn:5 Rt:5", Feature.LSE, ""),
    LDSMAXH("01111000 A R 1 Rs:5 010000 Rn:5 Rt:5", Feature.LSE, ""),
    LDSMIN("1 size0 111000 A R 1 Rs:5 010100 Rn:5 Rt:5", Feature.LSE, ""),
    LDSMINB("00111000 A R 1 Rs:5 010100 Rn:5 Rt:5", Feature.LSE, ""),
    LDSMINH("01111000 A R 1 Rs:5 010100 Rn:5 Rt:5", Feature.LSE, ""),
    LDUMAX("1 size0 111000 A R 1 Rs:5 011000 Rn:5 Rt:5", Feature.LSE, ""),
    LDUMAXB("00111000 A R 1 Rs:5 011000 Rn:5 Rt:5", Feature.LSE, ""),
    LDUMAXH("01111000 A R 1 Rs:5 011000 Rn:5 Rt:5", Feature.LSE, ""),
    LDUMIN("1 size0 111000 A R 1 Rs:5 011100 Rn:5 Rt:5", Feature.LSE, ""),
    LDUMINB("00111000 A R 1 Rs:5 011100 Rn:5 Rt:5", Feature.LSE, ""),
    LDUMINH("01111000 A R 1 Rs:5 011100 Rn:5 Rt:5", Feature.LSE, ""),
    LDAPR("1 size0 11100010111111110000 Rn:5 Rt:5", Feature.LRCPC, ""),
    LDAPRB("0011100010111111110000 Rn:5 Rt:5", Feature.LRCPC, ""),
    LDAPRH("0111100010111111110000 Rn:5 Rt:5", Feature.LRCPC, ""),
    LDAPUR("1 size0 011001010 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    LDAPURB("00011001010 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    LDAPURH("01011001010 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    LDAPURSB("000110011 opc0 0 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    LDAPURSH("010110011 opc0 0 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    LDAPURSW("10011001100 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    STLUR("1 size0 011001000 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    STLURB("00011001000 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    STLURH("01011001000 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, ""),
    LDAR("1 size0 00100011011111111111 Rn:5 Rt:5", null, ""),
    LDARB("0000100011011111111111 Rn:5 Rt:5", null, ""),
    LDARH("0100100011011111111111 Rn:5 Rt:5", null, ""),
    LDLAR("1 size0 00100011011111011111 Rn:5 Rt:5", Feature.LOR, ""),
    LDLARB("0000100011011111011111 Rn:5 Rt:5", Feature.LOR, ""),
    LDLARH("0100100011011111011111 Rn:5 Rt:5", Feature.LOR, ""),
    STLLR("1 size0 00100010011111011111 Rn:5 Rt:5", Feature.LOR, ""),
    STLLRB("0000100010011111011111 Rn:5 Rt:5", Feature.LOR, ""),
    STLLRH("0100100010011111011111 Rn:5 Rt:5", Feature.LOR, ""),
    STLR("1 size0 00100010011111111111 Rn:5 Rt:5", null, ""),
    STLRB("0000100010011111111111 Rn:5 Rt:5", null, ""),
    STLRH("0100100010011111111111 Rn:5 Rt:5", null, ""),
    LDAXP("1 sz 001000011111111 Rt2:5 Rn:5 Rt:5", null, ""),
    LDXP("1 sz 001000011111110 Rt2:5 Rn:5 Rt:5", null, ""),
    STLXP("1 sz 001000001 Rs:5 1 Rt2:5 Rn:5 Rt:5", null, ""),
    STXP("1 sz 001000001 Rs:5 0 Rt2:5 Rn:5 Rt:5", null, ""),
    LDAXR("1 size0 00100001011111111111 Rn:5 Rt:5", null, ""),
    LDAXRB("0000100001011111111111 Rn:5 Rt:5", null, ""),
    LDAXRH("0100100001011111111111 Rn:5 Rt:5", null, ""),
    LDXR("1 size0 00100001011111011111 Rn:5 Rt:5", null, ""),
    LDXRB("0000100001011111011111 Rn:5 Rt:5", null, ""),
    LDXRH("0100100001011111011111 Rn:5 Rt:5", null, ""),
    STLXR("1 size0 001000000 Rs:5 111111 Rn:5 Rt:5", null, ""),
    STLXRB("00001000000 Rs:5 111111 Rn:5 Rt:5", null, ""),
    STLXRH("01001000000 Rs:5 111111 Rn:5 Rt:5", null, ""),
    STXR("1 size0 001000000 Rs:5 011111 Rn:5 Rt:5", null, ""),
    STXRB("00001000000 Rs:5 011111 Rn:5 Rt:5", null, ""),
    STXRH("01001000000 Rs:5 011111 Rn:5 Rt:5", null, ""),
    LDNP("opc1 010100001 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    STNP("opc1 010100000 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    LDNP_V("opc:2 10110001 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    STNP_V("opc:2 10110000 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    LDP_POST_V("opc:2 10110011 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    LDP_PRE_V("opc:2 10110111 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    LDP_OFF_V("opc:2 10110101 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    STP_POST_V("opc:2 10110010 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    STP_PRE_V("opc:2 10110110 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    STP_OFF_V("opc:2 10110100 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11"),
    LDP_POST("opc1 010100011 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    LDP_PRE("opc1 010100111 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    LDP_OFF("opc1 010100101 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    LDPSW_POST("0110100011 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    LDPSW_PRE("0110100111 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    LDPSW_OFF("0110100101 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    STP_POST("opc1 010100010 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    STP_PRE("opc1 010100110 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    STP_OFF("opc1 010100100 imm7:7 Rt2:5 Rn:5 Rt:5", null, ""),
    LDR_IMM_POST_V("size:2 111100 opc1 10 imm9:9 01 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    LDR_IMM_PRE_V("size:2 111100 opc1 10 imm9:9 11 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    LDR_IMM_UNSIGNED_V("size:2 111101 opc1 1 imm12:12 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    STR_IMM_POST_V("size:2 111100 opc1 00 imm9:9 01 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    STR_IMM_PRE_V("size:2 111100 opc1 00 imm9:9 11 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    STR_IMM_UNSIGNED_V("size:2 111101 opc1 0 imm12:12 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    LDR_LIT("0 opc0 011000 imm19:19 Rt:5", null, ""),
    LDRSW_LIT("10011000 imm19:19 Rt:5", null, ""),
    PRFM_LIT("11011000 imm19:19 Rt:5", null, ""),
    LDR_LIT_V("opc:2 011100 imm19:19 Rt:5", Feature.FP, "opc=11"),
    LDR_IMM_POST("1 size0 111000010 imm9:9 01 Rn:5 Rt:5", null, ""),
    LDR_IMM_PRE("1 size0 111000010 imm9:9 11 Rn:5 Rt:5", null, ""),
    LDR_IMM_UNSIGNED("1 size0 11100101 imm12:12 Rn:5 Rt:5", null, ""),
    LDRB_IMM_POST("00111000010 imm9:9 01 Rn:5 Rt:5", null, ""),
    LDRB_IMM_PRE("00111000010 imm9:9 11 Rn:5 Rt:5", null, ""),
    LDRB_IMM_UNSIGNED("0011100101 imm12:12 Rn:5 Rt:5", null, ""),
    LDRH_IMM_POST("01111000010 imm9:9 01 Rn:5 Rt:5", null, ""),
    LDRH_IMM_PRE("01111000010 imm9:9 11 Rn:5 Rt:5", null, ""),
    LDRH_IMM_UNSIGNED("0111100101 imm12:12 Rn:5 Rt:5", null, ""),
    LDRSB_IMM_POST("001110001 opc0 0 imm9:9 01 Rn:5 Rt:5", null, ""),
    LDRSB_IMM_PRE("001110001 opc0 0 imm9:9 11 Rn:5 Rt:5", null, ""),
    LDRSB_IMM_UNSIGNED("001110011 opc0 imm12:12 Rn:5 Rt:5", null, ""),
    LDRSH_IMM_POST("011110001 opc0 0 imm9:9 01 Rn:5 Rt:5", null, ""),
    LDRSH_IMM_PRE("011110001 opc0 0 imm9:9 11 Rn:5 Rt:5", null, ""),
    LDRSH_IMM_UNSIGNED("011110011 opc0 imm12:12 Rn:5 Rt:5", null, ""),
    LDRSW_IMM_POST("10111000100 imm9:9 01 Rn:5 Rt:5", null, ""),
    LDRSW_IMM_PRE("10111000100 imm9:9 11 Rn:5 Rt:5", null, ""),
    LDRSW_IMM_UNSIGNED("1011100110 imm12:12 Rn:5 Rt:5", null, ""),
    STR_IMM_POST("1 size0 111000000 imm9:9 01 Rn:5 Rt:5", null, ""),
    STR_IMM_PRE("1 size0 111000000 imm9:9 11 Rn:5 Rt:5", null, ""),
    STR_IMM_UNSIGNED("1 size0 11100100 imm12:12 Rn:5 Rt:5", null, ""),
    STRB_IMM_POST("00111000000 imm9:9 01 Rn:5 Rt:5", null, ""),
    STRB_IMM_PRE("00111000000 imm9:9 11 Rn:5 Rt:5", null, ""),
    STRB_IMM_UNSIGNED("0011100100 imm12:12 Rn:5 Rt:5", null, ""),
    STRH_IMM_POST("01111000000 imm9:9 01 Rn:5 Rt:5", null, ""),
    STRH_IMM_PRE("01111000000 imm9:9 11 Rn:5 Rt:5", null, ""),
    STRH_IMM_UNSIGNED("0111100100 imm12:12 Rn:5 Rt:5", null, ""),
    LDR_REG("1 size0 111000011 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    LDRB_REG("00111000011 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    LDRH_REG("01111000011 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    LDRSB_REG("001110001 opc0 1 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    LDRSH_REG("011110001 opc0 1 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    LDRSW_REG("10111000101 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    PRFM_REG("11111000101 Rm:5 option2 1 option0 S 10 Rn:5 Rt:5", null, ""),
    STR_REG("1 size0 111000001 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    STRB_REG("00111000001 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    STRH_REG("01111000001 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x"),
    LDR_REG_V("size:2 111100 opc1 11 Rm:5 option:3 S 10 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x | option=x0x"),
    STR_REG_V("size:2 111100 opc1 01 Rm:5 option:3 S 10 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x | option=x0x"),
    LDTR("1 size0 111000010 imm9:9 10 Rn:5 Rt:5", null, ""),
    LDTRB("00111000010 imm9:9 10 Rn:5 Rt:5", null, ""),
    LDTRH("01111000010 imm9:9 10 Rn:5 Rt:5", null, ""),
    LDTRSB("001110001 opc0 0 imm9:9 10 Rn:5 Rt:5", null, ""),
    LDTRSH("011110001 opc0 0 imm9:9 10 Rn:5 Rt:5", null, ""),
    LDTRSW("10111000100 imm9:9 10 Rn:5 Rt:5", null, ""),
    STTR("1 size0 111000000 imm9:9 10 Rn:5 Rt:5", null, ""),
    STTRB("00111000000 imm9:9 10 Rn:5 Rt:5", null, ""),
    STTRH("01111000000 imm9:9 10 Rn:5 Rt:5", null, ""),
    LDUR_V("size:2 111100 opc1 10 imm9:9 00 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    STUR_V("size:2 111100 opc1 00 imm9:9 00 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x"),
    LDUR("1 size0 111000010 imm9:9 00 Rn:5 Rt:5", null, ""),
    LDURB("00111000010 imm9:9 00 Rn:5 Rt:5", null, ""),
    LDURH("01111000010 imm9:9 00 Rn:5 Rt:5", null, ""),
    LDURSB("001110001 opc0 0 imm9:9 00 Rn:5 Rt:5", null, ""),
    LDURSH("011110001 opc0 0 imm9:9 00 Rn:5 Rt:5", null, ""),
    LDURSW("10111000100 imm9:9 00 Rn:5 Rt:5", null, ""),
    PRFUM("11111000100 imm9:9 00 Rn:5 Rt:5", null, ""),
    STUR("1 size0 111000000 imm9:9 00 Rn:5 Rt:5", null, ""),
    STURB("00111000000 imm9:9 00 Rn:5 Rt:5", null, ""),
    STURH("01111000000 imm9:9 00 Rn:5 Rt:5", null, ""),
    PRFM_IMM("1111100110 imm12:12 Rn:5 Rt:5", null, ""),
    SWP("1 size0 111000 A R 1 Rs:5 100000 Rn:5 Rt:5", Feature.LSE, ""),
    SWPB("00111000 A R 1 Rs:5 100000 Rn:5 Rt:5", Feature.LSE, ""),
    SWPH("01111000 A R 1 Rs:5 100000 Rn:5 Rt:5", Feature.LSE, ""),

    // Data processing: register (Arm ARM C4.1.95)

    ADC("sf 0011010000 Rm:5 000000 Rn:5 Rd:5", null, ""),
    ADCS("sf 0111010000 Rm:5 000000 Rn:5 Rd:5", null, ""),
    SBC("sf 1011010000 Rm:5 000000 Rn:5 Rd:5", null, ""),
    SBCS("sf 1111010000 Rm:5 000000 Rn:5 Rd:5", null, ""),
    ADD_SHIFT("sf 0001011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx"),
    ADDS_SHIFT("sf 0101011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx"),
    SUB_SHIFT("sf 1001011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx"),
    SUBS_SHIFT("sf 1101011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx"),
    ADD_EXT("sf 0001011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x"),
    ADDS_EXT("sf 0101011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x"),
    SUB_EXT("sf 1001011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x"),
    SUBS_EXT("sf 1101011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x"),
    AND_SHIFT("sf 0001010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    ANDS_SHIFT("sf 1101010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    BIC_SHIFT("sf 0001010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    BICS_SHIFT("sf 1101010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    EON_SHIFT("sf 1001010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    EOR_SHIFT("sf 1001010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    ORN_SHIFT("sf 0101010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    ORR_SHIFT("sf 0101010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx"),
    ASRV("sf 0011010110 Rm:5 001010 Rn:5 Rd:5", null, ""),
    LSLV("sf 0011010110 Rm:5 001000 Rn:5 Rd:5", null, ""),
    LSRV("sf 0011010110 Rm:5 001001 Rn:5 Rd:5", null, ""),
    RORV("sf 0011010110 Rm:5 001011 Rn:5 Rd:5", null, ""),
    CCMN_REG("sf 0111010010 Rm:5 cond:4 00 Rn:5 0 nzcv:4", null, ""),
    CCMP_REG("sf 1111010010 Rm:5 cond:4 00 Rn:5 0 nzcv:4", null, ""),
    CCMN_IMM("sf 0111010010 imm5:5 cond:4 10 Rn:5 0 nzcv:4", null, ""),
    CCMP_IMM("sf 1111010010 imm5:5 cond:4 10 Rn:5 0 nzcv:4", null, ""),
    CLS("sf 101101011000000000101 Rn:5 Rd:5", null, ""),
    CLZ("sf 101101011000000000100 Rn:5 Rd:5", null, ""),
    CRC32("sf 0011010110 Rm:5 0100 sz:2 Rn:5 Rd:5", Feature.CRC32, "sf=0 & sz=11 | sf=1 & sz=0x | sf=1 & sz=10"),
    CRC32C("sf 0011010110 Rm:5 0101 sz:2 Rn:5 Rd:5", Feature.CRC32, "sf=0 & sz=11 | sf=1 & sz=0x | sf=1 & sz=10"),
    CSEL("sf 0011010100 Rm:5 cond:4 00 Rn:5 Rd:5", null, ""),
    CSINC("sf 0011010100 Rm:5 cond:4 01 Rn:5 Rd:5", null, ""),
    CSINV("sf 1011010100 Rm:5 cond:4 00 Rn:5 Rd:5", null, ""),
    CSNEG("sf 1011010100 Rm:5 cond:4 01 Rn:5 Rd:5", null, ""),
    MADD("sf 0011011000 Rm:5 0 Ra:5 Rn:5 Rd:5", null, ""),
    MSUB("sf 0011011000 Rm:5 1 Ra:5 Rn:5 Rd:5", null, ""),
    RBIT("sf 101101011000000000000 Rn:5 Rd:5", null, ""),
    REV("sf 10110101100000000001 opc0 Rn:5 Rd:5", null, "sf=0 & opc0=1 | sf=1 & opc0=0"),
    REV16("sf 101101011000000000001 Rn:5 Rd:5", null, ""),
    REV32("1101101011000000000010 Rn:5 Rd:5", null, ""),
    RMIF("10111010000 imm6:6 00001 Rn:5 0 mask:4", Feature.FlagM, ""),
    SDIV("sf 0011010110 Rm:5 000011 Rn:5 Rd:5", null, ""),
    UDIV("sf 0011010110 Rm:5 000010 Rn:5 Rd:5", null, ""),
    SETF("00111010000000000 sz 0010 Rn:5 01101", Feature.FlagM, ""),
    SMADDL("10011011001 Rm:5 0 Ra:5 Rn:5 Rd:5", null, ""),
    SMSUBL("10011011001 Rm:5 1 Ra:5 Rn:5 Rd:5", null, ""),
    UMADDL("10011011101 Rm:5 0 Ra:5 Rn:5 Rd:5", null, ""),
    UMSUBL("10011011101 Rm:5 1 Ra:5 Rn:5 Rd:5", null, ""),
    SMULH("10011011010 Rm:5 011111 Rn:5 Rd:5", null, ""),
    UMULH("10011011110 Rm:5 011111 Rn:5 Rd:5", null, ""),

    // Scalar floating point and Advanced SIMD (Arm ARM C4.1.96)

    ABS_S("01011110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    ABS_V("0 Q 001110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    NEG_S("01111110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    NEG_V("0 Q 101110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ADD_S("01011110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    ADD_V("0 Q 001110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SUB_S("01111110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    SUB_V("0 Q 101110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ADDHN("0 Q 001110 size:2 1 Rm:5 010000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    RADDHN("0 Q 101110 size:2 1 Rm:5 010000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    RSUBHN("0 Q 101110 size:2 1 Rm:5 011000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SUBHN("0 Q 001110 size:2 1 Rm:5 011000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    ADDP_V("0 Q 001110 size:2 1 Rm:5 101111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ADDP_S("01011110 size:2 110001101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    ADDV("0 Q 001110 size:2 110001101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0"),
    AESD("0100111000101000010110 Rn:5 Rd:5", Feature.AES, ""),
    AESE("0100111000101000010010 Rn:5 Rd:5", Feature.AES, ""),
    AESIMC("0100111000101000011110 Rn:5 Rd:5", Feature.AES, ""),
    AESMC("0100111000101000011010 Rn:5 Rd:5", Feature.AES, ""),
    AND_V("0 Q 001110001 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    BIC_V("0 Q 001110011 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    ORN_V("0 Q 001110111 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    ORR_V("0 Q 001110101 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    BCAX("11001110001 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.SHA3, ""),
    BIF("0 Q 101110111 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    BIT("0 Q 101110101 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    BSL("0 Q 101110011 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    EOR_V("0 Q 101110001 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    CLS_V("0 Q 001110 size:2 100000010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    CLZ_V("0 Q 101110 size:2 100000010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    CMEQ_ZERO_S("01011110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMEQ_ZERO_V("0 Q 001110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMGE_ZERO_S("01111110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMGE_ZERO_V("0 Q 101110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMGT_ZERO_S("01011110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMGT_ZERO_V("0 Q 001110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMLE_S("01111110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMLE_V("0 Q 101110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMEQ_S("01111110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMEQ_V("0 Q 101110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMTST_S("01011110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMTST_V("0 Q 001110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMGE_S("01011110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMGE_V("0 Q 001110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMGT_S("01011110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMGT_V("0 Q 001110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMHI_S("01111110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMHI_V("0 Q 101110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMHS_S("01111110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMHS_V("0 Q 101110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CMLT_S("01011110 size:2 100000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    CMLT_V("0 Q 001110 size:2 100000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    CNT("0 Q 001110 size:2 100000010110 Rn:5 Rd:5", Feature.AdvSIMD, "size=x1 | size=1x"),
    DUP_ELEM_S("01011110000 imm5:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000"),
    DUP_ELEM_V("0 Q 001110000 imm5:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | imm5=x1000 & Q=0"),
    DUP_GPR("0 Q 001110000 imm5:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | imm5=x1000 & Q=0"),
    EOR3("11001110000 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.SHA3, ""),
    EXT("0 Q 101110000 Rm:5 0 imm4:4 0 Rn:5 Rd:5", Feature.AdvSIMD, "Q=0 & imm4=1xxx"),
    FABD_S_H("01111110110 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, ""),
    FABD_S("011111101 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FABD_V_H("0 Q 101110110 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, ""),
    FABD_V("0 Q 1011101 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FABS_S("00011110 ftype:2 100000110000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMOV_S("00011110 ftype:2 100000010000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FNEG_S("00011110 ftype:2 100001010000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FSQRT_S("00011110 ftype:2 100001110000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FABS_V_H("0 Q 00111011111000111110 Rn:5 Rd:5", Feature.FP16, ""),
    FABS_V("0 Q 0011101 sz 100000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FNEG_V_H("0 Q 10111011111000111110 Rn:5 Rd:5", Feature.FP16, ""),
    FNEG_V("0 Q 1011101 sz 100000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FACGE_S_H("01111110010 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, ""),
    FACGE_S("011111100 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FACGE_V_H("0 Q 101110010 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, ""),
    FACGE_V("0 Q 1011100 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FACGT_S_H("01111110110 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, ""),
    FACGT_S("011111101 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FACGT_V_H("0 Q 101110110 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, ""),
    FACGT_V("0 Q 1011101 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMEQ_S_H("01011110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, ""),
    FCMEQ_S("010111100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMEQ_V_H("0 Q 001110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, ""),
    FCMEQ_V("0 Q 0011100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMGE_S_H("01111110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGE_S("011111100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMGE_V_H("0 Q 101110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGE_V("0 Q 1011100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMGT_S_H("01111110110 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGT_S("011111101 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMGT_V_H("0 Q 101110110 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGT_V("0 Q 1011101 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FADD_V_H("0 Q 001110010 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, ""),
    FADD_V("0 Q 0011100 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FADDP_V_H("0 Q 101110010 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, ""),
    FADDP_V("0 Q 1011100 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FADD_S("00011110 ftype:2 1 Rm:5 001010 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FSUB_S("00011110 ftype:2 1 Rm:5 001110 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FADDP_S_H("010111100 sz 110000110110 Rn:5 Rd:5", Feature.FP16, "sz=1"),
    FADDP_S("011111100 sz 110000110110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCADD("0 Q 101110 size:2 0 Rm:5 111 rot 01 Rn:5 Rd:5", Feature.FCMA, "size=00 | size=11 & Q=0"),
    FCCMP_S("00011110 ftype:2 1 Rm:5 cond:4 01 Rn:5 0 nzcv:4", Feature.FP, "ftype=10"),
    FCCMPE_S("00011110 ftype:2 1 Rm:5 cond:4 01 Rn:5 1 nzcv:4", Feature.FP, "ftype=10"),
    FCMEQ_ZERO_S_H("0101111011111000110110 Rn:5 Rd:5", Feature.FP16, ""),
    FCMEQ_ZERO_S("010111101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMEQ_ZERO_V_H("0 Q 00111011111000110110 Rn:5 Rd:5", Feature.FP16, ""),
    FCMEQ_ZERO_V("0 Q 0011101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMGE_ZERO_S_H("0111111011111000110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGE_ZERO_S("011111101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMGE_ZERO_V_H("0 Q 10111011111000110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGE_ZERO_V("0 Q 1011101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMGT_ZERO_S_H("0101111011111000110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGT_ZERO_S("010111101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMGT_ZERO_V_H("0 Q 00111011111000110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCMGT_ZERO_V("0 Q 0011101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMLE_S_H("0111111011111000110110 Rn:5 Rd:5", Feature.FP16, ""),
    FCMLE_S("011111101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMLE_V_H("0 Q 10111011111000110110 Rn:5 Rd:5", Feature.FP16, ""),
    FCMLE_V("0 Q 1011101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMLA_V("0 Q 101110 size:2 0 Rm:5 110 rot:2 1 Rn:5 Rd:5", Feature.FCMA, "size=00 | size=11 & Q=0"),
    FCMLA_ELEM("0 Q 101111 size:2 L M Rm:4 0 rot:2 1 H 0 Rn:5 Rd:5", Feature.FCMA, "size=00 | size=11 | size=01 & H=1 & Q=0 | size=10 & L=1 | size=10 & Q=0"),
    FCMLT_S_H("0101111011111000111010 Rn:5 Rd:5", Feature.FP16, ""),
    FCMLT_S("010111101 sz 100000111010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCMLT_V_H("0 Q 00111011111000111010 Rn:5 Rd:5", Feature.FP16, ""),
    FCMLT_V("0 Q 0011101 sz 100000111010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCMP_S("00011110 ftype:2 1 Rm:5 001000 Rn:5 0 opc0 000", Feature.FP, "ftype=10"),
    FCMPE_S("00011110 ftype:2 1 Rm:5 001000 Rn:5 1 opc0 000", Feature.FP, "ftype=10"),
    FCSEL_S("00011110 ftype:2 1 Rm:5 cond:4 11 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVT("00011110 ftype:2 10001 opc:2 10000 Rn:5 Rd:5", Feature.FP, "ftype=10 | opc=10 | ftype=00 & opc=00 | ftype=01 & opc=01 | ftype=11 & opc=11"),
    FCVTAS_S_H("0101111001111001110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTAS_S("010111100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTAS_V_H("0 Q 00111001111001110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTAS_V("0 Q 0011100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTAU_S_H("0111111001111001110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTAU_S("011111100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTAU_V_H("0 Q 10111001111001110010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTAU_V("0 Q 1011100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTAS_GPR("sf 0011110 ftype:2 100100000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTAU_GPR("sf 0011110 ftype:2 100101000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTMS_GPR("sf 0011110 ftype:2 110000000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTMU_GPR("sf 0011110 ftype:2 110001000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTNS_GPR("sf 0011110 ftype:2 100000000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTNU_GPR("sf 0011110 ftype:2 100001000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTPS_GPR("sf 0011110 ftype:2 101000000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTPU_GPR("sf 0011110 ftype:2 101001000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTZS_GPR("sf 0011110 ftype:2 111000000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTZU_GPR("sf 0011110 ftype:2 111001000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FJCVTZS("0001111001111110000000 Rn:5 Rd:5", Feature.JSCVT, ""),
    FMOV_GPR("sf 0011110 ftype:2 10 rmode0 11 opcode0 000000 Rn:5 Rd:5", Feature.FP, "ftype=00 & sf=1 | ftype=00 & rmode0=1 | ftype=01 & sf=0 | ftype=01 & rmode0=1 | ftype=10 & sf=0 | ftype=10 & rmode0=0 | ftype=11 & rmode0=1"),
    SCVTF_GPR("sf 0011110 ftype:2 100010000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    UCVTF_GPR("sf 0011110 ftype:2 100011000000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FCVTL("0 Q 0011100 sz 100001011110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTMS_S_H("0101111001111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTMS_S("010111100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTMS_V_H("0 Q 00111001111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTMS_V("0 Q 0011100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTMU_S_H("0111111001111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTMU_S("011111100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTMU_V_H("0 Q 10111001111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTMU_V("0 Q 1011100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTNS_S_H("0101111001111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTNS_S("010111100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTNS_V_H("0 Q 00111001111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTNS_V("0 Q 0011100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTNU_S_H("0111111001111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTNU_S("011111100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTNU_V_H("0 Q 10111001111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTNU_V("0 Q 1011100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTPS_S_H("0101111011111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTPS_S("010111101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTPS_V_H("0 Q 00111011111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTPS_V("0 Q 0011101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTPU_S_H("0111111011111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTPU_S("011111101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTPU_V_H("0 Q 10111011111001101010 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTPU_V("0 Q 1011101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTZS_S_H("0101111011111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTZS_S("010111101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTZS_V_H("0 Q 00111011111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTZS_V("0 Q 0011101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTZU_S_H("0111111011111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTZU_S("011111101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTZU_V_H("0 Q 10111011111001101110 Rn:5 Rd:5", Feature.FP16, ""),
    FCVTZU_V("0 Q 1011101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FCVTN("0 Q 0011100 sz 100001011010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FCVTXN_S("011111100 sz 100001011010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=0"),
    FCVTXN_V("0 Q 1011100 sz 100001011010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=0"),
    FCVTZS_GPR_FIX("sf 0011110 ftype:2 011000 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx"),
    FCVTZU_GPR_FIX("sf 0011110 ftype:2 011001 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx"),
    SCVTF_GPR_FIX("sf 0011110 ftype:2 000010 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx"),
    UCVTF_GPR_FIX("sf 0011110 ftype:2 000011 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx"),
    FCVTZS_FIX_S("010111110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x"),
    FCVTZS_FIX_V("0 Q 0011110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0"),
    FCVTZU_FIX_S("011111110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x"),
    FCVTZU_FIX_V("0 Q 1011110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0"),
    FDIV_V_H("0 Q 101110010 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, ""),
    FDIV_V("0 Q 1011100 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FDIV_S("00011110 ftype:2 1 Rm:5 000110 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMADD_S("00011111 ftype:2 0 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMSUB_S("00011111 ftype:2 0 Rm:5 1 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FNMADD_S("00011111 ftype:2 1 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FNMSUB_S("00011111 ftype:2 1 Rm:5 1 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMAX_S("00011110 ftype:2 1 Rm:5 010010 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMAXNM_S("00011110 ftype:2 1 Rm:5 011010 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMIN_S("00011110 ftype:2 1 Rm:5 010110 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMINNM_S("00011110 ftype:2 1 Rm:5 011110 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMAX_V_H("0 Q 001110010 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, ""),
    FMAX_V("0 Q 0011100 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMAXP_V_H("0 Q 101110010 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, ""),
    FMAXP_V("0 Q 1011100 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMIN_V_H("0 Q 001110110 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, ""),
    FMIN_V("0 Q 0011101 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMINP_V_H("0 Q 101110110 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, ""),
    FMINP_V("0 Q 1011101 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMAXNM_V_H("0 Q 001110010 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, ""),
    FMAXNM_V("0 Q 0011100 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMAXNMP_V_H("0 Q 101110010 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, ""),
    FMAXNMP_V("0 Q 1011100 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMINNM_V_H("0 Q 001110110 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, ""),
    FMINNM_V("0 Q 0011101 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMINNMP_V_H("0 Q 101110110 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, ""),
    FMINNMP_V("0 Q 1011101 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMAXNMP_S_H("010111100 sz 110000110010 Rn:5 Rd:5", Feature.FP16, "sz=1"),
    FMAXNMP_S("011111100 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FMINNMP_S_H("010111101 sz 110000110010 Rn:5 Rd:5", Feature.FP16, "sz=1"),
    FMINNMP_S("011111101 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FMAXNMV_V_H("0 Q 00111000110000110010 Rn:5 Rd:5", Feature.FP16, ""),
    FMAXNMV_V("0 Q 1011100 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0"),
    FMINNMV_V_H("0 Q 00111010110000110010 Rn:5 Rd:5", Feature.FP16, ""),
    FMINNMV_V("0 Q 1011101 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0"),
    FMAXP_S_H("010111100 sz 110000111110 Rn:5 Rd:5", Feature.FP16, "sz=1"),
    FMAXP_S("011111100 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FMINP_S_H("010111101 sz 110000111110 Rn:5 Rd:5", Feature.FP16, "sz=1"),
    FMINP_S("011111101 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FMAXV_V_H("0 Q 00111000110000111110 Rn:5 Rd:5", Feature.FP16, ""),
    FMAXV_V("0 Q 1011100 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0"),
    FMINV_V_H("0 Q 00111010110000111110 Rn:5 Rd:5", Feature.FP16, ""),
    FMINV_V("0 Q 1011101 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0"),
    FMLA_ELEM_S_H("0101111100 L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMLA_ELEM_S("010111111 sz L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1"),
    FMLA_ELEM_V_H("0 Q 00111100 L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMLA_ELEM_V("0 Q 0011111 sz L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0"),
    FMLS_ELEM_S_H("0101111100 L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMLS_ELEM_S("010111111 sz L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1"),
    FMLS_ELEM_V_H("0 Q 00111100 L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMLS_ELEM_V("0 Q 0011111 sz L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0"),
    FMLA_V_H("0 Q 001110010 Rm:5 000011 Rn:5 Rd:5", Feature.FP16, ""),
    FMLA_V("0 Q 0011100 sz 1 Rm:5 110011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMLS_V_H("0 Q 001110110 Rm:5 000011 Rn:5 Rd:5", Feature.FP16, ""),
    FMLS_V("0 Q 0011101 sz 1 Rm:5 110011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMLAL_ELEM("0 Q 00111110 L M Rm:4 0000 H 0 Rn:5 Rd:5", Feature.FHM, ""),
    FMLAL2_ELEM("0 Q 10111110 L M Rm:4 1000 H 0 Rn:5 Rd:5", Feature.FHM, ""),
    FMLSL_ELEM("0 Q 00111110 L M Rm:4 0100 H 0 Rn:5 Rd:5", Feature.FHM, ""),
    FMLSL2_ELEM("0 Q 10111110 L M Rm:4 1100 H 0 Rn:5 Rd:5", Feature.FHM, ""),
    FMLAL_V("0 Q 001110001 Rm:5 111011 Rn:5 Rd:5", Feature.FHM, ""),
    FMLAL2_V("0 Q 101110001 Rm:5 110011 Rn:5 Rd:5", Feature.FHM, ""),
    FMLSL_V("0 Q 001110101 Rm:5 111011 Rn:5 Rd:5", Feature.FHM, ""),
    FMLSL2_V("0 Q 101110101 Rm:5 110011 Rn:5 Rd:5", Feature.FHM, ""),
    FMOV_S_IMM("00011110 ftype:2 1 imm8:8 10000000 Rd:5", Feature.FP, "ftype=10"),
    FMUL_V_H("0 Q 101110010 Rm:5 000111 Rn:5 Rd:5", Feature.FP16, ""),
    FMUL_V("0 Q 1011100 sz 1 Rm:5 110111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FMUL_S("00011110 ftype:2 1 Rm:5 000010 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FNMUL_S("00011110 ftype:2 1 Rm:5 100010 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FMUL_ELEM_S_H("0101111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMUL_ELEM_S("010111111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1"),
    FMUL_ELEM_V_H("0 Q 00111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMUL_ELEM_V("0 Q 0011111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0"),
    FMULX_ELEM_S_H("0111111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMULX_ELEM_S("011111111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1"),
    FMULX_ELEM_V_H("0 Q 10111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, ""),
    FMULX_ELEM_V("0 Q 1011111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0"),
    FMULX_S_H("01011110010 Rm:5 000111 Rn:5 Rd:5", Feature.FP16, ""),
    FMULX_S("010111100 sz 1 Rm:5 110111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FMULX_V_H("0 Q 001110010 Rm:5 000111 Rn:5 Rd:5", Feature.FP16, ""),
    FMULX_V("0 Q 0011100 sz 1 Rm:5 110111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRECPE_S_H("0101111011111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    FRECPE_S("010111101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FRECPE_V_H("0 Q 00111011111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    FRECPE_V("0 Q 0011101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRECPS_S_H("01011110010 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, ""),
    FRECPS_S("010111100 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FRECPS_V_H("0 Q 001110010 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, ""),
    FRECPS_V("0 Q 0011100 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRECPX_S_H("0101111011111001111110 Rn:5 Rd:5", Feature.FP16, ""),
    FRECPX_S("010111101 sz 100001111110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FRINTA_V_H("0 Q 10111001111001100010 Rn:5 Rd:5", Feature.FP16, ""),
    FRINTA_V("0 Q 1011100 sz 100001100010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRINTI_V_H("0 Q 10111011111001100110 Rn:5 Rd:5", Feature.FP16, ""),
    FRINTI_V("0 Q 1011101 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRINTM_V_H("0 Q 00111001111001100110 Rn:5 Rd:5", Feature.FP16, ""),
    FRINTM_V("0 Q 0011100 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRINTN_V_H("0 Q 00111001111001100010 Rn:5 Rd:5", Feature.FP16, ""),
    FRINTN_V("0 Q 0011100 sz 100001100010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRINTP_V_H("0 Q 00111011111001100010 Rn:5 Rd:5", Feature.FP16, ""),
    FRINTP_V("0 Q 0011101 sz 100001100010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRINTX_V_H("0 Q 10111001111001100110 Rn:5 Rd:5", Feature.FP16, ""),
    FRINTX_V("0 Q 1011100 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRINTZ_V_H("0 Q 00111011111001100110 Rn:5 Rd:5", Feature.FP16, ""),
    FRINTZ_V("0 Q 0011101 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRINTA_S("00011110 ftype:2 100110010000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FRINTI_S("00011110 ftype:2 100111110000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FRINTM_S("00011110 ftype:2 100101010000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FRINTN_S("00011110 ftype:2 100100010000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FRINTP_S("00011110 ftype:2 100100110000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FRINTX_S("00011110 ftype:2 100111010000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FRINTZ_S("00011110 ftype:2 100101110000 Rn:5 Rd:5", Feature.FP, "ftype=10"),
    FRSQRTE_S_H("0111111011111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    FRSQRTE_S("011111101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FRSQRTE_V_H("0 Q 10111011111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    FRSQRTE_V("0 Q 1011101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FRSQRTS_S_H("01011110110 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, ""),
    FRSQRTS_S("010111101 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    FRSQRTS_V_H("0 Q 001110110 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, ""),
    FRSQRTS_V("0 Q 0011101 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FSQRT_V_H("0 Q 10111011111001111110 Rn:5 Rd:5", Feature.FP16, ""),
    FSQRT_V("0 Q 1011101 sz 100001111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    FSUB_V_H("0 Q 001110110 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, ""),
    FSUB_V("0 Q 0011101 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    INS_ELEM("01101110000 imm5:5 0 imm4:4 1 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000"),
    INS_GPR("01001110000 imm5:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000"),
    MLA_V("0 Q 001110 size:2 1 Rm:5 100101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    MLS_V("0 Q 101110 size:2 1 Rm:5 100101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    MLA_ELEM("0 Q 101111 size:2 L M Rm:4 0000 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    MLS_ELEM("0 Q 101111 size:2 L M Rm:4 0100 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    MUL_V("0 Q 001110 size:2 1 Rm:5 100111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    PMUL("0 Q 101110 size:2 1 Rm:5 100111 Rn:5 Rd:5", Feature.AdvSIMD, "size=x1 | size=1x"),
    MUL_ELEM("0 Q 001111 size:2 L M Rm:4 1000 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    NOT("0 Q 10111000100000010110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    PMULL("0 Q 001110 size:2 1 Rm:5 111000 Rn:5 Rd:5", Feature.AdvSIMD, "size=01 | size=10"),
    RAX1("11001110011 Rm:5 100011 Rn:5 Rd:5", Feature.SHA3, ""),
    RBIT_V("0 Q 10111001100000010110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    REV16_V("0 Q 001110 size:2 100000000110 Rn:5 Rd:5", Feature.AdvSIMD, "size=x1 | size=1x"),
    REV32_V("0 Q 101110 size:2 100000000010 Rn:5 Rd:5", Feature.AdvSIMD, "size=1x"),
    REV64("0 Q 001110 size:2 100000000010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    RSHRN("0 Q 0011110 immh:4 immb:3 100011 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SHRN("0 Q 0011110 immh:4 immb:3 100001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SABA("0 Q 001110 size:2 1 Rm:5 011111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SABD("0 Q 001110 size:2 1 Rm:5 011101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UABA("0 Q 101110 size:2 1 Rm:5 011111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UABD("0 Q 101110 size:2 1 Rm:5 011101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SABAL("0 Q 001110 size:2 1 Rm:5 010100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SABDL("0 Q 001110 size:2 1 Rm:5 011100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UABAL("0 Q 101110 size:2 1 Rm:5 010100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UABDL("0 Q 101110 size:2 1 Rm:5 011100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SADALP("0 Q 001110 size:2 100000011010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SADDLP("0 Q 001110 size:2 100000001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UADALP("0 Q 101110 size:2 100000011010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UADDLP("0 Q 101110 size:2 100000001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SADDL("0 Q 001110 size:2 1 Rm:5 000000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SSUBL("0 Q 001110 size:2 1 Rm:5 001000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UADDL("0 Q 101110 size:2 1 Rm:5 000000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    USUBL("0 Q 101110 size:2 1 Rm:5 001000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SADDLV("0 Q 001110 size:2 110000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0"),
    UADDLV("0 Q 101110 size:2 110000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0"),
    SADDW("0 Q 001110 size:2 1 Rm:5 000100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SSUBW("0 Q 001110 size:2 1 Rm:5 001100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UADDW("0 Q 101110 size:2 1 Rm:5 000100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    USUBW("0 Q 101110 size:2 1 Rm:5 001100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SCVTF_FIX_S("010111110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x"),
    SCVTF_FIX_V("0 Q 0011110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0"),
    UCVTF_FIX_S("011111110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x"),
    UCVTF_FIX_V("0 Q 1011110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0"),
    SCVTF_S_H("0101111001111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    SCVTF_S("010111100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SCVTF_V_H("0 Q 00111001111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    SCVTF_V("0 Q 0011100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    UCVTF_S_H("0111111001111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    UCVTF_S("011111100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    UCVTF_V_H("0 Q 10111001111001110110 Rn:5 Rd:5", Feature.FP16, ""),
    UCVTF_V("0 Q 1011100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0"),
    SDOT_V("0 Q 001110 size:2 0 Rm:5 100101 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11"),
    UDOT_V("0 Q 101110 size:2 0 Rm:5 100101 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11"),
    SDOT_ELEM("0 Q 001111 size:2 L M Rm:4 1110 H 0 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11"),
    UDOT_ELEM("0 Q 101111 size:2 L M Rm:4 1110 H 0 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11"),
    SHA1C("01011110000 Rm:5 000000 Rn:5 Rd:5", Feature.SHA1, ""),
    SHA1H("0101111000101000000010 Rn:5 Rd:5", Feature.SHA1, ""),
    SHA1M("01011110000 Rm:5 001000 Rn:5 Rd:5", Feature.SHA1, ""),
    SHA1P("01011110000 Rm:5 000100 Rn:5 Rd:5", Feature.SHA1, ""),
    SHA1SU0("01011110000 Rm:5 001100 Rn:5 Rd:5", Feature.SHA1, ""),
    SHA1SU1("0101111000101000000110 Rn:5 Rd:5", Feature.SHA1, ""),
    SHA256H("01011110000 Rm:5 010000 Rn:5 Rd:5", Feature.SHA256, ""),
    SHA256H2("01011110000 Rm:5 010100 Rn:5 Rd:5", Feature.SHA256, ""),
    SHA256SU0("0101111000101000001010 Rn:5 Rd:5", Feature.SHA256, ""),
    SHA256SU1("01011110000 Rm:5 011000 Rn:5 Rd:5", Feature.SHA256, ""),
    SHA512H("11001110011 Rm:5 100000 Rn:5 Rd:5", Feature.SHA512, ""),
    SHA512H2("11001110011 Rm:5 100001 Rn:5 Rd:5", Feature.SHA512, ""),
    SHA512SU0("1100111011000000100000 Rn:5 Rd:5", Feature.SHA512, ""),
    SHA512SU1("11001110011 Rm:5 100010 Rn:5 Rd:5", Feature.SHA512, ""),
    SHADD("0 Q 001110 size:2 1 Rm:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UHADD("0 Q 101110 size:2 1 Rm:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SHL_S("010111110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    SHL_V("0 Q 0011110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SHLL("0 Q 101110 size:2 100001001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SHSUB("0 Q 001110 size:2 1 Rm:5 001001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UHSUB("0 Q 101110 size:2 1 Rm:5 001001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SLI_S("011111110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    SLI_V("0 Q 1011110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SMAX("0 Q 001110 size:2 1 Rm:5 011001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SMIN("0 Q 001110 size:2 1 Rm:5 011011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UMAX("0 Q 101110 size:2 1 Rm:5 011001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UMIN("0 Q 101110 size:2 1 Rm:5 011011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SMAXP("0 Q 001110 size:2 1 Rm:5 101001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SMINP("0 Q 001110 size:2 1 Rm:5 101011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UMAXP("0 Q 101110 size:2 1 Rm:5 101001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UMINP("0 Q 101110 size:2 1 Rm:5 101011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SMAXV("0 Q 001110 size:2 110000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0"),
    SMINV("0 Q 001110 size:2 110001101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0"),
    UMAXV("0 Q 101110 size:2 110000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0"),
    UMINV("0 Q 101110 size:2 110001101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0"),
    SMLAL_V("0 Q 001110 size:2 1 Rm:5 100000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SMLSL_V("0 Q 001110 size:2 1 Rm:5 101000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UMLAL_V("0 Q 101110 size:2 1 Rm:5 100000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UMLSL_V("0 Q 101110 size:2 1 Rm:5 101000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SMLAL_ELEM("0 Q 001111 size:2 L M Rm:4 0010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SMLSL_ELEM("0 Q 001111 size:2 L M Rm:4 0110 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    UMLAL_ELEM("0 Q 101111 size:2 L M Rm:4 0010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    UMLSL_ELEM("0 Q 101111 size:2 L M Rm:4 0110 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SMOV("0 Q 001110000 imm5:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | imm5=x1000 | Q=0 & imm5=xx100"),
    SMULL_V("0 Q 001110 size:2 1 Rm:5 110000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UMULL_V("0 Q 101110 size:2 1 Rm:5 110000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SMULL_ELEM("0 Q 001111 size:2 L M Rm:4 1010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    UMULL_ELEM("0 Q 101111 size:2 L M Rm:4 1010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQABS_S("01011110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SQABS_V("0 Q 001110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SQNEG_S("01111110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SQNEG_V("0 Q 101110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SQADD_S("01011110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SQADD_V("0 Q 001110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    UQADD_S("01111110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    UQADD_V("0 Q 101110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SQDMLAL_ELEM_S("01011111 size:2 L M Rm:4 0011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMLAL_ELEM_V("0 Q 001111 size:2 L M Rm:4 0011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMLSL_ELEM_S("01011111 size:2 L M Rm:4 0111 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMLSL_ELEM_V("0 Q 001111 size:2 L M Rm:4 0111 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMLAL_S("01011110 size:2 1 Rm:5 100100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMLAL_V("0 Q 001110 size:2 1 Rm:5 100100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMLSL_S("01011110 size:2 1 Rm:5 101100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMLSL_V("0 Q 001110 size:2 1 Rm:5 101100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULH_S("01011110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULH_V("0 Q 001110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQRDMULH_S("01111110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQRDMULH_V("0 Q 101110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULH_ELEM_S("01011111 size:2 L M Rm:4 1100 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULH_ELEM_V("0 Q 001111 size:2 L M Rm:4 1100 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQRDMULH_ELEM_S("01011111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQRDMULH_ELEM_V("0 Q 001111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULL_S("01011110 size:2 1 Rm:5 110100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULL_V("0 Q 001110 size:2 1 Rm:5 110100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULL_ELEM_S("01011111 size:2 L M Rm:4 1011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQDMULL_ELEM_V("0 Q 001111 size:2 L M Rm:4 1011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11"),
    SQRDMLAH_S("01111110 size:2 0 Rm:5 100001 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRDMLAH_V("0 Q 101110 size:2 0 Rm:5 100001 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRDMLSH_S("01111110 size:2 0 Rm:5 100011 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRDMLSH_V("0 Q 101110 size:2 0 Rm:5 100011 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRDMLAH_ELEM_S("01111111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRDMLAH_ELEM_V("0 Q 101111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRDMLSH_ELEM_S("01111111 size:2 L M Rm:4 1111 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRDMLSH_ELEM_V("0 Q 101111 size:2 L M Rm:4 1111 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11"),
    SQRSHL_S("01011110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SQRSHL_V("0 Q 001110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SQSHL_S("01011110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SQSHL_V("0 Q 001110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SRSHL_S("01011110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    SRSHL_V("0 Q 001110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SSHL_S("01011110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    SSHL_V("0 Q 001110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    UQRSHL_S("01111110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    UQRSHL_V("0 Q 101110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    UQSHL_S("01111110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    UQSHL_V("0 Q 101110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    URSHL_S("01111110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    URSHL_V("0 Q 101110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    USHL_S("01111110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10"),
    USHL_V("0 Q 101110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SQRSHRN_S("010111110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQRSHRN_V("0 Q 0011110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQSHRN_S("010111110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQSHRN_V("0 Q 0011110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    UQRSHRN_S("011111110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    UQRSHRN_V("0 Q 1011110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    UQSHRN_S("011111110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    UQSHRN_V("0 Q 1011110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQRSHRUN_S("011111110 immh:4 immb:3 100011 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQRSHRUN_V("0 Q 1011110 immh:4 immb:3 100011 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQSHRUN_S("011111110 immh:4 immb:3 100001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQSHRUN_V("0 Q 1011110 immh:4 immb:3 100001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SQSHL_IMM_S("010111110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000"),
    SQSHL_IMM_V("0 Q 0011110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SQSHLU_S("011111110 immh:4 immb:3 011001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000"),
    SQSHLU_V("0 Q 1011110 immh:4 immb:3 011001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    UQSHL_IMM_S("011111110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000"),
    UQSHL_IMM_V("0 Q 1011110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SQSUB_S("01011110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SQSUB_V("0 Q 001110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    UQSUB_S("01111110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    UQSUB_V("0 Q 101110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    SQXTN_S("01011110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SQXTN_V("0 Q 001110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UQXTN_S("01111110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    UQXTN_V("0 Q 101110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SQXTUN_S("01111110 size:2 100001001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SQXTUN_V("0 Q 101110 size:2 100001001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SRHADD("0 Q 001110 size:2 1 Rm:5 000101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    URHADD("0 Q 101110 size:2 1 Rm:5 000101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    SRI_S("011111110 immh:4 immb:3 010001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    SRI_V("0 Q 1011110 immh:4 immb:3 010001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SRSHR_S("010111110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    SRSHR_V("0 Q 0011110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SRSRA_S("010111110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    SRSRA_V("0 Q 0011110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SSHR_S("010111110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    SSHR_V("0 Q 0011110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SSRA_S("010111110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    SSRA_V("0 Q 0011110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    URSHR_S("011111110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    URSHR_V("0 Q 1011110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    URSRA_S("011111110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    URSRA_V("0 Q 1011110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    USHR_S("011111110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    USHR_V("0 Q 1011110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    USRA_S("011111110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx"),
    USRA_V("0 Q 1011110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0"),
    SSHLL("0 Q 0011110 immh:4 immb:3 101001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    USHLL("0 Q 1011110 immh:4 immb:3 101001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx"),
    SUQADD_S("01011110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    SUQADD_V("0 Q 001110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    USQADD_S("01111110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    USQADD_V("0 Q 101110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    TBL("0 Q 001110000 Rm:5 0 len:2 000 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    TBX("0 Q 001110000 Rm:5 0 len:2 100 Rn:5 Rd:5", Feature.AdvSIMD, ""),
    TRN1("0 Q 001110 size:2 0 Rm:5 001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    TRN2("0 Q 001110 size:2 0 Rm:5 011010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    UMOV("0 Q 001110000 imm5:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | Q=0 & imm5=x1000 | Q=1 & imm5=xxxx1 | Q=1 & imm5=xxx10 | Q=1 & imm5=xx100"),
    URECPE("0 Q 0011101 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1"),
    URSQRTE("0 Q 1011101 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1"),
    UZP1("0 Q 001110 size:2 0 Rm:5 000110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    UZP2("0 Q 001110 size:2 0 Rm:5 010110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    XAR("11001110100 Rm:5 imm6:6 Rn:5 Rd:5", Feature.SHA3, ""),
    XTN("0 Q 001110 size:2 100001001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11"),
    ZIP1("0 Q 001110 size:2 0 Rm:5 001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    ZIP2("0 Q 001110 size:2 0 Rm:5 011110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0"),
    MOVI("0 Q 0 0111100000 abc:3 cmode1:3 0 01 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    MVNI("0 Q 1 0111100000 abc:3 cmode1:3 0 01 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    ORR_V_IMM("0 Q 0 0111100000 abc:3 cmode1:3 1 01 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    BIC_V_IMM("0 Q 1 0111100000 abc:3 cmode1:3 1 01 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    MOVI_MSL("0 Q 0 0111100000 abc:3 110 cmode0 01 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    MVNI_MSL("0 Q 1 0111100000 abc:3 110 cmode0 01 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    MOVI_B("0 Q 0 0111100000 abc:3 111001 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    MOVI_D("0 Q 1 0111100000 abc:3 111001 defgh:5 Rd:5", Feature.AdvSIMD, ""),
    FMOV_V_IMM("0 Q op 0111100000 abc:3 111101 defgh:5 Rd:5", Feature.AdvSIMD, "op=1 & Q=0"),
    FMOV_V_IMM_H("0 Q 00111100000 abc:3 111111 defgh:5 Rd:5", Feature.FP16, ""),

    // Reserved (Arm ARM C4.1.1)

    UDF("0000000000000000 imm16:16", null, "always");
    // spotless:on

    /** Rows that can match a word, by bits 31:21, most fixed bits first. */
    private static final A64[][] BY_PREFIX = new A64[2048][];

    static {
        A64[] rows = values();
        Arrays.sort(rows, Comparator.comparingInt((A64 r) -> -Integer.bitCount(r.mask)));
        List<A64> found = new ArrayList<>();
        for (int prefix = 0; prefix < BY_PREFIX.length; prefix++) {
            found.clear();
            int high = prefix << 21;
            for (A64 r : rows) {
                if (((high ^ r.value) & r.mask & 0xffe00000) == 0) {
                    found.add(r);
                }
            }
            BY_PREFIX[prefix] = found.toArray(A64[]::new);
        }
    }

    private final String pattern;
    private final Feature feature;
    private final String reservedText;
    private final int mask;
    private final int value;
    private final Field[] fields;

    /** Pairs of mask and value: the word is reserved if one pair matches. */
    private final int[] reserved;

    A64(String pattern, Feature feature, String reserved) {
        this.pattern = pattern;
        this.feature = feature;
        this.reservedText = reserved;
        int bit = 32;
        int fixed = 0;
        int ones = 0;
        List<Field> list = new ArrayList<>();
        for (String token : pattern.split(" ")) {
            if (Character.isDigit(token.charAt(0))) {
                for (int i = 0; i < token.length(); i++) {
                    bit--;
                    fixed |= 1 << bit;
                    ones |= (token.charAt(i) - '0') << bit;
                }
            } else {
                int colon = token.indexOf(':');
                int width = colon < 0 ? 1 : Integer.parseInt(token.substring(colon + 1));
                bit -= width;
                list.add(new Field(colon < 0 ? token : token.substring(0, colon), bit, width));
            }
        }
        if (bit != 0) {
            throw new IllegalArgumentException(name() + ": pattern is not 32 bits wide: " + pattern);
        }
        this.mask = fixed;
        this.value = ones;
        this.fields = list.toArray(Field[]::new);
        this.reserved = reservedPairs(reserved);
    }

    private int[] reservedPairs(String text) {
        if (text.isEmpty()) {
            return new int[0];
        }
        if (text.equals("always")) {
            return new int[] {0, 0};
        }
        String[] alternatives = text.split(" \\| ");
        int[] pairs = new int[2 * alternatives.length];
        for (int i = 0; i < alternatives.length; i++) {
            for (String term : alternatives[i].split(" & ")) {
                int equals = term.indexOf('=');
                Field f = field(term.substring(0, equals));
                String bits = term.substring(equals + 1);
                if (bits.length() != f.width) {
                    throw new IllegalArgumentException(name() + ": width of " + term);
                }
                for (int b = 0; b < bits.length(); b++) {
                    if (bits.charAt(b) != 'x') {
                        int at = f.lo + f.width - 1 - b;
                        pairs[2 * i] |= 1 << at;
                        pairs[2 * i + 1] |= (bits.charAt(b) - '0') << at;
                    }
                }
            }
        }
        return pairs;
    }

    /**
     * The row of an instruction word.
     *
     * @return null if the word is unallocated; a row that is {@link #reserved(int)} for the word, or
     *     whose {@link #feature(int)} the PE lacks, is UNDEFINED too
     */
    public static A64 decode(int word) {
        for (A64 r : BY_PREFIX[word >>> 21]) {
            if ((word & r.mask) == r.value) {
                return r;
            }
        }
        return null;
    }

    /** Whether this row's encoding is UNDEFINED for the values of the operand fields of {@code word}. */
    public boolean reserved(int word) {
        int[] pairs = reserved;
        for (int i = 0; i < pairs.length; i += 2) {
            if ((word & pairs[i]) == pairs[i + 1]) {
                return true;
            }
        }
        return false;
    }

    /** What the row needs whatever its operands are; null if every PE has it. */
    public Feature feature() {
        return feature;
    }

    /**
     * What a word of this row needs; null if every PE has it. Differs from {@link #feature()} for
     * half-precision operands and for the 64-bit polynomial multiply.
     */
    public Feature feature(int word) {
        if (feature == Feature.FP && this != FCVT && this != FMOV_GPR) {
            Field f = fieldOrNull("ftype");
            return f != null && f.of(word) == 3 ? Feature.FP16 : feature;
        }
        return switch (this) {
            case FMOV_GPR -> (word >>> 22 & 3) == 3 ? Feature.FP16 : feature;
            case FCADD, FCMLA_V, FCMLA_ELEM -> (word >>> 22 & 3) == 1 ? Feature.FP16 : feature;
            case PMULL -> (word >>> 22 & 3) == 3 ? Feature.PMULL : feature;
            case FCVTZS_FIX_S, FCVTZU_FIX_S, SCVTF_FIX_S, UCVTF_FIX_S, //
                    FCVTZS_FIX_V, FCVTZU_FIX_V, SCVTF_FIX_V, UCVTF_FIX_V ->
                    (word >>> 20 & 7) == 1 ? Feature.FP16 : feature;
            default -> feature;
        };
    }

    /** The bits that are the same in every word of this row. */
    public int mask() {
        return mask;
    }

    /** The values of the bits of {@link #mask()}; the others are zero. */
    public int value() {
        return value;
    }

    /** The pattern as declared, bit 31 first. */
    public String pattern() {
        return pattern;
    }

    /** The reserved operand values as declared; empty if there are none. */
    public String reservedText() {
        return reservedText;
    }

    /** The operand fields, highest first. */
    public List<Field> fields() {
        return List.of(fields);
    }

    /**
     * A field of this row by its name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Field field(String name) {
        Field f = fieldOrNull(name);
        if (f == null) {
            throw new IllegalArgumentException(name() + " has no field " + name);
        }
        return f;
    }

    private Field fieldOrNull(String name) {
        for (Field f : fields) {
            if (f.name.equals(name)) {
                return f;
            }
        }
        return null;
    }

    /**
     * A run of operand bits.
     *
     * @param lo lowest bit, 0–31
     * @param width number of bits, 1–26
     */
    public record Field(String name, int lo, int width) {
        /** The field's value in an instruction word, zero extended. */
        public int of(int word) {
            return word >>> lo & (1 << width) - 1;
        }

        /** {@code word} with this field replaced by the low bits of {@code value}. */
        public int put(int word, int value) {
            int m = (1 << width) - 1 << lo;
            return word & ~m | value << lo & m;
        }
    }
}
