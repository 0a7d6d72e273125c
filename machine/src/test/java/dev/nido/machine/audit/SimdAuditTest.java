package dev.nido.machine.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nido.isa.A64;
import dev.nido.machine.TestPes;

import org.junit.jupiter.api.Test;

import java.util.Optional;

/** A small part of {@link SimdAudit}, or all of it: see {@link AuditMain#wanted}. */
class SimdAuditTest {

    private static final long SEED = 20_261_122;

    @Test
    void floatAndVectorInstructionsAgreeWithQemu() {
        Optional<QemuUser> qemu = QemuUser.find();
        assumeTrue(qemu.isPresent(), "no qemu-aarch64 on the PATH: install the package qemu-user");
        DifferentialAudit audit = SimdAudit.create(qemu.get(), TestPes.create(0));
        long wanted = AuditMain.wanted(100_000);
        for (long seed = SEED; audit.instructions < wanted; seed++) {
            audit.batch(seed, AuditMain.blocks(wanted));
        }
        if (wanted >= 20_000_000) {
            System.out.print(audit.report(1000));
        }
        assertThat(audit.differences).isEmpty();
        long minimum = wanted < 20_000_000 ? 1 : 1000;
        assertThat(new SimdGenerator().rows())
                .allMatch(row -> audit.executions[row.ordinal()] >= minimum);
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
                            SimdAudit.instruction(pe, word);
                            if (isSpoiled(A64.decode(word))) {
                                pe.v[2 * (word & 31)] ^= 1;
                            }
                        });
        audit.batch(SEED, 8);
        assertThat(audit.differences)
                .isNotEmpty()
                .allMatch(difference -> isSpoiled(difference.row()));
    }

    private static boolean isSpoiled(A64 row) {
        return row.name().startsWith("SHA");
    }
}
