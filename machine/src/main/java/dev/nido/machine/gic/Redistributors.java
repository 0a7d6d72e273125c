package dev.nido.machine.gic;

import dev.nido.arch.GicParameters;
import dev.nido.machine.MmioDevice;

import java.util.Arrays;

/**
 * GICR registers (Arm IHI 0069, 12.11) of all PEs: 128 KiB each, an RD frame and an SGI frame. No
 * LPIs, so the registers about them are RAZ/WI. GICR_WAKER keeps its handshake, but as a PE is
 * never powered down behind its interface, interrupts are forwarded in either state.
 */
final class Redistributors implements MmioDevice {

    private static final int SGI_FRAME = 0x10000;
    private static final int PROCESSOR_SLEEP = 1 << 1;
    private static final int CHILDREN_ASLEEP = 1 << 2;

    private final Gic gic;
    private final boolean[] asleep;

    Redistributors(Gic gic) {
        this.gic = gic;
        this.asleep = new boolean[gic.pes()];
    }

    void reset() {
        Arrays.fill(asleep, true);
    }

    @Override
    public long read(long offset, int size) {
        int pe = (int) (offset / GicParameters.REDISTRIBUTOR_SIZE);
        int at = (int) (offset % GicParameters.REDISTRIBUTOR_SIZE);
        if (pe >= gic.pes()) {
            return 0;
        }
        if (dependsOnInputs(at)) {
            gic.updateTimers();
        }
        synchronized (gic.lock) {
            InterruptBank bank = gic.local[pe];
            if (at >= SGI_FRAME + 0x400 && at < SGI_FRAME + 0x420) {
                return size == 8 ? 0 : bank.priorities(at - SGI_FRAME - 0x400, size) & 0xffff_ffffL;
            }
            if ((at & ~4) == 8) {
                long typer = gic.parameters.redistributorTyper(pe, pe == gic.pes() - 1);
                return size == 8 ? typer : size == 4 ? typer >>> (at & 4) * 8 & 0xffff_ffffL : 0;
            }
            return size == 4 ? read32(pe, bank, at) & 0xffff_ffffL : 0;
        }
    }

    /** Pending states, and the configuration that says what an edge is. */
    private static boolean dependsOnInputs(int at) {
        int register = at - SGI_FRAME;
        return register >= 0x200 && register < 0x300 || register == 0xc04;
    }

    private int read32(int pe, InterruptBank bank, int at) {
        return switch (at) {
            case 0x0004 -> gic.parameters.iidr();
            case 0x0014 -> asleep[pe] ? PROCESSOR_SLEEP | CHILDREN_ASLEEP : 0;
            case 0xffe8 -> gic.parameters.archRevision();
            case SGI_FRAME + 0x080 -> bank.group[0];
            case SGI_FRAME + 0x100, SGI_FRAME + 0x180 -> bank.enabled[0];
            case SGI_FRAME + 0x200, SGI_FRAME + 0x280 -> bank.pending(0);
            case SGI_FRAME + 0x300, SGI_FRAME + 0x380 -> bank.active[0];
            case SGI_FRAME + 0xc00, SGI_FRAME + 0xc04 -> bank.configuration(at >> 2 & 1);
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int size, long value) {
        int pe = (int) (offset / GicParameters.REDISTRIBUTOR_SIZE);
        int at = (int) (offset % GicParameters.REDISTRIBUTOR_SIZE);
        if (pe >= gic.pes()) {
            return;
        }
        if (dependsOnInputs(at)) {
            gic.updateTimers();
        }
        synchronized (gic.lock) {
            InterruptBank bank = gic.local[pe];
            if (at >= SGI_FRAME + 0x400 && at < SGI_FRAME + 0x420) {
                if (size != 8) {
                    bank.setPriorities(
                            at - SGI_FRAME - 0x400,
                            size,
                            (int) value,
                            gic.parameters.priorityMask());
                }
            } else if (size == 4) {
                write32(pe, bank, at, (int) value);
            }
            gic.recompute(pe);
        }
        gic.interfaces[pe].notifyPe();
    }

    private void write32(int pe, InterruptBank bank, int at, int value) {
        switch (at) {
            case 0x0014 -> asleep[pe] = (value & PROCESSOR_SLEEP) != 0;
            case SGI_FRAME + 0x080 -> bank.group[0] = value;
            case SGI_FRAME + 0x100 -> bank.enabled[0] |= value;
            case SGI_FRAME + 0x180 -> bank.enabled[0] &= ~value;
            case SGI_FRAME + 0x200 -> bank.latch[0] |= value;
            case SGI_FRAME + 0x280 -> bank.latch[0] &= ~value;
            case SGI_FRAME + 0x300 -> bank.active[0] |= value;
            case SGI_FRAME + 0x380 -> bank.active[0] &= ~value;
            case SGI_FRAME + 0xc04 -> bank.configure(1, value);
            default -> {
                // every other register is read-only or RAZ/WI
            }
        }
    }
}
