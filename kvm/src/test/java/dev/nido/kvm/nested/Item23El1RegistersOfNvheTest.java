package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;

/** A hypervisor without E2H that writes a register of EL1 prepares its guest, and keeps its own. */
class Item23El1RegistersOfNvheTest {

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void isThatOfEl1WhileEl2RunsWithout(Feature nesting) {
        assertThat(
                        NvheRegisters.amiss(
                                nesting,
                                List.of(
                                        SysReg.SCTLR_EL1,
                                        SysReg.TTBR0_EL1,
                                        SysReg.TTBR1_EL1,
                                        SysReg.TCR_EL1,
                                        SysReg.ESR_EL1,
                                        SysReg.FAR_EL1,
                                        SysReg.AFSR0_EL1,
                                        SysReg.AFSR1_EL1,
                                        SysReg.MAIR_EL1,
                                        SysReg.AMAIR_EL1,
                                        SysReg.CONTEXTIDR_EL1)))
                .isEmpty();
    }
}
