package dev.nido.kvm;

/**
 * What a hypervisor may or may not offer (KVM_CHECK_EXTENSION). {@link #number} is KVM's, for tools
 * that speak it; {@link Hypervisor#check} answers.
 */
public enum Capability {
    USER_MEMORY(3),
    NR_VCPUS(9),
    NR_MEMSLOTS(10),
    MP_STATE(14),
    DESTROY_MEMORY_REGION_WORKS(21),
    IRQFD(32),
    IOEVENTFD(36),
    MAX_VCPUS(66),
    ONE_REG(70),
    READONLY_MEM(81),
    ARM_PSCI(87),
    ARM_SET_DEVICE_ADDR(88),
    DEVICE_CTRL(89),
    ARM_EL1_32BIT(93),
    ARM_PSCI_0_2(102),
    VM_ATTRIBUTES(101),
    IMMEDIATE_EXIT(136),
    SET_GUEST_DEBUG(23),
    GUEST_DEBUG_HW_BPS(119),
    GUEST_DEBUG_HW_WPS(120),
    VCPU_ATTRIBUTES(127),
    MAX_VCPU_ID(128),
    ARM_PMU_V3(126),
    ARM_VM_IPA_SIZE(165),
    MANUAL_DIRTY_LOG_PROTECT2(168),
    ARM_NISV_TO_USER(178),
    ARM_INJECT_EXT_DABT(179),
    ARM_EAGER_SPLIT_CHUNK_SIZE(228),
    ARM_EL2(240),
    ARM_EL2_E2H0(241);

    private final int number;

    Capability(int number) {
        this.number = number;
    }

    /** KVM_CAP_*. */
    public int number() {
        return number;
    }
}
