package dev.nido.kvm.timer;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.nested.NestedExceptions;
import dev.nido.kvm.nested.NestedVcpu;
import dev.nido.kvm.nested.Nesting;
import dev.nido.kvm.run.ExceptionInjection;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.machine.Clock;
import dev.nido.machine.timer.GenericTimer;

import java.util.function.BiConsumer;

/**
 * The timers of a vCPU ({@code struct arch_timer_cpu}): two, or with a virtual EL2 four (Arm ARM
 * D11). While the vCPU is loaded they are the PE's own: {@link GuestTimer} and {@link
 * CounterTraps}. The guest's accesses trap, so that no change of a timer's output goes unseen: an
 * interrupt that waits in a list register falls together with its line. Only a guest of the guest
 * whose list registers the guest itself fills has its two timers without a trap.
 */
public final class VcpuTimer {

    private static final long ENABLE = GuestTimer.ENABLE;
    private static final long IMASK = GuestTimer.IMASK;
    private static final long ISTATUS = GuestTimer.ISTATUS;

    private final Vcpu vcpu;
    private final NestedVcpu nested;
    private final BiConsumer<Integer, Boolean> line;
    private final GuestTimer virtual =
            new GuestTimer(SysReg.CNTV_CTL_EL0, SysReg.CNTV_CVAL_EL0, GenericTimer.CNTV_INTID);
    private final GuestTimer physical =
            new GuestTimer(SysReg.CNTP_CTL_EL0, SysReg.CNTP_CVAL_EL0, GenericTimer.CNTP_INTID);
    private final GuestTimer hypVirtual =
            new GuestTimer(SysReg.CNTHV_CTL_EL2, SysReg.CNTHV_CVAL_EL2, GenericTimer.CNTHV_INTID);
    private final GuestTimer hypPhysical =
            new GuestTimer(SysReg.CNTHP_CTL_EL2, SysReg.CNTHP_CVAL_EL2, GenericTimer.CNTHP_INTID);

    /** Those that the vCPU has. */
    private final GuestTimer[] timers;

    /** The PE can trap accesses to the virtual timer and to the timers' aliases (FEAT_ECV). */
    private final boolean ecv;

    /** The guest's EL2 reaches the timers of its EL1 in memory, without a trap. */
    private final boolean inMemory;

    private PhysicalCpu cpu;

    /** What the guest's counters lag behind: with an EL2 all of them, otherwise the virtual one. */
    private long offset;

    /** CNTVOFF_EL2 of the PE. */
    private long peOffset;

    /** The guest's CNTVOFF_EL2 as far as it was taken up. */
    private long ownOffset;

    /** The two virtual timers have changed places in the PE. */
    private boolean swapped;

    /**
     * @param line takes INTID and level whenever an output changes
     */
    public VcpuTimer(Vcpu vcpu, BiConsumer<Integer, Boolean> line) {
        this.vcpu = vcpu;
        this.line = line;
        nested = vcpu.nested();
        timers =
                nested == null
                        ? new GuestTimer[] {virtual, physical}
                        : new GuestTimer[] {virtual, physical, hypVirtual, hypPhysical};
        ecv = vcpu.vm().hypervisor().machine().pe(0).cpu.has(Feature.ECV);
        inMemory = nested != null && !ecv && vcpu.vm().nesting() == Nesting.NV2;
    }

    /** Has the timers' interrupts stand for those of the PE's. */
    public void connect() {
        for (GuestTimer t : timers) {
            connect(t);
        }
    }

    private void connect(GuestTimer t) {
        vcpu.vgic().mapHardware(t.intid, t.place.intid(), () -> isHigh(t));
    }

    /** Timers off, no offset. */
    public void reset() {
        for (GuestTimer t : timers) {
            t.set(cpu, 0);
            t.setCompare(cpu, 0);
        }
        update();
    }

    /**
     * What the guest's virtual counter lags behind the physical one, in ticks (CNTVOFF_EL2); with
     * an EL2, what both its counters lag behind the machine's ({@code KVM_ARM_SET_COUNTER_OFFSET}).
     */
    public void setOffset(long ticks) {
        offset = ticks;
        if (cpu != null) {
            contextChanged();
        }
    }

    /** See {@link #setOffset}. */
    public long offset() {
        return offset;
    }

    // Load, put, switch

    /** Gives the PE the guest's timers ({@code kvm_timer_vcpu_load}). */
    public void load(PhysicalCpu cpu) {
        this.cpu = cpu;
        for (GuestTimer t : timers) {
            t.load(cpu);
        }
        if (nested == null) {
            setPe(offset, CounterTraps.GUEST);
            update();
        } else {
            // What follows depends on the context, which is loaded after this.
            setPe(offset + nested.read(SysReg.CNTVOFF_EL2), CounterTraps.GUEST);
        }
    }

    /** Takes them from the PE, which goes on without ({@code kvm_timer_vcpu_put}). */
    public void put() {
        for (GuestTimer t : timers) {
            t.put(cpu);
        }
        cpu = null;
        if (nested != null) {
            store();
        }
    }

    /**
     * The vCPU has gone from its EL2 to a guest of its guest, or back, or what its EL2 says of the
     * counters has changed ({@code kvm_timer_vcpu_load_nested_switch()}, {@code
     * timer_set_traps()}).
     */
    public void contextChanged() {
        if (cpu == null) {
            return;
        }
        if (nested == null) {
            setPe(offset, CounterTraps.GUEST);
        } else {
            takeUpContext();
        }
        update();
    }

    private void takeUpContext() {
        boolean hyp = nested.isHypContext();
        boolean host = hyp && nested.e2h();
        ownOffset = nested.read(SysReg.CNTVOFF_EL2);
        long own = nested.read(SysReg.CNTHCTL_EL2);
        if (host != swapped && !ecv) {
            swap();
        }
        // A host reads the virtual count without CNTVOFF_EL2, and its guest's timer goes on with.
        boolean apart = host && (GuestTimer.canShift(ticks() - offset, ownOffset) || !ecv);
        long control;
        if (host) {
            control = CounterTraps.host(!apart, offset != 0);
        } else if (hyp) {
            control = CounterTraps.hypervisor(own, offset != 0, isNv2());
        } else {
            control =
                    CounterTraps.guest(
                            CnthctlEl2.normalize(own, nested.e2h()),
                            vcpu.vm().cpu().has(Feature.ECV),
                            !nested.vgicNested(),
                            offset != 0);
        }
        setPe(apart ? offset : offset + ownOffset, control);
        for (GuestTimer t : timers) {
            long of = t == virtual ? offset + ownOffset : offset;
            long ofPlace = t.place.isVirtual() ? peOffset : 0;
            t.setShift(cpu, of - ofPlace);
        }
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            traceMap(tracer, hyp);
        }
    }

    /** Whose timers the context has; the others' go on beside them. */
    private void traceMap(Tracer tracer, boolean hyp) {
        GuestTimer v = hyp ? hypVirtual : virtual;
        GuestTimer p = hyp ? hypPhysical : physical;
        GuestTimer otherV = hyp ? virtual : hypVirtual;
        GuestTimer otherP = hyp ? physical : hypPhysical;
        tracer.timerMap(vcpu, v.intid, p.intid, otherV.intid, otherP.intid);
    }

    private boolean isNv2() {
        return vcpu.vm().nesting() == Nesting.NV2;
    }

    /**
     * Without FEAT_ECV a host's accesses to its virtual timer do not trap: the names of EL0 must
     * reach it ({@code kvm_timer_vcpu_load_nested_switch()}).
     */
    private void swap() {
        swapped = !swapped;
        GuestTimer.exchange(cpu, virtual, hypVirtual);
        connect(virtual);
        connect(hypVirtual);
    }

    private void setPe(long newOffset, long control) {
        if (newOffset != cpu.read(SysReg.CNTVOFF_EL2)) {
            cpu.write(SysReg.CNTVOFF_EL2, newOffset);
        }
        if (control != cpu.read(SysReg.CNTHCTL_EL2)) {
            cpu.write(SysReg.CNTHCTL_EL2, control);
        }
        peOffset = newOffset;
    }

    // Where the guest's EL2 can write without a trap (FEAT_NV2)

    /**
     * After an exit: takes up what the guest's EL2 may have changed in memory, of CNTVOFF_EL2, and
     * without FEAT_ECV of the timers of its EL1 ({@code kvm_timer_sync_nested()}).
     */
    public void exited() {
        if (nested.read(SysReg.CNTVOFF_EL2) != ownOffset) {
            contextChanged();
        }
        if (inMemory) {
            takeUp(virtual);
            takeUp(physical);
            update();
        }
    }

    private void takeUp(GuestTimer t) {
        long ctl = nested.page().get(t.ctl) & ~ISTATUS;
        if (ctl != (t.control(cpu) & ~ISTATUS)) {
            t.set(cpu, ctl);
        }
        long cval = nested.page().get(t.cval);
        if (cval != t.compare(cpu)) {
            t.setCompare(cpu, cval);
        }
    }

    /** Before an entry at the guest's EL2: what it sees there is as new as this entry. */
    public void entering() {
        if (inMemory) {
            store();
        }
    }

    /** Brings the slots of the VNCR page up to date. */
    private void store() {
        store(virtual);
        store(physical);
    }

    private void store(GuestTimer t) {
        nested.page().set(t.ctl, control(t));
        nested.page().set(t.cval, t.compare(cpu));
    }

    // Outputs

    /** Tells the lines as they are now; after an interrupt of a timer, and before WFI. */
    public void update() {
        for (GuestTimer t : timers) {
            update(t);
        }
    }

    private void update(GuestTimer t) {
        boolean high = isHigh(t);
        if (high != t.high) {
            t.high = high;
            Tracer tracer = vcpu.vm().hypervisor().tracer();
            if (tracer != null) {
                tracer.timer(vcpu, t.intid, high);
            }
            line.accept(t.intid, high);
        }
    }

    /** The output of a timer now, by its INTID. */
    public boolean level(int intid) {
        for (GuestTimer t : timers) {
            if (t.intid == intid) {
                return isHigh(t);
            }
        }
        throw new IllegalArgumentException("no timer has INTID " + intid);
    }

    private boolean isHigh(GuestTimer t) {
        return (control(t) & (ENABLE | IMASK | ISTATUS)) == (ENABLE | ISTATUS);
    }

    /** CTL with ISTATUS as it is now. */
    private long control(GuestTimer t) {
        if (cpu != null) {
            return t.control(cpu);
        }
        long stored = t.control(null);
        boolean met =
                (stored & ENABLE) != 0 && Long.compareUnsigned(count(t), t.compare(null)) >= 0;
        return met ? stored | ISTATUS : stored;
    }

    private long ticks() {
        return vcpu.vm().hypervisor().machine().clock().ticks();
    }

    /** The count that a timer compares with. */
    private long count(GuestTimer t) {
        if (nested != null) {
            long count = ticks() - offset;
            return t == virtual ? count - nested.read(SysReg.CNTVOFF_EL2) : count;
        }
        return t == virtual ? ticks() - offset : ticks();
    }

    /**
     * When an output rises next, in ticks of {@link Clock}; {@link Long#MAX_VALUE} for never. For a
     * vCPU that waits.
     */
    public long nextDeadline() {
        long next = Long.MAX_VALUE;
        for (GuestTimer t : timers) {
            next = Math.min(next, nextDeadline(t));
        }
        return next;
    }

    private long nextDeadline(GuestTimer t) {
        if ((t.control(cpu) & (ENABLE | IMASK)) != ENABLE) {
            return Long.MAX_VALUE;
        }
        long now = ticks();
        long distance = t.compare(cpu) - count(t);
        if (distance <= 0) {
            return Long.MAX_VALUE;
        }
        long at = now + distance;
        return at < now ? Long.MAX_VALUE : at;
    }

    // The guest's accesses

    /** Whether the registers of this one are ours. */
    public static boolean isTimer(SysReg r) {
        return switch (r) {
            case CNTV_CTL_EL0,
                    CNTV_CVAL_EL0,
                    CNTV_TVAL_EL0,
                    CNTP_CTL_EL0,
                    CNTP_CVAL_EL0,
                    CNTP_TVAL_EL0,
                    CNTHP_CTL_EL2,
                    CNTHP_CVAL_EL2,
                    CNTHP_TVAL_EL2,
                    CNTHV_CTL_EL2,
                    CNTHV_CVAL_EL2,
                    CNTHV_TVAL_EL2,
                    CNTPCT_EL0,
                    CNTPCTSS_EL0,
                    CNTVCT_EL0,
                    CNTVCTSS_EL0 ->
                    true;
            default -> false;
        };
    }

    /**
     * Emulates a trapped access ({@code kvm_arm_timer_read_sysreg}); the vCPU is loaded. Which
     * timer a name means depends on the context: {@link #meaning}.
     *
     * @param key the encoding, of a register that {@link #isTimer} knows or of its alias
     * @param iss of EC 0x18: Rt in bits 9:5, direction in bit 0
     */
    public int access(int key, int iss) {
        SysReg r = SysReg.decode(key);
        int rt = iss >> 5 & 31;
        boolean read = (iss & 1) != 0;
        if (nested != null) {
            SysReg named = r;
            r = meaning(key, r);
            if (r == null) {
                ExceptionInjection.undefined(vcpu);
                return Handled.RESUME;
            }
            if (isHostsOwnTrap(named)) {
                NestedExceptions.synchronous(vcpu, Esr.of(Esr.EC_SYSTEM, true, iss));
                return Handled.RESUME;
            }
            if (nested.read(SysReg.CNTVOFF_EL2) != ownOffset) {
                contextChanged();
            }
        }
        if (read) {
            vcpu.setReg(rt, nested == null ? cpu.read(r) : value(r));
        } else {
            if (nested == null) {
                cpu.write(r, vcpu.reg(rt));
            } else {
                setValue(r, vcpu.reg(rt));
            }
            update();
        }
        vcpu.skipInstruction();
        return Handled.RESUME;
    }

    /**
     * The register that a name means where the guest is; null if it is UNDEFINED there. At EL2 with
     * HCR_EL2.E2H, and at EL0 of such a host, the names of EL0 mean EL2's timers, and the aliases
     * EL1's (Arm ARM D11.2.5).
     */
    private SysReg meaning(int key, SysReg r) {
        boolean hyp = nested.isHypContext();
        boolean host = hyp && nested.e2h();
        if (SysReg.isAlias(key)) {
            return host ? r : null;
        }
        if (r.minimumEl() == 2 && !hyp) {
            return null;
        }
        SysReg meant = host && r.el2Counterpart() != null ? r.el2Counterpart() : r;
        Feature f = meant.feature();
        return f == null || vcpu.vm().cpu().has(f) ? meant : null;
    }

    /**
     * Whether EL0 under HCR_EL2.TGE, without E2H, is kept from a register by CNTHCTL_EL2's controls
     * of EL1.
     */
    private boolean isHostsOwnTrap(SysReg r) {
        if (Spsr.el(vcpu.pstate()) != 0 || nested.isNested() || nested.e2h()) {
            return false;
        }
        long own = CnthctlEl2.normalize(nested.read(SysReg.CNTHCTL_EL2), false);
        boolean traps = vcpu.vm().cpu().has(Feature.ECV);
        return switch (r.trap()) {
            case CNTPCT -> (own & CnthctlEl2.EL1PCTEN) == 0;
            case CNTP -> (own & CnthctlEl2.EL1PTEN) == 0;
            case CNTVCT -> traps && (own & CnthctlEl2.EL1TVCT) != 0;
            case CNTV -> traps && (own & CnthctlEl2.EL1TVT) != 0;
            default -> false;
        };
    }

    private long value(SysReg r) {
        return switch (r) {
            case CNTPCT_EL0, CNTPCTSS_EL0 -> ticks() - offset;
            case CNTVCT_EL0, CNTVCTSS_EL0 -> {
                boolean host = nested.isHypContext() && nested.e2h();
                yield ticks() - offset - (host ? 0 : ownOffset);
            }
            default -> {
                GuestTimer t = timerOf(r);
                yield r == t.ctl
                        ? control(t)
                        : r == t.cval ? t.compare(cpu) : t.compare(cpu) - count(t) & 0xffff_ffffL;
            }
        };
    }

    private void setValue(SysReg r, long value) {
        GuestTimer t = timerOf(r);
        if (r == t.ctl) {
            t.set(cpu, value & ~ISTATUS);
        } else {
            t.setCompare(cpu, r == t.cval ? value : count(t) + (int) value);
        }
    }

    private GuestTimer timerOf(SysReg r) {
        return switch (r) {
            case CNTV_CTL_EL0, CNTV_CVAL_EL0, CNTV_TVAL_EL0 -> virtual;
            case CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTP_TVAL_EL0 -> physical;
            case CNTHV_CTL_EL2, CNTHV_CVAL_EL2, CNTHV_TVAL_EL2 -> hypVirtual;
            case CNTHP_CTL_EL2, CNTHP_CVAL_EL2, CNTHP_TVAL_EL2 -> hypPhysical;
            default -> throw new IllegalArgumentException(r.name());
        };
    }

    // User space

    /** The register as user space sees it, by its virtual name; both counts without CNTVOFF_EL2. */
    public long userRead(SysReg r) {
        return switch (r) {
            case CNTVCT_EL0 -> ticks() - offset;
            case CNTPCT_EL0 -> nested != null ? ticks() - offset : ticks();
            default -> {
                GuestTimer t = timerOf(r);
                yield r == t.ctl ? control(t) : t.compare(cpu);
            }
        };
    }

    /** Sets the register as user space does; a counter's value sets its offset. */
    public void userWrite(SysReg r, long value) {
        if (r == SysReg.CNTVCT_EL0) {
            setOffset(ticks() - value);
        } else {
            GuestTimer t = timerOf(r);
            if (r == t.ctl) {
                t.set(cpu, value & (ENABLE | IMASK));
            } else {
                t.setCompare(cpu, value);
            }
            if (nested != null && cpu == null) {
                store();
            }
        }
        update();
    }
}
