package dev.nido.machine.mmu;

/**
 * Memory types and cacheability, in the format of one byte of MAIR_ELx (Arm ARM D8.6): zero in bits
 * 7:4 is Device memory.
 */
public final class MemoryAttributes {

    static final int DEVICE_NGNRNE = 0x00;
    static final int NON_CACHEABLE = 0x44;
    static final int WRITE_BACK = 0xff;

    /** Shareability, as in a descriptor's SH. */
    static final int OUTER_SHAREABLE = 2;

    private MemoryAttributes() {}

    /** Whether a type is Device memory. */
    public static boolean device(int attribute) {
        return (attribute & 0xf0) == 0;
    }

    /**
     * What stage 2 makes of a stage-1 type (Arm ARM D8.6.5 and, for FWB, D8.6.6).
     *
     * @param stage1 MAIR format
     * @param memAttr MemAttr[3:0] of the stage-2 descriptor
     */
    public static int combine(
            int stage1, int memAttr, boolean forceWriteBack, boolean cacheDisabled) {
        if (forceWriteBack) {
            return switch (memAttr & 7) {
                case 0, 1, 2, 3 -> strongerDevice(stage1, memAttr & 3);
                case 5 -> device(stage1) ? stage1 : NON_CACHEABLE;
                case 6 -> WRITE_BACK;
                default -> cacheDisabled && !device(stage1) ? NON_CACHEABLE : stage1;
            };
        }
        if (memAttr >> 2 == 0) {
            return strongerDevice(stage1, memAttr & 3);
        }
        if (device(stage1)) {
            return stage1;
        }
        if (cacheDisabled) {
            return NON_CACHEABLE;
        }
        return weaker(stage1 >> 4, memAttr >> 2) << 4 | weaker(stage1 & 15, memAttr & 3);
    }

    private static int strongerDevice(int stage1, int type) {
        return device(stage1) ? Math.min(stage1 & 0xc, type << 2) : type << 2;
    }

    /** The less cacheable of a stage-1 nibble and a stage-2 value (1 NC, 2 WT, 3 WB). */
    private static int weaker(int nibble, int stage2) {
        int kind = cacheability(nibble);
        if (kind == 1 || stage2 == 1) {
            return 4;
        }
        if (stage2 == 2 && kind == 3) {
            return nibble & 3 | 8; // Write-Through, with stage 1's allocation hints
        }
        return nibble;
    }

    private static int cacheability(int nibble) {
        if (nibble == 4 || nibble == 0) {
            return 1;
        }
        // 00RW and 10RW are Write-Through, 01RW and 11RW Write-Back (transient and not).
        return (nibble & 4) != 0 ? 3 : 2;
    }

    /** Device and Non-cacheable memory is Outer Shareable, whatever a descriptor says. */
    public static int shareability(int attribute, int sh) {
        return device(attribute) || attribute == NON_CACHEABLE ? OUTER_SHAREABLE : sh;
    }

    /** The wider of two shareabilities. */
    public static int widerShareability(int a, int b) {
        if (a == 2 || b == 2) {
            return 2;
        }
        return a == 3 || b == 3 ? 3 : 0;
    }
}
