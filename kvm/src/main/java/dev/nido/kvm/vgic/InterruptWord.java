package dev.nido.kvm.vgic;

/**
 * Registers that have a bit or a field for each of several interrupts, as GICD and GICR have them
 * alike (Arm IHI 0069, 12.9 and 12.11). The lock is held.
 */
enum InterruptWord {
    GROUP,
    SET_ENABLE,
    CLEAR_ENABLE,
    SET_PENDING,
    CLEAR_PENDING,
    SET_ACTIVE,
    CLEAR_ACTIVE;

    /** The register at an offset 0x80–0x3ff of GICD or of a redistributor's SGI frame, or null. */
    static InterruptWord at(int offset) {
        return switch (offset & ~0x7f) {
            case 0x080 -> GROUP;
            case 0x100 -> SET_ENABLE;
            case 0x180 -> CLEAR_ENABLE;
            case 0x200 -> SET_PENDING;
            case 0x280 -> CLEAR_PENDING;
            case 0x300 -> SET_ACTIVE;
            case 0x380 -> CLEAR_ACTIVE;
            default -> null;
        };
    }

    /** Whether it shows or changes what the guest changes in list registers. */
    boolean needsFold() {
        return ordinal() >= SET_PENDING.ordinal();
    }

    /** Reads the bits of 32 interrupts. */
    int read(VirtualInterrupt[] irqs, int first) {
        int value = 0;
        for (int i = 0; i < 32; i++) {
            if (isSet(irqs[first + i])) {
                value |= 1 << i;
            }
        }
        return value;
    }

    private boolean isSet(VirtualInterrupt irq) {
        return switch (this) {
            case GROUP -> irq.group1;
            case SET_ENABLE, CLEAR_ENABLE -> irq.enabled;
            case SET_PENDING, CLEAR_PENDING -> irq.pending();
            case SET_ACTIVE, CLEAR_ACTIVE -> irq.active;
        };
    }

    /** Writes the bits of 32 interrupts. */
    void write(Vgic vgic, VirtualInterrupt[] irqs, int first, int value) {
        for (int i = 0; i < 32; i++) {
            VirtualInterrupt irq = irqs[first + i];
            boolean bit = (value >>> i & 1) != 0;
            if (this == GROUP) {
                irq.group1 = bit;
                vgic.update(irq);
            } else if (bit) {
                one(vgic, irq);
            }
        }
    }

    private void one(Vgic vgic, VirtualInterrupt irq) {
        switch (this) {
            case SET_ENABLE -> irq.enabled = true;
            case CLEAR_ENABLE -> irq.enabled = false;
            case SET_PENDING -> irq.latch();
            case CLEAR_PENDING -> irq.latch = false;
            case SET_ACTIVE -> vgic.activate(irq);
            default -> vgic.deactivate(irq);
        }
        vgic.update(irq);
    }

    /** Reads the configuration of 16 interrupts, two bits each. */
    static int readConfiguration(VirtualInterrupt[] irqs, int first) {
        int value = 0;
        for (int i = 0; i < 16; i++) {
            if (irqs[first + i].edge) {
                value |= 2 << 2 * i;
            }
        }
        return value;
    }

    static void writeConfiguration(Vgic vgic, VirtualInterrupt[] irqs, int first, int value) {
        for (int i = 0; i < 16; i++) {
            VirtualInterrupt irq = irqs[first + i];
            irq.edge = (value >>> 2 * i & 2) != 0;
            vgic.update(irq);
        }
    }

    /** Reads priorities of {@code size} interrupts, a byte each. */
    static long readPriorities(VirtualInterrupt[] irqs, int first, int size) {
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            value = value << 8 | irqs[first + i].priority;
        }
        return value;
    }

    static void writePriorities(
            Vgic vgic, VirtualInterrupt[] irqs, int first, int size, long value) {
        for (int i = 0; i < size; i++) {
            VirtualInterrupt irq = irqs[first + i];
            irq.priority = (int) (value >>> 8 * i) & vgic.parameters().priorityMask();
            vgic.update(irq);
        }
    }
}
