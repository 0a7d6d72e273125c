package dev.nido.isa;

import java.util.ArrayList;
import java.util.List;

/**
 * Other ways to write an instruction (the aliases of Arm ARM C6 and C7): a row, what its fields
 * must be, and the assembly template. Of the aliases of a row the first that says what a word means
 * prints it; those that are input only come after {@code |}.
 */
record Alias(A64 row, String when, String syntax, boolean printed) {

    private static final List<Alias> ALL = new ArrayList<>();

    private static void print(A64 row, String when, String syntax) {
        ALL.add(new Alias(row, when, syntax, true));
    }

    private static void read(A64 row, String when, String syntax) {
        ALL.add(new Alias(row, when, syntax, false));
    }

    static List<Alias> all() {
        return ALL;
    }

    static {
        addAndLogical();
        moveAndBitfield();
        multiplyAndSelect();
        system();
        memory();
        vector();
    }

    private static void addAndLogical() {
        print(A64.ADD_IMM, "sh=0 & imm12=000000000000 & Rd=11111", "mov =Rd|SP, Rn|SP");
        print(A64.ADD_IMM, "sh=0 & imm12=000000000000 & Rn=11111", "mov =Rd|SP, Rn|SP");
        read(A64.SUB_IMM, "", "add =Rd|SP, Rn|SP, -aimm");
        read(A64.ADD_IMM, "", "sub =Rd|SP, Rn|SP, -aimm");
        read(A64.SUBS_IMM, "", "adds =Rd, Rn|SP, -aimm");
        read(A64.ADDS_IMM, "", "subs =Rd, Rn|SP, -aimm");
        print(A64.SUBS_IMM, "Rd=11111", "cmp Rn|SP, aimm");
        print(A64.ADDS_IMM, "Rd=11111", "cmn Rn|SP, aimm");
        read(A64.ADDS_IMM, "Rd=11111", "cmp Rn|SP, -aimm");
        read(A64.SUBS_IMM, "Rd=11111", "cmn Rn|SP, -aimm");
        print(A64.SUBS_SHIFT, "Rd=11111", "cmp Rn, Rm, ?shift");
        print(A64.ADDS_SHIFT, "Rd=11111", "cmn Rn, Rm, ?shift");
        print(A64.SUBS_EXT, "Rd=11111", "cmp Rn|SP, extreg");
        print(A64.ADDS_EXT, "Rd=11111", "cmn Rn|SP, extreg");
        print(A64.SUB_SHIFT, "Rn=11111", "neg =Rd, Rm, ?shift");
        print(A64.SUBS_SHIFT, "Rn=11111", "negs =Rd, Rm, ?shift");
        print(A64.SBC, "Rn=11111", "ngc =Rd, Rm");
        print(A64.SBCS, "Rn=11111", "ngcs =Rd, Rm");
        print(A64.ANDS_IMM, "Rd=11111", "tst Rn, bimm");
        print(A64.ANDS_SHIFT, "Rd=11111", "tst Rn, Rm, ?shiftror");
        print(A64.ORR_SHIFT, "Rn=11111 & shift=00 & imm6=000000", "mov =Rd, Rm");
        print(A64.ORN_SHIFT, "Rn=11111", "mvn =Rd, Rm, ?shiftror");
        print(A64.ASRV, "", "asr =Rd, Rn, Rm");
        print(A64.LSLV, "", "lsl =Rd, Rn, Rm");
        print(A64.LSRV, "", "lsr =Rd, Rn, Rm");
        print(A64.RORV, "", "ror =Rd, Rn, Rm");
    }

    private static void moveAndBitfield() {
        print(A64.MOVZ, "", "mov =Rd, movz");
        print(A64.MOVN, "", "mov =Rd, movn");
        print(A64.ORR_IMM, "Rn=11111", "mov =Rd|SP, movbimm");
        read(A64.ORR_IMM, "Rn=11111", "mov =Rd|SP, bimm");
        print(A64.SBFM, "", "asr =Rd, Rn, asrimm");
        print(A64.SBFM, "immr=000000 & imms=000111", "sxtb =Rd, Wn, %N=sf");
        print(A64.SBFM, "immr=000000 & imms=001111", "sxth =Rd, Wn, %N=sf");
        print(A64.SBFM, "immr=000000 & imms=011111 & sf=1 & N=1", "sxtw =Xd, Wn");
        print(A64.SBFM, "", "sbfiz =Rd, Rn, insert");
        print(A64.SBFM, "", "sbfx =Rd, Rn, extract");
        print(A64.UBFM, "", "lsr =Rd, Rn, asrimm");
        print(A64.UBFM, "", "lsl =Rd, Rn, lslimm");
        print(A64.UBFM, "immr=000000 & imms=000111 & sf=0 & N=0", "uxtb =Wd, Wn");
        print(A64.UBFM, "immr=000000 & imms=001111 & sf=0 & N=0", "uxth =Wd, Wn");
        print(A64.UBFM, "", "ubfiz =Rd, Rn, insert");
        print(A64.UBFM, "", "ubfx =Rd, Rn, extract");
        print(A64.BFM, "Rn=11111", "bfc =Rd, insert");
        print(A64.BFM, "", "bfi =Rd, Rn, insert");
        print(A64.BFM, "", "bfxil =Rd, Rn, extract");
        print(A64.EXTR, "", "ror =Rd, Rnm, #d:imms, %N=sf");
        read(A64.REV, "sf=1 & opc0=1", "rev64 =Xd, Xn");
    }

    private static void multiplyAndSelect() {
        print(A64.MADD, "Ra=11111", "mul =Rd, Rn, Rm");
        print(A64.MSUB, "Ra=11111", "mneg =Rd, Rn, Rm");
        print(A64.SMADDL, "Ra=11111", "smull =Xd, Wn, Wm");
        print(A64.SMSUBL, "Ra=11111", "smnegl =Xd, Wn, Wm");
        print(A64.UMADDL, "Ra=11111", "umull =Xd, Wn, Wm");
        print(A64.UMSUBL, "Ra=11111", "umnegl =Xd, Wn, Wm");
        print(A64.CSINC, "Rn=11111 & Rm=11111", "cset =Rd, invcond");
        print(A64.CSINV, "Rn=11111 & Rm=11111", "csetm =Rd, invcond");
        print(A64.CSINC, "", "cinc =Rd, Rnm, invcond");
        print(A64.CSINV, "", "cinv =Rd, Rnm, invcond");
        print(A64.CSNEG, "", "cneg =Rd, Rnm, invcond");
    }

    private static void system() {
        print(A64.RET, "Rn=11110", "ret");
        print(A64.DSB, "CRm=0000", "ssbb");
        print(A64.DSB, "CRm=0100", "pssbb");
        for (String kind : new String[] {"at", "tlbi", "dc", "ic"}) {
            print(A64.SYS, "", kind + " sysop:" + kind);
        }
        String[] hints = {
            "0000110 dgh", "0000111 xpaclri", "0001000 pacia1716", "0001010 pacib1716",
                    "0001100 autia1716",
            "0001110 autib1716", "0010000 esb", "0010001 psb csync", "0010010 tsb csync",
                    "0010100 csdb",
            "0011000 paciaz", "0011001 paciasp", "0011010 pacibz", "0011011 pacibsp",
                    "0011100 autiaz",
            "0011101 autiasp", "0011110 autibz", "0011111 autibsp", "0100000 bti", "0100010 bti c",
            "0100100 bti j", "0100110 bti jc"
        };
        for (String h : hints) {
            print(
                    A64.HINT,
                    "CRm=" + h.substring(0, 4) + " & op2=" + h.substring(4, 7),
                    h.substring(8));
        }
        for (A64 h : new A64[] {A64.NOP, A64.YIELD, A64.WFE, A64.WFI, A64.SEV, A64.SEVL}) {
            read(h, "", "hint #" + (h.value() >>> 5 & 127));
        }
    }

    private static void memory() {
        for (A64 row : A64.values()) {
            String n = row.name();
            boolean st = n.matches("LD(ADD|CLR|EOR|SET|SMAX|SMIN|UMAX|UMIN)[BH]?");
            if (st) {
                String s = row.syntax();
                print(
                        row,
                        "A=0 & Rt=11111",
                        "st" + s.substring(2).replace("{A:,a}", "").replaceAll(", =[RW]t", ""));
            }
            if (n.matches("LDU?R(B|H|SB|SH|SW)?(_V)?|STU?R(B|H)?(_V)?|LDUR.*|STUR.*")
                    && n.charAt(2) == 'U') {
                // An offset that the scaled form can't hold.
                read(row, "", row.syntax().replaceFirst("^(ld|st)ur", "$1r"));
            }
        }
        read(A64.PRFUM, "", "prfm prfop, [n,s9]");
    }

    private static void vector() {
        print(A64.ORR_V, "", "mov =Vd.B, Vnm.B");
        print(A64.NOT, "", "mvn =Vd.B, Vn.B");
        print(A64.DUP_ELEM_S, "", "mov =Ed, Vn.E[i]");
        print(A64.INS_ELEM, "", "mov =Vd.E[i], Vn.E[4]");
        print(A64.INS_GPR, "", "mov =Vd.E[i], R5n");
        print(A64.UMOV, "imm5=xx100", "mov =RQd, Vn.E[i]");
        print(A64.UMOV, "imm5=x1000", "mov =RQd, Vn.E[i]");
        print(A64.SSHLL, "immb=000", "sxtl{Q:,2} =Vd.IW, Vn.I, shl0");
        print(A64.USHLL, "immb=000", "uxtl{Q:,2} =Vd.IW, Vn.I, shl0");
    }
}
