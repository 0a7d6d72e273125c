package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.NestedExceptions;
import dev.nido.kvm.nested.NestedVcpu;
import dev.nido.kvm.run.ExceptionInjection;
import dev.nido.kvm.run.PhysicalCpu;

/**
 * The debug registers of a vCPU (KVM: {@code struct kvm_guest_debug_arch}, debug.c). The guest's
 * values are here; the PE gets them, changed where the guest could notice EL2 through them, or
 * those of {@link GuestDebug}. All accesses of the guest trap (MDCR_EL2.TDA, TDOSA, TDRA).
 *
 * <p>Changed is this: breakpoints that match a VMID or CONTEXTIDR_EL2 never hit on a CPU without
 * EL2, so they are disabled in the PE. With a virtual EL2 {@link NestedBreakpoints} says what the
 * PE gets for what is loaded.
 */
public final class VirtualDebug {

    private static final long OSLM = 8;
    private static final long OSLK = 2;

    /** DBGBCR.BT bit 3: types that look at EL2's context. */
    private static final long BT_EL2 = 1L << 23;

    private static final SysReg[] BVR = {
        SysReg.DBGBVR0_EL1, SysReg.DBGBVR1_EL1, SysReg.DBGBVR2_EL1,
        SysReg.DBGBVR3_EL1, SysReg.DBGBVR4_EL1, SysReg.DBGBVR5_EL1
    };
    private static final SysReg[] BCR = {
        SysReg.DBGBCR0_EL1, SysReg.DBGBCR1_EL1, SysReg.DBGBCR2_EL1,
        SysReg.DBGBCR3_EL1, SysReg.DBGBCR4_EL1, SysReg.DBGBCR5_EL1
    };
    private static final SysReg[] WVR = {
        SysReg.DBGWVR0_EL1, SysReg.DBGWVR1_EL1, SysReg.DBGWVR2_EL1, SysReg.DBGWVR3_EL1
    };
    private static final SysReg[] WCR = {
        SysReg.DBGWCR0_EL1, SysReg.DBGWCR1_EL1, SysReg.DBGWCR2_EL1, SysReg.DBGWCR3_EL1
    };

    /** Registers that are in the PE, by ordinal. */
    private static final boolean[] ACTS = new boolean[SysReg.COUNT];

    private static final boolean[] IS_BCR = new boolean[SysReg.COUNT];

    static {
        for (SysReg[] group : new SysReg[][] {BVR, BCR, WVR, WCR}) {
            for (SysReg r : group) {
                ACTS[r.ordinal()] = true;
            }
        }
        ACTS[SysReg.OSLSR_EL1.ordinal()] = true;
        ACTS[SysReg.MDSCR_EL1.ordinal()] = true;
        for (SysReg r : BCR) {
            IS_BCR[r.ordinal()] = true;
        }
    }

    private final Vcpu vcpu;
    private final NestedVcpu nested;
    private final long[] values = new long[SysReg.COUNT];
    private PhysicalCpu cpu;
    private GuestDebug user;
    private boolean guestStep;

    /** The registers of a vCPU, reset. */
    public VirtualDebug(Vcpu vcpu) {
        this.vcpu = vcpu;
        nested = vcpu.nested();
        reset();
    }

    /** Whether a register's value is here. */
    static boolean keeps(SysReg r) {
        return r.key() >> 14 == 2;
    }

    /** Architectural reset of the vCPU. */
    public void reset() {
        for (SysReg r : SysReg.values()) {
            if (keeps(r)) {
                values[r.ordinal()] = r.resetValue();
            }
        }
        apply();
    }

    /** The vCPU was loaded, its context is in the PE. */
    public void load(PhysicalCpu on) {
        cpu = on;
        apply();
    }

    /** The vCPU leaves its PE. */
    public void put() {
        cpu = null;
    }

    /**
     * The vCPU has gone from its EL2 to a guest of its guest, or back, or its EL2 has written what
     * routes debug exceptions ({@code kvm_vcpu_load_debug()}).
     */
    public void contextChanged() {
        if (cpu != null && user == null) {
            apply();
        }
    }

    /** Whether a debug exception other than that of BRK is possible somewhere. */
    public boolean active() {
        return (values[SysReg.MDSCR_EL1.ordinal()] & (MdscrEl1.MDE | MdscrEl1.SS)) != 0;
    }

    /** The value of a register as user space gets it. */
    public long stored(SysReg r) {
        return values[r.ordinal()];
    }

    void store(SysReg r, long value) {
        values[r.ordinal()] = value;
        if (nested != null && r == SysReg.MDSCR_EL1) {
            nested.page().set(r, value);
        }
        if (cpu != null && user == null && ACTS[r.ordinal()]) {
            put(r, acting(r));
            if (nested != null && r != SysReg.MDSCR_EL1) {
                apply();
            }
        } else {
            apply();
        }
    }

    /** What the guest reads. */
    long read(SysReg r) {
        return switch (r) {
            case DBGAUTHSTATUS_EL1, DBGCLAIMSET_EL1 -> 0xff;
            case DBGCLAIMCLR_EL1 -> values[SysReg.DBGCLAIMSET_EL1.ordinal()];
            case MDRAR_EL1, MDCCSR_EL0, DBGDTR_EL0, DBGDTRRX_EL0, OSDLR_EL1 -> 0;
            default -> values[r.ordinal()];
        };
    }

    /** What the guest writes. */
    void write(SysReg r, long value) {
        switch (r) {
            case OSLAR_EL1 -> store(SysReg.OSLSR_EL1, OSLM | ((value & 1) != 0 ? OSLK : 0));
            case DBGCLAIMSET_EL1 -> values[r.ordinal()] |= value & 0xff;
            case DBGCLAIMCLR_EL1 -> values[SysReg.DBGCLAIMSET_EL1.ordinal()] &= ~value;
            case DBGDTR_EL0, DBGDTRRX_EL0, OSDLR_EL1 -> {
                // Nobody is at the other end of the channel; there is no double lock.
            }
            default -> store(r, value);
        }
    }

    // Accesses that the hypervisor makes for the guest

    /** Whether the guest's own watchpoints may hit an access that it makes now. */
    public boolean watching() {
        if (user != null
                || (values[SysReg.MDSCR_EL1.ordinal()] & MdscrEl1.MDE) == 0
                || (values[SysReg.OSLSR_EL1.ordinal()] & OSLK) != 0) {
            return false;
        }
        long pstate = vcpu.pstate();
        int el = Spsr.el(pstate);
        int target = nested != null && NestedBreakpoints.routedToEl2(nested) ? 2 : 1;
        return el < target
                || el == target
                        && (pstate & Spsr.D) == 0
                        && (values[SysReg.MDSCR_EL1.ordinal()] & MdscrEl1.KDE) != 0;
    }

    /**
     * Shows an access to the guest's watchpoints that the hypervisor is about to make in the place
     * of the PE, because it is not to memory; all its translation faults have been ruled out.
     *
     * @param va its lowest address
     * @param bytes 1 to 64
     * @param asEl0 it has the rights of EL0
     * @param iss bits of the syndrome beside status and WnR: CM
     * @return whether one hit: the exception is injected
     */
    public boolean watchpoint(
            long va, int bytes, boolean write, boolean read, boolean asEl0, int iss) {
        if (!watching()) {
            return false;
        }
        for (int n = 0; n < CpuModel.WATCHPOINTS; n++) {
            long wcr = values[WCR[n].ordinal()];
            if ((wcr & 1) == 0
                    || !((wcr >> 4 & 1) != 0 && write || (wcr >> 3 & 1) != 0 && read)
                    || !NestedBreakpoints.isFor(wcr, asEl0 ? 0 : Spsr.el(vcpu.pstate()))
                    || (wcr >> 20 & 1) != 0 && !linkedContext(wcr)) {
                continue;
            }
            long wvr = values[WVR[n].ordinal()];
            for (int i = 0; i < bytes; i++) {
                if (covers(wvr, wcr, va + i)) {
                    injectWatchpoint(va + i, iss | Esr.FSC_DEBUG | (write ? Esr.WNR : 0));
                    return true;
                }
            }
        }
        return false;
    }

    private void injectWatchpoint(long far, int iss) {
        int target = nested != null && NestedBreakpoints.routedToEl2(nested) ? 2 : 1;
        boolean same = Spsr.el(vcpu.pstate()) == target;
        long esr = Esr.of(Esr.EC_WATCHPOINT | (same ? 1 : 0), true, iss);
        vcpu.writeSys(target == 2 ? SysReg.FAR_EL2 : SysReg.FAR_EL1, far);
        if (target == 2) {
            NestedExceptions.synchronous(vcpu, esr);
        } else {
            ExceptionInjection.synchronous(vcpu, esr);
        }
    }

    /** The breakpoint that a watchpoint is linked to matches CONTEXTIDR_EL1. */
    private boolean linkedContext(long wcr) {
        int n = (int) (wcr >> 16) & 15;
        if (n < CpuModel.BREAKPOINTS - CpuModel.CONTEXT_BREAKPOINTS || n >= CpuModel.BREAKPOINTS) {
            return false;
        }
        long bcr = values[BCR[n].ordinal()];
        int type = (int) (bcr >> 20) & 15;
        return (bcr & 1) != 0
                && (type == 3 || type == 7)
                && (nested == null
                        ? (int) vcpu.readSys(SysReg.CONTEXTIDR_EL1)
                                == (int) values[BVR[n].ordinal()]
                        : NestedBreakpoints.contextMatches(
                                nested, type == 3, values[BVR[n].ordinal()]));
    }

    /** BAS and MASK (Arm ARM D2.10). */
    private static boolean covers(long wvr, long wcr, long va) {
        int bottom = (wvr >> 2 & 1) != 0 ? 2 : 3;
        if ((wcr >> 5 >> (va & (1 << bottom) - 1) & 1) == 0) {
            return false;
        }
        int mask = Math.max((int) (wcr >> 24) & 31, bottom);
        return (va ^ wvr) << 8 >>> mask + 8 == 0;
    }

    // Debugging by user space

    /** Whether debug exceptions of the guest are user space's (MDCR_EL2.TDE). */
    public boolean ownedByUser() {
        return user != null;
    }

    /**
     * Begins, changes or ends debugging (KVM_SET_GUEST_DEBUG); the vCPU must not run. MDCR_EL2
     * follows at once if it is loaded.
     *
     * @param debug null to end it
     */
    public void debug(GuestDebug debug) {
        vcpu.detach();
        boolean stepped = user != null && user.singleStep();
        boolean steps = debug != null && debug.singleStep();
        if (steps && !stepped) {
            guestStep = (vcpu.pstate() & Spsr.SS) != 0;
        } else if (stepped && !steps) {
            setStep(guestStep);
        }
        user = debug;
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.guestDebug(vcpu, debug == null ? 0 : debug.flags());
        }
        if (cpu != null) {
            cpu.write(SysReg.MDCR_EL2, TrapConfiguration.mdcr(vcpu));
        }
        apply();
    }

    /** Before {@code Vcpu.run} enters the guest the first time: the step is to be made. */
    public void prepareRun() {
        if (user != null && user.singleStep()) {
            setStep(true);
        }
    }

    private void setStep(boolean on) {
        long pstate = vcpu.pstate();
        vcpu.setPstate(on ? pstate | Spsr.SS : pstate & ~Spsr.SS);
    }

    /**
     * A debug exception to EL2: EC 0x30, 0x32, 0x34, 0x3c (KVM: {@code kvm_handle_guest_debug()}).
     *
     * @return LEAVE, with the exit set
     */
    public int handle(long esr) {
        long far = Esr.exceptionClass(esr) == Esr.EC_WATCHPOINT ? cpu.read(SysReg.FAR_EL2) : 0;
        return vcpu.leave(
                user != null
                        ? new Exit.Debug(esr, far)
                        : new Exit.InternalError("debug exception 0x%x of nobody".formatted(esr)));
    }

    /** Puts what shall act into the PE. */
    private void apply() {
        if (cpu == null) {
            return;
        }
        if (user != null) {
            applyUser();
            return;
        }
        for (int n = 0; n < CpuModel.BREAKPOINTS; n++) {
            put(BVR[n], acting(BVR[n]));
            put(BCR[n], acting(BCR[n]));
        }
        for (int n = 0; n < CpuModel.WATCHPOINTS; n++) {
            put(WVR[n], acting(WVR[n]));
            put(WCR[n], acting(WCR[n]));
        }
        put(SysReg.OSLSR_EL1, acting(SysReg.OSLSR_EL1));
        put(SysReg.MDSCR_EL1, acting(SysReg.MDSCR_EL1));
    }

    /** The PE's value for the guest's. */
    private long acting(SysReg r) {
        long value = values[r.ordinal()];
        if (nested != null) {
            return actingNested(r, value);
        }
        return IS_BCR[r.ordinal()] && (value & BT_EL2) != 0 ? value & ~1L : value;
    }

    private long actingNested(SysReg r, long value) {
        int o = r.ordinal();
        int bcr = SysReg.DBGBCR0_EL1.ordinal();
        int bvr = SysReg.DBGBVR0_EL1.ordinal();
        if (o >= bcr && o < bcr + CpuModel.BREAKPOINTS) {
            return NestedBreakpoints.control(nested, value, values[bvr + o - bcr]);
        }
        if (o >= bvr && o < bvr + CpuModel.BREAKPOINTS) {
            return NestedBreakpoints.value(nested, values[bcr + o - bvr], value);
        }
        int wcr = SysReg.DBGWCR0_EL1.ordinal();
        if (o >= wcr && o < wcr + CpuModel.WATCHPOINTS) {
            return NestedBreakpoints.levels(nested, value);
        }
        if (r == SysReg.MDSCR_EL1) {
            return NestedBreakpoints.mdscr(nested, value);
        }
        return value;
    }

    private void applyUser() {
        for (int n = 0; n < CpuModel.BREAKPOINTS; n++) {
            put(BVR[n], user.bvr()[n]);
            put(BCR[n], user.bcr()[n]);
        }
        for (int n = 0; n < CpuModel.WATCHPOINTS; n++) {
            put(WVR[n], user.wvr()[n]);
            put(WCR[n], user.wcr()[n]);
        }
        put(SysReg.OSLSR_EL1, OSLM);
        long mdscr =
                values[SysReg.MDSCR_EL1.ordinal()] & ~(MdscrEl1.SS | MdscrEl1.MDE | MdscrEl1.KDE);
        put(
                SysReg.MDSCR_EL1,
                mdscr
                        | (user.singleStep() ? MdscrEl1.SS : 0)
                        | (user.hardware() ? MdscrEl1.MDE : 0));
    }

    /** Most are what they should be, and a write makes the PE look at all of them. */
    private void put(SysReg r, long value) {
        if (cpu.read(r) != value) {
            cpu.write(r, value);
        }
    }
}
