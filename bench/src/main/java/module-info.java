/** Benchmarks, and the comparison with QEMU. */
module dev.nido.bench {
    requires dev.nido.cli;
}
