package dev.nido.machine.audit;

import dev.nido.isa.A64;
import dev.nido.machine.pe.Pe;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
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

        /** Fills in the registers and memory of a state. */
        void state(StateBlock states, int state, RandomGenerator random);
    }

    /** Memory of the states, for executors of loads and stores. */
    interface Memory {
        /** Called before a state's block runs on our side. */
        void enter(StateBlock states, int state);

        /** Called after it: the first difference from QEMU's memory, or null. */
        String leave(StateBlock expected, int state);
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
    private final int memorySize;
    private Memory memory;

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
            int statesPerBlock,
            int memorySize) {
        this.qemu = qemu;
        this.pe = pe;
        this.executor = executor;
        this.generator = generator;
        this.deviations = deviations;
        this.blockLength = blockLength;
        this.statesPerBlock = statesPerBlock;
        this.memorySize = memorySize;
        generator.rows().forEach(row -> audited[row.ordinal()] = true);
    }

    void memory(Memory value) {
        memory = value;
    }

    /** Runs one batch; the seed determines everything in it. */
    void batch(long seed, int blockCount) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        List<int[]> blocks = new ArrayList<>();
        for (int i = 0; i < blockCount; i++) {
            blocks.add(generator.block(blockLength, random));
        }
        int[] jobs = new int[blockCount * statesPerBlock];
        StateBlock states = new StateBlock(jobs.length, memorySize);
        for (int i = 0; i < jobs.length; i++) {
            jobs[i] = i / statesPerBlock;
            generator.state(states, i, random);
        }
        StateBlock result = run(blocks, jobs, states);
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
            if (compare(block, states, i, result, i) != null && different.size() < LOCATED) {
                different.add(i);
            }
        }
        if (!different.isEmpty()) {
            locate(seed, blocks, jobs, states, different);
        }
    }

    private StateBlock run(List<int[]> blocks, int[] jobs, StateBlock states) {
        byte[] output = qemu.run(AuditProgram.build(blocks, jobs, states));
        if (output.length != states.bytes.capacity()) {
            throw new IllegalStateException("qemu-aarch64 wrote " + output.length + " bytes");
        }
        return new StateBlock(ByteBuffer.wrap(output), memorySize);
    }

    /** Executes a block on our side, and returns the first difference or null. */
    private String compare(
            int[] block, StateBlock before, int state, StateBlock after, int afterState) {
        before.load(state, pe);
        if (memory != null) {
            memory.enter(before, state);
        }
        for (int word : block) {
            executor.execute(pe, word);
        }
        String difference = after.difference(afterState, pe);
        if (memory != null) {
            String inMemory = memory.leave(after, afterState);
            return difference != null ? difference : inMemory;
        }
        return difference;
    }

    /**
     * Runs all prefixes of blocks, then each instruction alone from the state that QEMU reached
     * before it.
     */
    private void locate(
            long seed, List<int[]> blocks, int[] jobs, StateBlock states, List<Integer> different) {
        List<int[]> prefixes = new ArrayList<>();
        List<Integer> origins = new ArrayList<>();
        for (int state : different) {
            int[] block = blocks.get(jobs[state]);
            for (int length = 0; length <= block.length; length++) {
                prefixes.add(Arrays.copyOf(block, length));
                origins.add(state);
            }
        }
        int[] prefixJobs = new int[prefixes.size()];
        StateBlock starts = new StateBlock(prefixJobs.length, memorySize);
        for (int i = 0; i < prefixJobs.length; i++) {
            prefixJobs[i] = i;
            starts.copy(i, states, origins.get(i));
        }
        StateBlock reached = run(prefixes, prefixJobs, starts);
        for (int i = 1; i < prefixJobs.length; i++) {
            int[] prefix = prefixes.get(i);
            if (prefix.length > 0) {
                int word = prefix[prefix.length - 1];
                String difference = compare(new int[] {word}, reached, i - 1, reached, i);
                if (difference != null) {
                    judge(seed, word, difference, single(reached, i - 1), single(reached, i));
                }
            }
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
        StateBlock one = new StateBlock(1, memorySize);
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

    /** Executions per row, and the rows below a minimum marked. */
    String report(long minimum) {
        StringBuilder text = new StringBuilder();
        long least = Long.MAX_VALUE;
        for (A64 row : generator.rows()) {
            long count = executions[row.ordinal()];
            least = Math.min(least, count);
            text.append("%-18s %9d%s%n".formatted(row, count, count < minimum ? "  too few" : ""));
        }
        text.append(
                "%d rows, %d instructions, fewest of a row %d, %d unexplained differences%n"
                        .formatted(
                                generator.rows().size(), instructions, least, differences.size()));
        explained.forEach(
                (deviation, count) -> text.append("%9d × %s%n".formatted(count, deviation)));
        return text.toString();
    }
}
