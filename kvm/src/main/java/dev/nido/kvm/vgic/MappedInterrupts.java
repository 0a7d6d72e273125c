package dev.nido.kvm.vgic;

import dev.nido.kvm.run.PhysicalCpu;

import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * The PPIs of a vCPU that stand for physical ones of the PE that it is loaded on ({@code
 * kvm_vgic_map_phys_irq}). The physical interrupt is kept active while the guest's line is high or
 * the guest has it active, so that it does not interrupt again. Where nothing else is said, the
 * lock of the {@link Vgic} is held.
 */
final class MappedInterrupts {

    private final Vgic vgic;
    private VirtualInterrupt[] all = {};

    MappedInterrupts(Vgic vgic) {
        this.vgic = vgic;
    }

    void map(VirtualInterrupt irq, int physicalIntid, BooleanSupplier level) {
        if (irq.physical < 0) {
            all = Arrays.copyOf(all, all.length + 1);
            all[all.length - 1] = irq;
        }
        irq.physical = physicalIntid;
        irq.source = level;
        irq.physicalKnown = false;
    }

    /** The one that stands for a physical interrupt, or null; with or without the lock. */
    VirtualInterrupt of(int physicalIntid) {
        for (VirtualInterrupt irq : all) {
            if (irq.physical == physicalIntid) {
                return irq;
            }
        }
        return null;
    }

    /** The PE took the physical interrupt of this one. */
    void taken(VirtualInterrupt irq) {
        sample(irq);
        irq.physicalActive = true;
        irq.physicalKnown = true;
    }

    /** Whether a line was high when it was last looked at; with or without the lock. */
    boolean anyHigh() {
        for (VirtualInterrupt irq : all) {
            if (irq.level) {
                return true;
            }
        }
        return false;
    }

    /** Asks the sources. */
    void sampleAll() {
        for (VirtualInterrupt irq : all) {
            sample(irq);
        }
    }

    /** Asks those that were high: a rise would have come as a physical interrupt. */
    void sampleHigh() {
        for (VirtualInterrupt irq : all) {
            if (irq.level) {
                sample(irq);
            }
        }
    }

    private void sample(VirtualInterrupt irq) {
        if (irq.drive(irq.source.getAsBoolean())) {
            vgic.update(irq);
        }
    }

    /** Makes the physical interrupts of a PE active or inactive, as they have to be. */
    void settle(PhysicalCpu cpu) {
        for (VirtualInterrupt irq : all) {
            // Of an edge-triggered one every rise counts, so it must not stay active for long.
            boolean wanted = irq.level || irq.active && !irq.edge;
            if (!irq.physicalKnown || irq.physicalActive != wanted) {
                vgic.physical.setActive(cpu, irq.physical, wanted);
                irq.physicalActive = wanted;
                irq.physicalKnown = true;
            }
        }
    }

    /** The vCPU comes to another PE, of which nothing is known. */
    void forget() {
        for (VirtualInterrupt irq : all) {
            irq.physicalKnown = false;
        }
    }

    /** The vCPU leaves a PE. */
    void release(PhysicalCpu cpu) {
        for (VirtualInterrupt irq : all) {
            if (irq.physicalActive || !irq.physicalKnown) {
                vgic.physical.setActive(cpu, irq.physical, false);
            }
            irq.physicalKnown = false;
        }
    }
}
