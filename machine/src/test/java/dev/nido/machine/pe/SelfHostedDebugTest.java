package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Software step, breakpoints, watchpoints (Arm ARM D2). */
class SelfHostedDebugTest {

    private static final long ENABLED_AT_EL0 = 1 | 2 << 1 | 15 << 5;

    private final PeFixture f = new PeFixture();
    private final Pe pe = f.pe;

    SelfHostedDebugTest() {
        f.at(1);
        pe.writeSystemRegister(SysReg.OSLAR_EL1.key(), 0);
    }

    @AfterEach
    void close() {
        f.close();
    }

    private void announce() {
        pe.debug.checkStep();
        pe.checkInstruction();
    }

    @Test
    void illegalStateIsTakenBeforeTheInstruction() {
        f.set(SysReg.SPSR_EL1, 9);
        pe.exceptionReturn();
        assertThat(pe.guarded).isTrue();
        pe.takeSynchronous(PeFixture.thrown(this::announce));
        assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0x3a00_0000L);
        assertThat(f.sys(SysReg.SPSR_EL1) & Spsr.IL).isNotZero();
        assertThat(pe.guarded).isFalse();
    }

    @Test
    void stepExecutesOneInstructionOfEl0() {
        f.set(SysReg.MDSCR_EL1, MdscrEl1.SS);
        f.set(SysReg.SPSR_EL1, Spsr.SS).set(SysReg.ELR_EL1, 0x400000);
        pe.exceptionReturn();
        assertThat(pe.el).isZero();
        assertThat(pe.debug.active()).isTrue();
        assertThat(pe.ss).isTrue();
        announce();
        pe.pc += 4;
        pe.debug.afterInstruction(false);
        GuestException e = PeFixture.thrown(this::announce);
        pe.takeSynchronous(e);
        assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0xcb00_0022L);
        assertThat(f.sys(SysReg.ELR_EL1)).isEqualTo(0x400004);
        assertThat(f.sys(SysReg.SPSR_EL1) & Spsr.SS).isZero();
        assertThat(pe.debug.active()).as("EL1 is not stepped without KDE").isFalse();
    }

    @Test
    void svcWhileSteppingClearsTheBitAndAFaultKeepsIt() {
        f.set(SysReg.MDSCR_EL1, MdscrEl1.SS).set(SysReg.SPSR_EL1, Spsr.SS);
        pe.exceptionReturn();
        pe.takeSynchronous(pe.undefined());
        assertThat(f.sys(SysReg.SPSR_EL1) & Spsr.SS).isNotZero();
        pe.exceptionReturn();
        pe.takeSynchronous(pe.svc(0));
        assertThat(f.sys(SysReg.SPSR_EL1) & Spsr.SS).isZero();
    }

    @Test
    void osLockAndMaskSuspendStepping() {
        f.set(SysReg.MDSCR_EL1, MdscrEl1.SS | MdscrEl1.KDE).at(1);
        assertThat(pe.debug.active()).isTrue();
        pe.msrImmediate(3, 8, 6);
        assertThat(pe.debug.active()).isFalse();
        pe.msrImmediate(3, 8, 7);
        assertThat(pe.debug.active()).isTrue();
        pe.writeSystemRegister(SysReg.OSLAR_EL1.key(), 1);
        assertThat(pe.debug.active()).isFalse();
        assertThat(pe.readSystemRegister(SysReg.OSLSR_EL1.key())).isEqualTo(0xa);
    }

    @Test
    void breakpointMatchesAddressAndLevel() {
        pe.writeSystemRegister(SysReg.DBGBVR2_EL1.key(), 0x400010);
        pe.writeSystemRegister(SysReg.DBGBCR2_EL1.key(), ENABLED_AT_EL0);
        pe.writeSystemRegister(SysReg.MDSCR_EL1.key(), MdscrEl1.MDE);
        f.at(0);
        pe.pc = 0x40000c;
        announce();
        pe.pc = 0x400010;
        GuestException e = PeFixture.thrown(this::announce);
        pe.takeSynchronous(e);
        assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0xc200_0022L);
        assertThat(f.sys(SysReg.ELR_EL1)).isEqualTo(0x400010);
    }

    @Test
    void linkedBreakpointAsksTheContext() {
        pe.writeSystemRegister(SysReg.DBGBVR0_EL1.key(), 0x400010);
        pe.writeSystemRegister(SysReg.DBGBCR0_EL1.key(), ENABLED_AT_EL0 | 5 << 16 | 1 << 20);
        pe.writeSystemRegister(SysReg.DBGBVR5_EL1.key(), 42);
        pe.writeSystemRegister(SysReg.DBGBCR5_EL1.key(), ENABLED_AT_EL0 | 3 << 20);
        pe.writeSystemRegister(SysReg.MDSCR_EL1.key(), MdscrEl1.MDE);
        f.at(0);
        pe.pc = 0x400010;
        assertThat(PeFixture.thrown(this::announce)).isNull();
        pe.sys[SysReg.CONTEXTIDR_EL1.ordinal()] = 42;
        assertThat(PeFixture.thrown(this::announce)).isNotNull();
    }

    @Test
    void watchpointMatchesBytesAndDirection() {
        pe.writeSystemRegister(SysReg.DBGWVR1_EL1.key(), 0x5000);
        pe.writeSystemRegister(SysReg.DBGWCR1_EL1.key(), 1 | 2 << 1 | 2 << 3 | 0x0c << 5);
        pe.writeSystemRegister(SysReg.MDSCR_EL1.key(), MdscrEl1.MDE);
        f.at(0);
        assertThat(pe.debug.watching()).isTrue();
        pe.debug.checkAccess(0x5002, 2, false, true, 0, false);
        pe.debug.checkAccess(0x5000, 2, true, false, 0, false);
        pe.debug.checkAccess(0x5004, 4, true, false, 0, false);
        GuestException e =
                PeFixture.thrown(() -> pe.debug.checkAccess(0x5001, 2, true, false, 0, false));
        assertThat(e.exceptionClass).isEqualTo(Esr.EC_WATCHPOINT);
        assertThat(e.iss).isEqualTo(0x62);
        assertThat(e.far).isEqualTo(0x5002);
    }

    @Test
    void watchpointMaskCoversARange() {
        pe.writeSystemRegister(SysReg.DBGWVR0_EL1.key(), 0x8000);
        pe.writeSystemRegister(
                SysReg.DBGWCR0_EL1.key(), 1 | 2 << 1 | 3 << 3 | 0xff << 5 | 12L << 24);
        pe.writeSystemRegister(SysReg.MDSCR_EL1.key(), MdscrEl1.MDE);
        f.at(0);
        assertThat(PeFixture.thrown(() -> pe.debug.checkAccess(0x8fff, 1, false, true, 0, false)))
                .isNotNull();
        assertThat(PeFixture.thrown(() -> pe.debug.checkAccess(0x9000, 8, false, true, 0, false)))
                .isNull();
    }

    @Test
    void claimTagsAreSetAndCleared() {
        pe.writeSystemRegister(SysReg.DBGCLAIMSET_EL1.key(), 0x5);
        pe.writeSystemRegister(SysReg.DBGCLAIMCLR_EL1.key(), 0x1);
        assertThat(pe.readSystemRegister(SysReg.DBGCLAIMCLR_EL1.key())).isEqualTo(4);
        assertThat(pe.readSystemRegister(SysReg.DBGCLAIMSET_EL1.key())).isEqualTo(0xff);
    }
}
