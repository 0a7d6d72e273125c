package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EBUSY;
import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.Errno.ENOSPC;
import static dev.nido.kvm.Errno.EPERM;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.mmu.UserMemory;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** Protected VMs on a machine: what their guests do, and what the VMM and other VMs can't. */
@Timeout(120)
class ProtectedModeTest {

    private static final CpuModel GUEST = CpuModel.defaultModel().withoutEl2();
    private static final long HOST_RAM = 0x80_0000_0000L;
    private static final long RAM = 0x4000_0000L;
    private static final long SIZE = 16 << 20;
    private static final long DEVICE = 0x900_0000L;

    /** Where guests keep what is theirs. */
    private static final long SECRET = RAM + (1 << 20);

    private final Machine machine =
            new Machine(
                    new MachineConfig(
                            GUEST.underHypervisor(), 2, HOST_RAM, 256 << 20, false, 1, 2, false));
    private final Hypervisor hypervisor = new Hypervisor(machine);

    @AfterEach
    void close() {
        hypervisor.close();
        machine.close();
    }

    private Vm vm(boolean isProtected) {
        Vm vm = hypervisor.createVm(new VmConfig(GUEST, 0, 0, isProtected));
        vm.createVcpu(0);
        vm.vgic().init();
        return vm;
    }

    private Vm protectedVm() {
        if (hypervisor.protectedMode() == null) {
            hypervisor.startProtectedMode();
        }
        return vm(true);
    }

    private static void load(Vm vm, String program) {
        byte[] code = Assembler.assemble(program, RAM).bytes();
        vm.ram().write(RAM, code, 0, code.length);
        vm.vcpus().get(0).setPc(RAM);
    }

    /** Runs until the guest stores to the device; what it stored. */
    private static long next(Vm vm) {
        Vcpu vcpu = vm.vcpus().get(0);
        Exit exit = vcpu.run();
        assertThat(exit).isInstanceOf(Exit.Mmio.class);
        vcpu.completeMmio(0);
        return ((Exit.Mmio) exit).value();
    }

    private static void refused(int errno, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    private long physical(UserMemory memory, long offset) {
        return memory.populate(offset);
    }

    private static final String PROLOGUE =
            """
            DEVICE = 0x9000000
            SECRET = 0x40100000
            .macro call function, address
                movz x0, #0xc600, lsl #16
                movk x0, #\\function
                ldr x1, =\\address
                mov x2, xzr
                mov x3, xzr
                hvc #0
                str x0, [x20]
            .endm
                ldr x20, =DEVICE
                ldr x21, =SECRET
            """;

    /** What {@code package-info.java} shows. */
    @Test
    void theExampleOfThePackage() {
        long seed = 1;
        hypervisor.startProtectedMode();
        Vm vm = hypervisor.createVm(new VmConfig(GUEST, 0, seed, true));
        Vcpu vcpu = vm.createVcpu(0);
        vm.vgic().init();
        vm.slots().add(0, RAM, SIZE);
        vm.ram().put64(SECRET, 1);
        load(vm, PROLOGUE + "ldr x1, [x21]\nstr x1, [x20]\ncall 3, SECRET\n1: b 1b\n.ltorg\n");
        Exit exit = vcpu.run();
        assertThat(exit).isEqualTo(new Exit.Mmio(DEVICE, 8, true, 1));
        refused(EPERM, () -> vm.ram().get64(SECRET));
        vcpu.completeMmio(0);
        exit = vcpu.run();
        assertThat(exit).isEqualTo(new Exit.Mmio(DEVICE, 8, true, 0));
        assertThat(vm.ram().get64(SECRET)).isEqualTo(1);
    }

    // One guest

    @Test
    void whatAGuestHasTouchedTheVmmCanNotReach() {
        Vm vm = protectedVm();
        UserMemory memory = vm.slots().add(0, RAM, SIZE);
        load(vm, PROLOGUE + "mov x1, #77\nstr x1, [x21]\nstr x1, [x20]\n1: b 1b\n.ltorg\n");
        vm.ram().put64(SECRET, 1);
        vm.ram().put64(SECRET + 8, 2);
        assertThat(vm.ram().get64(SECRET)).isEqualTo(1);
        assertThat(next(vm)).isEqualTo(77);
        refused(EPERM, () -> vm.ram().get64(SECRET));
        refused(EPERM, () -> vm.ram().put64(SECRET, 3));
        refused(EPERM, () -> vm.ram().put8(SECRET + 4095, 3));
        refused(EPERM, () -> vm.ram().read(SECRET - 8, new byte[16], 0, 16));
        refused(EPERM, () -> vm.ram().write(SECRET + 4088, new byte[16], 0, 16));
        refused(EPERM, () -> vm.ram().get64(RAM));
        assertThat(vm.ram().contains(SECRET, 8)).isFalse();
        assertThat(vm.ram().check(SECRET, 8)).isEqualTo(-EPERM);
        long pa = physical(memory, SECRET - RAM) - HOST_RAM;
        assertThat(machine.memory().get64(pa)).isEqualTo(77);
        // What the VMM put there before is the guest's now.
        assertThat(machine.memory().get64(pa + 8)).isEqualTo(2);
        assertThat(machine.memory().get64(pa + 4088)).isZero();
        // What it has not touched is still the VMM's.
        vm.ram().put64(SECRET + 4096, 5);
        assertThat(vm.ram().get64(SECRET + 4096)).isEqualTo(5);
    }

    @Test
    void whatAGuestSharesTheVmmCanReachUntilItIsTakenBack() {
        Vm vm = protectedVm();
        vm.slots().add(0, RAM, SIZE);
        load(
                vm,
                PROLOGUE
                        + """
                        mov x1, #77
                        str x1, [x21]
                        call 3, SECRET
                        ldr x1, [x21]
                        str x1, [x20]
                        call 4, SECRET
                        ldr x1, [x21]
                        str x1, [x20]
                        1: b 1b
                        .ltorg
                        """);
        assertThat(next(vm)).isZero();
        assertThat(vm.ram().get64(SECRET)).isEqualTo(77);
        vm.ram().put64(SECRET, 78);
        refused(EPERM, () -> vm.ram().get64(RAM));
        assertThat(next(vm)).isEqualTo(78);
        assertThat(next(vm)).isZero();
        refused(EPERM, () -> vm.ram().get64(SECRET));
        refused(EPERM, () -> vm.ram().put64(SECRET, 79));
        assertThat(next(vm)).isEqualTo(78);
    }

    @Test
    void aPageThatWasNeverTouchedCanBeShared() {
        Vm vm = protectedVm();
        vm.slots().add(0, RAM, SIZE);
        load(vm, PROLOGUE + "call 3, SECRET\ncall 4, SECRET\n1: b 1b\n.ltorg\n");
        assertThat(next(vm)).isZero();
        vm.ram().put64(SECRET, 9);
        assertThat(vm.ram().get64(SECRET)).isEqualTo(9);
        assertThat(next(vm)).isZero();
        refused(EPERM, () -> vm.ram().get64(SECRET));
    }

    @ParameterizedTest
    @CsvSource({
        // function, address, x2, x3, answer, what
        "2, 0, 0, 0, 4096, granule",
        "2, 1, 0, 0, -3, an argument that must be zero",
        "2, 0, 1, 0, -3, an argument that must be zero",
        "2, 0, 0, 1, -3, an argument that must be zero",
        "3, 0x40100000, 0, 0, 0, share",
        "3, 0x40100000, 1, 0, -3, an argument that must be zero",
        "3, 0x40100000, 0, 1, -3, an argument that must be zero",
        "3, 0x40100800, 0, 0, -3, no whole page",
        "3, 0x40100001, 0, 0, -3, no whole page",
        "3, 0x9000000, 0, 0, -3, a device",
        "3, 0x41000000, 0, 0, -3, beyond memory",
        "3, 0xfffffffffffff000, 0, 0, -3, beyond all addresses",
        "3, 0x8000000000, 0, 0, -3, a host address",
        "4, 0x40100000, 0, 0, -3, not shared",
        "4, 0x40000000, 0, 0, -3, its own",
        "4, 0x40100000, 7, 0, -3, an argument that must be zero",
        "4, 0x9000000, 0, 0, -3, a device",
        "5, 0x40100000, 0, 0, -1, no such function",
        "7, 0x9000000, 0, 0, -1, no such function",
        "63, 0, 0, 0, -1, no such function"
    })
    void hypercallsAnswer(
            int function, String address, long x2, long x3, long answer, String what) {
        Vm vm = protectedVm();
        vm.slots().add(0, RAM, SIZE);
        load(vm, "hvc #0\nldr x20, =0x9000000\nstr x0, [x20]\n1: b 1b\n.ltorg\n");
        Vcpu vcpu = vm.vcpus().get(0);
        vcpu.setReg(0, 0xc600_0000L | function);
        vcpu.setReg(1, Long.decode(address.length() == 18 ? "0" : address));
        if (address.length() == 18) {
            vcpu.setReg(1, Long.parseUnsignedLong(address.substring(2), 16));
        }
        vcpu.setReg(2, x2);
        vcpu.setReg(3, x3);
        assertThat(next(vm)).as(what).isEqualTo(answer);
        if (answer >= 0) {
            assertThat(vcpu.reg(1) | vcpu.reg(2) | vcpu.reg(3)).isZero();
        }
        boolean shared = function == 3 && answer == 0;
        assertThat(vm.ram().check(SECRET, 8)).isZero();
        assertThat(hypervisor.protectedMode().guestUnshare(vm, SECRET) == 0).isEqualTo(shared);
    }

    @Test
    void sharingTwiceAndTakingBackTwiceAreRefused() {
        Vm vm = protectedVm();
        vm.slots().add(0, RAM, SIZE);
        load(
                vm,
                PROLOGUE
                        + "call 3, SECRET\ncall 3, SECRET\ncall 4, SECRET\ncall 4, SECRET\n"
                        + "1: b 1b\n.ltorg\n");
        assertThat(List.of(next(vm), next(vm), next(vm), next(vm)))
                .containsExactly(0L, -3L, 0L, -3L);
    }

    @Test
    void theServicesAnnounceThemselves() {
        Vm vm = protectedVm();
        vm.slots().add(0, RAM, SIZE);
        load(
                vm,
                """
                ldr x20, =0x9000000
                ldr x0, =0x8600ff01
                hvc #0
                str x0, [x20]
                str x1, [x20]
                str x2, [x20]
                str x3, [x20]
                ldr x0, =0x86000000
                hvc #0
                str x0, [x20]
                1: b 1b
                .ltorg
                """);
        // 28b46fb6-2ec5-11e9-a9ca-4b564d003a74, byte by byte.
        String uid = "28b46fb62ec511e9a9ca4b564d003a74";
        for (int word = 0; word < 4; word++) {
            int bigEndian = Integer.parseUnsignedInt(uid.substring(8 * word, 8 * word + 8), 16);
            assertThat((int) next(vm)).isEqualTo(Integer.reverseBytes(bigEndian));
        }
        assertThat(next(vm)).isEqualTo(1 | 1 << 2 | 1 << 3 | 1 << 4);
    }

    @Test
    void aVmThatIsNotProtectedHasNoSuchServices() {
        hypervisor.startProtectedMode();
        Vm vm = vm(false);
        vm.slots().add(0, RAM, SIZE);
        load(vm, PROLOGUE + "call 3, SECRET\ncall 2, 0\n1: b 1b\n.ltorg\n");
        assertThat(next(vm)).isEqualTo(-1);
        assertThat(next(vm)).isEqualTo(-1);
        assertThat(hypervisor.protectedMode().guestShare(vm, SECRET)).isEqualTo(-EPERM);
    }

    @ParameterizedTest
    @CsvSource({"12, false", "12, true", "14, false", "14, true", "16, false", "16, true"})
    void whatIsSharedIsAPageOfTheHypervisorsGranule(int pageShift, boolean scattered) {
        long granule = 1L << pageShift;
        try (Machine m =
                new Machine(
                        new MachineConfig(
                                GUEST.underHypervisor(),
                                1,
                                HOST_RAM,
                                256 << 20,
                                false,
                                1,
                                2,
                                false))) {
            Hypervisor h = new Hypervisor(m, pageShift, scattered);
            h.startProtectedMode();
            Vm vm = h.createVm(new VmConfig(GUEST, 0, 0, true));
            vm.createVcpu(0);
            vm.vgic().init();
            vm.slots().add(0, RAM, SIZE);
            String next = "SECRET + " + granule;
            load(
                    vm,
                    PROLOGUE
                            + "call 2, 0\nmov x1, #77\nstr x1, [x21]\nldr x22, ="
                            + next
                            + "\nstr x1, [x22]\ncall 3, SECRET + 2048\ncall 3, "
                            + next
                            + "\ncall 4, "
                            + next
                            + "\n1: b 1b\n.ltorg\n");
            assertThat(next(vm)).isEqualTo(granule);
            assertThat(next(vm)).isEqualTo(-3);
            assertThat(next(vm)).isZero();
            byte[] bytes = new byte[(int) granule];
            vm.ram().read(SECRET + granule, bytes, 0, bytes.length);
            assertThat(bytes[0]).isEqualTo((byte) 77);
            vm.ram().put64(SECRET + 2 * granule - 8, 5);
            refused(EPERM, () -> vm.ram().get64(SECRET + granule - 8));
            assertThat(vm.ram().get64(SECRET + 2 * granule)).isZero();
            assertThat(next(vm)).isZero();
            refused(EPERM, () -> vm.ram().get64(SECRET + granule));
            refused(EPERM, () -> vm.ram().get64(SECRET + 2 * granule - 8));
            h.close();
        }
    }

    // Other VMs

    @Test
    void aSecondVmCanNotReachWhatWasGivenAway() {
        Vm first = protectedVm();
        UserMemory memory = first.slots().add(0, RAM, SIZE);
        load(
                first,
                PROLOGUE
                        + "mov x1, #77\nstr x1, [x21]\nstr x1, [x20]\ncall 3, SECRET\n"
                        + "1: b 1b\n.ltorg\n");
        for (boolean isProtected : new boolean[] {false, true}) {
            Vm second = vm(isProtected);
            second.slots().add(0, RAM, 1 << 20);
            // The same memory of the VMM, at another address.
            second.slots().set(1, 0, 0x8000_0000L, SIZE, memory, 0);
            load(
                    second,
                    "ldr x20, =0x9000000\nldr x21, =0x80100000\nmov x1, #5\nstr x1, [x20]\n"
                            + "str x1, [x21]\nstr x1, [x20]\n1: b 1b\n.ltorg\n");
            if (!isProtected) {
                assertThat(next(first)).isEqualTo(77);
            }
            assertThat(next(second)).isEqualTo(5);
            Exit exit = second.vcpus().get(0).run();
            assertThat(exit).isEqualTo(new Exit.MemoryFault(0x8010_0000L, 4096));
            // Again the same: nothing has changed, and the guest has not gone on.
            assertThat(second.vcpus().get(0).run()).isEqualTo(exit);
            refused(EPERM, () -> second.ram().get64(0x8010_0000L));
            refused(EPERM, () -> second.ram().put64(0x8010_0000L, 1));
            long pa = physical(memory, SECRET - RAM) - HOST_RAM;
            assertThat(machine.memory().get64(pa)).isEqualTo(77);
            second.close();
            assertThat(machine.memory().get64(pa)).isEqualTo(77);
        }
        // What the first shares is lent to the host, not to be handed on.
        assertThat(next(first)).isZero();
        Vm third = vm(false);
        third.slots().add(0, RAM, 1 << 20);
        third.slots().set(1, 0, 0x8000_0000L, SIZE, memory, 0);
        load(third, "ldr x21, =0x80100000\nldr x1, [x21]\n1: b 1b\n.ltorg\n");
        assertThat(third.vcpus().get(0).run()).isEqualTo(new Exit.MemoryFault(0x8010_0000L, 4096));
        assertThat(third.ram().get64(0x8010_0000L)).isEqualTo(77);
    }

    @Test
    void whatTheHypervisorDoesForAVmDoesNotReachWhatIsAnothers() {
        Vm first = protectedVm();
        UserMemory memory = first.slots().add(0, RAM, SIZE);
        load(first, PROLOGUE + "mov x1, #77\nstr x1, [x21]\nstr x1, [x20]\n1: b 1b\n.ltorg\n");
        assertThat(next(first)).isEqualTo(77);
        Vm second = vm(true);
        second.slots().set(1, 0, 0x8000_0000L, SIZE, memory, 0);
        refused(EPERM, () -> second.ownRam().get64(0x8010_0000L));
        refused(EPERM, () -> second.ownRam().put64(0x8010_0000L, 1));
        refused(EPERM, () -> second.ownRam().read(0x8010_0000L, new byte[8], 0, 8));
        assertThat(first.ownRam().get64(SECRET)).isEqualTo(77);
        // A page of nobody becomes the guest's own.
        second.ownRam().put64(0x8020_0000L, 6);
        refused(EPERM, () -> second.ram().get64(0x8020_0000L));
        refused(EPERM, () -> first.ram().get64(RAM + 0x20_0000));
    }

    @Test
    void vmsThatAreNotProtectedShareTheVmmsMemory() {
        hypervisor.startProtectedMode();
        Vm first = vm(false);
        Vm second = vm(false);
        UserMemory memory = new UserMemory(hypervisor.memory(), SIZE);
        first.slots().set(0, 0, RAM, SIZE, memory, 0);
        second.slots().set(0, 0, RAM, SIZE, memory, 0);
        load(first, PROLOGUE + "mov x1, #77\nstr x1, [x21]\nstr x1, [x20]\n1: b 1b\n.ltorg\n");
        assertThat(next(first)).isEqualTo(77);
        load(second, PROLOGUE + "1: ldr x1, [x21]\nstr x1, [x20]\nb 1b\n.ltorg\n");
        assertThat(next(second)).isEqualTo(77);
        assertThat(first.ram().get64(SECRET)).isEqualTo(77);
        // A page that is lent out is not for a gift.
        Vm third = vm(true);
        third.slots().set(0, 0, RAM, SIZE, memory, 0);
        third.vcpus().get(0).setPc(RAM);
        assertThat(third.vcpus().get(0).run()).isEqualTo(new Exit.MemoryFault(RAM, 4096));
        first.close();
        assertThat(next(second)).isEqualTo(77);
        second.close();
        // Now it is.
        assertThat(next(third)).isEqualTo(77);
        refused(EPERM, () -> third.ram().get64(RAM));
        third.close();
        memory.close();
    }

    // The end

    @Test
    void whatAVmHadForItselfIsZeroWhenItIsGone() {
        Vm vm = protectedVm();
        UserMemory memory = new UserMemory(hypervisor.memory(), SIZE);
        vm.slots().set(0, 0, RAM, SIZE, memory, 0);
        load(
                vm,
                PROLOGUE
                        + "mov x1, #77\nstr x1, [x21]\nadd x21, x21, #1, lsl #12\nstr x1, [x21]\n"
                        + "call 3, SECRET + 4096\n1: b 1b\n.ltorg\n");
        assertThat(next(vm)).isZero();
        long own = physical(memory, SECRET - RAM) - HOST_RAM;
        long lent = physical(memory, SECRET - RAM + 4096) - HOST_RAM;
        assertThat(machine.memory().get64(own)).isEqualTo(77);
        vm.close();
        assertThat(machine.memory().get64(own)).isZero();
        assertThat(machine.memory().get64(lent)).isEqualTo(77);
        assertThat(hypervisor.protectedMode().hostAccess(own + HOST_RAM, 4096)).isZero();
        memory.close();
    }

    @Test
    void deletingASlotGivesItsPagesBack() {
        Vm vm = protectedVm();
        UserMemory memory = new UserMemory(hypervisor.memory(), SIZE);
        vm.slots().set(0, 0, RAM, SIZE, memory, 0);
        load(vm, PROLOGUE + "mov x1, #77\nstr x1, [x21]\nstr x1, [x20]\n1: b 1b\n.ltorg\n");
        assertThat(next(vm)).isEqualTo(77);
        long own = physical(memory, SECRET - RAM);
        vm.slots().delete(0);
        assertThat(hypervisor.protectedMode().hostAccess(own, 4096)).isZero();
        assertThat(machine.memory().get64(own - HOST_RAM)).isZero();
        memory.close();
    }

    @Test
    void givingMemoryBackToTheHostTakesItFromTheGuestFirst() {
        Vm vm = protectedVm();
        UserMemory memory = vm.slots().add(0, RAM, SIZE);
        load(vm, PROLOGUE + "mov x1, #77\nstr x1, [x21]\nstr x1, [x20]\n1: b 1b\n.ltorg\n");
        assertThat(next(vm)).isEqualTo(77);
        long own = physical(memory, SECRET - RAM);
        memory.discard(SECRET - RAM, 4096);
        assertThat(hypervisor.protectedMode().hostAccess(own, 4096)).isZero();
        assertThat(vm.ram().get64(SECRET)).isZero();
    }

    @Test
    void vmsComeAndGoWithoutLeavingAPageOrAnOwnerBehind() {
        hypervisor.startProtectedMode();
        long used = -1;
        int free = -1;
        for (int i = 0; i < 300; i++) {
            Vm vm = protectedVm();
            vm.slots().add(0, RAM, 2 << 20);
            load(vm, PROLOGUE + "str x20, [x21]\ncall 3, SECRET\n1: b 1b\n.ltorg\n");
            assertThat(next(vm)).isZero();
            vm.close();
            if (i == 10) {
                used = hypervisor.memory().usedPages();
                free = hypervisor.protectedMode().stage2().pool().free();
            }
        }
        assertThat(hypervisor.memory().usedPages()).isEqualTo(used);
        // Tables of the pages in use stay mapped to the host; they are no more than at first.
        assertThat(hypervisor.protectedMode().stage2().pool().free())
                .isGreaterThanOrEqualTo(free - 8);
    }

    @Test
    void thereAreAsManyProtectedVmsAsOwnersHaveNumbers() {
        ProtectedMode mode = hypervisor.startProtectedMode();
        List<Vm> vms = new ArrayList<>();
        for (int i = 0; i < 254; i++) {
            vms.add(hypervisor.createVm(new VmConfig(GUEST, 32, 0, true)));
        }
        long used = hypervisor.memory().usedPages();
        refused(ENOSPC, () -> hypervisor.createVm(new VmConfig(GUEST, 32, 0, true)));
        assertThat(hypervisor.memory().usedPages()).isEqualTo(used);
        assertThat(mode.guest(vms.get(253)).owner()).isEqualTo(new Owner(Owner.MAX));
        vms.get(100).close();
        Vm another = hypervisor.createVm(new VmConfig(GUEST, 32, 0, true));
        assertThat(mode.guest(another).owner()).isEqualTo(new Owner(102));
        // VMs that are not protected need no number.
        hypervisor.createVm(new VmConfig(GUEST, 32, 0, false));
    }

    @Test
    void protectedModeBeginsBeforeTheFirstVmAndOnce() {
        refused(EINVAL, () -> hypervisor.createVm(new VmConfig(GUEST, 0, 0, true)));
        Vm vm = hypervisor.createVm(VmConfig.of(GUEST));
        refused(EBUSY, hypervisor::startProtectedMode);
        vm.close();
        hypervisor.startProtectedMode();
        refused(EBUSY, hypervisor::startProtectedMode);
    }

    // Threads

    /** The guest has a secret in a page only while the page is its own. */
    @Test
    void noAccessOfTheVmmIsCaughtBetweenCheckAndUse() throws Exception {
        Vm vm = protectedVm();
        vm.slots().add(0, RAM, SIZE);
        load(
                vm,
                PROLOGUE
                        + """
                        mov x22, #2000
                        1:
                        movz x0, #0xc600, lsl #16
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
                        subs x22, x22, #1
                        b.ne 1b
                        9: str x22, [x20]
                        2: b 2b
                        .ltorg
                        """);
        AtomicBoolean end = new AtomicBoolean();
        List<Long> seen = new ArrayList<>();
        long[] counts = new long[2];
        Thread vmm =
                new Thread(() -> {
                    while (!end.get()) {
                        try {
                            long value = vm.ram().get64(SECRET);
                            counts[0]++;
                            if (value != 0) {
                                seen.add(value);
                            }
                        } catch (KvmException e) {
                            counts[1]++;
                        }
                    }
                });
        vmm.start();
        long left = next(vm);
        end.set(true);
        vmm.join();
        assertThat(left).isZero();
        assertThat(seen).isEmpty();
        assertThat(counts[0] + counts[1]).isPositive();
    }
}
