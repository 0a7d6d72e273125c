package dev.nido.kvm.pgtable;

import dev.nido.machine.PhysicalMemory;

import java.lang.invoke.VarHandle;

/**
 * What a walker's callback sees of the entry that is being visited. One object serves a whole walk;
 * it is the callback's only until it returns.
 *
 * <p>KVM: {@code struct kvm_pgtable_visit_ctx}.
 */
public final class Visit {

    final MemoryOps ops;
    final PhysicalMemory memory;
    final int pageShift;
    final int flags;

    /** Range of the walk, page aligned. */
    final long start;

    final long end;

    /** Where the walk goes on: runs ahead of {@link #addr} when an entry is done. */
    long next;

    // The entry

    /** Offset of the entry in memory. */
    long at;

    /** The entry as it was read, once. */
    long old;

    long addr;
    int level;

    Visit(MemoryOps ops, int flags, long start, long end) {
        this.ops = ops;
        this.memory = ops.memory();
        this.pageShift = ops.pageShift();
        this.flags = flags;
        this.start = start;
        this.end = end;
        this.next = start;
    }

    /** The entry's value when the visit began. */
    public long old() {
        return old;
    }

    /** First input address of the walk that the entry translates. */
    public long addr() {
        return addr;
    }

    /** First address of the walk's range. */
    public long start() {
        return start;
    }

    /** One past the last address of the walk's range. */
    public long end() {
        return end;
    }

    /** Level of the entry, −1 to 3. */
    public int level() {
        return level;
    }

    /** Walk flags, see {@link PageTableWalker}. */
    public int flags() {
        return flags;
    }

    /** Physical address of the entry. */
    public long entryAddress() {
        return memory.physicalBase() + at;
    }

    boolean shared() {
        return (flags & PageTableWalker.SHARED) != 0;
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /** What the entry maps, in bytes. */
    long size() {
        return 1L << TableGeometry.shift(pageShift, level);
    }

    /** First address that the entry translates, inside the walk's range or not. */
    long entryStart() {
        return addr & -size();
    }

    boolean oldIsTable() {
        return Descriptor.table(old, level);
    }

    /** The page that {@link #old} points to. */
    long oldAddress() {
        return Descriptor.outputAddress(old, pageShift);
    }

    long load() {
        long value = memory.get64(at);
        if (shared()) {
            VarHandle.acquireFence();
        }
        return value;
    }

    /** Writes the entry, after everything written before. */
    void storeRelease(long value) {
        VarHandle.releaseFence();
        memory.put64(at, value);
    }

    /**
     * Replaces {@link #old}: by compare-and-swap in a shared walk, else plainly.
     *
     * @return false if somebody else changed the entry since it was read
     */
    boolean trySet(long value) {
        if (shared()) {
            return memory.compareExchange64(at, old, value) == old;
        }
        VarHandle.releaseFence();
        memory.put64(at, value);
        return true;
    }

    void getPage() {
        ops.getPage(entryAddress());
    }

    void putPage() {
        ops.putPage(entryAddress());
    }
}
