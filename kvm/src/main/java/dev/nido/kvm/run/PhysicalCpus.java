package dev.nido.kvm.run;

import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MmioDevice;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The PEs of the machine, lent to the threads that run vCPUs. A thread that finds none free waits
 * for one; who has one looks at {@link #contended} now and then and gives it back.
 *
 * <p>KVM: the host's CPUs and its scheduler, with {@code kvm_sched_in()} and {@code
 * kvm_sched_out()}.
 */
public final class PhysicalCpus {

    /** GICR_ISENABLER0 in the SGI frame of a redistributor. */
    private static final long ISENABLER0 = 0x1_0100;

    private static final long IGROUPR0 = 0x1_0080;
    private static final long ISACTIVER0 = 0x1_0300;
    private static final long ICACTIVER0 = 0x1_0380;
    private static final long REDISTRIBUTOR_STRIDE = 0x2_0000;

    private static final int EOI_MODE = 2;

    private final Machine machine;
    private final PhysicalCpu[] all;
    private final Deque<PhysicalCpu> free = new ArrayDeque<>();
    private volatile int waiting;

    /** Takes all PEs of a machine, which are at EL2, and prepares their interrupt controllers. */
    public PhysicalCpus(Machine machine) {
        this.machine = machine;
        all = new PhysicalCpu[machine.pes()];
        // Affinity routing and both groups on.
        machine.gic().distributor().write(0, 4, 0x13);
        for (int i = 0; i < all.length; i++) {
            all[i] = new PhysicalCpu(machine.pe(i));
            prepare(all[i]);
            free.add(all[i]);
        }
    }

    private void prepare(PhysicalCpu cpu) {
        MmioDevice redistributors = machine.gic().redistributors();
        long frame = cpu.index() * REDISTRIBUTOR_STRIDE;
        // ProcessorSleep off; all private interrupts in group 1 and enabled.
        redistributors.write(frame + 0x14, 4, 0);
        redistributors.write(frame + IGROUPR0, 4, 0xffff_ffffL);
        redistributors.write(frame + ISENABLER0, 4, 0xffff_ffffL);
        cpu.write(SysReg.ICC_PMR_EL1, 0xff);
        cpu.write(SysReg.ICC_CTLR_EL1, EOI_MODE);
        cpu.write(SysReg.ICC_IGRPEN1_EL1, 1);
    }

    /**
     * Makes a private interrupt of a PE active or inactive in the physical interrupt controller.
     */
    public void setActive(PhysicalCpu cpu, int intid, boolean active) {
        machine.gic()
                .redistributors()
                .write(
                        cpu.index() * REDISTRIBUTOR_STRIDE + (active ? ISACTIVER0 : ICACTIVER0),
                        4,
                        1L << intid);
    }

    /** How many there are. */
    public int count() {
        return all.length;
    }

    /** The PE of a number, whoever has it. */
    public PhysicalCpu get(int index) {
        return all[index];
    }

    /**
     * Borrows a PE, if possible the one that still has the vCPU's registers; waits until one is
     * free. Another vCPU's registers are taken out of it first.
     */
    synchronized PhysicalCpu acquire(PeLease lease, PhysicalCpu last) throws InterruptedException {
        if (last != null && last.resident == lease && free.remove(last)) {
            return last;
        }
        waiting++;
        try {
            while (free.isEmpty()) {
                wait();
            }
        } finally {
            waiting--;
        }
        PhysicalCpu cpu = free.poll();
        evict(cpu);
        return cpu;
    }

    /** Takes a vCPU's registers out of the PE that it gave back, if they are still there. */
    synchronized void detach(PeLease lease, PhysicalCpu last) {
        if (last != null && last.resident == lease) {
            evict(last);
        }
    }

    private static void evict(PhysicalCpu cpu) {
        PeLease lease = cpu.resident;
        if (lease != null) {
            cpu.resident = null;
            lease.evicted();
        }
    }

    /** Borrows a certain PE for ever: for vCPUs that are pinned. */
    public synchronized PhysicalCpu pin(int index) {
        if (!free.remove(all[index])) {
            throw new IllegalStateException("PE " + index + " is in use");
        }
        return all[index];
    }

    /**
     * Gives a PE back.
     *
     * @param resident whose registers stay in it until somebody else wants it, or null
     */
    synchronized void release(PhysicalCpu cpu, PeLease resident) {
        cpu.resident = resident;
        if (resident == null) {
            free.addFirst(cpu);
        } else {
            free.addLast(cpu);
        }
        notify();
    }

    /** Whether a thread waits for a PE. */
    public boolean contended() {
        return waiting != 0;
    }
}
