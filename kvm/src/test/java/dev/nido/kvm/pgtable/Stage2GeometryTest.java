package dev.nido.kvm.pgtable;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Errno;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sizes, levels, roots, and VTCR_EL2. */
class Stage2GeometryTest {

    /** Granule, IPA bits, SL0, start level, pages of the root. */
    @ParameterizedTest
    @CsvSource({
        "12, 40, 1, 1, 2",
        "12, 39, 1, 1, 1",
        "12, 42, 1, 1, 8",
        "12, 43, 1, 1, 16",
        "12, 44, 2, 0, 1",
        "12, 48, 2, 0, 1",
        "12, 32, 0, 2, 4",
        "14, 40, 1, 2, 16",
        "14, 48, 2, 1, 2",
        "16, 40, 1, 2, 1",
        "16, 42, 1, 2, 1",
        "16, 48, 2, 1, 1",
        "16, 52, 2, 1, 1",
    })
    void pgdSizes(int pageShift, int ipaBits, int sl0, int startLevel, int pages) {
        long tg0 = pageShift == 16 ? 1 : pageShift == 14 ? 2 : 0;
        long vtcr = 1L << 31 | tg0 << 14 | (long) sl0 << 6 | 64 - ipaBits;
        TableGeometry g = Stage2Geometry.of(vtcr);
        assertThat(g.pageShift()).isEqualTo(pageShift);
        assertThat(g.iaBits()).isEqualTo(ipaBits);
        assertThat(g.startLevel()).isEqualTo(startLevel);
        assertThat(g.pgdPages()).isEqualTo(pages);
        assertThat(Stage2PageTable.stage2PgdSize(vtcr)).isEqualTo((long) pages << pageShift);
        assertThat(Stage2Geometry.levels(pageShift, ipaBits)).isEqualTo(4 - startLevel);
    }

    /** Granule, entries, sizes of levels 3, 2, 1, lowest level with blocks. */
    @ParameterizedTest
    @CsvSource({
        "12, 512, 12, 21, 30, 1",
        "14, 2048, 14, 25, 36, 2",
        "16, 8192, 16, 29, 42, 2",
    })
    void sizesOfGranules(
            int pageShift, int entries, int level3, int level2, int level1, int lowestBlock) {
        TableGeometry g = Stage2Geometry.of(TestContext.vtcr(pageShift, 40, 1));
        assertThat(g.entries()).isEqualTo(entries);
        assertThat(g.shift(3)).isEqualTo(level3);
        assertThat(g.size(2)).isEqualTo(1L << level2);
        assertThat(g.size(1)).isEqualTo(1L << level1);
        assertThat(g.lowestBlockLevel()).isEqualTo(lowestBlock);
        for (int level = -1; level <= 3; level++) {
            assertThat(g.hasLeaves(level)).isEqualTo(level >= lowestBlock);
            assertThat(g.supportsBlock(g.size(level))).isEqualTo(level >= lowestBlock);
        }
        assertThat(g.supportsBlock(0)).isFalse();
    }

    /** Granule, SL0, start level: the row of stage-2 start levels. */
    @ParameterizedTest
    @CsvSource({
        "12, 0, 2", "12, 1, 1", "12, 2, 0", "12, 3, 3",
        "14, 0, 3", "14, 1, 2", "14, 2, 1", "14, 3, 0",
        "16, 0, 3", "16, 1, 2", "16, 2, 1",
    })
    void startLevels(int pageShift, int sl0, int startLevel) {
        long tg0 = pageShift == 16 ? 1 : pageShift == 14 ? 2 : 0;
        assertThat(Stage2Geometry.startLevel(tg0 << 14 | (long) sl0 << 6 | 24))
                .isEqualTo(startLevel);
    }

    @Test
    void bigPhysicalAddressesGiveTheLargeGranuleBlocksOfLevel1() {
        long vtcr = TestContext.vtcr(16, 48, 1) & ~(7L << 16) | 6 << 16;
        assertThat(Stage2Geometry.of(vtcr).lowestBlockLevel()).isEqualTo(1);
    }

    /** Granule, IPA bits asked for, PARange, then T0SZ, SL0, PS or the error. */
    @ParameterizedTest
    @CsvSource({
        "12, 0, 2, 24, 1, 2",
        "12, 32, 5, 32, 0, 5",
        "12, 44, 5, 20, 2, 5",
        "12, 48, 5, 16, 2, 5",
        "14, 48, 5, 16, 2, 5",
        "16, 40, 5, 24, 1, 5",
        "16, 0, 6, 24, 1, 5",
    })
    void vtcrOfAContext(int pageShift, int bits, int paRange, int t0sz, int sl0, int ps) {
        long vtcr = Stage2Geometry.vtcr(pageShift, bits, paRange, true, true);
        assertThat(vtcr).isPositive();
        assertThat(vtcr & 63).isEqualTo(t0sz);
        assertThat(vtcr >> 6 & 3).isEqualTo(sl0);
        assertThat(vtcr >> 8 & 3).as("IRGN0").isEqualTo(1);
        assertThat(vtcr >> 10 & 3).as("ORGN0").isEqualTo(1);
        assertThat(vtcr >> 12 & 3).as("SH0").isEqualTo(3);
        assertThat(vtcr >> 14 & 3)
                .as("TG0")
                .isEqualTo(pageShift == 12 ? 0 : pageShift == 14 ? 2 : 1);
        assertThat(vtcr >> 16 & 7).as("PS").isEqualTo(ps);
        assertThat(vtcr >> 19 & 1).as("VS").isEqualTo(1);
        assertThat(vtcr >> 21 & 1).as("HA").isEqualTo(1);
        assertThat(vtcr >> 31 & 1).as("RES1").isEqualTo(1);
        assertThat(Stage2Geometry.vtcr(pageShift, bits, paRange, false, false) >> 19 & 5).isZero();
    }

    @ParameterizedTest
    @CsvSource({"31, 5", "49, 5", "52, 6", "41, 2", "0, 1", "40, 1", "-1, 5"})
    void ipaSizesOutsideTheLimitsAreRefused(int bits, int paRange) {
        for (int pageShift : new int[] {12, 14, 16}) {
            assertThat(Stage2Geometry.vtcr(pageShift, bits, paRange, true, true))
                    .isEqualTo(-Errno.EINVAL);
        }
    }

    @Test
    void theDefaultThatDoesNotFitIsWarnedOf() {
        long before = Warn.count();
        Stage2Geometry.vtcr(12, 0, 1, true, true);
        assertThat(Warn.count()).isEqualTo(before + 1);
    }
}
