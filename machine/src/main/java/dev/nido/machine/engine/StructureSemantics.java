package dev.nido.machine.engine;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

/** LD1–LD4, ST1–ST4 and their single-structure and replicating forms (Arm ARM C4.1.94). */
final class StructureSemantics {
    private StructureSemantics() {}

    static void execute(Pe pe, A64 row, int word) {
        boolean single = (word >>> 24 & 1) != 0;
        boolean post = (word >>> 23 & 1) != 0;
        int rn = word >>> 5 & 31;
        long base = Access.base(pe, rn);
        int bytes = single ? single(pe, word, base) : multiple(pe, word, base);
        if (post) {
            int rm = word >>> 16 & 31;
            pe.x[rn == 31 ? Pe.SP : rn] = base + (rm == 31 ? bytes : pe.x[rm]);
        }
    }

    private static int multiple(Pe pe, int word, long base) {
        boolean load = (word >>> 22 & 1) != 0;
        int width = (word >>> 30 & 1) != 0 ? 16 : 8;
        int log2 = word >>> 10 & 3;
        int opcode = word >>> 12 & 15;
        int registers;
        int elements;
        switch (opcode) {
            case 0 -> {
                registers = 1;
                elements = 4;
            }
            case 2 -> {
                registers = 4;
                elements = 1;
            }
            case 4 -> {
                registers = 1;
                elements = 3;
            }
            case 6 -> {
                registers = 3;
                elements = 1;
            }
            case 7 -> {
                registers = 1;
                elements = 1;
            }
            case 8 -> {
                registers = 1;
                elements = 2;
            }
            default -> {
                registers = 2;
                elements = 1;
            }
        }
        int total = width * registers * elements;
        prepare(pe, base, total, load);
        long address = base;
        int lanes = width >>> log2;
        int rt = word & 31;
        if (load) {
            for (int r = 0; r < registers * elements; r++) {
                int v = rt + r & 31;
                pe.v[2 * v] = 0;
                pe.v[2 * v + 1] = 0;
            }
        }
        for (int r = 0; r < registers; r++) {
            for (int lane = 0; lane < lanes; lane++) {
                for (int s = 0; s < elements; s++) {
                    transfer(pe, rt + r + s & 31, lane, log2, address, load);
                    address += 1 << log2;
                }
            }
        }
        return total;
    }

    private static int single(Pe pe, int word, long base) {
        boolean load = (word >>> 22 & 1) != 0;
        int scale = word >>> 14 & 3;
        int elements = ((word >>> 13 & 1) << 1 | word >>> 21 & 1) + 1;
        int size = word >>> 10 & 3;
        int q = word >>> 30 & 1;
        int s = word >>> 12 & 1;
        int rt = word & 31;
        if (scale == 3) {
            prepare(pe, base, elements << size, true);
            for (int e = 0; e < elements; e++) {
                long value = Access.load(pe, base + ((long) e << size), size, 0);
                for (int bits = 8 << size; bits < 64; bits *= 2) {
                    value |= value << bits;
                }
                int v = rt + e & 31;
                pe.v[2 * v] = value;
                pe.v[2 * v + 1] = q != 0 ? value : 0;
            }
            return elements << size;
        }
        int log2 = scale;
        int lane;
        switch (scale) {
            case 0 -> lane = q << 3 | s << 2 | size;
            case 1 -> lane = q << 2 | s << 1 | size >>> 1;
            default -> {
                if ((size & 1) == 0) {
                    lane = q << 1 | s;
                } else {
                    lane = q;
                    log2 = 3;
                }
            }
        }
        prepare(pe, base, elements << log2, load);
        for (int e = 0; e < elements; e++) {
            transfer(pe, rt + e & 31, lane, log2, base + ((long) e << log2), load);
        }
        return elements << log2;
    }

    /** Takes any fault before the first register or byte changes. */
    private static void prepare(Pe pe, long base, int bytes, boolean load) {
        if (load) {
            pe.mmu.check(base, bytes, 0);
        } else {
            Access.probeStore(pe, base, bytes, 0);
        }
    }

    private static void transfer(Pe pe, int v, int lane, int log2, long address, boolean load) {
        int bit = lane << 3 + log2;
        int half = 2 * v + (bit >>> 6);
        int shift = bit & 63;
        if (load) {
            long value = Access.load(pe, address, log2, 0);
            if (log2 == 3) {
                pe.v[half] = value;
            } else {
                long mask = (1L << (8 << log2)) - 1 << shift;
                pe.v[half] = pe.v[half] & ~mask | value << shift;
            }
        } else {
            Access.store(pe, address, log2, pe.v[half] >>> shift, 0);
        }
    }
}
