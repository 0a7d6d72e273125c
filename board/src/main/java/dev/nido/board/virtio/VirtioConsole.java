package dev.nido.board.virtio;

import dev.nido.board.device.ByteSink;
import dev.nido.board.device.SerialInput;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * The console device with one port (virtio 1.2, 5.3). Input waits without limit until the driver
 * offers buffers.
 */
public final class VirtioConsole implements VirtioDevice, SerialInput {

    private static final int RECEIVE = 0;
    private static final int TRANSMIT = 1;
    private static final int CHUNK = 4096;

    private final ByteSink out;
    private final byte[] chunk = new byte[CHUNK];
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private int waitingAt;
    private VirtioMmio transport;

    public VirtioConsole(ByteSink out) {
        this.out = out;
    }

    @Override
    public void attach(VirtioMmio carrier) {
        transport = carrier;
    }

    @Override
    public int type() {
        return 3;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int queues() {
        return 2;
    }

    @Override
    public long readConfig(int offset, int size) {
        return 0;
    }

    @Override
    public void receive(byte[] bytes, int at, int length) {
        if (length == 0) {
            return;
        }
        synchronized (transport) {
            waiting.add(Arrays.copyOfRange(bytes, at, at + length));
            transport.process(RECEIVE);
        }
    }

    @Override
    public void notified(int queue, VirtQueue ring) {
        if (queue == TRANSMIT) {
            transmit(ring);
        } else {
            deliver(ring);
        }
    }

    private void transmit(VirtQueue ring) {
        while (ring.next()) {
            while (ring.readable() > 0) {
                int count = (int) Math.min(ring.readable(), CHUNK);
                ring.read(chunk, 0, count);
                out.write(chunk, 0, count);
            }
            ring.complete();
        }
    }

    private void deliver(VirtQueue ring) {
        while (!waiting.isEmpty() && ring.next()) {
            while (ring.writable() > 0 && !waiting.isEmpty()) {
                byte[] first = waiting.element();
                int count = (int) Math.min(ring.writable(), first.length - waitingAt);
                ring.write(first, waitingAt, count);
                waitingAt += count;
                if (waitingAt == first.length) {
                    waiting.remove();
                    waitingAt = 0;
                }
            }
            ring.complete();
        }
    }
}
