package dev.nido.kvm.vgic;

/**
 * An input of a VM's interrupt controller in the hands of a device or a thread (KVM's irqfd). All
 * methods from any thread.
 */
public final class InterruptLine {

    private final Vgic vgic;
    private final int intid;

    InterruptLine(Vgic vgic, int intid) {
        if (intid < 32 || intid - 32 >= vgic.parameters().spis()) {
            throw new IllegalArgumentException("no SPI has INTID " + intid);
        }
        this.vgic = vgic;
        this.intid = intid;
    }

    /** An edge: the line rises and falls. */
    public void signal() {
        vgic.setLine(-1, intid, true);
        vgic.setLine(-1, intid, false);
    }

    /** The line takes a level. */
    public void setLevel(boolean high) {
        vgic.setLine(-1, intid, high);
    }

    /** INTID of the interrupt. */
    public int intid() {
        return intid;
    }
}
