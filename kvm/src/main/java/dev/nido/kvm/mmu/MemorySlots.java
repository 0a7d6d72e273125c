package dev.nido.kvm.mmu;

import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The memory slots of a VM: which guest physical addresses have memory, and where it is. Slots
 * never overlap. Whatever is refused changes nothing. Looking up takes no lock; changes exclude
 * each other.
 *
 * <p>KVM: {@code kvm_set_memory_region()}, {@code kvm_get_dirty_log_protect()}, {@code
 * kvm_clear_dirty_log_protect()}, {@code kvm_arch_prepare_memory_region()}, {@code
 * kvm_arch_commit_memory_region()}.
 */
public final class MemorySlots implements AutoCloseable {

    /** Flag of a slot: written pages are logged. */
    public static final int LOG_DIRTY_PAGES = 1;

    /** Flag of a slot: guests' writes are MMIO exits. */
    public static final int READONLY = 2;

    /** Slots are numbered below this. */
    public static final int MAX_SLOTS = 32767;

    private static final long MAX_PAGES = 0x7fff_ffffL;
    private static final MemorySlot[] NONE = {};

    private final VmArch arch;
    private final boolean wholeBlocks;

    /** By ascending address; replaced as a whole. */
    private volatile MemorySlot[] slots = NONE;

    private boolean manualProtect;
    private boolean initiallySet;
    private long splitChunk;
    private PageTableCache splitCache;
    private final List<UserMemory> owned = new ArrayList<>();

    /** No slots; fresh memory comes in whole blocks where there are any. */
    public MemorySlots(VmArch arch) {
        this(arch, true);
    }

    /**
     * No slots.
     *
     * @param wholeBlocks whether fresh memory comes in blocks of 2 MiB; else page by page
     */
    public MemorySlots(VmArch arch, boolean wholeBlocks) {
        this.arch = arch;
        this.wholeBlocks = wholeBlocks;
    }

    /** All slots, by ascending address. */
    public List<MemorySlot> all() {
        return List.of(slots);
    }

    /** The slot that holds a guest physical address, or null. */
    public MemorySlot find(long ipa) {
        MemorySlot[] s = slots;
        int low = 0;
        int high = s.length - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            MemorySlot m = s[middle];
            if (m.contains(ipa)) {
                return m;
            }
            if (m.ipa() > ipa) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return null;
    }

    /** The slot of a number, or null. */
    public MemorySlot get(int id) {
        for (MemorySlot s : slots) {
            if (s.id() == id) {
                return s;
            }
        }
        return null;
    }

    // Changes

    /**
     * Adds a slot with fresh memory, which goes with {@link #close}.
     *
     * @return its memory
     */
    public synchronized UserMemory add(int id, long ipa, long bytes) {
        UserMemory memory = new UserMemory(arch.host(), bytes, arch.pageShift(), wholeBlocks);
        set(id, 0, ipa, bytes, memory, 0);
        owned.add(memory);
        return memory;
    }

    /** Moves a slot to another guest physical address. */
    public synchronized void move(int id, long ipa) {
        MemorySlot s = existing(id, Errno.EINVAL);
        set(id, s.flags(), ipa, s.size(), s.memory(), s.memoryOffset());
    }

    /** Changes the flags of a slot; {@link #READONLY} stays what it is. */
    public synchronized void setFlags(int id, int flags) {
        MemorySlot s = existing(id, Errno.EINVAL);
        set(id, flags, s.ipa(), s.size(), s.memory(), s.memoryOffset());
    }

    /** Deletes a slot; its memory stays the VMM's. */
    public synchronized void delete(int id) {
        set(id, 0, 0, 0, null, 0);
    }

    /**
     * Adds, moves, changes or (with {@code bytes} 0) deletes a slot (KVM_SET_USER_MEMORY_REGION).
     *
     * @param id 0 to {@link #MAX_SLOTS} − 1
     * @param flags {@link #LOG_DIRTY_PAGES}, {@link #READONLY}
     * @param ipa guest physical address, page aligned
     * @param bytes a multiple of the page
     * @param memory the VMM's memory; that of an existing slot can't be replaced
     * @param offset where in it, page aligned
     * @throws KvmException EINVAL, EEXIST where another slot is, EFAULT outside the guest's address
     *     space
     */
    public synchronized void set(
            int id, int flags, long ipa, long bytes, UserMemory memory, long offset) {
        long pageMask = arch.pageSize() - 1;
        if ((flags & ~(LOG_DIRTY_PAGES | READONLY)) != 0) {
            throw invalid("flags 0x%x", flags);
        }
        if (id < 0 || id >= MAX_SLOTS) {
            throw invalid("slot number %d", id);
        }
        if (((ipa | bytes | offset) & pageMask) != 0) {
            throw invalid("0x%x bytes at 0x%x are not whole pages", bytes, ipa);
        }
        if (ipa < 0 || bytes < 0 || ipa + bytes < ipa) {
            throw invalid("0x%x bytes at 0x%x", bytes, ipa);
        }
        MemorySlot old = get(id);
        if (bytes == 0) {
            if (old == null) {
                throw invalid("slot %d does not exist", id);
            }
            remove(old);
            return;
        }
        if (bytes >>> arch.pageShift() > MAX_PAGES) {
            throw invalid("a slot of 0x%x bytes", bytes);
        }
        if (memory == null || offset < 0 || offset > memory.size() - bytes) {
            throw invalid("0x%x bytes at 0x%x of the memory", bytes, offset);
        }
        if (old != null
                && (old.memory() != memory
                        || old.memoryOffset() != offset
                        || old.size() != bytes
                        || ((old.flags() ^ flags) & READONLY) != 0)) {
            throw invalid("slot %d can only move or change its log", id);
        }
        if (old != null && old.ipa() == ipa && old.flags() == flags) {
            return;
        }
        if (old == null || old.ipa() != ipa) {
            for (MemorySlot s : slots) {
                if (s != old && ipa < s.ipa() + s.size() && s.ipa() < ipa + bytes) {
                    throw new KvmException(
                            Errno.EEXIST, "slot %d would overlap slot %d".formatted(id, s.id()));
                }
            }
        }
        if (ipa + bytes > 1L << arch.ipaBits()) {
            throw new KvmException(
                    Errno.EFAULT,
                    "0x%x bytes at 0x%x are outside the guest's %d bits"
                            .formatted(bytes, ipa, arch.ipaBits()));
        }
        boolean logs = (flags & LOG_DIRTY_PAGES) != 0;
        boolean logged = old != null && old.logging();
        AtomicLongArray dirty = logged ? old.dirty() : newBitmap(bytes);
        MemorySlot slot =
                new MemorySlot(arch, id, flags, ipa, bytes, memory, offset, logs ? dirty : null);
        if (old != null && old.ipa() != ipa) {
            remove(old);
            old = null;
        }
        install(slot, old);
        if (logs && !logged && old != null && !initiallySet) {
            protect(slot, ipa, bytes);
        }
    }

    /** A bitmap that says that nothing is dirty, or everything if that was asked for. */
    private AtomicLongArray newBitmap(long bytes) {
        long pages = bytes >>> arch.pageShift();
        AtomicLongArray dirty = new AtomicLongArray((int) (pages + 63 >>> 6));
        if (initiallySet) {
            for (int i = 0; i < dirty.length(); i++) {
                dirty.setPlain(i, -1L);
            }
            if ((pages & 63) != 0) {
                dirty.setPlain(dirty.length() - 1, (1L << pages) - 1);
            }
        }
        return dirty;
    }

    /** Makes a slot visible, in the place of {@code old} where that is not null. */
    private void install(MemorySlot slot, MemorySlot old) {
        List<MemorySlot> next = new ArrayList<>(List.of(slots));
        next.remove(old);
        next.add(slot);
        next.sort(Comparator.comparingLong(MemorySlot::ipa));
        slot.memory().register(slot);
        slots = next.toArray(NONE);
        // Faults that found the old slot would map without logging, or at the old place.
        arch.restartFaults();
        if (old != null) {
            old.memory().unregister(old);
        }
    }

    private void remove(MemorySlot old) {
        List<MemorySlot> next = new ArrayList<>(List.of(slots));
        next.remove(old);
        slots = next.toArray(NONE);
        arch.unmapRange(old.ipa(), old.size());
        old.memory().unregister(old);
        if (arch.vm() != null) {
            arch.ownership().release(arch.vm(), old.ipa(), old.size());
        }
    }

    private MemorySlot existing(int id, int errno) {
        MemorySlot s = get(id);
        if (s == null) {
            throw new KvmException(errno, "slot %d does not exist".formatted(id));
        }
        return s;
    }

    private static KvmException invalid(String format, Object... values) {
        return new KvmException(Errno.EINVAL, format.formatted(values));
    }

    // Dirty log

    /**
     * Chooses who write-protects pages again (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2).
     *
     * @param manual {@link #clearDirtyLog} does, and {@link #getDirtyLog} only looks
     * @param allAtFirst with {@code manual}: a new log has all pages dirty, and nothing is
     *     write-protected until it is cleared
     */
    public synchronized void setManualProtect(boolean manual, boolean allAtFirst) {
        if (allAtFirst && !manual) {
            throw invalid("a log that is full at first needs to be cleared by hand");
        }
        manualProtect = manual;
        initiallySet = allAtFirst;
    }

    /**
     * Has blocks split when logging begins, so many bytes at once
     * (KVM_CAP_ARM_EAGER_SPLIT_CHUNK_SIZE).
     *
     * @param chunk 0 to leave it to faults, or the size of a block
     * @throws KvmException EINVAL for other sizes, or when there are slots already
     */
    public synchronized void setEagerSplitChunk(long chunk) {
        if (slots.length != 0) {
            throw invalid("blocks' splitting is chosen before the first slot");
        }
        if (chunk != 0 && !isBlockSize(chunk)) {
            throw invalid("no block has 0x%x bytes", chunk);
        }
        splitChunk = chunk;
        freeSplitCache();
        if (chunk != 0) {
            // One table for each block of the next level, and theirs.
            long perTable = arch.pageSize() << arch.pageShift() - 3;
            int pages = (int) (chunk / perTable) + 2;
            splitCache = new PageTableCache(arch.host(), arch.pageShift(), pages);
        }
    }

    private boolean isBlockSize(long size) {
        int shift = arch.pageShift();
        int stride = shift - 3;
        return size == 1L << shift + stride || shift == 12 && size == 1L << shift + 2 * stride;
    }

    private void freeSplitCache() {
        if (splitCache != null) {
            splitCache.free();
            splitCache = null;
        }
    }

    /** Write-protects a range of a slot, and splits its blocks first if that was asked for. */
    private void protect(MemorySlot slot, long ipa, long bytes) {
        if (splitChunk != 0) {
            split(ipa, bytes);
        }
        arch.writeProtect(ipa, bytes);
    }

    private void split(long ipa, long bytes) {
        long end = ipa + bytes;
        long at = ipa;
        while (at < end) {
            long next = Math.min(end, (at | splitChunk - 1) + 1);
            // Pages are allocated without the lock, and the split that lacks some is left to
            // faults.
            splitCache.topUp(splitCache.capacity());
            arch.splitRange(at, next - at, splitCache);
            at = next;
        }
        splitCache.free();
    }

    /**
     * The dirty pages of a slot since they were asked for last (KVM_GET_DIRTY_LOG): bit <i>n</i> of
     * word <i>m</i> is page 64·<i>m</i> + <i>n</i>. Without manual protection they are
     * write-protected again, and clean.
     *
     * @throws KvmException EINVAL for a bad number, ENOENT for a slot that has no log
     */
    public synchronized long[] getDirtyLog(int id) {
        MemorySlot s = logged(id);
        AtomicLongArray dirty = s.dirty();
        long[] log = new long[dirty.length()];
        if (manualProtect) {
            for (int i = 0; i < log.length; i++) {
                log[i] = dirty.get(i);
            }
            return log;
        }
        boolean any = false;
        for (int i = 0; i < log.length; i++) {
            log[i] = dirty.get(i) == 0 ? 0 : dirty.getAndSet(i, 0);
            any |= log[i] != 0;
        }
        if (any) {
            protectPages(s, 0, log);
        }
        return log;
    }

    /**
     * Makes pages of a slot clean, and write-protects them (KVM_CLEAR_DIRTY_LOG).
     *
     * @param firstPage a multiple of 64
     * @param pages a multiple of 64, unless they end with the slot
     * @param which bit <i>n</i> of word <i>m</i> is page {@code firstPage} + 64·<i>m</i> + <i>n</i>
     * @throws KvmException EINVAL for a bad number or range, ENOENT for a slot that has no log
     */
    public synchronized void clearDirtyLog(int id, long firstPage, long pages, long[] which) {
        if ((firstPage & 63) != 0) {
            throw invalid("first page %d", firstPage);
        }
        MemorySlot s = logged(id);
        long left = s.pages() - firstPage;
        if (firstPage < 0
                || pages < 0
                || left < 0
                || pages > left
                || pages < left && (pages & 63) != 0
                || which.length < (int) (pages + 63 >>> 6)) {
            throw invalid("%d pages from %d of %d", pages, firstPage, s.pages());
        }
        int first = (int) (firstPage >>> 6);
        long[] cleared = Arrays.copyOf(which, (int) (pages + 63 >>> 6));
        boolean any = false;
        for (int i = 0; i < cleared.length; i++) {
            long mask = cleared[i];
            if (mask != 0) {
                cleared[i] = s.dirty().getAndAccumulate(first + i, ~mask, (a, b) -> a & b) & mask;
                any |= cleared[i] != 0;
            }
        }
        if (any) {
            protectPages(s, firstPage, cleared);
        }
    }

    /** Write-protects runs of pages, in the order of the log. */
    private void protectPages(MemorySlot s, long firstPage, long[] log) {
        if (initiallySet && splitChunk != 0) {
            split(s.ipa() + (firstPage << arch.pageShift()), spanned(s, firstPage, log));
        }
        long run = -1;
        long n = (long) log.length << 6;
        for (long i = 0; i <= n; i++) {
            boolean set = i < n && (log[(int) (i >>> 6)] >>> i & 1) != 0;
            if (set && run < 0) {
                run = i;
            } else if (!set && run >= 0) {
                arch.writeProtect(
                        s.ipa() + (firstPage + run << arch.pageShift()),
                        i - run << arch.pageShift());
                run = -1;
            }
        }
    }

    private long spanned(MemorySlot s, long firstPage, long[] log) {
        return Math.min(s.pages() - firstPage, (long) log.length << 6) << arch.pageShift();
    }

    private MemorySlot logged(int id) {
        if (id < 0 || id >= MAX_SLOTS) {
            throw invalid("slot number %d", id);
        }
        MemorySlot s = existing(id, Errno.ENOENT);
        if (!s.logging()) {
            throw new KvmException(Errno.ENOENT, "slot %d has no log".formatted(id));
        }
        return s;
    }

    /** Deletes all slots, and the memory that came with {@link #add}. */
    @Override
    public synchronized void close() {
        for (MemorySlot s : slots) {
            remove(s);
        }
        freeSplitCache();
        for (UserMemory m : owned) {
            m.close();
        }
        owned.clear();
    }
}
