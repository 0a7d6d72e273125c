package dev.nido.board.compare;

import dev.nido.arch.SysReg;
import dev.nido.board.VirtBoard;
import dev.nido.kvm.Vm;
import dev.nido.machine.Clock;
import dev.nido.machine.MmioDevice;

import java.util.LinkedHashMap;
import java.util.Map;

/** What a guest can find out about the computer that it runs on without doing anything. */
final class Identification {

    private static final long TYPER = 4;
    private static final long IIDR = 8;
    private static final long PIDR2 = 0xffe8;
    private static final long REDISTRIBUTOR_TYPER = 8;

    private Identification() {}

    /** By name. */
    static Map<String, Long> of(VirtBoard board) {
        Map<String, Long> values = new LinkedHashMap<>();
        Vm vm = board.vm();
        for (SysReg r : SysReg.values()) {
            if (r.isId() && board.cpu().hasBelowEl2(r)) {
                values.put(
                        r.name(),
                        vm == null || r == SysReg.MPIDR_EL1
                                ? board.cpu().idRegister(r)
                                : vm.idRegisters().get(r));
            }
        }
        values.put("CNTFRQ_EL0", Clock.FREQUENCY);
        int cpus = vm == null ? board.machine().pes() : vm.vcpus().size();
        values.put("CPUs", (long) cpus);
        MmioDevice distributor =
                vm == null ? board.machine().gic().distributor() : vm.vgic().distributor();
        MmioDevice redistributors =
                vm == null ? board.machine().gic().redistributors() : vm.vgic().redistributors();
        values.put("GICD_TYPER", distributor.read(TYPER, 4));
        values.put("GICD_IIDR", distributor.read(IIDR, 4));
        values.put("GICD_PIDR2", distributor.read(PIDR2, 4));
        for (int i = 0; i < cpus; i++) {
            long frame = i * dev.nido.board.VirtMap.GIC_REDISTRIBUTOR_STRIDE;
            values.put("GICR_TYPER" + i, redistributors.read(frame + REDISTRIBUTOR_TYPER, 8));
        }
        return values;
    }
}
