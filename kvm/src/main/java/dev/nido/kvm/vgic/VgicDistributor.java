package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;
import dev.nido.machine.MmioDevice;

/**
 * The distributor's frame (KVM's {@code vgic_v3_dist_registers}; Arm IHI 0069, 12.9): affinity
 * routing on, one security state, so that nothing is here about INTIDs 0 to 31. A register answers
 * at its own width only: 32 bits, but GICD_IPRIORITYR at 8, 16 and 32, and GICD_IROUTER at 64 or by
 * its lower half. Everything else reads as zero and ignores writes.
 */
public final class VgicDistributor implements MmioDevice {

    static final int CTLR = 0x0000;
    static final int TYPER = 0x0004;
    static final int IIDR = 0x0008;
    static final int PIDR2 = 0xffe8;
    static final int IPRIORITYR = 0x0400;
    static final int ICFGR = 0x0c00;
    static final int IROUTER = 0x6000;

    /** GICD_CTLR.DS and ARE. */
    private static final int CTLR_FIXED = 1 << 6 | 1 << 4;

    private final Vgic vgic;

    VgicDistributor(Vgic vgic) {
        this.vgic = vgic;
    }

    @Override
    public long read(long offset, int size) {
        int at = (int) offset;
        InterruptWord word = wordAt(at, size);
        if (word != null && word.needsFold()) {
            vgic.foldAll();
        }
        long value;
        synchronized (vgic.lock) {
            value = readLocked(at, size, word);
        }
        vgic.deliverKicks();
        return value;
    }

    @Override
    public void write(long offset, int size, long value) {
        int at = (int) offset;
        InterruptWord word = wordAt(at, size);
        // An edge counts by the configuration that it found.
        if (word != null && word.needsFold() || at >= ICFGR && at < 0xd00) {
            vgic.foldAll();
        }
        synchronized (vgic.lock) {
            writeLocked(at, size, value, word);
        }
        vgic.deliverKicks();
    }

    private static InterruptWord wordAt(int at, int size) {
        return size == 4 ? InterruptWord.at(at) : null;
    }

    /** Index of the first SPI of 32-bit bit registers at {@code at}, or -1. */
    private int spisAt(int at) {
        int n = (at & 0x7c) * 8 - GicParameters.FIRST_SPI;
        return n < vgic.spis.length ? n : -1;
    }

    /** Index of the first SPI of GICD_ICFGR at {@code at}, or -1. */
    private int configurationAt(int at) {
        int n = (at - ICFGR) * 4 - GicParameters.FIRST_SPI;
        return n < vgic.spis.length ? n : -1;
    }

    private VirtualInterrupt routedAt(int at, int size) {
        int n = (at - IROUTER >> 3) - GicParameters.FIRST_SPI;
        boolean answers = n >= 0 && n < vgic.spis.length && size >= 4 && (at & 4) == 0;
        return answers ? vgic.spis[n] : null;
    }

    /** Index of the SPI whose GICD_IPRIORITYR byte is the first accessed, or -1. */
    private int priorityAt(int at, int size) {
        int n = at - IPRIORITYR - GicParameters.FIRST_SPI;
        return n >= 0 && n + size <= vgic.spis.length && size <= 4 ? n : -1;
    }

    long readLocked(int at, int size, InterruptWord word) {
        if (at >= IPRIORITYR && at < 0x800) {
            int n = priorityAt(at, size);
            return n < 0 ? 0 : InterruptWord.readPriorities(vgic.spis, n, size);
        }
        if (at >= IROUTER && at < 0x8000) {
            VirtualInterrupt irq = routedAt(at, size);
            return irq == null ? 0 : irq.route;
        }
        if (size != 4) {
            return 0;
        }
        if (word != null) {
            int n = spisAt(at);
            return n < 0 ? 0 : word.read(vgic.spis, n) & 0xffff_ffffL;
        }
        if (at >= ICFGR && at < 0xd00) {
            int n = configurationAt(at);
            return n < 0 ? 0 : InterruptWord.readConfiguration(vgic.spis, n) & 0xffff_ffffL;
        }
        return switch (at) {
            case CTLR -> CTLR_FIXED | vgic.groups();
            case TYPER -> vgic.parameters().distributorTyper();
            case IIDR -> vgic.parameters().iidr();
            case PIDR2 -> vgic.parameters().archRevision();
            default -> 0;
        };
    }

    void writeLocked(int at, int size, long value, InterruptWord word) {
        if (at >= IPRIORITYR && at < 0x800) {
            int n = priorityAt(at, size);
            if (n >= 0) {
                InterruptWord.writePriorities(vgic, vgic.spis, n, size, value);
            }
        } else if (at >= IROUTER && at < 0x8000) {
            VirtualInterrupt irq = routedAt(at, size);
            if (irq != null) {
                vgic.setRoute(irq, (int) value & 0xff_ffff);
            }
        } else if (size == 4) {
            write32(at, (int) value, word);
        }
    }

    private void write32(int at, int value, InterruptWord word) {
        if (word != null) {
            int n = spisAt(at);
            if (n >= 0) {
                word.write(vgic, vgic.spis, n, value);
            }
        } else if (at >= ICFGR && at < 0xd00) {
            int n = configurationAt(at);
            if (n >= 0) {
                InterruptWord.writeConfiguration(vgic, vgic.spis, n, value);
            }
        } else if (at == CTLR) {
            vgic.setGroups(value);
        }
    }
}
