package dev.nido.kvm.vgic;

import static dev.nido.arch.IchHcrEl2.NPIE;
import static dev.nido.arch.IchHcrEl2.VGRP0DIE;
import static dev.nido.arch.IchHcrEl2.VGRP0EIE;
import static dev.nido.arch.IchHcrEl2.VGRP1DIE;
import static dev.nido.arch.IchHcrEl2.VGRP1EIE;
import static dev.nido.kvm.vgic.ListRegister.ACTIVE;
import static dev.nido.kvm.vgic.ListRegister.EOI;
import static dev.nido.kvm.vgic.ListRegister.HW;
import static dev.nido.kvm.vgic.ListRegister.PENDING;
import static dev.nido.kvm.vgic.ListRegister.PINTID_SHIFT;
import static dev.nido.kvm.vgic.ListRegister.STATE;

import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.run.PhysicalCpu;

import java.util.function.BooleanSupplier;

/**
 * A vCPU's part of the interrupt controller ({@code struct vgic_cpu}): its SGIs and PPIs, the list
 * of all interrupts that are pending for it or active on it, and the list registers through which
 * the guest gets them.
 *
 * <p>Around every run of the guest: {@link #flush} before, {@link #sync} after. Between the two the
 * guest acknowledges and ends interrupts without an exit. What the list registers cannot hold makes
 * the PE ask for L0 with a maintenance interrupt, which comes before the guest's next instruction:
 *
 * <ul>
 *   <li>nothing pending is left there, but here (NPIE), or the guest enables or disables a group,
 *       whose interrupts may have to be swapped in (VGrpnE, VGrpnD);
 *   <li>the guest ended or deactivated an interrupt that is not there (LRENP): which, is told by
 *       the instruction that it has just executed;
 *   <li>an interrupt ended whose line is to be looked at again (EOI).
 * </ul>
 *
 * <p>{@link #load}, {@link #put}, {@link #flush}, {@link #sync} and the register accesses belong to
 * the thread that runs the vCPU.
 */
public final class VgicCpu {

    /** What it needs of its vCPU. */
    public interface Owner {

        /**
         * There is something for the guest: wakes the vCPU if it waits, makes it exit and enter
         * again if it executes, else does nothing. From any thread, also the vCPU's own.
         */
        void kick();

        /** Whether a thread other than the caller's runs it. */
        boolean isRunning();

        /**
         * The instruction before the guest's PC, which it has just executed, or 0 where it cannot
         * be read.
         */
        int previousInstruction();

        /** X0–X30, or 0 for 31. */
        long reg(int n);
    }

    /** INTID of the physical maintenance interrupt. */
    private static final int MAINTENANCE = 25;

    /** MSR (register), bits 31:20. */
    private static final int MSR = 0xd51;

    final Vgic vgic;
    final int id;
    final Owner owner;

    /** SGIs and PPIs. */
    final VirtualInterrupt[] local = new VirtualInterrupt[32];

    /** GICR_WAKER.ProcessorSleep. */
    boolean asleep;

    private final InterruptList list = new InterruptList();

    private final MappedInterrupts mapped;

    /** For whom the list registers are. */
    private final VirtualInterrupt[] slots = new VirtualInterrupt[16];

    /** A bit for each list register that is in {@link #slots}. */
    private int used;

    /** The list registers are not what they should be. Written under the lock. */
    private volatile boolean stale;

    /** The guest may execute with something in list registers. Written under the lock. */
    private volatile boolean outstanding;

    /** Counts {@link #fold}. Written under the lock. */
    private volatile int folds;

    /** To be kicked once the lock is released. */
    volatile boolean kickDue;

    /** Of a guest hypervisor; else null. */
    private NestedInterface nested;

    /** The PE's interface is, or will be when loaded, that of {@link #nested}. */
    private boolean shadow;

    private PhysicalCpu cpu;
    private final ListRegisters registers;
    private final InterfaceRegisters control = new InterfaceRegisters();

    VgicCpu(Vgic vgic, int id, Owner owner) {
        this.vgic = vgic;
        this.id = id;
        this.owner = owner;
        for (int i = 0; i < 32; i++) {
            local[i] = new VirtualInterrupt(i, this);
        }
        asleep = true;
        mapped = new MappedInterrupts(vgic);
        registers = new ListRegisters(vgic.parameters().listRegisters());
    }

    /** The vCPU's number. */
    public int id() {
        return id;
    }

    /** The guest is a hypervisor, or has ceased to be one: null. Before the vCPU runs. */
    public void setNestedState(NestedState state) {
        nested = state == null ? null : new NestedInterface(this, state);
    }

    /**
     * Whose virtual CPU interface the PE has: the VM's own, which the guest hypervisor executes
     * with and also its guest as long as that takes physical interrupts directly, or with {@code
     * on} the shadow of the one that the guest hypervisor made for its guest. Between exit and
     * entry; if the vCPU is loaded, the PE has the other one then.
     */
    public void switchTo(boolean on) {
        if (on == shadow) {
            return;
        }
        if (cpu == null) {
            shadow = on;
            return;
        }
        putInterface();
        shadow = on;
        loadInterface();
        synchronized (vgic.lock) {
            stale = true;
        }
    }

    /**
     * Has accesses to the interface of the VM's own interrupts trap, as the guest's EL2 asks for
     * its guest that shares it; of a loaded vCPU.
     *
     * @param controls of ICH_HCR_EL2: TC, TALL0, TALL1, TDIR
     */
    public void setTraps(long controls) {
        if (!shadow) {
            registers.setTraps(controls);
        }
    }

    /** Whether the PE's interface is the shadow of the guest hypervisor's. */
    public boolean isShadow() {
        return shadow;
    }

    /** Reset of the CPU interface, as of the vCPU alone; the redistributor keeps its state. */
    public void reset() {
        switchTo(false);
        setControl(SysReg.ICH_VMCR_EL2, 0);
        setControl(SysReg.ICH_AP0R0_EL2, 0);
        setControl(SysReg.ICH_AP1R0_EL2, 0);
    }

    /**
     * Lets a PPI stand for a physical one: the guest's deactivation is the physical interrupt's.
     *
     * @param intid 16 to 31
     * @param physicalIntid 16 to 31
     * @param level of the source now; callable from any thread in deterministic mode, else from the
     *     vCPU's
     */
    public void mapHardware(int intid, int physicalIntid, BooleanSupplier level) {
        synchronized (vgic.lock) {
            mapped.map(local[intid], physicalIntid, level);
            stale = true;
        }
    }

    /**
     * The PE took a physical interrupt, which is acknowledged and whose priority is dropped. The
     * maintenance interrupt is dealt with, so that no reason for it is left.
     *
     * @return whether it is one of {@link #mapHardware}; if not, the caller deactivates it
     */
    public boolean physicalInterrupt(int physicalIntid) {
        if (physicalIntid == MAINTENANCE) {
            if (!shadow) {
                fold();
                return false;
            }
            // Taken note of by sync, which comes before.
            nested.beQuiet();
            return false;
        }
        VirtualInterrupt irq = mapped.of(physicalIntid);
        if (irq == null) {
            return false;
        }
        synchronized (vgic.lock) {
            mapped.taken(irq);
            stale = true;
        }
        return true;
    }

    // Load and put

    /** Gives a PE the guest's CPU interface ({@code vgic_v3_load}). */
    public void load(PhysicalCpu cpu) {
        this.cpu = cpu;
        loadInterface();
        synchronized (vgic.lock) {
            mapped.forget();
            stale = true;
        }
    }

    private void loadInterface() {
        if (shadow) {
            nested.load(cpu);
        } else {
            control.load(cpu);
            registers.load(cpu);
        }
    }

    /** Takes it from the PE again ({@code vgic_v3_put}). */
    public void put() {
        putInterface();
        synchronized (vgic.lock) {
            mapped.release(cpu);
            stale = true;
        }
        cpu = null;
    }

    private void putInterface() {
        if (shadow) {
            syncShadow();
            nested.put();
            return;
        }
        fold();
        control.put();
        synchronized (vgic.lock) {
            releaseAll();
            registers.put();
        }
    }

    // The list

    void add(VirtualInterrupt irq) {
        list.add(irq);
        irq.listed = this;
    }

    void remove(VirtualInterrupt irq) {
        list.remove(irq);
        irq.listed = null;
        if (irq.lr >= 0) {
            used &= ~(1 << irq.lr);
            release(irq.lr);
        }
        stale = true;
    }

    private void release(int slot) {
        VirtualInterrupt irq = slots[slot];
        if (irq != null) {
            slots[slot] = null;
            irq.lr = -1;
            irq.filledPending = false;
            irq.relatched = false;
        }
    }

    private void releaseAll() {
        for (int i = 0; i < registers.count(); i++) {
            release(i);
        }
        used = 0;
    }

    /** Its list registers have to be filled again. */
    void changed(boolean kick) {
        stale = true;
        if (kick || outstanding) {
            kickDue = true;
            vgic.kicksDue = true;
        }
    }

    void physicalChanged() {
        stale = true;
    }

    boolean outstanding() {
        return outstanding;
    }

    int folds() {
        return folds;
    }

    // Entry

    /**
     * Whether {@link #flush} has something to do: to be asked once more after the vCPU has declared
     * that it enters the guest, and can be kicked out.
     */
    public boolean stale() {
        return stale;
    }

    /** Fills the list registers ({@code kvm_vgic_flush_hwstate}). */
    public void flush() {
        if (shadow) {
            flushShadow();
            return;
        }
        if (nested != null) {
            nested.driveMaintenance();
            nested.watchMaintenance();
        }
        if (!stale && used == 0 && !mapped.anyHigh()) {
            return;
        }
        sync();
        synchronized (vgic.lock) {
            mapped.sampleHigh();
            if (stale) {
                stale = false;
                fill();
                mapped.settle(cpu);
            }
            outstanding = used != 0;
        }
    }

    private void flushShadow() {
        synchronized (vgic.lock) {
            mapped.sampleHigh();
            mapped.settle(cpu);
            nested.review();
            outstanding = true;
        }
    }

    /** Asks the sources of mapped interrupts. The lock is held. */
    void sampleLines() {
        mapped.sampleAll();
    }

    private void fill() {
        int n = registers.count();
        long watch = ListRegisters.CONTROL;
        boolean all = list.size() <= n;
        if (all) {
            int free = ~used;
            for (int i = 0; i < list.size(); i++) {
                VirtualInterrupt irq = list.get(i);
                if (irq.lr < 0) {
                    assign(irq, Integer.numberOfTrailingZeros(free));
                    free = ~used;
                }
            }
        } else {
            watch = select(n);
        }
        for (int i = 0; i < n; i++) {
            write(i, slots[i] == null ? 0 : value(slots[i], all));
        }
        registers.setControl(watch);
    }

    private void assign(VirtualInterrupt irq, int slot) {
        slots[slot] = irq;
        irq.lr = slot;
        used |= 1 << slot;
    }

    /**
     * More interrupts than list registers. Those of the highest priority that the guest may take go
     * in, and with them what it has active, of which some may have to stay out; at least one goes
     * in that can be taken.
     *
     * @return ICH_HCR_EL2, so that no change goes unseen that needs others
     */
    private long select(int n) {
        int groups = (int) control.get(SysReg.ICH_VMCR_EL2) & 3;
        releaseAll();
        list.sort(groups);
        int takeable = list.takeable();
        int active = list.active();
        int pending = Math.min(takeable, Math.max(1, n - active));
        int slot = 0;
        for (int i = 0; i < pending; i++) {
            assign(list.get(i), slot++);
        }
        for (int i = 0; i < active && slot < n; i++) {
            assign(list.get(takeable + i), slot++);
        }
        return ListRegisters.CONTROL
                | (takeable > pending ? NPIE : 0)
                | ((groups & 1) != 0 ? VGRP0DIE : VGRP0EIE)
                | ((groups & 2) != 0 ? VGRP1DIE : VGRP1EIE);
    }

    /**
     * @param all every interrupt of the list has a list register
     */
    private long value(VirtualInterrupt irq, boolean all) {
        long value = irq.fields();
        boolean asPending = !irq.active;
        if (irq.active) {
            value |= ACTIVE;
            // Pending again once it ends; but if others stay outside, those may come first then.
            asPending = all && !irq.byHardware() && irq.target == this && vgic.deliverable(irq);
        }
        if (asPending) {
            value |= PENDING;
        }
        if (irq.byHardware()) {
            value |= HW | (long) irq.physical << PINTID_SHIFT;
        } else if (!irq.edge || irq.target != this || irq.active && !asPending && irq.latch) {
            value |= EOI;
        }
        irq.filledPending = asPending;
        irq.relatched = false;
        return value;
    }

    private void write(int i, long value) {
        if (registers.write(i, value)) {
            Tracer tracer = vgic.tracer();
            if (tracer != null) {
                tracer.listRegister(traced(), i, value);
            }
        }
    }

    /** Whose events these are. */
    Vcpu traced() {
        return vgic.traced().vcpus().get(id);
    }

    // Exit

    /**
     * Takes back what the guest did with its list registers ({@code kvm_vgic_sync_hwstate}), before
     * anything is emulated.
     */
    public void sync() {
        if (shadow) {
            syncShadow();
            return;
        }
        if (outstanding) {
            fold();
        }
        if (nested != null) {
            nested.driveMaintenance();
        }
    }

    private void syncShadow() {
        synchronized (vgic.lock) {
            outstanding = false;
            folds = folds + 1;
            kickDue = false;
        }
        nested.sync();
        nested.driveMaintenance();
        vgic.deliverKicks();
    }

    private void fold() {
        boolean absent;
        synchronized (vgic.lock) {
            for (int m = used; m != 0; m &= m - 1) {
                int i = Integer.numberOfTrailingZeros(m);
                long was = registers.held(i);
                if (registers.look(i)) {
                    fold(slots[i], was, registers.held(i));
                    if ((registers.held(i) & STATE) == 0) {
                        registers.write(i, 0);
                    }
                    stale = true;
                }
            }
            outstanding = false;
            folds = folds + 1;
            absent = registers.takeEnds();
            if (absent || registers.isWatching()) {
                // What the guest did to its interface may call for another selection. No reason
                // is left for the maintenance interrupt meanwhile.
                registers.setControl(ListRegisters.CONTROL);
                stale = true;
            }
            if (stale) {
                for (int m = used; m != 0; m &= m - 1) {
                    vgic.update(slots[Integer.numberOfTrailingZeros(m)]);
                }
            }
            kickDue = false;
        }
        if (absent) {
            int intid = endedIntid();
            if (intid >= 0) {
                vgic.deactivate(this, intid);
                kickDue = false;
            }
        }
        vgic.deliverKicks();
    }

    private void fold(VirtualInterrupt irq, long was, long now) {
        boolean pending = (now & PENDING) != 0;
        if (irq.filledPending && !pending) {
            irq.latch = irq.relatched;
        }
        irq.filledPending = pending;
        irq.relatched = false;
        boolean active = (now & ACTIVE) != 0;
        if (active && !irq.active) {
            irq.owner = this;
        }
        irq.active = active;
        if ((was & HW) != 0 && (now & STATE) == 0) {
            irq.physicalActive = false;
        }
    }

    /** INTID of the ICC_EOIR or ICC_DIR write that the guest has just executed, or -1. */
    private int endedIntid() {
        int word = owner.previousInstruction();
        if (word >>> 20 != MSR) {
            return -1;
        }
        SysReg r = SysReg.decode(word >>> 5 & 0xffff);
        boolean ends =
                r == SysReg.ICC_EOIR1_EL1 || r == SysReg.ICC_EOIR0_EL1 || r == SysReg.ICC_DIR_EL1;
        return ends ? (int) owner.reg(word & 31) & 0xff_ffff : -1;
    }

    // What the CPU interface would do

    /**
     * Whether an interrupt is signalled to the guest, whatever PSTATE masks: it wakes the guest
     * from WFI ({@code kvm_vgic_vcpu_pending_irq}).
     */
    public boolean pending() {
        synchronized (vgic.lock) {
            if (highest() != 0) {
                return true;
            }
        }
        return shadow && nested.pending();
    }

    /**
     * What is signalled by the VM's interrupt controller itself, as its interface is or, while the
     * PE has the shadow of another one, was left: to the guest hypervisor then. That one has to
     * take it before its guest executes another instruction. To be asked before each entry with a
     * shadow: only what comes later makes {@link #stale} true.
     *
     * @return IRQ in bit 0, FIQ in bit 1
     */
    public int signalled() {
        synchronized (vgic.lock) {
            if (shadow) {
                stale = false;
            }
            return highest();
        }
    }

    /** The same; the lock is held. */
    private int highest() {
        mapped.sampleAll();
        if (list.size() == 0) {
            return 0;
        }
        VirtualInterfaceState state = control.state(vgic.parameters());
        VirtualInterrupt best = list.first(vgic, state.groups());
        if (best == null || !state.signals(best.priority, best.group1)) {
            return 0;
        }
        return best.group1 ? 1 : 2;
    }

    /**
     * ICH_MISR, ICH_EISR, ICH_ELRSR or ICH_VTR_EL2 as the guest hypervisor reads it.
     *
     * @throws IllegalArgumentException for others
     */
    public long status(SysReg r) {
        return nested.status(r);
    }

    /** ICH_VMCR, ICH_AP0R0 or ICH_AP1R0_EL2, wherever it is now. */
    long control(SysReg r) {
        return control.get(r);
    }

    void setControl(SysReg r, long value) {
        control.set(r, value);
        stale = true;
    }

    /**
     * A write of ICC_SGI1R, ICC_SGI0R or ICC_ASGI1R_EL1, which always trap from a guest.
     *
     * @return whether {@code r} is one of them
     */
    public boolean writeSgi(SysReg r, long value) {
        switch (r) {
            case ICC_SGI1R_EL1 -> vgic.sendSgi(this, value, true);
            case ICC_SGI0R_EL1, ICC_ASGI1R_EL1 -> vgic.sendSgi(this, value, false);
            default -> {
                return false;
            }
        }
        return true;
    }
}
