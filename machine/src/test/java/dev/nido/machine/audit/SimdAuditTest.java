package dev.nido.machine.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nido.isa.A64;
import dev.nido.machine.TestPes;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A small part of {@link SimdAudit}. */
class SimdAuditTest {

    private static final long SEED = 20_261_122;

    @Test
    void floatAndVectorInstructionsAgreeWithQemu() {
        Optional<QemuUser> qemu = QemuUser.find();
        assumeTrue(qemu.isPresent(), "no qemu-aarch64 on the PATH: install the package qemu-user");
        DifferentialAudit audit = SimdAudit.create(qemu.get(), TestPes.create(0));
        for (int i = 0; i < 8; i++) {
            audit.batch(SEED + i, 64);
        }
        assertThat(audit.differences).isEmpty();
        assertThat(audit.instructions).isGreaterThan(100_000);
        assertThat(new SimdGenerator().rows()).allMatch(row -> audit.executions[row.ordinal()] > 0);
    }

    @Test
    void aWrongSemanticsIsFoundAtItsInstruction() {
        Optional<QemuUser> qemu = QemuUser.find();
        assumeTrue(qemu.isPresent(), "no qemu-aarch64 on the PATH: install the package qemu-user");
        DifferentialAudit audit =
                SimdAudit.create(
                        qemu.get(),
                        TestPes.create(0),
                        (pe, word) -> {
                            SimdAudit.EXECUTOR.execute(pe, word);
                            if (A64.decode(word) == A64.RAX1) {
                                pe.v[2 * (word & 31)] ^= 1;
                            }
                        });
        audit.batch(SEED, 64);
        assertThat(audit.differences)
                .isNotEmpty()
                .allMatch(difference -> difference.row() == A64.RAX1);
    }
}
