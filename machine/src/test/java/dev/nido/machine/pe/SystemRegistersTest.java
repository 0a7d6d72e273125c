package dev.nido.machine.pe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;

/** What MRS and MSR reach. */
class SystemRegistersTest {

    private final PeFixture f = new PeFixture();
    private final Pe pe = f.pe;

    @AfterEach
    void close() {
        f.close();
    }

    @ParameterizedTest
    @CsvSource({
        "SCTLR_EL1,SCTLR_EL2",
        "CPACR_EL1,CPTR_EL2",
        "TTBR0_EL1,TTBR0_EL2",
        "TTBR1_EL1,TTBR1_EL2",
        "TCR_EL1,TCR_EL2",
        "SPSR_EL1,SPSR_EL2",
        "ELR_EL1,ELR_EL2",
        "AFSR0_EL1,AFSR0_EL2",
        "AFSR1_EL1,AFSR1_EL2",
        "ESR_EL1,ESR_EL2",
        "FAR_EL1,FAR_EL2",
        "MAIR_EL1,MAIR_EL2",
        "AMAIR_EL1,AMAIR_EL2",
        "VBAR_EL1,VBAR_EL2",
        "CONTEXTIDR_EL1,CONTEXTIDR_EL2",
        "CNTKCTL_EL1,CNTHCTL_EL2",
        "CNTP_CVAL_EL0,CNTHP_CVAL_EL2",
        "CNTV_CVAL_EL0,CNTHV_CVAL_EL2"
    })
    void e2hRedirectsNamesAtEl2AndAliasesReachBehind(SysReg r, SysReg el2) {
        int alias = SysReg.key(3, 5, r.key() >> 7 & 15, r.key() >> 3 & 15, r.key() & 7);
        f.at(2);
        pe.writeSystemRegister(r.key(), 0x10);
        pe.writeSystemRegister(el2.key(), 0x20);
        assertThat(pe.readSystemRegister(r.key())).as("E2H clear").isEqualTo(0x10);
        assertThat(f.outcome(() -> pe.readSystemRegister(alias))).isEqualTo("undef");
        f.set(SysReg.HCR_EL2, HcrEl2.E2H);
        assertThat(pe.readSystemRegister(r.key())).isEqualTo(0x20);
        assertThat(pe.readSystemRegister(alias)).isEqualTo(0x10);
        pe.writeSystemRegister(alias, 0x30);
        pe.writeSystemRegister(r.key(), 0x40);
        assertThat(pe.readSystemRegister(el2.key())).isEqualTo(0x40);
        f.set(SysReg.HCR_EL2, 0);
        assertThat(pe.readSystemRegister(r.key())).isEqualTo(0x30);
        f.at(1);
        assertThat(f.outcome(() -> pe.readSystemRegister(alias))).isEqualTo("undef");
    }

    @Test
    void hostsEl0ReachesTheEl2Timers() {
        f.set(SysReg.HCR_EL2, HcrEl2.E2H | HcrEl2.TGE).set(SysReg.CNTHCTL_EL2, 0x300).at(0);
        pe.writeSystemRegister(SysReg.CNTV_CVAL_EL0.key(), 77);
        assertThat(f.sys(SysReg.CNTHV_CVAL_EL2)).isEqualTo(77);
        assertThat(f.sys(SysReg.CNTV_CVAL_EL0)).isZero();
    }

    @Test
    void registersWithAVncrSlotKeepEveryBit() {
        List<SysReg> wrong = new ArrayList<>();
        f.at(2);
        for (SysReg r : SysReg.values()) {
            boolean plain =
                    (r.vncrOffset() >= 0 || r.nv2El1Register() != null)
                            && (r.feature() == null || pe.cpu.has(r.feature()));
            if (plain) {
                for (long value : new long[] {-1, 0x5555_aaaa_1234_8765L, 0}) {
                    f.set(SysReg.HCR_EL2, 0);
                    pe.writeSystemRegister(r.key(), value);
                    if (r == SysReg.HCR_EL2
                            ? f.sys(r) != value
                            : pe.readSystemRegister(r.key()) != value) {
                        wrong.add(r);
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void listRegistersThatAreNotThereAreUndefined() {
        try (PeFixture four = new PeFixture("default,lrs=4", 2)) {
            four.at(2);
            assertThat(four.read(SysReg.ICH_LR3_EL2)).isEqualTo("ok");
            assertThat(four.read(SysReg.ICH_LR4_EL2)).isEqualTo("undef");
            assertThat(four.write(SysReg.ICH_LR15_EL2)).isEqualTo("undef");
        }
    }

    @Test
    void midrAndMpidrAreVirtualAtEl1Only() {
        f.set(SysReg.VPIDR_EL2, 0x1111).set(SysReg.VMPIDR_EL2, 0x2222).at(1);
        assertThat(pe.readSystemRegister(SysReg.MIDR_EL1.key())).isEqualTo(0x1111);
        assertThat(pe.readSystemRegister(SysReg.MPIDR_EL1.key())).isEqualTo(0x2222);
        f.at(2);
        assertThat(pe.readSystemRegister(SysReg.MIDR_EL1.key())).isEqualTo(CpuModel.MIDR);
        assertThat(pe.readSystemRegister(SysReg.MPIDR_EL1.key())).isEqualTo(0x8000_0000L);
    }

    @Test
    void reservedIdRegistersReadAsZeroAndOthersComeFromTheModel() {
        f.at(1);
        for (int crm = 1; crm <= 7; crm++) {
            for (int op2 = 0; op2 <= 7; op2++) {
                int key = SysReg.key(3, 0, 0, crm, op2);
                assertThat(pe.readSystemRegister(key))
                        .isEqualTo(pe.cpu.idRegister(SysReg.decode(key)));
                assertThat(f.outcome(() -> pe.writeSystemRegister(key, 0))).isEqualTo("undef");
            }
        }
        assertThat(pe.readSystemRegister(SysReg.key(3, 0, 0, 7, 6))).isZero();
    }

    @Test
    void processStateIsReadAndWritten() {
        f.at(1);
        assertThat(pe.readSystemRegister(SysReg.CurrentEL.key())).isEqualTo(4);
        pe.writeSystemRegister(SysReg.DAIF.key(), -1);
        assertThat(pe.daif).isEqualTo(0x3c0);
        pe.msrImmediate(3, 9, 7);
        assertThat(pe.readSystemRegister(SysReg.DAIF.key())).isEqualTo(0x180);
        pe.writeSystemRegister(SysReg.PAN.key(), 1 << 22);
        pe.writeSystemRegister(SysReg.UAO.key(), 1 << 23);
        pe.writeSystemRegister(SysReg.DIT.key(), 1 << 24);
        pe.writeSystemRegister(SysReg.SSBS.key(), 1 << 12);
        assertThat(pe.pan && pe.uao && pe.dit && pe.ssbs).isTrue();
        pe.msrImmediate(0, 0, 4);
        pe.msrImmediate(0, 0, 3);
        pe.msrImmediate(3, 0, 2);
        pe.msrImmediate(3, 0, 1);
        assertThat(pe.pan || pe.uao || pe.dit || pe.ssbs).isFalse();
        f.at(0);
        assertThat(f.outcome(() -> pe.msrImmediate(0, 0, 4))).isEqualTo("undef");
        assertThat(f.outcome(() -> pe.msrImmediate(0, 0, 5))).isEqualTo("undef");
    }

    @Test
    void stackPointersAreBanked() {
        f.at(1);
        pe.x[Pe.SP] = 1;
        pe.writeSystemRegister(SysReg.SP_EL0.key(), 10);
        pe.msrImmediate(0, 0, 5);
        assertThat(pe.x[Pe.SP]).isEqualTo(10);
        assertThat(f.outcome(() -> pe.readSystemRegister(SysReg.SP_EL0.key())))
                .as("the selected one has no name")
                .isEqualTo("undef");
        pe.x[Pe.SP] = 11;
        pe.writeSystemRegister(SysReg.SPSel.key(), 1);
        assertThat(pe.x[Pe.SP]).isEqualTo(1);
        assertThat(pe.readSystemRegister(SysReg.SP_EL0.key())).isEqualTo(11);
        f.at(2);
        assertThat(pe.readSystemRegister(SysReg.SP_EL1.key())).isEqualTo(1);
    }

    @Test
    void controlRegistersOfFloatingPointHaveOnlyTheirBits() {
        f.set(SysReg.CPTR_EL2, 0).at(2);
        pe.writeSystemRegister(SysReg.FPCR.key(), -1);
        pe.writeSystemRegister(SysReg.FPSR.key(), -1);
        assertThat(pe.readSystemRegister(SysReg.FPCR.key())).isEqualTo(0x07c8_0000L);
        assertThat(pe.readSystemRegister(SysReg.FPSR.key())).isEqualTo(0x0800_009fL);
    }

    @Test
    void isrShowsVirtualInterruptsToTheGuest() {
        f.set(SysReg.HCR_EL2, HcrEl2.IMO | HcrEl2.VI | HcrEl2.AMO | HcrEl2.VSE).at(1);
        assertThat(pe.readSystemRegister(SysReg.ISR_EL1.key())).isEqualTo(0x180);
        f.at(2);
        assertThat(pe.readSystemRegister(SysReg.ISR_EL1.key())).isZero();
    }

    @Test
    void randomNumbersComeFromTheSeed() {
        try (PeFixture a = new PeFixture("default,+rng", 2);
                PeFixture b = new PeFixture("default,+rng", 2)) {
            a.pe.nzcv = 0xf000_0000;
            long first = a.pe.readSystemRegister(SysReg.RNDR.key());
            assertThat(a.pe.nzcv).isZero();
            assertThat(b.pe.readSystemRegister(SysReg.RNDR.key())).isEqualTo(first);
            assertThat(a.pe.readSystemRegister(SysReg.RNDRRS.key())).isNotEqualTo(first);
        }
    }

    @Test
    void cacheGeometryFollowsTheSelector() {
        f.at(1);
        pe.writeSystemRegister(SysReg.CSSELR_EL1.key(), 2);
        assertThat(pe.readSystemRegister(SysReg.CCSIDR_EL1.key())).isEqualTo(0x7f_e07aL);
        pe.writeSystemRegister(SysReg.CSSELR_EL1.key(), 1);
        assertThat(pe.readSystemRegister(SysReg.CCSIDR_EL1.key())).isEqualTo(0x1f_e01aL);
    }
}
