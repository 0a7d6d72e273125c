package dev.nido.kvm.mmu;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * One memory slot: a range of guest physical addresses, and the VMM's memory behind it. A change of
 * a slot makes a new object.
 *
 * <p>KVM: {@code struct kvm_memory_slot}.
 */
public final class MemorySlot implements UserMemory.Notifier {

    private final VmArch arch;
    private final int id;
    private final int flags;
    private final long ipa;
    private final long bytes;
    private final UserMemory memory;
    private final long offset;
    private final int pageShift;

    /** One bit a page, null unless dirty pages are logged. */
    private final AtomicLongArray dirty;

    MemorySlot(
            VmArch arch,
            int id,
            int flags,
            long ipa,
            long bytes,
            UserMemory memory,
            long offset,
            AtomicLongArray dirty) {
        this.arch = arch;
        this.id = id;
        this.flags = flags;
        this.ipa = ipa;
        this.bytes = bytes;
        this.memory = memory;
        this.offset = offset;
        this.pageShift = arch.pageShift();
        this.dirty = dirty;
    }

    /** Its number. */
    public int id() {
        return id;
    }

    /** {@link MemorySlots#LOG_DIRTY_PAGES}, {@link MemorySlots#READONLY}. */
    public int flags() {
        return flags;
    }

    /** First guest physical address. */
    public long ipa() {
        return ipa;
    }

    /** Bytes. */
    public long size() {
        return bytes;
    }

    /** Pages of the VM's stage 2. */
    public long pages() {
        return bytes >>> pageShift;
    }

    /** The VMM's memory behind it. */
    public UserMemory memory() {
        return memory;
    }

    /** Where in that memory the slot begins. */
    public long memoryOffset() {
        return offset;
    }

    /** Whether guests may not write. */
    public boolean readOnly() {
        return (flags & MemorySlots.READONLY) != 0;
    }

    /** Whether dirty pages are logged. */
    public boolean logging() {
        return dirty != null;
    }

    boolean contains(long address) {
        return Long.compareUnsigned(address - ipa, bytes) < 0;
    }

    /** The offset in the memory for a guest physical address. */
    public long offsetOf(long address) {
        return address - ipa + offset;
    }

    AtomicLongArray dirty() {
        return dirty;
    }

    /** Notes that the page of an address was written, if that is logged. */
    public void markDirty(long address) {
        if (dirty != null) {
            long page = address - ipa >>> pageShift;
            int word = (int) (page >>> 6);
            long bit = 1L << page;
            if ((dirty.getPlain(word) & bit) == 0) {
                dirty.getAndAccumulate(word, bit, (a, b) -> a | b);
            }
        }
    }

    /**
     * Whether 2 MiB around an address can be mapped as a block: they are in the slot, and congruent
     * in guest and VMM address space.
     */
    boolean holdsBlock(long address, long block) {
        long start = address & -block;
        return (ipa - offset & block - 1) == 0 && start >= ipa && start + block <= ipa + bytes;
    }

    @Override
    public void beforeChange(long from, long size) {
        long start = Math.max(from, offset);
        long end = Math.min(from + size, offset + bytes);
        long length = Math.max(0, end - start);
        arch.beginInvalidation(start - offset + ipa, length);
        if (arch.vm() != null && length > 0) {
            arch.ownership().release(arch.vm(), start - offset + ipa, length);
        }
    }

    @Override
    public void afterChange() {
        arch.endInvalidation();
    }

    @Override
    public String toString() {
        return "slot %d: 0x%x bytes at 0x%x".formatted(id, bytes, ipa);
    }
}
