package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The VM's interrupt controller against the machine's own, as software at EL1 sees both. */
class GicDifferentialTest {

    private static final SysReg[] READABLE = {
        SysReg.ICC_HPPIR0_EL1,
        SysReg.ICC_HPPIR1_EL1,
        SysReg.ICC_RPR_EL1,
        SysReg.ICC_PMR_EL1,
        SysReg.ICC_BPR0_EL1,
        SysReg.ICC_BPR1_EL1,
        SysReg.ICC_CTLR_EL1,
        SysReg.ICC_SRE_EL1,
        SysReg.ICC_IGRPEN0_EL1,
        SysReg.ICC_IGRPEN1_EL1,
        SysReg.ICC_AP0R0_EL1,
        SysReg.ICC_AP1R0_EL1,
        SysReg.ISR_EL1
    };

    private static final SysReg[] WRITABLE = {
        SysReg.ICC_PMR_EL1,
        SysReg.ICC_BPR0_EL1,
        SysReg.ICC_BPR1_EL1,
        SysReg.ICC_CTLR_EL1,
        SysReg.ICC_IGRPEN0_EL1,
        SysReg.ICC_IGRPEN1_EL1,
        SysReg.ICC_AP0R0_EL1,
        SysReg.ICC_AP1R0_EL1,
        SysReg.ICC_DIR_EL1,
        SysReg.ICC_EOIR0_EL1,
        SysReg.ICC_EOIR1_EL1
    };

    /** Steps of a random sequence; NIDO_VGIC_STEPS for the long form. */
    private static final int ROUNDS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_VGIC_STEPS", "5000"));

    private static final String[] CPUS = {"default", "default,lrs=4"};

    /** Offsets of GICD that hold anything, and a little around them. */
    private static boolean interestingDistributor(int offset) {
        return offset < 0x1000
                || offset >= 0x6000 && offset < 0x6a00
                || offset >= 0x7f00 && offset < 0x8010
                || offset >= 0xffd0;
    }

    private static boolean interestingRedistributor(int offset) {
        return offset < 0x200 || offset >= 0xffd0 && offset < 0x11000 || offset >= 0x1ffd0;
    }

    private static void compareRegisters(GuestView bare, GuestView hosted, String when) {
        for (int size = 1; size <= 8; size *= 2) {
            for (int o = 0; o < 0x10000; o += size) {
                if (interestingDistributor(o) && bare.gicd(0, o, size) != hosted.gicd(0, o, size)) {
                    assertThat(hosted.gicd(0, o, size))
                            .as("GICD+0x%x, %d bytes, %s", o, size, when)
                            .isEqualTo(bare.gicd(0, o, size));
                }
            }
            for (int o = 0; o < 0x60000; o += size) {
                if (interestingRedistributor(o & 0x1ffff)
                        && bare.gicr(0, o, size) != hosted.gicr(0, o, size)) {
                    assertThat(hosted.gicr(0, o, size))
                            .as("GICR+0x%x, %d bytes, %s", o, size, when)
                            .isEqualTo(bare.gicr(0, o, size));
                }
            }
        }
        compareInterface(bare, hosted, 0, when);
    }

    private static void compareInterface(GuestView bare, GuestView hosted, int pe, Object when) {
        for (SysReg r : READABLE) {
            long expected = bare.icc(pe, r);
            long value = hosted.icc(pe, r);
            if (value != expected) {
                assertThat(value).as("%s of PE %d, %s", r, pe, when).isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"default", "default,lrs=4"})
    void registersAreEqualAtReset(String cpu) {
        try (GuestView bare = new GuestView.Bare(cpu, 2);
                GuestView hosted = new Hosted(cpu, 2)) {
            compareRegisters(bare, hosted, "at reset");
        }
    }

    /** Every register at every size: all ones and read, then all zeros and read. */
    @ParameterizedTest(name = "{0} bytes of 0x{1}")
    @CsvSource({
        "1, ff",
        "1, 0",
        "2, ffff",
        "2, 0",
        "4, ffffffff",
        "4, 0",
        "4, a5a5a5a5",
        "8, ffffffffffffffff",
        "8, 0",
        "8, 123456789abcdef0"
    })
    void registersTakeTheSameWrites(int size, String hex) {
        long value = Long.parseUnsignedLong(hex, 16);
        try (GuestView bare = new GuestView.Bare("default", 2);
                GuestView hosted = new Hosted("default", 2)) {
            for (GuestView view : List.of(bare, hosted)) {
                for (int o = 0; o < 0x10000; o += size) {
                    if (interestingDistributor(o)) {
                        view.gicd(0, o, size, value);
                    }
                }
                for (int o = 0; o < 0x60000; o += size) {
                    if (interestingRedistributor(o & 0x1ffff)) {
                        view.gicr(0, o, size, value);
                    }
                }
                for (SysReg r : WRITABLE) {
                    view.icc(0, r, value);
                }
            }
            compareRegisters(bare, hosted, "after " + size + " bytes of " + hex);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void randomSequencesAreEqual(long seed) {
        String cpu = CPUS[(int) seed & 1];
        int pes = 1 + (int) (seed >> 1 & 1);
        new Sequence(cpu, pes, seed, false).run(ROUNDS);
    }

    /** Software that acknowledges and ends what it gets, as it should. */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {11, 12, 13, 14})
    void wellBehavedSequencesAreEqual(long seed) {
        String cpu = CPUS[(int) seed & 1];
        int pes = 1 + (int) (seed >> 1 & 1);
        new Sequence(cpu, pes, seed, true).run(ROUNDS);
    }

    /** A random walk through both. */
    private static final class Sequence {
        private final GuestView bare;
        private final Hosted hosted;
        private final Random random;
        private final int pes;
        private final boolean polite;
        private final List<List<Integer>> taken = new ArrayList<>();
        private final List<String> log = new ArrayList<>();
        private int acknowledged;

        Sequence(String cpu, int pes, long seed, boolean polite) {
            bare = new GuestView.Bare(cpu, pes);
            hosted = new Hosted(cpu, pes);
            random = new Random(seed);
            this.pes = pes;
            this.polite = polite;
            for (int i = 0; i < pes; i++) {
                taken.add(new ArrayList<>());
            }
        }

        void run(int rounds) {
            start();
            try (bare;
                    hosted) {
                for (int i = 0; i < rounds; i++) {
                    step();
                    int pe = random.nextInt(pes);
                    compareInterface(bare, hosted, pe, this);
                    if (random.nextInt(polite ? 64 : 16) == 0) {
                        compareState();
                    }
                    if (random.nextInt(20) == 0) {
                        boolean expected = bare.wakes(pe);
                        assertThat(hosted.wakes(pe)).as("WFI %s", this).isEqualTo(expected);
                    }
                }
                compareRegisters(bare, hosted, "at the end");
            }
            assertThat(acknowledged).isGreaterThan(rounds / 100);
            assertThat(hosted.maintenances).isGreaterThan(10);
        }

        private void start() {
            for (GuestView view : List.of(bare, hosted)) {
                view.gicd(0, 0, 4, 3);
                for (int w = 1; w <= 8; w++) {
                    view.gicd(0, 0x80 + 4 * w, 4, 0xffff_ff0fL);
                    view.gicd(0, 0x100 + 4 * w, 4, 0xffff_ffffL);
                }
                for (int pe = 0; pe < pes; pe++) {
                    view.gicr(pe, pe * 0x20000L + 0x10080, 4, 0xffff_fff0L);
                    view.gicr(pe, pe * 0x20000L + 0x10100, 4, 0xffff_ffffL);
                    view.icc(pe, SysReg.ICC_PMR_EL1, 0xff);
                    view.icc(pe, SysReg.ICC_IGRPEN0_EL1, 1);
                    view.icc(pe, SysReg.ICC_IGRPEN1_EL1, 1);
                }
            }
        }

        private void note(String format, Object... args) {
            if (log.size() == 40) {
                log.remove(0);
            }
            log.add(format.formatted(args));
        }

        private void step() {
            int pe = random.nextInt(pes);
            switch (random.nextInt(polite ? 12 : 16)) {
                case 0, 1, 2 -> acknowledge(pe);
                case 3, 4, 5 -> end(pe);
                case 6 -> spi();
                case 7 -> timer(pe);
                case 8 -> ppi(pe);
                case 9 -> sgi(pe);
                case 10 -> sharedWrite(pe);
                case 11 -> rareWrite(pe);
                case 12, 13 -> icc(pe, WRITABLE[random.nextInt(WRITABLE.length)], someValue());
                default -> privateWrite(pe);
            }
            if (random.nextInt(200) == 0) {
                unmask(pe);
            }
        }

        private void acknowledge(int pe) {
            boolean group1 = random.nextInt(4) != 0;
            SysReg r = group1 ? SysReg.ICC_IAR1_EL1 : SysReg.ICC_IAR0_EL1;
            long expected = bare.icc(pe, r);
            note("pe%d %s = %d", pe, r, expected);
            assertThat(hosted.icc(pe, r)).as("%s of PE %d %s", r, pe, this).isEqualTo(expected);
            if (expected < 1020) {
                acknowledged++;
                taken.get(pe).add((int) expected | (group1 ? 1 << 16 : 0));
            }
        }

        private void end(int pe) {
            List<Integer> stack = taken.get(pe);
            int last = stack.isEmpty() ? 1023 : stack.remove(stack.size() - 1);
            if (polite ? stack.isEmpty() && last == 1023 : random.nextInt(16) == 0) {
                last = random.nextInt(300) | (random.nextBoolean() ? 1 << 16 : 0);
                if (polite) {
                    return;
                }
            }
            boolean group1 = (last & 1 << 16) != 0;
            icc(pe, group1 ? SysReg.ICC_EOIR1_EL1 : SysReg.ICC_EOIR0_EL1, last & 0xffff);
            if (random.nextInt(4) != 0) {
                icc(pe, SysReg.ICC_DIR_EL1, last & 0xffff);
            }
        }

        private void icc(int pe, SysReg r, long value) {
            note("pe%d %s := 0x%x", pe, r, value);
            bare.icc(pe, r, value);
            hosted.icc(pe, r, value);
        }

        /** Random values would leave it masked most of the time. */
        private void unmask(int pe) {
            icc(pe, SysReg.ICC_PMR_EL1, 0xff);
            icc(pe, SysReg.ICC_AP0R0_EL1, 0);
            icc(pe, SysReg.ICC_AP1R0_EL1, 0);
            icc(pe, SysReg.ICC_IGRPEN0_EL1, 1);
            icc(pe, SysReg.ICC_IGRPEN1_EL1, 1);
            gicd(pe, 0, 4, 3);
            gicd(pe, 0x104, 4, 0xffff_ffffL);
            gicd(pe, 0x380 + 4 * random.nextInt(4), 4, 0xffff_ffffL);
            gicr(pe, pe * 0x20000L + 0x10380, 4, 0xffff_ffffL);
            gicr(pe, pe * 0x20000L + 0x10100, 4, 0xffff_ffffL);
        }

        private long someValue() {
            return switch (random.nextInt(6)) {
                case 0 -> 0;
                case 1 -> 1;
                case 2 -> 0xff;
                case 3 -> random.nextInt(8);
                case 4 -> random.nextInt(300);
                default -> random.nextInt(5) == 0 ? random.nextLong() : 0xf0;
            };
        }

        private int someSpi() {
            return 32 + (random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(24));
        }

        private void spi() {
            int intid = someSpi();
            boolean high = random.nextBoolean();
            note("spi %d %b", intid, high);
            bare.spi(intid, high);
            hosted.spi(intid, high);
        }

        private void timer(int pe) {
            int intid = random.nextBoolean() ? 27 : 30;
            boolean high = random.nextBoolean();
            note("pe%d timer %d %b", pe, intid, high);
            bare.timer(pe, intid, high);
            hosted.timer(pe, intid, high);
        }

        private void ppi(int pe) {
            int intid = 16 + random.nextInt(8);
            boolean high = random.nextBoolean();
            note("pe%d ppi %d %b", pe, intid, high);
            bare.ppi(pe, intid, high);
            hosted.ppi(pe, intid, high);
        }

        private void sgi(int pe) {
            long value = (long) random.nextInt(16) << 24 | 1 + random.nextInt(3);
            if (random.nextInt(8) == 0) {
                value = value & ~0xffffL | 1L << 40;
            }
            if (random.nextInt(16) == 0) {
                value |= 1L << (random.nextBoolean() ? 44 : random.nextBoolean() ? 16 : 48);
            }
            SysReg[] all = {SysReg.ICC_SGI1R_EL1, SysReg.ICC_SGI0R_EL1, SysReg.ICC_ASGI1R_EL1};
            icc(pe, all[Math.max(0, random.nextInt(6) - 3)], value);
        }

        private void sharedWrite(int pe) {
            int intid = someSpi();
            if (random.nextBoolean()) {
                gicd(pe, 0x400 + intid, 1, random.nextInt(256));
            } else {
                long route = random.nextInt(8) == 0 ? random.nextInt(0x200) : random.nextInt(pes);
                gicd(pe, 0x6000 + 8 * intid, random.nextBoolean() ? 8 : 4, route);
            }
        }

        /** Bits of one word, one or several. */
        private long someBits() {
            return random.nextInt(3) == 0 ? random.nextInt() & 0xffff_ffffL : 1L << someBit();
        }

        private int someBit() {
            return random.nextInt(32);
        }

        private void rareWrite(int pe) {
            int[] registers = {0x80, 0x100, 0x100, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
            int r = registers[random.nextInt(registers.length)];
            int word = random.nextInt(3) == 0 ? 1 + random.nextInt(9) : 1;
            if (random.nextInt(12) == 0) {
                gicd(pe, 0, 4, random.nextInt(4) == 0 ? random.nextInt(4) : 3);
            } else if (random.nextInt(8) == 0) {
                gicd(pe, 0xc00 + 4 * (2 + random.nextInt(4)), 4, random.nextInt() & 0xffff_ffffL);
            } else {
                gicd(pe, r + 4 * word, 4, someBits());
            }
        }

        private void gicd(int pe, int offset, int size, long value) {
            note("pe%d GICD+0x%x, %d := 0x%x", pe, offset, size, value);
            bare.gicd(pe, offset, size, value);
            hosted.gicd(pe, offset, size, value);
        }

        private void privateWrite(int pe) {
            int[] registers = {0x80, 0x100, 0x100, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380};
            long frame = random.nextInt(pes) * 0x20000L + 0x10000;
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> gicr(pe, frame + 0x400 + someBit(), 1, random.nextInt(256));
                case 3 -> gicr(pe, frame + 0xc04, 4, random.nextInt() & 0xffff_ffffL);
                default -> gicr(pe, frame + registers[random.nextInt(9)], 4, someBits());
            }
        }

        private void gicr(int pe, long offset, int size, long value) {
            note("pe%d GICR+0x%x, %d := 0x%x", pe, offset, size, value);
            bare.gicr(pe, offset, size, value);
            hosted.gicr(pe, offset, size, value);
        }

        private void compareState() {
            int pe = random.nextInt(pes);
            for (int r : new int[] {0x100, 0x200, 0x300}) {
                for (int w = 1; w <= 8; w++) {
                    int at = r + 4 * w;
                    long expected = bare.gicd(pe, at, 4);
                    if (hosted.gicd(pe, at, 4) != expected) {
                        assertThat(hosted.gicd(pe, at, 4))
                                .as("GICD+0x%x %s", at, this)
                                .isEqualTo(expected);
                    }
                }
                for (int i = 0; i < pes; i++) {
                    long at = i * 0x20000L + 0x10000 + r;
                    long expected = bare.gicr(pe, at, 4);
                    // The maintenance interrupt is the hypervisor's, not the guest's.
                    if (hosted.gicr(pe, at, 4) != expected) {
                        assertThat(hosted.gicr(pe, at, 4))
                                .as("GICR+0x%x %s", at, this)
                                .isEqualTo(expected);
                    }
                }
            }
        }

        @Override
        public String toString() {
            return "after\n  " + String.join("\n  ", log) + "\n";
        }
    }
}
