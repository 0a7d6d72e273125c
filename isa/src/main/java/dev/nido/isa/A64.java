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
 * and FP, {@code _ELEM} by element, {@code _GPR} to or from a general-purpose register, {@code
 * _FIX} fixed point, {@code _H} the separate half-precision encodings; of loads and stores {@code
 * _V} transfers SIMD and FP registers.
 *
 * <p>The last column is the assembly form, {@code =} before what the instruction writes.
 */
public enum A64 {
    // spotless:off

    // Data processing: immediate (Arm ARM C4.1.92)

    ADD_IMM("sf 00100010 sh imm12:12 Rn:5 Rd:5", null, "", "add =Rd|SP, Rn|SP, aimm"),
    ADDS_IMM("sf 01100010 sh imm12:12 Rn:5 Rd:5", null, "", "adds =Rd, Rn|SP, aimm"),
    SUB_IMM("sf 10100010 sh imm12:12 Rn:5 Rd:5", null, "", "sub =Rd|SP, Rn|SP, aimm"),
    SUBS_IMM("sf 11100010 sh imm12:12 Rn:5 Rd:5", null, "", "subs =Rd, Rn|SP, aimm"),
    ADR("0 immlo:2 10000 immhi:19 Rd:5", null, "", "adr =Xd, adr"),
    ADRP("1 immlo:2 10000 immhi:19 Rd:5", null, "", "adrp =Xd, adrp"),
    AND_IMM("sf 00100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x", "and =Rd|SP, Rn, bimm"),
    ANDS_IMM("sf 11100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x", "ands =Rd, Rn, bimm"),
    EOR_IMM("sf 10100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x", "eor =Rd|SP, Rn, bimm"),
    ORR_IMM("sf 01100100 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | N=1 & imms=111111 | N=0 & imms=x11111 | N=0 & imms=101111 | N=0 & imms=110111 | N=0 & imms=111011 | N=0 & imms=111101 | N=0 & imms=11111x", "orr =Rd|SP, Rn, bimm"),
    BFM("sf 01100110 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & immr=1xxxxx | sf=0 & imms=1xxxxx", "bfm =Rd, Rn, #d:immr, #d:imms, %N=sf"),
    SBFM("sf 00100110 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & immr=1xxxxx | sf=0 & imms=1xxxxx", "sbfm =Rd, Rn, #d:immr, #d:imms, %N=sf"),
    UBFM("sf 10100110 N immr:6 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & immr=1xxxxx | sf=0 & imms=1xxxxx", "ubfm =Rd, Rn, #d:immr, #d:imms, %N=sf"),
    EXTR("sf 00100111 N 0 Rm:5 imms:6 Rn:5 Rd:5", null, "sf=0 & N=1 | sf=1 & N=0 | sf=0 & imms=1xxxxx", "extr =Rd, Rn, Rm, #d:imms, %N=sf"),
    MOVK("sf 11100101 hw:2 imm16:16 Rd:5", null, "sf=0 & hw=1x", "movk =Rd, movw"),
    MOVN("sf 00100101 hw:2 imm16:16 Rd:5", null, "sf=0 & hw=1x", "movn =Rd, movw"),
    MOVZ("sf 10100101 hw:2 imm16:16 Rd:5", null, "sf=0 & hw=1x", "movz =Rd, movw"),

    // Branches, exception generation, system (Arm ARM C4.1.93)

    AXFLAG("11010101000000000100000001011111", Feature.FlagM2, "", "axflag"),
    B("000101 imm26:26", null, "", "b label26"),
    BL("100101 imm26:26", null, "", "bl label26, %=X30"),
    B_COND("01010100 imm19:19 0 cond:4", null, "", "b.{cond:eq,ne,cs,cc,mi,pl,vs,vc,hi,ls,ge,lt,gt,le,al,nv} label19"),
    BLR("1101011000111111000000 Rn:5 00000", null, "", "blr Xn, %=X30"),
    BR("1101011000011111000000 Rn:5 00000", null, "", "br Xn"),
    RET("1101011001011111000000 Rn:5 00000", null, "", "ret Xn"),
    BRK("11010100001 imm16:16 00000", null, "", "brk #x:imm16"),
    HINT("11010101000000110010 CRm:4 op2:3 11111", null, "", "hint hint"),
    NOP("11010101000000110010000000011111", null, "", "nop"),
    SEV("11010101000000110010000010011111", null, "", "sev"),
    SEVL("11010101000000110010000010111111", null, "", "sevl"),
    WFE("11010101000000110010000001011111", null, "", "wfe"),
    WFI("11010101000000110010000001111111", null, "", "wfi"),
    YIELD("11010101000000110010000000111111", null, "", "yield"),
    CBNZ("sf 0110101 imm19:19 Rt:5", null, "", "cbnz Rt, label19"),
    CBZ("sf 0110100 imm19:19 Rt:5", null, "", "cbz Rt, label19"),
    CFINV("11010101000000000100000000011111", Feature.FlagM, "", "cfinv"),
    CLREX("11010101000000110011 CRm:4 01011111", null, "", "clrex ?crm"),
    DMB("11010101000000110011 CRm:4 10111111", null, "", "dmb barrier"),
    DSB("11010101000000110011 CRm:4 10011111", null, "", "dsb barrier"),
    ERET("11010110100111110000001111100000", null, "", "eret"),
    HLT("11010100010 imm16:16 00000", null, "", "hlt #x:imm16"),
    HVC("11010100000 imm16:16 00010", null, "", "hvc #x:imm16"),
    ISB("11010101000000110011 CRm:4 11011111", null, "", "isb ?isb"),
    MRS("110101010011 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, "", "mrs =Xt, sysreg"),
    MSR("110101010001 o0 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, "", "msr sysreg, Xt"),
    MSR_IMM("1101010100000 op1:3 0100 CRm:4 op2:3 11111", null, "op1=1xx | op1=001 | op1=010 | op1=000 & op2=00x | op1=000 & op2=010 | op1=000 & op2=11x | op1=011 & op2=000 | op1=011 & op2=011 | op1=011 & op2=10x", "msr pstate, #x:CRm"),
    SB("11010101000000110011000011111111", Feature.SB, "", "sb"),
    SMC("11010100000 imm16:16 00011", null, "", "smc #x:imm16"),
    SVC("11010100000 imm16:16 00001", null, "", "svc #x:imm16"),
    SYS("1101010100001 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, "", "sys #d:op1, crn, crm, #d:op2, ?Xt"),
    SYSL("1101010100101 op1:3 CRn:4 CRm:4 op2:3 Rt:5", null, "", "sysl =Xt, #d:op1, crn, crm, #d:op2"),
    TBNZ("b5 0110111 b40:5 imm14:14 Rt:5", null, "", "tbnz Rt, bit, label14"),
    TBZ("b5 0110110 b40:5 imm14:14 Rt:5", null, "", "tbz Rt, bit, label14"),
    XAFLAG("11010101000000000100000000111111", Feature.FlagM2, "", "xaflag"),

    // Loads and stores (Arm ARM C4.1.94)

    CAS("1 size0 0010001 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, "", "cas{L:,a}{o0:,l} =Rs, Rt, [n]"),
    CASB("000010001 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, "", "cas{L:,a}{o0:,l}b =Ws, Wt, [n]"),
    CASH("010010001 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, "", "cas{L:,a}{o0:,l}h =Ws, Wt, [n]"),
    CASP("0 sz 0010000 L 1 Rs:5 o0 11111 Rn:5 Rt:5", Feature.LSE, "Rs=xxxx1 | Rt=xxxx1", "casp{L:,a}{o0:,l} =Pair_s, Pair_t, [n]"),
    LD1_SINGLE("0 Q 00110101000000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld1 =lane1, [n]"),
    LD1_SINGLE_POST("0 Q 001101110 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld1 =lane1, [n],post"),
    LD1R("0 Q 001101010000001100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld1r =rep1, [n]"),
    LD1R_POST("0 Q 001101110 Rm:5 1100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld1r =rep1, [n],post"),
    LD2_SINGLE("0 Q 00110101100000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld2 =lane2, [n]"),
    LD2_SINGLE_POST("0 Q 001101111 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld2 =lane2, [n],post"),
    LD2R("0 Q 001101011000001100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld2r =rep2, [n]"),
    LD2R_POST("0 Q 001101111 Rm:5 1100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld2r =rep2, [n],post"),
    LD3_SINGLE("0 Q 00110101000000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld3 =lane3, [n]"),
    LD3_SINGLE_POST("0 Q 001101110 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld3 =lane3, [n],post"),
    LD3R("0 Q 001101010000001110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld3r =rep3, [n]"),
    LD3R_POST("0 Q 001101110 Rm:5 1110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld3r =rep3, [n],post"),
    LD4_SINGLE("0 Q 00110101100000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld4 =lane4, [n]"),
    LD4_SINGLE_POST("0 Q 001101111 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "ld4 =lane4, [n],post"),
    LD4R("0 Q 001101011000001110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld4r =rep4, [n]"),
    LD4R_POST("0 Q 001101111 Rm:5 1110 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "", "ld4r =rep4, [n],post"),
    ST1_SINGLE("0 Q 00110100000000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st1 lane1, [n]"),
    ST1_SINGLE_POST("0 Q 001101100 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st1 lane1, [n],post"),
    ST2_SINGLE("0 Q 00110100100000 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st2 lane2, [n]"),
    ST2_SINGLE_POST("0 Q 001101101 Rm:5 opcode1:2 0 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st2 lane2, [n],post"),
    ST3_SINGLE("0 Q 00110100000000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st3 lane3, [n]"),
    ST3_SINGLE_POST("0 Q 001101100 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st3 lane3, [n],post"),
    ST4_SINGLE("0 Q 00110100100000 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st4 lane4, [n]"),
    ST4_SINGLE_POST("0 Q 001101101 Rm:5 opcode1:2 1 S size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode1=01 & size=x1 | opcode1=10 & size=1x | opcode1=10 & size=01 & S=1 | opcode1=11", "st4 lane4, [n],post"),
    LD1_MULTIPLE("0 Q 00110001000000 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11", "ld1 =list*, [n]"),
    LD1_MULTIPLE_POST("0 Q 001100110 Rm:5 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11", "ld1 =list*, [n],post"),
    LD2_MULTIPLE("0 Q 001100010000001000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "ld2 =list2, [n]"),
    LD2_MULTIPLE_POST("0 Q 001100110 Rm:5 1000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "ld2 =list2, [n],post"),
    LD3_MULTIPLE("0 Q 001100010000000100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "ld3 =list3, [n]"),
    LD3_MULTIPLE_POST("0 Q 001100110 Rm:5 0100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "ld3 =list3, [n],post"),
    LD4_MULTIPLE("0 Q 001100010000000000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "ld4 =list4, [n]"),
    LD4_MULTIPLE_POST("0 Q 001100110 Rm:5 0000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "ld4 =list4, [n],post"),
    ST1_MULTIPLE("0 Q 00110000000000 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11", "st1 list*, [n]"),
    ST1_MULTIPLE_POST("0 Q 001100100 Rm:5 opcode2:2 1 opcode0 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "opcode2=00 & opcode0=1 | opcode2=10 & opcode0=1 | opcode2=11", "st1 list*, [n],post"),
    ST2_MULTIPLE("0 Q 001100000000001000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "st2 list2, [n]"),
    ST2_MULTIPLE_POST("0 Q 001100100 Rm:5 1000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "st2 list2, [n],post"),
    ST3_MULTIPLE("0 Q 001100000000000100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "st3 list3, [n]"),
    ST3_MULTIPLE_POST("0 Q 001100100 Rm:5 0100 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "st3 list3, [n],post"),
    ST4_MULTIPLE("0 Q 001100000000000000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "st4 list4, [n]"),
    ST4_MULTIPLE_POST("0 Q 001100100 Rm:5 0000 size:2 Rn:5 Rt:5", Feature.AdvSIMD, "size=11 & Q=0", "st4 list4, [n],post"),
    LDADD("1 size0 111000 A R 1 Rs:5 000000 Rn:5 Rt:5", Feature.LSE, "", "ldadd{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDADDB("00111000 A R 1 Rs:5 000000 Rn:5 Rt:5", Feature.LSE, "", "ldadd{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDADDH("01111000 A R 1 Rs:5 000000 Rn:5 Rt:5", Feature.LSE, "", "ldadd{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDCLR("1 size0 111000 A R 1 Rs:5 000100 Rn:5 Rt:5", Feature.LSE, "", "ldclr{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDCLRB("00111000 A R 1 Rs:5 000100 Rn:5 Rt:5", Feature.LSE, "", "ldclr{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDCLRH("01111000 A R 1 Rs:5 000100 Rn:5 Rt:5", Feature.LSE, "", "ldclr{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDEOR("1 size0 111000 A R 1 Rs:5 001000 Rn:5 Rt:5", Feature.LSE, "", "ldeor{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDEORB("00111000 A R 1 Rs:5 001000 Rn:5 Rt:5", Feature.LSE, "", "ldeor{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDEORH("01111000 A R 1 Rs:5 001000 Rn:5 Rt:5", Feature.LSE, "", "ldeor{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDSET("1 size0 111000 A R 1 Rs:5 001100 Rn:5 Rt:5", Feature.LSE, "", "ldset{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDSETB("00111000 A R 1 Rs:5 001100 Rn:5 Rt:5", Feature.LSE, "", "ldset{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDSETH("01111000 A R 1 Rs:5 001100 Rn:5 Rt:5", Feature.LSE, "", "ldset{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDSMAX("1 size0 111000 A R 1 Rs:5 010000 Rn:5 Rt:5", Feature.LSE, "", "ldsmax{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDSMAXB("00111000 A R 1 Rs:5 010000 Rn:5 Rt:5", Feature.LSE, "", "ldsmax{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDSMAXH("01111000 A R 1 Rs:5 010000 Rn:5 Rt:5", Feature.LSE, "", "ldsmax{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDSMIN("1 size0 111000 A R 1 Rs:5 010100 Rn:5 Rt:5", Feature.LSE, "", "ldsmin{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDSMINB("00111000 A R 1 Rs:5 010100 Rn:5 Rt:5", Feature.LSE, "", "ldsmin{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDSMINH("01111000 A R 1 Rs:5 010100 Rn:5 Rt:5", Feature.LSE, "", "ldsmin{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDUMAX("1 size0 111000 A R 1 Rs:5 011000 Rn:5 Rt:5", Feature.LSE, "", "ldumax{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDUMAXB("00111000 A R 1 Rs:5 011000 Rn:5 Rt:5", Feature.LSE, "", "ldumax{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDUMAXH("01111000 A R 1 Rs:5 011000 Rn:5 Rt:5", Feature.LSE, "", "ldumax{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDUMIN("1 size0 111000 A R 1 Rs:5 011100 Rn:5 Rt:5", Feature.LSE, "", "ldumin{A:,a}{R:,l} Rs, =Rt, [n]"),
    LDUMINB("00111000 A R 1 Rs:5 011100 Rn:5 Rt:5", Feature.LSE, "", "ldumin{A:,a}{R:,l}b Ws, =Wt, [n]"),
    LDUMINH("01111000 A R 1 Rs:5 011100 Rn:5 Rt:5", Feature.LSE, "", "ldumin{A:,a}{R:,l}h Ws, =Wt, [n]"),
    LDAPR("1 size0 11100010111111110000 Rn:5 Rt:5", Feature.LRCPC, "", "ldapr =Rt, [n]"),
    LDAPRB("0011100010111111110000 Rn:5 Rt:5", Feature.LRCPC, "", "ldaprb =Wt, [n]"),
    LDAPRH("0111100010111111110000 Rn:5 Rt:5", Feature.LRCPC, "", "ldaprh =Wt, [n]"),
    LDAPUR("1 size0 011001010 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "ldapur =Rt, [n,s9]"),
    LDAPURB("00011001010 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "ldapurb =Wt, [n,s9]"),
    LDAPURH("01011001010 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "ldapurh =Wt, [n,s9]"),
    LDAPURSB("000110011 opc0 0 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "ldapursb =Rt, [n,s9]"),
    LDAPURSH("010110011 opc0 0 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "ldapursh =Rt, [n,s9]"),
    LDAPURSW("10011001100 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "ldapursw =Xt, [n,s9]"),
    STLUR("1 size0 011001000 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "stlur Rt, [n,s9]"),
    STLURB("00011001000 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "stlurb Wt, [n,s9]"),
    STLURH("01011001000 imm9:9 00 Rn:5 Rt:5", Feature.LRCPC2, "", "stlurh Wt, [n,s9]"),
    LDAR("1 size0 00100011011111111111 Rn:5 Rt:5", null, "", "ldar =Rt, [n]"),
    LDARB("0000100011011111111111 Rn:5 Rt:5", null, "", "ldarb =Wt, [n]"),
    LDARH("0100100011011111111111 Rn:5 Rt:5", null, "", "ldarh =Wt, [n]"),
    LDLAR("1 size0 00100011011111011111 Rn:5 Rt:5", Feature.LOR, "", "ldlar =Rt, [n]"),
    LDLARB("0000100011011111011111 Rn:5 Rt:5", Feature.LOR, "", "ldlarb =Wt, [n]"),
    LDLARH("0100100011011111011111 Rn:5 Rt:5", Feature.LOR, "", "ldlarh =Wt, [n]"),
    STLLR("1 size0 00100010011111011111 Rn:5 Rt:5", Feature.LOR, "", "stllr Rt, [n]"),
    STLLRB("0000100010011111011111 Rn:5 Rt:5", Feature.LOR, "", "stllrb Wt, [n]"),
    STLLRH("0100100010011111011111 Rn:5 Rt:5", Feature.LOR, "", "stllrh Wt, [n]"),
    STLR("1 size0 00100010011111111111 Rn:5 Rt:5", null, "", "stlr Rt, [n]"),
    STLRB("0000100010011111111111 Rn:5 Rt:5", null, "", "stlrb Wt, [n]"),
    STLRH("0100100010011111111111 Rn:5 Rt:5", null, "", "stlrh Wt, [n]"),
    LDAXP("1 sz 001000011111111 Rt2:5 Rn:5 Rt:5", null, "", "ldaxp =Rt, =Rt2, [n]"),
    LDXP("1 sz 001000011111110 Rt2:5 Rn:5 Rt:5", null, "", "ldxp =Rt, =Rt2, [n]"),
    STLXP("1 sz 001000001 Rs:5 1 Rt2:5 Rn:5 Rt:5", null, "", "stlxp =Ws, Rt, Rt2, [n]"),
    STXP("1 sz 001000001 Rs:5 0 Rt2:5 Rn:5 Rt:5", null, "", "stxp =Ws, Rt, Rt2, [n]"),
    LDAXR("1 size0 00100001011111111111 Rn:5 Rt:5", null, "", "ldaxr =Rt, [n]"),
    LDAXRB("0000100001011111111111 Rn:5 Rt:5", null, "", "ldaxrb =Wt, [n]"),
    LDAXRH("0100100001011111111111 Rn:5 Rt:5", null, "", "ldaxrh =Wt, [n]"),
    LDXR("1 size0 00100001011111011111 Rn:5 Rt:5", null, "", "ldxr =Rt, [n]"),
    LDXRB("0000100001011111011111 Rn:5 Rt:5", null, "", "ldxrb =Wt, [n]"),
    LDXRH("0100100001011111011111 Rn:5 Rt:5", null, "", "ldxrh =Wt, [n]"),
    STLXR("1 size0 001000000 Rs:5 111111 Rn:5 Rt:5", null, "", "stlxr =Ws, Rt, [n]"),
    STLXRB("00001000000 Rs:5 111111 Rn:5 Rt:5", null, "", "stlxrb =Ws, Wt, [n]"),
    STLXRH("01001000000 Rs:5 111111 Rn:5 Rt:5", null, "", "stlxrh =Ws, Wt, [n]"),
    STXR("1 size0 001000000 Rs:5 011111 Rn:5 Rt:5", null, "", "stxr =Ws, Rt, [n]"),
    STXRB("00001000000 Rs:5 011111 Rn:5 Rt:5", null, "", "stxrb =Ws, Wt, [n]"),
    STXRH("01001000000 Rs:5 011111 Rn:5 Rt:5", null, "", "stxrh =Ws, Wt, [n]"),
    LDNP("opc1 010100001 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "ldnp =Rt, =Rt2, [n,s7*o]"),
    STNP("opc1 010100000 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "stnp Rt, Rt2, [n,s7*o]"),
    LDNP_V("opc:2 10110001 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "ldnp =Pt, =Pt2, [n,s7*p]"),
    STNP_V("opc:2 10110000 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "stnp Pt, Pt2, [n,s7*p]"),
    LDP_POST_V("opc:2 10110011 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "ldp =Pt, =Pt2, [n],s7*p"),
    LDP_PRE_V("opc:2 10110111 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "ldp =Pt, =Pt2, [n,s7*p]!"),
    LDP_OFF_V("opc:2 10110101 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "ldp =Pt, =Pt2, [n,s7*p]"),
    STP_POST_V("opc:2 10110010 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "stp Pt, Pt2, [n],s7*p"),
    STP_PRE_V("opc:2 10110110 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "stp Pt, Pt2, [n,s7*p]!"),
    STP_OFF_V("opc:2 10110100 imm7:7 Rt2:5 Rn:5 Rt:5", Feature.FP, "opc=11", "stp Pt, Pt2, [n,s7*p]"),
    LDP_POST("opc1 010100011 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "ldp =Rt, =Rt2, [n],s7*o"),
    LDP_PRE("opc1 010100111 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "ldp =Rt, =Rt2, [n,s7*o]!"),
    LDP_OFF("opc1 010100101 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "ldp =Rt, =Rt2, [n,s7*o]"),
    LDPSW_POST("0110100011 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "ldpsw =Xt, =Xt2, [n],s7*w"),
    LDPSW_PRE("0110100111 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "ldpsw =Xt, =Xt2, [n,s7*w]!"),
    LDPSW_OFF("0110100101 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "ldpsw =Xt, =Xt2, [n,s7*w]"),
    STP_POST("opc1 010100010 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "stp Rt, Rt2, [n],s7*o"),
    STP_PRE("opc1 010100110 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "stp Rt, Rt2, [n,s7*o]!"),
    STP_OFF("opc1 010100100 imm7:7 Rt2:5 Rn:5 Rt:5", null, "", "stp Rt, Rt2, [n,s7*o]"),
    LDR_IMM_POST_V("size:2 111100 opc1 10 imm9:9 01 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "ldr =Lt, [n],s9"),
    LDR_IMM_PRE_V("size:2 111100 opc1 10 imm9:9 11 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "ldr =Lt, [n,s9]!"),
    LDR_IMM_UNSIGNED_V("size:2 111101 opc1 1 imm12:12 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "ldr =Lt, [n,u12*v]"),
    STR_IMM_POST_V("size:2 111100 opc1 00 imm9:9 01 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "str Lt, [n],s9"),
    STR_IMM_PRE_V("size:2 111100 opc1 00 imm9:9 11 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "str Lt, [n,s9]!"),
    STR_IMM_UNSIGNED_V("size:2 111101 opc1 0 imm12:12 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "str Lt, [n,u12*v]"),
    LDR_LIT("0 opc0 011000 imm19:19 Rt:5", null, "", "ldr =Rt, literal19"),
    LDRSW_LIT("10011000 imm19:19 Rt:5", null, "", "ldrsw =Xt, label19"),
    PRFM_LIT("11011000 imm19:19 Rt:5", null, "", "prfm prfop, label19"),
    LDR_LIT_V("opc:2 011100 imm19:19 Rt:5", Feature.FP, "opc=11", "ldr =Pt, literal19"),
    LDR_IMM_POST("1 size0 111000010 imm9:9 01 Rn:5 Rt:5", null, "", "ldr =Rt, [n],s9"),
    LDR_IMM_PRE("1 size0 111000010 imm9:9 11 Rn:5 Rt:5", null, "", "ldr =Rt, [n,s9]!"),
    LDR_IMM_UNSIGNED("1 size0 11100101 imm12:12 Rn:5 Rt:5", null, "", "ldr =Rt, [n,u12*r]"),
    LDRB_IMM_POST("00111000010 imm9:9 01 Rn:5 Rt:5", null, "", "ldrb =Wt, [n],s9"),
    LDRB_IMM_PRE("00111000010 imm9:9 11 Rn:5 Rt:5", null, "", "ldrb =Wt, [n,s9]!"),
    LDRB_IMM_UNSIGNED("0011100101 imm12:12 Rn:5 Rt:5", null, "", "ldrb =Wt, [n,u12*b]"),
    LDRH_IMM_POST("01111000010 imm9:9 01 Rn:5 Rt:5", null, "", "ldrh =Wt, [n],s9"),
    LDRH_IMM_PRE("01111000010 imm9:9 11 Rn:5 Rt:5", null, "", "ldrh =Wt, [n,s9]!"),
    LDRH_IMM_UNSIGNED("0111100101 imm12:12 Rn:5 Rt:5", null, "", "ldrh =Wt, [n,u12*h]"),
    LDRSB_IMM_POST("001110001 opc0 0 imm9:9 01 Rn:5 Rt:5", null, "", "ldrsb =Rt, [n],s9"),
    LDRSB_IMM_PRE("001110001 opc0 0 imm9:9 11 Rn:5 Rt:5", null, "", "ldrsb =Rt, [n,s9]!"),
    LDRSB_IMM_UNSIGNED("001110011 opc0 imm12:12 Rn:5 Rt:5", null, "", "ldrsb =Rt, [n,u12*b]"),
    LDRSH_IMM_POST("011110001 opc0 0 imm9:9 01 Rn:5 Rt:5", null, "", "ldrsh =Rt, [n],s9"),
    LDRSH_IMM_PRE("011110001 opc0 0 imm9:9 11 Rn:5 Rt:5", null, "", "ldrsh =Rt, [n,s9]!"),
    LDRSH_IMM_UNSIGNED("011110011 opc0 imm12:12 Rn:5 Rt:5", null, "", "ldrsh =Rt, [n,u12*h]"),
    LDRSW_IMM_POST("10111000100 imm9:9 01 Rn:5 Rt:5", null, "", "ldrsw =Xt, [n],s9"),
    LDRSW_IMM_PRE("10111000100 imm9:9 11 Rn:5 Rt:5", null, "", "ldrsw =Xt, [n,s9]!"),
    LDRSW_IMM_UNSIGNED("1011100110 imm12:12 Rn:5 Rt:5", null, "", "ldrsw =Xt, [n,u12*w]"),
    STR_IMM_POST("1 size0 111000000 imm9:9 01 Rn:5 Rt:5", null, "", "str Rt, [n],s9"),
    STR_IMM_PRE("1 size0 111000000 imm9:9 11 Rn:5 Rt:5", null, "", "str Rt, [n,s9]!"),
    STR_IMM_UNSIGNED("1 size0 11100100 imm12:12 Rn:5 Rt:5", null, "", "str Rt, [n,u12*r]"),
    STRB_IMM_POST("00111000000 imm9:9 01 Rn:5 Rt:5", null, "", "strb Wt, [n],s9"),
    STRB_IMM_PRE("00111000000 imm9:9 11 Rn:5 Rt:5", null, "", "strb Wt, [n,s9]!"),
    STRB_IMM_UNSIGNED("0011100100 imm12:12 Rn:5 Rt:5", null, "", "strb Wt, [n,u12*b]"),
    STRH_IMM_POST("01111000000 imm9:9 01 Rn:5 Rt:5", null, "", "strh Wt, [n],s9"),
    STRH_IMM_PRE("01111000000 imm9:9 11 Rn:5 Rt:5", null, "", "strh Wt, [n,s9]!"),
    STRH_IMM_UNSIGNED("0111100100 imm12:12 Rn:5 Rt:5", null, "", "strh Wt, [n,u12*h]"),
    LDR_REG("1 size0 111000011 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "ldr =Rt, [n,reg*r]"),
    LDRB_REG("00111000011 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "ldrb =Wt, [n,reg*b]"),
    LDRH_REG("01111000011 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "ldrh =Wt, [n,reg*h]"),
    LDRSB_REG("001110001 opc0 1 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "ldrsb =Rt, [n,reg*b]"),
    LDRSH_REG("011110001 opc0 1 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "ldrsh =Rt, [n,reg*h]"),
    LDRSW_REG("10111000101 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "ldrsw =Xt, [n,reg*w]"),
    PRFM_REG("11111000101 Rm:5 option2 1 option0 S 10 Rn:5 Rt:5", null, "", "prfm prfop, [n,reg*x]"),
    STR_REG("1 size0 111000001 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "str Rt, [n,reg*r]"),
    STRB_REG("00111000001 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "strb Wt, [n,reg*b]"),
    STRH_REG("01111000001 Rm:5 option:3 S 10 Rn:5 Rt:5", null, "option=x0x", "strh Wt, [n,reg*h]"),
    LDR_REG_V("size:2 111100 opc1 11 Rm:5 option:3 S 10 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x | option=x0x", "ldr =Lt, [n,reg*v]"),
    STR_REG_V("size:2 111100 opc1 01 Rm:5 option:3 S 10 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x | option=x0x", "str Lt, [n,reg*v]"),
    LDTR("1 size0 111000010 imm9:9 10 Rn:5 Rt:5", null, "", "ldtr =Rt, [n,s9]"),
    LDTRB("00111000010 imm9:9 10 Rn:5 Rt:5", null, "", "ldtrb =Wt, [n,s9]"),
    LDTRH("01111000010 imm9:9 10 Rn:5 Rt:5", null, "", "ldtrh =Wt, [n,s9]"),
    LDTRSB("001110001 opc0 0 imm9:9 10 Rn:5 Rt:5", null, "", "ldtrsb =Rt, [n,s9]"),
    LDTRSH("011110001 opc0 0 imm9:9 10 Rn:5 Rt:5", null, "", "ldtrsh =Rt, [n,s9]"),
    LDTRSW("10111000100 imm9:9 10 Rn:5 Rt:5", null, "", "ldtrsw =Xt, [n,s9]"),
    STTR("1 size0 111000000 imm9:9 10 Rn:5 Rt:5", null, "", "sttr Rt, [n,s9]"),
    STTRB("00111000000 imm9:9 10 Rn:5 Rt:5", null, "", "sttrb Wt, [n,s9]"),
    STTRH("01111000000 imm9:9 10 Rn:5 Rt:5", null, "", "sttrh Wt, [n,s9]"),
    LDUR_V("size:2 111100 opc1 10 imm9:9 00 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "ldur =Lt, [n,s9]"),
    STUR_V("size:2 111100 opc1 00 imm9:9 00 Rn:5 Rt:5", Feature.FP, "opc1=1 & size=x1 | opc1=1 & size=1x", "stur Lt, [n,s9]"),
    LDUR("1 size0 111000010 imm9:9 00 Rn:5 Rt:5", null, "", "ldur =Rt, [n,s9]"),
    LDURB("00111000010 imm9:9 00 Rn:5 Rt:5", null, "", "ldurb =Wt, [n,s9]"),
    LDURH("01111000010 imm9:9 00 Rn:5 Rt:5", null, "", "ldurh =Wt, [n,s9]"),
    LDURSB("001110001 opc0 0 imm9:9 00 Rn:5 Rt:5", null, "", "ldursb =Rt, [n,s9]"),
    LDURSH("011110001 opc0 0 imm9:9 00 Rn:5 Rt:5", null, "", "ldursh =Rt, [n,s9]"),
    LDURSW("10111000100 imm9:9 00 Rn:5 Rt:5", null, "", "ldursw =Xt, [n,s9]"),
    PRFUM("11111000100 imm9:9 00 Rn:5 Rt:5", null, "", "prfum prfop, [n,s9]"),
    STUR("1 size0 111000000 imm9:9 00 Rn:5 Rt:5", null, "", "stur Rt, [n,s9]"),
    STURB("00111000000 imm9:9 00 Rn:5 Rt:5", null, "", "sturb Wt, [n,s9]"),
    STURH("01111000000 imm9:9 00 Rn:5 Rt:5", null, "", "sturh Wt, [n,s9]"),
    PRFM_IMM("1111100110 imm12:12 Rn:5 Rt:5", null, "", "prfm prfop, [n,u12*x]"),
    SWP("1 size0 111000 A R 1 Rs:5 100000 Rn:5 Rt:5", Feature.LSE, "", "swp{A:,a}{R:,l} Rs, =Rt, [n]"),
    SWPB("00111000 A R 1 Rs:5 100000 Rn:5 Rt:5", Feature.LSE, "", "swp{A:,a}{R:,l}b Ws, =Wt, [n]"),
    SWPH("01111000 A R 1 Rs:5 100000 Rn:5 Rt:5", Feature.LSE, "", "swp{A:,a}{R:,l}h Ws, =Wt, [n]"),

    // Data processing: register (Arm ARM C4.1.95)

    ADC("sf 0011010000 Rm:5 000000 Rn:5 Rd:5", null, "", "adc =Rd, Rn, Rm"),
    ADCS("sf 0111010000 Rm:5 000000 Rn:5 Rd:5", null, "", "adcs =Rd, Rn, Rm"),
    SBC("sf 1011010000 Rm:5 000000 Rn:5 Rd:5", null, "", "sbc =Rd, Rn, Rm"),
    SBCS("sf 1111010000 Rm:5 000000 Rn:5 Rd:5", null, "", "sbcs =Rd, Rn, Rm"),
    ADD_SHIFT("sf 0001011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx", "add =Rd, Rn, Rm, ?shift"),
    ADDS_SHIFT("sf 0101011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx", "adds =Rd, Rn, Rm, ?shift"),
    SUB_SHIFT("sf 1001011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx", "sub =Rd, Rn, Rm, ?shift"),
    SUBS_SHIFT("sf 1101011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "shift=11 | sf=0 & imm6=1xxxxx", "subs =Rd, Rn, Rm, ?shift"),
    ADD_EXT("sf 0001011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x", "add =Rd|SP, Rn|SP, extreg"),
    ADDS_EXT("sf 0101011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x", "adds =Rd, Rn|SP, extreg"),
    SUB_EXT("sf 1001011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x", "sub =Rd|SP, Rn|SP, extreg"),
    SUBS_EXT("sf 1101011001 Rm:5 option:3 imm3:3 Rn:5 Rd:5", null, "imm3=101 | imm3=11x", "subs =Rd, Rn|SP, extreg"),
    AND_SHIFT("sf 0001010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "and =Rd, Rn, Rm, ?shiftror"),
    ANDS_SHIFT("sf 1101010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "ands =Rd, Rn, Rm, ?shiftror"),
    BIC_SHIFT("sf 0001010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "bic =Rd, Rn, Rm, ?shiftror"),
    BICS_SHIFT("sf 1101010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "bics =Rd, Rn, Rm, ?shiftror"),
    EON_SHIFT("sf 1001010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "eon =Rd, Rn, Rm, ?shiftror"),
    EOR_SHIFT("sf 1001010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "eor =Rd, Rn, Rm, ?shiftror"),
    ORN_SHIFT("sf 0101010 shift:2 1 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "orn =Rd, Rn, Rm, ?shiftror"),
    ORR_SHIFT("sf 0101010 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5", null, "sf=0 & imm6=1xxxxx", "orr =Rd, Rn, Rm, ?shiftror"),
    ASRV("sf 0011010110 Rm:5 001010 Rn:5 Rd:5", null, "", "asrv =Rd, Rn, Rm"),
    LSLV("sf 0011010110 Rm:5 001000 Rn:5 Rd:5", null, "", "lslv =Rd, Rn, Rm"),
    LSRV("sf 0011010110 Rm:5 001001 Rn:5 Rd:5", null, "", "lsrv =Rd, Rn, Rm"),
    RORV("sf 0011010110 Rm:5 001011 Rn:5 Rd:5", null, "", "rorv =Rd, Rn, Rm"),
    CCMN_REG("sf 0111010010 Rm:5 cond:4 00 Rn:5 0 nzcv:4", null, "", "ccmn Rn, Rm, #x:nzcv, cond"),
    CCMP_REG("sf 1111010010 Rm:5 cond:4 00 Rn:5 0 nzcv:4", null, "", "ccmp Rn, Rm, #x:nzcv, cond"),
    CCMN_IMM("sf 0111010010 imm5:5 cond:4 10 Rn:5 0 nzcv:4", null, "", "ccmn Rn, #x:imm5, #x:nzcv, cond"),
    CCMP_IMM("sf 1111010010 imm5:5 cond:4 10 Rn:5 0 nzcv:4", null, "", "ccmp Rn, #x:imm5, #x:nzcv, cond"),
    CLS("sf 101101011000000000101 Rn:5 Rd:5", null, "", "cls =Rd, Rn"),
    CLZ("sf 101101011000000000100 Rn:5 Rd:5", null, "", "clz =Rd, Rn"),
    CRC32("sf 0011010110 Rm:5 0100 sz:2 Rn:5 Rd:5", Feature.CRC32, "sf=0 & sz=11 | sf=1 & sz=0x | sf=1 & sz=10", "crc32{sz:b,h,w,x} =Wd, Wn, Rm"),
    CRC32C("sf 0011010110 Rm:5 0101 sz:2 Rn:5 Rd:5", Feature.CRC32, "sf=0 & sz=11 | sf=1 & sz=0x | sf=1 & sz=10", "crc32c{sz:b,h,w,x} =Wd, Wn, Rm"),
    CSEL("sf 0011010100 Rm:5 cond:4 00 Rn:5 Rd:5", null, "", "csel =Rd, Rn, Rm, cond"),
    CSINC("sf 0011010100 Rm:5 cond:4 01 Rn:5 Rd:5", null, "", "csinc =Rd, Rn, Rm, cond"),
    CSINV("sf 1011010100 Rm:5 cond:4 00 Rn:5 Rd:5", null, "", "csinv =Rd, Rn, Rm, cond"),
    CSNEG("sf 1011010100 Rm:5 cond:4 01 Rn:5 Rd:5", null, "", "csneg =Rd, Rn, Rm, cond"),
    MADD("sf 0011011000 Rm:5 0 Ra:5 Rn:5 Rd:5", null, "", "madd =Rd, Rn, Rm, Ra"),
    MSUB("sf 0011011000 Rm:5 1 Ra:5 Rn:5 Rd:5", null, "", "msub =Rd, Rn, Rm, Ra"),
    RBIT("sf 101101011000000000000 Rn:5 Rd:5", null, "", "rbit =Rd, Rn"),
    REV("sf 10110101100000000001 opc0 Rn:5 Rd:5", null, "sf=0 & opc0=1 | sf=1 & opc0=0", "rev =Rd, Rn, %opc0=sf"),
    REV16("sf 101101011000000000001 Rn:5 Rd:5", null, "", "rev16 =Rd, Rn"),
    REV32("1101101011000000000010 Rn:5 Rd:5", null, "", "rev32 =Xd, Xn"),
    RMIF("10111010000 imm6:6 00001 Rn:5 0 mask:4", Feature.FlagM, "", "rmif Xn, #d:imm6, #d:mask"),
    SDIV("sf 0011010110 Rm:5 000011 Rn:5 Rd:5", null, "", "sdiv =Rd, Rn, Rm"),
    UDIV("sf 0011010110 Rm:5 000010 Rn:5 Rd:5", null, "", "udiv =Rd, Rn, Rm"),
    SETF("00111010000000000 sz 0010 Rn:5 01101", Feature.FlagM, "", "setf{sz:8,16} Wn"),
    SMADDL("10011011001 Rm:5 0 Ra:5 Rn:5 Rd:5", null, "", "smaddl =Xd, Wn, Wm, Xa"),
    SMSUBL("10011011001 Rm:5 1 Ra:5 Rn:5 Rd:5", null, "", "smsubl =Xd, Wn, Wm, Xa"),
    UMADDL("10011011101 Rm:5 0 Ra:5 Rn:5 Rd:5", null, "", "umaddl =Xd, Wn, Wm, Xa"),
    UMSUBL("10011011101 Rm:5 1 Ra:5 Rn:5 Rd:5", null, "", "umsubl =Xd, Wn, Wm, Xa"),
    SMULH("10011011010 Rm:5 011111 Rn:5 Rd:5", null, "", "smulh =Xd, Xn, Xm"),
    UMULH("10011011110 Rm:5 011111 Rn:5 Rd:5", null, "", "umulh =Xd, Xn, Xm"),

    // Scalar floating point and Advanced SIMD (Arm ARM C4.1.96)

    ABS_S("01011110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "abs =Yd, Yn"),
    ABS_V("0 Q 001110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "abs =Vd.T, Vn.T"),
    NEG_S("01111110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "neg =Yd, Yn"),
    NEG_V("0 Q 101110 size:2 100000101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "neg =Vd.T, Vn.T"),
    ADD_S("01011110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "add =Yd, Yn, Ym"),
    ADD_V("0 Q 001110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "add =Vd.T, Vn.T, Vm.T"),
    SUB_S("01111110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "sub =Yd, Yn, Ym"),
    SUB_V("0 Q 101110 size:2 1 Rm:5 100001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sub =Vd.T, Vn.T, Vm.T"),
    ADDHN("0 Q 001110 size:2 1 Rm:5 010000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "addhn{Q:,2} =Vd.T, Vn.W, Vm.W"),
    RADDHN("0 Q 101110 size:2 1 Rm:5 010000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "raddhn{Q:,2} =Vd.T, Vn.W, Vm.W"),
    RSUBHN("0 Q 101110 size:2 1 Rm:5 011000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "rsubhn{Q:,2} =Vd.T, Vn.W, Vm.W"),
    SUBHN("0 Q 001110 size:2 1 Rm:5 011000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "subhn{Q:,2} =Vd.T, Vn.W, Vm.W"),
    ADDP_V("0 Q 001110 size:2 1 Rm:5 101111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "addp =Vd.T, Vn.T, Vm.T"),
    ADDP_S("01011110 size:2 110001101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "addp =Dd, Vn.2d, %size=11"),
    ADDV("0 Q 001110 size:2 110001101110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0", "addv =Yd, Vn.T"),
    AESD("0100111000101000010110 Rn:5 Rd:5", Feature.AES, "", "aesd =Vd.16b, Vn.16b"),
    AESE("0100111000101000010010 Rn:5 Rd:5", Feature.AES, "", "aese =Vd.16b, Vn.16b"),
    AESIMC("0100111000101000011110 Rn:5 Rd:5", Feature.AES, "", "aesimc =Vd.16b, Vn.16b"),
    AESMC("0100111000101000011010 Rn:5 Rd:5", Feature.AES, "", "aesmc =Vd.16b, Vn.16b"),
    AND_V("0 Q 001110001 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "and =Vd.B, Vn.B, Vm.B"),
    BIC_V("0 Q 001110011 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "bic =Vd.B, Vn.B, Vm.B"),
    ORN_V("0 Q 001110111 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "orn =Vd.B, Vn.B, Vm.B"),
    ORR_V("0 Q 001110101 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "orr =Vd.B, Vn.B, Vm.B"),
    BCAX("11001110001 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.SHA3, "", "bcax =Vd.16b, Vn.16b, Vm.16b, Va.16b"),
    BIF("0 Q 101110111 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "bif =Vd.B, Vn.B, Vm.B"),
    BIT("0 Q 101110101 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "bit =Vd.B, Vn.B, Vm.B"),
    BSL("0 Q 101110011 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "bsl =Vd.B, Vn.B, Vm.B"),
    EOR_V("0 Q 101110001 Rm:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "", "eor =Vd.B, Vn.B, Vm.B"),
    CLS_V("0 Q 001110 size:2 100000010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "cls =Vd.T, Vn.T"),
    CLZ_V("0 Q 101110 size:2 100000010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "clz =Vd.T, Vn.T"),
    CMEQ_ZERO_S("01011110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmeq =Yd, Yn, zero"),
    CMEQ_ZERO_V("0 Q 001110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmeq =Vd.T, Vn.T, zero"),
    CMGE_ZERO_S("01111110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmge =Yd, Yn, zero"),
    CMGE_ZERO_V("0 Q 101110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmge =Vd.T, Vn.T, zero"),
    CMGT_ZERO_S("01011110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmgt =Yd, Yn, zero"),
    CMGT_ZERO_V("0 Q 001110 size:2 100000100010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmgt =Vd.T, Vn.T, zero"),
    CMLE_S("01111110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmle =Yd, Yn, zero"),
    CMLE_V("0 Q 101110 size:2 100000100110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmle =Vd.T, Vn.T, zero"),
    CMEQ_S("01111110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmeq =Yd, Yn, Ym"),
    CMEQ_V("0 Q 101110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmeq =Vd.T, Vn.T, Vm.T"),
    CMTST_S("01011110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmtst =Yd, Yn, Ym"),
    CMTST_V("0 Q 001110 size:2 1 Rm:5 100011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmtst =Vd.T, Vn.T, Vm.T"),
    CMGE_S("01011110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmge =Yd, Yn, Ym"),
    CMGE_V("0 Q 001110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmge =Vd.T, Vn.T, Vm.T"),
    CMGT_S("01011110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmgt =Yd, Yn, Ym"),
    CMGT_V("0 Q 001110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmgt =Vd.T, Vn.T, Vm.T"),
    CMHI_S("01111110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmhi =Yd, Yn, Ym"),
    CMHI_V("0 Q 101110 size:2 1 Rm:5 001101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmhi =Vd.T, Vn.T, Vm.T"),
    CMHS_S("01111110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmhs =Yd, Yn, Ym"),
    CMHS_V("0 Q 101110 size:2 1 Rm:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmhs =Vd.T, Vn.T, Vm.T"),
    CMLT_S("01011110 size:2 100000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "cmlt =Yd, Yn, zero"),
    CMLT_V("0 Q 001110 size:2 100000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "cmlt =Vd.T, Vn.T, zero"),
    CNT("0 Q 001110 size:2 100000010110 Rn:5 Rd:5", Feature.AdvSIMD, "size=x1 | size=1x", "cnt =Vd.T, Vn.T"),
    DUP_ELEM_S("01011110000 imm5:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000", "dup =Ed, Vn.E[i]"),
    DUP_ELEM_V("0 Q 001110000 imm5:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | imm5=x1000 & Q=0", "dup =Vd.D5, Vn.E[i]"),
    DUP_GPR("0 Q 001110000 imm5:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | imm5=x1000 & Q=0", "dup =Vd.D5, R5n"),
    EOR3("11001110000 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.SHA3, "", "eor3 =Vd.16b, Vn.16b, Vm.16b, Va.16b"),
    EXT("0 Q 101110000 Rm:5 0 imm4:4 0 Rn:5 Rd:5", Feature.AdvSIMD, "Q=0 & imm4=1xxx", "ext =Vd.B, Vn.B, Vm.B, #d:imm4"),
    FABD_S_H("01111110110 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, "", "fabd =Hd, Hn, Hm"),
    FABD_S("011111101 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "", "fabd =Zd, Zn, Zm"),
    FABD_V_H("0 Q 101110110 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, "", "fabd =Vd.H, Vn.H, Vm.H"),
    FABD_V("0 Q 1011101 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fabd =Vd.F, Vn.F, Vm.F"),
    FABS_S("00011110 ftype:2 100000110000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fabs =Fd, Fn"),
    FMOV_S("00011110 ftype:2 100000010000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fmov =Fd, Fn"),
    FNEG_S("00011110 ftype:2 100001010000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fneg =Fd, Fn"),
    FSQRT_S("00011110 ftype:2 100001110000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fsqrt =Fd, Fn"),
    FABS_V_H("0 Q 00111011111000111110 Rn:5 Rd:5", Feature.FP16, "", "fabs =Vd.H, Vn.H"),
    FABS_V("0 Q 0011101 sz 100000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fabs =Vd.F, Vn.F"),
    FNEG_V_H("0 Q 10111011111000111110 Rn:5 Rd:5", Feature.FP16, "", "fneg =Vd.H, Vn.H"),
    FNEG_V("0 Q 1011101 sz 100000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fneg =Vd.F, Vn.F"),
    FACGE_S_H("01111110010 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, "", "facge =Hd, Hn, Hm"),
    FACGE_S("011111100 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, "", "facge =Zd, Zn, Zm"),
    FACGE_V_H("0 Q 101110010 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, "", "facge =Vd.H, Vn.H, Vm.H"),
    FACGE_V("0 Q 1011100 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "facge =Vd.F, Vn.F, Vm.F"),
    FACGT_S_H("01111110110 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, "", "facgt =Hd, Hn, Hm"),
    FACGT_S("011111101 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, "", "facgt =Zd, Zn, Zm"),
    FACGT_V_H("0 Q 101110110 Rm:5 001011 Rn:5 Rd:5", Feature.FP16, "", "facgt =Vd.H, Vn.H, Vm.H"),
    FACGT_V("0 Q 1011101 sz 1 Rm:5 111011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "facgt =Vd.F, Vn.F, Vm.F"),
    FCMEQ_S_H("01011110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, "", "fcmeq =Hd, Hn, Hm"),
    FCMEQ_S("010111100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmeq =Zd, Zn, Zm"),
    FCMEQ_V_H("0 Q 001110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, "", "fcmeq =Vd.H, Vn.H, Vm.H"),
    FCMEQ_V("0 Q 0011100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmeq =Vd.F, Vn.F, Vm.F"),
    FCMGE_S_H("01111110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, "", "fcmge =Hd, Hn, Hm"),
    FCMGE_S("011111100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmge =Zd, Zn, Zm"),
    FCMGE_V_H("0 Q 101110010 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, "", "fcmge =Vd.H, Vn.H, Vm.H"),
    FCMGE_V("0 Q 1011100 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmge =Vd.F, Vn.F, Vm.F"),
    FCMGT_S_H("01111110110 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, "", "fcmgt =Hd, Hn, Hm"),
    FCMGT_S("011111101 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmgt =Zd, Zn, Zm"),
    FCMGT_V_H("0 Q 101110110 Rm:5 001001 Rn:5 Rd:5", Feature.FP16, "", "fcmgt =Vd.H, Vn.H, Vm.H"),
    FCMGT_V("0 Q 1011101 sz 1 Rm:5 111001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmgt =Vd.F, Vn.F, Vm.F"),
    FADD_V_H("0 Q 001110010 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, "", "fadd =Vd.H, Vn.H, Vm.H"),
    FADD_V("0 Q 0011100 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fadd =Vd.F, Vn.F, Vm.F"),
    FADDP_V_H("0 Q 101110010 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, "", "faddp =Vd.H, Vn.H, Vm.H"),
    FADDP_V("0 Q 1011100 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "faddp =Vd.F, Vn.F, Vm.F"),
    FADD_S("00011110 ftype:2 1 Rm:5 001010 Rn:5 Rd:5", Feature.FP, "ftype=10", "fadd =Fd, Fn, Fm"),
    FSUB_S("00011110 ftype:2 1 Rm:5 001110 Rn:5 Rd:5", Feature.FP, "ftype=10", "fsub =Fd, Fn, Fm"),
    FADDP_S_H("010111100 sz 110000110110 Rn:5 Rd:5", Feature.FP16, "sz=1", "faddp =Hd, Vn.2h"),
    FADDP_S("011111100 sz 110000110110 Rn:5 Rd:5", Feature.AdvSIMD, "", "faddp =Zd, Vn.F2"),
    FCADD("0 Q 101110 size:2 0 Rm:5 111 rot 01 Rn:5 Rd:5", Feature.FCMA, "size=00 | size=11 & Q=0", "fcadd =Vd.T, Vn.T, Vm.T, rot270"),
    FCCMP_S("00011110 ftype:2 1 Rm:5 cond:4 01 Rn:5 0 nzcv:4", Feature.FP, "ftype=10", "fccmp Fn, Fm, #x:nzcv, cond"),
    FCCMPE_S("00011110 ftype:2 1 Rm:5 cond:4 01 Rn:5 1 nzcv:4", Feature.FP, "ftype=10", "fccmpe Fn, Fm, #x:nzcv, cond"),
    FCMEQ_ZERO_S_H("0101111011111000110110 Rn:5 Rd:5", Feature.FP16, "", "fcmeq =Hd, Hn, zero.0"),
    FCMEQ_ZERO_S("010111101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmeq =Zd, Zn, zero.0"),
    FCMEQ_ZERO_V_H("0 Q 00111011111000110110 Rn:5 Rd:5", Feature.FP16, "", "fcmeq =Vd.H, Vn.H, zero.0"),
    FCMEQ_ZERO_V("0 Q 0011101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmeq =Vd.F, Vn.F, zero.0"),
    FCMGE_ZERO_S_H("0111111011111000110010 Rn:5 Rd:5", Feature.FP16, "", "fcmge =Hd, Hn, zero.0"),
    FCMGE_ZERO_S("011111101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmge =Zd, Zn, zero.0"),
    FCMGE_ZERO_V_H("0 Q 10111011111000110010 Rn:5 Rd:5", Feature.FP16, "", "fcmge =Vd.H, Vn.H, zero.0"),
    FCMGE_ZERO_V("0 Q 1011101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmge =Vd.F, Vn.F, zero.0"),
    FCMGT_ZERO_S_H("0101111011111000110010 Rn:5 Rd:5", Feature.FP16, "", "fcmgt =Hd, Hn, zero.0"),
    FCMGT_ZERO_S("010111101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmgt =Zd, Zn, zero.0"),
    FCMGT_ZERO_V_H("0 Q 00111011111000110010 Rn:5 Rd:5", Feature.FP16, "", "fcmgt =Vd.H, Vn.H, zero.0"),
    FCMGT_ZERO_V("0 Q 0011101 sz 100000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmgt =Vd.F, Vn.F, zero.0"),
    FCMLE_S_H("0111111011111000110110 Rn:5 Rd:5", Feature.FP16, "", "fcmle =Hd, Hn, zero.0"),
    FCMLE_S("011111101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmle =Zd, Zn, zero.0"),
    FCMLE_V_H("0 Q 10111011111000110110 Rn:5 Rd:5", Feature.FP16, "", "fcmle =Vd.H, Vn.H, zero.0"),
    FCMLE_V("0 Q 1011101 sz 100000110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmle =Vd.F, Vn.F, zero.0"),
    FCMLA_V("0 Q 101110 size:2 0 Rm:5 110 rot:2 1 Rn:5 Rd:5", Feature.FCMA, "size=00 | size=11 & Q=0", "fcmla =Vd.T, Vn.T, Vm.T, rot"),
    FCMLA_ELEM("0 Q 101111 size:2 L M Rm:4 0 rot:2 1 H 0 Rn:5 Rd:5", Feature.FCMA, "size=00 | size=11 | size=01 & H=1 & Q=0 | size=10 & L=1 | size=10 & Q=0", "fcmla =Vd.T, Vn.T, Vm.complex[i], rot"),
    FCMLT_S_H("0101111011111000111010 Rn:5 Rd:5", Feature.FP16, "", "fcmlt =Hd, Hn, zero.0"),
    FCMLT_S("010111101 sz 100000111010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcmlt =Zd, Zn, zero.0"),
    FCMLT_V_H("0 Q 00111011111000111010 Rn:5 Rd:5", Feature.FP16, "", "fcmlt =Vd.H, Vn.H, zero.0"),
    FCMLT_V("0 Q 0011101 sz 100000111010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcmlt =Vd.F, Vn.F, zero.0"),
    FCMP_S("00011110 ftype:2 1 Rm:5 001000 Rn:5 0 opc0 000", Feature.FP, "ftype=10", "fcmp Fn, Fm|0"),
    FCMPE_S("00011110 ftype:2 1 Rm:5 001000 Rn:5 1 opc0 000", Feature.FP, "ftype=10", "fcmpe Fn, Fm|0"),
    FCSEL_S("00011110 ftype:2 1 Rm:5 cond:4 11 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcsel =Fd, Fn, Fm, cond"),
    FCVT("00011110 ftype:2 10001 opc:2 10000 Rn:5 Rd:5", Feature.FP, "ftype=10 | opc=10 | ftype=00 & opc=00 | ftype=01 & opc=01 | ftype=11 & opc=11", "fcvt =Cd, Fn"),
    FCVTAS_S_H("0101111001111001110010 Rn:5 Rd:5", Feature.FP16, "", "fcvtas =Hd, Hn"),
    FCVTAS_S("010111100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtas =Zd, Zn"),
    FCVTAS_V_H("0 Q 00111001111001110010 Rn:5 Rd:5", Feature.FP16, "", "fcvtas =Vd.H, Vn.H"),
    FCVTAS_V("0 Q 0011100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtas =Vd.F, Vn.F"),
    FCVTAU_S_H("0111111001111001110010 Rn:5 Rd:5", Feature.FP16, "", "fcvtau =Hd, Hn"),
    FCVTAU_S("011111100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtau =Zd, Zn"),
    FCVTAU_V_H("0 Q 10111001111001110010 Rn:5 Rd:5", Feature.FP16, "", "fcvtau =Vd.H, Vn.H"),
    FCVTAU_V("0 Q 1011100 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtau =Vd.F, Vn.F"),
    FCVTAS_GPR("sf 0011110 ftype:2 100100000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtas =Rd, Fn"),
    FCVTAU_GPR("sf 0011110 ftype:2 100101000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtau =Rd, Fn"),
    FCVTMS_GPR("sf 0011110 ftype:2 110000000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtms =Rd, Fn"),
    FCVTMU_GPR("sf 0011110 ftype:2 110001000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtmu =Rd, Fn"),
    FCVTNS_GPR("sf 0011110 ftype:2 100000000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtns =Rd, Fn"),
    FCVTNU_GPR("sf 0011110 ftype:2 100001000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtnu =Rd, Fn"),
    FCVTPS_GPR("sf 0011110 ftype:2 101000000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtps =Rd, Fn"),
    FCVTPU_GPR("sf 0011110 ftype:2 101001000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtpu =Rd, Fn"),
    FCVTZS_GPR("sf 0011110 ftype:2 111000000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtzs =Rd, Fn"),
    FCVTZU_GPR("sf 0011110 ftype:2 111001000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "fcvtzu =Rd, Fn"),
    FJCVTZS("0001111001111110000000 Rn:5 Rd:5", Feature.JSCVT, "", "fjcvtzs =Wd, Dn"),
    FMOV_GPR("sf 0011110 ftype:2 10 rmode0 11 opcode0 000000 Rn:5 Rd:5", Feature.FP, "ftype=00 & sf=1 | ftype=00 & rmode0=1 | ftype=01 & sf=0 | ftype=01 & rmode0=1 | ftype=10 & sf=0 | ftype=10 & rmode0=0 | ftype=11 & rmode0=1", "fmov =FMOVd, FMOVn"),
    SCVTF_GPR("sf 0011110 ftype:2 100010000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "scvtf =Fd, Rn"),
    UCVTF_GPR("sf 0011110 ftype:2 100011000000 Rn:5 Rd:5", Feature.FP, "ftype=10", "ucvtf =Fd, Rn"),
    FCVTL("0 Q 0011100 sz 100001011110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtl{Q:,2} =Vd.FL, Vn.FN"),
    FCVTMS_S_H("0101111001111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtms =Hd, Hn"),
    FCVTMS_S("010111100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtms =Zd, Zn"),
    FCVTMS_V_H("0 Q 00111001111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtms =Vd.H, Vn.H"),
    FCVTMS_V("0 Q 0011100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtms =Vd.F, Vn.F"),
    FCVTMU_S_H("0111111001111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtmu =Hd, Hn"),
    FCVTMU_S("011111100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtmu =Zd, Zn"),
    FCVTMU_V_H("0 Q 10111001111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtmu =Vd.H, Vn.H"),
    FCVTMU_V("0 Q 1011100 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtmu =Vd.F, Vn.F"),
    FCVTNS_S_H("0101111001111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtns =Hd, Hn"),
    FCVTNS_S("010111100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtns =Zd, Zn"),
    FCVTNS_V_H("0 Q 00111001111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtns =Vd.H, Vn.H"),
    FCVTNS_V("0 Q 0011100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtns =Vd.F, Vn.F"),
    FCVTNU_S_H("0111111001111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtnu =Hd, Hn"),
    FCVTNU_S("011111100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtnu =Zd, Zn"),
    FCVTNU_V_H("0 Q 10111001111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtnu =Vd.H, Vn.H"),
    FCVTNU_V("0 Q 1011100 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtnu =Vd.F, Vn.F"),
    FCVTPS_S_H("0101111011111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtps =Hd, Hn"),
    FCVTPS_S("010111101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtps =Zd, Zn"),
    FCVTPS_V_H("0 Q 00111011111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtps =Vd.H, Vn.H"),
    FCVTPS_V("0 Q 0011101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtps =Vd.F, Vn.F"),
    FCVTPU_S_H("0111111011111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtpu =Hd, Hn"),
    FCVTPU_S("011111101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtpu =Zd, Zn"),
    FCVTPU_V_H("0 Q 10111011111001101010 Rn:5 Rd:5", Feature.FP16, "", "fcvtpu =Vd.H, Vn.H"),
    FCVTPU_V("0 Q 1011101 sz 100001101010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtpu =Vd.F, Vn.F"),
    FCVTZS_S_H("0101111011111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtzs =Hd, Hn"),
    FCVTZS_S("010111101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtzs =Zd, Zn"),
    FCVTZS_V_H("0 Q 00111011111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtzs =Vd.H, Vn.H"),
    FCVTZS_V("0 Q 0011101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtzs =Vd.F, Vn.F"),
    FCVTZU_S_H("0111111011111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtzu =Hd, Hn"),
    FCVTZU_S("011111101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtzu =Zd, Zn"),
    FCVTZU_V_H("0 Q 10111011111001101110 Rn:5 Rd:5", Feature.FP16, "", "fcvtzu =Vd.H, Vn.H"),
    FCVTZU_V("0 Q 1011101 sz 100001101110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fcvtzu =Vd.F, Vn.F"),
    FCVTN("0 Q 0011100 sz 100001011010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fcvtn{Q:,2} =Vd.FN, Vn.FL"),
    FCVTXN_S("011111100 sz 100001011010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=0", "fcvtxn =Sd, Dn, %sz=1"),
    FCVTXN_V("0 Q 1011100 sz 100001011010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=0", "fcvtxn{Q:,2} =Vd.FN, Vn.2d"),
    FCVTZS_GPR_FIX("sf 0011110 ftype:2 011000 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx", "fcvtzs =Rd, Fn, fbits"),
    FCVTZU_GPR_FIX("sf 0011110 ftype:2 011001 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx", "fcvtzu =Rd, Fn, fbits"),
    SCVTF_GPR_FIX("sf 0011110 ftype:2 000010 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx", "scvtf =Fd, Rn, fbits"),
    UCVTF_GPR_FIX("sf 0011110 ftype:2 000011 scale:6 Rn:5 Rd:5", Feature.FP, "ftype=10 | sf=0 & scale=0xxxxx", "ucvtf =Fd, Rn, fbits"),
    FCVTZS_FIX_S("010111110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x", "fcvtzs =Id, In, shr"),
    FCVTZS_FIX_V("0 Q 0011110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0", "fcvtzs =Vd.I, Vn.I, shr"),
    FCVTZU_FIX_S("011111110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x", "fcvtzu =Id, In, shr"),
    FCVTZU_FIX_V("0 Q 1011110 immh:4 immb:3 111111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0", "fcvtzu =Vd.I, Vn.I, shr"),
    FDIV_V_H("0 Q 101110010 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, "", "fdiv =Vd.H, Vn.H, Vm.H"),
    FDIV_V("0 Q 1011100 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fdiv =Vd.F, Vn.F, Vm.F"),
    FDIV_S("00011110 ftype:2 1 Rm:5 000110 Rn:5 Rd:5", Feature.FP, "ftype=10", "fdiv =Fd, Fn, Fm"),
    FMADD_S("00011111 ftype:2 0 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10", "fmadd =Fd, Fn, Fm, Fa"),
    FMSUB_S("00011111 ftype:2 0 Rm:5 1 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10", "fmsub =Fd, Fn, Fm, Fa"),
    FNMADD_S("00011111 ftype:2 1 Rm:5 0 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10", "fnmadd =Fd, Fn, Fm, Fa"),
    FNMSUB_S("00011111 ftype:2 1 Rm:5 1 Ra:5 Rn:5 Rd:5", Feature.FP, "ftype=10", "fnmsub =Fd, Fn, Fm, Fa"),
    FMAX_S("00011110 ftype:2 1 Rm:5 010010 Rn:5 Rd:5", Feature.FP, "ftype=10", "fmax =Fd, Fn, Fm"),
    FMAXNM_S("00011110 ftype:2 1 Rm:5 011010 Rn:5 Rd:5", Feature.FP, "ftype=10", "fmaxnm =Fd, Fn, Fm"),
    FMIN_S("00011110 ftype:2 1 Rm:5 010110 Rn:5 Rd:5", Feature.FP, "ftype=10", "fmin =Fd, Fn, Fm"),
    FMINNM_S("00011110 ftype:2 1 Rm:5 011110 Rn:5 Rd:5", Feature.FP, "ftype=10", "fminnm =Fd, Fn, Fm"),
    FMAX_V_H("0 Q 001110010 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, "", "fmax =Vd.H, Vn.H, Vm.H"),
    FMAX_V("0 Q 0011100 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmax =Vd.F, Vn.F, Vm.F"),
    FMAXP_V_H("0 Q 101110010 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, "", "fmaxp =Vd.H, Vn.H, Vm.H"),
    FMAXP_V("0 Q 1011100 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmaxp =Vd.F, Vn.F, Vm.F"),
    FMIN_V_H("0 Q 001110110 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, "", "fmin =Vd.H, Vn.H, Vm.H"),
    FMIN_V("0 Q 0011101 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmin =Vd.F, Vn.F, Vm.F"),
    FMINP_V_H("0 Q 101110110 Rm:5 001101 Rn:5 Rd:5", Feature.FP16, "", "fminp =Vd.H, Vn.H, Vm.H"),
    FMINP_V("0 Q 1011101 sz 1 Rm:5 111101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fminp =Vd.F, Vn.F, Vm.F"),
    FMAXNM_V_H("0 Q 001110010 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, "", "fmaxnm =Vd.H, Vn.H, Vm.H"),
    FMAXNM_V("0 Q 0011100 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmaxnm =Vd.F, Vn.F, Vm.F"),
    FMAXNMP_V_H("0 Q 101110010 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, "", "fmaxnmp =Vd.H, Vn.H, Vm.H"),
    FMAXNMP_V("0 Q 1011100 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmaxnmp =Vd.F, Vn.F, Vm.F"),
    FMINNM_V_H("0 Q 001110110 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, "", "fminnm =Vd.H, Vn.H, Vm.H"),
    FMINNM_V("0 Q 0011101 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fminnm =Vd.F, Vn.F, Vm.F"),
    FMINNMP_V_H("0 Q 101110110 Rm:5 000001 Rn:5 Rd:5", Feature.FP16, "", "fminnmp =Vd.H, Vn.H, Vm.H"),
    FMINNMP_V("0 Q 1011101 sz 1 Rm:5 110001 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fminnmp =Vd.F, Vn.F, Vm.F"),
    FMAXNMP_S_H("010111100 sz 110000110010 Rn:5 Rd:5", Feature.FP16, "sz=1", "fmaxnmp =Hd, Vn.2h"),
    FMAXNMP_S("011111100 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fmaxnmp =Zd, Vn.F2"),
    FMINNMP_S_H("010111101 sz 110000110010 Rn:5 Rd:5", Feature.FP16, "sz=1", "fminnmp =Hd, Vn.2h"),
    FMINNMP_S("011111101 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, "", "fminnmp =Zd, Vn.F2"),
    FMAXNMV_V_H("0 Q 00111000110000110010 Rn:5 Rd:5", Feature.FP16, "", "fmaxnmv =Hd, Vn.H"),
    FMAXNMV_V("0 Q 1011100 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0", "fmaxnmv =Sd, Vn.4s, %Q=1"),
    FMINNMV_V_H("0 Q 00111010110000110010 Rn:5 Rd:5", Feature.FP16, "", "fminnmv =Hd, Vn.H"),
    FMINNMV_V("0 Q 1011101 sz 110000110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0", "fminnmv =Sd, Vn.4s, %Q=1"),
    FMAXP_S_H("010111100 sz 110000111110 Rn:5 Rd:5", Feature.FP16, "sz=1", "fmaxp =Hd, Vn.2h"),
    FMAXP_S("011111100 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fmaxp =Zd, Vn.F2"),
    FMINP_S_H("010111101 sz 110000111110 Rn:5 Rd:5", Feature.FP16, "sz=1", "fminp =Hd, Vn.2h"),
    FMINP_S("011111101 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, "", "fminp =Zd, Vn.F2"),
    FMAXV_V_H("0 Q 00111000110000111110 Rn:5 Rd:5", Feature.FP16, "", "fmaxv =Hd, Vn.H"),
    FMAXV_V("0 Q 1011100 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0", "fmaxv =Sd, Vn.4s, %Q=1"),
    FMINV_V_H("0 Q 00111010110000111110 Rn:5 Rd:5", Feature.FP16, "", "fminv =Hd, Vn.H"),
    FMINV_V("0 Q 1011101 sz 110000111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 | Q=0", "fminv =Sd, Vn.4s, %Q=1"),
    FMLA_ELEM_S_H("0101111100 L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmla =Hd, Hn, Vm.half[i]"),
    FMLA_ELEM_S("010111111 sz L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1", "fmla =Zd, Zn, Vm.f[i]"),
    FMLA_ELEM_V_H("0 Q 00111100 L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmla =Vd.H, Vn.H, Vm.half[i]"),
    FMLA_ELEM_V("0 Q 0011111 sz L M Rm:4 0001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0", "fmla =Vd.F, Vn.F, Vm.f[i]"),
    FMLS_ELEM_S_H("0101111100 L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmls =Hd, Hn, Vm.half[i]"),
    FMLS_ELEM_S("010111111 sz L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1", "fmls =Zd, Zn, Vm.f[i]"),
    FMLS_ELEM_V_H("0 Q 00111100 L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmls =Vd.H, Vn.H, Vm.half[i]"),
    FMLS_ELEM_V("0 Q 0011111 sz L M Rm:4 0101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0", "fmls =Vd.F, Vn.F, Vm.f[i]"),
    FMLA_V_H("0 Q 001110010 Rm:5 000011 Rn:5 Rd:5", Feature.FP16, "", "fmla =Vd.H, Vn.H, Vm.H"),
    FMLA_V("0 Q 0011100 sz 1 Rm:5 110011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmla =Vd.F, Vn.F, Vm.F"),
    FMLS_V_H("0 Q 001110110 Rm:5 000011 Rn:5 Rd:5", Feature.FP16, "", "fmls =Vd.H, Vn.H, Vm.H"),
    FMLS_V("0 Q 0011101 sz 1 Rm:5 110011 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmls =Vd.F, Vn.F, Vm.F"),
    FMLAL_ELEM("0 Q 00111110 L M Rm:4 0000 H 0 Rn:5 Rd:5", Feature.FHM, "", "fmlal =Vd.S, Vn.HH, Vm.half[i]"),
    FMLAL2_ELEM("0 Q 10111110 L M Rm:4 1000 H 0 Rn:5 Rd:5", Feature.FHM, "", "fmlal2 =Vd.S, Vn.HH, Vm.half[i]"),
    FMLSL_ELEM("0 Q 00111110 L M Rm:4 0100 H 0 Rn:5 Rd:5", Feature.FHM, "", "fmlsl =Vd.S, Vn.HH, Vm.half[i]"),
    FMLSL2_ELEM("0 Q 10111110 L M Rm:4 1100 H 0 Rn:5 Rd:5", Feature.FHM, "", "fmlsl2 =Vd.S, Vn.HH, Vm.half[i]"),
    FMLAL_V("0 Q 001110001 Rm:5 111011 Rn:5 Rd:5", Feature.FHM, "", "fmlal =Vd.S, Vn.HH, Vm.HH"),
    FMLAL2_V("0 Q 101110001 Rm:5 110011 Rn:5 Rd:5", Feature.FHM, "", "fmlal2 =Vd.S, Vn.HH, Vm.HH"),
    FMLSL_V("0 Q 001110101 Rm:5 111011 Rn:5 Rd:5", Feature.FHM, "", "fmlsl =Vd.S, Vn.HH, Vm.HH"),
    FMLSL2_V("0 Q 101110101 Rm:5 110011 Rn:5 Rd:5", Feature.FHM, "", "fmlsl2 =Vd.S, Vn.HH, Vm.HH"),
    FMOV_S_IMM("00011110 ftype:2 1 imm8:8 10000000 Rd:5", Feature.FP, "ftype=10", "fmov =Fd, fimm8"),
    FMUL_V_H("0 Q 101110010 Rm:5 000111 Rn:5 Rd:5", Feature.FP16, "", "fmul =Vd.H, Vn.H, Vm.H"),
    FMUL_V("0 Q 1011100 sz 1 Rm:5 110111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmul =Vd.F, Vn.F, Vm.F"),
    FMUL_S("00011110 ftype:2 1 Rm:5 000010 Rn:5 Rd:5", Feature.FP, "ftype=10", "fmul =Fd, Fn, Fm"),
    FNMUL_S("00011110 ftype:2 1 Rm:5 100010 Rn:5 Rd:5", Feature.FP, "ftype=10", "fnmul =Fd, Fn, Fm"),
    FMUL_ELEM_S_H("0101111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmul =Hd, Hn, Vm.half[i]"),
    FMUL_ELEM_S("010111111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1", "fmul =Zd, Zn, Vm.f[i]"),
    FMUL_ELEM_V_H("0 Q 00111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmul =Vd.H, Vn.H, Vm.half[i]"),
    FMUL_ELEM_V("0 Q 0011111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0", "fmul =Vd.F, Vn.F, Vm.f[i]"),
    FMULX_ELEM_S_H("0111111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmulx =Hd, Hn, Vm.half[i]"),
    FMULX_ELEM_S("011111111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1", "fmulx =Zd, Zn, Vm.f[i]"),
    FMULX_ELEM_V_H("0 Q 10111100 L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.FP16, "", "fmulx =Vd.H, Vn.H, Vm.half[i]"),
    FMULX_ELEM_V("0 Q 1011111 sz L M Rm:4 1001 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & L=1 | sz=1 & Q=0", "fmulx =Vd.F, Vn.F, Vm.f[i]"),
    FMULX_S_H("01011110010 Rm:5 000111 Rn:5 Rd:5", Feature.FP16, "", "fmulx =Hd, Hn, Hm"),
    FMULX_S("010111100 sz 1 Rm:5 110111 Rn:5 Rd:5", Feature.AdvSIMD, "", "fmulx =Zd, Zn, Zm"),
    FMULX_V_H("0 Q 001110010 Rm:5 000111 Rn:5 Rd:5", Feature.FP16, "", "fmulx =Vd.H, Vn.H, Vm.H"),
    FMULX_V("0 Q 0011100 sz 1 Rm:5 110111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fmulx =Vd.F, Vn.F, Vm.F"),
    FRECPE_S_H("0101111011111001110110 Rn:5 Rd:5", Feature.FP16, "", "frecpe =Hd, Hn"),
    FRECPE_S("010111101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "", "frecpe =Zd, Zn"),
    FRECPE_V_H("0 Q 00111011111001110110 Rn:5 Rd:5", Feature.FP16, "", "frecpe =Vd.H, Vn.H"),
    FRECPE_V("0 Q 0011101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frecpe =Vd.F, Vn.F"),
    FRECPS_S_H("01011110010 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, "", "frecps =Hd, Hn, Hm"),
    FRECPS_S("010111100 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "", "frecps =Zd, Zn, Zm"),
    FRECPS_V_H("0 Q 001110010 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, "", "frecps =Vd.H, Vn.H, Vm.H"),
    FRECPS_V("0 Q 0011100 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frecps =Vd.F, Vn.F, Vm.F"),
    FRECPX_S_H("0101111011111001111110 Rn:5 Rd:5", Feature.FP16, "", "frecpx =Hd, Hn"),
    FRECPX_S("010111101 sz 100001111110 Rn:5 Rd:5", Feature.AdvSIMD, "", "frecpx =Zd, Zn"),
    FRINTA_V_H("0 Q 10111001111001100010 Rn:5 Rd:5", Feature.FP16, "", "frinta =Vd.H, Vn.H"),
    FRINTA_V("0 Q 1011100 sz 100001100010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frinta =Vd.F, Vn.F"),
    FRINTI_V_H("0 Q 10111011111001100110 Rn:5 Rd:5", Feature.FP16, "", "frinti =Vd.H, Vn.H"),
    FRINTI_V("0 Q 1011101 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frinti =Vd.F, Vn.F"),
    FRINTM_V_H("0 Q 00111001111001100110 Rn:5 Rd:5", Feature.FP16, "", "frintm =Vd.H, Vn.H"),
    FRINTM_V("0 Q 0011100 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frintm =Vd.F, Vn.F"),
    FRINTN_V_H("0 Q 00111001111001100010 Rn:5 Rd:5", Feature.FP16, "", "frintn =Vd.H, Vn.H"),
    FRINTN_V("0 Q 0011100 sz 100001100010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frintn =Vd.F, Vn.F"),
    FRINTP_V_H("0 Q 00111011111001100010 Rn:5 Rd:5", Feature.FP16, "", "frintp =Vd.H, Vn.H"),
    FRINTP_V("0 Q 0011101 sz 100001100010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frintp =Vd.F, Vn.F"),
    FRINTX_V_H("0 Q 10111001111001100110 Rn:5 Rd:5", Feature.FP16, "", "frintx =Vd.H, Vn.H"),
    FRINTX_V("0 Q 1011100 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frintx =Vd.F, Vn.F"),
    FRINTZ_V_H("0 Q 00111011111001100110 Rn:5 Rd:5", Feature.FP16, "", "frintz =Vd.H, Vn.H"),
    FRINTZ_V("0 Q 0011101 sz 100001100110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frintz =Vd.F, Vn.F"),
    FRINTA_S("00011110 ftype:2 100110010000 Rn:5 Rd:5", Feature.FP, "ftype=10", "frinta =Fd, Fn"),
    FRINTI_S("00011110 ftype:2 100111110000 Rn:5 Rd:5", Feature.FP, "ftype=10", "frinti =Fd, Fn"),
    FRINTM_S("00011110 ftype:2 100101010000 Rn:5 Rd:5", Feature.FP, "ftype=10", "frintm =Fd, Fn"),
    FRINTN_S("00011110 ftype:2 100100010000 Rn:5 Rd:5", Feature.FP, "ftype=10", "frintn =Fd, Fn"),
    FRINTP_S("00011110 ftype:2 100100110000 Rn:5 Rd:5", Feature.FP, "ftype=10", "frintp =Fd, Fn"),
    FRINTX_S("00011110 ftype:2 100111010000 Rn:5 Rd:5", Feature.FP, "ftype=10", "frintx =Fd, Fn"),
    FRINTZ_S("00011110 ftype:2 100101110000 Rn:5 Rd:5", Feature.FP, "ftype=10", "frintz =Fd, Fn"),
    FRSQRTE_S_H("0111111011111001110110 Rn:5 Rd:5", Feature.FP16, "", "frsqrte =Hd, Hn"),
    FRSQRTE_S("011111101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "", "frsqrte =Zd, Zn"),
    FRSQRTE_V_H("0 Q 10111011111001110110 Rn:5 Rd:5", Feature.FP16, "", "frsqrte =Vd.H, Vn.H"),
    FRSQRTE_V("0 Q 1011101 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frsqrte =Vd.F, Vn.F"),
    FRSQRTS_S_H("01011110110 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, "", "frsqrts =Hd, Hn, Hm"),
    FRSQRTS_S("010111101 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "", "frsqrts =Zd, Zn, Zm"),
    FRSQRTS_V_H("0 Q 001110110 Rm:5 001111 Rn:5 Rd:5", Feature.FP16, "", "frsqrts =Vd.H, Vn.H, Vm.H"),
    FRSQRTS_V("0 Q 0011101 sz 1 Rm:5 111111 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "frsqrts =Vd.F, Vn.F, Vm.F"),
    FSQRT_V_H("0 Q 10111011111001111110 Rn:5 Rd:5", Feature.FP16, "", "fsqrt =Vd.H, Vn.H"),
    FSQRT_V("0 Q 1011101 sz 100001111110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fsqrt =Vd.F, Vn.F"),
    FSUB_V_H("0 Q 001110110 Rm:5 000101 Rn:5 Rd:5", Feature.FP16, "", "fsub =Vd.H, Vn.H, Vm.H"),
    FSUB_V("0 Q 0011101 sz 1 Rm:5 110101 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "fsub =Vd.F, Vn.F, Vm.F"),
    INS_ELEM("01101110000 imm5:5 0 imm4:4 1 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000", "ins =Vd.E[i], Vn.E[4]"),
    INS_GPR("01001110000 imm5:5 000111 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000", "ins =Vd.E[i], R5n"),
    MLA_V("0 Q 001110 size:2 1 Rm:5 100101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "mla =Vd.T, Vn.T, Vm.T"),
    MLS_V("0 Q 101110 size:2 1 Rm:5 100101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "mls =Vd.T, Vn.T, Vm.T"),
    MLA_ELEM("0 Q 101111 size:2 L M Rm:4 0000 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "mla =Vd.T, Vn.T, Vm.e[i]"),
    MLS_ELEM("0 Q 101111 size:2 L M Rm:4 0100 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "mls =Vd.T, Vn.T, Vm.e[i]"),
    MUL_V("0 Q 001110 size:2 1 Rm:5 100111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "mul =Vd.T, Vn.T, Vm.T"),
    PMUL("0 Q 101110 size:2 1 Rm:5 100111 Rn:5 Rd:5", Feature.AdvSIMD, "size=x1 | size=1x", "pmul =Vd.T, Vn.T, Vm.T"),
    MUL_ELEM("0 Q 001111 size:2 L M Rm:4 1000 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "mul =Vd.T, Vn.T, Vm.e[i]"),
    NOT("0 Q 10111000100000010110 Rn:5 Rd:5", Feature.AdvSIMD, "", "not =Vd.B, Vn.B"),
    PMULL("0 Q 001110 size:2 1 Rm:5 111000 Rn:5 Rd:5", Feature.AdvSIMD, "size=01 | size=10", "pmull{Q:,2} =Vd.W, Vn.T, Vm.T"),
    RAX1("11001110011 Rm:5 100011 Rn:5 Rd:5", Feature.SHA3, "", "rax1 =Vd.2d, Vn.2d, Vm.2d"),
    RBIT_V("0 Q 10111001100000010110 Rn:5 Rd:5", Feature.AdvSIMD, "", "rbit =Vd.B, Vn.B"),
    REV16_V("0 Q 001110 size:2 100000000110 Rn:5 Rd:5", Feature.AdvSIMD, "size=x1 | size=1x", "rev16 =Vd.T, Vn.T"),
    REV32_V("0 Q 101110 size:2 100000000010 Rn:5 Rd:5", Feature.AdvSIMD, "size=1x", "rev32 =Vd.T, Vn.T"),
    REV64("0 Q 001110 size:2 100000000010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "rev64 =Vd.T, Vn.T"),
    RSHRN("0 Q 0011110 immh:4 immb:3 100011 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "rshrn{Q:,2} =Vd.I, Vn.IW, shr"),
    SHRN("0 Q 0011110 immh:4 immb:3 100001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "shrn{Q:,2} =Vd.I, Vn.IW, shr"),
    SABA("0 Q 001110 size:2 1 Rm:5 011111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "saba =Vd.T, Vn.T, Vm.T"),
    SABD("0 Q 001110 size:2 1 Rm:5 011101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sabd =Vd.T, Vn.T, Vm.T"),
    UABA("0 Q 101110 size:2 1 Rm:5 011111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uaba =Vd.T, Vn.T, Vm.T"),
    UABD("0 Q 101110 size:2 1 Rm:5 011101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uabd =Vd.T, Vn.T, Vm.T"),
    SABAL("0 Q 001110 size:2 1 Rm:5 010100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sabal{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SABDL("0 Q 001110 size:2 1 Rm:5 011100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sabdl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    UABAL("0 Q 101110 size:2 1 Rm:5 010100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uabal{Q:,2} =Vd.W, Vn.T, Vm.T"),
    UABDL("0 Q 101110 size:2 1 Rm:5 011100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uabdl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SADALP("0 Q 001110 size:2 100000011010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sadalp =Vd.P, Vn.T"),
    SADDLP("0 Q 001110 size:2 100000001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "saddlp =Vd.P, Vn.T"),
    UADALP("0 Q 101110 size:2 100000011010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uadalp =Vd.P, Vn.T"),
    UADDLP("0 Q 101110 size:2 100000001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uaddlp =Vd.P, Vn.T"),
    SADDL("0 Q 001110 size:2 1 Rm:5 000000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "saddl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SSUBL("0 Q 001110 size:2 1 Rm:5 001000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "ssubl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    UADDL("0 Q 101110 size:2 1 Rm:5 000000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uaddl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    USUBL("0 Q 101110 size:2 1 Rm:5 001000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "usubl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SADDLV("0 Q 001110 size:2 110000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0", "saddlv =Y+d, Vn.T"),
    UADDLV("0 Q 101110 size:2 110000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0", "uaddlv =Y+d, Vn.T"),
    SADDW("0 Q 001110 size:2 1 Rm:5 000100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "saddw{Q:,2} =Vd.W, Vn.W, Vm.T"),
    SSUBW("0 Q 001110 size:2 1 Rm:5 001100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "ssubw{Q:,2} =Vd.W, Vn.W, Vm.T"),
    UADDW("0 Q 101110 size:2 1 Rm:5 000100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uaddw{Q:,2} =Vd.W, Vn.W, Vm.T"),
    USUBW("0 Q 101110 size:2 1 Rm:5 001100 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "usubw{Q:,2} =Vd.W, Vn.W, Vm.T"),
    SCVTF_FIX_S("010111110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x", "scvtf =Id, In, shr"),
    SCVTF_FIX_V("0 Q 0011110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0", "scvtf =Vd.I, Vn.I, shr"),
    UCVTF_FIX_S("011111110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x", "ucvtf =Id, In, shr"),
    UCVTF_FIX_V("0 Q 1011110 immh:4 immb:3 111001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=000x | immh=1xxx & Q=0", "ucvtf =Vd.I, Vn.I, shr"),
    SCVTF_S_H("0101111001111001110110 Rn:5 Rd:5", Feature.FP16, "", "scvtf =Hd, Hn"),
    SCVTF_S("010111100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "", "scvtf =Zd, Zn"),
    SCVTF_V_H("0 Q 00111001111001110110 Rn:5 Rd:5", Feature.FP16, "", "scvtf =Vd.H, Vn.H"),
    SCVTF_V("0 Q 0011100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "scvtf =Vd.F, Vn.F"),
    UCVTF_S_H("0111111001111001110110 Rn:5 Rd:5", Feature.FP16, "", "ucvtf =Hd, Hn"),
    UCVTF_S("011111100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "", "ucvtf =Zd, Zn"),
    UCVTF_V_H("0 Q 10111001111001110110 Rn:5 Rd:5", Feature.FP16, "", "ucvtf =Vd.H, Vn.H"),
    UCVTF_V("0 Q 1011100 sz 100001110110 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1 & Q=0", "ucvtf =Vd.F, Vn.F"),
    SDOT_V("0 Q 001110 size:2 0 Rm:5 100101 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11", "sdot =Vd.S, Vn.B, Vm.B, %size=10"),
    UDOT_V("0 Q 101110 size:2 0 Rm:5 100101 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11", "udot =Vd.S, Vn.B, Vm.B, %size=10"),
    SDOT_ELEM("0 Q 001111 size:2 L M Rm:4 1110 H 0 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11", "sdot =Vd.S, Vn.B, Vm.dot[i], %size=10"),
    UDOT_ELEM("0 Q 101111 size:2 L M Rm:4 1110 H 0 Rn:5 Rd:5", Feature.DotProd, "size=0x | size=11", "udot =Vd.S, Vn.B, Vm.dot[i], %size=10"),
    SHA1C("01011110000 Rm:5 000000 Rn:5 Rd:5", Feature.SHA1, "", "sha1c =Qd, Sn, Vm.4s"),
    SHA1H("0101111000101000000010 Rn:5 Rd:5", Feature.SHA1, "", "sha1h =Sd, Sn"),
    SHA1M("01011110000 Rm:5 001000 Rn:5 Rd:5", Feature.SHA1, "", "sha1m =Qd, Sn, Vm.4s"),
    SHA1P("01011110000 Rm:5 000100 Rn:5 Rd:5", Feature.SHA1, "", "sha1p =Qd, Sn, Vm.4s"),
    SHA1SU0("01011110000 Rm:5 001100 Rn:5 Rd:5", Feature.SHA1, "", "sha1su0 =Vd.4s, Vn.4s, Vm.4s"),
    SHA1SU1("0101111000101000000110 Rn:5 Rd:5", Feature.SHA1, "", "sha1su1 =Vd.4s, Vn.4s"),
    SHA256H("01011110000 Rm:5 010000 Rn:5 Rd:5", Feature.SHA256, "", "sha256h =Qd, Qn, Vm.4s"),
    SHA256H2("01011110000 Rm:5 010100 Rn:5 Rd:5", Feature.SHA256, "", "sha256h2 =Qd, Qn, Vm.4s"),
    SHA256SU0("0101111000101000001010 Rn:5 Rd:5", Feature.SHA256, "", "sha256su0 =Vd.4s, Vn.4s"),
    SHA256SU1("01011110000 Rm:5 011000 Rn:5 Rd:5", Feature.SHA256, "", "sha256su1 =Vd.4s, Vn.4s, Vm.4s"),
    SHA512H("11001110011 Rm:5 100000 Rn:5 Rd:5", Feature.SHA512, "", "sha512h =Qd, Qn, Vm.2d"),
    SHA512H2("11001110011 Rm:5 100001 Rn:5 Rd:5", Feature.SHA512, "", "sha512h2 =Qd, Qn, Vm.2d"),
    SHA512SU0("1100111011000000100000 Rn:5 Rd:5", Feature.SHA512, "", "sha512su0 =Vd.2d, Vn.2d"),
    SHA512SU1("11001110011 Rm:5 100010 Rn:5 Rd:5", Feature.SHA512, "", "sha512su1 =Vd.2d, Vn.2d, Vm.2d"),
    SHADD("0 Q 001110 size:2 1 Rm:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "shadd =Vd.T, Vn.T, Vm.T"),
    UHADD("0 Q 101110 size:2 1 Rm:5 000001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uhadd =Vd.T, Vn.T, Vm.T"),
    SHL_S("010111110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "shl =Id, In, shl"),
    SHL_V("0 Q 0011110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "shl =Vd.I, Vn.I, shl"),
    SHLL("0 Q 101110 size:2 100001001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "shll{Q:,2} =Vd.W, Vn.T, shll"),
    SHSUB("0 Q 001110 size:2 1 Rm:5 001001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "shsub =Vd.T, Vn.T, Vm.T"),
    UHSUB("0 Q 101110 size:2 1 Rm:5 001001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uhsub =Vd.T, Vn.T, Vm.T"),
    SLI_S("011111110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "sli =Id, In, shl"),
    SLI_V("0 Q 1011110 immh:4 immb:3 010101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "sli =Vd.I, Vn.I, shl"),
    SMAX("0 Q 001110 size:2 1 Rm:5 011001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "smax =Vd.T, Vn.T, Vm.T"),
    SMIN("0 Q 001110 size:2 1 Rm:5 011011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "smin =Vd.T, Vn.T, Vm.T"),
    UMAX("0 Q 101110 size:2 1 Rm:5 011001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "umax =Vd.T, Vn.T, Vm.T"),
    UMIN("0 Q 101110 size:2 1 Rm:5 011011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "umin =Vd.T, Vn.T, Vm.T"),
    SMAXP("0 Q 001110 size:2 1 Rm:5 101001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "smaxp =Vd.T, Vn.T, Vm.T"),
    SMINP("0 Q 001110 size:2 1 Rm:5 101011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sminp =Vd.T, Vn.T, Vm.T"),
    UMAXP("0 Q 101110 size:2 1 Rm:5 101001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "umaxp =Vd.T, Vn.T, Vm.T"),
    UMINP("0 Q 101110 size:2 1 Rm:5 101011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uminp =Vd.T, Vn.T, Vm.T"),
    SMAXV("0 Q 001110 size:2 110000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0", "smaxv =Yd, Vn.T"),
    SMINV("0 Q 001110 size:2 110001101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0", "sminv =Yd, Vn.T"),
    UMAXV("0 Q 101110 size:2 110000101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0", "umaxv =Yd, Vn.T"),
    UMINV("0 Q 101110 size:2 110001101010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 | size=10 & Q=0", "uminv =Yd, Vn.T"),
    SMLAL_V("0 Q 001110 size:2 1 Rm:5 100000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "smlal{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SMLSL_V("0 Q 001110 size:2 1 Rm:5 101000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "smlsl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    UMLAL_V("0 Q 101110 size:2 1 Rm:5 100000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "umlal{Q:,2} =Vd.W, Vn.T, Vm.T"),
    UMLSL_V("0 Q 101110 size:2 1 Rm:5 101000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "umlsl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SMLAL_ELEM("0 Q 001111 size:2 L M Rm:4 0010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "smlal{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    SMLSL_ELEM("0 Q 001111 size:2 L M Rm:4 0110 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "smlsl{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    UMLAL_ELEM("0 Q 101111 size:2 L M Rm:4 0010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "umlal{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    UMLSL_ELEM("0 Q 101111 size:2 L M Rm:4 0110 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "umlsl{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    SMOV("0 Q 001110000 imm5:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | imm5=x1000 | Q=0 & imm5=xx100", "smov =RQd, Vn.E[i]"),
    SMULL_V("0 Q 001110 size:2 1 Rm:5 110000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "smull{Q:,2} =Vd.W, Vn.T, Vm.T"),
    UMULL_V("0 Q 101110 size:2 1 Rm:5 110000 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "umull{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SMULL_ELEM("0 Q 001111 size:2 L M Rm:4 1010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "smull{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    UMULL_ELEM("0 Q 101111 size:2 L M Rm:4 1010 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "umull{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    SQABS_S("01011110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, "", "sqabs =Yd, Yn"),
    SQABS_V("0 Q 001110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sqabs =Vd.T, Vn.T"),
    SQNEG_S("01111110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, "", "sqneg =Yd, Yn"),
    SQNEG_V("0 Q 101110 size:2 100000011110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sqneg =Vd.T, Vn.T"),
    SQADD_S("01011110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "", "sqadd =Yd, Yn, Ym"),
    SQADD_V("0 Q 001110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sqadd =Vd.T, Vn.T, Vm.T"),
    UQADD_S("01111110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "", "uqadd =Yd, Yn, Ym"),
    UQADD_V("0 Q 101110 size:2 1 Rm:5 000011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "uqadd =Vd.T, Vn.T, Vm.T"),
    SQDMLAL_ELEM_S("01011111 size:2 L M Rm:4 0011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlal =Y+d, Yn, Vm.e[i]"),
    SQDMLAL_ELEM_V("0 Q 001111 size:2 L M Rm:4 0011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlal{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    SQDMLSL_ELEM_S("01011111 size:2 L M Rm:4 0111 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlsl =Y+d, Yn, Vm.e[i]"),
    SQDMLSL_ELEM_V("0 Q 001111 size:2 L M Rm:4 0111 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlsl{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    SQDMLAL_S("01011110 size:2 1 Rm:5 100100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlal =Y+d, Yn, Ym"),
    SQDMLAL_V("0 Q 001110 size:2 1 Rm:5 100100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlal{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SQDMLSL_S("01011110 size:2 1 Rm:5 101100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlsl =Y+d, Yn, Ym"),
    SQDMLSL_V("0 Q 001110 size:2 1 Rm:5 101100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmlsl{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SQDMULH_S("01011110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmulh =Yd, Yn, Ym"),
    SQDMULH_V("0 Q 001110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmulh =Vd.T, Vn.T, Vm.T"),
    SQRDMULH_S("01111110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqrdmulh =Yd, Yn, Ym"),
    SQRDMULH_V("0 Q 101110 size:2 1 Rm:5 101101 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqrdmulh =Vd.T, Vn.T, Vm.T"),
    SQDMULH_ELEM_S("01011111 size:2 L M Rm:4 1100 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmulh =Yd, Yn, Vm.e[i]"),
    SQDMULH_ELEM_V("0 Q 001111 size:2 L M Rm:4 1100 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmulh =Vd.T, Vn.T, Vm.e[i]"),
    SQRDMULH_ELEM_S("01011111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqrdmulh =Yd, Yn, Vm.e[i]"),
    SQRDMULH_ELEM_V("0 Q 001111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqrdmulh =Vd.T, Vn.T, Vm.e[i]"),
    SQDMULL_S("01011110 size:2 1 Rm:5 110100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmull =Y+d, Yn, Ym"),
    SQDMULL_V("0 Q 001110 size:2 1 Rm:5 110100 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmull{Q:,2} =Vd.W, Vn.T, Vm.T"),
    SQDMULL_ELEM_S("01011111 size:2 L M Rm:4 1011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmull =Y+d, Yn, Vm.e[i]"),
    SQDMULL_ELEM_V("0 Q 001111 size:2 L M Rm:4 1011 H 0 Rn:5 Rd:5", Feature.AdvSIMD, "size=00 | size=11", "sqdmull{Q:,2} =Vd.W, Vn.T, Vm.e[i]"),
    SQRDMLAH_S("01111110 size:2 0 Rm:5 100001 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlah =Yd, Yn, Ym"),
    SQRDMLAH_V("0 Q 101110 size:2 0 Rm:5 100001 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlah =Vd.T, Vn.T, Vm.T"),
    SQRDMLSH_S("01111110 size:2 0 Rm:5 100011 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlsh =Yd, Yn, Ym"),
    SQRDMLSH_V("0 Q 101110 size:2 0 Rm:5 100011 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlsh =Vd.T, Vn.T, Vm.T"),
    SQRDMLAH_ELEM_S("01111111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlah =Yd, Yn, Vm.e[i]"),
    SQRDMLAH_ELEM_V("0 Q 101111 size:2 L M Rm:4 1101 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlah =Vd.T, Vn.T, Vm.e[i]"),
    SQRDMLSH_ELEM_S("01111111 size:2 L M Rm:4 1111 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlsh =Yd, Yn, Vm.e[i]"),
    SQRDMLSH_ELEM_V("0 Q 101111 size:2 L M Rm:4 1111 H 0 Rn:5 Rd:5", Feature.RDM, "size=00 | size=11", "sqrdmlsh =Vd.T, Vn.T, Vm.e[i]"),
    SQRSHL_S("01011110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, "", "sqrshl =Yd, Yn, Ym"),
    SQRSHL_V("0 Q 001110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sqrshl =Vd.T, Vn.T, Vm.T"),
    SQSHL_S("01011110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, "", "sqshl =Yd, Yn, Ym"),
    SQSHL_V("0 Q 001110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sqshl =Vd.T, Vn.T, Vm.T"),
    SRSHL_S("01011110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "srshl =Yd, Yn, Ym"),
    SRSHL_V("0 Q 001110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "srshl =Vd.T, Vn.T, Vm.T"),
    SSHL_S("01011110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "sshl =Yd, Yn, Ym"),
    SSHL_V("0 Q 001110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sshl =Vd.T, Vn.T, Vm.T"),
    UQRSHL_S("01111110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, "", "uqrshl =Yd, Yn, Ym"),
    UQRSHL_V("0 Q 101110 size:2 1 Rm:5 010111 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "uqrshl =Vd.T, Vn.T, Vm.T"),
    UQSHL_S("01111110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, "", "uqshl =Yd, Yn, Ym"),
    UQSHL_V("0 Q 101110 size:2 1 Rm:5 010011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "uqshl =Vd.T, Vn.T, Vm.T"),
    URSHL_S("01111110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "urshl =Yd, Yn, Ym"),
    URSHL_V("0 Q 101110 size:2 1 Rm:5 010101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "urshl =Vd.T, Vn.T, Vm.T"),
    USHL_S("01111110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=0x | size=10", "ushl =Yd, Yn, Ym"),
    USHL_V("0 Q 101110 size:2 1 Rm:5 010001 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "ushl =Vd.T, Vn.T, Vm.T"),
    SQRSHRN_S("010111110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqrshrn =Id, I+n, shr"),
    SQRSHRN_V("0 Q 0011110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqrshrn{Q:,2} =Vd.I, Vn.IW, shr"),
    SQSHRN_S("010111110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqshrn =Id, I+n, shr"),
    SQSHRN_V("0 Q 0011110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqshrn{Q:,2} =Vd.I, Vn.IW, shr"),
    UQRSHRN_S("011111110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "uqrshrn =Id, I+n, shr"),
    UQRSHRN_V("0 Q 1011110 immh:4 immb:3 100111 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "uqrshrn{Q:,2} =Vd.I, Vn.IW, shr"),
    UQSHRN_S("011111110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "uqshrn =Id, I+n, shr"),
    UQSHRN_V("0 Q 1011110 immh:4 immb:3 100101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "uqshrn{Q:,2} =Vd.I, Vn.IW, shr"),
    SQRSHRUN_S("011111110 immh:4 immb:3 100011 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqrshrun =Id, I+n, shr"),
    SQRSHRUN_V("0 Q 1011110 immh:4 immb:3 100011 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqrshrun{Q:,2} =Vd.I, Vn.IW, shr"),
    SQSHRUN_S("011111110 immh:4 immb:3 100001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqshrun =Id, I+n, shr"),
    SQSHRUN_V("0 Q 1011110 immh:4 immb:3 100001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sqshrun{Q:,2} =Vd.I, Vn.IW, shr"),
    SQSHL_IMM_S("010111110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000", "sqshl =Id, In, shl"),
    SQSHL_IMM_V("0 Q 0011110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "sqshl =Vd.I, Vn.I, shl"),
    SQSHLU_S("011111110 immh:4 immb:3 011001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000", "sqshlu =Id, In, shl"),
    SQSHLU_V("0 Q 1011110 immh:4 immb:3 011001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "sqshlu =Vd.I, Vn.I, shl"),
    UQSHL_IMM_S("011111110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000", "uqshl =Id, In, shl"),
    UQSHL_IMM_V("0 Q 1011110 immh:4 immb:3 011101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "uqshl =Vd.I, Vn.I, shl"),
    SQSUB_S("01011110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "", "sqsub =Yd, Yn, Ym"),
    SQSUB_V("0 Q 001110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "sqsub =Vd.T, Vn.T, Vm.T"),
    UQSUB_S("01111110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "", "uqsub =Yd, Yn, Ym"),
    UQSUB_V("0 Q 101110 size:2 1 Rm:5 001011 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "uqsub =Vd.T, Vn.T, Vm.T"),
    SQXTN_S("01011110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sqxtn =Yd, Y+n"),
    SQXTN_V("0 Q 001110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sqxtn{Q:,2} =Vd.T, Vn.W"),
    UQXTN_S("01111110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uqxtn =Yd, Y+n"),
    UQXTN_V("0 Q 101110 size:2 100001010010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "uqxtn{Q:,2} =Vd.T, Vn.W"),
    SQXTUN_S("01111110 size:2 100001001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sqxtun =Yd, Y+n"),
    SQXTUN_V("0 Q 101110 size:2 100001001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "sqxtun{Q:,2} =Vd.T, Vn.W"),
    SRHADD("0 Q 001110 size:2 1 Rm:5 000101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "srhadd =Vd.T, Vn.T, Vm.T"),
    URHADD("0 Q 101110 size:2 1 Rm:5 000101 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "urhadd =Vd.T, Vn.T, Vm.T"),
    SRI_S("011111110 immh:4 immb:3 010001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "sri =Id, In, shr"),
    SRI_V("0 Q 1011110 immh:4 immb:3 010001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "sri =Vd.I, Vn.I, shr"),
    SRSHR_S("010111110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "srshr =Id, In, shr"),
    SRSHR_V("0 Q 0011110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "srshr =Vd.I, Vn.I, shr"),
    SRSRA_S("010111110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "srsra =Id, In, shr"),
    SRSRA_V("0 Q 0011110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "srsra =Vd.I, Vn.I, shr"),
    SSHR_S("010111110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "sshr =Id, In, shr"),
    SSHR_V("0 Q 0011110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "sshr =Vd.I, Vn.I, shr"),
    SSRA_S("010111110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "ssra =Id, In, shr"),
    SSRA_V("0 Q 0011110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "ssra =Vd.I, Vn.I, shr"),
    URSHR_S("011111110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "urshr =Id, In, shr"),
    URSHR_V("0 Q 1011110 immh:4 immb:3 001001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "urshr =Vd.I, Vn.I, shr"),
    URSRA_S("011111110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "ursra =Id, In, shr"),
    URSRA_V("0 Q 1011110 immh:4 immb:3 001101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "ursra =Vd.I, Vn.I, shr"),
    USHR_S("011111110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "ushr =Id, In, shr"),
    USHR_V("0 Q 1011110 immh:4 immb:3 000001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "ushr =Vd.I, Vn.I, shr"),
    USRA_S("011111110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0xxx", "usra =Id, In, shr"),
    USRA_V("0 Q 1011110 immh:4 immb:3 000101 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx & Q=0", "usra =Vd.I, Vn.I, shr"),
    SSHLL("0 Q 0011110 immh:4 immb:3 101001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "sshll{Q:,2} =Vd.IW, Vn.I, shl"),
    USHLL("0 Q 1011110 immh:4 immb:3 101001 Rn:5 Rd:5", Feature.AdvSIMD, "immh=0000 | immh=1xxx", "ushll{Q:,2} =Vd.IW, Vn.I, shl"),
    SUQADD_S("01011110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, "", "suqadd =Yd, Yn"),
    SUQADD_V("0 Q 001110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "suqadd =Vd.T, Vn.T"),
    USQADD_S("01111110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, "", "usqadd =Yd, Yn"),
    USQADD_V("0 Q 101110 size:2 100000001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "usqadd =Vd.T, Vn.T"),
    TBL("0 Q 001110000 Rm:5 0 len:2 000 Rn:5 Rd:5", Feature.AdvSIMD, "", "tbl =Vd.B, table, Vm.B"),
    TBX("0 Q 001110000 Rm:5 0 len:2 100 Rn:5 Rd:5", Feature.AdvSIMD, "", "tbx =Vd.B, table, Vm.B"),
    TRN1("0 Q 001110 size:2 0 Rm:5 001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "trn1 =Vd.T, Vn.T, Vm.T"),
    TRN2("0 Q 001110 size:2 0 Rm:5 011010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "trn2 =Vd.T, Vn.T, Vm.T"),
    UMOV("0 Q 001110000 imm5:5 001111 Rn:5 Rd:5", Feature.AdvSIMD, "imm5=x0000 | Q=0 & imm5=x1000 | Q=1 & imm5=xxxx1 | Q=1 & imm5=xxx10 | Q=1 & imm5=xx100", "umov =RQd, Vn.E[i]"),
    URECPE("0 Q 0011101 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1", "urecpe =Vd.F, Vn.F"),
    URSQRTE("0 Q 1011101 sz 100001110010 Rn:5 Rd:5", Feature.AdvSIMD, "sz=1", "ursqrte =Vd.F, Vn.F"),
    UZP1("0 Q 001110 size:2 0 Rm:5 000110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "uzp1 =Vd.T, Vn.T, Vm.T"),
    UZP2("0 Q 001110 size:2 0 Rm:5 010110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "uzp2 =Vd.T, Vn.T, Vm.T"),
    XAR("11001110100 Rm:5 imm6:6 Rn:5 Rd:5", Feature.SHA3, "", "xar =Vd.2d, Vn.2d, Vm.2d, #d:imm6"),
    XTN("0 Q 001110 size:2 100001001010 Rn:5 Rd:5", Feature.AdvSIMD, "size=11", "xtn{Q:,2} =Vd.T, Vn.W"),
    ZIP1("0 Q 001110 size:2 0 Rm:5 001110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "zip1 =Vd.T, Vn.T, Vm.T"),
    ZIP2("0 Q 001110 size:2 0 Rm:5 011110 Rn:5 Rd:5", Feature.AdvSIMD, "size=11 & Q=0", "zip2 =Vd.T, Vn.T, Vm.T"),
    MOVI("0 Q 0 0111100000 abc:3 cmode1:3 0 01 defgh:5 Rd:5", Feature.AdvSIMD, "", "movi =Vd.M, modimm"),
    MVNI("0 Q 1 0111100000 abc:3 cmode1:3 0 01 defgh:5 Rd:5", Feature.AdvSIMD, "", "mvni =Vd.M, modimm"),
    ORR_V_IMM("0 Q 0 0111100000 abc:3 cmode1:3 1 01 defgh:5 Rd:5", Feature.AdvSIMD, "", "orr =Vd.M, modimm"),
    BIC_V_IMM("0 Q 1 0111100000 abc:3 cmode1:3 1 01 defgh:5 Rd:5", Feature.AdvSIMD, "", "bic =Vd.M, modimm"),
    MOVI_MSL("0 Q 0 0111100000 abc:3 110 cmode0 01 defgh:5 Rd:5", Feature.AdvSIMD, "", "movi =Vd.M, modimm"),
    MVNI_MSL("0 Q 1 0111100000 abc:3 110 cmode0 01 defgh:5 Rd:5", Feature.AdvSIMD, "", "mvni =Vd.M, modimm"),
    MOVI_B("0 Q 0 0111100000 abc:3 111001 defgh:5 Rd:5", Feature.AdvSIMD, "", "movi =Vd.M, modimm"),
    MOVI_D("0 Q 1 0111100000 abc:3 111001 defgh:5 Rd:5", Feature.AdvSIMD, "", "movi =MOVId, modimm64"),
    FMOV_V_IMM("0 Q op 0111100000 abc:3 111101 defgh:5 Rd:5", Feature.AdvSIMD, "op=1 & Q=0", "fmov =Vd.M, modfp"),
    FMOV_V_IMM_H("0 Q 00111100000 abc:3 111111 defgh:5 Rd:5", Feature.FP16, "", "fmov =Vd.M, modfp"),

    // Reserved (Arm ARM C4.1.1)

    UDF("0000000000000000 imm16:16", null, "always", "udf #d:imm16");
    // spotless:on

    /** Rows that can match a word, by bits 31:21, most fixed bits first. */
    private static final A64[][] BY_PREFIX = new A64[2048][];

    static {
        A64[] rows = values();
        Arrays.sort(rows, Comparator.comparingInt((A64 r) -> -Integer.bitCount(r.mask)));
        int[] counts = new int[BY_PREFIX.length];
        A64[][] found = new A64[BY_PREFIX.length][8];
        for (A64 r : rows) {
            int free = ~r.mask >>> 21;
            int fixed = r.value >>> 21;
            // All values of the free bits, by the usual walk over subsets.
            int subset = 0;
            do {
                int prefix = fixed | subset;
                if (counts[prefix] == found[prefix].length) {
                    found[prefix] = Arrays.copyOf(found[prefix], 2 * counts[prefix]);
                }
                found[prefix][counts[prefix]++] = r;
                subset = subset - free & free;
            } while (subset != 0);
        }
        for (int i = 0; i < BY_PREFIX.length; i++) {
            BY_PREFIX[i] = Arrays.copyOf(found[i], counts[i]);
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

    private final String syntax;
    private final WrittenRegisters written;

    A64(String pattern, Feature feature, String reserved, String syntax) {
        this.pattern = pattern;
        this.feature = feature;
        this.reservedText = reserved;
        this.syntax = syntax;
        this.written = new WrittenRegisters(syntax);
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
            throw new IllegalArgumentException(
                    name() + ": pattern is not 32 bits wide: " + pattern);
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
            int[] pair = conjunction(alternatives[i]);
            pairs[2 * i] = pair[0];
            pairs[2 * i + 1] = pair[1];
        }
        return pairs;
    }

    /** The mask and value of {@code field=bits & field=bits}. */
    int[] conjunction(String text) {
        int[] pair = new int[2];
        for (String term : text.split(" & ")) {
            int equals = term.indexOf('=');
            Field f = field(term.substring(0, equals));
            String bits = term.substring(equals + 1);
            if (bits.length() != f.width) {
                throw new IllegalArgumentException(name() + ": width of " + term);
            }
            for (int b = 0; b < bits.length(); b++) {
                if (bits.charAt(b) != 'x') {
                    int at = f.lo + f.width - 1 - b;
                    pair[0] |= 1 << at;
                    pair[1] |= (bits.charAt(b) - '0') << at;
                }
            }
        }
        return pair;
    }

    /**
     * The row of an instruction word.
     *
     * @return null if the word is unallocated; a row that is {@link #reserved(int)} for the word,
     *     or whose {@link #feature(int)} the PE lacks, is UNDEFINED too
     */
    public static A64 decode(int word) {
        for (A64 r : BY_PREFIX[word >>> 21]) {
            if ((word & r.mask) == r.value) {
                return r;
            }
        }
        return null;
    }

    /**
     * Whether this row's encoding is UNDEFINED for the values of the operand fields of {@code
     * word}.
     */
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
            case FCVTZS_FIX_S,
                    FCVTZU_FIX_S,
                    SCVTF_FIX_S,
                    UCVTF_FIX_S, //
                    FCVTZS_FIX_V,
                    FCVTZU_FIX_V,
                    SCVTF_FIX_V,
                    UCVTF_FIX_V ->
                    (word >>> 20 & 7) == 1 ? Feature.FP16 : feature;
            default -> feature;
        };
    }

    /**
     * The general-purpose registers that a word of this row writes: bit n is Xn, bit 31 the current
     * SP; writes to XZR do not count. Store-exclusive's status, write-back and BL's link are in;
     * what an exception or a trap writes is not.
     */
    public int writesX(int word) {
        return written.x(word);
    }

    /**
     * The SIMD and FP registers that a word of this row writes, in whole or in part: bit n is Vn.
     */
    public int writesV(int word) {
        return written.v(word);
    }

    /** The template of the assembly form, see {@link Syntax}. */
    String syntax() {
        return syntax;
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
