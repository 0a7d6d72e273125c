package dev.nido.isa;

/**
 * The text of an operand does not fit the form that is being tried. Without a stack trace: trying
 * the forms of a mnemonic in turn is the normal course of assembling.
 */
final class Mismatch extends Exception {
    private static final long serialVersionUID = 1;

    /**
     * How far into the operands the form fitted; the farthest mismatch is the one worth telling.
     */
    final int position;

    Mismatch(int position, String message) {
        super(message, null, false, false);
        this.position = position;
    }
}
