package dev.nido.bench;

import dev.nido.isa.A64;
import dev.nido.isa.Disassembler;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** Decoding and disassembling random words. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class DecoderJmh {
    private static final int WORDS = 4096;

    private final int[] words = new SplittableRandom(1).ints(WORDS).toArray();

    @Benchmark
    @OperationsPerInvocation(WORDS)
    public void decode(Blackhole sink) {
        for (int word : words) {
            sink.consume(A64.decode(word));
        }
    }

    @Benchmark
    @OperationsPerInvocation(WORDS)
    public void disassemble(Blackhole sink) {
        for (int word : words) {
            sink.consume(Disassembler.disassemble(0, word));
        }
    }
}
