package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.kvm.mmu.MemorySlots;
import dev.nido.kvm.mmu.UserMemory;
import dev.nido.kvm.mmu.VmArch;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;

/** What the hypervisor takes from a VM is taken from the VM's guests too, at once. */
class Item42UnmapFromBelowTest {

    private static final long IPA = 0x10_0000_0000L;
    private static final long DATA = GuestOfGuest.DATA;
    private static final long RW = GuestOfGuest.NORMAL | GuestOfGuest.RW;

    private static GuestOfGuest guest(boolean blocks) {
        GuestOfGuest g = new GuestOfGuest(Feature.NV2, 12, 12, blocks);
        g.map(IPA, 2, DATA, RW);
        return g;
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void anUnmappedPageIsGoneFromTheShadowAndComesBackByAFault(boolean blocks) {
        try (GuestOfGuest g = guest(blocks)) {
            assertThat(g.store(IPA + 0x3000, 42, false)).isZero();
            assertThat(g.leaf(IPA + 0x3000).valid()).isTrue();
            assertThat(g.leaf(IPA + 0x3000).level()).isEqualTo(blocks ? 2 : 3);
            g.sides.vm.arch().unmapRange(DATA + 0x3000, 4096);
            assertThat(g.leaf(IPA + 0x3000).valid()).isFalse();
            assertThat(g.load(IPA + 0x3000, false)).isZero();
            assertThat(g.loaded()).isEqualTo(42);
            // Nobody knows who maps it: any page of the VM takes all.
            g.sides.vm.arch().unmapRange(GuestOfGuest.RAM, 4096);
            assertThat(g.leaf(IPA + 0x3000).valid()).isFalse();
        }
    }

    @Test
    void memoryThatIsGivenBackIsNeverSeenAgain() {
        try (GuestOfGuest g = guest(false)) {
            assertThat(g.store(IPA, 42, false)).isZero();
            long pa = g.leaf(IPA).translate(IPA);
            g.sides.memory.discard(DATA - GuestOfGuest.RAM, 4096);
            try (UserMemory other =
                    new UserMemory(g.sides.hypervisor.memory(), 1 << 20, 12, false)) {
                boolean reused = false;
                for (long at = 0; at < 1 << 20; at += 4096) {
                    long page = other.populate(at);
                    reused |= page == pa;
                    long offset = g.sides.machine.memory().offsetOf(page);
                    g.sides.machine.memory().put64(offset, -1);
                }
                assertThat(reused).isTrue();
                // The other side has it as it was, and is to have zero too.
                g.sides.put(DATA, 0);
                assertThat(g.load(IPA, false)).isZero();
                assertThat(g.loaded()).isZero();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void theLogHasWhatAGuestOfTheGuestWrites(boolean blocks) {
        try (GuestOfGuest g = guest(blocks)) {
            assertThat(g.store(IPA, 1, false)).isZero();
            MemorySlots slots = g.sides.vm.slots();
            slots.setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
            int page = (int) (DATA - GuestOfGuest.RAM >>> 12);
            slots.getDirtyLog(0);
            for (int i = 0; i < 3; i++) {
                assertThat(g.load(IPA + 0x1000, false)).isZero();
                assertThat(dirty(slots.getDirtyLog(0))).doesNotContain(page, page + 1);
                assertThat(g.store(IPA, i, false)).isZero();
                assertThat(g.store(IPA + 0x2000, i, false)).isZero();
                assertThat(dirty(slots.getDirtyLog(0)))
                        .contains(page, page + 2)
                        .doesNotContain(page + 1);
            }
        }
    }

    private static List<Integer> dirty(long[] log) {
        List<Integer> pages = new ArrayList<>();
        for (int i = 0; i < log.length * 64; i++) {
            if ((log[i >>> 6] >>> i & 1) != 0) {
                pages.add(i);
            }
        }
        return pages;
    }

    @Test
    void aSlotThatIsDeletedIsNoMemoryAnyMore() {
        try (GuestOfGuest g = guest(false);
                UserMemory more = new UserMemory(g.sides.hypervisor.memory(), 1 << 20, 12, false)) {
            // The other side never had memory there; what L2 finds once it is gone is the same.
            long l1 = 0x6000_0000L;
            g.map(IPA + (1 << 21), 2, l1, RW);
            g.sides.vm.slots().set(1, 0, l1, 1 << 20, more, 0);
            g.sides.vm.ram().put64(l1, 5);
            g.sides.vm.slots().delete(1);
            assertThat(g.load(IPA + (1 << 21), false)).isEqualTo(0x100 + Esr.FSC_EXTERNAL);
            assertThat(g.leaf(IPA + (1 << 21)).valid()).isFalse();
        }
    }

    @Test
    void whoeverElseMapsGuestMemoryIsTold() {
        try (GuestOfGuest g = guest(false)) {
            VmArch arch = g.sides.vm.arch();
            List<Long> told = new ArrayList<>();
            arch.setInvalidated((ipa, bytes) -> told.add(ipa));
            arch.unmapRange(DATA, 4096);
            arch.writeProtect(DATA + 4096, 4096);
            g.sides.memory.discard(DATA + 8192 - GuestOfGuest.RAM, 4096);
            assertThat(told).containsExactly(DATA, DATA + 4096, DATA + 8192);
        }
    }
}
