package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.MmioDevice;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Runs one program that starts at EL2 on the bare machine, with the CPU that a guest hypervisor is
 * given there, and as a guest, in deterministic mode. It logs to memory from {@link #LOG} on, ends
 * with X28 one past its log, and ends by PSCI.
 */
final class BothSides {

    static final long LOG = HostedGuest.RAM + 0x10_0000;
    private static final int PPIS = 0x5e80_0000;

    private BothSides() {}

    /** What the program did. */
    record Outcome(List<Long> log, long retired) {

        /** It is what the bare machine has done, word by word. */
        void isAsOn(Outcome bare) {
            int n = Math.min(log.size(), bare.log.size());
            for (int i = 0; i < n; i++) {
                int from = Math.max(0, i - 8);
                assertThat(log.get(i))
                        .as("word %d, after %s", i, log.subList(from, i))
                        .isEqualTo(bare.log.get(i));
            }
            assertThat(log).hasSameSizeAs(bare.log);
            assertThat(retired).as("instructions").isEqualTo(bare.retired);
        }
    }

    private static void enable(MmioDevice distributor, MmioDevice redistributors) {
        distributor.write(0, 4, 0x13);
        redistributors.write(0x14, 4, 0);
        redistributors.write(0x1_0080, 4, 0xffff_ffffL);
        redistributors.write(0x1_0100, 4, PPIS);
    }

    /** On a PE of its own. */
    static Outcome bare(CpuModel cpu, String program) {
        try (Machine machine =
                new Machine(
                        new MachineConfig(
                                cpu.forGuestHypervisor(12),
                                1,
                                HostedGuest.RAM,
                                16 << 20,
                                true,
                                1,
                                2,
                                true))) {
            byte[] code = Assembler.assemble(program, HostedGuest.RAM).bytes();
            machine.memory().write(0, code, 0, code.length);
            enable(machine.gic().distributor(), machine.gic().redistributors());
            machine.startPe(0, HostedGuest.RAM, 0);
            MachineEnd end = machine.run(Duration.ofSeconds(30));
            assertThat(end).as("at 0x%x", machine.pe(0).pc).isEqualTo(new MachineEnd.PoweredOff());
            List<Long> log = new ArrayList<>();
            for (long at = LOG; at < machine.pe(0).x[28]; at += 8) {
                log.add(machine.memory().get64(machine.memory().offsetOf(at)));
            }
            return new Outcome(log, machine.pe(0).retired);
        }
    }

    /** As a guest. */
    static Outcome hosted(Feature nesting, CpuModel cpu, String program, int blocks) {
        return hosted(nesting, cpu, program, blocks, guest -> {});
    }

    /** The same, with something to do with the guest before it runs. */
    static Outcome hosted(
            Feature nesting,
            CpuModel cpu,
            String program,
            int blocks,
            Consumer<HostedGuest> prepare) {
        try (HostedGuest guest = HostedGuest.nested(nesting, cpu, 1, program)) {
            enable(guest);
            prepare.accept(guest);
            return run(guest, blocks);
        }
    }

    /** Has a guest's timers interrupt it. */
    static void enable(HostedGuest guest) {
        enable(guest.vm.vgic().distributor(), guest.vm.vgic().redistributors());
    }

    /** Runs a guest to its end. */
    static Outcome run(HostedGuest guest, int blocks) {
        Exit exit = guest.runAll(blocks);
        assertThat(exit)
                .as("at 0x%x", guest.vcpu(0).pc())
                .isEqualTo(new Exit.SystemEvent(Exit.SystemEvent.Type.SHUTDOWN));
        List<Long> log = new ArrayList<>();
        for (long at = LOG; at < guest.vcpu(0).reg(28); at += 8) {
            log.add(guest.vm.ram().get64(at));
        }
        return new Outcome(log, guest.machine.pe(0).retired);
    }
}
