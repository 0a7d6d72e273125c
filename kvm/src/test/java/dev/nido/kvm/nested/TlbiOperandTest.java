package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Sizes and ranges in operands of TLBI by IPA. */
class TlbiOperandTest {

    @ParameterizedTest
    @CsvSource({
        "0, 0", "1, 0", "2, 0", "3, 0", // no granule: no information
        "4, 0", "5, 1073741824", "6, 2097152", "7, 4096", // 4 KiB
        "8, 0", "9, 0", "10, 33554432", "11, 16384", // 16 KiB
        "12, 0", "13, 0", "14, 536870912", "15, 65536" // 64 KiB
    })
    void ttlTellsTheSizeOfAnEntry(int ttl, long size) {
        assertThat(TlbiOperand.sizeOf(ttl)).isEqualTo(size);
        assertThat(TlbiOperand.ttl((long) ttl << 44 | 0xf000_0fff_ffff_ffffL)).isEqualTo(ttl);
    }

    @Test
    void ipaHas48Bits() {
        assertThat(TlbiOperand.ipa(-1)).isEqualTo(0xffff_ffff_f000L);
        assertThat(TlbiOperand.ipa(0x7000_0001_2345L)).isEqualTo(0x1234_5000L);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 12", "2, 14", "3, 16"})
    void granuleOfARange(int tg, int granule) {
        assertThat(TlbiOperand.granule((long) tg << 46)).isEqualTo(granule);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 2",
        "0, 31, 64",
        "1, 0, 64",
        "1, 3, 256",
        "2, 0, 2048",
        "3, 0, 65536",
        "3, 31, 2097152"
    })
    void lengthOfARangeIsCountedInGranules(int scale, int num, long granules) {
        for (int granule = 12; granule <= 16; granule += 2) {
            long value = (long) scale << 44 | (long) num << 39;
            assertThat(TlbiOperand.rangeBytes(value, granule)).isEqualTo(granules << granule);
        }
    }

    @Test
    void rangeStartsAtAMultipleOfItsGranule() {
        long value = 3L << 46 | 3L << 37 | 0x12_3456_789aL;
        assertThat(TlbiOperand.rangeStart(value, 16)).isEqualTo(0x12_3456_789a_0000L);
        assertThat(TlbiOperand.rangeStart(value, 12)).isEqualTo(0x1_2345_6789_a000L);
    }
}
