package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** EL2t and EL2h are EL1t and EL1h in the PE, and nowhere else. */
class Item22ModeOfVirtualEl2Test {

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void isChangedAtEntryAndBackAtExit(Feature nesting, boolean e2h) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            for (int mode : new int[] {8, 9}) {
                rig.vcpu.setPstate(0x3c0 | mode);
                rig.vcpu.nested().entering(rig.cpu.pe());
                assertThat(rig.cpu.read(SysReg.SPSR_EL2)).isEqualTo(0x3c0 | mode - 4);
                rig.cpu.pe().resumeGuest();
                assertThat(rig.cpu.pe().el).isEqualTo(1);
                assertThat(rig.cpu.pe().shownEl()).isEqualTo(2);
                rig.cpu.pe().leaveGuest();
                rig.vcpu.nested().exited(rig.cpu.pe());
                assertThat(rig.vcpu.pstate()).isEqualTo(0x3c0 | mode);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV,false"})
    void onlyASwitchLeavesHypContext(Feature nesting, boolean e2h) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            rig.vcpu.setPstate(Spsr.DAIF | 5);
            assertThatThrownBy(() -> rig.vcpu.nested().entering(rig.cpu.pe()))
                    .isInstanceOf(IllegalStateException.class);
            rig.vcpu.setPstate(Spsr.DAIF | 9);
        }
    }
}
