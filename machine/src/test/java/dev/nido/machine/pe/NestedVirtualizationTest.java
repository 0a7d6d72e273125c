package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** FEAT_NV at EL1 beside MRS and MSR: instructions, exceptions and their return (D8.11). */
class NestedVirtualizationTest {

    private final PeFixture f = new PeFixture("max,+nv2", 2);
    private final Pe pe = f.pe;

    @AfterEach
    void close() {
        f.close();
    }

    @Test
    void eretOfEl1IsTrappedBeforeAnythingElse() {
        f.set(SysReg.VBAR_EL2, 0x8_0000).set(SysReg.HCR_EL2, HcrEl2.NV).at(1);
        f.set(SysReg.SPSR_EL1, 0x1f).set(SysReg.ELR_EL1, 0x1234);
        pe.monitorBytes = 8;
        long here = pe.pc;
        assertThat(f.outcome(pe::exceptionReturn)).isEqualTo("1a>2");
        assertThat(f.sys(SysReg.ESR_EL2)).isEqualTo(0x6a00_0000L);
        assertThat(f.sys(SysReg.ELR_EL2)).isEqualTo(here);
        assertThat(f.sys(SysReg.SPSR_EL2) & 0x1f).isEqualTo(5);
        assertThat(pe.pc).isEqualTo(0x8_0400);
        assertThat(pe.monitorBytes).as("the return did not happen").isEqualTo(8);
    }

    @Test
    void eretOfEl2AndWithoutNvReturns() {
        f.set(SysReg.HCR_EL2, HcrEl2.NV).set(SysReg.SPSR_EL2, 5).at(2);
        assertThat(f.outcome(pe::exceptionReturn)).isEqualTo("ok");
        assertThat(pe.el).isEqualTo(1);
        f.set(SysReg.HCR_EL2, HcrEl2.NV1 | HcrEl2.NV2).set(SysReg.SPSR_EL1, 0).at(1);
        assertThat(f.outcome(pe::exceptionReturn)).as("NV2 without NV").isEqualTo("ok");
        assertThat(pe.el).isZero();
    }

    @ParameterizedTest
    @EnumSource(SystemOperation.class)
    void instructionsOfEl2TrapInsteadOfBeingUndefined(SystemOperation o) {
        long address = PeFixture.RAM + 0x800;
        boolean el2 = (o.key() >> 11 & 7) == 4;
        String free = o == SystemOperation.DC_ZVA ? "25>1" : "ok";
        String absent = o == SystemOperation.DC_CVADP ? "undef" : free;
        for (long nested : new long[] {0, HcrEl2.NV1, HcrEl2.NV2}) {
            f.set(SysReg.HCR_EL2, nested).at(1);
            assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address)))
                    .isEqualTo(el2 ? "undef" : absent);
            f.set(SysReg.HCR_EL2, HcrEl2.NV | nested).at(1);
            pe.transferRegister = 7;
            assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address)))
                    .isEqualTo(el2 ? "18>2" : absent);
            if (el2) {
                assertThat(Esr.iss(f.sys(SysReg.ESR_EL2)))
                        .isEqualTo(Esr.systemAccess(o.key(), 7, false));
            }
            f.set(SysReg.HCR_EL2, HcrEl2.NV | nested).at(0);
            assertThat(f.outcome(() -> pe.systemInstruction(o.key(), address)))
                    .isNotEqualTo("18>2");
        }
    }

    @Test
    void unallocatedInstructionsStayUndefined() {
        f.set(SysReg.HCR_EL2, HcrEl2.NV | HcrEl2.NV2).at(1);
        assertThat(f.outcome(() -> pe.systemInstruction(SysReg.key(1, 4, 8, 7, 7), 0)))
                .isEqualTo("undef");
        assertThat(f.outcome(() -> pe.systemInstruction(SysReg.key(1, 6, 8, 7, 0), 0)))
                .isEqualTo("undef");
    }

    @ParameterizedTest
    @CsvSource({
        "AT_S1E1R, 44",
        "AT_S1E1W, 44",
        "AT_S1E0R, 44",
        "AT_S1E0W, 44",
        "AT_S1E1RP, 44",
        "AT_S1E1WP, 44",
        "TLBI_VMALLE1, 25",
        "TLBI_VAE1IS, 25",
        "TLBI_VAE1IS, 54",
        "TLBI_VMALLE1OS, 55",
    })
    void ownTranslationInstructionsTrapByTheirBit(SystemOperation o, int bit) {
        f.set(SysReg.HCR_EL2, HcrEl2.NV).at(1);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), 0))).isEqualTo("ok");
        f.set(SysReg.HCR_EL2, HcrEl2.NV | 1L << bit).at(1);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), 0))).isEqualTo("18>2");
        f.set(SysReg.HCR_EL2, 1L << bit).at(1);
        assertThat(f.outcome(() -> pe.systemInstruction(o.key(), 0))).isEqualTo("18>2");
    }

    /** NV, NV1, NV2, then SPSR_EL1.M[3:2] after an exception from EL1 to EL1. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 1",
        "0, 1, 1, 1",
        "1, 0, 0, 2",
        "1, 0, 1, 2",
        "1, 1, 0, 1",
        "1, 1, 1, 2",
    })
    void exceptionsWithinEl1SeemToComeFromEl2(int nv, int nv1, int nv2, int level) {
        long hcr = (long) nv << 42 | (long) nv1 << 43 | (long) nv2 << 45;
        for (long e2h : new long[] {0, HcrEl2.E2H}) {
            f.set(SysReg.VBAR_EL1, 0x9_0000).set(SysReg.HCR_EL2, hcr | e2h).at(1);
            pe.pc = 0x5000;
            pe.takeSynchronous(pe.svc(3));
            assertThat(f.sys(SysReg.SPSR_EL1) & 0x1f).isEqualTo(level << 2 | 1);
            assertThat(f.sys(SysReg.ELR_EL1)).isEqualTo(0x5004);
            assertThat(f.sys(SysReg.ESR_EL1)).isEqualTo(0x5600_0003L);
            assertThat(pe.pc).isEqualTo(0x9_0200);
            assertThat(pe.el).isEqualTo(1);
            pe.takeSynchronous(pe.hvc(0));
            assertThat(f.sys(SysReg.SPSR_EL2) & 0x1f).as("to EL2").isEqualTo(5);
            f.at(0);
            pe.takeSynchronous(pe.svc(3));
            assertThat(f.sys(SysReg.SPSR_EL1) & 0x1f).as("from EL0").isZero();
        }
    }

    @Test
    void virtualInterruptsWithinEl1SeemToComeFromEl2() {
        f.set(SysReg.HCR_EL2, HcrEl2.NV | HcrEl2.IMO | HcrEl2.VI).at(1);
        assertThat(pe.takePendingInterrupt()).isTrue();
        assertThat(f.sys(SysReg.SPSR_EL1) & 0x1f).isEqualTo(9);
        assertThat(pe.el).isEqualTo(1);
    }

    @Test
    void smcIsTrappedByItsOwnBit() {
        f.set(SysReg.HCR_EL2, HcrEl2.NV | HcrEl2.TSC).at(1);
        assertThat(pe.smc(9).exceptionClass).isEqualTo(Esr.EC_SMC);
        assertThat(pe.smc(9).targetEl).isEqualTo(2);
        assertThat(pe.hvc(9).exceptionClass).isEqualTo(Esr.EC_HVC);
    }

    @Test
    void nothingOfItIsThereWithoutTheFeature() {
        try (PeFixture plain = new PeFixture("max", 2)) {
            long all = HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2 | HcrEl2.AT;
            plain.set(SysReg.HCR_EL2, all).at(1);
            assertThat(plain.pe.hcr & all).isZero();
            assertThat(plain.read(SysReg.HCR_EL2)).isEqualTo("undef");
            assertThat(plain.read(SysReg.SCTLR_EL1)).isEqualTo("ok");
            assertThat(plain.pe.readSystemRegister(SysReg.CurrentEL.key())).isEqualTo(4);
            assertThat(
                            plain.outcome(() ->
                                    plain.pe.systemInstruction(SystemOperation.AT_S1E1R.key(), 0)))
                    .isEqualTo("ok");
            plain.at(2);
            assertThat(plain.read(SysReg.VNCR_EL2)).isEqualTo("undef");
        }
    }

    @Test
    void withNvAloneNothingIsRedirected() {
        try (PeFixture nv = new PeFixture("default,+nv", 2)) {
            nv.set(SysReg.HCR_EL2, HcrEl2.NV | HcrEl2.NV2).at(1);
            assertThat(nv.read(SysReg.HCR_EL2)).isEqualTo("18>2");
            nv.at(1);
            assertThat(nv.read(SysReg.SPSR_EL2)).isEqualTo("18>2");
            nv.at(1);
            assertThat(nv.read(SysReg.MDSCR_EL1)).isEqualTo("ok");
            assertThat(nv.read(SysReg.VNCR_EL2)).isEqualTo("undef");
        }
    }

    @Test
    void nv1IsReservedWhereE2hIsFixed() {
        try (PeFixture vhe = new PeFixture("default,-e2h0,+nv2", 2)) {
            vhe.set(SysReg.HCR_EL2, HcrEl2.NV | HcrEl2.NV1).at(1);
            assertThat(vhe.read(SysReg.VBAR_EL1)).isEqualTo("ok");
            vhe.set(SysReg.VNCR_EL2, PeFixture.RAM);
            vhe.set(SysReg.HCR_EL2, HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2).at(1);
            int alias = SysReg.VBAR_EL1.key() | 5 << 11;
            assertThat(vhe.outcome(() -> vhe.pe.readSystemRegister(alias))).isEqualTo("ok");
        }
    }
}
