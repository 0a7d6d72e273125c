/**
 * Facts of the Arm architecture, without state: which features there are and which registers show
 * them ({@link dev.nido.arch.CpuModel}), the system registers and SYS instructions as rows ({@link
 * dev.nido.arch.SysReg}, {@link dev.nido.arch.SystemOperation}), the bits of control registers
 * ({@link dev.nido.arch.HcrEl2} …), and syndromes ({@link dev.nido.arch.Esr}).
 *
 * <pre>{@code
 * CpuModel cpu = CpuModel.parse("default,+ecv,pa=44");
 * SysReg r = SysReg.decode(SysReg.key(3, 0, 0, 7, 0)); // ID_AA64MMFR0_EL1
 * long paRange = cpu.idRegister(r) & 15;               // 4: 44 bits
 * }</pre>
 */
package dev.nido.arch;
