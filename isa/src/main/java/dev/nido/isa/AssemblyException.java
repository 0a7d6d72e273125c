package dev.nido.isa;

/** A source text that the assembler refuses; the message begins with the source's name and line. */
public final class AssemblyException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int line;

    AssemblyException(String source, int line, String message) {
        super(source + ":" + line + ": " + message);
        this.line = line;
    }

    /** Line of the source, from 1. */
    public int line() {
        return line;
    }
}
