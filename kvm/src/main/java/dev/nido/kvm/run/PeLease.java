package dev.nido.kvm.run;

import dev.nido.kvm.Vcpu;

/**
 * Which PE a vCPU has, and where its registers are: in the PE that it has borrowed, or still in the
 * one that it has given back ({@code vcpu_load()}, {@code vcpu_put()}).
 */
final class PeLease {

    private final Vcpu vcpu;
    private final PhysicalCpus cpus;
    private final boolean deterministic;
    private volatile PhysicalCpu cpu;
    private PhysicalCpu lastCpu;

    /** Given back, with the registers still in {@link #lastCpu}. */
    private volatile boolean parked;

    PeLease(Vcpu vcpu, PhysicalCpus cpus, boolean deterministic) {
        this.vcpu = vcpu;
        this.cpus = cpus;
        this.deterministic = deterministic;
    }

    /** The PE, or null. */
    PhysicalCpu cpu() {
        return cpu;
    }

    /** Whether other vCPUs wait for a PE. */
    boolean contended() {
        return cpus.contended();
    }

    /**
     * Borrows a PE; the vCPU is not loaded yet.
     *
     * @throws InterruptedException while it waited for one
     */
    PhysicalCpu acquire() throws InterruptedException {
        cpu = deterministic ? cpus.pin(vcpu.id()) : cpus.acquire(this, lastCpu);
        return cpu;
    }

    /** Loads the vCPU on the PE that was acquired, if its registers are not there still. */
    void load() {
        if (cpu != lastCpu || !parked) {
            vcpu.load(cpu);
        }
        parked = false;
        lastCpu = cpu;
    }

    /**
     * Gives the PE back. The vCPU's registers stay in it until somebody else takes it, or somebody
     * asks for them: most often the vCPU comes back before.
     */
    void giveBack() {
        PhysicalCpu was = cpu;
        cpu = null;
        parked = true;
        cpus.release(was, this);
    }

    /** Somebody else takes the PE; under the lock of {@link PhysicalCpus}, on any thread. */
    void evicted() {
        vcpu.put();
        parked = false;
    }

    /** Has the registers be in the vCPU's context and not in a PE that the vCPU has given back. */
    void detach() {
        cpus.detach(this, lastCpu);
    }

    /** Whether {@link #detach} may have something to do. */
    boolean isParked() {
        return parked;
    }

    /** The VM ends; nobody runs the vCPU any more. */
    void close() {
        if (deterministic && cpu != null) {
            vcpu.put();
            cpus.release(cpu, null);
            cpu = null;
        } else {
            detach();
        }
    }
}
