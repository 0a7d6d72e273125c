/**
 * How a vCPU runs: load and put, entry and exit, the exit handlers, and injection of exceptions
 * (the counterparts of KVM's arm.c, handle_exit.c, inject_fault.c, hyp/exception.c).
 */
package dev.nido.kvm.run;
