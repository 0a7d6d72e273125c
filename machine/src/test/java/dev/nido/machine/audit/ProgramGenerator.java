package dev.nido.machine.audit;

import dev.nido.isa.A64;
import dev.nido.machine.engine.simd.SimdSemantics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Blocks of random integer, load and store, atomic, exclusive and branch instructions that stay in
 * their window of memory and end at their end.
 *
 * <p>Registers: X0–X13, X29 and X30 take results. X14–X17 are small offsets, X19–X22 bases that are
 * aligned to 16 bytes, X23–X25 bases of any alignment, which write-back moves, X26–X28 bases far
 * below the window for large unsigned offsets. Memory is accessed at most {@link #REACH} bytes from
 * where a base points to.
 */
final class ProgramGenerator {

    /** Bytes of a state's memory. */
    static final int WINDOW_SIZE = 2048;

    /** Words before a block that literals are read from. */
    private static final int PROLOGUE = 38;

    private static final int CENTRE = WINDOW_SIZE / 2;
    private static final int REACH = 448;
    private static final int RESULTS = 0x6000_3fff;

    private static final int MOV_X13_SP = 0x9100_03ed;
    private static final int MOV_X12_SP = 0x9100_03ec;
    private static final int MOV_SP_X13 = 0x9100_01bf;
    private static final int CLREX = 0xd503_3f5f;

    private static final Set<A64> SYSTEM =
            EnumSet.of(
                    A64.SVC,
                    A64.HVC,
                    A64.SMC,
                    A64.BRK,
                    A64.HLT,
                    A64.ERET,
                    A64.MRS,
                    A64.MSR,
                    A64.MSR_IMM,
                    A64.SYS,
                    A64.SYSL,
                    A64.WFE,
                    A64.WFI,
                    A64.UDF);

    /** Where the emulator is known to differ; {@link QemuDeviation} has the reasons. */
    private static final Set<A64> DEVIATING = EnumSet.of(A64.FCVTZS_FIX_S, A64.FJCVTZS);

    private final SimdGenerator values = new SimdGenerator();
    private final List<A64> rows =
            Arrays.stream(A64.values())
                    .filter(row -> !SimdSemantics.executes(row) && !SYSTEM.contains(row))
                    .toList();
    private final List<A64> vectorRows =
            values.rows().stream().filter(row -> !DEVIATING.contains(row)).toList();

    /** How far each of X23–X25 may have moved. */
    private final int[] low = new int[32];

    private final int[] high = new int[32];
    private final List<int[]> units = new ArrayList<>();
    private int length;
    private RandomGenerator random;

    /** The rows under audit. */
    List<A64> rows() {
        return rows;
    }

    /**
     * A block of a number of units, each an instruction with what it needs around it.
     *
     * @param executed counts, by ordinal, the words that every run of the block executes
     */
    int[] block(int unitCount, RandomGenerator source, long[] executed) {
        random = source;
        Arrays.fill(low, CENTRE - 64);
        Arrays.fill(high, CENTRE + 64);
        units.clear();
        length = 0;
        while (units.size() < unitCount) {
            A64 row =
                    random.nextInt(12) == 0
                            ? vectorRows.get(random.nextInt(vectorRows.size()))
                            : rows.get(random.nextInt(rows.size()));
            int[] unit = unit(row);
            if (unit != null) {
                units.add(unit);
                length += unit.length;
            }
        }
        return place(executed);
    }

    /** Joins the units and gives branches their targets, which are units behind them or the end. */
    private int[] place(long[] executed) {
        int[] block = new int[length];
        int[] starts = new int[units.size() + 1];
        for (int i = 0; i < units.size(); i++) {
            System.arraycopy(units.get(i), 0, block, starts[i], units.get(i).length);
            starts[i + 1] = starts[i] + units.get(i).length;
        }
        int certain = 0;
        for (int i = 0; i < units.size(); i++) {
            int last = starts[i + 1] - 1;
            boolean isCertain = starts[i] >= certain;
            if (isBranch(A64.decode(block[last]))) {
                int skipped = random.nextInt(3) == 0 ? random.nextInt(4) : 0;
                int target = starts[Math.min(i + 1 + skipped, units.size())];
                block[last] = aim(block[last], target - last);
                if (units.get(i).length == 2 && A64.decode(block[last - 1]) == A64.ADR) {
                    block[last - 1] = aim(block[last - 1], target - last + 1);
                }
                certain = Math.max(certain, target);
            }
            for (int k = starts[i]; k <= last && isCertain; k++) {
                executed[A64.decode(block[k]).ordinal()]++;
            }
        }
        return block;
    }

    private static boolean isBranch(A64 row) {
        return switch (row) {
            case B, BL, B_COND, CBZ, CBNZ, TBZ, TBNZ, BR, BLR, RET -> true;
            default -> false;
        };
    }

    /** A word with its PC-relative offset, in words. */
    private static int aim(int word, int words) {
        A64 row = A64.decode(word);
        return switch (row) {
            case B, BL -> row.field("imm26").put(word, words);
            case B_COND, CBZ, CBNZ -> row.field("imm19").put(word, words);
            case TBZ, TBNZ -> row.field("imm14").put(word, words);
            case ADR -> row.field("immlo").put(row.field("immhi").put(word, words), 0);
            default -> word;
        };
    }

    /** A unit for a row, or null where its bases have moved too far. */
    private int[] unit(A64 row) {
        for (int attempt = 0; attempt < 200; attempt++) {
            int word = row.value() | random.nextInt() & ~row.mask();
            int[] unit =
                    isMemory(row)
                            ? memoryUnit(row, word)
                            : isBranch(row) ? branchUnit(row, word) : plainUnit(row, word);
            if (unit != null) {
                for (int each : unit) {
                    A64 found = A64.decode(each);
                    if (found == null || found.reserved(each)) {
                        throw new IllegalStateException("%s %08x".formatted(row, each));
                    }
                }
                return unit;
            }
        }
        return null;
    }

    private static boolean isMemory(A64 row) {
        return (row.value() >>> 25 & 5) == 4;
    }

    private static boolean isValid(A64 row, int word) {
        return A64.decode(word) == row && !row.reserved(word);
    }

    // Without memory

    private int[] plainUnit(A64 row, int word) {
        if (!isValid(row, word)) {
            return null;
        }
        // Pointer authentication, which our CPU has not and the emulator has, is among the hints.
        int crm = word >>> 8 & 15;
        if (row == A64.HINT && (crm == 0 || crm == 1 || crm == 3)) {
            return null;
        }
        int written = row.writesX(word);
        if ((written & ~RESULTS) == 0) {
            return new int[] {word};
        }
        if (written == Integer.MIN_VALUE) {
            return new int[] {MOV_X13_SP, word, MOV_X12_SP, MOV_SP_X13};
        }
        return null;
    }

    private int[] branchUnit(A64 row, int word) {
        if (row == A64.BR || row == A64.BLR || row == A64.RET) {
            int n = random.nextInt(14);
            return new int[] {A64.ADR.value() | n, row.field("Rn").put(word, n)};
        }
        if (row == A64.B_COND && random.nextBoolean()) {
            A64 compare = random.nextBoolean() ? A64.SUBS_IMM : A64.SUBS_SHIFT;
            int before = compare.value() | random.nextInt() & ~compare.mask() | 31;
            return isValid(compare, before) ? new int[] {before, word} : null;
        }
        return new int[] {word};
    }

    // Memory

    private int[] memoryUnit(A64 row, int word) {
        String name = row.name();
        if (name.contains("_LIT")) {
            // Literals are words of the prologue.
            int index = -length - 4 - random.nextInt(PROLOGUE - 4);
            return accept(row, row.field("imm19").put(word, index), 0);
        }
        boolean exclusive = (word >>> 24 & 0x3f) == 0x08;
        boolean atomic = (word & 0x3f20_0c00) == 0x3820_0000;
        boolean ordered = (word >>> 24 & 0x3f) == 0x19;
        if (exclusive || atomic || ordered) {
            return orderedUnit(row, word, 19 + random.nextInt(4), ordered);
        }
        if (name.endsWith("_UNSIGNED") || row == A64.PRFM_IMM || name.endsWith("_UNSIGNED_V")) {
            return unsignedOffset(row, word);
        }
        boolean writeBack = name.contains("_POST") || name.contains("_PRE");
        int base = writeBack ? 23 + random.nextInt(3) : 19 + random.nextInt(7);
        word = row.field("Rn").put(word, base);
        int[] moves = {0, 0};
        if ((word & 0x3b20_0c00) == 0x3820_0800) {
            int option = word >>> 13 & 7;
            int index = option == 2 ? 14 : option == 6 ? 14 + random.nextInt(2) : 16;
            word = word & ~(31 << 16) | index << 16;
        } else if ((word & 0x3a00_0000) == 0x2800_0000) {
            int imm7 = random.nextInt(-16, 17);
            word = row.field("imm7").put(word, imm7);
            moves = new int[] {imm7 * 16, imm7 * 16};
        } else if ((word & 0x3b00_0000) == 0x3800_0000) {
            int imm9 = word << 11 >> 23;
            moves = new int[] {imm9, imm9};
        } else if (writeBack) {
            boolean immediate = random.nextBoolean();
            word = word & ~(31 << 16) | (immediate ? 31 : 17) << 16;
            moves = immediate ? new int[] {0, 64} : new int[] {-32, 32};
        }
        if (!writeBack) {
            return random.nextInt(12) == 0 && base < 23
                    ? onStack(row, word, base)
                    : accept(row, word, 0);
        }
        int lowest = low[base] + Math.min(moves[0], 0);
        int highest = high[base] + Math.max(moves[1], 0);
        if (lowest < REACH || highest > WINDOW_SIZE - REACH) {
            return random.nextInt(3) == 0 ? onStack(row, word, 19 + random.nextInt(4)) : null;
        }
        int[] unit = accept(row, word, 1 << base);
        if (unit != null) {
            low[base] = lowest;
            high[base] = highest;
        }
        return unit;
    }

    /** The access with SP as its base, which points to where a base register does. */
    private int[] onStack(A64 row, int word, int base) {
        int onStack = row.field("Rn").put(word, 31);
        int written = row.writesX(onStack);
        if ((written & 1 << 13) != 0 || accept(row, onStack, Integer.MIN_VALUE) == null) {
            return null;
        }
        return new int[] {MOV_X13_SP, 0x9100_001f | base << 5, onStack, MOV_X12_SP, MOV_SP_X13};
    }

    /** The word alone if it may be executed. */
    private static int[] accept(A64 row, int word, int alsoWritten) {
        if (!isValid(row, word) || (row.writesX(word) & ~(RESULTS | alsoWritten)) != 0) {
            return null;
        }
        int rt = word & 31;
        boolean pair = (word & 0x3a00_0000) == 0x2800_0000;
        boolean load = (word >>> 22 & 1) != 0;
        if (pair && load && rt == (word >>> 10 & 31)) {
            return null;
        }
        // Write-back of the register that is transferred is CONSTRAINED UNPREDICTABLE.
        int n = word >>> 5 & 31;
        boolean vector = (word >>> 26 & 1) != 0;
        boolean transferred = rt == n || pair && (word >>> 10 & 31) == n;
        return alsoWritten != 0 && !vector && n != 31 && transferred ? null : new int[] {word};
    }

    private int[] unsignedOffset(A64 row, int word) {
        boolean vector = (word >>> 26 & 1) != 0;
        int log2 = (vector ? word >>> 21 & 4 : 0) | word >>> 30;
        if (log2 > 4) {
            return null;
        }
        int base = 19 + random.nextInt(7);
        int offset = random.nextInt(400 >> log2);
        if (random.nextBoolean()) {
            base = log2 < 2 ? 26 : log2 == 2 ? 27 : 28;
            offset = (farBelow(base) >> log2) + random.nextInt(-400 >> log2, 400 >> log2);
        }
        return accept(row, row.field("imm12").put(row.field("Rn").put(word, base), offset), 0);
    }

    private static int farBelow(int base) {
        return base == 26 ? 0xc00 : base == 27 ? 0x3000 : 0x7000;
    }

    private int[] orderedUnit(A64 row, int word, int base, boolean offset) {
        word = row.field("Rn").put(word, base);
        if (offset) {
            word = row.field("imm9").put(word, random.nextInt(-15, 16) * 16);
        }
        if (!isValid(row, word) || (row.writesX(word) & ~RESULTS) != 0) {
            return null;
        }
        String name = row.name();
        int rt = word & 31;
        int rt2 = word >>> 10 & 31;
        int rs = word >>> 16 & 31;
        boolean exclusivePair = name.endsWith("XP");
        if (name.startsWith("LD") && exclusivePair && rt == rt2) {
            return null;
        }
        if (name.startsWith("STX") || name.startsWith("STLX")) {
            if (rs == rt || rs == base || exclusivePair && rs == rt2) {
                return null;
            }
            A64 load = A64.valueOf(name.replace("STLX", "LDAX").replace("STX", "LDX"));
            int first = load.value() | word & ~load.mask() & 1 << 30 | base << 5;
            first |=
                    exclusivePair
                            ? random.nextInt(6) | 6 + random.nextInt(6) << 10
                            : random.nextInt(12);
            return random.nextInt(4) == 0
                    ? new int[] {first, CLREX, word}
                    : new int[] {first, word};
        }
        if (name.startsWith("CAS") && random.nextBoolean()) {
            // Compared with what is there.
            int size = word >>> 30;
            int first =
                    name.equals("CASP")
                            ? ((size & 1) != 0 ? 0xa940_0000 : 0x2940_0000) | rs + 1 << 10
                            : size << 30 | 0x3840_0000;
            return rs == 31 ? null : new int[] {first | base << 5 | rs, word};
        }
        return new int[] {word};
    }

    // States

    /** Fills in the registers and memory of a state. */
    void state(StateBlock states, int state, RandomGenerator source) {
        random = source;
        values.state(states, state, random);
        long garbage = random.nextLong() << 32;
        states.x(state, 14, garbage | random.nextInt(24));
        states.x(state, 15, garbage | random.nextInt(-24, 0) & 0xffff_ffffL);
        states.x(state, 16, random.nextInt(-24, 25));
        states.x(state, 17, random.nextInt(-32, 33));
        long centre = AuditProgram.WINDOW + CENTRE;
        for (int r = 19; r < 23; r++) {
            states.x(state, r, centre + 16 * random.nextInt(-4, 5));
        }
        for (int r = 23; r < 26; r++) {
            states.x(state, r, centre + random.nextInt(-64, 65));
        }
        for (int r = 26; r < 29; r++) {
            states.x(state, r, centre - farBelow(r));
        }
        for (int i = 0; i < WINDOW_SIZE; i += 8) {
            states.bytes.putLong(
                    state * states.stride + StateBlock.MEMORY + i,
                    random.nextInt(4) == 0
                            ? random.nextLong() >> random.nextInt(64)
                            : random.nextLong());
        }
    }
}
