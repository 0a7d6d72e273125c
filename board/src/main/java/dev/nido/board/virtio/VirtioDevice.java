package dev.nido.board.virtio;

/**
 * What is behind a virtio transport (Virtual I/O Device specification 1.2). Called with the
 * transport's lock held.
 */
public interface VirtioDevice {

    /** Device type: 1 network, 2 block, 3 console, 4 entropy. */
    int type();

    /** Device-specific feature bits that it offers (bits 0–23 and 50–63). */
    long features();

    /** How many queues it has. */
    int queues();

    /** Reads {@code size} bytes of its configuration space, zero beyond its end. */
    long readConfig(int offset, int size);

    /**
     * The driver put buffers into a queue. The device takes them out and completes them before it
     * returns.
     */
    void notified(int queue, VirtQueue ring);

    /** The driver reset the device. */
    default void reset() {}

    /** Tells the device who carries it, once. */
    default void attach(VirtioMmio transport) {}
}
