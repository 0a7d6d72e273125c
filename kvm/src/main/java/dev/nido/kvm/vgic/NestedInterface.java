package dev.nido.kvm.vgic;

import static dev.nido.arch.IchHcrEl2.EN;
import static dev.nido.arch.IchHcrEl2.EOI_COUNT_SHIFT;
import static dev.nido.arch.IchHcrEl2.LRENPIE;
import static dev.nido.arch.IchHcrEl2.NPIE;
import static dev.nido.arch.IchHcrEl2.TALL0;
import static dev.nido.arch.IchHcrEl2.TALL1;
import static dev.nido.arch.IchHcrEl2.TC;
import static dev.nido.arch.IchHcrEl2.TDIR;
import static dev.nido.arch.IchHcrEl2.TSEI;
import static dev.nido.arch.IchHcrEl2.UIE;
import static dev.nido.arch.IchHcrEl2.VGRP0DIE;
import static dev.nido.arch.IchHcrEl2.VGRP0EIE;
import static dev.nido.arch.IchHcrEl2.VGRP1DIE;
import static dev.nido.arch.IchHcrEl2.VGRP1EIE;
import static dev.nido.kvm.vgic.ListRegister.ACTIVE;
import static dev.nido.kvm.vgic.ListRegister.EOI;
import static dev.nido.kvm.vgic.ListRegister.GROUP1;
import static dev.nido.kvm.vgic.ListRegister.HW;
import static dev.nido.kvm.vgic.ListRegister.PENDING;
import static dev.nido.kvm.vgic.ListRegister.PINTID_SHIFT;
import static dev.nido.kvm.vgic.ListRegister.PRIORITY_SHIFT;
import static dev.nido.kvm.vgic.ListRegister.STATE;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.run.PhysicalCpu;

/**
 * The virtual CPU interface that a guest hypervisor has made for its own guest: its ICH registers
 * in {@link NestedState}, and while its guest executes the PE's, which are then <em>shadows</em> of
 * them ({@code vgic-v3-nested.c}).
 *
 * <p>A list register that holds nothing has no shadow; the others are packed. One with HW = 1 names
 * an interrupt of the guest hypervisor, which is to become inactive together with it. If that one
 * stands for a physical interrupt of the same PE, the shadow has HW = 1 too, and nothing exits. If
 * not, the shadow has HW = 0 and asks for a maintenance interrupt at its end: of this the guest
 * hypervisor learns nothing, but its interrupt becomes inactive before the next instruction, as on
 * a machine of its own.
 *
 * <p>While the guest hypervisor's maintenance interrupt is asserted and cannot be taken, the PE has
 * none of its conditions, and is <em>quiet</em>: the level is computed at each exit.
 *
 * <p>Belongs to the thread that runs the vCPU.
 */
final class NestedInterface {

    private static final int COUNT = 16;
    private static final long PINTID = 0x1fffL << PINTID_SHIFT;
    private static final long EOI_COUNT = 0x1fL << EOI_COUNT_SHIFT;

    /** The bits of ICH_HCR_EL2 that choose conditions of a maintenance interrupt. */
    private static final long CONDITIONS =
            UIE | LRENPIE | NPIE | VGRP0EIE | VGRP0DIE | VGRP1EIE | VGRP1DIE;

    /** All that an implementation without GICv4 has. */
    private static final long CONTROL =
            EN | CONDITIONS | TC | TALL0 | TALL1 | TSEI | TDIR | EOI_COUNT;

    private final VgicCpu vgicCpu;
    private final NestedState state;
    private final int implemented;

    /** By slot, which is a list register of the PE: what is in it. */
    private final long[] held = new long[COUNT];

    /** By slot: the guest hypervisor's list register that it shadows. */
    private final int[] origin = new int[COUNT];

    /** By slot: the guest hypervisor's interrupt that ends with it, or null. */
    private final VirtualInterrupt[] linked = new VirtualInterrupt[COUNT];

    /**
     * The guest hypervisor has not enabled its interface, so that nothing is signalled. The PE's is
     * enabled nevertheless, for the ends that are to be seen, with only what is active.
     */
    private boolean silent;

    private boolean quiet;

    /** What {@link NestedState#trapInterface} was told last. */
    private boolean watched;

    /** Slots in use: 0 to this. */
    private int used;

    /** Interrupts of the guest hypervisor that its guest has ended in the PE. */
    private final VirtualInterrupt[] ended = new VirtualInterrupt[COUNT];

    private int endedCount;
    private PhysicalCpu cpu;

    NestedInterface(VgicCpu vgicCpu, NestedState state) {
        this.vgicCpu = vgicCpu;
        this.state = state;
        implemented = vgicCpu.vgic.parameters().listRegisters();
    }

    // Load and put

    /** Makes the shadows in a PE whose list registers are empty ({@code vgic_v3_load_nested}). */
    void load(PhysicalCpu cpu) {
        this.cpu = cpu;
        InterfaceRegisters.load(
                cpu,
                state.read(SysReg.ICH_VMCR_EL2),
                state.read(SysReg.ICH_AP0R0_EL2),
                state.read(SysReg.ICH_AP1R0_EL2));
        silent = (state.read(SysReg.ICH_HCR_EL2) & EN) == 0;
        quiet = silent | driveMaintenance();
        synchronized (vgicCpu.vgic.lock) {
            for (int i = 0; i < implemented; i++) {
                long value = state.read(ListRegister.of(i));
                if (silent) {
                    value &= ~PENDING;
                }
                if (!isFree(value)) {
                    origin[used] = i;
                    held[used] = shadow(used, value);
                    cpu.write(ListRegister.of(used), held[used]);
                    used++;
                }
            }
        }
        // Last, so that no condition is seen that is none.
        control();
        Tracer tracer = vgicCpu.vgic.tracer();
        if (tracer != null) {
            long[] original = new long[used];
            for (int slot = 0; slot < used; slot++) {
                original[slot] = state.read(ListRegister.of(origin[slot]));
            }
            tracer.shadowListRegisters(vgicCpu.traced(), used, held, original);
        }
    }

    private void control() {
        long hcr = state.read(SysReg.ICH_HCR_EL2) & CONTROL;
        cpu.write(SysReg.ICH_HCR_EL2, EN | (quiet ? hcr & ~CONDITIONS : hcr));
    }

    /**
     * Is quiet if the guest hypervisor's maintenance interrupt is asserted, so that the physical
     * one is not. After {@link #sync}.
     */
    void beQuiet() {
        if (quiet != (maintenanceInterrupt().level || silent)) {
            quiet = !quiet;
            for (int slot = 0; slot < used; slot++) {
                long value = state.read(ListRegister.of(origin[slot]));
                if ((value & HW) == 0) {
                    held[slot] = held[slot] & ~EOI | (quiet ? 0 : value & EOI);
                    cpu.write(ListRegister.of(slot), held[slot]);
                }
            }
            control();
        }
    }

    /** Neither an interrupt nor the message that one has ended. */
    private static boolean isFree(long value) {
        return (value & STATE) == 0 && (value & (HW | EOI)) != EOI;
    }

    private long shadow(int slot, long value) {
        linked[slot] = null;
        if ((value & HW) == 0) {
            return quiet ? value & ~EOI : value;
        }
        long alone = value & ~(HW | PINTID);
        if (intid(value) >= GicParameters.FIRST_LPI) {
            // Has no active state, so nothing is deactivated.
            return alone;
        }
        int pintid = (int) (value >>> PINTID_SHIFT) & 0x1fff;
        VirtualInterrupt irq = vgicCpu.vgic.find(vgicCpu.id, pintid);
        linked[slot] = irq;
        if (irq == null) {
            return alone;
        }
        return irq.byHardware() ? alone | HW | (long) irq.physical << PINTID_SHIFT : alone | EOI;
    }

    /**
     * Before an entry, with the maintenance interrupt driven: no condition that is true already
     * interrupts, and an interrupt that has become pending by software, or edge-triggered, has to
     * be seen at once when it is deactivated. The lock is held.
     */
    void review() {
        beQuiet();
        for (int slot = 0; slot < used; slot++) {
            if ((held[slot] & HW) != 0 && linked[slot] != null && !linked[slot].byHardware()) {
                held[slot] = held[slot] & ~(HW | PINTID) | EOI;
                cpu.write(ListRegister.of(slot), held[slot]);
            }
        }
    }

    /**
     * Takes back what the guest hypervisor's guest did. Then {@link NestedState} is as if that one
     * had used the registers themselves. The lock is not held.
     */
    void sync() {
        copy(SysReg.ICH_VMCR_EL2, -1);
        copy(SysReg.ICH_AP0R0_EL2, -1);
        copy(SysReg.ICH_AP1R0_EL2, -1);
        copy(SysReg.ICH_HCR_EL2, EOI_COUNT);
        for (int slot = 0; slot < used; slot++) {
            long now = cpu.read(ListRegister.of(slot));
            long was = held[slot];
            if (now != was) {
                held[slot] = now;
                SysReg mine = ListRegister.of(origin[slot]);
                long kept = silent ? ~ACTIVE : ~STATE;
                state.write(mine, state.read(mine) & kept | now & STATE);
                if (linked[slot] != null && isEnd(was, now)) {
                    end(slot);
                }
            }
        }
        while (endedCount != 0) {
            VirtualInterrupt irq = ended[--endedCount];
            vgicCpu.vgic.deactivate(vgicCpu, irq.intid);
        }
    }

    private void copy(SysReg r, long bits) {
        long mine = state.read(r);
        long now = mine & ~bits | cpu.read(r) & bits;
        if (now != mine) {
            state.write(r, now);
        }
    }

    private static boolean isEnd(long was, long now) {
        return (now & STATE) == 0 || (was & ACTIVE) != 0 && (now & ACTIVE) == 0;
    }

    private void end(int slot) {
        VirtualInterrupt irq = linked[slot];
        if ((held[slot] & HW) != 0) {
            synchronized (vgicCpu.vgic.lock) {
                irq.physicalActive = false;
            }
        }
        ended[endedCount++] = irq;
        Tracer tracer = vgicCpu.vgic.tracer();
        if (tracer != null) {
            int i = origin[slot];
            long value = state.read(ListRegister.of(i));
            tracer.linkedInterruptEnded(vgicCpu.traced(), i, value, irq.intid);
        }
        if ((held[slot] & STATE) == 0) {
            linked[slot] = null;
            held[slot] = 0;
            cpu.write(ListRegister.of(slot), 0);
        }
    }

    /** Leaves the PE's list registers empty and disabled, after {@link #sync}. */
    void put() {
        Tracer tracer = vgicCpu.vgic.tracer();
        if (tracer != null) {
            tracer.shadowListRegistersPut(vgicCpu.traced(), used, held);
        }
        cpu.write(SysReg.ICH_HCR_EL2, 0);
        for (int slot = 0; slot < used; slot++) {
            cpu.write(ListRegister.of(slot), 0);
            linked[slot] = null;
        }
        used = 0;
        cpu = null;
    }

    // The maintenance interrupt

    private VirtualInterrupt maintenanceInterrupt() {
        return vgicCpu.local[vgicCpu.vgic.maintenanceIntid()];
    }

    /** Gives it the level that the registers say, and says it. The lock is not held. */
    boolean driveMaintenance() {
        boolean level = maintenance();
        VirtualInterrupt irq = maintenanceInterrupt();
        if (irq.level != level) {
            synchronized (vgicCpu.vgic.lock) {
                if (irq.drive(level)) {
                    vgicCpu.vgic.update(irq);
                }
                vgicCpu.kickDue = false;
            }
        }
        return level;
    }

    /** Before the guest hypervisor itself executes: see {@link NestedState#trapInterface}. */
    void watchMaintenance() {
        VirtualInterrupt irq = maintenanceInterrupt();
        boolean watch = irq.level && vgicCpu.vgic.deliverable(irq);
        if (watch != watched) {
            watched = watch;
            state.trapInterface(watch);
        }
    }

    // What the registers say

    /** Level of the guest hypervisor's maintenance interrupt. */
    boolean maintenance() {
        long hcr = state.read(SysReg.ICH_HCR_EL2);
        return (hcr & EN) != 0 && misr(hcr) != 0;
    }

    /** ICH_MISR, ICH_EISR, ICH_ELRSR or ICH_VTR_EL2, which are computed from the others. */
    long status(SysReg r) {
        return switch (r) {
            case ICH_MISR_EL2 -> misr(state.read(SysReg.ICH_HCR_EL2));
            case ICH_EISR_EL2 -> eisr();
            case ICH_ELRSR_EL2 -> elrsr();
            case ICH_VTR_EL2 -> vgicCpu.vgic.parameters().vtr();
            default -> throw new IllegalArgumentException(r.name());
        };
    }

    private int eisr() {
        int bits = 0;
        for (int i = 0; i < implemented; i++) {
            if ((state.read(ListRegister.of(i)) & (STATE | HW | EOI)) == EOI) {
                bits |= 1 << i;
            }
        }
        return bits;
    }

    private int elrsr() {
        int bits = 0;
        for (int i = 0; i < implemented; i++) {
            if (isFree(state.read(ListRegister.of(i)))) {
                bits |= 1 << i;
            }
        }
        return bits;
    }

    private long misr(long hcr) {
        int taken = 0;
        boolean waiting = false;
        boolean message = false;
        for (int i = 0; i < implemented; i++) {
            long value = state.read(ListRegister.of(i));
            if ((value & STATE) != 0) {
                taken++;
                waiting |= (value & STATE) == PENDING;
            } else {
                message |= (value & (HW | EOI)) == EOI;
            }
        }
        long status = message ? 1 : 0;
        status |= taken <= 1 ? hcr & UIE : 0;
        status |= (hcr & EOI_COUNT) != 0 ? hcr & LRENPIE : 0;
        status |= waiting ? 0 : hcr & NPIE;
        long vmcr = state.read(SysReg.ICH_VMCR_EL2);
        status |= hcr & ((vmcr & 1) != 0 ? VGRP0EIE : VGRP0DIE);
        return status | hcr & ((vmcr & 2) != 0 ? VGRP1EIE : VGRP1DIE);
    }

    /** Whether an interrupt is signalled to the guest hypervisor's guest. */
    boolean pending() {
        if ((state.read(SysReg.ICH_HCR_EL2) & EN) == 0) {
            return false;
        }
        VirtualInterfaceState view =
                new VirtualInterfaceState(
                        vgicCpu.vgic.parameters(),
                        state.read(SysReg.ICH_VMCR_EL2),
                        state.read(SysReg.ICH_AP0R0_EL2),
                        state.read(SysReg.ICH_AP1R0_EL2));
        long best = 0;
        int bestKey = Integer.MAX_VALUE;
        for (int i = 0; i < implemented; i++) {
            long value = state.read(ListRegister.of(i));
            int group = (value & GROUP1) != 0 ? 2 : 1;
            if ((value & STATE) == PENDING && (view.groups() & group) != 0) {
                int key = priority(value) << 16 | intid(value);
                if (key < bestKey) {
                    bestKey = key;
                    best = value;
                }
            }
        }
        return bestKey != Integer.MAX_VALUE && view.signals(priority(best), (best & GROUP1) != 0);
    }

    private int priority(long value) {
        return (int) (value >>> PRIORITY_SHIFT) & vgicCpu.vgic.parameters().priorityMask();
    }

    private static int intid(long value) {
        return (int) value & 0xffff;
    }
}
