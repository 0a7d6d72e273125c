package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;

/**
 * A hypervisor and its guest with the interrupt controller of a bare machine and with that of a VM,
 * doing the same at random: at every instruction boundary both see the same.
 */
class NestedGicDifferentialTest {

    /** Steps of a random sequence; NIDO_VGIC_STEPS for the long form. */
    private static final int STEPS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_VGIC_STEPS", "5000"));

    private static final int ROUND = 1000;
    private static final int PES = 2;

    private static final SysReg[] READABLE = {
        SysReg.ICC_HPPIR0_EL1,
        SysReg.ICC_HPPIR1_EL1,
        SysReg.ICC_RPR_EL1,
        SysReg.ICC_PMR_EL1,
        SysReg.ICC_BPR0_EL1,
        SysReg.ICC_BPR1_EL1,
        SysReg.ICC_CTLR_EL1,
        SysReg.ICC_IGRPEN0_EL1,
        SysReg.ICC_IGRPEN1_EL1,
        SysReg.ICC_AP0R0_EL1,
        SysReg.ICC_AP1R0_EL1,
    };

    private static final SysReg[] STATUS = {
        SysReg.ICH_MISR_EL2,
        SysReg.ICH_EISR_EL2,
        SysReg.ICH_ELRSR_EL2,
        SysReg.ICH_VTR_EL2,
        SysReg.ICH_HCR_EL2,
        SysReg.ICH_VMCR_EL2,
        SysReg.ICH_AP0R0_EL2,
        SysReg.ICH_AP1R0_EL2,
    };

    private static final int[] INTIDS = {27, 30, 26, 28, 25, 20, 3, 9, 33, 34, 40, 41};
    private static final int[] PHYSICAL = {27, 27, 27, 30, 26, 28, 25, 20, 3, 33, 33, 34, 40, 999};
    private static final int[] TIMERS = NestedHosted.TIMERS;

    private final Deque<String> history = new ArrayDeque<>();
    private NestedView bare;
    private NestedHosted hosted;
    private Random random;
    private String name;
    private int registers;
    private int entries;
    private int interrupted;

    @ParameterizedTest(name = "{0} nv2={1}")
    @CsvSource({
        "default, true",
        "default, false",
        "'default,lrs=4', true",
        "'default,lrs=4', false"
    })
    void hypervisorAndItsGuestSeeTheSame(String cpu, boolean nv2) {
        registers = cpu.contains("lrs=4") ? 4 : 16;
        for (int done = 0; done < STEPS; done += ROUND) {
            long seed = 1000L * registers + (nv2 ? 500 : 0) + done / ROUND;
            random = new Random(seed);
            history.clear();
            name = "seed " + seed;
            try (NestedView b = new NestedView.Bare(cpu, PES);
                    NestedHosted h = new NestedHosted(cpu, PES, nv2)) {
                bare = b;
                hosted = h;
                prepare();
                for (int step = 0; step < ROUND; step++) {
                    boolean[] were = {b.inGuest(0), b.inGuest(1)};
                    step();
                    for (int pe = 0; pe < PES; pe++) {
                        interrupted += were[pe] && !b.inGuest(pe) ? 1 : 0;
                    }
                    compare();
                }
            }
        }
        // Else nothing was tested.
        assertThat(entries).isGreaterThan(STEPS / 50);
        assertThat(interrupted).isGreaterThan(STEPS / 100);
    }

    private void prepare() {
        mmio(0, true, 0, 4, 3);
        for (int w = 1; w <= 2; w++) {
            mmio(0, true, 0x80 + 4 * w, 4, 0xffff_ffffL);
            mmio(0, true, 0x100 + 4 * w, 4, 0xffff_ffffL);
        }
        for (int i = 32; i < 64; i += 4) {
            mmio(0, true, 0x400 + i, 4, 0x8080_8080L);
        }
        for (int pe = 0; pe < PES; pe++) {
            long frame = pe * 0x20000L + 0x10000;
            mmio(pe, false, frame + 0x80, 4, 0xffff_ffffL);
            mmio(pe, false, frame + 0x100, 4, 0xffff_ffffL);
            for (int i = 0; i < 32; i += 4) {
                mmio(pe, false, frame + 0x400 + i, 4, 0x8080_8080L);
            }
            icc(pe, SysReg.ICC_PMR_EL1, 0xf8);
            icc(pe, SysReg.ICC_IGRPEN1_EL1, 1);
            icc(pe, SysReg.ICC_CTLR_EL1, 2);
            ich(pe, SysReg.ICH_VMCR_EL2, 0xf800_0002L);
        }
    }

    // Both at once

    private void log(String format, Object... args) {
        history.add(format.formatted(args));
        if (history.size() > 30) {
            history.remove();
        }
    }

    private void mmio(int pe, boolean distributor, long offset, int size, long value) {
        log("%d: %s+%x := %x", pe, distributor ? "GICD" : "GICR", offset, value);
        bare.mmio(pe, distributor, offset, size, value);
        hosted.mmio(pe, distributor, offset, size, value);
    }

    private void icc(int pe, SysReg r, long value) {
        log("%d: %s := %x", pe, r, value);
        bare.icc(pe, r, value);
        hosted.icc(pe, r, value);
    }

    private long icc(int pe, SysReg r) {
        log("%d: %s", pe, r);
        long b = bare.icc(pe, r);
        check(r.name(), b, hosted.icc(pe, r));
        return b;
    }

    private void ich(int pe, SysReg r, long value) {
        log("%d: %s := %x", pe, r, value);
        bare.ich(pe, r, value);
        hosted.ich(pe, r, value);
    }

    private long ich(int pe, SysReg r) {
        long b = bare.ich(pe, r);
        check(r.name(), b, hosted.ich(pe, r));
        return b;
    }

    private void check(String what, long expected, long is) {
        if (expected != is) {
            assertThat(Long.toHexString(is))
                    .as("%s, %s after%n%s", name, what, String.join("\n", history))
                    .isEqualTo(Long.toHexString(expected));
        }
    }

    private void checkBoth(String what, boolean expected, boolean is) {
        check(what, expected ? 1 : 0, is ? 1 : 0);
    }

    private void compare() {
        for (int pe = 0; pe < PES; pe++) {
            checkBoth("in the guest: " + pe, bare.inGuest(pe), hosted.inGuest(pe));
            if (bare.inGuest(pe)) {
                check("virtual lines of " + pe, bare.lines(pe), hosted.lines(pe));
            }
        }
        int pe = random.nextInt(PES);
        switch (random.nextInt(6)) {
            case 0 -> icc(pe, READABLE[random.nextInt(READABLE.length)]);
            case 1 -> {
                if (!bare.inGuest(pe)) {
                    for (int i = 0; i < registers; i++) {
                        ich(pe, ListRegister.of(i));
                    }
                    for (SysReg r : STATUS) {
                        ich(pe, r);
                    }
                }
            }
            case 2 -> {
                for (int offset = 0x10200; offset < 0x10400; offset += 0x100) {
                    long at = pe * 0x20000L + offset;
                    check(
                            "GICR+" + Long.toHexString(at),
                            bare.mmio(pe, false, at, 4),
                            hosted.mmio(pe, false, at, 4));
                }
                for (int offset = 0x204; offset < 0x400; offset += 0x100) {
                    check(
                            "GICD+" + Long.toHexString(offset),
                            bare.mmio(pe, true, offset, 4),
                            hosted.mmio(pe, true, offset, 4));
                }
            }
            case 3 -> checkBoth("wakes: " + pe, bare.wakes(pe), hosted.wakes(pe));
            default -> {
                // the next step
            }
        }
        checkBoth("in the guest: " + pe, bare.inGuest(pe), hosted.inGuest(pe));
    }

    // What happens

    private void step() {
        int pe = random.nextInt(PES);
        int what = random.nextInt(22);
        switch (what) {
            case 0 -> {
                int intid = TIMERS[random.nextInt(TIMERS.length)];
                boolean high = random.nextInt(3) == 0;
                log("%d: timer %d %s", pe, intid, high);
                bare.timer(pe, intid, high);
                hosted.timer(pe, intid, high);
            }
            case 1 -> {
                int intid = 33 + random.nextInt(2) * 7;
                boolean high = random.nextInt(3) == 0;
                log("SPI %d %s", intid, high);
                bare.spi(intid, high);
                hosted.spi(intid, high);
            }
            case 2 -> {
                boolean high = random.nextInt(3) == 0;
                log("%d: PPI 20 %s", pe, high);
                bare.ppi(pe, 20, high);
                hosted.ppi(pe, 20, high);
            }
            case 3 -> {
                if (random.nextInt(4) == 0) {
                    long bit = 1L << INTIDS[random.nextInt(7)];
                    int[] offsets = {0x100, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
                    int offset = offsets[random.nextInt(offsets.length)];
                    mmio(pe, false, pe * 0x20000L + 0x10000 + offset, 4, bit);
                    if (offset == 0x180) {
                        mmio(pe, false, pe * 0x20000L + 0x10100, 4, bit);
                    }
                }
            }
            case 20 -> {
                if (random.nextInt(8) == 0) {
                    configure(pe);
                }
            }
            default -> {
                if (bare.inGuest(pe)) {
                    guest(pe);
                } else {
                    hypervisor(pe, what);
                }
            }
        }
    }

    /** What is seldom changed. */
    private void configure(int pe) {
        long frame = pe * 0x20000L + 0x10000;
        switch (random.nextInt(9)) {
            case 0 -> mmio(pe, false, frame + 0x80, 4, -1L >>> 32 & ~(1L << random.nextInt(64)));
            case 1 -> mmio(pe, true, 0x84, 4, -1L >>> 32 & ~(1L << random.nextInt(64)));
            case 2 -> {
                // The maintenance interrupt is level-sensitive by its definition.
                long edge = random.nextInt(3) == 0 ? 2L << 2 * (20 + random.nextInt(12) - 16) : 0;
                mmio(pe, false, frame + 0xc04, 4, edge & ~(2L << 2 * 9));
            }
            case 3 -> mmio(pe, true, 0xc08, 4, random.nextBoolean() ? 0 : 0xaaaa_aaaaL);
            case 4 -> mmio(pe, false, frame + 0x418, 4, random.nextBoolean() ? -1L : 0x8080_8080L);
            case 5 -> mmio(pe, true, 0x6000 + 8 * 40, 8, random.nextInt(PES));
            case 6 -> mmio(pe, true, 0, 4, random.nextInt(6) == 0 ? 0 : 3);
            default -> {
                if (!bare.inGuest(pe)) {
                    switch (random.nextInt(4)) {
                        case 0 -> icc(pe, SysReg.ICC_PMR_EL1, random.nextInt(4) == 0 ? 0x80 : 0xf8);
                        case 1 -> icc(pe, SysReg.ICC_IGRPEN0_EL1, random.nextInt(2));
                        case 2 -> icc(pe, SysReg.ICC_CTLR_EL1, random.nextInt(4));
                        default -> icc(pe, SysReg.ICC_SGI1R_EL1, 3L << 24 | 1 + random.nextInt(3));
                    }
                }
            }
        }
    }

    /** EL2: mostly it ends what it has and goes back, having filled some list registers. */
    private void hypervisor(int pe, int what) {
        switch (what) {
            case 4, 5, 6 -> {
                int intid = (int) icc(pe, SysReg.ICC_IAR0_EL1);
                if (intid < 1020) {
                    icc(pe, SysReg.ICC_EOIR0_EL1, intid);
                    icc(pe, SysReg.ICC_DIR_EL1, intid);
                }
                intid = (int) icc(pe, SysReg.ICC_IAR1_EL1);
                if (intid < 1020) {
                    icc(pe, SysReg.ICC_EOIR1_EL1, intid);
                    if (random.nextInt(4) == 0) {
                        icc(pe, SysReg.ICC_DIR_EL1, intid);
                    } else {
                        long link = 1L << 61 | (long) intid << 32;
                        // Not active and pending, which is for those without HW only.
                        long state = 1L << (random.nextInt(4) == 0 ? 63 : 62);
                        ich(pe, list(), value() & ~(3L << 62 | 0x1fffL << 32) | link | state);
                    }
                    if (intid == 25) {
                        ich(pe, SysReg.ICH_HCR_EL2, 1);
                        clear(pe);
                    }
                }
            }
            case 7, 8 -> ich(pe, list(), value());
            case 9 -> clear(pe);
            case 10 -> {
                long enables = random.nextInt(3) == 0 ? random.nextLong() & 0xfe : 0;
                ich(pe, SysReg.ICH_HCR_EL2, enables | (random.nextInt(8) == 0 ? 0 : 1));
            }
            case 11 -> {
                long groups = random.nextInt(4) == 0 ? random.nextInt(4) : 2;
                long mode = random.nextBoolean() ? 0x200 : 0;
                ich(pe, SysReg.ICH_VMCR_EL2, 0xf800_0000L | mode | groups);
            }
            case 12 -> icc(pe, SysReg.ICC_DIR_EL1, INTIDS[random.nextInt(INTIDS.length)]);
            case 13 -> {
                if (random.nextInt(4) == 0) {
                    ich(pe, SysReg.ICH_AP1R0_EL2, 0);
                }
            }
            default -> {
                entries++;
                log("%d: ERET", pe);
                bare.eret(pe);
                hosted.eret(pe);
            }
        }
    }

    /** The interrupts of ended list registers are forgotten. */
    private void clear(int pe) {
        for (int i = 0; i < registers; i++) {
            if ((bare.ich(pe, ListRegister.of(i)) & ListRegister.STATE) == 0) {
                ich(pe, ListRegister.of(i), 0);
            }
        }
    }

    private SysReg list() {
        return ListRegister.of(random.nextInt(registers));
    }

    private long value() {
        boolean hardware = random.nextBoolean();
        long state = random.nextInt(4) == 0 ? 2L : 1L;
        if (random.nextInt(8) == 0) {
            state = random.nextInt(hardware ? 3 : 4);
        }
        long link = PHYSICAL[random.nextInt(PHYSICAL.length)];
        return state << 62
                | (random.nextInt(8) == 0 ? 0 : 1L << 60)
                | (random.nextInt(3) == 0 ? 0x40L : 0x80L) << 48
                | (hardware ? 1L << 61 | link << 32 : random.nextBoolean() ? 1L << 41 : 0)
                | (random.nextInt(32) == 0 ? 8200 : INTIDS[random.nextInt(INTIDS.length)]);
    }

    private void guest(int pe) {
        switch (random.nextInt(12)) {
            case 10 -> {
                switch (random.nextInt(6)) {
                    case 0 -> icc(pe, SysReg.ICC_IAR0_EL1);
                    case 1 -> icc(pe, SysReg.ICC_EOIR0_EL1, INTIDS[random.nextInt(12)]);
                    case 2 -> icc(pe, SysReg.ICC_IGRPEN0_EL1, random.nextInt(2));
                    case 3 -> icc(pe, SysReg.ICC_BPR1_EL1, random.nextInt(8));
                    case 4 -> icc(pe, SysReg.ICC_AP1R0_EL1, 0);
                    default -> icc(pe, SysReg.ICC_AP0R0_EL1, 0);
                }
            }
            case 0, 1, 2 -> {
                int intid = (int) icc(pe, SysReg.ICC_IAR1_EL1);
                if (intid < 1020 && bare.inGuest(pe) && random.nextInt(3) != 0) {
                    icc(pe, SysReg.ICC_EOIR1_EL1, intid);
                    if (bare.inGuest(pe) && random.nextBoolean()) {
                        icc(pe, SysReg.ICC_DIR_EL1, intid);
                    }
                }
            }
            case 3 -> icc(pe, SysReg.ICC_EOIR1_EL1, INTIDS[random.nextInt(INTIDS.length)]);
            case 4 -> icc(pe, SysReg.ICC_DIR_EL1, INTIDS[random.nextInt(INTIDS.length)]);
            case 5 -> icc(pe, SysReg.ICC_CTLR_EL1, random.nextInt(4));
            case 6 -> icc(pe, SysReg.ICC_IGRPEN1_EL1, random.nextInt(8) == 0 ? 0 : 1);
            case 7 -> icc(pe, SysReg.ICC_PMR_EL1, random.nextInt(8) == 0 ? 0x60 : 0xf8);
            case 8 -> {
                log("%d: HVC", pe);
                bare.hvc(pe);
                hosted.hvc(pe);
            }
            default -> icc(pe, SysReg.ICC_IAR1_EL1);
        }
    }
}
