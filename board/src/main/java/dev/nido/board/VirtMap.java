package dev.nido.board;

/**
 * Where everything is on the virt board. The map is compatible with QEMU's {@code virt} machine, so
 * that firmware and kernels made for that one run here.
 *
 * <pre>
 * 0x0000_0000  ┌──────────────────┐
 *              │ flash 0          │  (later)
 * 0x0400_0000  │ flash 1          │  (later)
 * 0x0800_0000  ├──────────────────┤
 *              │ GICD      64 KiB │  maintenance interrupt: PPI 9
 * 0x0808_0000  │ ITS      128 KiB │  (later)
 * 0x080A_0000  │ GICR             │  128 KiB a PE
 * 0x0900_0000  ├──────────────────┤
 *              │ PL011     4 KiB  │  SPI 1
 * 0x0901_0000  │ PL031     4 KiB  │  SPI 2
 * 0x0902_0000  │ fw_cfg           │  (later)
 * 0x0903_0000  │ PL061     4 KiB  │  SPI 7
 * 0x090C_0000  │ exit      4 KiB  │  Nido's own: exit status of the guest's command
 * 0x0A00_0000  ├──────────────────┤
 *              │ virtio-mmio ×32  │  512 bytes each; SPI 16 + n
 * 0x1000_0000  ├──────────────────┤
 *              │ PCIe             │  (later)
 * 0x4000_0000  ├──────────────────┤
 *              │ RAM              │
 *              └──────────────────┘
 * </pre>
 *
 * SPI numbers count from 0; the INTID of SPI n is 32 + n. PPI n has INTID 16 + n.
 */
public final class VirtMap {

    public static final long GIC_DISTRIBUTOR = 0x0800_0000L;
    public static final long GIC_DISTRIBUTOR_SIZE = 0x1_0000L;
    public static final long GIC_REDISTRIBUTOR = 0x080a_0000L;

    /** RD_base and SGI_base frames of one PE. */
    public static final long GIC_REDISTRIBUTOR_STRIDE = 0x2_0000L;

    public static final long UART = 0x0900_0000L;
    public static final long RTC = 0x0901_0000L;
    public static final long GPIO = 0x0903_0000L;
    public static final long EXIT = 0x090c_0000L;
    public static final long VIRTIO = 0x0a00_0000L;
    public static final long VIRTIO_STRIDE = 0x200L;
    public static final int VIRTIO_SLOTS = 32;
    public static final long RAM = 0x4000_0000L;

    /** Size of the window of a small device. */
    public static final long PAGE = 0x1000L;

    public static final int SPI_UART = 1;
    public static final int SPI_RTC = 2;
    public static final int SPI_GPIO = 7;
    public static final int SPI_VIRTIO = 16;

    public static final int PPI_PMU = 7;
    public static final int PPI_GIC_MAINTENANCE = 9;
    public static final int PPI_TIMER_HYP = 10;
    public static final int PPI_TIMER_VIRTUAL = 11;
    public static final int PPI_TIMER_HYP_VIRTUAL = 12;
    public static final int PPI_TIMER_SECURE = 13;
    public static final int PPI_TIMER_PHYSICAL = 14;

    /** INTID of SPI 0. */
    public static final int FIRST_SPI = 32;

    /** As many PEs as the window of the redistributors has room for. */
    public static final int MAX_PES = (int) ((UART - GIC_REDISTRIBUTOR) / GIC_REDISTRIBUTOR_STRIDE);

    private VirtMap() {}
}
