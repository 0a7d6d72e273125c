package dev.nido.machine;

/** Why a machine stopped running. */
public sealed interface MachineEnd {

    /** The guest asked the firmware for power off. */
    record PoweredOff() implements MachineEnd {}

    /** The guest asked the firmware for a reset. */
    record ResetRequested() implements MachineEnd {}

    /** The time limit was reached. */
    record TimedOut() implements MachineEnd {}

    /** The user stopped it. */
    record Stopped() implements MachineEnd {}

    /** The guest can make no progress any more. {@code why} is one line for the user. */
    record Stuck(String why) implements MachineEnd {}
}
