package dev.nido.board;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.board.fdt.DeviceTree;
import dev.nido.board.fdt.DeviceTree.Node;

import java.util.SplittableRandom;

/**
 * Describes the virt board to its guest (Devicetree Specification 0.4; bindings as in Linux's
 * Documentation/devicetree). Names follow QEMU's {@code virt}, so that what looks for a node there
 * finds it here.
 */
final class VirtDeviceTree {

    private static final int GIC_PHANDLE = 0x8001;
    private static final int CLOCK_PHANDLE = 0x8000;
    private static final int GPIO_PHANDLE = 0x8002;
    private static final int SPI = 0;
    private static final int PPI = 1;
    private static final int LEVEL_HIGH = 4;
    private static final int UART_CLOCK_HZ = 24_000_000;
    private static final int KEY_POWER = 116;
    private static final int RNG_SEED_BYTES = 32;

    private final BoardConfig config;
    private final CpuModel cpu;

    private VirtDeviceTree(BoardConfig config, CpuModel cpu) {
        this.config = config;
        this.cpu = cpu;
    }

    /**
     * The board's own tree.
     *
     * @param cpu the CPU as the guest sees it
     * @param virtioDevices how many of the virtio slots are in use, from slot 0
     */
    static DeviceTree build(BoardConfig config, CpuModel cpu, int virtioDevices) {
        VirtDeviceTree writer = new VirtDeviceTree(config, cpu);
        DeviceTree tree = new DeviceTree();
        Node root = tree.root();
        root.cells("interrupt-parent", GIC_PHANDLE);
        root.cells("#size-cells", 2).cells("#address-cells", 2);
        root.strings("compatible", "linux,dummy-virt").strings("model", "linux,dummy-virt");
        writer.firmware(root);
        root.child("memory@%x".formatted(VirtMap.RAM)).strings("device_type", "memory");
        writer.cpus(root);
        writer.timer(root);
        writer.interruptController(root);
        writer.devices(root);
        writer.virtio(root, virtioDevices);
        return tree;
    }

    /**
     * Tells a tree, ours or the user's, what is known only at the start: memory, command line,
     * initrd, seeds. A user's tree keeps its own command line unless one is given.
     *
     * @param initrd first address of the initrd
     * @param initrdSize bytes; 0 for none
     */
    static void complete(DeviceTree tree, BoardConfig config, long initrd, long initrdSize) {
        Node root = tree.root();
        if (root.get("#address-cells") == null) {
            root.cells("#size-cells", 2).cells("#address-cells", 2);
        }
        int addressCells = cell(root.get("#address-cells"));
        int sizeCells = cell(root.get("#size-cells"));
        root.children().stream()
                .filter(n -> n.name().equals("memory") || n.name().startsWith("memory@"))
                .findFirst()
                .orElseGet(() -> root.child("memory@%x".formatted(VirtMap.RAM)))
                .strings("device_type", "memory")
                .cells("reg", pair(addressCells, sizeCells, VirtMap.RAM, config.memory()));
        Node chosen = root.child("chosen");
        if (!config.append().isEmpty() || chosen.get("bootargs") == null) {
            chosen.strings("bootargs", config.append());
        }
        if (chosen.get("stdout-path") == null) {
            chosen.strings("stdout-path", "/pl011@%x".formatted(VirtMap.UART));
        }
        chosen.remove("linux,initrd-start");
        chosen.remove("linux,initrd-end");
        if (initrdSize > 0) {
            chosen.longs("linux,initrd-start", initrd)
                    .longs("linux,initrd-end", initrd + initrdSize);
        }
        SplittableRandom random = new SplittableRandom(config.seed());
        byte[] seed = new byte[RNG_SEED_BYTES];
        random.nextBytes(seed);
        chosen.bytes("rng-seed", seed).longs("kaslr-seed", random.nextLong());
    }

    private static int cell(byte[] property) {
        return property != null && property.length == 4 ? property[3] : 2;
    }

    private static int[] pair(int addressCells, int sizeCells, long address, long size) {
        int[] cells = new int[addressCells + sizeCells];
        put(cells, 0, addressCells, address);
        put(cells, addressCells, sizeCells, size);
        return cells;
    }

    private static void put(int[] cells, int at, int count, long value) {
        long rest = value;
        for (int i = at + count - 1; i >= at; i--) {
            cells[i] = (int) rest;
            rest >>>= 32;
        }
    }

    private String conduit() {
        return config.startEl() == 2 ? "smc" : "hvc";
    }

    private void firmware(Node root) {
        root.child("psci")
                .strings("compatible", "arm,psci-1.0", "arm,psci-0.2", "arm,psci")
                .strings("method", conduit())
                .cells("cpu_suspend", 0xc4000001)
                .cells("cpu_off", 0x84000002)
                .cells("cpu_on", 0xc4000003)
                .cells("migrate", 0xc4000005);
    }

    private void cpus(Node root) {
        Node cpus = root.child("cpus").cells("#address-cells", 1).cells("#size-cells", 0);
        for (int i = 0; i < config.cpus(); i++) {
            int affinity = (int) (CpuModel.mpidr(i) & 0xff_ffff);
            cpus.child("cpu@%x".formatted(affinity))
                    .strings("device_type", "cpu")
                    .strings("compatible", "arm,armv8")
                    .cells("reg", affinity)
                    .strings("enable-method", "psci");
        }
    }

    private void timer(Node root) {
        Node timer =
                root.child("timer")
                        .strings("compatible", "arm,armv8-timer", "arm,armv7-timer")
                        .flag("always-on");
        if (cpu.has(Feature.VHE)) {
            timer.cells(
                    "interrupts",
                    PPI,
                    VirtMap.PPI_TIMER_SECURE,
                    LEVEL_HIGH,
                    PPI,
                    VirtMap.PPI_TIMER_PHYSICAL,
                    LEVEL_HIGH,
                    PPI,
                    VirtMap.PPI_TIMER_VIRTUAL,
                    LEVEL_HIGH,
                    PPI,
                    VirtMap.PPI_TIMER_HYP,
                    LEVEL_HIGH,
                    PPI,
                    VirtMap.PPI_TIMER_HYP_VIRTUAL,
                    LEVEL_HIGH);
        } else {
            timer.cells(
                    "interrupts",
                    PPI,
                    VirtMap.PPI_TIMER_SECURE,
                    LEVEL_HIGH,
                    PPI,
                    VirtMap.PPI_TIMER_PHYSICAL,
                    LEVEL_HIGH,
                    PPI,
                    VirtMap.PPI_TIMER_VIRTUAL,
                    LEVEL_HIGH,
                    PPI,
                    VirtMap.PPI_TIMER_HYP,
                    LEVEL_HIGH);
        }
        if (cpu.has(Feature.PMUv3)) {
            root.child("pmu")
                    .strings("compatible", "arm,armv8-pmuv3")
                    .cells("interrupts", PPI, VirtMap.PPI_PMU, LEVEL_HIGH);
        }
    }

    private void interruptController(Node root) {
        Node gic =
                root.child("intc@%x".formatted(VirtMap.GIC_DISTRIBUTOR))
                        .cells("phandle", GIC_PHANDLE)
                        .strings("compatible", "arm,gic-v3")
                        .cells("#interrupt-cells", 3)
                        .flag("interrupt-controller")
                        .cells("#address-cells", 2)
                        .cells("#size-cells", 2)
                        .flag("ranges")
                        .cells("#redistributor-regions", 1)
                        .longs(
                                "reg",
                                VirtMap.GIC_DISTRIBUTOR,
                                VirtMap.GIC_DISTRIBUTOR_SIZE,
                                VirtMap.GIC_REDISTRIBUTOR,
                                VirtMap.GIC_REDISTRIBUTOR_STRIDE * config.cpus());
        if (cpu.has(Feature.EL2)) {
            gic.cells("interrupts", PPI, VirtMap.PPI_GIC_MAINTENANCE, LEVEL_HIGH);
        }
    }

    private void devices(Node root) {
        root.child("apb-pclk")
                .cells("phandle", CLOCK_PHANDLE)
                .strings("compatible", "fixed-clock")
                .cells("#clock-cells", 0)
                .cells("clock-frequency", UART_CLOCK_HZ)
                .strings("clock-output-names", "clk24mhz");
        primeCell(root, "pl011", VirtMap.UART, VirtMap.SPI_UART)
                .cells("clocks", CLOCK_PHANDLE, CLOCK_PHANDLE)
                .strings("clock-names", "uartclk", "apb_pclk");
        primeCell(root, "pl031", VirtMap.RTC, VirtMap.SPI_RTC);
        primeCell(root, "pl061", VirtMap.GPIO, VirtMap.SPI_GPIO)
                .cells("phandle", GPIO_PHANDLE)
                .cells("#gpio-cells", 2)
                .flag("gpio-controller")
                .cells("#interrupt-cells", 2)
                .flag("interrupt-controller");
        root.child("gpio-keys")
                .strings("compatible", "gpio-keys")
                .child("poweroff")
                .strings("label", "GPIO Key Poweroff")
                .cells("linux,code", KEY_POWER)
                .cells("gpios", GPIO_PHANDLE, dev.nido.board.device.Pl061.POWER_BUTTON, 0);
        root.child("nido-exit@%x".formatted(VirtMap.EXIT))
                .strings("compatible", "nido,exit")
                .longs("reg", VirtMap.EXIT, VirtMap.PAGE);
        root.child("aliases").strings("serial0", "/pl011@%x".formatted(VirtMap.UART));
    }

    private static Node primeCell(Node root, String part, long base, int spi) {
        return root.child("%s@%x".formatted(part, base))
                .strings("compatible", "arm," + part, "arm,primecell")
                .longs("reg", base, VirtMap.PAGE)
                .cells("interrupts", SPI, spi, LEVEL_HIGH)
                .cells("clocks", CLOCK_PHANDLE)
                .strings("clock-names", "apb_pclk");
    }

    private void virtio(Node root, int devices) {
        for (int slot = 0; slot < devices; slot++) {
            long base = VirtMap.VIRTIO + slot * VirtMap.VIRTIO_STRIDE;
            root.child("virtio_mmio@%x".formatted(base))
                    .strings("compatible", "virtio,mmio")
                    .longs("reg", base, VirtMap.VIRTIO_STRIDE)
                    .cells("interrupts", SPI, VirtMap.SPI_VIRTIO + slot, LEVEL_HIGH)
                    .flag("dma-coherent");
        }
    }
}
