package dev.nido.machine.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;

import java.util.Optional;

/** A small part of {@link ProgramAudit}, or all of it: see {@link AuditMain#wanted}. */
class ProgramAuditTest {

    private static final long SEED = 20_261_122;

    @Test
    void integerMemoryAndBranchInstructionsAgreeWithQemu() {
        Optional<QemuUser> qemu = QemuUser.find();
        assumeTrue(qemu.isPresent(), "no qemu-aarch64 on the PATH: install the package qemu-user");
        ProgramAudit audit = new ProgramAudit(qemu.get());
        long wanted = AuditMain.wanted(100_000);
        for (long seed = SEED; audit.instructions < wanted; seed++) {
            audit.batch(seed, AuditMain.blocks(wanted));
        }
        assertThat(audit.differences).isEmpty();
        long minimum = wanted < 20_000_000 ? 1 : 1000;
        assertThat(audit.rows()).allMatch(row -> audit.executions[row.ordinal()] >= minimum);
    }
}
