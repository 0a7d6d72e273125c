package dev.nido.machine.gic;

import dev.nido.arch.GicParameters;
import dev.nido.machine.MmioDevice;

/**
 * GICD registers (Arm IHI 0069, 12.9) with affinity routing on and one security state: everything
 * about INTIDs 0 to 31 is in the redistributors and RAZ/WI here. Registers are 32 bits wide, except
 * GICD_IPRIORITYR (any size) and GICD_IROUTER (64 bits, or a half). Other sizes are RAZ/WI.
 */
final class Distributor implements MmioDevice {

    private static final int CTLR_FIXED = 1 << 6 | 1 << 4;

    private final Gic gic;
    private final InterruptBank spis;

    Distributor(Gic gic) {
        this.gic = gic;
        this.spis = gic.shared;
    }

    @Override
    public long read(long offset, int size) {
        int at = (int) offset;
        synchronized (gic.lock) {
            if (at >= 0x400 && at < 0x800) {
                int first = at - 0x400 - GicParameters.FIRST_SPI;
                if (first < 0 || first + size > spis.count() || size == 8) {
                    return 0;
                }
                return spis.priorities(first, size) & 0xffff_ffffL;
            }
            if (at >= 0x6000 && at < 0x8000) {
                int n = (at - 0x6000 >> 3) - GicParameters.FIRST_SPI;
                if (n < 0 || n >= spis.count() || size < 4 || (at & 4) != 0) {
                    return 0;
                }
                return gic.route[n];
            }
            return size == 4 ? read32(at) & 0xffff_ffffL : 0;
        }
    }

    private int read32(int at) {
        switch (at) {
            case 0x0000:
                return CTLR_FIXED | gic.groups();
            case 0x0004:
                return gic.parameters.distributorTyper();
            case 0x0008:
                return gic.parameters.iidr();
            case 0xffe8:
                return gic.parameters.archRevision();
            default:
                break;
        }
        if (at >= 0xc00 && at < 0xd00) {
            int register = (at - 0xc00 >> 2) - 2;
            return register >= 0 && register * 16 < spis.count() ? spis.configuration(register) : 0;
        }
        int w = (at >> 2 & 31) - 1;
        if (w < 0 || w >= spis.group.length) {
            return 0;
        }
        return switch (at & ~0x7f) {
            case 0x080 -> spis.group[w];
            case 0x100, 0x180 -> spis.enabled[w];
            case 0x200, 0x280 -> spis.pending(w);
            case 0x300, 0x380 -> spis.active[w];
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        int at = (int) offset;
        synchronized (gic.lock) {
            if (at >= 0x400 && at < 0x800) {
                int first = at - 0x400 - GicParameters.FIRST_SPI;
                if (first >= 0 && first + size <= spis.count() && size != 8) {
                    spis.setPriorities(first, size, (int) value, gic.parameters.priorityMask());
                    gic.recomputeAll();
                }
            } else if (at >= 0x6000 && at < 0x8000) {
                int n = (at - 0x6000 >> 3) - GicParameters.FIRST_SPI;
                if (n >= 0 && n < spis.count() && size >= 4 && (at & 4) == 0) {
                    gic.setRoute(n, (int) value & 0xff_ffff);
                }
            } else if (size == 4) {
                write32(at, (int) value);
            }
        }
        gic.notifyPes();
    }

    private void write32(int at, int value) {
        if (at == 0) {
            gic.setGroups(value);
            return;
        }
        if (at >= 0xc00 && at < 0xd00) {
            int register = (at - 0xc00 >> 2) - 2;
            if (register >= 0 && register * 16 < spis.count()) {
                spis.configure(register, value);
                gic.recomputeAll();
            }
            return;
        }
        int w = (at >> 2 & 31) - 1;
        if (w < 0 || w >= spis.group.length) {
            return;
        }
        switch (at & ~0x7f) {
            case 0x080 -> spis.group[w] = value;
            case 0x100 -> spis.enabled[w] |= value;
            case 0x180 -> spis.enabled[w] &= ~value;
            case 0x200 -> spis.latch[w] |= value;
            case 0x280 -> spis.latch[w] &= ~value;
            case 0x300 -> spis.active[w] |= value;
            case 0x380 -> spis.active[w] &= ~value;
            default -> {
                return;
            }
        }
        gic.recomputeAll();
    }
}
