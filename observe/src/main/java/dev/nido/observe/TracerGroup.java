package dev.nido.observe;

import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import java.util.List;

/** Several tracers as one: each hears everything, in the order of the list. */
final class TracerGroup implements Tracer {
    private final Tracer[] members;

    private TracerGroup(List<Tracer> members) {
        this.members = members.toArray(Tracer[]::new);
    }

    /** One tracer for all of them; null for none, and the one itself for one. */
    static Tracer of(List<Tracer> members) {
        return switch (members.size()) {
            case 0 -> null;
            case 1 -> members.getFirst();
            default -> new TracerGroup(members);
        };
    }

    @Override
    public void entry(Vcpu vcpu, long pc) {
        for (Tracer member : members) {
            member.entry(vcpu, pc);
        }
    }

    @Override
    public void exit(Vcpu vcpu, int ec, long esr, long pc) {
        for (Tracer member : members) {
            member.exit(vcpu, ec, esr, pc);
        }
    }

    @Override
    public void userspaceExit(Vcpu vcpu, Exit exit) {
        for (Tracer member : members) {
            member.userspaceExit(vcpu, exit);
        }
    }

    @Override
    public void guestFault(Vcpu vcpu, long esr, long far, long ipa, long pc) {
        for (Tracer member : members) {
            member.guestFault(vcpu, esr, far, ipa, pc);
        }
    }

    @Override
    public void accessFault(Vcpu vcpu, long ipa) {
        for (Tracer member : members) {
            member.accessFault(vcpu, ipa);
        }
    }

    @Override
    public void mmio(Vcpu vcpu, int kind, int bytes, long ipa, long value) {
        for (Tracer member : members) {
            member.mmio(vcpu, kind, bytes, ipa, value);
        }
    }

    @Override
    public void mmioEmulate(Vcpu vcpu, long pc, int instruction, long pstate) {
        for (Tracer member : members) {
            member.mmioEmulate(vcpu, pc, instruction, pstate);
        }
    }

    @Override
    public void systemRegister(
            Vcpu vcpu, long pc, int key, String name, boolean write, long value) {
        for (Tracer member : members) {
            member.systemRegister(vcpu, pc, key, name, write, value);
        }
    }

    @Override
    public void wfx(Vcpu vcpu, long pc, boolean wfe) {
        for (Tracer member : members) {
            member.wfx(vcpu, pc, wfe);
        }
    }

    @Override
    public void wakeup(Vcpu vcpu, long nanos, boolean slept, boolean valid) {
        for (Tracer member : members) {
            member.wakeup(vcpu, nanos, slept, valid);
        }
    }

    @Override
    public void hypercall(Vcpu vcpu, long pc, long x0, int immediate, boolean smc) {
        for (Tracer member : members) {
            member.hypercall(vcpu, pc, x0, immediate, smc);
        }
    }

    @Override
    public void injection(Vcpu vcpu, long pc, long esr, long far) {
        for (Tracer member : members) {
            member.injection(vcpu, pc, esr, far);
        }
    }

    @Override
    public void irqLine(Vm vm, int vcpu, int intid, boolean level) {
        for (Tracer member : members) {
            member.irqLine(vm, vcpu, intid, level);
        }
    }

    @Override
    public void interruptPending(Vm vm, int vcpu, int intid, boolean level) {
        for (Tracer member : members) {
            member.interruptPending(vm, vcpu, intid, level);
        }
    }

    @Override
    public void listRegister(Vcpu vcpu, int index, long value) {
        for (Tracer member : members) {
            member.listRegister(vcpu, index, value);
        }
    }

    @Override
    public void timer(Vcpu vcpu, int intid, boolean level) {
        for (Tracer member : members) {
            member.timer(vcpu, intid, level);
        }
    }

    @Override
    public void tlbi(Vm vm, int vmid, long ipa, long bytes) {
        for (Tracer member : members) {
            member.tlbi(vm, vmid, ipa, bytes);
        }
    }

    @Override
    public void map(Vm vm, long ipa, long bytes, long pa, boolean writable, boolean executable) {
        for (Tracer member : members) {
            member.map(vm, ipa, bytes, pa, writable, executable);
        }
    }

    @Override
    public void unmap(Vm vm, long ipa, long bytes) {
        for (Tracer member : members) {
            member.unmap(vm, ipa, bytes);
        }
    }

    @Override
    public void guestDebug(Vcpu vcpu, int flags) {
        for (Tracer member : members) {
            member.guestDebug(vcpu, flags);
        }
    }

    @Override
    public void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
        for (Tracer member : members) {
            member.fastExit(vcpu, ec, esr, pc);
        }
    }

    @Override
    public void nestedReturn(Vcpu vcpu, long elr, long spsr) {
        for (Tracer member : members) {
            member.nestedReturn(vcpu, elr, spsr);
        }
    }

    @Override
    public void nestedException(Vcpu vcpu, int offset, long esr) {
        for (Tracer member : members) {
            member.nestedException(vcpu, offset, esr);
        }
    }

    @Override
    public void forwardedAccess(Vcpu vcpu, int key, boolean read) {
        for (Tracer member : members) {
            member.forwardedAccess(vcpu, key, read);
        }
    }

    @Override
    public void timerMap(
            Vcpu vcpu,
            int directVirtual,
            int directPhysical,
            int emulatedVirtual,
            int emulatedPhysical) {
        for (Tracer member : members) {
            member.timerMap(vcpu, directVirtual, directPhysical, emulatedVirtual, emulatedPhysical);
        }
    }

    @Override
    public void shadowListRegisters(Vcpu vcpu, int count, long[] shadow, long[] original) {
        for (Tracer member : members) {
            member.shadowListRegisters(vcpu, count, shadow, original);
        }
    }

    @Override
    public void shadowListRegistersPut(Vcpu vcpu, int count, long[] values) {
        for (Tracer member : members) {
            member.shadowListRegistersPut(vcpu, count, values);
        }
    }

    @Override
    public void linkedInterruptEnded(Vcpu vcpu, int index, long value, int intid) {
        for (Tracer member : members) {
            member.linkedInterruptEnded(vcpu, index, value, intid);
        }
    }

    @Override
    public void shadowContext(Vcpu vcpu, long vttbr, long vtcr, boolean recycled) {
        for (Tracer member : members) {
            member.shadowContext(vcpu, vttbr, vtcr, recycled);
        }
    }

    @Override
    public void shadowFault(Vcpu vcpu, long l2Ipa, long l1Ipa, boolean forwarded) {
        for (Tracer member : members) {
            member.shadowFault(vcpu, l2Ipa, l1Ipa, forwarded);
        }
    }

    @Override
    public void nestedTlbi(Vcpu vcpu, int key, long value, boolean fast) {
        for (Tracer member : members) {
            member.nestedTlbi(vcpu, key, value, fast);
        }
    }
}
