package dev.nido.board.virtio;

import dev.nido.board.GuestMemory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The driver's side of one queue of a transport, in a small guest memory, built by hand. */
final class DriverRing {

    static final int RAM = 0x4000_0000;
    static final int SIZE = 8;

    private static final int DESCRIPTORS = 0x1000;
    private static final int AVAILABLE = 0x2000;
    private static final int USED = 0x3000;
    private static final int STRIDE = 0x4000;

    /** 1 MiB of memory at {@link #RAM}. */
    static final class Memory implements GuestMemory {
        final ByteBuffer bytes = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);

        @Override
        public boolean contains(long pa, long length) {
            long offset = pa - RAM;
            return offset >= 0 && length >= 0 && offset <= bytes.capacity() - length;
        }

        private int offset(long pa, int length) {
            if (!contains(pa, length)) {
                throw new Fault(pa, length);
            }
            return (int) (pa - RAM);
        }

        @Override
        public void read(long pa, byte[] target, int at, int length) {
            bytes.get(offset(pa, length), target, at, length);
        }

        @Override
        public void write(long pa, byte[] source, int at, int length) {
            bytes.put(offset(pa, length), source, at, length);
        }

        @Override
        public int get16(long pa) {
            return bytes.getShort(offset(pa, 2)) & 0xffff;
        }

        @Override
        public int get32(long pa) {
            return bytes.getInt(offset(pa, 4));
        }

        @Override
        public long get64(long pa) {
            return bytes.getLong(offset(pa, 8));
        }

        @Override
        public void put16(long pa, int value) {
            bytes.putShort(offset(pa, 2), (short) value);
        }

        @Override
        public void put32(long pa, int value) {
            bytes.putInt(offset(pa, 4), value);
        }
    }

    private final Memory memory;
    private final VirtioMmio transport;
    private final int queue;
    private final int base;
    private int nextDescriptor;
    private int produced;

    DriverRing(Memory memory, VirtioMmio transport, int queue) {
        this.memory = memory;
        this.transport = transport;
        this.queue = queue;
        this.base = RAM + queue * STRIDE;
    }

    /** Negotiates everything that is offered, up to FEATURES_OK. */
    static void negotiate(VirtioMmio transport) {
        transport.write(0x70, 4, 0);
        transport.write(0x70, 4, 3);
        for (int half = 0; half < 2; half++) {
            transport.write(0x14, 4, half);
            transport.write(0x24, 4, half);
            transport.write(0x20, 4, transport.read(0x10, 4));
        }
        transport.write(0x70, 4, 11);
    }

    static void driverOk(VirtioMmio transport) {
        transport.write(0x70, 4, 15);
    }

    DriverRing setUp() {
        transport.write(0x30, 4, queue);
        transport.write(0x38, 4, SIZE);
        transport.write(0x80, 4, base + DESCRIPTORS);
        transport.write(0x90, 4, base + AVAILABLE);
        transport.write(0xa0, 4, base + USED);
        transport.write(0x44, 4, 1);
        return this;
    }

    /** Fills a descriptor as it is said, whatever that means; returns its index. */
    int descriptor(long pa, int length, int flags, int next) {
        int index = nextDescriptor++ % SIZE;
        putDescriptor(base + DESCRIPTORS + 16L * index, pa, length, flags, next);
        return index;
    }

    void putDescriptor(long at, long pa, int length, int flags, int next) {
        int offset = (int) (at - RAM);
        memory.bytes.putLong(offset, pa).putInt(offset + 8, length);
        memory.bytes.putShort(offset + 12, (short) flags).putShort(offset + 14, (short) next);
    }

    /** A chain of buffers, {@code {pa, length, 1 if the device writes it}} each. */
    void offer(long[]... buffers) {
        int first = nextDescriptor % SIZE;
        for (int i = 0; i < buffers.length; i++) {
            boolean last = i == buffers.length - 1;
            int flags = (buffers[i][2] == 1 ? 2 : 0) | (last ? 0 : 1);
            descriptor(buffers[i][0], (int) buffers[i][1], flags, (nextDescriptor + 1) % SIZE);
        }
        offerHead(first);
    }

    void offerHead(int head) {
        memory.put16(base + AVAILABLE + 4 + 2L * (produced % SIZE), head);
        produced++;
        memory.put16(base + AVAILABLE + 2, produced);
    }

    void noInterrupts() {
        memory.put16(base + AVAILABLE, 1);
    }

    void setAvailableIndex(int index) {
        memory.put16(base + AVAILABLE + 2, index);
    }

    void kick() {
        transport.write(0x50, 4, queue);
    }

    int used() {
        return memory.get16(base + USED + 2);
    }

    int usedLength(int entry) {
        return memory.get32(base + USED + 4 + 8L * entry + 4);
    }
}
