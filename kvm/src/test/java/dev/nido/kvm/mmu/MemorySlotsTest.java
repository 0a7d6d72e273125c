package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.nido.arch.CpuModel;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Memory slots: changes, refusals, the dirty log, and what they do to stage 2. */
class MemorySlotsTest {

    private static final int LOG = MemorySlots.LOG_DIRTY_PAGES;
    private static final int READONLY = MemorySlots.READONLY;
    private static final long RAM = 0x4000_0000L;
    private static final long MB = 1 << 20;

    private final Machine machine =
            GuestRig.machine(CpuModel.defaultModel().withoutEl2(), 1, null, 64 * MB);
    private final HostMemory host = new HostMemory(machine);
    private final VmidAllocator vmids = new VmidAllocator(16, 1, () -> {}, n -> {});
    private final VmArch arch = new VmArch(machine, host, vmids, 0);
    private final MemorySlots slots = new MemorySlots(arch);
    private final GuestRam ram = new GuestRam(arch, slots);
    private final PageTableCache cache = arch.newCache();
    private final Leaf leaf = new Leaf();

    @AfterEach
    void close() {
        slots.close();
        cache.free();
        arch.free();
        assertThat(host.usedPages()).as("pages left behind").isZero();
        machine.close();
    }

    private static void refused(int errno, Runnable action) {
        assertThatThrownBy(action::run)
                .asInstanceOf(type(KvmException.class))
                .extracting(KvmException::errno)
                .isEqualTo(errno);
    }

    /** A vCPU touches an address for the first time. */
    private void touch(long ipa, boolean write) {
        assertThat(GuestAbort.userAbort(arch, slots, cache, null, ipa, false, 3, write)).isZero();
    }

    /** A vCPU writes to what it may only read. */
    private void writeAgain(long ipa) {
        assertThat(GuestAbort.userAbort(arch, slots, cache, null, ipa, true, 3, true)).isZero();
    }

    private Leaf leaf(long ipa) {
        assertThat(arch.mmu().pgt().getLeaf(ipa, leaf)).isZero();
        return leaf;
    }

    private boolean writable(long ipa) {
        return leaf(ipa).valid() && (leaf.pte() >>> 7 & 1) != 0;
    }

    /** What the package's description shows. */
    @Test
    void theExampleOfThePackageHolds() {
        UserMemory memory = slots.add(0, 0x4000_0000, 16 << 20);
        ram.put64(0x4000_1000, 42);
        slots.setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
        ram.put64(0x4000_2000, 43);
        long[] dirty = slots.getDirtyLog(0);
        assertThat(dirty[0]).isEqualTo(1 << 2);
        memory.discard(0x1000, 0x1000);
        assertThat(ram.get64(0x4000_1000)).isZero();
    }

    // Changes

    @Test
    void aSlotIsFoundByEveryAddressInItAndNoOther() {
        slots.add(3, RAM, MB);
        slots.add(1, RAM + 4 * MB, MB);
        slots.add(2, 0, 2 * MB);
        assertThat(slots.find(RAM).id()).isEqualTo(3);
        assertThat(slots.find(RAM + MB - 1).id()).isEqualTo(3);
        assertThat(slots.find(RAM + MB)).isNull();
        assertThat(slots.find(RAM - 1)).isNull();
        assertThat(slots.find(RAM + 4 * MB).id()).isOne();
        assertThat(slots.find(5).id()).isEqualTo(2);
        assertThat(slots.find(-1)).isNull();
        assertThat(slots.all()).extracting(MemorySlot::id).containsExactly(2, 3, 1);
    }

    @ParameterizedTest
    @CsvSource({
        // flags, slot, ipa, bytes, offset, errno
        "4, 0, 0x10000000, 0x1000, 0, 22",
        "0, -1, 0x10000000, 0x1000, 0, 22",
        "0, 32767, 0x10000000, 0x1000, 0, 22",
        "0, 0, 0x10000800, 0x1000, 0, 22",
        "0, 0, 0x10000000, 0x1800, 0, 22",
        "0, 0, 0x10000000, 0x1000, 0x10, 22",
        "0, 0, 0x10000000, 0x1000, 0x100000, 22",
        "0, 0, 0x10000000, 0x200000, 0, 22",
        "0, 0, -0x1000, 0x1000, 0, 22",
        "0, 0, 0x7ffffffffffff000, 0x1000, 0, 22",
        "0, 0, 0x10000000000, 0x1000, 0, 14",
        "0, 0, 0xfffffff000, 0x2000, 0, 14",
        "0, 0, 0x40000000, 0x1000, 0, 17",
        "0, 0, 0x3ffff000, 0x2000, 0, 17",
        "0, 7, 0x10000000, 0, 0, 22",
        "0, 9, 0x40000000, 0x2000, 0, 22",
        "2, 9, 0x40000000, 0x100000, 0, 22",
    })
    void whatCannotBeIsRefusedAndChangesNothing(
            int flags, int id, String ipa, String bytes, String offset, int errno) {
        slots.add(9, RAM, MB);
        try (UserMemory memory = new UserMemory(host, MB)) {
            List<MemorySlot> before = slots.all();
            refused(
                    errno,
                    () ->
                            slots.set(
                                    id,
                                    flags,
                                    Long.decode(ipa),
                                    Long.decode(bytes),
                                    id == 9 ? slots.get(9).memory() : memory,
                                    Long.decode(offset)));
            assertThat(slots.all()).isEqualTo(before);
        }
    }

    @Test
    void memoryOfASlotCannotBeReplaced() {
        slots.add(0, RAM, MB);
        try (UserMemory other = new UserMemory(host, MB)) {
            refused(Errno.EINVAL, () -> slots.set(0, 0, RAM, MB, other, 0));
        }
    }

    @Test
    void aDeletedSlotIsUnmappedAndItsMemoryStaysTheVmms() {
        try (UserMemory memory = new UserMemory(host, MB)) {
            slots.set(0, 0, RAM, MB, memory, 0);
            ram.put64(RAM + 0x3000, 42);
            touch(RAM + 0x3000, true);
            slots.delete(0);
            assertThat(leaf(RAM + 0x3000).valid()).isFalse();
            assertThat(slots.find(RAM)).isNull();
            refused(Errno.EFAULT, () -> ram.get64(RAM + 0x3000));
            slots.set(5, 0, 2 * RAM, MB, memory, 0);
            assertThat(ram.get64(2 * RAM + 0x3000)).isEqualTo(42);
            slots.delete(5);
        }
    }

    @Test
    void aMovedSlotIsUnmappedAtItsOldPlaceAndHoldsTheSame() {
        slots.add(0, RAM, MB);
        ram.put64(RAM + 0x8000, 42);
        touch(RAM + 0x8000, true);
        slots.move(0, RAM + 2 * MB);
        assertThat(leaf(RAM + 0x8000).valid()).isFalse();
        assertThat(ram.get64(RAM + 2 * MB + 0x8000)).isEqualTo(42);
        touch(RAM + 2 * MB + 0x8000, true);
        assertThat(leaf(RAM + 2 * MB + 0x8000).valid()).isTrue();
    }

    @Test
    void aSlotMayMoveOverItsOwnOldPlace() {
        slots.add(0, RAM, MB);
        ram.put64(RAM, 42);
        slots.move(0, RAM + 0x1000);
        assertThat(ram.get64(RAM + 0x1000)).isEqualTo(42);
        refused(Errno.EFAULT, () -> ram.get64(RAM));
    }

    @Test
    void oneMemoryBehindTwoSlotsOfTwoVmsIsSeenByBoth() {
        VmArch otherVm = new VmArch(machine, host, vmids, 0);
        MemorySlots otherSlots = new MemorySlots(otherVm);
        try (UserMemory memory = new UserMemory(host, MB)) {
            slots.set(0, 0, RAM, MB, memory, 0);
            otherSlots.set(0, 0, 0x1000, MB / 2, memory, MB / 2);
            ram.put64(RAM + MB / 2, 77);
            assertThat(new GuestRam(otherVm, otherSlots).get64(0x1000)).isEqualTo(77);
            otherSlots.close();
            slots.close();
        }
        otherVm.free();
    }

    // Blocks

    @Test
    void aBlockIsMappedWhereSlotAndHostMemoryAllowIt() {
        slots.add(0, RAM, 4 * MB);
        touch(RAM + 3 * MB, true);
        assertThat(leaf(RAM + 3 * MB).level()).isEqualTo(2);
        assertThat(leaf.size()).isEqualTo(2 * MB);
        assertThat(leaf(RAM).valid()).isFalse();
    }

    @Test
    void pagesAreMappedWhereTheSlotEndsInsideABlock() {
        slots.add(0, RAM, 3 * MB);
        touch(RAM + 0x1000, true);
        touch(RAM + 2 * MB, true);
        assertThat(leaf(RAM).level()).isEqualTo(2);
        assertThat(leaf(RAM + 2 * MB).level()).isEqualTo(3);
        assertThat(leaf(RAM + 2 * MB + 0x1000).valid()).isFalse();
    }

    @Test
    void pagesAreMappedWhereGuestAndVmmAddressesAreNotCongruent() {
        try (UserMemory memory = new UserMemory(host, 6 * MB)) {
            slots.set(0, 0, RAM, 4 * MB, memory, 0x1000);
            touch(RAM + MB, true);
            assertThat(leaf(RAM + MB).level()).isEqualTo(3);
            slots.delete(0);
        }
    }

    @Test
    void pagesAreMappedWhereHostMemoryIsInPages() {
        try (UserMemory memory = new UserMemory(host, 4 * MB, 12, false)) {
            slots.set(0, 0, RAM, 4 * MB, memory, 0);
            touch(RAM + MB, true);
            assertThat(leaf(RAM + MB).level()).isEqualTo(3);
            slots.delete(0);
        }
    }

    @Test
    void aBlockThatLostAPageIsMappedByPages() {
        UserMemory memory = slots.add(0, RAM, 4 * MB);
        ram.put64(RAM + 0x5000, 5);
        ram.put64(RAM + 0x6000, 6);
        touch(RAM + 0x5000, true);
        assertThat(leaf(RAM + 0x5000).level()).isEqualTo(2);
        memory.discard(0x6000, 0x1000);
        assertThat(leaf(RAM + 0x5000).valid()).isFalse();
        touch(RAM + 0x5000, true);
        assertThat(leaf(RAM + 0x5000).level()).isEqualTo(3);
        assertThat(ram.get64(RAM + 0x5000)).isEqualTo(5);
        assertThat(ram.get64(RAM + 0x6000)).isZero();
    }

    // Read only

    @Test
    void aReadOnlySlotIsNeverMappedWritable() {
        try (UserMemory memory = new UserMemory(host, MB)) {
            slots.set(0, READONLY, RAM, MB, memory, 0);
            ram.put64(RAM, 42);
            touch(RAM, false);
            assertThat(leaf(RAM).valid()).isTrue();
            assertThat(writable(RAM)).isFalse();
            slots.delete(0);
        }
    }

    // Dirty log

    @Test
    void theLogHasThePagesThatWereWrittenSinceItBegan() {
        slots.add(0, RAM, 4 * MB);
        touch(RAM, true);
        slots.setFlags(0, LOG);
        assertThat(writable(RAM)).isFalse();
        assertThat(slots.getDirtyLog(0)).containsOnly(0);
        touch(RAM + 0x3000, true);
        touch(RAM + 0x4000, false);
        ram.put8(RAM + 2 * MB + 5, 1);
        ram.get8(RAM + 0x9000);
        long[] log = slots.getDirtyLog(0);
        assertThat(log[0]).isEqualTo(1 << 3);
        assertThat(log[8]).isEqualTo(1);
        assertThat(slots.getDirtyLog(0)).containsOnly(0);
    }

    @Test
    void whileThereIsALogOnlyPagesAreMapped() {
        slots.add(0, RAM, 4 * MB);
        touch(RAM, true);
        assertThat(leaf(RAM).level()).isEqualTo(2);
        slots.setFlags(0, LOG);
        assertThat(leaf(RAM).level()).as("protected, and left as a block").isEqualTo(2);
        GuestAbort.userAbort(arch, slots, cache, null, RAM + 0x1000, true, 2, true);
        assertThat(leaf(RAM + 0x1000).level()).isEqualTo(3);
        assertThat(writable(RAM + 0x1000)).isTrue();
        assertThat(slots.getDirtyLog(0)[0]).isEqualTo(2);
    }

    @Test
    void withALogAPageThatIsReadBecomesWritableWhenItIsWritten() {
        slots.add(0, RAM, MB);
        slots.setFlags(0, LOG);
        touch(RAM, false);
        assertThat(writable(RAM)).isFalse();
        writeAgain(RAM);
        assertThat(writable(RAM)).isTrue();
        assertThat(slots.getDirtyLog(0)[0]).isOne();
        assertThat(writable(RAM)).as("and is protected again").isFalse();
    }

    @Test
    void withManualProtectionAskingChangesNothingAndClearingDoes() {
        slots.setManualProtect(true, false);
        slots.add(0, RAM, MB);
        slots.setFlags(0, LOG);
        touch(RAM + 0x1000, true);
        touch(RAM + 0x40000, true);
        for (int i = 0; i < 2; i++) {
            long[] log = slots.getDirtyLog(0);
            assertThat(log[0]).isEqualTo(2);
            assertThat(log[1]).isOne();
            assertThat(writable(RAM + 0x1000)).isTrue();
        }
        slots.clearDirtyLog(0, 0, 64, new long[] {-1});
        assertThat(writable(RAM + 0x1000)).isFalse();
        assertThat(writable(RAM + 0x40000)).isTrue();
        assertThat(slots.getDirtyLog(0)[0]).isZero();
        assertThat(slots.getDirtyLog(0)[1]).isOne();
    }

    @Test
    void aLogThatIsFullAtFirstProtectsNothingUntilItIsCleared() {
        slots.setManualProtect(true, true);
        slots.add(0, RAM, MB);
        touch(RAM, true);
        assertThat(writable(RAM)).isTrue();
        slots.setFlags(0, LOG);
        assertThat(writable(RAM)).isTrue();
        assertThat(slots.getDirtyLog(0)).containsOnly(-1L);
        slots.clearDirtyLog(0, 0, 64, new long[] {1});
        assertThat(writable(RAM)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"1, 64", "64, 63", "256, 64", "0, 300", "-64, 64", "0, -1", "192, 65"})
    void clearingAnotherRangeThanWholeWordsOfTheSlotIsRefused(long first, long pages) {
        slots.add(0, RAM, MB);
        slots.setFlags(0, LOG);
        refused(Errno.EINVAL, () -> slots.clearDirtyLog(0, first, pages, new long[8]));
    }

    @Test
    void aSlotWithoutLogHasNoneToGive() {
        slots.add(0, RAM, MB);
        refused(Errno.ENOENT, () -> slots.getDirtyLog(0));
        refused(Errno.ENOENT, () -> slots.clearDirtyLog(0, 0, 64, new long[1]));
        refused(Errno.ENOENT, () -> slots.getDirtyLog(1));
        refused(Errno.EINVAL, () -> slots.getDirtyLog(-1));
        refused(Errno.EINVAL, () -> slots.setManualProtect(false, true));
    }

    @Test
    void eagerSplittingLeavesPagesWhenLoggingBegins() {
        slots.setEagerSplitChunk(2 * MB);
        slots.add(0, RAM, 4 * MB);
        touch(RAM, true);
        touch(RAM + 2 * MB, true);
        ram.put64(RAM + 0x7000, 42);
        slots.setFlags(0, LOG);
        assertThat(leaf(RAM + 0x7000).level()).isEqualTo(3);
        assertThat(leaf(RAM + 3 * MB).level()).isEqualTo(3);
        assertThat(writable(RAM + 0x7000)).isFalse();
        long pa = leaf(RAM + 0x7000).outputAddress();
        assertThat(machine.memory().get64(machine.memory().offsetOf(pa))).isEqualTo(42);
    }

    @Test
    void aLogThatIsFullAtFirstSplitsBlocksWhereItIsCleared() {
        slots.setEagerSplitChunk(2 * MB);
        slots.setManualProtect(true, true);
        slots.add(0, RAM, 4 * MB);
        touch(RAM, true);
        touch(RAM + 2 * MB, true);
        slots.setFlags(0, LOG);
        assertThat(leaf(RAM).level()).isEqualTo(2);
        slots.clearDirtyLog(0, 512, 64, new long[] {1});
        assertThat(leaf(RAM).level()).isEqualTo(2);
        assertThat(leaf(RAM + 2 * MB).level()).isEqualTo(3);
        assertThat(writable(RAM + 2 * MB)).isFalse();
        assertThat(writable(RAM + 2 * MB + 0x1000)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(longs = {0x1000, 0x1ff000, 0x400000, -1})
    void aChunkThatIsNoBlockIsRefused(long chunk) {
        refused(Errno.EINVAL, () -> slots.setEagerSplitChunk(chunk));
    }

    @Test
    void theChunkIsChosenBeforeTheFirstSlot() {
        slots.setEagerSplitChunk(1L << 30);
        slots.setEagerSplitChunk(0);
        slots.add(0, RAM, MB);
        refused(Errno.EINVAL, () -> slots.setEagerSplitChunk(2 * MB));
    }

    // Ageing and discarding

    @Test
    void ageingClearsAccessFlagsAndAFaultSetsThemAgain() {
        slots.add(0, RAM, MB);
        touch(RAM, true);
        assertThat(arch.testAge(RAM, MB)).isTrue();
        assertThat(arch.age(RAM, MB)).isTrue();
        assertThat(arch.testAge(RAM, MB)).isFalse();
        assertThat(arch.age(RAM, MB)).isFalse();
        GuestAbort.accessFault(arch.mmu(), RAM);
        assertThat(arch.testAge(RAM, MB)).isTrue();
        assertThat(arch.testAge(RAM + 0x1000, 0x1000)).isFalse();
    }

    @Test
    void discardedPagesAreUnmappedGivenBackAndReadAsZero() {
        UserMemory memory = slots.add(0, RAM, 4 * MB);
        SplittableRandom random = new SplittableRandom(1);
        for (long at = 0; at < 4 * MB; at += 4096) {
            ram.put64(RAM + at, random.nextLong() | 1);
        }
        touch(RAM, true);
        memory.discard(MB, 2 * MB);
        assertThat(leaf(RAM + MB).valid()).isFalse();
        assertThat(memory.populated()).isEqualTo(2 * MB);
        for (long at = 0; at < 4 * MB; at += 4096) {
            assertThat(ram.get64(RAM + at) == 0).isEqualTo(at >= MB && at < 3 * MB);
        }
        refused(Errno.EINVAL, () -> memory.discard(0x800, 0x1000));
        refused(Errno.EINVAL, () -> memory.discard(3 * MB, 2 * MB));
        memory.discard(0, 0);
    }

    /**
     * A fault has looked host memory up, and waits for the lock, when that memory goes away: it
     * must not map what it found.
     */
    @ParameterizedTest
    @ValueSource(strings = {"discard", "delete", "move", "log", "unmap"})
    void aFaultThatLookedUpMemoryBeforeAChangeStartsAgain(String change) throws Exception {
        UserMemory memory = slots.add(0, RAM, MB);
        ram.put64(RAM, 42);
        ExecutorService thread = Executors.newSingleThreadExecutor();
        Future<?> fault;
        arch.lock().writeLock().lock();
        try {
            fault = thread.submit(() -> touch(RAM, true));
            while (!arch.lock().hasQueuedThreads()) {
                Thread.onSpinWait();
            }
            switch (change) {
                case "discard" -> memory.discard(0, 0x1000);
                case "delete" -> slots.delete(0);
                case "move" -> slots.move(0, 2 * RAM);
                case "log" -> slots.setFlags(0, LOG);
                default -> arch.unmapRange(RAM, 0x1000);
            }
        } finally {
            arch.lock().writeLock().unlock();
        }
        fault.get();
        thread.close();
        assertThat(leaf(RAM).valid()).isFalse();
    }

    // The VMM's view

    @Test
    void valuesOfAllSizesAreLittleEndianAndCrossPages() {
        slots.add(0, RAM, MB);
        ram.put64(RAM + 0xffd, 0x1122_3344_5566_7788L);
        assertThat(ram.get64(RAM + 0xffd)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(ram.get8(RAM + 0xfff)).isEqualTo(0x66);
        assertThat(ram.get16(RAM + 0xfff)).isEqualTo(0x5566);
        assertThat(ram.get32(RAM + 0x1000)).isEqualTo(0x2233_4455);
        byte[] bytes = new byte[8];
        ram.read(RAM + 0xffd, bytes, 0, 8);
        assertThat(bytes).containsExactly(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11);
    }

    @Test
    void anAccessThatIsPartlyOutsideMovesNothing() {
        slots.add(0, RAM, 0x2000);
        byte[] ones = new byte[0x3000];
        java.util.Arrays.fill(ones, (byte) 1);
        refused(Errno.EFAULT, () -> ram.write(RAM, ones, 0, 0x3000));
        refused(Errno.EFAULT, () -> ram.write(RAM + 0x1000, ones, 0, -1));
        refused(Errno.EFAULT, () -> ram.put64(RAM + 0x1ffc, -1));
        assertThat(ram.get64(RAM)).isZero();
        assertThat(ram.get32(RAM + 0x1ffc)).isZero();
        assertThat(ram.contains(RAM, 0x2000)).isTrue();
        assertThat(ram.contains(RAM, 0x2001)).isFalse();
    }

    @Test
    void whenTheHostHasNoPageTheVmmIsToldAndTheGuestGetsEnomem() {
        slots.add(0, RAM, 32 * MB);
        long pa;
        java.util.ArrayList<Long> taken = new java.util.ArrayList<>();
        while ((pa = host.allocateGuest(12)) != 0) {
            taken.add(pa);
        }
        refused(Errno.ENOMEM, () -> ram.put8(RAM, 1));
        assertThat(GuestAbort.userAbort(arch, slots, cache, null, RAM, false, 3, true))
                .isEqualTo(-Errno.ENOMEM);
        taken.forEach(p -> host.put(p, 12));
        touch(RAM, true);
        assertThat(leaf(RAM).valid()).isTrue();
    }
}
