package dev.nido.isa;

import java.util.Locale;

/**
 * Constant expressions of the assembler, in 64-bit arithmetic: numbers ({@code 12}, {@code 0x1f},
 * {@code 0b101}, {@code 017}, {@code 'c'}), symbols, {@code .} for the current address, {@code 1f}
 * and {@code 1b} for local labels, {@code ~ - + * / % << >> & | ^}, parentheses, and the relocation
 * operators {@code :lo12:} and {@code :abs_g0:} to {@code :abs_g3:}.
 */
final class Expression {

    /** Where symbols get their values. */
    interface Scope {
        /**
         * The value of a symbol.
         *
         * @param name the symbol, or a local label with its direction ({@code 1f}), or {@code .}
         * @return null if it is not defined
         */
        Long value(String name);
    }

    /** The text is no expression, or one of its symbols has no value. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;
        private final int position;

        Malformed(int position, String message) {
            super(message, null, false, false);
            this.position = position;
        }

        int position() {
            return position;
        }
    }

    private final String text;
    private final Scope scope;
    private int at;

    Expression(String text, int start, Scope scope) {
        this.text = text;
        this.at = start;
        this.scope = scope;
    }

    /** After {@link #evaluate}: where the expression ended. */
    int position() {
        return at;
    }

    long evaluate() throws Malformed {
        blanks();
        if (at < text.length() && text.charAt(at) == ':') {
            int close = text.indexOf(':', at + 1);
            String operator = close < 0 ? "" : text.substring(at + 1, close);
            int shift =
                    switch (operator) {
                        case "lo12" -> -12;
                        case "abs_g0", "abs_g0_nc" -> 0;
                        case "abs_g1", "abs_g1_nc" -> 16;
                        case "abs_g2", "abs_g2_nc" -> 32;
                        case "abs_g3" -> 48;
                        default -> throw new Malformed(at, "unknown relocation operator");
                    };
            at = close + 1;
            long v = binary(0);
            return shift < 0 ? v & 0xfff : v >>> shift & 0xffff;
        }
        return binary(0);
    }

    private static final String[][] OPERATORS = {
        {"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}
    };

    private long binary(int level) throws Malformed {
        if (level == OPERATORS.length) {
            return unary();
        }
        long left = binary(level + 1);
        while (true) {
            blanks();
            String found = null;
            for (String op : OPERATORS[level]) {
                if (text.startsWith(op, at)) {
                    found = op;
                }
            }
            if (found == null) {
                return left;
            }
            at += found.length();
            long right = binary(level + 1);
            if (right == 0 && (found.equals("/") || found.equals("%"))) {
                throw new Malformed(at, "division by zero");
            }
            left =
                    switch (found) {
                        case "|" -> left | right;
                        case "^" -> left ^ right;
                        case "&" -> left & right;
                        case "<<" -> left << right;
                        case ">>" -> left >>> right;
                        case "+" -> left + right;
                        case "-" -> left - right;
                        case "*" -> left * right;
                        case "/" -> left / right;
                        default -> left % right;
                    };
        }
    }

    private long unary() throws Malformed {
        blanks();
        if (at == text.length()) {
            throw new Malformed(at, "expression expected");
        }
        char c = text.charAt(at);
        switch (c) {
            case '-' -> {
                at++;
                return -unary();
            }
            case '+' -> {
                at++;
                return unary();
            }
            case '~' -> {
                at++;
                return ~unary();
            }
            case '(' -> {
                at++;
                long v = binary(0);
                blanks();
                if (at == text.length() || text.charAt(at) != ')') {
                    throw new Malformed(at, "')' expected");
                }
                at++;
                return v;
            }
            case '\'' -> {
                return character();
            }
            default -> {
                return Character.isDigit(c) ? number() : symbol();
            }
        }
    }

    private long character() throws Malformed {
        int start = at;
        at++;
        if (at + 1 < text.length()) {
            char c = text.charAt(at++);
            if (c == '\\') {
                c = escape(text.charAt(at++));
            }
            if (at < text.length() && text.charAt(at) == '\'') {
                at++;
                return c;
            }
        }
        throw new Malformed(start, "malformed character");
    }

    static char escape(char c) {
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case '0' -> 0;
            case 'e' -> 27;
            default -> c;
        };
    }

    private long number() throws Malformed {
        int start = at;
        while (at < text.length() && Character.isLetterOrDigit(text.charAt(at))) {
            at++;
        }
        String s = text.substring(start, at).toLowerCase(Locale.ROOT);
        try {
            if (s.startsWith("0x")) {
                return Long.parseUnsignedLong(s.substring(2), 16);
            }
            if (s.endsWith("f") || s.endsWith("b") && !s.startsWith("0b")) {
                return resolve(s, start);
            }
            if (s.startsWith("0b")) {
                return s.length() == 2
                        ? resolve(s, start)
                        : Long.parseUnsignedLong(s.substring(2), 2);
            }
            if (s.length() > 1 && s.startsWith("0")) {
                return Long.parseUnsignedLong(s.substring(1), 8);
            }
            return Long.parseUnsignedLong(s);
        } catch (NumberFormatException e) {
            throw new Malformed(start, "malformed number " + s);
        }
    }

    private long symbol() throws Malformed {
        int start = at;
        while (at < text.length() && isSymbolPart(text.charAt(at))) {
            at++;
        }
        if (at == start) {
            throw new Malformed(start, "unexpected '" + text.charAt(at) + "'");
        }
        return resolve(text.substring(start, at), start);
    }

    private long resolve(String name, int start) throws Malformed {
        Long v = scope.value(name);
        if (v == null) {
            throw new Malformed(start, "undefined symbol " + name);
        }
        return v;
    }

    static boolean isSymbolPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '$';
    }

    private void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }
}
