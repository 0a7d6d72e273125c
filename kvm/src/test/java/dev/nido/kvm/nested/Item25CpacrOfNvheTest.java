package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.List;

/** CPACR_EL1 of a hypervisor without E2H is that of its guest. */
class Item25CpacrOfNvheTest {

    @ParameterizedTest
    @EnumSource(
            value = Feature.class,
            names = {"NV", "NV2"})
    void isThatOfEl1WhileEl2RunsWithout(Feature nesting) {
        assertThat(NvheRegisters.amiss(nesting, List.of(SysReg.CPACR_EL1))).isEmpty();
    }
}
