package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.HostedGuest;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.SplittableRandom;

/** The walk of L1's stage 2, against the facts about its faults, and against a PE that walks. */
class Item39GuestStage2WalkTest {

    private static final long RAM = NestedSides.RAM;
    private static final long ROOT = RAM + 0x10_0000;
    private static final long TABLE = RAM + 0x20_0000;
    private static final long DATA = RAM + 0x40_0000;
    private static final long AF = 1 << 10;
    private static final long LEAF = 15 << 2 | 3 << 6 | 3 << 8 | AF;
    private static final long HA = 1 << 21;

    private static NestedSides sides(String cpu) {
        return new NestedSides(Feature.NV2, CpuModel.parse(cpu), 12, false);
    }

    private static long vtcr(int granule, int bits, int start, int ps) {
        int sl0 = granule == 12 ? (start == 3 ? 3 : 2 - start) : 3 - start;
        long tg0 = granule == 16 ? 1 : granule == 14 ? 2 : 0;
        return 1L << 31 | 64 - bits | (long) sl0 << 6 | tg0 << 14 | (long) ps << 16;
    }

    private static int shift(int granule, int level) {
        return granule + (3 - level) * (granule - 3);
    }

    /** Makes the tables for an address down to a level, and puts an entry there. */
    private static void put(
            NestedSides s, int granule, int start, int level, long ipa, long entry) {
        long table = ROOT;
        for (int l = start; ; l++) {
            long mask = l == start ? 0x1ffff : (1L << granule - 3) - 1;
            long at = table + ((ipa >>> shift(granule, l) & mask) << 3);
            if (l == level) {
                s.put(at, entry);
                return;
            }
            table = TABLE + l * 0x1_0000L;
            s.put(at, table | 3);
        }
    }

    private static GuestStage2Walk walk(NestedSides s) {
        return s.vcpu.nested().shadowFaults().walk();
    }

    /** What a PE reports: the status, or −1 − address. */
    private static long onPe(NestedSides s, long vttbr, long vtcr, long ipa) {
        s.bare.writeRegister(SysReg.VTTBR_EL2, vttbr);
        s.bare.writeRegister(SysReg.VTCR_EL2, vtcr);
        s.bare.writeRegister(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.VM | HcrEl2.E2H);
        s.bare.writeRegister(SysReg.SCTLR_EL1, 0);
        try {
            s.bare.systemInstruction(SystemOperation.AT_S12E1R.key(), ipa);
        } catch (GuestException e) {
            return e.iss & 0x3f;
        }
        long par = s.bare.readRegister(SysReg.PAR_EL1);
        return (par & 1) != 0 ? par >>> 1 & 0x3f : -1 - (par & 0xffff_ffff_f000L | ipa & 0xfff);
    }

    private static long byWalk(NestedSides s, long vttbr, long vtcr, long ipa) {
        GuestStage2Walk w = walk(s);
        if (!w.walk(vttbr, vtcr, ipa)) {
            return w.status();
        }
        return (w.rights(false) & GuestStage2Walk.READ) == 0
                ? Esr.FSC_PERMISSION + w.level()
                : -1 - w.pa();
    }

    private static void check(NestedSides s, long vtcr, long ipa, long expected) {
        assertThat(byWalk(s, ROOT, vtcr, ipa)).isEqualTo(expected);
        assertThat(onPe(s, ROOT, vtcr, ipa)).as("on a PE").isEqualTo(expected);
    }

    /** Granule, input bits, start level: each fault at each level, and the leaf if there is one. */
    @ParameterizedTest
    @CsvSource({
        "12, 48, 0",
        "12, 40, 1",
        "12, 39, 1",
        "12, 32, 2",
        "14, 48, 1",
        "14, 36, 2",
        "16, 42, 2",
        "16, 48, 1"
    })
    void everyFaultAtEveryLevel(int granule, int bits, int start) {
        try (NestedSides s = sides("default,-e2h0,pa=48")) {
            long vtcr = vtcr(granule, bits, start, 5);
            long narrow = vtcr(granule, bits, start, 1); // 36 bits out
            long ipa = 0x1234_5678L;
            for (int level = start; level <= 3; level++) {
                put(s, granule, start, level, ipa, 0);
                check(s, vtcr, ipa, Esr.FSC_TRANSLATION + level);
                boolean leaf = level == 3 || level == 2 || level == 1 && granule == 12;
                long block = level == 3 ? 3 : 1;
                if (level == 3) {
                    put(s, granule, start, level, ipa, DATA | LEAF | 1);
                    check(s, vtcr, ipa, Esr.FSC_TRANSLATION + level);
                } else {
                    put(s, granule, start, level, ipa, 0x900_0000L | 3);
                    check(s, vtcr, ipa, Esr.FSC_EXTERNAL_ON_WALK + level + 1);
                    put(s, granule, start, level, ipa, 1L << 40 | 3);
                    check(s, narrow, ipa, Esr.FSC_ADDRESS_SIZE + level);
                }
                if (!leaf) {
                    put(s, granule, start, level, ipa, LEAF | 1);
                    check(s, vtcr, ipa, Esr.FSC_TRANSLATION + level);
                    continue;
                }
                put(s, granule, start, level, ipa, 1L << 40 | LEAF | block);
                check(s, narrow, ipa, Esr.FSC_ADDRESS_SIZE + level);
                put(s, granule, start, level, ipa, LEAF & ~AF | block);
                check(s, vtcr, ipa, Esr.FSC_ACCESS_FLAG + level);
                long offset = ipa & (1L << shift(granule, level)) - 1;
                check(s, vtcr | HA, ipa, -1 - offset);
                long to = 0x4000_0000L & -1L << shift(granule, level);
                put(s, granule, start, level, ipa, to | LEAF | block);
                check(s, vtcr, ipa, -1 - (to | offset));
                GuestStage2Walk w = walk(s);
                assertThat(w.level()).isEqualTo(level);
                assertThat(w.size()).isEqualTo(1L << shift(granule, level));
                put(s, granule, start, level, ipa, to | LEAF & ~(1 << 6) | block);
                check(s, vtcr, ipa, Esr.FSC_PERMISSION + level);
            }
            if (bits < 48) {
                check(s, vtcr, 1L << bits, Esr.FSC_TRANSLATION);
            }
            assertThat(byWalk(s, ROOT | 1L << 40, narrow, ipa)).isEqualTo(Esr.FSC_ADDRESS_SIZE);
            assertThat(onPe(s, ROOT | 1L << 40, narrow, ipa)).isEqualTo(Esr.FSC_ADDRESS_SIZE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pa=40", "pa=42", "pa=44", "pa=48", "pa=48,-ttst", "pa=44,-hafdbs"})
    void everyVtcrMeansWhatItMeansToAPe(String model) {
        SplittableRandom random = new SplittableRandom(39);
        try (NestedSides s = sides("default,-e2h0," + model)) {
            int good = 0;
            for (int i = 0; i < 4000; i++) {
                long vtcr = random.nextLong() & 0x6f_ffffL | 1L << 31;
                if (random.nextBoolean()) {
                    int granule = 12 + 2 * random.nextInt(3);
                    int bits = 25 + random.nextInt(24);
                    int levels = (bits - granule - 1 - random.nextInt(4)) / (granule - 3);
                    vtcr = vtcr(granule, bits, Math.clamp(3 - levels, 0, 3), random.nextInt(8));
                    vtcr |= random.nextLong() & (3L << 21);
                }
                if (i % 50 == 0) {
                    fill(s, random);
                }
                long ipa = random.nextLong() >>> 64 - s.model.paBits() + random.nextInt(30);
                long vttbr = random.nextInt(10) == 0 ? random.nextLong() >>> 16 & -2 : ROOT;
                long expected = onPe(s, vttbr, vtcr, ipa);
                assertThat(byWalk(s, vttbr, vtcr, ipa))
                        .as("VTTBR 0x%x VTCR 0x%x IPA 0x%x", vttbr, vtcr, ipa)
                        .isEqualTo(expected);
                good += expected < 0 ? 1 : 0;
            }
            assertThat(good).isBetween(20, 3900);
            assertThat(s.differentMemory()).as("a walk marks nothing").isEqualTo(-1);
        }
    }

    private static void fill(NestedSides s, SplittableRandom random) {
        for (int i = 0; i < 1500; i++) {
            long table = random.nextInt(3) == 0 ? TABLE + random.nextInt(4) * 0x1_0000L : ROOT;
            long flags = random.nextLong() & (1L << 51 | 3 << 6 | AF) | 15 << 2;
            long entry =
                    switch (random.nextInt(6)) {
                        case 0 -> random.nextLong();
                        case 1, 4 -> DATA + (random.nextInt(1 << 20) & -4096L) | flags | 3;
                        case 2 -> (random.nextLong() & 0xffff_ffe0_0000L) | flags | 1;
                        default -> TABLE + random.nextInt(4) * 0x1_0000L | 3;
                    };
            s.put(table + random.nextInt(random.nextBoolean() ? 8 : 512) * 8L, entry);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void marksWhatHardwareMarksAndOnlyIfNobodyWasFaster(boolean write) {
        try (NestedSides s = sides("default,-e2h0,pa=48")) {
            long vtcr = vtcr(12, 40, 1, 5) | 3 << 21;
            long dbm = 1L << 51;
            long clean = DATA | 15 << 2 | 1 << 6 | 3 << 8 | dbm | 3;
            put(s, 12, 1, 3, 0, clean);
            // A CPU for guest hypervisors has no dirty state; others have.
            CpuModel cpu = CpuModel.parse("default,pa=48");
            GuestStage2Walk w = new GuestStage2Walk(s.vm.slots(), s.vm.ownRam(), cpu);
            assertThat(w.walk(ROOT, vtcr, 0)).isTrue();
            assertThat(w.isClean()).isTrue();
            assertThat(w.isYoung()).isFalse();
            assertThat(w.rights(false) & GuestStage2Walk.WRITE).isNotZero();
            long slot = TABLE + 2 * 0x1_0000L;
            s.vm.ram().put64(slot, clean | 1L << 55);
            assertThat(w.mark(write)).as("changed behind its back").isFalse();
            assertThat(w.walk(ROOT, vtcr, 0)).isTrue();
            assertThat(w.mark(write)).isTrue();
            long expected = clean | 1L << 55 | AF | (write ? 1 << 7 : 0);
            assertThat(s.vm.ram().get64(slot)).isEqualTo(expected);
            assertThat(w.descriptor()).isEqualTo(expected);
            assertThat(w.isClean()).isEqualTo(!write);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "true, 0, true, true", "true, 1, false, true", "true, 2, false, false",
                "true, 3, true, false",
        "false, 0, true, true", "false, 1, true, true", "false, 2, false, false",
                "false, 3, false, false"
    })
    void executionByLevel(boolean xnx, int xn, boolean el1, boolean el0) {
        try (NestedSides s = sides("default,-e2h0,pa=48" + (xnx ? "" : ",-xnx"))) {
            put(s, 12, 1, 3, 0, DATA | LEAF | (long) xn << 53 | 3);
            GuestStage2Walk w = walk(s);
            assertThat(w.walk(ROOT, vtcr(12, 40, 1, 5), 0)).isTrue();
            assertThat((w.rights(false) & GuestStage2Walk.EXECUTE) != 0).isEqualTo(el1);
            assertThat((w.rights(true) & GuestStage2Walk.EXECUTE) != 0).isEqualTo(el0);
        }
    }

    /** A table where the VM has no memory is an external abort, like anything else there. */
    @ParameterizedTest
    @ValueSource(longs = {0x900_0000L, 0x1_0000_0000L})
    void aRootWithoutMemoryIsAnExternalAbortOnTheWalk(long root) {
        try (NestedSides s = sides("default,-e2h0,pa=48")) {
            long vtcr = vtcr(12, 40, 1, 5);
            assertThat(byWalk(s, root, vtcr, 0)).isEqualTo(Esr.FSC_EXTERNAL_ON_WALK + 1);
            assertThat(onPe(s, root, vtcr, 0)).isEqualTo(Esr.FSC_EXTERNAL_ON_WALK + 1);
            assertThat(HostedGuest.RAM).isNotEqualTo(root);
        }
    }
}
