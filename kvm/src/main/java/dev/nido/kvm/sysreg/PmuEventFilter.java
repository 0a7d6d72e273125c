package dev.nido.kvm.sysreg;

import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;

import java.util.BitSet;

/**
 * Which PMU events the guests of a VM may count (KVM: {@code kvm->arch.pmu_filter}, the attribute
 * KVM_ARM_VCPU_PMU_V3_FILTER). The first range decides for all events that no range names: a range
 * that allows makes the others denied. Later ranges override earlier ones. The cycle counter is
 * event 0x11; software increments cannot be denied.
 */
public final class PmuEventFilter {

    private static final int SW_INCR = 0x00;

    private final IdRegisters ids;

    /** What is allowed; null without a filter. */
    private BitSet allowed;

    /** The filter of a VM with these ID registers; it allows everything. */
    public PmuEventFilter(IdRegisters ids) {
        this.ids = ids;
    }

    /** Number of events of the VM's PMU version: 2^10 in Armv8.0, 2^16 later. */
    public static int events(int pmuVersion) {
        return switch (pmuVersion) {
            case 0, 15 -> 0;
            case 1 -> 1 << 10;
            default -> 1 << 16;
        };
    }

    /**
     * Adds a range.
     *
     * @param base first event number
     * @param count number of events
     * @param allow whether they may be counted
     * @throws KvmException EINVAL if the range is not in the event space; EBUSY after the VM's
     *     first run; ENODEV without a PMU
     */
    public synchronized void add(int base, int count, boolean allow) {
        if (!ids.hasPmu()) {
            throw new KvmException(Errno.ENODEV, "no PMU");
        }
        int events = events(ids.pmuVersion());
        if (base < 0 || count < 0 || (long) base + count > events) {
            throw new KvmException(
                    Errno.EINVAL, "events from 0x%x, %d of them".formatted(base, count));
        }
        if (ids.isFixed()) {
            throw new KvmException(Errno.EBUSY, "event filter after the VM has run");
        }
        if (allowed == null) {
            allowed = new BitSet(events);
            if (!allow) {
                allowed.set(0, events);
            }
        }
        allowed.set(base, base + count, allow);
    }

    /** Whether an event may be counted. */
    public boolean allows(int event) {
        return allowed == null || event == SW_INCR || allowed.get(event);
    }

    /** PMCEID0_EL0 or PMCEID1_EL0 without the events that are denied. */
    long mask(long pmceid, int first) {
        if (allowed == null) {
            return pmceid;
        }
        long result = 0;
        for (int i = 0; i < 64; i++) {
            // Bits 63:32 are the events from 0x4000 on (Armv8.1).
            int event = i < 32 ? first + i : 0x4000 + first + i - 32;
            if ((pmceid >>> i & 1) != 0 && allows(event)) {
                result |= 1L << i;
            }
        }
        return result;
    }
}
