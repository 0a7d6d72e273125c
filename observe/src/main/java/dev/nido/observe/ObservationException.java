package dev.nido.observe;

/** Something cannot be observed as asked; the message is one line for the user. */
public final class ObservationException extends Exception {
    private static final long serialVersionUID = 1L;

    ObservationException(String message) {
        super(message);
    }

    ObservationException(String message, Throwable cause) {
        super(message, cause);
    }
}
