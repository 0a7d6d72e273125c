package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.kvm.run.PhysicalCpu;

/**
 * A guest's CPU interface but for its list registers: ICH_VMCR, ICH_AP0R0 and ICH_AP1R0_EL2, here
 * or in the PE that the vCPU is loaded on.
 */
final class InterfaceRegisters {

    private PhysicalCpu cpu;
    private long vmcr;
    private long ap0r0;
    private long ap1r0;

    void load(PhysicalCpu cpu) {
        this.cpu = cpu;
        load(cpu, vmcr, ap0r0, ap1r0);
    }

    /** Gives a PE these values; a write costs more than a look. */
    static void load(PhysicalCpu cpu, long vmcr, long ap0r0, long ap1r0) {
        set(cpu, SysReg.ICH_VMCR_EL2, vmcr);
        set(cpu, SysReg.ICH_AP0R0_EL2, ap0r0);
        set(cpu, SysReg.ICH_AP1R0_EL2, ap1r0);
    }

    private static void set(PhysicalCpu cpu, SysReg r, long value) {
        if (cpu.read(r) != value) {
            cpu.write(r, value);
        }
    }

    void put() {
        vmcr = cpu.read(SysReg.ICH_VMCR_EL2);
        ap0r0 = cpu.read(SysReg.ICH_AP0R0_EL2);
        ap1r0 = cpu.read(SysReg.ICH_AP1R0_EL2);
        cpu = null;
    }

    long get(SysReg r) {
        if (cpu != null) {
            return cpu.read(r);
        }
        return switch (r) {
            case ICH_VMCR_EL2 -> vmcr;
            case ICH_AP0R0_EL2 -> ap0r0;
            case ICH_AP1R0_EL2 -> ap1r0;
            default -> throw new IllegalArgumentException(r.name());
        };
    }

    void set(SysReg r, long value) {
        if (cpu != null) {
            cpu.write(r, value);
            return;
        }
        switch (r) {
            case ICH_VMCR_EL2 -> vmcr = value;
            case ICH_AP0R0_EL2 -> ap0r0 = value;
            case ICH_AP1R0_EL2 -> ap1r0 = value;
            default -> throw new IllegalArgumentException(r.name());
        }
    }

    VirtualInterfaceState state(GicParameters parameters) {
        return new VirtualInterfaceState(
                parameters,
                get(SysReg.ICH_VMCR_EL2),
                get(SysReg.ICH_AP0R0_EL2),
                get(SysReg.ICH_AP1R0_EL2));
    }
}
