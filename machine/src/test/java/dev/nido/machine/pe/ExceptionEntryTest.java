package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where exceptions go and what they leave behind (Arm ARM D1.3). */
class ExceptionEntryTest {

    private final PeFixture f = new PeFixture();
    private final Pe pe = f.pe;

    @AfterEach
    void close() {
        f.close();
    }

    private static long hcr(int e2h, int tge, long routing) {
        return (e2h == 1 ? HcrEl2.E2H : 0) | (tge == 1 ? HcrEl2.TGE : 0) | routing;
    }

    @ParameterizedTest(name = "from EL{0} E2H={1} TGE={2} goes to EL{3}")
    @CsvSource({
        "0,0,0,1", "0,0,1,2", "0,1,0,1", "0,1,1,2", "1,0,0,1", "1,1,0,1", "2,0,0,2", "2,1,0,2",
        "2,0,1,2", "2,1,1,2"
    })
    void svcIsRouted(int from, int e2h, int tge, int target) {
        f.set(SysReg.HCR_EL2, hcr(e2h, tge, 0)).at(from);
        f.set(SysReg.VBAR_EL1, 0x1000).set(SysReg.VBAR_EL2, 0x2000);
        long pc = pe.pc;
        pe.takeSynchronous(pe.svc(0x1234));
        assertThat(pe.el).isEqualTo(target);
        long esr = f.sys(target == 2 ? SysReg.ESR_EL2 : SysReg.ESR_EL1);
        assertThat(esr).isEqualTo(0x5600_1234L);
        assertThat(f.sys(target == 2 ? SysReg.ELR_EL2 : SysReg.ELR_EL1)).isEqualTo(pc + 4);
        assertThat(pe.pc).isEqualTo(target * 0x1000 + (from < target ? 0x400 : 0x200));
        assertThat(pe.spSel).isEqualTo(1);
        assertThat(pe.daif).isEqualTo(0x3c0);
    }

    /**
     * Arm ARM table D1-8: the level that takes a physical IRQ with PSTATE.I clear and set; 0 stands
     * for not taken.
     */
    @ParameterizedTest(name = "EL{0} E2H={1} TGE={2} IMO={3}: {4}, masked {5}")
    @CsvSource({
        "0,0,0,0, 1,0", "0,0,0,1, 2,2", "0,0,1,0, 2,2", "0,0,1,1, 2,2",
        "0,1,0,0, 1,0", "0,1,0,1, 2,2", "0,1,1,0, 2,0", "0,1,1,1, 2,0",
        "1,0,0,0, 1,0", "1,0,0,1, 2,2", "1,1,0,0, 1,0", "1,1,0,1, 2,2",
        "2,0,0,0, 0,0", "2,0,0,1, 2,0", "2,0,1,0, 2,0", "2,0,1,1, 2,0",
        "2,1,0,0, 0,0", "2,1,0,1, 2,0", "2,1,1,0, 2,0", "2,1,1,1, 2,0"
    })
    void physicalIrqIsRoutedAndMasked(
            int from, int e2h, int tge, int imo, int unmasked, int masked) {
        raiseSpi();
        f.set(SysReg.HCR_EL2, hcr(e2h, tge, imo == 1 ? HcrEl2.IMO : 0)).at(from);
        f.set(SysReg.VBAR_EL1, 0x1000).set(SysReg.VBAR_EL2, 0x2000);
        pe.daif = (int) Spsr.I;
        assertThat(pe.takePendingInterrupt()).isEqualTo(masked != 0);
        assertThat(pe.wakeUp()).as("masks do not matter to WFI").isTrue();
        f.at(from);
        assertThat(pe.takePendingInterrupt()).isEqualTo(unmasked != 0);
        if (unmasked != 0) {
            assertThat(pe.el).isEqualTo(unmasked);
            assertThat(pe.pc).isEqualTo(unmasked * 0x1000 + (from < unmasked ? 0x480 : 0x280));
        } else {
            assertThat(pe.el).isEqualTo(from);
        }
    }

    /** A group-1 SPI that is pending, enabled and above the priority mask. */
    private void raiseSpi() {
        int intid = 40;
        var gicd = f.machine.gic().distributor();
        gicd.write(0, 4, 2 | 1 << 4);
        gicd.write(0x84, 4, -1);
        gicd.write(0x104, 4, 1 << intid - 32);
        f.machine.gic().setSpi(intid, true);
        f.at(2);
        pe.writeSystemRegister(SysReg.ICC_PMR_EL1.key(), 0xff);
        pe.writeSystemRegister(SysReg.ICC_IGRPEN1_EL1.key(), 1);
        assertThat(pe.gic.lines()).isEqualTo(1);
    }

    @ParameterizedTest(name = "EL{0} TGE={1} {2}: offset {3}")
    @CsvSource({
        "1,0,VI+IMO,0x280",
        "0,0,VI+IMO,0x480",
        "1,0,VI,0",
        "2,0,VI+IMO,0",
        "0,1,VI+IMO,0",
        "1,0,VF+FMO,0x300",
        "0,0,VF+FMO,0x500",
        "1,0,VSE+AMO,0x380",
        "0,0,VSE+AMO,0x580",
        "1,0,VSE,0"
    })
    void virtualInterruptsAreTakenToEl1(int from, int tge, String bits, String offset) {
        long hcr = 0;
        for (String bit : bits.split("\\+")) {
            hcr |=
                    switch (bit) {
                        case "VI" -> HcrEl2.VI;
                        case "VF" -> HcrEl2.VF;
                        case "VSE" -> HcrEl2.VSE;
                        case "IMO" -> HcrEl2.IMO;
                        case "FMO" -> HcrEl2.FMO;
                        default -> HcrEl2.AMO;
                    };
        }
        f.set(SysReg.VBAR_EL1, 0x8000).set(SysReg.HCR_EL2, hcr(0, tge, hcr)).at(from);
        int expected = Integer.decode(offset);
        assertThat(pe.wakeUp()).isEqualTo(expected != 0);
        pe.daif = (int) Spsr.DAIF;
        assertThat(pe.takePendingInterrupt()).isFalse();
        f.at(from);
        assertThat(pe.takePendingInterrupt()).isEqualTo(expected != 0);
        if (expected != 0) {
            assertThat(pe.el).isEqualTo(1);
            assertThat(pe.pc).isEqualTo(0x8000 + expected);
        }
        if (bits.equals("VSE+AMO")) {
            assertThat(f.sys(SysReg.HCR_EL2) & HcrEl2.VSE).as("taken once").isZero();
            assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0xbe00_0000L);
        }
    }

    @Test
    void abortsCarryTheFormOfTheirOrigin() {
        GuestException abort =
                new GuestException(Esr.EC_DATA_ABORT, 7, 0, 0xdead, true, 0, false, false);
        f.at(0);
        pe.takeSynchronous(abort);
        assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0x9200_0007L);
        assertThat(f.sys(SysReg.FAR_EL1)).isEqualTo(0xdead);
        f.at(1);
        pe.takeSynchronous(abort);
        assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0x9600_0007L);
        f.at(2);
        pe.takeSynchronous(abort);
        assertThat(f.sys(SysReg.ESR_EL2)).isEqualTo(0x9600_0007L);
    }

    @Test
    void stage2AbortWritesHpfarAndOthersKeepIt() {
        f.at(1);
        pe.takeSynchronous(
                new GuestException(
                        Esr.EC_DATA_ABORT, 7, 2, 0x1234, true, 0x12_3456_7000L, true, false));
        assertThat(f.sys(SysReg.HPFAR_EL2)).isEqualTo(0x1_2345_670L);
        assertThat(f.sys(SysReg.ESR_EL2)).isEqualTo(0x9200_0007L);
        f.at(1);
        pe.takeSynchronous(pe.hvc(1));
        assertThat(f.sys(SysReg.HPFAR_EL2)).isEqualTo(0x1_2345_670L);
        assertThat(f.sys(SysReg.FAR_EL2)).isEqualTo(0x1234);
        assertThat(f.sys(SysReg.ESR_EL2)).isEqualTo(0x5a00_0001L);
    }

    @Test
    void entrySavesPstateAndSetsItsNewFields() {
        f.at(0);
        f.set(SysReg.SCTLR_EL1, SctlrEl1.DSSBS);
        pe.nzcv = 0xa000_0000;
        pe.uao = true;
        pe.dit = true;
        pe.il = true;
        pe.daif = 0x240;
        pe.x[Pe.SP] = 0x111;
        pe.sys[SysReg.SP_EL1.ordinal()] = 0x222;
        pe.takeSynchronous(pe.undefined());
        assertThat(f.sys(SysReg.SPSR_EL1)).isEqualTo(0xa190_0240L);
        assertThat(pe.pan).as("SPAN clear").isTrue();
        assertThat(pe.uao).isFalse();
        assertThat(pe.dit).isTrue();
        assertThat(pe.il).isFalse();
        assertThat(pe.ssbs).isTrue();
        assertThat(pe.x[Pe.SP]).isEqualTo(0x222);
        assertThat(pe.readSystemRegister(SysReg.SP_EL0.key())).isEqualTo(0x111);
    }

    @Test
    void panIsKeptWhereSpanIsSetOrAtEl2WithoutHost() {
        f.set(SysReg.SCTLR_EL1, SctlrEl1.SPAN).at(0);
        pe.takeSynchronous(pe.undefined());
        assertThat(pe.pan).isFalse();
        f.set(SysReg.SCTLR_EL2, 0).set(SysReg.HCR_EL2, HcrEl2.E2H).at(1);
        pe.takeSynchronous(pe.hvc(0));
        assertThat(pe.pan).isFalse();
        f.set(SysReg.HCR_EL2, HcrEl2.E2H | HcrEl2.TGE).at(0);
        pe.takeSynchronous(pe.undefined());
        assertThat(pe.el).isEqualTo(2);
        assertThat(pe.pan).isTrue();
    }

    @Test
    void cpacrTrapThatTgeRoutesIsReportedAsUndefined() {
        f.set(SysReg.HCR_EL2, HcrEl2.TGE).at(0);
        pe.takeSynchronous(PeFixture.thrown(pe::checkFpAccess));
        assertThat(f.sys(SysReg.ESR_EL2)).isEqualTo(Esr.IL);
        f.set(SysReg.HCR_EL2, 0).at(0);
        pe.takeSynchronous(PeFixture.thrown(pe::checkFpAccess));
        assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0x1fe0_0000L);
    }

    @Test
    void brkGoesWhereDebugExceptionsGo() {
        f.set(SysReg.MDCR_EL2, MdcrEl2.TDE).at(1);
        pe.takeSynchronous(pe.brk(0xf000));
        assertThat(pe.el).isEqualTo(2);
        assertThat(f.sys(SysReg.ESR_EL2)).isEqualTo(0xf200_f000L);
        f.set(SysReg.MDCR_EL2, 0).at(1);
        pe.takeSynchronous(pe.brk(1));
        assertThat(pe.el).isEqualTo(1);
    }

    @Test
    void smcIsTrappedOrReachesTheFirmware() {
        f.set(SysReg.HCR_EL2, HcrEl2.TSC).at(1);
        long pc = pe.pc;
        pe.takeSynchronous(pe.smc(5));
        assertThat(f.sys(SysReg.ESR_EL2)).isEqualTo(0x5e00_0005L);
        assertThat(f.sys(SysReg.ELR_EL2)).isEqualTo(pc);
        boolean[] smc = new boolean[1];
        f.machine.setFirmware((caller, isSmc) -> {
            smc[0] = isSmc;
            caller.x[0] = 42;
            return true;
        });
        f.at(2);
        pc = pe.pc;
        assertThat(pe.smc(0)).isNull();
        assertThat(pe.pc).isEqualTo(pc + 4);
        assertThat(pe.x[0]).isEqualTo(42);
        assertThat(smc[0]).isTrue();
        f.machine.setFirmware((caller, isSmc) -> false);
        pc = pe.pc;
        assertThat(pe.smc(0).exceptionClass).isZero();
        assertThat(pe.pc).isEqualTo(pc);
        f.at(0);
        assertThat(pe.smc(0).exceptionClass).isZero();
        assertThat(pe.hvc(0).exceptionClass).isZero();
    }

    @Test
    void hvcIsTheFirmwaresWithoutEl2() {
        try (PeFixture guest = new PeFixture("default", 1)) {
            boolean[] called = new boolean[1];
            guest.machine.setFirmware((caller, isSmc) -> {
                called[0] = !isSmc;
                return true;
            });
            assertThat(guest.pe.hvc(0)).isNull();
            assertThat(called[0]).isTrue();
        }
    }
}
