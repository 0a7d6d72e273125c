package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Guests that work on their memory while it is taken away, protected, aged and moved. */
class MemoryStressTest {

    private static final long RAM = GuestRig.RAM;
    private static final long MB = 1 << 20;
    private static final int PAGES_PER_VCPU = 96;

    /** NIDO_MEMORY_ROUNDS: how often something is done to the memory of a guest that runs. */
    private static final int ROUNDS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_MEMORY_ROUNDS", "250"));

    /** Set to something else than 0 when the vCPUs are to stop. */
    private static final long STOP = RAM + 0x2000;

    /**
     * Each vCPU counts in a word of each of its pages, and checks what it finds. x0: its number. It
     * reports a page that is not as it left it, or that all rounds are done, by a store to a
     * device.
     */
    private static final String COUNTERS =
            """
                mov     x19, x0
                ldr     x0, =0xff
                msr     mair_el1, x0
                ldr     x0, =0x200803519
                msr     tcr_el1, x0
                ldr     x0, =0x40001000
                msr     ttbr0_el1, x0
                ldr     x0, =0x30d01805
                isb
                msr     sctlr_el1, x0
                isb
                ldr     x20, =0x40100000
                mov     x1, #%1$d
                lsl     x1, x1, #12
                madd    x20, x19, x1, x20
                add     x21, x20, x1
                mov     x22, #0
                ldr     x23, =0x40002000
                ldr     x24, =0x09000000
                ldr     x27, =0x40f00000
            round:
                mov     x25, x20
            page:
                ldr     x26, [x25, #64]
                cmp     x26, x22
                b.ne    wrong
                add     x26, x26, #1
                str     x26, [x25, #64]
                and     x28, x26, #0xff
                lsl     x28, x28, #12
                ldr     x28, [x27, x28]
                cbnz    x28, wrong
                add     x25, x25, #0x1000
                cmp     x25, x21
                b.lo    page
                add     x22, x22, #1
                ldr     x26, [x23]
                cbz     x26, round
                str     w19, [x24]
                b       .
            wrong:
                str     x25, [x24, #8]
                b       .
            """
                    .formatted(PAGES_PER_VCPU);

    /** A VM with counters on its vCPUs, over the PEs of a machine. */
    private static final class Counting implements AutoCloseable {
        final Machine machine =
                GuestRig.machine(CpuModel.defaultModel().withoutEl2(), 2, null, 64 * MB);
        final Hypervisor hypervisor = new Hypervisor(machine);
        final Vm vm = hypervisor.createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2()));
        final ExecutorService threads = Executors.newCachedThreadPool();
        final List<Future<Exit>> vcpus = new ArrayList<>();

        final UserMemory memory;

        Counting(boolean blocks, int count) {
            memory = new UserMemory(hypervisor.memory(), 16 * MB, 12, blocks);
            vm.slots().set(0, 0, RAM, memory.size(), memory, 0);
            byte[] image = Assembler.assemble(COUNTERS, RAM).bytes();
            vm.ram().write(RAM, image, 0, image.length);
            vm.ram().put64(RAM + 0x1000, 1 | 1 << 10);
            vm.ram().put64(RAM + 0x1008, RAM | 1 | 1 << 10 | 3 << 8);
            for (int i = 0; i < count; i++) {
                vm.createVcpu(i);
            }
            vm.vgic().init();
        }

        void start() {
            for (Vcpu vcpu : vm.vcpus()) {
                if (vcpu.id() == 0) {
                    vcpu.setPc(RAM);
                } else {
                    vcpu.powerOn(RAM, vcpu.id());
                }
                Callable<Exit> run = vcpu::run;
                vcpus.add(threads.submit(run));
            }
        }

        /** Starts the vCPUs, does something again and again while they run, and stops them. */
        void whileItRuns(Runnable action) {
            start();
            for (int n = 0; n < ROUNDS || !counting(); n++) {
                action.run();
                if (vcpus.stream().anyMatch(Future::isDone)) {
                    break; // Something is wrong.
                }
            }
            vm.ram().put64(STOP, 1);
        }

        private static long word(int page) {
            return RAM + MB + page * 4096L + 64;
        }

        private boolean counting() {
            for (int i = 0; i < vcpus.size(); i++) {
                if (vm.ram().get64(word(i * PAGES_PER_VCPU)) == 0) {
                    return false;
                }
            }
            return true;
        }

        void check() throws Exception {
            for (int i = 0; i < vcpus.size(); i++) {
                assertThat(vcpus.get(i).get())
                        .as("0x09000008 has the address of a page that lost what was in it")
                        .isEqualTo(new Exit.Mmio(0x0900_0000, 4, true, i));
            }
            for (int page = 0; page < PAGES_PER_VCPU * vcpus.size(); page++) {
                long counted = vm.vcpus().get(page / PAGES_PER_VCPU).reg(22);
                assertThat(counted).isPositive();
                assertThat(vm.ram().get64(word(page))).isEqualTo(counted);
            }
        }

        @Override
        public void close() {
            threads.shutdownNow();
            threads.close();
            hypervisor.close();
            memory.close();
            assertThat(hypervisor.memory().usedPages()).as("pages left behind").isZero();
            machine.close();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aGuestKeepsItsDataWhileItsMemoryIsUnmappedProtectedAgedAndSplit(boolean blocks)
            throws Exception {
        try (Counting c = new Counting(blocks, 2)) {
            SplittableRandom random = new SplittableRandom(blocks ? 1 : 2);
            c.whileItRuns(() -> disturb(c, random));
            c.check();
        }
    }

    private static void disturb(Counting c, SplittableRandom random) {
        VmArch arch = c.vm.arch();
        MemorySlots slots = c.vm.slots();
        long at = RAM + ((long) random.nextInt(4096) << 12);
        long bytes = Math.min(RAM + 16 * MB - at, (long) (1 + random.nextInt(600)) << 12);
        boolean logging = slots.get(0).logging();
        switch (random.nextInt(9)) {
            case 0, 1 -> arch.unmapRange(at, bytes);
            case 2 -> arch.unmapRange(RAM, 16 * MB);
            case 3 -> arch.age(at, bytes);
            case 4 -> arch.writeProtect(at, bytes);
            case 5 -> slots.setFlags(0, logging ? 0 : MemorySlots.LOG_DIRTY_PAGES);
            case 6 -> {
                if (logging) {
                    slots.getDirtyLog(0);
                }
            }
            case 7 -> {
                c.memory.discard(15 * MB, MB);
                reuse(c);
            }
            default -> arch.testAge(at, bytes);
        }
    }

    /** Has somebody else get the pages that were just given back, and write to them. */
    private static void reuse(Counting c) {
        try (UserMemory other = new UserMemory(c.hypervisor.memory(), MB, 12, false)) {
            c.vm.slots().set(1, 0, 2 * RAM, MB, other, 0);
            for (long at = 0; at < MB; at += 4096) {
                c.vm.ram().put64(2 * RAM + at, -1);
            }
            c.vm.slots().delete(1);
        }
    }

    /** What a live migration does: the copy is complete if no written page was missed. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCopyThatFollowsTheDirtyLogIsCompleteAtTheEnd(boolean manual) throws Exception {
        try (Counting c = new Counting(true, 2)) {
            MemorySlots slots = c.vm.slots();
            slots.setManualProtect(manual, manual);
            slots.setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
            byte[] copy = new byte[(int) (16 * MB)];
            c.vm.ram().read(RAM, copy, 0, copy.length);
            Future<?> device = c.threads.submit(() -> device(c));
            c.whileItRuns(() -> follow(c, manual, copy));
            device.get();
            c.check();
            follow(c, manual, copy);
            byte[] now = new byte[copy.length];
            c.vm.ram().read(RAM, now, 0, now.length);
            assertThat(Arrays.mismatch(copy, now)).isEqualTo(-1);
        }
    }

    /** A device writes all over a part of memory that no vCPU uses. */
    private static void device(Counting c) {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 40_000; i++) {
            c.vm.ram().put64(RAM + 8 * MB + (random.nextInt(1 << 21) & -8), i);
        }
    }

    private static void follow(Counting c, boolean manual, byte[] copy) {
        long[] log = c.vm.slots().getDirtyLog(0);
        if (manual) {
            c.vm.slots().clearDirtyLog(0, 0, 4096, log);
        }
        for (int page = 0; page < 4096; page++) {
            if ((log[page >>> 6] >>> page & 1) != 0) {
                c.vm.ram().read(RAM + page * 4096L, copy, page * 4096, 4096);
            }
        }
    }

    @Test
    void threeVcpusOnTwoPesKeepTheirDataToo() throws Exception {
        try (Counting c = new Counting(false, 3)) {
            SplittableRandom random = new SplittableRandom(3);
            c.whileItRuns(() -> disturb(c, random));
            c.check();
        }
    }

    /** NIDO_VM_ROUNDS: how often 16 VMs come and go. */
    @Test
    void sixteenVmsThatComeAndGoLeaveNoPageAndNoVmid() throws Exception {
        int rounds = Integer.parseInt(System.getenv().getOrDefault("NIDO_VM_ROUNDS", "5"));
        CpuModel cpu = CpuModel.defaultModel().withoutEl2();
        byte[] image = Assembler.assemble(SHORT_LIFE, RAM).bytes();
        try (Machine machine = GuestRig.machine(cpu, 2, null, 160 * MB);
                Hypervisor hypervisor = new Hypervisor(machine);
                ExecutorService threads = Executors.newFixedThreadPool(16)) {
            for (int round = 0; round < rounds; round++) {
                CyclicBarrier allAreThere = new CyclicBarrier(16);
                List<Future<Exit>> exits = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    Callable<Exit> life = () -> life(hypervisor, cpu, image, allAreThere);
                    exits.add(threads.submit(life));
                }
                for (Future<Exit> e : exits) {
                    assertThat(e.get()).isInstanceOf(Exit.SystemEvent.class);
                }
                assertThat(hypervisor.memory().usedPages()).isZero();
                assertThat(hypervisor.vmids().used()).isZero();
            }
            assertThat(hypervisor.memory().peakPages()).isGreaterThan(16 * 512);
        }
    }

    /**
     * Devices use memory while the VMM gives it back and somebody else gets it: neither finds what
     * the other wrote.
     */
    @Test
    void devicesNeverReachPagesThatWereGivenBack() throws Exception {
        CpuModel cpu = CpuModel.defaultModel().withoutEl2();
        try (Machine machine = GuestRig.machine(cpu, 1, null, 16 * MB);
                ExecutorService threads = Executors.newFixedThreadPool(2)) {
            HostMemory host = new HostMemory(machine);
            VmidAllocator vmids = new VmidAllocator(16, 1, () -> {}, n -> {});
            VmArch arch = new VmArch(machine, host, vmids, 0);
            MemorySlots slots = new MemorySlots(arch);
            GuestRam ram = new GuestRam(arch, slots);
            UserMemory memory = slots.add(0, RAM, MB);
            Callable<Integer> writer =
                    () -> {
                        int wrong = 0;
                        for (int i = 0; i < 100_000; i++) {
                            long at = RAM + (i * 4096L & MB - 1) + (i & 0xff8);
                            long found = ram.get64(at);
                            wrong += found != 0 && found != 7 ? 1 : 0;
                            ram.put64(at, 7);
                        }
                        return wrong;
                    };
            Future<Integer> device = threads.submit(writer);
            int foreign = 0;
            for (int n = 0; n < 20 || !device.isDone(); n++) {
                memory.discard(0, MB);
                try (UserMemory other = new UserMemory(host, MB, 12, false)) {
                    for (long at = 0; at < MB; at += 4096) {
                        long pa = other.populate(at);
                        long offset = machine.memory().offsetOf(pa);
                        for (int word = 0; word < 512; word++) {
                            foreign += machine.memory().get64(offset + 8 * word) != 0 ? 1 : 0;
                        }
                        machine.memory().put64(offset, 9);
                    }
                }
            }
            assertThat(device.get()).isZero();
            assertThat(foreign).isZero();
            slots.close();
            arch.free();
            assertThat(host.usedPages()).isZero();
        }
    }

    private static final String SHORT_LIFE =
            """
                ldr x1, =0x40100000
                mov x2, #200
            1:  str x2, [x1], #8
                add x1, x1, #0x1000
                subs x2, x2, #1
                b.ne 1b
                ldr x0, =0x84000008
                hvc #0
            """;

    private static Exit life(
            Hypervisor hypervisor, CpuModel cpu, byte[] image, CyclicBarrier allAreThere)
            throws Exception {
        try (Vm vm = hypervisor.createVm(VmConfig.of(cpu))) {
            vm.slots().add(0, RAM, 4 * MB);
            vm.ram().write(RAM, image, 0, image.length);
            Vcpu vcpu = vm.createVcpu(0);
            vm.vgic().init();
            vcpu.setPc(RAM);
            Exit exit = vcpu.run();
            allAreThere.await();
            return exit;
        }
    }
}
