package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.pe.Pe;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** A machine with EL2 that executes one {@link NestedCase} at a time: bare, or a guest's. */
abstract class NestedSide implements AutoCloseable {

    private static final long OTHERS = DifferentialSide.RAM + 0xa000;

    /** A table of stage 2 that maps RAM where it is: 40 bits from level 1, VTCR_EL2.SL0 = 1. */
    static final long STAGE2 = DifferentialSide.RAM + 0xc000;

    private static final long S2_NORMAL = 15 << 2 | 3 << 6 | 3 << 8 | 1 << 10;

    private static final int RAM_SIZE = DifferentialSide.ramSize();

    /** Where the hypervisor's machine has its memory. */
    private static final long HOST = 0x8000_0000L;

    /** Compared besides X0, PC, PSTATE, FPCR and the count of instructions. */
    static final SysReg[] COMPARED = compared();

    private static final String[] NAMES = {"X0", "PC", "PSTATE", "V0", "retired"};

    static final int STATE = NAMES.length + COMPARED.length;

    private static SysReg[] compared() {
        List<SysReg> list = new ArrayList<>();
        for (SysReg r : SysReg.values()) {
            String n = r.name();
            boolean el1 =
                    r.el2Counterpart() != null && !n.startsWith("CNTP") && !n.startsWith("CNTV");
            boolean el2 =
                    r.minimumEl() >= 2
                            && r.readable()
                            && r.writable()
                            && !n.startsWith("CNTH")
                            && !n.startsWith("CNTP")
                            && !n.matches("SPSR_(irq|abt|und|fiq)|ICC_SRE_EL2|ICH_LR\\d+_EL2");
            if (el1 || el2) {
                list.add(r);
            }
        }
        list.add(SysReg.CNTHCTL_EL2);
        list.add(SysReg.PAR_EL1);
        list.add(SysReg.TPIDR_EL1);
        list.add(SysReg.SP_EL0);
        list.add(SysReg.ACTLR_EL1);
        list.add(SysReg.CSSELR_EL1);
        return list.toArray(SysReg[]::new);
    }

    /**
     * Executes one instruction, or enters its exception and executes the NOP at the vector.
     *
     * @param state takes what is there afterwards
     */
    abstract void execute(NestedCase c, long[] state);

    @Override
    public abstract void close();

    static long address(NestedCase c) {
        if (c.isAccess()) {
            return DifferentialSide.address(new AccessGenerator.Access(c.word(), 0, 0, 0, 0, 0));
        }
        int i = 0;
        while (NestedCase.OTHERS[i] != c.word()) {
            i++;
        }
        return OTHERS + i * 4L;
    }

    private static void load(BiConsumer<Long, Integer> memory) {
        DifferentialSide.load(memory);
        long block = DifferentialSide.RAM | S2_NORMAL | 1;
        memory.accept(STAGE2 + 8, (int) block);
        memory.accept(STAGE2 + 12, (int) (block >>> 32));
        for (int i = 0; i < NestedCase.OTHERS.length; i++) {
            memory.accept(OTHERS + i * 4L, NestedCase.OTHERS[i]);
        }
    }

    /** The differing words of a state, by name. */
    static String describe(long[] state, long[] other) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < STATE; i++) {
            if (state[i] != other[i]) {
                String name = i < NAMES.length ? NAMES[i] : COMPARED[i - NAMES.length].name();
                s.append("%s=0x%x ".formatted(name, state[i]));
            }
        }
        return s.toString();
    }

    /** The bare machine. */
    static final class Bare extends NestedSide {
        private final Machine machine;
        private final Pe pe;

        Bare(CpuModel guest) {
            machine =
                    new Machine(
                            new MachineConfig(
                                    guest, 1, DifferentialSide.RAM, RAM_SIZE, true, 1, 2, true),
                            null);
            pe = machine.pe(0);
            pe.reset(2);
            load((at, word) -> machine.memory().put32(machine.memory().offsetOf(at), word));
        }

        @Override
        void execute(NestedCase c, long[] state) {
            for (int i = 0; i < NestedCase.CONTROLS.length; i++) {
                pe.writeRegister(NestedCase.CONTROLS[i], c.values()[i]);
            }
            if (c.word() == NestedCase.ERET) {
                pe.writeRegister(SysReg.ELR_EL2, DifferentialSide.vectors());
                pe.writeRegister(SysReg.ELR_EL1, DifferentialSide.vectors());
            }
            pe.x[0] = c.x0();
            setPstate(c.pstate());
            pe.pc = address(c);
            pe.clearAttention(-1);
            pe.timer.update();
            pe.takePendingInterrupt();
            long before = pe.retired;
            while (pe.retired == before) {
                machine.engine(0).run(pe, 1);
            }
            pe.yieldRequested = false;
            pe.pmu.update();
            pe.storeStackPointer();
            state[0] = pe.x[0];
            state[1] = pe.pc;
            state[2] = pstate();
            state[3] = pe.v[0];
            state[4] = pe.retired;
            for (int i = 0; i < COMPARED.length; i++) {
                state[NAMES.length + i] = pe.readRegister(COMPARED[i]);
            }
        }

        private void setPstate(long p) {
            pe.storeStackPointer();
            pe.el = Spsr.el(p);
            pe.spSel = (int) (p & Spsr.SP);
            pe.loadStackPointer();
            pe.nzcv = (int) (p & Spsr.NZCV);
            pe.daif = (int) (p & Spsr.DAIF);
            pe.pan = pe.cpu.has(Feature.PAN) && (p & Spsr.PAN) != 0;
            pe.uao = pe.cpu.has(Feature.UAO) && (p & Spsr.UAO) != 0;
            pe.dit = pe.cpu.has(Feature.DIT) && (p & Spsr.DIT) != 0;
            pe.ssbs = pe.cpu.has(Feature.SSBS) && (p & Spsr.SSBS) != 0;
            pe.ss = (p & Spsr.SS) != 0;
            pe.il = (p & Spsr.IL) != 0;
            pe.contextChanged();
        }

        private long pstate() {
            return pe.nzcv & Spsr.NZCV
                    | pe.daif
                    | (pe.pan ? Spsr.PAN : 0)
                    | (pe.uao ? Spsr.UAO : 0)
                    | (pe.dit ? Spsr.DIT : 0)
                    | (pe.ssbs ? Spsr.SSBS : 0)
                    | (pe.ss ? Spsr.SS : 0)
                    | (pe.il ? Spsr.IL : 0)
                    | (long) pe.el << Spsr.EL_SHIFT
                    | pe.spSel;
        }

        @Override
        public void close() {
            machine.close();
        }
    }

    /** A guest with a virtual EL2. */
    static final class Hosted extends NestedSide {
        private final Machine machine;
        private final Hypervisor hypervisor;
        private final Vcpu vcpu;

        Hosted(CpuModel guest, Feature nesting) {
            machine =
                    new Machine(
                            new MachineConfig(
                                    guest.underNestingHypervisor(nesting),
                                    1,
                                    HOST,
                                    32 << 20,
                                    true,
                                    1,
                                    2,
                                    false),
                            null);
            hypervisor = new Hypervisor(machine);
            Vm vm = hypervisor.createVm(VmConfig.of(guest));
            vm.slots().add(0, DifferentialSide.RAM, RAM_SIZE);
            vm.mmio().setUserDevices((ipa, size) -> false);
            vcpu = vm.createVcpu(0);
            vm.vgic().init();
            load((at, word) -> vm.ram().put32(at, word));
        }

        @Override
        void execute(NestedCase c, long[] state) {
            vcpu.nested().switchContext(() -> prepare(c));
            Exit exit = vcpu.run(1);
            while (exit instanceof Exit.Mmio) {
                vcpu.failMmio();
                exit = vcpu.run(1);
            }
            if (!(exit instanceof Exit.BudgetUsed)) {
                throw new AssertionError(exit + " after " + c);
            }
            state[0] = vcpu.reg(0);
            state[1] = vcpu.pc();
            state[2] = vcpu.pstate();
            state[3] = vcpu.vector(0, false);
            state[4] = machine.pe(0).retired;
            for (int i = 0; i < COMPARED.length; i++) {
                state[NAMES.length + i] = vcpu.readSys(COMPARED[i]);
            }
        }

        Vcpu vcpu() {
            return vcpu;
        }

        private void prepare(NestedCase c) {
            for (int i = 0; i < NestedCase.CONTROLS.length; i++) {
                vcpu.writeSys(NestedCase.CONTROLS[i], c.values()[i]);
            }
            if (c.word() == NestedCase.ERET) {
                vcpu.writeSys(SysReg.ELR_EL2, DifferentialSide.vectors());
                vcpu.writeSys(SysReg.ELR_EL1, DifferentialSide.vectors());
            }
            vcpu.setReg(0, c.x0());
            vcpu.setPc(address(c));
            vcpu.setPstate(c.pstate());
        }

        @Override
        public void close() {
            hypervisor.close();
            machine.close();
        }
    }
}
