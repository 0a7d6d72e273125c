package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Loads and puts in both contexts leave each register of EL1 and EL2 as it was. */
class Item21RegisterSetsTest {

    private static final List<SysReg> BOTH =
            List.of(
                    SysReg.SCTLR_EL1,
                    SysReg.SCTLR_EL2,
                    SysReg.CPACR_EL1,
                    SysReg.CPTR_EL2,
                    SysReg.TTBR0_EL1,
                    SysReg.TTBR0_EL2,
                    SysReg.TTBR1_EL1,
                    SysReg.TCR_EL1,
                    SysReg.TCR_EL2,
                    SysReg.AFSR0_EL1,
                    SysReg.AFSR0_EL2,
                    SysReg.AFSR1_EL1,
                    SysReg.AFSR1_EL2,
                    SysReg.ESR_EL1,
                    SysReg.ESR_EL2,
                    SysReg.FAR_EL1,
                    SysReg.FAR_EL2,
                    SysReg.MAIR_EL1,
                    SysReg.MAIR_EL2,
                    SysReg.AMAIR_EL1,
                    SysReg.AMAIR_EL2,
                    SysReg.VBAR_EL1,
                    SysReg.VBAR_EL2,
                    SysReg.CONTEXTIDR_EL1,
                    SysReg.SPSR_EL1,
                    SysReg.SPSR_EL2,
                    SysReg.ELR_EL1,
                    SysReg.ELR_EL2,
                    SysReg.SP_EL1,
                    SysReg.SP_EL2,
                    SysReg.CNTKCTL_EL1,
                    SysReg.CNTHCTL_EL2,
                    SysReg.TPIDR_EL1,
                    SysReg.PAR_EL1,
                    SysReg.TPIDR_EL2,
                    SysReg.HPFAR_EL2,
                    SysReg.VTTBR_EL2,
                    SysReg.VTCR_EL2);

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void surviveSwitchesLoadsAndPuts(Feature nesting, boolean e2h) {
        SplittableRandom random = new SplittableRandom(21);
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            Map<SysReg, Long> expected = new EnumMap<>(SysReg.class);
            for (int i = 0; i < 400; i++) {
                for (SysReg r : BOTH) {
                    // CNTHCTL_EL2 and CNTKCTL_EL1 with their event streams off.
                    long value = random.nextLong() & (r.name().startsWith("CNT") ? 0x3 : -1L);
                    rig.vcpu.writeSys(r, value);
                    expected.put(r, value);
                }
                switch (random.nextInt(3)) {
                    case 0 -> rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c5));
                    case 1 -> rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c9));
                    default -> {
                        rig.vcpu.put();
                        rig.vcpu.load(rig.cpu);
                    }
                }
                expected.forEach((r, value) ->
                        assertThat(rig.vcpu.readSys(r)).as(r.name()).isEqualTo(value));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2", "NV"})
    void arePhysicalEl1RegistersOfAHost(Feature nesting) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, true)) {
            rig.vcpu.writeSys(SysReg.TTBR1_EL2, 0x1234_5000);
            rig.vcpu.writeSys(SysReg.TTBR1_EL1, 0x7777_7000);
            rig.vcpu.writeSys(SysReg.CPTR_EL2, 0x8030_0000L);
            rig.vcpu.writeSys(SysReg.CNTHCTL_EL2, 0x0c03);
            assertThat(rig.cpu.read(SysReg.TTBR1_EL1)).isEqualTo(0x1234_5000);
            assertThat(rig.cpu.read(SysReg.CPACR_EL1)).isEqualTo(0x8030_0000L);
            assertThat(rig.cpu.read(SysReg.CNTKCTL_EL1)).isEqualTo(0x0c03);
            rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c5));
            assertThat(rig.cpu.read(SysReg.TTBR1_EL1)).isEqualTo(0x7777_7000);
        }
    }
}
