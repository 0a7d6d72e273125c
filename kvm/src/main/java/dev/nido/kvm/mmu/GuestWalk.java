package dev.nido.kvm.mmu;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.GuestStage2Walk;
import dev.nido.kvm.nested.ShadowFaults;
import dev.nido.kvm.nested.ShadowMmu;

/**
 * A walk of the guest's own stage-1 tables in its memory, as far as it goes: which descriptors the
 * walker reads for an address, at which level. Nothing is checked but what leads from table to
 * table, and nothing is written.
 *
 * <p>KVM: {@code __kvm_at_s12()}'s walker in at.c; used there for nested guests, here to find out
 * which table of the guest's is not in memory.
 */
final class GuestWalk {

    private static final long TABLE = 3;

    /** In the place of a status. */
    static final int NONE = -1;

    private final Vcpu vcpu;
    private final MemorySlots slots;
    private final GuestRam ram;
    private final ShadowMmu shadow;
    private int level;
    private long descriptorIpa;
    private long l1Ipa;
    private int stage2Status = NONE;

    /** For a vCPU that is loaded, in the regime that its EL1 of the PE has now. */
    GuestWalk(Vcpu vcpu) {
        this.vcpu = vcpu;
        slots = vcpu.vm().slots();
        ram = vcpu.vm().ownRam();
        ShadowMmu s = vcpu.hwMmu().shadow();
        shadow = s != null && s.enabled() ? s : null;
    }

    /** Level of the descriptor that {@link #to} stopped at. */
    int level() {
        return level;
    }

    /** Its address as the guest has it that the tables belong to. */
    long descriptorIpa() {
        return descriptorIpa;
    }

    /**
     * Fault status code of L1's stage 2 for the descriptor at {@link #descriptorIpa}, which ended
     * the walk; {@link #NONE} if it did not.
     */
    int stage2Status() {
        return stage2Status;
    }

    /** Whom the walk shows each descriptor's address. */
    @FunctionalInterface
    interface Stop {
        /** Whether the walk ends here. */
        boolean at(long ipa);
    }

    /** Walks until a descriptor lies in a page, as the PE reported it. */
    boolean toPage(long va, long page) {
        return to(va, ipa -> ipa >>> 12 == page >>> 12);
    }

    /** Walks until a descriptor lies outside memory. */
    boolean toMissing(long va) {
        return to(va, ipa -> slots.find(l1Ipa) == null);
    }

    /**
     * Walks until {@code stop} says so.
     *
     * @return whether it did; if not, the tables lead elsewhere by now
     */
    boolean to(long va, Stop stop) {
        boolean high = (va >>> 55 & 1) != 0;
        long tcr = vcpu.cpu().read(SysReg.TCR_EL1);
        int size = (int) (high ? tcr >>> 16 : tcr) & 63;
        int granule = high ? granule1((int) (tcr >>> 30) & 3) : granule0((int) (tcr >>> 14) & 3);
        int inputBits = 64 - size;
        int stride = granule - 3;
        if (inputBits <= granule || inputBits > 52) {
            return false;
        }
        int at = 4 - (inputBits - granule + stride - 1) / stride;
        int shift = granule + (3 - at) * stride;
        int topBits = inputBits - shift;
        long base =
                vcpu.cpu().read(high ? SysReg.TTBR1_EL1 : SysReg.TTBR0_EL1)
                        & 0xffff_ffff_fffeL
                        & -1L << topBits + 3;
        long index = va >>> shift & (1L << topBits) - 1;
        while (true) {
            long ipa = base | index << 3;
            level = at;
            descriptorIpa = ipa;
            if (!toL1(ipa)) {
                return false;
            }
            if (stop.at(ipa)) {
                return true;
            }
            if (at == 3 || slots.find(l1Ipa) == null) {
                return false;
            }
            long d;
            try {
                d = ram.get64(l1Ipa);
            } catch (KvmException e) {
                return false; // Somebody else's page: the PE can't walk here either.
            }
            if ((d & TABLE) != TABLE) {
                return false;
            }
            base = d & 0xffff_ffff_ffffL & -1L << granule;
            at++;
            shift -= stride;
            index = va >>> shift & (1L << stride) - 1;
        }
    }

    private boolean toL1(long ipa) {
        l1Ipa = ipa;
        if (shadow == null) {
            return true;
        }
        ShadowFaults faults = vcpu.nested().shadowFaults();
        GuestStage2Walk walk = faults.walk();
        if (!walk.translate(shadow, ipa)) {
            stage2Status = walk.status();
            return false;
        }
        if ((walk.rights(false) & GuestStage2Walk.READ) == 0
                || faults.protectedFromWalks(walk.descriptor())) {
            stage2Status = Esr.FSC_PERMISSION + walk.level();
            return false;
        }
        l1Ipa = walk.pa();
        return true;
    }

    private static int granule0(int tg) {
        return tg == 1 ? 16 : tg == 2 ? 14 : 12;
    }

    private static int granule1(int tg) {
        return tg == 3 ? 16 : tg == 1 ? 14 : 12;
    }
}
