package dev.nido.isa;

import java.util.ArrayList;
import java.util.List;

/**
 * Which registers a row writes, read off its assembly template: the operands marked {@code =}, the
 * base register of write-back addresses, and {@code %=X30}.
 */
final class WrittenRegisters {
    private static final int X = 0;
    private static final int X_OR_SP = 1;
    private static final int X_PAIR = 2;
    private static final int LINK = 3;
    private static final int V = 4;
    private static final int V_LIST = 5;

    /** V_LIST with as many registers as LD1's opcode says. */
    private static final int V_LIST_BY_OPCODE = 6;

    /** FMOV between register files: the destination is X or V by opcode bit 0. */
    private static final int EITHER = 7;

    /** Codes: kind in bits 7:0, lowest bit of the register's field or number of registers above. */
    private final int[] codes;

    WrittenRegisters(String template) {
        List<Integer> list = new ArrayList<>();
        int space = template.indexOf(' ');
        if (space >= 0) {
            for (String token : template.substring(space + 1).split(", ")) {
                if (token.startsWith("[n")) {
                    if (token.startsWith("[n],") || token.endsWith("!")) {
                        list.add(X_OR_SP | 5 << 8);
                    }
                } else if (token.equals("%=X30")) {
                    list.add(LINK);
                } else if (token.startsWith("=")) {
                    list.add(code(token.substring(1)));
                }
            }
        }
        this.codes = list.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int code(String operand) {
        if (operand.startsWith("list") || operand.startsWith("rep") || operand.startsWith("lane")) {
            char last = operand.charAt(operand.length() - 1);
            return last == '*' ? V_LIST_BY_OPCODE : V_LIST | (last - '0') << 8;
        }
        if (operand.equals("FMOVd")) {
            return EITHER;
        }
        boolean sp = operand.endsWith("|SP");
        String name = sp ? operand.substring(0, operand.length() - 3) : operand;
        int dot = name.indexOf('.');
        name = dot < 0 ? name : name.substring(0, dot);
        int lo = name.endsWith("t2") ? 10 : name.endsWith("s") ? 16 : 0;
        if (operand.startsWith("Pair")) {
            return X_PAIR | lo << 8;
        }
        boolean general = "WXR".indexOf(operand.charAt(0)) >= 0;
        return (general ? sp ? X_OR_SP : X : V) | lo << 8;
    }

    int x(int word) {
        int mask = 0;
        for (int c : codes) {
            int n = word >>> (c >>> 8) & 31;
            switch (c & 255) {
                case X -> mask |= 1 << n & 0x7fffffff;
                case X_OR_SP -> mask |= 1 << n;
                case X_PAIR -> mask |= 3 << n & 0x7fffffff;
                case LINK -> mask |= 1 << 30;
                case EITHER -> mask |= (word >>> 16 & 1) == 0 ? 1 << n & 0x7fffffff : 0;
                default -> {}
            }
        }
        return mask;
    }

    int v(int word) {
        int mask = 0;
        for (int c : codes) {
            switch (c & 255) {
                case V -> mask |= 1 << (word >>> (c >>> 8) & 31);
                case V_LIST -> mask |= list(word, c >>> 8);
                case V_LIST_BY_OPCODE -> mask |= list(word, StructureOperand.registersOfLd1(word));
                case EITHER -> mask |= (word >>> 16 & 1) == 1 ? 1 << (word & 31) : 0;
                default -> {}
            }
        }
        return mask;
    }

    /** A run of registers, going on at V0 after V31. */
    private static int list(int word, int count) {
        return Integer.rotateLeft((1 << count) - 1, word & 31);
    }
}
