package dev.nido.board.device;

import java.util.OptionalInt;

/**
 * Carries the exit status of the guest's command to the host: one 32-bit register at offset 0,
 * write only in effect; reading gives the last value written, all ones before. In the device tree
 * it is {@code compatible = "nido,exit"}, at {@code /nido-exit@ADDRESS}. It powers nothing off. A
 * guest without a driver for it can use {@code devmem}.
 */
public final class ExitDevice extends WordDevice {

    private boolean written;
    private int status = -1;

    @Override
    int readWord(int register) {
        return register == 0 ? status : 0;
    }

    @Override
    void writeWord(int register, int v) {
        if (register == 0) {
            status = v;
            written = true;
        }
    }

    /** The last status that the guest wrote. */
    public synchronized OptionalInt status() {
        return written ? OptionalInt.of(status) : OptionalInt.empty();
    }
}
