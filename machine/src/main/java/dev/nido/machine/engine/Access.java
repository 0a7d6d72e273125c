package dev.nido.machine.engine;

import dev.nido.arch.SysReg;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.mmu.FastTlb;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

/** Single memory accesses of the instructions that are executed out of line. */
final class Access {
    private Access() {}

    private static final int EC_SP_ALIGNMENT = 0x26;

    /** Loads 1 &lt;&lt; log2 bytes, zero extended. */
    static long load(Pe pe, long va, int log2, int flags) {
        if (flags == 0) {
            FastTlb fast = pe.mmu.fast;
            int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
            if (fast.readTag[t] == (va + (1 << log2) - 1 & ~0xfffL)) {
                PhysicalMemory memory = pe.machine.memory();
                long offset = va + fast.addend[t];
                return switch (log2) {
                    case 0 -> memory.get8(offset) & 0xff;
                    case 1 -> memory.get16(offset) & 0xffff;
                    case 2 -> memory.get32(offset) & 0xffffffffL;
                    default -> memory.get64(offset);
                };
            }
        }
        return pe.mmu.load(va, log2, flags);
    }

    /** Stores the low 1 &lt;&lt; log2 bytes of a value. */
    static void store(Pe pe, long va, int log2, long value, int flags) {
        StreamRecorder recorder = pe.machine.recorder();
        FastTlb fast = pe.mmu.fast;
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (flags == 0 && fast.writeTag[t] == (va + (1 << log2) - 1 & ~0xfffL)) {
            PhysicalMemory memory = pe.machine.memory();
            long offset = va + fast.addend[t];
            switch (log2) {
                case 0 -> memory.put8(offset, (byte) value);
                case 1 -> memory.put16(offset, (short) value);
                case 2 -> memory.put32(offset, (int) value);
                default -> memory.put64(offset, value);
            }
        } else {
            pe.mmu.store(va, log2, value, flags);
        }
        if (recorder != null) {
            recorder.store(va, 1 << log2, log2 == 3 ? value : value & (1L << (8 << log2)) - 1);
        }
    }

    /**
     * Makes sure that storing {@code bytes} at {@code va} will not fault, so that an instruction of
     * several stores writes all or nothing.
     */
    static void probeStore(Pe pe, long va, int bytes, int flags) {
        pe.mmu.check(va, bytes, flags | Mmu.WRITE);
    }

    /** The base register of a load or store, 31 being SP with its alignment check. */
    static long base(Pe pe, int rn) {
        if (rn != 31) {
            return pe.x[rn];
        }
        long sp = pe.x[Pe.SP];
        if ((sp & 15) != 0) {
            checkSp(pe);
        }
        return sp;
    }

    /** Called when SP is misaligned: takes the exception if the check is on (Arm ARM D1.8.2). */
    static void checkSp(Pe pe) {
        SysReg sctlr = pe.el == 2 || pe.inHost() ? SysReg.SCTLR_EL2 : SysReg.SCTLR_EL1;
        int bit = pe.el == 0 ? 4 : 3;
        if ((pe.sys[sctlr.ordinal()] >>> bit & 1) != 0) {
            throw new GuestException(EC_SP_ALIGNMENT, 0, GuestException.DEFAULT_TARGET);
        }
    }
}
