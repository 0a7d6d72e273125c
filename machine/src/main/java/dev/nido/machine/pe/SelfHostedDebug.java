package dev.nido.machine.pe;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;

/**
 * Self-hosted debug (Arm ARM D2): breakpoints, watchpoints, software step and the OS lock. The
 * engine asks {@link Pe#guarded} before it runs instructions at full speed, the MMU {@link
 * #watching} before it lets accesses pass unseen.
 */
public final class SelfHostedDebug {

    private static final int MDSCR = SysReg.MDSCR_EL1.ordinal();
    private static final int OSLSR = SysReg.OSLSR_EL1.ordinal();
    private static final int CLAIM = SysReg.DBGCLAIMSET_EL1.ordinal();
    private static final int BVR = SysReg.DBGBVR0_EL1.ordinal();
    private static final int BCR = SysReg.DBGBCR0_EL1.ordinal();
    private static final int WVR = SysReg.DBGWVR0_EL1.ordinal();
    private static final int WCR = SysReg.DBGWCR0_EL1.ordinal();
    private static final int CONTEXTIDR_EL1 = SysReg.CONTEXTIDR_EL1.ordinal();
    private static final int CONTEXTIDR_EL2 = SysReg.CONTEXTIDR_EL2.ordinal();
    private static final int VTTBR_EL2 = SysReg.VTTBR_EL2.ordinal();

    /** OSLSR_EL1: the OS lock is implemented (OSLM = 0b10), and locked. */
    private static final long OSLM = 8;

    private static final long OSLK = 2;

    /** IFSC, DFSC of all debug exceptions. */
    private static final int FSC = Esr.FSC_DEBUG;

    private static final int STEP_ISV = 1 << 24;
    private static final int STEP_EX = 1 << 6;

    private final Pe pe;
    private boolean stepping;
    private boolean breaking;
    private boolean watching;

    /** Software step was active before the instruction that was announced last. */
    private boolean announced;

    /** The same for the instruction that the last exception came from. */
    private boolean announcedAtEntry;

    private boolean stepped;
    private boolean steppedExclusive;

    SelfHostedDebug(Pe pe) {
        this.pe = pe;
    }

    void reset() {
        stepped = false;
    }

    /** Whether software step or a breakpoint may hit in the current context. */
    boolean active() {
        return stepping || breaking;
    }

    /** Whether loads and stores must be shown to {@link #checkAccess}. */
    public boolean watching() {
        return watching;
    }

    long read(SysReg r) {
        return switch (r) {
            case DBGAUTHSTATUS_EL1 -> 0xff;
            case DBGCLAIMSET_EL1 -> 0xff;
            case DBGCLAIMCLR_EL1 -> pe.sys[CLAIM];
            case MDRAR_EL1, MDCCSR_EL0, DBGDTR_EL0, DBGDTRRX_EL0, OSDLR_EL1 -> 0;
            default -> pe.sys[r.ordinal()];
        };
    }

    void write(SysReg r, long value) {
        switch (r) {
            case OSLAR_EL1 -> pe.sys[OSLSR] = OSLM | ((value & 1) != 0 ? OSLK : 0);
            case DBGCLAIMSET_EL1 -> pe.sys[CLAIM] |= value & 0xff;
            case DBGCLAIMCLR_EL1 -> pe.sys[CLAIM] &= ~value;
            case DBGDTR_EL0, DBGDTRRX_EL0, OSDLR_EL1 -> {
                // No external debugger is there to take the word; there is no double lock.
            }
            default -> pe.sys[r.ordinal()] = value;
        }
        contextChanged();
    }

    /** EL2 if debug exceptions from below go there, else the default. */
    int target() {
        return pe.debugRoutedToEl2() ? 2 : GuestException.DEFAULT_TARGET;
    }

    /** Arm ARM AArch64.GenerateDebugExceptionsFrom. */
    private boolean enabledFrom(int el, boolean masked) {
        if ((pe.sys[OSLSR] & OSLK) != 0) {
            return false;
        }
        int target = pe.debugRoutedToEl2() ? 2 : 1;
        if (el == target) {
            return !masked && (pe.sys[MDSCR] & MdscrEl1.KDE) != 0;
        }
        return target > el;
    }

    void contextChanged() {
        boolean watched = watching;
        recompute();
        pe.guarded = pe.il || active();
        if (watched != watching) {
            pe.mmu.contextChanged();
        }
    }

    private void recompute() {
        long mdscr = pe.sys[MDSCR];
        stepping = false;
        breaking = false;
        watching = false;
        if ((mdscr & (MdscrEl1.SS | MdscrEl1.MDE)) == 0
                || !enabledFrom(pe.el, (pe.daif & Spsr.D) != 0)) {
            return;
        }
        stepping = (mdscr & MdscrEl1.SS) != 0;
        if ((mdscr & MdscrEl1.MDE) != 0) {
            for (int n = 0; n < CpuModel.BREAKPOINTS; n++) {
                breaking |= (pe.sys[BCR + n] & 1) != 0;
            }
            for (int n = 0; n < CpuModel.WATCHPOINTS; n++) {
                watching |= (pe.sys[WCR + n] & 1) != 0;
            }
        }
    }

    /** PSTATE.SS after an ERET to {@code el} (Arm ARM DebugExceptionReturnSS). */
    boolean stepAfterReturn(long spsr, int el) {
        stepped = false;
        return (pe.sys[MDSCR] & MdscrEl1.SS) != 0
                && !enabledFrom(pe.el, (pe.daif & Spsr.D) != 0)
                && enabledFrom(el, (spsr & Spsr.D) != 0)
                && (spsr & Spsr.SS) != 0;
    }

    /**
     * Before the next instruction is fetched.
     *
     * @throws GuestException software step, where an instruction has been stepped
     */
    public void checkStep() {
        announced = stepping;
        if (stepping && !pe.ss) {
            int iss = FSC;
            if (stepped) {
                iss |= STEP_ISV | (steppedExclusive ? STEP_EX : 0);
            }
            stepped = false;
            throw new GuestException(Esr.EC_STEP, iss, target());
        }
    }

    /**
     * Before the instruction at {@link Pe#pc} executes, after it was fetched.
     *
     * @throws GuestException a breakpoint
     */
    public void checkBreakpoints() {
        if (breaking) {
            for (int n = 0; n < CpuModel.BREAKPOINTS; n++) {
                if (breakpointMatches(n)) {
                    throw new GuestException(Esr.EC_BREAKPOINT, FSC, target());
                }
            }
        }
    }

    /**
     * After an instruction has retired that was announced with {@link #checkStep}.
     *
     * @param loadExclusive it was a load-exclusive
     */
    public void afterInstruction(boolean loadExclusive) {
        if (announced) {
            advance(loadExclusive);
        }
    }

    private void advance(boolean loadExclusive) {
        stepped = true;
        steppedExclusive = loadExclusive;
        pe.ss = false;
    }

    /** An exception is entered; the context is still that of where it came from. */
    void entered() {
        announcedAtEntry = stepping;
    }

    /** The instruction that the last exception came from was executed by EL2's software instead. */
    void afterEmulated() {
        if (announcedAtEntry) {
            advance(false);
        }
    }

    private boolean breakpointMatches(int n) {
        long bcr = pe.sys[BCR + n];
        if ((bcr & 1) == 0 || !stateMatches(bcr, pe.el)) {
            return false;
        }
        int type = (int) (bcr >> 20) & 15;
        return switch (type) {
            case 0, 1 ->
                    addressOf(pe.sys[BVR + n], ~3L) == addressOf(pe.pc, ~3L)
                            && (type == 0 || linkedMatches(bcr));
            case 2, 6, 8, 10, 12, 14 -> contextMatches(n);
            default -> false;
        };
    }

    /** Address bits that comparators have: VA[55:0] without the low ones. */
    private static long addressOf(long va, long mask) {
        return va << 8 >> 8 & mask;
    }

    private boolean linkedMatches(long control) {
        int n = (int) (control >> 16) & 15;
        if (n >= CpuModel.BREAKPOINTS) {
            return false;
        }
        long bcr = pe.sys[BCR + n];
        return (bcr & 1) != 0 && (bcr >> 20 & 1) != 0 && contextMatches(n);
    }

    private boolean contextMatches(int n) {
        if (n < CpuModel.BREAKPOINTS - CpuModel.CONTEXT_BREAKPOINTS) {
            return false;
        }
        int type = (int) (pe.sys[BCR + n] >> 20) & 14;
        long bvr = pe.sys[BVR + n];
        boolean guest = pe.el < 2 && !pe.inHost();
        boolean el1 = guest && (int) pe.sys[CONTEXTIDR_EL1] == (int) bvr;
        boolean el2 = pe.hasEl2() && (int) pe.sys[CONTEXTIDR_EL2] == (int) (bvr >> 32);
        int vmid = (int) (pe.sys[VTTBR_EL2] >>> 48);
        boolean vm = guest && pe.hasEl2() && vmid == (int) (bvr >>> 32 & 0xffff);
        return switch (type) {
            case 2 -> pe.inHost() ? (int) pe.sys[CONTEXTIDR_EL2] == (int) bvr : el1;
            case 6 -> el1;
            case 8 -> vm;
            case 10 -> vm && el1;
            case 12 -> el2;
            case 14 -> el1 && el2;
            default -> false;
        };
    }

    /** SSC, HMC and PMC or PAC against an EL of the Non-secure state (Arm ARM D2.8.3). */
    private static boolean stateMatches(long control, int el) {
        int ssc = (int) (control >> 14) & 3;
        boolean hmc = (control >> 13 & 1) != 0;
        int pmc = (int) (control >> 1) & 3;
        if (ssc == 2 || ssc == 3 && !hmc) {
            return false;
        }
        return switch (el) {
            case 0 -> (pmc & 2) != 0;
            case 1 -> (pmc & 1) != 0;
            default -> hmc || ssc == 3;
        };
    }

    /**
     * While {@link #watching}, before a load or store is done and after its translation succeeded.
     *
     * @param va its lowest address
     * @param bytes 1–64
     * @param write a store, or an atomic that may store
     * @param read a load, or an atomic
     * @param el the EL as which it is checked: 0 for LDTR, STTR
     * @param cacheMaintenance DC
     * @throws GuestException a watchpoint
     */
    public void checkAccess(
            long va, int bytes, boolean write, boolean read, int el, boolean cacheMaintenance) {
        check(va, bytes, write, read, el, cacheMaintenance ? Esr.CM : 0, target());
    }

    /**
     * Whether watchpoints see FEAT_NV2's accesses to memory: they are EL2's, whatever the current
     * EL and PSTATE.D are (Arm ARM AArch64.CheckDebug).
     */
    public boolean watchingVncr() {
        if ((pe.sys[MDSCR] & MdscrEl1.MDE) == 0 || !enabledFrom(2, false)) {
            return false;
        }
        boolean any = false;
        for (int n = 0; n < CpuModel.WATCHPOINTS; n++) {
            any |= (pe.sys[WCR + n] & 1) != 0;
        }
        return any;
    }

    /** While {@link #watchingVncr}, the same as {@link #checkAccess} for such an access. */
    public void checkVncrAccess(long va, boolean write) {
        check(va, 8, write, !write, 2, Esr.VNCR, 2);
    }

    private void check(
            long va, int bytes, boolean write, boolean read, int el, int syndrome, int target) {
        for (int n = 0; n < CpuModel.WATCHPOINTS; n++) {
            long wcr = pe.sys[WCR + n];
            if ((wcr & 1) == 0
                    || !((wcr >> 4 & 1) != 0 && write || (wcr >> 3 & 1) != 0 && read)
                    || !stateMatches(wcr, el)
                    || (wcr >> 20 & 1) != 0 && !linkedMatches(wcr)) {
                continue;
            }
            long wvr = pe.sys[WVR + n];
            for (int i = 0; i < bytes; i++) {
                if (byteMatches(va + i, wvr, wcr)) {
                    int iss = FSC | (write ? Esr.WNR : 0) | syndrome;
                    throw new GuestException(
                            Esr.EC_WATCHPOINT, iss, target, va + i, true, 0, false, false);
                }
            }
        }
    }

    private static boolean byteMatches(long va, long wvr, long wcr) {
        int bottom = (wvr >> 2 & 1) != 0 ? 2 : 3;
        int bas = (int) (wcr >> 5) & 0xff;
        if ((bas >> (va & (1 << bottom) - 1) & 1) == 0) {
            return false;
        }
        int mask = Math.max((int) (wcr >> 24) & 31, bottom);
        return addressOf(va, -1L << mask) == addressOf(wvr, -1L << mask);
    }
}
