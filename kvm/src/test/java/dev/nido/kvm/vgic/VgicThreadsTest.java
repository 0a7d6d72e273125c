package dev.nido.kvm.vgic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.GicParameters;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.Machine;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;

/** vCPUs, devices and register accesses on threads of their own: nothing is lost. */
class VgicThreadsTest {

    private static final long GUEST = HcrEl2.IMO | HcrEl2.FMO | HcrEl2.RW;
    private static final int NONE = 1023;
    private static final int ROUNDS = 1_000;

    /** A VM whose guests take interrupts and count them. */
    private static final class Vm implements AutoCloseable {
        final Machine machine;
        final Vgic vgic;
        final List<Runner> runners = new ArrayList<>();
        final AtomicIntegerArray taken = new AtomicIntegerArray(1024);

        /** Lowers the line when a guest handles the interrupt. */
        volatile boolean levels;

        /** Guests do not end what they took, for now. */
        volatile boolean hold;

        volatile boolean over;
        volatile Throwable failure;

        Vm(String cpu, int pes) {
            machine = GuestView.machine(cpu, pes, true);
            PhysicalCpus physical = new PhysicalCpus(machine);
            vgic = new Vgic(machine.gic().parameters(), physical, false, 40, new VmMmioBus());
            for (int i = 0; i < pes; i++) {
                runners.add(new Runner(this, i, physical.get(i)));
            }
            vgic.init();
            vgic.distributor().write(0, 4, 3);
            for (int w = 1; w <= 8; w++) {
                vgic.distributor().write(0x80 + 4 * w, 4, 0xffff_ffffL);
                vgic.distributor().write(0x100 + 4 * w, 4, 0xffff_ffffL);
            }
            for (int i = 0; i < pes; i++) {
                vgic.redistributors().write(i * 0x20000L + 0x10080, 4, 0xffff_ffffL);
                vgic.redistributors().write(i * 0x20000L + 0x10100, 4, 0xffff_ffffL);
            }
        }

        void start() {
            runners.forEach(r -> r.thread.start());
        }

        /** Waits until an interrupt was taken that often. */
        void await(int intid, int count) {
            while (taken.get(intid) < count) {
                if (failure != null) {
                    throw new AssertionError(failure);
                }
                Thread.onSpinWait();
                Thread.yield();
            }
        }

        @Override
        public void close() throws InterruptedException {
            over = true;
            for (Runner r : runners) {
                r.kick();
                r.thread.join();
            }
            machine.close();
            assertThat(failure).isNull();
        }
    }

    /** A vCPU with a thread, in and out of the guest. */
    private static final class Runner implements VgicCpu.Owner {
        final Vm vm;
        final VgicCpu cpu;
        final PhysicalCpu on;
        final Thread thread = new Thread(this::run);
        private volatile boolean inGuest;
        private volatile boolean kicked;
        private int instruction;
        private long register;
        private int held = NONE;

        Runner(Vm vm, int id, PhysicalCpu on) {
            this.vm = vm;
            this.on = on;
            cpu = vm.vgic.createCpu(id, this);
        }

        private void run() {
            try {
                cpu.load(on);
                on.write(SysReg.ICH_VMCR_EL2, 0xff00_0003L);
                while (!vm.over) {
                    kicked = false;
                    cpu.flush();
                    inGuest = true;
                    if (!cpu.stale()) {
                        guest(on.pe());
                    }
                    inGuest = false;
                    on.pe().el = 2;
                    cpu.sync();
                    instruction = 0;
                    for (int i = physical(); i < 1020; i = physical()) {
                        on.write(SysReg.ICC_EOIR1_EL1, i);
                        if (!cpu.physicalInterrupt(i)) {
                            on.write(SysReg.ICC_DIR_EL1, i);
                        }
                    }
                    if (!cpu.pending() && !cpu.stale() && !vm.over) {
                        LockSupport.parkNanos(this, 200_000);
                    }
                }
                cpu.put();
            } catch (Throwable e) {
                vm.failure = e;
                throw e;
            }
        }

        private int physical() {
            return (int) on.read(SysReg.ICC_IAR1_EL1);
        }

        private void guest(Pe pe) {
            pe.hcr = GUEST;
            pe.sys[SysReg.HCR_EL2.ordinal()] = GUEST;
            pe.el = 1;
            // It stays for ever unless something makes it exit, as a guest does.
            while (!kicked && !vm.over) {
                int lines = pe.gic.lines();
                if ((lines & GicCpuInterface.IRQ) != 0) {
                    return;
                }
                if (held != NONE && !vm.hold) {
                    end(pe);
                } else if ((lines & GicCpuInterface.VIRQ) != 0) {
                    take(pe);
                } else {
                    Thread.yield();
                }
            }
        }

        private void take(Pe pe) {
            int intid = (int) pe.readRegister(SysReg.ICC_IAR1_EL1);
            if (intid == NONE) {
                return;
            }
            if (vm.levels) {
                vm.vgic.setLine(-1, intid, false);
            }
            held = intid;
            vm.taken.incrementAndGet(intid);
            if (!vm.hold) {
                end(pe);
            }
        }

        private void end(Pe pe) {
            instruction = 0xd510_0000 | SysReg.ICC_EOIR1_EL1.key() << 5;
            register = held;
            held = NONE;
            pe.writeRegister(SysReg.ICC_EOIR1_EL1, register);
        }

        @Override
        public void kick() {
            if (inGuest) {
                kicked = true;
            } else {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public boolean isRunning() {
            return inGuest;
        }

        @Override
        public int previousInstruction() {
            return instruction;
        }

        @Override
        public long reg(int n) {
            return register;
        }
    }

    private static void edge(Vgic vgic, int first, int count) {
        for (int i = first; i < first + count; i += 16) {
            vgic.distributor().write(0xc00 + i / 4, 4, 0xaaaa_aaaaL);
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"default", "default,lrs=4"})
    @Timeout(120)
    void noEdgeIsLostThatComesAfterTheLastWasTaken(String cpu) throws Exception {
        try (Vm vm = new Vm(cpu, 2)) {
            edge(vm.vgic, 32, 32);
            for (int i = 32; i < 64; i++) {
                vm.vgic.distributor().write(0x6000 + 8L * i, 8, i & 1);
            }
            vm.start();
            List<CompletableFuture<Void>> devices = new ArrayList<>();
            for (int device = 0; device < 4; device++) {
                int first = 32 + 8 * device;
                devices.add(
                        CompletableFuture.runAsync(() -> {
                            for (int round = 1; round <= ROUNDS / 8; round++) {
                                for (int i = first; i < first + 8; i++) {
                                    vm.vgic.line(i).signal();
                                }
                                for (int i = first; i < first + 8; i++) {
                                    vm.await(i, round);
                                }
                            }
                        }));
            }
            devices.forEach(CompletableFuture::join);
            for (int i = 32; i < 64; i++) {
                assertThat(vm.taken.get(i)).isEqualTo(ROUNDS / 8);
            }
        }
    }

    @Test
    @Timeout(120)
    void noLevelIsLostWhileTheInterruptMovesBetweenVcpus() throws Exception {
        try (Vm vm = new Vm("default,lrs=4", 2)) {
            vm.levels = true;
            vm.start();
            CompletableFuture<Void> mover =
                    CompletableFuture.runAsync(() -> {
                        for (int i = 0; i < ROUNDS; i++) {
                            vm.vgic.distributor().write(0x6000 + 8 * 40, 8, i & 1);
                            Thread.yield();
                        }
                    });
            for (int i = 1; i <= ROUNDS; i++) {
                int before = vm.taken.get(40);
                vm.vgic.setLine(-1, 40, true);
                vm.await(40, before + 1);
            }
            mover.join();
        }
    }

    @Test
    @Timeout(120)
    void stateIsReadWhileVcpusTakeInterrupts() throws Exception {
        try (Vm vm = new Vm("default", 2)) {
            edge(vm.vgic, 32, 32);
            vm.start();
            AtomicInteger reads = new AtomicInteger();
            CompletableFuture<Void> reader =
                    CompletableFuture.runAsync(() -> {
                        while (!vm.over) {
                            assertThat(vm.vgic.distributor().read(0x304, 4) & ~(1L << 9)).isZero();
                            vm.vgic.distributor().read(0x204, 4);
                            reads.incrementAndGet();
                        }
                    });
            for (int i = 1; i <= ROUNDS; i++) {
                vm.vgic.line(41).signal();
                vm.await(41, i);
            }
            while (reads.get() == 0) {
                Thread.onSpinWait();
            }
            vm.over = true;
            reader.join();
            assertThat(vm.taken.get(41)).isEqualTo(ROUNDS);
        }
    }

    /** The guest would stay for ever with what it has taken. */
    @Test
    @Timeout(120)
    void readerGetsTheStateOfAVcpuThatExecutes() throws Exception {
        try (Vm vm = new Vm("default", 1)) {
            edge(vm.vgic, 32, 32);
            vm.hold = true;
            vm.start();
            vm.vgic.line(41).signal();
            vm.await(41, 1);
            long active =
                    CompletableFuture.supplyAsync(() -> vm.vgic.distributor().read(0x304, 4))
                            .get(60, TimeUnit.SECONDS);
            assertThat(active).isEqualTo(1 << 9);
            vm.vgic.line(41).signal();
            vm.hold = false;
            CompletableFuture.runAsync(() -> vm.await(41, 2)).get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    @Timeout(120)
    void noSoftwareInterruptIsLost() throws Exception {
        try (Vm vm = new Vm("default", 2)) {
            vm.start();
            for (int i = 1; i <= ROUNDS; i++) {
                VgicCpu from = vm.vgic.cpu(i & 1);
                from.writeSgi(SysReg.ICC_SGI1R_EL1, 7L << 24 | 1L << (~i & 1));
                vm.await(7, i);
            }
            assertThat(vm.taken.get(7)).isEqualTo(ROUNDS);
            assertThat(GicParameters.affinity(1)).isEqualTo(1);
        }
    }
}
