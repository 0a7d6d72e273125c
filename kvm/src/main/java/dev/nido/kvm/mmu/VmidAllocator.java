package dev.nido.kvm.mmu;

import java.util.BitSet;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.IntConsumer;

/**
 * Deals out VMIDs. A context has its number for a <em>generation</em>; when numbers run out, a new
 * generation begins: all TLBs are emptied, contexts that are loaded on a PE at that moment keep
 * their numbers, all others ask anew at their next entry. Number 0 is the host's.
 *
 * <p>The common case, an entry in the generation of the number, takes no lock.
 *
 * <p>KVM: {@code arch/arm64/kvm/vmid.c}: {@code kvm_arm_vmid_update()}, {@code
 * kvm_arm_vmid_clear_active()}.
 */
// Volatile fields are written under a lock.
@SuppressWarnings("NonAtomicVolatileUpdate")
public final class VmidAllocator {

    /** In {@link #active}: no context is loaded on the PE. */
    private static final long NOTHING = -1;

    private final int bits;
    private final long numbers;
    private final Runnable flushEveryVmid;
    private final IntConsumer flushVmid;

    /** By PE: the id that is loaded; 0 after a roll-over took it to {@link #reserved}. */
    private final AtomicLongArray active;

    // Guarded by this

    /** By PE: the id that was loaded when the generation began. */
    private final long[] reserved;

    private final BitSet taken;
    private int next = 1;

    /** Multiple of {@link #numbers}. */
    private volatile long generation;

    private long rollOvers;

    /**
     * @param bits 8, or 16 with FEAT_VMID16
     * @param pes PEs of the machine
     * @param flushEveryVmid drops what all TLBs have of any VMID; complete when it returns
     * @param flushVmid the same of one VMID
     */
    public VmidAllocator(int bits, int pes, Runnable flushEveryVmid, IntConsumer flushVmid) {
        if (bits != 8 && bits != 16) {
            throw new IllegalArgumentException("a VMID has 8 or 16 bits, not " + bits);
        }
        if (pes >= (1 << bits) - 1) {
            throw new IllegalArgumentException(
                    "%d PEs need more VMIDs than %d bits give".formatted(pes, bits));
        }
        this.bits = bits;
        this.numbers = 1L << bits;
        this.flushEveryVmid = flushEveryVmid;
        this.flushVmid = flushVmid;
        this.active = new AtomicLongArray(pes);
        for (int i = 0; i < pes; i++) {
            active.set(i, NOTHING);
        }
        this.reserved = new long[pes];
        this.taken = new BitSet(1 << bits);
        taken.set(0);
        this.generation = numbers;
    }

    /** 8 or 16. */
    public int bits() {
        return bits;
    }

    /** Generations that were begun after the first. */
    public synchronized long rollOvers() {
        return rollOvers;
    }

    /** Numbers that are taken in this generation. */
    public synchronized int used() {
        return taken.cardinality() - 1;
    }

    /**
     * Makes a context's VMID good for an entry on a PE; called with the PE loaded, before each
     * entry.
     *
     * @return the number, 1 to 2^bits − 1; it stays good until {@link #clearActive}
     */
    public int update(Vmid vmid, int pe) {
        long id = vmid.id;
        long before = active.get(pe);
        if (before != 0 && current(id) && active.compareAndSet(pe, before, id)) {
            return number(id);
        }
        synchronized (this) {
            id = vmid.id;
            if (!current(id)) {
                id = renew(id);
                vmid.id = id;
            }
            active.set(pe, id);
            return number(id);
        }
    }

    /** The context that was loaded on a PE is put. */
    public void clearActive(int pe) {
        active.set(pe, NOTHING);
    }

    /**
     * The number that a context's TLB entries may be tagged with, 0 if it never had one. After a
     * roll-over it may be another's by now: invalidating it does no harm.
     */
    public int number(Vmid vmid) {
        return number(vmid.id);
    }

    /** Takes a VMID from a context that is loaded nowhere and goes away. */
    public synchronized void release(Vmid vmid) {
        long id = vmid.id;
        vmid.clear();
        if (id == 0) {
            return;
        }
        boolean held = current(id);
        for (int pe = 0; pe < reserved.length; pe++) {
            if (reserved[pe] == id) {
                reserved[pe] = 0;
                held = true;
            }
            active.compareAndSet(pe, id, NOTHING);
        }
        if (held) {
            flushVmid.accept(number(id));
            taken.clear(number(id));
        }
    }

    private boolean current(long id) {
        return id != 0 && (id ^ generation) >>> bits == 0;
    }

    private int number(long id) {
        return (int) (id & numbers - 1);
    }

    private long renew(long old) {
        int number = number(old);
        if (number != 0) {
            long renewed = generation | number;
            boolean kept = false;
            for (int pe = 0; pe < reserved.length; pe++) {
                if (reserved[pe] == old) {
                    reserved[pe] = renewed;
                    kept = true;
                }
            }
            if (kept) {
                return renewed;
            }
            if (!taken.get(number)) {
                taken.set(number);
                return renewed;
            }
        }
        int free = taken.nextClearBit(next);
        if (free >= numbers) {
            free = taken.nextClearBit(1);
        }
        if (free >= numbers) {
            beginGeneration();
            free = taken.nextClearBit(1);
        }
        taken.set(free);
        next = free + 1;
        return generation | free;
    }

    private void beginGeneration() {
        rollOvers++;
        generation += numbers;
        taken.clear();
        taken.set(0);
        for (int pe = 0; pe < reserved.length; pe++) {
            // Set to 0 in any case, so that an update that has seen the old generation fails.
            long id = active.getAndSet(pe, 0);
            if (id == NOTHING) {
                reserved[pe] = 0;
            } else if (id != 0) {
                reserved[pe] = id;
            }
            // It was 0: nothing entered there since the last roll-over; what was kept stays kept.
            if (reserved[pe] != 0) {
                taken.set(number(reserved[pe]));
            }
        }
        flushEveryVmid.run();
    }
}
