package dev.nido.board;

import dev.nido.kvm.KvmException;
import dev.nido.kvm.mmu.GuestRam;

/** {@link GuestMemory} of a virtual machine: its memory slots, and who owns which page. */
final class HostedMemory implements GuestMemory {

    private final GuestRam ram;

    HostedMemory(GuestRam ram) {
        this.ram = ram;
    }

    @Override
    public boolean contains(long pa, long length) {
        return ram.contains(pa, length);
    }

    @Override
    public void read(long pa, byte[] target, int at, int length) {
        try {
            ram.read(pa, target, at, length);
        } catch (KvmException e) {
            throw new Fault(pa, length);
        }
    }

    @Override
    public void write(long pa, byte[] source, int at, int length) {
        try {
            ram.write(pa, source, at, length);
        } catch (KvmException e) {
            throw new Fault(pa, length);
        }
    }

    @Override
    public int get16(long pa) {
        return (int) get(pa, 2);
    }

    @Override
    public int get32(long pa) {
        return (int) get(pa, 4);
    }

    @Override
    public long get64(long pa) {
        return get(pa, 8);
    }

    @Override
    public void put16(long pa, int value) {
        put(pa, 2, value);
    }

    @Override
    public void put32(long pa, int value) {
        put(pa, 4, value);
    }

    private long get(long pa, int size) {
        try {
            return ram.get(pa, size);
        } catch (KvmException e) {
            throw new Fault(pa, size);
        }
    }

    private void put(long pa, int size, long value) {
        try {
            ram.put(pa, size, value);
        } catch (KvmException e) {
            throw new Fault(pa, size);
        }
    }
}
