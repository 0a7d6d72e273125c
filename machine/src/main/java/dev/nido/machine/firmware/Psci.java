package dev.nido.machine.firmware;

import dev.nido.machine.pe.Pe;

/**
 * Firmware with PSCI 1.1 (Arm DEN 0022) and the architecture services of SMCCC 1.1 (Arm DEN 0028).
 * It has one conduit: HVC for software that starts at EL1, SMC for software that starts at EL2.
 */
public final class Psci implements Firmware {

    /** PSCI 1.1. */
    public static final long VERSION_1_1 = 0x1_0001;

    public static final long INVALID_PARAMETERS = -2;
    public static final long ALREADY_ON = -4;
    public static final long ON_PENDING = -5;
    public static final long INVALID_ADDRESS = -9;

    /** MIGRATE_INFO_TYPE: there is no Trusted OS to migrate. */
    public static final long NO_TRUSTED_OS = 2;

    private final PowerControl power;
    private final boolean smcConduit;

    /**
     * @param smcConduit whether SMC is the conduit, else HVC
     */
    public Psci(PowerControl power, boolean smcConduit) {
        this.power = power;
        this.smcConduit = smcConduit;
    }

    /**
     * {@inheritDoc}
     *
     * <p>An SMC answers NOT_SUPPORTED where the conduit is HVC; an HVC is nobody's where it is SMC.
     */
    @Override
    public boolean call(Pe pe, boolean smc) {
        return call(pe.index, pe.x, smc);
    }

    /**
     * Answers a call.
     *
     * @param caller number of the calling PE
     * @param x its general registers
     * @param smc whether the call is an SMC, else an HVC
     * @return whether it is this firmware's
     */
    public boolean call(int caller, long[] x, boolean smc) {
        if (smc != smcConduit) {
            if (smc) {
                x[0] = Smccc.NOT_SUPPORTED;
            }
            return smc;
        }
        int id = (int) x[0];
        Smccc function = Smccc.of(id);
        boolean wide = Smccc.is64(id);
        x[0] =
                serve(
                        caller,
                        function,
                        argument(x[1], wide),
                        argument(x[2], wide),
                        argument(x[3], wide));
        if (function != null && function.isPsci()) {
            x[1] = 0;
            x[2] = 0;
            x[3] = 0;
        }
        return true;
    }

    private static long argument(long value, boolean wide) {
        return wide ? value : value & 0xffff_ffffL;
    }

    /**
     * Does what a call asks and returns X0.
     *
     * @param caller the calling PE
     * @param function null for one that does not exist
     */
    long serve(int caller, Smccc function, long a1, long a2, long a3) {
        if (function == null) {
            return Smccc.NOT_SUPPORTED;
        }
        switch (function) {
            case SMCCC_VERSION:
                return Smccc.VERSION_1_1;
            case SMCCC_ARCH_FEATURES:
                return feature((int) a1, false);
            case PSCI_FEATURES:
                return feature((int) a1, true);
            case SMCCC_ARCH_WORKAROUND_1, SMCCC_ARCH_WORKAROUND_3:
                return Smccc.SUCCESS;
            case SMCCC_ARCH_WORKAROUND_2:
                return Smccc.NOT_SUPPORTED;
            case PSCI_VERSION:
                return VERSION_1_1;
            case MIGRATE_INFO_TYPE:
                return NO_TRUSTED_OS;
            case CPU_SUSPEND:
                power.suspend(caller);
                return Smccc.SUCCESS;
            case CPU_OFF:
                power.stop(caller);
                return Smccc.SUCCESS;
            case CPU_ON:
                return cpuOn(caller, a1, a2, a3);
            case AFFINITY_INFO:
                return affinityInfo(a1, a2);
            case SYSTEM_OFF:
                power.powerOff();
                return Smccc.SUCCESS;
            case SYSTEM_RESET:
                power.reset();
                return Smccc.SUCCESS;
            case SYSTEM_RESET2:
                // Type 0 is a warm reset, bit 31 marks vendor types, of which there are none.
                if ((int) a1 != 0) {
                    return INVALID_PARAMETERS;
                }
                power.reset();
                return Smccc.SUCCESS;
        }
        throw new AssertionError(function);
    }

    private static long feature(int id, boolean psci) {
        Smccc asked = Smccc.of(id);
        if (asked == null || asked.isPsci() != psci && asked != Smccc.SMCCC_VERSION) {
            return Smccc.NOT_SUPPORTED;
        }
        return asked.feature();
    }

    private long cpuOn(int caller, long affinity, long entry, long context) {
        for (int i = 0; i < power.pes(); i++) {
            if (power.affinity(i) == affinity) {
                if ((entry & 3) != 0) {
                    return INVALID_ADDRESS;
                }
                return switch (power.start(i, entry, context, power.isBigEndian(caller))) {
                    case OFF -> Smccc.SUCCESS;
                    case ON -> ALREADY_ON;
                    case ON_PENDING -> ON_PENDING;
                };
            }
        }
        return INVALID_PARAMETERS;
    }

    /** State of an affinity instance: on if any PE in it is. */
    private long affinityInfo(long affinity, long level) {
        if (level < 0 || level > 3) {
            return INVALID_PARAMETERS;
        }
        long mask =
                switch ((int) level) {
                    case 0 -> 0xff_00ff_ffffL;
                    case 1 -> 0xff_00ff_ff00L;
                    case 2 -> 0xff_00ff_0000L;
                    default -> 0xff_0000_0000L;
                };
        if ((affinity & ~0xff_00ff_ffffL) != 0) {
            return INVALID_PARAMETERS;
        }
        PowerControl.State state = null;
        for (int i = 0; i < power.pes(); i++) {
            if ((power.affinity(i) & mask) == (affinity & mask)) {
                PowerControl.State each = power.state(i);
                if (state == null || each == PowerControl.State.ON) {
                    state = each;
                } else if (each == PowerControl.State.ON_PENDING
                        && state == PowerControl.State.OFF) {
                    state = each;
                }
            }
        }
        return state == null ? INVALID_PARAMETERS : state.ordinal();
    }
}
