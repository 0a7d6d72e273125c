package dev.nido.board.compare;

import dev.nido.board.BoardConfig;

import java.util.Objects;

/**
 * One of the two machines.
 *
 * @param name what reports call it
 * @param config the board; deterministic
 * @param disturbance what is done to it on purpose, or null
 */
public record Side(String name, BoardConfig config, Disturbance disturbance) {

    public Side {
        Objects.requireNonNull(name);
        if (!config.deterministic()) {
            throw new IllegalArgumentException("only deterministic machines can be compared");
        }
    }

    /** A side that nobody disturbs. */
    public Side(String name, BoardConfig config) {
        this(name, config, null);
    }
}
