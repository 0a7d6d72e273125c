package dev.nido.machine.audit;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Random instruction streams on our semantics and on {@code qemu-aarch64}: same registers in, same
 * registers, flags and memory out.
 *
 * <p>A batch is a number of blocks of random instructions, each run from several random states in
 * one emulator process. When a block ends in different states, its prefixes are run to find the
 * instruction at fault.
 */
final class DifferentialAudit {

    /** Our side: executes one instruction on a PE. */
    interface Executor {
        void execute(Pe pe, int word);
    }

    /** What to run: instructions and the states they start from. */
    interface Generator {
        /** The rows under audit. */
        List<A64> rows();

        /** A word of a row that may be executed in a block. */
        int word(A64 row, RandomGenerator random);

        /** A block: instructions of random rows, and whatever makes their effects visible. */
        default int[] block(int length, RandomGenerator random) {
            List<A64> rows = rows();
            int[] block = new int[length];
            for (int i = 0; i < length; i++) {
                block[i] = word(rows.get(random.nextInt(rows.size())), random);
            }
            return block;
        }

        /** Fills in the registers of a state. */
        void state(StateBlock states, int state, RandomGenerator random);
    }

    /** A difference that the Arm ARM decides in our favour, or leaves open. */
    interface Deviation {
        /** Whether it explains a difference after {@code word}; both states are given. */
        boolean explains(A64 row, int word, StateBlock before, StateBlock qemu, Pe ours);
    }

    record Difference(long seed, A64 row, int word, String what, String before) {
        @Override
        public String toString() {
            return "%s %08x (seed %d): %s%n    from %s".formatted(row, word, seed, what, before);
        }
    }

    /** Differing states of a batch that are looked into. */
    private static final int LOCATED = 2000;

    private final QemuUser qemu;
    private final Pe pe;
    private final Executor executor;
    private final Generator generator;
    private final List<Deviation> deviations;
    private final int blockLength;
    private final int statesPerBlock;

    private final boolean[] audited = new boolean[A64.values().length];
    final long[] executions = new long[A64.values().length];
    final List<Difference> differences = new ArrayList<>();
    final Map<Deviation, Long> explained = new HashMap<>();
    long instructions;

    DifferentialAudit(
            QemuUser qemu,
            Pe pe,
            Executor executor,
            Generator generator,
            List<Deviation> deviations,
            int blockLength,
            int statesPerBlock) {
        this.qemu = qemu;
        this.pe = pe;
        this.executor = executor;
        this.generator = generator;
        this.deviations = deviations;
        this.blockLength = blockLength;
        this.statesPerBlock = statesPerBlock;
        generator.rows().forEach(row -> audited[row.ordinal()] = true);
    }

    /** Runs one batch; the seed determines everything in it. */
    void batch(long seed, int blockCount) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        List<int[]> blocks = new ArrayList<>();
        for (int i = 0; i < blockCount; i++) {
            blocks.add(generator.block(blockLength, random));
        }
        int[] jobs = new int[blockCount * statesPerBlock];
        StateBlock states = new StateBlock(jobs.length, 0);
        for (int i = 0; i < jobs.length; i++) {
            jobs[i] = i / statesPerBlock;
            generator.state(states, i, random);
        }
        AuditProgram program = new AuditProgram(blocks, Integer.MAX_VALUE, jobs, states);
        StateBlock result = run(program, states);
        List<Integer> different = new ArrayList<>();
        for (int i = 0; i < jobs.length; i++) {
            int[] block = blocks.get(jobs[i]);
            for (int word : block) {
                int row = A64.decode(word).ordinal();
                if (audited[row]) {
                    executions[row]++;
                    instructions++;
                }
            }
            if (compare(block, 0, block.length, states, i, result, i) != null
                    && different.size() < LOCATED) {
                different.add(i);
            }
        }
        if (!different.isEmpty()) {
            locate(seed, blocks, jobs, states, different);
        }
    }

    private StateBlock run(AuditProgram program, StateBlock states) {
        byte[] output = qemu.run(program.image());
        if (output.length != states.bytes.capacity()) {
            throw new IllegalStateException("qemu-aarch64 wrote " + output.length + " bytes");
        }
        return new StateBlock(ByteBuffer.wrap(output), 0);
    }

    /** Executes part of a block on our side, and returns the first difference or null. */
    private String compare(
            int[] block,
            int from,
            int to,
            StateBlock before,
            int state,
            StateBlock after,
            int afterState) {
        before.load(state, pe);
        for (int i = from; i < to; i++) {
            executor.execute(pe, block[i]);
        }
        return after.difference(afterState, pe);
    }

    /**
     * Runs the blocks of differing states again, one word further each time, and each word alone on
     * our side from the state that QEMU reached before it.
     */
    private void locate(
            long seed, List<int[]> blocks, int[] jobs, StateBlock states, List<Integer> different) {
        StateBlock starts = new StateBlock(different.size(), 0);
        int[] rerun = new int[different.size()];
        int longest = 0;
        for (int i = 0; i < rerun.length; i++) {
            rerun[i] = jobs[different.get(i)];
            starts.copy(i, states, different.get(i));
            longest = Math.max(longest, blocks.get(rerun[i]).length);
        }
        StateBlock before = starts;
        for (int limit = 1; limit <= longest; limit++) {
            StateBlock after = run(new AuditProgram(blocks, limit, rerun, starts), starts);
            for (int i = 0; i < rerun.length; i++) {
                int[] block = blocks.get(rerun[i]);
                if (limit > block.length) {
                    continue;
                }
                String difference = compare(block, limit - 1, limit, before, i, after, i);
                if (difference != null) {
                    judge(seed, block[limit - 1], difference, single(before, i), single(after, i));
                }
            }
            before = after;
        }
    }

    private void judge(
            long seed, int word, String difference, StateBlock before, StateBlock after) {
        A64 row = A64.decode(word);
        for (Deviation deviation : deviations) {
            if (deviation.explains(row, word, before, after, pe)) {
                explained.merge(deviation, 1L, Long::sum);
                return;
            }
        }
        differences.add(new Difference(seed, row, word, difference, describe(before, word)));
    }

    private StateBlock single(StateBlock from, int state) {
        StateBlock one = new StateBlock(1, 0);
        one.copy(0, from, state);
        return one;
    }

    private static String describe(StateBlock s, int word) {
        int d = word & 31;
        int n = word >>> 5 & 31;
        int m = word >>> 16 & 31;
        int a = word >>> 10 & 31;
        StringBuilder text =
                new StringBuilder(
                        "FPCR %08x FPSR %08x NZCV %08x"
                                .formatted(
                                        s.word(0, StateBlock.FPCR),
                                        s.word(0, StateBlock.FPSR),
                                        s.word(0, StateBlock.NZCV)));
        for (int r : new int[] {d, n, m, a}) {
            text.append(" V%d %016x_%016x".formatted(r, s.v(0, 2 * r + 1), s.v(0, 2 * r)));
        }
        if (n != 31) {
            text.append(" X%d %016x".formatted(n, s.x(0, n)));
        }
        return text.toString();
    }

    /** Executions of the row that was executed least. */
    long fewest() {
        return generator.rows().stream()
                .mapToLong(row -> executions[row.ordinal()])
                .min()
                .orElse(0);
    }

    /** Executions per row, and the rows below a minimum marked. */
    String report(long minimum) {
        StringBuilder text = new StringBuilder();
        for (A64 row : generator.rows()) {
            long count = executions[row.ordinal()];
            text.append("%-18s %9d%s%n".formatted(row, count, count < minimum ? "  too few" : ""));
        }
        text.append(
                "%d rows, %d instructions, fewest of a row %d, %d unexplained differences%n"
                        .formatted(
                                generator.rows().size(),
                                instructions,
                                fewest(),
                                differences.size()));
        explained.forEach(
                (deviation, count) -> text.append("%9d × %s%n".formatted(count, deviation)));
        return text.toString();
    }
}
