package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What each fault reports: every type, level, granule and stage (Arm ARM D8.15, ESR_ELx,
 * HPFAR_EL2).
 */
class FaultTest {

    private static final long VA = 0x1234_5678_9000L;
    private static final long PA = MmuRig.RAM + 0x4000_0000L;

    /** 44 bits of PA: the largest input that VTCR_EL2 may ask for. */
    private static final int TSZ2 = 20;

    private static final long NOWHERE = 0x1000_0000L;

    private enum Type {
        TRANSLATION(0x04),
        ADDRESS_SIZE(0x00),
        ACCESS_FLAG(0x08),
        PERMISSION(0x0c),
        EXTERNAL_ON_WALK(0x14);

        final int status;

        Type(int status) {
            this.status = status;
        }

        /** Only a block or page can have it. */
        boolean leaf() {
            return this == ACCESS_FLAG || this == PERMISSION;
        }
    }

    private record Case(int stage, int granule, Type type, int level) {
        /** The level where walks start. */
        int top() {
            return granule == 16 || stage == 2 && granule == 14 ? 1 : 0;
        }
    }

    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int stage = 1; stage <= 2; stage++) {
            for (int granule = 12; granule <= 16; granule += 2) {
                int top = granule == 16 || stage == 2 && granule == 14 ? 1 : 0;
                for (Type type : Type.values()) {
                    for (int level = top; level <= 3; level++) {
                        boolean block = level == 3 || level == 2 || level == 1 && granule == 12;
                        if (block || !type.leaf()) {
                            cases.add(new Case(stage, granule, type, level));
                        }
                    }
                }
            }
        }
        return cases.stream();
    }

    /** A table with one descriptor that is wrong in the given way at the given level. */
    private static MmuRig.Tables build(MmuRig rig, Case c, long address) {
        int bits = c.stage == 2 && c.granule == 14 ? 47 : 48;
        int top = c.top();
        MmuRig.Tables t = rig.new Tables(c.granule, bits, top, 0);
        long good = MmuRig.AF | (c.stage == 2 ? MmuRig.S2_NORMAL : MmuRig.AP_RW);
        int leaf = c.type.leaf() ? c.level : 3;
        long out = PA & -1L << t.shift(leaf);
        long slot = t.map(address, leaf, out, good);
        switch (c.type) {
            case TRANSLATION -> rig.put(t.slot(address, c.level), 0);
            case ADDRESS_SIZE -> {
                if (c.level == 3) {
                    rig.put(slot, rig.at(slot) | 1L << 45);
                } else {
                    rig.put(t.slot(address, c.level), 1L << 45 | 3);
                }
            }
            case ACCESS_FLAG -> rig.put(slot, rig.at(slot) & ~MmuRig.AF);
            case PERMISSION ->
                    rig.put(
                            slot,
                            c.stage == 2 ? rig.at(slot) & ~(3L << 6) : rig.at(slot) | MmuRig.AP_RO);
            case EXTERNAL_ON_WALK -> {
                if (c.level > top) {
                    rig.put(t.slot(address, c.level - 1), NOWHERE | 3);
                }
            }
        }
        return t;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void reportsStatusLevelAndAddresses(Case c) {
        try (MmuRig rig = new MmuRig("default,pa=44", 1, true)) {
            long ipa = 0x123_4567_8000L;
            boolean atTop = c.type == Type.EXTERNAL_ON_WALK && c.level == c.top();
            if (c.stage == 1) {
                MmuRig.Tables t = build(rig, c, VA);
                rig.set(SysReg.TCR_EL1, MmuRig.tcr(c.granule, 16));
                rig.set(SysReg.TTBR0_EL1, atTop ? NOWHERE : t.base());
                rig.set(SysReg.SCTLR_EL1, 5);
            } else {
                // Stage 1 off: the VA is the IPA.
                MmuRig.Tables t = build(rig, c, ipa);
                rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(c.granule, TSZ2, t.startLevel));
                rig.set(SysReg.VTTBR_EL2, atTop ? NOWHERE : t.base());
                rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            }
            rig.mmu.contextChanged();
            long va = c.stage == 1 ? VA : ipa;
            boolean write = c.type == Type.PERMISSION;
            GuestException e =
                    MmuRig.abortOf(() -> {
                        if (write) {
                            rig.mmu.store(va, 3, 0, 0);
                        } else {
                            rig.mmu.load(va, 3, 0);
                        }
                    });
            assertThat(e).isNotNull();
            assertThat(e.exceptionClass).isEqualTo(0x24);
            assertThat(e.iss).isEqualTo(c.type.status + c.level | (write ? 0x40 : 0));
            assertThat(e.far).isEqualTo(va);
            assertThat(e.targetEl).isEqualTo(c.stage == 2 ? 2 : 0);
            assertThat(e.ipaValid).isEqualTo(c.stage == 2);
            if (c.stage == 2) {
                assertThat(e.ipa & -4096L).isEqualTo(va & -4096L);
            }
            if (c.type != Type.PERMISSION) {
                GuestException fetch = MmuRig.abortOf(() -> rig.mmu.fetch(va));
                assertThat(fetch.exceptionClass).isEqualTo(0x20);
                assertThat(fetch.iss).isEqualTo(c.type.status + c.level);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("walkCases")
    void stage2FaultOfAStage1WalkIsMarked(Case c) {
        try (MmuRig rig = new MmuRig()) {
            // Stage-1 tables at IPAs 1 GiB above their PAs; only the table of one level misses.
            long bias = -0x4000_0000L;
            MmuRig.Tables s1 =
                    rig.new Tables(c.granule, 48, MmuRig.startLevel(c.granule, 48), bias);
            s1.map(VA, 3, PA, MmuRig.AF);
            MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
            for (long at = 0; at < 0x400_0000; at += 0x1000) {
                long pa = MmuRig.TABLES + at;
                s2.map(pa - bias, 3, pa, MmuRig.S2_NORMAL);
            }
            long ipa = s1.slot(VA, c.level) - bias;
            rig.put(
                    s2.slot(ipa, 3),
                    c.type == Type.TRANSLATION
                            ? 0
                            : rig.at(s2.slot(ipa, 3))
                                    & (c.type == Type.ACCESS_FLAG ? ~MmuRig.AF : ~(3L << 6)));
            rig.set(SysReg.TCR_EL1, MmuRig.tcr(c.granule, 16));
            rig.set(SysReg.TTBR0_EL1, s1.base());
            rig.set(SysReg.SCTLR_EL1, 5);
            rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
            rig.set(SysReg.VTTBR_EL2, s2.base());
            rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            rig.mmu.contextChanged();
            for (boolean write : new boolean[] {false, true}) {
                GuestException e =
                        MmuRig.abortOf(() -> {
                            if (write) {
                                rig.mmu.store(VA + 8, 3, 0, 0);
                            } else {
                                rig.mmu.load(VA + 8, 3, 0);
                            }
                        });
                // WnR is 0: the walk reads.
                assertThat(e.iss).isEqualTo(c.type.status + 3 | 0x80);
                assertThat(e.far).isEqualTo(VA + 8);
                assertThat(e.targetEl).isEqualTo(2);
                assertThat(e.ipa).isEqualTo(ipa);
            }
            GuestException e = MmuRig.abortOf(() -> rig.mmu.fetch(VA));
            assertThat(e.exceptionClass).isEqualTo(0x20);
            assertThat(e.iss).isEqualTo(c.type.status + 3 | 0x80);
        }
    }

    static Stream<Case> walkCases() {
        return cases().filter(c ->
                c.stage == 1
                        && (c.type == Type.TRANSLATION
                                || (c.type == Type.ACCESS_FLAG || c.type == Type.PERMISSION)));
    }

    @Test
    void nothingAtTheAddressIsAnExternalAbort() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = rig.stage1(12, 48);
            t.map(VA, 3, NOWHERE, MmuRig.AF);
            GuestException e = MmuRig.abortOf(() -> rig.mmu.load(VA, 2, 0));
            assertThat(e.iss).isEqualTo(0x10);
            assertThat(e.far).isEqualTo(VA);
            assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 2, 0, 0)).iss).isEqualTo(0x50);
            assertThat(MmuRig.abortOf(() -> rig.mmu.fetch(VA)).iss).isEqualTo(0x10);
        }
    }

    @Test
    void addressesOutsideTheRangesFaultAtLevel0() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = rig.stage1(12, 39);
            t.map(0, 3, PA, MmuRig.AF);
            t.map(-4096, 3, PA, MmuRig.AF);
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(0, 3, 0))).isNull();
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(-8, 3, 0))).isNull();
            for (long va :
                    new long[] {1L << 39, 1L << 55, 1L << 56, -1L << 40, 0xff_ffff_ffff_f000L}) {
                assertThat(MmuRig.abortOf(() -> rig.mmu.load(va, 3, 0)).iss)
                        .as("0x%x", va)
                        .isEqualTo(4);
            }
            rig.set(SysReg.TCR_EL1, rig.get(SysReg.TCR_EL1) | 3L << 37); // TBI0, TBI1
            rig.mmu.contextChanged();
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(0xab00_0000_0000_0000L, 3, 0))).isNull();
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(0xabff_ffff_ffff_f000L, 3, 0))).isNull();
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(1L << 39, 3, 0)).iss).isEqualTo(4);
        }
    }

    @Test
    void misalignedPcIsNotTranslated() {
        try (MmuRig rig = new MmuRig()) {
            rig.stage1(12, 48);
            GuestException e = MmuRig.abortOf(() -> rig.mmu.fetch(VA + 2));
            assertThat(e.exceptionClass).isEqualTo(0x22);
            assertThat(e.iss).isZero();
            assertThat(e.far).isEqualTo(VA + 2);
        }
    }

    @Test
    void stage2SizesThatMakeNoSenseFaultAtLevel0() {
        try (MmuRig rig = new MmuRig("default,pa=40", 1, true)) {
            rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            rig.set(SysReg.VTTBR_EL2, rig.allocate(1 << 16, 1 << 16));
            // T0SZ, SL0, TG0: input larger than PA; start level 0 on 40 bits; level 3 for 30 bits;
            // reserved.
            long[] wrong = {
                16 | 1 << 6, 24 | 2 << 6, 34 | 3 << 6, 24 | 2 << 6 | 2 << 14, 24 | 3 << 6 | 1 << 14
            };
            for (long vtcr : wrong) {
                rig.set(SysReg.VTCR_EL2, vtcr | 5 << 16);
                rig.mmu.contextChanged();
                GuestException e = MmuRig.abortOf(() -> rig.mmu.load(0x1000, 3, 0));
                assertThat(e.iss).as("0x%x", vtcr).isEqualTo(4);
                assertThat(e.targetEl).isEqualTo(2);
            }
            // 40 bits from level 1: two concatenated tables.
            rig.set(SysReg.VTCR_EL2, 24 | 1 << 6 | 5 << 16);
            rig.mmu.contextChanged();
            assertThat(MmuRig.abortOf(() -> rig.mmu.load(0x1000, 3, 0)).iss).isEqualTo(5);
        }
    }
}
