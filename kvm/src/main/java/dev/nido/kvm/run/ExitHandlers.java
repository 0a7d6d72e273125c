package dev.nido.kvm.run;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.mmu.GuestAbort;
import dev.nido.kvm.nested.ExitForwarding;
import dev.nido.kvm.sysreg.SystemRegisterTraps;
import dev.nido.kvm.sysreg.VirtualPmu;

/** What each exception class leads to (KVM's handle_exit.c). */
final class ExitHandlers {

    private static final int SPURIOUS = 1020;

    private final Vcpu vcpu;

    ExitHandlers(Vcpu vcpu) {
        this.vcpu = vcpu;
    }

    /** An exception from EL0 or EL1 ({@code handle_trap_exceptions}). */
    int synchronous(long esr) {
        int ec = Esr.exceptionClass(esr);
        if (vcpu.nested() != null) {
            int handled = ExitForwarding.handle(vcpu, esr, ec);
            if (handled != ExitForwarding.OURS) {
                return handled;
            }
        }
        return switch (ec) {
            case Esr.EC_WFX -> waitFor(esr);
            case Esr.EC_HVC -> {
                traceCall(esr);
                yield vcpu.vm().firmware().hypercall(vcpu);
            }
            case Esr.EC_SMC -> {
                traceCall(esr);
                vcpu.skipInstruction();
                if ((Esr.iss(esr) & 0xffff) != 0) {
                    vcpu.setReg(0, -1); // NOT_SUPPORTED, as the PE itself answers
                    yield Handled.RESUME;
                }
                yield vcpu.vm().firmware().secureCall(vcpu);
            }
            case Esr.EC_SYSTEM -> systemRegister(esr);
            case Esr.EC_INSTRUCTION_ABORT, Esr.EC_DATA_ABORT -> GuestAbort.handle(vcpu, esr);
            case Esr.EC_BREAKPOINT, Esr.EC_STEP, Esr.EC_WATCHPOINT, Esr.EC_BRK ->
                    vcpu.debug().handle(esr);
            default -> {
                ExceptionInjection.undefined(vcpu);
                yield Handled.RESUME;
            }
        };
    }

    private void traceCall(long esr) {
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            boolean smc = Esr.exceptionClass(esr) == Esr.EC_SMC;
            tracer.hypercall(vcpu, vcpu.pc(), vcpu.reg(0), Esr.iss(esr) & 0xffff, smc);
        }
    }

    private int waitFor(long esr) {
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.wfx(vcpu, vcpu.pc(), (Esr.iss(esr) & 1) != 0);
        }
        vcpu.skipInstruction();
        if ((Esr.iss(esr) & 1) == 0) {
            vcpu.timer().update();
            if (!vcpu.vgic().pending()) {
                vcpu.setWaiting(true);
            }
        } else {
            Thread.yield();
        }
        return Handled.RESUME;
    }

    private int systemRegister(long esr) {
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        return tracer == null ? SystemRegisterTraps.handle(vcpu, esr) : traceAccess(esr, tracer);
    }

    private int traceAccess(long esr, Tracer tracer) {
        long pc = vcpu.pc();
        int rt = Esr.iss(esr) >> 5 & 31;
        boolean write = (Esr.iss(esr) & 1) == 0;
        long written = vcpu.reg(rt);
        int handled = SystemRegisterTraps.handle(vcpu, esr);
        int key = SystemRegisterTraps.key(Esr.iss(esr));
        SysReg r = SysReg.decode(key);
        String name = r == null ? null : r.name();
        tracer.systemRegister(vcpu, pc, key, name, write, write ? written : vcpu.reg(rt));
        return handled;
    }

    /** Acknowledges what interrupted the guest; timers stay active until the guest is done. */
    void interrupt(PhysicalCpu cpu) {
        while (true) {
            int intid = (int) cpu.read(SysReg.ICC_IAR1_EL1);
            if (intid >= SPURIOUS) {
                return;
            }
            cpu.write(SysReg.ICC_EOIR1_EL1, intid);
            if (!vcpu.vgic().physicalInterrupt(intid)) {
                if (intid == VirtualPmu.INTID) {
                    vcpu.pmu().sync();
                }
                cpu.write(SysReg.ICC_DIR_EL1, intid);
            }
        }
    }
}
