package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.Test;

/** What traps while a guest runs at EL1. */
class TrapConfigurationTest {

    @Test
    void el2IsConfiguredOnceTheVcpuIsLoaded() {
        try (HostedGuest guest = HostedGuest.deterministic(2, "b .")) {
            guest.vcpu(1).powerOn(HostedGuest.RAM, 0);
            guest.vcpu(1).run(1);
            var cpu = guest.vcpu(1).cpu();
            long hcr = cpu.read(SysReg.HCR_EL2);
            assertThat(hcr & (HcrEl2.VM | HcrEl2.IMO | HcrEl2.FMO | HcrEl2.AMO | HcrEl2.E2H))
                    .isEqualTo(HcrEl2.VM | HcrEl2.IMO | HcrEl2.FMO | HcrEl2.AMO | HcrEl2.E2H);
            assertThat(hcr & (HcrEl2.TGE | HcrEl2.TWE | HcrEl2.PTW | HcrEl2.TVM | HcrEl2.DC))
                    .isZero();
            assertThat(cpu.read(SysReg.VMPIDR_EL2)).isEqualTo(CpuModel.mpidr(1));
            assertThat(cpu.read(SysReg.MDCR_EL2) & MdcrEl2.HPMN).isEqualTo(CpuModel.EVENT_COUNTERS);
        }
    }

    @Test
    void tlbMaintenanceIsBroadcastWhereVcpusMoveBetweenPes() {
        try (HostedGuest guest = HostedGuest.threaded(1, 1, "b .")) {
            Vcpu vcpu = guest.vcpu(0);
            assertThat(TrapConfiguration.hcr(vcpu, true) & HcrEl2.FB).isZero();
            assertThat(TrapConfiguration.hcr(vcpu, false) & HcrEl2.FB).isNotZero();
        }
    }

    @Test
    void ctrTrapsOnlyWhereItIsNotThePes() {
        try (HostedGuest guest = HostedGuest.threaded(1, 1, "b .")) {
            Vcpu vcpu = guest.vcpu(0);
            assertThat(TrapConfiguration.hcr(vcpu, true) & (HcrEl2.TID2 | HcrEl2.TID4)).isZero();
            IdRegisters ids = guest.vm.idRegisters();
            ids.set(SysReg.CTR_EL0, ids.get(SysReg.CTR_EL0) & ~(1L << 28));
            assertThat(TrapConfiguration.hcr(vcpu, true) & (HcrEl2.TID2 | HcrEl2.TID4))
                    .isEqualTo(HcrEl2.TID2);
        }
    }

    @Test
    void aChangedCtrIsWhatTheGuestReads() {
        try (HostedGuest guest = HostedGuest.deterministic(1, "mrs x1, ctr_el0\n b .")) {
            IdRegisters ids = guest.vm.idRegisters();
            long ctr = ids.get(SysReg.CTR_EL0) & ~(1L << 28);
            ids.set(SysReg.CTR_EL0, ctr);
            guest.vcpu(0).run(1);
            assertThat(guest.vcpu(0).reg(1)).isEqualTo(ctr);
        }
    }

    @Test
    void debugExceptionsComeToEl2OnlyForUserSpace() {
        try (HostedGuest guest = HostedGuest.threaded(1, 1, "b .")) {
            Vcpu vcpu = guest.vcpu(0);
            assertThat(TrapConfiguration.mdcr(vcpu) & MdcrEl2.TDE).isZero();
            vcpu.debug().debug(GuestDebug.softwareBreakpoints());
            assertThat(TrapConfiguration.mdcr(vcpu) & MdcrEl2.TDE).isNotZero();
            vcpu.debug().debug(null);
            assertThat(TrapConfiguration.mdcr(vcpu) & MdcrEl2.TDE).isZero();
        }
    }
}
