package dev.nido.kvm.timer;

import dev.nido.arch.SysReg;
import dev.nido.kvm.run.PhysicalCpu;

/**
 * One timer of a guest (KVM: {@code struct arch_timer_context}): its registers while it is not
 * loaded, and its place in the PE while it is. If the PE's count at that place has another offset
 * than the guest's, the PE's CVAL is shifted by the difference; then every access traps.
 */
final class GuestTimer {

    static final long ENABLE = 1;
    static final long IMASK = 2;
    static final long ISTATUS = 4;

    /** A timer of the PE. */
    record Place(SysReg ctl, SysReg cval, int intid) {

        /** CNTVOFF_EL2 applies to it. */
        boolean isVirtual() {
            return ctl == SysReg.CNTV_CTL_EL0;
        }
    }

    final SysReg ctl;
    final SysReg cval;
    final int intid;

    /** The PE's timer that stands for it: most often the one of the same name. */
    Place place;

    /** What its line was last. */
    boolean high;

    /** CTL and CVAL while not loaded; CVAL also while it is {@link #shift}ed. */
    private long control;

    private long compare;

    /** The guest's offset less the PE's. */
    private long shift;

    GuestTimer(SysReg ctl, SysReg cval, int intid) {
        this.ctl = ctl;
        this.cval = cval;
        this.intid = intid;
        place = new Place(ctl, cval, intid);
    }

    void load(PhysicalCpu cpu) {
        shift = 0;
        cpu.write(place.cval, compare);
        cpu.write(place.ctl, control);
    }

    void put(PhysicalCpu cpu) {
        compare = compare(cpu);
        control = cpu.read(place.ctl) & ~ISTATUS;
        cpu.write(place.ctl, 0);
        shift = 0;
    }

    /** CTL; with ISTATUS if it is loaded, which {@code cpu} says. */
    long control(PhysicalCpu cpu) {
        return cpu == null ? control : cpu.read(place.ctl);
    }

    void set(PhysicalCpu cpu, long newControl) {
        if (cpu == null) {
            control = newControl;
        } else {
            cpu.write(place.ctl, newControl);
        }
    }

    /** CVAL as the guest has it. */
    long compare(PhysicalCpu cpu) {
        return cpu == null || shift != 0 ? compare : cpu.read(place.cval);
    }

    void setCompare(PhysicalCpu cpu, long newCompare) {
        compare = newCompare;
        if (cpu != null) {
            cpu.write(place.cval, shifted(newCompare, shift));
        }
    }

    /** The PE's count at this place now has an offset that differs so much from the guest's. */
    void setShift(PhysicalCpu cpu, long newShift) {
        if (newShift != shift) {
            compare = compare(cpu);
            shift = newShift;
            cpu.write(place.cval, shifted(compare, shift));
        }
    }

    /** Two loaded timers change places. */
    static void exchange(PhysicalCpu cpu, GuestTimer a, GuestTimer b) {
        a.put(cpu);
        b.put(cpu);
        Place place = a.place;
        a.place = b.place;
        b.place = place;
        a.load(cpu);
        b.load(cpu);
    }

    /**
     * Whether a comparison of {@code count} − {@code shift} can be made by shifting CVAL: not while
     * the difference is below zero, which unsigned is far beyond.
     */
    static boolean canShift(long count, long shift) {
        return shift <= 0 || Long.compareUnsigned(count, shift) >= 0;
    }

    /** The CVAL for a count that is larger by {@code shift}: reached at the same time, or never. */
    private static long shifted(long compare, long shift) {
        long sum = compare + shift;
        if (shift >= 0) {
            return Long.compareUnsigned(sum, compare) < 0 ? -1 : sum;
        }
        return Long.compareUnsigned(sum, compare) > 0 ? 0 : sum;
    }
}
