package dev.nido.bench;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.VmConfig;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.observe.ExitStatistics;
import dev.nido.observe.JfrTracer;
import dev.nido.observe.TraceWriter;

import jdk.jfr.Recording;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.io.OutputStream;
import java.util.concurrent.TimeUnit;

/** What it costs to listen to one entry, one hypercall's exit and the hypercall itself. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TracerJmh {
    private static final long PC = 0x4008_0000L;
    private static final long HVC = Esr.of(Esr.EC_HVC, true, 0);

    @Param({"off", "stat", "trace", "unrecorded", "recorded"})
    private String listener;

    private Machine machine;
    private Hypervisor hypervisor;
    private Vcpu vcpu;
    private Recording recording;

    @Setup
    public void listen() {
        machine =
                new Machine(
                        new MachineConfig(
                                CpuModel.defaultModel().underHypervisor(),
                                1,
                                0x8000_0000L,
                                64 << 20,
                                false,
                                0,
                                2,
                                false));
        hypervisor = new Hypervisor(machine);
        vcpu = hypervisor.createVm(VmConfig.of(CpuModel.defaultModel().withoutEl2())).createVcpu(0);
        hypervisor.setTracer(
                switch (listener) {
                    case "stat" -> new ExitStatistics();
                    case "trace" -> new TraceWriter(OutputStream.nullOutputStream());
                    case "unrecorded", "recorded" -> new JfrTracer();
                    default -> null;
                });
        if (listener.equals("recorded")) {
            recording = new Recording();
            recording.setMaxSize(16 << 20);
            recording.start();
        }
    }

    @TearDown
    public void close() {
        if (recording != null) {
            recording.close();
        }
        hypervisor.close();
        machine.close();
    }

    @Benchmark
    public void hypercall() {
        Tracer tracer = vcpu.vm().hypervisor().tracer();
        if (tracer != null) {
            tracer.entry(vcpu, PC);
        }
        if (tracer != null) {
            tracer.exit(vcpu, Esr.EC_HVC, HVC, PC);
        }
        Tracer again = vcpu.vm().hypervisor().tracer();
        if (again != null) {
            again.hypercall(vcpu, PC, 0x8400_0000L, 0, false);
        }
    }
}
