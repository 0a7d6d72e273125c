package dev.nido.machine.pe;

import dev.nido.arch.CptrEl2;
import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.firmware.Firmware;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.timer.GenericTimer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * One processing element: registers, PSTATE, and the entry and return of exceptions.
 *
 * <p>A PE has no thread of its own; whoever calls the engine lends one. Fields are public to the
 * machine module because the engines work on them directly.
 */
public final class Pe {

    /** Index in {@link #x} of the zero register for reads. */
    public static final int ZERO = 31;

    /** Index in {@link #x} where writes to XZR go. */
    public static final int SINK = 32;

    /** Index in {@link #x} of the current stack pointer. */
    public static final int SP = 33;

    /** {@link #attention}: an interrupt may have become pending and unmasked. */
    public static final int ATTENTION_INTERRUPT = 1;

    /** {@link #attention}: another PE's TLB maintenance waits to be applied here. */
    public static final int ATTENTION_TLB = 2;

    /** {@link #attention}: the run loop is asked to return. */
    public static final int ATTENTION_STOP = 4;

    private static final VarHandle ATTENTION;

    static {
        try {
            ATTENTION = MethodHandles.lookup().findVarHandle(Pe.class, "attention", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    static final int HCR_EL2 = SysReg.HCR_EL2.ordinal();
    static final int SCTLR_EL1 = SysReg.SCTLR_EL1.ordinal();
    static final int SCTLR_EL2 = SysReg.SCTLR_EL2.ordinal();
    static final int MDCR_EL2 = SysReg.MDCR_EL2.ordinal();
    private static final int TCR_EL1 = SysReg.TCR_EL1.ordinal();
    private static final int TCR_EL2 = SysReg.TCR_EL2.ordinal();
    private static final int CPACR_EL1 = SysReg.CPACR_EL1.ordinal();
    private static final int CPTR_EL2 = SysReg.CPTR_EL2.ordinal();
    private static final int SP_EL0 = SysReg.SP_EL0.ordinal();
    private static final int SPSR_EL2 = SysReg.SPSR_EL2.ordinal();
    private static final int ELR_EL2 = SysReg.ELR_EL2.ordinal();

    /** Where SP lives while it is not the current one, by exception level of its name. */
    private static final int[] SP_BANK = {SP_EL0, SysReg.SP_EL1.ordinal(), SysReg.SP_EL2.ordinal()};

    public final Machine machine;
    public final int index;
    public final CpuModel cpu;
    public final Mmu mmu;
    public final GicCpuInterface gic;
    public final GenericTimer timer;

    /** Breakpoints, watchpoints, software step. */
    public final SelfHostedDebug debug;

    /** Performance monitors. */
    public final PmuCounters pmu;

    /**
     * X0–X30, then {@link #ZERO}, {@link #SINK}, {@link #SP}. The rest is never read for its value:
     * it lets six bits index the array.
     */
    public final long[] x = new long[64];

    /** V0–V31: low half of Vn at 2n, high half at 2n + 1. */
    public final long[] v = new long[64];

    /** Stored system registers by {@link SysReg#ordinal()}. */
    public final long[] sys = new long[SysReg.COUNT];

    public long pc;

    /** N, Z, C, V in bits 31:28, other bits zero. */
    public int nzcv;

    /** D, A, I, F in bits 9:6, other bits zero. */
    public int daif;

    public int el;
    public int spSel;
    public boolean pan;
    public boolean uao;
    public boolean dit;
    public boolean ssbs;
    public boolean il;
    public boolean ss;
    public int fpcr;
    public int fpsr;

    // Derived from the registers above.

    /** HCR_EL2 as it acts now ({@link HcrEl2#effective}); RW alone without EL2. */
    public long hcr;

    /** Advanced SIMD and FP instructions do not trap in the current context. */
    public boolean fpEnabled;

    /**
     * Every instruction must be announced: {@link SelfHostedDebug#checkStep}, then its fetch, then
     * {@link #checkInstruction}, then its execution, then {@link SelfHostedDebug#afterInstruction}.
     */
    public boolean guarded;

    /**
     * Rt of the MSR, MRS or SYS in execution, 0–31, which a trap of it reports. The engine sets it
     * before it calls {@link #readSystemRegister}, {@link #writeSystemRegister} or {@link
     * #systemInstruction}.
     */
    public int transferRegister;

    /** Polled by engines at block ends and taken backward branches; see {@link #raiseAttention}. */
    public volatile int attention;

    // What the engine and the machine's run loop keep here.

    /** Instructions retired; exact whenever code outside the engine's hot loop runs. */
    public long retired;

    /** Exceptions taken, for statistics. */
    public final ExceptionCounts exceptions = new ExceptionCounts();

    /** Switched on (PSCI). */
    public volatile boolean poweredOn;

    /** In WFI. */
    public volatile boolean waiting;

    /** Exceptions taken since the last instruction was retired, but for the first. */
    public int repeatedExceptions;

    private long retiredAtException = -1;

    /** Asks the engine to return after the current instruction; set on the PE's own thread. */
    public boolean endRun;

    /** Event register of WFE and SEV. */
    public volatile boolean eventRegister;

    /**
     * Entry to EL2 ends the run once the state is written, instead of going on at the vector: EL2
     * has its software outside the machine.
     */
    public final boolean returnsFromEl2Entry;

    /** Such an entry has happened; whoever handles it clears this. */
    public boolean enteredEl2;

    /** The instruction that such an entry came from; 0 if it could not be fetched. */
    public int trappedInstruction;

    /** WFE asked to give way to other PEs; the run loop clears this. */
    public boolean yieldRequested;

    // The local exclusive monitor.

    /** Bytes that it covers; 0 while it is open. */
    public int monitorBytes;

    /** RAM offset of its first byte. */
    public long monitorOffset;

    /** What the load-exclusive saw in the first 8 bytes, and in the second. */
    public long monitorLow;

    public long monitorHigh;

    /** The thread that runs this PE, or null. */
    public volatile Thread thread;

    private final ExceptionEntry entry;
    private final ExceptionReturn exceptionReturn;
    private final InterruptRouting interrupts;
    private final TrapRules traps;
    private final SystemRegisters registers;
    private final SystemInstructions instructions;

    /**
     * A PE in no particular state; {@link #reset} comes before anything else.
     *
     * @param index its number in the machine, which gives MPIDR_EL1
     * @param cpu what it is; without {@link Feature#EL2} no register or instruction of EL2 exists
     */
    public Pe(Machine machine, int index, CpuModel cpu) {
        this.machine = machine;
        this.index = index;
        this.cpu = cpu;
        entry = new ExceptionEntry(this);
        exceptionReturn = new ExceptionReturn(this);
        interrupts = new InterruptRouting(this, entry);
        traps = new TrapRules(this);
        debug = new SelfHostedDebug(this);
        pmu = new PmuCounters(this);
        gic = machine.gic().cpuInterface(index);
        mmu = new Mmu(this);
        timer = new GenericTimer(this, machine.clock(), machine.gic());
        registers = new SystemRegisters(this, traps);
        instructions = new SystemInstructions(this, traps);
        returnsFromEl2Entry = !machine.config().vectorEntry();
    }

    /**
     * Architectural reset (Arm ARM D1.3.2): at {@code el} with SP_ELx, DAIF set, MMU off. What the
     * architecture leaves UNKNOWN is zero. X0, PC and power are the caller's.
     *
     * @param el 1, or 2 where the CPU has EL2
     */
    public void reset(int el) {
        if (el < 1 || el > 2 || el == 2 && !cpu.has(Feature.EL2)) {
            throw new IllegalArgumentException("no reset to EL" + el + " on this CPU");
        }
        Arrays.fill(x, 0);
        Arrays.fill(v, 0);
        registers.reset();
        debug.reset();
        pmu.reset();
        this.el = el;
        spSel = 1;
        nzcv = 0;
        daif = (int) Spsr.DAIF;
        pan = false;
        uao = false;
        dit = false;
        ssbs = false;
        il = false;
        ss = false;
        fpcr = 0;
        fpsr = 0;
        eventRegister = false;
        monitorBytes = 0;
        hcrChanged();
        gic.reset();
        timer.reset();
    }

    /** Whether EL2 exists. */
    public boolean hasEl2() {
        return cpu.has(Feature.EL2);
    }

    /** EL0 belongs to the host at EL2: E2H = TGE = 1. */
    public boolean isHost() {
        return HcrEl2.isHost(hcr);
    }

    /** Whether the EL2&amp;0 regime translates at the current EL. */
    public boolean inHost() {
        return el == 2 ? (hcr & HcrEl2.E2H) != 0 : el == 0 && isHost();
    }

    /**
     * The exception level that software here believes in, as CurrentEL shows it: a hypervisor that
     * runs at EL1 with HCR_EL2.NV = 1 is at EL2.
     */
    public int shownEl() {
        return el == 1 && (hcr & HcrEl2.NV) != 0 ? 2 : el;
    }

    /** SCTLR of the regime that the current EL runs in. */
    long sctlr() {
        return sys[el == 2 || inHost() ? SCTLR_EL2 : SCTLR_EL1];
    }

    // Exceptions

    /** Takes a synchronous exception; {@link #pc} is the address of the instruction. */
    public void takeSynchronous(GuestException e) {
        entry.synchronous(e);
    }

    long interruptStatus() {
        return interrupts.isr();
    }

    /**
     * If an interrupt is pending and unmasked, enters it; at its vector perhaps another one, of a
     * higher level, at once.
     */
    public boolean takePendingInterrupt() {
        boolean taken = false;
        while (interrupts.take()) {
            taken = true;
        }
        return taken;
    }

    /** The wake-up condition of WFI: an interrupt is pending, whatever PSTATE masks. */
    public boolean wakeUp() {
        return interrupts.wakeUp();
    }

    /** ERET. Sets {@link #pc}, PSTATE and the current stack pointer. */
    public void exceptionReturn() {
        exceptionReturn.execute();
    }

    // What software of EL2 that is not in the machine's memory uses (see returnsFromEl2Entry)

    /**
     * Goes on with the guest where SPSR_EL2 and ELR_EL2 say, after an entry to EL2 that the guest
     * must not notice. Unlike ERET it leaves the exclusive monitor, the event register, a pending
     * software step and the PMU as they are.
     */
    public void resumeGuest() {
        long spsr = sys[SPSR_EL2];
        ProcessState.fromSpsr(this, spsr);
        ss = (spsr & Spsr.SS) != 0;
        il = (spsr & Spsr.IL) != 0;
        select(Spsr.el(spsr), (int) (spsr & Spsr.SP));
        pc = sys[ELR_EL2];
        enteredEl2 = false;
        endRun = false;
        contextChanged();
        reviewInterrupts();
    }

    /**
     * Leaves the guest between two instructions without an exception: SPSR_EL2 and ELR_EL2 are set
     * as an entry would set them, and {@link #resumeGuest} undoes it.
     */
    public void leaveGuest() {
        sys[SPSR_EL2] = ProcessState.toSpsr(this);
        sys[ELR_EL2] = pc;
        select(2, 1);
        daif = (int) Spsr.DAIF;
        ss = false;
        il = false;
        contextChanged();
    }

    /**
     * Counts and records an instruction that EL2 has emulated, as if it had been executed; {@link
     * #resumeGuest} comes first. Its stores have been given to the recorder.
     *
     * @param at its address
     * @param word its encoding
     * @param level exception level at which it was
     */
    public void retireEmulated(long at, int word, int level) {
        retired++;
        debug.afterEmulated();
        machine.engine(index).retireEmulated(this, at, word, level);
    }

    /**
     * Records an exception that EL2 has injected; {@link #resumeGuest} has gone to its vector.
     *
     * @param synchronous whether ESR and FAR were written
     * @param spsr SPSR as the level reads it that the exception was taken to
     */
    public void recordInjected(boolean synchronous, long spsr) {
        countRepeated();
        if (machine.recorder() != null) {
            machine.recorder().exception(this, synchronous, spsr);
        }
    }

    /** The same for an exception that the PE itself has taken. */
    public void recordTaken(boolean synchronous) {
        countRepeated();
        if (machine.recorder() != null) {
            machine.recorder().exception(this, synchronous);
        }
    }

    /** An exception has been taken that the software in the machine sees. */
    void countRepeated() {
        if (retired == retiredAtException) {
            repeatedExceptions++;
        } else {
            retiredAtException = retired;
            repeatedExceptions = 0;
        }
    }

    /** Exceptions since the last instruction; to be given to {@link #setExceptionsInARow} later. */
    public int exceptionsInARow() {
        return retired == retiredAtException ? repeatedExceptions : 0;
    }

    /** Goes on with the count of another PE, or of another guest. */
    public void setExceptionsInARow(int count) {
        repeatedExceptions = count;
        retiredAtException = count == 0 ? -1 : retired;
    }

    /** Reads a register by itself: no trap, no redirection by HCR_EL2.E2H. */
    public long readRegister(SysReg r) {
        return registers.readOwn(r);
    }

    /** Writes a register by itself: no trap, no redirection by HCR_EL2.E2H. Effects follow. */
    public void writeRegister(SysReg r, long value) {
        registers.writeOwn(r, value);
    }

    public GuestException svc(int imm16) {
        return new GuestException(
                Esr.EC_SVC,
                imm16 & 0xffff,
                GuestException.DEFAULT_TARGET,
                0,
                false,
                0,
                false,
                true);
    }

    /**
     * HVC. Without EL2 it is the firmware's conduit.
     *
     * @return the exception to take, or null after the firmware has answered; {@link #pc} is then
     *     the next instruction's
     */
    public GuestException hvc(int imm16) {
        if (el == 0) {
            return undefined();
        }
        if (!hasEl2()) {
            return callFirmware(false);
        }
        return new GuestException(Esr.EC_HVC, imm16 & 0xffff, 2, 0, false, 0, false, true);
    }

    /**
     * SMC: HCR_EL2.TSC traps it at EL1, else the firmware gets it.
     *
     * @return the exception to take, or null after the firmware has answered; {@link #pc} is then
     *     the next instruction's
     */
    public GuestException smc(int imm16) {
        if (el == 0) {
            return undefined();
        }
        if (el == 1 && (hcr & HcrEl2.TSC) != 0) {
            return new GuestException(Esr.EC_SMC, imm16 & 0xffff, 2);
        }
        if (imm16 != 0 && machine.firmware() != null) {
            x[0] = -1; // NOT_SUPPORTED: calls have the immediate 0 (Arm DEN 0028, 2.9).
            pc += 4;
            return null;
        }
        return callFirmware(true);
    }

    private GuestException callFirmware(boolean smc) {
        Firmware firmware = machine.firmware();
        if (firmware == null) {
            return undefined();
        }
        long here = pc;
        pc = here + 4;
        if (firmware.call(this, smc)) {
            return null;
        }
        pc = here;
        return undefined();
    }

    public GuestException brk(int imm16) {
        return new GuestException(Esr.EC_BRK, imm16 & 0xffff, debug.target());
    }

    /**
     * While {@link #guarded}, between fetch and execution of the instruction at {@link #pc}.
     *
     * @throws GuestException breakpoint or illegal execution state
     */
    public void checkInstruction() {
        debug.checkBreakpoints();
        if (il) {
            throw illegalState();
        }
    }

    /** PSTATE.IL was set: the instruction is not executed. */
    public GuestException illegalState() {
        return new GuestException(Esr.EC_ILLEGAL_STATE, 0, GuestException.DEFAULT_TARGET);
    }

    public GuestException undefined() {
        return GuestException.undefined();
    }

    // System registers and instructions

    /** MRS. {@code key} is the encoding ({@link SysReg#key}), {@link #transferRegister} its Rt. */
    public long readSystemRegister(int key) {
        return registers.read(key);
    }

    /** MSR (register). */
    public void writeSystemRegister(int key, long value) {
        registers.write(key, value);
    }

    /** SYS: AT, TLBI, DC, IC. */
    public void systemInstruction(int key, long value) {
        instructions.execute(key, value);
    }

    /** SYSL: no encoding of it is allocated on any CPU that there is. */
    public long systemInstructionResult(int key) {
        throw traps.unallocated(key, true);
    }

    /** MSR (immediate). */
    public void msrImmediate(int op1, int crm, int op2) {
        instructions.msrImmediate(op1, crm, op2);
    }

    /** Traps of WFI and WFE, for the engine to call when the instruction would wait. */
    public void checkWfx(boolean wfe) {
        traps.wfx(wfe);
    }

    /** Traps of Advanced SIMD and FP instructions (Arm ARM D1.11.2, D1.11.4). */
    public void checkFpAccess() {
        if (!fpEnabled) {
            traps.fpAccess();
        }
    }

    // State that hangs together

    /** Makes another stack pointer, or another exception level, current. */
    void select(int newEl, int newSpSel) {
        sys[SP_BANK[spSel == 0 ? 0 : el]] = x[SP];
        el = newEl;
        spSel = newSpSel;
        x[SP] = sys[SP_BANK[newSpSel == 0 ? 0 : newEl]];
    }

    /** Copies the current SP to its slot in {@link #sys}, for who reads state from outside. */
    public void storeStackPointer() {
        sys[SP_BANK[spSel == 0 ? 0 : el]] = x[SP];
    }

    /** Fetches the current SP from its slot in {@link #sys}, for who writes state from outside. */
    public void loadStackPointer() {
        x[SP] = sys[SP_BANK[spSel == 0 ? 0 : el]];
    }

    /** HCR_EL2 was written. */
    void hcrChanged() {
        hcr = HcrEl2.effective(cpu, sys[HCR_EL2]);
        contextChanged();
        reviewInterrupts();
    }

    /** Recomputes all that follows from EL, PSTATE and system registers; tells the MMU. */
    public void contextChanged() {
        fpEnabled = computeFpEnabled();
        debug.contextChanged();
        pmu.contextChanged();
        mmu.contextChanged();
    }

    /** Something was unmasked or re-routed: has the engine look, if an interrupt is pending. */
    void reviewInterrupts() {
        if (interrupts.anyPending()) {
            raiseAttention(ATTENTION_INTERRUPT);
        }
    }

    private boolean computeFpEnabled() {
        if (el < 2 && !isHost()) {
            int fpen = CptrEl2.fpen(sys[CPACR_EL1]);
            if (fpen != 3 && (fpen != 1 || el == 0)) {
                return false;
            }
        }
        return !fpTrappedToEl2();
    }

    /** CPTR_EL2, which EL2 itself obeys too. */
    boolean fpTrappedToEl2() {
        if (!hasEl2()) {
            return false;
        }
        long cptr = sys[CPTR_EL2];
        if ((hcr & HcrEl2.E2H) == 0) {
            return (cptr & CptrEl2.TFP) != 0;
        }
        int fpen = CptrEl2.fpen(cptr);
        return fpen != 3 && (fpen != 1 || el == 0 && (hcr & HcrEl2.TGE) != 0);
    }

    /**
     * Where a branch to {@code va} goes at the current EL: a tag is replaced by copies of bit 55
     * where TCR says that it is ignored (Arm ARM AArch64.BranchAddr).
     */
    public long branchTarget(long va) {
        boolean upper = (va >> 55 & 1) != 0;
        boolean host = inHost();
        if (el == 2 && !host) {
            return (sys[TCR_EL2] >> 20 & 1) != 0 ? va & 0xff_ffff_ffff_ffffL : va;
        }
        long tcr = sys[host ? TCR_EL2 : TCR_EL1];
        return (tcr >> (upper ? 38 : 37) & 1) != 0 ? va << 8 >> 8 : va;
    }

    /** Debug exceptions from EL0 and EL1 go to EL2. */
    boolean debugRoutedToEl2() {
        return hasEl2() && ((hcr & HcrEl2.TGE) != 0 || (sys[MDCR_EL2] & MdcrEl2.TDE) != 0);
    }

    boolean sctlrBit(long bit) {
        return (sctlr() & bit) != 0;
    }

    /** DSSBS of the current EL's SCTLR. */
    boolean defaultSsbs() {
        return sctlrBit(SctlrEl1.DSSBS);
    }

    // Attention

    /** Sets bits of {@link #attention}; any thread may. */
    public void raiseAttention(int bits) {
        if ((attention & bits) != bits) {
            ATTENTION.getAndBitwiseOr(this, bits);
        }
        Thread t = thread;
        if (t != null && (waiting || !poweredOn)) {
            java.util.concurrent.locks.LockSupport.unpark(t);
        }
    }

    /** Clears bits of {@link #attention}, and returns those that were set. */
    public int clearAttention(int bits) {
        return (int) ATTENTION.getAndBitwiseAnd(this, ~bits) & bits;
    }
}
