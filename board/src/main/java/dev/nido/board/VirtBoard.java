package dev.nido.board;

import dev.nido.arch.CpuModel;
import dev.nido.board.device.ExitDevice;
import dev.nido.board.device.Pl011;
import dev.nido.board.device.Pl031;
import dev.nido.board.device.Pl061;
import dev.nido.board.device.SerialInput;
import dev.nido.board.fdt.DeviceTree;
import dev.nido.board.fdt.DeviceTreeException;
import dev.nido.board.load.ImageException;
import dev.nido.board.load.Initrd;
import dev.nido.board.load.KernelImage;
import dev.nido.board.load.KernelLoader;
import dev.nido.board.load.Layout;
import dev.nido.board.virtio.VirtioBlock;
import dev.nido.board.virtio.VirtioConsole;
import dev.nido.board.virtio.VirtioDevice;
import dev.nido.board.virtio.VirtioMmio;
import dev.nido.board.virtio.VirtioRng;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vm;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.engine.StreamRecorder;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/**
 * The virt board around a machine: its devices on the bus, its images in memory, its device tree. A
 * board is good for one run.
 *
 * <pre>{@code
 * BoardConfig config = BoardConfig.of(kernel).cpus(2).append("console=ttyAMA0").console(sink).build();
 * try (VirtBoard board = VirtBoard.create(config)) {
 *     MachineEnd end = board.run(Duration.ofSeconds(60));
 * }
 * }</pre>
 */
public final class VirtBoard implements AutoCloseable {

    /** Linux takes no larger device tree. */
    private static final int MAX_DEVICE_TREE = 2 << 20;

    private static final int DEVICE_TREE_ROOM = 1 << 16;

    private final BoardConfig config;
    private final CpuModel cpu;
    private final Platform platform;
    private final List<FileChannel> open = new ArrayList<>();
    private final ExitDevice exit = new ExitDevice();
    private final Pl011 uart;
    private final Pl061 gpio;
    private VirtioConsole secondConsole;

    /**
     * Builds the board and loads its images.
     *
     * @throws BoardException if that is not possible as configured
     */
    public static VirtBoard create(BoardConfig config) throws BoardException {
        return create(config, config.deterministic() ? new StreamRecorder(null) : null);
    }

    /**
     * Builds the board and loads its images.
     *
     * @param recorder takes the instruction stream, or null
     * @throws BoardException if that is not possible as configured
     */
    public static VirtBoard create(BoardConfig config, StreamRecorder recorder)
            throws BoardException {
        return create(config, recorder, null);
    }

    /**
     * Builds a board of the hosted mode on a machine that it shares with others, with the wall
     * clock.
     *
     * @throws BoardException if that is not possible as configured
     */
    public static VirtBoard create(BoardConfig config, HostedMachine host) throws BoardException {
        if (config.hosting() == null || config.deterministic()) {
            throw new IllegalArgumentException(
                    "boards share a machine only in hosted mode, with the wall clock");
        }
        return create(config, null, host);
    }

    private static VirtBoard create(BoardConfig config, StreamRecorder recorder, HostedMachine host)
            throws BoardException {
        config.check();
        CpuModel cpu = config.shownCpu();
        KernelImage kernel = KernelLoader.load(config.kernel(), VirtMap.RAM);
        Initrd initrd = Initrd.of(config.initrds(), config.initrdOverlay());
        DeviceTree tree = config.dtb() == null ? null : readTree(config.dtb());
        List<VirtioDevice> devices = new ArrayList<>();
        List<FileChannel> open = new ArrayList<>();
        VirtBoard board = null;
        boolean complete = false;
        try {
            addDisks(config, devices, open);
            if (tree == null) {
                int count = devices.size() + (config.secondConsole() == null ? 1 : 2);
                tree = VirtDeviceTree.build(config, cpu, count);
            }
            VirtDeviceTree.complete(tree, config, VirtMap.RAM, initrd.size());
            int room = Math.max(DEVICE_TREE_ROOM, tree.toBlob().length);
            Layout layout = Layout.of(kernel, VirtMap.RAM, config.memory(), initrd.size(), room);
            VirtDeviceTree.complete(tree, config, layout.initrd(), initrd.size());
            Platform platform =
                    config.hosting() == null
                            ? new BarePlatform(config, cpu, recorder)
                            : new HostedPlatform(config, cpu, recorder, host);
            board = new VirtBoard(config, cpu, devices, open, platform);
            board.place(layout, initrd, tree.toBlob());
            complete = true;
            return board;
        } finally {
            if (!complete && board != null) {
                board.close();
            } else if (!complete) {
                close(open);
            }
        }
    }

    private VirtBoard(
            BoardConfig config,
            CpuModel cpu,
            List<VirtioDevice> disks,
            List<FileChannel> files,
            Platform platform) {
        this.config = config;
        this.cpu = cpu;
        this.open.addAll(files);
        this.platform = platform;
        uart = new Pl011(platform.spi(VirtMap.SPI_UART), config.console());
        gpio = new Pl061(platform.spi(VirtMap.SPI_GPIO));
        mapDevices();
        mapVirtio(disks);
    }

    private void mapDevices() {
        long epoch = config.deterministic() ? Pl031.FIXED_EPOCH : System.currentTimeMillis() / 1000;
        Pl031 rtc = new Pl031(platform.spi(VirtMap.SPI_RTC), platform.clock(), epoch);
        platform.map("pl011", VirtMap.UART, VirtMap.PAGE, uart);
        platform.map("pl031", VirtMap.RTC, VirtMap.PAGE, rtc);
        platform.map("pl061", VirtMap.GPIO, VirtMap.PAGE, gpio);
        platform.map("exit", VirtMap.EXIT, VirtMap.PAGE, exit);
    }

    private void mapVirtio(List<VirtioDevice> disks) {
        List<VirtioDevice> devices = new ArrayList<>(disks);
        devices.add(new VirtioRng(new SplittableRandom(config.seed() ^ VirtMap.VIRTIO)));
        if (config.secondConsole() != null) {
            secondConsole = new VirtioConsole(config.secondConsole());
            devices.add(secondConsole);
        }
        for (int slot = 0; slot < VirtMap.VIRTIO_SLOTS; slot++) {
            VirtioDevice device = slot < devices.size() ? devices.get(slot) : null;
            platform.map(
                    "virtio" + slot,
                    VirtMap.VIRTIO + slot * VirtMap.VIRTIO_STRIDE,
                    VirtMap.VIRTIO_STRIDE,
                    new VirtioMmio(
                            device, platform.memory(), platform.spi(VirtMap.SPI_VIRTIO + slot)));
        }
    }

    private static DeviceTree readTree(Path file) throws BoardException {
        byte[] blob = KernelLoader.readFile(file, "device tree");
        if (blob.length > MAX_DEVICE_TREE) {
            throw new DeviceTreeException(
                    "device tree %s is larger than 2 MiB, which Linux does not take"
                            .formatted(file));
        }
        return DeviceTree.parse(file.toString(), blob);
    }

    private static void addDisks(
            BoardConfig config, List<VirtioDevice> devices, List<FileChannel> open)
            throws BoardException {
        for (BoardConfig.Disk disk : config.disks()) {
            Path file = disk.file();
            if (Files.isDirectory(file)) {
                throw new ConfigurationException(
                        "disk %s is a directory; name a raw image file".formatted(file));
            }
            try {
                FileChannel channel =
                        disk.readOnly()
                                ? FileChannel.open(file, StandardOpenOption.READ)
                                : FileChannel.open(
                                        file, StandardOpenOption.READ, StandardOpenOption.WRITE);
                open.add(channel);
                devices.add(new VirtioBlock(channel, disk.readOnly(), "nido-" + devices.size()));
            } catch (NoSuchFileException e) {
                throw new ConfigurationException(
                        "disk %s does not exist; check the path".formatted(file));
            } catch (AccessDeniedException e) {
                throw new ConfigurationException(
                        "disk %s can't be opened%s"
                                .formatted(
                                        file,
                                        disk.readOnly()
                                                ? ""
                                                : " for writing; add ,ro to only read it"));
            } catch (IOException e) {
                throw new ConfigurationException(
                        "disk %s can't be opened: %s".formatted(file, e.getMessage()));
            }
        }
    }

    private void place(Layout layout, Initrd initrd, byte[] tree) throws ImageException {
        GuestMemory memory = platform.memory();
        for (KernelImage.Segment segment : layout.kernel().segments()) {
            memory.write(segment.pa(), segment.bytes(), segment.at(), segment.length());
        }
        initrd.place(memory, layout.initrd());
        memory.write(layout.deviceTree(), tree, 0, tree.length);
        // The boot protocol of arm64 Linux: x0 is the device tree, x1 to x3 are zero.
        platform.start(layout.kernel().entry(), layout.deviceTree());
    }

    /**
     * Runs until the guest ends.
     *
     * @param timeout at most so long on the host's clock; null for no limit
     */
    public MachineEnd run(Duration timeout) {
        return platform.run(timeout);
    }

    /** Ends the run; the first reason given wins. May be called from any thread. */
    public void end(MachineEnd reason) {
        platform.end(reason);
    }

    /** Sets what can still wake an idle guest from outside: true while input may come. */
    public void setInputSource(BooleanSupplier source) {
        platform.setInputSource(source);
    }

    /** Sets who hears of the hypervisor's events, null for nobody; a bare machine has none. */
    public void setTracer(Tracer tracer) {
        platform.setTracer(tracer);
    }

    /** The machine that the guest runs on. */
    public Machine machine() {
        return platform.machine();
    }

    /** The virtual machine in hosted mode; null if the guest owns the machine. */
    public Vm vm() {
        return platform.vm();
    }

    /** The guest's RAM as its devices reach it. */
    public GuestMemory memory() {
        return platform.memory();
    }

    /** The CPU as the guest sees it. */
    public CpuModel cpu() {
        return cpu;
    }

    /** Input of the PL011. */
    public SerialInput console() {
        return uart;
    }

    /** Input of the virtio console; null if the board has none. */
    public SerialInput secondConsole() {
        return secondConsole;
    }

    /** What the guest wrote to the exit device. */
    public OptionalInt exitStatus() {
        return exit.status();
    }

    /** Presses and releases the power button, or does either alone. */
    public void powerButton(boolean pressed) {
        gpio.setPin(Pl061.POWER_BUTTON, pressed);
    }

    @Override
    public void close() {
        platform.close();
        close(open);
    }

    private static void close(List<FileChannel> files) {
        for (FileChannel file : files) {
            try {
                file.close();
            } catch (IOException e) {
                // A raw image that was flushed has nothing left to lose.
                continue;
            }
        }
    }
}
