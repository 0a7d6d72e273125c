package dev.nido.kvm.nested;

import dev.nido.arch.Esr;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.sysreg.SystemRegisterTraps;
import dev.nido.machine.pe.Pe;

/**
 * Exits from hyp context that need nothing of what surrounds an exit: no interrupt controller, no
 * timer, no stage 2 (KVM: {@code kvm_hyp_handle_eret()}, {@code kvm_hyp_handle_tlbi_el2()}, {@code
 * kvm_hyp_handle_timer()} in vhe/switch.c).
 */
public final class FastExits {

    private FastExits() {}

    /**
     * Does on the spot what the exit asks for, if it is one of these.
     *
     * @param esr ESR_EL2 of a synchronous exit
     * @return whether the guest goes on, at ELR_EL2 with SPSR_EL2, the instruction emulated
     */
    public static boolean handle(Vcpu vcpu, Pe pe, long esr) {
        NestedVcpu nested = vcpu.nested();
        if (!nested.isHypLoaded()) {
            return false;
        }
        int ec = Esr.exceptionClass(esr);
        if (ec == Esr.EC_SYSTEM) {
            return tlbi(vcpu, pe, esr);
        }
        if (ec != Esr.EC_ERET) {
            return false;
        }
        nested.exited(pe);
        if (!NestedReturn.staysInHypContext(vcpu)) {
            return false;
        }
        trace(vcpu, ec, esr);
        NestedReturn.emulate(vcpu);
        return true;
    }

    /** TLBI of the guest's own regime. */
    private static boolean tlbi(Vcpu vcpu, Pe pe, long esr) {
        int iss = (int) esr;
        int key = SystemRegisterTraps.key(iss);
        if (key >> 14 != 1 || !NestedTlbi.isOwn(vcpu, key)) {
            return false;
        }
        vcpu.nested().exited(pe);
        trace(vcpu, Esr.EC_SYSTEM, esr);
        boolean threads = !vcpu.vm().hypervisor().machine().deterministic();
        if (threads) {
            // Nobody serves what it asks of the PE that waits for it.
            pe.mmu.suspend();
        }
        NestedTlbi.execute(vcpu, key, vcpu.reg(iss >> 5 & 31), true);
        if (threads) {
            pe.mmu.resume();
        }
        vcpu.skipInstruction();
        return true;
    }

    private static void trace(Vcpu vcpu, int ec, long esr) {
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.fastExit(vcpu, ec, esr, vcpu.pc());
        }
    }
}
