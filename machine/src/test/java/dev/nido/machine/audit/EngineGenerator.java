package dev.nido.machine.audit;

import dev.nido.isa.A64;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Integer instructions, short forward branches, and loads and stores of all kinds.
 *
 * <p>Whatever accesses memory is preceded by two or three words that load its base and its index
 * register, so that the access falls into the window wherever the stream has led. CONSTRAINED
 * UNPREDICTABLE combinations of registers are left out, and so is the stack pointer, which the
 * audit program needs.
 */
final class EngineGenerator implements DifferentialAudit.Generator {

    /** Bytes of a state's memory. */
    static final int WINDOW_SIZE = 512;

    /** The largest access, four vector registers. */
    private static final int LARGEST = 64;

    private static final String STORE_EXCLUSIVE = "ST(L?)X[RP].*";

    private static final int CLREX = 0xd503_3f5f;

    private static final Set<A64> BRANCHES =
            EnumSet.of(A64.B, A64.BL, A64.B_COND, A64.CBZ, A64.CBNZ, A64.TBZ, A64.TBNZ);

    private static final Set<A64> INDIRECT = EnumSet.of(A64.BR, A64.BLR, A64.RET);

    private static final Set<A64> STACK_TARGET =
            EnumSet.of(
                    A64.ADD_IMM,
                    A64.SUB_IMM,
                    A64.ADD_EXT,
                    A64.SUB_EXT,
                    A64.AND_IMM,
                    A64.ORR_IMM,
                    A64.EOR_IMM);

    private static final Set<A64> STACK_SOURCE =
            EnumSet.of(
                    A64.ADD_IMM,
                    A64.SUB_IMM,
                    A64.ADDS_IMM,
                    A64.SUBS_IMM,
                    A64.ADD_EXT,
                    A64.SUB_EXT,
                    A64.ADDS_EXT,
                    A64.SUBS_EXT);

    /** System rows that do something at EL0 without a context of their own. */
    private static final Set<A64> SYSTEM =
            EnumSet.of(
                    A64.AXFLAG,
                    A64.XAFLAG,
                    A64.CFINV,
                    A64.CLREX,
                    A64.DMB,
                    A64.DSB,
                    A64.ISB,
                    A64.SB,
                    A64.NOP,
                    A64.YIELD,
                    A64.SEV,
                    A64.SEVL,
                    A64.MRS,
                    A64.MSR);

    /** Words of MRS and MSR, without Rt: registers that are part of a state. */
    private static final int[] READS = {0xd53b_4200, 0xd53b_4400, 0xd53b_4420};

    private static final int WRITE_NZCV = 0xd51b_4200;

    private static final long[] INTEGERS = {
        0L,
        1L,
        -1L,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fff_ffffL,
        0x8000_0000L,
        0xffff_ffffL,
        0x1_0000_0000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        0x5555_5555_5555_5555L,
        0xaaaa_aaaa_aaaa_aaaaL,
        31,
        32,
        63,
        64
    };

    private final List<A64> rows =
            Arrays.stream(A64.values()).filter(EngineGenerator::covers).toList();
    private final List<A64> plain = rows.stream().filter(EngineGenerator::isPlain).toList();

    private static boolean covers(A64 row) {
        return SYSTEM.contains(row)
                || BRANCHES.contains(row)
                || INDIRECT.contains(row)
                || isPlain(row)
                || isMemory(row);
    }

    /** Data processing on general-purpose registers. */
    private static boolean isPlain(A64 row) {
        int o = row.ordinal();
        return o < A64.AXFLAG.ordinal() || o >= A64.ADC.ordinal() && o < A64.ABS_S.ordinal();
    }

    private static boolean isMemory(A64 row) {
        return row.ordinal() >= A64.CAS.ordinal() && row.ordinal() < A64.ADC.ordinal();
    }

    @Override
    public List<A64> rows() {
        return rows;
    }

    @Override
    public int word(A64 row, RandomGenerator random) {
        if (row == A64.MRS) {
            return READS[random.nextInt(READS.length)] | random.nextInt(32);
        }
        if (row == A64.MSR) {
            return WRITE_NZCV | random.nextInt(32);
        }
        while (true) {
            int word = row.value() | random.nextInt() & ~row.mask();
            if (!row.reserved(word) && A64.decode(word) == row && allowed(row, word)) {
                return word;
            }
        }
    }

    /** A store exclusive needs the monitor that the load before it has set. */
    @Override
    public boolean needsPrevious(int word) {
        return A64.decode(word).name().matches(STORE_EXCLUSIVE);
    }

    private static boolean allowed(A64 row, int word) {
        int d = word & 31;
        int n = word >>> 5 & 31;
        if (STACK_TARGET.contains(row) && d == 31 || STACK_SOURCE.contains(row) && n == 31) {
            return false;
        }
        if (!isMemory(row)) {
            return !INDIRECT.contains(row) || n != 31;
        }
        String name = row.name();
        if (name.endsWith("_LIT") || name.endsWith("_LIT_V")) {
            return true;
        }
        int m = word >>> 16 & 31;
        int t2 = word >>> 10 & 31;
        boolean vector = isVector(name);
        boolean pair = name.matches("(LDP|STP|LDNP|STNP|LDPSW|LDXP|LDAXP|STXP|STLXP).*");
        boolean load = name.startsWith("LD");
        if (n == 31 || name.contains("_REG") && m == n) {
            return false;
        }
        if (!vector && name.matches(".*_(POST|PRE)") && (n == d || pair && n == t2)) {
            return false;
        }
        if (pair && load && d == t2) {
            return false;
        }
        if (name.matches(STORE_EXCLUSIVE)) {
            return m != d && m != n && !(pair && m == t2);
        }
        return true;
    }

    private static boolean isVector(String name) {
        return name.endsWith("_V") || name.matches("(LD|ST)[1-4].*");
    }

    // ------------------------------------------------------------------ blocks

    private static final class Words {
        private int[] words = new int[64];
        private int count;

        void add(int word) {
            if (count == words.length) {
                words = Arrays.copyOf(words, 2 * count);
            }
            words[count++] = word;
        }

        /** MOVZ and MOVK of a value below 2^32. */
        void constant(int register, long value) {
            add(0xd280_0000 | (int) (value & 0xffff) << 5 | register);
            add(0xf2a0_0000 | (int) (value >>> 16) << 5 | register);
        }
    }

    @Override
    public int[] block(int length, RandomGenerator random) {
        Words out = new Words();
        out.add(CLREX);
        for (int i = 0; i < length; i++) {
            A64 row = rows.get(random.nextInt(rows.size()));
            if (BRANCHES.contains(row)) {
                branch(out, row, random);
            } else if (INDIRECT.contains(row)) {
                indirect(out, row, random);
            } else if (isMemory(row)) {
                memory(out, row, random);
            } else {
                out.add(word(row, random));
            }
        }
        return Arrays.copyOf(out.words, out.count);
    }

    private int plainWord(RandomGenerator random) {
        return word(plain.get(random.nextInt(plain.size())), random);
    }

    /** A branch to the next instruction or over one. */
    private void branch(Words out, A64 row, RandomGenerator random) {
        int word = word(row, random);
        A64.Field offset =
                row.fields().stream()
                        .filter(f -> f.name().startsWith("imm"))
                        .findFirst()
                        .orElseThrow();
        out.add(offset.put(word, 1 + random.nextInt(2)));
        out.add(plainWord(random));
    }

    private void indirect(Words out, A64 row, RandomGenerator random) {
        int word = word(row, random);
        int words = 2 + random.nextInt(2);
        // adr xn, words * 4
        out.add(0x1000_0000 | words << 5 | word >>> 5 & 31);
        out.add(word);
        out.add(plainWord(random));
    }

    private void memory(Words out, A64 row, RandomGenerator random) {
        String name = row.name();
        int word = word(row, random);
        if (name.startsWith("PRF")) {
            out.add(word);
            return;
        }
        if (name.endsWith("_LIT") || name.endsWith("_LIT_V")) {
            if (out.count >= 4) {
                // Backwards, into words of the block itself.
                int back = 4 + random.nextInt(out.count - 3);
                out.add(word & ~(0x7ffff << 5) | (-back & 0x7ffff) << 5);
            }
            return;
        }
        int n = word >>> 5 & 31;
        long target = AuditProgram.WINDOW + random.nextInt(WINDOW_SIZE - LARGEST + 1);
        if (isOrdered(name)) {
            target &= ~15;
        }
        if (name.contains("_REG")) {
            int m = word >>> 16 & 31;
            int index = m == 31 ? 0 : random.nextInt(WINDOW_SIZE);
            int amount = (word & 1 << 12) != 0 ? scale(name, word) : 0;
            out.constant(n, target - ((long) index << amount));
            if (m != 31) {
                out.add(0xd280_0000 | index << 5 | m);
            }
            out.add(word);
            return;
        }
        out.constant(n, target - offset(name, word));
        if (name.matches(STORE_EXCLUSIVE)) {
            out.add(random.nextInt(4) == 0 ? CLREX : matchingLoad(name, word, random));
        }
        out.add(word);
    }

    /** A load exclusive of the same size and address that leaves the base alone. */
    private static int matchingLoad(String name, int word, RandomGenerator random) {
        int n = word >>> 5 & 31;
        int t = (n + 1 + random.nextInt(15)) % 31;
        int t2 = (n + 16 + random.nextInt(14)) % 31;
        int size = word & 0xc000_0000;
        return name.contains("XP")
                ? size | 0x087f_0000 | t2 << 10 | n << 5 | t
                : size | 0x085f_7c00 | n << 5 | t;
    }

    private static boolean isOrdered(String name) {
        return name.matches("(CAS|SWP|LDADD|LDCLR|LDEOR|LDSET|LDSMAX|LDSMIN|LDUMAX|LDUMIN).*")
                || name.matches("(LDA|LDL|STL|LDX|STX).*");
    }

    /** log2 of the bytes that an immediate or index is scaled by. */
    private static int scale(String name, int word) {
        return isVector(name) && (word & 1 << 23) != 0 ? 4 : word >>> 30;
    }

    /** The immediate offset that is added before the access. */
    private static long offset(String name, int word) {
        if (name.matches("(LDP|STP|LDNP|STNP|LDPSW).*")) {
            int log2 =
                    isVector(name)
                            ? 2 + (word >>> 30)
                            : name.startsWith("LDPSW") ? 2 : 2 + (word >>> 31);
            return name.contains("_POST") ? 0 : (long) (word << 10 >> 25) << log2;
        }
        if (name.contains("_UNSIGNED")) {
            return (long) (word >>> 10 & 0xfff) << scale(name, word);
        }
        if (name.contains("_PRE") || name.matches("(LDUR|STUR|LDTR|STTR|LDAPUR|STLUR).*")) {
            return word << 11 >> 23;
        }
        return 0;
    }

    // ------------------------------------------------------------------ states

    @Override
    public void state(StateBlock states, int state, RandomGenerator random) {
        for (int r = 0; r < 31; r++) {
            states.x(state, r, integer(random));
        }
        for (int half = 0; half < 64; half++) {
            states.v(state, half, random.nextLong());
        }
        states.word(state, StateBlock.NZCV, random.nextInt() & 0xf000_0000);
        states.word(state, StateBlock.FPCR, 0);
        states.word(state, StateBlock.FPSR, 0);
        for (int i = 0; i < WINDOW_SIZE; i += 8) {
            states.bytes.putLong(state * states.stride + StateBlock.MEMORY + i, integer(random));
        }
    }

    private static long integer(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> INTEGERS[random.nextInt(INTEGERS.length)];
            case 1 -> random.nextLong() >> random.nextInt(64);
            case 2 -> random.nextLong() >>> random.nextInt(64);
            default -> random.nextLong();
        };
    }
}
