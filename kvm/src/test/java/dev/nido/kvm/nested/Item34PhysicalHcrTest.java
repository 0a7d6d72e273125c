package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CptrEl2;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** HCR_EL2 and CPTR_EL2 of the PE while the guest's EL2 executes. */
class Item34PhysicalHcrTest {

    private static final long BASE =
            HcrEl2.VM
                    | HcrEl2.SWIO
                    | HcrEl2.FMO
                    | HcrEl2.IMO
                    | HcrEl2.AMO
                    | HcrEl2.TACR
                    | HcrEl2.TSC
                    | HcrEl2.TSW
                    | HcrEl2.TIDCP
                    | HcrEl2.TLOR
                    | HcrEl2.TID3
                    | HcrEl2.TID1
                    | HcrEl2.RW
                    | HcrEl2.E2H
                    | HcrEl2.TWI;

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void hasWhatMakesEl1StandForEl2(Feature nesting, boolean e2h) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            long hcr = rig.cpu.read(SysReg.HCR_EL2);
            boolean nv2 = nesting == Feature.NV2;
            assertThat(hcr & BASE).isEqualTo(BASE);
            assertThat(hcr & HcrEl2.NV).isNotZero();
            assertThat(hcr & HcrEl2.AT).isNotZero();
            assertThat(hcr & HcrEl2.TTLB).isNotZero();
            assertThat((hcr & HcrEl2.NV1) != 0).isEqualTo(!e2h);
            assertThat((hcr & HcrEl2.NV2) != 0).isEqualTo(nv2);
            // Those traps would win over the redirection to memory.
            assertThat((hcr & HcrEl2.TVM) != 0).isEqualTo(!e2h && !nv2);
            assertThat((hcr & HcrEl2.TRVM) != 0).isEqualTo(!e2h && !nv2);
            assertThat((rig.cpu.read(SysReg.CPTR_EL2) & CptrEl2.TCPAC) != 0)
                    .isEqualTo(!e2h && !nv2);
            assertThat(hcr & HcrEl2.TGE).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV,false"})
    void mergesNothingOfTheGuestsHcr(Feature nesting, boolean e2h) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            long before = rig.cpu.read(SysReg.HCR_EL2);
            rig.vcpu.writeSys(
                    SysReg.HCR_EL2, HcrEl2.TWE | HcrEl2.TDZ | HcrEl2.TPU | HcrEl2.DC | HcrEl2.VI);
            rig.vcpu.nested().written(SysReg.HCR_EL2);
            assertThat(rig.cpu.read(SysReg.HCR_EL2)).isEqualTo(before);
        }
    }
}
