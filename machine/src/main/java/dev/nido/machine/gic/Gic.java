package dev.nido.machine.gic;

import dev.nido.arch.GicParameters;
import dev.nido.machine.MmioDevice;

import java.util.Arrays;

/**
 * A GICv3 (Arm IHI 0069) with one security state: distributor, one redistributor and one CPU
 * interface a PE. SGIs, PPIs and SPIs; no LPIs.
 *
 * <p>One lock guards what several PEs can reach: all interrupt state of the distributor and the
 * redistributors. Each CPU interface keeps its own registers, which only its PE's thread touches,
 * and the highest priority pending interrupt that this class computes for it after every change. A
 * PE is told to look at its lines after the lock is released, so that its machine may lock in turn.
 */
public final class Gic {

    /**
     * Nothing is pending. Otherwise priority in bits 31:17 of the key, INTID in 16:1, group in 0.
     */
    static final int NONE = Integer.MAX_VALUE;

    final GicParameters parameters;
    final GicCpuInterface[] interfaces;

    /** SGIs and PPIs of each PE. */
    final InterruptBank[] local;

    /** SPIs; index 0 is INTID 32. */
    final InterruptBank shared;

    /** GICD_IROUTER of each SPI: Aff2, Aff1, Aff0. */
    final int[] route;

    /** The PE that {@link #route} names, or -1. */
    final int[] target;

    final Object lock = new Object();

    /** GICD_CTLR.EnableGrp1 and EnableGrp0. */
    private int groups;

    private Runnable timerUpdate = () -> {};

    private final MmioDevice distributor;
    private final Redistributors redistributors;

    /**
     * Creates a GIC in its reset state.
     *
     * @param pes number of PEs
     */
    public Gic(GicParameters parameters, int pes) {
        this.parameters = parameters;
        interfaces = new GicCpuInterface[pes];
        local = new InterruptBank[pes];
        for (int i = 0; i < pes; i++) {
            interfaces[i] = new GicCpuInterface(this, i);
            local[i] = new InterruptBank(32);
        }
        shared = new InterruptBank(parameters.spis());
        route = new int[parameters.spis()];
        target = new int[parameters.spis()];
        distributor = new Distributor(this);
        redistributors = new Redistributors(this);
        reset();
    }

    /**
     * Back to the state after power-on, except for the levels of inputs that devices and timers
     * drive.
     */
    public void reset() {
        synchronized (lock) {
            groups = 0;
            shared.reset();
            for (InterruptBank bank : local) {
                bank.reset();
                bank.edge[0] = 0xffff;
            }
            Arrays.fill(route, 0);
            Arrays.fill(target, 0);
            redistributors.reset();
            for (GicCpuInterface each : interfaces) {
                each.clear();
            }
            recomputeAll();
        }
        notifyPes();
    }

    /**
     * Sets what brings the timers of all PEs up to date, before software looks at the inputs of any
     * PE. For machines that run all PEs on one thread, where the timers of the others lag behind.
     */
    public void setTimerUpdate(Runnable update) {
        timerUpdate = update;
    }

    /** Inputs are about to be looked at. The lock is not held. */
    void updateTimers() {
        timerUpdate.run();
    }

    /** What this GIC was built with. */
    public GicParameters parameters() {
        return parameters;
    }

    /** The distributor's registers, {@link GicParameters#DISTRIBUTOR_SIZE} bytes. */
    public MmioDevice distributor() {
        return distributor;
    }

    /** All redistributors in a row, {@link GicParameters#REDISTRIBUTOR_SIZE} bytes each. */
    public MmioDevice redistributors() {
        return redistributors;
    }

    /** Number of PEs. */
    public int pes() {
        return interfaces.length;
    }

    /** The system registers of a PE. */
    public GicCpuInterface cpuInterface(int pe) {
        return interfaces[pe];
    }

    /**
     * Drives the input of a shared interrupt. Callable from any thread.
     *
     * @param intid 32 and up
     */
    public void setSpi(int intid, boolean high) {
        int n = intid - GicParameters.FIRST_SPI;
        if (n < 0 || n >= shared.count()) {
            throw new IllegalArgumentException("no SPI has INTID " + intid);
        }
        synchronized (lock) {
            if (!shared.setLevel(n, high)) {
                return;
            }
            recomputeTarget(n);
        }
        notifyPes();
    }

    /**
     * Drives the input of a private interrupt. Callable from any thread.
     *
     * @param intid 16 to 31
     */
    public void setPpi(int pe, int intid, boolean high) {
        if (intid < 16 || intid > 31) {
            throw new IllegalArgumentException("no PPI has INTID " + intid);
        }
        synchronized (lock) {
            if (!local[pe].setLevel(intid, high)) {
                return;
            }
            recompute(pe);
        }
        interfaces[pe].notifyPe();
    }

    int groups() {
        return groups;
    }

    void setGroups(int value) {
        groups = value & 3;
        recomputeAll();
    }

    void setRoute(int spi, int affinity) {
        route[spi] = affinity;
        int old = target[spi];
        target[spi] = peOf(affinity);
        if (old >= 0) {
            recompute(old);
        }
        recomputeTarget(spi);
    }

    private int peOf(int affinity) {
        int pe = affinity & 0xf | (affinity >> 8 & 0xff) << 4 | (affinity >> 16 & 0xff) << 12;
        return (affinity & 0xf0) == 0 && pe < interfaces.length ? pe : -1;
    }

    private void recomputeTarget(int spi) {
        if (target[spi] >= 0) {
            recompute(target[spi]);
        }
    }

    void recomputeAll() {
        for (int i = 0; i < interfaces.length; i++) {
            recompute(i);
        }
    }

    /**
     * Finds the highest priority pending interrupt of a PE among the groups enabled in the
     * distributor and in the CPU interface; of equals the lowest INTID. The lock is held.
     */
    void recompute(int pe) {
        GicCpuInterface cpu = interfaces[pe];
        int enabled = groups & cpu.groups();
        int best = NONE;
        if (enabled != 0) {
            InterruptBank bank = local[pe];
            for (int m = bank.candidates(0, enabled); m != 0; m &= m - 1) {
                best = Math.min(best, key(bank, Integer.numberOfTrailingZeros(m), 0));
            }
            for (int w = 0; w < shared.group.length; w++) {
                for (int m = shared.candidates(w, enabled); m != 0; m &= m - 1) {
                    int n = w * 32 + Integer.numberOfTrailingZeros(m);
                    if (target[n] == pe) {
                        best = Math.min(best, key(shared, n, GicParameters.FIRST_SPI));
                    }
                }
            }
        }
        cpu.setHighestPending(best);
    }

    private static int key(InterruptBank bank, int n, int base) {
        return (bank.priority[n] & 0xff) << 17 | n + base << 1 | bank.group[n >> 5] >>> n & 1;
    }

    /** Takes an interrupt from pending to active. The lock is held. */
    void activate(int pe, int intid) {
        if (intid < GicParameters.FIRST_SPI) {
            local[pe].activate(intid);
        } else {
            shared.activate(intid - GicParameters.FIRST_SPI);
        }
        recompute(pe);
    }

    /** Deactivates an interrupt; one that does not exist is ignored. */
    void deactivate(int pe, int intid) {
        int other = pe;
        synchronized (lock) {
            if (intid < GicParameters.FIRST_SPI) {
                local[pe].active[0] &= ~(1 << intid);
            } else {
                int n = intid - GicParameters.FIRST_SPI;
                if (n >= shared.count()) {
                    return;
                }
                shared.active[n >> 5] &= ~(1 << n);
                other = target[n];
            }
            if (other >= 0) {
                recompute(other);
            }
        }
        if (other >= 0) {
            interfaces[other].notifyPe();
        }
    }

    /**
     * Generates software interrupts.
     *
     * @param value as in ICC_SGI1R_EL1: INTID 27:24, targets 15:0, Aff1 23:16, Aff2 39:32, IRM 40,
     *     RS 47:44, Aff3 55:48
     * @param group1 whether interrupts configured as Group 1 may be generated; Group 0 always may
     */
    void sendSgi(int from, long value, boolean group1) {
        int intid = (int) (value >> 24) & 0xf;
        synchronized (lock) {
            if ((value >> 40 & 1) != 0) {
                for (int i = 0; i < interfaces.length; i++) {
                    if (i != from) {
                        raiseSgi(i, intid, group1);
                    }
                }
            } else if ((value >> 44 & 0xf) == 0 && (value >> 48 & 0xff) == 0) {
                int cluster = (int) (value >> 16 & 0xff) << 8 | (int) (value >> 32 & 0xff) << 16;
                for (int m = (int) value & 0xffff; m != 0; m &= m - 1) {
                    int pe = peOf(cluster | Integer.numberOfTrailingZeros(m));
                    if (pe >= 0) {
                        raiseSgi(pe, intid, group1);
                    }
                }
            }
        }
        notifyPes();
    }

    private void raiseSgi(int pe, int intid, boolean group1) {
        InterruptBank bank = local[pe];
        if (group1 || (bank.group[0] >> intid & 1) == 0) {
            bank.latch[0] |= 1 << intid;
            recompute(pe);
        }
    }

    /** Tells every PE whose lines may have risen. The lock is not held. */
    void notifyPes() {
        for (GicCpuInterface each : interfaces) {
            each.notifyPe();
        }
    }
}
