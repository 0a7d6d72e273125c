package dev.nido.board.virtio;

import java.util.random.RandomGenerator;

/** The entropy device (virtio 1.2, 5.4): fills every buffer. */
public final class VirtioRng implements VirtioDevice {

    private static final int CHUNK = 4096;

    private final RandomGenerator random;
    private final byte[] chunk = new byte[CHUNK];

    /**
     * @param random where the bytes come from; seeded in deterministic mode, drawn from by guest
     *     requests only
     */
    public VirtioRng(RandomGenerator random) {
        this.random = random;
    }

    @Override
    public int type() {
        return 4;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public long readConfig(int offset, int size) {
        return 0;
    }

    @Override
    public void notified(int queue, VirtQueue ring) {
        while (ring.next()) {
            // The driver may be given less than it asked for.
            int count = (int) Math.min(ring.writable(), CHUNK);
            for (int i = 0; i < count; i++) {
                chunk[i] = (byte) random.nextInt();
            }
            ring.write(chunk, 0, count);
            ring.complete();
        }
    }
}
