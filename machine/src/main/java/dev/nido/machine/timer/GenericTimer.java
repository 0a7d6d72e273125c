package dev.nido.machine.timer;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.Clock;
import dev.nido.machine.gic.Gic;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

/**
 * The generic timer of one PE (Arm ARM D11): the views of the system counter and four timers, each
 * with an output to a PPI that is high while ISTATUS and not IMASK. Registers live in {@link
 * Pe#sys}; ISTATUS is computed when read. Used by the PE's thread only, but for {@link
 * #nextDeadline}.
 */
public final class GenericTimer {

    /** INTID of CNTHP, the EL2 physical timer. */
    public static final int CNTHP_INTID = 26;

    /** INTID of CNTV, the EL1 virtual timer. */
    public static final int CNTV_INTID = 27;

    /** INTID of CNTHV, the EL2 virtual timer. */
    public static final int CNTHV_INTID = 28;

    /** INTID of CNTP, the EL1 physical timer. */
    public static final int CNTP_INTID = 30;

    private static final long ENABLE = 1;
    private static final long IMASK = 2;
    private static final long ISTATUS = 4;

    private static final int CNTHCTL = SysReg.CNTHCTL_EL2.ordinal();
    private static final int CNTKCTL = SysReg.CNTKCTL_EL1.ordinal();
    private static final int CNTVOFF = SysReg.CNTVOFF_EL2.ordinal();
    private static final int CNTPOFF = SysReg.CNTPOFF_EL2.ordinal();

    /** The timers, by index: CNTP, CNTV, CNTHP, CNTHV. */
    private static final int P = 0;

    private static final int V = 1;
    private static final int HP = 2;
    private static final int HV = 3;

    private static final int[] CTL = {
        SysReg.CNTP_CTL_EL0.ordinal(),
        SysReg.CNTV_CTL_EL0.ordinal(),
        SysReg.CNTHP_CTL_EL2.ordinal(),
        SysReg.CNTHV_CTL_EL2.ordinal()
    };
    private static final int[] CVAL = {
        SysReg.CNTP_CVAL_EL0.ordinal(),
        SysReg.CNTV_CVAL_EL0.ordinal(),
        SysReg.CNTHP_CVAL_EL2.ordinal(),
        SysReg.CNTHV_CVAL_EL2.ordinal()
    };
    private static final int[] INTID = {CNTP_INTID, CNTV_INTID, CNTHP_INTID, CNTHV_INTID};

    private final Pe pe;
    private final Clock clock;
    private final Gic gic;
    private final boolean physicalOffset;

    /** Outputs that are high, bit by timer index. */
    private int outputs;

    private volatile long deadline = Long.MAX_VALUE;

    public GenericTimer(Pe pe, Clock clock, Gic gic) {
        this.pe = pe;
        this.clock = clock;
        this.gic = gic;
        this.physicalOffset = pe.cpu.has(Feature.ECV_POFF);
    }

    /**
     * Reads a CNT register, after traps; an alias or VHE name has been replaced by its register.
     */
    public long read(SysReg r) {
        return switch (r) {
            case CNTVCT_EL0, CNTVCTSS_EL0 -> clock.ticks() - virtualViewOffset();
            case CNTPCT_EL0, CNTPCTSS_EL0 -> clock.ticks() - (pe.el < 2 ? offset(P) : 0);
            case CNTFRQ_EL0 -> Clock.FREQUENCY;
            case CNTP_CTL_EL0 -> control(P);
            case CNTV_CTL_EL0 -> control(V);
            case CNTHP_CTL_EL2 -> control(HP);
            case CNTHV_CTL_EL2 -> control(HV);
            case CNTP_TVAL_EL0 -> remaining(P);
            case CNTV_TVAL_EL0 -> remaining(V);
            case CNTHP_TVAL_EL2 -> remaining(HP);
            case CNTHV_TVAL_EL2 -> remaining(HV);
            case CNTP_CVAL_EL0,
                    CNTV_CVAL_EL0,
                    CNTHP_CVAL_EL2,
                    CNTHV_CVAL_EL2,
                    CNTVOFF_EL2,
                    CNTPOFF_EL2,
                    CNTHCTL_EL2,
                    CNTKCTL_EL1 ->
                    pe.sys[r.ordinal()];
            default -> throw GuestException.undefined();
        };
    }

    /** Writes a CNT register, after traps; outputs follow at once. */
    public void write(SysReg r, long value) {
        switch (r) {
            case CNTP_CTL_EL0, CNTV_CTL_EL0, CNTHP_CTL_EL2, CNTHV_CTL_EL2 ->
                    pe.sys[r.ordinal()] = value & ~ISTATUS;
            case CNTP_TVAL_EL0 -> setRemaining(P, value);
            case CNTV_TVAL_EL0 -> setRemaining(V, value);
            case CNTHP_TVAL_EL2 -> setRemaining(HP, value);
            case CNTHV_TVAL_EL2 -> setRemaining(HV, value);
            case CNTP_CVAL_EL0,
                    CNTV_CVAL_EL0,
                    CNTHP_CVAL_EL2,
                    CNTHV_CVAL_EL2,
                    CNTVOFF_EL2,
                    CNTPOFF_EL2,
                    CNTHCTL_EL2,
                    CNTKCTL_EL1 ->
                    pe.sys[r.ordinal()] = value;
            case CNTFRQ_EL0 -> {
                // tells software the frequency; ours is fixed and known
            }
            default -> throw GuestException.undefined();
        }
        evaluate(clock.ticks());
    }

    /** All timers off, no offsets. */
    public void reset() {
        for (int i = 0; i < 4; i++) {
            pe.sys[CTL[i]] = 0;
            pe.sys[CVAL[i]] = 0;
        }
        pe.sys[CNTVOFF] = 0;
        pe.sys[CNTPOFF] = 0;
        pe.sys[CNTHCTL] = 0;
        pe.sys[CNTKCTL] = 0;
        evaluate(clock.ticks());
    }

    /** Brings the four outputs up to date with the clock, and finds the next time they change. */
    public void update() {
        long now = clock.ticks();
        // CNTPOFF_EL2 comes and goes with HCR_EL2.TGE; all else changes by write or by time.
        if (now >= deadline || physicalOffset) {
            evaluate(now);
        }
    }

    private void evaluate(long now) {
        int high = 0;
        long next = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            if ((pe.sys[CTL[i]] & (ENABLE | IMASK)) == ENABLE) {
                long count = now - offset(i);
                long cval = pe.sys[CVAL[i]];
                // Once met, the condition holds until the count wraps.
                long distance = cval - count;
                if (Long.compareUnsigned(count, cval) >= 0) {
                    high |= 1 << i;
                    distance = -count;
                }
                if (distance > 0 && distance < next - now) {
                    next = now + distance;
                }
            }
        }
        deadline = next;
        int change = high ^ outputs;
        if (change != 0) {
            outputs = high;
            for (int i = 0; i < 4; i++) {
                if ((change >> i & 1) != 0) {
                    gic.setPpi(pe.index, INTID[i], (high >> i & 1) != 0);
                }
            }
        }
    }

    /**
     * When an output next changes by itself, in ticks, as of the last {@link #update}; {@link
     * Long#MAX_VALUE} for never. Any thread may ask.
     */
    public long nextDeadline() {
        return deadline;
    }

    /**
     * When an event stream next sets the event register (Arm ARM D11.2.4), in ticks; {@link
     * Long#MAX_VALUE} if none is enabled.
     */
    public long nextEvent() {
        long now = clock.ticks();
        return Math.min(
                nextEvent(pe.sys[CNTKCTL], now, pe.sys[CNTVOFF]),
                nextEvent(pe.sys[CNTHCTL], now, 0));
    }

    private long nextEvent(long control, long now, long offset) {
        if ((control & CnthctlEl2.EVNTEN) == 0) {
            return Long.MAX_VALUE;
        }
        int bit = (int) (control >> 4) & 15;
        if ((control & CnthctlEl2.EVNTIS) != 0 && pe.cpu.has(Feature.ECV)) {
            bit += 8;
        }
        long mask = (2L << bit) - 1;
        long trigger = (control & CnthctlEl2.EVNTDIR) != 0 ? 0 : 1L << bit;
        long count = now - offset;
        return now + (trigger - count - 1 & mask) + 1;
    }

    /** What is subtracted from the system counter for a timer. */
    private long offset(int timer) {
        if (timer == V) {
            return pe.sys[CNTVOFF];
        }
        if (timer == P
                && physicalOffset
                && (pe.sys[CNTHCTL] & CnthctlEl2.ECV) != 0
                && !HcrEl2.isHost(pe.hcr)) {
            return pe.sys[CNTPOFF];
        }
        return 0;
    }

    /** CNTVOFF_EL2 does not apply to CNTVCT_EL0 at EL2 with E2H, or at EL0 of its host. */
    private long virtualViewOffset() {
        boolean host =
                pe.el == 2 ? (pe.hcr & HcrEl2.E2H) != 0 : pe.el == 0 && HcrEl2.isHost(pe.hcr);
        return host ? 0 : pe.sys[CNTVOFF];
    }

    private long control(int timer) {
        long stored = pe.sys[CTL[timer]];
        boolean met =
                (stored & ENABLE) != 0
                        && Long.compareUnsigned(clock.ticks() - offset(timer), pe.sys[CVAL[timer]])
                                >= 0;
        return met ? stored | ISTATUS : stored;
    }

    private long remaining(int timer) {
        return pe.sys[CVAL[timer]] - (clock.ticks() - offset(timer)) & 0xffff_ffffL;
    }

    private void setRemaining(int timer, long value) {
        pe.sys[CVAL[timer]] = clock.ticks() - offset(timer) + (int) value;
    }
}
