package dev.nido.board.virtio;

import dev.nido.board.GuestMemory;

import java.lang.invoke.VarHandle;

/**
 * A split virtqueue (virtio 1.2, 2.7) seen from the device: three rings in guest memory. {@link
 * #next} takes the next chain of buffers, {@link #read} and {@link #write} copy from its
 * driver-written part and to its device-written part, {@link #complete} gives it back.
 *
 * <p>Whatever the guest puts there, the device neither loops for ever nor leaves RAM: a bad ring
 * throws {@link BadRing} or {@link GuestMemory.Fault}.
 */
public final class VirtQueue {

    /** The driver broke a rule of the ring's format. */
    public static final class BadRing extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BadRing(String message) {
            super(message, null, false, false);
        }
    }

    /** The largest size that a driver may choose. */
    public static final int MAX_SIZE = 256;

    private static final int DESCRIPTOR = 16;
    private static final int F_NEXT = 1;
    private static final int F_WRITE = 2;
    private static final int F_INDIRECT = 4;
    private static final int AVAIL_F_NO_INTERRUPT = 1;

    private final GuestMemory memory;
    private int size;
    private long descriptors;
    private long available;
    private long used;
    private boolean ready;
    private int nextAvailable;
    private int nextUsed;

    private final long[] address = new long[MAX_SIZE];
    private final int[] length = new int[MAX_SIZE];
    private int buffers;
    private int readable;
    private int head;
    private long readableBytes;
    private long writableBytes;
    private long readAt;
    private long writtenBytes;
    private boolean interruptWanted;

    VirtQueue(GuestMemory memory) {
        this.memory = memory;
    }

    void configure(int newSize, long descriptorTable, long availableRing, long usedRing) {
        size = newSize;
        descriptors = descriptorTable;
        available = availableRing;
        used = usedRing;
        nextAvailable = 0;
        nextUsed = 0;
        ready = true;
    }

    void reset() {
        ready = false;
        interruptWanted = false;
    }

    boolean ready() {
        return ready;
    }

    /** Whether buffers were completed whose driver asked for an interrupt; asking clears it. */
    boolean takeInterruptWanted() {
        boolean wanted = interruptWanted;
        interruptWanted = false;
        return wanted;
    }

    /** Takes the next chain of buffers; false if there is none. */
    public boolean next() {
        if (!ready) {
            return false;
        }
        VarHandle.fullFence();
        int index = memory.get16(available + 2);
        if (index == (nextAvailable & 0xffff)) {
            return false;
        }
        if ((index - nextAvailable & 0xffff) > size) {
            throw new BadRing("available index runs ahead by more than the queue's size");
        }
        VarHandle.acquireFence();
        head = memory.get16(available + 4 + 2L * (nextAvailable & size - 1));
        nextAvailable++;
        collect();
        return true;
    }

    private void collect() {
        buffers = 0;
        readable = 0;
        readableBytes = 0;
        writableBytes = 0;
        readAt = 0;
        writtenBytes = 0;
        if (head >= size) {
            throw new BadRing("descriptor index beyond the table");
        }
        long first = descriptors + (long) DESCRIPTOR * head;
        int flags = memory.get16(first + 12);
        if ((flags & F_INDIRECT) != 0) {
            int bytes = memory.get32(first + 8);
            if ((flags & F_NEXT) != 0
                    || bytes <= 0
                    || bytes % DESCRIPTOR != 0
                    || bytes / DESCRIPTOR > 0x8000) {
                throw new BadRing("bad indirect descriptor");
            }
            walk(memory.get64(first), bytes / DESCRIPTOR, 0);
        } else {
            walk(descriptors, size, head);
        }
    }

    private void walk(long table, int entries, int start) {
        int at = start;
        for (int steps = 0; ; steps++) {
            if (at >= entries || steps >= entries || buffers == MAX_SIZE) {
                throw new BadRing("descriptor chain has no end");
            }
            long descriptor = table + (long) DESCRIPTOR * at;
            int flags = memory.get16(descriptor + 12);
            if ((flags & F_INDIRECT) != 0) {
                throw new BadRing("indirect descriptor inside a chain");
            }
            add(memory.get64(descriptor), memory.get32(descriptor + 8), (flags & F_WRITE) != 0);
            if ((flags & F_NEXT) == 0) {
                return;
            }
            at = memory.get16(descriptor + 14);
        }
    }

    private void add(long pa, int bytes, boolean write) {
        long unsigned = bytes & 0xffff_ffffL;
        if (unsigned > 0 && !memory.contains(pa, unsigned)) {
            throw new GuestMemory.Fault(pa, unsigned);
        }
        if (unsigned > Integer.MAX_VALUE) {
            throw new BadRing("buffer of 2 GiB or more");
        }
        if (write) {
            writableBytes += unsigned;
        } else {
            if (readable != buffers) {
                throw new BadRing("readable descriptor after a writable one");
            }
            readable++;
            readableBytes += unsigned;
        }
        address[buffers] = pa;
        length[buffers] = bytes;
        buffers++;
    }

    /** Bytes of the chain's driver-written part that are not read yet. */
    public long readable() {
        return readableBytes - readAt;
    }

    /** Bytes of the chain's device-written part that are not written yet. */
    public long writable() {
        return writableBytes - writtenBytes;
    }

    /** Copies the next {@code count} bytes from the driver; there must be so many. */
    public void read(byte[] target, int at, int count) {
        copy(0, readable, readAt, target, at, count, false);
        readAt += count;
    }

    /** Copies {@code count} bytes to the driver; there must be room. */
    public void write(byte[] source, int at, int count) {
        copy(readable, buffers, writtenBytes, source, at, count, true);
        writtenBytes += count;
    }

    /**
     * Copies bytes to the driver, {@code position} bytes from the start of the device-written part.
     */
    public void writeAt(long position, byte[] source, int at, int count) {
        copy(readable, buffers, position, source, at, count, true);
        writtenBytes = Math.max(writtenBytes, position + count);
    }

    private void copy(
            int from, int to, long position, byte[] bytes, int at, int count, boolean write) {
        long skip = position;
        int done = 0;
        for (int i = from; i < to && done < count; i++) {
            if (skip >= length[i]) {
                skip -= length[i];
                continue;
            }
            int part = (int) Math.min(length[i] - skip, count - done);
            if (write) {
                memory.write(address[i] + skip, bytes, at + done, part);
            } else {
                memory.read(address[i] + skip, bytes, at + done, part);
            }
            done += part;
            skip = 0;
        }
        if (done < count) {
            throw new BadRing("buffer is too short for this request");
        }
    }

    /** Gives the chain back with the number of bytes written to it. */
    public void complete() {
        complete(writtenBytes);
    }

    /** Gives the chain back, {@code bytes} written from the start of its device-written part. */
    public void complete(long bytes) {
        long element = used + 4 + 8L * (nextUsed & size - 1);
        memory.put32(element, head);
        memory.put32(element + 4, (int) bytes);
        VarHandle.releaseFence();
        nextUsed++;
        memory.put16(used + 2, nextUsed);
        VarHandle.fullFence();
        if ((memory.get16(available) & AVAIL_F_NO_INTERRUPT) == 0) {
            interruptWanted = true;
        }
    }
}
