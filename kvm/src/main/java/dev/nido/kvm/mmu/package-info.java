/**
 * Memory of VMs: the host's page allocator, MMU contexts and their VMIDs, memory slots, stage-2
 * faults and MMIO (the counterparts of KVM's mmu.c, vmid.c, mmio.c and of kvm_main.c's memory
 * slots).
 *
 * <p>The VMM has memory ({@link dev.nido.kvm.mmu.UserMemory}) and puts pieces of it into a guest's
 * address space ({@link dev.nido.kvm.mmu.MemorySlots}); {@link dev.nido.kvm.mmu.GuestRam} is how it
 * reaches them. Nothing is mapped until a guest touches it: its PE takes an abort to EL2, and
 * {@link dev.nido.kvm.mmu.GuestAbort} finds the slot, has {@code UserMemory} find a host page or a
 * whole block, and maps it into the VM's {@link dev.nido.kvm.mmu.S2Mmu}. What no slot has goes to
 * {@link dev.nido.kvm.mmu.Mmio}, instruction by instruction: first to the hypervisor's own devices
 * on the {@link dev.nido.kvm.mmu.VmMmioBus}, then to the VMM.
 *
 * {@snippet :
 * HostMemory host = new HostMemory(machine);
 * VmArch arch = new VmArch(machine, host, vmids, 40);
 * MemorySlots slots = new MemorySlots(arch);
 * GuestRam ram = new GuestRam(arch, slots);
 * UserMemory memory = slots.add(0, 0x4000_0000, 64 << 20);
 * ram.put64(0x4000_1000, 42);
 * slots.setFlags(0, MemorySlots.LOG_DIRTY_PAGES);        // everything is write-protected
 * ram.put64(0x4000_2000, 43);
 * long[] dirty = slots.getDirtyLog(0);                   // bit 2 of word 0
 * memory.discard(0x1000, 0x1000);                        // unmapped; 0x4000_1000 reads as 0 again
 * slots.close();
 * arch.free();                                           // host.usedPages() is 0
 * }
 *
 * <p>Locks, outermost first: the slots' own, for changes; {@link dev.nido.kvm.mmu.VmArch#lock}, for
 * reading by fault handlers and for writing by who takes mappings away; those inside {@code
 * UserMemory} and {@code HostMemory}, for single steps. Host memory is found before the VM's lock
 * is taken, and the sequence of {@code VmArch} tells whether it still is what it was.
 */
package dev.nido.kvm.mmu;
