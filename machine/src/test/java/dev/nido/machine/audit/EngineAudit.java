package dev.nido.machine.audit;

import java.util.List;

/**
 * The big audit of the engine's own rows (integer, branches, loads and stores) against {@code
 * qemu-aarch64}; arguments and status as those of {@link SimdAudit}.
 */
final class EngineAudit {

    private static final int BLOCK_LENGTH = 16;
    private static final int STATES_PER_BLOCK = 16;

    private EngineAudit() {}

    static DifferentialAudit create(QemuUser qemu) {
        EngineExecutor executor = new EngineExecutor();
        return create(qemu, executor, executor);
    }

    static DifferentialAudit create(
            QemuUser qemu, EngineExecutor machine, DifferentialAudit.Executor executor) {
        DifferentialAudit audit =
                new DifferentialAudit(
                        qemu,
                        machine.pe,
                        executor,
                        new EngineGenerator(),
                        List.of(),
                        BLOCK_LENGTH,
                        STATES_PER_BLOCK,
                        EngineGenerator.WINDOW_SIZE);
        audit.memory(machine);
        return audit;
    }

    /** Runs the audit. */
    public static void main(String[] args) {
        System.exit(AuditMain.run(args, EngineAudit::create));
    }
}
