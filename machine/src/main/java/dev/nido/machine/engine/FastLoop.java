package dev.nido.machine.engine;

import dev.nido.machine.CodeCache;
import dev.nido.machine.PhysicalMemory;
import dev.nido.machine.mmu.FastTlb;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.pe.Pe;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/**
 * The interpreter's hot loop: what makes up most of every program, as long as nothing unusual
 * happens. It calls nothing and throws nothing; whatever it does not do itself (instructions of a
 * class of {@link Op} of their own, accesses that miss the fast arrays, words not decoded) it
 * leaves to its caller, with all state exact.
 *
 * <p>The class exists twice: as it stands here, and once more as a hidden class whose constant
 * {@link #RECORDING} is true, for machines that record their instruction stream. So neither pays
 * for the other, and the JVM's profiles of the two stay apart.
 *
 * <p>Two index values account for everything: {@code i} is the next instruction's index in the
 * current page, {@code bound} the index at which the budget would end if no branch were taken;
 * {@code bound - i} instructions are left.
 */
final class FastLoop implements HotLoop {

    private static final boolean RECORDING = classData();

    /**
     * Reads the flags where the compiler must not see that another class of operations does so too.
     */
    private static final VarHandle NZCV;

    static {
        try {
            NZCV = MethodHandles.lookup().findVarHandle(Pe.class, "nzcv", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int WORDS = CodeCache.WORDS;
    private static final long W = 0xffffffffL;

    private final Pe pe;
    private final Mmu mmu;
    private final PhysicalMemory memory;
    private final StreamRecorder recorder;

    FastLoop(Pe pe, StreamRecorder recorder) {
        this.pe = pe;
        this.mmu = pe.mmu;
        this.memory = pe.machine.memory();
        this.recorder = recorder;
    }

    /** The loop for a PE; the recording one if there is a recorder. */
    static HotLoop of(Pe pe, StreamRecorder recorder) {
        if (recorder == null) {
            return new FastLoop(pe, null);
        }
        try {
            return (HotLoop) Twin.CONSTRUCTOR.invoke(pe, recorder);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** The same class with the other constant. */
    private static final class Twin {
        static final java.lang.invoke.MethodHandle CONSTRUCTOR = define();

        private static java.lang.invoke.MethodHandle define() {
            try (InputStream in = FastLoop.class.getResourceAsStream("FastLoop.class")) {
                MethodHandles.Lookup twin =
                        MethodHandles.lookup()
                                .defineHiddenClassWithClassData(
                                        in.readAllBytes(), Boolean.TRUE, true);
                return twin.findConstructor(
                        twin.lookupClass(),
                        MethodType.methodType(void.class, Pe.class, StreamRecorder.class));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static boolean classData() {
        try {
            return FastLoop.class.isHidden()
                    && MethodHandles.classData(MethodHandles.lookup(), "_", Boolean.class);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public boolean run(long[] firstPage, int budget) {
        final Pe pe = this.pe;
        // Null checks here, once, or else at each access.
        final long[] x = Objects.requireNonNull(pe.x);
        final FastTlb fast = mmu.fast;
        final long[] readTag = Objects.requireNonNull(fast.readTag);
        final long[] writeTag = Objects.requireNonNull(fast.writeTag);
        final long[] addend = Objects.requireNonNull(fast.addend);
        final PhysicalMemory memory = this.memory;
        final StreamRecorder recorder = this.recorder;
        final long head = RECORDING ? StreamRecorder.head(pe) : 0;
        final long retiredAtEnd = pe.retired + budget;
        long[] code = Objects.requireNonNull(firstPage);
        long base = pe.pc & ~0xfffL;
        int i = (int) (pe.pc >>> 2) & WORDS - 1;
        int bound = i + budget;
        boolean unusual = false;
        pages:
        while (true) {
            int end = Math.min(bound, WORDS);
            while (i < end) {
                int at = i;
                long w = PhysicalMemory.getElement(code, at);
                final int lo = (int) w;
                int op = lo & 255;
                long a = PhysicalMemory.getElement(x, lo >>> 14 & 63);
                if (op >= Op.ALU) {
                    final int d = lo >>> 8 & 63;
                    final int imm = (int) (w >> 32);
                    final long b = PhysicalMemory.getElement(x, lo >>> 20 & 63) << (lo >>> 26);
                    long r;
                    switch (op & ~Op.BEFORE_BRANCH) {
                        case Op.ADD64 -> r = a + b + imm;
                        case Op.ADD32 -> r = (int) a + (int) b + imm & W;
                        case Op.SUB64 -> r = a - b;
                        case Op.SUB32 -> r = (int) a - (int) b & W;
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
                        case Op.ADD_UXTW ->
                                r =
                                        a
                                                + ((PhysicalMemory.getElement(x, lo >>> 20 & 63)
                                                                & W)
                                                        << (lo >>> 26));
                        case Op.ADD_SXTW ->
                                r =
                                        a
                                                + ((long)
                                                                (int)
                                                                        PhysicalMemory.getElement(
                                                                                x, lo >>> 20 & 63)
                                                        << (lo >>> 26));
                        case Op.AND_IMM -> r = a & Alu.bitmask(imm) & -1L >>> (imm >>> 13);
                        case Op.ORR_IMM -> r = (a | Alu.bitmask(imm)) & -1L >>> (imm >>> 13);
                        case Op.EOR_IMM -> r = (a ^ Alu.bitmask(imm)) & -1L >>> (imm >>> 13);
                        case Op.ANDS_IMM -> {
                            r = a & Alu.bitmask(imm) & -1L >>> (imm >>> 13);
                            pe.nzcv = Alu.logicFlags64(r << (imm >>> 13));
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
                        case Op.SHIFTED -> {
                            long second = Op.shifted(b, imm);
                            r =
                                    switch (imm >>> 9) {
                                        case 0 -> a + second;
                                        case 1 -> a - second;
                                        case 2 -> a & second;
                                        case 3 -> a | second;
                                        case 4 -> a ^ second;
                                        case 5 -> a & ~second;
                                        case 6 -> a | ~second;
                                        default -> a ^ ~second;
                                    };
                            if ((imm & 256) != 0) {
                                r &= W;
                            }
                        }
                        case Op.MOVE -> r = imm;
                        case Op.MOVE_U -> r = imm & W;
                        case Op.MOVE_HIGH -> r = (long) imm << (lo >>> 26);
                        case Op.MOVE_NOT_HIGH -> r = ~((long) imm << (lo >>> 26));
                        case Op.MOVK ->
                                r = a & ~(0xffffL << (lo >>> 26)) | (long) imm << (lo >>> 26);
                        case Op.ADR -> r = base + imm;
                        case Op.ADRP -> r = base + ((long) imm << 12);
                        case Op.UBFX -> r = a >>> (lo >>> 26) & -1L >>> imm;
                        case Op.UBFIZ -> r = (a & -1L >>> imm) << (lo >>> 26);
                        case Op.SBFX64 -> r = a << imm >> (lo >>> 26);
                        case Op.SBFX32 -> r = a << imm >> (lo >>> 26) & W;
                        case Op.CSEL -> {
                            r =
                                    Alu.holds(imm, pe.nzcv)
                                            ? a
                                            : (b ^ -(long) (imm >>> 5 & 1)) + (imm >>> 4 & 1);
                            if ((imm & 64) != 0) {
                                r &= W;
                            }
                        }
                        case Op.MADD64 -> r = PhysicalMemory.getElement(x, imm & 63) + a * b;
                        case Op.MADD32 -> r = PhysicalMemory.getElement(x, imm & 63) + a * b & W;
                        case Op.LSLV64 -> r = a << b;
                        case Op.LSRV64 -> r = a >>> b;
                        case Op.MSUB64 -> r = PhysicalMemory.getElement(x, imm & 63) - a * b;
                        case Op.ADC64 -> r = a + (b ^ imm) + (pe.nzcv >>> 29 & 1);
                        case Op.EXTR64 -> r = b >>> imm | a << 1 << 63 - imm;
                        case Op.EXTR32 -> r = (a << 32 | b & W) >>> imm & W;
                        default -> {
                            // CCMP, CCMN
                            int nzcv = imm >>> 4 << 28;
                            if (Alu.holds(imm, pe.nzcv)) {
                                int narrow = imm >>> 3 & 32;
                                long p = a << narrow;
                                long q = b + (imm >>> 12) << narrow;
                                nzcv =
                                        (imm & 512) != 0
                                                ? Alu.addFlags64(p, q)
                                                : Alu.subFlags64(p, q);
                            }
                            pe.nzcv = nzcv;
                            r = 0;
                        }
                    }
                    PhysicalMemory.putElement(x, d, r);
                    if (RECORDING) {
                        recorder.retireOne(pe, head, base + at * 4L, d, r);
                    }
                    i = at + 1;
                    if ((op & Op.BEFORE_BRANCH) == 0) {
                        continue;
                    }
                } else if (op >= Op.MEMORY) {
                    if (lo < 0 && (a & 15) != 0) {
                        unusual = true;
                        break pages;
                    }
                    final long va = a + Op.memoryImm(w);
                    final int d = Op.memoryRd(w);
                    final int t = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
                    boolean loaded = false;
                    switch (op) {
                        case Op.LOAD64 -> {
                            if (PhysicalMemory.getElement(readTag, t) != (va + 7 & ~0xfffL)) {
                                unusual = true;
                                break pages;
                            }
                            long r = memory.get64(va + PhysicalMemory.getElement(addend, t));
                            PhysicalMemory.putElement(x, d, r);
                            loaded = true;
                        }
                        case Op.LOAD32 -> {
                            if (PhysicalMemory.getElement(readTag, t) != (va + 3 & ~0xfffL)) {
                                unusual = true;
                                break pages;
                            }
                            long r = memory.get32(va + PhysicalMemory.getElement(addend, t)) & W;
                            PhysicalMemory.putElement(x, d, r);
                            loaded = true;
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
                            long to =
                                    va
                                            + Op.index(
                                                    PhysicalMemory.getElement(x, Op.memoryRm(w)),
                                                    Op.memoryShift(w));
                            int log2 = op & 3;
                            int u = (int) (to >>> 12) & FastTlb.ENTRIES - 1;
                            if (PhysicalMemory.getElement(readTag, u)
                                    != (to + (1 << log2) - 1 & ~0xfffL)) {
                                unusual = true;
                                break pages;
                            }
                            long offset = to + PhysicalMemory.getElement(addend, u);
                            long r =
                                    switch (log2) {
                                        case 0 -> memory.get8(offset) & 0xff;
                                        case 1 -> memory.get16(offset) & 0xffff;
                                        case 2 -> memory.get32(offset) & W;
                                        default -> memory.get64(offset);
                                    };
                            if ((op & 12) != 0) {
                                int unused = 64 - (8 << log2);
                                r = r << unused >> unused;
                                if ((op & 8) != 0) {
                                    r &= W;
                                }
                            }
                            PhysicalMemory.putElement(x, d, r);
                            loaded = true;
                        }
                        case Op.STORE64 -> {
                            if (PhysicalMemory.getElement(writeTag, t) != (va + 7 & ~0xfffL)) {
                                unusual = true;
                                break pages;
                            }
                            long r = PhysicalMemory.getElement(x, d);
                            memory.put64(va + PhysicalMemory.getElement(addend, t), r);
                            if (RECORDING) {
                                recorder.retireStore(pe, head, base + at * 4L, va, 3, r);
                            }
                        }
                        case Op.STORE, Op.STORE + 1, Op.STORE + 2, Op.STORE + 3 -> {
                            long to =
                                    va
                                            + Op.index(
                                                    PhysicalMemory.getElement(x, Op.memoryRm(w)),
                                                    Op.memoryShift(w));
                            int log2 = op & 3;
                            int u = (int) (to >>> 12) & FastTlb.ENTRIES - 1;
                            if (PhysicalMemory.getElement(writeTag, u)
                                    != (to + (1 << log2) - 1 & ~0xfffL)) {
                                unusual = true;
                                break pages;
                            }
                            long offset = to + PhysicalMemory.getElement(addend, u);
                            long r = PhysicalMemory.getElement(x, d);
                            switch (log2) {
                                case 0 -> memory.put8(offset, (byte) r);
                                case 1 -> memory.put16(offset, (short) r);
                                case 2 -> memory.put32(offset, (int) r);
                                default -> memory.put64(offset, r);
                            }
                            if (RECORDING) {
                                recorder.retireStore(pe, head, base + at * 4L, to, log2, r);
                            }
                        }
                        case Op.LDP64, Op.STP64 -> {
                            int mode = Op.memoryShift(w) & 3;
                            long to = mode == 2 ? a : va;
                            int u = (int) (to >>> 12) & FastTlb.ENTRIES - 1;
                            int d2 = Op.memoryRm(w);
                            int n = mode == 0 ? Pe.SINK : Op.memoryRn(w);
                            long last = to + 15 & ~0xfffL;
                            if (op == Op.LDP64) {
                                if (PhysicalMemory.getElement(readTag, u) != last) {
                                    unusual = true;
                                    break pages;
                                }
                                long offset = to + PhysicalMemory.getElement(addend, u);
                                long r = memory.get64(offset);
                                PhysicalMemory.putElement(x, d2, memory.get64(offset + 8));
                                PhysicalMemory.putElement(x, d, r);
                                PhysicalMemory.putElement(x, n, va);
                                if (RECORDING) {
                                    recorder.retire(pe, head, base + at * 4L, d, d2, n);
                                }
                            } else {
                                if (PhysicalMemory.getElement(writeTag, u) != last) {
                                    unusual = true;
                                    break pages;
                                }
                                long offset = to + PhysicalMemory.getElement(addend, u);
                                long first = PhysicalMemory.getElement(x, d);
                                long second = PhysicalMemory.getElement(x, d2);
                                memory.put64(offset, first);
                                memory.put64(offset + 8, second);
                                PhysicalMemory.putElement(x, n, va);
                                if (RECORDING) {
                                    recorder.store(to, 8, first);
                                    recorder.store(to + 8, 8, second);
                                    recorder.retire(pe, head, base + at * 4L, Pe.SINK, Pe.SINK, n);
                                }
                            }
                        }
                        case Op.LOAD_WB, Op.LOAD_WB + 1, Op.LOAD_WB + 2, Op.LOAD_WB + 3 -> {
                            long to = (Op.memoryShift(w) & 1) != 0 ? a : va;
                            int log2 = op & 3;
                            int u = (int) (to >>> 12) & FastTlb.ENTRIES - 1;
                            if (PhysicalMemory.getElement(readTag, u)
                                    != (to + (1 << log2) - 1 & ~0xfffL)) {
                                unusual = true;
                                break pages;
                            }
                            long offset = to + PhysicalMemory.getElement(addend, u);
                            long r =
                                    switch (log2) {
                                        case 0 -> memory.get8(offset) & 0xff;
                                        case 1 -> memory.get16(offset) & 0xffff;
                                        case 2 -> memory.get32(offset) & W;
                                        default -> memory.get64(offset);
                                    };
                            int n = Op.memoryRn(w);
                            PhysicalMemory.putElement(x, d, r);
                            PhysicalMemory.putElement(x, n, va);
                            if (RECORDING) {
                                recorder.retireTwo(pe, head, base + at * 4L, d, r, n, va);
                            }
                        }
                        case Op.STORE_WB, Op.STORE_WB + 1, Op.STORE_WB + 2, Op.STORE_WB + 3 -> {
                            long to = (Op.memoryShift(w) & 1) != 0 ? a : va;
                            int log2 = op & 3;
                            int u = (int) (to >>> 12) & FastTlb.ENTRIES - 1;
                            if (PhysicalMemory.getElement(writeTag, u)
                                    != (to + (1 << log2) - 1 & ~0xfffL)) {
                                unusual = true;
                                break pages;
                            }
                            long offset = to + PhysicalMemory.getElement(addend, u);
                            long r = PhysicalMemory.getElement(x, d);
                            switch (log2) {
                                case 0 -> memory.put8(offset, (byte) r);
                                case 1 -> memory.put16(offset, (short) r);
                                case 2 -> memory.put32(offset, (int) r);
                                default -> memory.put64(offset, r);
                            }
                            int n = Op.memoryRn(w);
                            PhysicalMemory.putElement(x, n, va);
                            if (RECORDING) {
                                recorder.store(to, 1 << log2, r & -1L >>> 64 - (8 << log2));
                                recorder.retire(pe, head, base + at * 4L, Pe.SINK, Pe.SINK, n);
                            }
                        }
                        default -> {
                            unusual = true;
                            break pages;
                        }
                    }
                    i = at + 1;
                    if (RECORDING && loaded) {
                        recorder.retireOne(
                                pe, head, base + at * 4L, d, PhysicalMemory.getElement(x, d));
                    }
                    if ((Op.memoryShift(w) & Op.MEMORY_BEFORE_BRANCH) == 0) {
                        continue;
                    }
                } else if (op < Op.BRANCH) {
                    unusual = true;
                    break pages;
                }
                if (op >= Op.MEMORY) {
                    // A branch follows, unless it has been invalidated.
                    at = i;
                    if (at >= end) {
                        continue;
                    }
                    w = PhysicalMemory.getElement(code, at);
                    op = (int) w & 255;
                    if (op < Op.BRANCH || op >= Op.MEMORY) {
                        continue;
                    }
                    a = PhysicalMemory.getElement(x, Op.branchRn(w));
                }
                {
                    boolean taken;
                    int linked = Pe.SINK;
                    long link = 0;
                    int from = at;
                    int offset = Op.conditional(w);
                    switch (op) {
                        case Op.COMPARE_BRANCH -> {
                            long second =
                                    PhysicalMemory.getElement(x, Op.branchRm(w))
                                            + (w >>> 32 & 0xfff);
                            int cond = Op.branchShift(w);
                            int narrow = cond << 1 & 32;
                            long r = a - second & -1L >>> narrow;
                            long p = a << narrow;
                            long q = second << narrow;
                            long difference = p - q;
                            int negative = (int) (difference >>> 63);
                            int zero = Alu.zero(difference);
                            int borrow = (int) ((~p & q | ~(p ^ q) & difference) >>> 63);
                            int overflow = (int) (((p ^ q) & (p ^ difference)) >>> 63);
                            pe.nzcv =
                                    negative << 31
                                            | zero << 30
                                            | (borrow ^ 1) << 29
                                            | overflow << 28;
                            PhysicalMemory.putElement(x, Op.branchRd(w), r);
                            if (RECORDING) {
                                recorder.retireOne(pe, head, base + at * 4L, Op.branchRd(w), r);
                            }
                            from = at + 1;
                            i = from;
                            if (from >= end) {
                                continue;
                            }
                            taken =
                                    ((cond
                                                            ^ cond >>> 1 & zero
                                                            ^ cond >>> 2 & (negative ^ overflow)
                                                            ^ cond >>> 3 & borrow)
                                                    & 1)
                                            != 0;
                        }
                        case Op.TEST_BRANCH -> {
                            taken =
                                    (a << Op.branchShift(w) >>> Op.branchRm(w) == 0)
                                            != ((w >>> 8 & 1) != 0);
                        }
                        case Op.B_COND -> {
                            taken = Alu.holds(Op.branchShift(w), (int) NZCV.getOpaque(pe));
                        }
                        case Op.B -> {
                            taken = true;
                            offset = Op.unconditional(w);
                        }
                        case Op.BL -> {
                            long r = base + (at + 1) * 4L;
                            PhysicalMemory.putElement(x, Op.branchRd(w), r);
                            taken = true;
                            offset = Op.unconditional(w);
                            linked = Op.branchRd(w);
                            link = r;
                        }
                        default -> {
                            // BR, BLR, RET
                            long r = base + (at + 1) * 4L;
                            long distance = a - base >> 2;
                            if ((a & ~0xffcL) != base
                                    && (PhysicalMemory.getElement(
                                                            fast.fetchTag,
                                                            (int) (a >> 12) & FastTlb.ENTRIES - 1)
                                                    != (a & ~0xffcL)
                                            || distance + FAR >>> 1 + FAR_BITS != 0)) {
                                unusual = true;
                                break pages;
                            }
                            PhysicalMemory.putElement(x, Op.branchRd(w), r);
                            taken = true;
                            offset = (int) distance - at;
                            linked = Op.branchRd(w);
                            link = r;
                        }
                    }
                    if (RECORDING) {
                        recorder.retireOne(pe, head, base + from * 4L, linked, link);
                    }
                    if (taken) {
                        i = from + offset;
                        bound += offset - 1;
                        if ((i & -WORDS) != 0 || pe.attention != 0) {
                            break;
                        }
                        end = Math.min(bound, WORDS);
                    } else {
                        i = from + 1;
                    }
                }
            }
            if (i == bound || pe.attention != 0) {
                break;
            }
            long va = base + i * 4L;
            int page = (int) (va >>> 12) & FastTlb.ENTRIES - 1;
            if (PhysicalMemory.getElement(fast.fetchTag, page) != (va & ~0xffcL)) {
                break;
            }
            code = Objects.requireNonNull(fast.fetchCode[page]);
            base = va & ~0xfffL;
            bound -= i & -WORDS;
            i &= WORDS - 1;
        }
        pe.pc = base + i * 4L;
        pe.retired = retiredAtEnd - (bound - i);
        return unusual;
    }

    /** Indirect branches within 2 to the power of FAR_BITS words stay in the loop. */
    private static final int FAR_BITS = 29;

    private static final long FAR = 1L << FAR_BITS;
}
