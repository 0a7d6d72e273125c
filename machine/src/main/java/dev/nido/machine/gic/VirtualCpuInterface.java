package dev.nido.machine.gic;

import static dev.nido.arch.IchHcrEl2.*;

import dev.nido.arch.GicParameters;
import dev.nido.arch.SysReg;
import dev.nido.machine.pe.GuestException;

import java.util.Arrays;

/**
 * The virtual CPU interface of one PE (Arm IHI 0069, 6.1 and 12.4): ICV registers for software at
 * EL1, ICH registers for a hypervisor, and the maintenance interrupt. Touched by its PE's thread
 * only.
 *
 * <p>ICH registers keep every bit that was written, reserved ones too; what they do follows the
 * implemented fields.
 */
final class VirtualCpuInterface {

    /** INTID of the maintenance interrupt: PPI 9. */
    static final int MAINTENANCE = 25;

    private static final long MAINTENANCE_ENABLES =
            UIE | LRENPIE | NPIE | VGRP0EIE | VGRP0DIE | VGRP1EIE | VGRP1DIE;

    // ICH_VMCR_EL2
    private static final int VCBPR = 1 << 4;
    private static final int VEOIM = 1 << 9;
    private static final int VBPR1_SHIFT = 18;
    private static final int VBPR0_SHIFT = 21;
    private static final int VPMR_SHIFT = 24;

    // ICH_LR
    private static final long EOI = 1L << 41;
    private static final long GROUP1 = 1L << 60;
    private static final long HW = 1L << 61;
    private static final long PENDING = 1L << 62;
    private static final long HIGH = 0xffff_ffff_0000_0000L;
    private static final long ACTIVE = 1L << 63;

    private static final int FIRST_LR = SysReg.ICH_LR0_EL2.ordinal();

    private final GicCpuInterface cpu;
    private final GicParameters parameters;
    final ActivePriorities active = new ActivePriorities();
    private final long[] lr = new long[16];
    private final int implemented;
    private long hcr;
    private long vmcr;

    /** The reserved halves of ICH_AP0R0_EL2 and ICH_AP1R0_EL2, which are storage. */
    private long apr0High;

    private long apr1High;

    /** List registers, a bit each: not invalid; exactly pending; to be reported in ICH_EISR_EL2. */
    private int used;

    private int pending;
    private int ended;

    private int lines;
    private boolean maintenance;

    VirtualCpuInterface(GicCpuInterface cpu) {
        this.cpu = cpu;
        this.parameters = cpu.gic.parameters;
        this.implemented = (1 << parameters.listRegisters()) - 1;
    }

    void clear() {
        Arrays.fill(lr, 0);
        used = 0;
        pending = 0;
        ended = 0;
        hcr = 0;
        vmcr = 0;
        apr0High = 0;
        apr1High = 0;
        active.group0 = 0;
        active.group1 = 0;
        lines = 0;
        maintenance = false;
        cpu.gic.local[cpu.index].setLevel(MAINTENANCE, false);
    }

    /** VIRQ or VFIQ, as in {@link GicCpuInterface#lines}. */
    int lines() {
        return lines;
    }

    private void setListRegister(int i, long value) {
        lr[i] = value;
        int bit = 1 << i & implemented;
        used &= ~bit;
        pending &= ~bit;
        ended &= ~bit;
        if ((value & (PENDING | ACTIVE)) != 0) {
            used |= bit;
            if ((value & ACTIVE) == 0) {
                pending |= bit;
            }
        } else if ((value & (HW | EOI)) == EOI) {
            ended |= bit;
        }
    }

    /** Lines and maintenance interrupt after any change. */
    private void changed() {
        int next = 0;
        if (pending != 0 && (hcr & EN) != 0) {
            int i = highestPending();
            if (i >= 0 && signals(lr[i])) {
                next = (lr[i] & GROUP1) != 0 ? GicCpuInterface.VIRQ : GicCpuInterface.VFIQ;
            }
        }
        lines = next;
        if (next != 0) {
            cpu.notifyIfRaised();
        }
        boolean due =
                (hcr & EN) != 0
                        && (ended != 0 || (hcr & MAINTENANCE_ENABLES) != 0)
                        && status() != 0;
        if (due != maintenance) {
            maintenance = due;
            cpu.gic.setPpi(cpu.index, MAINTENANCE, due);
        }
    }

    /** Index of the highest priority pending list register of an enabled group, or -1. */
    private int highestPending() {
        if ((hcr & EN) == 0) {
            return -1;
        }
        int best = -1;
        int bestKey = Integer.MAX_VALUE;
        for (int m = pending; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            if ((vmcr & ((lr[i] & GROUP1) != 0 ? 2 : 1)) != 0) {
                int key = priority(lr[i]) << 16 | intid(lr[i]);
                if (key < bestKey) {
                    bestKey = key;
                    best = i;
                }
            }
        }
        return best;
    }

    private int priority(long value) {
        return (int) (value >>> 48) & parameters.priorityMask();
    }

    private static int intid(long value) {
        return (int) value & 0xffff;
    }

    private boolean signals(long value) {
        int priority = priority(value);
        if (priority >= pmr()) {
            return false;
        }
        int running = active.running();
        int mask = groupMask((value & GROUP1) != 0);
        return running == ActivePriorities.IDLE || (priority & mask) < (running & mask);
    }

    private int groupMask(boolean group1) {
        return group1 && (vmcr & VCBPR) == 0 ? 0xff << bpr1() & 0xff : 0xff << bpr0() + 1 & 0xff;
    }

    int pmr() {
        return (int) (vmcr >>> VPMR_SHIFT) & parameters.priorityMask();
    }

    int bpr0() {
        return Math.max((int) (vmcr >>> VBPR0_SHIFT) & 7, parameters.minimumBpr0());
    }

    private int bpr1() {
        return Math.max((int) (vmcr >>> VBPR1_SHIFT) & 7, parameters.minimumBpr1());
    }

    int readBpr1() {
        return (vmcr & VCBPR) != 0 ? Math.min(bpr0() + 1, 7) : bpr1();
    }

    int groups() {
        return (int) vmcr & 3;
    }

    /** ICV_CTLR_EL1.EOImode and CBPR. */
    int control() {
        return ((vmcr & VEOIM) != 0 ? 2 : 0) | ((vmcr & VCBPR) != 0 ? 1 : 0);
    }

    long acknowledge(boolean group1) {
        int i = highestPending();
        if (i < 0 || (lr[i] & GROUP1) != 0 != group1 || !signals(lr[i])) {
            return GicParameters.SPURIOUS;
        }
        int intid = intid(lr[i]);
        active.activate(priority(lr[i]) & groupMask(group1), group1);
        // An LPI has no active state: its list register becomes free.
        setListRegister(i, lr[i] & ~PENDING | (intid < GicParameters.FIRST_LPI ? ACTIVE : 0));
        changed();
        return intid;
    }

    long highest(boolean group1) {
        int i = highestPending();
        return i >= 0 && (lr[i] & GROUP1) != 0 == group1 ? intid(lr[i]) : GicParameters.SPURIOUS;
    }

    void write(SysReg r, long value) {
        switch (r) {
            case ICC_EOIR0_EL1 -> endOfInterrupt((int) value & 0xff_ffff, false);
            case ICC_EOIR1_EL1 -> endOfInterrupt((int) value & 0xff_ffff, true);
            case ICC_DIR_EL1 -> {
                int intid = (int) value & 0xff_ffff;
                if ((vmcr & VEOIM) != 0 && deactivatable(intid)) {
                    deactivate(intid);
                }
            }
            case ICC_PMR_EL1 -> setField(VPMR_SHIFT, 0xff, (int) value & parameters.priorityMask());
            case ICC_BPR0_EL1 ->
                    setField(VBPR0_SHIFT, 7, Math.max((int) value & 7, parameters.minimumBpr0()));
            case ICC_BPR1_EL1 -> {
                if ((vmcr & VCBPR) == 0) {
                    setField(VBPR1_SHIFT, 7, Math.max((int) value & 7, parameters.minimumBpr1()));
                }
            }
            case ICC_CTLR_EL1 ->
                    vmcr =
                            vmcr & ~(VCBPR | VEOIM)
                                    | ((value & 1) != 0 ? VCBPR : 0)
                                    | ((value & 2) != 0 ? VEOIM : 0);
            case ICC_IGRPEN0_EL1 -> setField(0, 1, (int) value & 1);
            case ICC_IGRPEN1_EL1 -> setField(1, 1, (int) value & 1);
            case ICC_AP0R0_EL1 -> active.group0 = (int) value;
            case ICC_AP1R0_EL1 -> active.group1 = (int) value;
            case ICH_AP0R0_EL2 -> {
                active.group0 = (int) value;
                apr0High = value & HIGH;
            }
            case ICH_AP1R0_EL2 -> {
                active.group1 = (int) value;
                apr1High = value & HIGH;
            }
            case ICH_HCR_EL2 -> {
                hcr = value;
                cpu.publish(r, value);
            }
            case ICH_VMCR_EL2 -> vmcr = value;
            default -> {
                int i = r.ordinal() - FIRST_LR;
                if (i < 0 || i > 15) {
                    throw GuestException.undefined();
                }
                setListRegister(i, value);
            }
        }
        changed();
    }

    private void setField(int shift, int mask, int value) {
        vmcr = vmcr & ~((long) mask << shift) | (long) value << shift;
    }

    private static boolean deactivatable(int intid) {
        return intid < GicParameters.FIRST_LPI
                && (intid < GicParameters.FIRST_SPECIAL || intid > GicParameters.SPURIOUS);
    }

    private void endOfInterrupt(int intid, boolean group1) {
        if (intid >= GicParameters.FIRST_SPECIAL && intid <= GicParameters.SPURIOUS) {
            return;
        }
        if (active.drop(group1) && (vmcr & VEOIM) == 0 && deactivatable(intid)) {
            deactivate(intid);
        }
    }

    /** Deactivates the list register of an active interrupt; if there is none, counts that. */
    private void deactivate(int intid) {
        for (int m = used & ~pending; m != 0; m &= m - 1) {
            int i = Integer.numberOfTrailingZeros(m);
            if (intid(lr[i]) == intid) {
                long value = lr[i];
                setListRegister(i, value & ~ACTIVE);
                if ((value & HW) != 0) {
                    deactivatePhysical((int) (value >>> 32) & 0x1fff);
                }
                return;
            }
        }
        int count = (int) (hcr >>> EOI_COUNT_SHIFT) + 1 & 0x1f;
        hcr = hcr & ~(0x1fL << EOI_COUNT_SHIFT) | (long) count << EOI_COUNT_SHIFT;
    }

    private void deactivatePhysical(int pintid) {
        if (pintid < GicParameters.FIRST_SPECIAL) {
            cpu.gic.deactivate(cpu.index, pintid);
        }
    }

    /** ICH_MISR_EL2. */
    private long status() {
        long status = ended != 0 ? 1 : 0;
        if ((hcr & UIE) != 0 && Integer.bitCount(used) <= 1) {
            status |= UIE;
        }
        if ((hcr & LRENPIE) != 0 && (hcr >>> EOI_COUNT_SHIFT & 0x1f) != 0) {
            status |= LRENPIE;
        }
        if ((hcr & NPIE) != 0 && pending == 0) {
            status |= NPIE;
        }
        long enables = (vmcr & 1) != 0 ? VGRP0EIE : VGRP0DIE;
        enables |= (vmcr & 2) != 0 ? VGRP1EIE : VGRP1DIE;
        return status | hcr & enables;
    }

    long readHypervisor(SysReg r) {
        return switch (r) {
            case ICH_HCR_EL2 -> hcr;
            case ICH_VMCR_EL2 -> vmcr;
            case ICH_VTR_EL2 -> parameters.vtr();
            case ICH_MISR_EL2 -> status();
            case ICH_EISR_EL2 -> ended;
            case ICH_ELRSR_EL2 -> implemented & ~used & ~ended;
            case ICH_AP0R0_EL2 -> active.group0 & ~HIGH | apr0High;
            case ICH_AP1R0_EL2 -> active.group1 & ~HIGH | apr1High;
            default -> lr[r.ordinal() - FIRST_LR];
        };
    }
}
