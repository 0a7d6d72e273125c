package dev.nido.machine.engine;

import dev.nido.isa.A64;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import java.lang.invoke.VarHandle;

/**
 * Loads and stores that {@link Interpreter} does not write out: general-purpose and vector
 * registers in all addressing forms, ordered accesses, and structures. Exclusives and atomics are
 * in {@link AtomicSemantics}.
 */
final class LoadStoreSemantics {
    private LoadStoreSemantics() {}

    private static final int FIRST_ATOMIC = A64.LDADD.ordinal();
    private static final int LAST_ATOMIC = A64.LDUMINH.ordinal();

    /** Extends a register as the option field of extended-register forms says: UXTB 0 … SXTX 7. */
    static long extend(long value, int option) {
        return switch (option) {
            case 0 -> value & 0xff;
            case 1 -> value & 0xffff;
            case 2 -> value & 0xffffffffL;
            case 4 -> (byte) value;
            case 5 -> (short) value;
            case 6 -> (int) value;
            default -> value;
        };
    }

    static void execute(Pe pe, A64 row, int word) {
        int ordinal = row.ordinal();
        if (ordinal >= FIRST_ATOMIC && ordinal <= LAST_ATOMIC) {
            AtomicSemantics.execute(pe, row, word);
            return;
        }
        switch (row) {
            case CAS,
                    CASB,
                    CASH,
                    CASP,
                    SWP,
                    SWPB,
                    SWPH,
                    LDXR,
                    LDXRB,
                    LDXRH,
                    LDXP,
                    LDAXR,
                    LDAXRB,
                    LDAXRH,
                    LDAXP,
                    STXR,
                    STXRB,
                    STXRH,
                    STXP,
                    STLXR,
                    STLXRB,
                    STLXRH,
                    STLXP ->
                    AtomicSemantics.execute(pe, row, word);
            case LDAR, LDARB, LDARH, LDLAR, LDLARB, LDLARH, LDAPR, LDAPRB, LDAPRH ->
                    loadOrdered(pe, word, Access.base(pe, word >>> 5 & 31), false);
            case LDAPUR, LDAPURB, LDAPURH, LDAPURSB, LDAPURSH, LDAPURSW ->
                    loadOrdered(
                            pe, word, Access.base(pe, word >>> 5 & 31) + (word << 11 >> 23), true);
            case STLR, STLRB, STLRH, STLLR, STLLRB, STLLRH ->
                    storeOrdered(pe, word, Access.base(pe, word >>> 5 & 31));
            case STLUR, STLURB, STLURH ->
                    storeOrdered(pe, word, Access.base(pe, word >>> 5 & 31) + (word << 11 >> 23));
            case LDR_LIT, LDRSW_LIT, LDR_LIT_V -> literal(pe, row, word);
            case LDP_OFF,
                    LDP_PRE,
                    LDP_POST,
                    LDNP,
                    LDPSW_OFF,
                    LDPSW_PRE,
                    LDPSW_POST,
                    STP_OFF,
                    STP_PRE,
                    STP_POST,
                    STNP ->
                    pair(pe, word);
            case LDP_OFF_V,
                    LDP_PRE_V,
                    LDP_POST_V,
                    LDNP_V,
                    STP_OFF_V,
                    STP_PRE_V,
                    STP_POST_V,
                    STNP_V ->
                    pairVector(pe, word);
            default -> {
                if ((word & 0xbe000000) == 0x0c000000) {
                    StructureSemantics.execute(pe, row, word);
                } else if ((word & 0x3a000000) == 0x38000000) {
                    single(pe, word);
                } else {
                    throw GuestException.undefined();
                }
            }
        }
    }

    /** All forms that transfer one register with an immediate or register offset. */
    private static void single(Pe pe, int word) {
        int size = word >>> 30;
        int opc = word >>> 22 & 3;
        boolean vector = (word >>> 26 & 1) != 0;
        int rn = word >>> 5 & 31;
        int rt = word & 31;
        int log2 = vector ? (opc & 2) << 1 | size : size;
        long base = Access.base(pe, rn);
        long address = base;
        int flags = 0;
        boolean writeBack = false;
        long updated = base;
        if ((word >>> 24 & 1) != 0) {
            address += (long) (word >>> 10 & 0xfff) << log2;
        } else if ((word >>> 21 & 1) != 0) {
            int option = word >>> 13 & 7;
            long offset = extend(pe.x[word >>> 16 & 31], option);
            address += offset << ((word >>> 12 & 1) != 0 ? log2 : 0);
        } else {
            int imm9 = word << 11 >> 23;
            switch (word >>> 10 & 3) {
                case 0 -> address += imm9;
                case 1 -> {
                    writeBack = true;
                    updated = base + imm9;
                }
                case 2 -> {
                    address += imm9;
                    flags = Mmu.UNPRIVILEGED;
                }
                default -> {
                    writeBack = true;
                    updated = base + imm9;
                    address = updated;
                }
            }
        }
        if (vector) {
            if ((opc & 1) != 0) {
                loadVector(pe, address, log2, rt);
            } else {
                storeVector(pe, address, log2, rt);
            }
        } else if (opc == 0) {
            Access.store(pe, address, size, pe.x[rt], flags);
        } else {
            long value = Access.load(pe, address, size, flags);
            pe.x[rt == 31 ? Pe.SINK : rt] = sign(value, size, opc);
        }
        if (writeBack) {
            pe.x[rn == 31 ? Pe.SP : rn] = updated;
        }
    }

    /** Applies opc: 1 zero extends, 2 sign extends to 64 bits, 3 to 32 bits. */
    private static long sign(long value, int size, int opc) {
        if (opc < 2) {
            return value;
        }
        int shift = 64 - (8 << size);
        long extended = value << shift >> shift;
        return opc == 2 ? extended : extended & 0xffffffffL;
    }

    static void loadVector(Pe pe, long address, int log2, int rt) {
        if (log2 == 4) {
            pe.mmu.check(address, 16, 0);
            long low = Access.load(pe, address, 3, 0);
            pe.v[2 * rt + 1] = Access.load(pe, address + 8, 3, 0);
            pe.v[2 * rt] = low;
        } else {
            pe.v[2 * rt] = Access.load(pe, address, log2, 0);
            pe.v[2 * rt + 1] = 0;
        }
    }

    static void storeVector(Pe pe, long address, int log2, int rt) {
        if (log2 == 4) {
            Access.probeStore(pe, address, 16, 0);
            Access.store(pe, address, 3, pe.v[2 * rt], 0);
            Access.store(pe, address + 8, 3, pe.v[2 * rt + 1], 0);
        } else {
            Access.store(pe, address, log2, pe.v[2 * rt], 0);
        }
    }

    private static void loadOrdered(Pe pe, int word, long address, boolean immediate) {
        int size = word >>> 30;
        int rt = word & 31;
        long value = Access.load(pe, address, size, Mmu.ORDERED);
        VarHandle.acquireFence();
        if (immediate) {
            value = sign(value, size, word >>> 22 & 3);
        }
        pe.x[rt == 31 ? Pe.SINK : rt] = value;
    }

    private static void storeOrdered(Pe pe, int word, long address) {
        VarHandle.releaseFence();
        Access.store(pe, address, word >>> 30, pe.x[word & 31], Mmu.ORDERED);
        // A later LDAR must not overtake it.
        VarHandle.fullFence();
    }

    private static void literal(Pe pe, A64 row, int word) {
        long address = pe.pc + (long) (word << 8 >> 13) * 4;
        int rt = word & 31;
        int opc = word >>> 30;
        switch (row) {
            case LDR_LIT -> pe.x[rt == 31 ? Pe.SINK : rt] = Access.load(pe, address, 2 + opc, 0);
            case LDRSW_LIT -> pe.x[rt == 31 ? Pe.SINK : rt] = (int) Access.load(pe, address, 2, 0);
            default -> loadVector(pe, address, 2 + opc, rt);
        }
    }

    private static void pair(Pe pe, int word) {
        boolean load = (word >>> 22 & 1) != 0;
        boolean signed = (word >>> 30 & 1) != 0;
        int log2 = word < 0 ? 3 : 2;
        int rn = word >>> 5 & 31;
        int rt = word & 31;
        int rt2 = word >>> 10 & 31;
        long base = Access.base(pe, rn);
        long updated = base + ((long) (word << 10 >> 25) << log2);
        int mode = word >>> 23 & 3;
        long address = mode == 1 ? base : updated;
        if (load) {
            pe.mmu.check(address, 2 << log2, 0);
            long first = Access.load(pe, address, log2, 0);
            long second = Access.load(pe, address + (1 << log2), log2, 0);
            pe.x[rt == 31 ? Pe.SINK : rt] = signed ? (int) first : first;
            pe.x[rt2 == 31 ? Pe.SINK : rt2] = signed ? (int) second : second;
        } else {
            Access.probeStore(pe, address, 2 << log2, 0);
            Access.store(pe, address, log2, pe.x[rt], 0);
            Access.store(pe, address + (1 << log2), log2, pe.x[rt2], 0);
        }
        if ((mode & 1) != 0) {
            pe.x[rn == 31 ? Pe.SP : rn] = updated;
        }
    }

    private static void pairVector(Pe pe, int word) {
        int log2 = 2 + (word >>> 30);
        int rn = word >>> 5 & 31;
        int rt = word & 31;
        int rt2 = word >>> 10 & 31;
        long base = Access.base(pe, rn);
        long updated = base + ((long) (word << 10 >> 25) << log2);
        int mode = word >>> 23 & 3;
        long address = mode == 1 ? base : updated;
        if ((word >>> 22 & 1) != 0) {
            pe.mmu.check(address, 2 << log2, 0);
            loadVector(pe, address, log2, rt);
            loadVector(pe, address + (1 << log2), log2, rt2);
        } else {
            Access.probeStore(pe, address, 2 << log2, 0);
            storeVector(pe, address, log2, rt);
            storeVector(pe, address + (1 << log2), log2, rt2);
        }
        if ((mode & 1) != 0) {
            pe.x[rn == 31 ? Pe.SP : rn] = updated;
        }
    }
}
