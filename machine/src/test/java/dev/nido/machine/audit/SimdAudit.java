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

    static void instruction(Pe pe, int word) {
        if (!SimdGenerator.foldFlags(pe, word)) {
            SimdSemantics.execute(pe, A64.decode(word), word);
        }
    }

    static DifferentialAudit create(QemuUser qemu, Pe pe) {
        return create(qemu, pe, SimdAudit::instruction);
    }

    static DifferentialAudit create(QemuUser qemu, Pe pe, DifferentialAudit.Executor executor) {
        return new DifferentialAudit(
                qemu,
                pe,
                executor,
                new SimdGenerator(),
                List.of(QemuDeviation.values()),
                BLOCK_LENGTH,
                STATES_PER_BLOCK);
    }

    /** Runs the audit. */
    public static void main(String[] args) {
        System.exit(AuditMain.run(args, qemu -> create(qemu, TestPes.create(0))));
    }
}
