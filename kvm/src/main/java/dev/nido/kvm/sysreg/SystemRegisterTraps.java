package dev.nido.kvm.sysreg;

import dev.nido.arch.SysReg;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.NestedInstructions;
import dev.nido.kvm.run.ExceptionInjection;
import dev.nido.kvm.timer.VcpuTimer;

/**
 * Trapped MSR, MRS and SYS, EC 0x18 (KVM: {@code kvm_handle_sys_reg()}).
 *
 * <p>The PE has made the checks that come first: what is UNDEFINED for the guest without the
 * hypervisor, and the guest's own traps to EL1. What arrives here and has no row, or a row that
 * this VM lacks, is UNDEFINED for the guest: the encodings that HCR_EL2.TIDCP traps, and features
 * that user space took away.
 *
 * <p>What the guest's own EL2 traps goes there first: {@link TrapForwarding}.
 */
public final class SystemRegisterTraps {

    private SystemRegisterTraps() {}

    /**
     * Emulates the access.
     *
     * @param esr ESR_EL2
     * @return {@link Handled#RESUME}, or a negative errno
     */
    public static int handle(Vcpu vcpu, long esr) {
        if (TrapForwarding.forward(vcpu, esr)) {
            return Handled.RESUME;
        }
        int iss = (int) esr;
        int key = key(iss);
        boolean read = (iss & 1) != 0;
        int rt = iss >> 5 & 31;
        SysReg register = SysReg.decode(key);
        if (register != null && vcpu.nested() != null && vcpu.nested().isRedirected(register)) {
            return vcpu.nested().redirected(register, rt, read);
        }
        if (register != null && VcpuTimer.isTimer(register)) {
            return vcpu.timer().access(key, iss);
        }
        if (vcpu.nested() != null
                && vcpu.nested().isHypContext()
                && NestedInstructions.concerns(key)) {
            return NestedInstructions.handle(vcpu, key, vcpu.reg(rt));
        }
        EmulatedRegister row = EmulatedRegisters.of(key);
        if (row == null || !row.emulates(read) || !row.exists(vcpu) || !isReachable(vcpu, key)) {
            ExceptionInjection.undefined(vcpu);
            return Handled.RESUME;
        }
        if (read) {
            vcpu.setReg(rt, row.read(vcpu));
        } else {
            row.write(vcpu, vcpu.reg(rt));
        }
        vcpu.skipInstruction();
        return Handled.RESUME;
    }

    /** A name of EL2, or an alias, is one only there. */
    private static boolean isReachable(Vcpu vcpu, int key) {
        return (key >> 11 & 7) < 4 || vcpu.nested().isEl2();
    }

    /** The encoding in an ISS of EC 0x18. */
    public static int key(int iss) {
        return SysReg.key(
                iss >> 20 & 3, iss >> 14 & 7, iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7);
    }
}
