package dev.nido.machine.audit;

import dev.nido.isa.A64;
import dev.nido.isa.Disassembler;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Whole programs of random integer, load and store, atomic, exclusive and branch instructions on
 * our machine and on {@code qemu-aarch64}: same registers and memory in, same out.
 *
 * <p>Arguments of the program: instructions to execute (default 20,000,000), first seed (default
 * 1). It ends with status 0 if there is no difference and every row was executed 1,000 times, 1
 * otherwise, 2 without an emulator.
 */
final class ProgramAudit {

    private static final int UNITS = 16;
    private static final int STATES_PER_BLOCK = 16;

    /** Differing states of a batch that are looked into. */
    private static final int LOCATED = 4;

    private final QemuUser qemu;
    private final ProgramGenerator generator = new ProgramGenerator();

    /** At least so often each row was executed. */
    final long[] executions = new long[A64.values().length];

    final List<String> differences = new ArrayList<>();

    /** Instructions of blocks, without what surrounds them. */
    long instructions;

    ProgramAudit(QemuUser qemu) {
        this.qemu = qemu;
    }

    List<A64> rows() {
        return generator.rows();
    }

    /** Runs one batch; the seed determines everything in it. */
    void batch(long seed, int blockCount) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        MachineUser machine = new MachineUser(seed % 8 == 0, seed % 8 == 1 ? 3 : Integer.MAX_VALUE);
        long[] executed = new long[executions.length];
        List<int[]> blocks = new ArrayList<>();
        for (int i = 0; i < blockCount; i++) {
            blocks.add(generator.block(UNITS, random, executed));
        }
        for (int i = 0; i < executed.length; i++) {
            executions[i] += executed[i] * STATES_PER_BLOCK;
            instructions += executed[i] * STATES_PER_BLOCK;
        }
        int[] jobs = new int[blockCount * STATES_PER_BLOCK];
        StateBlock states = new StateBlock(jobs.length, ProgramGenerator.WINDOW_SIZE);
        for (int i = 0; i < jobs.length; i++) {
            jobs[i] = i / STATES_PER_BLOCK;
            generator.state(states, i, random);
        }
        byte[] program = new AuditProgram(blocks, Integer.MAX_VALUE, jobs, states).image();
        StateBlock expected = result(qemu.run(program));
        StateBlock actual = result(machine.run(program));
        List<Integer> different = new ArrayList<>();
        for (int i = 0; i < jobs.length && different.size() < LOCATED; i++) {
            if (difference(expected, actual, i) != null) {
                different.add(i);
            }
        }
        if (!different.isEmpty()) {
            locate(seed, machine, blocks, jobs, states, different);
        }
    }

    private static StateBlock result(byte[] output) {
        return new StateBlock(ByteBuffer.wrap(output), ProgramGenerator.WINDOW_SIZE);
    }

    /** Runs what differs with its blocks cut off after 1, 2, … words. */
    private void locate(
            long seed,
            MachineUser machine,
            List<int[]> blocks,
            int[] jobs,
            StateBlock states,
            List<Integer> different) {
        int[] someJobs = different.stream().mapToInt(state -> jobs[state]).toArray();
        StateBlock starts = new StateBlock(someJobs.length, ProgramGenerator.WINDOW_SIZE);
        for (int i = 0; i < someJobs.length; i++) {
            starts.copy(i, states, different.get(i));
        }
        int slot = blocks.stream().mapToInt(block -> block.length).max().orElseThrow();
        boolean[] found = new boolean[someJobs.length];
        for (int length = 0; length <= slot; length++) {
            byte[] program = new AuditProgram(blocks, length, someJobs, starts).image();
            StateBlock expected = result(qemu.run(program));
            StateBlock actual = result(machine.run(program));
            for (int i = 0; i < someJobs.length; i++) {
                String what = found[i] ? null : difference(expected, actual, i);
                if (what != null) {
                    found[i] = true;
                    differences.add(
                            "seed "
                                    + seed
                                    + ": "
                                    + what
                                    + listing(blocks.get(someJobs[i]), length));
                }
            }
        }
        for (int i = 0; i < found.length; i++) {
            if (!found[i]) {
                differences.add(
                        "seed "
                                + seed
                                + ": not in parts:"
                                + listing(blocks.get(someJobs[i]), slot));
            }
        }
    }

    /** The last instructions of the first {@code length} of a block. */
    private static String listing(int[] block, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = Math.max(0, length - 4); i < Math.min(length, block.length); i++) {
            text.append(
                    "%n    %08x %-16s %s"
                            .formatted(
                                    block[i],
                                    A64.decode(block[i]),
                                    Disassembler.disassemble(4L * i, block[i])));
        }
        return text.toString();
    }

    /** The first difference of a state, or null. */
    private static String difference(StateBlock qemu, StateBlock ours, int state) {
        int start = state * qemu.stride;
        for (int at = 0; at < qemu.stride; at += 8) {
            long theirs = qemu.bytes.getLong(start + at);
            long mine = ours.bytes.getLong(start + at);
            if (at == StateBlock.FPSR) {
                theirs &= StateBlock.FPSR_BITS;
                mine &= StateBlock.FPSR_BITS;
            }
            if (theirs != mine) {
                return "%s: ours %016x, QEMU's %016x".formatted(place(at), mine, theirs);
            }
        }
        return null;
    }

    private static String place(int at) {
        if (at < StateBlock.NZCV) {
            return "X" + at / 8;
        }
        if (at >= StateBlock.MEMORY) {
            return "memory at 0x%x".formatted(AuditProgram.WINDOW + at - StateBlock.MEMORY);
        }
        return switch (at) {
            case StateBlock.NZCV -> "NZCV";
            case StateBlock.FPCR -> "FPCR";
            case StateBlock.FPSR -> "FPSR";
            default -> "V" + (at - StateBlock.V) / 16;
        };
    }

    /** Executions per row, those below a minimum marked. */
    String report(long minimum) {
        StringBuilder text = new StringBuilder();
        long least = Long.MAX_VALUE;
        for (A64 row : rows()) {
            long count = executions[row.ordinal()];
            least = Math.min(least, count);
            text.append("%-20s %9d%s%n".formatted(row, count, count < minimum ? "  too few" : ""));
        }
        text.append(
                "%d rows, %d instructions, fewest of a row %d, %d differences%n"
                        .formatted(rows().size(), instructions, least, differences.size()));
        return text.toString();
    }

    /** Runs the audit. */
    public static void main(String[] args) {
        long total = args.length > 0 ? Long.parseLong(args[0]) : 20_000_000;
        long seed = args.length > 1 ? Long.parseLong(args[1]) : 1;
        QemuUser qemu = QemuUser.find().orElse(null);
        if (qemu == null) {
            System.err.println("no qemu-aarch64 on the PATH: install the package qemu-user");
            System.exit(2);
        }
        ProgramAudit audit = new ProgramAudit(qemu);
        while (audit.instructions < total && audit.differences.size() < 20) {
            int shown = audit.differences.size();
            audit.batch(seed++, 512);
            audit.differences.stream().skip(shown).forEach(System.out::println);
        }
        System.out.print(audit.report(1000));
        boolean enough =
                audit.rows().stream().allMatch(row -> audit.executions[row.ordinal()] >= 1000);
        System.exit(audit.differences.isEmpty() && enough ? 0 : 1);
    }
}
