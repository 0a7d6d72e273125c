package dev.nido.kvm.vgic;

import java.util.function.BooleanSupplier;

/**
 * One interrupt of a VM ({@code struct vgic_irq}). The lock of its {@link Vgic} guards everything.
 *
 * <p>What a guest may see as its state is here whenever no vCPU executes with the interrupt in a
 * list register; otherwise here is what it was when the list register was filled.
 */
final class VirtualInterrupt {

    final int intid;

    /** The vCPU whose SGI or PPI it is, or null. */
    final VgicCpu privateTo;

    boolean enabled;
    boolean group1;
    boolean edge;

    /** Pending by an edge, by software, or as an SGI; lasts until acknowledge or clear. */
    boolean latch;

    /** The input. */
    boolean level;

    boolean active;
    int priority;

    /** GICD_IROUTER: Aff2, Aff1, Aff0. */
    int route;

    /** The vCPU that it is signalled to; null if there is none of {@link #route}. */
    VgicCpu target;

    /** While active: the vCPU that acknowledged it. */
    VgicCpu owner;

    /** The vCPU on whose list it is, or null. */
    VgicCpu listed;

    /** Its list register there, or -1. */
    int lr = -1;

    /** That register was filled with the state pending. */
    boolean filledPending;

    /** {@link #latch} was set anew while the guest could take it from the list register. */
    boolean relatched;

    /** INTID of the physical interrupt that it stands for, or -1. */
    int physical = -1;

    /** The level of that one's source. */
    BooleanSupplier source;

    /** The physical interrupt is active, as far as {@link #physicalKnown}. */
    boolean physicalActive;

    boolean physicalKnown;

    VirtualInterrupt(int intid, VgicCpu privateTo) {
        this.intid = intid;
        this.privateTo = privateTo;
        this.target = privateTo;
        this.edge = intid < 16;
    }

    /** Everything but the input and the mapping goes back to reset. */
    void reset(VgicCpu firstCpu) {
        enabled = false;
        group1 = false;
        edge = intid < 16;
        latch = false;
        active = false;
        priority = 0;
        route = 0;
        target = privateTo != null ? privateTo : firstCpu;
        owner = null;
        relatched = false;
        physicalKnown = false;
    }

    boolean pending() {
        return latch || level && !edge;
    }

    /** Makes it pending until it is acknowledged. */
    void latch() {
        latch = true;
        if (filledPending && listed != null && listed.outstanding()) {
            relatched = true;
        }
    }

    /** Drives the input; true if that changed anything. */
    boolean drive(boolean high) {
        if (level == high) {
            return false;
        }
        level = high;
        if (high && edge) {
            latch();
        }
        if (physical >= 0) {
            privateTo.physicalChanged();
        }
        return true;
    }

    /**
     * Whether its list register may have the HW bit: the guest's deactivation is then the physical
     * interrupt's. Only for what is pending by its level alone, because such a register cannot be
     * active and pending.
     */
    boolean byHardware() {
        return physical >= 0 && !edge && !latch;
    }

    /** What a list register holds of it besides the state. */
    long fields() {
        return intid
                | (long) priority << ListRegister.PRIORITY_SHIFT
                | (group1 ? ListRegister.GROUP1 : 0);
    }
}
