package dev.nido.kvm.nested;

import dev.nido.arch.CptrEl2;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.IchHcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.run.PhysicalCpu;

/**
 * What EL2 of the PE traps while a vCPU with a virtual EL2 runs: in hyp context so that EL1 can
 * stand for EL2, in nested context what the guest's EL2 asks for besides the hypervisor's own needs
 * (KVM: {@code compute_hcr()}, {@code __activate_traps()} in vhe/switch.c).
 */
public final class NestedTraps {

    /** What of the guest's HCR_EL2 never reaches the PE's. */
    private static final long NOT_MERGED = HcrEl2.TGE | HcrEl2.E2H | HcrEl2.RW;

    private static final long INTERFACE_TRAPS =
            IchHcrEl2.TC | IchHcrEl2.TALL0 | IchHcrEl2.TALL1 | IchHcrEl2.TDIR;

    private static final long FPEN = 3L << CptrEl2.FPEN_SHIFT;

    private NestedTraps() {}

    /**
     * Configures HCR_EL2, CPTR_EL2, MDCR_EL2, VPIDR_EL2, VMPIDR_EL2 and VNCR_EL2 for the context
     * that is loaded.
     *
     * @param hcr what every guest needs
     * @param mdcr what every guest needs
     */
    public static void apply(Vcpu vcpu, PhysicalCpu cpu, long hcr, long mdcr) {
        NestedVcpu nested = vcpu.nested();
        boolean nv2 = nested.redirects();
        if (nested.isHypContext()) {
            boolean e2h = nested.e2h();
            cpu.write(SysReg.VPIDR_EL2, vcpu.vm().idRegisters().get(SysReg.MIDR_EL1));
            cpu.write(SysReg.VMPIDR_EL2, vcpu.mpidr());
            cpu.write(SysReg.CPTR_EL2, FPEN | (e2h || nv2 ? 0 : CptrEl2.TCPAC));
            cpu.write(SysReg.MDCR_EL2, mdcr);
            if (nv2) {
                cpu.write(SysReg.VNCR_EL2, nested.page().pa());
            }
            cpu.write(SysReg.HCR_EL2, hcr | hyp(nv2, e2h));
            vcpu.vgic().setTraps(0);
            return;
        }
        cpu.write(SysReg.VPIDR_EL2, nested.read(SysReg.VPIDR_EL2));
        cpu.write(SysReg.VMPIDR_EL2, nested.read(SysReg.VMPIDR_EL2));
        long cptr = nested.read(SysReg.CPTR_EL2);
        cpu.write(SysReg.CPTR_EL2, nested.e2h() ? cptr : El2Translation.cptr(cptr));
        cpu.write(SysReg.MDCR_EL2, mdcr | nested.read(SysReg.MDCR_EL2) & MdcrEl2.TDE);
        if ((nested.hcr() & HcrEl2.NV2) != 0) {
            // ACTLR_EL1 is in memory then, which a trap would come before.
            hcr &= ~HcrEl2.TACR;
        }
        cpu.write(SysReg.HCR_EL2, hcr | merged(nested.hcr()));
        vcpu.vgic().setTraps(nested.read(SysReg.ICH_HCR_EL2) & INTERFACE_TRAPS);
    }

    /** What of the guest's HCR_EL2 acts in the PE's, in which IMO, FMO and AMO are set already. */
    static long merged(long hcr) {
        long without = NOT_MERGED;
        if ((hcr & HcrEl2.IMO) == 0) {
            without |= HcrEl2.VI;
        }
        if ((hcr & HcrEl2.FMO) == 0) {
            without |= HcrEl2.VF;
        }
        if ((hcr & HcrEl2.AMO) == 0) {
            without |= HcrEl2.VSE;
        }
        return hcr & ~without;
    }

    /**
     * What HCR_EL2 has in hyp context beyond the rest. CPACR_EL1 needs no trap with E2H: it keeps
     * all bits of the CPTR_EL2 that it stands for.
     */
    static long hyp(boolean nv2, boolean e2h) {
        long bits = HcrEl2.NV | HcrEl2.AT | HcrEl2.TTLB;
        if (nv2) {
            bits |= HcrEl2.NV2;
        }
        if (!e2h) {
            bits |= HcrEl2.NV1;
            if (!nv2) {
                bits |= HcrEl2.TVM | HcrEl2.TRVM;
            }
        }
        return bits;
    }
}
