package dev.nido.machine.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nido.isa.A64;

import org.junit.jupiter.api.Test;

import java.util.Optional;

/** A small part of {@link EngineAudit}, or all of it: see {@link AuditMain#wanted}. */
class EngineAuditTest {

    private static final long SEED = 20_261_122;

    @Test
    void integerInstructionsLoadsAndStoresAgreeWithQemu() {
        Optional<QemuUser> qemu = QemuUser.find();
        assumeTrue(qemu.isPresent(), "no qemu-aarch64 on the PATH: install the package qemu-user");
        long wanted = AuditMain.wanted(200_000);
        DifferentialAudit audit = EngineAudit.create(qemu.get());
        for (long seed = SEED; audit.instructions < wanted; seed++) {
            audit.batch(seed, 128);
        }
        if (wanted >= 20_000_000) {
            System.out.print(audit.report(1000));
        }
        assertThat(audit.differences).isEmpty();
        assertThat(audit.fewest()).isGreaterThanOrEqualTo(wanted < 20_000_000 ? 1 : 1000);
    }

    @Test
    void wrongMemoryIsFoundAtItsInstruction() {
        Optional<QemuUser> qemu = QemuUser.find();
        assumeTrue(qemu.isPresent(), "no qemu-aarch64 on the PATH: install the package qemu-user");
        EngineExecutor machine = new EngineExecutor();
        DifferentialAudit audit =
                EngineAudit.create(
                        qemu.get(),
                        machine,
                        (pe, block, from, to, address) -> {
                            String failure = machine.execute(pe, block, from, to, address);
                            for (int i = from; i < to; i++) {
                                if (A64.decode(block[i]) == A64.STLXR) {
                                    machine.flipMemory();
                                }
                            }
                            return failure;
                        });
        audit.batch(SEED, 128);
        assertThat(audit.differences)
                .isNotEmpty()
                .allMatch(difference -> difference.row() == A64.STLXR)
                .allMatch(difference -> difference.what().startsWith("memory"));
    }
}
