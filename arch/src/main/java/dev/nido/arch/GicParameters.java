package dev.nido.arch;

/**
 * What an implementation of GICv3 may choose, fixed once for everything that shows a GIC to
 * software (Arm IHI 0069). One record feeds the physical GIC and every emulated one, so that
 * software cannot tell them apart.
 *
 * <p>Fixed for all of them: one security state (GICD_CTLR.DS = 1), affinity routing always on, no
 * legacy operation, no 1 of N distribution, Aff3 always zero (A3V = 0), no system errors (SEIS =
 * 0), no direct injection of virtual interrupts (nV4 = 1), at most 16 targets in one Aff1 cluster
 * (RSS = 0).
 *
 * @param intidBits bits of an interrupt identifier at the CPU interface: 16
 * @param priorityBits implemented bits of a priority, counted from bit 7, also the number of
 *     preemption bits: 5
 * @param listRegisters number of ICH_LR registers: 4 or 16
 * @param spis number of shared peripheral interrupts, from INTID 32 up: a multiple of 32, 32 to 960
 * @param iidr GICD_IIDR and GICR_IIDR
 * @param archRevision bits 7:0 of PIDR2; bits 7:4 are 3 for GICv3
 */
public record GicParameters(
        int intidBits, int priorityBits, int listRegisters, int spis, int iidr, int archRevision) {

    /** First SPI. */
    public static final int FIRST_SPI = 32;

    /** First of the special identifiers, 1020 to 1023. */
    public static final int FIRST_SPECIAL = 1020;

    /** No interrupt of this kind is pending. */
    public static final int SPURIOUS = 1023;

    /** First LPI: such an interrupt has no active state. */
    public static final int FIRST_LPI = 8192;

    /** Bytes of one redistributor's two frames. */
    public static final int REDISTRIBUTOR_SIZE = 0x20000;

    /** Bytes of the distributor's frame. */
    public static final int DISTRIBUTOR_SIZE = 0x10000;

    public GicParameters {
        if (intidBits != 16) {
            throw new IllegalArgumentException("INTID bits must be 16, not " + intidBits);
        }
        if (priorityBits != 5) {
            throw new IllegalArgumentException("priority bits must be 5, not " + priorityBits);
        }
        if (listRegisters < 1 || listRegisters > 16) {
            throw new IllegalArgumentException(
                    "list registers must be 1 to 16, not " + listRegisters);
        }
        if (spis < 32 || spis > 960 || spis % 32 != 0) {
            throw new IllegalArgumentException(
                    "SPIs must be a multiple of 32 up to 960, not " + spis);
        }
    }

    /** The values that KVM shows, with 256 SPIs. */
    public static GicParameters standard(int listRegisters) {
        return new GicParameters(16, 5, listRegisters, 256, 0x4b00343b, 0x3b);
    }

    /** The bits of a priority that exist. */
    public int priorityMask() {
        return 0xff << (8 - priorityBits) & 0xff;
    }

    /** Least value of a Group 0 binary point. */
    public int minimumBpr0() {
        return 7 - priorityBits;
    }

    /** Least value of a Group 1 binary point, which splits one bit lower. */
    public int minimumBpr1() {
        return 8 - priorityBits;
    }

    /** GICD_TYPER: ITLinesNumber 4:0, IDbits 23:19, No1N 25. */
    public int distributorTyper() {
        return spis / 32 | (intidBits - 1) << 19 | 1 << 25;
    }

    /** GICR_TYPER: Last 4, Processor_Number 23:8, Affinity_Value 63:32. */
    public long redistributorTyper(int pe, boolean last) {
        return affinity(pe) << 32 | (long) pe << 8 | (last ? 1 << 4 : 0);
    }

    /** The read-only fields of ICC_CTLR_EL1 and ICV_CTLR_EL1: PRIbits 10:8, IDbits 13:11. */
    public long controlIdentification() {
        return (long) (priorityBits - 1) << 8;
    }

    /** ICH_VTR_EL2: ListRegs 4:0, TDS 19, nV4 20, IDbits 25:23, PREbits 28:26, PRIbits 31:29. */
    public long vtr() {
        return (listRegisters - 1)
                | 1L << 19
                | 1L << 20
                | (long) (priorityBits - 1) << 26
                | (long) (priorityBits - 1) << 29;
    }

    /** Affinity of a PE: Aff0, Aff1, Aff2 as in bits 23:0 of MPIDR_EL1. */
    public static long affinity(int pe) {
        return CpuModel.mpidr(pe) & 0xff_ffff;
    }
}
