package dev.nido.kvm.nested;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.VmArch;
import dev.nido.kvm.mmu.Vmid;
import dev.nido.kvm.pgtable.Stage2Geometry;
import dev.nido.kvm.pgtable.Stage2PageTable;

import java.util.Arrays;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;

/**
 * The shadow contexts of a VM: found by what L1's VTTBR_EL2, VTCR_EL2 and HCR_EL2 say, made new
 * from ones that no vCPU uses.
 *
 * <p>With vCPUs that go from PE to PE there are two for each vCPU, shared by all. Where vCPUs are
 * pinned each has its own: what L1's TLBI does to one PE and not to the others is then as on a
 * machine. Such contexts of different vCPUs that shadow the same have one VMID, so that L2's own
 * broadcasts reach them all.
 *
 * <p>KVM: {@code kvm->arch.nested_mmus}, {@code kvm_vcpu_init_nested()}, {@code lookup_s2_mmu()},
 * {@code get_s2_mmu_nested()}, {@code kvm_nested_s2_unmap()} and its like.
 */
public final class ShadowMmus {

    /** Contexts of a vCPU where they are shared: one in use and one to go to. */
    static final int PER_VCPU = 2;

    /** Contexts of a pinned vCPU: a TLB would have them all. */
    static final int PER_PINNED_VCPU = 8;

    private static final long CNP = 1;
    private static final int VMID_SHIFT = 48;
    private static final long VS = 1 << 19;

    private final VmArch arch;
    private final int ipaBits;
    private final boolean wideVmid;
    private final boolean pinned;

    // Changed under the VM's lock held for writing

    private volatile ShadowMmu[] all = {};
    private int next;
    private long recycled;
    private long created;
    private long faults;

    /** For a VM whose guest has an EL2. */
    public ShadowMmus(Vm vm) {
        this(
                vm.arch(),
                Stage2Geometry.paBits((int) vm.idRegisters().get(SysReg.ID_AA64MMFR0_EL1) & 15),
                (vm.idRegisters().get(SysReg.ID_AA64MMFR1_EL1) >>> 4 & 15) == 2,
                vm.isPinned());
    }

    /**
     * @param paBits physical address bits that the guest sees
     * @param wideVmid whether VMIDs of 16 bits are shown to it
     * @param pinned whether vCPUs stay on their PEs
     */
    ShadowMmus(VmArch arch, int paBits, boolean wideVmid, boolean pinned) {
        this.arch = arch;
        this.ipaBits = Math.min(paBits, 48);
        this.wideVmid = wideVmid;
        this.pinned = pinned;
    }

    /**
     * Makes sure of the contexts that some vCPUs need. Those that there are stay as they are.
     *
     * @throws KvmException ENOMEM: nothing has changed
     */
    public void grow(int vcpus) {
        int count = vcpus * (pinned ? PER_PINNED_VCPU : PER_VCPU);
        lock().lock();
        try {
            ShadowMmu[] old = all;
            if (count <= old.length) {
                return;
            }
            ShadowMmu[] grown = Arrays.copyOf(old, count);
            for (int i = old.length; i < count; i++) {
                int owner = pinned ? i / PER_PINNED_VCPU : ShadowMmu.SHARED;
                grown[i] = new ShadowMmu(owner);
                try {
                    grown[i].mmu().init(arch, ipaBits);
                } catch (KvmException e) {
                    for (int made = old.length; made < i; made++) {
                        grown[made].mmu().free();
                    }
                    throw e;
                }
                if (pinned) {
                    grown[i].mmu().pin(owner, owner);
                }
            }
            all = grown;
        } finally {
            lock().unlock();
        }
    }

    private Lock lock() {
        return arch.lock().writeLock();
    }

    /** How many contexts there are. */
    public int count() {
        return all.length;
    }

    /** Contexts that were taken from one guest for another. */
    public long recycled() {
        return recycled;
    }

    /** Contexts that began to shadow something, recycled or not. */
    public long created() {
        return created;
    }

    /** Faults that were handled in a shadow context, those of L1's own making included. */
    public long faults() {
        return faults;
    }

    /** One more of {@link #faults}; an approximation while several vCPUs fault at once. */
    public void countFault() {
        faults++;
    }

    /** The VMID in a VTTBR_EL2 of L1's as VTCR_EL2 has it: 16 bits, or 8. */
    public int vmid(long vttbr, long vtcr) {
        int vmid = (int) (vttbr >>> VMID_SHIFT);
        return wideVmid && (vtcr & VS) != 0 ? vmid : vmid & 0xff;
    }

    /**
     * The context for what L1's registers say now, with one more reference; empty of what it had of
     * another. The vCPU is not in the guest.
     */
    public ShadowMmu get(Vcpu vcpu) {
        NestedVcpu nested = vcpu.nested();
        boolean on = (nested.read(SysReg.HCR_EL2) & (HcrEl2.VM | HcrEl2.DC)) != 0;
        long vttbr = nested.read(SysReg.VTTBR_EL2);
        long vtcr = nested.read(SysReg.VTCR_EL2);
        ShadowMmu shadow = get(vcpu, vcpu.id(), vttbr, vtcr, on);
        prepare(shadow);
        return shadow;
    }

    /** The same by the registers' values, maybe not empty yet. */
    ShadowMmu get(int vcpu, long rawVttbr, long vtcr, boolean on) {
        return get(null, vcpu, rawVttbr, vtcr, on);
    }

    private ShadowMmu get(Vcpu traced, int vcpu, long rawVttbr, long vtcr, boolean on) {
        long vttbr = rawVttbr & ~CNP;
        int vmid = vmid(vttbr, vtcr);
        lock().lock();
        try {
            ShadowMmu found = find(vcpu, vttbr, vtcr, on, vmid);
            if (found == null) {
                found = recycle(vcpu);
                changeVmid(found, vttbr, vtcr, on, vmid);
                recycled += found.isValid() ? 1 : 0;
                created++;
                trace(traced, vttbr, vtcr, found.isValid());
                found.begin(vttbr, vtcr, on, vmid);
            }
            found.take();
            return found;
        } finally {
            lock().unlock();
        }
    }

    private static void trace(Vcpu vcpu, long vttbr, long vtcr, boolean recycled) {
        Tracer tracer = vcpu == null ? null : vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.shadowContext(vcpu, vttbr, vtcr, recycled);
        }
    }

    /**
     * The context that a vCPU would get, without taking it; under the VM's lock.
     *
     * @return null if there is none
     */
    public ShadowMmu find(int vcpu, long rawVttbr, long vtcr, boolean on) {
        long vttbr = rawVttbr & ~CNP;
        return find(vcpu, vttbr, vtcr, on, vmid(vttbr, vtcr));
    }

    private ShadowMmu find(int vcpu, long vttbr, long vtcr, boolean on, int vmid) {
        for (ShadowMmu s : all) {
            if (mayUse(s, vcpu) && s.shadows(vttbr, vtcr, on, vmid)) {
                return s;
            }
        }
        return null;
    }

    private static boolean mayUse(ShadowMmu s, int vcpu) {
        return s.owner() == ShadowMmu.SHARED || s.owner() == vcpu;
    }

    /** One that nobody uses; there always is, since a vCPU uses one at most. */
    private ShadowMmu recycle(int vcpu) {
        ShadowMmu[] from = all;
        for (int i = 0; i < from.length; i++) {
            int at = (next + i) % from.length;
            if (from[at].references() == 0 && mayUse(from[at], vcpu)) {
                next = at + 1;
                return from[at];
            }
        }
        throw new IllegalStateException("all of %d contexts are in use".formatted(from.length));
    }

    /** Gives a context that is about to shadow something else the VMID for that. */
    private void changeVmid(ShadowMmu to, long vttbr, long vtcr, boolean on, int vmid) {
        Vmid old = to.mmu().vmid();
        Vmid fresh = null;
        boolean shared = false;
        for (ShadowMmu s : all) {
            if (s != to && s.isValid()) {
                shared |= s.mmu().vmid() == old;
                if (s.shadows(vttbr, vtcr, on, vmid)) {
                    fresh = s.mmu().vmid();
                }
            }
        }
        if (fresh == null && shared) {
            fresh = new Vmid();
        }
        if (!shared) {
            // With the number go all that TLBs have by it, of stage 1 too.
            arch.vmids().release(old);
        }
        if (fresh != null) {
            to.mmu().useVmid(fresh);
        }
    }

    /** Empties a context of what it had before; no PE is in the guest on this thread. */
    void prepare(ShadowMmu shadow) {
        if (!shadow.pendingUnmap()) {
            return;
        }
        lock().lock();
        try {
            if (shadow.pendingUnmap()) {
                shadow.unmapAll();
                shadow.emptied();
            }
        } finally {
            lock().unlock();
        }
    }

    /** Gives a reference back. */
    public void put(ShadowMmu shadow) {
        shadow.drop();
    }

    // What acts on many

    /**
     * Does something with each context that shadows something; the VM's lock is held for writing.
     */
    public void forEachValid(Consumer<ShadowMmu> action) {
        for (ShadowMmu s : all) {
            if (s.isValid()) {
                action.accept(s);
            }
        }
    }

    /**
     * The same with those of one VMID of L1's.
     *
     * @param vcpu the one whose PE alone is meant; −1 for all. Contexts that are shared are always
     *     meant
     */
    public void forEachValid(int vmid, int vcpu, Consumer<ShadowMmu> action) {
        for (ShadowMmu s : all) {
            if (s.isValid() && s.vmid() == vmid && (vcpu < 0 || mayUse(s, vcpu))) {
                action.accept(s);
            }
        }
    }

    /** Takes all memory away; the VM's lock is held for writing. */
    public void unmapAll() {
        for (ShadowMmu s : all) {
            if (s.isValid()) {
                s.unmapLeaves();
            }
        }
    }

    /** Takes the right to write from everything; the VM's lock is held for writing. */
    public void writeProtectAll() {
        for (ShadowMmu s : all) {
            Stage2PageTable table = s.mmu().pgt();
            if (s.isValid() && table != null) {
                table.wrprotect(0, table.geometry().inputLimit());
                s.mmu().flushVmid();
            }
        }
    }

    /** Frees all; nothing of the VM may run any more. Again: no effect. */
    public void free() {
        ShadowMmu[] old = all;
        for (ShadowMmu s : old) {
            if (s.references() != 0) {
                throw new IllegalStateException(
                        "a context is freed with %d references".formatted(s.references()));
            }
            s.mmu().free();
        }
        lock().lock();
        try {
            all = new ShadowMmu[0];
        } finally {
            lock().unlock();
        }
    }
}
