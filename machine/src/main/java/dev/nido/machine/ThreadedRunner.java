package dev.nido.machine;

import dev.nido.machine.engine.Engine;
import dev.nido.machine.pe.Pe;

import java.util.concurrent.locks.LockSupport;

/** Runs each PE on a thread of its own, against the wall clock. */
final class ThreadedRunner {

    /** Instructions between two looks at the timer: a fraction of a millisecond. */
    private static final int CHUNK = 20_000;

    private static final long MAX_SLEEP_NANOS = 50_000_000;

    private final Machine machine;
    private final Engine[] engines;
    private final Runnable poll;
    private final int blockLimit;
    private volatile Throwable failure;

    ThreadedRunner(Machine machine, Engine[] engines, Runnable poll, int blockLimit) {
        this.machine = machine;
        this.engines = engines;
        this.poll = poll;
        this.blockLimit = blockLimit;
    }

    void run(long limit) {
        Thread[] threads = new Thread[machine.pes()];
        for (int i = 0; i < threads.length; i++) {
            int index = i;
            threads[i] =
                    Thread.ofPlatform()
                            .name("nido-pe" + i)
                            .daemon(true)
                            .uncaughtExceptionHandler((thread, e) -> {
                                failure = e;
                                machine.end(new MachineEnd.Stopped());
                            })
                            .unstarted(() -> runPe(index));
            // Known before anyone runs, so that the first PE can wake the others.
            machine.pe(i).thread = threads[i];
        }
        for (Thread thread : threads) {
            thread.start();
        }
        machine.awaitStop(limit, poll);
        for (Thread thread : threads) {
            join(thread);
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        }
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void runPe(int index) {
        Pe pe = machine.pe(index);
        pe.mmu.resume();
        PeLoop loop = new PeLoop(machine, pe, engines[index], blockLimit);
        while (!machine.stopping()) {
            if (loop.ready()) {
                loop.run(CHUNK);
            } else {
                if ((pe.clearAttention(-1) & Pe.ATTENTION_TLB) != 0) {
                    pe.mmu.serviceRequests();
                    continue;
                }
                long wait = MAX_SLEEP_NANOS;
                if (pe.poweredOn) {
                    wait = Math.min(wait, pe.timer.nextDeadline() - machine.clock().ticks());
                }
                if (wait > 0) {
                    pe.mmu.suspend();
                    if (pe.attention == 0) {
                        LockSupport.parkNanos(pe, wait);
                    }
                    pe.mmu.resume();
                }
            }
        }
        pe.mmu.suspend();
        pe.thread = null;
    }
}
