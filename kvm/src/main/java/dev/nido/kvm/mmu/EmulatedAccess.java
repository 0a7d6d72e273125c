package dev.nido.kvm.mmu;

import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.isa.A64;
import dev.nido.kvm.Vcpu;

/**
 * What one load or store instruction does: its <em>elements</em>, each one access of 1, 2, 4 or 8
 * bytes in the order in which a PE makes them, and the registers that it writes. It is read from a
 * valid syndrome, or from the row of the instruction (Arm ARM C4.1.94), and behaves as the
 * machine's engine does.
 *
 * <p>KVM: {@code kvm_vcpu_dabt_*()}; KVM gives up on what has no valid syndrome.
 */
final class EmulatedAccess {

    /** ST4 of 16 bytes each. */
    private static final int MAX = 64;

    /** What {@link #decode} found. */
    enum Kind {
        /** Not an access to memory. */
        NONE,
        /** One general-purpose register. */
        SINGLE,
        /** Two general-purpose registers. */
        PAIR,
        /** One vector register, or two. */
        VECTOR,
        /** LD1 to LD4, ST1 to ST4. */
        STRUCTURE,
        /** DC ZVA. */
        ZERO,
        /** Exclusive, compare-and-swap, read-modify-write: not for devices. */
        ATOMIC
    }

    private static final int DC_ZVA = 0xd50b7420;

    /** Bytes that DC ZVA writes. */
    static final int ZERO_BLOCK = 64;

    Kind kind;
    boolean write;

    /** {@link Kind#ATOMIC}: a fault of it counts as a write. */
    boolean faultsAsWrite;

    /** LDTR, STTR: the access has EL0's rights. */
    boolean unprivileged;

    /** {@link Kind#ZERO}: the address in the instruction's register, which faults report. */
    long zeroVa;

    int count;
    final long[] va = new long[MAX];
    final long[] value = new long[MAX];

    /** Logarithm of the bytes of each element; of an atomic, of the whole access. */
    int log2;

    private int rt;
    private int rt2;

    /** 0 and 1 zero extend, 2 extends the sign to 64 bits, 3 to 32. */
    private int extend;

    private int writeBackTo;
    private long writeBack;

    // Structures

    private int registers;
    private int elements;
    private int lanes;
    private int lane;
    private boolean replicate;
    private boolean wide;

    /** Takes the access from the syndrome of a data abort with ISV = 1. */
    void fromSyndrome(Vcpu vcpu, long esr, long far) {
        reset();
        kind = Kind.SINGLE;
        write = (esr >>> 6 & 1) != 0;
        log2 = (int) (esr >>> 22) & 3;
        rt = (int) (esr >>> 16) & 31;
        boolean sign = (esr >>> 21 & 1) != 0;
        boolean sixtyFour = (esr >>> 15 & 1) != 0;
        extend = !sign ? 1 : sixtyFour ? 2 : 3;
        one(far);
        if (write) {
            value[0] = low(vcpu.reg(rt), log2);
        }
    }

    private void reset() {
        count = 0;
        writeBackTo = -1;
        unprivileged = false;
        faultsAsWrite = false;
        write = false;
        kind = Kind.NONE;
    }

    private void one(long address) {
        va[count++] = address;
    }

    private static long low(long v, int log2) {
        return log2 == 3 ? v : v & (1L << (8 << log2)) - 1;
    }

    /** Whether a fault of an instruction is reported as a write. */
    static boolean isStore(int word) {
        EmulatedAccess a = new EmulatedAccess();
        a.classify(word);
        return a.kind == Kind.ATOMIC ? a.faultsAsWrite : a.write;
    }

    /**
     * Whether an instruction needs both rights: its abort counts as a read where it has neither.
     */
    static boolean isReadModifyWrite(int word) {
        A64 row = A64.decode(word);
        if (row == null) {
            return false;
        }
        return switch (row) {
            case CAS, CASB, CASH, CASP, SWP, SWPB, SWPH -> true;
            default ->
                    row.ordinal() >= A64.LDADD.ordinal() && row.ordinal() <= A64.LDUMINH.ordinal();
        };
    }

    /** Sets kind and direction from an instruction word alone. */
    private A64 classify(int word) {
        reset();
        A64 row = A64.decode(word);
        if ((word & ~31) == DC_ZVA) {
            kind = Kind.ZERO;
            write = true;
            return row;
        }
        if (row == null) {
            return null;
        }
        switch (row) {
            case CAS, CASB, CASH, CASP, SWP, SWPB, SWPH -> kind = Kind.ATOMIC;
            case LDXR, LDXRB, LDXRH, LDXP, LDAXR, LDAXRB, LDAXRH, LDAXP -> kind = Kind.ATOMIC;
            case STXR, STXRB, STXRH, STXP, STLXR, STLXRB, STLXRH, STLXP -> {
                kind = Kind.ATOMIC;
                faultsAsWrite = true;
            }
            case LDAR,
                    LDARB,
                    LDARH,
                    LDLAR,
                    LDLARB,
                    LDLARH,
                    LDAPR,
                    LDAPRB,
                    LDAPRH,
                    LDAPUR,
                    LDAPURB,
                    LDAPURH,
                    LDAPURSB,
                    LDAPURSH,
                    LDAPURSW,
                    LDR_LIT,
                    LDRSW_LIT ->
                    kind = Kind.SINGLE;
            case STLR, STLRB, STLRH, STLLR, STLLRB, STLLRH, STLUR, STLURB, STLURH -> {
                kind = Kind.SINGLE;
                write = true;
            }
            case LDR_LIT_V -> kind = Kind.VECTOR;
            default -> classifyRest(row, word);
        }
        return row;
    }

    private void classifyRest(A64 row, int word) {
        boolean vector = (word >>> 26 & 1) != 0;
        if (row.ordinal() >= A64.LDADD.ordinal() && row.ordinal() <= A64.LDUMINH.ordinal()) {
            kind = Kind.ATOMIC;
        } else if ((word & 0xbe000000) == 0x0c000000) {
            kind = Kind.STRUCTURE;
            write = (word >>> 22 & 1) == 0;
        } else if ((word & 0x3a000000) == 0x28000000) {
            kind = vector ? Kind.VECTOR : Kind.PAIR;
            write = (word >>> 22 & 1) == 0;
        } else if ((word & 0x3a000000) == 0x38000000) {
            kind = vector ? Kind.VECTOR : Kind.SINGLE;
            write = vector ? (word >>> 22 & 1) == 0 : (word >>> 22 & 3) == 0;
        }
    }

    /**
     * Reads an instruction.
     *
     * @return whether it accesses memory in a way that is known
     */
    boolean decode(Vcpu vcpu, int word) {
        A64 row = classify(word);
        switch (kind) {
            case NONE -> {
                return false;
            }
            case ZERO -> {
                log2 = 3;
                zeroVa = vcpu.reg(word & 31);
                long base = zeroVa & -ZERO_BLOCK;
                for (int i = 0; i < ZERO_BLOCK; i += 8) {
                    value[count] = 0;
                    one(base + i);
                }
            }
            case ATOMIC -> atomic(vcpu, row, word);
            case STRUCTURE -> structure(vcpu, word);
            case PAIR -> pair(vcpu, word);
            default -> {
                if (row == A64.LDR_LIT || row == A64.LDRSW_LIT || row == A64.LDR_LIT_V) {
                    literal(vcpu, row, word);
                } else if ((word & 0x3a000000) == 0x28000000) {
                    vectorPair(vcpu, word);
                } else if ((word & 0x3a000000) == 0x38000000 && !isLdapr(row)) {
                    single(vcpu, word);
                } else {
                    ordered(vcpu, row, word);
                }
            }
        }
        return true;
    }

    private static boolean isLdapr(A64 row) {
        return row == A64.LDAPR || row == A64.LDAPRB || row == A64.LDAPRH;
    }

    private static long base(Vcpu vcpu, int rn) {
        if (rn != 31) {
            return vcpu.reg(rn);
        }
        return vcpu.readSys(stackPointer(vcpu));
    }

    private static SysReg stackPointer(Vcpu vcpu) {
        long pstate = vcpu.pstate();
        if ((pstate & Spsr.SP) == 0) {
            return SysReg.SP_EL0;
        }
        return switch (Spsr.el(pstate)) {
            case 0 -> SysReg.SP_EL0;
            case 1 -> SysReg.SP_EL1;
            default -> SysReg.SP_EL2;
        };
    }

    private static long extendRegister(long v, int option) {
        return switch (option) {
            case 0 -> v & 0xff;
            case 1 -> v & 0xffff;
            case 2 -> v & 0xffffffffL;
            case 4 -> (byte) v;
            case 5 -> (short) v;
            case 6 -> (int) v;
            default -> v;
        };
    }

    private void single(Vcpu vcpu, int word) {
        int size = word >>> 30;
        int opc = word >>> 22 & 3;
        boolean vector = kind == Kind.VECTOR;
        int rn = word >>> 5 & 31;
        rt = word & 31;
        int bytes = vector ? (opc & 2) << 1 | size : size;
        long base = base(vcpu, rn);
        long address = base;
        if ((word >>> 24 & 1) != 0) {
            address += (long) (word >>> 10 & 0xfff) << bytes;
        } else if ((word >>> 21 & 1) != 0) {
            long offset = extendRegister(vcpu.reg(word >>> 16 & 31), word >>> 13 & 7);
            address += offset << ((word >>> 12 & 1) != 0 ? bytes : 0);
        } else {
            long updated = base + (word << 11 >> 23);
            int mode = word >>> 10 & 3;
            unprivileged = mode == 2;
            if (mode != 1) {
                address = updated;
            }
            if ((mode & 1) != 0) {
                writeBackTo = rn;
                writeBack = updated;
            }
        }
        extend = opc;
        if (vector) {
            vectorElements(vcpu, rt, bytes, address);
        } else {
            log2 = size;
            one(address);
            if (write) {
                value[0] = low(vcpu.reg(rt), log2);
            }
        }
    }

    /** One register: an element, or two for 16 bytes. */
    private void vectorElements(Vcpu vcpu, int v, int bytes, long address) {
        wide = bytes == 4;
        log2 = Math.min(bytes, 3);
        registers = 1;
        for (int half = 0; half < (wide ? 2 : 1); half++) {
            if (write) {
                value[count] = low(vcpu.vector(v, half != 0), log2);
            }
            one(address + 8 * half);
        }
    }

    private void literal(Vcpu vcpu, A64 row, int word) {
        long address = vcpu.pc() + (long) (word << 8 >> 13) * 4;
        rt = word & 31;
        int opc = word >>> 30;
        if (row == A64.LDR_LIT_V) {
            vectorElements(vcpu, rt, 2 + opc, address);
            return;
        }
        extend = row == A64.LDRSW_LIT ? 2 : 1;
        log2 = row == A64.LDRSW_LIT ? 2 : 2 + opc;
        one(address);
    }

    private void ordered(Vcpu vcpu, A64 row, int word) {
        boolean immediate =
                switch (row) {
                    case LDAPUR,
                            LDAPURB,
                            LDAPURH,
                            LDAPURSB,
                            LDAPURSH,
                            LDAPURSW,
                            STLUR,
                            STLURB,
                            STLURH ->
                            true;
                    default -> false;
                };
        log2 = word >>> 30;
        rt = word & 31;
        extend = immediate && !write ? word >>> 22 & 3 : 1;
        one(base(vcpu, word >>> 5 & 31) + (immediate ? word << 11 >> 23 : 0));
        if (write) {
            value[0] = low(vcpu.reg(rt), log2);
        }
    }

    private void pair(Vcpu vcpu, int word) {
        extend = !write && (word >>> 30 & 1) != 0 ? 2 : 1;
        log2 = word < 0 ? 3 : 2;
        long address = pairAddress(vcpu, word, log2);
        one(address);
        one(address + (1 << log2));
        if (write) {
            value[0] = low(vcpu.reg(rt), log2);
            value[1] = low(vcpu.reg(rt2), log2);
        }
    }

    private void vectorPair(Vcpu vcpu, int word) {
        int bytes = 2 + (word >>> 30);
        long address = pairAddress(vcpu, word, bytes);
        vectorElements(vcpu, rt, bytes, address);
        vectorElements(vcpu, rt2, bytes, address + (1 << bytes));
        registers = 2;
    }

    private long pairAddress(Vcpu vcpu, int word, int scale) {
        int rn = word >>> 5 & 31;
        rt = word & 31;
        rt2 = word >>> 10 & 31;
        long base = base(vcpu, rn);
        long updated = base + ((long) (word << 10 >> 25) << scale);
        int mode = word >>> 23 & 3;
        if ((mode & 1) != 0) {
            writeBackTo = rn;
            writeBack = updated;
        }
        return mode == 1 ? base : updated;
    }

    private void atomic(Vcpu vcpu, A64 row, int word) {
        boolean exclusivePair =
                switch (row) {
                    case LDXP, LDAXP, STXP, STLXP, CASP -> true;
                    default -> false;
                };
        log2 = exclusivePair ? (word >>> 30 & 1) + 3 : word >>> 30;
        one(base(vcpu, word >>> 5 & 31));
    }

    private void structure(Vcpu vcpu, int word) {
        boolean single = (word >>> 24 & 1) != 0;
        int rn = word >>> 5 & 31;
        rt = word & 31;
        long base = base(vcpu, rn);
        long address = base;
        replicate = false;
        if (single) {
            singleStructure(word);
            for (int e = 0; e < elements; e++) {
                element(vcpu, e, address);
                address += 1L << log2;
            }
        } else {
            multipleStructures(word);
            for (int i = 0; i < registers * lanes * elements; i++) {
                element(vcpu, i, address);
                address += 1L << log2;
            }
        }
        if ((word >>> 23 & 1) != 0) {
            int rm = word >>> 16 & 31;
            writeBackTo = rn;
            writeBack = base + (rm == 31 ? address - base : vcpu.reg(rm));
        }
    }

    private void singleStructure(int word) {
        int scale = word >>> 14 & 3;
        elements = ((word >>> 13 & 1) << 1 | word >>> 21 & 1) + 1;
        registers = 1;
        lanes = 1;
        int size = word >>> 10 & 3;
        int q = word >>> 30 & 1;
        int s = word >>> 12 & 1;
        wide = q != 0;
        log2 = scale;
        switch (scale) {
            case 0 -> lane = q << 3 | s << 2 | size;
            case 1 -> lane = q << 2 | s << 1 | size >>> 1;
            case 2 -> {
                if ((size & 1) == 0) {
                    lane = q << 1 | s;
                } else {
                    lane = q;
                    log2 = 3;
                }
            }
            default -> {
                replicate = true;
                log2 = size;
            }
        }
    }

    private void multipleStructures(int word) {
        wide = (word >>> 30 & 1) != 0;
        log2 = word >>> 10 & 3;
        lanes = (wide ? 16 : 8) >>> log2;
        lane = -1;
        switch (word >>> 12 & 15) {
            case 0 -> shape(1, 4);
            case 2 -> shape(4, 1);
            case 4 -> shape(1, 3);
            case 6 -> shape(3, 1);
            case 7 -> shape(1, 1);
            case 8 -> shape(1, 2);
            default -> shape(2, 1);
        }
    }

    private void shape(int r, int e) {
        registers = r;
        elements = e;
    }

    private void element(Vcpu vcpu, int i, long address) {
        if (write) {
            int bit = laneOf(i) << 3 + log2;
            value[count] = low(vcpu.vector(registerOf(i), bit >= 64) >>> (bit & 63), log2);
        }
        one(address);
    }

    /** The vector register of an element of a structure. */
    private int registerOf(int i) {
        return rt + i / (elements * lanes) + i % elements & 31;
    }

    private int laneOf(int i) {
        return lane >= 0 ? lane : i / elements % lanes;
    }

    // Results

    /** Once all translations are known, before the first element: what a load clears. */
    void begin(Vcpu vcpu) {
        if (kind == Kind.STRUCTURE && !write && !replicate && lane < 0) {
            for (int r = 0; r < registers * elements; r++) {
                vcpu.setVector(rt + r & 31, 0, 0);
            }
        }
    }

    /** Element {@code i} of a load has come: writes the registers that are complete now. */
    void loaded(Vcpu vcpu, int i, long v) {
        value[i] = v;
        switch (kind) {
            case SINGLE -> vcpu.setReg(rt, extended(v));
            case PAIR -> {
                if (i == 1) {
                    vcpu.setReg(rt, extended(value[0]));
                    vcpu.setReg(rt2, extended(value[1]));
                }
            }
            case VECTOR -> {
                if (!wide) {
                    vcpu.setVector(i == 0 ? rt : rt2, v, 0);
                } else if ((i & 1) != 0) {
                    vcpu.setVector(i == 1 ? rt : rt2, value[i - 1], v);
                }
            }
            case STRUCTURE -> loadedLane(vcpu, i, v);
            default -> throw new IllegalStateException(kind + " loads nothing");
        }
    }

    private long extended(long v) {
        if (extend < 2) {
            return v;
        }
        int shift = 64 - (8 << log2);
        long s = v << shift >> shift;
        return extend == 2 ? s : s & 0xffffffffL;
    }

    private void loadedLane(Vcpu vcpu, int i, long v) {
        int register = registerOf(i);
        if (replicate) {
            long all = v;
            for (int bits = 8 << log2; bits < 64; bits *= 2) {
                all |= all << bits;
            }
            vcpu.setVector(register, all, wide ? all : 0);
            return;
        }
        int bit = laneOf(i) << 3 + log2;
        long mask = log2 == 3 ? -1L : (1L << (8 << log2)) - 1 << (bit & 63);
        long low = vcpu.vector(register, false);
        long high = vcpu.vector(register, true);
        if (bit < 64) {
            low = low & ~mask | v << bit & mask;
        } else {
            high = high & ~mask | v << (bit & 63) & mask;
        }
        vcpu.setVector(register, low, high);
    }

    /** After the last element: the base register. */
    void end(Vcpu vcpu) {
        if (writeBackTo == 31) {
            vcpu.writeSys(stackPointer(vcpu), writeBack);
        } else if (writeBackTo >= 0) {
            vcpu.setReg(writeBackTo, writeBack);
        }
    }
}
