package dev.nido.cli;

import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;
import dev.nido.board.guest.GuestUnavailableException;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintStream;
import java.util.concurrent.Callable;

/** {@code nido guest}: real guests, from the distribution's package tool. */
@Command(
        description =
                "Real guests, fetched with the distribution's package tool into ~/.cache/nido.",
        synopsisSubcommandLabel = "list|fetch")
final class GuestCommand implements Callable<Integer> {
    private final Streams streams;

    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    GuestCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "guest: list, or fetch NAME?");
    }

    @Command(description = "List the guests of the catalogue, and which are here.")
    int list() {
        PrintStream out = streams.text();
        for (GuestCatalogue.Entry entry : catalogue(streams).list()) {
            out.printf(
                    "%-13s %-9s %s%n",
                    entry.name(), entry.fetched() ? "here" : "not here", entry.description());
        }
        return ExitStatus.OK.code();
    }

    @Command(description = "Fetch a guest, once; running it fetches it too.")
    int fetch(@Parameters(paramLabel = "NAME", description = "See: nido guest list.") String name) {
        Guest guest = fetch(streams, name);
        streams.text().println(guest.kernel());
        guest.initrds().forEach(streams.text()::println);
        return ExitStatus.OK.code();
    }

    static GuestCatalogue catalogue(Streams streams) {
        return new GuestCatalogue(
                GuestCatalogue.defaultCache(), null, new ConsoleProgress(streams));
    }

    /** The guest of that name, from the cache or fetched now. */
    static Guest fetch(Streams streams, String name) {
        try {
            return catalogue(streams).fetch(name);
        } catch (GuestUnavailableException e) {
            throw new Refusal("guest " + name + ": " + Main.oneLine(e.getMessage()));
        }
    }
}
