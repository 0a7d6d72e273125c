package dev.nido.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code nido} without a command: its version, or how to use it. */
@Command(
        name = "nido",
        description =
                "Runs unmodified Arm hypervisors, and their guests inside them, in a Java process.",
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Exit status: 0 the guest powered off; 1 our bug or a host failure; 2 refused before the first guest",
            "instruction; 3 time limit; 4 the guest panicked or hung; 7 the command of --exec failed in the guest."
        })
final class NidoCommand implements Runnable {
    @Spec private CommandSpec spec;

    @Option(names = "--version", versionHelp = true, description = "Print the version and exit.")
    private boolean version;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "which command? " + String.join(", ", spec.subcommands().keySet()));
    }
}
