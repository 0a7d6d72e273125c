package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** AT at the guest's EL2: what PAR_EL1 has for each regime, right and fault. */
class Item45AtTest {

    private static final long VA = 0x5555_1234_5000L;
    private static final long PAGE = MonitorGuest.RAM + 0x80_0000;
    private static final long ADDRESS = 0xffff_ffff_f000L;

    /** Above all memory, inside the address size. */
    private static final long NOWHERE = 0x70_0000_0000L;

    private static MonitorGuest guest(Feature nesting, boolean e2h) {
        return new MonitorGuest(nesting, HostedGuest.hypervisorCpu(e2h), 1);
    }

    private static void host(MonitorGuest g) {
        g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.E2H | HcrEl2.TGE);
    }

    private static int status(long par) {
        assertThat(par & 1).as("PAR 0x%x: F", par).isEqualTo(1);
        return (int) (par >>> 1) & 0x3f;
    }

    @ParameterizedTest
    @CsvSource({"NV, false", "NV, true", "NV2, false", "NV2, true"})
    void ownRegimeIsTranslated(Feature nesting, boolean e2h) {
        try (MonitorGuest g = guest(nesting, e2h)) {
            g.own.map(VA, 3, PAGE, MonitorGuest.NORMAL);
            long par = g.at(0, SystemOperation.AT_S1E2W, VA + 0x123);
            assertThat(par & ADDRESS).isEqualTo(PAGE);
            assertThat(par >>> 56).as("Write-Back").isEqualTo(0xff);
            assertThat(par >>> 7 & 3).as("Inner Shareable").isEqualTo(3);
            assertThat(par & 0x801).isEqualTo(0x800);
            g.own.map(VA, 3, PAGE, MonitorGuest.NORMAL | 1 << 7);
            assertThat(status(g.at(0, SystemOperation.AT_S1E2W, VA)))
                    .isEqualTo(Esr.FSC_PERMISSION | 3);
            assertThat(g.at(0, SystemOperation.AT_S1E2R, VA) & 1).isZero();
            long device = HostedGuest.DEVICE & -4096;
            par = g.at(0, SystemOperation.AT_S1E2R, device);
            assertThat(par & ADDRESS).isEqualTo(device);
            assertThat(par >>> 56).as("Device-nGnRE").isEqualTo(4);
        }
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void faultsOfTheOwnRegime(boolean e2h) {
        try (MonitorGuest g = guest(Feature.NV2, e2h)) {
            SystemOperation read = SystemOperation.AT_S1E2R;
            assertThat(status(g.at(0, read, VA))).isEqualTo(Esr.FSC_TRANSLATION);
            if (!e2h) {
                assertThat(status(g.at(0, read, 0xffff_0000_0000_0000L)))
                        .as("no upper range")
                        .isEqualTo(Esr.FSC_TRANSLATION);
            }
            g.own.map(VA, 3, PAGE, MonitorGuest.NORMAL & ~MonitorGuest.AF);
            assertThat(status(g.at(0, read, VA))).isEqualTo(Esr.FSC_ACCESS_FLAG | 3);
            g.own.unmap(VA, 3);
            assertThat(status(g.at(0, read, VA))).isEqualTo(Esr.FSC_TRANSLATION | 3);
            assertThat(status(g.at(0, read, VA + (1 << 21)))).isEqualTo(Esr.FSC_TRANSLATION | 2);
        }
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void tableOutsideMemoryIsAnExternalAbort(boolean e2h) {
        try (MonitorGuest g = guest(Feature.NV2, e2h)) {
            g.own.map(VA, 3, PAGE, MonitorGuest.NORMAL);
            long good = g.at(0, SystemOperation.AT_S1E2R, VA);
            g.put(g.own.slot(VA, 2), NOWHERE | 3);
            long esr = g.at(0, SystemOperation.AT_S1E2R, VA);
            assertThat(esr & ~MonitorGuest.EXCEPTION)
                    .isEqualTo(
                            Esr.of(
                                    Esr.EC_DATA_ABORT | 1,
                                    true,
                                    Esr.CM | Esr.WNR | Esr.FSC_EXTERNAL_ON_WALK | 3));
            assertThat(g.guest.vcpu(0).readSys(SysReg.FAR_EL2)).isEqualTo(VA);
            assertThat(g.guest.vcpu(0).readSys(SysReg.PAR_EL1)).as("PAR stays").isEqualTo(good);
        }
    }

    @Test
    void hostsFormsOfEl1MeanItsOwnRegimeAndItsEl0() {
        try (MonitorGuest g = guest(Feature.NV2, true)) {
            host(g);
            long user = VA + 4096;
            g.own.map(VA, 3, PAGE, MonitorGuest.NORMAL);
            g.own.map(user, 3, PAGE, MonitorGuest.NORMAL | 1 << 6);
            for (SystemOperation at :
                    new SystemOperation[] {
                        SystemOperation.AT_S1E1R,
                        SystemOperation.AT_S1E1W,
                        SystemOperation.AT_S12E1R,
                        SystemOperation.AT_S12E1W
                    }) {
                assertThat(g.at(0, at, VA) & ADDRESS).as("%s", at).isEqualTo(PAGE);
            }
            for (SystemOperation at :
                    new SystemOperation[] {
                        SystemOperation.AT_S1E0R,
                        SystemOperation.AT_S1E0W,
                        SystemOperation.AT_S12E0R,
                        SystemOperation.AT_S12E0W
                    }) {
                assertThat(status(g.at(0, at, VA))).isEqualTo(Esr.FSC_PERMISSION | 3);
                assertThat(g.at(0, at, user) & ADDRESS).as("%s", at).isEqualTo(PAGE);
            }
        }
    }

    @Test
    void panCountsForTheFormsThatAskForIt() {
        try (MonitorGuest g = guest(Feature.NV2, true)) {
            host(g);
            g.own.map(VA, 3, PAGE, MonitorGuest.NORMAL | 1 << 6);
            assertThat(g.at(0, SystemOperation.AT_S1E1RP, VA) & 1).isZero();
            g.guest.vcpu(0).setPstate(g.guest.vcpu(0).pstate() | Spsr.PAN);
            assertThat(status(g.at(0, SystemOperation.AT_S1E1RP, VA)))
                    .isEqualTo(Esr.FSC_PERMISSION | 3);
            assertThat(status(g.at(0, SystemOperation.AT_S1E1WP, VA)))
                    .isEqualTo(Esr.FSC_PERMISSION | 3);
            assertThat(g.at(0, SystemOperation.AT_S1E1R, VA) & 1).isZero();
        }
    }

    @Test
    void atSeesWhatTheTlbHolds() {
        try (MonitorGuest g = guest(Feature.NV2, true)) {
            g.own.map(VA, 3, PAGE, MonitorGuest.NORMAL);
            g.load(0, VA);
            g.own.map(VA, 3, PAGE + 4096, MonitorGuest.NORMAL);
            assertThat(g.at(0, SystemOperation.AT_S1E2R, VA) & ADDRESS).isEqualTo(PAGE);
            g.tlbi(0, SystemOperation.TLBI_VAE2, VA >>> 12);
            assertThat(g.at(0, SystemOperation.AT_S1E2R, VA) & ADDRESS).isEqualTo(PAGE + 4096);
        }
    }

    // The guest hypervisor's guest

    private static final long IPA = 0x12_3456_7000L;
    private static final long STAGE2 = 1 << 9;
    private static final long ON_WALK = 1 << 8;

    private static MonitorGuest.Below below(MonitorGuest g) {
        MonitorGuest.Below below = g.new Below();
        below.use(0, 5, 5);
        below.s1.map(VA, 3, IPA, MonitorGuest.NORMAL);
        below.s2.map(IPA, 3, PAGE, MonitorGuest.S2_NORMAL);
        return below;
    }

    @ParameterizedTest
    @CsvSource({"NV, false", "NV, true", "NV2, false", "NV2, true"})
    void guestIsTranslatedByOneStageOrBoth(Feature nesting, boolean e2h) {
        try (MonitorGuest g = guest(nesting, e2h)) {
            MonitorGuest.Below below = below(g);
            assertThat(g.at(0, SystemOperation.AT_S1E1W, VA) & ADDRESS).isEqualTo(IPA);
            assertThat(g.at(0, SystemOperation.AT_S12E1W, VA) & ADDRESS).isEqualTo(PAGE);
            assertThat(status(g.at(0, SystemOperation.AT_S1E0R, VA)))
                    .isEqualTo(Esr.FSC_PERMISSION | 3);
            assertThat(status(g.at(0, SystemOperation.AT_S12E0R, VA)))
                    .isEqualTo(Esr.FSC_PERMISSION | 3);
            below.s2.map(IPA, 3, PAGE, MonitorGuest.S2_NORMAL & ~(2 << 6));
            long par = g.at(0, SystemOperation.AT_S12E1W, VA);
            assertThat(status(par)).isEqualTo(Esr.FSC_PERMISSION | 3);
            assertThat(par & (STAGE2 | ON_WALK)).isEqualTo(STAGE2);
            assertThat(g.at(0, SystemOperation.AT_S12E1R, VA) & 1).isZero();
            assertThat(g.load(0, PAGE)).as("the own registers are back").isZero();
        }
    }

    @Test
    void faultOfStage2OnAWalkSaysSo() {
        try (MonitorGuest g = guest(Feature.NV2, true)) {
            MonitorGuest.Below below = below(g);
            below.s2.unmap(below.s1.slot(VA, 2) & -4096, 3);
            for (SystemOperation form :
                    new SystemOperation[] {SystemOperation.AT_S1E1R, SystemOperation.AT_S12E0W}) {
                long par = g.at(0, form, VA);
                assertThat(status(par)).isEqualTo(Esr.FSC_TRANSLATION | 3);
                assertThat(par & (STAGE2 | ON_WALK)).isEqualTo(STAGE2 | ON_WALK);
            }
        }
    }

    @Test
    void withoutStage2TheGuestsAddressesAreTheHypervisors() {
        try (MonitorGuest g = guest(Feature.NV2, true)) {
            below(g);
            g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.E2H);
            assertThat(g.at(0, SystemOperation.AT_S12E1R, VA) & ADDRESS).isEqualTo(IPA);
            g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.E2H | HcrEl2.DC);
            long par = g.at(0, SystemOperation.AT_S1E1R, IPA);
            assertThat(par & ADDRESS).as("stage 1 is off").isEqualTo(IPA);
            assertThat(par >>> 56).as("Write-Back").isEqualTo(0xff);
        }
    }

    @Test
    void atOfAGuestFillsNoTlb() {
        try (MonitorGuest g = guest(Feature.NV2, true)) {
            MonitorGuest.Below below = below(g);
            assertThat(g.at(0, SystemOperation.AT_S12E1R, VA) & ADDRESS).isEqualTo(PAGE);
            below.s2.unmap(below.s1.slot(VA, 3) & -4096, 3);
            long esr = g.loadBelow(0, VA);
            assertThat(esr & Esr.S1PTW).as("the table's page is walked to anew").isNotZero();
            assertThat(esr & 0x3f).isEqualTo(Esr.FSC_TRANSLATION | 3);
        }
    }

    @Test
    void atOfAGuestSeesWhatTheTlbHolds() {
        try (MonitorGuest g = guest(Feature.NV2, true)) {
            MonitorGuest.Below below = below(g);
            g.put(PAGE, 7);
            assertThat(g.loadBelow(0, VA)).isEqualTo(7);
            below.s1.map(VA, 3, IPA + 4096, MonitorGuest.NORMAL);
            assertThat(g.at(0, SystemOperation.AT_S1E1R, VA) & ADDRESS).isEqualTo(IPA);
            g.tlbi(0, SystemOperation.TLBI_VMALLE1, 0);
            assertThat(g.at(0, SystemOperation.AT_S1E1R, VA) & ADDRESS).isEqualTo(IPA + 4096);
        }
    }
}
