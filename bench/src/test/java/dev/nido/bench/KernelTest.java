package dev.nido.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.zip.CRC32;

/** Each benchmark program computes what Java computes for the same task. */
class KernelTest {
    private static Figures run(Kernel kernel, int repetitions) throws IOException {
        String console = NidoRunner.run(KernelBenchmarks.assemble(kernel, repetitions), true);
        return Figures.parse(console)
                .orElseThrow(() -> new AssertionError("no figures in: " + console));
    }

    private static int[] sequence(int length, int seed, IntUnaryOperator next) {
        return IntStream.iterate(next.applyAsInt(seed), next).limit(length).toArray();
    }

    @Test
    void crcIsTheChecksumOfItsBytes() throws IOException {
        byte[] bytes = new byte[4096];
        int[] values = sequence(bytes.length, 1, w -> w * 0x41c64e6d + 57);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (values[i] >>> 24);
        }
        CRC32 crc = new CRC32();
        crc.update(bytes);
        assertThat(run(Kernel.CRC, 1).result()).isEqualTo(crc.getValue());
    }

    @Test
    void quicksortSorts() throws IOException {
        int[] values = sequence(8192, 7, w -> w * 0x41c64e6d + 12345);
        int[] sorted = Arrays.stream(values).map(w -> w >>> 1).sorted().toArray();
        long expected = 0;
        for (int i = 0; i < sorted.length; i++) {
            expected += (i + 1L) * sorted[i];
        }
        assertThat(run(Kernel.QSORT, 2).result()).isEqualTo(expected);
    }

    @Test
    void listWalkVisitsEveryNode() throws IOException {
        assertThat(run(Kernel.LIST, 3).result()).isEqualTo(3 * LongStream.range(0, 8192).sum());
    }

    @Test
    void matrixProductIsRight() throws IOException {
        int n = 64;
        int[] values =
                Arrays.stream(sequence(2 * n * n, 3, w -> w * 0x19660d + 11))
                        .map(w -> w >> 16)
                        .toArray();
        long expected = 0;
        for (int i = n * n - 1; i >= 0; i--) {
            int sum = 0;
            for (int k = 0; k < n; k++) {
                sum += values[i / n * n + k] * values[n * n + k * n + i % n];
            }
            expected = (sum & 0xffff_ffffL) ^ Long.rotateRight(expected, 3);
        }
        assertThat(run(Kernel.MATMUL, 1).result()).isEqualTo(expected);
    }

    @Test
    void timerWakesTheSleeperEachTime() throws IOException {
        Figures figures = run(Kernel.WFI, 50);
        assertThat(figures.result()).isEqualTo(50);
        assertThat(figures.ticks()).isGreaterThan(50 * figures.frequency() / 50_000);
    }

    @Test
    void deterministicTimeIsTheNumberOfInstructions() throws IOException {
        assertThat(run(Kernel.ONCE, 1).ticks()).isEqualTo(Kernel.ONCE_LENGTH + 1);
    }
}
