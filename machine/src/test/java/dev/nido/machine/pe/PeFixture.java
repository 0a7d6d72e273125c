package dev.nido.machine.pe;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

/** A PE alone, driven without instructions. */
final class PeFixture implements AutoCloseable {

    static final long RAM = 0x4000_0000L;

    final Machine machine;
    final Pe pe;

    PeFixture() {
        this("default", 2);
    }

    PeFixture(String cpu, int startEl) {
        machine =
                new Machine(
                        new MachineConfig(
                                CpuModel.parse(cpu), 1, RAM, 1 << 20, true, 1, startEl, true));
        pe = machine.pe(0);
        pe.pc = RAM + 0x100;
    }

    long sys(SysReg r) {
        return pe.sys[r.ordinal()];
    }

    /** Writes a register as EL2 would, with its effects, whatever the current EL is. */
    PeFixture set(SysReg r, long value) {
        pe.sys[r.ordinal()] = value;
        pe.hcrChanged();
        return this;
    }

    /** Puts the PE at an EL, with SP_ELx above EL0 and nothing masked. */
    PeFixture at(int el) {
        pe.select(el, el == 0 ? 0 : 1);
        pe.daif = 0;
        pe.contextChanged();
        return this;
    }

    /** The exception that an access throws, or null. */
    static GuestException thrown(Runnable access) {
        try {
            access.run();
            return null;
        } catch (GuestException e) {
            return e;
        }
    }

    /** {@code ok}, {@code undef}, or class and level that gets it: {@code 18>2}. */
    String outcome(Runnable access) {
        GuestException e = thrown(access);
        if (e == null) {
            return "ok";
        }
        if (e.exceptionClass == Esr.EC_UNKNOWN) {
            return "undef";
        }
        pe.takeSynchronous(e);
        SysReg esr = pe.el == 2 ? SysReg.ESR_EL2 : SysReg.ESR_EL1;
        return Integer.toHexString(Esr.exceptionClass(sys(esr))) + ">" + pe.el;
    }

    String read(SysReg r) {
        return outcome(() -> pe.readSystemRegister(r.key()));
    }

    String write(SysReg r) {
        return outcome(() -> pe.writeSystemRegister(r.key(), 0));
    }

    @Override
    public void close() {
        machine.close();
    }
}
