package dev.nido.machine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Which device answers at which physical address. Regions never overlap, nor overlap RAM. */
public final class Bus {

    /** One device's window. */
    public record Region(String name, long base, long size, MmioDevice device) {
        boolean contains(long pa, long length) {
            long offset = pa - base;
            return offset >= 0 && offset <= size - length;
        }
    }

    private volatile Region[] regions = {};

    /**
     * Maps a device.
     *
     * @throws IllegalArgumentException if the window overlaps one that is mapped already
     */
    public synchronized void map(String name, long base, long size, MmioDevice device) {
        for (Region r : regions) {
            if (base < r.base + r.size && r.base < base + size) {
                throw new IllegalArgumentException(
                        "device %s at 0x%x overlaps %s at 0x%x"
                                .formatted(name, base, r.name, r.base));
            }
        }
        List<Region> next = new ArrayList<>(List.of(regions));
        next.add(new Region(name, base, size, device));
        next.sort(Comparator.comparingLong(Region::base));
        regions = next.toArray(new Region[0]);
    }

    /**
     * The region that holds all {@code length} bytes at {@code pa}, or null where nothing answers.
     */
    public Region find(long pa, int length) {
        for (Region r : regions) {
            if (r.contains(pa, length)) {
                return r;
            }
        }
        return null;
    }

    /** All regions, by ascending base. */
    public List<Region> regions() {
        return List.of(regions);
    }
}
