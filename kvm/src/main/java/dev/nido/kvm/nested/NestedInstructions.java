package dev.nido.kvm.nested;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.run.ExceptionInjection;

/**
 * Trapped SYS instructions of the guest's EL2: AT and TLBI, EC 0x18 with op0 = 1 (KVM: {@code
 * sys_insn_descs} and {@code emulate_sys_instr()}).
 */
public final class NestedInstructions {

    private NestedInstructions() {}

    /** Whether an encoding is one of those here, present or not. */
    public static boolean concerns(int key) {
        SystemOperation o = SystemOperation.decode(key);
        return o != null
                && (o.kind() == SystemOperation.Kind.AT || o.kind() == SystemOperation.Kind.TLBI);
    }

    /**
     * Executes one; what the VM's CPU lacks is UNDEFINED.
     *
     * @param vcpu loaded, and in hyp context
     * @param key encoding, one that {@link #concerns} says yes to
     * @param value its operand
     * @return {@link Handled#RESUME}, or a negative errno
     */
    public static int handle(Vcpu vcpu, int key, long value) {
        SystemOperation o = SystemOperation.decode(key);
        if (!isThere(vcpu.vm(), o)) {
            ExceptionInjection.undefined(vcpu);
            return Handled.RESUME;
        }
        if (o.kind() == SystemOperation.Kind.TLBI) {
            NestedTlbi.execute(vcpu, key, value, false);
            vcpu.skipInstruction();
            return Handled.RESUME;
        }
        return NestedAt.handle(vcpu, key, value);
    }

    /** Whether the VM's CPU has an instruction; user space may have hidden it. */
    static boolean isThere(Vm vm, SystemOperation o) {
        return o.feature() == null || has(vm, o.feature());
    }

    private static boolean has(Vm vm, Feature feature) {
        return switch (feature) {
            case TLBIOS -> field(vm, SysReg.ID_AA64ISAR0_EL1, 56) >= 1;
            case TLBIRANGE -> field(vm, SysReg.ID_AA64ISAR0_EL1, 56) >= 2;
            case PAN2 -> field(vm, SysReg.ID_AA64MMFR1_EL1, 20) >= 2;
            default -> vm.cpu().has(feature);
        };
    }

    private static int field(Vm vm, SysReg id, int shift) {
        return (int) (vm.idRegisters().get(id) >>> shift) & 15;
    }
}
