package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.SplittableRandom;

/** Exceptions into the virtual EL2 leave the state that a PE has after entering its own EL2. */
class Item14VirtualEl2ExceptionsTest {

    private static final int[] MODES = {0, 4, 5, 8, 9};

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void enterAsThePeEntersItsOwn(Feature nesting, boolean e2h) {
        SplittableRandom random = new SplittableRandom(14);
        try (VirtualEl2Rig rig = new VirtualEl2Rig(nesting, e2h)) {
            for (int i = 0; i < 3000; i++) {
                boolean tge = random.nextInt(3) == 0;
                rig.go(Spsr.DAIF | 9, 0x8000);
                rig.set(SysReg.HCR_EL2, tge ? HcrEl2.TGE : HcrEl2.IMO);
                rig.vcpu.nested().written(SysReg.HCR_EL2);
                rig.set(SysReg.SCTLR_EL2, random.nextLong() & (SctlrEl1.SPAN | SctlrEl1.DSSBS));
                rig.set(SysReg.VBAR_EL2, random.nextLong());
                rig.set(SysReg.TCR_EL2, random.nextLong() & (3L << 37 | 1 << 20));
                int mode = MODES[random.nextInt(MODES.length)];
                if (tge && Spsr.el(mode) == 1) {
                    mode = 9;
                }
                long fields = Spsr.NZCV | Spsr.DAIF | Spsr.PAN | Spsr.UAO | Spsr.DIT | Spsr.SSBS;
                long pstate = random.nextLong() & fields | mode;
                long pc = random.nextLong() & ~3L;
                rig.go(pstate, pc);
                assertThat(rig.pcAndPstate()).containsExactly(rig.barePcAndPstate());
                int imm = random.nextInt(1 << 16);
                rig.bare.takeSynchronous(new GuestException(Esr.EC_SMC, imm, 2));
                NestedExceptions.synchronous(rig.vcpu, rig.bare.readRegister(SysReg.ESR_EL2));
                assertThat(rig.pcAndPstate())
                        .as("pstate 0x%x, tge %s", pstate, tge)
                        .containsExactly(rig.barePcAndPstate());
                for (SysReg r : new SysReg[] {SysReg.ESR_EL2, SysReg.SPSR_EL2, SysReg.ELR_EL2}) {
                    assertThat(rig.vcpu.readSys(r))
                            .as("%s from pstate 0x%x", r, pstate)
                            .isEqualTo(rig.bare.readRegister(r));
                }
            }
        }
    }
}
