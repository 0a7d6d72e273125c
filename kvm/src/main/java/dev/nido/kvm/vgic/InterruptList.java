package dev.nido.kvm.vgic;

import java.util.Arrays;

/**
 * Everything that is pending for or active on a vCPU, in no particular order ({@code ap_list_head}
 * of {@code struct vgic_cpu}). The lock of the {@link Vgic} is held.
 */
final class InterruptList {

    private static final int ACTIVE = 1 << 25;
    private static final int DISABLED_GROUP = 1 << 26;

    private VirtualInterrupt[] irqs = new VirtualInterrupt[16];
    private int size;
    private int takeable;
    private int active;

    int size() {
        return size;
    }

    VirtualInterrupt get(int i) {
        return irqs[i];
    }

    void add(VirtualInterrupt irq) {
        if (size == irqs.length) {
            irqs = Arrays.copyOf(irqs, 2 * size);
        }
        irqs[size++] = irq;
    }

    void remove(VirtualInterrupt irq) {
        int i = 0;
        while (irqs[i] != irq) {
            i++;
        }
        irqs[i] = irqs[--size];
        irqs[size] = null;
    }

    /** What can be taken, then what is active, then what the guest's groups disable. */
    private static int key(VirtualInterrupt irq, int groups) {
        int key = irq.priority << 16 | irq.intid;
        if (irq.active) {
            return ACTIVE | key;
        }
        return (groups & (irq.group1 ? 2 : 1)) != 0 ? key : DISABLED_GROUP | key;
    }

    /**
     * Brings those to the front that can be taken, the first of all first, then what is active; and
     * counts both.
     *
     * @param groups that the guest enables, Group 0 in bit 0, Group 1 in bit 1
     */
    void sort(int groups) {
        takeable = 0;
        active = 0;
        for (int i = 0; i < size; i++) {
            VirtualInterrupt irq = irqs[i];
            int key = key(irq, groups);
            if (irq.active) {
                active++;
            } else if (key < DISABLED_GROUP) {
                takeable++;
            }
            int at = i;
            while (at > 0 && key(irqs[at - 1], groups) > key) {
                irqs[at] = irqs[at - 1];
                at--;
            }
            irqs[at] = irq;
        }
    }

    /** How many could be taken when it was sorted. */
    int takeable() {
        return takeable;
    }

    /** How many were active when it was sorted. */
    int active() {
        return active;
    }

    /** The first of those that can be taken and that the distributor forwards, or null. */
    VirtualInterrupt first(Vgic vgic, int groups) {
        VirtualInterrupt best = null;
        int bestKey = ACTIVE;
        for (int i = 0; i < size; i++) {
            VirtualInterrupt irq = irqs[i];
            if (!irq.active && vgic.deliverable(irq)) {
                int key = key(irq, groups);
                if (key < bestKey) {
                    bestKey = key;
                    best = irq;
                }
            }
        }
        return best;
    }
}
