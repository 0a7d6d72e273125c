package dev.nido.machine.mmu;

/**
 * One translation context: whatever, beside the page tables, decides how an address translates. The
 * key of the fast arrays is listed here and nowhere else.
 *
 * <p>Key, 64 bits: 63:36 number of the control-register values ({@link Contexts#configuration}:
 * regime, SCTLR, TCR, and the bits of HCR_EL2 and VTCR_EL2 that matter to it); 33:32 view ({@link
 * #USER} …); 31:16 VMID; 15:0 ASID.
 */
final class Context {

    /** Rights of EL0. */
    static final int USER = 0;

    /** Rights of the regime's privileged level. */
    static final int PRIVILEGED = 1;

    /** The same with PSTATE.PAN set. */
    static final int PRIVILEGED_PAN = 2;

    static final int VIEWS = 3;

    /** A key that no context has. */
    static final long NO_KEY = -1;

    final FastTlb fast = new FastTlb();
    long key = NO_KEY;
    Stage1Controls controls;
    int view;
    TlbSpace nonGlobal;
    TlbSpace global;

    /** Null in regimes without a stage 2. */
    TlbSpace stage2;

    /** For choosing which to give up. */
    long lastUse;
}
