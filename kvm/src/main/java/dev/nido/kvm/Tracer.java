package dev.nido.kvm;

/**
 * Listens to what the hypervisor does. {@link Hypervisor#tracer()} is null when nobody listens, and
 * that one test is all that an event costs then: callers read it once, and make the arguments
 * behind the test.
 *
 * <pre>{@code
 * Tracer tracer = hypervisor.tracer();
 * if (tracer != null) {
 *     tracer.wfx(vcpu, pc, wfe);
 * }
 * }</pre>
 *
 * <p>KVM: the tracepoints of {@code trace_arm.h}, {@code trace_handle_exit.h}, {@code vgic/trace.h}
 * and {@code trace/events/kvm.h}; each method names its own. Those without a counterpart in KVM say
 * so.
 *
 * <p>A call comes from the thread on which the thing happens: those about one vCPU come from the
 * thread that runs it, one after the other; others may come from any thread, with locks held.
 * Implementations are quick, never throw, and call nothing of the hypervisor that waits.
 */
public interface Tracer {

    /** {@link #exit}: a physical interrupt ended the guest's run, not an exception. */
    int IRQ = -1;

    /** {@link #exit}: an SError was taken to EL2. */
    int SERROR = -2;

    /** {@link #exit}: the guest's PSTATE was illegal for a return from EL2. */
    int ILLEGAL = -3;

    /**
     * {@link #exit}: nothing of the architecture; a kick, or the instruction budget is used up. KVM
     * sees an interrupt there.
     */
    int KICK = -4;

    /**
     * {@code kind} of {@link #mmio}: a load that only the VMM can answer; its value comes later.
     */
    int MMIO_READ_UNSATISFIED = 0;

    /** {@code kind} of {@link #mmio}: a load and its value. */
    int MMIO_READ = 1;

    /** {@code kind} of {@link #mmio}: a store. */
    int MMIO_WRITE = 2;

    /** {@code offset} of {@link #nestedException}: a synchronous exception. */
    int SYNCHRONOUS = 0;

    /** {@code offset} of {@link #nestedException}: an interrupt. */
    int VIRTUAL_IRQ = 0x80;

    /** {@code offset} of {@link #nestedException}: a fast interrupt. */
    int VIRTUAL_FIQ = 0x100;

    /** {@code offset} of {@link #nestedException}: an SError. */
    int VIRTUAL_SERROR = 0x180;

    /**
     * The vCPU enters the guest: {@code kvm_entry}.
     *
     * @param pc where it continues
     */
    default void entry(Vcpu vcpu, long pc) {}

    /**
     * The vCPU left the guest: {@code kvm_exit}.
     *
     * @param ec exception class, ESR_EL2 bits 31:26, or one of {@link #IRQ}, {@link #SERROR},
     *     {@link #ILLEGAL}, {@link #KICK}
     * @param esr ESR_EL2 if {@code ec} is an exception class
     * @param pc address of the instruction
     */
    default void exit(Vcpu vcpu, int ec, long esr, long pc) {}

    /**
     * {@code Vcpu.run()} returns to the VMM: {@code kvm_userspace_exit}.
     *
     * @param exit why
     */
    default void userspaceExit(Vcpu vcpu, Exit exit) {}

    /**
     * A stage-2 abort is handled: {@code kvm_guest_fault}.
     *
     * @param far FAR_EL2, the guest's virtual address
     * @param ipa the faulting intermediate physical address, in bytes
     */
    default void guestFault(Vcpu vcpu, long esr, long far, long ipa, long pc) {}

    /**
     * A stage-2 access-flag fault is handled: {@code kvm_access_fault}.
     *
     * @param ipa the faulting intermediate physical address, in bytes
     */
    default void accessFault(Vcpu vcpu, long ipa) {}

    /**
     * An access to a device, in L0 or for the VMM: {@code kvm_mmio}.
     *
     * @param kind {@link #MMIO_READ_UNSATISFIED}, {@link #MMIO_READ} or {@link #MMIO_WRITE}
     * @param bytes size of the access, 1 to 8
     * @param ipa its address
     * @param value what was read or written, 0 if not known yet
     */
    default void mmio(Vcpu vcpu, int kind, int bytes, long ipa, long value) {}

    /**
     * An access to a device is emulated from the instruction, since the syndrome does not say
     * enough: {@code kvm_mmio_emulate}.
     *
     * @param instruction the word at {@code pc}
     * @param pstate the guest's PSTATE as SPSR_EL2 shows it
     */
    default void mmioEmulate(Vcpu vcpu, long pc, int instruction, long pstate) {}

    /**
     * A trapped MSR, MRS or SYS instruction is emulated: {@code kvm_sys_access}.
     *
     * @param key the encoding, {@code op0<<14 | op1<<11 | CRn<<7 | CRm<<3 | op2}
     * @param name the register's or operation's name, null if it has none
     * @param value what was written, or what the guest reads
     */
    default void systemRegister(
            Vcpu vcpu, long pc, int key, String name, boolean write, long value) {}

    /**
     * WFI or WFE trapped: {@code kvm_wfx_arm64}.
     *
     * @param wfe whether it is a wait for event
     */
    default void wfx(Vcpu vcpu, long pc, boolean wfe) {}

    /**
     * A vCPU that waited goes on: {@code kvm_vcpu_wakeup}.
     *
     * @param nanos how long it waited
     * @param slept false if it only polled
     * @param valid whether there was something to wake up for
     */
    default void wakeup(Vcpu vcpu, long nanos, boolean slept, boolean valid) {}

    /**
     * HVC or SMC trapped: {@code kvm_hvc_arm64}.
     *
     * @param x0 the function identifier
     * @param immediate the instruction's, 0 to 65535
     * @param smc whether the instruction is SMC
     */
    default void hypercall(Vcpu vcpu, long pc, long x0, int immediate, boolean smc) {}

    /**
     * L0 gives the guest an exception. No counterpart in KVM, which traces only those to a virtual
     * EL2 ({@code kvm_inject_nested_exception}).
     *
     * @param esr the syndrome that the guest sees, 0 for an asynchronous one
     * @param far the fault address that the guest sees, or 0
     */
    default void injection(Vcpu vcpu, long pc, long esr, long far) {}

    /**
     * The VMM changes an interrupt line: {@code kvm_irq_line}.
     *
     * @param vcpu the target's number for a private interrupt, −1 for a shared one
     * @param intid its interrupt identifier
     */
    default void irqLine(Vm vm, int vcpu, int intid, boolean level) {}

    /**
     * The virtual distributor takes a new level or edge in: {@code vgic_update_irq_pending}.
     *
     * @param vcpu the target's number, −1 if there is none
     */
    default void interruptPending(Vm vm, int vcpu, int intid, boolean level) {}

    /**
     * A list register is written before entry. No counterpart in KVM.
     *
     * @param index number of the list register, 0 to 15
     * @param value ICH_LR&lt;n&gt;_EL2
     */
    default void listRegister(Vcpu vcpu, int index, long value) {}

    /**
     * The output of a timer of the vCPU changed: {@code kvm_timer_update_irq}.
     *
     * @param intid the timer's private interrupt
     */
    default void timer(Vcpu vcpu, int intid, boolean level) {}

    /**
     * L0 invalidates translations. No counterpart in KVM.
     *
     * @param vmid whose
     * @param ipa first byte of the range
     * @param bytes its length, −1 for all of the VMID
     */
    default void tlbi(Vm vm, int vmid, long ipa, long bytes) {}

    /**
     * A stage-2 mapping is made. No counterpart in KVM.
     *
     * @param bytes size of the page or block
     * @param pa where it is in the machine's memory
     * @param writable whether the guest may write it
     * @param executable whether the guest may execute from it
     */
    default void map(Vm vm, long ipa, long bytes, long pa, boolean writable, boolean executable) {}

    /** A range of guest memory is unmapped: {@code kvm_unmap_hva_range}. */
    default void unmap(Vm vm, long ipa, long bytes) {}

    /**
     * The VMM sets up debugging of the guest: {@code kvm_set_guest_debug}.
     *
     * @param flags as in {@code KVM_GUESTDBG_*}
     */
    default void guestDebug(Vcpu vcpu, int flags) {}

    // Nested virtualization

    /**
     * The vCPU left the guest for something that is done on the spot, and goes on at once: there is
     * no {@link #exit} and no {@link #entry} for it. KVM counts such exits nowhere ({@code
     * fixup_guest_exit()}).
     *
     * @param ec exception class, ESR_EL2 bits 31:26
     * @param pc address of the instruction
     */
    default void fastExit(Vcpu vcpu, int ec, long esr, long pc) {}

    /**
     * ERET of the guest's EL2 is emulated: {@code kvm_nested_eret}. Called before it takes effect.
     *
     * @param elr the guest's ELR_EL2
     * @param spsr its SPSR_EL2
     */
    default void nestedReturn(Vcpu vcpu, long elr, long spsr) {}

    /**
     * The guest's EL2 gets an exception: {@code kvm_inject_nested_exception}. Called before it
     * takes effect; {@code vcpu.pc()} and {@code vcpu.pstate()} are what ELR_EL2 and SPSR_EL2 will
     * be.
     *
     * @param offset which: {@link #SYNCHRONOUS}, {@link #VIRTUAL_IRQ}, {@link #VIRTUAL_FIQ} or
     *     {@link #VIRTUAL_SERROR}
     * @param esr what ESR_EL2 gets, 0 for interrupts
     */
    default void nestedException(Vcpu vcpu, int offset, long esr) {}

    /**
     * A trapped MSR, MRS or SYS instruction is one that the guest's EL2 traps, and goes to it:
     * {@code kvm_forward_sysreg_trap}. A {@link #nestedException} follows.
     *
     * @param key the encoding, as in {@link #systemRegister}
     * @param read whether it is MRS or SYSL
     */
    default void forwardedAccess(Vcpu vcpu, int key, boolean read) {}

    /**
     * The timers of a vCPU were loaded for another context: {@code kvm_get_timer_map}. Each by its
     * private interrupt, −1 for none.
     *
     * @param directVirtual the one that CNTV accesses mean
     * @param directPhysical the one that CNTP accesses mean
     * @param emulatedVirtual the virtual one of the other context
     * @param emulatedPhysical the physical one of the other context
     */
    default void timerMap(
            Vcpu vcpu,
            int directVirtual,
            int directPhysical,
            int emulatedVirtual,
            int emulatedPhysical) {}

    /**
     * The list registers of the guest's EL2 are loaded for its guest: {@code
     * vgic_create_shadow_lrs}. The arrays are the caller's, and valid during the call only.
     *
     * @param count how many are used: elements of both arrays
     * @param shadow what is loaded, ICH_LR&lt;n&gt;_EL2
     * @param original of each, the one of the guest's EL2 that it was made from
     */
    default void shadowListRegisters(Vcpu vcpu, int count, long[] shadow, long[] original) {}

    /**
     * What became of them goes back to the guest's EL2: {@code vgic_put_nested}.
     *
     * @param count how many were used
     * @param values what they hold now; valid during the call only
     */
    default void shadowListRegistersPut(Vcpu vcpu, int count, long[] values) {}

    /**
     * A guest's guest has ended an interrupt that is linked to one of its hypervisor's, which is
     * inactive now: {@code vgic_nested_hw_emulate}.
     *
     * @param index number of the list register of the guest's EL2
     * @param value what it holds
     * @param intid the hypervisor's interrupt
     */
    default void linkedInterruptEnded(Vcpu vcpu, int index, long value, int intid) {}

    /**
     * A stage-2 context is set up for translations that the guest's EL2 uses. No counterpart in
     * KVM.
     *
     * @param vttbr the guest's VTTBR_EL2
     * @param vtcr its VTCR_EL2
     * @param recycled whether the context held other translations before
     */
    default void shadowContext(Vcpu vcpu, long vttbr, long vtcr, boolean recycled) {}

    /**
     * A stage-2 fault of a guest's guest is handled. No counterpart in KVM beyond {@code
     * kvm_guest_fault}, which comes too.
     *
     * @param l2Ipa the faulting address, as the guest's guest has it
     * @param l1Ipa where its hypervisor maps it, −1 if it does not
     * @param forwarded whether the guest's EL2 gets the abort
     */
    default void shadowFault(Vcpu vcpu, long l2Ipa, long l1Ipa, boolean forwarded) {}

    /**
     * TLB maintenance of the guest's EL2 is emulated: {@code kvm_sys_access} in KVM, where it is
     * not done on the spot.
     *
     * @param key the encoding, as in {@link #systemRegister}
     * @param value its argument
     * @param fast whether it was done on the spot: {@link #fastExit} comes too
     */
    default void nestedTlbi(Vcpu vcpu, int key, long value, boolean fast) {}
}
