package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.Errno.ENOENT;
import static dev.nido.kvm.Errno.ENOMEM;
import static dev.nido.kvm.Errno.ENOSPC;
import static dev.nido.kvm.Errno.EPERM;

import dev.nido.arch.SysReg;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.mmu.PageOwnership;
import dev.nido.kvm.pgtable.Stage2Geometry;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.Machine;

import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Protected mode of a machine: the host's stage 2, and who has which page of which guest.
 *
 * <p>The VMM and its devices are the host. A protected VM gets each page as a gift when it first
 * touches it, and the host can't reach it any more, unless the guest lends it back; other VMs only
 * borrow. What a protected VM had for itself is zero when the host gets it back.
 *
 * <p>KVM: {@code kvm_hyp_init_protection()}, {@code pkvm_init_host_vm()}, {@code
 * pkvm_pgtable_stage2_map()}.
 */
public final class ProtectedMode implements PageOwnership {

    private final HostStage2 stage2;
    private final PageTransitions transitions;
    private final long pageSize;

    /**
     * Held for reading while the host uses a page, for writing while pages are taken from it: what
     * a PE's TLB maintenance waits for, the VMM's accesses have to be waited for too.
     */
    private final ReentrantReadWriteLock use = new ReentrantReadWriteLock();

    private final Map<Vm, GuestPages> guests = new ConcurrentHashMap<>();

    /** Numbers that protected VMs have; guarded by itself. */
    private final BitSet owners = new BitSet();

    /**
     * @param stage2 prepared
     */
    public ProtectedMode(HostStage2 stage2) {
        this.stage2 = stage2;
        pageSize = 1L << stage2.pageShift();
        HostPages host = new HostPages(stage2);
        HypPages hyp = new HypPages(stage2.lock(), stage2.pageShift());
        transitions = new PageTransitions(stage2.lock(), host, hyp, stage2.pageShift());
        PagePool pool = stage2.pool();
        check(
                transitions.hostDonateHyp(pool.base(), (long) pool.pages() << pool.pageShift()),
                "the host keeps the pages of its own stage 2");
    }

    /**
     * Puts a machine into protected mode: reserves memory for the host's stage 2, prepares it, and
     * puts the host behind it on every PE. No VM may exist yet.
     *
     * @param memory all of the machine's memory
     * @param pageShift logarithm of the hypervisor's granule: 12, 14 or 16
     * @throws KvmException ENOMEM; EPERM if a PE's HCR_EL2.VM is set already
     */
    public static ProtectedMode start(
            Machine machine, HostMemory memory, PhysicalCpus cpus, int pageShift) {
        long base = machine.memory().physicalBase();
        long limit =
                1L
                        << Stage2Geometry.paBits(
                                (int) machine.pe(0).cpu.idRegister(SysReg.ID_AA64MMFR0_EL1) & 15);
        MemoryRegions regions = new MemoryRegions(limit, base, base + machine.memory().size());
        HostStage2 stage2 = new HostStage2(machine, regions, pageShift);
        long pool =
                memory.reserve(
                        (long) HostStage2.hostS2PgtablePages(regions, pageShift) << pageShift);
        if (pool == 0) {
            throw new KvmException(ENOMEM, "no memory for the host's stage 2");
        }
        check(stage2.prepare(pool), "the host's stage 2 can't be prepared");
        ProtectedMode mode = new ProtectedMode(stage2);
        for (int i = 0; i < cpus.count(); i++) {
            check(stage2.finalise(cpus.get(i)), "the host can't be put behind its stage 2");
        }
        return mode;
    }

    private static void check(int error, String what) {
        if (error != 0) {
            throw new KvmException(error, what);
        }
    }

    /** The host's stage 2. */
    public HostStage2 stage2() {
        return stage2;
    }

    /** Bytes of what can be owned, lent and given: one page. */
    public long granule() {
        return pageSize;
    }

    PageTransitions transitions() {
        return transitions;
    }

    /**
     * Takes note of a VM, before it gets its first page.
     *
     * @throws KvmException ENOSPC if there are as many protected VMs as owners have numbers
     */
    public void attach(Vm vm) {
        Owner owner = Owner.HOST;
        if (vm.config().protectedVm()) {
            synchronized (owners) {
                int id = owners.nextClearBit(Owner.FIRST_GUEST);
                if (id > Owner.MAX) {
                    throw new KvmException(ENOSPC, "there are 254 protected VMs already");
                }
                owners.set(id);
                owner = new Owner(id);
            }
        }
        guests.put(vm, new GuestPages(stage2.lock(), owner, stage2.pageShift()));
    }

    /** What a VM has; null if it was never {@link #attach attached}. */
    GuestPages guest(Vm vm) {
        return guests.get(vm);
    }

    // What the host may do

    @Override
    public int hostAccess(long pa, long size) {
        HostLock lock = stage2.lock();
        lock.lock();
        try {
            long end = pa + size;
            for (long at = pa; at < end; at = (at | stage2.leaf().size() - 1) + 1) {
                int error = stage2.look(at);
                if (error == 0 && !stage2.leaf().valid()) {
                    // As if a PE of the host had touched it.
                    error = stage2.faultLocked(at);
                    if (error == 0) {
                        error = stage2.look(at);
                    }
                }
                if (error != 0) {
                    return error;
                }
            }
            return 0;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int guestAccess(Vm vm, long ipa, long pa) {
        GuestPages guest = guests.get(vm);
        stage2.lock().lock();
        try {
            return guest != null && guest.translate(ipa & -pageSize) == (pa & -pageSize)
                    ? 0
                    : -EPERM;
        } finally {
            stage2.lock().unlock();
        }
    }

    @Override
    public void enterHostAccess() {
        use.readLock().lock();
    }

    @Override
    public void leaveHostAccess() {
        use.readLock().unlock();
    }

    // What VMs get

    @Override
    public int claim(Vm vm, long ipa, long pa, long size) {
        GuestPages guest = guests.get(vm);
        if (guest == null) {
            return -EPERM;
        }
        use.writeLock().lock();
        stage2.lock().lock();
        try {
            // All of it at once is usual; the rest is for blocks of which the guest has a part.
            if (guest.check(ipa, pa, size, PageState.NOPAGE, Owner.HOST) == 0) {
                return take(guest, ipa, pa, size);
            }
            return takeMissing(guest, ipa, pa, size);
        } finally {
            stage2.lock().unlock();
            use.writeLock().unlock();
        }
    }

    private int takeMissing(GuestPages guest, long ipa, long pa, long size) {
        BitSet taken = new BitSet();
        for (long i = 0; i < size; i += pageSize) {
            if (guest.translate(ipa + i) == pa + i) {
                continue;
            }
            int error = take(guest, ipa + i, pa + i, pageSize);
            if (error != 0) {
                taken.stream().forEach(n -> transitions.evict(guest, ipa + n * pageSize));
                return error;
            }
            taken.set((int) (i / pageSize));
        }
        return 0;
    }

    private int take(GuestPages guest, long ipa, long pa, long size) {
        return guest.owner().isGuest()
                ? transitions.hostDonateGuest(guest, ipa, pa, size)
                : transitions.hostShareGuest(guest, ipa, pa, size);
    }

    @Override
    public void release(Vm vm, long ipa, long size) {
        GuestPages guest = guests.get(vm);
        if (guest == null) {
            return;
        }
        use.writeLock().lock();
        stage2.lock().lock();
        try {
            for (long i = 0; i < size; i += pageSize) {
                if (guest.translate(ipa + i) >= 0) {
                    require(transitions.evict(guest, ipa + i));
                }
            }
        } finally {
            stage2.lock().unlock();
            use.writeLock().unlock();
        }
    }

    @Override
    public void releaseAll(Vm vm) {
        GuestPages guest = guests.remove(vm);
        if (guest == null) {
            return;
        }
        stage2.lock().lock();
        try {
            guest.setDying();
            for (long ipa : guest.addresses()) {
                require(transitions.reclaim(guest, ipa));
            }
        } finally {
            stage2.lock().unlock();
        }
        if (guest.owner().isGuest()) {
            synchronized (owners) {
                owners.clear(guest.owner().id());
            }
        }
    }

    private static void require(int result) {
        if (result != 0) {
            throw new IllegalStateException(
                    "a guest's page does not come back: " + dev.nido.kvm.Errno.name(result));
        }
    }

    // What a guest asks for

    /**
     * A guest lends the page at an address to the host.
     *
     * @return 0; {@code -ENOENT} if it has none there yet; {@code -EPERM} if it may not; {@code
     *     -EINVAL}
     */
    public int guestShare(Vm vm, long ipa) {
        return ofGuest(vm, ipa, true);
    }

    /** A guest takes back what it lent; as {@link #guestShare}. */
    public int guestUnshare(Vm vm, long ipa) {
        use.writeLock().lock();
        try {
            return ofGuest(vm, ipa, false);
        } finally {
            use.writeLock().unlock();
        }
    }

    private int ofGuest(Vm vm, long ipa, boolean share) {
        GuestPages guest = guests.get(vm);
        if (guest == null || !guest.owner().isGuest()) {
            return -EPERM;
        }
        if ((ipa & pageSize - 1) != 0) {
            return -EINVAL;
        }
        stage2.lock().lock();
        try {
            if (guest.translate(ipa) < 0) {
                return -ENOENT;
            }
            return share
                    ? transitions.guestShareHost(guest, ipa)
                    : transitions.guestUnshareHost(guest, ipa);
        } finally {
            stage2.lock().unlock();
        }
    }
}
