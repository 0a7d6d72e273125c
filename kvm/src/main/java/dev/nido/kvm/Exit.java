package dev.nido.kvm;

/**
 * Why {@link Vcpu#run} returned: what KVM reports as {@code exit_reason} in {@code struct kvm_run}.
 */
public sealed interface Exit {

    /**
     * An access to a guest physical address that no memory slot or device of the hypervisor has.
     * The VMM answers with {@link Vcpu#completeMmio} or {@link Vcpu#failMmio} and runs the vCPU
     * again (KVM_EXIT_MMIO).
     *
     * @param ipa guest physical address
     * @param size bytes, 1 to 8
     * @param write whether the guest writes
     * @param value what it writes; 0 for reads
     */
    record Mmio(long ipa, int size, boolean write, long value) implements Exit {}

    /** The guest asked its firmware for a change of power (KVM_EXIT_SYSTEM_EVENT). */
    record SystemEvent(Type type) implements Exit {

        /** What the guest asked for. */
        public enum Type {
            SHUTDOWN,
            RESET
        }
    }

    /** The budget of instructions given to {@link Vcpu#run(long)} is used up. */
    record BudgetUsed() implements Exit {}

    /** The vCPU waits for an interrupt, or is switched off; only with a budget, else it blocks. */
    record Waiting() implements Exit {}

    /** Somebody asked the vCPU to return (immediate_exit, a signal: KVM_EXIT_INTR). */
    record Interrupted() implements Exit {}

    /**
     * A debug event that the VMM asked for (KVM_EXIT_DEBUG).
     *
     * @param esr syndrome: software step, breakpoint, watchpoint or BRK
     * @param far address of a watchpoint, else 0
     */
    record Debug(long esr, long far) implements Exit {}

    /** The vCPU cannot be entered (KVM_EXIT_FAIL_ENTRY). */
    record FailEntry(String reason) implements Exit {}

    /**
     * The guest touched memory that is not its own (KVM_EXIT_MEMORY_FAULT).
     *
     * @param ipa guest physical address
     * @param size bytes
     */
    record MemoryFault(long ipa, long size) implements Exit {}

    /** The guest takes exceptions for ever without executing anything in between. */
    record Stuck(String reason) implements Exit {}

    /** The hypervisor met what it cannot handle (KVM_EXIT_INTERNAL_ERROR). */
    record InternalError(String reason) implements Exit {}
}
