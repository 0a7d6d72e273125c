package dev.nido.board.device;

/** The receiving side of a serial device. */
public interface SerialInput {

    /**
     * Takes bytes from the host; they wait without limit until the guest reads them. May be called
     * by any thread.
     */
    void receive(byte[] bytes, int at, int length);
}
