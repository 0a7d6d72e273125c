package dev.nido.machine.mmu;

import dev.nido.arch.Esr;
import dev.nido.machine.Bus;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.pe.GuestException;

/** Accesses to physical addresses: RAM, a device, or nothing, which is an external abort. */
final class PhysicalAccess {

    private final PhysicalMemory memory;
    private final Bus bus;

    PhysicalAccess(PhysicalMemory memory, Bus bus) {
        this.memory = memory;
        this.bus = bus;
    }

    /** An abort that is not of translation: alignment, external, unsupported. */
    static GuestException abort(int exceptionClass, int status, long va, boolean write) {
        return new GuestException(
                exceptionClass,
                status | (write ? Esr.WNR : 0),
                GuestException.DEFAULT_TARGET,
                va,
                true,
                0,
                false,
                false);
    }

    /** Whether RAM or a device is there. */
    boolean answers(long pa, int size) {
        return memory.contains(pa, size) || bus.find(pa, size) != null;
    }

    /**
     * Reads 1, 2, 4 or 8 bytes, zero extended.
     *
     * @param va what FAR reports
     */
    long read(long pa, int size, long va) {
        if (memory.contains(pa, size)) {
            return fromRam(memory.offsetOf(pa), size);
        }
        Bus.Region r = bus.find(pa, size);
        if (r == null) {
            throw abort(Esr.EC_DATA_ABORT, Esr.FSC_EXTERNAL, va, false);
        }
        return r.device().read(pa - r.base(), size);
    }

    /** Writes the low 1, 2, 4 or 8 bytes of a value. */
    void write(long pa, int size, long value, long va) {
        if (memory.contains(pa, size)) {
            toRam(memory.offsetOf(pa), size, value);
            return;
        }
        Bus.Region r = bus.find(pa, size);
        if (r == null) {
            throw abort(Esr.EC_DATA_ABORT, Esr.FSC_EXTERNAL, va, true);
        }
        long low = size == 8 ? value : value & (1L << 8 * size) - 1;
        r.device().write(pa - r.base(), size, low);
    }

    long fromRam(long offset, int size) {
        return switch (size) {
            case 1 -> memory.get8(offset) & 0xffL;
            case 2 -> memory.get16(offset) & 0xffffL;
            case 4 -> memory.get32(offset) & 0xffff_ffffL;
            default -> memory.get64(offset);
        };
    }

    void toRam(long offset, int size, long value) {
        switch (size) {
            case 1 -> memory.put8(offset, (byte) value);
            case 2 -> memory.put16(offset, (short) value);
            case 4 -> memory.put32(offset, (int) value);
            default -> memory.put64(offset, value);
        }
    }
}
