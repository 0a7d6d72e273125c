package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.kvm.mmu.MemorySlots;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bits 56:55 of a shadow's leaf are the level of L1's entry, whatever the leaf's own level is. */
class Item60LevelTagTest {

    private static final long IPA = 0x10_0000_0000L;
    private static final long RW = GuestOfGuest.NORMAL | GuestOfGuest.RW;

    /** L1's granule and level, the host's page and whether it has blocks; level of the leaf. */
    @ParameterizedTest
    @CsvSource({
        "12, 1, 12, true, 2",
        "12, 1, 12, false, 3",
        "12, 2, 12, true, 2",
        "12, 2, 12, false, 3",
        "12, 3, 12, true, 3",
        "14, 2, 12, true, 2",
        "14, 2, 12, false, 3",
        "14, 3, 12, true, 3",
        "16, 2, 12, true, 2",
        "16, 2, 12, false, 3",
        "16, 3, 12, false, 3",
        "12, 2, 14, false, 3",
        "12, 2, 16, false, 3",
        "16, 3, 16, false, 3",
    })
    void leavesSayFromWhichLevelTheyCome(
            int granule, int level, int hostPages, boolean blocks, int ownLevel) {
        try (GuestOfGuest g = new GuestOfGuest(Feature.NV2, granule, hostPages, blocks)) {
            // Large blocks begin before the data that they have in the middle.
            long size = 1L << g.shift(level);
            long output = GuestOfGuest.DATA & -size;
            long ipa = IPA + GuestOfGuest.DATA - output;
            g.map(IPA, level, output, RW);
            g.sides.put(GuestOfGuest.DATA, 77);
            assertThat(g.load(ipa, false)).isZero();
            assertThat(g.loaded()).isEqualTo(77);
            check(g, ipa, level, ownLevel);
            g.sides.vm.arch().writeProtect(GuestOfGuest.DATA, 4096);
            check(g, ipa, level, ownLevel);
            assertThat(g.store(ipa, 78, false)).isZero();
            check(g, ipa, level, ownLevel);
            g.sides.vm.slots().setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
            assertThat(g.store(ipa, 79, false)).isZero();
            check(g, ipa, level, 3);
        }
    }

    private static void check(GuestOfGuest g, long ipa, int level, int ownLevel) {
        long pte = g.leaf(ipa).pte();
        assertThat(pte & 1).isEqualTo(1);
        assertThat(pte >>> 55 & 3).isEqualTo(level);
        assertThat(g.leaf(ipa).level()).isEqualTo(ownLevel);
    }
}
