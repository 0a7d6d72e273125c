package dev.nido.isa;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/** Every row of Arm's table decodes, and nothing else does. */
class DecodeAuditTest {
    private static final List<EncodingTable.Row> TABLE = EncodingTable.read();

    /** Rows of the table that the PE has and that can match a word, by bits 31:21. */
    private static final EncodingTable.Row[][] BY_PREFIX = new EncodingTable.Row[2048][];

    static {
        for (int i = 0; i < BY_PREFIX.length; i++) {
            int high = i << 21;
            BY_PREFIX[i] =
                    TABLE.stream()
                            .filter(EncodingTable.Row::present)
                            .filter(r -> ((high ^ r.value()) & r.mask() & 0xffe00000) == 0)
                            .toArray(EncodingTable.Row[]::new);
        }
    }

    private static boolean allocated(int word) {
        for (EncodingTable.Row r : BY_PREFIX[word >>> 21]) {
            if (r.matches(word)) {
                return true;
            }
        }
        return false;
    }

    @Test
    void everyEncodingOfThePeHasARowAndSomeOperandsThatAreNotReserved() {
        SplittableRandom random = new SplittableRandom(1);
        int present = 0;
        int words = 0;
        int reserved = 0;
        for (EncodingTable.Row r : TABLE) {
            if (!r.present() || r.name().equals("udf_perm_undef")) {
                continue;
            }
            present++;
            int defined = 0;
            for (int i = 0; i < 2000; i++) {
                int word = r.value() | random.nextInt() & ~r.mask();
                A64 row = A64.decode(word);
                assertThat(row).as("%08x of %s %s", word, r.pattern(), r.operation()).isNotNull();
                words++;
                if (row.reserved(word)) {
                    reserved++;
                } else {
                    defined++;
                }
            }
            assertThat(defined).as("words of %s that are not reserved", r.operation()).isPositive();
        }
        System.out.printf(
                "decode audit: %d of %d rows of the table are the PE's; %d words, %d of them reserved%n",
                present, TABLE.size(), words, reserved);
        assertThat(present).isGreaterThan(800);
    }

    @Test
    void randomWordsDecodeExactlyIfTheTableHasThem() {
        SplittableRandom random = new SplittableRandom(2);
        int decoded = 0;
        for (int i = 0; i < 20_000_000; i++) {
            decoded += check(random.nextInt()) ? 1 : 0;
        }
        System.out.printf("decode audit: 20000000 random words, %d decode%n", decoded);
    }

    @Test
    void everyCombinationOfOpcodeBitsDecodesExactlyIfTheTableHasIt() {
        SplittableRandom random = new SplittableRandom(3);
        int decoded = 0;
        int words = 0;
        for (int high = 0; high < 2048; high++) {
            for (int middle = 0; middle < 2048; middle++) {
                // Bits 20:10 and then the register fields with the values that tell rows apart.
                int base = high << 21 | middle << 10;
                int[] low = {
                    0, 0x3ff, 0x3e0, 0x1f, random.nextInt() & 0x3ff, random.nextInt() & 0x3ff
                };
                for (int l : low) {
                    decoded += check(base | l) ? 1 : 0;
                    words++;
                }
            }
        }
        System.out.printf("decode audit: %d words of a sweep, %d decode%n", words, decoded);
    }

    @Test
    void theSystemSpaceDecodesExactlyIfTheTableHasIt() {
        for (int low = 0; low < 1 << 22; low++) {
            check(0xd5000000 | low);
        }
    }

    private static boolean check(int word) {
        boolean expected = allocated(word);
        if (A64.decode(word) != null != expected) {
            throw new AssertionError(
                    String.format(
                            "%08x: table %s, decoded as %s", word, expected, A64.decode(word)));
        }
        return expected;
    }

    @Test
    void rowsNeedTheFeaturesThatTheTableNames() {
        for (EncodingTable.Row r : TABLE) {
            if (!r.present()
                    || r.features().size() != 1
                    || r.features().getFirst().startsWith("HaveFP16Ext")) {
                continue;
            }
            Feature expected = Feature.valueOf(EncodingTable.PRESENT.get(r.features().getFirst()));
            // PMULL's 64-bit form is the one that needs more; size is all ones there.
            int word = r.value() | ~r.mask() & 3 << 22;
            assertThat(A64.decode(word).feature(word)).as(r.operation()).isEqualTo(expected);
        }
    }

    @Test
    void halfPrecisionNeedsFp16() {
        for (String text :
                new String[] {
                    "fadd h0, h1, h2", "fadd v0.4h, v1.4h, v2.4h", "fcvtzs w0, h1", "fmov w0, h1",
                            "fcmla v0.8h, v1.8h, v2.8h, #90",
                    "scvtf v0.8h, v1.8h, #3", "fmov h0, #1.0", "fmov v0.8h, #1.0",
                            "fmaxnmv h0, v1.8h", "fmul v0.4h, v1.4h, v2.h[3]"
                }) {
            int word = Assembler.word(0, text);
            assertThat(A64.decode(word).feature(word)).as(text).isEqualTo(Feature.FP16);
        }
        int convert = Assembler.word(0, "fcvt s0, h1");
        assertThat(A64.decode(convert).feature(convert)).isEqualTo(Feature.FP);
    }

    @Test
    void theMostSpecificRowWins() {
        assertThat(A64.decode(0xd503201f)).isEqualTo(A64.NOP);
        assertThat(A64.decode(0xd503207f)).isEqualTo(A64.WFI);
        assertThat(A64.decode(0xd503233f)).isEqualTo(A64.HINT);
        assertThat(A64.decode(0xd500401f)).isEqualTo(A64.CFINV);
        assertThat(A64.decode(0xd50330ff)).isEqualTo(A64.SB);
        assertThat(A64.decode(0xd50330bf)).isEqualTo(A64.DMB);
        assertThat(A64.decode(0x4f00f600)).isEqualTo(A64.FMOV_V_IMM);
        for (A64 a : A64.values()) {
            for (A64 b : A64.values()) {
                boolean overlap = a != b && ((a.value() ^ b.value()) & a.mask() & b.mask()) == 0;
                if (overlap) {
                    assertThat(Integer.bitCount(a.mask()))
                            .as("%s and %s", a, b)
                            .isNotEqualTo(Integer.bitCount(b.mask()));
                }
            }
        }
    }

    @Test
    void patternsCoverThirtyTwoBitsWithDistinctFields() {
        Set<String> seen = new HashSet<>();
        for (A64 row : A64.values()) {
            assertThat(seen.add(row.pattern())).as(row.name()).isTrue();
            int covered = row.mask();
            List<String> names = new ArrayList<>();
            for (A64.Field f : row.fields()) {
                int m = f.put(0, -1);
                assertThat(covered & m).isZero();
                covered |= m;
                names.add(f.name());
                assertThat(f.of(m)).isEqualTo((1 << f.width()) - 1);
            }
            assertThat(covered).isEqualTo(-1);
            assertThat(names).doesNotHaveDuplicates();
        }
    }

    @Test
    void reservedValuesOfWellKnownEncodings() {
        assertThat(reserved(0x1ac04c00)).as("crc32x with sf=0").isTrue();
        assertThat(reserved(0x12400000)).as("and (immediate) with sf=0, N=1").isTrue();
        assertThat(reserved(0x9240fc00)).as("and (immediate) of all ones").isTrue();
        assertThat(reserved(0x0b008000)).as("add w, lsl #32").isTrue();
        assertThat(reserved(0x8bc00000)).as("add with shift 3").isTrue();
        assertThat(reserved(0x52c00000)).as("movz w, lsl #32").isTrue();
        assertThat(reserved(0x4ee0f400)).as("vector 2d with Q").isFalse();
        assertThat(reserved(0x0e60d400)).as("fadd 1d").isTrue();
        assertThat(reserved(0xd503401f)).as("msr with an unallocated PSTATE field").isTrue();
        assertThat(reserved(0)).as("udf").isTrue();
        assertThat(EnumSet.allOf(A64.class).stream().filter(r -> r.reservedText().equals("always")))
                .containsExactly(A64.UDF);
    }

    private static boolean reserved(int word) {
        return A64.decode(word).reserved(word);
    }
}
