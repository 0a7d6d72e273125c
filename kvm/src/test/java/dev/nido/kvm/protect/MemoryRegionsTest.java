package dev.nido.kvm.protect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryRegionsTest {

    private final MemoryRegions regions =
            new MemoryRegions(1L << 40, 0x1000, 0x3000, 0x3000, 0x4000, 0x8000, 0x9000);

    @ParameterizedTest
    @CsvSource({
        "0, 0, 1000, false",
        "fff, 0, 1000, false",
        "1000, 1000, 3000, true",
        "2fff, 1000, 3000, true",
        "3000, 3000, 4000, true",
        "4000, 4000, 8000, false",
        "7fff, 4000, 8000, false",
        "8000, 8000, 9000, true",
        "9000, 9000, 10000000000, false",
        "ffffffffff, 9000, 10000000000, false"
    })
    void everyAddressIsInOneRegionOrOneGap(String pa, String start, String end, boolean memory) {
        assertThat(regions.find(Long.parseLong(pa, 16)))
                .isEqualTo(
                        new MemoryRegions.Range(
                                Long.parseLong(start, 16), Long.parseLong(end, 16), memory));
    }

    @ParameterizedTest
    @CsvSource({
        "1000, 2000, true",
        "1000, 3000, true",
        // two regions that touch are two
        "2000, 4000, false",
        "3000, 4000, true",
        "0, 2000, false",
        "3000, 5000, false",
        "8000, 9000, true",
        "8000, 8000, false",
        "8000, 7000, false",
        "10000000000, 10000001000, false",
        "-1000, 2000, false"
    })
    void memoryIsWhatLiesInOneRegion(String from, String to, boolean memory) {
        assertThat(regions.isMemory(Long.parseLong(from, 16), Long.parseLong(to, 16)))
                .isEqualTo(memory);
    }

    @Test
    void withoutRegionsEverythingIsOneGap() {
        MemoryRegions none = new MemoryRegions(1L << 32);
        assertThat(none.find(77)).isEqualTo(new MemoryRegions.Range(0, 1L << 32, false));
    }

    @Test
    void regionsThatOverlapOrLeaveTheAddressSpaceAreRefused() {
        long[][] bad = {
            {0x1000},
            {0x1000, 0x1000},
            {0x2000, 0x1000},
            {0, 0x2000, 0x1000, 0x3000},
            {0x3000, 0x4000, 0, 0x1000},
            {0, 0x11000}
        };
        for (long[] bounds : bad) {
            assertThatThrownBy(() -> new MemoryRegions(0x10000, bounds))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
