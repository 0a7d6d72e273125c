package dev.nido.bench;

import dev.nido.arch.Esr;
import dev.nido.bench.TrapProgram.Column;
import dev.nido.bench.TrapProgram.Operation;
import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.machine.MachineEnd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;

/**
 * What the hypervisor needs for one exit of a guest's guest that goes to the guest's EL2, measured
 * from inside: from the exit to the entry of that EL2, on a warm JVM.
 *
 * @param nanos mean of one exit, but for those of the last thousandth, in which the host did
 *     something else
 * @param median of all
 * @param hypercallNanos mean time from one hypercall of the guest's guest to the next: its exit,
 *     the hypervisor in between and what that one needs of the other below
 */
record ForwardedExits(double nanos, double median, double hypercallNanos) {

    private static final int WARM_UP = 60_000;
    private static final int MEASURED = 60_000;
    private static final Duration LIMIT = Duration.ofMinutes(5);

    static ForwardedExits measure(Column column) throws IOException {
        return measure(column, WARM_UP, MEASURED);
    }

    static ForwardedExits measure(Column column, int warmUp, int measured) throws IOException {
        Path file = Files.createTempFile("nido-bench", ".bin");
        try {
            Files.write(
                    file,
                    TrapProgram.assemble(column.vhe, Operation.HYPERCALL, warmUp + measured + 1));
            BoardConfig config =
                    BoardConfig.of(file)
                            .cpu(column.cpu())
                            .memory(64 << 20)
                            .startEl(2)
                            .hosting(BoardConfig.Hosting.STANDARD.withNesting(column.nesting))
                            .build();
            Stopwatch stopwatch = new Stopwatch(warmUp, measured);
            try (VirtBoard board = VirtBoard.create(config)) {
                board.setTracer(stopwatch);
                MachineEnd end = board.run(LIMIT);
                if (!(end instanceof MachineEnd.PoweredOff)) {
                    throw new IOException("forwarded exits: the program ended with " + end);
                }
            }
            return stopwatch.result();
        } catch (BoardException e) {
            throw new IOException(e.getMessage(), e);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** The times of one vCPU. */
    private static final class Stopwatch implements Tracer {
        private final long[] times;
        private int skip;
        private int count;
        private boolean call;
        private long exit;
        private long first;
        private long last;

        Stopwatch(int warmUp, int measured) {
            skip = warmUp;
            times = new long[measured];
        }

        @Override
        public void exit(Vcpu vcpu, int ec, long esr, long pc) {
            if (ec == Esr.EC_HVC && vcpu.nested().isNested()) {
                call = true;
                exit = System.nanoTime();
            }
        }

        @Override
        public void entry(Vcpu vcpu, long pc) {
            if (!call) {
                return;
            }
            call = false;
            if (skip > 0) {
                skip--;
                first = exit;
            } else if (count < times.length) {
                times[count++] = System.nanoTime() - exit;
                last = exit;
            }
        }

        ForwardedExits result() {
            long[] sorted = Arrays.copyOf(times, count);
            Arrays.sort(sorted);
            int most = count - count / 1000;
            double mean = Arrays.stream(sorted, 0, most).average().orElse(Double.NaN);
            return new ForwardedExits(mean, sorted[count / 2], (last - first) / (double) count);
        }
    }
}
