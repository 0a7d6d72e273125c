package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Guest hypervisors on threads of their own that pass interrupts on to their guests: of what
 * devices signal nothing is lost on the way there, and no end on the way back.
 */
class NestedVgicThreadsTest {

    private static final long GUEST = HcrEl2.IMO | HcrEl2.FMO | HcrEl2.RW;
    private static final int MAINTENANCE = 25;
    private static final int NONE = 1020;
    private static final int DEVICES = 4;
    private static final int ROUNDS = 100;

    private Vgic vgic;
    private boolean levels;
    private final AtomicIntegerArray taken = new AtomicIntegerArray(1024);
    private volatile boolean over;
    private volatile Throwable failure;

    /** A vCPU with a hypervisor and a guest. */
    private final class Runner implements VgicCpu.Owner, NestedState {
        final VgicCpu cpu;
        final PhysicalCpu on;
        final Thread thread = new Thread(this::run);
        final long[] registers = new long[SysReg.COUNT];
        private volatile boolean inside;
        private volatile boolean kicked;
        private boolean below;
        private boolean eret;

        Runner(int id, PhysicalCpu on) {
            this.on = on;
            cpu = vgic.createCpu(id, this);
            cpu.setNestedState(this);
            write(SysReg.ICH_VMCR_EL2, 0xf800_0002L);
            write(SysReg.ICH_HCR_EL2, 1);
        }

        private void run() {
            try {
                cpu.load(on);
                // Its own interface: deactivation apart.
                on.write(SysReg.ICH_VMCR_EL2, 0xf800_0202L);
                while (!over) {
                    once();
                }
                cpu.put();
            } catch (Throwable e) {
                failure = e;
                throw e;
            }
        }

        private void once() {
            kicked = false;
            if (below && cpu.signalled() != 0) {
                below = false;
                cpu.switchTo(false);
            }
            cpu.flush();
            inside = true;
            if (!cpu.stale()) {
                Pe pe = on.pe();
                pe.hcr = GUEST;
                pe.sys[SysReg.HCR_EL2.ordinal()] = GUEST;
                pe.el = 1;
                if (below) {
                    guest(pe);
                } else {
                    hypervisor(pe);
                }
                pe.el = 2;
            }
            inside = false;
            cpu.sync();
            for (int i = physical(); i < NONE; i = physical()) {
                on.write(SysReg.ICC_EOIR1_EL1, i);
                if (!cpu.physicalInterrupt(i)) {
                    on.write(SysReg.ICC_DIR_EL1, i);
                }
            }
            if (eret) {
                eret = false;
                below = true;
                cpu.switchTo(true);
            }
            if (below && !cpu.pending() && !cpu.stale() && !over) {
                LockSupport.parkNanos(this, 200_000);
            }
        }

        private int physical() {
            return (int) on.read(SysReg.ICC_IAR1_EL1);
        }

        /** Passes on what there is, then goes to its guest. */
        private void hypervisor(Pe pe) {
            write(SysReg.ICH_HCR_EL2, 1);
            while (!kicked) {
                if ((pe.gic.lines() & GicCpuInterface.IRQ) != 0) {
                    return;
                }
                int free = free();
                if (free < 0) {
                    // The rest when there is one list register in use, or none.
                    write(SysReg.ICH_HCR_EL2, 3);
                    break;
                }
                int intid = (int) pe.readRegister(SysReg.ICC_IAR1_EL1);
                if (intid >= NONE) {
                    break;
                }
                pe.writeRegister(SysReg.ICC_EOIR1_EL1, intid);
                if (intid == MAINTENANCE) {
                    pe.writeRegister(SysReg.ICC_DIR_EL1, intid);
                } else {
                    long link = 1L << 61 | (long) intid << 32;
                    write(ListRegister.of(free), 1L << 62 | 1L << 60 | link | intid);
                }
            }
            eret = true;
        }

        private int free() {
            for (int i = 0; i < 4; i++) {
                if ((read(ListRegister.of(i)) & ListRegister.STATE) == 0) {
                    return i;
                }
            }
            return -1;
        }

        private void guest(Pe pe) {
            while (!kicked && !over) {
                int lines = pe.gic.lines();
                if ((lines & GicCpuInterface.IRQ) != 0) {
                    return;
                }
                if ((lines & GicCpuInterface.VIRQ) == 0) {
                    Thread.yield();
                    continue;
                }
                int intid = (int) pe.readRegister(SysReg.ICC_IAR1_EL1);
                if (intid < NONE) {
                    if (levels) {
                        vgic.setLine(-1, intid, false);
                    }
                    taken.incrementAndGet(intid);
                    pe.writeRegister(SysReg.ICC_EOIR1_EL1, intid);
                }
            }
        }

        @Override
        public long read(SysReg r) {
            return registers[r.ordinal()];
        }

        @Override
        public void write(SysReg r, long value) {
            registers[r.ordinal()] = value;
        }

        @Override
        public void trapInterface(boolean on) {
            // It does no harm here that the interrupt comes late.
        }

        @Override
        public void kick() {
            if (inside) {
                kicked = true;
            } else {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public boolean isRunning() {
            return inside;
        }

        @Override
        public int previousInstruction() {
            return 0;
        }

        @Override
        public long reg(int n) {
            return 0;
        }
    }

    private void await(int intid, int count) {
        while (taken.get(intid) < count) {
            if (failure != null) {
                throw new AssertionError(failure);
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }

    @ParameterizedTest(name = "{0}, levels {1}")
    @CsvSource({"default, false", "'default,lrs=4', false", "'default,lrs=4', true"})
    @Timeout(120)
    void everythingReachesTheGuestsAndEndsThere(String model, boolean levels) throws Exception {
        this.levels = levels;
        MachineConfig config =
                new MachineConfig(
                        CpuModel.parse(model).underNestingHypervisor(Feature.NV2),
                        2,
                        0x4000_0000L,
                        0x1000,
                        true,
                        1,
                        2,
                        false);
        try (Machine machine = new Machine(config)) {
            PhysicalCpus physical = new PhysicalCpus(machine);
            vgic = new Vgic(machine.gic().parameters(), physical, false, 40, new VmMmioBus());
            List<Runner> runners = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                runners.add(new Runner(i, physical.get(i)));
            }
            vgic.init();
            prepare();
            runners.forEach(r -> r.thread.start());
            List<CompletableFuture<Void>> devices = new ArrayList<>();
            for (int device = 0; device < DEVICES; device++) {
                int first = 32 + 8 * device;
                devices.add(CompletableFuture.runAsync(() -> signal(first)));
            }
            devices.forEach(CompletableFuture::join);
            over = true;
            for (Runner r : runners) {
                r.kick();
                r.thread.join();
            }
            assertThat(failure).isNull();
            for (int i = 32; i < 64; i++) {
                assertThat(taken.get(i)).isEqualTo(ROUNDS);
            }
            assertThat(vgic.distributor().read(0x304, 4)).as("active").isZero();
            assertThat(vgic.distributor().read(0x204, 4)).as("pending").isZero();
        }
    }

    private void prepare() {
        vgic.distributor().write(0, 4, 3);
        vgic.distributor().write(0x84, 4, 0xffff_ffffL);
        vgic.distributor().write(0x104, 4, 0xffff_ffffL);
        if (!levels) {
            vgic.distributor().write(0xc08, 4, 0xaaaa_aaaaL);
            vgic.distributor().write(0xc0c, 4, 0xaaaa_aaaaL);
        }
        for (int i = 32; i < 64; i++) {
            vgic.distributor().write(0x6000 + 8L * i, 8, i & 1);
        }
        for (int i = 0; i < 2; i++) {
            vgic.redistributors().write(i * 0x20000L + 0x10080, 4, 0xffff_ffffL);
            vgic.redistributors().write(i * 0x20000L + 0x10100, 4, 0xffff_ffffL);
        }
    }

    /** A device that has eight lines, and waits until all its interrupts were taken. */
    private void signal(int first) {
        for (int round = 1; round <= ROUNDS; round++) {
            for (int i = first; i < first + 8; i++) {
                if (levels) {
                    vgic.setLine(-1, i, true);
                } else {
                    vgic.line(i).signal();
                }
            }
            for (int i = first; i < first + 8; i++) {
                await(i, round);
            }
        }
    }
}
