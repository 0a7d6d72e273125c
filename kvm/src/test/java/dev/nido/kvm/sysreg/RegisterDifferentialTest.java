package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Arrays;

/**
 * Any MSR, MRS or SYS of a guest has the same result on the bare machine and under the hypervisor:
 * value, exception class, syndrome, FAR, priority of UNDEFINED over traps, and everything that can
 * be read afterwards. So has any load or store, to memory or to nothing, with and without
 * translation, and whatever watchpoints, breakpoints and software step make of it.
 *
 * <p>NIDO_REGISTER_DIFFERENTIAL is the number of accesses of each row; NIDO_SEED the first seed.
 */
class RegisterDifferentialTest {

    private static final int CASES =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_REGISTER_DIFFERENTIAL", "12000"));

    private static final long SEED = Long.parseLong(System.getenv().getOrDefault("NIDO_SEED", "1"));

    private static final int FIRST_KEY = 1 << 14;
    private static final int KEYS = 1 << 16;

    /** A guest on both sides. */
    private static final class Pair implements AutoCloseable {
        private final String name;
        private final DifferentialSide bare;
        private final DifferentialSide hosted;
        private final long[] expected = new long[DifferentialSide.STATE];
        private final long[] actual = new long[DifferentialSide.STATE];
        private int number;

        Pair(String cpu) {
            CpuModel guest = CpuModel.parse(cpu).withoutEl2();
            name = cpu;
            bare = DifferentialSide.bare(guest);
            hosted = DifferentialSide.hosted(guest);
        }

        void execute(AccessGenerator.Access access) {
            bare.execute(access, expected);
            hosted.execute(access, actual);
            if (!Arrays.equals(expected, actual)) {
                assertThat(DifferentialSide.describe(actual, expected))
                        .as("access %d of seed %d on %s: %s", number, SEED, name, access)
                        .isEqualTo(DifferentialSide.describe(expected, actual));
            }
            number++;
        }

        @Override
        public void close() {
            bare.close();
            hosted.close();
        }
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "default",
        "max",
        "'default,-pmuv3,-fp,-lor,-idst'",
        "'default,-tlbirange,-tlbios,-dpb'"
    })
    void everyAccessEndsAsOnTheBareMachine(String cpu) {
        AccessGenerator generator = new AccessGenerator(SEED, DifferentialSide.SCRATCH);
        try (Pair pair = new Pair(cpu)) {
            for (int n = 0; n < CASES; n++) {
                pair.execute(generator.next());
            }
        }
    }

    /** All of op0 = 1, 2, 3, allocated or not, read and written, at EL0 and EL1. */
    @Test
    void everyEncodingEndsAsOnTheBareMachine() {
        AccessGenerator generator = new AccessGenerator(SEED + 1, DifferentialSide.SCRATCH);
        try (Pair pair = new Pair("default")) {
            for (int key = FIRST_KEY; key < KEYS; key++) {
                for (int i = 0; i < 4; i++) {
                    pair.execute(generator.next(key, (i & 1) != 0, (i & 2) != 0));
                }
            }
        }
    }

    /** At first, and after a reset of a CPU that was used. */
    @ParameterizedTest(name = "after {0} accesses")
    @ValueSource(ints = {0, 20_000})
    void registersResetAsOnTheBareMachine(int before) {
        AccessGenerator generator = new AccessGenerator(SEED + 2, DifferentialSide.SCRATCH);
        try (Pair pair = new Pair("default")) {
            for (int n = 0; n < before; n++) {
                pair.execute(generator.next());
            }
            pair.bare.reset();
            pair.hosted.reset();
            for (SysReg r : SysReg.values()) {
                pair.execute(AccessGenerator.read(r.key()));
            }
        }
    }
}
