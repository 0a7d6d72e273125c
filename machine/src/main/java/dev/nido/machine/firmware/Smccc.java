package dev.nido.machine.firmware;

/**
 * The functions of the SMC Calling Convention (Arm DEN 0028) that firmware knows, one row each. A
 * function with a 64-bit form has it at its identifier with bit 30 set. The table is the same for
 * every software that plays firmware.
 */
public enum Smccc {
    SMCCC_VERSION(0x8000_0000, false, 0),
    SMCCC_ARCH_FEATURES(0x8000_0001, false, 0),
    /** Branch target injection: this PE does not speculate, so nothing need be done. */
    SMCCC_ARCH_WORKAROUND_1(0x8000_8000, false, 1),
    /** Speculative store bypass: not required, neither dynamically. */
    SMCCC_ARCH_WORKAROUND_2(0x8000_7fff, false, -2),
    /** Branch history injection: not affected. */
    SMCCC_ARCH_WORKAROUND_3(0x8000_3fff, false, 1),
    PSCI_VERSION(0x8400_0000, false, 0),
    CPU_SUSPEND(0x8400_0001, true, 0),
    CPU_OFF(0x8400_0002, false, 0),
    CPU_ON(0x8400_0003, true, 0),
    AFFINITY_INFO(0x8400_0004, true, 0),
    MIGRATE_INFO_TYPE(0x8400_0006, false, 0),
    SYSTEM_OFF(0x8400_0008, false, 0),
    SYSTEM_RESET(0x8400_0009, false, 0),
    PSCI_FEATURES(0x8400_000a, false, 0),
    SYSTEM_RESET2(0x8400_0012, true, 0);

    /** Results. */
    public static final long SUCCESS = 0;

    public static final long NOT_SUPPORTED = -1;

    /** SMCCC 1.1. */
    public static final long VERSION_1_1 = 0x1_0001;

    private static final int BIT_64 = 1 << 30;

    private final int id;
    private final boolean has64;
    private final int feature;

    Smccc(int id, boolean has64, int feature) {
        this.id = id;
        this.has64 = has64;
        this.feature = feature;
    }

    /** Identifier of the 32-bit form. */
    public int id() {
        return id;
    }

    /** Whether there is a form with 64-bit arguments. */
    public boolean has64() {
        return has64;
    }

    /** Whether an identifier names a call with 64-bit arguments. */
    public static boolean is64(int function) {
        return (function & BIT_64) != 0;
    }

    /** What a query (PSCI_FEATURES, SMCCC_ARCH_FEATURES) answers about this function. */
    public int feature() {
        return feature;
    }

    /** Of PSCI (Arm DEN 0022), not of the architecture services. */
    public boolean isPsci() {
        return (id & 0x3f00_0000) == 0x0400_0000;
    }

    /** The function that an identifier (W0 of the call) names, or null. */
    public static Smccc of(int function) {
        for (Smccc each : values()) {
            if (function == each.id || each.has64 && function == (each.id | BIT_64)) {
                return each;
            }
        }
        return null;
    }
}
