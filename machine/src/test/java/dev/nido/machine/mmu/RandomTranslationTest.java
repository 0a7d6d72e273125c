package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * AT and the actual access against {@link ReferenceTranslation}, over random registers and tables.
 */
class RandomTranslationTest {

    private static final int TABLES = 25_000;
    private static final long TABLE_AREA = MmuRig.RAM + 0x1000_0000L;
    private static final long TABLE2_AREA = MmuRig.RAM + 0x1800_0000L;
    private static final long DATA_AREA = MmuRig.RAM + 0x2000_0000L;
    private static final long[] IPA_BASES = {0, 0x4000_0000L, 0x2_0000_0000L, 0x10_0000_0000L};

    private SplittableRandom random;
    private boolean stage2On;

    /** HCR_EL2.{NV, NV1} are random. */
    private boolean nested;

    @ParameterizedTest
    @ValueSource(strings = {"48", "44", "42", "40", "48,+nv2"})
    void atAndAccessDoWhatTheArchitectureSays(String cpu) {
        String paBits = cpu.substring(0, 2);
        nested = cpu.endsWith("nv2");
        random = new SplittableRandom(0x6e69646fL + Integer.parseInt(paBits));
        Map<String, Integer> outcomes = new TreeMap<>();
        try (MmuRig rig = new MmuRig("default,pa=" + cpu, 1, true)) {
            for (int i = 0; i < TABLES; i++) {
                one(rig, Integer.parseInt(paBits), i, outcomes);
                rig.tlbiEverything();
            }
        }
        // A generator that no longer reaches the interesting outcomes would make this test empty.
        for (int stage = 1; stage <= 2; stage++) {
            // Stage 2 starts at level 0 only with 44 bits or more (VTCR_EL2.SL0).
            int top = stage == 2 && Integer.parseInt(paBits) < 44 ? 1 : 0;
            for (int level = top; level <= 3; level++) {
                assertThat(outcomes).containsKey(stage + ":" + Integer.toHexString(4 + level));
                assertThat(outcomes).containsKey(stage + ":" + Integer.toHexString(0x14 + level));
                if (level > 0) {
                    assertThat(outcomes).containsKey(stage + ":" + Integer.toHexString(8 + level));
                    assertThat(outcomes)
                            .containsKey(stage + ":" + Integer.toHexString(0xc + level));
                }
            }
        }
        assertThat(outcomes.get("ok")).isGreaterThan(TABLES / 5);
        assertThat(outcomes).containsKey("1:21");
        assertThat(outcomes.get("walk")).isGreaterThan(100);
        assertThat(outcomes.get("update")).isPositive();
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    private long tableAddress(int stage) {
        if (chance(2)) {
            return chance(50) ? 0x1000_0000L : 1L << 38 + random.nextInt(10);
        }
        if (stage == 1 && stage2On) {
            return ipa();
        }
        return (stage == 1 ? TABLE_AREA : TABLE2_AREA) + ((long) random.nextInt(8) << 20);
    }

    private long ipa() {
        return IPA_BASES[random.nextInt(IPA_BASES.length)] + ((long) random.nextInt(4) << 20);
    }

    private long descriptor(int stage, int granule, int level) {
        if (chance(3)) {
            return random.nextLong() & ~1L;
        }
        long d = 0;
        if (level < 3 && (level == 0 || chance(70))) {
            for (int bit = 59; bit < 63; bit++) {
                d |= chance(7) ? 1L << bit : 0;
            }
            return d | tableAddress(stage) & -(1L << granule) | 3;
        }
        int shift = granule + (3 - level) * (granule - 3);
        long out;
        if (chance(3)) {
            out = 1L << 30 + random.nextInt(18);
        } else {
            out = stage == 1 && stage2On ? ipa() : DATA_AREA + (random.nextInt(4) << 16);
        }
        d |= out & -(1L << shift) & 0xffff_ffff_ffffL;
        d |= level == 3 && !chance(3) ? 3 : 1;
        d |= chance(85) ? MmuRig.AF : 0;
        d |= chance(50) ? MmuRig.DBM : 0;
        d |= (long) random.nextInt(4) << 8;
        d |= chance(50) ? MmuRig.NG : 0;
        if (stage == 1) {
            d |= (long) random.nextInt(4) << 6;
            d |= chance(15) ? MmuRig.DEVICE : 0;
            d |= chance(25) ? MmuRig.PXN : 0;
            d |= chance(25) ? MmuRig.UXN : 0;
        } else {
            d |= chance(90) ? 15 << 2 : random.nextInt(4) << 2;
            d |= chance(75) ? 3 << 6 : (long) random.nextInt(4) << 6;
            d |= chance(25) ? (long) random.nextInt(4) << 53 : 0;
        }
        return d;
    }

    private long address(int bits, boolean high, boolean tbi) {
        long va = random.nextLong() & 0xffffL;
        va |= (long) random.nextInt(2) << 16 | (long) random.nextInt(4) << 20;
        long sparse = random.nextLong();
        va |= sparse & random.nextLong() & 0xffff_c000_0000L;
        va &= (1L << bits) - 1;
        if (high) {
            va |= -1L << bits;
        }
        if (tbi && chance(50)) {
            va = va & (1L << 56) - 1 | (long) random.nextInt(256) << 56;
        }
        return chance(3) ? va ^ 1L << 40 + random.nextInt(24) : va;
    }

    private static final int[] GRANULES = {12, 14, 16};

    private static final int[] IPS = {32, 36, 40, 42, 44, 48, 48, 48};

    private int tsz() {
        return chance(2) ? random.nextInt(64) : 16 + random.nextInt(32);
    }

    private void one(MmuRig rig, int paBits, int n, Map<String, Integer> outcomes) {
        int regime = random.nextInt(4); // EL1&0 twice
        ReferenceTranslation ref = new ReferenceTranslation(rig, this::descriptor);
        ref.paBits = paBits;
        ref.twoPrivileges = regime != 1;
        ref.twoRanges = regime != 1;
        ref.stage1On = !chance(5);
        ref.user = regime != 1 && chance(40);
        ref.pan = !ref.user && chance(40);
        ref.wxn = chance(30);
        ref.ha = chance(50);
        ref.hd = chance(60);
        ref.mair = MmuRig.MAIR;
        stage2On = regime != 1 && regime != 2 && chance(70);
        ref.stage2On = stage2On;
        int ips = chance(90) ? 5 : random.nextInt(8);
        ref.outputBits = Math.min(paBits, IPS[ips]);
        long tcr = 0;
        for (int h = 0; h < 2; h++) {
            ref.granule[h] = GRANULES[random.nextInt(3)];
            ref.tsz[h] = tsz();
            ref.tbi[h] = chance(50);
            ref.epd[h] = ref.twoRanges && chance(3);
            ref.e0pd[h] = ref.twoRanges && chance(5);
            ref.hpd[h] = chance(30);
            ref.ttbr[h] = tableAddress(1);
        }
        if (regime == 1) {
            tcr =
                    MmuRig.tg0(ref.granule[0]) << 14
                            | ref.tsz[0]
                            | ips << 16
                            | (ref.tbi[0] ? 1 << 20 : 0)
                            | (ref.ha ? 1 << 21 : 0)
                            | (ref.hd ? 1 << 22 : 0)
                            | (ref.hpd[0] ? 1 << 24 : 0);
        } else {
            tcr =
                    MmuRig.tg0(ref.granule[0]) << 14
                            | MmuRig.tg1(ref.granule[1]) << 30
                            | ref.tsz[0]
                            | (long) ref.tsz[1] << 16
                            | (long) ips << 32
                            | (ref.epd[0] ? 1L << 7 : 0)
                            | (ref.epd[1] ? 1L << 23 : 0)
                            | (ref.tbi[0] ? 1L << 37 : 0)
                            | (ref.tbi[1] ? 1L << 38 : 0)
                            | (ref.ha ? 1L << 39 : 0)
                            | (ref.hd ? 1L << 40 : 0)
                            | (ref.hpd[0] ? 1L << 41 : 0)
                            | (ref.hpd[1] ? 1L << 42 : 0)
                            | (ref.e0pd[0] ? 1L << 55 : 0)
                            | (ref.e0pd[1] ? 1L << 56 : 0);
        }
        long sctlr = (ref.stage1On ? 1 : 0) | 4 | 1 << 12 | (ref.wxn ? 1 << 19 : 0);
        boolean el1 = regime != 1 && regime != 2;
        rig.set(el1 ? SysReg.TCR_EL1 : SysReg.TCR_EL2, tcr);
        rig.set(el1 ? SysReg.SCTLR_EL1 : SysReg.SCTLR_EL2, sctlr);
        rig.set(el1 ? SysReg.TTBR0_EL1 : SysReg.TTBR0_EL2, ref.ttbr[0] | 5L << 48);
        rig.set(el1 ? SysReg.TTBR1_EL1 : SysReg.TTBR1_EL2, ref.ttbr[1] | 6L << 48);
        long hcr = 1L << 31;
        int el = ref.user ? 0 : el1 ? 1 : 2;
        if (el1) {
            hcr |= stage2On ? 1 : 0;
            ref.ptw = chance(20);
            hcr |= ref.ptw ? 4 : 0;
            ref.granule2 = GRANULES[random.nextInt(3)];
            ref.startLevel2 = (ref.granule2 == 12 ? 0 : 1) + random.nextInt(3);
            int stride = ref.granule2 - 3;
            int below = ref.granule2 + (3 - ref.startLevel2) * stride;
            int bits = chance(3) ? 20 + random.nextInt(29) : below + 1 + random.nextInt(stride + 4);
            ref.tsz2 = Math.clamp(64 - bits, 16, 63);
            boolean reserved =
                    ref.startLevel2 == 0 && paBits < 44
                            || ref.granule2 == 14 && ref.startLevel2 == 1 && paBits < 42
                            || ref.granule2 == 16 && ref.startLevel2 == 1 && paBits < 44;
            if (reserved) {
                ref.startLevel2++;
                ref.tsz2 = 64 - (below - stride + 1 + random.nextInt(stride + 4));
            }
            int ps = chance(90) ? 5 : random.nextInt(8);
            ref.outputBits2 = Math.min(paBits, IPS[ps]);
            ref.ha2 = chance(50);
            ref.hd2 = chance(50);
            ref.vttbr = tableAddress(2);
            rig.set(
                    SysReg.VTCR_EL2,
                    MmuRig.vtcr(ref.granule2, ref.tsz2, ref.startLevel2) & ~(7L << 16)
                            | (long) ps << 16
                            | (ref.ha2 ? 1 << 21 : 0)
                            | (ref.hd2 ? 1 << 22 : 0));
            rig.set(SysReg.VTTBR_EL2, ref.vttbr | 9L << 48);
            if (nested) {
                hcr |= (long) random.nextInt(4) << 42;
                ref.nv1 = (hcr >>> 42 & 3) == 3;
            }
        } else if (regime == 2) {
            hcr |= 1L << 34 | (ref.user || chance(50) ? 1L << 27 : 0);
        }
        rig.set(SysReg.HCR_EL2, hcr);
        rig.pe.pan = ref.pan;
        boolean high = ref.twoRanges && chance(50);
        int half = high ? 1 : 0;
        long va = address(Math.clamp(64 - ref.tsz[half], 12, 48), high, ref.tbi[half]);
        if (!ref.stage1On && chance(80)) {
            va = stage2On ? ipa() + random.nextInt(1 << 16) : DATA_AREA + random.nextInt(1 << 16);
        }
        int log2 = random.nextInt(4);
        va &= -4L;
        boolean fetch = chance(25);
        if (!fetch && chance(20)) {
            va += random.nextInt(4);
        }
        if ((va & 0xfff) + 8 > 4096) {
            va &= -8L;
        }
        ref.write = !fetch && chance(50);
        String what = "table %d regime %d va 0x%x el %d".formatted(n, regime, va, el);

        if (!fetch) {
            checkAt(rig, ref, va, el1, el, hcr, what);
        }
        ref.probe = false;
        ref.stage1Only = false;
        ref.execute = fetch;
        ref.unaligned = (va & (1L << log2) - 1) != 0 && !fetch;
        ref.translate(va);
        if (!ref.faulted && ref.isDescriptor(ref.pa)) {
            return; // the page maps its own tables
        }
        count(outcomes, ref);
        rig.el(el);
        boolean inRam = rig.memory.contains(ref.pa, 8);
        long secret = random.nextLong();
        if (!ref.faulted && inRam && !ref.write) {
            rig.memory.put64(ref.pa - MmuRig.RAM, secret);
        }
        long at = va;
        long[] loaded = new long[1];
        GuestException abort =
                MmuRig.abortOf(() -> {
                    if (fetch) {
                        rig.mmu.fetch(at);
                    } else if (ref.write) {
                        rig.mmu.store(at, log2, secret, 0);
                    } else {
                        loaded[0] = rig.mmu.load(at, log2, 0);
                    }
                });
        long mask = log2 == 3 ? -1 : (1L << (8 << log2)) - 1;
        if (ref.faulted) {
            assertThat(abort).as(what).isNotNull();
            assertThat(abort.iss & 0x3f).as(what).isEqualTo(ref.status);
            assertThat(abort.exceptionClass).as(what).isEqualTo(fetch ? 0x20 : 0x24);
            assertThat(abort.targetEl).as(what).isEqualTo(ref.stage2 ? 2 : 0);
            assertThat((abort.iss & 0x80) != 0).as(what).isEqualTo(ref.onWalk);
            boolean wnr = ref.onWalk ? ref.onUpdate : ref.write;
            assertThat((abort.iss & 0x40) != 0).as(what).isEqualTo(wnr && !fetch);
            assertThat(abort.far).as(what).isEqualTo(va);
            if (ref.stage2) {
                assertThat(abort.ipaValid).as(what).isTrue();
                assertThat(abort.ipa >>> 12).as(what).isEqualTo(ref.faultIpa >>> 12);
            }
        } else if (!inRam) {
            assertThat(abort).as(what).isNotNull();
            assertThat(abort.iss & 0x3f).as(what).isEqualTo(0x10);
            assertThat(abort.targetEl).as(what).isEqualTo(0);
        } else {
            assertThat(abort == null ? null : Integer.toHexString(abort.iss)).as(what).isNull();
            if (ref.write) {
                assertThat(rig.memory.get64(ref.pa - MmuRig.RAM) & mask)
                        .as(what)
                        .isEqualTo(secret & mask);
            } else if (!fetch) {
                assertThat(loaded[0]).as(what).isEqualTo(secret & mask);
            }
        }
        ref.updates.forEach(
                (pa, d) -> assertThat(rig.at(pa)).as(what + " descriptor").isEqualTo(d));
    }

    private static void count(Map<String, Integer> outcomes, ReferenceTranslation ref) {
        String key =
                ref.faulted ? (ref.stage2 ? 2 : 1) + ":" + Integer.toHexString(ref.status) : "ok";
        outcomes.merge(key, 1, Integer::sum);
        if (ref.onWalk) {
            outcomes.merge("walk", 1, Integer::sum);
        }
        if (ref.onUpdate) {
            outcomes.merge("update", 1, Integer::sum);
        }
    }

    private void checkAt(
            MmuRig rig,
            ReferenceTranslation ref,
            long va,
            boolean el1,
            int el,
            long hcr,
            String what) {
        int w = ref.write ? 1 : 0;
        boolean both = el1 && chance(50);
        int key;
        boolean pan = ref.pan;
        if (both) {
            key = MmuRig.atKey(4, 8, (ref.user ? 6 : 4) + w);
            ref.pan = false;
        } else if (el == 2 && (hcr >>> 27 & 1) == 0) {
            key = MmuRig.atKey(4, 8, w);
            ref.pan = false;
        } else if (ref.user) {
            key = MmuRig.atKey(0, 8, 2 + w);
        } else if (ref.pan) {
            key = MmuRig.atKey(0, 9, w);
        } else {
            key = MmuRig.atKey(0, 8, w);
        }
        ref.probe = true;
        ref.execute = false;
        ref.unaligned = false;
        ref.stage1Only = !both;
        ref.translate(va);
        ref.pan = pan;
        int at = !el1 || both || chance(50) ? 2 : 1;
        rig.el(at);
        rig.set(SysReg.PAR_EL1, 0);
        GuestException abort = MmuRig.abortOf(() -> rig.mmu.at(key, va));
        boolean external = ref.faulted && ref.status >= 0x10 && ref.status < 0x18;
        if (external || ref.faulted && ref.onWalk && at == 1) {
            assertThat(abort).as(what).isNotNull();
            assertThat(abort.iss & 0x3f).as(what).isEqualTo(ref.status);
            assertThat(abort.iss & 0x140).as(what).isEqualTo(0x140);
            assertThat(abort.targetEl).as(what).isEqualTo(ref.stage2 ? 2 : 0);
        } else {
            assertThat(abort).as(what).isNull();
            long par = rig.get(SysReg.PAR_EL1);
            assertThat(par & 1).as(what).isEqualTo(ref.faulted ? 1 : 0);
            if (ref.faulted) {
                assertThat(par >>> 1 & 0x3f).as(what).isEqualTo(ref.status);
                assertThat(par >>> 8 & 1).as(what).isEqualTo(ref.onWalk ? 1 : 0);
                assertThat(par >>> 9 & 1).as(what).isEqualTo(ref.stage2 ? 1 : 0);
            } else {
                assertThat(par & 0xffff_ffff_f000L).as(what).isEqualTo(ref.pa & -4096L);
                assertThat((par >>> 60 & 15) == 0).as(what).isEqualTo(ref.device);
            }
        }
    }
}
