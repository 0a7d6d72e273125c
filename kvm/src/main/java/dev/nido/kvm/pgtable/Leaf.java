package dev.nido.kvm.pgtable;

import dev.nido.kvm.Errno;
import dev.nido.machine.PhysicalMemory;

import java.lang.invoke.VarHandle;

/**
 * Receives what {@link Stage2PageTable#getLeaf} and {@link HypPageTable#getLeaf} find, so that
 * looking up allocates nothing. An invalid entry is a leaf too.
 *
 * <p>KVM: the results of {@code kvm_pgtable_get_leaf()}.
 */
public final class Leaf {

    private long pte;
    private int level;
    private int pageShift;

    /** Walks to the entry where a PE's walk for an address ends. */
    int find(MemoryOps ops, TableGeometry geometry, long root, long address) {
        if (address < 0 || address >= geometry.inputLimit()) {
            return -Errno.ERANGE;
        }
        if (root == 0) {
            return -Errno.EINVAL;
        }
        PhysicalMemory memory = ops.memory();
        int shift = geometry.pageShift();
        long table = root;
        long mask = (geometry.pgdSize() >>> 3) - 1;
        for (int l = geometry.startLevel(); ; l++) {
            long index = address >>> geometry.shift(l) & mask;
            long entry = memory.get64(memory.offsetOf(table) + (index << 3));
            VarHandle.acquireFence();
            if (!Descriptor.table(entry, l)) {
                pte = entry;
                level = l;
                pageShift = shift;
                return 0;
            }
            table = Descriptor.outputAddress(entry, shift);
            mask = geometry.entries() - 1;
        }
    }

    /** The descriptor. */
    public long pte() {
        return pte;
    }

    /** Its level, −1 to 3. */
    public int level() {
        return level;
    }

    /** Whether it maps something. */
    public boolean valid() {
        return Descriptor.valid(pte);
    }

    /** Output address of the whole page or block. */
    public long outputAddress() {
        return Descriptor.outputAddress(pte, pageShift);
    }

    /** Output address for an input address inside the page or block. */
    public long translate(long address) {
        return outputAddress() | address & size() - 1;
    }

    /** Bytes that an entry of this level maps. */
    public long size() {
        return 1L << TableGeometry.shift(pageShift, level);
    }

    /** The software bits as a number 0 to 15. */
    public int software() {
        return Prot.swOf(Descriptor.softwareProt(pte));
    }

    /** Access flag. */
    public boolean young() {
        return valid() && (pte & Descriptor.AF) != 0;
    }
}
