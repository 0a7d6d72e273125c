package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The performance monitors (Arm ARM D13). */
class PmuCountersTest {

    private final PeFixture f = new PeFixture();
    private final Pe pe = f.pe;

    PmuCountersTest() {
        f.at(1);
    }

    @AfterEach
    void close() {
        f.close();
    }

    private void write(SysReg r, long value) {
        pe.writeSystemRegister(r.key(), value);
    }

    private long read(SysReg r) {
        return pe.readSystemRegister(r.key());
    }

    @Test
    void cyclesCountWhileEnabledOnly() {
        pe.retired = 1000;
        write(SysReg.PMCR_EL0, 1);
        assertThat(read(SysReg.PMCCNTR_EL0)).isZero();
        write(SysReg.PMCNTENSET_EL0, 1L << 31);
        pe.retired += 50;
        assertThat(read(SysReg.PMCCNTR_EL0)).isEqualTo(50);
        write(SysReg.PMCR_EL0, 0);
        pe.retired += 50;
        assertThat(read(SysReg.PMCCNTR_EL0)).isEqualTo(50);
        write(SysReg.PMCR_EL0, 1 | 4);
        assertThat(read(SysReg.PMCCNTR_EL0)).isZero();
    }

    @Test
    void eventsAreFilteredByLevel() {
        write(SysReg.PMEVTYPER0_EL0, 0x08);
        write(SysReg.PMEVTYPER1_EL0, 0x8000_0008L);
        write(SysReg.PMCNTENSET_EL0, 3);
        write(SysReg.PMCR_EL0, 1);
        pe.retired += 10;
        f.at(0);
        pe.retired += 5;
        f.at(2);
        pe.retired += 100;
        f.at(1);
        assertThat(read(SysReg.PMEVCNTR0_EL0)).isEqualTo(15);
        assertThat(read(SysReg.PMEVCNTR1_EL0)).isEqualTo(5);
    }

    @Test
    void overflowRaisesTheInterruptUntilCleared() {
        f.machine.gic().redistributors().write(0x10080, 4, -1);
        f.machine.gic().redistributors().write(0x10100, 4, 1 << 23);
        write(SysReg.PMEVTYPER0_EL0, 0x08);
        write(SysReg.PMEVCNTR0_EL0, 0xffff_fff0L);
        write(SysReg.PMINTENSET_EL1, 1);
        write(SysReg.PMCNTENSET_EL0, 1);
        write(SysReg.PMCR_EL0, 1);
        assertThat(pe.pmu.untilOverflow()).isEqualTo(16);
        pe.retired += 20;
        pe.pmu.update();
        assertThat(read(SysReg.PMEVCNTR0_EL0)).isEqualTo(4);
        assertThat(read(SysReg.PMOVSSET_EL0)).isEqualTo(1);
        assertThat(f.machine.gic().redistributors().read(0x10200, 4) >> 23 & 1).isEqualTo(1);
        write(SysReg.PMOVSCLR_EL0, 1);
        assertThat(f.machine.gic().redistributors().read(0x10200, 4) >> 23 & 1).isZero();
    }

    @Test
    void softwareIncrementCountsTheChosenCounters() {
        write(SysReg.PMEVTYPER2_EL0, 0);
        write(SysReg.PMCNTENSET_EL0, 4);
        write(SysReg.PMCR_EL0, 1);
        write(SysReg.PMSWINC_EL0, 0xff);
        write(SysReg.PMSWINC_EL0, 4);
        write(SysReg.PMSELR_EL0, 2);
        assertThat(read(SysReg.PMXEVCNTR_EL0)).isEqualTo(2);
        assertThat(read(SysReg.PMEVCNTR1_EL0)).isZero();
    }

    @Test
    void exceptionsTakenAndReturnedAreCounted() {
        write(SysReg.PMEVTYPER0_EL0, 0x09);
        write(SysReg.PMEVTYPER1_EL0, 0x0a);
        write(SysReg.PMCNTENSET_EL0, 3);
        write(SysReg.PMCR_EL0, 1);
        pe.takeSynchronous(pe.svc(0));
        f.set(SysReg.SPSR_EL1, 5);
        pe.exceptionReturn();
        assertThat(read(SysReg.PMEVCNTR0_EL0)).isEqualTo(1);
        assertThat(read(SysReg.PMEVCNTR1_EL0)).isEqualTo(1);
    }

    @Test
    void countersOfEl2HaveTheirOwnEnable() {
        f.set(SysReg.MDCR_EL2, 2 | MdcrEl2.HPME).at(2);
        write(SysReg.PMEVTYPER3_EL0, 0x0800_0008L);
        write(SysReg.PMCNTENSET_EL0, 8);
        pe.retired += 7;
        assertThat(read(SysReg.PMEVCNTR3_EL0)).isEqualTo(7);
        f.at(1);
        assertThat(read(SysReg.PMCNTENSET_EL0)).as("hidden from EL1").isZero();
    }
}
