/**
 * The hypervisor's interface to a VMM: the counterpart of KVM's API on arm64, with virtual
 * machines, their vCPUs and the reasons why a vCPU stops.
 */
package dev.nido.kvm;
