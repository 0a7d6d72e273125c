package dev.nido.machine.engine;

import dev.nido.isa.A64;
import dev.nido.machine.CodeCache;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.engine.simd.SimdSemantics;
import dev.nido.machine.mmu.FastTlb;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import java.lang.invoke.VarHandle;

/**
 * The interpreter: one switch over predecoded words (see {@link Op}). One instance belongs to one
 * PE.
 *
 * <p>{@link #run} is the hot loop. The operations that make up most of every program are written
 * out in it; all others are reached through their row, out of line. Two index values account for
 * everything: {@code i} is the next instruction's index in the current page, {@code bound} the
 * index at which the budget would end if no branch were taken; {@code bound - i} instructions are
 * left.
 */
public final class Interpreter implements Engine {

    private static final int WORDS = CodeCache.WORDS;
    private static final A64[] ROWS = A64.values();
    private static final long W = 0xffffffffL;

    /** LDXR, LDAXR, LDXP, LDAXP of any size. */
    private static final int LOAD_EXCLUSIVE = 0x0840_0000;

    private static final int LOAD_EXCLUSIVE_MASK = 0x3fc0_0000;

    private final Predecoder predecoder;
    private final PhysicalMemory memory;
    private final StreamRecorder recorder;
    private final Mmu mmu;

    /** Index in the page before which the current block ends; zero asks it to end now. */
    private int end;

    /** {@code pe.retired} when the current budget is used up. */
    private long retiredAtEnd;

    /**
     * Makes the engine of one PE.
     *
     * @param recorder what takes the instruction stream, or null
     */
    public Interpreter(Pe pe, StreamRecorder recorder) {
        this.memory = pe.machine.memory();
        this.mmu = pe.mmu;
        this.recorder = recorder;
        this.predecoder = new Predecoder(memory, pe.cpu, recorder == null);
    }

    @Override
    public void run(Pe pe, int budget) {
        long target = pe.retired + budget;
        retiredAtEnd = target;
        long before;
        do {
            before = pe.retired;
            if (pe.guarded) {
                guarded(pe);
                retiredAtEnd = target;
            } else {
                block(pe, (int) (target - pe.retired));
            }
            // A block that retires nothing ends the run: its caller sees a vector that faults for
            // ever.
        } while (pe.retired < target && pe.retired != before && pe.attention == 0 && !pe.endRun);
        pe.endRun = false;
    }

    /** One instruction under software step, breakpoints or PSTATE.IL. */
    private void guarded(Pe pe) {
        int word = 0;
        try {
            pe.debug.checkStep();
            word = memory.get32(mmu.fetch(pe.pc)[WORDS] + (pe.pc & 0xffc));
            pe.checkInstruction();
        } catch (GuestException e) {
            deliver(pe, e, word);
            return;
        }
        long before = pe.retired;
        retiredAtEnd = before + 1;
        block(pe, 1);
        if (pe.retired != before) {
            pe.debug.afterInstruction((word & LOAD_EXCLUSIVE_MASK) == LOAD_EXCLUSIVE);
        }
    }

    /** Runs until the page is left, something ended the block, or the budget is used up. */
    private void block(Pe pe, int budget) {
        final long[] x = pe.x;
        final FastTlb fast = mmu.fast;
        final PhysicalMemory memory = this.memory;
        final StreamRecorder recorder = this.recorder;
        long pc = pe.pc;
        int i = (int) (pc >>> 2) & (WORDS - 1);
        int bound = i + budget;
        final int page = (int) (pc >>> 12) & (FastTlb.ENTRIES - 1);
        final long[] code =
                fast.fetchTag[page] == (pc & ~0xffcL) ? fast.fetchCode[page] : fetch(pe, pc);
        if (code == null) {
            return;
        }
        final long base = pc & ~0xfffL;
        final int el = pe.el;
        end = Math.min(bound, WORDS);
        try {
            while (i < end) {
                final int at = i;
                final long w = PhysicalMemory.getElement(code, at);
                i = at + 1;
                final int lo = (int) w;
                final int imm = (int) (w >> 32);
                int d = lo >>> 8 & 63;
                final long a = PhysicalMemory.getElement(x, lo >>> 14 & 63);
                final long b = PhysicalMemory.getElement(x, lo >>> 20 & 63) << (lo >>> 26);
                long r = 0;
                switch (lo & 255) {
                    case Op.NOT_DECODED -> {
                        i = at;
                        predecoder.decode(code, at);
                        continue;
                    }
                    case Op.ADD64 -> r = a + b + imm;
                    case Op.ADD32 -> r = a + b + imm & W;
                    case Op.SUB64 -> r = a - b;
                    case Op.SUB32 -> r = a - b & W;
                    case Op.ADDS64 -> {
                        long second = b + imm;
                        pe.nzcv = Alu.addFlags64(a, second);
                        r = a + second;
                    }
                    case Op.ADDS32 -> {
                        int second = (int) b + imm;
                        pe.nzcv = Alu.addFlags32((int) a, second);
                        r = (int) a + second & W;
                    }
                    case Op.SUBS64 -> {
                        long second = b + imm;
                        pe.nzcv = Alu.subFlags64(a, second);
                        r = a - second;
                    }
                    case Op.SUBS32 -> {
                        int second = (int) b + imm;
                        pe.nzcv = Alu.subFlags32((int) a, second);
                        r = (int) a - second & W;
                    }
                    case Op.ADD_UXTW, Op.ADD_SXTW -> {
                        int m = (int) x[Op.rm(w)];
                        r = a + ((Op.op(w) == Op.ADD_SXTW ? m : m & W) << Op.shift(w));
                    }
                    case Op.AND_IMM, Op.ORR_IMM, Op.EOR_IMM, Op.ANDS_IMM -> {
                        long m = Alu.bitmask(imm);
                        int op = Op.op(w);
                        boolean narrow = Op.shift(w) != 0;
                        r = op == Op.ORR_IMM ? a | m : op == Op.EOR_IMM ? a ^ m : a & m;
                        if (narrow) {
                            r &= W;
                        }
                        if (op == Op.ANDS_IMM) {
                            pe.nzcv = narrow ? Alu.logicFlags32((int) r) : Alu.logicFlags64(r);
                        }
                    }
                    case Op.AND64 -> r = a & b;
                    case Op.AND32 -> r = a & b & W;
                    case Op.ORR64 -> r = a | b;
                    case Op.ORR32 -> r = (a | b) & W;
                    case Op.EOR64 -> r = a ^ b;
                    case Op.EOR32 -> r = (a ^ b) & W;
                    case Op.BIC64 -> r = a & ~b;
                    case Op.ANDS64 -> {
                        r = a & b;
                        pe.nzcv = Alu.logicFlags64(r);
                    }
                    case Op.ANDS32 -> {
                        r = a & b & W;
                        pe.nzcv = Alu.logicFlags32((int) r);
                    }
                    case Op.EOR_LSR ->
                            r = (imm & 64) == 0 ? a ^ b >>> imm : (a ^ (b & W) >>> imm) & W;
                    case Op.MOVE -> r = imm;
                    case Op.MOVE_U -> r = imm & W;
                    case Op.MOVE_HIGH -> r = (long) imm << Op.shift(w);
                    case Op.MOVE_NOT_HIGH -> r = ~((long) imm << Op.shift(w));
                    case Op.MOVK -> r = a & ~(0xffffL << Op.shift(w)) | (long) imm << Op.shift(w);
                    case Op.ADR -> r = base + imm;
                    case Op.ADRP -> r = base + ((long) imm << 12);
                    case Op.UBFX, Op.UBFIZ -> {
                        long mask = -1L >>> imm;
                        r =
                                Op.op(w) == Op.UBFX
                                        ? a >>> Op.shift(w) & mask
                                        : (a & mask) << Op.shift(w);
                    }
                    case Op.SBFX64, Op.SBFX32 -> {
                        r = a << imm >> Op.shift(w);
                        if (Op.op(w) == Op.SBFX32) {
                            r &= W;
                        }
                    }
                    case Op.CSEL -> {
                        r =
                                Alu.holds(imm, pe.nzcv)
                                        ? a
                                        : (b ^ -(long) (imm >>> 5 & 1)) + (imm >>> 4 & 1);
                        if ((imm & 64) != 0) {
                            r &= W;
                        }
                    }
                    case Op.MADD64, Op.MADD32 -> {
                        r = x[imm & 63] + a * b;
                        if (Op.op(w) == Op.MADD32) {
                            r &= W;
                        }
                    }
                    case Op.LSLV64 -> r = a << b;
                    case Op.LSRV64 -> r = a >>> b;
                    case Op.B,
                            Op.BL,
                            Op.B_COND,
                            Op.CBZ64,
                            Op.CBNZ64,
                            Op.CBZ32,
                            Op.CBNZ32,
                            Op.TBZ,
                            Op.TBNZ -> {
                        boolean taken;
                        switch (Op.op(w)) {
                            case Op.B_COND -> taken = Alu.holds(Op.shift(w), pe.nzcv);
                            case Op.CBZ64 -> taken = a == 0;
                            case Op.CBNZ64 -> taken = a != 0;
                            case Op.CBZ32 -> taken = (int) a == 0;
                            case Op.CBNZ32 -> taken = (int) a != 0;
                            case Op.TBZ -> taken = (a >>> Op.shift(w) & 1) == 0;
                            case Op.TBNZ -> taken = (a >>> Op.shift(w) & 1) != 0;
                            case Op.BL -> {
                                r = base + (at + 1) * 4L;
                                taken = true;
                            }
                            default -> taken = true;
                        }
                        if (taken) {
                            bound += imm - 1;
                            i = at + imm;
                            end = blockEnd(pe, i, bound);
                        }
                    }
                    case Op.CMP_IMM64, Op.CMP_IMM32, Op.CMP64, Op.CMP32 -> {
                        int op = Op.op(w);
                        boolean immediate = op <= Op.CMP_IMM32;
                        long second = immediate ? imm & 0xfff : x[Op.rm(w)];
                        r = a - second;
                        if (op == Op.CMP_IMM64 || op == Op.CMP64) {
                            pe.nzcv = Alu.subFlags64(a, second);
                        } else {
                            pe.nzcv = Alu.subFlags32((int) a, (int) second);
                            r &= W;
                        }
                        if (i < end) {
                            i++;
                            if (Alu.holds(Op.shift(w), pe.nzcv)) {
                                int offset = immediate ? imm >> 12 : imm;
                                bound += offset - 1;
                                i = at + 1 + offset;
                                end = blockEnd(pe, i, bound);
                            }
                        }
                    }
                    case Op.BR -> {
                        r = base + (at + 1) * 4L;
                        if ((a & ~0xffcL) == base && pe.attention == 0) {
                            int to = (int) (a >>> 2) & WORDS - 1;
                            bound += to - i;
                            i = to;
                            end = Math.min(bound, WORDS);
                        } else {
                            x[d] = r;
                            if (recorder != null) {
                                retire(pe, base, at, code, el);
                            }
                            pe.pc = pe.branchTarget(a);
                            pe.retired = retiredAtEnd - (bound - i);
                            return;
                        }
                    }
                    case Op.LOAD64 -> {
                        if (lo < 0 && (a & 15) != 0) {
                            Access.checkSp(pe);
                        }
                        long va = a + imm;
                        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
                        r =
                                PhysicalMemory.getElement(fast.readTag, t) == (va + 7 & ~0xfffL)
                                        ? memory.get64(
                                                va + PhysicalMemory.getElement(fast.addend, t))
                                        : slowLoad(pe, va, 3, i, bound);
                    }
                    case Op.LOAD,
                            Op.LOAD + 1,
                            Op.LOAD + 2,
                            Op.LOAD + 3,
                            Op.LOAD + 4,
                            Op.LOAD + 5,
                            Op.LOAD + 6,
                            Op.LOAD + 12,
                            Op.LOAD + 13 -> {
                        if (lo < 0 && (a & 15) != 0) {
                            Access.checkSp(pe);
                        }
                        long va = a + b + imm;
                        int log2 = lo & 3;
                        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
                        if (PhysicalMemory.getElement(fast.readTag, t)
                                == (va + (1 << log2) - 1 & ~0xfffL)) {
                            long offset = va + PhysicalMemory.getElement(fast.addend, t);
                            r =
                                    switch (log2) {
                                        case 0 -> memory.get8(offset) & 0xff;
                                        case 1 -> memory.get16(offset) & 0xffff;
                                        case 2 -> memory.get32(offset) & W;
                                        default -> memory.get64(offset);
                                    };
                        } else {
                            r = slowLoad(pe, va, log2, i, bound);
                        }
                        if ((lo & 12) != 0) {
                            int unused = 64 - (8 << log2);
                            r = r << unused >> unused;
                            if ((lo & 8) != 0) {
                                r &= W;
                            }
                        }
                    }
                    case Op.STORE, Op.STORE + 1, Op.STORE + 2, Op.STORE + 3 -> {
                        if (lo < 0 && (a & 15) != 0) {
                            Access.checkSp(pe);
                        }
                        long va = a + b + imm;
                        int log2 = lo & 3;
                        r = x[d];
                        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
                        if (PhysicalMemory.getElement(fast.writeTag, t)
                                        == (va + (1 << log2) - 1 & ~0xfffL)
                                && recorder == null) {
                            long offset = va + PhysicalMemory.getElement(fast.addend, t);
                            switch (log2) {
                                case 0 -> memory.put8(offset, (byte) r);
                                case 1 -> memory.put16(offset, (short) r);
                                case 2 -> memory.put32(offset, (int) r);
                                default -> memory.put64(offset, r);
                            }
                        } else {
                            slowStore(pe, va, log2, r, i, bound);
                        }
                    }
                    case Op.LDP64, Op.STP64 -> {
                        if (lo < 0 && (a & 15) != 0) {
                            Access.checkSp(pe);
                        }
                        int mode = Op.shift(w) & 3;
                        long va = mode == 2 ? a : a + imm;
                        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
                        long last = va + 15 & ~0xfffL;
                        if (Op.op(w) == Op.LDP64) {
                            if (PhysicalMemory.getElement(fast.readTag, t) == last) {
                                long offset = va + PhysicalMemory.getElement(fast.addend, t);
                                r = memory.get64(offset);
                                x[Op.rm(w)] = memory.get64(offset + 8);
                                x[d] = r;
                            } else {
                                slowLoadPair(pe, va, w, i, bound);
                            }
                        } else if (PhysicalMemory.getElement(fast.writeTag, t) == last
                                && recorder == null) {
                            long offset = va + PhysicalMemory.getElement(fast.addend, t);
                            memory.put64(offset, x[d]);
                            memory.put64(offset + 8, x[Op.rm(w)]);
                        } else {
                            slowStorePair(pe, va, w, i, bound);
                        }
                        if (mode != 0) {
                            x[Op.rn(w)] = a + imm;
                        }
                        d = Pe.SINK;
                    }
                    case Op.LOAD_WB, Op.LOAD_WB + 1, Op.LOAD_WB + 2, Op.LOAD_WB + 3 -> {
                        if (lo < 0 && (a & 15) != 0) {
                            Access.checkSp(pe);
                        }
                        long updated = a + imm;
                        long va = (Op.shift(w) & 1) != 0 ? a : updated;
                        int log2 = lo & 3;
                        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
                        if (PhysicalMemory.getElement(fast.readTag, t)
                                == (va + (1 << log2) - 1 & ~0xfffL)) {
                            long offset = va + PhysicalMemory.getElement(fast.addend, t);
                            r =
                                    switch (log2) {
                                        case 0 -> memory.get8(offset) & 0xff;
                                        case 1 -> memory.get16(offset) & 0xffff;
                                        case 2 -> memory.get32(offset) & W;
                                        default -> memory.get64(offset);
                                    };
                        } else {
                            r = slowLoad(pe, va, log2, i, bound);
                        }
                        int n = Op.rn(w);
                        x[n] = updated;
                        if (n == d) {
                            r = updated;
                        }
                    }
                    case Op.STORE_WB,
                            Op.STORE_WB + 1,
                            Op.STORE_WB + 2,
                            Op.STORE_WB + 3,
                            Op.LDR_V,
                            Op.STR_V -> {
                        memoryOutOfLine(pe, fast, w, i, bound);
                        d = Pe.SINK;
                    }
                    case Op.NOP -> d = Pe.SINK;
                    case Op.INTEGER -> {
                        IntegerSemantics.execute(pe, ROWS[Op.ordinal(w)], imm);
                        d = Pe.SINK;
                    }
                    case Op.SIMD -> {
                        checkFp(pe);
                        SimdSemantics.execute(pe, ROWS[Op.ordinal(w)], imm);
                        d = Pe.SINK;
                    }
                    default -> {
                        pe.pc = base + at * 4L;
                        pe.retired = retiredAtEnd - (bound - at);
                        outOfLine(pe, w);
                        if (Op.op(w) == Op.SYSTEM) {
                            pe.retired++;
                            if (recorder != null) {
                                retire(pe, base, at, code, el);
                            }
                            return;
                        }
                        if (pe.attention != 0) {
                            end = Integer.MIN_VALUE;
                        }
                        d = Pe.SINK;
                    }
                }
                PhysicalMemory.putElement(x, d, r);
                if (recorder != null) {
                    retire(pe, base, at, code, el);
                }
            }
            pe.pc = base + i * 4L;
            pe.retired = retiredAtEnd - (bound - i);
        } catch (GuestException e) {
            int at = i - 1;
            pe.pc = base + at * 4L;
            pe.retired = retiredAtEnd - (bound - at);
            if (e.returnsToNext) {
                pe.retired++;
                if (recorder != null) {
                    retire(pe, base, at, code, el);
                }
            }
            deliver(pe, e, memory.get32(code[WORDS] + at * 4L));
        }
    }

    /** Where a block that continues at index {@code to} of this page ends. */
    private static int blockEnd(Pe pe, int to, int bound) {
        return (to & -WORDS) == 0 && pe.attention == 0 ? Math.min(bound, WORDS) : Integer.MIN_VALUE;
    }

    /** The code page at {@code pc}; null if fetching took an exception, which is entered. */
    private long[] fetch(Pe pe, long pc) {
        try {
            return mmu.fetch(pc);
        } catch (GuestException e) {
            deliver(pe, e, 0);
            return null;
        }
    }

    private void deliver(Pe pe, GuestException e, int word) {
        if (recorder != null) {
            recorder.abandon();
        }
        pe.takeSynchronous(e.ipaValid ? InstructionSyndrome.complete(e, word) : e);
        if (pe.enteredEl2) {
            pe.trappedInstruction = word;
        } else if (recorder != null) {
            recorder.exception(pe, true);
        }
    }

    @Override
    public void retireEmulated(Pe pe, long at, int word, int el) {
        if (recorder != null) {
            A64 row = A64.decode(word);
            long writes = row == null ? 0 : row.writesX(word) & W | (long) row.writesV(word) << 32;
            recorder.retire(pe, at, el, writes);
        }
    }

    private void retire(Pe pe, long base, int at, long[] code, int el) {
        int word = memory.get32(code[WORDS] + at * 4L);
        A64 row = A64.decode(word);
        long writes = row == null ? 0 : row.writesX(word) & W | (long) row.writesV(word) << 32;
        recorder.retire(pe, base + at * 4L, el, writes);
    }

    private void outOfLine(Pe pe, long w) {
        int word = Op.imm(w);
        switch (Op.op(w)) {
            case Op.SYSTEM -> SystemSemantics.execute(pe, ROWS[Op.ordinal(w)], word);
            case Op.LOAD_STORE -> LoadStoreSemantics.execute(pe, ROWS[Op.ordinal(w)], word);
            case Op.SIMD_LOAD_STORE -> {
                checkFp(pe);
                LoadStoreSemantics.execute(pe, ROWS[Op.ordinal(w)], word);
            }
            case Op.MRS -> {
                int rt = word & 31;
                pe.transferRegister = rt;
                pe.x[rt == 31 ? Pe.SINK : rt] = pe.readSystemRegister(word >>> 5 & 0xffff);
            }
            case Op.BARRIER -> {
                if (ROWS[Op.ordinal(w)] == A64.CLREX) {
                    pe.monitorBytes = 0;
                } else {
                    VarHandle.fullFence();
                }
            }
            default -> throw GuestException.undefined();
        }
    }

    private static void checkFp(Pe pe) {
        if (!pe.fpEnabled) {
            pe.checkFpAccess();
        }
    }

    // Memory accesses out of line. i and bound are those of block(), after the instruction.

    private void beforeSlow(Pe pe, int i, int bound) {
        pe.retired = retiredAtEnd - (bound - i) - 1;
    }

    private void afterSlow(Pe pe) {
        if (pe.attention != 0) {
            end = Integer.MIN_VALUE;
        }
    }

    private long slowLoad(Pe pe, long va, int log2, int i, int bound) {
        beforeSlow(pe, i, bound);
        long value = mmu.load(va, log2, 0);
        afterSlow(pe);
        return value;
    }

    private void slowStore(Pe pe, long va, int log2, long value, int i, int bound) {
        beforeSlow(pe, i, bound);
        Access.store(pe, va, log2, value, 0);
        afterSlow(pe);
    }

    private void slowLoadPair(Pe pe, long va, long w, int i, int bound) {
        beforeSlow(pe, i, bound);
        mmu.check(va, 16, 0);
        long first = Access.load(pe, va, 3, 0);
        pe.x[Op.rm(w)] = Access.load(pe, va + 8, 3, 0);
        pe.x[Op.rd(w)] = first;
        afterSlow(pe);
    }

    private void slowStorePair(Pe pe, long va, long w, int i, int bound) {
        beforeSlow(pe, i, bound);
        Access.probeStore(pe, va, 16, 0);
        Access.store(pe, va, 3, pe.x[Op.rd(w)], 0);
        Access.store(pe, va + 8, 3, pe.x[Op.rm(w)], 0);
        afterSlow(pe);
    }

    /** Stores of one general register with write-back, and single vector registers. */
    private void memoryOutOfLine(Pe pe, FastTlb fast, long w, int i, int bound) {
        long[] x = pe.x;
        long address = x[Op.rn(w)];
        if ((int) w < 0 && (address & 15) != 0) {
            Access.checkSp(pe);
        }
        long updated = address + Op.imm(w);
        int op = Op.op(w);
        if (op == Op.LDR_V) {
            loadVector(pe, fast, updated, w, i, bound);
            return;
        }
        if (op == Op.STR_V) {
            storeVector(pe, fast, updated, w, i, bound);
            return;
        }
        long va = (Op.shift(w) & 1) != 0 ? address : updated;
        int log2 = op & 3;
        beforeSlow(pe, i, bound);
        Access.store(pe, va, log2, x[Op.rd(w)], 0);
        afterSlow(pe);
        x[Op.rn(w)] = updated;
    }

    private void loadVector(Pe pe, FastTlb fast, long va, long w, int i, int bound) {
        checkFp(pe);
        int log2 = Op.shift(w) & 7;
        int v = 2 * Op.rd(w);
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (log2 >= 3 && fast.readTag[t] == (va + (1 << log2) - 1 & ~0xfffL)) {
            long offset = va + fast.addend[t];
            pe.v[v] = memory.get64(offset);
            pe.v[v + 1] = log2 == 4 ? memory.get64(offset + 8) : 0;
        } else {
            beforeSlow(pe, i, bound);
            LoadStoreSemantics.loadVector(pe, va, log2, Op.rd(w));
            afterSlow(pe);
        }
    }

    private void storeVector(Pe pe, FastTlb fast, long va, long w, int i, int bound) {
        checkFp(pe);
        int log2 = Op.shift(w) & 7;
        int v = 2 * Op.rd(w);
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (log2 >= 3 && recorder == null && fast.writeTag[t] == (va + (1 << log2) - 1 & ~0xfffL)) {
            long offset = va + fast.addend[t];
            memory.put64(offset, pe.v[v]);
            if (log2 == 4) {
                memory.put64(offset + 8, pe.v[v + 1]);
            }
        } else {
            beforeSlow(pe, i, bound);
            LoadStoreSemantics.storeVector(pe, va, log2, Op.rd(w));
            afterSlow(pe);
        }
    }
}
