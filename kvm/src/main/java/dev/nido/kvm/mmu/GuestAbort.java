package dev.nido.kvm.mmu;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.pgtable.Prot;

/** Stage-2 aborts of the guest ({@code kvm_handle_guest_abort}). */
public final class GuestAbort {
    private GuestAbort() {}

    private static final int HPFAR_EL2 = SysReg.HPFAR_EL2.ordinal();
    private static final int FAR_EL2 = SysReg.FAR_EL2.ordinal();

    /** Maps the page, or makes the access one of the VMM's. */
    public static int handle(Vcpu vcpu, long esr) {
        long[] sys = vcpu.cpu().pe().sys;
        long far = sys[FAR_EL2];
        long ipa = sys[HPFAR_EL2] << 8 | far & 0xfff;
        MemorySlot slot = vcpu.vm().slots().find(ipa);
        if (slot != null) {
            vcpu.memoryCache().topUp(4);
            long page = ipa & ~0xfffL;
            long pa = slot.memory().populate(slot.memoryOffset() + page - slot.ipa());
            int result =
                    vcpu.vm().arch().mmu().pgt().map(page, 4096, pa, Prot.RWX, vcpu.memoryCache());
            return result == 0 || result == -Errno.EAGAIN ? Handled.RESUME : result;
        }
        int iss = Esr.iss(esr);
        if (Esr.exceptionClass(esr) == Esr.EC_INSTRUCTION_ABORT) {
            vcpu.injectPrefetchAbort(far, Esr.FSC_EXTERNAL);
            return Handled.RESUME;
        }
        boolean write = (iss & Esr.WNR) != 0;
        int bytes = 1 << (iss >> 22 & 3);
        int rt = iss >> 16 & 31;
        vcpu.mmio().begin(write, rt, bytes, (iss >> 21 & 1) != 0, (iss >> 15 & 1) != 0, far);
        long mask = bytes == 8 ? -1 : (1L << 8 * bytes) - 1;
        return vcpu.leave(new Exit.Mmio(ipa, bytes, write, write ? vcpu.reg(rt) & mask : 0));
    }
}
