package dev.nido.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Unmatched;

import java.util.List;
import java.util.concurrent.Callable;

/** A command of the contract that this version does not have yet: refused, whatever follows it. */
@Command(description = "Not in this version, exists later.")
final class LaterCommand implements Callable<Integer> {
    private final String name;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    @Parameters(hidden = true)
    private List<String> operands;

    @Unmatched private List<String> rest;

    LaterCommand(String name) {
        this.name = name;
    }

    @Override
    public Integer call() {
        throw Refusal.later(name);
    }
}
