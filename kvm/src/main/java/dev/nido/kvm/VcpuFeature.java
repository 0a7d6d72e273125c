package dev.nido.kvm;

/** What a vCPU is initialised with (KVM_ARM_VCPU_INIT); {@link #bit} is KVM's number. */
public enum VcpuFeature {

    /** It starts switched off. */
    POWER_OFF(0),

    /** AArch32 at EL1: there is none on this machine. */
    EL1_32BIT(1),

    /** PSCI 0.2 or later; always there. */
    PSCI_0_2(2),

    /** Performance monitors; there if the guest's CPU has them. */
    PMU_V3(3),

    /** A virtual EL2. */
    HAS_EL2(7),

    /** A virtual EL2 without VHE. */
    HAS_EL2_E2H0(8);

    private final int bit;

    VcpuFeature(int bit) {
        this.bit = bit;
    }

    /** KVM_ARM_VCPU_*. */
    public int bit() {
        return bit;
    }
}
