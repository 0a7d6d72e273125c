package dev.nido.board.device;

/** One level-sensitive interrupt output of a device. */
@FunctionalInterface
public interface InterruptLine {

    /** Sets the level; setting the same level again changes nothing. */
    void set(boolean level);
}
