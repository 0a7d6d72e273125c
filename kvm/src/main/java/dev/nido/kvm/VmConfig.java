package dev.nido.kvm;

import dev.nido.arch.CpuModel;

/**
 * What a virtual machine is made of.
 *
 * @param cpu the CPU that the guest sees
 * @param ipaBits size of the guest physical address space in bits (the type argument of
 *     KVM_CREATE_VM); 0 for 40
 * @param seed source of every random number that the guest draws
 * @param protectedVm whether the VMM loses access to memory that the guest does not share
 */
public record VmConfig(CpuModel cpu, int ipaBits, long seed, boolean protectedVm) {

    /** An ordinary VM with 40 address bits. */
    public static VmConfig of(CpuModel cpu) {
        return new VmConfig(cpu, 0, 0, false);
    }
}
