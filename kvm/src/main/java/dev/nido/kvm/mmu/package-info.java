/**
 * Memory of VMs: the host's page allocator, MMU contexts and their VMIDs, memory slots, stage-2
 * faults and MMIO (the counterparts of KVM's mmu.c, vmid.c, mmio.c, kvm_main.c's memory slots).
 */
package dev.nido.kvm.mmu;
