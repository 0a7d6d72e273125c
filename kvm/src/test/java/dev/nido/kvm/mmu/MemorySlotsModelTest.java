package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.machine.Machine;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Random changes of slots, faults and writes of devices against a plain model: which page is where,
 * what it holds, and what must be in the dirty log.
 */
class MemorySlotsModelTest {

    private static final int PAGE = 4096;
    private static final int SPACE = 2048;
    private static final long BASE = 0x4000_0000L;

    /** A slot as the model knows it. */
    private static final class Model {
        int page;
        int pages;
        int memory;
        int offset;
        int flags;
        final boolean[] dirty = new boolean[SPACE];
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void slotsBehaveAsAPlainMapOfPages(long seed) {
        CpuModel cpu = CpuModel.defaultModel().withoutEl2();
        try (Machine machine = GuestRig.machine(cpu, 1, null, 64 << 20)) {
            HostMemory host = new HostMemory(machine);
            VmidAllocator vmids = new VmidAllocator(16, 1, () -> {}, n -> {});
            VmArch arch = new VmArch(machine, host, vmids, 0);
            new Run(seed, host, arch).run();
            arch.free();
            assertThat(host.usedPages()).isZero();
        }
    }

    private static final class Run {
        final SplittableRandom random;
        final VmArch arch;
        final MemorySlots slots;
        final GuestRam ram;
        final PageTableCache cache;
        final List<UserMemory> memories = new ArrayList<>();
        final long[][] contents = new long[3][1024];
        final Map<Integer, Model> model = new HashMap<>();
        final Leaf leaf = new Leaf();
        int refusals;

        Run(long seed, HostMemory host, VmArch arch) {
            this.random = new SplittableRandom(seed);
            this.arch = arch;
            slots = new MemorySlots(arch);
            ram = new GuestRam(arch, slots);
            cache = arch.newCache();
            for (int i = 0; i < 3; i++) {
                memories.add(new UserMemory(host, 1024L * PAGE, 12, i != 1));
            }
        }

        void run() {
            for (int step = 0; step < 3000; step++) {
                switch (random.nextInt(10)) {
                    case 0, 1 -> set();
                    case 2 -> delete();
                    case 3 -> flags();
                    case 4 -> log();
                    case 5 -> discard();
                    case 6, 7 -> put();
                    default -> touch();
                }
                check(random.nextInt(SPACE));
            }
            for (int page = 0; page < SPACE; page++) {
                check(page);
            }
            assertThat(refusals).isPositive();
            slots.close();
            cache.free();
            memories.forEach(UserMemory::close);
        }

        Model at(int page) {
            for (Model m : model.values()) {
                if (page >= m.page && page < m.page + m.pages) {
                    return m;
                }
            }
            return null;
        }

        boolean overlaps(int id, int page, int pages) {
            return model.entrySet().stream()
                    .anyMatch(e ->
                            e.getKey() != id
                                    && page < e.getValue().page + e.getValue().pages
                                    && e.getValue().page < page + pages);
        }

        /** Adds a slot, or moves one that is there. */
        void set() {
            int id = random.nextInt(5);
            Model old = model.get(id);
            Model m = new Model();
            m.page = random.nextInt(SPACE - 520);
            m.pages = old != null ? old.pages : 1 + random.nextInt(520);
            m.memory = old != null ? old.memory : random.nextInt(3);
            m.offset = old != null ? old.offset : random.nextInt(1024 - m.pages + 1);
            m.flags = old != null ? old.flags : 0;
            boolean allowed = !overlaps(id, m.page, m.pages);
            try {
                slots.set(
                        id,
                        m.flags,
                        BASE + (long) m.page * PAGE,
                        (long) m.pages * PAGE,
                        memories.get(m.memory),
                        (long) m.offset * PAGE);
                assertThat(allowed).isTrue();
            } catch (KvmException e) {
                assertThat(allowed).as(e.getMessage()).isFalse();
                refusals++;
                return;
            }
            if (old != null && (old.flags & MemorySlots.LOG_DIRTY_PAGES) != 0) {
                System.arraycopy(old.dirty, 0, m.dirty, 0, SPACE);
            }
            model.put(id, m);
        }

        void delete() {
            int id = random.nextInt(5);
            try {
                slots.delete(id);
                assertThat(model.remove(id)).isNotNull();
            } catch (KvmException e) {
                assertThat(model).doesNotContainKey(id);
                refusals++;
            }
        }

        void flags() {
            Model m = model.get(random.nextInt(5));
            if (m != null) {
                int id = idOf(m);
                m.flags ^= MemorySlots.LOG_DIRTY_PAGES;
                slots.setFlags(id, m.flags);
                Arrays.fill(m.dirty, false);
            }
        }

        int idOf(Model m) {
            return model.entrySet().stream()
                    .filter(e -> e.getValue() == m)
                    .findFirst()
                    .orElseThrow()
                    .getKey();
        }

        void log() {
            int id = random.nextInt(5);
            Model m = model.get(id);
            long[] log;
            try {
                log = slots.getDirtyLog(id);
            } catch (KvmException e) {
                assertThat(m == null || m.flags == 0).isTrue();
                refusals++;
                return;
            }
            for (int i = 0; i < m.pages; i++) {
                assertThat((log[i >>> 6] >>> i & 1) != 0).as("page %d", i).isEqualTo(m.dirty[i]);
            }
            Arrays.fill(m.dirty, false);
        }

        void discard() {
            int memory = random.nextInt(3);
            int page = random.nextInt(1024);
            int pages = Math.min(1024 - page, random.nextInt(600));
            memories.get(memory).discard((long) page * PAGE, (long) pages * PAGE);
            Arrays.fill(contents[memory], page, page + pages, 0);
        }

        void put() {
            int page = random.nextInt(SPACE);
            Model m = at(page);
            long value = random.nextLong();
            try {
                ram.put64(BASE + (long) page * PAGE + 8, value);
            } catch (KvmException e) {
                assertThat(m).isNull();
                refusals++;
                return;
            }
            contents[m.memory][m.offset + page - m.page] = value;
            m.dirty[page - m.page] = true;
        }

        /** A vCPU reads or writes. */
        void touch() {
            int page = random.nextInt(SPACE);
            boolean write = random.nextBoolean();
            long ipa = BASE + (long) page * PAGE;
            arch.mmu().pgt().getLeaf(ipa, leaf);
            boolean mapped = leaf.valid();
            boolean writable = mapped && (leaf.pte() >>> 7 & 1) != 0;
            if (mapped && (!write || writable)) {
                return; // No fault.
            }
            assertThat(
                            GuestAbort.userAbort(
                                    arch, slots, cache, null, ipa, mapped, leaf.level(), write))
                    .isZero();
            Model m = at(page);
            if (m != null && write) {
                m.dirty[page - m.page] = true;
            }
        }

        /** A mapping leads to the memory that the model has there, and may write only if logged. */
        void check(int page) {
            long ipa = BASE + (long) page * PAGE;
            arch.mmu().pgt().getLeaf(ipa, leaf);
            Model m = at(page);
            if (m == null) {
                assertThat(leaf.valid()).as("page %d has no slot", page).isFalse();
                assertThat(slots.find(ipa)).isNull();
                return;
            }
            int index = page - m.page;
            long value = contents[m.memory][m.offset + index];
            if (leaf.valid()) {
                long pa = leaf.translate(ipa + 8);
                assertThat(arch.host().memory().get64(arch.host().memory().offsetOf(pa)))
                        .isEqualTo(value);
                boolean logged = (m.flags & MemorySlots.LOG_DIRTY_PAGES) != 0;
                if (logged && (leaf.pte() >>> 7 & 1) != 0) {
                    assertThat(m.dirty[index]).as("page %d is writable", page).isTrue();
                }
            }
            assertThat(ram.get64(ipa + 8)).isEqualTo(value);
        }
    }
}
