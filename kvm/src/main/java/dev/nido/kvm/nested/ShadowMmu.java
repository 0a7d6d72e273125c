package dev.nido.kvm.nested;

import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.kvm.pgtable.Stage2PageTable;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The stage 2 of a guest's guest as PEs see it: from the addresses of L2 to physical ones, composed
 * of what L1's tables say and where the hypervisor keeps L1's memory. It is to L1 what a TLB is to
 * software: filled by faults, emptied by L1's TLBI, and until then as L1's tables were.
 *
 * <p>Everything here is used under the VM's lock, held for writing where it changes something.
 *
 * <p>KVM: the nested fields of {@code struct kvm_s2_mmu}.
 */
// Volatile fields are written under a lock.
@SuppressWarnings("NonAtomicVolatileUpdate")
public final class ShadowMmu {

    /** {@link #vttbr} of a context that shadows nothing: CnP, which is never part of one. */
    public static final long INVALID = 1;

    /** Used by any vCPU. */
    static final int SHARED = -1;

    private final S2Mmu mmu = new S2Mmu(this);
    private final int owner;
    private final GuestEntries entries = new GuestEntries();
    private volatile int invalidations;

    private volatile long vttbr = INVALID;
    private volatile long vtcr;
    private volatile boolean enabled;
    private volatile boolean pendingUnmap;
    private final AtomicInteger references = new AtomicInteger();
    private int vmid;

    /**
     * @param owner the only vCPU that may use it, or {@link #SHARED}
     */
    ShadowMmu(int owner) {
        this.owner = owner;
    }

    /** Its table and VMID. */
    public S2Mmu mmu() {
        return mmu;
    }

    /** The vCPU that it belongs to, −1 for any. */
    public int owner() {
        return owner;
    }

    /** VTTBR_EL2 of L1, without CnP; {@link #INVALID} if it shadows nothing. */
    public long vttbr() {
        return vttbr;
    }

    /** VTCR_EL2 of L1. */
    public long vtcr() {
        return vtcr;
    }

    /**
     * Whether L1 has its stage 2 on (HCR_EL2.VM or DC). If not, L2's addresses are L1's, and the
     * context is there for its VMID.
     */
    public boolean enabled() {
        return enabled;
    }

    /** Whether it shadows something. */
    public boolean isValid() {
        return vttbr != INVALID;
    }

    /** The VMID that L1 has given to it. */
    public int vmid() {
        return vmid;
    }

    /** Whether it still has what another guest left in it. */
    public boolean pendingUnmap() {
        return pendingUnmap;
    }

    /** vCPUs that have it loaded. */
    public int references() {
        return references.get();
    }

    /**
     * L1 invalidates a range, as by TLBI by address: all entries of L1's that translate any byte of
     * it go, and whatever was made from them; stage-1 results of the VMID stay.
     *
     * @param ipa of L2, page aligned
     * @param bytes a multiple of the page
     */
    public void unmap(long ipa, long bytes) {
        invalidations++;
        entries.remove(ipa, bytes, this::unmapTable);
        unmapTable(ipa, bytes);
    }

    private void unmapTable(long ipa, long bytes) {
        Stage2PageTable table = mmu.pgt();
        long end = Math.min(ipa + bytes, table.geometry().inputLimit());
        if (ipa >= 0 && ipa < end) {
            table.unmap(ipa, end - ipa);
        }
    }

    /** L1 invalidates everything. */
    public void unmapAll() {
        invalidations++;
        entries.clear();
        unmapLeaves();
    }

    /**
     * Drops a leaf that was there for a moment; the entry that it was made from is not affected.
     */
    void unmapLeaf(long ipa) {
        unmapTable(ipa & -mmu.pageSize(), mmu.pageSize());
    }

    /** The hypervisor takes all memory away; what L1's entries were stays known. */
    void unmapLeaves() {
        Stage2PageTable table = mmu.pgt();
        if (table != null) {
            table.unmap(0, table.geometry().inputLimit());
        }
    }

    /**
     * A number that changes with each invalidation by L1; to be sampled before L1's tables are
     * walked for a fault.
     */
    public int invalidations() {
        return invalidations;
    }

    /** Entries of L1's that it was filled from. */
    GuestEntries entries() {
        return entries;
    }

    /**
     * Something is mapped that an entry of L1's gives.
     *
     * @param ipa of L2
     * @param size bytes of the entry
     * @param descriptor the entry
     */
    public void remember(long ipa, long size, long descriptor) {
        entries.put(ipa, Long.numberOfTrailingZeros(size), descriptor);
    }

    // For ShadowMmus

    boolean shadows(long otherVttbr, long otherVtcr, boolean on, int otherVmid) {
        if (!isValid() || enabled != on) {
            return false;
        }
        return on ? vttbr == otherVttbr && vtcr == otherVtcr : vmid == otherVmid;
    }

    void begin(long newVttbr, long newVtcr, boolean on, int newVmid) {
        pendingUnmap |= isValid();
        vttbr = newVttbr;
        vtcr = newVtcr;
        enabled = on;
        vmid = newVmid;
    }

    void emptied() {
        pendingUnmap = false;
    }

    void take() {
        references.incrementAndGet();
    }

    void drop() {
        if (references.decrementAndGet() < 0) {
            throw new IllegalStateException("a shadow context is put more often than got");
        }
    }
}
