package dev.nido.kvm;

/**
 * An operation of the API was refused; nothing has changed. {@link #errno} is what KVM's ioctl
 * would have set.
 */
public final class KvmException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /**
     * @param errno one of {@link Errno}'s constants; its sign does not matter
     * @param message what was refused, and why
     */
    public KvmException(int errno, String message) {
        super(message + " (" + Errno.name(errno) + ")");
        this.errno = Math.abs(errno);
    }

    /** The error number, positive. */
    public int errno() {
        return errno;
    }
}
