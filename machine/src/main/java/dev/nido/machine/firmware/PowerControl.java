package dev.nido.machine.firmware;

/** What {@link Psci} needs of the machine whose PEs it switches. PEs are numbered from 0. */
public interface PowerControl {

    /** Power state of a PE; the ordinal is what AFFINITY_INFO returns. */
    enum State {
        ON,
        OFF,
        ON_PENDING
    }

    /** Number of PEs. */
    int pes();

    /** Aff3 in bits 39:32, Aff2 to Aff0 in bits 23:0, as in MPIDR_EL1. */
    long affinity(int pe);

    State state(int pe);

    /**
     * Switches a PE on if it is off. Of several callers at the same time one succeeds.
     *
     * @param entry its first PC
     * @param context its X0
     * @param bigEndian whether its data accesses are big-endian: SCTLR_ELx.EE of the level that it
     *     starts at
     * @return the state in which the PE was; it is switched on only if that was OFF
     */
    State start(int pe, long entry, long context, boolean bigEndian);

    /** Whether data accesses of a PE are big-endian at EL1, or at EL2 where it has that. */
    boolean isBigEndian(int pe);

    /** Switches the calling PE off. */
    void stop(int pe);

    /** Makes the calling PE wait for an interrupt, as WFI does. */
    void suspend(int pe);

    /** Ends the machine. */
    void powerOff();

    /** Restarts the machine. */
    void reset();
}
