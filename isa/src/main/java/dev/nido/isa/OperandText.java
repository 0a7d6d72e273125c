package dev.nido.isa;

import java.util.Locale;

/** A cursor over the operands of one statement. */
final class OperandText {
    private final String text;
    private final Expression.Scope scope;
    private int at;

    OperandText(String text, Expression.Scope scope) {
        this.text = text;
        this.scope = scope;
    }

    Expression.Scope scope() {
        return scope;
    }

    int position() {
        return at;
    }

    void reset(int position) {
        at = position;
    }

    private void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    boolean end() {
        blanks();
        return at == text.length();
    }

    boolean peek(char c) {
        blanks();
        return at < text.length() && text.charAt(at) == c;
    }

    boolean take(char c) {
        if (peek(c)) {
            at++;
            return true;
        }
        return false;
    }

    void expect(char c) throws Mismatch {
        if (!take(c)) {
            throw mismatch("'" + c + "' expected");
        }
    }

    /** A name or number in lower case: letters, digits and underscores; empty if there is none. */
    String name() {
        blanks();
        int start = at;
        while (at < text.length()
                && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
            at++;
        }
        return text.substring(start, at).toLowerCase(Locale.ROOT);
    }

    /** The next name if it is {@code word}; otherwise nothing is read. */
    boolean takeName(String word) {
        int start = at;
        if (name().equals(word)) {
            return true;
        }
        at = start;
        return false;
    }

    /** An immediate: an expression, with or without {@code #}. */
    long immediate() throws Mismatch {
        take('#');
        blanks();
        if (at == text.length() || text.charAt(at) == '[' || text.charAt(at) == '=') {
            throw mismatch("immediate expected");
        }
        Expression e = new Expression(text, at, scope);
        long value;
        try {
            value = e.evaluate();
        } catch (Expression.Malformed m) {
            throw new Mismatch(Math.max(at, m.position()), m.getMessage());
        }
        at = e.position();
        return value;
    }

    /** The rest of the operands, unread. */
    String rest() {
        blanks();
        return text.substring(at);
    }

    void skipRest() {
        at = text.length();
    }

    Mismatch mismatch(String message) {
        return new Mismatch(at, message);
    }
}
