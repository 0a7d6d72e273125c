package dev.nido.cli;

/**
 * Something that Nido refuses before the first guest instruction; the message is one line for the
 * user.
 */
public final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * @param message what is refused, where, and what to do instead
     */
    public Refusal(String message) {
        super(message, null, false, false);
    }

    /** An option that the command line has and this version cannot serve yet. */
    static Refusal later(String option) {
        return new Refusal(option + ": not in this version, exists later");
    }
}
