package dev.nido.kvm.mmu;

/**
 * The VMID of one MMU context: a number of {@link VmidAllocator}'s and the generation in which it
 * was given. 0 is none yet.
 *
 * <p>KVM: {@code struct kvm_vmid}.
 */
public final class Vmid {

    /** Generation in the upper bits, number in the lower ones. */
    volatile long id;

    /** Makes it "none yet" again. */
    void clear() {
        id = 0;
    }
}
