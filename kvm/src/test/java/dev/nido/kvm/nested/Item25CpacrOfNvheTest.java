package dev.nido.kvm.nested;

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
        NvheRegisters.areThoseOfEl1(nesting, List.of(SysReg.CPACR_EL1));
    }
}
