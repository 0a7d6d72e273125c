package dev.nido.machine;

import dev.nido.arch.CpuModel;
import dev.nido.machine.pe.Pe;

/** PEs whose registers tests set by hand, and that never run. */
public final class TestPes {

    private static final Machine MACHINE =
            new Machine(
                    new MachineConfig(
                            CpuModel.defaultModel(), 32, 0x4000_0000L, 0x1000, true, 1, 2, true));

    private TestPes() {}

    /** A PE of the default CPU. */
    public static Pe create(int index) {
        return create(index, CpuModel.defaultModel());
    }

    /** A PE of its own, at EL2. */
    public static Pe create(int index, CpuModel cpu) {
        Pe pe = new Pe(MACHINE, index, cpu);
        pe.reset(2);
        return pe;
    }
}
