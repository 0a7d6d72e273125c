package dev.nido.board;

/**
 * A board that can't exist as asked for: too little memory, too many CPUs, a disk that is missing.
 */
public final class ConfigurationException extends BoardException {

    private static final long serialVersionUID = 1L;

    public ConfigurationException(String message) {
        super(message);
    }
}
