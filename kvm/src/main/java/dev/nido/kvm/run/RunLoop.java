package dev.nido.kvm.run;

import dev.nido.arch.Esr;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.nested.FastExits;
import dev.nido.kvm.nested.NestedExceptions;
import dev.nido.kvm.nested.NestedVcpu;
import dev.nido.kvm.vgic.VgicCpu;
import dev.nido.machine.Machine;
import dev.nido.machine.engine.Engine;
import dev.nido.machine.pe.Pe;

import java.util.concurrent.locks.LockSupport;

/**
 * Runs a vCPU: entry, the guest's instructions, exit, its handler, and again ({@code
 * kvm_arch_vcpu_ioctl_run} and {@code __kvm_vcpu_run}).
 *
 * <p>The handlers run on the same thread with the PE at EL2. An instruction that one of them
 * emulates counts as executed at the next entry, and an exception that it injects is taken then.
 */
public final class RunLoop implements VgicCpu.Owner {

    /** {@link #request}: return to the VMM. */
    public static final int REQUEST_EXIT = 2;

    /** {@link #request}: the vCPU was switched on, off or reset. */
    public static final int REQUEST_POWER = 4;

    /** {@link #request}: give everything that depends on the VM to the PE anew. */
    public static final int REQUEST_RELOAD = 8;

    /** {@link #request}: stay out of the guest until resumed. */
    public static final int REQUEST_PAUSE = 16;

    /** Vectors of exceptions from a lower level, relative to VBAR_EL2. */
    private static final int SYNCHRONOUS = 0x400;

    private static final int IRQ = 0x480;

    /** With the wall clock: instructions between two looks at the timers. */
    private static final int CHUNK = 20_000;

    private static final int NANOS_PER_INSTRUCTION = 20;
    private static final int SHORTEST_RUN = 500;

    /** How long a vCPU keeps its PE while others wait for one. */
    private static final long TIME_SLICE_NANOS = 4_000_000;

    private static final long LONGEST_WAIT_NANOS = 50_000_000;

    /** Exceptions without an instruction in between that show a guest caught in its own vector. */
    private static final int VECTOR_LOOP = 100_000;

    /** Exits without an instruction in between that show a hypervisor that cannot help. */
    private static final int EXIT_LOOP = 10 * VECTOR_LOOP;

    private static final int AT_S12E1R = SysReg.key(1, 4, 7, 8, 4);
    private static final int AT_S12E0R = SysReg.key(1, 4, 7, 8, 6);
    private static final long PAR_ADDRESS = 0xffff_ffff_f000L;

    private static final int VTTBR_EL2 = SysReg.VTTBR_EL2.ordinal();
    private static final int ESR_EL2 = SysReg.ESR_EL2.ordinal();
    private static final int ELR_EL2 = SysReg.ELR_EL2.ordinal();
    private static final int SPSR_EL2 = SysReg.SPSR_EL2.ordinal();

    private static final java.lang.invoke.VarHandle REQUESTS;

    static {
        try {
            REQUESTS =
                    java.lang.invoke.MethodHandles.lookup()
                            .findVarHandle(RunLoop.class, "requests", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Why {@link #guest} returned. */
    private enum Left {
        EXIT,
        REQUEST,
        BUDGET,
        YIELD,
        TIME_SLICE,
        STUCK
    }

    private final Vcpu vcpu;
    private final Vm vm;
    private final Machine machine;
    private final PeLease lease;
    private final ExitHandlers handlers;
    private final NestedVcpu nested;
    private final boolean deterministic;
    private volatile int requests;
    private volatile Thread thread;
    private volatile boolean paused;
    private volatile boolean immediateExit;

    /** The guest executes, or is about to: only attention makes it come out. */
    private volatile boolean inGuest;

    /** What {@link #lease} has, for this thread. */
    private PhysicalCpu cpu;

    private Pe pe;
    private Engine engine;

    /** Address, encoding and level of an instruction that was emulated and is to be counted. */
    private boolean emulated;

    private long emulatedAt;
    private int emulatedWord;
    private int emulatedEl;

    private boolean injected;
    private boolean injectedSynchronous;

    private long lastRetired = -1;
    private int withoutProgress;
    private long sliceStart;
    private long exits;

    /** For the vCPU alone. */
    public RunLoop(Vcpu vcpu) {
        this.vcpu = vcpu;
        this.vm = vcpu.vm();
        this.machine = vm.hypervisor().machine();
        this.deterministic = machine.deterministic();
        this.lease = new PeLease(vcpu, vm.hypervisor().cpus(), deterministic);
        this.handlers = new ExitHandlers(vcpu);
        this.nested = vcpu.nested();
    }

    // Requests, from any thread

    /** Asks the vCPU's thread to look at something before it executes another instruction. */
    public void request(int bits) {
        REQUESTS.getAndBitwiseOr(this, bits);
        kick();
    }

    @Override
    public void kick() {
        if (inGuest) {
            PhysicalCpu on = lease.cpu();
            if (on != null) {
                on.pe().raiseAttention(Pe.ATTENTION_STOP);
            }
        } else {
            Thread t = thread;
            if (t != null && (vcpu.isWaiting() || !vcpu.isPoweredOn() || paused)) {
                LockSupport.unpark(t);
            }
        }
    }

    @Override
    public boolean isRunning() {
        Thread t = thread;
        return t != null && t != Thread.currentThread();
    }

    @Override
    public long reg(int n) {
        return vcpu.reg(n);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Found as the guest would fetch it: by AT with its translation, at its level.
     */
    @Override
    public int previousInstruction() {
        long at = vcpu.pc() - 4;
        long par = cpu.read(SysReg.PAR_EL1);
        boolean user = Spsr.el(pe.sys[SPSR_EL2]) == 0;
        pe.systemInstruction(user ? AT_S12E0R : AT_S12E1R, at);
        long found = cpu.read(SysReg.PAR_EL1);
        cpu.write(SysReg.PAR_EL1, par);
        long pa = found & PAR_ADDRESS | at & 0xfff;
        if ((found & 1) != 0 || !machine.memory().contains(pa, 4)) {
            return 0;
        }
        return machine.memory().get32(machine.memory().offsetOf(pa));
    }

    private int take(int bits) {
        return (int) REQUESTS.getAndBitwiseAnd(this, ~bits) & bits;
    }

    /** Keeps the vCPU out of the guest, or lets it in again; see {@link #isInGuest}. */
    public void pause(boolean on) {
        paused = on;
        request(REQUEST_PAUSE);
    }

    /** Exits from the guest to the hypervisor so far. */
    public long exits() {
        return exits;
    }

    /** Whether {@link #run} only finishes what is under way. */
    public void setImmediateExit(boolean on) {
        immediateExit = on;
    }

    // What handlers say

    /** The instruction at the PC was emulated. */
    public void instructionEmulated() {
        emulated = true;
        emulatedAt = vcpu.pc();
        emulatedWord = pe == null ? 0 : pe.trappedInstruction;
        emulatedEl = nested == null ? Spsr.el(vcpu.pstate()) : nested.shownEl();
    }

    /** The vCPU's registers are those of an exception just taken to EL1. */
    public void exceptionInjected(boolean synchronous) {
        injected = true;
        injectedSynchronous = synchronous;
        if (vcpu.pmu().counting()) {
            boolean toEl2 = nested != null && nested.isEl2();
            SysReg from = toEl2 ? SysReg.SPSR_EL2 : SysReg.SPSR_EL1;
            vcpu.pmu().injected(Spsr.el(vcpu.readSys(from)));
        }
    }

    // Running

    /**
     * Runs the guest.
     *
     * @param budget instructions at most, in deterministic mode; 0 for no limit
     */
    public Exit run(long budget) {
        thread = Thread.currentThread();
        try {
            if (budget == 0 && deterministic) {
                throw new IllegalArgumentException("deterministic mode runs by a budget");
            }
            if (!load()) {
                return new Exit.Interrupted();
            }
            Exit exit = loop(budget == 0 ? Long.MAX_VALUE : pe.retired + budget);
            commit();
            Tracer tracer = vm.hypervisor().tracer();
            if (tracer != null) {
                tracer.userspaceExit(vcpu, exit);
            }
            return exit;
        } finally {
            if (cpu != null && !deterministic) {
                giveBack();
            }
            thread = null;
        }
    }

    private Exit loop(long until) {
        vcpu.leave(null);
        vcpu.debug().prepareRun();
        if (vcpu.finishMmio() != Handled.RESUME) {
            return vcpu.exit();
        }
        if (immediateExit) {
            return new Exit.Interrupted();
        }
        while (true) {
            if (requests != 0 || machine.stopping()) {
                Exit exit = serve();
                if (exit != null) {
                    return exit;
                }
            }
            if (!vcpu.isPoweredOn() || vcpu.isWaiting()) {
                commit();
                if (deterministic) {
                    return new Exit.Waiting();
                }
                if (!await()) {
                    return new Exit.Interrupted();
                }
                continue;
            }
            if (nested != null && NestedExceptions.pendingInterrupt(vcpu)) {
                continue;
            }
            Tracer tracer = vm.hypervisor().tracer();
            vcpu.vgic().flush();
            if (tracer != null) {
                tracer.entry(vcpu, vcpu.pc());
            }
            enter();
            Left left = guest(until);
            inGuest = false;
            exited();
            if (!deterministic) {
                pe.mmu.suspend();
            }
            if (vcpu.pmu().counting() && left == Left.EXIT) {
                vcpu.pmu().exited();
            }
            vcpu.vgic().sync();
            if (tracer != null && left != Left.EXIT) {
                tracer.exit(vcpu, Tracer.KICK, 0, vcpu.pc());
            }
            if (vm.config().protectedVm()) {
                Exit refused = earlyExitFilter(vcpu, vcpu.pstate());
                if (refused != null) {
                    return refused;
                }
            }
            switch (left) {
                case EXIT -> {
                    if (isSpinning()) {
                        return new Exit.InternalError(
                                "vCPU %d exits for ever at PC 0x%x"
                                        .formatted(vcpu.id(), vcpu.pc()));
                    }
                    int handled = handleExit(tracer);
                    if (handled <= 0) {
                        commit();
                        return handled < 0
                                ? new Exit.InternalError(dev.nido.kvm.Errno.name(handled))
                                : vcpu.exit();
                    }
                }
                case BUDGET, YIELD -> {
                    return new Exit.BudgetUsed();
                }
                case TIME_SLICE -> {
                    giveBack();
                    if (!load()) {
                        return new Exit.Interrupted();
                    }
                }
                case STUCK -> {
                    return new Exit.Stuck(
                            "vCPU %d faults for ever at its own exception vector: PC 0x%x, EL%d"
                                    .formatted(vcpu.id(), vcpu.pc(), Spsr.el(vcpu.pstate())));
                }
                case REQUEST -> {
                    // served at the top
                }
            }
        }
    }

    /** Goes to where the guest is, and accounts for what was done on its behalf. */
    private void enter() {
        // Before the PE has to serve others' TLB maintenance: a new VMID may need some of its own.
        long vttbr = vcpu.hwMmu().vttbr(pe);
        if (!deterministic) {
            pe.mmu.resume();
        }
        if (vttbr != pe.sys[VTTBR_EL2]) {
            cpu.write(SysReg.VTTBR_EL2, vttbr);
        }
        if (nested != null) {
            nested.entering(pe);
        }
        pe.resumeGuest();
        if (emulated) {
            emulated = false;
            pe.retireEmulated(emulatedAt, emulatedWord, emulatedEl);
        }
        if (injected) {
            injected = false;
            boolean toEl2 = nested != null && nested.isHypLoaded();
            SysReg spsr = toEl2 ? SysReg.SPSR_EL2 : SysReg.SPSR_EL1;
            pe.recordInjected(injectedSynchronous, vcpu.readSys(spsr));
        }
    }

    /**
     * A protected guest must not have got into AArch32: what it left with can't be trusted ({@code
     * handle_aarch32_guest()}).
     *
     * @return why the vCPU does not go on, or null
     */
    static Exit earlyExitFilter(Vcpu vcpu, long pstate) {
        if ((pstate & Spsr.AARCH32) == 0) {
            return null;
        }
        vcpu.invalidate();
        return new Exit.FailEntry("vCPU %d left from AArch32".formatted(vcpu.id()));
    }

    /** The mode as the guest has it, before anybody looks at it. */
    private void exited() {
        if (nested != null) {
            nested.exited(pe);
        }
    }

    /** The same where the guest does not go on now. */
    public void commit() {
        if (pe != null && (emulated || injected)) {
            enter();
            pe.leaveGuest();
            exited();
            if (!deterministic) {
                pe.mmu.suspend();
            }
        }
    }

    /** Executes the guest. On return the PE is at EL2. */
    private Left guest(long until) {
        Pe pe = this.pe;
        inGuest = true;
        if (pe.repeatedExceptions > VECTOR_LOOP) {
            return leave(Left.STUCK);
        }
        if (vcpu.vgic().stale() || requests != 0) {
            return leave(Left.REQUEST);
        }
        while (true) {
            if (pe.retired >= until) {
                return leave(Left.BUDGET);
            }
            if (pe.attention != 0) {
                int attention = pe.clearAttention(-1);
                if ((attention & Pe.ATTENTION_TLB) != 0) {
                    pe.mmu.serviceRequests();
                }
                if ((attention & Pe.ATTENTION_STOP) != 0) {
                    return leave(Left.REQUEST);
                }
            }
            pe.timer.update();
            if (pe.takePendingInterrupt()) {
                if (pe.enteredEl2) {
                    return Left.EXIT;
                }
                pe.recordTaken(false);
            }
            long limit = Math.min(until - pe.retired, untilDeadline());
            limit = Math.min(limit, pe.pmu.untilOverflow());
            engine.run(pe, (int) Math.min(limit, machine.blockLimit()));
            if (pe.enteredEl2) {
                if (nested != null && doneOnTheSpot()) {
                    continue;
                }
                return Left.EXIT;
            }
            pe.pmu.update();
            if (pe.repeatedExceptions > VECTOR_LOOP) {
                return leave(Left.STUCK);
            }
            if (pe.yieldRequested) {
                pe.yieldRequested = false;
                if (deterministic) {
                    return leave(Left.YIELD);
                }
                Thread.yield();
            }
            if (lease.contended() && System.nanoTime() - sliceStart > TIME_SLICE_NANOS) {
                return leave(Left.TIME_SLICE);
            }
        }
    }

    /**
     * Exits of a virtual EL2 that change nothing but registers are over without any of what comes
     * with others ({@code kvm_hyp_handle_eret()} and its like, called from {@code
     * fixup_guest_exit()}).
     */
    private boolean doneOnTheSpot() {
        if (((int) pe.pc & 0x780) != SYNCHRONOUS || vcpu.pmu().counting()) {
            return false;
        }
        long esr = pe.sys[ESR_EL2];
        long at = pe.sys[ELR_EL2];
        if (!FastExits.handle(vcpu, pe, esr)) {
            return false;
        }
        pe.enteredEl2 = false;
        nested.entering(pe);
        pe.resumeGuest();
        emulated = false;
        pe.retireEmulated(at, pe.trappedInstruction, 2);
        return true;
    }

    private Left leave(Left why) {
        pe.leaveGuest();
        return why;
    }

    private long untilDeadline() {
        long deadline = pe.timer.nextDeadline();
        if (deterministic) {
            return deadline == Long.MAX_VALUE
                    ? deadline
                    : Math.max(1, deadline - machine.clock().ticks());
        }
        if (deadline == Long.MAX_VALUE) {
            return CHUNK;
        }
        long ticks = deadline - machine.clock().ticks();
        return Math.clamp(ticks / NANOS_PER_INSTRUCTION, SHORTEST_RUN, CHUNK);
    }

    /** Whether exits follow each other for ever without an instruction in between. */
    private boolean isSpinning() {
        if (pe.retired != lastRetired) {
            lastRetired = pe.retired;
            withoutProgress = 0;
            return false;
        }
        return ++withoutProgress > EXIT_LOOP;
    }

    private int handleExit(Tracer tracer) {
        exits++;
        int vector = (int) pe.pc & 0x780;
        pe.enteredEl2 = false;
        if (vector == SYNCHRONOUS) {
            long esr = pe.sys[ESR_EL2];
            if (tracer != null) {
                tracer.exit(vcpu, Esr.exceptionClass(esr), esr, vcpu.pc());
            }
            return handlers.synchronous(esr);
        }
        if (tracer != null) {
            tracer.exit(vcpu, Tracer.IRQ, 0, vcpu.pc());
        }
        if (vector == IRQ) {
            handlers.interrupt(cpu);
            return Handled.RESUME;
        }
        throw new IllegalStateException("entry to EL2 at vector 0x%x".formatted(vector));
    }

    /** Does what was asked; an exit if that was to return. */
    private Exit serve() {
        int what = take(-1);
        if ((what & REQUEST_POWER) != 0) {
            vcpu.applyPower();
        }
        if ((what & REQUEST_RELOAD) != 0) {
            commit();
            vcpu.put();
            vcpu.load(cpu);
        }
        if ((what & REQUEST_EXIT) != 0 || machine.stopping()) {
            return new Exit.Interrupted();
        }
        while (paused && !deterministic) {
            LockSupport.park(this);
            if (Thread.interrupted() || (take(REQUEST_EXIT) & REQUEST_EXIT) != 0) {
                return new Exit.Interrupted();
            }
        }
        return null;
    }

    // Waiting

    /**
     * Whether what the vCPU waits for has come; then it does not wait any longer. For the scheduler
     * of deterministic mode.
     */
    public boolean wakeUp() {
        if (requests != 0 && (requests & REQUEST_POWER) != 0) {
            take(REQUEST_POWER);
            vcpu.applyPower();
        }
        if (!vcpu.isPoweredOn()) {
            return false;
        }
        if (!vcpu.isWaiting()) {
            return true;
        }
        if (pe != null) {
            pe.timer.update();
        }
        vcpu.timer().update();
        if (vcpu.vgic().pending() || nested != null && nested.wakesUp()) {
            vcpu.setWaiting(false);
            return true;
        }
        return false;
    }

    /** Waits for an interrupt or for power, with the wall clock. False if asked to return. */
    private boolean await() {
        if (wakeUp()) {
            return true;
        }
        long start = System.nanoTime();
        while (!wakeUp()) {
            if (requests != 0 || machine.stopping()) {
                break;
            }
            if (cpu != null && lease.contended()) {
                giveBackEmpty();
            }
            long ticks = vcpu.timer().nextDeadline();
            long wait =
                    ticks == Long.MAX_VALUE ? LONGEST_WAIT_NANOS : ticks - machine.clock().ticks();
            if (wait > 0) {
                LockSupport.parkNanos(this, Math.min(wait, LONGEST_WAIT_NANOS));
            }
            if (Thread.interrupted()) {
                request(REQUEST_EXIT);
            }
        }
        long waited = System.nanoTime() - start;
        vcpu.waited(waited);
        Tracer tracer = vm.hypervisor().tracer();
        if (tracer != null) {
            tracer.wakeup(vcpu, waited, true, !vcpu.isWaiting());
        }
        return cpu != null || load();
    }

    // Load and put

    private boolean load() {
        if (cpu != null) {
            return true;
        }
        try {
            cpu = lease.acquire();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        pe = cpu.pe();
        engine = machine.engine(pe.index);
        if (!deterministic) {
            pe.thread = thread;
        }
        sliceStart = System.nanoTime();
        lease.load();
        return true;
    }

    /** Gives the PE back; the vCPU most often comes back before somebody else wants it. */
    private void giveBack() {
        commit();
        pe.thread = null;
        pe = null;
        cpu = null;
        lease.giveBack();
    }

    /** The same for a longer time: with the registers taken out. */
    private void giveBackEmpty() {
        giveBack();
        detach();
    }

    /**
     * Has the registers be in the vCPU's context and not in a PE that the vCPU has given back;
     * before somebody outside of {@link #run} looks at them.
     */
    public void detach() {
        lease.detach();
    }

    /** Whether {@link #detach} may have something to do. */
    public boolean isParked() {
        return lease.isParked();
    }

    /** The VM ends; nobody runs the vCPU any more. */
    public void close() {
        lease.close();
        cpu = null;
        pe = null;
    }
}
