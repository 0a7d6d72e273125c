package dev.nido.kvm.nested;

import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.machine.PhysicalMemory;

/**
 * The page that VNCR_EL2 names for a vCPU: 4 KiB of host memory in which each register that
 * FEAT_NV2 redirects has 64 bits at its offset (Arm ARM D8.11.5; KVM: {@code vncr_array}). Without
 * NV2 the same page is where the hypervisor keeps them.
 */
public final class VncrPage implements AutoCloseable {

    private static final int[] OFFSET = new int[SysReg.COUNT];

    static {
        for (SysReg r : SysReg.values()) {
            OFFSET[r.ordinal()] = r.vncrOffset();
        }
    }

    private final HostMemory host;
    private final PhysicalMemory memory;
    private final long pa;
    private final long offset;
    private boolean freed;

    /**
     * Allocates a page, all zero.
     *
     * @throws KvmException ENOMEM
     */
    public VncrPage(HostMemory host) {
        this.host = host;
        memory = host.memory();
        pa = host.allocateTable(HostMemory.PAGE_SHIFT);
        if (pa == 0) {
            throw new KvmException(Errno.ENOMEM, "no memory for a vCPU's VNCR page");
        }
        offset = memory.offsetOf(pa);
    }

    /** Whether a register has a slot. */
    public static boolean holds(SysReg r) {
        return OFFSET[r.ordinal()] >= 0;
    }

    /** Physical address of the page. */
    public long pa() {
        return pa;
    }

    /** The slot of a register. */
    public long get(SysReg r) {
        return memory.get64(offset + OFFSET[r.ordinal()]);
    }

    /** Sets the slot of a register. */
    public void set(SysReg r, long value) {
        memory.put64(offset + OFFSET[r.ordinal()], value);
    }

    /** Frees the page. Again: no effect. */
    @Override
    public void close() {
        if (!freed) {
            freed = true;
            host.put(pa, HostMemory.PAGE_SHIFT);
        }
    }
}
