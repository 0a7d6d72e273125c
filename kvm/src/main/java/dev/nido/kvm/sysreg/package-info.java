/**
 * The system registers that a guest reaches through a trap, and all of them as user space sees them
 * (the counterparts of KVM's sys_regs.c, pmu-emul.c, debug.c and guest.c).
 *
 * <p>A trapped MSR, MRS or SYS is one call of {@link
 * dev.nido.kvm.sysreg.SystemRegisterTraps#handle}: the syndrome names a row of {@link
 * dev.nido.kvm.sysreg.EmulatedRegisters}, the row does the work. {@link
 * dev.nido.kvm.sysreg.TrapConfiguration} decides what traps. What a guest reads is what the bare
 * machine with the guest's CPU would answer; a register that this CPU lacks is UNDEFINED.
 */
package dev.nido.kvm.sysreg;
