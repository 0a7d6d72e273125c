package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.Machine;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.pe.Pe;

/**
 * A VM's interrupt controller on real PEs, one vCPU each. Here is the run loop's part: around each
 * instruction of the guest the list registers are filled, and after it every physical interrupt
 * that is signalled makes an exit before the next one.
 */
final class Hosted implements GuestView {

    private static final long GUEST_HCR = HcrEl2.IMO | HcrEl2.FMO | HcrEl2.RW;
    private static final int MSR = 0xd510_0000;

    final Machine machine;
    final PhysicalCpus physical;
    final VmMmioBus bus = new VmMmioBus();
    final Vgic vgic;
    final Guest[] guests;

    /** Exits by a physical interrupt, and of those the ones with a maintenance condition. */
    int exits;

    int maintenances;

    /** A vCPU on its PE. */
    final class Guest implements VgicCpu.Owner {
        final int id;
        final VgicCpu vgicCpu;
        final boolean[] timers = new boolean[32];
        PhysicalCpu cpu;
        int kicks;
        boolean running;
        private int instruction;
        private long register;
        private boolean inside;

        Guest(int id) {
            this.id = id;
            vgicCpu = vgic.createCpu(id, this);
            for (int intid : new int[] {27, 30}) {
                vgicCpu.mapHardware(intid, intid, () -> timers[intid]);
            }
            load(physical.get(id));
        }

        void load(PhysicalCpu onto) {
            cpu = onto;
            vgicCpu.load(onto);
            for (int intid : new int[] {27, 30}) {
                machine.gic().setPpi(onto.index(), intid, timers[intid]);
            }
        }

        void put() {
            leave();
            for (int intid : new int[] {27, 30}) {
                machine.gic().setPpi(cpu.index(), intid, false);
            }
            vgicCpu.put();
            cpu = null;
        }

        Pe enter() {
            Pe pe = cpu.pe();
            while (!inside) {
                vgicCpu.flush();
                if ((pe.gic.lines() & GicCpuInterface.IRQ) != 0) {
                    exit();
                    continue;
                }
                pe.sys[SysReg.HCR_EL2.ordinal()] = GUEST_HCR;
                pe.hcr = GUEST_HCR;
                pe.el = 1;
                inside = true;
            }
            return pe;
        }

        /** What happens after an instruction. */
        void executed(int word, long value) {
            instruction = word;
            register = value;
            if ((cpu.pe().gic.lines() & GicCpuInterface.IRQ) != 0) {
                maintenances += cpu.read(SysReg.ICH_MISR_EL2) != 0 ? 1 : 0;
                leave();
                exit();
            }
            instruction = 0;
        }

        void leave() {
            if (inside) {
                inside = false;
                cpu.pe().el = 2;
                vgicCpu.sync();
            }
        }

        private void exit() {
            exits++;
            for (int intid = take(); intid != GicParameters.SPURIOUS; intid = take()) {
                cpu.write(SysReg.ICC_EOIR1_EL1, intid);
                if (!vgicCpu.physicalInterrupt(intid)) {
                    cpu.write(SysReg.ICC_DIR_EL1, intid);
                }
            }
        }

        private int take() {
            return (int) cpu.read(SysReg.ICC_IAR1_EL1);
        }

        @Override
        public void kick() {
            kicks++;
            leave();
        }

        @Override
        public boolean isRunning() {
            return running;
        }

        @Override
        public int previousInstruction() {
            return instruction;
        }

        @Override
        public long reg(int n) {
            return n == 5 ? register : 0;
        }
    }

    Hosted(String cpu, int pes) {
        machine = GuestView.machine(cpu, pes, true);
        physical = new PhysicalCpus(machine);
        vgic = new Vgic(machine.gic().parameters(), physical, true, 40, bus);
        guests = new Guest[pes];
        for (int i = 0; i < pes; i++) {
            guests[i] = new Guest(i);
        }
        vgic.init();
    }

    @Override
    public long icc(int pe, SysReg r) {
        Guest guest = guests[pe];
        long value = guest.enter().readRegister(r);
        guest.executed(0, 0);
        return value;
    }

    @Override
    public void icc(int pe, SysReg r, long value) {
        Guest guest = guests[pe];
        Pe cpu = guest.enter();
        switch (r) {
            case ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1 -> {
                guest.leave();
                guest.vgicCpu.writeSgi(r, value);
            }
            default -> {
                cpu.writeRegister(r, value);
                guest.executed(MSR | r.key() << 5 | 5, value);
            }
        }
    }

    private void exitAll(int pe) {
        guests[pe].enter();
        for (Guest each : guests) {
            each.leave();
        }
    }

    @Override
    public long gicd(int pe, int offset, int size) {
        exitAll(pe);
        return vgic.distributor().read(offset, size);
    }

    @Override
    public void gicd(int pe, int offset, int size, long value) {
        exitAll(pe);
        vgic.distributor().write(offset, size, value);
    }

    @Override
    public long gicr(int pe, long offset, int size) {
        exitAll(pe);
        return vgic.redistributors().read(offset, size);
    }

    @Override
    public void gicr(int pe, long offset, int size, long value) {
        exitAll(pe);
        vgic.redistributors().write(offset, size, value);
    }

    @Override
    public void timer(int pe, int intid, boolean high) {
        Guest guest = guests[pe];
        if (!high) {
            // Only the guest's own register accesses lower it, and those trap.
            guest.enter();
            guest.leave();
        }
        guest.timers[intid] = high;
        machine.gic().setPpi(pe, intid, high);
        if (!high) {
            vgic.setLine(pe, intid, false);
        }
        if (guest.inside) {
            guest.executed(0, 0);
        }
    }

    @Override
    public void ppi(int pe, int intid, boolean high) {
        vgic.setLine(pe, intid, high);
    }

    @Override
    public void spi(int intid, boolean high) {
        vgic.setLine(-1, intid, high);
    }

    @Override
    public boolean wakes(int pe) {
        exitAll(pe);
        return guests[pe].vgicCpu.pending();
    }

    @Override
    public void close() {
        machine.close();
    }
}
