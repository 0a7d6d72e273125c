package dev.nido.bench;

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
import org.openjdk.jmh.annotations.Warmup;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * One whole run of a kernel on a machine of its own, the machine's construction included. The JVM's
 * options are those of {@code ./nido jmh}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3)
@Measurement(iterations = 5)
public class KernelJmh {
    @Param({"crc", "qsort", "list", "matmul", "once"})
    public String kernel;

    private byte[] program;

    @Setup
    public void assemble() {
        Kernel which = Kernel.valueOf(kernel.toUpperCase(java.util.Locale.ROOT));
        program = KernelBenchmarks.assemble(which, which.repetitions);
    }

    @Benchmark
    public String run() throws IOException {
        return NidoRunner.run(program, false);
    }
}
