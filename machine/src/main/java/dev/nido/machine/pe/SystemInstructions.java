package dev.nido.machine.pe;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;

/** SYS, and MSR (immediate): who may execute them, and who does the work. */
final class SystemInstructions {

    private final Pe pe;
    private final TrapRules traps;

    SystemInstructions(Pe pe, TrapRules traps) {
        this.pe = pe;
        this.traps = traps;
    }

    void execute(int key, long value) {
        SystemOperation o = SystemOperation.decode(key);
        if (o == null || o.feature() != null && !pe.cpu.has(o.feature())) {
            throw traps.unallocated(key, false);
        }
        if (pe.el < o.minimumEl()) {
            if (pe.el == 1 && (pe.hcr & HcrEl2.NV) != 0) {
                throw traps.nested(key, false);
            }
            throw GuestException.undefined();
        }
        if (pe.el < 2) {
            traps.operation(o, key);
        }
        switch (o.kind()) {
            case AT -> pe.mmu.at(key, value);
            case TLBI -> pe.mmu.tlbi(key, value);
            case DC_ZERO -> pe.mmu.zeroBlock(value);
            case DC, IC -> pe.mmu.cacheMaintenance(key, value);
            case DC_SET_WAY -> {
                // Caches are coherent and hold nothing that memory does not.
            }
        }
    }

    void msrImmediate(int op1, int crm, int op2) {
        boolean set = (crm & 1) != 0;
        switch (op1 << 3 | op2) {
            case 3 -> {
                require(Feature.UAO, 1);
                pe.uao = set;
                pe.contextChanged();
            }
            case 4 -> {
                require(Feature.PAN, 1);
                pe.pan = set;
                pe.contextChanged();
            }
            case 5 -> {
                require(null, 1);
                pe.select(pe.el, crm & 1);
            }
            case 3 << 3 | 1 -> {
                require(Feature.SSBS2, 0);
                pe.ssbs = set;
            }
            case 3 << 3 | 2 -> {
                require(Feature.DIT, 0);
                pe.dit = set;
            }
            case 3 << 3 | 6 -> {
                traps.daifImmediate(SysReg.key(0, op1, 4, crm, op2));
                setDaif(pe, pe.daif | crm << 6);
            }
            case 3 << 3 | 7 -> {
                traps.daifImmediate(SysReg.key(0, op1, 4, crm, op2));
                setDaif(pe, pe.daif & ~(crm << 6));
            }
            default -> throw GuestException.undefined();
        }
    }

    private void require(Feature feature, int minimumEl) {
        if (pe.el < minimumEl || feature != null && !pe.cpu.has(feature)) {
            throw GuestException.undefined();
        }
    }

    static void setDaif(Pe pe, int daif) {
        int changed = pe.daif ^ daif;
        pe.daif = daif & (int) Spsr.DAIF;
        if ((changed & (int) Spsr.D) != 0) {
            pe.debug.contextChanged();
        }
        if ((changed & ~daif) != 0) {
            pe.reviewInterrupts();
        }
    }
}
