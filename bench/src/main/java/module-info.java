/** Benchmarks, and the comparison with QEMU. */
module dev.nido.bench {
    requires dev.nido.board;
    requires dev.nido.cli;
    requires java.management;
    requires jdk.management;

    provides dev.nido.cli.Benchmarks with
            dev.nido.bench.DemoBenchmarks,
            dev.nido.bench.KernelBenchmarks,
            dev.nido.bench.KvmBenchmarks,
            dev.nido.bench.NestedBenchmarks,
            dev.nido.bench.TrapBenchmarks;
}
