package dev.nido.kvm.protect;

import dev.nido.kvm.pgtable.Stage2Context;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.mmu.TlbMaintenance;

/**
 * The host's MMU context. Its VMID is 0, which no guest ever gets.
 *
 * <p>KVM: {@code host_mmu.arch.mmu}, a {@code struct kvm_s2_mmu}.
 */
public class HostMmu implements Stage2Context {

    /** The host's VMID. */
    public static final int VMID = 0;

    // Set one after the other by HostStage2.prepare

    long vtcr;
    HostArch arch;
    long pgdPhys;
    Stage2PageTable pgt;

    /** What VMID 0 was numbered in: the generation, 0, and the number, 0. */
    long vmid = -1;

    HostMmu() {}

    @Override
    public long vtcr() {
        return vtcr;
    }

    @Override
    public boolean hasArch() {
        return arch != null;
    }

    /** Physical address of the root table; 0 before there is one. */
    public long pgdPhys() {
        return pgdPhys;
    }

    /** VTTBR_EL2 while the host runs. */
    public long vttbr() {
        return (long) VMID << 48 | pgdPhys;
    }

    @Override
    public void flushVmid() {
        tlb().stage2(tag());
    }

    @Override
    public void flushVmidIpa(long ipa, int level) {
        long page = 1L << arch.pageShift();
        tlb().stage2(tag(), ipa & -page, page);
    }

    @Override
    public void flushVmidIpaNsh(long ipa, int level) {
        // There is no PE that the hypervisor's caller stands on: all of them.
        flushVmidIpa(ipa, level);
    }

    @Override
    public void flushVmidRange(long ipa, long pages) {
        if (pages > 0) {
            tlb().stage2(tag(), ipa, pages << arch.pageShift());
        }
    }

    @Override
    public boolean rangeInvalidation() {
        return true;
    }

    /** The VMID that this context's TLB entries are tagged with. */
    int tag() {
        return VMID;
    }

    /** What carries invalidations out. */
    TlbMaintenance tlb() {
        return arch.machine().tlbMaintenance();
    }
}
