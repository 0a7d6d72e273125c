package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Arrays;

/**
 * Any MSR, MRS or SYS of a hypervisor at a virtual EL2, of its EL0 and of its guests, under any
 * setting of its trap controls, ends as on a machine that has an EL2: value, exception class,
 * syndrome, the level that takes the exception, and every register that can be read afterwards. So
 * do ERET, HVC, SVC, SMC.
 *
 * <p>NIDO_REGISTER_DIFFERENTIAL is the number of cases of each row; NIDO_SEED the first seed.
 */
class NestedRegisterDifferentialTest {

    private static final int CASES =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_REGISTER_DIFFERENTIAL", "6000"));

    private static final long SEED = Long.parseLong(System.getenv().getOrDefault("NIDO_SEED", "1"));

    private static final int FIRST_KEY = 1 << 14;
    private static final int KEYS = 1 << 16;

    /** A guest on both sides. */
    private static final class Pair implements AutoCloseable {
        private final String name;
        private final NestedSide bare;
        private final NestedSide hosted;
        final NestedCase.Generator generator;
        private final long[] expected = new long[NestedSide.STATE];
        private final long[] actual = new long[NestedSide.STATE];
        private int number;

        Pair(Feature nesting, String cpu) {
            CpuModel guest = CpuModel.parse(cpu).forGuestHypervisor(12);
            name = nesting + " " + cpu;
            bare = new NestedSide.Bare(guest);
            hosted = new NestedSide.Hosted(guest, nesting);
            generator = new NestedCase.Generator(SEED, guest, DifferentialSide.vectors());
        }

        void execute(NestedCase c) {
            bare.execute(c, expected);
            hosted.execute(c, actual);
            if (!Arrays.equals(expected, actual)) {
                assertThat(NestedSide.describe(actual, expected))
                        .as("case %d of seed %d on %s: %s", number, SEED, name, c)
                        .isEqualTo(NestedSide.describe(expected, actual));
            }
            number++;
        }

        @Override
        public void close() {
            bare.close();
            hosted.close();
        }
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({
        "NV, 'default,-e2h0'",
        "NV, 'default,-vhe'",
        "NV, default",
        "NV2, 'default,-e2h0'",
        "NV2, 'default,-vhe'",
        "NV2, 'max,+nv2,-e2h0'",
        "NV, 'max,-pmuv3,-lor,-evt,lrs=4'"
    })
    void everyAccessEndsAsOnTheBareMachine(Feature nesting, String cpu) {
        try (Pair pair = new Pair(nesting, cpu)) {
            for (int n = 0; n < CASES; n++) {
                pair.execute(pair.generator.next());
            }
        }
    }

    /**
     * All of op0 = 1, 2, 3, allocated or not, read and written, at EL0, EL1 and EL2; with few cases
     * a part of them.
     */
    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({"NV, default", "NV2, 'default,-vhe'", "NV2, 'max,+nv2,-e2h0'"})
    void everyEncodingEndsAsOnTheBareMachine(Feature nesting, String cpu) {
        int every = CASES < 100_000 ? 29 : 1;
        try (Pair pair = new Pair(nesting, cpu)) {
            for (int key = FIRST_KEY + (int) (SEED % every); key < KEYS; key += every) {
                for (int i = 0; i < 6; i++) {
                    pair.execute(pair.generator.next(key, (i & 1) != 0, i >> 1));
                }
            }
        }
    }
}
