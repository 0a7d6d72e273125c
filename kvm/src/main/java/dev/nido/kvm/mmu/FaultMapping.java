package dev.nido.kvm.mmu;

import dev.nido.kvm.nested.ShadowMmu;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;

import java.util.concurrent.locks.Lock;

/**
 * What a fault handler is about to map: where in which context, and what may be done there apart
 * from what the host allows. One of a vCPU's, used for one fault after the other.
 *
 * <p>KVM: {@code struct kvm_s2_fault}, with the {@code struct kvm_s2_trans} of a nested guest.
 */
public final class FaultMapping {

    /**
     * In {@link #software}: the guest's tables allow writing. Where the leaf does not, it is for
     * the host's sake, or until the guest's entry is marked dirty.
     */
    public static final int WRITABLE = 1 << 2;

    /** Bits of {@link #software} that are the level of an entry of L1's. */
    public static final int LEVEL = 3;

    private final Leaf leaf = new Leaf();

    S2Mmu mmu;

    /** The address in the context's table. */
    long key;

    /** The VM's address of the same. */
    long ipa;

    /** No larger block than this: the guest's tables have another address behind it. */
    long limit;

    /** R, W, PX, UX and attributes that the guest's tables give. */
    int prot;

    /** Software bits of the leaf: {@link #LEVEL} and {@link #WRITABLE}. */
    int software;

    /** The entry of L1's that it comes from, 0 for none. */
    private long descriptor;

    /** {@link ShadowMmu#invalidations} before that was looked up. */
    private int invalidations;

    /** Begins with an address of the VM's own, all of which is the guest's to use. */
    public FaultMapping of(S2Mmu context, long address) {
        mmu = context;
        key = address;
        ipa = address;
        limit = Long.MAX_VALUE;
        prot = Prot.RWX;
        software = 0;
        descriptor = 0;
        return this;
    }

    /**
     * It is an address of L2, for which L1's tables have an entry.
     *
     * @param l1Ipa what they make of it
     * @param size bytes of the entry
     * @param rights {@link Prot} with the entry's attributes; W if the entry permits it now
     * @param writable whether the entry permits writing, now or once it is marked dirty
     * @param level of the entry, 1 to 3
     */
    public void translated(long l1Ipa, long size, int rights, boolean writable, int level) {
        ipa = l1Ipa;
        limit = size;
        prot = rights;
        software = level & LEVEL | (writable ? WRITABLE : 0);
    }

    /**
     * It comes from an entry of L1's.
     *
     * @param before {@link ShadowMmu#invalidations} before that was looked up
     */
    public void madeFrom(long entry, int before) {
        descriptor = entry;
        invalidations = before;
    }

    /** Whether L1 has invalidated since; under the VM's lock. */
    boolean isStale() {
        return descriptor != 0 && mmu.shadow().invalidations() != invalidations;
    }

    /** Has the context know the entry, unless L1 has invalidated since. */
    public void remember() {
        Lock lock = mmu.arch().lock().readLock();
        lock.lock();
        try {
            rememberLocked();
        } finally {
            lock.unlock();
        }
    }

    /** The same under the VM's lock. */
    void rememberLocked() {
        if (descriptor != 0 && !isStale()) {
            mmu.shadow().remember(key, limit, descriptor);
        }
    }

    /** The address in the context's table. */
    public long key() {
        return key;
    }

    /** The VM's address. */
    public long ipa() {
        return ipa;
    }

    /** Whether the leaf at the address maps to {@code pa}; L1 may have changed what it shadows. */
    boolean stillMapsTo(Stage2PageTable table, long pa) {
        return mmu.shadow() == null
                || table.getLeaf(key, leaf) == 0 && leaf.valid() && leaf.translate(key) == pa;
    }

    /** {@link Prot} of the leaf. */
    int leafProt(boolean hostWritable) {
        return (hostWritable ? prot : prot & ~Prot.W) | Prot.sw(software);
    }
}
