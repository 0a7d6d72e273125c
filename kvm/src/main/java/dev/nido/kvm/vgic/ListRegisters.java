package dev.nido.kvm.vgic;

import static dev.nido.arch.IchHcrEl2.EN;
import static dev.nido.arch.IchHcrEl2.EOI_COUNT_SHIFT;
import static dev.nido.arch.IchHcrEl2.LRENPIE;

import dev.nido.arch.SysReg;
import dev.nido.kvm.run.PhysicalCpu;

/**
 * The list registers of the PE that a vCPU is loaded on, with ICH_HCR_EL2, and what is known to be
 * in them: nothing is written that is there already.
 */
final class ListRegisters {

    /** ICH_HCR_EL2 while everything of the guest's is in list registers. */
    static final long CONTROL = EN | LRENPIE;

    private final long[] held = new long[16];
    private final int count;
    private PhysicalCpu cpu;
    private long control;

    /** Controls of ICH_HCR_EL2 that trap the guest's accesses. */
    private long traps;

    /**
     * @param count how many there are
     */
    ListRegisters(int count) {
        this.count = count;
    }

    int count() {
        return count;
    }

    /** Enables the interface of a PE, whose list registers are empty. */
    void load(PhysicalCpu cpu) {
        this.cpu = cpu;
        control = CONTROL;
        traps = 0;
        cpu.write(SysReg.ICH_HCR_EL2, control);
    }

    /** Leaves them empty, and the interface disabled. */
    void put() {
        for (int i = 0; i < count; i++) {
            write(i, 0);
        }
        cpu.write(SysReg.ICH_HCR_EL2, 0);
        cpu = null;
    }

    /** What a list register held when it was last looked at. */
    long held(int i) {
        return held[i];
    }

    /** Looks at a list register; true if the guest has changed it. */
    boolean look(int i) {
        long now = cpu.read(ListRegister.of(i));
        if (now == held[i]) {
            return false;
        }
        held[i] = now;
        return true;
    }

    /** Sets a list register; true if that had to be written. */
    boolean write(int i, long value) {
        boolean means = (held[i] & (ListRegister.STATE | ListRegister.EOI)) != 0;
        if (held[i] == value || value == 0 && !means) {
            return false;
        }
        held[i] = value;
        cpu.write(ListRegister.of(i), value);
        return true;
    }

    /** Sets ICH_HCR_EL2, without EOIcount. */
    void setControl(long value) {
        if (value != control) {
            control = value;
            cpu.write(SysReg.ICH_HCR_EL2, value | traps);
        }
    }

    /** Has accesses to the interface trap. */
    void setTraps(long bits) {
        if (bits != traps) {
            long counted = cpu.read(SysReg.ICH_HCR_EL2) & 0x1fL << EOI_COUNT_SHIFT;
            traps = bits;
            cpu.write(SysReg.ICH_HCR_EL2, control | traps | counted);
        }
    }

    /** Some conditions ask for a maintenance interrupt because not everything is here. */
    boolean isWatching() {
        return control != CONTROL;
    }

    /** Whether the guest has ended what is in no list register; that is forgotten then. */
    boolean takeEnds() {
        boolean ends = (cpu.read(SysReg.ICH_HCR_EL2) >>> EOI_COUNT_SHIFT & 0x1f) != 0;
        if (ends) {
            cpu.write(SysReg.ICH_HCR_EL2, control | traps);
        }
        return ends;
    }
}
