package dev.nido.kvm.mmu;

import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.machine.MmioDevice;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * The devices of a VM that the hypervisor emulates itself, and the stores that only signal an
 * event, by guest physical address. What is not here goes to the VMM.
 *
 * <p>KVM: {@code kvm_io_bus}, {@code kvm_io_bus_write()}, {@code KVM_IOEVENTFD}.
 */
public final class VmMmioBus {

    /** Says whether one of the VMM's devices has an address. */
    @FunctionalInterface
    public interface UserDevices {

        /** Whether all {@code size} bytes at {@code ipa} are a device's. */
        boolean answer(long ipa, int size);
    }

    private record Window(String name, long ipa, long size, MmioDevice device) {}

    private record Event(long ipa, int size, OptionalLong value, Runnable action) {}

    private volatile Window[] windows = {};
    private volatile Event[] events = {};
    private volatile UserDevices userDevices = (ipa, size) -> true;

    /**
     * Registers a device.
     *
     * @throws KvmException EEXIST if another one has some of these addresses, EINVAL for none
     */
    public synchronized void register(String name, long ipa, long size, MmioDevice device) {
        if (ipa < 0 || size <= 0 || ipa + size < ipa) {
            throw new KvmException(
                    Errno.EINVAL, "device %s: 0x%x bytes at 0x%x".formatted(name, size, ipa));
        }
        List<Window> next = new ArrayList<>(List.of(windows));
        for (Window w : next) {
            if (ipa < w.ipa + w.size && w.ipa < ipa + size) {
                throw new KvmException(
                        Errno.EEXIST,
                        "device %s at 0x%x overlaps %s at 0x%x"
                                .formatted(name, ipa, w.name, w.ipa));
            }
        }
        next.add(new Window(name, ipa, size, device));
        next.sort(Comparator.comparingLong(Window::ipa));
        windows = next.toArray(new Window[0]);
    }

    /** Removes a device from all its addresses; not being there is no error. */
    public synchronized void unregister(MmioDevice device) {
        List<Window> next = new ArrayList<>(List.of(windows));
        next.removeIf(w -> w.device == device);
        windows = next.toArray(new Window[0]);
    }

    /** Whether a device here has all these bytes. */
    public boolean answers(long ipa, int size) {
        return find(ipa, size) != null;
    }

    private Window find(long ipa, int size) {
        for (Window w : windows) {
            long offset = ipa - w.ipa;
            if (offset >= 0 && offset <= w.size - size) {
                return w;
            }
        }
        return null;
    }

    /** Reads from the device that {@link #answers}; zero extended. */
    long read(long ipa, int size) {
        Window w = find(ipa, size);
        return w == null ? 0 : w.device.read(ipa - w.ipa, size);
    }

    /**
     * Writes to the device that has the address, or signals an event; false if there is neither.
     */
    boolean write(long ipa, int size, long value) {
        for (Event e : events) {
            if (e.ipa == ipa
                    && (e.size == size || e.size == 0)
                    && (e.value.isEmpty() || e.value.getAsLong() == value)) {
                e.action.run();
                return true;
            }
        }
        Window w = find(ipa, size);
        if (w == null) {
            return false;
        }
        w.device.write(ipa - w.ipa, size, value);
        return true;
    }

    // Events

    /**
     * Has a store signal instead of leaving the guest (KVM_IOEVENTFD).
     *
     * @param size bytes of the store: 1, 2, 4, 8, or 0 for any
     * @param value what must be stored; empty for anything
     * @param action run on the vCPU's thread; must be quick
     * @throws KvmException EINVAL for another size, EEXIST if some store would match twice
     */
    public synchronized void addEvent(long ipa, int size, OptionalLong value, Runnable action) {
        if (size != 0 && size != 1 && size != 2 && size != 4 && size != 8
                || size == 0 && value.isPresent()) {
            throw new KvmException(Errno.EINVAL, "an event on stores of %d bytes".formatted(size));
        }
        Event added = new Event(ipa, size, value, action);
        List<Event> next = new ArrayList<>(List.of(events));
        for (Event e : next) {
            if (e.ipa == ipa
                    && (e.size == 0 || size == 0 || e.size == size)
                    && (e.value.isEmpty() || value.isEmpty() || e.value.equals(value))) {
                throw new KvmException(
                        Errno.EEXIST, "an event at 0x%x is there already".formatted(ipa));
            }
        }
        next.add(added);
        events = next.toArray(new Event[0]);
    }

    /**
     * Removes an event.
     *
     * @throws KvmException ENOENT if there is none like it
     */
    public synchronized void removeEvent(long ipa, int size, OptionalLong value) {
        List<Event> next = new ArrayList<>(List.of(events));
        if (!next.removeIf(e -> e.ipa == ipa && e.size == size && e.value.equals(value))) {
            throw new KvmException(Errno.ENOENT, "no event at 0x%x".formatted(ipa));
        }
        events = next.toArray(new Event[0]);
    }

    // The VMM's devices

    /**
     * Sets who knows where the VMM has devices. It is asked where an access is not even tried: for
     * atomic instructions, and before a store that is made of several. By default all addresses may
     * have one.
     */
    public void setUserDevices(UserDevices devices) {
        userDevices = devices;
    }

    /** Whether a device, here or of the VMM's, has all these bytes. */
    boolean anybodyAnswers(long ipa, int size) {
        return find(ipa, size) != null || userDevices.answer(ipa, size);
    }
}
