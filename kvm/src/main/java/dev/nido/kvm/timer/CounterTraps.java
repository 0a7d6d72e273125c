package dev.nido.kvm.timer;

import dev.nido.arch.CnthctlEl2;

/**
 * CNTHCTL_EL2 of the PE, in the layout of E2H = 1, by what runs (KVM: {@code timer_set_traps()}).
 * Accesses to the timers trap but for guests of a guest that fills their list registers itself.
 */
final class CounterTraps {

    private static final long EVENTS =
            CnthctlEl2.EVNTEN | CnthctlEl2.EVNTDIR | 15L << 4 | CnthctlEl2.EVNTIS;

    /** A guest without EL2: nobody but us uses the event stream, EL0's accesses are its matter. */
    static final long GUEST = CnthctlEl2.EL1PCTEN | CnthctlEl2.EL1TVT;

    private CounterTraps() {}

    /**
     * The guest's EL2 with HCR_EL2.E2H = 1: names of EL0 mean other timers than the PE's, and the
     * aliases would be memory.
     *
     * @param virtualCount CNTVCT_EL0 as the PE has it is not the guest's
     * @param physicalCount CNTPCT_EL0 is not
     */
    static long host(boolean virtualCount, boolean physicalCount) {
        return (physicalCount ? 0 : CnthctlEl2.EL1PCTEN)
                | CnthctlEl2.EL1TVT
                | CnthctlEl2.EL1NVPCT
                | CnthctlEl2.EL1NVVCT
                | (virtualCount ? CnthctlEl2.EL1TVCT : 0);
    }

    /**
     * The guest's EL2 with HCR_EL2.E2H = 0.
     *
     * @param own its CNTHCTL_EL2, which binds EL0 under HCR_EL2.TGE: checked when the trap comes
     * @param physicalCount CNTPCT_EL0 as the PE has it is not the guest's
     * @param unseen it can change CNTVOFF_EL2 without a trap, and CNTVCT_EL0 shows it
     */
    static long hypervisor(long own, boolean physicalCount, boolean unseen) {
        return (physicalCount ? 0 : CnthctlEl2.normalize(own, false) & CnthctlEl2.EL1PCTEN)
                | CnthctlEl2.EL1TVT
                | (unseen ? CnthctlEl2.EL1TVCT : own & CnthctlEl2.EL1TVCT)
                | own & EVENTS;
    }

    /**
     * A guest of the guest.
     *
     * @param own the guest's CNTHCTL_EL2 in the layout of E2H = 1: what it wants to trap
     * @param virtualTraps its CPU has FEAT_ECV
     * @param watched list registers of ours are filled for it, so no line may fall unseen
     * @param physicalCount CNTPCT_EL0 as the PE has it is not its own
     */
    static long guest(long own, boolean virtualTraps, boolean watched, boolean physicalCount) {
        long control = own & (CnthctlEl2.EL1PCTEN | CnthctlEl2.EL1PTEN | EVENTS);
        if (virtualTraps) {
            control |=
                    own
                            & (CnthctlEl2.EL1TVT
                                    | CnthctlEl2.EL1TVCT
                                    | CnthctlEl2.EL1NVPCT
                                    | CnthctlEl2.EL1NVVCT);
        }
        if (watched) {
            control = control & ~CnthctlEl2.EL1PTEN | CnthctlEl2.EL1TVT;
        }
        return physicalCount ? control & ~(CnthctlEl2.EL1PCTEN | CnthctlEl2.EL1PTEN) : control;
    }
}
