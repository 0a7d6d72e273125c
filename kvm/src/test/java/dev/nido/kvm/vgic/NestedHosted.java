package dev.nido.kvm.vgic;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.GicParameters;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.IchHcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.pe.Pe;

/**
 * A VM whose vCPUs have a virtual EL2: here is the run loop's part, with list registers filled and
 * a signalled interrupt injected before each instruction, and an exit for each physical interrupt.
 */
final class NestedHosted implements NestedView {

    private static final long GUEST_HCR = HcrEl2.IMO | HcrEl2.FMO | HcrEl2.RW;
    private static final int MSR = 0xd510_0000;
    static final int[] TIMERS = {26, 27, 28, 30};

    final Machine machine;
    final PhysicalCpus physical;
    final Vgic vgic;
    final Vcpu[] vcpus;
    private final boolean nv2;

    /** Exits by a physical interrupt. */
    int exits;

    /** A vCPU on its PE, with the registers of its EL2. */
    final class Vcpu implements VgicCpu.Owner, NestedState {
        final VgicCpu vgicCpu;
        final long[] registers = new long[SysReg.COUNT];
        final boolean[] timers = new boolean[32];
        PhysicalCpu cpu;
        boolean inGuest;
        boolean trapping;

        /** How often it entered. */
        int entries;

        private boolean inside;
        private int instruction;
        private long register;

        Vcpu(int id) {
            vgicCpu = vgic.createCpu(id, this);
            vgicCpu.setNestedState(this);
            for (int intid : TIMERS) {
                vgicCpu.mapHardware(intid, intid, () -> timers[intid]);
            }
            load(physical.get(id));
        }

        void load(PhysicalCpu onto) {
            cpu = onto;
            for (int intid : TIMERS) {
                machine.gic().setPpi(onto.index(), intid, timers[intid]);
            }
            vgicCpu.load(onto);
        }

        void put() {
            leave();
            vgicCpu.put();
            for (int intid : TIMERS) {
                machine.gic().setPpi(cpu.index(), intid, false);
            }
            cpu = null;
        }

        @Override
        public long read(SysReg r) {
            return registers[r.ordinal()];
        }

        @Override
        public void write(SysReg r, long value) {
            registers[r.ordinal()] = value;
        }

        @Override
        public void trapInterface(boolean on) {
            trapping = on;
        }

        /** Goes on with whoever executes; an interrupt may be injected instead. */
        Pe enter() {
            Pe pe = cpu.pe();
            int rounds = 0;
            while (!inside) {
                if (rounds++ > 100) {
                    throw new IllegalStateException("exits for ever");
                }
                if (inGuest && vgicCpu.signalled() != 0) {
                    switchTo(false);
                }
                vgicCpu.flush();
                pe.sys[SysReg.HCR_EL2.ordinal()] = GUEST_HCR;
                pe.hcr = GUEST_HCR;
                if (vgicCpu.stale()) {
                    continue;
                }
                if ((pe.gic.lines() & GicCpuInterface.IRQ) != 0) {
                    interrupt();
                    continue;
                }
                pe.el = 1;
                inside = true;
                entries++;
            }
            return pe;
        }

        private void switchTo(boolean guest) {
            leave();
            inGuest = guest;
            vgicCpu.switchTo(guest);
        }

        /** After an instruction, or anything else. */
        void executed() {
            if (inside && (cpu.pe().gic.lines() & GicCpuInterface.IRQ) != 0) {
                leave();
                interrupt();
                enter();
            }
        }

        void leave() {
            if (inside) {
                inside = false;
                cpu.pe().el = 2;
                vgicCpu.sync();
            }
        }

        private void interrupt() {
            exits++;
            vgicCpu.sync();
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
            leave();
        }

        @Override
        public boolean isRunning() {
            return false;
        }

        @Override
        public int previousInstruction() {
            return instruction;
        }

        @Override
        public long reg(int n) {
            return register;
        }
    }

    NestedHosted(String cpu, int pes, boolean nv2) {
        this(cpu, pes, nv2, 25);
    }

    /**
     * @param maintenance INTID of the maintenance interrupts
     */
    NestedHosted(String cpu, int pes, boolean nv2, int maintenance) {
        this.nv2 = nv2;
        CpuModel model = CpuModel.parse(cpu);
        machine =
                new Machine(
                        new MachineConfig(
                                model.underNestingHypervisor(nv2 ? Feature.NV2 : Feature.NV),
                                pes,
                                0x4000_0000L,
                                0x1000,
                                true,
                                1,
                                2,
                                false));
        physical = new PhysicalCpus(machine);
        vgic = new Vgic(machine.gic().parameters(), physical, true, 40, new VmMmioBus());
        vcpus = new Vcpu[pes];
        for (int i = 0; i < pes; i++) {
            vcpus[i] = new Vcpu(i);
        }
        vgic.attributes().set(VgicAttributes.GROUP_MAINTENANCE, 0, maintenance);
        vgic.init();
    }

    /** Everybody executes again, and gets what is due. */
    private void settle() {
        for (boolean again = true; again; ) {
            again = false;
            for (Vcpu v : vcpus) {
                if (!v.inside && v.cpu != null) {
                    v.enter();
                    again = true;
                }
            }
        }
    }

    private void exitAll() {
        for (Vcpu v : vcpus) {
            v.leave();
        }
    }

    @Override
    public boolean inGuest(int pe) {
        return vcpus[pe].inGuest;
    }

    @Override
    public void eret(int pe) {
        vcpus[pe].enter();
        vcpus[pe].switchTo(true);
        settle();
    }

    @Override
    public void hvc(int pe) {
        vcpus[pe].enter();
        vcpus[pe].switchTo(false);
        settle();
    }

    @Override
    public long icc(int pe, SysReg r) {
        Vcpu v = vcpus[pe];
        v.instruction = 0;
        long value = v.enter().readRegister(r);
        v.executed();
        settle();
        return value;
    }

    @Override
    public void icc(int pe, SysReg r, long value) {
        Vcpu v = vcpus[pe];
        Pe cpu = v.enter();
        switch (r) {
            case ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1 -> {
                v.leave();
                v.vgicCpu.writeSgi(r, value);
            }
            default -> {
                v.instruction = MSR | r.key() << 5 | 5;
                v.register = value;
                cpu.writeRegister(r, value);
                v.executed();
            }
        }
        v.instruction = 0;
        settle();
    }

    @Override
    public long ich(int pe, SysReg r) {
        Vcpu v = vcpus[pe];
        v.enter();
        boolean status =
                switch (r) {
                    case ICH_MISR_EL2, ICH_EISR_EL2, ICH_ELRSR_EL2, ICH_VTR_EL2 -> true;
                    default -> false;
                };
        if (status || !nv2 || v.trapping) {
            v.leave();
        }
        long value = status ? v.vgicCpu.status(r) : v.read(r);
        settle();
        return value;
    }

    @Override
    public void ich(int pe, SysReg r, long value) {
        Vcpu v = vcpus[pe];
        v.enter();
        boolean before = condition(v);
        if (!nv2 || v.trapping) {
            v.leave();
        }
        v.write(r, value);
        if (!before && condition(v)) {
            // That a condition becomes true is not noticed before the next exit.
            v.leave();
        }
        settle();
    }

    private static boolean condition(Vcpu v) {
        return (v.read(SysReg.ICH_HCR_EL2) & IchHcrEl2.EN) != 0
                && v.vgicCpu.status(SysReg.ICH_MISR_EL2) != 0;
    }

    @Override
    public void mmio(int pe, boolean distributor, long offset, int size, long value) {
        vcpus[pe].enter();
        exitAll();
        if (distributor) {
            vgic.distributor().write(offset, size, value);
        } else {
            vgic.redistributors().write(offset, size, value);
        }
        settle();
    }

    @Override
    public long mmio(int pe, boolean distributor, long offset, int size) {
        vcpus[pe].enter();
        exitAll();
        long value =
                distributor
                        ? vgic.distributor().read(offset, size)
                        : vgic.redistributors().read(offset, size);
        settle();
        return value;
    }

    @Override
    public void timer(int pe, int intid, boolean high) {
        Vcpu v = vcpus[pe];
        if (!high && !v.inGuest) {
            // EL2's accesses to timers trap; those of its guest do not.
            v.enter();
            v.leave();
        }
        v.timers[intid] = high;
        machine.gic().setPpi(pe, intid, high);
        if (!high && !v.inGuest) {
            vgic.setLine(pe, intid, false);
        }
        v.executed();
        settle();
    }

    @Override
    public void ppi(int pe, int intid, boolean high) {
        vgic.setLine(pe, intid, high);
        settle();
    }

    @Override
    public void spi(int intid, boolean high) {
        vgic.setLine(-1, intid, high);
        settle();
    }

    @Override
    public int lines(int pe) {
        return vcpus[pe].enter().gic.lines() & (GicCpuInterface.VIRQ | GicCpuInterface.VFIQ);
    }

    @Override
    public boolean wakes(int pe) {
        vcpus[pe].enter();
        exitAll();
        boolean wakes = vcpus[pe].vgicCpu.pending();
        settle();
        return wakes;
    }

    @Override
    public void close() {
        machine.close();
    }
}
