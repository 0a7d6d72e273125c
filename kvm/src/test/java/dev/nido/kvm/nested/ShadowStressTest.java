package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.mmu.MemorySlots;
import dev.nido.kvm.mmu.UserMemory;
import dev.nido.kvm.mmu.VmArch;
import dev.nido.machine.Machine;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Guests of a guest that work on their memory while the hypervisor below takes it away, protects,
 * ages, logs and moves it, and the hypervisor between drops their translations.
 */
class ShadowStressTest {

    /** NIDO_SHADOW_ROUNDS: how often something is done to the memory. */
    private static final int ROUNDS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_SHADOW_ROUNDS", "120"));

    private static final long RAM = HostedGuest.RAM;
    private static final long MB = 1 << 20;
    private static final long SIZE = 16 * MB;

    /** Where L2 has L1's RAM. */
    private static final long L2_RAM = 0x8000_0000L;

    private static final int PAGES_PER_VCPU = 48;
    private static final int COUNTERS = 2;
    private static final long STOP = RAM + 0x2000;
    private static final long L1_CODE = RAM + 0x8000;
    private static final long ROOT = RAM + 12 * MB;

    /**
     * EL2 of each vCPU. The first two go down and stay there; the third drops translations of the
     * others until it is to stop. An exception that comes up is reported with its syndrome.
     */
    private static final String HYPERVISOR =
            """
                    mov     x19, x0
                    adr     x1, vectors
                    msr     vbar_el2, x1
                    ldr     x1, =%d
                    msr     vtcr_el2, x1
                    ldr     x1, =%d
                    msr     vttbr_el2, x1
                    movz    x1, #0x8000, lsl #16
                    orr     x1, x1, #1
                    msr     hcr_el2, x1
                    isb
                    cmp     x19, #2
                    b.eq    drop
                    ldr     x1, =%d
                    msr     elr_el2, x1
                    mov     x1, #0x3c5
                    msr     spsr_el2, x1
                    mov     x0, x19
                    eret
            drop:   ldr     x20, =0x80000
                    ldr     x21, =0x40002000
                    mov     x22, #0
            again:  and     x1, x22, #0xfff
                    add     x1, x1, x20
                    tlbi    ipas2e1is, x1
                    dsb     ish
                    add     x22, x22, #37
                    tst     x22, #0xff
                    b.ne    1f
                    tlbi    vmalls12e1is
                    dsb     ish
            1:      ldr     x2, [x21]
                    cbz     x2, again
                    movz    x3, #0x900, lsl #16
                    str     w19, [x3]
                    b       .
                    .balign 2048
            vectors:
                    .skip   0x400
                    mrs     x1, esr_el2
                    movz    x3, #0x900, lsl #16
                    str     x1, [x3, #16]
                    b       .
            """;

    /** L2: as in MemoryStressTest, from {@link #L2_RAM}. */
    private static final String COUNTER =
            """
                    mov     x19, x0
                    ldr     x0, =0xff
                    msr     mair_el1, x0
                    ldr     x0, =0x200803519
                    msr     tcr_el1, x0
                    ldr     x0, =0x80001000
                    msr     ttbr0_el1, x0
                    ldr     x0, =0x30d01805
                    isb
                    msr     sctlr_el1, x0
                    isb
                    ldr     x20, =0x80100000
                    mov     x21, #%d
                    madd    x20, x19, x21, x20
                    add     x21, x20, x21
                    mov     x22, #0
                    ldr     x23, =0x80002000
                    ldr     x24, =0x09000000
                    ldr     x27, =0x80f00000
            round:  mov     x25, x20
            page:   ldr     x26, [x25, #64]
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
            wrong:  str     x25, [x24, #8]
                    b       .
            """;

    /** A VM whose vCPUs are hypervisors, two of them with a guest that counts. */
    private static final class World implements AutoCloseable {
        final Machine machine;
        final Hypervisor hypervisor;
        final Vm vm;
        final UserMemory memory;
        final ExecutorService threads = Executors.newCachedThreadPool();
        final List<Future<Exit>> vcpus = new ArrayList<>();

        World(Feature nesting, boolean e2h, boolean blocks, boolean guestBlocks) {
            CpuModel cpu = HostedGuest.hypervisorCpu(e2h);
            machine = HostedGuest.nestingMachine(nesting, cpu, 2, false);
            hypervisor = new Hypervisor(machine);
            vm = hypervisor.createVm(VmConfig.of(cpu));
            memory = new UserMemory(hypervisor.memory(), SIZE, 12, blocks);
            vm.slots().set(0, 0, RAM, SIZE, memory, 0);
            // T0SZ 32: the root is at level 1; access flags are set by hardware, that is, by us.
            long vtcr = 1L << 31 | 32 | 1 << 6 | 2 << 16 | 1 << 21 | 1 << 19;
            load(HYPERVISOR.formatted(vtcr, ROOT | 7L << 48, L2_RAM), L1_CODE, L1_CODE);
            load(COUNTER.formatted(PAGES_PER_VCPU * 4096), RAM, L2_RAM);
            vm.ram().put64(RAM + 0x1000, 1 | 1 << 10 | 1 << 2);
            vm.ram().put64(RAM + 0x1010, L2_RAM | 1 | 1 << 10 | 3 << 8);
            stage2(guestBlocks);
            for (int i = 0; i <= COUNTERS; i++) {
                vm.createVcpu(i);
            }
            vm.vgic().init();
        }

        private void load(String program, long at, long seenAt) {
            byte[] image = Assembler.assemble(program, seenAt).bytes();
            vm.ram().write(at, image, 0, image.length);
        }

        /** L1's tables: a device, and its RAM in blocks or pages. */
        private void stage2(boolean guestBlocks) {
            long attributes = 15 << 2 | 3 << 6 | 3 << 8;
            put(ROOT, 0, ROOT + 0x1000 | 3);
            put(ROOT + 0x1000, 0x900_0000 >> 21, ROOT + 0x2000 | 3);
            put(ROOT + 0x2000, 0, 0x900_0000 | 1 << 2 | 3 << 6 | 1 << 10 | 3);
            put(ROOT, 2, ROOT + 0x3000 | 3);
            for (int block = 0; block < SIZE >> 21; block++) {
                long at = RAM + ((long) block << 21);
                if (guestBlocks) {
                    put(ROOT + 0x3000, block, at | attributes | 1);
                } else {
                    long table = ROOT + 0x4000 + block * 0x1000L;
                    put(ROOT + 0x3000, block, table | 3);
                    for (int page = 0; page < 512; page++) {
                        put(table, page, at + page * 4096L | attributes | 3);
                    }
                }
            }
        }

        private void put(long table, int index, long entry) {
            vm.ram().put64(table + index * 8L, entry);
        }

        /** Does something again and again while the guests run, and stops them. */
        void whileItRuns(Runnable action) {
            for (Vcpu vcpu : vm.vcpus()) {
                if (vcpu.id() == 0) {
                    vcpu.setPc(L1_CODE);
                } else {
                    vcpu.powerOn(L1_CODE, vcpu.id());
                }
                Callable<Exit> run = vcpu::run;
                vcpus.add(threads.submit(run));
            }
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
            for (int i = 0; i < COUNTERS; i++) {
                if (vm.ram().get64(word(i * PAGES_PER_VCPU)) == 0) {
                    return false;
                }
            }
            return true;
        }

        void check() throws Exception {
            for (int i = 0; i <= COUNTERS; i++) {
                assertThat(vcpus.get(i).get())
                        .as("0x09000008 has the address of a page that lost what was in it")
                        .isEqualTo(new Exit.Mmio(0x0900_0000, 4, true, i));
            }
            for (int page = 0; page < PAGES_PER_VCPU * COUNTERS; page++) {
                long counted = vm.vcpus().get(page / PAGES_PER_VCPU).reg(22);
                assertThat(counted).isPositive();
                assertThat(vm.ram().get64(word(page))).isEqualTo(counted);
            }
            assertThat(vm.shadows().faults()).isPositive();
        }

        @Override
        public void close() {
            threads.shutdownNow();
            threads.close();
            hypervisor.close();
            memory.close();
            assertThat(hypervisor.memory().usedPages()).as("pages left behind").isZero();
            assertThat(hypervisor.vmids().used()).as("VMIDs left behind").isZero();
            machine.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2,true,true,true", "NV2,false,false,true", "NV,true,true,false"})
    void aGuestOfAGuestKeepsItsDataWhileItsMemoryIsUnmappedProtectedAgedAndReused(
            Feature nesting, boolean e2h, boolean blocks, boolean guestBlocks) throws Exception {
        try (World w = new World(nesting, e2h, blocks, guestBlocks)) {
            SplittableRandom random = new SplittableRandom(blocks ? 1 : 2);
            w.whileItRuns(() -> disturb(w, random));
            w.check();
        }
    }

    private static void disturb(World w, SplittableRandom random) {
        VmArch arch = w.vm.arch();
        MemorySlots slots = w.vm.slots();
        long at = RAM + ((long) random.nextInt(4096) << 12);
        long bytes = Math.min(RAM + SIZE - at, (long) (1 + random.nextInt(600)) << 12);
        boolean logging = slots.get(0).logging();
        switch (random.nextInt(9)) {
            case 0, 1 -> arch.unmapRange(at, bytes);
            case 2 -> arch.unmapRange(RAM, SIZE);
            case 3 -> arch.age(at, bytes);
            case 4 -> arch.writeProtect(at, bytes);
            case 5 -> slots.setFlags(0, logging ? 0 : MemorySlots.LOG_DIRTY_PAGES);
            case 6 -> {
                if (logging) {
                    slots.getDirtyLog(0);
                }
            }
            case 7 -> {
                w.memory.discard(15 * MB, MB);
                reuse(w);
            }
            default -> arch.testAge(at, bytes);
        }
    }

    /** Has a slot that comes and goes get the pages that were just given back, and writes them. */
    private static void reuse(World w) {
        try (UserMemory other = new UserMemory(w.hypervisor.memory(), MB, 12, false)) {
            w.vm.slots().set(1, 0, 4 * RAM, MB, other, 0);
            for (long at = 0; at < MB; at += 4096) {
                w.vm.ram().put64(4 * RAM + at, -1);
            }
            w.vm.slots().delete(1);
        }
    }

    /** Other VMs come and go beside it, to whom its pages are donated. */
    @ParameterizedTest
    @CsvSource({"NV2,true", "NV,false"})
    void aGuestOfAGuestKeepsItsDataWhilePagesAreDonatedToOtherVms(Feature nesting, boolean e2h)
            throws Exception {
        try (World w = new World(nesting, e2h, false, true)) {
            SplittableRandom random = new SplittableRandom(3);
            w.whileItRuns(() -> {
                if (random.nextBoolean()) {
                    w.memory.discard(15 * MB, MB);
                }
                donate(w, random);
                disturb(w, random);
            });
            w.check();
        }
    }

    /** Another VM gets pages, finds them empty, writes them, and ends. */
    private static void donate(World w, SplittableRandom random) {
        CpuModel cpu = CpuModel.defaultModel().withoutEl2();
        try (Vm other = w.hypervisor.createVm(VmConfig.of(cpu))) {
            other.slots().add(0, RAM, MB);
            for (int i = 0; i < 64; i++) {
                long at = RAM + random.nextInt(256) * 4096L;
                assertThat(other.ownRam().get64(at)).isBetween(-1L, 0L);
                other.ownRam().put64(at, -1);
            }
        }
    }

    /** What a live migration of L1 does while L2 writes. */
    @ParameterizedTest
    @CsvSource({"NV2,true,true", "NV,false,false"})
    void aCopyThatFollowsTheDirtyLogIsCompleteAtTheEnd(
            Feature nesting, boolean e2h, boolean guestBlocks) throws Exception {
        try (World w = new World(nesting, e2h, true, guestBlocks)) {
            w.vm.slots().setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
            byte[] copy = new byte[(int) SIZE];
            w.vm.ram().read(RAM, copy, 0, copy.length);
            w.whileItRuns(() -> follow(w, copy));
            w.check();
            follow(w, copy);
            byte[] now = new byte[copy.length];
            w.vm.ram().read(RAM, now, 0, now.length);
            assertThat(Arrays.mismatch(copy, now)).isEqualTo(-1);
        }
    }

    private static void follow(World w, byte[] copy) {
        long[] log = w.vm.slots().getDirtyLog(0);
        for (int page = 0; page < SIZE >> 12; page++) {
            if ((log[page >>> 6] >>> page & 1) != 0) {
                w.vm.ram().read(RAM + page * 4096L, copy, page * 4096, 4096);
            }
        }
    }
}
