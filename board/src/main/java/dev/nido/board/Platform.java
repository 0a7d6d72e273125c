package dev.nido.board;

import dev.nido.board.device.InterruptLine;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vm;
import dev.nido.machine.Clock;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.MmioDevice;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * What a board stands on: a machine that its guest owns, or a virtual machine of the hypervisor.
 * Addresses are the guest's physical ones.
 */
interface Platform extends AutoCloseable {

    /** The guest's RAM as devices and loaders reach it. */
    GuestMemory memory();

    /**
     * The input of a shared interrupt.
     *
     * @param number of the SPI, from 0
     */
    InterruptLine spi(int number);

    /** The system counter as the guest reads it. */
    Clock clock();

    /**
     * Lets a device answer at an address.
     *
     * @throws IllegalArgumentException if something answers there already
     */
    void map(String name, long address, long size, MmioDevice device);

    /** Sets the first CPU's PC and X0. */
    void start(long entry, long x0);

    /** Sets what can still wake an idle guest from outside: true while input may come. */
    void setInputSource(BooleanSupplier source);

    /** Runs until the guest ends; {@code timeout} is of the host's clock, null for no limit. */
    MachineEnd run(Duration timeout);

    /** Ends the run; the first reason given wins. May be called from any thread. */
    void end(MachineEnd reason);

    /** Sets who hears of the hypervisor's events, null for nobody; without one there are none. */
    default void setTracer(Tracer tracer) {}

    /** The virtual machine; null if the guest owns the machine. */
    default Vm vm() {
        return null;
    }

    /** The machine below. */
    Machine machine();

    @Override
    void close();
}
