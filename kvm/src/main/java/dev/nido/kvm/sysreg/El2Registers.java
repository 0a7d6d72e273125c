package dev.nido.kvm.sysreg;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Vcpu;

import java.util.function.Consumer;

/**
 * The rows of a virtual EL2: its registers, the names by which it reaches those of its EL1 (_EL12
 * and _EL02; Arm ARM D19.1.3), and the names of EL1 that trap there without HCR_EL2.E2H (KVM: the
 * {@code EL2_REG*()} rows, {@code bad_redir_trap()}, {@code access_rw()}).
 *
 * <p>Without FEAT_NV2 each access comes here; with it, those that no memory and no EL1 register
 * stands for. A value is kept as it was written, reserved bits and all.
 */
final class El2Registers {

    private El2Registers() {}

    /** Adds the rows of EL2's own names and of the aliases. */
    static void addRows(Consumer<EmulatedRegister> add) {
        for (SysReg r : SysReg.values()) {
            if (r.minimumEl() >= 2) {
                add.accept(own(r));
            }
            int alias = r.key() & ~(7 << 11) | 5 << 11;
            if (r.minimumEl() < 2 && SysReg.decode(alias) == r) {
                add.accept(
                        EmulatedRegister.of(alias, alias(r), r)
                                .read(El2Registers::read)
                                .write(El2Registers::write)
                                .when(El2Registers::hasAliases));
            }
        }
    }

    private static String alias(SysReg r) {
        return r.name().replace("_EL1", "_EL12").replace("_EL0", "_EL02");
    }

    private static EmulatedRegister own(SysReg r) {
        EmulatedRegister row = EmulatedRegister.of(r.key(), r.name(), r);
        switch (r) {
            case SPSR_irq, SPSR_abt, SPSR_und, SPSR_fiq ->
                    row.read((vcpu, self) -> 0).write((vcpu, self, value) -> {});
            case ICC_SRE_EL2 ->
                    // System registers, no bypass, open to EL1: fixed.
                    row.read((vcpu, self) -> 0xf).write((vcpu, self, value) -> {});
            case ICH_VTR_EL2, ICH_MISR_EL2, ICH_EISR_EL2, ICH_ELRSR_EL2 ->
                    row.read((vcpu, self) -> vcpu.vgic().status(self.register()));
            case CNTHP_CTL_EL2, CNTHP_CVAL_EL2, CNTHV_CTL_EL2, CNTHV_CVAL_EL2 ->
                    row.user(
                            (vcpu, self) -> vcpu.timer().userRead(self.register()),
                            (vcpu, self, value) -> vcpu.timer().userWrite(self.register(), value));
            case CNTHP_TVAL_EL2, CNTHV_TVAL_EL2 -> {
                // The guest's accesses are the timer's own.
            }
            case SP_EL2 ->
                    // Behind SP at EL2, which is the only way to it.
                    row.user(El2Registers::read, El2Registers::userWrite);
            default ->
                    row.read(El2Registers::read)
                            .write(El2Registers::write)
                            .user(El2Registers::read, El2Registers::userWrite);
        }
        return row.when(El2Registers::exists);
    }

    private static boolean exists(Vcpu vcpu, EmulatedRegister row) {
        if (vcpu.nested() == null) {
            return false;
        }
        SysReg r = row.register();
        int lr = r.ordinal() - SysReg.ICH_LR0_EL2.ordinal();
        if (lr >= 0 && lr < 16) {
            return lr < vcpu.vm().cpu().listRegisters();
        }
        Feature f = r.feature();
        return f == null || vcpu.vm().cpu().has(f);
    }

    /** With HCR_EL2.E2H, and only at EL2. */
    private static boolean hasAliases(Vcpu vcpu, EmulatedRegister row) {
        return vcpu.nested() != null && vcpu.vm().cpu().has(Feature.VHE) && vcpu.nested().e2h();
    }

    static long read(Vcpu vcpu, EmulatedRegister row) {
        return vcpu.readSys(row.register());
    }

    /** The guest's MSR. */
    static void write(Vcpu vcpu, EmulatedRegister row, long value) {
        vcpu.writeSys(row.register(), value);
        if (vcpu.nested() != null) {
            vcpu.nested().written(row.register());
        }
    }

    private static void userWrite(Vcpu vcpu, EmulatedRegister row, long value) {
        vcpu.writeSys(row.register(), value);
    }
}
