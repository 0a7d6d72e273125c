package dev.nido.cli;

import dev.nido.board.BoardConfig;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** {@code nido run}: starts a guest and stays until it ends. */
@Command(description = "Run a guest; the console is standard input and output.")
final class RunCommand implements Callable<Integer> {
    private final Streams streams;

    @Mixin private GuestOptions guest;

    @Mixin private MachineOptions machine;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    RunCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        machine.check();
        guest.check("run");
        boolean watched =
                guest.exec == null
                        && streams.process()
                        && HostTerminal.isTerminal(HostTerminal.STANDARD_INPUT);
        BoardConfig.Builder builder = guest.builder(streams, watched);
        machine.apply(builder);
        try (GuestConsole console = GuestConsole.open(streams)) {
            GuestRun run = new GuestRun(streams, machine);
            // A user who says reboot wants one; to a script, and to a hash, a restart is an end.
            boolean restart = guest.exec == null && console.interactive() && !machine.deterministic;
            ExitStatus status = run.run(builder, console, restart);
            if (guest.exec != null && status == ExitStatus.OK) {
                status = execStatus(run.reported());
            }
            run.sayHash();
            return status.code();
        }
    }

    private ExitStatus execStatus(OptionalInt reported) {
        if (reported.isEmpty()) {
            streams.say("--exec: the guest powered off and reported no status of the command");
            return ExitStatus.EXEC_FAILED;
        }
        if (reported.getAsInt() != 0) {
            streams.say("--exec: the command ended with status " + reported.getAsInt());
            return ExitStatus.EXEC_FAILED;
        }
        return ExitStatus.OK;
    }
}
