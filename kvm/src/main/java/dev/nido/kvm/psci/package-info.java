/** The guest's firmware: PSCI and SMCCC (KVM's psci.c, hypercalls.c). */
package dev.nido.kvm.psci;
