package dev.nido.board;

/**
 * Something that keeps a board from being built or started: a bad image, an impossible
 * configuration, a guest that can't be had. The message is one line that says what, where and what
 * to do.
 */
public abstract class BoardException extends Exception {

    private static final long serialVersionUID = 1L;

    protected BoardException(String message) {
        super(message);
    }

    protected BoardException(String message, Throwable cause) {
        super(message, cause);
    }
}
