/**
 * Protected mode: who owns each page of physical memory, and what the others may do with it.
 *
 * <p>The host (what a VMM and its devices can reach) runs behind an identity-mapped stage 2 of its
 * own, {@link dev.nido.kvm.protect.HostStage2}. A page that the host gives to the hypervisor or to
 * a guest is replaced there by an annotation with the new owner; a page that is shared keeps its
 * mapping, with its {@link dev.nido.kvm.protect.PageState} in the descriptor's software bits.
 * {@link dev.nido.kvm.protect.PageTransitions} are the only way to change either.
 *
 * <p>KVM: {@code arch/arm64/kvm/hyp/nvhe/mem_protect.c}.
 */
package dev.nido.kvm.protect;
