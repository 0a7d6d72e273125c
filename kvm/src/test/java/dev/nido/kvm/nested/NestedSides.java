package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.mmu.UserMemory;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.pe.Pe;

/**
 * The same CPU twice: a PE with an EL2 of its own, and a vCPU with a virtual one. Each executes one
 * instruction at a time, at any level, and tells what came of it.
 */
final class NestedSides implements AutoCloseable {

    static final long RAM = HostedGuest.RAM;
    static final int RAM_SIZE = 8 << 20;

    /** A page of NOPs where exceptions to EL2 lead. */
    static final long VECTORS = RAM + 0x1000;

    private static final int NOP = 0xd503_201f;
    private static final long EL2H = Spsr.DAIF | 9;

    /** What is compared. */
    static final SysReg[] COMPARED = {
        SysReg.ESR_EL2,
        SysReg.FAR_EL2,
        SysReg.HPFAR_EL2,
        SysReg.ELR_EL2,
        SysReg.SPSR_EL2,
        SysReg.ESR_EL1,
        SysReg.FAR_EL1,
        SysReg.ELR_EL1,
        SysReg.SPSR_EL1,
        SysReg.PAR_EL1
    };

    final CpuModel model;
    final Machine bareMachine;
    final Pe bare;
    final Machine machine;
    final Hypervisor hypervisor;
    final Vm vm;
    final Vcpu vcpu;
    final UserMemory memory;

    NestedSides(Feature nesting, CpuModel shown, int hostPageShift, boolean blocks) {
        model = shown.forGuestHypervisor(hostPageShift);
        bareMachine = new Machine(new MachineConfig(model, 1, RAM, RAM_SIZE, true, 1, 2, true));
        bare = bareMachine.pe(0);
        bare.reset(2);
        machine = HostedGuest.nestingMachine(nesting, model, 1, true);
        hypervisor = new Hypervisor(machine, hostPageShift, false);
        vm = hypervisor.createVm(VmConfig.of(model));
        memory = new UserMemory(hypervisor.memory(), RAM_SIZE, hostPageShift, blocks);
        vm.slots().set(0, 0, RAM, RAM_SIZE, memory, 0);
        vm.mmio().setUserDevices((ipa, size) -> false);
        vcpu = vm.createVcpu(0);
        vm.vgic().init();
        for (long at = VECTORS; at < VECTORS + 0x1000; at += 4) {
            put32(at, NOP);
        }
        set(SysReg.VBAR_EL2, VECTORS);
        set(SysReg.SCTLR_EL2, 0x30c5_0830L);
        set(SysReg.HCR_EL2, 1L << 31);
    }

    // Memory of L1

    void put(long l1Ipa, long value) {
        bareMachine.memory().put64(bareMachine.memory().offsetOf(l1Ipa), value);
        vm.ram().put64(l1Ipa, value);
    }

    void put32(long l1Ipa, int word) {
        bareMachine.memory().put32(bareMachine.memory().offsetOf(l1Ipa), word);
        vm.ram().put32(l1Ipa, word);
    }

    long get(long l1Ipa) {
        return bareMachine.memory().get64(bareMachine.memory().offsetOf(l1Ipa));
    }

    /** Where memory of L1 differs, or −1. */
    long differentMemory() {
        byte[] a = new byte[4096];
        byte[] b = new byte[4096];
        for (long at = RAM; at < RAM + RAM_SIZE; at += 4096) {
            bareMachine.memory().read(bareMachine.memory().offsetOf(at), a, 0, 4096);
            vm.ram().read(at, b, 0, 4096);
            int i = java.util.Arrays.mismatch(a, b);
            if (i >= 0) {
                return at + i;
            }
        }
        return -1;
    }

    // Registers

    void set(SysReg r, long value) {
        vcpu.writeSys(r, value);
        bare.writeRegister(r, value);
    }

    void setX(int n, long value) {
        vcpu.setReg(n, value);
        bare.x[n] = value;
    }

    /**
     * Executes an instruction on both, or enters its exceptions and executes the NOP at the vector.
     *
     * @return the two states, in words
     */
    long[][] step(long pstate, long pc) {
        vcpu.nested()
                .switchContext(() -> {
                    vcpu.setPstate(pstate);
                    vcpu.setPc(pc);
                });
        // Nobody tells that code has changed; both are to find the same.
        machine.codeCache().invalidateAll();
        bareMachine.codeCache().invalidateAll();
        Exit exit = vcpu.run(1);
        while (exit instanceof Exit.Mmio) {
            vcpu.failMmio();
            exit = vcpu.run(1);
        }
        boolean stuck = exit instanceof Exit.Stuck;
        machine.pe(0).repeatedExceptions = 0;
        if (!(exit instanceof Exit.BudgetUsed || stuck)) {
            throw new AssertionError(exit + " at 0x%x".formatted(pc));
        }
        long elr = bare.readRegister(SysReg.ELR_EL2);
        long spsr = bare.readRegister(SysReg.SPSR_EL2);
        bare.writeRegister(SysReg.SPSR_EL2, pstate);
        bare.writeRegister(SysReg.ELR_EL2, pc);
        bare.resumeGuest();
        bare.writeRegister(SysReg.SPSR_EL2, spsr);
        bare.writeRegister(SysReg.ELR_EL2, elr);
        bare.clearAttention(-1);
        long before = bare.retired;
        int rounds = 0;
        while (bare.retired == before && rounds++ < 100) {
            bareMachine.engine(0).run(bare, 1);
        }
        assertThat(stuck).as("at its own vector for ever").isEqualTo(rounds > 100);
        return new long[][] {bareState(), hostedState()};
    }

    /** The same at EL2. */
    long[][] stepAtEl2(long pc) {
        return step(EL2H, pc);
    }

    private long[] bareState() {
        long[] s = new long[4 + COMPARED.length];
        s[0] = bare.x[0];
        s[1] = bare.x[1];
        bare.storeStackPointer();
        for (int i = 0; i < COMPARED.length; i++) {
            s[4 + i] = bare.readRegister(COMPARED[i]);
        }
        long elr = bare.readRegister(SysReg.ELR_EL2);
        long spsr = bare.readRegister(SysReg.SPSR_EL2);
        bare.leaveGuest();
        s[2] = bare.readRegister(SysReg.ELR_EL2);
        s[3] = bare.readRegister(SysReg.SPSR_EL2);
        bare.writeRegister(SysReg.SPSR_EL2, spsr);
        bare.writeRegister(SysReg.ELR_EL2, elr);
        return s;
    }

    private long[] hostedState() {
        long[] s = new long[4 + COMPARED.length];
        s[0] = vcpu.reg(0);
        s[1] = vcpu.reg(1);
        s[2] = vcpu.pc();
        s[3] = vcpu.pstate();
        for (int i = 0; i < COMPARED.length; i++) {
            s[4 + i] = vcpu.readSys(COMPARED[i]);
        }
        return s;
    }

    /** A state, by name. */
    static String describe(long[] state, long[] other) {
        StringBuilder s = new StringBuilder();
        String[] names = {"X0", "X1", "PC", "PSTATE"};
        for (int i = 0; i < state.length; i++) {
            String name = i < 4 ? names[i] : COMPARED[i - 4].name();
            s.append(state[i] != other[i] ? " *" : " ").append(name);
            s.append("=0x").append(Long.toHexString(state[i]));
        }
        return s.toString();
    }

    @Override
    public void close() {
        hypervisor.close();
        memory.close();
        machine.close();
        bareMachine.close();
    }
}
