package dev.nido.cli;

/** Finds Ctrl-A commands in what the user types; everything else is for the guest. */
final class EscapeKeys {
    /** What a key means. */
    enum Action {
        /** The key goes to the guest. */
        SEND,
        /** The first half of a command: nothing yet. */
        WAIT,
        QUIT,
        MONITOR,
        HELP
    }

    static final int ESCAPE = 1;

    private boolean pending;

    /**
     * Takes one key.
     *
     * @param key a byte, 0 to 255; Ctrl-A twice sends one Ctrl-A
     */
    Action key(int key) {
        if (!pending) {
            pending = key == ESCAPE;
            return pending ? Action.WAIT : Action.SEND;
        }
        pending = false;
        return switch (key) {
            case 'x', 'X' -> Action.QUIT;
            case 'c', 'C' -> Action.MONITOR;
            case 'h', 'H', '?' -> Action.HELP;
            case ESCAPE -> Action.SEND;
            default -> Action.WAIT;
        };
    }
}
