package dev.nido.machine.engine;

import dev.nido.isa.A64;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.pe.Pe;

import java.lang.invoke.VarHandle;

/**
 * Exclusives, compare-and-swap and atomic read-modify-write (Arm ARM B2.12, C6).
 *
 * <p>A store-exclusive succeeds if the location still holds what the load-exclusive saw. Everything
 * is a compare-and-exchange on the host, with full ordering, so that it is atomic between PE
 * threads. For 128 bits, and for what is unaligned within 16 bytes (FEAT_LSE2), a lock by location
 * orders these instructions among themselves.
 */
final class AtomicSemantics {
    private AtomicSemantics() {}

    private static final Object[] LOCKS = new Object[64];

    static {
        for (int i = 0; i < LOCKS.length; i++) {
            LOCKS[i] = new Object();
        }
    }

    static void execute(Pe pe, A64 row, int word) {
        switch (row) {
            case LDXR, LDXRB, LDXRH, LDAXR, LDAXRB, LDAXRH -> loadExclusive(pe, word);
            case LDXP, LDAXP -> loadExclusivePair(pe, word);
            case STXR, STXRB, STXRH, STLXR, STLXRB, STLXRH -> storeExclusive(pe, word);
            case STXP, STLXP -> storeExclusivePair(pe, word);
            case CAS, CASB, CASH -> compareAndSwap(pe, word);
            case CASP -> compareAndSwapPair(pe, word);
            default -> readModifyWrite(pe, word);
        }
    }

    private static void set(Pe pe, int r, long value) {
        pe.x[r == 31 ? Pe.SINK : r] = value;
    }

    private static void loadExclusive(Pe pe, int word) {
        int size = word >>> 30;
        long va = Access.base(pe, word >>> 5 & 31);
        long offset = pe.mmu.atomicOffset(va, size, Mmu.EXCLUSIVE);
        long value = read(pe.machine.memory(), offset, size);
        VarHandle.acquireFence();
        arm(pe, offset, 1 << size, value, 0);
        set(pe, word & 31, value);
    }

    private static void loadExclusivePair(Pe pe, int word) {
        int size = (word >>> 30 & 1) + 2;
        long va = Access.base(pe, word >>> 5 & 31);
        long offset = pe.mmu.atomicOffset(va, size + 1, Mmu.EXCLUSIVE);
        PhysicalMemory memory = pe.machine.memory();
        long low;
        long high;
        if (size == 2) {
            long both = memory.get64(offset);
            low = both & 0xffffffffL;
            high = both >>> 32;
            arm(pe, offset, 8, both, 0);
        } else {
            synchronized (lock(offset)) {
                low = memory.get64(offset);
                high = memory.get64(offset + 8);
            }
            arm(pe, offset, 16, low, high);
        }
        VarHandle.acquireFence();
        set(pe, word & 31, low);
        set(pe, word >>> 10 & 31, high);
    }

    private static void arm(Pe pe, long offset, int bytes, long low, long high) {
        pe.monitorBytes = bytes;
        pe.monitorOffset = offset;
        pe.monitorLow = low;
        pe.monitorHigh = high;
    }

    private static void storeExclusive(Pe pe, int word) {
        int size = word >>> 30;
        long va = Access.base(pe, word >>> 5 & 31);
        long value = pe.x[word & 31] & mask(size);
        long offset = pe.mmu.atomicOffset(va, size, Mmu.EXCLUSIVE | Mmu.WRITE);
        boolean done =
                pe.monitorBytes == 1 << size
                        && pe.monitorOffset == offset
                        && exchange(pe.machine.memory(), offset, size, pe.monitorLow, value)
                                == pe.monitorLow;
        pe.monitorBytes = 0;
        if (done) {
            record(pe, va, 1 << size, value);
        }
        set(pe, word >>> 16 & 31, done ? 0 : 1);
    }

    private static void storeExclusivePair(Pe pe, int word) {
        int size = (word >>> 30 & 1) + 2;
        long va = Access.base(pe, word >>> 5 & 31);
        long low = pe.x[word & 31];
        long high = pe.x[word >>> 10 & 31];
        long offset = pe.mmu.atomicOffset(va, size + 1, Mmu.EXCLUSIVE | Mmu.WRITE);
        PhysicalMemory memory = pe.machine.memory();
        boolean done = pe.monitorBytes == 2 << size && pe.monitorOffset == offset;
        if (done && size == 2) {
            low = low & 0xffffffffL | high << 32;
            done = memory.compareExchange64(offset, pe.monitorLow, low) == pe.monitorLow;
            if (done) {
                record(pe, va, 8, low);
            }
        } else if (done) {
            done = exchangePair(memory, offset, pe.monitorLow, pe.monitorHigh, low, high);
            if (done) {
                record(pe, va, 8, low);
                record(pe, va + 8, 8, high);
            }
        }
        pe.monitorBytes = 0;
        set(pe, word >>> 16 & 31, done ? 0 : 1);
    }

    private static void compareAndSwap(Pe pe, int word) {
        int size = word >>> 30;
        int rs = word >>> 16 & 31;
        long va = Access.base(pe, word >>> 5 & 31);
        long offset = pe.mmu.atomicOffset(va, size, Mmu.ATOMIC | Mmu.WRITE);
        long expected = pe.x[rs] & mask(size);
        long value = pe.x[word & 31] & mask(size);
        long found = exchange(pe.machine.memory(), offset, size, expected, value);
        if (found == expected) {
            record(pe, va, 1 << size, value);
        }
        set(pe, rs, found);
    }

    private static void compareAndSwapPair(Pe pe, int word) {
        int size = (word >>> 30 & 1) + 2;
        int rs = word >>> 16 & 31;
        int rt = word & 31;
        long va = Access.base(pe, word >>> 5 & 31);
        long offset = pe.mmu.atomicOffset(va, size + 1, Mmu.ATOMIC | Mmu.WRITE);
        PhysicalMemory memory = pe.machine.memory();
        long expectedLow = pe.x[rs];
        long expectedHigh = pe.x[rs + 1 & 31];
        long low = pe.x[rt];
        long high = pe.x[rt + 1 & 31];
        if (size == 2) {
            long expected = expectedLow & 0xffffffffL | expectedHigh << 32;
            long value = low & 0xffffffffL | high << 32;
            long found = exchange(memory, offset, 3, expected, value);
            if (found == expected) {
                record(pe, va, 8, value);
            }
            set(pe, rs, found & 0xffffffffL);
            set(pe, rs + 1, found >>> 32);
            return;
        }
        long foundLow;
        long foundHigh;
        synchronized (lock(offset)) {
            while (true) {
                foundLow = memory.get64(offset);
                foundHigh = memory.get64(offset + 8);
                if (foundLow != expectedLow || foundHigh != expectedHigh) {
                    break;
                }
                if (exchangePair(memory, offset, expectedLow, expectedHigh, low, high)) {
                    record(pe, va, 8, low);
                    record(pe, va + 8, 8, high);
                    break;
                }
            }
        }
        VarHandle.fullFence();
        set(pe, rs, foundLow);
        set(pe, rs + 1, foundHigh);
    }

    private static void readModifyWrite(Pe pe, int word) {
        int size = word >>> 30;
        int rs = word >>> 16 & 31;
        int operation = word >>> 12 & 15;
        long va = Access.base(pe, word >>> 5 & 31);
        long offset = pe.mmu.atomicOffset(va, size, Mmu.ATOMIC | Mmu.WRITE);
        PhysicalMemory memory = pe.machine.memory();
        long operand = pe.x[rs] & mask(size);
        long old;
        long value;
        do {
            old = read(memory, offset, size);
            value = combine(operation, old, operand, size) & mask(size);
        } while (exchange(memory, offset, size, old, value) != old);
        record(pe, va, 1 << size, value);
        set(pe, word & 31, old);
    }

    /** o3:opc: ADD 0, CLR 1, EOR 2, SET 3, SMAX 4, SMIN 5, UMAX 6, UMIN 7, SWP 8. */
    private static long combine(int operation, long old, long operand, int size) {
        int shift = 64 - (8 << size);
        return switch (operation) {
            case 0 -> old + operand;
            case 1 -> old & ~operand;
            case 2 -> old ^ operand;
            case 3 -> old | operand;
            case 4 -> Math.max(old << shift, operand << shift) >> shift;
            case 5 -> Math.min(old << shift, operand << shift) >> shift;
            case 6 -> Long.compareUnsigned(old, operand) >= 0 ? old : operand;
            case 7 -> Long.compareUnsigned(old, operand) <= 0 ? old : operand;
            default -> operand;
        };
    }

    private static long mask(int size) {
        return -1L >>> 64 - (8 << size);
    }

    private static void record(Pe pe, long va, int bytes, long value) {
        StreamRecorder recorder = pe.machine.recorder();
        if (recorder != null) {
            recorder.store(va, bytes, value);
        }
    }

    private static Object lock(long offset) {
        return LOCKS[(int) (offset >>> 4) & LOCKS.length - 1];
    }

    private static long read(PhysicalMemory memory, long offset, int size) {
        return switch (size) {
            case 0 -> memory.get8(offset) & 0xff;
            case 1 -> memory.get16(offset) & 0xffff;
            case 2 -> memory.get32(offset) & 0xffffffffL;
            default -> memory.get64(offset);
        };
    }

    /** Compares and exchanges 1, 2, 4 or 8 bytes; returns what was found, zero extended. */
    private static long exchange(
            PhysicalMemory memory, long offset, int size, long expected, long value) {
        int bytes = 1 << size;
        if ((offset & 7) + bytes > 8) {
            synchronized (lock(offset)) {
                long found = read(memory, offset, size);
                if (found == expected) {
                    for (int i = 0; i < bytes; i++) {
                        memory.put8(offset + i, (byte) (value >>> 8 * i));
                    }
                }
                VarHandle.fullFence();
                return found;
            }
        }
        if (size == 3) {
            return memory.compareExchange64(offset, expected, value);
        }
        if (size == 2 && (offset & 3) == 0) {
            return memory.compareExchange32(offset, (int) expected, (int) value) & 0xffffffffL;
        }
        long aligned = offset & ~7L;
        int shift = (int) (offset & 7) * 8;
        long mask = mask(size) << shift;
        while (true) {
            long all = memory.get64(aligned);
            long found = (all & mask) >>> shift;
            if (found != expected) {
                VarHandle.fullFence();
                return found;
            }
            if (memory.compareExchange64(aligned, all, all & ~mask | value << shift) == all) {
                return found;
            }
        }
    }

    /** Exchanges two aligned doublewords if both hold what is expected. */
    private static boolean exchangePair(
            PhysicalMemory memory,
            long offset,
            long expectedLow,
            long expectedHigh,
            long low,
            long high) {
        synchronized (lock(offset)) {
            if (memory.get64(offset) != expectedLow
                    || memory.compareExchange64(offset + 8, expectedHigh, high) != expectedHigh) {
                return false;
            }
            if (memory.compareExchange64(offset, expectedLow, low) == expectedLow) {
                return true;
            }
            memory.compareExchange64(offset + 8, high, expectedHigh);
            return false;
        }
    }
}
