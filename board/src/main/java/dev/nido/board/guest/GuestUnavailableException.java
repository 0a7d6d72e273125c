package dev.nido.board.guest;

import dev.nido.board.BoardException;

/**
 * A guest of the catalogue that can't be had now: no network, no package tool, or no such guest.
 */
public final class GuestUnavailableException extends BoardException {

    private static final long serialVersionUID = 1L;

    public GuestUnavailableException(String message) {
        super(message);
    }

    public GuestUnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
