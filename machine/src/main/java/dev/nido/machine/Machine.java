package dev.nido.machine;

import dev.nido.arch.CpuModel;
import dev.nido.arch.GicParameters;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.SysReg;
import dev.nido.machine.engine.Engine;
import dev.nido.machine.engine.Interpreter;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.machine.firmware.Firmware;
import dev.nido.machine.firmware.PowerControl;
import dev.nido.machine.firmware.Psci;
import dev.nido.machine.gic.Gic;
import dev.nido.machine.mmu.TlbMaintenance;
import dev.nido.machine.pe.Pe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/**
 * An AArch64 machine: PEs, RAM, a GICv3, generic timers and a bus for devices.
 *
 * <p>Build it, {@link Bus#map map} devices, set the first PE's registers, {@link #run}. With the
 * wall clock each PE runs on a thread of the machine's; in deterministic mode the caller's thread
 * runs all PEs in turn and time is the number of instructions retired.
 */
public final class Machine implements AutoCloseable {

    private final MachineConfig config;
    private final PhysicalMemory memory;
    private final Bus bus = new Bus();
    private final CodeCache codeCache;
    private final Gic gic;
    private final Pe[] pes;
    private final Engine[] engines;
    private final StreamRecorder recorder;
    private final InstructionClock instructionClock = new InstructionClock();
    private final Clock clock;
    private final Power power = new Power();
    private final TlbMaintenance tlbMaintenance = new TlbMaintenance(this);
    private volatile Firmware firmware;
    private final AtomicReferenceArray<Start> starts;
    private volatile MachineEnd end;
    private volatile boolean threaded;
    private volatile Runnable poll = () -> {};
    private volatile java.util.function.BooleanSupplier inputSource = () -> false;
    private int blockLimit = Integer.MAX_VALUE;

    /** Builds a machine whose stream is hashed in deterministic mode. */
    public Machine(MachineConfig config) {
        this(config, config.deterministic() ? new StreamRecorder(null) : null);
    }

    /**
     * Builds a machine.
     *
     * @param recorder takes the instruction stream, or null
     */
    public Machine(MachineConfig config, StreamRecorder recorder) {
        this.config = config;
        this.recorder = recorder;
        this.memory = new PhysicalMemory(config.ramBase(), config.ramSize());
        this.codeCache = new CodeCache(memory);
        this.clock = config.deterministic() ? instructionClock : new WallClock();
        this.gic = new Gic(GicParameters.standard(config.cpu().listRegisters()), config.pes());
        this.pes = new Pe[config.pes()];
        this.engines = new Engine[config.pes()];
        this.starts = new AtomicReferenceArray<>(config.pes());
        CpuModel cpu = config.startEl() == 1 ? config.cpu().withoutEl2() : config.cpu();
        for (int i = 0; i < pes.length; i++) {
            pes[i] = new Pe(this, i, cpu);
            gic.cpuInterface(i).attach(pes[i]);
            pes[i].reset(config.startEl());
            engines[i] = new Interpreter(pes[i], recorder);
        }
        if (config.deterministic()) {
            gic.setTimerUpdate(this::updateTimers);
        }
        firmware = new Psci(power, config.startEl() == 2);
    }

    private void updateTimers() {
        for (Pe pe : pes) {
            pe.timer.update();
        }
    }

    public MachineConfig config() {
        return config;
    }

    public PhysicalMemory memory() {
        return memory;
    }

    public Bus bus() {
        return bus;
    }

    public CodeCache codeCache() {
        return codeCache;
    }

    public Gic gic() {
        return gic;
    }

    public Clock clock() {
        return clock;
    }

    public boolean deterministic() {
        return config.deterministic();
    }

    /** Number of PEs. */
    public int pes() {
        return pes.length;
    }

    public Pe pe(int index) {
        return pes[index];
    }

    /**
     * The firmware behind SMC, or HVC where the PEs have no EL2: PSCI and SMCCC unless replaced.
     */
    public Firmware firmware() {
        return firmware;
    }

    public void setFirmware(Firmware firmware) {
        this.firmware = firmware;
    }

    /** The instruction stream's recorder, or null. */
    public StreamRecorder recorder() {
        return recorder;
    }

    /**
     * Limits the instructions of one engine call, for tests that show that results do not depend on
     * it.
     */
    public void setBlockLimit(int instructions) {
        if (instructions < 1) {
            throw new IllegalArgumentException("a block has at least one instruction");
        }
        blockLimit = instructions;
    }

    /**
     * Switches a PE on, at the machine's start level with the MMU off. The first PE is started so
     * before {@link #run}; the others by the guest, through PSCI.
     *
     * @param entry physical address of its first instruction
     * @param context its X0
     * @throws IllegalStateException if it is on already
     */
    public void startPe(int index, long entry, long context) {
        if (power.start(index, entry, context, false) != PowerControl.State.OFF) {
            throw new IllegalStateException("PE " + index + " is on already");
        }
    }

    /** The engine of a PE. */
    public Engine engine(int index) {
        return engines[index];
    }

    /** TLB maintenance by software of EL2 that is not in the machine's memory. */
    public TlbMaintenance tlbMaintenance() {
        return tlbMaintenance;
    }

    /** Instructions retired by all PEs. */
    public long retired() {
        long sum = 0;
        for (Pe pe : pes) {
            sum += pe.retired;
        }
        return sum;
    }

    /**
     * Sets what is called between slices of deterministic mode and while everything is idle, on the
     * running thread: the place where devices take input.
     */
    public void setPoll(Runnable poll) {
        this.poll = poll;
    }

    /** Ends the run; the first reason given wins. May be called from any thread. */
    public synchronized void end(MachineEnd reason) {
        if (end == null) {
            end = reason;
        }
        for (Pe pe : pes) {
            pe.endRun = true;
            pe.raiseAttention(Pe.ATTENTION_STOP);
        }
        notifyAll();
    }

    /** Whether somebody ended the run. */
    public boolean stopping() {
        return end != null;
    }

    /**
     * Runs until the machine ends.
     *
     * @param timeout limit of wall-clock time, or null
     */
    public MachineEnd run(Duration timeout) {
        long limit = timeout == null ? Long.MAX_VALUE : System.nanoTime() + timeout.toNanos();
        if (config.deterministic()) {
            List<ScheduledCpu> cpus = new ArrayList<>();
            for (int i = 0; i < pes.length; i++) {
                cpus.add(new PeLoop(this, pes[i], engines[i], blockLimit));
            }
            new DeterministicScheduler(this, cpus, instructionClock, poll).run(limit);
        } else {
            threaded = true;
            new ThreadedRunner(this, engines, poll, blockLimit).run(limit);
            threaded = false;
        }
        MachineEnd reason = end;
        end = null;
        return reason;
    }

    /**
     * Runs CPUs that somebody else drives, one a PE, by the rules of deterministic mode, until the
     * machine ends.
     *
     * @param cpus in the order of their turns
     * @param timeout limit of wall-clock time, or null
     */
    public MachineEnd runScheduled(List<? extends ScheduledCpu> cpus, Duration timeout) {
        long limit = timeout == null ? Long.MAX_VALUE : System.nanoTime() + timeout.toNanos();
        new DeterministicScheduler(this, List.copyOf(cpus), instructionClock, poll).run(limit);
        MachineEnd reason = end;
        end = null;
        return reason;
    }

    /** The most instructions of one engine call; see {@link #setBlockLimit}. */
    public int blockLimit() {
        return blockLimit;
    }

    /**
     * Sets what can still wake an idle machine in deterministic mode: true while input may come.
     */
    public void setInputSource(java.util.function.BooleanSupplier source) {
        inputSource = source;
    }

    /** Waits a moment for input while everything is idle. False if none can come any more. */
    boolean waitForInput(long limit) {
        if (!inputSource.getAsBoolean() || System.nanoTime() > limit) {
            return false;
        }
        poll.run();
        LockSupport.parkNanos(1_000_000);
        return true;
    }

    /** Blocks until the machine ends or the limit (of {@link System#nanoTime}) is reached. */
    synchronized void awaitStop(long limit, Runnable poll) {
        long idleAt = -1;
        while (end == null) {
            poll.run();
            long retired = retired();
            boolean idle = idleForEver();
            if (idle && idleAt == retired) {
                // PEs are looked at one after another and may wake each other meanwhile: only what
                // was
                // so before, with nothing retired since, stays so.
                end(
                        new MachineEnd.Stuck(
                                "all PEs wait for an interrupt, and nothing can raise one"));
            } else if (System.nanoTime() > limit) {
                end(new MachineEnd.TimedOut());
            } else {
                idleAt = idle ? retired : -1;
                try {
                    wait(20);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    end(new MachineEnd.Stopped());
                }
            }
        }
    }

    private boolean idleForEver() {
        if (inputSource.getAsBoolean()) {
            return false;
        }
        for (Pe pe : pes) {
            if (starts.get(pe.index) != null
                    || pe.poweredOn
                            && (!pe.waiting
                                    || pe.timer.nextDeadline() != Long.MAX_VALUE
                                    || pe.wakeUp())) {
                return false;
            }
        }
        return true;
    }

    /** Releases RAM. The machine must not be running. */
    @Override
    public void close() {
        memory.close();
    }

    /** What CPU_ON asks of a PE that is off. */
    private record Start(long entry, long context, boolean bigEndian) {}

    /**
     * Resets and switches on a PE if that was asked for. On the PE's own thread where it has one:
     * after CPU_OFF it may still be on its way out of its last instruction.
     */
    void switchOn(Pe pe) {
        synchronized (pe) {
            Start start = starts.get(pe.index);
            if (start == null) {
                return;
            }
            pe.reset(config.startEl());
            pe.pc = start.entry;
            pe.x[0] = start.context;
            if (start.bigEndian) {
                SysReg sctlr = config.startEl() == 2 ? SysReg.SCTLR_EL2 : SysReg.SCTLR_EL1;
                pe.writeRegister(sctlr, pe.readRegister(sctlr) | SctlrEl1.EE);
            }
            pe.waiting = false;
            pe.poweredOn = true;
            starts.set(pe.index, null);
        }
    }

    /** Switches PEs on and off for the firmware. */
    private final class Power implements PowerControl {
        @Override
        public int pes() {
            return pes.length;
        }

        @Override
        public long affinity(int pe) {
            return CpuModel.mpidr(pe) & 0xff_00ff_ffffL;
        }

        @Override
        public State state(int pe) {
            return pes[pe].poweredOn
                    ? State.ON
                    : starts.get(pe) != null ? State.ON_PENDING : State.OFF;
        }

        @Override
        public State start(int index, long entry, long context, boolean bigEndian) {
            Pe pe = pes[index];
            synchronized (pe) {
                State state = state(index);
                if (state != State.OFF) {
                    return state;
                }
                starts.set(index, new Start(entry, context, bigEndian));
            }
            if (threaded) {
                LockSupport.unpark(pe.thread);
            } else {
                switchOn(pe);
            }
            return State.OFF;
        }

        @Override
        public boolean isBigEndian(int index) {
            SysReg sctlr = config.startEl() == 2 ? SysReg.SCTLR_EL2 : SysReg.SCTLR_EL1;
            return (pes[index].readRegister(sctlr) & SctlrEl1.EE) != 0;
        }

        @Override
        public void stop(int index) {
            Pe pe = pes[index];
            pe.poweredOn = false;
            pe.endRun = true;
        }

        @Override
        public void suspend(int index) {
            pes[index].waiting = true;
            pes[index].endRun = true;
        }

        @Override
        public void powerOff() {
            end(new MachineEnd.PoweredOff());
        }

        @Override
        public void reset() {
            end(new MachineEnd.ResetRequested());
        }
    }

    /** The host's monotonic time since the machine was built. */
    private static final class WallClock implements Clock {
        private final long origin = System.nanoTime();

        @Override
        public long ticks() {
            return System.nanoTime() - origin;
        }
    }

    /**
     * Time as the number of instructions retired, plus what was skipped while all PEs were idle.
     */
    static final class InstructionClock implements Clock {
        private long base;
        private Pe running;

        @Override
        public long ticks() {
            return running == null ? base : base + running.retired;
        }

        /** The PE whose retired instructions count from now on. */
        void enter(Pe pe) {
            running = pe;
            base -= pe.retired;
        }

        void leave() {
            base += running.retired;
            running = null;
        }

        /** Skips forward while nothing runs. */
        void skipTo(long ticks) {
            base = Math.max(base, ticks);
        }
    }
}
