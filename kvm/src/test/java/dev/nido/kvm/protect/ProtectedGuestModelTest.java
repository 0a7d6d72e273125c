package dev.nido.kvm.protect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/** Guests that do anything, the VMM that looks at everything, and a plain model of both. */
@Timeout(240)
class ProtectedGuestModelTest {

    private static final CpuModel GUEST = CpuModel.defaultModel().withoutEl2();
    private static final long HOST_RAM = 0x80_0000_0000L;
    private static final long RAM = 0x4000_0000L;
    private static final int PAGES = 24;
    private static final long FIRST = RAM + 0x10_0000;
    private static final long PAGE = 4096;
    private static final int STEPS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_PROTECT_STEPS", "4000"));

    private final Machine machine =
            new Machine(
                    new MachineConfig(
                            GUEST.underHypervisor(), 2, HOST_RAM, 128 << 20, false, 1, 2, false));
    private final Hypervisor hypervisor = new Hypervisor(machine);

    @AfterEach
    void close() {
        hypervisor.close();
        machine.close();
    }

    private Vm vm(String program) {
        if (hypervisor.protectedMode() == null) {
            hypervisor.startProtectedMode();
        }
        Vm vm = hypervisor.createVm(new VmConfig(GUEST, 0, 0, true));
        vm.createVcpu(0);
        vm.vgic().init();
        vm.slots().add(0, RAM, 16 << 20);
        byte[] code = Assembler.assemble(program, RAM).bytes();
        vm.ram().write(RAM, code, 0, code.length);
        vm.vcpus().get(0).setPc(RAM);
        return vm;
    }

    private static Exit.Mmio mmio(Vcpu vcpu) {
        Exit exit = vcpu.run();
        assertThat(exit).isInstanceOf(Exit.Mmio.class);
        return (Exit.Mmio) exit;
    }

    /** What the model says of a page. */
    private enum Page {
        UNTOUCHED,
        PRIVATE,
        SHARED
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void whateverAGuestCallsTheVmmReachesWhatTheModelSays(long seed) {
        Vm vm =
                vm(
                        """
                        1: cbz x9, 2f
                           str x10, [x11]
                        2: hvc #0
                           str x0, [x20]
                           b 1b
                        """);
        SplittableRandom random = new SplittableRandom(seed);
        Vcpu vcpu = vm.vcpus().get(0);
        Page[] model = new Page[PAGES];
        java.util.Arrays.fill(model, Page.UNTOUCHED);
        long[] content = new long[PAGES];
        vcpu.setReg(20, 0x900_0000L);
        for (int step = 0; step < STEPS; step++) {
            int touched = random.nextInt(PAGES);
            boolean touch = random.nextInt(3) == 0;
            vcpu.setReg(9, touch ? 1 : 0);
            vcpu.setReg(10, step + 1);
            vcpu.setReg(11, FIRST + touched * PAGE);
            if (touch) {
                content[touched] = step + 1;
                model[touched] = model[touched] == Page.UNTOUCHED ? Page.PRIVATE : model[touched];
            }
            int function = random.nextInt(8) == 0 ? random.nextInt(64) : 3 + random.nextInt(2);
            int page = random.nextInt(PAGES);
            long address =
                    switch (random.nextInt(10)) {
                        case 0 -> FIRST + page * PAGE + 1 + random.nextInt(4095);
                        case 1 -> random.nextLong();
                        case 2 -> random.nextLong() & 0xff_ffff_f000L | 1L << 45;
                        default -> FIRST + page * PAGE;
                    };
            long extra = random.nextInt(12) == 0 ? random.nextLong() | 1 : 0;
            vcpu.setReg(0, 0xc600_0000L | function | random.nextLong() << 32);
            vcpu.setReg(1, address);
            vcpu.setReg(2, extra);
            vcpu.setReg(3, 0);
            long answer = mmio(vcpu).value();
            vcpu.completeMmio(0);
            boolean whole = address == FIRST + page * PAGE && extra == 0;
            long expected;
            if (function == 2) {
                expected = (address | extra) == 0 ? PAGE : -3;
            } else if (function == 3) {
                boolean done = whole && model[page] != Page.SHARED;
                expected = done ? 0 : -3;
                model[page] = done ? Page.SHARED : model[page];
            } else if (function == 4) {
                boolean done = whole && model[page] == Page.SHARED;
                expected = done ? 0 : -3;
                model[page] = done ? Page.PRIVATE : model[page];
            } else {
                expected = -1;
            }
            assertThat(answer)
                    .as("step %d: function %d of 0x%x", step, function, address)
                    .isEqualTo(expected);
            look(vm, model, content, random.nextInt(PAGES), random);
        }
        for (int page = 0; page < PAGES; page++) {
            look(vm, model, content, page, random);
        }
    }

    /** The VMM reads, and sometimes writes, a page. */
    private static void look(
            Vm vm, Page[] model, long[] content, int page, SplittableRandom random) {
        long at = FIRST + page * PAGE;
        boolean allowed = model[page] != Page.PRIVATE;
        try {
            assertThat(vm.ram().get64(at)).isEqualTo(content[page]);
            if (random.nextBoolean()) {
                content[page] = random.nextLong();
                vm.ram().put64(at, content[page]);
            }
            assertThat(allowed).as("page %d is %s", page, model[page]).isTrue();
        } catch (KvmException e) {
            assertThat(allowed).as("page %d is %s", page, model[page]).isFalse();
            assertThat(e.errno()).isEqualTo(dev.nido.kvm.Errno.EPERM);
        }
    }

    /** Two guests on two PEs: each keeps a secret only while the page is its own. */
    @Test
    void guestsOnSeveralPesAndTheVmmDoNotGetIntoEachOthersWay() throws Exception {
        String program =
                """
                    ldr x20, =0x9000000
                    ldr x21, =0x40100000
                    mov x22, #1500
                1:  movz x0, #0xc600, lsl #16
                    movk x0, #3
                    mov x1, x21
                    mov x2, xzr
                    mov x3, xzr
                    hvc #0
                    cbnz x0, 9f
                    movz x0, #0xc600, lsl #16
                    movk x0, #4
                    mov x1, x21
                    mov x2, xzr
                    mov x3, xzr
                    hvc #0
                    cbnz x0, 9f
                    mov x1, #77
                    str x1, [x21]
                    str xzr, [x21]
                    dmb sy
                    eor x21, x21, #0x1000
                    subs x22, x22, #1
                    b.ne 1b
                9:  str x22, [x20]
                2:  b 2b
                    .ltorg
                """;
        List<Vm> vms = List.of(vm(program), vm(program));
        List<Long> seen = Collections.synchronizedList(new ArrayList<>());
        List<Long> left = Collections.synchronizedList(new ArrayList<>());
        AtomicBoolean end = new AtomicBoolean();
        List<Thread> guests = new ArrayList<>();
        List<Thread> vmms = new ArrayList<>();
        for (Vm vm : vms) {
            guests.add(Thread.ofPlatform().start(() -> left.add(mmio(vm.vcpus().get(0)).value())));
            vmms.add(Thread.ofPlatform().start(() -> hammer(vm, seen, end)));
        }
        for (Thread t : guests) {
            t.join();
        }
        end.set(true);
        for (Thread t : vmms) {
            t.join();
        }
        assertThat(left).containsExactly(0L, 0L);
        assertThat(seen).isEmpty();
    }

    private static void hammer(Vm vm, List<Long> seen, AtomicBoolean end) {
        byte[] bytes = new byte[16];
        while (!end.get()) {
            for (long at : new long[] {FIRST, FIRST + PAGE}) {
                try {
                    vm.ram().read(at, bytes, 0, 16);
                    if (bytes[0] != 0) {
                        seen.add((long) bytes[0]);
                    }
                } catch (KvmException e) {
                    Thread.onSpinWait();
                }
            }
        }
    }

    /** The hypervisor finds the device behind page tables that the VMM can't read. */
    @Test
    void accessesWithoutSyndromeAreEmulatedThroughPrivateTables() {
        Vm vm =
                vm(
                        """
                        ldr x1, =0x40200000
                        ldr x2, =0x60000000000409       // device, EL1, not executable
                        str x2, [x1]
                        ldr x2, =0x40000701             // memory, executable
                        str x2, [x1, #8]
                        mov x2, #0xff                   // attribute 0: Write-Back, 2: device
                        msr MAIR_EL1, x2
                        ldr x2, =0x80803519             // 39 bits, TTBR0 only
                        msr TCR_EL1, x2
                        msr TTBR0_EL1, x1
                        isb
                        mrs x2, SCTLR_EL1
                        orr x2, x2, #1
                        msr SCTLR_EL1, x2
                        isb
                        ldr x20, =0x9000000
                        ldp x3, x4, [x20]
                        add x3, x3, x4
                        str x3, [x20]
                        1: b 1b
                        .ltorg
                        """);
        Vcpu vcpu = vm.vcpus().get(0);
        for (long value : new long[] {40, 2}) {
            Exit.Mmio access = mmio(vcpu);
            assertThat(access.write()).isFalse();
            vcpu.completeMmio(value);
        }
        Exit.Mmio access = mmio(vcpu);
        assertThat(access.write()).isTrue();
        assertThat(access.value()).isEqualTo(42);
        assertThat(vm.ram().check(0x4020_0000L, 8)).isEqualTo(-dev.nido.kvm.Errno.EPERM);
    }
}
