package dev.nido.machine.pe;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.mmu.Mmu;
import dev.nido.machine.timer.GenericTimer;

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

    public final Machine machine;
    public final int index;
    public final CpuModel cpu;
    public final Mmu mmu;
    public final GicCpuInterface gic;
    public final GenericTimer timer;

    /** X0–X30, then {@link #ZERO}, {@link #SINK}, {@link #SP}. */
    public final long[] x = new long[34];

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

    // What the engine and the machine's run loop keep here.

    /** Instructions retired; exact whenever code outside the engine's hot loop runs. */
    public long retired;

    /** Switched on (PSCI). */
    public volatile boolean poweredOn;

    /** In WFI. */
    public volatile boolean waiting;

    /** Asks the engine to return after the current instruction; set on the PE's own thread. */
    public boolean endRun;

    /** Event register of WFE and SEV. */
    public volatile boolean eventRegister;

    /** The thread that runs this PE, or null. */
    public volatile Thread thread;
}
