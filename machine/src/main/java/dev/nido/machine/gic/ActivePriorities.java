package dev.nido.machine.gic;

/**
 * The active priorities of one CPU interface, physical or virtual (Arm IHI 0069, 4.8): what AP0R0
 * and AP1R0 hold with 5 preemption bits, one bit a group priority, bit 0 the highest.
 */
final class ActivePriorities {

    /** RPR when nothing is active. */
    static final int IDLE = 0xff;

    int group0;
    int group1;

    /** The running priority, or {@link #IDLE}. */
    int running() {
        int all = group0 | group1;
        return all == 0 ? IDLE : Integer.numberOfTrailingZeros(all) << 3;
    }

    void activate(int groupPriority, boolean toGroup1) {
        int bit = 1 << (groupPriority >> 3);
        if (toGroup1) {
            group1 |= bit;
        } else {
            group0 |= bit;
        }
    }

    /**
     * Drops the running priority. Software must do this for the group that is running; a drop for
     * the other one is ignored and false.
     */
    boolean drop(boolean ofGroup1) {
        int all = group0 | group1;
        int highest = all & -all;
        int mine = ofGroup1 ? group1 : group0;
        if ((mine & highest) == 0) {
            return false;
        }
        if (ofGroup1) {
            group1 &= ~highest;
        } else {
            group0 &= ~highest;
        }
        return true;
    }
}
