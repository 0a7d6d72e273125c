package dev.nido.machine.gic;

import dev.nido.arch.GicParameters;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

/**
 * The CPU interface of one PE (Arm IHI 0069, 4.6 to 4.8 and 12.2): ICC registers and, by {@link
 * VirtualCpuInterface}, ICV and ICH registers. Traps have been checked by the PE.
 *
 * <p>Its registers belong to the PE's thread. The highest priority pending interrupt comes from the
 * distributor under the GIC's lock and may be read without it: an interrupt that it names is only
 * taken after a second look under the lock.
 */
public final class GicCpuInterface {

    public static final int IRQ = 1;
    public static final int FIQ = 2;
    public static final int VIRQ = 4;
    public static final int VFIQ = 8;

    private static final int HCR = SysReg.HCR_EL2.ordinal();

    private static final int CBPR = 1;
    private static final int EOI_MODE = 2;

    /** ICC_SRE_EL1 and ICC_SRE_EL2: only system registers, no bypass; at EL2 also open to EL1. */
    private static final int SRE_EL1 = 7;

    private static final int SRE_EL2 = 15;

    final Gic gic;
    final int index;
    private final GicParameters parameters;
    private final VirtualCpuInterface virtual;
    private final ActivePriorities active = new ActivePriorities();
    private Pe pe;

    private int pmr;
    private int bpr0;
    private int bpr1;
    private int control;

    /** ICC_IGRPEN1_EL1.Enable in bit 1, ICC_IGRPEN0_EL1.Enable in bit 0; written under the lock. */
    private int groups;

    private volatile int highestPending = Gic.NONE;
    private volatile boolean changed;

    GicCpuInterface(Gic gic, int index) {
        this.gic = gic;
        this.index = index;
        this.parameters = gic.parameters;
        this.virtual = new VirtualCpuInterface(this);
        this.bpr0 = parameters.minimumBpr0();
        this.bpr1 = parameters.minimumBpr1();
    }

    /** Connects the PE that is interrupted. */
    public void attach(Pe pe) {
        this.pe = pe;
    }

    /** The state after a reset of the PE alone. */
    public void reset() {
        synchronized (gic.lock) {
            clear();
            gic.recompute(index);
        }
    }

    /** Called with the lock held; the caller computes what is pending. */
    void clear() {
        pmr = 0;
        bpr0 = parameters.minimumBpr0();
        bpr1 = parameters.minimumBpr1();
        control = 0;
        groups = 0;
        active.group0 = 0;
        active.group1 = 0;
        virtual.clear();
        publish(SysReg.ICH_HCR_EL2, 0);
    }

    int groups() {
        return groups;
    }

    /** Keeps a register where the PE looks for its trap bits. */
    void publish(SysReg r, long value) {
        if (pe != null) {
            pe.sys[r.ordinal()] = value;
        }
    }

    /** Called by the distributor, with the lock held. */
    void setHighestPending(int key) {
        if (key != highestPending) {
            highestPending = key;
            if (key != Gic.NONE) {
                changed = true;
            }
        }
    }

    /** Tells the PE to look at its lines, if one may have risen. The lock is not held. */
    void notifyPe() {
        if (changed) {
            changed = false;
            if (pe != null) {
                pe.raiseAttention(Pe.ATTENTION_INTERRUPT);
            }
        }
    }

    /** After the PE's own change of its interface. */
    void notifyIfRaised() {
        if (pe != null && lines() != 0) {
            pe.raiseAttention(Pe.ATTENTION_INTERRUPT);
        }
    }

    /** Interrupt inputs of the PE that are asserted now: any of IRQ, FIQ, VIRQ, VFIQ. */
    public int lines() {
        int lines = virtual.lines();
        int key = highestPending;
        if (key != Gic.NONE && signals(key)) {
            lines |= (key & 1) != 0 ? IRQ : FIQ;
        }
        return lines;
    }

    /** Whether an interrupt passes the priority mask and preempts what is running. */
    private boolean signals(int key) {
        int priority = key >>> 17;
        if (priority >= pmr) {
            return false;
        }
        int running = active.running();
        int mask = groupMask((key & 1) != 0);
        return running == ActivePriorities.IDLE || (priority & mask) < (running & mask);
    }

    private int groupMask(boolean group1) {
        return group1 && (control & CBPR) == 0 ? 0xff << bpr1 & 0xff : 0xff << bpr0 + 1 & 0xff;
    }

    private boolean virtualFor(long routing) {
        return pe.el == 1 && (pe.sys[HCR] & routing) != 0;
    }

    /** Reads an ICC, ICV or ICH register; those of one name by HCR_EL2.FMO and IMO at EL1. */
    public long read(SysReg r) {
        return switch (r) {
            case ICC_IAR1_EL1 ->
                    virtualFor(HcrEl2.IMO) ? virtual.acknowledge(true) : acknowledge(true);
            case ICC_IAR0_EL1 ->
                    virtualFor(HcrEl2.FMO) ? virtual.acknowledge(false) : acknowledge(false);
            case ICC_HPPIR1_EL1 -> virtualFor(HcrEl2.IMO) ? virtual.highest(true) : highest(true);
            case ICC_HPPIR0_EL1 -> virtualFor(HcrEl2.FMO) ? virtual.highest(false) : highest(false);
            case ICC_PMR_EL1 -> virtualFor(HcrEl2.IMO | HcrEl2.FMO) ? virtual.pmr() : pmr;
            case ICC_RPR_EL1 ->
                    virtualFor(HcrEl2.IMO | HcrEl2.FMO)
                            ? virtual.active.running()
                            : active.running();
            case ICC_CTLR_EL1 ->
                    parameters.controlIdentification()
                            | (virtualFor(HcrEl2.IMO | HcrEl2.FMO) ? virtual.control() : control);
            case ICC_BPR0_EL1 -> virtualFor(HcrEl2.FMO) ? virtual.bpr0() : bpr0;
            case ICC_BPR1_EL1 -> virtualFor(HcrEl2.IMO) ? virtual.readBpr1() : readBpr1();
            case ICC_IGRPEN0_EL1 -> virtualFor(HcrEl2.FMO) ? virtual.groups() & 1 : groups & 1;
            case ICC_IGRPEN1_EL1 -> (virtualFor(HcrEl2.IMO) ? virtual.groups() : groups) >> 1;
            case ICC_AP0R0_EL1 ->
                    (virtualFor(HcrEl2.FMO) ? virtual.active : active).group0 & 0xffff_ffffL;
            case ICC_AP1R0_EL1 ->
                    (virtualFor(HcrEl2.IMO) ? virtual.active : active).group1 & 0xffff_ffffL;
            case ICC_SRE_EL1 -> SRE_EL1;
            case ICC_SRE_EL2 -> SRE_EL2;
            case ICH_AP0R0_EL2,
                    ICH_AP1R0_EL2,
                    ICH_HCR_EL2,
                    ICH_VTR_EL2,
                    ICH_MISR_EL2,
                    ICH_EISR_EL2,
                    ICH_ELRSR_EL2,
                    ICH_VMCR_EL2,
                    ICH_LR0_EL2,
                    ICH_LR1_EL2,
                    ICH_LR2_EL2,
                    ICH_LR3_EL2,
                    ICH_LR4_EL2,
                    ICH_LR5_EL2,
                    ICH_LR6_EL2,
                    ICH_LR7_EL2,
                    ICH_LR8_EL2,
                    ICH_LR9_EL2,
                    ICH_LR10_EL2,
                    ICH_LR11_EL2,
                    ICH_LR12_EL2,
                    ICH_LR13_EL2,
                    ICH_LR14_EL2,
                    ICH_LR15_EL2 ->
                    virtual.readHypervisor(r);
            default -> throw GuestException.undefined();
        };
    }

    /** Writes an ICC, ICV or ICH register; those of one name by HCR_EL2.FMO and IMO at EL1. */
    public void write(SysReg r, long value) {
        boolean v =
                switch (r) {
                    case ICC_EOIR1_EL1, ICC_BPR1_EL1, ICC_IGRPEN1_EL1, ICC_AP1R0_EL1 ->
                            virtualFor(HcrEl2.IMO);
                    case ICC_EOIR0_EL1, ICC_BPR0_EL1, ICC_IGRPEN0_EL1, ICC_AP0R0_EL1 ->
                            virtualFor(HcrEl2.FMO);
                    case ICC_PMR_EL1, ICC_CTLR_EL1, ICC_DIR_EL1 ->
                            virtualFor(HcrEl2.IMO | HcrEl2.FMO);
                    case ICC_SGI1R_EL1 -> {
                        gic.sendSgi(index, value, true);
                        yield false;
                    }
                    case ICC_SGI0R_EL1, ICC_ASGI1R_EL1 -> {
                        gic.sendSgi(index, value, false);
                        yield false;
                    }
                    case ICC_SRE_EL1, ICC_SRE_EL2 -> false;
                    default -> true;
                };
        if (v) {
            virtual.write(r, value);
        } else {
            writePhysical(r, value);
        }
        notifyIfRaised();
    }

    private void writePhysical(SysReg r, long value) {
        int v = (int) value;
        switch (r) {
            case ICC_EOIR1_EL1 -> endOfInterrupt(v & 0xff_ffff, true);
            case ICC_EOIR0_EL1 -> endOfInterrupt(v & 0xff_ffff, false);
            case ICC_DIR_EL1 -> {
                int intid = v & 0xff_ffff;
                if ((control & EOI_MODE) != 0 && intid < GicParameters.FIRST_SPECIAL) {
                    gic.deactivate(index, intid);
                }
            }
            case ICC_PMR_EL1 -> pmr = v & parameters.priorityMask();
            case ICC_CTLR_EL1 -> control = v & (CBPR | EOI_MODE);
            case ICC_BPR0_EL1 -> bpr0 = Math.max(v & 7, parameters.minimumBpr0());
            case ICC_BPR1_EL1 -> {
                if ((control & CBPR) == 0) {
                    bpr1 = Math.max(v & 7, parameters.minimumBpr1());
                }
            }
            case ICC_IGRPEN0_EL1 -> enableGroups(groups & 2 | v & 1);
            case ICC_IGRPEN1_EL1 -> enableGroups(groups & 1 | (v & 1) << 1);
            case ICC_AP0R0_EL1 -> active.group0 = v;
            case ICC_AP1R0_EL1 -> active.group1 = v;
            default -> {
                // ICC_SRE is fixed; an SGI register has done its work
            }
        }
    }

    private void enableGroups(int value) {
        synchronized (gic.lock) {
            groups = value;
            gic.recompute(index);
        }
    }

    private long acknowledge(boolean group1) {
        if (highestPending == Gic.NONE) {
            return GicParameters.SPURIOUS;
        }
        int intid;
        synchronized (gic.lock) {
            int key = highestPending;
            if (key == Gic.NONE || (key & 1) != 0 != group1 || !signals(key)) {
                return GicParameters.SPURIOUS;
            }
            intid = key >> 1 & 0xffff;
            gic.activate(index, intid);
            active.activate(key >>> 17 & groupMask(group1), group1);
        }
        if (highestPending != Gic.NONE) {
            notifyIfRaised();
        }
        return intid;
    }

    private long highest(boolean group1) {
        int key = highestPending;
        return key != Gic.NONE && (key & 1) != 0 == group1
                ? key >> 1 & 0xffff
                : GicParameters.SPURIOUS;
    }

    private void endOfInterrupt(int intid, boolean group1) {
        if (intid >= GicParameters.FIRST_SPECIAL && intid <= GicParameters.SPURIOUS) {
            return;
        }
        if (active.drop(group1) && (control & EOI_MODE) == 0) {
            gic.deactivate(index, intid);
        }
    }

    private int readBpr1() {
        return (control & CBPR) != 0 ? Math.min(bpr0 + 1, 7) : bpr1;
    }
}
