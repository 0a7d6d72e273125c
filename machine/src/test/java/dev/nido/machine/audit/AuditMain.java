package dev.nido.machine.audit;

import java.util.function.Function;

/** What the audits' main classes have in common: arguments, progress and status. */
final class AuditMain {

    private static final int BLOCKS = 512;
    private static final int ENOUGH_DIFFERENCES = 200;

    private AuditMain() {}

    /**
     * Instructions that an audit among the tests executes: the system property {@code
     * nido.audit.instructions}, else the environment's {@code NIDO_AUDIT_INSTRUCTIONS}, else a
     * small number.
     */
    static long wanted(long small) {
        String text =
                System.getProperty(
                        "nido.audit.instructions", System.getenv("NIDO_AUDIT_INSTRUCTIONS"));
        return text == null || text.isBlank() ? small : Long.parseLong(text);
    }

    /** Blocks in a batch: what a start of the emulator costs counts when many are wanted. */
    static int blocks(long wanted) {
        return wanted < 1_000_000 ? 64 : BLOCKS;
    }

    /**
     * Runs an audit.
     *
     * @param args instructions to execute (default 20,000,000), seed (default 1)
     * @return 0 if there is no unexplained difference and every row was executed 1,000 times, 1
     *     otherwise, 2 without an emulator
     */
    static int run(String[] args, Function<QemuUser, DifferentialAudit> create) {
        long total = args.length > 0 ? Long.parseLong(args[0]) : 20_000_000;
        long seed = args.length > 1 ? Long.parseLong(args[1]) : 1;
        QemuUser qemu = QemuUser.find().orElse(null);
        if (qemu == null) {
            System.err.println("no qemu-aarch64 on the PATH: install the package qemu-user");
            return 2;
        }
        DifferentialAudit audit = create.apply(qemu);
        while (audit.instructions < total && audit.differences.size() < ENOUGH_DIFFERENCES) {
            int shown = audit.differences.size();
            audit.batch(seed++, BLOCKS);
            audit.differences.stream().skip(shown).limit(20).forEach(System.out::println);
        }
        System.out.print(audit.report(1000));
        return audit.differences.isEmpty() && audit.fewest() >= 1000 ? 0 : 1;
    }
}
