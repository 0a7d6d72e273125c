package dev.nido.board.virtio;

import dev.nido.board.GuestMemory;
import dev.nido.board.device.InterruptLine;
import dev.nido.machine.MmioDevice;

/**
 * The memory-mapped virtio transport, version 2 (virtio 1.2, 4.2). Work is done inside the store
 * that notifies, so that a run does not depend on the host's threads.
 */
public final class VirtioMmio implements MmioDevice {

    private static final int MAGIC = 0x74726976;
    private static final int VERSION = 2;
    private static final int VENDOR = 0x4f44494e;
    private static final int CONFIG = 0x100;

    private static final int STATUS_FEATURES_OK = 8;
    private static final int STATUS_DRIVER_OK = 4;
    private static final int STATUS_NEEDS_RESET = 64;
    private static final int INTERRUPT_USED = 1;
    private static final int INTERRUPT_CONFIG = 2;

    private static final long F_INDIRECT_DESC = 1L << 28;
    private static final long F_VERSION_1 = 1L << 32;

    private final VirtioDevice device;
    private final InterruptLine line;
    private final VirtQueue[] queues;
    private final int[] queueSize;
    private final long[] descriptors;
    private final long[] available;
    private final long[] used;
    private final long offered;

    private int deviceFeaturesSelect;
    private int driverFeaturesSelect;
    private long driverFeatures;
    private int queueSelect;
    private int interruptStatus;
    private int status;

    /**
     * @param device what it carries, or null for an empty slot (device type 0)
     */
    public VirtioMmio(VirtioDevice device, GuestMemory memory, InterruptLine line) {
        this.device = device;
        this.line = line;
        int count = device == null ? 0 : device.queues();
        this.queues = new VirtQueue[count];
        this.queueSize = new int[count];
        this.descriptors = new long[count];
        this.available = new long[count];
        this.used = new long[count];
        this.offered = device == null ? 0 : device.features() | F_VERSION_1 | F_INDIRECT_DESC;
        for (int i = 0; i < count; i++) {
            queues[i] = new VirtQueue(memory);
        }
        if (device != null) {
            device.attach(this);
        }
    }

    @Override
    public synchronized long read(long offset, int size) {
        int register = (int) offset;
        if (register >= CONFIG) {
            return device == null ? 0 : device.readConfig(register - CONFIG, size);
        }
        if (size != 4) {
            return 0;
        }
        int q = queueSelect;
        boolean exists = q >= 0 && q < queues.length;
        int value =
                switch (register) {
                    case 0x000 -> MAGIC;
                    case 0x004 -> VERSION;
                    case 0x008 -> device == null ? 0 : device.type();
                    case 0x00c -> VENDOR;
                    case 0x010 -> half(offered, deviceFeaturesSelect);
                    case 0x034 -> exists ? VirtQueue.MAX_SIZE : 0;
                    case 0x044 -> exists && queues[q].ready() ? 1 : 0;
                    case 0x060 -> interruptStatus;
                    case 0x070 -> status;
                    // Shared memory regions: none, length and base all ones.
                    case 0x0b0, 0x0b4, 0x0b8, 0x0bc -> -1;
                    default -> 0;
                };
        return value & 0xffff_ffffL;
    }

    private static int half(long features, int select) {
        return switch (select) {
            case 0 -> (int) features;
            case 1 -> (int) (features >>> 32);
            default -> 0;
        };
    }

    @Override
    public synchronized void write(long offset, int size, long value) {
        if (device == null || size != 4 || offset >= CONFIG) {
            return;
        }
        int v = (int) value;
        switch ((int) offset) {
            case 0x014 -> deviceFeaturesSelect = v;
            case 0x020 -> acceptFeatures(v);
            case 0x024 -> driverFeaturesSelect = v;
            case 0x030 -> queueSelect = v;
            case 0x050 -> process(v);
            case 0x064 -> {
                interruptStatus &= ~v;
                updateLine();
            }
            case 0x070 -> writeStatus(v);
            default -> writeQueue((int) offset, v);
        }
    }

    private void writeQueue(int register, int v) {
        int q = queueSelect;
        if (q < 0 || q >= queues.length) {
            return;
        }
        switch (register) {
            case 0x038 -> queueSize[q] = v;
            case 0x044 -> setReady(q, v);
            case 0x080 -> descriptors[q] = low(descriptors[q], v);
            case 0x084 -> descriptors[q] = high(descriptors[q], v);
            case 0x090 -> available[q] = low(available[q], v);
            case 0x094 -> available[q] = high(available[q], v);
            case 0x0a0 -> used[q] = low(used[q], v);
            case 0x0a4 -> used[q] = high(used[q], v);
            default -> {
                // reserved or read-only: ignored
            }
        }
    }

    private static long low(long old, int v) {
        return old & 0xffff_ffff_0000_0000L | v & 0xffff_ffffL;
    }

    private static long high(long old, int v) {
        return old & 0xffff_ffffL | (long) v << 32;
    }

    private void acceptFeatures(int v) {
        if ((status & STATUS_FEATURES_OK) != 0) {
            return;
        }
        if (driverFeaturesSelect == 0) {
            driverFeatures = low(driverFeatures, v);
        } else if (driverFeaturesSelect == 1) {
            driverFeatures = high(driverFeatures, v);
        }
    }

    private void setReady(int q, int v) {
        if ((v & 1) == 0) {
            queues[q].reset();
            return;
        }
        int entries = queueSize[q];
        if (entries <= 0 || entries > VirtQueue.MAX_SIZE || Integer.bitCount(entries) != 1) {
            fail();
            return;
        }
        queues[q].configure(entries, descriptors[q], available[q], used[q]);
    }

    private void writeStatus(int v) {
        if (v == 0) {
            reset();
            return;
        }
        int next = v;
        boolean acceptable =
                (driverFeatures & ~offered) == 0 && (driverFeatures & F_VERSION_1) != 0;
        if ((next & STATUS_FEATURES_OK) != 0 && (status & STATUS_FEATURES_OK) == 0 && !acceptable) {
            next &= ~STATUS_FEATURES_OK;
        }
        status = next | status & STATUS_NEEDS_RESET;
        if ((status & STATUS_DRIVER_OK) != 0) {
            // Input that came before the driver was ready.
            for (int q = 0; q < queues.length; q++) {
                process(q);
            }
        }
    }

    private void reset() {
        status = 0;
        driverFeatures = 0;
        deviceFeaturesSelect = 0;
        driverFeaturesSelect = 0;
        queueSelect = 0;
        interruptStatus = 0;
        for (VirtQueue queue : queues) {
            queue.reset();
        }
        device.reset();
        updateLine();
    }

    /**
     * Lets the device work on a queue, because the driver or the host's side has something for it.
     */
    synchronized void process(int q) {
        boolean running = (status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK;
        if (!running || q < 0 || q >= queues.length || !queues[q].ready()) {
            return;
        }
        try {
            device.notified(q, queues[q]);
        } catch (GuestMemory.Fault | VirtQueue.BadRing e) {
            fail();
        }
        if (queues[q].takeInterruptWanted()) {
            interruptStatus |= INTERRUPT_USED;
            updateLine();
        }
    }

    /**
     * The driver did what it must not: it has to reset the device before anything else works
     * (2.1.2).
     */
    private void fail() {
        status |= STATUS_NEEDS_RESET;
        interruptStatus |= INTERRUPT_CONFIG;
        updateLine();
    }

    private void updateLine() {
        line.set(interruptStatus != 0);
    }
}
