package dev.nido.kvm.mmu;

import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;

/** An access to a device of the VMM, between the exit and its answer ({@code kvm_run.mmio}). */
public final class Mmio {

    private boolean pending;
    private boolean write;
    private boolean failed;
    private int register;
    private int bytes;
    private boolean signExtend;
    private boolean wide;
    private long value;
    private long far;

    void begin(boolean write, int register, int bytes, boolean signExtend, boolean wide, long far) {
        this.write = write;
        this.register = register;
        this.bytes = bytes;
        this.signExtend = signExtend;
        this.wide = wide;
        this.far = far;
        failed = false;
        pending = true;
    }

    /** The VMM's answer. */
    public void complete(long answer) {
        value = answer;
    }

    /** The VMM has nothing there. */
    public void fail() {
        failed = true;
    }

    /** Goes on with the access, if one is under way. */
    public int finish(Vcpu vcpu) {
        if (!pending) {
            return Handled.RESUME;
        }
        pending = false;
        if (failed) {
            vcpu.injectDataAbort(far, 0x10 | (write ? 1 << 6 : 0));
            return Handled.RESUME;
        }
        if (!write) {
            int unused = 64 - 8 * bytes;
            long v = signExtend ? value << unused >> unused : value << unused >>> unused;
            vcpu.setReg(register, wide ? v : v & 0xffff_ffffL);
        } else if (vcpu.vm().hypervisor().machine().recorder() != null) {
            vcpu.vm().hypervisor().machine().recorder().store(far, bytes, vcpu.reg(register));
        }
        vcpu.skipInstruction();
        return Handled.RESUME;
    }
}
