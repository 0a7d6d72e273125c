package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory types of both stages combined, and what PAR_EL1 says of them. */
class MemoryAttributesTest {

    private static final long VA = 0x7000_0000_0000L;
    private static final long PA = MmuRig.RAM + 0x500_0000L;

    private static MmuRig rig(int mair, long sh1, int memAttr, long sh2, long hcr) {
        MmuRig rig = new MmuRig();
        MmuRig.Tables t = rig.stage1(12, 48);
        rig.set(SysReg.MAIR_EL1, mair);
        MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
        s2.map(MmuRig.RAM, 1, MmuRig.RAM, 15 << 2 | 3 << 6 | 3 << 8 | MmuRig.AF);
        // The page itself apart, so that walks stay in Write-Back memory.
        t.map(VA, 3, PA + (1L << 32), MmuRig.AF | sh1 << 8);
        s2.map(PA + (1L << 32), 3, PA, (long) memAttr << 2 | 3 << 6 | sh2 << 8 | MmuRig.AF);
        rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
        rig.set(SysReg.VTTBR_EL2, s2.base());
        rig.set(SysReg.HCR_EL2, 1L << 31 | 1 | hcr);
        rig.el(2);
        return rig;
    }

    /** Stage-1 MAIR byte, stage-2 MemAttr, result without FWB, result with. */
    @ParameterizedTest
    @CsvSource({
        "ff, f, ff, ff",
        "ff, 5, 44, 44",
        "ff, a, bb, 08",
        "ff, 7, 4f, ff",
        "ff, d, f4, 44",
        "44, f, 44, 44",
        "44, 6, 44, ff",
        "bb, f, bb, bb",
        "ff, 0, 00, 00",
        "ff, 1, 04, 04",
        "ff, 2, 08, 08",
        "ff, 3, 0c, 0c",
        "00, f, 00, 00",
        "04, 3, 04, 04",
        "0c, 1, 04, 04",
        "04, 6, 04, ff",
        "04, 5, 04, 04",
        "04, 7, 04, 04",
    })
    void stagesCombine(String stage1, String memAttr, String plain, String forced) {
        int mair = Integer.parseInt(stage1, 16);
        int attr = Integer.parseInt(memAttr, 16);
        for (int fwb = 0; fwb < 2; fwb++) {
            try (MmuRig rig = rig(mair, 3, attr, 3, fwb == 0 ? 0 : 1L << 46)) {
                rig.mmu.at(MmuRig.atKey(4, 8, 4), VA);
                long par = rig.get(SysReg.PAR_EL1);
                assertThat(par & 1).isZero();
                assertThat(Long.toHexString(par >>> 56 | 0x100).substring(1))
                        .isEqualTo(fwb == 0 ? plain : forced);
                assertThat(par & 0xffff_ffff_f000L).isEqualTo(PA);
                rig.mmu.at(MmuRig.atKey(0, 8, 0), VA);
                par = rig.get(SysReg.PAR_EL1);
                assertThat(par >>> 56).isEqualTo(mair);
                assertThat(par & 0xffff_ffff_f000L).as("an IPA").isEqualTo(PA + (1L << 32));
            }
        }
    }

    /** SH of both stages and of the result. */
    @ParameterizedTest
    @CsvSource({"0, 0, 0", "0, 3, 3", "3, 0, 3", "3, 2, 2", "2, 0, 2", "0, 2, 2", "3, 3, 3"})
    void widestShareabilityWins(long sh1, long sh2, long result) {
        try (MmuRig rig = rig(0xff, sh1, 15, sh2, 0)) {
            rig.mmu.at(MmuRig.atKey(4, 8, 4), VA);
            assertThat(rig.get(SysReg.PAR_EL1) >>> 7 & 3).isEqualTo(result);
        }
    }

    @Test
    void parOfASuccessIsExact() {
        try (MmuRig rig = rig(0xff, 3, 15, 3, 0)) {
            rig.mmu.at(MmuRig.atKey(4, 8, 4), VA + 0x123);
            // ATTR ff, PA, bit 11 RES1, NS, SH inner
            assertThat(rig.get(SysReg.PAR_EL1)).isEqualTo(0xffL << 56 | PA | 0xb80);
        }
        try (MmuRig rig = rig(0x04, 3, 15, 3, 0)) {
            rig.mmu.at(MmuRig.atKey(4, 8, 4), VA);
            assertThat(rig.get(SysReg.PAR_EL1)).as("Device").isEqualTo(4L << 56 | PA | 0xb00);
        }
    }

    @Test
    void parOfAFaultIsExact() {
        try (MmuRig rig = rig(0xff, 3, 15, 3, 0)) {
            rig.mmu.at(MmuRig.atKey(0, 8, 0), VA + 0x1000);
            assertThat(rig.get(SysReg.PAR_EL1)).isEqualTo(0x801 | 7 << 1);
            rig.mmu.at(MmuRig.atKey(4, 8, 6), VA);
            assertThat(rig.get(SysReg.PAR_EL1)).as("EL0").isEqualTo(0x801 | 0xf << 1);
            // Stage 2, then stage 2 on the walk.
            rig.tlbiEverything();
            rig.set(SysReg.VTTBR_EL2, rig.allocate(4096, 4096));
            rig.mmu.contextChanged();
            rig.mmu.at(MmuRig.atKey(4, 8, 4), VA);
            assertThat(rig.get(SysReg.PAR_EL1)).isEqualTo(0x801 | 1 << 9 | 1 << 8 | 4 << 1);
        }
    }

    @Test
    void cachesOffMakesNormalMemoryNonCacheable() {
        try (MmuRig rig = rig(0xff, 3, 15, 3, 0)) {
            rig.set(SysReg.SCTLR_EL1, 1);
            rig.mmu.at(MmuRig.atKey(0, 8, 0), VA);
            assertThat(rig.get(SysReg.PAR_EL1) >>> 56).isEqualTo(0x44);
            assertThat(rig.get(SysReg.PAR_EL1) >>> 7 & 3).isEqualTo(2);
        }
    }
}
