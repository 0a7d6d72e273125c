package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** TLBI by IPA with TTL: how much goes is what TTL says. */
class Item58TtlTest {

    private static final long VA = 0x5555_0000_0000L;
    private static final long IPA = 0x12_0000_0000L;
    private static final long OLD = MonitorGuest.RAM + 0x80_0000;
    private static final long NEW = MonitorGuest.RAM + 0xa0_0000;

    /** Pages that the guest of the guest has touched, by number. */
    private static final int[] PAGES = {0, 5, 300, 511, 512, 700};

    private static final int KEPT = 5;

    /** Maps 1024 pages of L2, all of L1's one way, and touches some. */
    private static final class World implements AutoCloseable {
        final MonitorGuest g = new MonitorGuest(Feature.NV2, HostedGuest.hypervisorCpu(true), 1);
        final MonitorGuest.Below below = g.new Below();

        World() {
            below.use(0, 5, 5);
            below.s1.map(VA, 2, IPA, MonitorGuest.NORMAL);
            below.s1.map(VA + (2 << 20), 2, IPA + (2 << 20), MonitorGuest.NORMAL);
            for (int i = 0; i < 512; i++) {
                g.put(OLD + 4096L * i, 1);
                g.put(NEW + 4096L * i, 2);
            }
        }

        void mapPages(long to) {
            for (int i = 0; i < 1024; i++) {
                below.s2.map(IPA + 4096L * i, 3, to + 4096L * (i & 511), MonitorGuest.S2_NORMAL);
            }
        }

        void mapBlocks(long to) {
            below.s2.map(IPA, 2, to, MonitorGuest.S2_NORMAL);
            below.s2.map(IPA + (2 << 20), 2, to, MonitorGuest.S2_NORMAL);
        }

        long load(int page) {
            return g.loadBelow(0, VA + 4096L * page);
        }

        void touch() {
            for (int p : PAGES) {
                assertThat(load(p)).isEqualTo(1);
            }
        }

        void tlbi(SystemOperation form, int page, int ttl) {
            g.tlbi(0, form, (long) ttl << 44 | (IPA >>> 12) + page);
        }

        /** Which of the pages that were touched translate anew. */
        String fresh() {
            StringBuilder s = new StringBuilder();
            for (int p : PAGES) {
                s.append(load(p) == 2 ? " " + p : "");
            }
            return s.toString().trim();
        }

        @Override
        public void close() {
            g.close();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SystemOperation.class,
            names = "TLBI_IPAS2.*",
            mode = EnumSource.Mode.MATCH_ANY)
    void levelThreeDropsOnePageAndLevelTwoWhatABlockWouldCover(SystemOperation form) {
        try (World w = new World()) {
            w.mapPages(OLD);
            w.touch();
            w.mapPages(NEW);
            w.tlbi(form, 5, 4 | 3);
            assertThat(w.fresh()).isEqualTo("5");
            // A page that is not there, and then the 2 MiB around one.
            w.tlbi(form, 513, 4 | 3);
            assertThat(w.fresh()).isEqualTo("5");
            w.tlbi(form, 513, 4 | 2);
            assertThat(w.fresh()).isEqualTo("5 512 700");
            w.tlbi(form, 513, 4 | 1);
            assertThat(w.fresh()).isEqualTo("0 5 300 511 512 700");
        }
    }

    @Test
    void levelOfABlockDropsTheBlock() {
        try (World w = new World()) {
            w.mapBlocks(OLD);
            w.touch();
            w.mapBlocks(NEW);
            w.tlbi(SystemOperation.TLBI_IPAS2E1IS, 7, 4 | 2);
            assertThat(w.fresh()).isEqualTo("0 5 300 511");
        }
    }

    @Test
    void ttlThatSaysLessThanTheEntryDropsTheEntryAsTheMachineDoes() {
        try (World w = new World()) {
            w.mapBlocks(OLD);
            w.touch();
            w.mapBlocks(NEW);
            w.tlbi(SystemOperation.TLBI_IPAS2E1IS, 700, 4 | 3);
            assertThat(w.fresh()).isEqualTo("512 700");
        }
    }

    @Test
    void reservedTtlSaysNothing() {
        for (int ttl : new int[] {1, 3, 4, 8, 9, 12}) {
            try (World w = new World()) {
                w.mapPages(OLD);
                w.touch();
                w.mapPages(NEW);
                w.tlbi(SystemOperation.TLBI_IPAS2E1IS, 5, ttl);
                assertThat(w.fresh()).as("TTL %d", ttl).isEqualTo("5");
                w.tlbi(SystemOperation.TLBI_IPAS2E1IS, 6, ttl);
                assertThat(w.fresh()).as("a page that is not there").isEqualTo("5");
            }
        }
    }

    @Test
    void withoutTheFeatureTtlSaysNothing() {
        try (World w = new World()) {
            var ids = w.g.guest.vm.idRegisters();
            ids.set(SysReg.ID_AA64MMFR2_EL1, ids.get(SysReg.ID_AA64MMFR2_EL1) & ~(15L << 48));
            w.mapPages(OLD);
            w.touch();
            w.mapPages(NEW);
            w.tlbi(SystemOperation.TLBI_IPAS2E1IS, 5, 4 | 2);
            assertThat(w.fresh()).as("what the tag says").isEqualTo("" + KEPT);
        }
    }
}
