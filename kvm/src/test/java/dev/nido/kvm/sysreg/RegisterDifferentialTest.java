package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "default",
        "max",
        "'default,-pmuv3,-fp,-lor,-idst'",
        "'default,-tlbirange,-tlbios,-dpb'"
    })
    void everyAccessEndsAsOnTheBareMachine(String cpu) {
        CpuModel guest = CpuModel.parse(cpu).withoutEl2();
        AccessGenerator generator = new AccessGenerator(SEED, DifferentialSide.SCRATCH);
        try (DifferentialSide bare = DifferentialSide.bare(guest);
                DifferentialSide hosted = DifferentialSide.hosted(guest)) {
            long[] expected = new long[DifferentialSide.STATE];
            long[] actual = new long[DifferentialSide.STATE];
            for (int n = 0; n < CASES; n++) {
                AccessGenerator.Access access = generator.next();
                bare.execute(access, expected);
                hosted.execute(access, actual);
                if (!Arrays.equals(expected, actual)) {
                    assertThat(DifferentialSide.describe(actual, expected))
                            .as("case %d of seed %d on %s: %s", n, SEED, cpu, access)
                            .isEqualTo(DifferentialSide.describe(expected, actual));
                }
            }
        }
    }
}
