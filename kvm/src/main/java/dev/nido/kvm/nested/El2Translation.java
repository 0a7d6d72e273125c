package dev.nido.kvm.nested;

import dev.nido.arch.CnthctlEl2;
import dev.nido.arch.CptrEl2;
import dev.nido.arch.SctlrEl1;

/**
 * EL2 registers of a hypervisor without HCR_EL2.E2H as the EL1 registers that stand for them while
 * it runs at EL1 (KVM: {@code translate_tcr_el2_to_tcr_el1()} and its like). The other EL2
 * registers have the layout of their EL1 counterparts.
 */
public final class El2Translation {

    private static final long TCR_LOW = 0xff3fL;
    private static final long TCR_EPD1 = 1L << 23;

    /** SCTLR_EL2: M, A, C, SA, I, WXN, EE, DSSBS. */
    private static final long SCTLR_KEPT =
            SctlrEl1.M
                    | SctlrEl1.A
                    | SctlrEl1.C
                    | SctlrEl1.SA
                    | SctlrEl1.I
                    | SctlrEl1.WXN
                    | SctlrEl1.EE
                    | SctlrEl1.DSSBS
                    | SctlrEl1.NAA
                    | 1L << 21;

    /** RES1 in Armv8.0; and SPAN, because no exception sets PSTATE.PAN at EL2 without E2H. */
    private static final long SCTLR_RES1 = 0x3050_0800L | SctlrEl1.SPAN;

    private static final long CPTR_TTA = 1L << 20;
    private static final long CPACR_TTA = 1L << 28;
    private static final long CPTR_TAM = 1L << 30;

    private El2Translation() {}

    /** TCR_EL2 with E2H = 0 as TCR_EL1: its one range is the lower one, the upper is off. */
    public static long tcr(long tcr) {
        return tcr & TCR_LOW
                | TCR_EPD1
                | (tcr >>> 16 & 7) << 32
                | (tcr >>> 20 & 1) << 37
                | (tcr >>> 21 & 3) << 39
                | (tcr >>> 24 & 1) << 41
                | (tcr >>> 25 & 15) << 43
                | (tcr >>> 29 & 1) << 51
                | (tcr >>> 30 & 1) << 57
                | (tcr >>> 32 & 1) << 59;
    }

    /** CPTR_EL2 with E2H = 0 in the layout of CPACR_EL1 and of CPTR_EL2 with E2H = 1. */
    public static long cptr(long cptr) {
        long cpacr = cptr & (CptrEl2.TCPAC | CPTR_TAM);
        if ((cptr & CPTR_TTA) != 0) {
            cpacr |= CPACR_TTA;
        }
        if ((cptr & CptrEl2.TFP) == 0) {
            cpacr |= 3L << CptrEl2.FPEN_SHIFT;
        }
        return cpacr;
    }

    /** SCTLR_EL2 with E2H = 0 as SCTLR_EL1. */
    public static long sctlr(long sctlr) {
        return sctlr & SCTLR_KEPT | SCTLR_RES1;
    }

    /** TTBR0_EL2 with E2H = 0 as TTBR0_EL1: it has no ASID. */
    public static long ttbr0(long ttbr) {
        return ttbr & 0xffff_ffff_ffffL;
    }

    /** CNTHCTL_EL2 of either layout in the one with E2H = 1. */
    public static long cnthctl(long value, boolean e2h) {
        return CnthctlEl2.normalize(value, e2h);
    }
}
