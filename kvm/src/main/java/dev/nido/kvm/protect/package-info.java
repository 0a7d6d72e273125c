/**
 * Protected mode: who owns each page of physical memory, and what the others may do with it.
 *
 * <p>The host (what a VMM and its devices can reach) runs behind an identity-mapped stage 2 of its
 * own, {@link dev.nido.kvm.protect.HostStage2}. A page that the host gives to the hypervisor or to
 * a guest is replaced there by an annotation with the new owner; a page that is shared keeps its
 * mapping, with its {@link dev.nido.kvm.protect.PageState} in the descriptor's software bits.
 * {@code PageTransitions} are the only way to change either.
 *
 * <pre>{@code
 * hypervisor.startProtectedMode();
 * Vm vm = hypervisor.createVm(new VmConfig(cpu, 0, seed, true));
 * vm.slots().add(0, ram, size);
 * vm.ram().put64(page, 1);        // an image, say, before the guest runs
 * Exit exit = vcpu.run();         // the guest reads it: now the page is the guest's,
 * vm.ram().get64(page);           // and this is refused with EPERM,
 * exit = vcpu.run();              // until the guest calls MEM_SHARE
 * vm.ram().get64(page);
 * }</pre>
 *
 * <p>Locks: a VM's lock, then that of accesses of the host, then that of the host's stage 2, then
 * the page pool's.
 *
 * <p>KVM: {@code arch/arm64/kvm/hyp/nvhe/mem_protect.c}.
 */
package dev.nido.kvm.protect;
