package dev.nido.observe;

import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Tracer;

/** Names of modes, exceptions and operations in traces; those of modes and exceptions are KVM's. */
final class TraceNames {
    private static final int MODE = 0x1f;

    private TraceNames() {}

    /** Of a PSTATE or SPSR: {@code EL2h}; a number if there is no such mode. */
    static String mode(long pstate) {
        return switch ((int) pstate & MODE) {
            case 0 -> "EL0t";
            case 4 -> "EL1t";
            case 5 -> "EL1h";
            case 8 -> "EL2t";
            case 9 -> "EL2h";
            case 12 -> "EL3t";
            case 13 -> "EL3h";
            default -> "0x" + Long.toHexString(pstate & MODE);
        };
    }

    /** Of an exception by its offset in the vector group. */
    static String exception(int offset) {
        return switch (offset) {
            case Tracer.SYNCHRONOUS -> "SYNC";
            case Tracer.VIRTUAL_IRQ -> "IRQ";
            case Tracer.VIRTUAL_FIQ -> "FIQ";
            default -> "SERROR";
        };
    }

    /** Of a SYS instruction by its encoding: {@code TLBI VAE2IS}. */
    static String operation(int key) {
        SystemOperation operation = SystemOperation.decode(key);
        return operation == null ? "UNKN" : operation.name().replace('_', ' ');
    }
}
