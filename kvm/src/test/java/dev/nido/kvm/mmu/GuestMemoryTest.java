package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.nido.kvm.Errno;
import dev.nido.kvm.Exit;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.machine.MmioDevice;
import dev.nido.machine.engine.StreamRecorder;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Guests that run into stage 2: memory, devices in the hypervisor, events, logging, ageing. */
class GuestMemoryTest {

    private static final long RAM = GuestRig.RAM;
    private static final int MB = 1 << 20;

    /** SYSTEM_OFF. */
    private static final String OFF = "\nldr x0, =0x84000008\nhvc #0\n";

    private static GuestRig rig(long bytes) {
        return new GuestRig(bytes, new StreamRecorder(null));
    }

    private static void assertOff(Exit exit) {
        assertThat(exit).isEqualTo(new Exit.SystemEvent(Exit.SystemEvent.Type.SHUTDOWN));
    }

    private static Leaf leaf(GuestRig rig, long ipa) {
        Leaf leaf = new Leaf();
        rig.vm.arch().mmu().pgt().getLeaf(ipa, leaf);
        return leaf;
    }

    @Test
    void aGuestFindsItsMemoryWhereItTouchesIt() {
        try (GuestRig rig = rig(8 * MB)) {
            rig.load("ldr x1, =0x40601230\nmov x2, #77\nstr x2, [x1]\nldr x3, [x1]\n" + OFF);
            assertOff(rig.run());
            assertThat(rig.vm.ram().get64(RAM + 0x60_1230)).isEqualTo(77);
            assertThat(leaf(rig, RAM).valid()).isTrue();
            assertThat(leaf(rig, RAM + 2 * MB).valid()).isFalse();
            assertThat(leaf(rig, RAM + 6 * MB).size()).isEqualTo(2 * MB);
            assertThat(leaf(rig, RAM).outputAddress()).isNotEqualTo(RAM);
        }
    }

    @Test
    void aWriteToReadOnlyMemoryIsTheVmms() {
        try (GuestRig rig = rig(2 * MB);
                UserMemory rom = new UserMemory(rig.hypervisor.memory(), MB)) {
            rig.vm.slots().set(1, MemorySlots.READONLY, 0x1000_0000, MB, rom, 0);
            rig.vm.ram().put64(0x1000_0008, 0x1234);
            rig.load(
                    """
                    ldr x1, =0x10000000
                    ldr x2, [x1, #8]
                    str w2, [x1, #16]
                    ldr x4, [x1, #8]
                    dc  ivac, x1
                    """
                            + OFF);
            assertThat(rig.run()).isEqualTo(new Exit.Mmio(0x1000_0010, 4, true, 0x1234));
            rig.vcpu.completeMmio(0);
            assertOff(rig.run());
            assertThat(rig.vcpu.reg(4)).isEqualTo(0x1234);
            assertThat(rig.vm.ram().get64(0x1000_0010)).isZero();
            rig.vm.slots().delete(1);
        }
    }

    @Test
    void aGuestMayExecuteFromReadOnlyMemory() {
        try (GuestRig rig = rig(2 * MB);
                UserMemory rom = new UserMemory(rig.hypervisor.memory(), MB)) {
            rig.vm.slots().set(1, MemorySlots.READONLY, 0x1000_0000, MB, rom, 0);
            rig.vm.ram().put32(0x1000_0000, 0xd65f03c0); // ret
            rig.load("ldr x1, =0x10000000\nblr x1\n" + OFF);
            assertOff(rig.run());
            rig.vm.slots().delete(1);
        }
    }

    @Test
    void aDeviceOfTheHypervisorIsAskedWithoutLeaving() {
        List<String> log = new ArrayList<>();
        MmioDevice device =
                new MmioDevice() {
                    @Override
                    public long read(long offset, int size) {
                        log.add("read %x %d".formatted(offset, size));
                        return 0xfff0;
                    }

                    @Override
                    public void write(long offset, int size, long value) {
                        log.add("write %x %d %x".formatted(offset, size, value));
                    }
                };
        try (GuestRig rig = rig(2 * MB)) {
            rig.vm.mmio().register("device", 0x0900_0000, 0x1000, device);
            rig.load(
                    """
                    ldr x1, =0x09000000
                    mov x5, #9
                    ldrsh w8, [x1, #2]
                    stp w5, wzr, [x1, #16]
                    add x6, x1, #0xffc
                    ldp w9, w7, [x6]
                    """
                            + OFF);
            assertThat(rig.run()).isEqualTo(new Exit.Mmio(0x0900_1000, 4, false, 0));
            rig.vcpu.completeMmio(0x1_2345_6789L);
            assertOff(rig.run());
            assertThat(rig.vcpu.reg(8)).isEqualTo(0xffff_fff0L);
            assertThat(rig.vcpu.reg(9)).isEqualTo(0xfff0);
            assertThat(rig.vcpu.reg(7)).isEqualTo(0x2345_6789);
        }
        assertThat(log).containsExactly("read 2 2", "write 10 4 9", "write 14 4 0", "read ffc 4");
    }

    @Test
    void devicesCannotOverlap() {
        VmMmioBus bus = new VmMmioBus();
        MmioDevice device =
                new MmioDevice() {
                    @Override
                    public long read(long offset, int size) {
                        return 0;
                    }

                    @Override
                    public void write(long offset, int size, long value) {}
                };
        bus.register("a", 0x1000, 0x1000, device);
        refused(Errno.EEXIST, () -> bus.register("b", 0x1fff, 1, device));
        refused(Errno.EINVAL, () -> bus.register("c", 0x3000, 0, device));
        assertThat(bus.answers(0x1ffc, 4)).isTrue();
        assertThat(bus.answers(0x1ffd, 4)).isFalse();
        bus.unregister(device);
        assertThat(bus.answers(0x1ffc, 4)).isFalse();
    }

    private static void refused(int errno, Runnable action) {
        assertThatThrownBy(action::run)
                .asInstanceOf(type(KvmException.class))
                .extracting(KvmException::errno)
                .isEqualTo(errno);
    }

    @Test
    void aMatchingStoreSignalsAnEventWithoutLeaving() {
        try (GuestRig rig = rig(2 * MB)) {
            int[] counts = new int[3];
            VmMmioBus bus = rig.vm.mmio();
            bus.addEvent(0x0a00_0050, 4, OptionalLong.of(1), () -> counts[0]++);
            bus.addEvent(0x0a00_0060, 4, OptionalLong.empty(), () -> counts[1]++);
            bus.addEvent(0x0a00_0070, 0, OptionalLong.empty(), () -> counts[2]++);
            rig.load(
                    """
                    ldr x1, =0x0a000000
                    mov w2, #1
                    str w2, [x1, #0x50]
                    str w2, [x1, #0x60]
                    str wzr, [x1, #0x60]
                    strb w2, [x1, #0x70]
                    str x2, [x1, #0x70]
                    str wzr, [x1, #0x50]
                    strh w2, [x1, #0x60]
                    """
                            + OFF);
            assertThat(rig.run()).isEqualTo(new Exit.Mmio(0x0a00_0050, 4, true, 0));
            rig.vcpu.completeMmio(0);
            assertThat(rig.run()).isEqualTo(new Exit.Mmio(0x0a00_0060, 2, true, 1));
            assertThat(counts).containsExactly(1, 2, 2);
            bus.removeEvent(0x0a00_0060, 4, OptionalLong.empty());
            refused(Errno.ENOENT, () -> bus.removeEvent(0x0a00_0060, 4, OptionalLong.empty()));
            refused(
                    Errno.EEXIST,
                    () -> bus.addEvent(0x0a00_0050, 4, OptionalLong.empty(), () -> {}));
            refused(Errno.EINVAL, () -> bus.addEvent(0, 3, OptionalLong.empty(), () -> {}));
            refused(Errno.EINVAL, () -> bus.addEvent(0, 0, OptionalLong.of(1), () -> {}));
        }
    }

    @Test
    void theLogHasExactlyThePagesThatTheGuestWrites() {
        try (GuestRig rig = rig(4 * MB)) {
            rig.load(
                    """
                        ldr x1, =0x40200000
                        ldr x0, =0x40280000
                        str x1, [x1]
                        ldr x4, =0x09000000
                        str w1, [x4]
                    1:  ldr x3, [x1]
                        add x1, x1, #0x3000
                        str x1, [x1]
                        add x1, x1, #0x2000
                        cmp x1, x0
                        b.lo 1b
                        str w1, [x4]
                    """
                            + OFF);
            assertThat(rig.run()).isInstanceOf(Exit.Mmio.class);
            rig.vcpu.completeMmio(0);
            assertThat(leaf(rig, RAM + 2 * MB).level()).isEqualTo(2);
            rig.vm.slots().setFlags(0, MemorySlots.LOG_DIRTY_PAGES);
            assertThat(rig.run()).isInstanceOf(Exit.Mmio.class);
            rig.vcpu.completeMmio(0);
            long[] log = rig.vm.slots().getDirtyLog(0);
            for (int page = 0; page < 1024; page++) {
                boolean expected = page >= 512 && page <= 640 && (page - 512) % 5 == 3;
                assertThat(log[page >>> 6] >>> page & 1)
                        .as("page %d", page)
                        .isEqualTo(expected ? 1 : 0);
            }
            assertOff(rig.run());
        }
    }

    /** The PE sets access flags itself where it has FEAT_HAFDBS; else it faults, and L0 does. */
    @ParameterizedTest
    @ValueSource(strings = {"default", "default,-hafdbs"})
    void agedMemoryIsYoungAgainAfterTheGuestTouchesIt(String cpu) {
        try (GuestRig rig = new GuestRig(cpu, 4 * MB, 1, new StreamRecorder(null))) {
            rig.load(
                    """
                        ldr x4, =0x09000000
                        ldr x1, =0x40200000
                        ldr x2, [x1]
                        str w1, [x4]
                        ldr x2, [x1]
                        str w1, [x4]
                    """);
            VmArch arch = rig.vm.arch();
            assertThat(rig.run()).isInstanceOf(Exit.Mmio.class);
            rig.vcpu.completeMmio(0);
            assertThat(arch.age(RAM + 2 * MB, 2 * MB)).isTrue();
            assertThat(arch.testAge(RAM + 2 * MB, 2 * MB)).isFalse();
            rig.vm.arch().mmu().flushVmid();
            long exits = rig.vcpu.exits();
            assertThat(rig.run()).isInstanceOf(Exit.Mmio.class);
            assertThat(arch.testAge(RAM + 2 * MB, 2 * MB)).isTrue();
            assertThat(rig.vcpu.exits() - exits).isEqualTo(cpu.equals("default") ? 1 : 2);
        }
    }

    @Test
    void codeThatADeviceWroteIsWhatTheGuestExecutes() {
        try (GuestRig rig = rig(4 * MB)) {
            rig.load(
                    """
                        ldr x4, =0x09000000
                        ldr x1, =0x40200000
                    1:  blr x1
                        str w0, [x4]
                        b   1b
                    """);
            int ret = 0xd65f03c0;
            for (int i = 1; i < 5; i++) {
                rig.vm.ram().put32(RAM + 2 * MB, 0xd2800000 | i << 5); // mov x0, #i
                rig.vm.ram().put32(RAM + 2 * MB + 4, ret);
                assertThat(rig.run()).isEqualTo(new Exit.Mmio(0x0900_0000, 4, true, i));
                rig.vcpu.completeMmio(0);
            }
        }
    }

    @Test
    void memoryOfADiscardedPageDoesNotLeaveItsCodeBehind() {
        try (GuestRig rig = rig(2 * MB);
                UserMemory memory = new UserMemory(rig.hypervisor.memory(), MB, 12, false)) {
            rig.vm.slots().set(1, 0, 2 * RAM, MB, memory, 0);
            rig.load(
                    """
                        ldr x4, =0x09000000
                        ldr x1, =0x80000000
                    1:  mov x0, #0
                        blr x1
                        str w0, [x4]
                        b   1b
                    """);
            byte[] code = new byte[8];
            for (int i = 1; i < 5; i++) {
                java.nio.ByteBuffer.wrap(code)
                        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                        .putInt(0xd2800000 | i << 5)
                        .putInt(0xd65f03c0);
                rig.vm.ram().write(2 * RAM, code, 0, 8);
                assertThat(rig.run()).isEqualTo(new Exit.Mmio(0x0900_0000, 4, true, i));
                rig.vcpu.completeMmio(0);
                memory.discard(0, MB);
            }
            rig.vm.slots().delete(1);
        }
    }
}
