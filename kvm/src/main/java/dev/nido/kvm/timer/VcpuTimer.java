package dev.nido.kvm.timer;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.machine.Clock;
import dev.nido.machine.timer.GenericTimer;

import java.util.function.BiConsumer;

/**
 * The two timers of a guest at EL1 ({@code struct arch_timer_cpu}). While the vCPU is loaded they
 * are the PE's own CNTV and CNTP, but the guest's accesses trap, so that no change of a timer's
 * output goes unseen: an interrupt that waits in a list register falls together with its line.
 */
public final class VcpuTimer {

    private static final long ENABLE = 1;
    private static final long IMASK = 2;
    private static final long ISTATUS = 4;

    /** Nobody but us uses the counter's event stream and EL0's accesses are the guest's matter. */
    private static final long TRAPS = CnthctlEl2.EL1PCTEN | CnthctlEl2.EL1TVT;

    private final Vcpu vcpu;
    private final BiConsumer<Integer, Boolean> line;
    private final Timer virtual =
            new Timer(SysReg.CNTV_CTL_EL0, SysReg.CNTV_CVAL_EL0, GenericTimer.CNTV_INTID);
    private final Timer physical =
            new Timer(SysReg.CNTP_CTL_EL0, SysReg.CNTP_CVAL_EL0, GenericTimer.CNTP_INTID);
    private PhysicalCpu cpu;
    private long offset;

    /** One of the timers: its registers while it is not loaded, and what its line was last. */
    private static final class Timer {
        final SysReg ctl;
        final SysReg cval;
        final int intid;
        long ctlValue;
        long cvalValue;
        boolean high;

        Timer(SysReg ctl, SysReg cval, int intid) {
            this.ctl = ctl;
            this.cval = cval;
            this.intid = intid;
        }
    }

    /**
     * @param line takes INTID and level whenever an output changes
     */
    public VcpuTimer(Vcpu vcpu, BiConsumer<Integer, Boolean> line) {
        this.vcpu = vcpu;
        this.line = line;
    }

    /** Timers off, no offset. */
    public void reset() {
        for (Timer t : new Timer[] {virtual, physical}) {
            if (cpu != null) {
                cpu.write(t.ctl, 0);
                cpu.write(t.cval, 0);
            } else {
                t.ctlValue = 0;
                t.cvalValue = 0;
            }
        }
        update();
    }

    /** What the guest's virtual counter lags behind the physical one, in ticks (CNTVOFF_EL2). */
    public void setOffset(long ticks) {
        offset = ticks;
        if (cpu != null) {
            cpu.write(SysReg.CNTVOFF_EL2, ticks);
        }
    }

    /** See {@link #setOffset}. */
    public long offset() {
        return offset;
    }

    /** Gives the PE the guest's timers ({@code kvm_timer_vcpu_load}). */
    public void load(PhysicalCpu cpu) {
        this.cpu = cpu;
        cpu.write(SysReg.CNTVOFF_EL2, offset);
        cpu.write(SysReg.CNTHCTL_EL2, TRAPS);
        load(virtual);
        load(physical);
        update();
    }

    private void load(Timer t) {
        cpu.write(t.cval, t.cvalValue);
        cpu.write(t.ctl, t.ctlValue);
    }

    /** The vCPU has gone from its EL2 to a guest of its guest, or back. */
    public void contextChanged() {
        update();
    }

    /** Takes them from the PE, which goes on without ({@code kvm_timer_vcpu_put}). */
    public void put() {
        put(virtual);
        put(physical);
        cpu = null;
    }

    private void put(Timer t) {
        t.cvalValue = cpu.read(t.cval);
        t.ctlValue = cpu.read(t.ctl) & ~ISTATUS;
        cpu.write(t.ctl, 0);
    }

    /** Tells the lines as they are now; after an interrupt of a timer, and before WFI. */
    public void update() {
        update(virtual);
        update(physical);
    }

    private void update(Timer t) {
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
        return isHigh(intid == virtual.intid ? virtual : physical);
    }

    private boolean isHigh(Timer t) {
        if (cpu != null) {
            return (cpu.read(t.ctl) & (ENABLE | IMASK | ISTATUS)) == (ENABLE | ISTATUS);
        }
        return (t.ctlValue & (ENABLE | IMASK)) == ENABLE
                && Long.compareUnsigned(count(t), t.cvalValue) >= 0;
    }

    private long count(Timer t) {
        long ticks = vcpu.vm().hypervisor().machine().clock().ticks();
        return t == virtual ? ticks - offset : ticks;
    }

    /**
     * When an output rises next, in ticks of {@link Clock}; {@link Long#MAX_VALUE} for never. For a
     * vCPU that waits.
     */
    public long nextDeadline() {
        return Math.min(nextDeadline(virtual), nextDeadline(physical));
    }

    private long nextDeadline(Timer t) {
        long ctl = cpu != null ? cpu.read(t.ctl) : t.ctlValue;
        if ((ctl & (ENABLE | IMASK)) != ENABLE) {
            return Long.MAX_VALUE;
        }
        long now = vcpu.vm().hypervisor().machine().clock().ticks();
        long distance = (cpu != null ? cpu.read(t.cval) : t.cvalValue) - count(t);
        if (distance <= 0) {
            return Long.MAX_VALUE;
        }
        long at = now + distance;
        return at < now ? Long.MAX_VALUE : at;
    }

    /** Whether the registers of this one are ours. */
    public static boolean isTimer(SysReg r) {
        return switch (r) {
            case CNTV_CTL_EL0,
                    CNTV_CVAL_EL0,
                    CNTV_TVAL_EL0,
                    CNTP_CTL_EL0,
                    CNTP_CVAL_EL0,
                    CNTP_TVAL_EL0,
                    CNTPCT_EL0,
                    CNTPCTSS_EL0 ->
                    true;
            default -> false;
        };
    }

    /**
     * Emulates a trapped access ({@code kvm_arm_timer_read_sysreg}); the vCPU is loaded.
     *
     * @param iss of EC 0x18: Rt in bits 9:5, direction in bit 0
     */
    public int access(SysReg r, int iss) {
        int rt = iss >> 5 & 31;
        if ((iss & 1) != 0) {
            vcpu.setReg(rt, cpu.read(r));
        } else {
            cpu.write(r, vcpu.reg(rt));
            update();
        }
        vcpu.skipInstruction();
        return Handled.RESUME;
    }

    /** The register as user space sees it. */
    public long userRead(SysReg r) {
        if (cpu != null) {
            return cpu.read(r);
        }
        return switch (r) {
            case CNTV_CTL_EL0 -> control(virtual);
            case CNTP_CTL_EL0 -> control(physical);
            case CNTV_CVAL_EL0 -> virtual.cvalValue;
            case CNTP_CVAL_EL0 -> physical.cvalValue;
            case CNTVCT_EL0 -> count(virtual);
            case CNTPCT_EL0 -> count(physical);
            default -> throw new IllegalArgumentException(r.name());
        };
    }

    private long control(Timer t) {
        boolean met =
                (t.ctlValue & ENABLE) != 0 && Long.compareUnsigned(count(t), t.cvalValue) >= 0;
        return met ? t.ctlValue | ISTATUS : t.ctlValue;
    }

    /** Sets the register as user space does; a counter's value sets its offset. */
    public void userWrite(SysReg r, long value) {
        if (r == SysReg.CNTVCT_EL0) {
            setOffset(vcpu.vm().hypervisor().machine().clock().ticks() - value);
        } else if (cpu != null) {
            cpu.write(r, value);
        } else {
            switch (r) {
                case CNTV_CTL_EL0 -> virtual.ctlValue = value & (ENABLE | IMASK);
                case CNTP_CTL_EL0 -> physical.ctlValue = value & (ENABLE | IMASK);
                case CNTV_CVAL_EL0 -> virtual.cvalValue = value;
                case CNTP_CVAL_EL0 -> physical.cvalValue = value;
                default -> throw new IllegalArgumentException(r.name());
            }
        }
        update();
    }

    /** Whether a trap is one of EC 0x18 for a timer register. */
    public static SysReg registerOf(long esr) {
        int iss = Esr.iss(esr);
        int key =
                SysReg.key(
                        iss >> 20 & 3, iss >> 14 & 7, iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7);
        return SysReg.decode(key);
    }
}
