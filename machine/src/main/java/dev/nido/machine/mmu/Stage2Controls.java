package dev.nido.machine.mmu;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;

/** The controls of stage 2, decoded from VTCR_EL2 and HCR_EL2 (Arm ARM D8.2.9, D19.2 VTCR_EL2). */
final class Stage2Controls {

    private static final int[] OUTPUT_BITS = {32, 36, 40, 42, 44, 48, 48, 48};

    /** SL0 to start level, by granule; 4 where the value is reserved. */
    private static final int[] LEVELS_4K = {2, 1, 0, 3};

    private static final int[] LEVELS_16K = {3, 2, 1, 4};
    private static final int[] LEVELS_64K = {3, 2, 1, 4};

    /** Every walk fails with a level 0 translation fault: SL0 or T0SZ make no sense. */
    boolean disabled;

    int granule;
    int inputBits;
    int startLevel;
    int outputBits;
    boolean hardwareAccessFlag;
    boolean hardwareDirty;

    /** HCR_EL2.PTW: a stage-1 walk that stage 2 sends to Device memory faults. */
    boolean protectedWalk;

    /** HCR_EL2.FWB. */
    boolean forceWriteBack;

    /** HCR_EL2.CD: data accesses are not cacheable. */
    boolean cacheDisabled;

    private final CpuModel cpu;
    private final int physicalBits;
    private long vtcr = -1;
    private long hcr = -1;

    Stage2Controls(CpuModel cpu) {
        this.cpu = cpu;
        physicalBits = Stage1Controls.physicalBits(cpu);
    }

    void refresh(long vtcrNow, long hcrNow) {
        if (vtcrNow == vtcr && hcrNow == hcr) {
            return;
        }
        vtcr = vtcrNow;
        hcr = hcrNow;
        protectedWalk = (hcr & HcrEl2.PTW) != 0;
        forceWriteBack = (hcr & HcrEl2.FWB) != 0;
        cacheDisabled = (hcr & HcrEl2.CD) != 0;
        hardwareAccessFlag = cpu.has(Feature.HAFDBS) && (vtcr >>> 21 & 1) != 0;
        hardwareDirty = hardwareAccessFlag && cpu.has(Feature.HAFDBS_DBM) && (vtcr >>> 22 & 1) != 0;
        outputBits = Math.min(OUTPUT_BITS[(int) (vtcr >>> 16) & 7], physicalBits);
        granule = Stage1Controls.granule0((int) (vtcr >>> 14) & 3);
        int tsz = (int) vtcr & 63;
        inputBits = 64 - tsz;
        int sl0 = (int) (vtcr >>> 6) & 3;
        boolean small = cpu.has(Feature.TTST);
        startLevel = (granule == 12 ? LEVELS_4K : granule == 14 ? LEVELS_16K : LEVELS_64K)[sl0];
        disabled =
                tsz < 64 - physicalBits
                        || tsz > (small ? (granule == 16 ? 47 : 48) : 39)
                        || startLevel == 4
                        || granule == 12 && startLevel == 3 && !small
                        || startLevel == 0 && physicalBits < 44
                        || granule == 14 && startLevel == 1 && physicalBits < 42
                        || granule == 16 && startLevel == 1 && physicalBits < 44;
        if (!disabled) {
            int stride = granule - 3;
            int least = (3 - startLevel) * stride + granule + 1;
            // One level's index more, and up to 16 concatenated tables.
            disabled = inputBits < least || inputBits > least + stride - 1 + 4;
        }
    }
}
