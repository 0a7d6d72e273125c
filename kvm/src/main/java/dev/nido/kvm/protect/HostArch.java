package dev.nido.kvm.protect;

import dev.nido.machine.Machine;

/**
 * What the host's MMU context belongs to.
 *
 * <p>KVM: {@code host_mmu.arch}, a {@code struct kvm_arch}.
 *
 * @param machine whose memory and PEs these are
 * @param regions which physical addresses are memory
 * @param pageShift logarithm of the hypervisor's granule: 12, 14 or 16
 */
record HostArch(Machine machine, MemoryRegions regions, int pageShift) {}
