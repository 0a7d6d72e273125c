package dev.nido.cli;

/** The exit statuses of {@code nido}. Scripts depend on them. */
public enum ExitStatus {
    /** The guest powered off, or the command did what it was asked. */
    OK(0),
    /** A bug of Nido, or a failure of the host. */
    INTERNAL(1),
    /** Refused before the first guest instruction: usage, bad image, impossible configuration. */
    REFUSED(2),
    /** The time limit of {@code --timeout} passed. */
    TIME_LIMIT(3),
    /** The guest panicked, hung with no wake-up source, or faults for ever on its own vector. */
    GUEST_STUCK(4),
    /** The sanitizer found a violation. */
    SANITIZER(5),
    /** {@code compare} found a divergence. */
    DIVERGED(6),
    /** The command of {@code --exec} failed in the guest. */
    EXEC_FAILED(7);

    private final int code;

    ExitStatus(int code) {
        this.code = code;
    }

    /** The process's exit status, 0 to 7. */
    public int code() {
        return code;
    }
}
