package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SPSR_EL2 in the PE's SPSR_EL1: what software wrote, and what an exception within EL2 left. */
class Item19SpsrEl2Test {

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void readsBackEveryMode(Feature nesting, boolean e2h) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            for (int mode = 0; mode < 32; mode++) {
                long value = 0x6000_03c0L | mode;
                rig.vcpu.writeSys(SysReg.SPSR_EL2, value);
                assertThat(rig.vcpu.readSys(SysReg.SPSR_EL2)).isEqualTo(value);
                rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c5));
                assertThat(rig.vcpu.readSys(SysReg.SPSR_EL2)).isEqualTo(value);
                rig.vcpu.nested().switchContext(() -> rig.vcpu.setPstate(0x3c9));
                assertThat(rig.vcpu.readSys(SysReg.SPSR_EL2)).isEqualTo(value);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void saysEl2AfterAnExceptionWithinIt(Feature nesting, boolean e2h) {
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            for (int sp = 0; sp < 2; sp++) {
                rig.vcpu.setPstate(Spsr.DAIF | 8 | sp);
                rig.vcpu.setPc(0x4000);
                rig.vcpu.nested().entering(rig.cpu.pe());
                rig.cpu.pe().resumeGuest();
                rig.cpu.pe().takeSynchronous(rig.cpu.pe().brk(3));
                rig.cpu.pe().leaveGuest();
                rig.vcpu.nested().exited(rig.cpu.pe());
                assertThat(rig.vcpu.readSys(SysReg.SPSR_EL2)).isEqualTo(Spsr.DAIF | 8 | sp);
                assertThat(rig.vcpu.pstate()).isEqualTo(Spsr.DAIF | 9);
            }
        }
    }
}
