package dev.nido.board;

import dev.nido.arch.CpuModel;
import dev.nido.board.device.InterruptLine;
import dev.nido.machine.Clock;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.MmioDevice;
import dev.nido.machine.engine.StreamRecorder;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** The machine itself: the guest owns its highest exception level, and RAM is where it says. */
final class BarePlatform implements Platform {

    private static final int CODE_LINE = 64;

    private final Machine machine;
    private final GuestMemory memory;

    /**
     * @param cpu every PE, as the guest sees it
     * @param recorder takes the instruction stream, or null
     */
    BarePlatform(BoardConfig config, CpuModel cpu, StreamRecorder recorder) {
        machine =
                new Machine(
                        new MachineConfig(
                                cpu,
                                config.cpus(),
                                VirtMap.RAM,
                                config.memory(),
                                config.deterministic(),
                                config.seed(),
                                config.startEl(),
                                true),
                        recorder);
        memory = new BareMemory(machine.memory(), this::written);
        map(
                "gicd",
                VirtMap.GIC_DISTRIBUTOR,
                VirtMap.GIC_DISTRIBUTOR_SIZE,
                machine.gic().distributor());
        map(
                "gicr",
                VirtMap.GIC_REDISTRIBUTOR,
                VirtMap.GIC_REDISTRIBUTOR_STRIDE * config.cpus(),
                machine.gic().redistributors());
    }

    private void written(long pa, int length) {
        for (long line = pa & -CODE_LINE; line < pa + length; line += CODE_LINE) {
            machine.codeCache().invalidateLine(line);
        }
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public InterruptLine spi(int number) {
        return level -> machine.gic().setSpi(VirtMap.FIRST_SPI + number, level);
    }

    @Override
    public Clock clock() {
        return machine.clock();
    }

    @Override
    public void map(String name, long address, long size, MmioDevice device) {
        machine.bus().map(name, address, size, device);
    }

    @Override
    public void start(long entry, long x0) {
        machine.startPe(0, entry, x0);
    }

    @Override
    public void setInputSource(BooleanSupplier source) {
        machine.setInputSource(source);
    }

    @Override
    public MachineEnd run(Duration timeout) {
        return machine.run(timeout);
    }

    @Override
    public void end(MachineEnd reason) {
        machine.end(reason);
    }

    @Override
    public Machine machine() {
        return machine;
    }

    @Override
    public void close() {
        machine.close();
    }
}
