package dev.nido.kvm.vgic;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.pe.Pe;

/** An interrupt controller as software at EL1 sees it: bare, or under the hypervisor. */
interface GuestView extends AutoCloseable {

    /** MRS by a PE at EL1. */
    long icc(int pe, SysReg r);

    /** MSR by a PE at EL1. */
    void icc(int pe, SysReg r, long value);

    /** A load from the distributor. */
    long gicd(int pe, int offset, int size);

    /** A store to the distributor. */
    void gicd(int pe, int offset, int size, long value);

    /** A load from the redistributors. */
    long gicr(int pe, long offset, int size);

    /** A store to the redistributors. */
    void gicr(int pe, long offset, int size, long value);

    /** The output of a timer, INTID 27 or 30, which changes without anybody's doing. */
    void timer(int pe, int intid, boolean high);

    /** Another private input. */
    void ppi(int pe, int intid, boolean high);

    /** A shared input. */
    void spi(int intid, boolean high);

    /** Whether WFI would wake up. */
    boolean wakes(int pe);

    /** ICC_IAR1_EL1. */
    default int acknowledge(int pe) {
        return (int) icc(pe, SysReg.ICC_IAR1_EL1);
    }

    /** ICC_EOIR1_EL1. */
    default void end(int pe, int intid) {
        icc(pe, SysReg.ICC_EOIR1_EL1, intid);
    }

    @Override
    void close();

    static Machine machine(String cpu, int pes, boolean hosted) {
        CpuModel model = CpuModel.parse(cpu);
        return new Machine(
                new MachineConfig(
                        hosted ? model.underHypervisor() : model.withoutEl2(),
                        pes,
                        0x4000_0000L,
                        0x1000,
                        true,
                        1,
                        hosted ? 2 : 1,
                        !hosted));
    }

    /** The machine's own interrupt controller. */
    final class Bare implements GuestView {

        private final Machine machine;

        Bare(String cpu, int pes) {
            machine = machine(cpu, pes, false);
        }

        private Pe pe(int n) {
            Pe pe = machine.pe(n);
            pe.el = 1;
            return pe;
        }

        @Override
        public long icc(int pe, SysReg r) {
            return pe(pe).readRegister(r);
        }

        @Override
        public void icc(int pe, SysReg r, long value) {
            pe(pe).writeRegister(r, value);
        }

        @Override
        public long gicd(int pe, int offset, int size) {
            return machine.gic().distributor().read(offset, size);
        }

        @Override
        public void gicd(int pe, int offset, int size, long value) {
            machine.gic().distributor().write(offset, size, value);
        }

        @Override
        public long gicr(int pe, long offset, int size) {
            return machine.gic().redistributors().read(offset, size);
        }

        @Override
        public void gicr(int pe, long offset, int size, long value) {
            machine.gic().redistributors().write(offset, size, value);
        }

        @Override
        public void timer(int pe, int intid, boolean high) {
            machine.gic().setPpi(pe, intid, high);
        }

        @Override
        public void ppi(int pe, int intid, boolean high) {
            machine.gic().setPpi(pe, intid, high);
        }

        @Override
        public void spi(int intid, boolean high) {
            machine.gic().setSpi(intid, high);
        }

        @Override
        public boolean wakes(int pe) {
            return (pe(pe).gic.lines() & (GicCpuInterface.IRQ | GicCpuInterface.FIQ)) != 0;
        }

        @Override
        public void close() {
            machine.close();
        }
    }
}
