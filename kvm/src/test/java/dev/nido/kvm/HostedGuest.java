package dev.nido.kvm;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.isa.Assembler;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.ScheduledCpu;
import dev.nido.machine.pe.Pe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/**
 * A guest for tests: a program of ours at 0x4000_0000 in 16 MiB of RAM, on a hypervisor on a
 * machine. What it writes to 0x900_0000 is collected, 32 bits at a time; what it reads comes from
 * {@link #onRead}. It ends by PSCI SYSTEM_OFF, function 0x8400_0008.
 */
public final class HostedGuest implements AutoCloseable {

    public static final long RAM = 0x4000_0000L;
    public static final long DEVICE = 0x900_0000L;

    /** Ends the guest. */
    public static final String OFF =
            """
            off: movz x0, #0x8400, lsl #16
            movk x0, #8
            hvc #0
            """;

    public final Machine machine;
    public final Hypervisor hypervisor;
    public final Vm vm;
    public final List<Long> written = new ArrayList<>();
    public final Map<String, Long> symbols = new HashMap<>();
    private LongUnaryOperator onRead = ipa -> 0;

    /** Ends a guest that has an EL2. */
    public static final String OFF_BY_SMC =
            """
            off: movz x0, #0x8400, lsl #16
            movk x0, #8
            smc #0
            """;

    private HostedGuest(Machine machine, Hypervisor hypervisor, int vcpus) {
        this(machine, hypervisor, CpuModel.defaultModel().withoutEl2(), vcpus);
    }

    private HostedGuest(Machine machine, Hypervisor hypervisor, CpuModel cpu, int vcpus) {
        this.machine = machine;
        this.hypervisor = hypervisor;
        vm = hypervisor.createVm(VmConfig.of(cpu));
        vm.slots().add(0, RAM, 16 << 20);
        for (int i = 0; i < vcpus; i++) {
            vm.createVcpu(i);
        }
        vm.vgic().init();
    }

    /** A machine for hypervisors. */
    public static Machine machine(int pes, boolean deterministic) {
        CpuModel guest = CpuModel.defaultModel().withoutEl2();
        return new Machine(
                new MachineConfig(
                        guest.underHypervisor(),
                        pes,
                        0x80_0000_0000L,
                        1L << 30,
                        deterministic,
                        1,
                        2,
                        false));
    }

    /**
     * A machine for hypervisors of guests that see {@code guest}, with an EL2 by {@code nesting}.
     */
    public static Machine nestingMachine(Feature nesting, CpuModel guest, int pes, boolean det) {
        return new Machine(
                new MachineConfig(
                        guest.underNestingHypervisor(nesting),
                        pes,
                        0x80_0000_0000L,
                        1L << 30,
                        det,
                        1,
                        2,
                        false));
    }

    /**
     * A guest that starts at its EL2, in deterministic mode.
     *
     * @param nesting NV or NV2: what its EL2 is built on
     * @param cpu what it sees: without E2H0 its E2H is 1, without VHE it is 0
     */
    public static HostedGuest nested(Feature nesting, CpuModel cpu, int vcpus, String program) {
        Machine machine = nestingMachine(nesting, cpu, vcpus, true);
        HostedGuest guest = new HostedGuest(machine, new Hypervisor(machine), cpu, vcpus);
        guest.load(program);
        return guest;
    }

    /** The same on a machine of the caller's. */
    public static HostedGuest nestedOn(Machine machine, CpuModel cpu, int vcpus, String program) {
        HostedGuest guest = new HostedGuest(machine, new Hypervisor(machine), cpu, vcpus);
        guest.load(program);
        return guest;
    }

    /** The same with the wall clock. */
    public static HostedGuest nestedThreaded(
            Feature nesting, CpuModel cpu, int vcpus, int pes, String program) {
        Machine machine = nestingMachine(nesting, cpu, pes, false);
        HostedGuest guest = new HostedGuest(machine, new Hypervisor(machine), cpu, vcpus);
        guest.load(program);
        return guest;
    }

    /** What a guest hypervisor of the tests sees: E2H fixed to 1 or to 0. */
    public static CpuModel hypervisorCpu(boolean e2h) {
        return CpuModel.parse(e2h ? "default,-e2h0" : "default,-vhe");
    }

    /** A guest with the wall clock. */
    public static HostedGuest threaded(int vcpus, int pes, String program) {
        return of(vcpus, pes, false, program);
    }

    /** A guest in deterministic mode, with as many PEs as vCPUs. */
    public static HostedGuest deterministic(int vcpus, String program) {
        return of(vcpus, vcpus, true, program);
    }

    private static HostedGuest of(int vcpus, int pes, boolean deterministic, String program) {
        Machine machine = machine(pes, deterministic);
        HostedGuest guest = new HostedGuest(machine, new Hypervisor(machine), vcpus);
        guest.load(program);
        return guest;
    }

    /** One more VM on the same hypervisor. */
    public HostedGuest another(int vcpus, String program) {
        HostedGuest guest = new HostedGuest(machine, hypervisor, vcpus);
        guest.load(program);
        return guest;
    }

    private void load(String program) {
        Assembler.Program code = Assembler.assemble(program, RAM);
        vm.ram().write(RAM, code.bytes(), 0, code.bytes().length);
        symbols.putAll(code.symbols());
        vm.vcpus().get(0).setPc(RAM);
    }

    /** How many values the guest has written to the device so far; on any thread. */
    public int answers() {
        synchronized (written) {
            return written.size();
        }
    }

    /** Sets where reads of the device come from: address to value. */
    public HostedGuest onRead(LongUnaryOperator source) {
        onRead = source;
        return this;
    }

    /** Runs a vCPU until it exits for something else than the device; with the wall clock. */
    public Exit run(int vcpu) {
        Vcpu v = vm.vcpus().get(vcpu);
        while (true) {
            Exit exit = v.run();
            if (!serve(v, exit)) {
                return exit;
            }
        }
    }

    /**
     * Runs all vCPUs in deterministic mode until one exits for something else than the device.
     *
     * @param blocks instructions of one engine call at most
     */
    public Exit runAll(int blocks) {
        machine.setBlockLimit(blocks);
        Exit[] last = new Exit[1];
        List<ScheduledCpu> slots = new ArrayList<>();
        for (Vcpu v : vm.vcpus()) {
            slots.add(new Slot(v, last));
        }
        MachineEnd end = machine.runScheduled(slots, Duration.ofSeconds(30));
        return last[0] != null ? last[0] : new Exit.InternalError(end.toString());
    }

    private final class Slot implements ScheduledCpu {
        private final Vcpu vcpu;
        private final Exit[] last;

        Slot(Vcpu vcpu, Exit[] last) {
            this.vcpu = vcpu;
            this.last = last;
        }

        @Override
        public Pe pe() {
            return machine.pe(vcpu.id());
        }

        @Override
        public boolean isOn() {
            return vcpu.isPoweredOn();
        }

        @Override
        public boolean ready() {
            return vcpu.wakeUp();
        }

        @Override
        public void run(long budget) {
            long until = pe().retired + budget;
            Exit exit;
            do {
                exit = vcpu.run(until - pe().retired);
            } while (serve(vcpu, exit));
            if (!(exit instanceof Exit.BudgetUsed || exit instanceof Exit.Waiting)) {
                last[0] = exit;
                machine.end(new MachineEnd.Stopped());
            }
        }

        @Override
        public long nextDeadline() {
            return pe().timer.nextDeadline();
        }
    }

    private boolean serve(Vcpu v, Exit exit) {
        if (!(exit instanceof Exit.Mmio m)) {
            return false;
        }
        if (m.ipa() >> 12 != DEVICE >> 12) {
            v.failMmio();
        } else if (m.write()) {
            synchronized (written) {
                written.add(m.value());
            }
            v.completeMmio(0);
        } else {
            v.completeMmio(onRead.applyAsLong(m.ipa()));
        }
        return true;
    }

    public Vcpu vcpu(int id) {
        return vm.vcpus().get(id);
    }

    @Override
    public void close() {
        vm.close();
        machine.close();
    }
}
