package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** EL2 registers of a hypervisor without E2H in the layout of the EL1 registers that it runs on. */
class Item17NvheTranslationTest {

    @ParameterizedTest
    @CsvSource({
        // field of TCR_EL2: lowest bit, width; where it is in TCR_EL1
        "0, 6, 0", "8, 2, 8", "10, 2, 10", "12, 2, 12", "14, 2, 14", "16, 3, 32", "20, 1, 37",
        "21, 1, 39", "22, 1, 40", "24, 1, 41", "25, 4, 43", "29, 1, 51", "30, 1, 57", "32, 1, 59"
    })
    void tcr(int from, int width, int to) {
        long ones = (1L << width) - 1;
        assertThat(El2Translation.tcr(ones << from)).isEqualTo(ones << to | 1L << 23);
    }

    @Test
    void tcrHasNothingElse() {
        assertThat(El2Translation.tcr(0)).isEqualTo(1L << 23);
        assertThat(El2Translation.tcr(0x8080_0000L)).isEqualTo(1L << 23);
    }

    @ParameterizedTest
    @CsvSource({
        "0x33ff, 0x300000",
        "0x0, 0x300000",
        "0x100000, 0x10300000",
        "0x400, 0x0",
        "0x80000000, 0x80300000",
        "0x40000000, 0x40300000"
    })
    void cptr(long cptr, long cpacr) {
        assertThat(El2Translation.cptr(cptr)).isEqualTo(cpacr);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 6, 12, 19, 21, 25, 44})
    void sctlrKeeps(int bit) {
        long rest = El2Translation.sctlr(0);
        assertThat(El2Translation.sctlr(1L << bit)).isEqualTo(rest | 1L << bit);
    }

    @Test
    void sctlrNeverSetsPanOnAnException() {
        assertThat(El2Translation.sctlr(0)).isEqualTo(0x30d0_0800L);
        assertThat(El2Translation.sctlr(1L << 4 | 1L << 9 | 1L << 14)).isEqualTo(0x30d0_0800L);
    }

    @Test
    void ttbr0HasNoAsid() {
        assertThat(El2Translation.ttbr0(-1L)).isEqualTo(0xffff_ffff_ffffL);
    }

    @ParameterizedTest
    @CsvSource({"NV2", "NV"})
    void thePeHasTheTranslationAndTheGuestReadsWhatItWrote(Feature nesting) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, false)) {
            long tcr = 0x8080_0000L | 1 << 24 | 25 | 5 << 16;
            rig.vcpu.writeSys(SysReg.TCR_EL2, tcr);
            rig.vcpu.writeSys(SysReg.TTBR0_EL2, 0xabcd_0000_4012_3001L);
            assertThat(rig.vcpu.readSys(SysReg.TCR_EL2)).isEqualTo(tcr);
            assertThat(rig.vcpu.readSys(SysReg.TTBR0_EL2)).isEqualTo(0xabcd_0000_4012_3001L);
            assertThat(rig.cpu.read(SysReg.TCR_EL1)).isEqualTo(El2Translation.tcr(tcr));
            assertThat(rig.cpu.read(SysReg.TTBR0_EL1)).isEqualTo(0x4012_3001L);
        }
    }
}
