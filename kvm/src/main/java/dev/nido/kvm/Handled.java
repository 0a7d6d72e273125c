package dev.nido.kvm;

/**
 * What an exit handler answers; a negative number is an {@link Errno} (KVM: what an {@code
 * exit_handle_fn} returns).
 */
public final class Handled {
    private Handled() {}

    /** The exit is dealt with: the guest goes on. */
    public static final int RESUME = 1;

    /** The VMM has to do something: {@link Vcpu#leave} was told what. */
    public static final int LEAVE = 0;
}
