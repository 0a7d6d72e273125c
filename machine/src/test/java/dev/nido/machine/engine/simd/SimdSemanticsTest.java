package dev.nido.machine.engine.simd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.isa.A64;
import dev.nido.machine.TestPes;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

class SimdSemanticsTest {

    private final Pe pe = TestPes.create(2);

    private void run(A64 row, int operands) {
        int word = row.value() | operands;
        assertThat(A64.decode(word)).isEqualTo(row);
        SimdSemantics.execute(pe, row, word);
    }

    @ParameterizedTest
    @EnumSource(A64.class)
    void everyDataProcessingRowOfTheFloatAndVectorSpaceExecutes(A64 row) {
        // Arm ARM C4.1: op0 = x111 is the data-processing space of FP and Advanced SIMD.
        boolean inSpace = (row.mask() & row.value() & 0x0e00_0000) == 0x0e00_0000;
        assertThat(SimdSemantics.executes(row)).isEqualTo(inSpace);
        if (inSpace) {
            RandomGenerator random =
                    RandomGeneratorFactory.of("L64X128MixRandom").create(row.ordinal());
            for (int i = 0; i < 200; i++) {
                int word = row.value() | random.nextInt() & ~row.mask();
                if (!row.reserved(word) && A64.decode(word) == row) {
                    SimdSemantics.execute(pe, row, word);
                }
            }
        }
    }

    @Test
    void aesRoundOfFips197() {
        // FIPS 197, appendix B: state and round key at the start of round 1 (big-endian text
        // order).
        set(0, "193de3bea0f4e22b9ac68d2ae9f84808");
        set(1, "00000000000000000000000000000000");
        run(A64.AESE, 1 << 5);
        assertThat(get(0)).isEqualTo("d4bf5d30e0b452aeb84111f11e2798e5");
        run(A64.AESMC, 0);
        assertThat(get(0)).isEqualTo("046681e5e0cb199a48f8d37a2806264c");
        run(A64.AESIMC, 0);
        run(A64.AESD, 1 << 5);
        assertThat(get(0)).isEqualTo("193de3bea0f4e22b9ac68d2ae9f84808");
    }

    private void set(int r, String hex) {
        pe.v[2 * r] = Long.reverseBytes(Long.parseUnsignedLong(hex.substring(0, 16), 16));
        pe.v[2 * r + 1] = Long.reverseBytes(Long.parseUnsignedLong(hex.substring(16), 16));
    }

    private String get(int r) {
        return "%016x%016x"
                .formatted(Long.reverseBytes(pe.v[2 * r]), Long.reverseBytes(pe.v[2 * r + 1]));
    }

    @Test
    void polynomialMultiplicationOfAllOnesSpreadsTheBits() {
        pe.v[2] = -1;
        pe.v[4] = -1;
        run(A64.PMULL, 3 << 22 | 2 << 16 | 1 << 5);
        assertThat(pe.v[0]).isEqualTo(0x5555_5555_5555_5555L);
        assertThat(pe.v[1]).isEqualTo(0x5555_5555_5555_5555L);
    }

    @Test
    void scalarResultsClearTheUpperBits() {
        pe.v[0] = -1;
        pe.v[1] = -1;
        pe.v[2] = 0x3f80_0000;
        run(A64.FMOV_S, 1 << 5);
        assertThat(pe.v[0]).isEqualTo(0x3f80_0000);
        assertThat(pe.v[1]).isZero();
    }

    @Test
    void writesToRegister31OfTheGeneralOnesAreDiscarded() {
        pe.v[0] = 0x1234;
        run(A64.UMOV, 0b00010 << 16 | 31);
        assertThat(pe.x[Pe.ZERO]).isZero();
    }

    @Test
    void tableLookUpWrapsAroundAtRegister31() {
        pe.v[2 * 31 + 1] = 0x77L << 56;
        pe.v[0] = 0x11;
        pe.v[4] = 0x00ff_100fL;
        run(A64.TBL, 1 << 13 | 2 << 16 | 31 << 5 | 5);
        assertThat(pe.v[10] & 0xff_ffffL).isEqualTo(0x00_1177L);
    }
}
