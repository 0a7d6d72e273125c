/**
 * One processing element as software sees it: registers, PSTATE, exceptions, system registers and
 * their traps, debug and performance monitors (Arm ARM parts C5, D1, D2, D13).
 *
 * <p>The engine executes instructions on the fields of {@link dev.nido.machine.pe.Pe} and calls its
 * methods where an instruction is more than arithmetic:
 *
 * <pre>{@code
 * try {
 *     pe.transferRegister = rt;
 *     pe.writeSystemRegister(SysReg.TTBR0_EL1.key(), pe.x[rt]);
 *     pe.pc += 4;
 * } catch (GuestException e) { // UNDEFINED, or trapped
 *     pe.takeSynchronous(e);   // ESR, ELR, SPSR, PSTATE; PC is the vector's
 * }
 * }</pre>
 *
 * <p>{@code TrapRules} says who gets an access, {@code SystemRegisters} and {@code
 * SystemInstructions} what it does, {@code ExceptionEntry}, {@code ExceptionReturn} and {@code
 * InterruptRouting} where control goes.
 */
package dev.nido.machine.pe;
