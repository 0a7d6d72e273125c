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
 * The interpreter: one switch over predecoded words (see {@link Op}). One instance belongs to one PE.
 *
 * <p>{@link #run} is the hot loop. The operations that make up most of every program are written out
 * in it; all others are reached through their row, out of line. Two index values account for
 * everything: {@code i} is the next instruction's index in the current page, {@code bound} the index
 * at which the budget would end if no branch were taken; {@code bound - i} instructions are left.
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
            // A block that retires nothing ends the run: its caller sees a vector that faults for ever.
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
        final long[] code = fast.fetchTag[page] == (pc & ~0xffcL) ? fast.fetchCode[page] : fetch(pe, pc);
        if (code == null) {
            return;
        }
        final long base = pc & ~0xfffL;
        final int el = pe.el;
        end = Math.min(bound, WORDS);
        try {
            while (i < end) {
                final int at = i++;
                long w = code[at];
                switch ((int) w & 511) {
                    case Op.NOT_DECODED -> {
                        i = at;
                        predecoder.decode(code, at);
                        continue;
                    }
                    case Op.ADD_IMM64 -> x[Op.rd(w)] = x[Op.rn(w)] + Op.imm(w);
                    case Op.ADD_IMM32 -> x[Op.rd(w)] = x[Op.rn(w)] + Op.imm(w) & W;
                    case Op.SUBS_IMM64 -> {
                        long a = x[Op.rn(w)];
                        long b = Op.imm(w);
                        pe.nzcv = Alu.subFlags64(a, b);
                        x[Op.rd(w)] = a - b;
                    }
                    case Op.SUBS_IMM32 -> {
                        int a = (int) x[Op.rn(w)];
                        int b = Op.imm(w);
                        pe.nzcv = Alu.subFlags32(a, b);
                        x[Op.rd(w)] = a - b & W;
                    }
                    case Op.ADDS_IMM64 -> {
                        long a = x[Op.rn(w)];
                        long b = Op.imm(w);
                        pe.nzcv = Alu.addFlags64(a, b);
                        x[Op.rd(w)] = a + b;
                    }
                    case Op.ADDS_IMM32 -> {
                        int a = (int) x[Op.rn(w)];
                        int b = Op.imm(w);
                        pe.nzcv = Alu.addFlags32(a, b);
                        x[Op.rd(w)] = a + b & W;
                    }
                    case Op.AND_IMM -> x[Op.rd(w)] = x[Op.rn(w)] & Alu.bitmask(Op.imm(w));
                    case Op.ORR_IMM64 -> x[Op.rd(w)] = x[Op.rn(w)] | Alu.bitmask(Op.imm(w));
                    case Op.ORR_IMM32 -> x[Op.rd(w)] = (x[Op.rn(w)] | Alu.bitmask(Op.imm(w))) & W;
                    case Op.EOR_IMM64 -> x[Op.rd(w)] = x[Op.rn(w)] ^ Alu.bitmask(Op.imm(w));
                    case Op.EOR_IMM32 -> x[Op.rd(w)] = (x[Op.rn(w)] ^ Alu.bitmask(Op.imm(w))) & W;
                    case Op.ANDS_IMM64 -> {
                        long r = x[Op.rn(w)] & Alu.bitmask(Op.imm(w));
                        pe.nzcv = Alu.logicFlags64(r);
                        x[Op.rd(w)] = r;
                    }
                    case Op.ANDS_IMM32 -> {
                        int r = (int) (x[Op.rn(w)] & Alu.bitmask(Op.imm(w)));
                        pe.nzcv = Alu.logicFlags32(r);
                        x[Op.rd(w)] = r & W;
                    }
                    case Op.ADD_LSL64 -> x[Op.rd(w)] = x[Op.rn(w)] + (x[Op.rm(w)] << Op.imm(w));
                    case Op.ADD_LSL32 -> x[Op.rd(w)] = x[Op.rn(w)] + (x[Op.rm(w)] << Op.imm(w)) & W;
                    case Op.SUB_LSL64 -> x[Op.rd(w)] = x[Op.rn(w)] - (x[Op.rm(w)] << Op.imm(w));
                    case Op.SUB_LSL32 -> x[Op.rd(w)] = x[Op.rn(w)] - (x[Op.rm(w)] << Op.imm(w)) & W;
                    case Op.SUBS_LSL64 -> {
                        long a = x[Op.rn(w)];
                        long b = x[Op.rm(w)] << Op.imm(w);
                        pe.nzcv = Alu.subFlags64(a, b);
                        x[Op.rd(w)] = a - b;
                    }
                    case Op.SUBS_LSL32 -> {
                        int a = (int) x[Op.rn(w)];
                        int b = (int) x[Op.rm(w)] << Op.imm(w);
                        pe.nzcv = Alu.subFlags32(a, b);
                        x[Op.rd(w)] = a - b & W;
                    }
                    case Op.ADDS_LSL64 -> {
                        long a = x[Op.rn(w)];
                        long b = x[Op.rm(w)] << Op.imm(w);
                        pe.nzcv = Alu.addFlags64(a, b);
                        x[Op.rd(w)] = a + b;
                    }
                    case Op.AND_LSL64 -> x[Op.rd(w)] = x[Op.rn(w)] & x[Op.rm(w)] << Op.imm(w);
                    case Op.AND_LSL32 -> x[Op.rd(w)] = x[Op.rn(w)] & x[Op.rm(w)] << Op.imm(w) & W;
                    case Op.BIC_LSL64 -> x[Op.rd(w)] = x[Op.rn(w)] & ~(x[Op.rm(w)] << Op.imm(w));
                    case Op.ORR_LSL64 -> x[Op.rd(w)] = x[Op.rn(w)] | x[Op.rm(w)] << Op.imm(w);
                    case Op.ORR_LSL32 -> x[Op.rd(w)] = (x[Op.rn(w)] | x[Op.rm(w)] << Op.imm(w)) & W;
                    case Op.EOR_LSL64 -> x[Op.rd(w)] = x[Op.rn(w)] ^ x[Op.rm(w)] << Op.imm(w);
                    case Op.EOR_LSL32 -> x[Op.rd(w)] = (x[Op.rn(w)] ^ x[Op.rm(w)] << Op.imm(w)) & W;
                    case Op.EOR_LSR ->
                            x[Op.rd(w)] =
                                    Op.aux(w) != 0
                                            ? x[Op.rn(w)] ^ x[Op.rm(w)] >>> Op.imm(w)
                                            : (x[Op.rn(w)] ^ (x[Op.rm(w)] & W) >>> Op.imm(w)) & W;
                    case Op.ANDS_LSL64 -> {
                        long r = x[Op.rn(w)] & x[Op.rm(w)] << Op.imm(w);
                        pe.nzcv = Alu.logicFlags64(r);
                        x[Op.rd(w)] = r;
                    }
                    case Op.ANDS_LSL32 -> {
                        int r = (int) x[Op.rn(w)] & (int) x[Op.rm(w)] << Op.imm(w);
                        pe.nzcv = Alu.logicFlags32(r);
                        x[Op.rd(w)] = r & W;
                    }
                    case Op.ADD_EXT_W -> {
                        int m = (int) x[Op.rm(w)];
                        long extended = Op.aux(w) != 0 ? m : m & W;
                        x[Op.rd(w)] = x[Op.rn(w)] + (extended << Op.imm(w));
                    }
                    case Op.MOVE_IMM -> x[Op.rd(w)] = (w >>> 32) << (Op.aux(w) << 4);
                    case Op.MOVN64 -> x[Op.rd(w)] = ~((w >>> 32) << (Op.aux(w) << 4));
                    case Op.MOVN32 -> x[Op.rd(w)] = ~((w >>> 32) << (Op.aux(w) << 4)) & W;
                    case Op.MOVK64 -> {
                        int shift = Op.aux(w) << 4;
                        x[Op.rd(w)] = x[Op.rn(w)] & ~(0xffffL << shift) | (w >>> 32) << shift;
                    }
                    case Op.MOVK32 -> {
                        int shift = Op.aux(w) << 4;
                        x[Op.rd(w)] = x[Op.rn(w)] & ~(0xffffL << shift) & W | (w >>> 32) << shift;
                    }
                    case Op.ADR -> x[Op.rd(w)] = base + (i - 1) * 4L + Op.imm(w);
                    case Op.ADRP -> x[Op.rd(w)] = base + ((long) Op.imm(w) << 12);
                    case Op.UBFX ->
                            x[Op.rd(w)] = x[Op.rn(w)] >>> Op.imm(w) & -1L >>> (Op.imm(w) >>> 8);
                    case Op.UBFIZ ->
                            x[Op.rd(w)] = (x[Op.rn(w)] & -1L >>> (Op.imm(w) >>> 8)) << Op.imm(w);
                    case Op.SBFX -> x[Op.rd(w)] = x[Op.rn(w)] << (Op.imm(w) >>> 8) >> Op.imm(w);
                    case Op.SBFX32 ->
                            x[Op.rd(w)] = x[Op.rn(w)] << (Op.imm(w) >>> 8) >> Op.imm(w) & W;
                    case Op.CSEL64 -> x[Op.rd(w)] = x[Alu.holds(Op.aux(w), pe.nzcv) ? Op.rn(w) : Op.rm(w)];
                    case Op.CSEL32 -> x[Op.rd(w)] = x[Alu.holds(Op.aux(w), pe.nzcv) ? Op.rn(w) : Op.rm(w)] & W;
                    case Op.CSINC64 ->
                            x[Op.rd(w)] = Alu.holds(Op.aux(w), pe.nzcv) ? x[Op.rn(w)] : x[Op.rm(w)] + 1;
                    case Op.CSINC32 ->
                            x[Op.rd(w)] =
                                    (Alu.holds(Op.aux(w), pe.nzcv) ? x[Op.rn(w)] : x[Op.rm(w)] + 1) & W;
                    case Op.MADD64 -> x[Op.rd(w)] = x[Op.imm(w)] + x[Op.rn(w)] * x[Op.rm(w)];
                    case Op.MADD32 -> x[Op.rd(w)] = x[Op.imm(w)] + x[Op.rn(w)] * x[Op.rm(w)] & W;
                    case Op.LSLV64 -> x[Op.rd(w)] = x[Op.rn(w)] << x[Op.rm(w)];
                    case Op.LSRV64 -> x[Op.rd(w)] = x[Op.rn(w)] >>> x[Op.rm(w)];

                    case Op.B -> {
                        int to = i - 1 + Op.imm(w);
                        bound += to - i;
                        i = to;
                        end = blockEnd(pe, to, bound);
                    }
                    case Op.BL -> {
                        x[30] = base + i * 4L;
                        int to = i - 1 + Op.imm(w);
                        bound += to - i;
                        i = to;
                        end = blockEnd(pe, to, bound);
                    }
                    case Op.B_COND -> {
                        if (Alu.holds(Op.aux(w), pe.nzcv)) {
                            int to = i - 1 + Op.imm(w);
                            bound += to - i;
                            i = to;
                            end = blockEnd(pe, to, bound);
                        }
                    }
                    case Op.CBZ64 -> {
                        if (x[Op.rd(w)] == 0) {
                            int to = i - 1 + Op.imm(w);
                            bound += to - i;
                            i = to;
                            end = blockEnd(pe, to, bound);
                        }
                    }
                    case Op.CBNZ64 -> {
                        if (x[Op.rd(w)] != 0) {
                            int to = i - 1 + Op.imm(w);
                            bound += to - i;
                            i = to;
                            end = blockEnd(pe, to, bound);
                        }
                    }
                    case Op.CBZ32 -> {
                        if ((int) x[Op.rd(w)] == 0) {
                            int to = i - 1 + Op.imm(w);
                            bound += to - i;
                            i = to;
                            end = blockEnd(pe, to, bound);
                        }
                    }
                    case Op.CBNZ32 -> {
                        if ((int) x[Op.rd(w)] != 0) {
                            int to = i - 1 + Op.imm(w);
                            bound += to - i;
                            i = to;
                            end = blockEnd(pe, to, bound);
                        }
                    }
                    case Op.TBZ -> {
                        if ((x[Op.rd(w)] >>> Op.rm(w) & 1) == 0) {
                            int to = i - 1 + Op.imm(w);
                            bound += to - i;
                            i = to;
                            end = blockEnd(pe, to, bound);
                        }
                    }
                    case Op.TBNZ -> {
                        if ((x[Op.rd(w)] >>> Op.rm(w) & 1) != 0) {
                            int to = i - 1 + Op.imm(w);
                            bound += to - i;
                            i = to;
                            end = blockEnd(pe, to, bound);
                        }
                    }
                    case Op.CMP_IMM64_B_COND, Op.CMP_IMM32_B_COND, Op.CMP_REG64_B_COND, Op.CMP_REG32_B_COND -> {
                        int op = (int) w & 511;
                        int offset = Op.imm(w);
                        if (op == Op.CMP_IMM64_B_COND) {
                            pe.nzcv = Alu.subFlags64(x[Op.rn(w)], offset & 0xfff);
                            offset >>= 12;
                        } else if (op == Op.CMP_IMM32_B_COND) {
                            pe.nzcv = Alu.subFlags32((int) x[Op.rn(w)], offset & 0xfff);
                            offset >>= 12;
                        } else if (op == Op.CMP_REG64_B_COND) {
                            pe.nzcv = Alu.subFlags64(x[Op.rn(w)], x[Op.rm(w)]);
                        } else {
                            pe.nzcv = Alu.subFlags32((int) x[Op.rn(w)], (int) x[Op.rm(w)]);
                        }
                        if (i < end) {
                            i++;
                            if (Alu.holds(Op.aux(w), pe.nzcv)) {
                                int to = i - 1 + offset;
                                bound += to - i;
                                i = to;
                                end = blockEnd(pe, to, bound);
                            }
                        }
                    }
                    case Op.BR, Op.BLR -> {
                        long to = x[Op.rn(w)];
                        if (((int) w & 511) == Op.BLR) {
                            x[30] = base + i * 4L;
                        }
                        if ((to & ~0xffcL) == base && pe.attention == 0) {
                            int t = (int) (to >>> 2) & (WORDS - 1);
                            bound += t - i;
                            i = t;
                            end = Math.min(bound, WORDS);
                        } else {
                            if (recorder != null) {
                                retire(pe, base, at, code, el);
                            }
                            pe.pc = pe.branchTarget(to);
                            pe.retired = retiredAtEnd - (bound - i);
                            return;
                        }
                    }

                    case Op.LDR64 -> x[Op.rd(w)] = load64(pe, fast, memory, address(pe, x, w) + Op.imm(w), bound - i);
                    case Op.LDR32 -> x[Op.rd(w)] = load32(pe, fast, memory, address(pe, x, w) + Op.imm(w), bound - i);
                    case Op.LDRSW ->
                            x[Op.rd(w)] = (int) load32(pe, fast, memory, address(pe, x, w) + Op.imm(w), bound - i);
                    case Op.LDR16 -> x[Op.rd(w)] = load16(pe, fast, memory, address(pe, x, w) + Op.imm(w), bound - i);
                    case Op.LDR8 -> x[Op.rd(w)] = load8(pe, fast, memory, address(pe, x, w) + Op.imm(w), bound - i);
                    case Op.LDRS -> loadSigned(pe, fast, memory, address(pe, x, w) + Op.imm(w), w, bound - i);
                    case Op.STR64 -> store64(pe, fast, memory, address(pe, x, w) + Op.imm(w), x[Op.rd(w)], bound - i);
                    case Op.STR32 -> store32(pe, fast, memory, address(pe, x, w) + Op.imm(w), x[Op.rd(w)], bound - i);
                    case Op.STR16 -> store16(pe, fast, memory, address(pe, x, w) + Op.imm(w), x[Op.rd(w)], bound - i);
                    case Op.STR8 -> store8(pe, fast, memory, address(pe, x, w) + Op.imm(w), x[Op.rd(w)], bound - i);
                    case Op.LDR64_REG ->
                            x[Op.rd(w)] =
                                    load64(pe, fast, memory, address(pe, x, w) + (x[Op.rm(w)] << Op.aux(w)), bound - i);
                    case Op.LDR32_REG ->
                            x[Op.rd(w)] =
                                    load32(pe, fast, memory, address(pe, x, w) + (x[Op.rm(w)] << Op.aux(w)), bound - i);
                    case Op.LDR8_REG ->
                            x[Op.rd(w)] =
                                    load8(pe, fast, memory, address(pe, x, w) + (x[Op.rm(w)] << Op.aux(w)), bound - i);
                    case Op.STR64_REG ->
                            store64(
                                    pe, fast, memory, address(pe, x, w) + (x[Op.rm(w)] << Op.aux(w)), x[Op.rd(w)], bound - i);
                    case Op.STR32_REG ->
                            store32(
                                    pe, fast, memory, address(pe, x, w) + (x[Op.rm(w)] << Op.aux(w)), x[Op.rd(w)], bound - i);
                    case Op.STR8_REG ->
                            store8(
                                    pe, fast, memory, address(pe, x, w) + (x[Op.rm(w)] << Op.aux(w)), x[Op.rd(w)], bound - i);
                    case Op.LDR64_WB, Op.LDR32_WB, Op.LDR8_WB, Op.STR64_WB, Op.STR32_WB, Op.STR8_WB ->
                            writeBack(pe, fast, memory, x, w, bound - i);
                    case Op.LDP64 -> {
                        long address = address(pe, x, w);
                        long updated = address + Op.imm(w);
                        long va = Op.aux(w) == 2 ? address : updated;
                        int t = (int) (va >>> 12) & (FastTlb.ENTRIES - 1);
                        if (fast.readTag[t] == (va + 15 & ~0xfffL)) {
                            long offset = va + fast.addend[t];
                            long first = memory.get64(offset);
                            x[Op.rm(w)] = memory.get64(offset + 8);
                            x[Op.rd(w)] = first;
                        } else {
                            slowLoadPair(pe, va, w, bound - i);
                        }
                        if (Op.aux(w) != 0) {
                            x[Op.rn(w)] = updated;
                        }
                    }
                    case Op.STP64 -> {
                        long address = address(pe, x, w);
                        long updated = address + Op.imm(w);
                        long va = Op.aux(w) == 2 ? address : updated;
                        int t = (int) (va >>> 12) & (FastTlb.ENTRIES - 1);
                        if (fast.writeTag[t] == (va + 15 & ~0xfffL) && recorder == null) {
                            long offset = va + fast.addend[t];
                            memory.put64(offset, x[Op.rd(w)]);
                            memory.put64(offset + 8, x[Op.rm(w)]);
                        } else {
                            slowStorePair(pe, va, w, bound - i);
                        }
                        if (Op.aux(w) != 0) {
                            x[Op.rn(w)] = updated;
                        }
                    }
                    case Op.LDR_Q -> loadVector(pe, fast, memory, address(pe, x, w) + Op.imm(w), w, bound - i);
                    case Op.STR_Q -> storeVector(pe, fast, memory, address(pe, x, w) + Op.imm(w), w, bound - i);
                    case Op.NOP -> {}
                    case Op.INTEGER -> IntegerSemantics.execute(pe, ROWS[Op.ordinal(w)], Op.imm(w));
                    case Op.SIMD -> {
                        if (!pe.fpEnabled) {
                            pe.checkFpAccess();
                        }
                        SimdSemantics.execute(pe, ROWS[Op.ordinal(w)], Op.imm(w));
                    }
                    case Op.LOAD_STORE, Op.SIMD_LOAD_STORE, Op.MRS, Op.BARRIER, Op.UNDEFINED -> {
                        pe.pc = base + (i - 1) * 4L;
                        pe.retired = retiredAtEnd - (bound - i) - 1;
                        outOfLine(pe, w);
                        if (pe.attention != 0) {
                            end = Integer.MIN_VALUE;
                        }
                    }
                    default -> {
                        pe.pc = base + (i - 1) * 4L;
                        pe.retired = retiredAtEnd - (bound - i) - 1;
                        SystemSemantics.execute(pe, ROWS[Op.ordinal(w)], Op.imm(w));
                        pe.retired++;
                        if (recorder != null) {
                            retire(pe, base, at, code, el);
                        }
                        return;
                    }
                }
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
        if (recorder != null) {
            recorder.exception(pe, true);
        }
    }

    private void retire(Pe pe, long base, int at, long[] code, int el) {
        int word = memory.get32(code[WORDS] + at * 4L);
        A64 row = A64.decode(word);
        long writes = row == null ? 0 : row.writesX(word) & W | (long) row.writesV(word) << 32;
        recorder.retire(pe, base + at * 4L, el, writes);
    }

    private static long address(Pe pe, long[] x, long w) {
        long address = x[Op.rn(w)];
        if ((int) w < 0 && (address & 15) != 0) {
            Access.checkSp(pe);
        }
        return address;
    }

    private void outOfLine(Pe pe, long w) {
        int word = Op.imm(w);
        switch ((int) w & 511) {
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

    // Memory accesses. "left" is the budget left after the instruction: state for what may look at time.

    private void beforeSlow(Pe pe, int left) {
        pe.retired = retiredAtEnd - left - 1;
    }

    private void afterSlow(Pe pe) {
        if (pe.attention != 0) {
            end = Integer.MIN_VALUE;
        }
    }

    private long slowLoad(Pe pe, long va, int log2, int left) {
        beforeSlow(pe, left);
        long value = mmu.load(va, log2, 0);
        afterSlow(pe);
        return value;
    }

    private void slowStore(Pe pe, long va, int log2, long value, int left) {
        beforeSlow(pe, left);
        Access.store(pe, va, log2, value, 0);
        afterSlow(pe);
    }

    private long load64(Pe pe, FastTlb fast, PhysicalMemory memory, long va, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        return fast.readTag[t] == (va + 7 & ~0xfffL)
                ? memory.get64(va + fast.addend[t])
                : slowLoad(pe, va, 3, left);
    }

    private long load32(Pe pe, FastTlb fast, PhysicalMemory memory, long va, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        return fast.readTag[t] == (va + 3 & ~0xfffL)
                ? memory.get32(va + fast.addend[t]) & W
                : slowLoad(pe, va, 2, left);
    }

    private long load16(Pe pe, FastTlb fast, PhysicalMemory memory, long va, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        return fast.readTag[t] == (va + 1 & ~0xfffL)
                ? memory.get16(va + fast.addend[t]) & 0xffff
                : slowLoad(pe, va, 1, left);
    }

    private long load8(Pe pe, FastTlb fast, PhysicalMemory memory, long va, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        return fast.readTag[t] == (va & ~0xfffL)
                ? memory.get8(va + fast.addend[t]) & 0xff
                : slowLoad(pe, va, 0, left);
    }

    private void store64(Pe pe, FastTlb fast, PhysicalMemory memory, long va, long value, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (fast.writeTag[t] == (va + 7 & ~0xfffL) && recorder == null) {
            memory.put64(va + fast.addend[t], value);
        } else {
            slowStore(pe, va, 3, value, left);
        }
    }

    private void store32(Pe pe, FastTlb fast, PhysicalMemory memory, long va, long value, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (fast.writeTag[t] == (va + 3 & ~0xfffL) && recorder == null) {
            memory.put32(va + fast.addend[t], (int) value);
        } else {
            slowStore(pe, va, 2, value, left);
        }
    }

    private void store16(Pe pe, FastTlb fast, PhysicalMemory memory, long va, long value, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (fast.writeTag[t] == (va + 1 & ~0xfffL) && recorder == null) {
            memory.put16(va + fast.addend[t], (short) value);
        } else {
            slowStore(pe, va, 1, value, left);
        }
    }

    private void store8(Pe pe, FastTlb fast, PhysicalMemory memory, long va, long value, int left) {
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (fast.writeTag[t] == (va & ~0xfffL) && recorder == null) {
            memory.put8(va + fast.addend[t], (byte) value);
        } else {
            slowStore(pe, va, 0, value, left);
        }
    }

    private void loadSigned(Pe pe, FastTlb fast, PhysicalMemory memory, long va, long w, int left) {
        int aux = Op.aux(w);
        long value =
                (aux & 3) == 0
                        ? (byte) load8(pe, fast, memory, va, left)
                        : (short) load16(pe, fast, memory, va, left);
        pe.x[Op.rd(w)] = (aux & 4) != 0 ? value & W : value;
    }

    private void writeBack(Pe pe, FastTlb fast, PhysicalMemory memory, long[] x, long w, int left) {
        long address = address(pe, x, w);
        long updated = address + Op.imm(w);
        long at = Op.aux(w) != 0 ? address : updated;
        switch ((int) w & 511) {
            case Op.LDR64_WB -> x[Op.rd(w)] = load64(pe, fast, memory, at, left);
            case Op.LDR32_WB -> x[Op.rd(w)] = load32(pe, fast, memory, at, left);
            case Op.LDR8_WB -> x[Op.rd(w)] = load8(pe, fast, memory, at, left);
            case Op.STR64_WB -> store64(pe, fast, memory, at, x[Op.rd(w)], left);
            case Op.STR32_WB -> store32(pe, fast, memory, at, x[Op.rd(w)], left);
            default -> store8(pe, fast, memory, at, x[Op.rd(w)], left);
        }
        x[Op.rn(w)] = updated;
    }

    private void slowLoadPair(Pe pe, long va, long w, int left) {
        beforeSlow(pe, left);
        mmu.check(va, 16, 0);
        long first = Access.load(pe, va, 3, 0);
        pe.x[Op.rm(w)] = Access.load(pe, va + 8, 3, 0);
        pe.x[Op.rd(w)] = first;
        afterSlow(pe);
    }

    private void slowStorePair(Pe pe, long va, long w, int left) {
        beforeSlow(pe, left);
        Access.probeStore(pe, va, 16, 0);
        Access.store(pe, va, 3, pe.x[Op.rd(w)], 0);
        Access.store(pe, va + 8, 3, pe.x[Op.rm(w)], 0);
        afterSlow(pe);
    }

    private void loadVector(Pe pe, FastTlb fast, PhysicalMemory memory, long va, long w, int left) {
        checkFp(pe);
        int log2 = Op.aux(w);
        int v = 2 * Op.rd(w);
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (log2 >= 3 && fast.readTag[t] == (va + (1 << log2) - 1 & ~0xfffL)) {
            long offset = va + fast.addend[t];
            pe.v[v] = memory.get64(offset);
            pe.v[v + 1] = log2 == 4 ? memory.get64(offset + 8) : 0;
        } else {
            beforeSlow(pe, left);
            LoadStoreSemantics.loadVector(pe, va, log2, Op.rd(w));
            afterSlow(pe);
        }
    }

    private void storeVector(Pe pe, FastTlb fast, PhysicalMemory memory, long va, long w, int left) {
        checkFp(pe);
        int log2 = Op.aux(w);
        int v = 2 * Op.rd(w);
        int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
        if (log2 >= 3 && recorder == null && fast.writeTag[t] == (va + (1 << log2) - 1 & ~0xfffL)) {
            long offset = va + fast.addend[t];
            memory.put64(offset, pe.v[v]);
            if (log2 == 4) {
                memory.put64(offset + 8, pe.v[v + 1]);
            }
        } else {
            beforeSlow(pe, left);
            LoadStoreSemantics.storeVector(pe, va, log2, Op.rd(w));
            afterSlow(pe);
        }
    }
}
