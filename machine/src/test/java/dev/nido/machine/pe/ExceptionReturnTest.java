package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** ERET, legal and illegal (Arm ARM D1.4). */
class ExceptionReturnTest {

    private final PeFixture f = new PeFixture();
    private final Pe pe = f.pe;

    @AfterEach
    void close() {
        f.close();
    }

    @ParameterizedTest(name = "from EL{0} with M={1}, TGE={2}: legal {3}")
    @CsvSource({
        "2,0,0,true", "2,4,0,true", "2,5,0,true", "2,8,0,true", "2,9,0,true", "1,0,0,true",
        "1,4,0,true", "1,5,0,true", "1,8,0,false", "1,9,0,false", "2,12,0,false", "2,13,0,false",
        "2,1,0,false", "2,2,0,false", "2,6,0,false", "2,16,0,false", "2,4,1,false", "2,5,1,false",
        "2,0,1,true", "2,9,1,true"
    })
    void targetIsCheckedAgainstMode(int from, int mode, int tge, boolean legal) {
        f.set(SysReg.HCR_EL2, tge == 1 ? HcrEl2.TGE : 0).at(from);
        f.set(from == 2 ? SysReg.SPSR_EL2 : SysReg.SPSR_EL1, 0x6000_0280L | mode);
        f.set(from == 2 ? SysReg.ELR_EL2 : SysReg.ELR_EL1, 0x1234_5678L);
        pe.exceptionReturn();
        assertThat(pe.pc).isEqualTo(0x1234_5678L);
        assertThat(pe.nzcv).isEqualTo(0x6000_0000);
        assertThat(pe.daif).isEqualTo(0x280);
        assertThat(pe.il).isEqualTo(!legal);
        assertThat(pe.el).isEqualTo(legal ? mode >> 2 : from);
        assertThat(pe.spSel).isEqualTo(legal ? mode & 1 : 1);
    }

    @Test
    void returnToEl2IsIllegalWhereItIsAbsent() {
        try (PeFixture guest = new PeFixture("default", 1)) {
            guest.set(SysReg.SPSR_EL1, 9);
            guest.pe.exceptionReturn();
            assertThat(guest.pe.il).isTrue();
            assertThat(guest.pe.el).isEqualTo(1);
        }
    }

    @Test
    void restoresAllFieldsAndTheStackPointer() {
        f.at(2);
        pe.x[Pe.SP] = 0x222;
        pe.sys[SysReg.SP_EL1.ordinal()] = 0x111;
        f.set(SysReg.SPSR_EL2, Spsr.DIT | Spsr.UAO | Spsr.PAN | Spsr.IL | Spsr.SSBS | 5);
        pe.exceptionReturn();
        assertThat(pe.dit && pe.uao && pe.pan && pe.il && pe.ssbs).isTrue();
        assertThat(pe.ss).as("software step is off").isFalse();
        assertThat(pe.x[Pe.SP]).isEqualTo(0x111);
        assertThat(f.sys(SysReg.SP_EL2)).isEqualTo(0x222);
        assertThat(pe.eventRegister).isTrue();
    }

    @Test
    void tagsOfTheAddressAreDroppedWhereTcrIgnoresThem() {
        f.set(SysReg.TCR_EL1, 1L << 37).at(2);
        f.set(SysReg.SPSR_EL2, 0).set(SysReg.ELR_EL2, 0x5a00_0000_0040_0000L);
        pe.exceptionReturn();
        assertThat(pe.pc).isEqualTo(0x40_0000L);
        f.at(2);
        f.set(SysReg.ELR_EL2, 0x5aff_0000_0040_0000L);
        pe.exceptionReturn();
        assertThat(pe.pc).as("TBI1 is clear").isEqualTo(0x5aff_0000_0040_0000L);
    }

    @Test
    void unmaskingHasTheEngineLookForInterrupts() {
        f.set(SysReg.HCR_EL2, HcrEl2.VI | HcrEl2.IMO).at(2);
        pe.clearAttention(-1);
        f.set(SysReg.SPSR_EL2, 5);
        pe.clearAttention(-1);
        pe.exceptionReturn();
        assertThat(pe.attention & Pe.ATTENTION_INTERRUPT).isNotZero();
        assertThat(pe.takePendingInterrupt()).isTrue();
    }

    @Test
    void isUndefinedAtEl0() {
        f.at(0);
        assertThat(PeFixture.thrown(pe::exceptionReturn).exceptionClass).isZero();
    }
}
