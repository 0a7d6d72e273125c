/**
 * The system registers that a guest reaches through a trap, and all of them as user space sees them
 * (the counterparts of KVM's sys_regs.c, pmu-emul.c, debug.c and guest.c).
 *
 * <p>A trapped MSR, MRS or SYS is one call of {@link
 * dev.nido.kvm.sysreg.SystemRegisterTraps#handle}: the syndrome names a row of {@link
 * dev.nido.kvm.sysreg.EmulatedRegisters}, the row does the work. {@link
 * dev.nido.kvm.sysreg.TrapConfiguration} decides what traps. What a guest reads is what the bare
 * machine with the guest's CPU would answer; a register that this CPU lacks is UNDEFINED.
 *
 * <p>User space saves a vCPU, or moves it, by its list of registers:
 *
 * <pre>{@code
 * long[] value = new long[2];
 * for (long id : OneReg.list(from)) {
 *     OneReg.get(from, id, value);
 *     OneReg.set(to, id, value);
 * }
 * long sctlr = OneReg.get(to, RegisterId.of(SysReg.SCTLR_EL1));
 * }</pre>
 *
 * <p>Before the first run it may hide features from the guest, and PMU events:
 *
 * <pre>{@code
 * IdRegisters ids = vm.idRegisters();
 * ids.set(SysReg.ID_AA64DFR0_EL1, ids.get(SysReg.ID_AA64DFR0_EL1) & ~0xf00L);
 * }</pre>
 */
package dev.nido.kvm.sysreg;
