package dev.nido.kvm.mmu;

import dev.nido.arch.SysReg;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;

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

    private final MemorySlots slots;
    private final GuestRam ram;
    private int level;
    private long descriptorIpa;

    GuestWalk(MemorySlots slots, GuestRam ram) {
        this.slots = slots;
        this.ram = ram;
    }

    /** Level of the descriptor that {@link #to} stopped at. */
    int level() {
        return level;
    }

    /** Its guest physical address. */
    long descriptorIpa() {
        return descriptorIpa;
    }

    /** Whom the walk shows each descriptor's address. */
    @FunctionalInterface
    interface Stop {
        /** Whether the walk ends here. */
        boolean at(long ipa);
    }

    /** Walks until a descriptor lies in a page, as the PE reported it. */
    boolean toPage(Vcpu vcpu, long va, long page) {
        return to(vcpu, va, ipa -> ipa >>> 12 == page >>> 12);
    }

    /** Walks until a descriptor lies outside memory. */
    boolean toMissing(Vcpu vcpu, long va) {
        return to(vcpu, va, ipa -> slots.find(ipa) == null);
    }

    /**
     * Walks until {@code stop} says so.
     *
     * @return whether it did; if not, the tables lead elsewhere by now
     */
    boolean to(Vcpu vcpu, long va, Stop stop) {
        boolean high = (va >>> 55 & 1) != 0;
        long tcr = vcpu.readSys(SysReg.TCR_EL1);
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
                vcpu.readSys(high ? SysReg.TTBR1_EL1 : SysReg.TTBR0_EL1)
                        & 0xffff_ffff_fffeL
                        & -1L << topBits + 3;
        long index = va >>> shift & (1L << topBits) - 1;
        while (true) {
            long ipa = base | index << 3;
            level = at;
            descriptorIpa = ipa;
            if (stop.at(ipa)) {
                return true;
            }
            if (at == 3 || slots.find(ipa) == null) {
                return false;
            }
            long d;
            try {
                d = ram.get64(ipa);
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

    private static int granule0(int tg) {
        return tg == 1 ? 16 : tg == 2 ? 14 : 12;
    }

    private static int granule1(int tg) {
        return tg == 3 ? 16 : tg == 1 ? 14 : 12;
    }
}
