package dev.nido.kvm;

/**
 * Takes the hypervisor's events: the counterpart of KVM's tracepoints. Calls come on the thread
 * that runs the vCPU, in order; whoever implements them must be quick. All methods do nothing by
 * default.
 */
public interface Tracer {

    /** {@link #exit}: an interrupt ended the guest's run, not an exception. */
    int IRQ = -1;

    /** The guest is entered at {@code pc} (kvm_entry). */
    default void entry(Vcpu vcpu, long pc) {}

    /**
     * The guest was left (kvm_exit).
     *
     * @param ec exception class, ESR_EL2 bits 31:26, or {@link #IRQ}
     * @param esr ESR_EL2
     * @param pc address of the instruction
     */
    default void exit(Vcpu vcpu, int ec, long esr, long pc) {}

    /** The exit was handled, and the guest is about to be entered, or the VMM called. */
    default void handled(Vcpu vcpu) {}
}
