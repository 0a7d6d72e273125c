package dev.nido.kvm.run;

import dev.nido.arch.SysReg;
import dev.nido.machine.pe.Pe;

/**
 * A PE as the hypervisor uses it: from EL2, through system registers and instructions. Names
 * without a suffix mean what they mean at EL2 with HCR_EL2.E2H = 1, so the registers of EL1 are
 * reached by their own names here: this class takes the register, not the encoding.
 *
 * <p>KVM: {@code read_sysreg()}, {@code write_sysreg()} and {@code struct kvm_host_data}.
 */
public final class PhysicalCpu {

    private final Pe pe;

    /**
     * Whose registers it has while nobody has borrowed it; under the lock of {@link PhysicalCpus}.
     */
    PeLease resident;

    PhysicalCpu(Pe pe) {
        this.pe = pe;
    }

    /** The PE; its registers are those of the vCPU that is loaded on it. */
    public Pe pe() {
        return pe;
    }

    /** The PE's number, from 0. */
    public int index() {
        return pe.index;
    }

    /** Reads a system register by itself, without redirection. */
    public long read(SysReg r) {
        return pe.readRegister(r);
    }

    /** Writes a system register by itself, without redirection; its effects follow. */
    public void write(SysReg r, long value) {
        pe.writeRegister(r, value);
    }
}
