package dev.nido.cli;

import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.observe.ExitStatistics;
import dev.nido.observe.Observation;
import dev.nido.observe.ObservationException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Supplier;

/** One guest, from the board's construction to the status of the command. */
final class GuestRun {
    private final Streams streams;
    private final MachineOptions options;
    private final long limit;
    private OptionalInt reported = OptionalInt.empty();
    private List<String> summary = List.of();
    private String hash;
    private ExitStatistics counts;
    private volatile Observation observation;

    GuestRun(Streams streams, MachineOptions options) {
        this.streams = streams;
        this.options = options;
        this.limit =
                options.timeout == null
                        ? Long.MAX_VALUE
                        : System.nanoTime() + options.timeout.toNanos();
    }

    /** Has the summary say what the hypervisor did, if there is one. */
    void countExits() {
        // How often, not how long: no look at a clock.
        counts = new ExitStatistics(() -> 0);
    }

    /** Builds the board; everything that cannot be is refused here. */
    static VirtBoard board(BoardConfig config) {
        try {
            return VirtBoard.create(config);
        } catch (BoardException e) {
            throw new Refusal(Main.oneLine(e.getMessage()));
        } catch (OutOfMemoryError e) {
            throw new Refusal(
                    "--memory "
                            + Sizes.text(config.memory())
                            + ": the host cannot back it: "
                            + Main.oneLine(e.getMessage()));
        }
    }

    /**
     * Runs the guest on the console.
     *
     * @param restart whether a reset starts the guest again, as on a real computer, or ends the run
     */
    ExitStatus run(BoardConfig.Builder builder, GuestConsole console, boolean restart) {
        builder.console(console);
        return observed(() -> {
            MachineEnd end;
            do {
                try (VirtBoard board = board(builder.build())) {
                    Runnable quit = () -> board.end(new MachineEnd.Stopped());
                    Monitor monitor = new Monitor(board, quit);
                    console.attach(board.console(), quit, monitor);
                    board.setInputSource(console::mayGiveInput);
                    end = run(board);
                }
            } while (end instanceof MachineEnd.ResetRequested && restart);
            console.close();
            return end;
        });
    }

    /** Runs a guest that takes no input and has its consoles already. */
    ExitStatus runUnattended(BoardConfig.Builder builder) {
        return observed(() -> {
            try (VirtBoard board = board(builder.build())) {
                return run(board);
            }
        });
    }

    private MachineEnd run(VirtBoard board) {
        // Not before: what refuses the board must leave no files behind.
        if (observation == null) {
            observation = options.observation.open();
        }
        board.setTracer(counts == null ? observation.tracer() : observation.tracerWith(counts));
        Duration left =
                options.timeout == null
                        ? null
                        : Duration.ofNanos(Math.max(1, limit - System.nanoTime()));
        long start = System.nanoTime();
        MachineEnd end = board.run(left);
        summary = new ArrayList<>(Summary.of(board.machine(), (System.nanoTime() - start) / 1e9));
        if (counts != null && board.vm() != null) {
            summary.addAll(HypervisorSummary.of(ExitStatistics.sum(counts.vcpus())));
        }
        reported = board.exitStatus();
        StreamRecorder recorder = board.machine().recorder();
        if (recorder != null) {
            hash = "hash " + recorder.hash() + " instructions " + recorder.instructions();
        }
        return end;
    }

    /**
     * Writes out what was observed in all runs, also if one of them ends in an error of ours, or
     * somebody ends the process.
     */
    private ExitStatus observed(Supplier<MachineEnd> runs) {
        Thread atExit = new Thread(() -> finishObservation(), "nido-observation");
        Runtime.getRuntime().addShutdownHook(atExit);
        boolean complete = false;
        try {
            ExitStatus status = status(runs.get());
            complete = finishObservation();
            return complete ? status : ExitStatus.INTERNAL;
        } finally {
            if (!complete) {
                finishObservation();
            }
            if (observation != null) {
                observation.close();
            }
            forget(atExit);
        }
    }

    private static void forget(Thread atExit) {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The process ends already: the hook runs, and finds everything written.
            return;
        }
    }

    /** False if something could not be written, which was said. */
    private boolean finishObservation() {
        Observation ended = observation;
        try {
            if (ended != null) {
                ended.finish(streams.err());
            }
            return true;
        } catch (ObservationException e) {
            streams.say(Main.oneLine(e.getMessage()));
            return false;
        }
    }

    /** With {@code --deterministic}, the last line on standard error. */
    void sayHash() {
        if (hash != null) {
            streams.err().println(hash);
        }
    }

    /** What the machine did, in a few lines. */
    List<String> summary() {
        return summary;
    }

    /** What the guest's own program reported, if it did. */
    OptionalInt reported() {
        return reported;
    }

    private ExitStatus status(MachineEnd end) {
        return switch (end) {
            case MachineEnd.PoweredOff off -> ExitStatus.OK;
            case MachineEnd.Stopped stopped -> ExitStatus.OK;
            case MachineEnd.ResetRequested reset -> {
                streams.say("the guest panicked, or restarted its computer, before it was done");
                yield ExitStatus.GUEST_STUCK;
            }
            case MachineEnd.TimedOut late -> {
                streams.say("time limit of " + options.timeout.toMillis() / 1000.0 + " s passed");
                yield ExitStatus.TIME_LIMIT;
            }
            case MachineEnd.Stuck stuck -> {
                streams.say("the guest cannot go on: " + Main.oneLine(stuck.why()));
                yield ExitStatus.GUEST_STUCK;
            }
        };
    }
}
