package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.CptrEl2;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.IchHcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;

/** Traps of system registers and instructions, one control at a time. */
class TrapRulesTest {

    /** Timers open to EL0 and EL1, so that only the control under test traps. */
    private static final long TIMERS = CnthctlEl2.EL1PCTEN | CnthctlEl2.EL1PTEN | 3;

    private final PeFixture f = new PeFixture("default,+ecv", 2);
    private final Pe pe = f.pe;

    TrapRulesTest() {
        f.set(SysReg.CPTR_EL2, CptrEl2.RESET_NVHE).set(SysReg.CNTHCTL_EL2, TIMERS);
    }

    @AfterEach
    void close() {
        f.close();
    }

    @ParameterizedTest(name = "{0} {1} under HCR_EL2 bit {2}")
    @CsvSource({
        "W,SCTLR_EL1,26",
        "W,TTBR0_EL1,26",
        "W,TTBR1_EL1,26",
        "W,TCR_EL1,26",
        "W,ESR_EL1,26",
        "W,FAR_EL1,26",
        "W,AFSR0_EL1,26",
        "W,AFSR1_EL1,26",
        "W,MAIR_EL1,26",
        "W,AMAIR_EL1,26",
        "W,CONTEXTIDR_EL1,26",
        "R,SCTLR_EL1,30",
        "R,TTBR0_EL1,30",
        "R,CONTEXTIDR_EL1,30",
        "R,REVIDR_EL1,16",
        "R,AIDR_EL1,16",
        "R,CTR_EL0,17",
        "R,CCSIDR_EL1,17",
        "R,CLIDR_EL1,17",
        "W,CSSELR_EL1,17",
        "R,CSSELR_EL1,17",
        "R,ID_AA64PFR0_EL1,18",
        "R,ID_ISAR0_EL1,18",
        "R,ID_RESERVED_EL1,18",
        "W,ACTLR_EL1,21",
        "R,ACTLR_EL1,21",
        "R,LORC_EL1,35",
        "W,LORSA_EL1,35",
        "R,CCSIDR_EL1,49",
        "R,CLIDR_EL1,49",
        "W,CSSELR_EL1,49",
        "W,ICC_SGI1R_EL1,4",
        "W,ICC_SGI0R_EL1,3",
        "W,ICC_ASGI1R_EL1,4"
    })
    void hcrBitTrapsEl1ToEl2(String direction, SysReg r, int bit) {
        boolean read = direction.equals("R");
        f.at(1);
        assertThat(read ? f.read(r) : f.write(r)).as("bit clear").isEqualTo("ok");
        f.set(SysReg.HCR_EL2, 1L << bit).at(1);
        assertThat(read ? f.read(r) : f.write(r)).isEqualTo("18>2");
        f.at(2);
        assertThat(read ? f.read(r) : f.write(r)).as("EL2 itself").isEqualTo("ok");
    }

    @ParameterizedTest(name = "{0} under HCR_EL2 bit {1}")
    @CsvSource({
        "IC_IALLU,24",
        "IC_IALLUIS,24",
        "IC_IVAU,24",
        "DC_CVAU,24",
        "IC_IALLU,52",
        "IC_IVAU,52",
        "DC_CVAU,52",
        "IC_IALLUIS,50",
        "DC_IVAC,23",
        "DC_CVAC,23",
        "DC_CIVAC,23",
        "DC_CVAP,23",
        "DC_ISW,22",
        "DC_CSW,22",
        "DC_CISW,22",
        "DC_ZVA,28",
        "TLBI_VMALLE1,25",
        "TLBI_VAE1,25",
        "TLBI_VMALLE1IS,25",
        "TLBI_VAE1OS,25",
        "TLBI_RVAE1,25",
        "TLBI_VMALLE1IS,54",
        "TLBI_RVAAE1IS,54",
        "TLBI_VMALLE1OS,55",
        "TLBI_RVALE1OS,55"
    })
    void hcrBitTrapsInstructionsOfEl1(SystemOperation o, int bit) {
        long address = PeFixture.RAM + 0x800;
        f.at(1);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address))).isEqualTo(free(o));
        f.set(SysReg.HCR_EL2, 1L << bit).at(1);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address))).isEqualTo("18>2");
        f.at(2);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address)))
                .isEqualTo(o == SystemOperation.DC_ZVA ? "25>2" : "ok");
    }

    /** Without a trap: with the MMU off all memory is Device memory, which DC ZVA cannot zero. */
    private String free(SystemOperation o) {
        return o == SystemOperation.DC_ZVA ? (pe.el == 0 ? "24>1" : "25>1") : "ok";
    }

    @Test
    void localTlbiIsNotTrappedByTheBroadcastBits() {
        f.set(SysReg.HCR_EL2, HcrEl2.TTLBIS | HcrEl2.TTLBOS).at(1);
        assertThat(f.outcome(() -> pe.systemInstruction(SystemOperation.TLBI_VAE1.key(), 0)))
                .isEqualTo("ok");
    }

    @ParameterizedTest
    @EnumSource(SystemOperation.class)
    void instructionsOfEl2AreUndefinedBelow(SystemOperation o) {
        int lowest = o.minimumEl();
        for (int el = 0; el < lowest; el++) {
            f.at(el);
            assertThat(f.outcome(() -> pe.systemInstruction(o.key(), PeFixture.RAM)))
                    .isEqualTo("undef");
        }
    }

    @ParameterizedTest(name = "{0} under MDCR_EL2 bit {1}")
    @CsvSource({
        "MDSCR_EL1,9", "DBGBVR0_EL1,9", "DBGWCR3_EL1,9", "DBGCLAIMSET_EL1,9", "MDSCR_EL1,8",
        "MDRAR_EL1,11", "OSLSR_EL1,10", "OSDLR_EL1,10", "DBGPRCR_EL1,10", "MDCCSR_EL0,9",
        "PMCR_EL0,6", "PMCR_EL0,5", "PMCNTENSET_EL0,6", "PMUSERENR_EL0,6", "PMINTENSET_EL1,6",
        "PMCCNTR_EL0,6", "PMEVCNTR0_EL0,6"
    })
    void mdcrBitTrapsEl1ToEl2(SysReg r, int bit) {
        f.set(SysReg.MDCR_EL2, 6).at(1);
        assertThat(f.read(r)).isEqualTo("ok");
        f.set(SysReg.MDCR_EL2, 6 | 1L << bit).at(1);
        assertThat(f.read(r)).isEqualTo("18>2");
    }

    @Test
    void countersAboveHpmnBelongToEl2() {
        f.set(SysReg.MDCR_EL2, 2).at(1);
        assertThat(f.read(SysReg.PMEVCNTR1_EL0)).isEqualTo("ok");
        assertThat(f.read(SysReg.PMEVCNTR2_EL0)).isEqualTo("18>2");
        f.at(1);
        assertThat(f.read(SysReg.PMEVTYPER5_EL0)).isEqualTo("18>2");
        f.at(1);
        assertThat(f.read(SysReg.PMEVCNTR6_EL0)).isEqualTo("undef");
        assertThat(pe.readSystemRegister(SysReg.PMCR_EL0.key()) >> 11 & 31).isEqualTo(2);
        f.at(2);
        assertThat(f.read(SysReg.PMEVCNTR5_EL0)).isEqualTo("ok");
        assertThat(pe.readSystemRegister(SysReg.PMCR_EL0.key()) >> 11 & 31).isEqualTo(6);
    }

    @ParameterizedTest(name = "EL0 {0} needs PMUSERENR_EL0 bit {1}")
    @CsvSource({
        "R,PMCCNTR_EL0,2",
        "R,PMEVCNTR0_EL0,3",
        "R,PMXEVCNTR_EL0,3",
        "W,PMSELR_EL0,3",
        "W,PMSWINC_EL0,1",
        "R,PMCR_EL0,0",
        "W,PMCNTENSET_EL0,0"
    })
    void userAccessToCounters(String direction, SysReg r, int bit) {
        boolean read = direction.equals("R");
        f.at(0);
        assertThat(read ? f.read(r) : f.write(r)).isEqualTo("18>1");
        f.set(SysReg.PMUSERENR_EL0, 1L << bit).at(0);
        assertThat(read ? f.read(r) : f.write(r)).isEqualTo("ok");
        f.set(SysReg.PMUSERENR_EL0, 0).set(SysReg.HCR_EL2, HcrEl2.TGE).at(0);
        assertThat(read ? f.read(r) : f.write(r)).isEqualTo("18>2");
    }

    @Test
    void userEnableIsReadOnlyForUsers() {
        f.set(SysReg.PMUSERENR_EL0, 15).at(0);
        assertThat(f.read(SysReg.PMUSERENR_EL0)).isEqualTo("ok");
        assertThat(f.write(SysReg.PMUSERENR_EL0)).isEqualTo("undef");
    }

    @ParameterizedTest(name = "{0} {1} under ICH_HCR_EL2 bit {2}")
    @CsvSource({
        "R,ICC_PMR_EL1,10", "W,ICC_CTLR_EL1,10", "R,ICC_RPR_EL1,10", "W,ICC_DIR_EL1,10",
        "W,ICC_SGI1R_EL1,10", "R,ICC_IAR0_EL1,11", "W,ICC_IGRPEN0_EL1,11", "R,ICC_AP0R0_EL1,11",
        "R,ICC_IAR1_EL1,12", "W,ICC_IGRPEN1_EL1,12", "R,ICC_BPR1_EL1,12", "W,ICC_DIR_EL1,14"
    })
    void ichHcrBitTrapsEl1ToEl2(String direction, SysReg r, int bit) {
        boolean read = direction.equals("R");
        f.at(1);
        assertThat(read ? f.read(r) : f.write(r)).isEqualTo("ok");
        f.set(SysReg.ICH_HCR_EL2, 1L << bit).at(1);
        assertThat(read ? f.read(r) : f.write(r)).isEqualTo("18>2");
    }

    @Test
    void cpacrIsTrappedByTcpacInBothLayouts() {
        f.set(SysReg.CPTR_EL2, CptrEl2.RESET_NVHE | CptrEl2.TCPAC).at(1);
        assertThat(f.read(SysReg.CPACR_EL1)).isEqualTo("18>2");
        f.set(SysReg.HCR_EL2, HcrEl2.E2H).set(SysReg.CPTR_EL2, 3 << 20 | CptrEl2.TCPAC).at(1);
        assertThat(f.write(SysReg.CPACR_EL1)).isEqualTo("18>2");
    }

    /** Outcome of an FP access by CPACR_EL1.FPEN and CPTR_EL2. */
    @ParameterizedTest(name = "EL{0} E2H={1} TGE={2} CPACR.FPEN={3} CPTR={4}: {5}")
    @CsvSource({
        "0,0,0,3,0x0,ok",
        "0,0,0,1,0x0,7>1",
        "0,0,0,0,0x0,7>1",
        "0,0,0,2,0x0,7>1",
        "1,0,0,0,0x0,7>1",
        "1,0,0,1,0x0,ok",
        "1,0,0,2,0x0,7>1",
        "1,0,0,3,0x400,7>2",
        "0,0,0,3,0x400,7>2",
        "0,0,0,1,0x400,7>1",
        "2,0,0,0,0x400,7>2",
        "2,0,0,0,0x0,ok",
        "0,1,1,0,0x300000,ok",
        "0,1,1,0,0x100000,7>2",
        "2,1,1,0,0x100000,ok",
        "2,1,1,0,0x0,7>2",
        "2,1,0,0,0x200000,7>2",
        "1,1,0,3,0x300000,ok",
        "1,1,0,3,0x100000,ok",
        "1,1,0,3,0x0,7>2",
        "0,1,0,3,0x100000,ok",
        "0,1,0,1,0x300000,7>1"
    })
    void fpAccess(int el, int e2h, int tge, int fpen, String cptr, String outcome) {
        f.set(SysReg.HCR_EL2, (e2h == 1 ? HcrEl2.E2H : 0) | (tge == 1 ? HcrEl2.TGE : 0));
        f.set(SysReg.CPACR_EL1, (long) fpen << 20).set(SysReg.CPTR_EL2, Long.decode(cptr)).at(el);
        assertThat(pe.fpEnabled).isEqualTo(outcome.equals("ok"));
        assertThat(f.outcome(pe::checkFpAccess)).isEqualTo(outcome);
        if (outcome.equals("ok")) {
            assertThat(f.read(SysReg.FPCR)).isEqualTo("ok");
        }
    }

    @ParameterizedTest(name = "EL{0} E2H={1} TGE={2} CNTKCTL={3} CNTHCTL={4} {5}: {6}")
    @CsvSource({
        "0,0,0,0x0,0x3,CNTPCT_EL0,18>1",
        "0,0,0,0x1,0x3,CNTPCT_EL0,ok",
        "0,0,0,0x1,0x2,CNTPCT_EL0,18>2",
        "1,0,0,0x0,0x3,CNTPCT_EL0,ok",
        "1,0,0,0x0,0x0,CNTPCT_EL0,18>2",
        "1,1,0,0x0,0x3,CNTPCT_EL0,18>2",
        "1,1,0,0x0,0x400,CNTPCT_EL0,ok",
        "0,1,1,0x0,0x1,CNTPCT_EL0,ok",
        "0,1,1,0x1,0x400,CNTPCT_EL0,18>2",
        "0,0,0,0x0,0x3,CNTVCT_EL0,18>1",
        "0,0,0,0x2,0x3,CNTVCT_EL0,ok",
        "0,1,1,0x2,0x0,CNTVCT_EL0,18>2",
        "0,1,1,0x0,0x2,CNTVCT_EL0,ok",
        "1,0,0,0x0,0x4000,CNTVCT_EL0,18>2",
        "0,0,0,0x2,0x4000,CNTVCT_EL0,18>2",
        "0,1,1,0x0,0x4002,CNTVCT_EL0,ok",
        "0,0,0,0x0,0x3,CNTP_CTL_EL0,18>1",
        "0,0,0,0x200,0x3,CNTP_CTL_EL0,ok",
        "0,0,0,0x200,0x1,CNTP_CTL_EL0,18>2",
        "1,0,0,0x0,0x1,CNTP_CVAL_EL0,18>2",
        "1,0,0,0x0,0x2,CNTP_CVAL_EL0,ok",
        "1,1,0,0x0,0x800,CNTP_CTL_EL0,ok",
        "1,1,0,0x0,0x2,CNTP_CTL_EL0,18>2",
        "0,1,1,0x0,0x200,CNTP_CTL_EL0,ok",
        "0,0,0,0x0,0x3,CNTV_CTL_EL0,18>1",
        "0,0,0,0x100,0x3,CNTV_CTL_EL0,ok",
        "1,0,0,0x0,0x2000,CNTV_CTL_EL0,18>2",
        "1,0,0,0x0,0x0,CNTV_CTL_EL0,ok",
        "0,0,0,0x0,0x3,CNTFRQ_EL0,18>1",
        "0,0,0,0x2,0x3,CNTFRQ_EL0,ok",
        "0,1,1,0x0,0x0,CNTFRQ_EL0,18>2",
        "0,0,1,0x0,0x3,CNTVCT_EL0,18>2"
    })
    void timerAccess(
            int el, int e2h, int tge, String cntkctl, String cnthctl, SysReg r, String outcome) {
        f.set(SysReg.HCR_EL2, (e2h == 1 ? HcrEl2.E2H : 0) | (tge == 1 ? HcrEl2.TGE : 0));
        f.set(SysReg.CNTKCTL_EL1, Long.decode(cntkctl));
        f.set(SysReg.CNTHCTL_EL2, Long.decode(cnthctl)).at(el);
        assertThat(f.read(r)).isEqualTo(outcome);
    }

    @ParameterizedTest(name = "SCTLR_ELx bit {0} lets EL0 execute {1}")
    @CsvSource({"26,DC_CVAC", "26,DC_CVAU", "26,DC_CIVAC", "26,DC_CVAP", "26,IC_IVAU", "14,DC_ZVA"})
    void sctlrBitOpensInstructionsToEl0(int bit, SystemOperation o) {
        long address = PeFixture.RAM + 0x800;
        f.set(SysReg.SCTLR_EL1, 0).at(0);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address))).isEqualTo("18>1");
        f.set(SysReg.SCTLR_EL1, 1L << bit).at(0);
        String free = free(o);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address))).isEqualTo(free);
        f.set(SysReg.SCTLR_EL2, 0).set(SysReg.HCR_EL2, HcrEl2.E2H | HcrEl2.TGE).at(0);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address)))
                .as("a host's EL0 obeys SCTLR_EL2")
                .isEqualTo("18>2");
    }

    @Test
    void daifAndCtrAreOpenToEl0ByUmaAndUct() {
        f.set(SysReg.SCTLR_EL1, 0).at(0);
        assertThat(f.read(SysReg.CTR_EL0)).isEqualTo("18>1");
        f.at(0);
        assertThat(f.read(SysReg.DAIF)).isEqualTo("18>1");
        f.at(0);
        GuestException e = PeFixture.thrown(() -> pe.msrImmediate(3, 2, 6));
        assertThat(e.exceptionClass).isEqualTo(Esr.EC_SYSTEM);
        // MSR DAIFSet, #2: op0 0, op2 6, op1 3, CRn 4, Rt 31, CRm 2.
        assertThat(e.iss).isEqualTo(6 << 17 | 3 << 14 | 4 << 10 | 31 << 5 | 2 << 1);
        f.set(SysReg.SCTLR_EL1, SctlrEl1.UMA | SctlrEl1.UCT).at(0);
        assertThat(f.read(SysReg.CTR_EL0)).isEqualTo("ok");
        pe.msrImmediate(3, 2, 6);
        assertThat(pe.daif).isEqualTo(0x80);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void waitingIsTrapped(boolean wfe) {
        f.set(SysReg.SCTLR_EL1, 0).at(0);
        GuestException e = PeFixture.thrown(() -> pe.checkWfx(wfe));
        assertThat(e.iss).isEqualTo(0x1e0_0000 | (wfe ? 1 : 0));
        assertThat(f.outcome(() -> pe.checkWfx(wfe))).isEqualTo("1>1");
        assertThat(f.outcome(() -> pe.checkWfx(wfe))).as("EL1 is free to").isEqualTo("ok");
        f.set(SysReg.SCTLR_EL1, SctlrEl1.NTWE | SctlrEl1.NTWI).at(0);
        assertThat(f.outcome(() -> pe.checkWfx(wfe))).isEqualTo("ok");
        f.set(SysReg.HCR_EL2, wfe ? HcrEl2.TWE : HcrEl2.TWI).at(1);
        assertThat(f.outcome(() -> pe.checkWfx(wfe))).isEqualTo("1>2");
    }

    @Test
    void syndromeNamesTheInstruction() {
        f.set(SysReg.HCR_EL2, HcrEl2.TVM).at(1);
        pe.transferRegister = 7;
        GuestException e =
                PeFixture.thrown(() -> pe.writeSystemRegister(SysReg.TTBR1_EL1.key(), 0));
        pe.takeSynchronous(e);
        // MSR TTBR1_EL1, X7: op0 3, op2 1, op1 0, CRn 2, CRm 0, write.
        assertThat(f.sys(SysReg.ESR_EL2))
                .isEqualTo(0x6200_0000L | 3 << 20 | 1 << 17 | 2 << 10 | 7 << 5);
    }

    @Test
    void idSpaceAtEl0IsReportedWithItsEncoding() {
        f.at(0);
        assertThat(f.read(SysReg.ID_AA64ISAR0_EL1)).isEqualTo("18>1");
        f.at(0);
        assertThat(f.read(SysReg.MIDR_EL1)).isEqualTo("18>1");
        f.at(0);
        assertThat(f.read(SysReg.CLIDR_EL1)).isEqualTo("18>1");
        f.at(0);
        assertThat(f.read(SysReg.SCTLR_EL1)).isEqualTo("undef");
        try (PeFixture plain = new PeFixture("default,-idst", 2)) {
            plain.at(0);
            assertThat(plain.read(SysReg.ID_AA64ISAR0_EL1)).isEqualTo("undef");
        }
    }

    @Test
    void reservedEncodingsAreTrappedByTidcp() {
        int key = SysReg.key(3, 1, 15, 2, 0);
        f.at(1);
        assertThat(f.outcome(() -> pe.readSystemRegister(key))).isEqualTo("undef");
        f.set(SysReg.HCR_EL2, HcrEl2.TIDCP).at(1);
        assertThat(f.outcome(() -> pe.readSystemRegister(key))).isEqualTo("18>2");
        f.at(1);
        int sys = SysReg.key(1, 0, 11, 0, 0);
        assertThat(f.outcome(() -> pe.systemInstruction(sys, 0))).isEqualTo("18>2");
    }

    @Test
    void el0HostIsNotTrappedByTheGuestsControls() {
        long traps = HcrEl2.TID2 | HcrEl2.TPU | HcrEl2.TPCP | HcrEl2.TDZ | HcrEl2.TWI | HcrEl2.TWE;
        f.set(SysReg.HCR_EL2, HcrEl2.E2H | HcrEl2.TGE | traps)
                .set(SysReg.SCTLR_EL2, -1 & ~7L)
                .at(0);
        assertThat(f.read(SysReg.CTR_EL0)).isEqualTo("ok");
        assertThat(f.outcome(() -> pe.checkWfx(false))).isEqualTo("ok");
    }

    /** No register is reachable below the level of its encoding, and none at EL2 is trapped. */
    @Test
    void everyEncodingIsDefinedExactlyWhereItsRowSays() {
        List<String> wrong = new ArrayList<>();
        f.set(SysReg.CPACR_EL1, 3 << 20).set(SysReg.MDCR_EL2, 6);
        for (int key = 2 << 14; key < 1 << 16; key++) {
            int k = key;
            SysReg r = SysReg.decode(key);
            boolean exists =
                    r != null
                            && (r.feature() == null || pe.cpu.has(r.feature()))
                            && r.minimumEl() < 3
                            && !SysReg.isAlias(key);
            for (int el = 1; el <= 2; el++) {
                boolean expected = exists && r.minimumEl() <= el;
                f.at(el);
                boolean read = f.outcome(() -> pe.readSystemRegister(k)).equals("ok");
                boolean uncounted =
                        r != null && r.trap() == dev.nido.arch.Trap.TPM_ER
                                || r != null && r.name().startsWith("PMEVTYPER");
                if (read != (expected && r.readable()) && !uncounted) {
                    wrong.add(Integer.toHexString(key) + " " + r + " at EL" + el + " read " + read);
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void registersOfAbsentFeaturesAreUndefined() {
        try (PeFixture less = new PeFixture("default,-vhe,-pmuv3,-lor,-uao", 2)) {
            less.at(2);
            assertThat(less.pe.cpu.has(Feature.E2H0)).isFalse();
            assertThat(less.read(SysReg.TTBR1_EL2)).isEqualTo("undef");
            assertThat(less.read(SysReg.CONTEXTIDR_EL2)).isEqualTo("undef");
            assertThat(less.read(SysReg.CNTHV_CTL_EL2)).isEqualTo("undef");
            assertThat(less.read(SysReg.PMCR_EL0)).isEqualTo("undef");
            assertThat(less.read(SysReg.LORC_EL1)).isEqualTo("undef");
            assertThat(less.outcome(() -> less.pe.msrImmediate(0, 1, 3))).isEqualTo("undef");
            assertThat(less.read(SysReg.CNTPCTSS_EL0)).isEqualTo("undef");
            assertThat(less.read(SysReg.RNDR)).isEqualTo("undef");
        }
    }

    @Test
    void withoutEl2ItsNamesAreUndefinedAndNothingTraps() {
        try (PeFixture guest = new PeFixture("default", 1)) {
            guest.at(1);
            assertThat(guest.read(SysReg.HCR_EL2)).isEqualTo("undef");
            assertThat(guest.read(SysReg.SP_EL1)).isEqualTo("undef");
            assertThat(guest.read(SysReg.CNTPCT_EL0)).isEqualTo("ok");
            assertThat(guest.read(SysReg.CNTP_CTL_EL0)).isEqualTo("ok");
            assertThat(guest.read(SysReg.PMEVCNTR5_EL0)).isEqualTo("ok");
            assertThat(guest.read(SysReg.MDSCR_EL1)).isEqualTo("ok");
            assertThat(
                            guest.outcome(() ->
                                    guest.pe.systemInstruction(
                                            SystemOperation.TLBI_ALLE1.key(), 0)))
                    .isEqualTo("undef");
            assertThat(guest.pe.readSystemRegister(SysReg.ID_AA64PFR0_EL1.key()) >> 8 & 15)
                    .isZero();
        }
    }

    @Test
    void tdeAndTdaAlsoHoldForTgeLessDebugOfEl0() {
        f.set(SysReg.MDCR_EL2, MdcrEl2.TDA).at(0);
        assertThat(f.read(SysReg.MDCCSR_EL0)).isEqualTo("18>2");
        f.set(SysReg.MDCR_EL2, 0).set(SysReg.MDSCR_EL1, 1 << 12).at(0);
        assertThat(f.read(SysReg.MDCCSR_EL0)).isEqualTo("18>1");
        assertThat(IchHcrEl2.TC).isEqualTo(1 << 10);
    }
}
