package dev.nido.machine;

import dev.nido.machine.engine.Engine;
import dev.nido.machine.pe.Pe;

/** What both ways of running PEs do around the engine. */
final class PeLoop implements ScheduledCpu {

    /** Exceptions without an instruction in between that show a guest caught in its own vector. */
    public static final int VECTOR_LOOP = 100_000;

    /** With the wall clock: nanoseconds that an instruction is taken to last, rather too many. */
    private static final int NANOS = 20;

    /**
     * With the wall clock: instructions for which looking at the timer more often is not worth it.
     */
    private static final int SHORTEST_WAIT = 500;

    private final Machine machine;
    private final Pe pe;
    private final Engine engine;
    private final int blockLimit;

    PeLoop(Machine machine, Pe pe, Engine engine, int blockLimit) {
        this.machine = machine;
        this.pe = pe;
        this.engine = engine;
        this.blockLimit = blockLimit;
    }

    /**
     * Services requests, takes an interrupt if one is due, and runs at most {@code budget}
     * instructions. Returns early when the PE starts to wait or is switched off.
     */
    @Override
    public void run(long budget) {
        long until = pe.retired + budget;
        while (pe.retired < until && !pe.waiting && pe.poweredOn && !machine.stopping()) {
            if ((pe.clearAttention(-1) & Pe.ATTENTION_TLB) != 0) {
                pe.mmu.serviceRequests();
            }
            pe.timer.update();
            if (pe.takePendingInterrupt() && machine.recorder() != null) {
                machine.recorder().exception(pe, false);
            }
            long limit = Math.min(until - pe.retired, untilDeadline());
            limit = Math.min(limit, pe.pmu.untilOverflow());
            engine.run(pe, (int) Math.min(limit, blockLimit));
            pe.pmu.update();
            watch();
            if (pe.yieldRequested) {
                pe.yieldRequested = false;
                if (!machine.deterministic()) {
                    Thread.yield();
                }
                break;
            }
        }
    }

    /**
     * Instructions after which the timer wants to be looked at: exactly, or a guess of the host's
     * speed.
     */
    private long untilDeadline() {
        long deadline = pe.timer.nextDeadline();
        if (deadline == Long.MAX_VALUE) {
            return deadline;
        }
        long ticks = deadline - machine.clock().ticks();
        return machine.deterministic()
                ? Math.max(1, ticks)
                : Math.max(SHORTEST_WAIT, ticks / NANOS);
    }

    private void watch() {
        if (pe.repeatedExceptions > VECTOR_LOOP && pe.poweredOn) {
            machine.end(
                    new MachineEnd.Stuck(
                            "PE %d faults for ever at its own exception vector: PC 0x%x, EL%d"
                                    .formatted(pe.index, pe.pc, pe.el)));
        }
    }

    /** Ends WFI if its wake-up condition holds. Returns whether the PE can run. */
    @Override
    public boolean ready() {
        if (!pe.poweredOn) {
            machine.switchOn(pe);
            if (!pe.poweredOn) {
                return false;
            }
        }
        if (pe.waiting) {
            pe.timer.update();
            if (!pe.wakeUp()) {
                return false;
            }
            pe.waiting = false;
        }
        return true;
    }

    @Override
    public Pe pe() {
        return pe;
    }

    @Override
    public boolean isOn() {
        return pe.poweredOn;
    }

    @Override
    public long nextDeadline() {
        return pe.timer.nextDeadline();
    }
}
