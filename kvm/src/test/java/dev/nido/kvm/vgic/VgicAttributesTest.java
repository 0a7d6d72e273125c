package dev.nido.kvm.vgic;

import static dev.nido.kvm.vgic.VgicAttributes.*;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.run.PhysicalCpus;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** What a VMM reads, writes and configures. */
class VgicAttributesTest {

    private static final SysReg[] INTERFACE = {
        SysReg.ICC_CTLR_EL1,
        SysReg.ICC_PMR_EL1,
        SysReg.ICC_BPR0_EL1,
        SysReg.ICC_BPR1_EL1,
        SysReg.ICC_SRE_EL1,
        SysReg.ICC_IGRPEN0_EL1,
        SysReg.ICC_IGRPEN1_EL1,
        SysReg.ICC_AP0R0_EL1,
        SysReg.ICC_AP1R0_EL1
    };

    private static void refused(int errno, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    private record Attribute(int group, long number) {}

    /** Everything that a VMM has to carry over, in an order that can be written. */
    private static Map<Attribute, Long> save(Vgic vgic) {
        VgicAttributes all = vgic.attributes();
        Map<Attribute, Long> saved = new LinkedHashMap<>();
        int words = (int) all.get(GROUP_INTERRUPTS, 0) / 32;
        for (int group : new int[] {0xc00, 0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380}) {
            int count = group == 0xc00 ? 2 * words : words;
            for (int i = 0; i < count; i++) {
                read(all, saved, GROUP_DISTRIBUTOR, group + 4L * i);
            }
        }
        for (int i = 32; i < 32 * words; i += 4) {
            read(all, saved, GROUP_DISTRIBUTOR, 0x400 + i);
        }
        for (int i = 32; i < 32 * words; i++) {
            read(all, saved, GROUP_DISTRIBUTOR, 0x6000 + 8L * i);
        }
        for (int cpu = 0; cpu < vgic.cpuCount(); cpu++) {
            long affinity = GicParameters.affinity(cpu) << 32;
            int[] registers = {
                0x14, 0x10c00, 0x10c04, 0x10080, 0x10100, 0x10180, 0x10200, 0x10280, 0x10300,
                0x10380, 0x8, 0xc, 4
            };
            for (int r : registers) {
                read(all, saved, GROUP_REDISTRIBUTOR, affinity | r);
            }
            for (int i = 0; i < 32; i += 4) {
                read(all, saved, GROUP_REDISTRIBUTOR, affinity | 0x10400 + i);
            }
            for (SysReg r : INTERFACE) {
                read(all, saved, GROUP_SYSTEM_REGISTER, affinity | r.key());
            }
            for (int i = 0; i < 32 * words; i += 32) {
                read(all, saved, GROUP_LEVEL, affinity | i);
            }
        }
        read(all, saved, GROUP_DISTRIBUTOR, 0);
        read(all, saved, GROUP_DISTRIBUTOR, 4);
        read(all, saved, GROUP_DISTRIBUTOR, 8);
        return saved;
    }

    private static void read(
            VgicAttributes all, Map<Attribute, Long> saved, int group, long number) {
        saved.put(new Attribute(group, number), all.get(group, number));
    }

    private static boolean clears(Attribute a) {
        int offset = (int) a.number & 0xffff & ~0x7f;
        boolean registers = a.group == GROUP_DISTRIBUTOR || a.group == GROUP_REDISTRIBUTOR;
        return registers && (offset == 0x180 || offset == 0x380);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void savedStateMakesAnEqualVm(long seed) {
        Random random = new Random(seed);
        String cpu = (seed & 1) != 0 ? "default" : "default,lrs=4";
        try (Hosted first = ListRegisterFillTest.ready(cpu, 2);
                Hosted second = new Hosted(cpu, 2)) {
            for (int i = 0; i < 400; i++) {
                int pe = random.nextInt(2);
                int intid = 32 + random.nextInt(40);
                switch (random.nextInt(10)) {
                    case 0 -> first.spi(intid, random.nextBoolean());
                    case 1 -> first.gicd(pe, 0x400 + intid, 1, random.nextInt(256));
                    case 2 -> first.gicd(pe, 0x6000 + 8 * intid, 8, random.nextInt(3));
                    case 3 -> first.gicd(pe, 0x204, 4, random.nextInt() & 0xffff_ffffL);
                    case 4 -> first.ppi(pe, 20 + random.nextInt(4), random.nextBoolean());
                    case 5 -> first.timer(pe, 27, random.nextBoolean());
                    case 6 -> ListRegisterFillTest.edge(first, intid);
                    case 7 -> first.icc(pe, SysReg.ICC_SGI1R_EL1, 1L << 40 | intid << 24);
                    case 8 -> first.end(pe, first.acknowledge(pe));
                    default -> first.acknowledge(pe);
                }
            }
            for (Hosted.Guest guest : first.guests) {
                guest.leave();
            }
            Map<Attribute, Long> saved = save(first.vgic);
            for (int pe = 0; pe < 2; pe++) {
                second.guests[pe].timers[27] = first.guests[pe].timers[27];
                second.machine.gic().setPpi(pe, 27, first.guests[pe].timers[27]);
            }
            saved.forEach((a, value) -> {
                if (!clears(a)) {
                    second.vgic.attributes().set(a.group, a.number, value);
                }
            });
            assertThat(save(second.vgic)).isEqualTo(saved);
            for (int i = 0; i < 60; i++) {
                int pe = i & 1;
                for (SysReg r : new SysReg[] {SysReg.ICC_HPPIR1_EL1, SysReg.ICC_RPR_EL1}) {
                    assertThat(second.icc(pe, r)).as(r.name()).isEqualTo(first.icc(pe, r));
                }
                int intid = first.acknowledge(pe);
                assertThat(second.acknowledge(pe)).isEqualTo(intid);
                first.end(pe, intid);
                second.end(pe, intid);
            }
        }
    }

    @Test
    void stateNeedsInitialisationAndNoRunningVcpu() {
        try (Hosted hosted = new Hosted("default", 1)) {
            Vgic early =
                    new Vgic(
                            GicParameters.standard(16),
                            new PhysicalCpus(GuestView.machine("default", 1, true)),
                            true,
                            40,
                            new VmMmioBus());
            refused(Errno.EBUSY, () -> early.attributes().get(GROUP_DISTRIBUTOR, 0));
            refused(Errno.ENODEV, () -> early.attributes().set(GROUP_CONTROL, CONTROL_INIT, 0));
            hosted.guests[0].running = true;
            VgicAttributes all = hosted.vgic.attributes();
            refused(Errno.EBUSY, () -> all.get(GROUP_DISTRIBUTOR, 0));
            refused(Errno.EBUSY, () -> all.set(GROUP_SYSTEM_REGISTER, 0xc230, 0));
            hosted.guests[0].running = false;
            assertThat(all.get(GROUP_DISTRIBUTOR, 0)).isEqualTo(0x50);
            all.set(GROUP_CONTROL, CONTROL_INIT, 0);
        }
    }

    @Test
    void unknownAttributesAndValuesAreRefused() {
        try (Hosted hosted = new Hosted("default", 1)) {
            VgicAttributes all = hosted.vgic.attributes();
            refused(Errno.ENXIO, () -> all.get(2, 0));
            refused(Errno.ENXIO, () -> all.get(GROUP_DISTRIBUTOR, 0x3c));
            refused(Errno.ENXIO, () -> all.get(GROUP_DISTRIBUTOR, 2));
            refused(Errno.ENXIO, () -> all.get(GROUP_REDISTRIBUTOR, 0x10084));
            refused(Errno.ENXIO, () -> all.get(GROUP_SYSTEM_REGISTER, SysReg.ICC_IAR1_EL1.key()));
            refused(Errno.ENXIO, () -> all.set(GROUP_CONTROL, 9, 0));
            refused(Errno.EINVAL, () -> all.get(GROUP_REDISTRIBUTOR, 7L << 32));
            refused(Errno.EINVAL, () -> all.get(GROUP_LEVEL, 8));
            refused(Errno.EINVAL, () -> all.get(GROUP_LEVEL, 1 << 10));
            refused(Errno.EINVAL, () -> all.set(GROUP_DISTRIBUTOR, 4, 0));
            refused(Errno.EINVAL, () -> all.set(GROUP_DISTRIBUTOR, 8, 0));
            long control = SysReg.ICC_CTLR_EL1.key();
            refused(Errno.EINVAL, () -> all.set(GROUP_SYSTEM_REGISTER, control, 7 << 8));
            refused(Errno.EINVAL, () -> all.set(GROUP_SYSTEM_REGISTER, control, 1 << 15));
            long sre = SysReg.ICC_SRE_EL1.key();
            refused(Errno.EINVAL, () -> all.set(GROUP_SYSTEM_REGISTER, sre, 0));
        }
    }

    @Test
    void numberOfInterruptsIsChosenOnceAndEarly() {
        Vgic vgic =
                new Vgic(
                        GicParameters.standard(16),
                        new PhysicalCpus(GuestView.machine("default", 1, true)),
                        true,
                        40,
                        new VmMmioBus());
        VgicAttributes all = vgic.attributes();
        for (int n : new int[] {0, 32, 65, 1024}) {
            refused(Errno.EINVAL, () -> all.set(GROUP_INTERRUPTS, 0, n));
        }
        all.set(GROUP_INTERRUPTS, 0, 96);
        assertThat(all.get(GROUP_INTERRUPTS, 0)).isEqualTo(96);
        assertThat(vgic.parameters().spis()).isEqualTo(64);
        refused(Errno.EBUSY, () -> all.set(GROUP_INTERRUPTS, 0, 96));
        try (Hosted hosted = new Hosted("default", 1)) {
            refused(Errno.EBUSY, () -> hosted.vgic.attributes().set(GROUP_INTERRUPTS, 0, 96));
        }
    }

    @Test
    void addressesAreAlignedInRangeAndSetOnce() {
        try (Hosted hosted = new Hosted("default", 2)) {
            VgicAttributes all = hosted.vgic.attributes();
            assertThat(all.get(GROUP_ADDRESS, ADDRESS_DISTRIBUTOR)).isEqualTo(-1);
            refused(Errno.EINVAL, () -> all.set(GROUP_ADDRESS, ADDRESS_DISTRIBUTOR, 0x1000));
            refused(Errno.E2BIG, () -> all.set(GROUP_ADDRESS, ADDRESS_DISTRIBUTOR, 1L << 40));
            refused(
                    Errno.E2BIG,
                    () -> all.set(GROUP_ADDRESS, ADDRESS_REDISTRIBUTORS, (1L << 40) - 0x30000));
            all.set(GROUP_ADDRESS, ADDRESS_DISTRIBUTOR, 0x800_0000);
            all.set(GROUP_ADDRESS, ADDRESS_REDISTRIBUTORS, 0x80a_0000);
            assertThat(all.get(GROUP_ADDRESS, ADDRESS_REDISTRIBUTORS)).isEqualTo(0x80a_0000);
            assertThat(hosted.bus.answers(0x800_fff8, 8)).isTrue();
            assertThat(hosted.bus.answers(0x80d_fff8, 8)).isTrue();
            assertThat(hosted.bus.answers(0x80e_0000, 4)).isFalse();
            refused(Errno.EEXIST, () -> all.set(GROUP_ADDRESS, ADDRESS_DISTRIBUTOR, 0x900_0000));
        }
    }

    @Test
    void lineWithoutAnInputIsRefused() {
        try (Hosted hosted = new Hosted("default", 1)) {
            assertThat(hosted.vgic.setLine(-1, 288, true)).isEqualTo(-Errno.EINVAL);
            assertThat(hosted.vgic.setLine(0, 15, true)).isEqualTo(-Errno.EINVAL);
            assertThat(hosted.vgic.setLine(1, 20, true)).isEqualTo(-Errno.EINVAL);
            assertThat(hosted.vgic.setLine(0, 20, true)).isZero();
            assertThat(hosted.vgic.setLine(-1, 287, true)).isZero();
            assertThatThrownBy(() -> hosted.vgic.line(288))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void lineInTheHandsOfADeviceSignalsEdgesAndLevels() {
        try (Hosted hosted = ListRegisterFillTest.ready("default", 1)) {
            ListRegisterFillTest.edge(hosted, 50);
            hosted.vgic.line(50).signal();
            assertThat(hosted.acknowledge(0)).isEqualTo(50);
            hosted.end(0, 50);
            InterruptLine level = hosted.vgic.line(60);
            level.setLevel(true);
            assertThat(hosted.acknowledge(0)).isEqualTo(60);
            level.setLevel(false);
            hosted.end(0, 60);
            assertThat(hosted.acknowledge(0)).isEqualTo(1023);
        }
    }
}
