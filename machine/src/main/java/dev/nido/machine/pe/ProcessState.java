package dev.nido.machine.pe;

import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;

/** PSTATE to and from the layout of SPSR_ELx (Arm ARM D1.7, D19.2.140). */
final class ProcessState {

    private ProcessState() {}

    /** What SPSR_ELx gets on an exception. */
    static long toSpsr(Pe pe) {
        return pe.nzcv & Spsr.NZCV
                | (pe.dit ? Spsr.DIT : 0)
                | (pe.uao ? Spsr.UAO : 0)
                | (pe.pan ? Spsr.PAN : 0)
                | (pe.ss ? Spsr.SS : 0)
                | (pe.il ? Spsr.IL : 0)
                | (pe.ssbs ? Spsr.SSBS : 0)
                | pe.daif
                | (long) pe.el << Spsr.EL_SHIFT
                | pe.spSel;
    }

    /**
     * The fields that every ERET takes from SPSR_ELx, legal or not. SS, IL, EL and SP come extra.
     */
    static void fromSpsr(Pe pe, long spsr) {
        pe.nzcv = (int) (spsr & Spsr.NZCV);
        pe.daif = (int) (spsr & Spsr.DAIF);
        pe.pan = pe.cpu.has(Feature.PAN) && (spsr & Spsr.PAN) != 0;
        pe.uao = pe.cpu.has(Feature.UAO) && (spsr & Spsr.UAO) != 0;
        pe.dit = pe.cpu.has(Feature.DIT) && (spsr & Spsr.DIT) != 0;
        pe.ssbs = pe.cpu.has(Feature.SSBS) && (spsr & Spsr.SSBS) != 0;
    }
}
