package dev.nido.kvm.sysreg;

import dev.nido.arch.CptrEl2;
import dev.nido.arch.CpuModel;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.NestedTraps;
import dev.nido.kvm.run.PhysicalCpu;

/**
 * What EL2 traps and configures while a guest runs at EL1 (KVM: {@code vcpu_reset_hcr()}, {@code
 * kvm_arm_setup_mdcr_el2()}, {@code __activate_traps()}). CNTHCTL_EL2 is {@link
 * dev.nido.kvm.timer.VcpuTimer}'s, ICH_HCR_EL2 is {@link dev.nido.kvm.vgic.VgicCpu}'s.
 *
 * <p>HCR_EL2.TWE stays clear and HCR_EL2.PTW too: WFE and walks through device memory act as
 * without a hypervisor.
 */
public final class TrapConfiguration {

    private static final long HCR =
            HcrEl2.VM
                    | HcrEl2.SWIO
                    | HcrEl2.FMO
                    | HcrEl2.IMO
                    | HcrEl2.AMO
                    | HcrEl2.TACR
                    | HcrEl2.TSC
                    | HcrEl2.TSW
                    | HcrEl2.TIDCP
                    | HcrEl2.TLOR
                    | HcrEl2.TID3
                    | HcrEl2.TID1
                    | HcrEl2.TWI
                    | HcrEl2.RW
                    | HcrEl2.E2H;

    /** CPTR_EL2 with E2H = 1: Advanced SIMD and FP do not trap; SVE and SME are absent. */
    private static final long CPTR = 3L << CptrEl2.FPEN_SHIFT;

    private TrapConfiguration() {}

    /**
     * Configures EL2 for a vCPU: HCR_EL2, MDCR_EL2, CPTR_EL2, HSTR_EL2, VPIDR_EL2, VMPIDR_EL2. The
     * vCPU is loaded on {@code cpu}.
     *
     * @param pinned whether the VM's vCPUs never change PEs, so that TLB maintenance by one of them
     *     for itself needs no broadcast
     */
    public static void apply(Vcpu vcpu, PhysicalCpu cpu, boolean pinned) {
        cpu.write(SysReg.HSTR_EL2, 0);
        long hcr = hcr(vcpu, pinned);
        if (vcpu.nested() != null) {
            NestedTraps.apply(vcpu, cpu, hcr, mdcr(vcpu));
            return;
        }
        IdRegisters ids = vcpu.vm().idRegisters();
        cpu.write(SysReg.VPIDR_EL2, ids.get(SysReg.MIDR_EL1));
        cpu.write(SysReg.VMPIDR_EL2, CpuModel.mpidr(vcpu.id()));
        cpu.write(SysReg.CPTR_EL2, CPTR);
        cpu.write(SysReg.MDCR_EL2, mdcr(vcpu));
        cpu.write(SysReg.HCR_EL2, hcr);
    }

    /**
     * HCR_EL2 for a vCPU, without pending virtual exceptions.
     *
     * @param pinned as for {@link #apply}
     */
    public static long hcr(Vcpu vcpu, boolean pinned) {
        long hcr = HCR;
        // The caches are the PE's own, but for what user space has made of CTR_EL0.
        if (vcpu.vm().idRegisters().cacheTypeChanged()) {
            hcr |= HcrEl2.TID2;
        }
        if (!pinned) {
            hcr |= HcrEl2.FB;
        }
        return hcr;
    }

    /**
     * MDCR_EL2 for a vCPU: the performance monitors and the debug registers trap, all event
     * counters are the guest's and stand still at EL2; debug exceptions come to EL2 while user
     * space debugs the guest.
     */
    public static long mdcr(Vcpu vcpu) {
        long mdcr =
                CpuModel.EVENT_COUNTERS
                        | MdcrEl2.HPMD
                        | MdcrEl2.TPM
                        | MdcrEl2.TPMCR
                        | MdcrEl2.TDA
                        | MdcrEl2.TDOSA
                        | MdcrEl2.TDRA;
        return vcpu.debug().ownedByUser() ? mdcr | MdcrEl2.TDE : mdcr;
    }
}
