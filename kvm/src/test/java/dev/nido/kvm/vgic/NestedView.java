package dev.nido.kvm.vgic;

import dev.nido.arch.CpuModel;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.pe.Pe;

/**
 * An interrupt controller as a hypervisor at EL2 and its guest at EL1 see it, on the bare machine
 * or under the hypervisor. HCR_EL2.IMO and FMO are set: what is pending in the controller itself
 * interrupts the guest, which {@link #inGuest} shows then.
 */
interface NestedView extends AutoCloseable {

    /** The guest's guest executes on this PE. */
    boolean inGuest(int pe);

    /** ERET of EL2. */
    void eret(int pe);

    /** An exception of the guest to its EL2, such as HVC. */
    void hvc(int pe);

    /** MRS of an ICC register at the level that executes. */
    long icc(int pe, SysReg r);

    /** MSR of an ICC register at the level that executes. */
    void icc(int pe, SysReg r, long value);

    /** MRS of an ICH register at EL2. */
    long ich(int pe, SysReg r);

    /** MSR of an ICH register at EL2. */
    void ich(int pe, SysReg r, long value);

    /** A store to the distributor or the redistributors by the level that executes. */
    void mmio(int pe, boolean distributor, long offset, int size, long value);

    /** A load. */
    long mmio(int pe, boolean distributor, long offset, int size);

    /** The output of a timer, which its software lowers without anybody's noticing in the guest. */
    void timer(int pe, int intid, boolean high);

    /** Another private input. */
    void ppi(int pe, int intid, boolean high);

    /** A shared input. */
    void spi(int intid, boolean high);

    /** The virtual lines of the guest: VIRQ, VFIQ of {@link GicCpuInterface}. */
    int lines(int pe);

    /** Whether WFI of the level that executes would wake up. */
    boolean wakes(int pe);

    @Override
    void close();

    /** The machine's own. */
    final class Bare implements NestedView {

        private static final long GUEST = HcrEl2.IMO | HcrEl2.FMO | HcrEl2.RW;
        private static final int PHYSICAL = GicCpuInterface.IRQ | GicCpuInterface.FIQ;

        private final Machine machine;
        private final boolean[] inGuest;

        Bare(String cpu, int pes) {
            machine =
                    new Machine(
                            new MachineConfig(
                                    CpuModel.parse(cpu),
                                    pes,
                                    0x4000_0000L,
                                    0x1000,
                                    true,
                                    1,
                                    2,
                                    true));
            inGuest = new boolean[pes];
            for (int i = 0; i < pes; i++) {
                Pe pe = machine.pe(i);
                pe.hcr = GUEST;
                pe.sys[SysReg.HCR_EL2.ordinal()] = GUEST;
            }
        }

        private Pe pe(int n) {
            Pe pe = machine.pe(n);
            pe.el = inGuest[n] ? 1 : 2;
            return pe;
        }

        /** Every guest is interrupted before its next instruction. */
        private void settle() {
            for (int i = 0; i < inGuest.length; i++) {
                inGuest[i] &= (pe(i).gic.lines() & PHYSICAL) == 0;
            }
        }

        @Override
        public boolean inGuest(int pe) {
            return inGuest[pe];
        }

        @Override
        public void eret(int pe) {
            inGuest[pe] = true;
            settle();
        }

        @Override
        public void hvc(int pe) {
            inGuest[pe] = false;
        }

        @Override
        public long icc(int pe, SysReg r) {
            long value = pe(pe).readRegister(r);
            settle();
            return value;
        }

        @Override
        public void icc(int pe, SysReg r, long value) {
            pe(pe).writeRegister(r, value);
            settle();
        }

        @Override
        public long ich(int pe, SysReg r) {
            return pe(pe).readRegister(r);
        }

        @Override
        public void ich(int pe, SysReg r, long value) {
            pe(pe).writeRegister(r, value);
        }

        @Override
        public void mmio(int pe, boolean distributor, long offset, int size, long value) {
            (distributor ? machine.gic().distributor() : machine.gic().redistributors())
                    .write(offset, size, value);
            settle();
        }

        @Override
        public long mmio(int pe, boolean distributor, long offset, int size) {
            return (distributor ? machine.gic().distributor() : machine.gic().redistributors())
                    .read(offset, size);
        }

        @Override
        public void timer(int pe, int intid, boolean high) {
            machine.gic().setPpi(pe, intid, high);
            settle();
        }

        @Override
        public void ppi(int pe, int intid, boolean high) {
            machine.gic().setPpi(pe, intid, high);
            settle();
        }

        @Override
        public void spi(int intid, boolean high) {
            machine.gic().setSpi(intid, high);
            settle();
        }

        @Override
        public int lines(int pe) {
            return machine.pe(pe).gic.lines() & (GicCpuInterface.VIRQ | GicCpuInterface.VFIQ);
        }

        @Override
        public boolean wakes(int pe) {
            int lines = pe(pe).gic.lines();
            return (lines & PHYSICAL) != 0 || inGuest[pe] && lines != 0;
        }

        @Override
        public void close() {
            machine.close();
        }
    }
}
