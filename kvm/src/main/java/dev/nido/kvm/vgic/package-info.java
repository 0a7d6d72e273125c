/**
 * The interrupt controller of a VM (KVM: {@code arch/arm64/kvm/vgic}): distributor and
 * redistributors in software, CPU interfaces in hardware through list registers.
 *
 * <p>An interrupt comes in at {@link dev.nido.kvm.vgic.Vgic#setLine}. Once it is pending, enabled
 * and of an enabled group it goes on the list of its vCPU, whose {@link
 * dev.nido.kvm.vgic.VgicCpu#flush} puts it into a list register before the guest is entered; the
 * guest acknowledges and ends it there without an exit, and {@link dev.nido.kvm.vgic.VgicCpu#sync}
 * takes back what it did:
 *
 * {@snippet :
 * Vgic vgic = new Vgic(GicParameters.standard(16), hypervisor.cpus(), false, 40, bus);
 * VgicCpu cpu = vgic.createCpu(0, owner);
 * vgic.init(0x800_0000, 0x80a_0000);
 * vgic.distributor().write(0x0, 4, 2);                   // GICD_CTLR.EnableGrp1
 * vgic.distributor().write(0x84, 4, 1);                  // GICD_IGROUPR1: INTID 32 in Group 1
 * vgic.distributor().write(0x104, 4, 1);                 // GICD_ISENABLER1
 * vgic.setLine(-1, 32, true);
 * cpu.load(physicalCpu);
 * cpu.flush();                                           // ICH_LR0_EL2 holds it, pending
 * // the guest executes
 * cpu.sync();
 * }
 */
package dev.nido.kvm.vgic;
