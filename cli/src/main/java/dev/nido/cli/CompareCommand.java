package dev.nido.cli;

import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.board.compare.Comparison;
import dev.nido.board.compare.Disturbance;
import dev.nido.board.compare.Outcome;
import dev.nido.board.compare.Side;
import dev.nido.board.device.ByteSink;
import dev.nido.kvm.Tracer;
import dev.nido.machine.pe.Pe;
import dev.nido.observe.Observation;
import dev.nido.observe.ObservationException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.concurrent.Callable;

/** {@code nido compare}: the guest alone on the machine, and under the hypervisor. */
@Command(
        description = {
            "Run the guest on the machine itself and under the hypervisor, and compare what it sees.",
            "Options as for run. Both runs are deterministic and take no input."
        })
final class CompareCommand implements Callable<Integer> {
    /** A Linux that boots and ends leaves more often than this, or nobody was there to leave to. */
    private static final long EXITS_OF_LINUX = 1_000;

    private final Streams streams;

    @Mixin private GuestOptions guest;

    @Mixin private MachineOptions machine;

    @Option(
            names = "--blocks",
            paramLabel = "N",
            description = "Stop after N blocks of 2^20 records.")
    private Long blocks;

    @Option(names = "--console", description = "Show the console of the run on the machine itself.")
    private boolean console;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    CompareCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (machine.mode != null) {
            throw new Refusal("--mode: compare runs both");
        }
        machine.deterministic = true;
        machine.mode = MachineOptions.Mode.hosted;
        machine.check();
        guest.check("compare");
        if (blocks != null && blocks < 1) {
            throw new Refusal("--blocks " + blocks + ": at least one");
        }
        for (String disk : machine.disks) {
            if (!disk.endsWith(",ro")) {
                throw new Refusal("--disk " + disk + ": both runs would write to it; add ,ro");
            }
        }
        BoardConfig.Builder builder = guest.builder(streams, false);
        machine.apply(builder);
        BoardConfig hosted = builder.build();
        // The page size of the hypervisor is in what it can offer to another.
        BoardConfig bare = builder.hosting(null).cpu(hosted.shownCpu()).build();
        ByteSink shown =
                console
                        ? (bytes, at, length) -> {
                            streams.text().write(bytes, at, length);
                            streams.text().flush();
                        }
                        : null;
        try (Observation observation = machine.observation.open()) {
            Tracer tracer = observation.tracer();
            Comparison comparison =
                    Comparison.of(
                                    new Side("bare", bare),
                                    new Side(
                                            "hosted",
                                            hosted,
                                            tracer == null ? null : new Observed(tracer)))
                            .timeout(machine.timeout)
                            .console(shown)
                            .progress(streams::say);
            if (!hosted.initrds().isEmpty() && blocks == null) {
                comparison.leastExits(EXITS_OF_LINUX);
            }
            if (blocks != null) {
                comparison.blocks(blocks);
            }
            ExitStatus status = report(comparison.run());
            observation.finish(streams.err());
            return status.code();
        } catch (BoardException e) {
            throw new Refusal(Main.oneLine(e.getMessage()));
        } catch (ObservationException e) {
            streams.say(Main.oneLine(e.getMessage()));
            return ExitStatus.INTERNAL.code();
        }
    }

    /** Nothing is disturbed; who observes hears of every pass. */
    private record Observed(Tracer tracer) implements Disturbance {
        @Override
        public void begin(VirtBoard board) {
            board.setTracer(tracer);
        }

        @Override
        public void after(long record, Pe pe, long[] words, int length) {}
    }

    private ExitStatus report(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Identical same -> {
                streams.say("both ended: %s; %d exits".formatted(same.end(), same.exits()));
                streams.say("hash " + same.hash());
                streams.text().println("identical: " + same.instructions() + " instructions");
                yield ExitStatus.OK;
            }
            case Outcome.Diverged found -> {
                streams.text()
                        .println(
                                "different: record %d, after %d instructions"
                                        .formatted(found.record(), found.instruction()));
                found.report().forEach(streams.text()::println);
                yield ExitStatus.DIVERGED;
            }
            case Outcome.TimedOut late -> {
                streams.say("time limit passed; identical for %d records".formatted(late.agreed()));
                yield ExitStatus.TIME_LIMIT;
            }
            case Outcome.NotHosted not -> {
                streams.say("the comparison says nothing: " + not.why());
                yield ExitStatus.DIVERGED;
            }
        };
    }
}
