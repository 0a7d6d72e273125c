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
 * The interpreter of one PE: predecoded words (see {@link Op}), run by {@link FastLoop} as long as
 * nothing unusual happens. Here is everything else: fetching, decoding, and one instruction at a
 * time whatever is not in the loop.
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
    private final HotLoop loop;

    /**
     * Makes the engine of one PE.
     *
     * @param recorder what takes the instruction stream, or null
     */
    public Interpreter(Pe pe, StreamRecorder recorder) {
        this.memory = pe.machine.memory();
        this.mmu = pe.mmu;
        this.recorder = recorder;
        this.predecoder = new Predecoder(memory, pe.cpu);
        this.loop = FastLoop.of(pe, recorder);
    }

    @Override
    public void run(Pe pe, int budget) {
        long target = pe.retired + budget;
        long before;
        do {
            before = pe.retired;
            if (pe.guarded) {
                guarded(pe);
            } else {
                block(pe, (int) Math.min(target - before, HotLoop.MAX_BUDGET));
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
        block(pe, 1);
        if (pe.retired != before) {
            pe.debug.afterInstruction((word & LOAD_EXCLUSIVE_MASK) == LOAD_EXCLUSIVE);
        }
    }

    /**
     * Runs the loop, and then the instruction that ended it, if one did.
     *
     * @param budget instructions to retire at most
     */
    private void block(Pe pe, int budget) {
        long target = pe.retired + budget;
        long[] code = page(pe);
        while (code != null && loop.run(code, (int) (target - pe.retired))) {
            code = page(pe);
            if (code == null) {
                return;
            }
            int at = (int) (pe.pc >>> 2) & WORDS - 1;
            long w = code[at];
            if (w == 0) {
                predecoder.decode(code, at);
            } else if (mayLeaveLoop(Op.op(w))) {
                step(pe, code, at, w);
                return;
            }
            // Else another PE has decoded, since the loop looked, a word that the loop executes.
        }
    }

    /** Whether an operation ever ends the loop: rare ones, and accesses and returns that miss. */
    private static boolean mayLeaveLoop(int op) {
        return op < Op.BRANCH || op == Op.BR || op >= Op.MEMORY && op < Op.ALU;
    }

    /** The code page at PC; null if fetching took an exception, which is entered. */
    private long[] page(Pe pe) {
        long pc = pe.pc;
        FastTlb fast = mmu.fast;
        int t = (int) (pc >>> 12) & FastTlb.ENTRIES - 1;
        if (fast.fetchTag[t] == (pc & ~0xffcL)) {
            return fast.fetchCode[t];
        }
        try {
            return mmu.fetch(pc);
        } catch (GuestException e) {
            deliver(pe, e, 0);
            return null;
        }
    }

    /** Executes the instruction at PC, one that the loop leaves alone. */
    private void step(Pe pe, long[] code, int at, long w) {
        long pc = pe.pc;
        int el = pe.shownEl();
        try {
            execute(pe, w);
            if (Op.op(w) != Op.SYSTEM && Op.op(w) != Op.BR) {
                pe.pc = pc + 4;
            }
        } catch (GuestException e) {
            int word = memory.get32(code[WORDS] + at * 4L);
            if (e.returnsToNext) {
                pe.retired++;
                if (recorder != null) {
                    recorder.retire(pe, pc, el, writes(word));
                }
            }
            deliver(pe, e, word);
            return;
        }
        pe.retired++;
        if (recorder != null) {
            recorder.retire(pe, pc, el, writes(w));
        }
    }

    /**
     * What an operation outside the loop writes, as records say it. Not what the instruction in
     * memory writes: it may be another one already, as long as the guest has not invalidated its
     * caches.
     */
    private static long writes(long w) {
        int op = Op.op(w);
        long d = StreamRecorder.bit(Op.rd(w));
        long n = StreamRecorder.bit(Op.rn(w));
        long n2 = (Op.shift(w) & 3) == 0 ? 0 : n;
        return switch (op) {
            case Op.BR, Op.LOAD64, Op.LOAD32 -> d;
            case Op.STORE64, Op.STORE, Op.STORE + 1, Op.STORE + 2, Op.STORE + 3, Op.STR_V -> 0;
            case Op.LDR_V -> 1L << 32 + Op.rd(w);
            case Op.LDP64 -> d | StreamRecorder.bit(Op.rm(w)) | n2;
            case Op.STP64 -> n2;
            case Op.LOAD_WB, Op.LOAD_WB + 1, Op.LOAD_WB + 2, Op.LOAD_WB + 3 -> d | n;
            case Op.STORE_WB, Op.STORE_WB + 1, Op.STORE_WB + 2, Op.STORE_WB + 3 -> n;
            default -> op > Op.MEMORY ? d : writes(ROWS[Op.ordinal(w)], Op.imm(w));
        };
    }

    private static long writes(int word) {
        A64 row = A64.decode(word);
        return row == null ? 0 : writes(row, word);
    }

    private static long writes(A64 row, int word) {
        return row.writesX(word) & W | (long) row.writesV(word) << 32;
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
            recorder.retire(pe, at, el, writes(word));
        }
    }

    private void execute(Pe pe, long w) {
        int op = Op.op(w);
        if (op >= Op.MEMORY || op == Op.LDR_V || op == Op.STR_V) {
            memory(pe, w, op);
            return;
        }
        int word = Op.imm(w);
        switch (op) {
            case Op.BR -> {
                long target = pe.x[Op.rn(w)];
                pe.x[Op.rd(w)] = pe.pc + 4;
                pe.pc = pe.branchTarget(target);
            }
            case Op.INTEGER -> IntegerSemantics.execute(pe, ROWS[Op.ordinal(w)], word);
            case Op.SIMD -> {
                checkFp(pe);
                SimdSemantics.execute(pe, ROWS[Op.ordinal(w)], word);
            }
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

    /** Loads and stores: those that missed the fast arrays, and those of vector registers. */
    private void memory(Pe pe, long w, int op) {
        long[] x = pe.x;
        long a = x[Op.rn(w)];
        if ((int) w < 0 && (a & 15) != 0) {
            Access.checkSp(pe);
        }
        long va = a + Op.imm(w);
        int shift = Op.shift(w);
        switch (op) {
            case Op.LOAD64 -> x[Op.rd(w)] = mmu.load(va, 3, 0);
            case Op.LOAD32 -> x[Op.rd(w)] = mmu.load(va, 2, 0);
            case Op.STORE64 -> Access.store(pe, va, 3, x[Op.rd(w)], 0);
            case Op.LDP64 -> {
                long at = (shift & 3) == 2 ? a : va;
                mmu.check(at, 16, 0);
                long first = Access.load(pe, at, 3, 0);
                x[Op.rm(w)] = Access.load(pe, at + 8, 3, 0);
                x[Op.rd(w)] = first;
                x[(shift & 3) == 0 ? Pe.SINK : Op.rn(w)] = va;
            }
            case Op.STP64 -> {
                long at = (shift & 3) == 2 ? a : va;
                Access.probeStore(pe, at, 16, 0);
                Access.store(pe, at, 3, x[Op.rd(w)], 0);
                Access.store(pe, at + 8, 3, x[Op.rm(w)], 0);
                x[(shift & 3) == 0 ? Pe.SINK : Op.rn(w)] = va;
            }
            case Op.LOAD_WB, Op.LOAD_WB + 1, Op.LOAD_WB + 2, Op.LOAD_WB + 3 -> {
                x[Op.rd(w)] = mmu.load((shift & 1) != 0 ? a : va, op & 3, 0);
                x[Op.rn(w)] = va;
            }
            case Op.STORE_WB, Op.STORE_WB + 1, Op.STORE_WB + 2, Op.STORE_WB + 3 -> {
                Access.store(pe, (shift & 1) != 0 ? a : va, op & 3, x[Op.rd(w)], 0);
                x[Op.rn(w)] = va;
            }
            case Op.STORE, Op.STORE + 1, Op.STORE + 2, Op.STORE + 3 ->
                    Access.store(pe, va + Op.index(x[Op.rm(w)], shift), op & 3, x[Op.rd(w)], 0);
            case Op.LDR_V -> loadVector(pe, mmu.fast, va, w);
            case Op.STR_V -> storeVector(pe, mmu.fast, va, w);
            default -> {
                int log2 = op & 3;
                long r = mmu.load(va + Op.index(x[Op.rm(w)], shift), log2, 0);
                if ((op & 12) != 0) {
                    int unused = 64 - (8 << log2);
                    r = r << unused >> unused;
                    if ((op & 8) != 0) {
                        r &= W;
                    }
                }
                x[Op.rd(w)] = r;
            }
        }
    }

    private void loadVector(Pe pe, FastTlb fast, long va, long w) {
        checkFp(pe);
        int log2 = Op.shift(w) & 7;
        int v = 2 * Op.rd(w);
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (log2 >= 3 && fast.readTag[t] == (va + (1 << log2) - 1 & ~0xfffL)) {
            long offset = va + fast.addend[t];
            pe.v[v] = memory.get64(offset);
            pe.v[v + 1] = log2 == 4 ? memory.get64(offset + 8) : 0;
        } else {
            LoadStoreSemantics.loadVector(pe, va, log2, Op.rd(w));
        }
    }

    private void storeVector(Pe pe, FastTlb fast, long va, long w) {
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
            LoadStoreSemantics.storeVector(pe, va, log2, Op.rd(w));
        }
    }
}
