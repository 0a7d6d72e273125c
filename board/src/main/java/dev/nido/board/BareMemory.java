package dev.nido.board;

import dev.nido.machine.PhysicalMemory;

import java.util.Objects;

/** {@link GuestMemory} of a guest that owns the machine: physical memory itself, bounds checked. */
public final class BareMemory implements GuestMemory {

    /** Is told of what devices wrote, so that no stale decoded instruction stays behind. */
    @FunctionalInterface
    public interface WriteObserver {
        void written(long pa, int length);
    }

    private final PhysicalMemory memory;
    private final WriteObserver observer;

    public BareMemory(PhysicalMemory memory, WriteObserver observer) {
        this.memory = Objects.requireNonNull(memory);
        this.observer = Objects.requireNonNull(observer);
    }

    @Override
    public boolean contains(long pa, long length) {
        return length >= 0 && memory.contains(pa, length);
    }

    private long offset(long pa, long length) {
        if (!contains(pa, length)) {
            throw new Fault(pa, length);
        }
        return memory.offsetOf(pa);
    }

    @Override
    public void read(long pa, byte[] target, int at, int length) {
        memory.read(offset(pa, length), target, at, length);
    }

    @Override
    public void write(long pa, byte[] source, int at, int length) {
        memory.write(offset(pa, length), source, at, length);
        observer.written(pa, length);
    }

    @Override
    public int get16(long pa) {
        return memory.get16(offset(pa, 2)) & 0xffff;
    }

    @Override
    public int get32(long pa) {
        return memory.get32(offset(pa, 4));
    }

    @Override
    public long get64(long pa) {
        return memory.get64(offset(pa, 8));
    }

    @Override
    public void put16(long pa, int value) {
        memory.put16(offset(pa, 2), (short) value);
    }

    @Override
    public void put32(long pa, int value) {
        memory.put32(offset(pa, 4), value);
    }
}
