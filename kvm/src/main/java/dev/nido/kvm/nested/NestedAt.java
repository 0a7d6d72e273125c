package dev.nido.kvm.nested;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.mmu.GuestAbort;
import dev.nido.machine.pe.Pe;

/**
 * AT at the guest's EL2, which traps (KVM: at.c, {@code __kvm_at_s1e01()}, {@code __kvm_at_s1e2()},
 * {@code __kvm_at_s12()}; Arm ARM C5.4, AArch64.AT).
 *
 * <p>Stage 1 is translated by an AT of the PE, with its TLB and its rules for rights: in the
 * context that is loaded where that is the guest's own regime. A table that the hypervisor has not
 * mapped yet makes it fail where the guest's own would not; then the page is mapped, and the AT
 * repeated. The result is left in PAR_EL1, of which there is one for all levels.
 */
public final class NestedAt {

    private static final int PAR = SysReg.PAR_EL1.ordinal();
    private static final long FAULT = 1;
    private static final long STAGE2 = 1 << 9;
    private static final int S1E1R = SystemOperation.AT_S1E1R.key();

    private NestedAt() {}

    /**
     * Executes an AT and skips it, or injects the external abort that it meets.
     *
     * @param vcpu loaded, and in hyp context
     * @param key encoding of the SYS instruction
     * @param va its operand
     * @return {@link Handled#RESUME}, or a negative errno
     */
    static int handle(Vcpu vcpu, int key, long va) {
        NestedVcpu nested = vcpu.nested();
        boolean el2 = (key >> 11 & 7) == 4;
        boolean both = el2 && (key & 7) >= 4;
        if (el2 && !both || HcrEl2.isHost(nested.hcr())) {
            return own(vcpu, stage1Form(key), va);
        }
        return Handled.RESUME;
    }

    /** The form of EL1 or EL0 without stage 2 that asks for the same right. */
    private static int stage1Form(int key) {
        if ((key >> 11 & 7) == 0) {
            return key;
        }
        return S1E1R | ((key & 7) >= 6 ? 2 : 0) | key & 1;
    }

    /** In the guest's own regime, for which EL1&amp;0 of the PE stands. */
    private static int own(Vcpu vcpu, int key, long va) {
        Pe pe = vcpu.cpu().pe();
        long before = pe.sys[PAR];
        while (true) {
            execute(vcpu, pe, key, va);
            long par = pe.sys[PAR];
            if ((par & FAULT) == 0 || (par & STAGE2) == 0) {
                vcpu.skipInstruction();
                return Handled.RESUME;
            }
            // A table of the guest is not mapped yet, or not in memory.
            long ipa = pe.mmu.walkFaultIpa();
            if (vcpu.vm().slots().find(ipa) == null) {
                pe.sys[PAR] = before;
                externalAbort(vcpu, va, Esr.FSC_EXTERNAL_ON_WALK + pe.mmu.walkLevel());
                return Handled.RESUME;
            }
            int r = GuestAbort.mapForWalk(vcpu, ipa);
            if (r < 0) {
                return r;
            }
        }
    }

    /** AT on the PE, with PSTATE.PAN as the guest has it. */
    private static void execute(Vcpu vcpu, Pe pe, int key, long va) {
        boolean panBefore = pe.pan;
        pe.pan = (vcpu.pstate() & Spsr.PAN) != 0;
        pe.mmu.resume();
        pe.mmu.at(key, va);
        pe.mmu.suspend();
        pe.pan = panBefore;
    }

    private static void externalAbort(Vcpu vcpu, long va, int status) {
        vcpu.writeSys(SysReg.FAR_EL2, va);
        int sameEl = Spsr.el(vcpu.pstate()) == 2 ? 1 : 0;
        int iss = Esr.CM | Esr.WNR | status;
        NestedExceptions.synchronous(vcpu, Esr.of(Esr.EC_DATA_ABORT | sameEl, true, iss));
    }
}
