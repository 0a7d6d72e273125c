package dev.nido.kvm.nested;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.machine.pe.Pe;

import java.util.concurrent.locks.Lock;

/**
 * TLBI at the guest's EL2, which traps (KVM: {@code handle_alle2is()}, {@code handle_ipas2e1is()}
 * and their like; Arm ARM C5.5, D8.14).
 *
 * <p>The guest's own regime is the PE's EL1&amp;0 with the canonical context's VMID, so a TLBI of
 * it is one of EL1 with that VMID. A regime of the guest's guests is EL1&amp;0 with the VMIDs of
 * all shadow contexts that stand for the guest's VMID. Stage-2 entries are those of shadow tables
 * besides what TLBs hold of them: they go from the tables, and from TLBs with them.
 *
 * <p>Each operation is complete before the guest goes on. Forms for one PE reach all where vCPUs
 * move between PEs.
 */
public final class NestedTlbi {

    private static final long TCR_AS = 1L << 36;

    private static final long PAGE = 4096;

    /** In the place of a vCPU. */
    private static final int ALL = -1;

    /** op2 of forms of EL2 that work on both stages of its guests. */
    private static final int ALLE1 = 4;

    private static final int VMALLS12E1 = 6;

    private NestedTlbi() {}

    /**
     * Whether a key is a TLBI, one that the VM's CPU has, of stage 1 of the regime that the vCPU
     * itself is in: it touches no table.
     *
     * @param vcpu in hyp context
     */
    static boolean isOwn(Vcpu vcpu, int key) {
        SystemOperation o = SystemOperation.decode(key);
        if (o == null || o.kind() != SystemOperation.Kind.TLBI) {
            return false;
        }
        boolean own =
                o.minimumEl() == 1
                        ? HcrEl2.isHost(vcpu.nested().hcr())
                        : !isStage2(key) && (key & 7) != ALLE1 && (key & 7) != VMALLS12E1;
        return own && NestedInstructions.isThere(vcpu.vm(), o);
    }

    /** Whether a form of EL2 names an IPA. */
    private static boolean isStage2(int key) {
        int crm = key >> 3 & 15;
        return crm == 0 || crm == 4;
    }

    /**
     * Executes a TLBI.
     *
     * @param vcpu loaded, and in hyp context
     * @param key encoding of the SYS instruction
     * @param value its operand
     * @param fast whether it is done on the spot
     */
    static void execute(Vcpu vcpu, int key, long value, boolean fast) {
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.nestedTlbi(vcpu, key, value, fast);
        }
        if ((key >> 11 & 7) == 0) {
            ofEl1(vcpu, key, value);
        } else if (isStage2(key)) {
            byIpa(vcpu, key, value);
        } else if ((key & 7) == ALLE1) {
            ofAllGuests(vcpu, key);
        } else if ((key & 7) == VMALLS12E1) {
            ofAGuest(vcpu, key);
        } else {
            ofEl2(vcpu, key, value);
        }
    }

    /** The PE that a form is for alone; null for all. */
    private static Pe only(Vcpu vcpu, int key) {
        return vcpu.vm().isPinned() && isLocal(key) ? vcpu.cpu().pe() : null;
    }

    /** The vCPU that a form is for alone; {@link #ALL}. */
    private static int onlyVcpu(Vcpu vcpu, Pe only) {
        return only == null ? ALL : vcpu.id();
    }

    /** Whether a form names no shareability domain. */
    static boolean isLocal(int key) {
        int op2 = key & 7;
        return switch (key >> 3 & 15) {
            case 6, 7 -> true;
            case 4 -> op2 == 1 || op2 == 2 || op2 == 5 || op2 == 6;
            default -> false;
        };
    }

    // The own regime

    /** The forms of EL1: the host's own regime if there is one, else that of the guests. */
    private static void ofEl1(Vcpu vcpu, int key, long value) {
        NestedVcpu nested = vcpu.nested();
        if (HcrEl2.isHost(nested.hcr())) {
            own(vcpu, key, value, (nested.read(SysReg.TCR_EL2) & TCR_AS) != 0);
            return;
        }
        Pe only = only(vcpu, key);
        boolean wideAsid = (nested.read(SysReg.TCR_EL1) & TCR_AS) != 0;
        ShadowMmus shadows = vcpu.vm().shadows();
        Lock lock = vcpu.vm().arch().lock().readLock();
        lock.lock();
        try {
            shadows.forEachValid(
                    vmid(nested, shadows),
                    onlyVcpu(vcpu, only),
                    s -> s.mmu().flushStage1(only, key, value, wideAsid));
        } finally {
            lock.unlock();
        }
    }

    /** The forms of EL2's stage 1: ALLE2, VAE2, VALE2 and the ranges. */
    private static void ofEl2(Vcpu vcpu, int key, long value) {
        NestedVcpu nested = vcpu.nested();
        // The same for EL1: op1 is 0 there; and for all ASIDs, bit 1 of op2, where EL2 has none.
        int el1 = key & ~(7 << 11);
        boolean e2h = nested.e2h();
        if (!e2h && (key & 7) != 0) {
            el1 |= 2;
        }
        own(vcpu, el1, value, e2h && (nested.read(SysReg.TCR_EL2) & TCR_AS) != 0);
    }

    private static void own(Vcpu vcpu, int key, long value, boolean wideAsid) {
        S2Mmu canonical = vcpu.vm().arch().mmu();
        canonical.flushStage1(only(vcpu, key), key, value, wideAsid);
        VncrTlb.invalidate(vcpu.vm());
    }

    // The guests'

    private static int vmid(NestedVcpu nested, ShadowMmus shadows) {
        return shadows.vmid(nested.read(SysReg.VTTBR_EL2), nested.read(SysReg.VTCR_EL2));
    }

    /** ALLE1: both stages of all guests. */
    private static void ofAllGuests(Vcpu vcpu, int key) {
        Pe only = only(vcpu, key);
        int owner = vcpu.id();
        Lock lock = vcpu.vm().arch().lock().writeLock();
        lock.lock();
        try {
            vcpu.vm()
                    .shadows()
                    .forEachValid(s -> {
                        if (only == null || s.owner() == owner) {
                            empty(s, only);
                        }
                    });
        } finally {
            lock.unlock();
        }
    }

    /** VMALLS12E1: both stages of one. */
    private static void ofAGuest(Vcpu vcpu, int key) {
        Pe only = only(vcpu, key);
        ShadowMmus shadows = vcpu.vm().shadows();
        int vmid = vmid(vcpu.nested(), shadows);
        Lock lock = vcpu.vm().arch().lock().writeLock();
        lock.lock();
        try {
            shadows.forEachValid(vmid, onlyVcpu(vcpu, only), s -> empty(s, only));
        } finally {
            lock.unlock();
        }
    }

    private static void empty(ShadowMmu shadow, Pe only) {
        if (shadow.enabled()) {
            shadow.unmapAll();
        }
        shadow.mmu().flushBothStages(only);
    }

    /**
     * IPAS2E1, IPAS2LE1 and the ranges: stage-2 entries of one guest. The shadow knows how much
     * each entry of L1's translates that it was made from, and drops it as a whole. TTL may tell of
     * more; KVM has to guess where neither TTL nor a leaf's level tells, and drops as much as the
     * largest block could be ({@code get_guest_mapping_ttl()}).
     */
    private static void byIpa(Vcpu vcpu, int key, long value) {
        boolean range = isRange(key);
        int granule = range ? TlbiOperand.granule(value) : 0;
        if (range && granule == 0) {
            return;
        }
        long ipa = range ? TlbiOperand.rangeStart(value, granule) : TlbiOperand.ipa(value);
        long rangeBytes = range ? TlbiOperand.rangeBytes(value, granule) : 0;
        int ttl = hasTtl(vcpu.vm()) ? TlbiOperand.ttl(value) : 0;
        // Without a size that is told, entries that translate the page go, whatever their size.
        long told = Math.max(PAGE, TlbiOperand.sizeOf(ttl));
        ShadowMmus shadows = vcpu.vm().shadows();
        int vmid = vmid(vcpu.nested(), shadows);
        int owner = onlyVcpu(vcpu, only(vcpu, key));
        Lock lock = vcpu.vm().arch().lock().writeLock();
        lock.lock();
        try {
            shadows.forEachValid(
                    vmid,
                    owner,
                    s -> {
                        if (!s.enabled()) {
                            return; // L1 has no stage 2 there.
                        }
                        if (range) {
                            s.unmap(ipa & -PAGE, rangeBytes);
                        } else {
                            s.unmap(ipa & -told, told);
                        }
                    });
        } finally {
            lock.unlock();
        }
    }

    private static boolean isRange(int key) {
        int op2 = key & 7;
        boolean local = (key >> 3 & 15) == 4;
        return op2 == 2 || op2 == 6 || local && (op2 == 3 || op2 == 7);
    }

    private static boolean hasTtl(Vm vm) {
        return (vm.idRegisters().get(SysReg.ID_AA64MMFR2_EL1) >>> 48 & 15) != 0;
    }
}
