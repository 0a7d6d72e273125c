package dev.nido.machine.audit;

import dev.nido.isa.A64;
import dev.nido.machine.TestPes;
import dev.nido.machine.engine.simd.SimdSemantics;
import dev.nido.machine.pe.Pe;

import java.util.List;

/**
 * The big audit of the FP and Advanced SIMD rows against {@code qemu-aarch64}.
 *
 * <p>Arguments: instructions to execute (default 20,000,000), seed (default 1). Ends with status 0
 * if there is no unexplained difference and every row was executed 1,000 times, 1 otherwise, 2
 * without an emulator.
 */
final class SimdAudit {

    private static final int BLOCK_LENGTH = 16;
    private static final int STATES_PER_BLOCK = 16;

    private SimdAudit() {}

    static final DifferentialAudit.Executor EXECUTOR =
            (pe, word) -> {
                if (!SimdGenerator.foldFlags(pe, word)) {
                    SimdSemantics.execute(pe, A64.decode(word), word);
                }
            };

    static DifferentialAudit create(QemuUser qemu, Pe pe) {
        return create(qemu, pe, EXECUTOR);
    }

    static DifferentialAudit create(QemuUser qemu, Pe pe, DifferentialAudit.Executor executor) {
        return new DifferentialAudit(
                qemu,
                pe,
                executor,
                new SimdGenerator(),
                List.of(QemuDeviation.values()),
                BLOCK_LENGTH,
                STATES_PER_BLOCK,
                0);
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
        DifferentialAudit audit = create(qemu, TestPes.create(0));
        while (audit.instructions < total) {
            int shown = audit.differences.size();
            audit.batch(seed, 512);
            audit.differences.stream().skip(shown).limit(20).forEach(System.out::println);
            if (audit.differences.size() > 200) {
                System.out.println("stopped after " + audit.differences.size() + " differences");
                break;
            }
            seed++;
        }
        System.out.print(audit.report(1000));
        boolean enough =
                new SimdGenerator()
                        .rows().stream().allMatch(row -> audit.executions[row.ordinal()] >= 1000);
        System.exit(audit.differences.isEmpty() && enough ? 0 : 1);
    }
}
