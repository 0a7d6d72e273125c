package dev.nido.machine;

import java.util.List;

/**
 * Runs all PEs on one thread, in MPIDR order, in slices of a fixed number of guest instructions.
 * Time is the number of instructions retired by all of them; when all are idle it jumps to the next
 * timer.
 */
final class DeterministicScheduler {

    /** Instructions of one slice. */
    private static final int SLICE = 10_000;

    private final Machine machine;
    private final ScheduledCpu[] cpus;
    private final Machine.InstructionClock clock;
    private final Runnable poll;

    DeterministicScheduler(
            Machine machine,
            List<ScheduledCpu> cpus,
            Machine.InstructionClock clock,
            Runnable poll) {
        this.machine = machine;
        this.clock = clock;
        this.poll = poll;
        this.cpus = cpus.toArray(new ScheduledCpu[0]);
    }

    void run(long limit) {
        int rounds = 0;
        while (!machine.stopping()) {
            boolean ran = false;
            for (int i = 0; i < cpus.length && !machine.stopping(); i++) {
                if (cpus[i].ready()) {
                    clock.enter(cpus[i].pe());
                    cpus[i].run(SLICE);
                    clock.leave();
                    ran = true;
                }
            }
            if (!ran && !machine.stopping()) {
                idle(limit);
            }
            if ((++rounds & 63) == 0) {
                poll.run();
                if (System.nanoTime() > limit) {
                    machine.end(new MachineEnd.TimedOut());
                }
            }
        }
    }

    private void idle(long limit) {
        long next = Long.MAX_VALUE;
        boolean anyOn = false;
        for (ScheduledCpu cpu : cpus) {
            if (cpu.isOn()) {
                anyOn = true;
                next = Math.min(next, cpu.nextDeadline());
            }
        }
        if (!anyOn) {
            machine.end(new MachineEnd.Stuck("all PEs are switched off"));
        } else if (next != Long.MAX_VALUE) {
            clock.skipTo(next);
        } else if (!machine.waitForInput(limit)) {
            machine.end(
                    System.nanoTime() > limit
                            ? new MachineEnd.TimedOut()
                            : new MachineEnd.Stuck(
                                    "all PEs wait for an interrupt, and nothing can raise one"));
        }
    }
}
