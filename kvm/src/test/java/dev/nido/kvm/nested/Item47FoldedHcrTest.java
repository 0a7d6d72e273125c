package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CptrEl2;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/** While the guest's guest executes, the PE's EL2 has the guest's controls and L0's own. */
class Item47FoldedHcrTest {

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void areTheUnion(Feature nesting, boolean e2h) {
        SplittableRandom random = new SplittableRandom(47);
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            for (int i = 0; i < 500; i++) {
                long own = random.nextLong() & random.nextLong() & ~HcrEl2.VSE;
                rig.vcpu
                        .nested()
                        .switchContext(() -> {
                            rig.vcpu.setPstate(0x3c9);
                            rig.vcpu.writeSys(SysReg.HCR_EL2, 0);
                        });
                rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c5));
                long base = rig.cpu.read(SysReg.HCR_EL2);
                rig.vcpu
                        .nested()
                        .switchContext(() -> {
                            rig.vcpu.writeSys(SysReg.HCR_EL2, own);
                            rig.vcpu.setPstate(0x3c5);
                        });
                long hcr = rig.cpu.read(SysReg.HCR_EL2);
                long effective = HcrEl2.effective(rig.model, own);
                long merged = effective & ~(HcrEl2.TGE | HcrEl2.E2H);
                // Without the routing that makes them pending they are nothing.
                merged &= (effective & HcrEl2.IMO) == 0 ? ~HcrEl2.VI : -1;
                merged &= (effective & HcrEl2.FMO) == 0 ? ~HcrEl2.VF : -1;
                assertThat(hcr).isEqualTo(base | merged);
                // What the guest's CPU lacks reaches nothing: NV above all.
                assertThat(hcr & (HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2 | HcrEl2.TGE)).isZero();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "true, 0x0, 0",
        "true, 0x100000, 1",
        "true, 0x300000, 3",
        "false, 0x33ff, 3",
        "false, 0x37ff, 0"
    })
    void theGuestsFpTrapIsThePes(boolean e2h, long cptr, int fpen) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(Feature.NV2, e2h)) {
            rig.vcpu.writeSys(SysReg.CPTR_EL2, cptr);
            assertThat(CptrEl2.fpen(rig.cpu.read(SysReg.CPTR_EL2))).isEqualTo(3);
            rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c5));
            assertThat(CptrEl2.fpen(rig.cpu.read(SysReg.CPTR_EL2))).isEqualTo(fpen);
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2", "NV"})
    void identificationIsTheGuests(Feature nesting) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, true)) {
            long midr = rig.cpu.read(SysReg.VPIDR_EL2);
            rig.vcpu.writeSys(SysReg.VPIDR_EL2, 0x1234);
            rig.vcpu.writeSys(SysReg.VMPIDR_EL2, 0x8000_0003L);
            assertThat(rig.cpu.read(SysReg.VPIDR_EL2)).isEqualTo(midr).isNotEqualTo(0x1234);
            rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c5));
            assertThat(rig.cpu.read(SysReg.VPIDR_EL2)).isEqualTo(0x1234);
            assertThat(rig.cpu.read(SysReg.VMPIDR_EL2)).isEqualTo(0x8000_0003L);
        }
    }
}
