package dev.nido.board.device;

/** Where a serial device's output goes. Called by the PE's thread that wrote to the device. */
@FunctionalInterface
public interface ByteSink {

    /** Takes {@code length} bytes; must not keep the array. */
    void write(byte[] bytes, int at, int length);

    /** Drops everything. */
    static ByteSink nowhere() {
        return (bytes, at, length) -> {};
    }
}
