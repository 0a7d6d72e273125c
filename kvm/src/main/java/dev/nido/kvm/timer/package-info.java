/** The guest's timers (KVM's arch_timer.c). */
package dev.nido.kvm.timer;
