package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.isa.Assembler;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/**
 * Accesses of L2 through random tables of L1's and its own, on a PE with an EL2 and on a vCPU with
 * a virtual one: what is read and written, which exception goes to which level with which syndrome,
 * and what the PE writes to tables is the same.
 */
class Item40ShadowFaultsTest {

    /** NIDO_SHADOW_STEPS: accesses of each run. */
    private static final int STEPS =
            Integer.parseInt(System.getenv().getOrDefault("NIDO_SHADOW_STEPS", "1000"));

    private static final long RAM = NestedSides.RAM;

    /** L2's instructions and vectors of EL1; at the same address in L2. */
    private static final long CODE = RAM + 0x2000;

    /** Tables of stage 2: a root of up to 16 pages of 64 KiB at 1 MiB, others behind it. */
    private static final long ROOT = RAM + 0x10_0000;

    private static final long TABLES = RAM + 0x20_0000;
    private static final int TABLE_COUNT = 8;

    /** Tables of stage 1, in L2's address space wherever stage 2 puts it. */
    private static final long STAGE1 = RAM + 0x30_0000;

    /** Where EL1 finds its vectors while stage 1 is on. */
    private static final long HIGH = 0xffff_ff80_0000_0000L;

    private static final long STAGE1_HIGH = STAGE1 + 0x8000;

    private static final long DATA = RAM + 0x40_0000;

    private static final String CODE_TEXT =
            """
            ldr x1, [x0]
            str x1, [x0]
            ldrb w1, [x0]
            strh w1, [x0]
            ldp x1, x2, [x0]
            stp x1, x2, [x0]
            ldr q0, [x0]
            str x1, [x0], #8
            ldadd x1, x1, [x0]
            ldxr x1, [x0]
            dc cvac, x0
            dc ivac, x0
            dc zva, x0
            ldtr x1, [x0]
            sttr x1, [x0]
            at s1e1r, x0
            """;

    private static final int INSTRUCTIONS = (int) CODE_TEXT.lines().count();

    @ParameterizedTest
    @CsvSource({"NV2,true,12,true", "NV2,false,12,false", "NV,true,12,false", "NV2,true,16,false"})
    void areThoseOfAMachine(Feature nesting, boolean e2h, int hostPageShift, boolean blocks) {
        CpuModel model = CpuModel.parse(e2h ? "default,-e2h0,pa=48" : "default,-vhe,pa=44");
        SplittableRandom random = new SplittableRandom(40 + hostPageShift + (e2h ? 1 : 0));
        try (NestedSides sides = new NestedSides(nesting, model, hostPageShift, blocks)) {
            prepare(sides, random);
            int faults = 0;
            for (int i = 0; i < STEPS; i++) {
                if (i % 200 == 0) {
                    configure(sides, random, i / 200);
                }
                mutate(sides, random);
                faults += access(sides, random, i);
            }
            assertThat(faults).isBetween(STEPS / 20, STEPS * 19 / 20);
            assertThat(sides.differentMemory()).isEqualTo(-1);
            assertThat(sides.vm.shadows().faults()).isPositive();
        }
    }

    private static void prepare(NestedSides s, SplittableRandom random) {
        byte[] code = Assembler.assemble(CODE_TEXT, CODE).bytes();
        for (int i = 0; i < code.length; i += 4) {
            s.put32(
                    CODE + i,
                    code[i] & 255
                            | (code[i + 1] & 255) << 8
                            | (code[i + 2] & 255) << 16
                            | code[i + 3] << 24);
        }
        for (int i = 0; i < 0x800; i += 4) {
            s.put32(CODE + 0x800 + i, 0xd503_201f);
        }
        for (long at = DATA; at < DATA + 0x20_0000; at += 512) {
            s.put(at, random.nextLong());
        }
        s.set(SysReg.MAIR_EL1, 0xff_44_04_00L);
        s.put(STAGE1_HIGH + (RAM >> 30) * 8, RAM & -1L << 30 | 3 << 2 | 1 << 10 | 1);
        s.set(SysReg.CPACR_EL1, 3 << 20);
    }

    /** Another stage 2, with a VMID of its own. */
    private static void configure(NestedSides s, SplittableRandom random, int n) {
        int granule = 12 + 2 * random.nextInt(3);
        int stride = granule - 3;
        int tsz = 16 + random.nextInt(24);
        int bits = 64 - tsz;
        int concatenated = random.nextInt(5);
        int index = Math.max(1, bits - granule - concatenated);
        int startLevel = 4 - (index + stride - 1) / stride;
        int sl0 = granule == 12 ? 2 - startLevel : 3 - startLevel;
        if (random.nextInt(10) == 0) {
            sl0 = random.nextInt(4);
        }
        long tg0 = granule == 16 ? 1 : granule == 14 ? 2 : 0;
        int ps = random.nextInt(4) == 0 ? random.nextInt(8) : 5;
        long vtcr =
                1L << 31
                        | tsz
                        | (long) (sl0 & 3) << 6
                        | tg0 << 14
                        | (long) ps << 16
                        | 1 << 19
                        | (random.nextBoolean() ? 1L << 21 : 0)
                        | (random.nextBoolean() ? 1L << 22 : 0);
        s.set(SysReg.VTCR_EL2, vtcr);
        s.set(SysReg.VTTBR_EL2, ROOT | (long) (n + 1) << 48);
        long vm = random.nextInt(8) == 0 ? 0 : HcrEl2.VM;
        long hcr =
                HcrEl2.RW
                        | vm
                        | random.nextLong() & (HcrEl2.PTW | HcrEl2.FWB | HcrEl2.CD)
                        | (random.nextInt(6) == 0 ? HcrEl2.DC : 0)
                        | s.bare.readRegister(SysReg.HCR_EL2) & HcrEl2.E2H;
        s.set(SysReg.HCR_EL2, hcr);
        boolean on = random.nextInt(4) != 0;
        s.set(SysReg.SCTLR_EL1, 0x30d0_1804L | (on ? 1 : 0) | (random.nextInt(8) == 0 ? 2 : 0));
        s.set(SysReg.VBAR_EL1, (on ? HIGH : 0) + CODE + 0x800);
        s.set(SysReg.TTBR1_EL1, STAGE1_HIGH);
        s.set(
                SysReg.TCR_EL1,
                16 + random.nextInt(3) * 9
                        | 2L << 30
                        | 25 << 16
                        | 5L << 32
                        | 1L << 36
                        | (random.nextBoolean() ? 3L << 39 : 0));
        s.set(SysReg.TTBR0_EL1, STAGE1 | (long) random.nextInt(4) << 48);
        for (int page = 0; page < 32; page++) {
            long at = ROOT + page * 4096L;
            for (int k = 0; k < 512; k += 1 + random.nextInt(30)) {
                s.put(at + k * 8, entry2(random, granule));
            }
        }
        for (int table = 0; table < TABLE_COUNT; table++) {
            for (int k = 0; k < 512; k += 1 + random.nextInt(8)) {
                s.put(TABLES + table * 0x1_0000L + k * 8, entry2(random, granule));
            }
        }
        // The way to the code and the data, from whichever level.
        for (long base : new long[] {CODE & -4096, DATA, STAGE1}) {
            way(s, random, granule, bits, startLevel, base);
        }
        for (int k = 0; k < 2048; k++) {
            s.put(STAGE1 + k * 8, entry1(random));
        }
    }

    /** Maps a page in the tables that there are, so that it can be met. */
    private static void way(
            NestedSides s, SplittableRandom random, int granule, int bits, int start, long ipa) {
        if (start < 0 || start > 3) {
            return;
        }
        int stride = granule - 3;
        long table = ROOT;
        for (int level = start; ; level++) {
            int shift = granule + (3 - level) * stride;
            int width = level == start ? bits - shift : stride;
            if (width < 0 || width > 17) {
                return;
            }
            long at = table + ((ipa >>> shift & (1L << width) - 1) << 3);
            boolean last = level == 3;
            boolean block = level == 2 || level == 1 && granule == 12;
            if (last || block && random.nextInt(3) == 0) {
                long attributes =
                        15 << 2 | 3 << 6 | 3 << 8 | (random.nextInt(4) == 0 ? 0 : 1 << 10);
                s.put(at, ipa & -1L << shift | attributes | (last ? 3 : 1));
                return;
            }
            table = TABLES + (level + 4 * (ipa == DATA ? 1 : 0)) * 0x1_0000L & -1L << granule;
            s.put(at, table | 3);
        }
    }

    private static long entry2(SplittableRandom random, int granule) {
        long mask = -1L << granule;
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1, 2 -> TABLES + random.nextInt(TABLE_COUNT) * 0x1_0000L & mask | 3;
            case 3 -> random.nextLong() & 0xffff_ffff_ffffL;
            default -> {
                long attributes = random.nextLong() & (1L << 51 | 3L << 53 | 3 << 8 | 15 << 2);
                if (random.nextBoolean()) {
                    attributes |= 15 << 2;
                }
                attributes |=
                        (long) random.nextInt(4) << 6 | (random.nextInt(4) == 0 ? 0 : 1 << 10);
                long to = random.nextInt(6) == 0 ? 0x900_0000L : DATA + random.nextInt(2 << 20);
                yield to & mask | attributes | (random.nextBoolean() ? 3 : 1);
            }
        };
    }

    private static long entry1(SplittableRandom random) {
        long flags = random.nextLong() & (1L << 51 | 3L << 53 | 3 << 8 | 3 << 6 | 3 << 2 | 1 << 11);
        flags |= random.nextInt(3) == 0 ? 0 : 1 << 10;
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> STAGE1 + random.nextInt(4) * 4096L | 3;
            case 2 -> (RAM & -1L << 30) | flags | 1 << 10 | 1;
            default -> DATA + random.nextInt(2 << 20) & -4096L | flags | 3;
        };
    }

    /** Changes an entry, which TLBs go on to have as it was. */
    private static void mutate(NestedSides s, SplittableRandom random) {
        if (random.nextInt(4) != 0) {
            return;
        }
        long at =
                random.nextBoolean()
                        ? TABLES + random.nextInt(TABLE_COUNT) * 0x1_0000L
                        : random.nextInt(3) == 0 ? ROOT : STAGE1;
        long slot = at + random.nextInt(512) * 8L;
        s.put(slot, at == STAGE1 ? entry1(random) : entry2(random, 12));
    }

    private static int access(NestedSides s, SplittableRandom random, int i) {
        long va =
                switch (random.nextInt(6)) {
                    case 0 -> random.nextLong() & 0xffff_ffff_ffffL;
                    case 1 -> random.nextLong() & 0x1f_ffff_ffffL;
                    case 2 -> CODE;
                    case 3 -> STAGE1 + random.nextInt(4096);
                    default -> DATA + random.nextInt(1 << 22);
                };
        if (random.nextInt(4) == 0) {
            va |= 0xffc;
        }
        if (random.nextInt(4) != 0) {
            va &= -16;
        }
        s.setX(0, va);
        s.setX(1, random.nextLong());
        boolean user = random.nextInt(4) == 0;
        long pstate = Spsr.DAIF | (user ? 0 : 5) | (random.nextInt(4) == 0 ? Spsr.PAN : 0);
        int n = random.nextInt(INSTRUCTIONS);
        boolean on = (s.bare.readRegister(SysReg.SCTLR_EL1) & 1) != 0;
        long pc = on && random.nextBoolean() ? va & -4 : CODE + n * 4L;
        long before = s.bare.readRegister(SysReg.HCR_EL2);
        long[][] states = s.step(pstate, pc);
        assertThat(states[1])
                .as(
                        "step %d: PC 0x%x instruction %d VA 0x%x PSTATE 0x%x HCR 0x%x VTCR 0x%x SCTLR"
                                + " 0x%x%n bare:%s%n hosted:%s",
                        i,
                        pc,
                        n,
                        va,
                        pstate,
                        before,
                        s.bare.readRegister(SysReg.VTCR_EL2),
                        s.bare.readRegister(SysReg.SCTLR_EL1),
                        NestedSides.describe(states[0], states[1]),
                        NestedSides.describe(states[1], states[0]))
                .isEqualTo(states[0]);
        return (states[0][3] & 12) == 8 ? 1 : 0;
    }
}
