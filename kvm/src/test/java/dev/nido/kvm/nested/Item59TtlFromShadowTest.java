package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TLBI by IPA without TTL: how much goes is what the shadow tells of the guest's entry. */
class Item59TtlFromShadowTest {

    private static final SystemOperation TLBI = SystemOperation.TLBI_IPAS2E1IS;
    private static final long VA = 0x5555_0000_0000L;
    private static final long IPA = 0x10_0000_0000L;
    private static final long OLD = MonitorGuest.RAM + 0x80_0000;
    private static final long NEW = MonitorGuest.RAM + 0xa0_0000;

    private static MonitorGuest guest() {
        return new MonitorGuest(Feature.NV2, HostedGuest.hypervisorCpu(true), 1);
    }

    private static void fill(MonitorGuest g) {
        for (int i = 0; i < 512; i++) {
            g.put(OLD + 4096L * i, 1);
            g.put(NEW + 4096L * i, 2);
        }
    }

    @ParameterizedTest
    @CsvSource({"0 3 511, 0", "0 3 511, 7", "0 3 511, 511", "3 511, 3", "3 511, 7"})
    void anyAddressOfABlockDropsAllItsPages(String touched, int named) {
        try (MonitorGuest g = guest()) {
            fill(g);
            MonitorGuest.Below below = g.new Below();
            below.use(0, 5, 5);
            below.s1.map(VA, 2, IPA, MonitorGuest.NORMAL);
            below.s2.map(IPA, 2, OLD, MonitorGuest.S2_NORMAL);
            for (String page : touched.split(" ")) {
                assertThat(g.loadBelow(0, VA + 4096L * Integer.parseInt(page))).isEqualTo(1);
            }
            below.s2.map(IPA, 2, NEW, MonitorGuest.S2_NORMAL);
            for (String page : touched.split(" ")) {
                assertThat(g.loadBelow(0, VA + 4096L * Integer.parseInt(page)))
                        .as("stale")
                        .isEqualTo(1);
            }
            g.tlbi(0, TLBI, (IPA >>> 12) + named);
            for (String page : touched.split(" ")) {
                assertThat(g.loadBelow(0, VA + 4096L * Integer.parseInt(page))).isEqualTo(2);
            }
        }
    }

    @Test
    void onePageOfManyIsAllThatIsWalkedAgain() {
        try (MonitorGuest g = guest()) {
            fill(g);
            MonitorGuest.Below below = g.new Below();
            below.use(0, 5, 5);
            below.s1.map(VA, 2, IPA, MonitorGuest.NORMAL);
            for (int i = 0; i < 512; i++) {
                below.s2.map(IPA + 4096L * i, 3, OLD + 4096L * i, MonitorGuest.S2_NORMAL);
            }
            for (int i = 0; i < 20; i++) {
                assertThat(g.loadBelow(0, VA + 4096L * i)).isEqualTo(1);
            }
            long faults = g.guest.vm.shadows().faults();
            below.s2.map(IPA + 4096L * 7, 3, NEW, MonitorGuest.S2_NORMAL);
            for (int i = 0; i < 20; i++) {
                assertThat(g.loadBelow(0, VA + 4096L * i)).as("stale").isEqualTo(1);
            }
            assertThat(g.guest.vm.shadows().faults()).isEqualTo(faults);
            g.tlbi(0, TLBI, (IPA >>> 12) + 7);
            for (int i = 0; i < 20; i++) {
                assertThat(g.loadBelow(0, VA + 4096L * i)).isEqualTo(i == 7 ? 2 : 1);
            }
            assertThat(g.guest.vm.shadows().faults()).isEqualTo(faults + 1);
        }
    }

    @ParameterizedTest
    @CsvSource({"12, 3", "12, 2", "12, 1", "14, 3", "14, 2", "16, 3", "16, 2"})
    void everyGranuleAndLevelOfTheGuest(int granule, int level) {
        try (MonitorGuest g = guest()) {
            fill(g);
            MonitorGuest.Below below = g.new Below(granule, 40);
            below.use(0, 5, 5);
            long size = TlbiOperand.size(granule, level);
            // In the block around RAM where the entry is larger than that.
            long inside = Math.max(0, OLD & size - 1);
            long other = size < 1 << 21 ? 0 : 4096L * 3;
            below.s1.map(VA, 2, IPA + inside & -1L << 21, MonitorGuest.NORMAL);
            long va = VA + (IPA + inside & (1 << 21) - 1);
            below.s2.map(IPA, level, OLD - inside, MonitorGuest.S2_NORMAL);
            assertThat(g.loadBelow(0, va)).isEqualTo(1);
            assertThat(g.loadBelow(0, va + other)).isEqualTo(1);
            below.s2.unmap(IPA, level);
            assertThat(g.loadBelow(0, va)).as("stale").isEqualTo(1);
            g.tlbi(0, TLBI, IPA + size >>> 12);
            assertThat(g.loadBelow(0, va + other)).as("beside it").isEqualTo(1);
            g.tlbi(0, TLBI, IPA + size / 2 >>> 12);
            long esr = g.loadBelow(0, va);
            assertThat(esr & MonitorGuest.EXCEPTION).as("0x%x", esr).isNotZero();
            assertThat(esr & 0x3f).as("translation fault").isEqualTo(4 | level);
            esr = g.loadBelow(0, va + other);
            assertThat(esr & 0x3f).as("all of the entry").isEqualTo(4 | level);
        }
    }
}
