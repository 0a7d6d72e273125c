package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;

/** SPSR_EL1, ELR_EL1 and VBAR_EL1 of a hypervisor without E2H are those of its guest. */
class Item24ExceptionRegistersOfNvheTest {

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void isThatOfEl1WhileEl2RunsWithout(Feature nesting) {
        assertThat(
                        NvheRegisters.amiss(
                                nesting, List.of(SysReg.SPSR_EL1, SysReg.ELR_EL1, SysReg.VBAR_EL1)))
                .isEmpty();
    }
}
