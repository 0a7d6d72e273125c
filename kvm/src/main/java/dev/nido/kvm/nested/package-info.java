/**
 * Virtual EL2: a guest that is a hypervisor, and its guests (KVM's nested.c, emulate-nested.c, at.c
 * and the nested parts of hyp/).
 *
 * <p>L0 is this hypervisor, L1 the one in the guest, L2 the guest's guest. L1 at its virtual EL2
 * runs at EL1 of the PE.
 */
package dev.nido.kvm.nested;
