package dev.nido.machine.pe;

/**
 * A synchronous exception that the current instruction takes instead of completing. It carries what
 * the syndrome registers need; {@link Pe#takeSynchronous} routes it. Thrown without a stack trace.
 */
public final class GuestException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Route by the default rules (HCR_EL2.TGE, current EL). */
    public static final int DEFAULT_TARGET = 0;

    /**
     * ESR_ELx.EC as for an exception from a lower EL (0x20, 0x24 …); entry adjusts it for same-EL.
     */
    public final int exceptionClass;

    /** ESR_ELx.ISS, 25 bits. */
    public final int iss;

    /** Exception level that must take it (2), or {@link #DEFAULT_TARGET}. */
    public final int targetEl;

    /** FAR_ELx value, when {@link #farValid}. */
    public final long far;

    public final boolean farValid;

    /** IPA for HPFAR_EL2 when {@link #ipaValid} (stage-2 aborts). */
    public final long ipa;

    public final boolean ipaValid;

    /** Preferred return address is the next instruction (SVC, HVC, SMC) instead of this one. */
    public final boolean returnsToNext;

    public GuestException(int exceptionClass, int iss, int targetEl) {
        this(exceptionClass, iss, targetEl, 0, false, 0, false, false);
    }

    public GuestException(
            int exceptionClass,
            int iss,
            int targetEl,
            long far,
            boolean farValid,
            long ipa,
            boolean ipaValid,
            boolean returnsToNext) {
        super(null, null, false, false);
        this.exceptionClass = exceptionClass;
        this.iss = iss;
        this.targetEl = targetEl;
        this.far = far;
        this.farValid = farValid;
        this.ipa = ipa;
        this.ipaValid = ipaValid;
        this.returnsToNext = returnsToNext;
    }

    /** UNDEFINED: EC 0, ISS 0. */
    public static GuestException undefined() {
        return new GuestException(0, 0, DEFAULT_TARGET);
    }
}
