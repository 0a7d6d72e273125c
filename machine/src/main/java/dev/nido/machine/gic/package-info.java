/**
 * The physical interrupt controller: a GICv3 (Arm IHI 0069) with its virtualization half.
 *
 * <p>An interrupt comes in at {@link dev.nido.machine.gic.Gic#setSpi} or {@link
 * dev.nido.machine.gic.Gic#setPpi}, waits in an {@code InterruptBank} until the distributor finds
 * it to be the highest priority pending one of its PE, shows at {@link
 * dev.nido.machine.gic.GicCpuInterface#lines}, and is taken by a read of ICC_IAR1_EL1:
 *
 * {@snippet :
 * Gic gic = new Gic(GicParameters.standard(16), 1);
 * gic.distributor().write(0x0, 4, 2);                       // GICD_CTLR.EnableGrp1
 * gic.redistributors().write(0x10080, 4, 1 << 27);          // GICR_IGROUPR0: Group 1
 * gic.redistributors().write(0x10100, 4, 1 << 27);          // GICR_ISENABLER0
 * GicCpuInterface cpu = gic.cpuInterface(0);
 * cpu.attach(pe);
 * cpu.write(SysReg.ICC_PMR_EL1, 0xff);
 * cpu.write(SysReg.ICC_IGRPEN1_EL1, 1);
 * gic.setPpi(0, 27, true);                                  // the virtual timer's output rises
 * assert cpu.lines() == GicCpuInterface.IRQ;
 * assert cpu.read(SysReg.ICC_IAR1_EL1) == 27;
 * }
 *
 * <p>What the architecture leaves to an implementation is in {@link dev.nido.arch.GicParameters}.
 * Where it is CONSTRAINED UNPREDICTABLE, physical and virtual interface choose alike: equal
 * priorities by lowest INTID; a group disabled at the interface does not hide the other; an EOIR
 * write for the group that is not running, or with a special INTID, is ignored; one with an unknown
 * INTID drops the priority only (and counts in ICH_HCR_EL2.EOIcount); DIR is ignored unless EOImode
 * is 1.
 */
package dev.nido.machine.gic;
