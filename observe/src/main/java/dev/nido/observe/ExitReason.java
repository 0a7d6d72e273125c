package dev.nido.observe;

import dev.nido.arch.Esr;
import dev.nido.kvm.Tracer;

/**
 * Reasons of exits as small numbers, and their names: for a trap ESR_EL2.EC under the name that KVM
 * gives it ({@code kvm_arm_exception_class}), else the type of the exit ({@code
 * kvm_arm_exception_type}), so that scripts for {@code perf kvm stat} find what they know.
 */
final class ExitReason {
    /** How many reasons there are: 64 exception classes, then the types that have no class. */
    static final int COUNT = 64 + 3;

    private static final int IRQ = 64;
    private static final int ILLEGAL = 65;
    private static final int KICK = 66;

    private static final String[] NAMES = new String[COUNT];

    static {
        for (int ec = 0; ec < 64; ec++) {
            NAMES[ec] = String.format("0x%x", ec);
        }
        NAMES[0x00] = "UNKNOWN";
        NAMES[0x01] = "WFx";
        NAMES[0x03] = "CP15_32";
        NAMES[0x04] = "CP15_64";
        NAMES[0x05] = "CP14_MR";
        NAMES[0x06] = "CP14_LS";
        NAMES[0x07] = "FP_ASIMD";
        NAMES[0x08] = "CP10_ID";
        NAMES[0x09] = "PAC";
        NAMES[0x0c] = "CP14_64";
        NAMES[0x0e] = "ILL";
        NAMES[0x11] = "SVC32";
        NAMES[0x12] = "HVC32";
        NAMES[0x13] = "SMC32";
        NAMES[0x15] = "SVC64";
        NAMES[0x16] = "HVC64";
        NAMES[0x17] = "SMC64";
        NAMES[0x18] = "SYS64";
        NAMES[0x19] = "SVE";
        NAMES[0x1a] = "ERET";
        NAMES[0x1f] = "IMP_DEF";
        NAMES[0x20] = "IABT_LOW";
        NAMES[0x21] = "IABT_CUR";
        NAMES[0x22] = "PC_ALIGN";
        NAMES[0x24] = "DABT_LOW";
        NAMES[0x25] = "DABT_CUR";
        NAMES[0x26] = "SP_ALIGN";
        NAMES[0x28] = "FP_EXC32";
        NAMES[0x2c] = "FP_EXC64";
        NAMES[0x2f] = "SERROR";
        NAMES[0x30] = "BREAKPT_LOW";
        NAMES[0x31] = "BREAKPT_CUR";
        NAMES[0x32] = "SOFTSTP_LOW";
        NAMES[0x33] = "SOFTSTP_CUR";
        NAMES[0x34] = "WATCHPT_LOW";
        NAMES[0x35] = "WATCHPT_CUR";
        NAMES[0x38] = "BKPT32";
        NAMES[0x3a] = "VECTOR32";
        NAMES[0x3c] = "BRK64";
        NAMES[IRQ] = "IRQ";
        NAMES[ILLEGAL] = "IL";
        NAMES[KICK] = "KICK";
    }

    private ExitReason() {}

    /**
     * The reason of an exit.
     *
     * @param ec as in {@link Tracer#exit}
     * @return 0 to {@link #COUNT} − 1
     */
    static int of(int ec) {
        return switch (ec) {
            case Tracer.IRQ -> IRQ;
            case Tracer.SERROR -> Esr.EC_SERROR;
            case Tracer.ILLEGAL -> ILLEGAL;
            case Tracer.KICK -> KICK;
            default -> ec;
        };
    }

    /** Whether an interrupt or a kick ended the guest's run, not an instruction. */
    static boolean isAsynchronous(int reason) {
        return reason == IRQ || reason == KICK;
    }

    /** The name of a reason; a class that the architecture reserves is a hexadecimal number. */
    static String name(int reason) {
        return NAMES[reason];
    }

    /** The name of an exit's type; a kick reaches KVM as an interrupt. */
    static String typeName(int ec) {
        return switch (ec) {
            case Tracer.IRQ, Tracer.KICK -> "IRQ";
            case Tracer.SERROR -> "SERROR";
            case Tracer.ILLEGAL -> "IL";
            default -> "TRAP";
        };
    }
}
