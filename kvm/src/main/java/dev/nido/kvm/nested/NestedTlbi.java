package dev.nido.kvm.nested;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.machine.pe.Pe;

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
        } else {
            ofEl2(vcpu, key, value);
        }
    }

    /** The PE that a form is for alone; null for all. */
    private static Pe only(Vcpu vcpu, int key) {
        return vcpu.vm().isPinned() && isLocal(key) ? vcpu.cpu().pe() : null;
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

    /** The forms of EL1: the host's own regime if there is one, else that of the guests. */
    private static void ofEl1(Vcpu vcpu, int key, long value) {
        NestedVcpu nested = vcpu.nested();
        if (HcrEl2.isHost(nested.hcr())) {
            own(vcpu, key, value, (nested.read(SysReg.TCR_EL2) & TCR_AS) != 0);
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
    }
}
