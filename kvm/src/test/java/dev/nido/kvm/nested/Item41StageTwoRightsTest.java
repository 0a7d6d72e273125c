package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.kvm.mmu.MemorySlots;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What L1's stage 2 forbids stays forbidden, and what it allows is allowed. */
class Item41StageTwoRightsTest {

    private static final long IPA = 0x10_0000_0000L;
    private static final int DENIED = Esr.FSC_PERMISSION + 3;
    private static final int NOP = 0xd503_201f;

    @ParameterizedTest
    @CsvSource({"NV2, false", "NV2, true", "NV, false"})
    void allRightsOfAPageForAllAccesses(Feature nesting, boolean logging) {
        try (GuestOfGuest g = new GuestOfGuest(nesting, 12, 12, false)) {
            for (int i = 0; i < 1024; i++) {
                g.sides.put32(GuestOfGuest.DATA + i * 4L, NOP);
            }
            if (logging) {
                g.sides.vm.slots().setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
            }
            long page = IPA;
            for (int rights = 0; rights < 16; rights++) {
                for (int order = 0; order < 6; order++) {
                    page += 4096;
                    long attributes = (long) (rights & 3) << 6 | (long) (rights >>> 2) << 53;
                    g.map(page, 3, GuestOfGuest.DATA, GuestOfGuest.NORMAL | attributes);
                    boolean user = order >= 3;
                    for (int i = 0; i < 3; i++) {
                        access(g, page, (order + i) % 3, rights, user);
                    }
                }
            }
        }
    }

    private static void access(GuestOfGuest g, long page, int kind, int rights, boolean user) {
        int xn = rights >>> 2;
        boolean executable = xn == 0 || xn == (user ? 1 : 3);
        int status =
                switch (kind) {
                    case 0 -> g.load(page + 8, user);
                    case 1 -> g.store(page + 8, (long) NOP << 32 | NOP & 0xffff_ffffL, user);
                    default -> g.execute(page, user);
                };
        boolean allowed =
                switch (kind) {
                    case 0 -> (rights & 1) != 0;
                    case 1 -> (rights & 2) != 0;
                    default -> executable;
                };
        assertThat(status).as("rights %d kind %d", rights, kind).isEqualTo(allowed ? 0 : DENIED);
        if (g.leaf(page).valid()) {
            int prot = Stage2PageTable.ptePermissions(g.leaf(page).pte());
            assertThat(prot & Prot.R).isEqualTo(rights & 1);
            assertThat(prot & Prot.W & ~rights).as("never more than L1 gives").isZero();
            assertThat((prot & Prot.PX) != 0).isEqualTo(xn == 0 || xn == 3);
            assertThat((prot & Prot.UX) != 0).isEqualTo(xn == 0 || xn == 1);
        }
    }

    /** A page that L1 has made read-only, and gives back. */
    @ParameterizedTest
    @CsvSource({"12, 12, true", "14, 12, false", "16, 12, true", "12, 16, false", "12, 14, false"})
    void aRightComesWithL1sInvalidationAndGoesWithIt(int granule, int hostPages, boolean blocks) {
        try (GuestOfGuest g = new GuestOfGuest(Feature.NV2, granule, hostPages, blocks)) {
            long readOnly = GuestOfGuest.NORMAL | 1 << 6;
            long all = GuestOfGuest.NORMAL | GuestOfGuest.RW;
            g.map(IPA, 3, GuestOfGuest.DATA, readOnly);
            assertThat(g.load(IPA, false)).isZero();
            assertThat(g.store(IPA, 7, false)).isEqualTo(DENIED);
            g.map(IPA, 3, GuestOfGuest.DATA, all);
            assertThat(g.store(IPA, 7, false)).as("L1 has not invalidated yet").isEqualTo(DENIED);
            g.invalidate(IPA);
            assertThat(g.store(IPA, 7, false)).isZero();
            g.map(IPA, 3, GuestOfGuest.DATA, readOnly);
            assertThat(g.store(IPA, 8, false)).as("not yet").isZero();
            g.invalidate(IPA);
            assertThat(g.store(IPA, 9, false)).isEqualTo(DENIED);
            assertThat(g.load(IPA, false)).isZero();
            assertThat(g.loaded()).isEqualTo(8);
        }
    }
}
