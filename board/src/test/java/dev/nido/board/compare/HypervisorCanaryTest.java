package dev.nido.board.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.board.VirtMap;
import dev.nido.board.compare.RandomHypervisorTest.Variant;
import dev.nido.board.load.KernelLoader;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.nested.Nesting;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.ScheduledCpu;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * A random program at EL2 that stops at nothing reaches no memory but its own, makes the hypervisor
 * fail nowhere, and does not keep it for ever. The rest of the machine's memory is another VM's,
 * whose words can be recognised: none may be overwritten, and none seen. Everyday a few programs;
 * for {@code NIDO_RANDOM_HYPERVISOR_SECONDS} on FEAT_NV and on FEAT_NV2 where that is set.
 */
class HypervisorCanaryTest {

    private static final String SECONDS = System.getenv("NIDO_RANDOM_HYPERVISOR_SECONDS");
    private static final String SEED = System.getenv("NIDO_RANDOM_HYPERVISOR_SEED");

    private static final long BASE = 0x80_0000_0000L;
    private static final long MEMORY = 64L << 20;
    private static final int RAM = 16 << 20;
    private static final int OTHER = 24 << 20;
    private static final int PAGE = 4096;

    /** The upper half of each word of the other VM; the lower half says which. */
    private static final long MARK = 0x5ec2_e75aL;

    private static final long INSTRUCTIONS = 200_000;

    /** Ends the program after so many instructions, or with the exit that a VMM can't serve. */
    private static final class Runner implements ScheduledCpu {
        private final Machine machine;
        private final Vcpu vcpu;
        private Exit last;

        Runner(Machine machine, Vcpu vcpu) {
            this.machine = machine;
            this.vcpu = vcpu;
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
            Exit exit = vcpu.run(until - pe().retired);
            while (exit instanceof Exit.Mmio m) {
                if (m.ipa() >>> 12 == VirtMap.UART >>> 12) {
                    vcpu.completeMmio(0);
                } else {
                    vcpu.failMmio();
                }
                exit = vcpu.run(until - pe().retired);
            }
            boolean goesOn = exit instanceof Exit.BudgetUsed || exit instanceof Exit.Waiting;
            if (!goesOn || pe().retired > INSTRUCTIONS) {
                last = exit;
                machine.end(new MachineEnd.Stopped());
            }
        }

        @Override
        public long nextDeadline() {
            return pe().timer.nextDeadline();
        }
    }

    private static void check(long seed, Variant variant) {
        CpuModel model = CpuModel.parse(variant.cpu);
        Feature nesting = variant.nesting == Nesting.NV ? Feature.NV : Feature.NV2;
        MachineConfig config =
                new MachineConfig(
                        model.underNestingHypervisor(nesting), 1, BASE, MEMORY, true, 1, 2, false);
        try (Machine machine = new Machine(config)) {
            Hypervisor hypervisor = new Hypervisor(machine, 12, true);
            Vm other = hypervisor.createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()));
            other.slots().add(0, VirtMap.RAM, OTHER);
            Vm vm = hypervisor.createVm(VmConfig.of(model));
            vm.slots().add(0, VirtMap.RAM, RAM);
            Vcpu vcpu = vm.createVcpu(0);
            vm.vgic().init();
            byte[] image = variant.image(seed, 150, true);
            // Page by page in turn, so that each has the other for a neighbour.
            for (int at = 0; at < OTHER; at += PAGE) {
                other.ram().write(VirtMap.RAM + at, marked(at), 0, PAGE);
                if (at < RAM) {
                    vm.ram().write(VirtMap.RAM + at, new byte[PAGE], 0, PAGE);
                }
            }
            long start = VirtMap.RAM + KernelLoader.RAW_OFFSET;
            vm.ram().write(start, image, 0, image.length);
            vcpu.setPc(start);
            Runner runner = new Runner(machine, vcpu);
            MachineEnd end = machine.runScheduled(List.of(runner), Duration.ofSeconds(20));
            assertThat(end).as("end").isNotInstanceOf(MachineEnd.TimedOut.class);
            // None: it waits for what can't come.
            if (runner.last != null) {
                assertThat(runner.last).as("exit").isNotInstanceOf(Exit.InternalError.class);
            }
            byte[] page = new byte[PAGE];
            for (int at = 0; at < OTHER; at += PAGE) {
                other.ram().read(VirtMap.RAM + at, page, 0, PAGE);
                if (!Arrays.equals(page, marked(at))) {
                    throw new AssertionError("page %x of the other VM was written".formatted(at));
                }
            }
            for (int at = 0; at < RAM; at += PAGE) {
                vm.ram().read(VirtMap.RAM + at, page, 0, PAGE);
                ByteBuffer words = ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < PAGE; i += 8) {
                    assertThat(words.getLong(i) >>> 32 == MARK)
                            .as("stored at %x", at + i)
                            .isFalse();
                }
            }
            for (int i = 0; i < 31; i++) {
                assertThat(vcpu.reg(i) >>> 32).as("x%d", i).isNotEqualTo(MARK);
            }
            vm.close();
            other.close();
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed %d, %s: %s".formatted(seed, variant, e), e);
        }
    }

    private static byte[] marked(int at) {
        ByteBuffer words = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < PAGE; i += 8) {
            words.putLong(MARK << 32 | at + i);
        }
        return words.array();
    }

    @ParameterizedTest
    @EnumSource
    void recklessHypervisorsReachNothingButTheirOwn(Variant variant) {
        for (long seed = 1; seed <= 4; seed++) {
            check(seed, variant);
        }
    }

    @Test
    void recklessHypervisorsReachNothingButTheirOwnForLong() {
        if (SECONDS == null) {
            return;
        }
        long seed = SEED == null ? System.nanoTime() >>> 10 : Long.parseLong(SEED);
        System.out.println("reckless hypervisors from seed " + seed);
        for (Nesting nesting : List.of(Nesting.NV, Nesting.NV2)) {
            long end = System.nanoTime() + Long.parseLong(SECONDS) * 1_000_000_000L;
            long count = 0;
            while (System.nanoTime() < end) {
                for (Variant variant : Variant.values()) {
                    if (variant.nesting == nesting) {
                        check(seed, variant);
                        count++;
                    }
                }
                seed++;
            }
            System.out.println(count + " reckless hypervisors over " + nesting);
        }
    }
}
