package dev.nido.kvm.vgic;

import dev.nido.arch.SysReg;

/**
 * What the interrupt controller needs of a vCPU whose guest is a hypervisor: that hypervisor's own
 * registers ICH_LR&lt;n&gt;, ICH_HCR, ICH_VMCR and ICH_AP&lt;x&gt;R0_EL2, 64 bits each, which are
 * in the same place as all its EL2 registers and nowhere here.
 *
 * <p>KVM: {@code __vcpu_sys_reg(vcpu, ICH_*)} in vgic-v3-nested.c.
 */
public interface NestedState {

    /** The guest hypervisor's register, as it was written last. */
    long read(SysReg r);

    /** Sets it: the guest hypervisor will read this back. */
    void write(SysReg r, long value);

    /**
     * Whether each access of the guest hypervisor to these registers has to exit, also where
     * FEAT_NV2 would make it one to memory: its maintenance interrupt waits in a list register, and
     * has to go with the condition. Called with no lock held, before the entry that it is for;
     * without FEAT_NV2 there is nothing to do.
     */
    void trapInterface(boolean on);
}
