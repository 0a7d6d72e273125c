package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;

/** Fields of ICH_LR&lt;n&gt;_EL2 (Arm IHI 0069, 12.4.9). */
final class ListRegister {

    /** Maintenance interrupt when the guest ends it; in place of bit 41 of pINTID where HW is 0. */
    static final long EOI = 1L << 41;

    static final long GROUP1 = 1L << 60;

    /** Deactivation reaches the physical interrupt pINTID, bits 44:32. */
    static final long HW = 1L << 61;

    static final long PENDING = 1L << 62;
    static final long ACTIVE = 1L << 63;
    static final long STATE = PENDING | ACTIVE;

    static final int PRIORITY_SHIFT = 48;
    static final int PINTID_SHIFT = 32;

    private static final SysReg[] ALL = new SysReg[16];

    static {
        for (int i = 0; i < ALL.length; i++) {
            ALL[i] = SysReg.values()[SysReg.ICH_LR0_EL2.ordinal() + i];
        }
    }

    private ListRegister() {}

    /** The register of a number below {@link GicParameters#listRegisters}. */
    static SysReg of(int i) {
        return ALL[i];
    }
}
