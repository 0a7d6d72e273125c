package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/**
 * Any access, in any state, ends as the architecture can say: a value, UNDEFINED, a trap or an
 * abort.
 */
class RandomAccessTest {

    private static final SysReg[] CONTROLS = {
        SysReg.HCR_EL2, SysReg.CPTR_EL2, SysReg.MDCR_EL2, SysReg.CNTHCTL_EL2, SysReg.CNTKCTL_EL1,
        SysReg.CPACR_EL1, SysReg.SCTLR_EL1, SysReg.SCTLR_EL2, SysReg.PMUSERENR_EL0, SysReg.TCR_EL1,
        SysReg.TCR_EL2, SysReg.VTCR_EL2, SysReg.MDSCR_EL1, SysReg.VNCR_EL2
    };

    @ParameterizedTest(name = "{0} from EL{1}")
    @CsvSource({"'max,+nv2',2", "max,2", "default,2", "default,1", "'default,-vhe,-pmuv3,-fp',2"})
    void everyAccessEndsArchitecturally(String cpu, int startEl) {
        SplittableRandom random = new SplittableRandom(42);
        try (PeFixture f = new PeFixture(cpu, startEl)) {
            Pe pe = f.pe;
            int[] outcomes = new int[3];
            for (int n = 0; n < 60_000; n++) {
                if (n % 8 == 0) {
                    SysReg control = CONTROLS[random.nextInt(CONTROLS.length)];
                    f.set(control, random.nextLong() & random.nextLong());
                }
                f.at(random.nextInt(startEl + 1));
                pe.spSel = pe.el == 0 ? 0 : 1;
                access(pe, random, outcomes);
                assertThat(pe.el).isBetween(0, startEl);
            }
            assertThat(outcomes[0]).as("done").isGreaterThan(1000);
            assertThat(outcomes[1]).as("undefined").isGreaterThan(1000);
            assertThat(outcomes[2]).as("trapped or aborted").isGreaterThan(100);
        }
    }

    private static void access(Pe pe, SplittableRandom random, int[] outcomes) {
        SysReg[] registers = SysReg.values();
        SystemOperation[] operations = SystemOperation.values();
        int key =
                switch (random.nextInt(3)) {
                    case 0 -> registers[random.nextInt(registers.length)].key();
                    case 1 -> operations[random.nextInt(operations.length)].key();
                    default -> random.nextInt(1 << 14, 1 << 16);
                };
        if (random.nextInt(8) == 0) {
            key = key & ~(7 << 11) | 5 << 11;
        }
        long value = random.nextLong() & random.nextLong();
        boolean read = random.nextBoolean();
        try {
            if (key >> 14 == 1) {
                pe.systemInstruction(key, value);
            } else if (read) {
                pe.readSystemRegister(key);
            } else {
                pe.writeSystemRegister(key, value);
            }
            outcomes[0]++;
        } catch (GuestException e) {
            int from = pe.el;
            pe.takeSynchronous(e);
            outcomes[e.exceptionClass == Esr.EC_UNKNOWN ? 1 : 2]++;
            assertThat(pe.el).isGreaterThanOrEqualTo(Math.max(from, 1));
        }
    }
}
