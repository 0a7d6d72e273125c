package dev.nido.kvm.vgic;

import dev.nido.arch.GicParameters;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.run.PhysicalCpus;

import java.util.Arrays;

/**
 * The interrupt controller of a VM ({@code struct vgic_dist}): a GICv3 whose distributor and
 * redistributors are emulated here, and whose CPU interfaces are the PEs' own virtual ones, fed
 * through list registers by {@link VgicCpu}. SGIs, PPIs and SPIs; no LPIs.
 *
 * <p>Everything that a guest can see equals the machine's own GIC of the same {@link
 * GicParameters}, to the register and to the instruction.
 *
 * <p>One lock guards the state of all interrupts. Lines may be driven from any thread.
 */
public final class Vgic {

    /** A base address that nobody has set. */
    public static final long NO_ADDRESS = -1;

    /** INTID that a guest hypervisor's maintenance interrupt has if nobody says otherwise. */
    static final int MAINTENANCE = 25;

    final Object lock = new Object();
    final PhysicalCpus physical;
    private final boolean deterministic;
    private final int ipaBits;
    private final VmMmioBus bus;
    private GicParameters parameters;
    private long distributorBase = NO_ADDRESS;
    private long redistributorBase = NO_ADDRESS;

    /** By number. */
    VgicCpu[] cpus = {};

    /** SPIs; index 0 is INTID 32. */
    VirtualInterrupt[] spis = {};

    /** GICD_CTLR.EnableGrp1 and EnableGrp0. */
    private int groups;

    /** The PPI by which guest hypervisors get their maintenance interrupts. */
    private int maintenanceIntid = MAINTENANCE;

    private boolean initialized;
    private volatile Vm traced;

    /** Some {@link VgicCpu#kickDue} is set. */
    volatile boolean kicksDue;

    private final VgicDistributor distributor = new VgicDistributor(this);
    private final VgicRedistributors redistributors = new VgicRedistributors(this);
    private final VgicAttributes attributes = new VgicAttributes(this);

    /**
     * A controller without CPUs; {@link #createCpu} and {@link #init} follow.
     *
     * @param parameters what the guest sees
     * @param physical the PEs
     * @param deterministic one thread runs all vCPUs, so that each may look at the timers of all
     * @param ipaBits bits of a guest physical address
     * @param bus takes the guest's accesses
     */
    public Vgic(
            GicParameters parameters,
            PhysicalCpus physical,
            boolean deterministic,
            int ipaBits,
            VmMmioBus bus) {
        this.parameters = parameters;
        this.ipaBits = ipaBits;
        this.bus = bus;
        this.physical = physical;
        this.deterministic = deterministic;
    }

    /** What the guest sees. */
    public GicParameters parameters() {
        return parameters;
    }

    /** Chooses the number of SPIs; before {@link #init}. */
    void setParameters(GicParameters parameters) {
        this.parameters = parameters;
    }

    /**
     * Adds the part of a vCPU.
     *
     * @param id its number, from 0, without gaps
     */
    public VgicCpu createCpu(int id, VgicCpu.Owner owner) {
        synchronized (lock) {
            if (id != cpus.length || initialized) {
                throw new IllegalStateException("vCPU " + id + " after " + cpus.length);
            }
            VgicCpu cpu = new VgicCpu(this, id, owner);
            cpus = Arrays.copyOf(cpus, id + 1);
            cpus[id] = cpu;
            return cpu;
        }
    }

    /** The part of a vCPU. */
    public VgicCpu cpu(int id) {
        return cpus[id];
    }

    /** Number of vCPUs. */
    public int cpuCount() {
        return cpus.length;
    }

    /**
     * Completes it, after all vCPUs were created (KVM_DEV_ARM_VGIC_CTRL_INIT); again is nothing.
     *
     * @return 0 or a negative errno: ENODEV without a vCPU
     * @throws KvmException EEXIST if another device has the addresses that were set
     */
    public int init() {
        synchronized (lock) {
            if (initialized) {
                return 0;
            }
            if (cpus.length == 0) {
                return -Errno.ENODEV;
            }
            spis = new VirtualInterrupt[parameters.spis()];
            for (int i = 0; i < spis.length; i++) {
                spis[i] = new VirtualInterrupt(GicParameters.FIRST_SPI + i, null);
                spis[i].target = cpus[0];
            }
            if (distributorBase != NO_ADDRESS) {
                register(true, distributorBase);
            }
            if (redistributorBase != NO_ADDRESS) {
                try {
                    register(false, redistributorBase);
                } catch (KvmException e) {
                    bus.unregister(distributor);
                    throw e;
                }
            }
            initialized = true;
            return 0;
        }
    }

    /**
     * The same with the guest physical addresses, which are otherwise attributes.
     *
     * @param distributor of {@link GicParameters#DISTRIBUTOR_SIZE} bytes, 64 KiB aligned
     * @param redistributors of {@link GicParameters#REDISTRIBUTOR_SIZE} bytes a vCPU, likewise
     * @throws KvmException EINVAL, E2BIG, EEXIST for addresses that cannot be, ENODEV without a
     *     vCPU
     */
    public void init(long distributor, long redistributors) {
        attributes.set(
                VgicAttributes.GROUP_ADDRESS, VgicAttributes.ADDRESS_DISTRIBUTOR, distributor);
        attributes.set(
                VgicAttributes.GROUP_ADDRESS,
                VgicAttributes.ADDRESS_REDISTRIBUTORS,
                redistributors);
        attributes.set(VgicAttributes.GROUP_CONTROL, VgicAttributes.CONTROL_INIT, 0);
    }

    int maintenanceIntid() {
        return maintenanceIntid;
    }

    /** Chooses it; before {@link #init}. */
    void setMaintenanceIntid(int intid) {
        maintenanceIntid = intid;
    }

    private void register(boolean ofDistributor, long base) {
        if (ofDistributor) {
            bus.register("GICD", base, GicParameters.DISTRIBUTOR_SIZE, distributor);
        } else {
            long size = (long) cpus.length * GicParameters.REDISTRIBUTOR_SIZE;
            bus.register("GICR", base, size, redistributors);
        }
    }

    /** Whether {@link #init} was called. */
    public boolean isInitialized() {
        return initialized;
    }

    /** Back to the state after power-on, but for the levels of inputs. No vCPU executes. */
    public void reset() {
        synchronized (lock) {
            groups = 0;
            for (VgicCpu cpu : cpus) {
                cpu.asleep = true;
                cpu.reset();
                for (VirtualInterrupt irq : cpu.local) {
                    irq.reset(null);
                    update(irq);
                }
            }
            for (VirtualInterrupt irq : spis) {
                irq.reset(cpus[0]);
                update(irq);
            }
        }
        deliverKicks();
    }

    /** The distributor's registers, {@link GicParameters#DISTRIBUTOR_SIZE} bytes. */
    public VgicDistributor distributor() {
        return distributor;
    }

    /** All redistributors, {@link GicParameters#REDISTRIBUTOR_SIZE} bytes each. */
    public VgicRedistributors redistributors() {
        return redistributors;
    }

    /** Sets the VM whose events these are. */
    public void setTraced(Vm vm) {
        traced = vm;
    }

    Vm traced() {
        return traced;
    }

    /** Who takes events; null for nobody. */
    Tracer tracer() {
        Vm of = traced;
        return of == null ? null : of.hypervisor().tracer();
    }

    /** The VMM's access to the state (KVM's device attributes). */
    public VgicAttributes attributes() {
        return attributes;
    }

    int ipaBits() {
        return ipaBits;
    }

    /** Guest physical address of the distributor or of the redistributors. */
    long base(boolean ofDistributor) {
        return ofDistributor ? distributorBase : redistributorBase;
    }

    void setBase(boolean ofDistributor, long base) {
        if (initialized) {
            register(ofDistributor, base);
        }
        if (ofDistributor) {
            distributorBase = base;
        } else {
            redistributorBase = base;
        }
    }

    // Lines

    /**
     * Drives an input (KVM_IRQ_LINE). From any thread.
     *
     * @param vcpu number of the vCPU of a PPI; ignored, -1 by custom, for an SPI
     * @param intid 16 and up
     * @return 0, or -EINVAL if there is no such input
     */
    public int setLine(int vcpu, int intid, boolean high) {
        Tracer tracer = tracer();
        if (tracer != null && intid >= GicParameters.FIRST_SPI) {
            tracer.irqLine(traced, vcpu, intid, high);
        }
        synchronized (lock) {
            VirtualInterrupt irq = intid < 16 ? null : find(vcpu, intid);
            if (irq == null) {
                return -Errno.EINVAL;
            }
            if (!irq.drive(high)) {
                return 0;
            }
            if (tracer != null) {
                int target = irq.target == null ? -1 : irq.target.id;
                tracer.interruptPending(traced, target, intid, high);
            }
            update(irq);
        }
        deliverKicks();
        return 0;
    }

    /**
     * An input as something to hand to a device or thread (irqfd).
     *
     * @param intid of an SPI
     */
    public InterruptLine line(int intid) {
        return new InterruptLine(this, intid);
    }

    /** The interrupt of an INTID as a vCPU means it, or null. The lock is held. */
    VirtualInterrupt find(int vcpu, int intid) {
        if (intid < 0) {
            return null;
        }
        if (intid < GicParameters.FIRST_SPI) {
            return vcpu >= 0 && vcpu < cpus.length ? cpus[vcpu].local[intid] : null;
        }
        int n = intid - GicParameters.FIRST_SPI;
        return n < spis.length ? spis[n] : null;
    }

    // The state machine; the lock is held.

    int groups() {
        return groups;
    }

    void setGroups(int value) {
        groups = value & 3;
        for (VgicCpu cpu : cpus) {
            for (VirtualInterrupt irq : cpu.local) {
                update(irq);
            }
        }
        for (VirtualInterrupt irq : spis) {
            update(irq);
        }
    }

    /** Pending, enabled, and of a group that the distributor forwards; active or not. */
    boolean deliverable(VirtualInterrupt irq) {
        return irq.enabled && irq.pending() && (groups & (irq.group1 ? 2 : 1)) != 0;
    }

    /** Puts an interrupt on the list where it belongs after any change of it. */
    void update(VirtualInterrupt irq) {
        VgicCpu home = irq.active ? irq.owner : deliverable(irq) ? irq.target : null;
        VgicCpu now = irq.listed;
        if (now != home) {
            if (now != null) {
                if (irq.lr >= 0 && now.outstanding()) {
                    // The guest may have taken it: the vCPU must fold first, and come back here.
                    now.changed(true);
                    return;
                }
                now.remove(irq);
            }
            if (home != null) {
                home.add(irq);
            }
        }
        if (home != null) {
            home.changed(!irq.active);
        }
    }

    void activate(VirtualInterrupt irq) {
        if (!irq.active) {
            irq.active = true;
            irq.owner = irq.target != null ? irq.target : cpus[0];
            mappingChanged(irq);
            update(irq);
        }
    }

    void deactivate(VirtualInterrupt irq) {
        if (irq.active) {
            irq.active = false;
            mappingChanged(irq);
            update(irq);
        }
    }

    private static void mappingChanged(VirtualInterrupt irq) {
        if (irq.physical >= 0) {
            irq.privateTo.physicalChanged();
        }
    }

    void setRoute(VirtualInterrupt irq, int affinity) {
        irq.route = affinity;
        irq.target = cpuOf(affinity);
        update(irq);
    }

    private VgicCpu cpuOf(int affinity) {
        for (VgicCpu cpu : cpus) {
            if (GicParameters.affinity(cpu.id) == affinity) {
                return cpu;
            }
        }
        return null;
    }

    /** A vCPU ended an interrupt that is in none of its list registers. */
    void deactivate(VgicCpu cpu, int intid) {
        if (intid >= GicParameters.FIRST_SPI) {
            foldAll();
        }
        synchronized (lock) {
            VirtualInterrupt irq = find(cpu.id, intid);
            if (irq != null) {
                deactivate(irq);
            }
        }
    }

    /**
     * Generates software interrupts.
     *
     * @param value as of ICC_SGI1R_EL1: INTID 27:24, targets 15:0, Aff1 23:16, Aff2 39:32, IRM 40,
     *     RS 47:44, Aff3 55:48
     * @param anyGroup whether interrupts of Group 1 are generated, not only those of Group 0
     */
    void sendSgi(VgicCpu from, long value, boolean anyGroup) {
        int intid = (int) (value >>> 24) & 15;
        boolean others = (value >>> 40 & 1) != 0;
        boolean nobody = (value >>> 44 & 15) != 0 || (value >>> 48 & 0xff) != 0;
        long cluster = value >>> 16 & 0xff | (value >>> 32 & 0xff) << 8;
        synchronized (lock) {
            for (VgicCpu cpu : cpus) {
                long affinity = GicParameters.affinity(cpu.id);
                boolean named =
                        !nobody
                                && affinity >>> 8 == cluster
                                && (affinity & 0xff) < 16
                                && (value >>> (affinity & 15) & 1) != 0;
                VirtualInterrupt irq = cpu.local[intid];
                if ((others ? cpu != from : named) && (anyGroup || !irq.group1)) {
                    irq.latch();
                    update(irq);
                }
            }
        }
        deliverKicks();
    }

    /** Kicks who is due. The lock is not held. */
    void deliverKicks() {
        if (!kicksDue) {
            return;
        }
        kicksDue = false;
        for (VgicCpu cpu : cpus) {
            if (cpu.kickDue) {
                cpu.kickDue = false;
                cpu.owner.kick();
            }
        }
    }

    /**
     * Makes the state of all interrupts what the guest would see now, by having the list registers
     * of all vCPUs folded back, and in deterministic mode the lines of all timers sampled. The lock
     * is not held. A vCPU that executes is made to exit; with one thread there is none.
     */
    public void foldAll() {
        for (VgicCpu cpu : cpus) {
            int folds = cpu.folds();
            while (cpu.outstanding() && cpu.folds() == folds) {
                // Again and again: a kick between flush and entry meets nobody.
                cpu.owner.kick();
                Thread.onSpinWait();
                Thread.yield();
            }
        }
        if (deterministic) {
            synchronized (lock) {
                for (VgicCpu cpu : cpus) {
                    cpu.sampleLines();
                }
            }
        }
    }
}
